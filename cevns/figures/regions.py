"""Figures 3, 4 and 5: a panel with COHERENT's excluded regions, and one that compares them with other experiments."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.arrays import below
from cevns.bounds import NOT_DRAWN, bounds_for
from cevns.bounds.drawing import COLORS, FIXED_TARGETS
from cevns.figures.analysis import LABELS
from cevns.figures.panels import Curve, Panel
from cevns.figures.styles import EXPERIMENT_LINES
from cevns.inference import TWO_SIGMA
from cevns.interactions import get_interaction
from cevns.plotting import label_region, mass_coupling_axes, plot_limit, plot_published

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.bounds.bound import Bound
    from cevns.figures.analysis import Analysis
    from cevns.inference import Limit

__all__ = ["COLUMNS", "Label", "Note", "bound_curve", "compared_panel", "excluded_panel", "legible", "limit_curve"]

COLUMNS = ("segment", "mass_MeV", "coupling_low", "coupling_high")


# fields of `Label` that `plot_published` takes
_DRAWN = ("color", "opacity", "rise", "linewidth", "linestyle", "hatch")


@dataclass(frozen=True)
class Label:
    """How a bound is drawn, and where its name stands in the plane of mass [MeV] and coupling.

    Parameters
    ----------
    color : color
        Of the line, the shading and the name.
    place : (float, float), optional
        Middle of the name; no name unless given.
    text : str
        The name.
    level : str, optional
        What the figure says about the confidence level, where it is not only the level itself; nothing if empty.
    anchor : (float, float), optional
        Point of the curve to which a thin line leads from the name.
    opacity : float
        Of the shading at the line; 0 for a line alone.
    rise : float
        Factor in the coupling over which the shading fades.
    linewidth : float
        Of the line [points].
    linestyle : str, optional
        Of the line; dashed for approximate bounds and solid for others unless given.
    hatch : str, optional
        Pattern of a band.
    rotation : float
        Of the name [degrees].
    """

    color: str
    place: tuple[float, float] | None = None
    text: str = ""
    anchor: tuple[float, float] | None = None
    level: str | None = None
    opacity: float = 0.4
    rise: float = 4.0
    linewidth: float = 0.8
    linestyle: str | None = None
    hatch: str | None = None
    rotation: float = 0.0


@dataclass(frozen=True)
class Note:
    """Small print in a panel, which says what a reader of the figure alone has to know.

    Parameters
    ----------
    place : (float, float)
        Lower left corner, in fractions of the axes.
    text : str
        With line breaks.
    """

    place: tuple[float, float]
    text: str


def excluded_panel(
    name: str,
    analysis: Analysis,
    model: str,
    *,
    mass: Any,
    coupling: Any,
    inset: Any = None,
    data: Sequence[str] = LABELS,
    who: str = "COHERENT",
    legend: Any = None,
) -> Panel:
    """Return a panel with the 90 % C.L. regions that argon, CsI and both exclude.

    Parameters
    ----------
    name : str
        Figure and panel.
    analysis : Analysis
        Data sets.
    model : str
        Interaction.
    mass, coupling : (float, float)
        Ranges of the axes.
    inset : callable, optional
        ``inset(ax, draw)`` adds axes for a detail; ``draw(axes, limit_of)`` draws on them what ``limit_of(limit)``
        makes of each limit.
    data, who : sequence of str, str
        Data sets, and whose they are.
    legend : mapping, optional
        Options of the legend.
    """
    limits = {label: analysis.limit(model, label, 0.90) for label in data}
    shown = {"loc": "upper left", "title": f"{who}, 90% C.L.", "alignment": "left", **(legend or {})}

    def curves_on(ax: Axes, limit_of: Callable[..., Limit] = lambda limit: limit) -> None:
        for label in reversed(data):
            plot_limit(limit_of(limits[label]), ax, label=label, **EXPERIMENT_LINES[label])

    def draw(ax: Axes) -> None:
        mass_coupling_axes(ax, mass=mass, coupling=coupling)
        curves_on(ax)
        handles, labels = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], labels[::-1], **shown)
        if inset is not None:
            inset(ax, curves_on)

    caption = f"regions excluded by {who} at 90 % C.L. for the {model} model, two degrees of freedom"
    curves = tuple(limit_curve(label, limit) for label, limit in limits.items())
    return Panel(name, get_interaction(model).label, caption, COLUMNS, curves, draw)


def compared_panel(
    name: str,
    analysis: Analysis,
    model: str,
    cl: float,
    labels: Mapping[str, Label],
    *,
    mass: Any,
    coupling: Any,
    coherent: tuple[float, float],
    remarks: Sequence[Label] = (),
    note: Any,
    levels: Any = True,
    inset: Any = None,
    data: str = "CsI + Ar",
    who: str = "COHERENT",
    bounds: Sequence[Bound] | None = None,
) -> Panel:
    """Return a panel with COHERENT's combined region and every bound that the paper's caption names.

    Parameters
    ----------
    name, analysis, model, mass, coupling
        As in `excluded_panel`.
    cl : float
        Confidence level of COHERENT's region.
    labels : dict of str to Label
        By the names of the bounds.
    coherent : (float, float)
        Where COHERENT's name is written.
    remarks : sequence of Label
        Names of further things in the panel, with their anchors.
    note : Note
        Small print.
    levels : bool
        Whether each name has its confidence level; if not, the note says them.
    inset : callable, optional
        ``inset(ax, bounds)`` adds axes for a detail; ``bounds`` by their names.
    data, who : str
        Data sets whose region is compared, and whose they are.
    bounds : sequence of Bound, optional
        What is compared with; what the paper's figure of this name shows unless given.
    """
    limit = analysis.limit(model, data, cl)
    bounds = bounds_for(model, name) if bounds is None else tuple(bounds)

    def draw(ax: Axes) -> None:
        mass_coupling_axes(ax, mass=mass, coupling=coupling)
        plot_limit(limit, ax, **(EXPERIMENT_LINES[data] | {"zorder": 3}))
        closed = [bound for bound in bounds if bound.kind in ("region", "contour")]
        if closed:
            plot_published(closed, ax, color=COLORS[FIXED_TARGETS], opacity=0.22, label="", linewidth=0.7)
        for bound in bounds:
            label = labels[bound.name]
            if bound not in closed:
                plot_published(bound, ax, label="", **{field: getattr(label, field) for field in _DRAWN})
            if label.place:
                stated = _stated(bound.confidence_level) if label.level is None else label.level and f", {label.level}"
                text = f"{label.text}{stated}" if levels else label.text
                options: dict[str, Any] = {
                    "color": legible(label.color),
                    "anchor": label.anchor,
                    "rotation": label.rotation,
                }
                label_region(ax, *label.place, text, **options)
        label_region(ax, *coherent, f"{who}\n{data}, {_short_level(cl)}")
        for remark in remarks:
            place: tuple[float, float] = remark.place  # type: ignore[assignment]  # a remark has one
            label_region(ax, *place, remark.text, color=legible(remark.color), anchor=remark.anchor)
        ax.text(
            note.place[0],
            note.place[1],
            note.text,
            transform=ax.transAxes,
            fontsize=5.5,
            linespacing=1.25,
            va="bottom",
            zorder=5,
        )
        if inset is not None:
            inset(ax, {bound.name: bound for bound in bounds})

    caption = f"{who}'s combined region at {_level(cl)} for the {model} model, and other experiments"
    approximate = [bound.label for bound in bounds if bound.approximate]
    if approximate:
        caption += f"; recast, rescaled or converted approximately: {', '.join(approximate)}"
    unstated = [bound.label for bound in bounds if bound.confidence_level is None]
    if unstated:
        caption += f"; C.L. not stated: {', '.join(unstated)}"
    for omission in NOT_DRAWN:
        if omission.figure == name:
            caption += f"; not drawn: {omission.label} ({omission.reason})"
    curves = limit_curve(f"{who} {data}", limit), *(bound_curve(bound) for bound in bounds)
    return Panel(name, get_interaction(model).label, caption, COLUMNS, curves, draw)


def limit_curve(name: str, limit: Limit) -> Curve:
    """Return a limit as a curve: one row for each mass and excluded interval, ``inf`` where it does not end."""
    rows = tuple(
        (k, mass, low, high)
        for mass, intervals in zip(limit.mass, limit.excluded, strict=True)
        for k, (low, high) in enumerate(intervals)
    )
    about = (
        f"model {limit.model}, {' + '.join(limit.experiments)}, excluded at {_level(limit.cl)}, {limit.dof} degrees of "
        f"freedom, chi2 above {limit.chi2_min:.6g} + {limit.delta_chi2:.6g}"
    )
    return Curve(name, about, rows)


def bound_curve(bound: Bound) -> Curve:
    """Return a published limit or a band as a curve.

    Regions without an upper end have ``inf`` in the last column. An outline that is followed point by point has its
    coupling in both columns.
    """
    rows = []
    for k, (mass, low, *high) in enumerate(bound.segments):
        if bound.kind == "contour":
            high = [low]
        for i, m in enumerate(mass):
            rows.append((k, m, low[i], high[0][i] if high else float("inf")))
    level = "confidence level not stated" if bound.confidence_level is None else _level(bound.confidence_level)
    parts = (f"{bound.kind}, model {bound.model}, {level}", bound.reference, bound.origin, bound.note)
    return Curve(bound.name, "; ".join(part for part in parts if part), tuple(rows))


def _level(level: float) -> str:
    return "2 sigma C.L." if abs(level - TWO_SIGMA) < 1e-9 else f"{below(100 * level, 100, 6)} % C.L."


def _short_level(level: float) -> str:
    return r"2$\sigma$" if abs(level - TWO_SIGMA) < 1e-9 else f"{below(100 * level, 100, 6)}%"


def legible(color: str) -> Any:
    """Return a darker tone of a colour: thin letters look paler than lines do."""
    from matplotlib.colors import to_rgb

    return tuple(0.7 * part for part in to_rgb(color))


def _stated(level: float | None) -> str:
    return "\nC.L. not stated" if level is None else f", {_short_level(level)}"
