"""Axes for results in any parameters, and which parts of their curves are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.plotting.canvas import is_empty, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array
    from cevns.parameters import Parameter

__all__ = ["chi2_axes", "end_where_ranges_do", "inside", "on_frame", "parameter_axes"]


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


def end_where_ranges_do(ax: Axes, curves: Sequence[Array]) -> None:
    """Let axes end where a range does, so that what goes on there is filled up to the frame."""
    for k in range(2):
        low, high = ax.get_ylim() if k else ax.get_xlim()
        for curve in curves:
            along = _at_ends(curve) & (curve[:-1, k] == curve[1:, k])
            for end in set(curve[:-1, k][along].tolist()):
                if end == curve[:, k].min() and low < end < high:
                    low = end
                elif end == curve[:, k].max() and low < end < high:
                    high = end
        ax.set(**{"ylim" if k else "xlim": (low, high)})


def parameter_axes(ax: Axes | None, parameters: Sequence[Parameter], drawn: Sequence[Array]) -> Axes:
    """Return axes for the plane of two parameters; those without data get scales, labels and a range."""
    if ax is not None and not is_empty(ax):
        return ax
    ax = new_figure().add_subplot() if ax is None else ax
    points = np.concatenate([part.reshape(-1, 2) for part in drawn if part.size] or [np.zeros((1, 2))])
    _set_range(ax.xaxis, ax.set_xlim, parameters[0], points[:, 0])
    _set_range(ax.yaxis, ax.set_ylim, parameters[1], points[:, 1])
    ax.set(xlabel=parameters[0].axis_label, ylabel=parameters[1].axis_label)
    return ax


def chi2_axes(ax: Axes | None, parameter: Parameter, values: Array) -> Axes:
    """Return axes for chi2 along one parameter."""
    if ax is not None and not is_empty(ax):
        return ax
    ax = new_figure().add_subplot() if ax is None else ax
    _set_range(ax.xaxis, ax.set_xlim, parameter, values, 0.0)
    ax.set(xlabel=parameter.axis_label, ylabel=r"$\Delta\chi^2$")
    return ax


def on_frame(ax: Axes, points: Array) -> Array:
    """Return points as they are drawn: what is 0 on a logarithmic axis stands at its end, beyond which 0 lies."""
    lows = [min(limits) if scale == "log" else -np.inf for scale, limits in _scales(ax)]
    drawn: Array = np.where(points > 0, points, np.maximum(points, lows))
    return drawn


def _scales(ax: Axes) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return (ax.get_xscale(), ax.get_xlim()), (ax.get_yscale(), ax.get_ylim())


def _set_range(axis: Any, limits: Any, parameter: Parameter, values: Array, margin: float = 0.05) -> None:
    """Give an axis the scale of a parameter, and a range that shows some values."""
    positive = values[values > 0]
    if parameter.scale == "log" and positive.size:
        low, high = float(positive.min()), float(positive.max())
        # what begins at 0 goes on to the left without an end
        single = low == high
        low = low / 3 if (values <= 0).any() or single else low
        (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)("log")
        high = 3 * high if single else high
        aside = max((high / low) ** margin, 1 + margin)
        limits(low / aside, high * aside)
        return
    low, high = float(values.min()), float(values.max())
    width = high - low or abs(low) or 1.0
    limits(low - margin * width, high + margin * width if low < high else high + width)
