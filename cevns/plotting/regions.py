"""Regions of the plane of mass and coupling, drawn from arrays: outlines, filled regions, shading, lines and names."""

from __future__ import annotations

import numpy as np

from cevns.plotting.canvas import checked_label, draws
from cevns.plotting.plane import OPEN_ABOVE, OPEN_BELOW
from cevns.plotting.signs import signed_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from cevns._types import Array

__all__ = [
    "counterclockwise",
    "draw_bands",
    "draw_lines",
    "fill_regions",
    "is_none",
    "label_region",
    "outlines",
    "paler",
    "shade_above",
    "without_steep_ends",
]

#: Layers of a shading, and the most points of their outlines.
_LAYERS, _LAYER_POINTS = 32, 120
#: A curve's end is a stroke if it rises outwards by this factor at least, and as this power of the mass.
_STROKE_RISE, _STROKE_POWER = 3.0, 15.0
#: Distance in log(mass) at which a curve's end counts as that of the axes.
_EDGE = 1e-3


def outlines(intervals: Sequence[Array], mass: Array, *, unit: float | None = None) -> tuple[list[Array], list[Array]]:
    """Follow intervals from mass to mass and return the regions that they make up.

    Where an interval splits in two, or two become one, the line between them ends in a tip: the allowed strip of the
    universal model stays open, whatever happens below it.

    Parameters
    ----------
    intervals : sequence of ndarray, each of shape (k, 2)
        Ascending, disjoint intervals of the coupling at each mass, as in `Limit.excluded`.
    mass : array_like, shape (m,)
        Ascending masses [MeV].
    unit : float, optional
        Of couplings that have both signs: a size below which all count as near to 0. They are positive unless given.

    Returns
    -------
    regions : list of ndarray, each of shape (n, 2)
        Closed polygons of (mass, coupling). Outer ones and holes have opposite orientation. What does not end is cut at
        `OPEN_BELOW` and `OPEN_ABOVE`, or at `OPEN_ABOVE` on either side of 0.
    lines : list of ndarray, each of shape (n, 2)
        The parts of their outlines that are limits: not the first and last mass, nor the cuts, nor what leads to
        them, where one mass has no end of the region and the next one nothing that is excluded.

    Examples
    --------
    >>> below, split = np.array([[1.0, np.inf]]), np.array([[1.0, 2.0], [3.0, np.inf]])
    >>> regions, lines = outlines([below, split, split], [10.0, 20.0, 30.0])
    >>> len(regions), [len(line) for line in lines]  # the strip from its tip, and the lower edge
    (1, [4, 3])
    """
    mass = np.asarray(mass, dtype=float)
    below = OPEN_BELOW if unit is None else -OPEN_ABOVE
    order = np.log if unit is None else lambda values: signed_order(values, unit)
    chains = _follow([np.clip(np.ravel(rows), below, OPEN_ABOVE) for rows in intervals], mass, order)
    regions, used = [], set()
    for first in chains:
        loop: list[tuple[float, float]] = []
        chain = first
        # lower edges run towards higher masses and upper edges back, until the region closes
        while not (chain in used or (chain.upper and not loop)):
            used.add(chain)
            loop += reversed(chain.points) if chain.upper else chain.points
            chain = chain.left if chain.upper else chain.right
        if loop:
            regions.append(np.array(loop))
    cuts = below, OPEN_ABOVE
    return regions, [line for region in regions for line in _limits_of(region, mass[0], mass[-1], cuts)]


def without_steep_ends(mass: Array, coupling: Array) -> tuple[Array, Array]:
    """Return a limit curve without the strokes with which tables often end.

    Where a search ends, many tables go straight up to a huge coupling within a few per cent of the mass: a line there
    would look like a measurement. A stroke is an end that falls inwards by a factor of 3 or more, at least as the
    15th power of the mass.

    Parameters
    ----------
    mass, coupling : array_like, shape (n,)
        Ascending masses [MeV] and couplings above 0.

    Returns
    -------
    mass, coupling : ndarray
        What remains, at least one point.

    Examples
    --------
    >>> mass, coupling = without_steep_ends([1.0, 10.0, 12.0, 12.1], [1e-4, 1e-4, 2e-4, 0.3])
    >>> mass.tolist()
    [1.0, 10.0, 12.0]
    """
    x, y = np.log(mass), np.log(coupling)
    first, last = _stroke(x, y), x.size - _stroke(-x[::-1], y[::-1])
    return np.asarray(mass)[first:last], np.asarray(coupling)[first:last]


def _stroke(x: Array, y: Array) -> int:
    """Return how many points at the start belong to a stroke."""
    rising = np.flatnonzero(np.diff(y) >= 0)
    bottom = (int(rising[0]) if rising.size else y.size - 1) + 1
    x, y = x[:bottom], y[:bottom]
    # a new lowest value of this sum is reached by a fall that is steep from every point before it
    tilted = y + _STROKE_POWER * x
    steep = (tilted <= np.minimum.accumulate(tilted)) & (y[0] - y >= np.log(_STROKE_RISE))
    return int(np.flatnonzero(steep)[-1]) if steep.any() else 0


@draws
def shade_above(
    ax: Axes,
    segments: Sequence[Any],
    color: str,
    *,
    opacity: float = 0.45,
    rise: float = 4.0,
    fade: float = 2.5,
    zorder: float = 1.0,
) -> None:
    """Shade the excluded side of a limit that has no upper end: strongest at the curve, and nothing far above it.

    Any number of limits may overlap, since none covers the plane above it, and where a curve ends its shading fades,
    since the end of a table is no limit.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With logarithmic scales.
    segments : sequence of (ndarray, ndarray)
        Ascending masses [MeV] and couplings of each piece of the curve.
    color : color
        Of the shading.
    opacity : float
        At the curve.
    rise : float
        Factor in the coupling after which nothing is left.
    fade : float
        Factor in the mass over which it fades at both ends.
    zorder : float
        Order of drawing.

    Examples
    --------
    >>> from cevns.plotting import mass_coupling_axes
    >>> ax = mass_coupling_axes()
    >>> shade_above(ax, [(np.array([1.0, 100.0]), np.array([1e-4, 1e-3]))], "tab:blue")
    >>> len(ax.collections) > 0
    True
    """
    from matplotlib.collections import PathCollection
    from matplotlib.colors import to_rgb
    from matplotlib.path import Path as Outline

    segments = [(mass, coupling) for mass, coupling in segments if len(mass) > 1]
    if not segments:
        return
    x, y = _envelope(segments)
    inset = min(np.log(fade), 0.3 * (x[-1] - x[0]))
    # an end that the axes do not show needs no fading
    first, last = np.log(sorted(ax.get_xlim()))
    insets = inset * (x[0] > first + _EDGE), inset * (x[-1] < last - _EDGE)
    layers = []
    for k in range(1, _LAYERS + 1):
        left, right = x[0] + insets[0] * (k - 1) / _LAYERS, x[-1] - insets[1] * (k - 1) / _LAYERS
        ends = np.array([left, right])
        inner = x[(x > left) & (x < right)]
        row = np.concatenate([ends[:1], inner, ends[1:]])
        low = np.interp(row, x, y)
        high = low + np.log(rise) * (k / _LAYERS) ** 1.5
        layers.append(Outline(np.exp(np.column_stack([np.append(row, row[::-1]), np.append(low, high[::-1])]))))
    alpha = 1 - (1 - opacity) ** (1 / _LAYERS)
    shading = PathCollection(layers, facecolors=[(*to_rgb(color), alpha)], edgecolors="none", zorder=zorder)
    shading.set_transform(ax.transData)
    ax.add_collection(shading, autolim=False)
    shading.set_clip_path(_open_above(segments), ax.transData)
    shading.set_clip_box(ax.bbox)


def _envelope(segments: Sequence[Any]) -> tuple[Array, Array]:
    """Return log(mass) and a curve in log(coupling) that follows the lowest points of all pieces."""
    x = np.concatenate([np.log(mass) for mass, _ in segments])
    y = np.concatenate([np.log(coupling) for _, coupling in segments])
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    grid = np.linspace(x[0], x[-1], _LAYER_POINTS)
    low = np.interp(grid, x, y)
    step = grid[1] - grid[0]
    for i, (start, end) in enumerate(zip(*np.searchsorted(x, [grid - step, grid + step]), strict=True)):
        low[i] = min(low[i], y[start:end].min(initial=np.inf))
    return grid, low


def _open_above(segments: Sequence[Any]) -> Any:
    from matplotlib.path import Path as Outline

    pieces = []
    for mass, coupling in segments:
        corners = np.array([[mass[-1], OPEN_ABOVE], [mass[0], OPEN_ABOVE]])
        points = np.concatenate([np.column_stack([mass, coupling]), corners])
        pieces.append(Outline(np.append(points, points[:1], axis=0), closed=True))
    return Outline.make_compound_path(*pieces)


@draws
def label_region(
    ax: Axes,
    mass: float,
    coupling: float,
    text: str,
    *,
    color: str = "black",
    anchor: tuple[float, float] | None = None,
    **options: Any,
) -> Text:
    """Write a name into the plane of mass and coupling, with a white rim so that it stays legible over lines.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes.
    mass, coupling : float
        Where the text has its centre.
    text : str
        Name.
    color : color
        Of the text.
    anchor : (float, float), optional
        Mass [MeV] and coupling of a point to which a thin line leads from the text.
    **options
        Of the text, for example ``rotation`` or ``fontsize``.

    Returns
    -------
    matplotlib.text.Text

    Examples
    --------
    >>> from cevns.plotting import mass_coupling_axes
    >>> label_region(mass_coupling_axes(), 10.0, 1e-3, "excluded").get_text()
    'excluded'
    """
    from matplotlib.patheffects import withStroke

    text = checked_label(text)
    usual: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 5, "fontsize": "small"}
    options = usual | options
    rim = [withStroke(linewidth=1.2, foreground="white")]
    if anchor is None:
        return ax.text(mass, coupling, text, color=color, path_effects=rim, **options)
    line = {"arrowstyle": "-", "color": color, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}
    return ax.annotate(text, anchor, (mass, coupling), color=color, path_effects=rim, arrowprops=line, **options)


def fill_regions(ax: Axes, regions: Sequence[Array], facecolor: Any, edgecolor: Any, hatch: str | None) -> None:
    """Fill closed polygons as one patch, in which inner ones of opposite orientation are holes."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    if not regions or is_none(facecolor):
        return
    outline = Outline.make_compound_path(*(Outline(np.append(r, r[:1], axis=0), closed=True) for r in regions))
    patch = PathPatch(outline, facecolor=facecolor, edgecolor=edgecolor if hatch else "none", linewidth=0, hatch=hatch)
    # not add_patch, which would stretch the axes to the cut of open regions
    ax.add_artist(patch)


def draw_bands(ax: Axes, intervals: Array, label: str | None, *, facecolor: Any, edgecolor: Any) -> None:
    """Draw intervals of x over the whole height of axes, with lines at their ends if they are not filled."""
    from matplotlib.patches import Rectangle

    empty = is_none(facecolor)
    for k, (low, high) in enumerate(intervals):
        style: dict[str, Any] = (
            {"fill": False, "edgecolor": edgecolor, "linewidth": 0.8, "linestyle": (0, (4, 3))}
            if empty
            else {"facecolor": facecolor, "linewidth": 0}
        )
        place: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "zorder": 0, "label": None if k else label}
        # not add_patch, which would stretch the axes to the cut of open intervals; their own upper and lower sides lie
        # outside
        ax.add_artist(Rectangle((low, -0.1), high - low, 1.2, **place, **style))


def paler(color: Any, times: int) -> Any:
    """Return a colour that has come half as near to white, some times; what is no colour stays."""
    if is_none(color) or not times:
        return color
    from matplotlib.colors import to_rgba

    *parts, alpha = to_rgba(color)
    return (*(1 - (1 - part) * 0.5**times for part in parts), alpha)


def is_none(color: Any) -> bool:
    """Return whether a colour is the one that draws nothing."""
    return isinstance(color, str) and color.lower() == "none"


def draw_lines(ax: Axes, lines: Sequence[Array], label: str | None, **options: Any) -> Axes:
    """Draw outlines as one line with gaps and one entry in the legend."""
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([part for line in lines for part in (line, gap)]) if lines else gap
    ax.plot(*points.T, label=label or None, scalex=False, scaley=False, **options)
    return ax


def counterclockwise(polygon: Array) -> Array:
    """Return a polygon with one orientation: several in one patch then are their union."""
    x, y = np.log(polygon).T
    return polygon if np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) >= 0 else polygon[::-1]


class _Chain:
    """One edge of intervals over consecutive masses, and the edges to which its two ends are joined."""

    def __init__(self, upper: bool) -> None:
        self.upper = upper
        self.points: list[tuple[float, float]] = []
        self.left: _Chain
        self.right: _Chain


def _follow(rows: Sequence[Array], mass: Array, order: Callable[[Array], Array]) -> list[_Chain]:
    """Return edges of intervals as chains, each a lower or an upper one for its whole length.

    How near edges are to each other is told by the differences of their `order`.
    """
    chains: list[_Chain] = []
    active: list[_Chain] = []
    last = np.empty(0)
    for m, edges in zip(mass, rows, strict=True):
        while last.size > edges.size:
            k = _odd_pair(order(last), order(edges))
            active[k].right, active[k + 1].right = active[k + 1], active[k]
            active, last = active[:k] + active[k + 2 :], np.delete(last, [k, k + 1])
        while last.size < edges.size:
            k = _odd_pair(order(edges), order(last))
            pair = _Chain(k % 2 == 1), _Chain(k % 2 == 0)
            pair[0].left, pair[1].left = pair[1], pair[0]
            chains += pair
            active, last = [*active[:k], *pair, *active[k:]], np.insert(last, k, edges[k : k + 2])
        for chain, edge in zip(active, edges, strict=True):
            chain.points.append((m, edge))
        last = edges
    for a, b in zip(active[::2], active[1::2], strict=True):
        a.right, b.right = b, a
    return chains


def _odd_pair(more: Array, fewer: Array) -> int:
    """Return the index of the two neighbours in `more` without which it is closest to `fewer`."""
    cost = []
    for k in range(more.size - 1):
        rest = np.delete(more, [k, k + 1])
        size = min(rest.size, fewer.size)
        cost.append(np.abs(rest[:size] - fewer[:size]).sum())
    return int(np.argmin(cost))


def _limits_of(region: Array, first: float, last: float, cuts: tuple[float, float]) -> list[Array]:
    """Return the parts of a region's outline that are neither its first nor its last mass, nor touch a cut."""
    closed = np.concatenate([region, region[:1]])
    ends = closed[:-1], closed[1:]
    hidden = np.zeros(len(region), dtype=bool)
    for mass in (first, last):
        hidden |= (ends[0][:, 0] == mass) & (ends[1][:, 0] == mass)
    for cut in cuts:
        hidden |= (ends[0][:, 1] == cut) | (ends[1][:, 1] == cut)
    if not hidden.any():
        return [closed]
    start = int(np.argmax(hidden)) + 1
    order = np.roll(region, -start, axis=0)
    parts = np.split(order, np.flatnonzero(np.roll(hidden, -start)) + 1)
    return [part for part in parts if len(part) > 1]
