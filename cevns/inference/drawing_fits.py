"""What fits in any parameters look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.inference.estimates import Estimate
from cevns.parameters import Parameter
from cevns.plotting.canvas import draws, is_empty, label_or_none
from cevns.plotting.frames import chi2_axes, mark, parameter_axes
from cevns.plotting.plane import once, with_legend
from cevns.plotting.ranges import cut, held
from cevns.plotting.regions import draw_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array

__all__ = ["plot_estimate"]

#: chi2 above the least within which intervals of a fit lie.
LEVEL = 1.0
#: Room beside what is drawn along one parameter, as a share of it, and above it, as a factor.
ASIDE, HEIGHT = 0.15, 1.5


@draws
def plot_estimate(estimate: Estimate, ax: Axes | None = None, *, label: str | None = None, **options: Any) -> Axes:
    """Mark the minima of a fit in the plane of its first two parameters: the global one filled, others empty.

    Lines through the global one show the intervals of both. Of one parameter minima stand at their chi2 above the
    least, and the intervals as lines at 1.

    Parameters
    ----------
    estimate : Estimate
        In any parameters.
    ax : matplotlib.axes.Axes, optional
        As in `plot_contour`.
    label : str, optional
        For the legend; model and experiments unless given.
    **options
        Of the marks.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import cevns
    >>> found = cevns.load("coherent-csi-2017").fit("sm", ["sin2_theta_w", "rn_csi"])
    >>> plot_estimate(found).get_legend_handles_labels()[1][1:]
    ['SM: CsI, best fit', 'other minima, $\\\\Delta\\\\chi^2 \\\\leq 9$']
    """
    checks.instance("estimate", estimate, Estimate)
    label = label_or_none(f"{estimate.title}, best fit" if label is None else label)
    legend, own, options = is_empty(ax), ax is None, {"color": "black"} | options
    draw = _along if len(estimate.parameters) == 1 else _in_plane
    return with_legend(draw(estimate, ax, label, options), new=legend, above=own)


def _along(estimate: Estimate, ax: Axes | None, label: str | None, options: dict[str, Any]) -> Axes:
    """Draw a fit of one parameter: its minima at their chi2, its intervals where chi2 is 1."""
    (p,) = estimate.parameters
    points = np.array([[m["values"][p.name], m["chi2"] - estimate.chi2] for m in estimate.minima])
    rows = np.asarray(estimate.intervals[p.name], dtype=float).reshape(-1, 2)
    ends = np.append(rows[np.isfinite(rows)], points[:, 0])
    low, high = float(ends.min()), float(ends.max())
    if p.scale == "log" and low > 0:
        factor = max((high / low) ** ASIDE, 1 + ASIDE)
        wide = np.array([low / factor, high * factor])
    else:
        width = ASIDE * (high - low or abs(high) or 1.0)
        # couplings of which only the square counts end at 0
        wide = np.array([low - width if p.scale != "log" else low, high + width])
    ax = chi2_axes(ax, p, wide.clip(p.low, p.high), HEIGHT * max(LEVEL, float(points[:, 1].max())))
    lines = [np.column_stack([row, [LEVEL, LEVEL]]) for row in cut(ax.xaxis, rows)]
    with held(ax):
        style = {"color": options["color"], "linewidth": 1, "marker": "|", "markersize": 8}
        draw_lines(ax, lines, once(ax, r"$\Delta\chi^2 \leq 1$" if label else ""), **style)
    _mark_minima(ax, points, [p, Parameter("delta_chi2", "", r"$\Delta\chi^2$")], label, options)
    return ax


def _in_plane(estimate: Estimate, ax: Axes | None, label: str | None, options: dict[str, Any]) -> Axes:
    """Draw a fit in the plane of its first two parameters."""
    two = estimate.parameters[:2]
    points = np.array([[m["values"][p.name] for p in two] for m in estimate.minima])
    rows = [np.asarray(estimate.intervals[p.name], dtype=float).reshape(-1, 2) for p in two]
    ends = [np.append(row[np.isfinite(row)], points[0, k]) for k, row in enumerate(rows)]
    corners = np.array([[e.min(), e.max()] for e in ends]).T
    ax = parameter_axes(ax, two, [corners], also=points)
    for k, axis in enumerate((ax.xaxis, ax.yaxis)):
        lines = [np.insert(row[:, None], 1 - k, points[0, 1 - k], axis=1) for row in cut(axis, rows[k])]
        text = once(ax, r"$\Delta\chi^2 \leq 1$, others profiled" if k == 0 and label else "")
        with held(ax):
            draw_lines(ax, lines, text, color=options["color"], linewidth=1)
    _mark_minima(ax, points, two, label, options)
    return ax


def _mark_minima(
    ax: Axes, points: Array, parameters: Sequence[Parameter], label: str | None, options: dict[str, Any]
) -> None:
    """Mark the global minimum with a star, others with empty circles."""
    mark(ax, points[0], parameters, label, **options)
    text = once(ax, r"other minima, $\Delta\chi^2 \leq 9$" if label else "")
    for k, point in enumerate(points[1:]):
        mark(ax, point, parameters, "" if k else text, **({"marker": "o", "markerfacecolor": "none"} | options))
