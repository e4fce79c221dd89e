"""Minima of chi2 as marks: along one parameter, or in a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.parameters import Parameter
from cevns.plotting.frames import chi2_axes, mark
from cevns.plotting.looks import Look, look, normal
from cevns.plotting.plane import once
from cevns.plotting.ranges import cut, held
from cevns.plotting.regions import draw_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array

__all__ = ["mark_minima", "minima_along"]

#: chi2 above the least within which intervals of a fit lie.
LEVEL = 1.0
#: Room beside what is drawn along one parameter, as a share of it, and above it, as a factor.
ASIDE, HEIGHT = 0.15, 1.5


def minima_along(
    ax: Axes | None, p: Parameter, points: Array, rows: Array, label: str | None, options: dict[str, Any]
) -> Axes:
    """Draw minima along one parameter at their chi2, and its intervals as lines where chi2 is 1.

    Parameters
    ----------
    ax : Axes or None
        Given ones, or none.
    p : Parameter
        Of x.
    points : ndarray, shape (n, 2)
        Its values at the minima, the least first, and chi2 above the least.
    rows : ndarray, shape (k, 2)
        Its intervals.
    label : str or None
        Of the least minimum.
    options : dict
        Of the marks.
    """
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
    options = normal(options)
    drawn = look(ax, color=options.get("color"))
    options = {"color": drawn.color} | options
    with held(ax):
        style = {"color": options["color"], "linewidth": 1, "marker": "|", "markersize": 8} | drawn.lines[0]
        draw_lines(ax, lines, once(ax, r"$\Delta\chi^2 \leq 1$" if label else ""), **style)
    mark_minima(ax, points, [p, Parameter("delta_chi2", "", r"$\Delta\chi^2$")], label, options, drawn)
    return ax


def mark_minima(
    ax: Axes,
    points: Array,
    parameters: Sequence[Parameter],
    label: str | None,
    options: dict[str, Any],
    drawn: Look,
) -> None:
    """Mark the global minimum with a star, or another mark of its own, others with empty circles."""
    mark(ax, points[0], parameters, label, **(drawn.mark | options))
    text = once(ax, r"other minima, $\Delta\chi^2 \leq 9$" if label else "")
    for k, point in enumerate(points[1:]):
        mark(ax, point, parameters, "" if k else text, **({"marker": "o", "markerfacecolor": "none"} | options))
