"""Panels of parameters: delta chi2 along one, and what is allowed in the plane of two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cevns.figures.analysis import LABELS
from cevns.figures.panels import Curve, Panel
from cevns.figures.styles import BEST_MARKS, EXPERIMENT_LINES
from cevns.plotting.frames import inside
from cevns.plotting.regions import draw_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array
    from cevns.figures.measurements import Measurements

__all__ = ["Line", "line_style", "plane_panel", "profile_panel"]

_DELTA = r"$\Delta\chi^2$"


@dataclass(frozen=True)
class Line:
    """delta chi2 along a parameter.

    Parameters
    ----------
    name : str
        In the table.
    label : str
        In the legend.
    about : str
        What it counts from, and with which data.
    values, delta_chi2 : ndarray, shape (m,)
        Values of the parameter and delta chi2 there.
    style : mapping
        Of the line.
    """

    name: str
    label: str
    about: str
    values: Array
    delta_chi2: Array
    style: Mapping[str, Any]


def line_style(label: str) -> dict[str, Any]:
    """Return how the line of a data set is drawn."""
    return {key: value for key, value in EXPERIMENT_LINES[label].items() if key != "facecolor"}


def profile_panel(
    name: str,
    title: str,
    caption: str,
    column: str,
    lines: tuple[Line, ...],
    *,
    xlabel: str,
    top: float,
    levels: Mapping[str, float],
    legend: Mapping[str, Any],
    side: str = "right",
    also: Any = None,
) -> Panel:
    """Return a panel with delta chi2 along one parameter, for one degree of freedom.

    Parameters
    ----------
    name, title, caption
        As of `Panel`.
    column : str
        Name of the parameter in the table, with its unit.
    lines : tuple of Line
        What is drawn.
    xlabel : str
        Of the axis of the parameter.
    top : float
        Largest delta chi2 that is shown.
    levels : mapping of str to float
        Levels that are marked, by what is written at them.
    legend : mapping
        Options of the legend.
    side : str
        At which edge the levels are named, ``"left"`` or ``"right"``.
    also : callable, optional
        ``also(ax)`` draws what else belongs to it.
    """

    def draw(ax: Axes) -> None:
        for line in lines:
            ax.plot(line.values, line.delta_chi2, label=line.label, **line.style)
        ends = [line.values[[0, -1]] for line in lines]
        ax.set(xlim=(np.min(ends), np.max(ends)), ylim=(0, top), xlabel=xlabel, ylabel=_DELTA)
        _draw_levels(ax, levels, side)
        if also is not None:
            also(ax)
        ax.legend(**legend)

    curves = tuple(
        Curve(line.name, line.about, tuple(zip(line.values, line.delta_chi2, strict=True))) for line in lines
    )
    return Panel(name, title, caption, (column, "delta_chi2"), curves, draw)


def _draw_levels(ax: Axes, levels: Mapping[str, float], side: str) -> None:
    """Mark levels of delta chi2 by thin lines, with names at one edge."""
    x, inwards = (1, -3) if side == "right" else (0, 3)
    for text, level in levels.items():
        ax.axhline(level, color="0.5", linewidth=0.5, zorder=0)
        at = ax.get_yaxis_transform()
        ax.annotate(text, (x, level), (inwards, 1), at, "offset points", ha=side, va="bottom", fontsize=6)


def plane_panel(
    name: str,
    title: str,
    caption: str,
    analysis: Measurements,
    model: str,
    x: str,
    y: str,
    *,
    units: tuple[float, str],
    labels: tuple[str, str],
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    standard: tuple[float, float],
    legend: Mapping[str, Any],
) -> Panel:
    """Return a panel with what each data set allows in the plane of two parameters, for two degrees of freedom.

    Parameters
    ----------
    name, title, caption
        As of `Panel`.
    analysis : Measurements
        Contours.
    model, x, y : str
        Interaction and parameters.
    units : (float, str)
        What values are divided by to be shown, and how the tables call it.
    labels : (str, str)
        Of the axes.
    xlim, ylim : (float, float)
        Ranges, in these units.
    standard : (float, float)
        The standard model's point, in these units.
    legend : mapping
        Options of the legend.
    """
    scale, unit = units
    found = {label: analysis.contour(label, model, x, y) for label in LABELS}
    drawn = {label: [curve / scale for curve in contour.curves[0]] for label, contour in found.items()}

    def draw(ax: Axes) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        entries: dict[str, Any] = {}
        for label in reversed(LABELS):
            style, face = line_style(label), EXPERIMENT_LINES[label]["facecolor"]
            path = Path.make_compound_path(*(Path(curve, closed=True) for curve in drawn[label]))
            ax.add_patch(PathPatch(path, facecolor=face, linewidth=0, zorder=0.5))
            draw_lines(ax, [part for curve in drawn[label] for part in inside(curve)], None, **style)
            best = found[label].values
            mark: dict[str, Any] = {"marker": BEST_MARKS[label], "markersize": 4, "markerfacecolor": "none"}
            ax.plot(best[x] / scale, best[y] / scale, color=style["color"], clip_on=False, **mark)
            # not on the axes: a line without points counts as one in the figure's corner, which makes its margins wide
            entries[label] = Line2D([], [], **mark, **style)
        star: dict[str, Any] = {"marker": "*", "markersize": 6, "color": "black", "linestyle": "none"}
        (entries["standard model"],) = ax.plot(*standard, zorder=5, clip_on=False, **star)
        ax.set(xlim=xlim, ylim=ylim, xlabel=labels[0], ylabel=labels[1])
        order = (*LABELS, "standard model")
        ax.legend([entries[text] for text in order], order, alignment="left", **legend)

    curves = tuple(
        Curve(
            label,
            f"{contour.cl[0]:.0%} C.L., two degrees of freedom, delta chi2 = {contour.delta_chi2[0]:.3f} above "
            f"{contour.chi2_min:.4f} at {x} = {contour.values[x] / scale:.4g}, {y} = {contour.values[y] / scale:.4g}",
            tuple((i, *vertex) for i, curve in enumerate(drawn[label]) for vertex in curve.tolist()),
        )
        for label, contour in found.items()
    )
    return Panel(name, title, caption, ("segment", f"{x}_{unit}", f"{y}_{unit}"), curves, draw)
