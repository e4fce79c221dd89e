"""Axes for results in any parameters, and which parts of their curves are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.plotting.canvas import is_empty, new_figure
from cevns.plotting.quantities import DELTA_CHI2, check_shown, name_axis, quantity_of
from cevns.plotting.ranges import held, is_new, narrow, show
from cevns.plotting.signs import signed_end, signed_scale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array
    from cevns.parameters import Parameter

__all__ = [
    "chi2_axes",
    "corners",
    "end_where_ranges_do",
    "inside",
    "is_logarithmic",
    "mark",
    "parameter_axes",
]

#: Share of the largest value of a parameter below which others are 0 but for rounding, and above which they are shown
#: on a logarithmic axis of somebody else if they reach 0.
ROUNDING, DECADES = 1e-9, 1e-3
#: Points between the frame and the power of ten that stands above it.
OFFSET = 7


def _at_ends(curve: Array) -> Array:
    """Return which pieces of a closed curve go along an end of a range, where the region goes on beyond."""
    # on a level no two vertices in a row stand at exactly the same outermost value
    first, last = curve[:-1], curve[1:]
    outermost = (first == curve.min(axis=0)) | (first == curve.max(axis=0))
    found: Array = ((first == last) & outermost).any(axis=1)
    return found


def inside(curve: Array) -> list[Array]:
    """Return the parts of a closed curve that lie on the level, not along ends of ranges."""
    hidden = _at_ends(curve)
    if not hidden.any():
        return [curve]
    start = int(np.argmax(hidden)) + 1
    order = np.roll(curve[:-1], -start, axis=0)
    parts = np.split(order, np.flatnonzero(np.roll(hidden, -start)) + 1)
    return [part for part in parts if len(part) > 1]


def corners(curves: Sequence[Array]) -> Array:
    """Return the corners of a box around each curve, shape (2 m, 2): what it encloses reaches from one to the other."""
    return np.array([end for curve in curves for end in (curve.min(axis=0), curve.max(axis=0))]).reshape(-1, 2)


def end_where_ranges_do(ax: Axes, curves: Sequence[Array]) -> None:
    """Let axes end where a range does, so that what goes on there is filled up to the frame."""
    for k, axis in enumerate((ax.xaxis, ax.yaxis)):
        low, high = (float(end) for end in axis.get_view_interval())
        for curve in curves:
            along = _at_ends(curve) & (curve[:-1, k] == curve[1:, k])
            for end in set(curve[:-1, k][along].tolist()):
                if end == curve[:, k].min() and low < end < high:
                    low = end
                elif end == curve[:, k].max() and low < end < high:
                    high = end
        narrow(axis, low, high)


def parameter_axes(
    ax: Axes | None,
    parameters: Sequence[Parameter],
    drawn: Sequence[Array],
    *,
    also: Array | None = None,
    signed: bool = False,
) -> Axes:
    """Return axes for the plane of two parameters that show what is drawn.

    New ones get scales and labels; others grow, unless their limits were set by somebody else. Axes named by other
    parameters are refused.

    Parameters
    ----------
    ax : Axes or None
        Given ones, or none.
    parameters : sequence of Parameter
        Of x and y.
    drawn : sequence of ndarray, each of shape (n, 2)
        What decides on the scales.
    also : ndarray, shape (n, 2) or (2,)
        What is shown too, as far as it is on a scale.
    signed : bool
        Whether y has both signs and may vary by powers of ten, as limits on a coupling do.
    """
    marks = np.empty((0, 2)) if also is None else also.reshape(-1, 2)
    points = np.concatenate([part.reshape(-1, 2) for part in drawn if part.size] or [marks, np.zeros((0, 2))])
    x, y = map(quantity_of, parameters)
    labelled = is_empty(ax)
    if not labelled:
        check_shown(ax, x, y)
    ax = new_figure().add_subplot() if ax is None else ax
    new = is_new(ax.xaxis), is_new(ax.yaxis)
    for k, axis in enumerate((ax.xaxis, ax.yaxis)):
        if k == 1 and signed:
            _show_signed(axis, parameters[k], points[:, k], new=new[k], labelled=labelled)
        else:
            _show(axis, parameters[k], points[:, k], marks[:, k], new=new[k], labelled=labelled)
    return ax


def chi2_axes(ax: Axes | None, parameter: Parameter, values: Array, height: float, lowest: float = 0.0) -> Axes:
    """Return axes for chi2 along one parameter that show some of its values, and chi2 from 0, or less, to a height."""
    labelled = is_empty(ax)
    if not labelled:
        check_shown(ax, quantity_of(parameter), DELTA_CHI2)
    ax = new_figure().add_subplot() if ax is None else ax
    new = is_new(ax.xaxis), is_new(ax.yaxis)
    _show(ax.xaxis, parameter, values, np.empty(0), 0.0, new=new[0], labelled=labelled)
    show(ax.yaxis, min(0.0, 1.05 * lowest), 1.05 * height or 1.0, new=new[1])
    if labelled:
        name_axis(ax.yaxis, DELTA_CHI2)
    return ax


def is_logarithmic(parameter: Parameter, values: Array) -> bool:
    """Return whether values of a parameter are drawn on a logarithmic axis: one on which they stay away from 0.

    Where they reach 0 it would have no end, and end nowhere in particular; values that are 0 but for rounding reach it.
    """
    return parameter.scale == "log" and bool(values.size) and values.min() > ROUNDING * values.max() > 0


def mark(ax: Axes, point: Array, parameters: Sequence[Parameter], label: str | None, **options: Any) -> None:
    """Mark a point, with a star unless another marker is given.

    A logarithmic axis has a value of 0 nowhere. An arrow at its lower end points to it then, and the label says so.
    """
    beyond = ax.get_xscale() == "log" and not point[0] > 0, ax.get_yscale() == "log" and not point[1] > 0
    transform, marker = ax.transData, "*"
    if any(beyond):
        from matplotlib.transforms import blended_transform_factory

        # at the frame, wherever it will be
        transform = blended_transform_factory(*(ax.transAxes if b else ax.transData for b in beyond))
        names = [p.label for p, b in zip(parameters, beyond, strict=True) if b]
        label = f"{label}, at {' = '.join(names)} = 0" if label else ""
        marker = "<" if beyond[0] else "v"
    place = [0.0 if b else float(value) for value, b in zip(point, beyond, strict=True)]
    usual: dict[str, Any] = {"linestyle": "none", "marker": marker, "clip_on": False}
    with held(ax):
        ax.plot(*([value] for value in place), label=label or None, transform=transform, **(usual | options))


def _show_signed(axis: Any, parameter: Parameter, values: Array, *, new: bool, labelled: bool) -> None:
    """Let an axis show values of both signs, on a scale that is linear around 0 if they differ much in size."""
    scale = signed_scale(values)
    if scale["value"] == "linear":
        _show(axis, parameter, values, np.empty(0), new=new, labelled=labelled)
        return
    low, high = (signed_end(float(end), scale) for end in (values.min(), values.max()))
    show(axis, low, high, scale=scale["value"], linthresh=scale["linthresh"], new=new)
    if labelled:
        name_axis(axis, quantity_of(parameter))


def _show(
    axis: Any, parameter: Parameter, values: Array, also: Array, margin: float = 0.05, *, new: bool, labelled: bool
) -> None:
    """Let an axis show values of a parameter; a new one gets its scale, one that had none its label."""
    scale = "log" if is_logarithmic(parameter, values) else "linear"
    every = np.concatenate([values, also])
    if (scale if new else axis.get_scale()) == "log" and (every > 0).any():
        high = float(every.max())
        if is_logarithmic(parameter, values):
            # what else is 0, but for rounding, lies beyond the axis
            low = float(min(values.min(), every[every > ROUNDING * high].min()))
        else:
            # of what reaches 0 the last decades
            low = max(float(every[every > 0].min()), DECADES * high)
        aside = 3.0 if low == high else max((high / low) ** margin, 1 + margin)
        low, high = low / aside, high * aside
    else:
        low, high = float(every.min()), float(every.max())
        width = high - low or abs(low) or 1.0
        aside = margin * width if low < high else width
        # there is nothing beyond the range
        low, high = (
            max(low - margin * width, min(low, parameter.low)),
            min(high + aside, max(high, parameter.high)),
        )
    show(axis, low, high, scale=scale, new=new)
    if labelled:
        name_axis(axis, quantity_of(parameter))
    if new and axis.axis_name == "y":
        # the power of ten of the numbers stands over them, not where a legend begins
        axis.get_offset_text().set_horizontalalignment("right")
        # points above the frame, clear of a number at its top
        axis.OFFSETTEXTPAD = OFFSET
