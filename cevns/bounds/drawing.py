"""What published limits look like, alone and together: one colour for each family of experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.bounds.bound import DARK_PHOTON, Bound
from cevns.errors import InputError
from cevns.inference.drawing import check_drawable, edges, plot_limit
from cevns.inference.limits import Limit
from cevns.plotting.canvas import draws, label_or_none, listed
from cevns.plotting.legends import letters_beside, shortened
from cevns.plotting.plane import (
    COUPLING,
    LINE_STYLES,
    MASS,
    MIXING,
    OPEN_ABOVE,
    OPEN_BELOW,
    percent,
    set_up_plane,
)
from cevns.plotting.quantities import Quantity
from cevns.plotting.ranges import held
from cevns.plotting.regions import (
    counterclockwise,
    draw_lines,
    fill_regions,
    label_region,
    shade_above,
    without_steep_ends,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array

__all__ = [
    "BAND_HATCH",
    "COLORS",
    "FIXED_TARGETS",
    "MAGNETIC_MOMENTS",
    "family",
    "plot_bound",
    "plot_bounds",
    "plot_published",
]

#: The family of closed regions: beam dumps, in which too short a life leaves no trace, as too weak a coupling does.
FIXED_TARGETS = "fixed targets"
#: Computed at any mass, so that they need not set the range of axes.
MAGNETIC_MOMENTS = (r"$(g-2)_\mu$", "$(g-2)_e$")

#: By family: the colours that the captions of arXiv:2008.05022 name, in tones that differ in lightness too. They call
#: the muon's band blue in figures 3b and 5b and purple in 4b; it is between the two here, and the same everywhere.
COLORS = {
    FIXED_TARGETS: "#d98218",
    "BaBar": "#7b2d9b",
    "LHCb": "#2a9d57",
    "KLOE": "#6b4016",
    "NA48/2": "#b59a00",
    "A1/MAMI": "#e0559a",
    "PHENIX": "#b8410b",
    "CONNIE": "#117733",
    "TEXONO": "#555555",
    "CHARM-II": "#999999",
    "Borexino": "#cc3311",
    "CCFR": "#117733",
    "CMS": "#e07b00",
    "NA64": "#e0559a",
    "BBN": "#6b4016",
    "white dwarfs": "#009988",
    MAGNETIC_MOMENTS[0]: "#4a56c8",
    MAGNETIC_MOMENTS[1]: "#00a0b4",
}
#: How the muon's band, which data favour, is told from what they exclude.
BAND_HATCH = "////"
#: Share of a figure that a legend beside its axes may take.
BESIDE = 0.5
#: Marks on the lines of families that are drawn together, which tell them apart without their colours.
_MARKS = ("o", "s", "^", "D", "v", "x", "P", "<", "*", "+", ">", "h")
#: How far apart marks of one line are, as a share of the axes' width.
_APART = 0.13
#: Most that the two edges of a closed region differ where it ends in a tip.
_TIP = 6.0


@draws
def plot_bound(
    bound: Bound,
    ax: Axes | None = None,
    *,
    color: str | None = None,
    facecolor: Any = None,
    linestyle: Any = None,
    label: str | None = None,
    hatch: str | None = None,
    **options: Any,
) -> Axes:
    """Draw a published limit or a computed band.

    Parameters
    ----------
    bound : Bound
        See `cevns.bounds`.
    ax : matplotlib.axes.Axes, optional
        As in `plot_limit`.
    color : color, optional
        Of the outline; the next one of the axes' cycle unless given.
    facecolor : color, optional
        Of the region; a pale `color` unless given, ``"none"`` leaves it empty.
    linestyle : str, optional
        Of the outline; dashed for recasts and approximate conversions unless given, and solid for others.
    label : str, optional
        For the legend; the bound's label with the confidence level unless given, an empty one for none.
    hatch : str, optional
        Pattern of the region; a band, which is favoured and not excluded, has one unless another is given.
    **options
        Of the outline, for example ``linewidth``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If `bound` is no `Bound`, or an option is none of Matplotlib's.

    Examples
    --------
    >>> from cevns.bounds.magnetic_moments import MUON_ANOMALY
    >>> from cevns.plotting import mass_coupling_axes
    >>> band = MUON_ANOMALY.band_bound("b-l", confidence_level=0.90)
    >>> ax = plot_bound(band, mass_coupling_axes())
    >>> len(ax.patches)
    1
    """
    checks.instance("bound", bound, Bound)
    label = label_or_none(_entry([bound], bound.label) if label is None else label)
    hatch = BAND_HATCH if hatch is None and bound.kind == "band" else hatch
    segments = bound.outlines(OPEN_ABOVE)
    positive = np.concatenate([np.ravel(s[1]) for s in segments])
    extent = np.array(bound.mass_range), positive[(positive > 0) & (positive < OPEN_ABOVE)]
    ax = set_up_plane(ax, *extent, quantities=_quantities(bound), grow=family(bound) not in MAGNETIC_MOMENTS)
    from matplotlib.colors import to_rgba

    color = ax._get_lines.get_next_color() if color is None else color  # type: ignore[attr-defined]
    facecolor = to_rgba(color, 0.25) if facecolor is None else facecolor
    linestyle = ("--" if bound.approximate else "-") if linestyle is None else linestyle
    regions, lines = _polygons(bound), []
    for region, (mass, *curves) in zip(regions, segments, strict=True):
        if bound.kind == "contour":
            lines.append(region)
        elif bound.kind == "region":
            lines.append(np.concatenate([region, region[:1]]))
        else:
            low, high = np.maximum(curves[0], OPEN_BELOW), curves[-1]
            lines += [np.column_stack([mass, curve]) for curve in (low, high) if OPEN_BELOW < curve[0] < OPEN_ABOVE]
    # pieces of one experiment may overlap: each is filled on its own, so that none becomes a hole in another
    for region in regions:
        fill_regions(ax, [region], facecolor, color, hatch)
    return draw_lines(ax, lines, label, color=color, linestyle=linestyle, **options)


@draws
def plot_published(
    bounds: Bound | Iterable[Bound],
    ax: Axes | None = None,
    *,
    color: str | None = None,
    opacity: float = 0.45,
    rise: float = 4.0,
    label: str | None = None,
    hatch: str | None = None,
    linestyle: Any = None,
    shift: float = 0.5,
    **options: Any,
) -> Axes:
    """Draw limits of one experiment, or of several that share a colour, so that only limits look like limits.

    A limit without an upper end is a line with a shading on its excluded side that fades away from it and towards the
    ends of its table; strokes at these ends are left out (`without_steep_ends`). Closed regions are filled once where
    they overlap, and have no line where a table begins or ends before the region closes. Bands have two lines.

    Parameters
    ----------
    bounds : Bound or sequence of Bound
        All of the same model.
    ax : matplotlib.axes.Axes, optional
        As in `plot_limit`.
    color : color, optional
        Of lines and shading; the next one of the axes' cycle unless given.
    opacity : float
        Of the shading at the line, and of closed regions and bands; 0 for lines alone.
    rise : float
        Factor in the coupling over which a shading fades.
    label : str, optional
        For the legend; the label of the first bound with the confidence levels unless given, an empty one for none.
    hatch : str, optional
        Pattern of closed regions and bands.
    linestyle : str, optional
        Of the lines; dashed for recasts and approximate conversions unless given, and solid for others.
    shift : float
        Where on the lines a ``marker`` stands, from 0 to 1, so that those of several families stand apart.
    **options
        Of the lines, for example ``linewidth`` or ``marker``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no bound.

    Examples
    --------
    >>> from cevns.bounds import get_bound
    >>> ax = plot_published([get_bound("b-l", name) for name in ("kloe-2012", "kloe-2018")], label="KLOE")
    >>> ax.get_legend_handles_labels()[1]
    ['KLOE']
    """
    bounds = listed("bounds", bounds, Bound)
    opacity, rise = checks.real("opacity", opacity, low=0, high=1), checks.real("rise", rise, above=1)
    if not bounds:
        raise InputError("bounds is empty: give at least one")
    label = label_or_none(_entry(bounds, bounds[0].label) if label is None else label)
    framing = any(family(bound) not in MAGNETIC_MOMENTS for bound in bounds)
    ax = set_up_plane(ax, *_extent(bounds), quantities=_quantities(bounds[0]), grow=framing)
    color = ax._get_lines.get_next_color() if color is None else color  # type: ignore[attr-defined]
    closed = [region for bound in bounds if bound.kind != "lower" for region in _polygons(bound)]
    if opacity:
        fill_regions(ax, [counterclockwise(region) for region in closed], (color, opacity), color, hatch)
    for bound in bounds:
        lines = _limit_lines(bound)
        if bound.kind == "lower" and opacity:
            shade_above(ax, [line.T for line in lines], color, opacity=opacity, rise=rise)
        style = ("--" if bound.approximate else "-") if linestyle is None else linestyle
        where = {"markevery": _marked(ax, lines, shift)} if "marker" in options else {}
        draw_lines(ax, lines, label, **({"color": color, "linestyle": style} | where | options))
        label = ""
    return ax


def _entry(bounds: Sequence[Bound], name: str) -> str:
    """Return what a legend says of limits of one family: its name, and their confidence levels where they are known."""
    levels = sorted({bound.confidence_level for bound in bounds} - {None})  # type: ignore[type-var]
    favoured = " favoured" if all(bound.kind == "band" for bound in bounds) else ""
    return ", ".join([name + favoured, *(percent(level) for level in levels)])  # type: ignore[arg-type]


def _marked(ax: Axes, lines: Sequence[Array], shift: float) -> list[int]:
    """Return which vertices of lines with gaps, as `draw_lines` draws them, have marks: at even distances in mass."""
    first, last = np.log(sorted(ax.get_xlim()))
    found, start = [], 0
    for line in lines:
        place = (np.log(line[:, 0]) - first) / (last - first)
        low, high = place.min(), place.max()
        grid = np.arange(np.ceil(low / _APART - shift), high / _APART - shift) + shift if high > low else np.empty(0)
        for value in _APART * grid if grid.size else [0.5 * (low + high)]:
            found.append(start + int(np.abs(place - value).argmin()))
        start += len(line) + 1
    return found


@draws
def plot_bounds(bounds: Iterable[Bound], ax: Axes | None = None, *, own: Iterable[Bound | Limit] = ()) -> Axes:
    """Draw limits of other experiments together, each family in its colour, and limits of your own over them.

    They are drawn as by `plot_published`: limits that do not end are shaded on their excluded side only, so that any
    number of them may overlap, and their lines have marks, which tell families apart in grey too. Closed regions carry
    their names; a legend to the right of the axes has the others, with their confidence levels where the source states
    them. Bands, which are favoured and not excluded, are hatched. The axes show the published curves in full; what is
    computed for any mass, like (g-2), is cut.

    Parameters
    ----------
    bounds : sequence of Bound
        All of the same model.
    ax : matplotlib.axes.Axes, optional
        As in `plot_limit`.
    own : sequence of Bound or Limit
        Drawn in black, without a filled region. A `cevns.inference.Limit` keeps its allowed strips and islands, and the
        legend names its model, data and confidence level.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no bound, they belong to different models, or a limit of your own has fewer than two masses.

    Examples
    --------
    >>> from cevns.bounds import bounds_for
    >>> ax = plot_bounds(bounds_for("b-l", figure="4b"))
    >>> [f"{end:g}" for end in ax.get_ylim()]
    ['1e-09', '1']
    """
    bounds, own = listed("bounds", bounds, Bound), listed("own", own, (Bound, Limit))
    models = {bound.model for bound in bounds + own}
    if len(models) != 1:
        raise InputError(f"bounds must belong to one model, got {', '.join(sorted(models)) or 'none'}")
    limits = [curve for curve in own if isinstance(curve, Limit)]
    for limit in limits:
        check_drawable(limit)
    known = bounds + [curve for curve in own if isinstance(curve, Bound)]
    framing = [b for b in known if family(b) not in MAGNETIC_MOMENTS] or ([] if limits else known)
    columns = [column for b in framing for segment in b.segments for column in segment[1:]]
    coupling = np.concatenate([*columns, *map(edges, limits)])
    mass = np.ravel([*(b.mass_range for b in framing), *((c.mass.min(), c.mass.max()) for c in limits)])
    closed = [bound for bound in bounds if family(bound) == FIXED_TARGETS]
    if len(closed) > 1:
        # room for the names
        mass = np.append(mass, 20 * max(b.mass_range[1] for b in closed))
    coupling = coupling[coupling > 0]
    first = (bounds + own)[0]
    ax = set_up_plane(ax, mass, coupling if coupling.size else np.array([1e-5]), quantities=_quantities(first))
    groups: dict[str, list[Bound]] = {}
    for bound in bounds:
        groups.setdefault(family(bound), []).append(bound)
    areas: dict[str, Any] = {}
    lower = [group for group, members in groups.items() if any(bound.kind == "lower" for bound in members)]
    with held(ax):
        # bands lie over closed regions and these over limits without an end
        for kinds in (("lower",), ("region", "contour"), ("band",)):
            for group, members in groups.items():
                drawn = [bound for bound in members if bound.kind in kinds]
                if not drawn:
                    continue
                style: dict[str, Any] = {"label": _entry(members, members[0].label if len(members) == 1 else group)}
                style |= {"hatch": BAND_HATCH} if kinds == ("band",) else {}
                style |= _mark(lower.index(group), len(lower)) if kinds == ("lower",) else {}
                plot_published(drawn, ax, color=COLORS.get(group), opacity=0.3, rise=3.0, linewidth=0.8, **style)
                if kinds != ("lower",):
                    areas[style["label"]] = _area(ax.lines[-1], style.get("hatch"))
        if len(closed) > 1:
            _name_tips(ax, closed, COLORS[FIXED_TARGETS])
        # dashes say approximate
        styles = [style for style in LINE_STYLES if style not in ("--", (0, (9, 3)))]
        for i, curve in enumerate(own):
            style = {"linestyle": styles[i % len(styles)], "linewidth": 1.8, "zorder": 4}
            draw = plot_limit if isinstance(curve, Limit) else plot_bound
            draw(curve, ax, color="black", facecolor="none", **style)
    title = "dashed: recast or converted" if any(bound.approximate for bound in known) else None
    handles, texts = ax.get_legend_handles_labels()
    ax.legend(
        [areas.get(text, handle) for handle, text in zip(handles, texts, strict=True)],
        shortened(texts, letters_beside(ax, BESIDE, whole=True)),
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize="small",
        frameon=False,
        title=title,
        title_fontsize="small",
        alignment="left",
    )
    return ax


def _area(line: Any, hatch: str | None) -> Any:
    """Return what stands in a legend for what is filled, with the colour of its lines."""
    from matplotlib.patches import Patch

    color = line.get_color()
    return Patch(facecolor=(color, 0.3), edgecolor=color, hatch=hatch, linewidth=0.8)


def _mark(number: int, count: int) -> dict[str, Any]:
    """Return what tells the lines of one family from those of others, whatever their colours."""
    shape = _MARKS[number % len(_MARKS)]
    return {"marker": shape, "markersize": 5.5, "markerfacecolor": "white", "shift": (number + 0.5) / count}


def _name_tips(ax: Axes, bounds: Sequence[Bound], color: str) -> None:
    """Write the names of closed regions beside their ends at high mass, one below the other."""
    tips = []
    for bound in bounds:
        mass, *curves = max(bound.segments, key=lambda segment: segment[0].max())
        last = mass == mass.max()
        tips.append((float(np.exp(np.mean([np.log(c[last]).mean() for c in curves]))), float(mass.max()), bound.label))
    low, high = ax.get_ylim()
    step, free = (high / low) ** 0.035, np.inf
    for coupling, mass, label in sorted(tips, reverse=True):
        place = min(coupling, free)
        label_region(ax, 2.0 * mass, place, label, color=color, anchor=(mass, coupling), ha="left")
        free = place / step


def family(bound: Bound) -> str:
    """Return the family of a limit: fixed targets, or its collaboration; its label if neither is known.

    Examples
    --------
    >>> from cevns.bounds import get_bound
    >>> [family(get_bound("b-l", name)) for name in ("kloe-2012", "kloe-2018", "e137")]
    ['KLOE', 'KLOE', 'fixed targets']
    """
    if bound.kind in ("region", "contour"):
        return FIXED_TARGETS
    collaboration = bound.label.partition(" ")[0]
    return collaboration if collaboration in COLORS else bound.label


def _polygons(bound: Bound) -> list[Array]:
    """Return each piece of a bound as a polygon in the plane; what has no upper end is cut at `OPEN_ABOVE`."""
    regions = []
    for mass, *curves in bound.outlines(OPEN_ABOVE):
        low, high = np.maximum(curves[0], OPEN_BELOW), curves[-1]
        if bound.kind == "contour":
            regions.append(np.column_stack([mass, low]))
        else:
            regions.append(np.column_stack([np.append(mass, mass[::-1]), np.append(low, high[::-1])]))
    return regions


def _limit_lines(bound: Bound) -> list[Array]:
    """Return the parts of a bound's outline that are limits, not ends of its table."""
    if bound.kind == "lower":
        return [np.column_stack(without_steep_ends(*segment)) for segment in bound.segments]
    if bound.kind == "band":
        curves = [(mass, curve) for mass, *pair in bound.segments for curve in pair]
        return [np.column_stack(pair)[pair[1] > OPEN_BELOW] for pair in curves]
    lines = []
    for region in _polygons(bound):
        closed = np.append(region, region[:1], axis=0)
        mass, coupling = closed.T
        # sides that go straight up by more than this factor end a table; shorter ones close a tip
        cut = (mass[1:] == mass[:-1]) & (np.abs(np.log(coupling[1:] / coupling[:-1])) > np.log(_TIP))
        if not cut.any():
            lines.append(closed)
            continue
        start = int(np.argmax(cut)) + 1
        around = np.roll(region, -start, axis=0)
        parts = np.split(around, np.flatnonzero(np.roll(cut, -start)) + 1)
        lines += [part for part in parts if len(part) > 1]
    return lines


def _extent(bounds: Sequence[Bound]) -> tuple[Array, Array]:
    """Return the masses and couplings that axes have to hold."""
    coupling = np.concatenate([np.ravel(column) for b in bounds for segment in b.segments for column in segment[1:]])
    return np.ravel([b.mass_range for b in bounds]), coupling[coupling > 0]


def _quantities(bound: Bound) -> tuple[Quantity, Quantity]:
    return MASS, MIXING if bound.model == DARK_PHOTON else COUPLING
