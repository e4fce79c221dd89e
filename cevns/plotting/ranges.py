"""What axes show: their limits grow with what is drawn on them, and stay where somebody else has set them."""

from __future__ import annotations

import contextlib

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array

__all__ = ["cut", "far_ends", "held", "is_new", "may_grow", "narrow", "show"]

#: The attribute of axes that holds the limits that plot functions gave them, by the name of the axis.
_OWN = "_cevns_limits"
#: Ends of a logarithmic axis, and of another one in units of what it shows, that no zoom reaches.
_FAR_LOG, _FAR = 1e-30, 1e3


def is_new(axis: Any) -> bool:
    """Return whether nothing is drawn on axes, and nobody has given this axis of them limits or another scale."""
    return not axis.axes.has_data() and _follows_data(axis) and axis.get_scale() == "linear"


def may_grow(axis: Any) -> bool:
    """Return whether the limits of an axis are those that a plot function gave it, or follow the data."""
    return _follows_data(axis) or getattr(axis.axes, _OWN, {}).get(axis.axis_name) == _limits(axis)


def show(
    axis: Any, low: float, high: float, *, scale: str = "linear", new: bool = False, linthresh: float | None = None
) -> None:
    """Let an axis show a range, beside what it shows already; limits that somebody else has set stay.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        ``ax.xaxis`` or ``ax.yaxis``.
    low, high : float
        What has to be seen.
    scale : str
        That a new axis gets.
    new : bool
        Whether it was new before anything was drawn, so that it shows the range alone.
    linthresh : float, optional
        Up to which value the scale ``"symlog"`` is linear.
    """
    ax, name = axis.axes, axis.axis_name
    options = {} if linthresh is None else {"linthresh": linthresh}
    if not may_grow(axis):
        if _takes(axis, scale):
            getattr(ax, f"set_{name}scale")(scale, **options)
        return
    follows, started = _follows_data(axis), ax.has_data() or hasattr(ax, _OWN)
    if new:
        getattr(ax, f"set_{name}scale")(scale, **options)
    elif started:
        first, last = sorted(_limits(axis))
        low, high = min(low, first), max(high, last)
    if axis.get_scale() == "log" and not low > 0:
        low = min(_limits(axis)) if started and not new else 1e-3 * high
    # what somebody else draws goes on to set the limits that it set before
    _set(axis, low, high, auto=follows and started and not new)


def narrow(axis: Any, low: float, high: float) -> None:
    """Let an axis show less than a plot function has let it show."""
    if may_grow(axis):
        _set(axis, low, high)


@contextlib.contextmanager
def held(ax: Axes) -> Iterator[None]:
    """Keep limits as they are, whatever plot functions draw."""
    own, follows = getattr(ax, _OWN, {}), (ax.get_autoscalex_on(), ax.get_autoscaley_on())
    setattr(ax, _OWN, {})
    ax.autoscale(enable=False)
    try:
        yield
    finally:
        setattr(ax, _OWN, own)
        ax.set_autoscalex_on(follows[0])
        ax.set_autoscaley_on(follows[1])


def far_ends(axis: Any) -> tuple[float, float]:
    """Return values beyond all that an axis shows or will show, at which what goes on without an end is cut."""
    if axis.get_scale() == "log":
        return _FAR_LOG, 1 / _FAR_LOG
    low, high = sorted(_limits(axis))
    return low - _FAR * (high - low), high + _FAR * (high - low)


def cut(axis: Any, values: Any) -> Array:
    """Return values with those that lie beyond the far ends of an axis at them."""
    found: Array = np.clip(np.asarray(values, dtype=float), *far_ends(axis))
    return found


def _set(axis: Any, low: float, high: float, *, auto: bool = False) -> None:
    """Set limits, and remember them as a plot function's own."""
    ends = (high, low) if axis.get_inverted() else (low, high)
    getattr(axis.axes, f"set_{axis.axis_name}lim")(*ends, auto=auto)
    setattr(axis.axes, _OWN, getattr(axis.axes, _OWN, {}) | {axis.axis_name: _limits(axis)})


def _takes(axis: Any, scale: str) -> bool:
    """Return whether an axis without data, whose limits somebody has set, takes a scale that is not linear."""
    fits = scale == "symlog" or (scale == "log" and min(_limits(axis)) > 0)
    return fits and not axis.axes.has_data() and axis.get_scale() == "linear"


def _follows_data(axis: Any) -> bool:
    ax: Axes = axis.axes
    return ax.get_autoscalex_on() if axis.axis_name == "x" else ax.get_autoscaley_on()


def _limits(axis: Any) -> tuple[float, float]:
    ax: Axes = axis.axes
    low, high = ax.get_xlim() if axis.axis_name == "x" else ax.get_ylim()
    return float(low), float(high)
