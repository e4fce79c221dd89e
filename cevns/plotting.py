"""Plot functions on Matplotlib axes: predictions, scans, limits and published bounds.

Every function draws on the axes it is given, or on new ones, and returns them. None shows a window: use ``ax.figure``,
or `save` for a file. Matplotlib is imported when a function is called, and pyplot never.
"""

import contextlib
import io
import logging

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.files import atomic_path, checked_path
from cevns.inference.levels import delta_chi2
from cevns.models import get_model, known_models
from cevns.models.vector import LARGEST_COUPLING

__all__ = [
    "COUPLING_LABEL",
    "MASS_LABEL",
    "MIXING_LABEL",
    "label_region",
    "log_ticks",
    "mass_coupling_axes",
    "new_figure",
    "outlines",
    "plot_bound",
    "plot_bounds",
    "plot_limit",
    "plot_prediction",
    "plot_scan",
    "point_label",
    "save",
    "scientific",
]

MASS_LABEL = r"$M_{Z'}$ [MeV]"
COUPLING_LABEL = r"$g_{Z'}$"
MIXING_LABEL = r"$\epsilon$"

#: Couplings at which regions that do not end are cut for drawing: outside any axes, so that they stay open on zooming.
OPEN_BELOW, OPEN_ABOVE = 1e-20, LARGEST_COUPLING

_UNITS = {"PE": "PE", "keVee": r"keV$_\mathrm{ee}$", "keVnr": r"keV$_\mathrm{nr}$"}
_LINE_STYLES = ("-", "--", "-.", ":")


def new_figure(**options):
    """Return a Matplotlib figure with a constrained layout, unknown to pyplot.

    Parameters
    ----------
    **options
        Of `matplotlib.figure.Figure`, for example ``figsize`` in inches.

    Raises
    ------
    MissingDependencyError
        If Matplotlib is not installed.
    """
    checks.optional_module("matplotlib", "plotting")
    from matplotlib.figure import Figure

    return Figure(**({"layout": "constrained"} | options))


def save(figure, path, *, metadata=None):
    """Write a figure to a file, whole or not at all; the suffix gives the format.

    The same figure gives the same bytes: no date is written.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What is written.
    path : str or path
        File name that ends in ``.pdf``, ``.png``, ``.svg`` or another format of Matplotlib.
    metadata : dict, optional
        Of the PDF: ``Title``, ``Subject`` and the like.

    Raises
    ------
    InputError
        If the suffix is not a format that Matplotlib writes.
    DataError
        If the file cannot be written.
    """
    path = checked_path(path)
    formats = figure.canvas.get_supported_filetypes()
    kind = path.suffix[1:].lower()
    if kind not in formats:
        known = ", ".join(sorted(formats))
        raise InputError(f"path {path} has the suffix {path.suffix!r}, which is not among: {known}")
    undated = {"pdf": {"CreationDate": None}, "ps": {}, "eps": {}, "svg": {"Date": None}}
    about = undated.get(kind, {}) | ((metadata or {}) if kind == "pdf" else {})
    with atomic_path(path) as temporary, _without_font_remarks():
        # not into the file, which Matplotlib does not close if the disk is full
        content = io.BytesIO()
        figure.savefig(content, format=kind, metadata=about)
        temporary.write_bytes(content.getbuffer())


@contextlib.contextmanager
def _without_font_remarks():
    """Keep fontTools from remarking on the time stamps of Matplotlib's own fonts when it embeds them."""
    logger = logging.getLogger("fontTools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def scientific(value, digits=2):
    """Return a number in Matplotlib's mathtext with at most `digits` significant digits, without dollar signs.

    Examples
    --------
    >>> scientific(8e-5), scientific(1e-3), scientific(25.0)
    ('8 \\\\times 10^{-5}', '10^{-3}', '25')
    """
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \times {power}"


def mass_coupling_axes(ax=None, *, mass=(0.1, 1e4), coupling=(1e-6, 1e-1)):
    """Set up logarithmic axes of mediator mass and coupling.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, optional
        Axes to set up; new ones unless given.
    mass : (float, float)
        Range of the mass [MeV].
    coupling : (float, float)
        Range of the coupling.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If a range does not ascend or is not positive.
    """
    mass = checks.ascending("mass", mass, unit="MeV", above=0, least=2)
    coupling = checks.ascending("coupling", coupling, above=0, least=2)
    ax = new_figure().add_subplot() if ax is None else ax
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(mass[0], mass[-1]),
        ylim=(coupling[0], coupling[-1]),
        xlabel=MASS_LABEL,
        ylabel=COUPLING_LABEL,
    )
    log_ticks(ax.xaxis)
    log_ticks(ax.yaxis)
    return ax


def log_ticks(axis):
    """Give a logarithmic Matplotlib axis a labelled tick at every decade and small ones between."""
    from matplotlib.ticker import LogLocator

    axis.set_major_locator(LogLocator(numticks=30))
    axis.set_minor_locator(LogLocator(subs=range(2, 10), numticks=300))


def outlines(intervals, mass):
    """Follow intervals from mass to mass and return the regions that they make up.

    Where an interval splits in two, or two become one, the line between them ends in a tip: the allowed strip of the
    universal model stays open, whatever happens below it.

    Parameters
    ----------
    intervals : sequence of ndarray, each of shape (k, 2)
        Ascending, disjoint intervals of the coupling at each mass, as in `Limit.excluded`.
    mass : array_like, shape (m,)
        Ascending masses [MeV].

    Returns
    -------
    regions : list of ndarray, each of shape (n, 2)
        Closed polygons of (mass, coupling). Outer ones and holes have opposite orientation. What does not end is cut at
        `OPEN_BELOW` and `OPEN_ABOVE`.
    lines : list of ndarray, each of shape (n, 2)
        The parts of their outlines that are limits: not the first and last mass, nor the cuts.

    Examples
    --------
    >>> below, split = np.array([[1.0, np.inf]]), np.array([[1.0, 2.0], [3.0, np.inf]])
    >>> regions, lines = outlines([below, split, split], [10.0, 20.0, 30.0])
    >>> len(regions), [len(line) for line in lines]  # the strip from its tip, and the lower edge
    (1, [4, 3])
    """
    mass = np.asarray(mass, dtype=float)
    chains = _follow(intervals, mass)
    regions, used = [], set()
    for first in chains:
        loop, chain = [], first
        # lower edges run towards higher masses and upper edges back, until the region closes
        while not (chain in used or (chain.upper and not loop)):
            used.add(chain)
            loop += reversed(chain.points) if chain.upper else chain.points
            chain = chain.left if chain.upper else chain.right
        if loop:
            regions.append(np.array(loop))
    return regions, [line for region in regions for line in _limits_of(region, mass[0], mass[-1])]


def plot_limit(limit, ax=None, *, color="black", facecolor="0.85", linestyle="-", label=None, hatch=None, **options):
    """Draw the excluded regions of exact intervals.

    Parameters
    ----------
    limit : Limit
        For at least two masses.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes without data become logarithmic ones of mass and coupling.
    color : color
        Of the outline.
    facecolor : color
        Of the regions; ``"none"`` leaves them empty.
    linestyle : str
        Of the outline.
    label : str, optional
        For the legend; experiments and confidence level unless given.
    hatch : str, optional
        Pattern of the regions.
    **options
        Of the outline, for example ``linewidth``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If the limit has no mass axis or only one mass.

    Examples
    --------
    >>> import cevns
    >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
    >>> ax = plot_limit(both.limit("b-l", mass=np.geomspace(1, 1e3, 31)))
    >>> ax.get_xlabel()
    "$M_{Z'}$ [MeV]"
    """
    if limit.mass is None or limit.mass.size < 2:
        raise InputError(f"a limit on model {limit.model!r} needs at least two mediator masses to be drawn")
    edges = np.concatenate([np.ravel(intervals) for intervals in limit.excluded])
    edges = edges[np.isfinite(edges) & (edges > 0)]
    ax = _plane(ax, limit.mass, edges if edges.size else np.array([1e-5]))
    if label is None:
        label = f"{' + '.join(limit.labels)}, {_percent(limit.cl)} C.L."
    regions, lines = outlines(limit.excluded, limit.mass)
    _fill(ax, regions, facecolor, color, hatch)
    return _draw(ax, lines, label, color=color, linestyle=linestyle, **options)


def plot_scan(scan, ax=None, *, cl=(0.90,), dof=2, reference=None, color="black", facecolor="0.85", label=None):
    """Draw the regions of a grid that are excluded at one or more confidence levels.

    Parameters
    ----------
    scan : Scan
        chi2 on a grid.
    ax : matplotlib.axes.Axes, optional
        As in `plot_limit`.
    cl : float or sequence of float
        Confidence levels. The region of the lowest is filled; the outlines differ by their line styles.
    dof : int
        Degrees of freedom of the levels.
    reference : float, optional
        The chi2 from which delta chi2 counts; the least on the grid unless given.
    color, facecolor : color
        Of the outlines and of the filled region.
    label : str, optional
        Start of the legend's text; the experiments unless given.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If a confidence level is outside (0, 1), or the grid has fewer than two masses or couplings.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> scan = argon.scan("b-l", np.geomspace(1, 1e3, 31), np.geomspace(1e-5, 1e-2, 31))
    >>> ax = plot_scan(scan, cl=(0.90, 0.99))
    >>> ax.get_legend_handles_labels()[1]
    ['Ar, 90% C.L.', 'Ar, 99% C.L.']
    """
    if min(scan.chi2.shape) < 2:
        raise InputError(f"a scan needs at least two masses and two couplings to be drawn, got shape {scan.chi2.shape}")
    levels = sorted(np.ravel(cl).tolist())
    ax = _plane(ax, scan.mass, scan.coupling, exact=True)
    excess = (scan.chi2 - (scan.chi2.min() if reference is None else checks.real("reference", reference))).T
    label = " + ".join(scan.labels) if label is None else label
    for i, level in enumerate(levels):
        threshold, style = delta_chi2(level, dof), _LINE_STYLES[i % len(_LINE_STYLES)]
        # Matplotlib warns about levels that a grid does not reach
        if excess.min() < threshold < excess.max():
            if i == 0:
                ax.contourf(scan.mass, scan.coupling, excess, [threshold, np.inf], colors=[facecolor])
            ax.contour(scan.mass, scan.coupling, excess, [threshold], colors=[color], linestyles=[style])
        _draw(ax, [], f"{label}, {_percent(level)} C.L.", color=color, linestyle=style)
    return ax


def plot_bound(bound, ax=None, *, color=None, facecolor=None, linestyle=None, label=None, hatch=None, **options):
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
        For the legend; the bound's label unless given, an empty one for none.
    hatch : str, optional
        Pattern of the region.
    **options
        Of the outline, for example ``linewidth``.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from cevns.bounds.magnetic_moments import MUON_ANOMALY
    >>> band = MUON_ANOMALY.band_bound("b-l", confidence_level=0.90)
    >>> ax = plot_bound(band, mass_coupling_axes())
    >>> len(ax.patches)
    1
    """
    segments = bound.outlines(OPEN_ABOVE)
    positive = np.concatenate([np.ravel(s[1]) for s in segments])
    ax = _plane(ax, np.array(bound.mass_range), positive[positive > 0], _coupling_label(bound))
    from matplotlib.colors import to_rgba

    color = ax._get_lines.get_next_color() if color is None else color
    facecolor = to_rgba(color, 0.25) if facecolor is None else facecolor
    linestyle = ("--" if bound.approximate else "-") if linestyle is None else linestyle
    regions, lines = [], []
    for mass, *curves in segments:
        low, high = np.maximum(curves[0], OPEN_BELOW), curves[-1]
        if bound.kind == "contour":
            regions.append(np.column_stack([mass, low]))
            lines.append(regions[-1])
            continue
        regions.append(np.column_stack([np.append(mass, mass[::-1]), np.append(low, high[::-1])]))
        if bound.kind == "region":
            lines.append(np.concatenate([regions[-1], regions[-1][:1]]))
        else:
            lines += [np.column_stack([mass, curve]) for curve in (low, high) if OPEN_BELOW < curve[0] < OPEN_ABOVE]
    # pieces of one experiment may overlap: each is filled on its own, so that none becomes a hole in another
    for region in regions:
        _fill(ax, [region], facecolor, color, hatch)
    return _draw(ax, lines, bound.label if label is None else label, color=color, linestyle=linestyle, **options)


def plot_bounds(bounds, ax=None, *, own=()):
    """Draw limits of other experiments together, one colour for each family, and limits of your own over them.

    Regions that do not end have one neutral tone, so that any number of them may overlap. Closed regions carry their
    names; a legend to the right of the axes has the others. The axes show the published curves in full; what is
    computed for any mass, like (g-2), is cut.

    Parameters
    ----------
    bounds : sequence of Bound
        All of the same model.
    ax : matplotlib.axes.Axes, optional
        As in `plot_limit`.
    own : sequence of Bound
        Drawn in black, without a filled region.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no bound, or they belong to different models.

    Examples
    --------
    >>> from cevns.bounds import bounds_for
    >>> ax = plot_bounds(bounds_for("b-l", figure="4b"))
    >>> [f"{end:g}" for end in ax.get_ylim()]
    ['1e-09', '1']
    """
    bounds, own = list(bounds), list(own)
    models = {bound.model for bound in bounds + own}
    if len(models) != 1:
        raise InputError(f"bounds must belong to one model, got {', '.join(sorted(models)) or 'none'}")
    from cevns.bounds.families import COLORS, FIXED_TARGETS, MAGNETIC_MOMENTS, family

    framing = [b for b in bounds + own if family(b) not in MAGNETIC_MOMENTS] or bounds + own
    coupling = np.concatenate([column for b in framing for segment in b.segments for column in segment[1:]])
    mass = np.array([b.mass_range for b in framing])
    closed = [bound for bound in bounds if family(bound) == FIXED_TARGETS]
    if len(closed) > 1:
        # room for the names
        mass = np.append(mass, 20 * max(b.mass_range[1] for b in closed))
    ax = _plane(ax, mass, coupling[coupling > 0], _coupling_label(framing[0]))
    groups = [family(bound) for bound in bounds]
    # open regions below closed ones below bands; opaque tones do not add up where regions overlap
    for kinds, tone in ((("lower",), "#e6e9f0"), (("region", "contour"), "#fbeedd"), (("band",), None)):
        for bound, group in zip(bounds, groups, strict=True):
            if bound.kind in kinds:
                color = COLORS.get(group, "black")
                alone = groups.count(group) == 1
                entry = "" if group in ax.get_legend_handles_labels()[1] else bound.label if alone else group
                plot_bound(bound, ax, color=color, facecolor=tone, label=entry, linewidth=0.8)
    if len(closed) > 1:
        _name_tips(ax, closed, COLORS[FIXED_TARGETS])
    # dashes say approximate
    styles = [style for style in _LINE_STYLES if style != "--"]
    for i, bound in enumerate(own):
        style = styles[i % len(styles)]
        plot_bound(bound, ax, color="black", facecolor="none", linestyle=style, linewidth=1.8, zorder=4)
    title = "dashed: recast or converted" if any(bound.approximate for bound in bounds) else None
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize="small",
        frameon=False,
        title=title,
        title_fontsize="small",
        alignment="left",
    )
    return ax


def _name_tips(ax, bounds, color):
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


def plot_prediction(predictions, ax=None, *, data=True, styles=()):
    """Draw predicted counts in the bins of an experiment, with the data.

    Parameters
    ----------
    predictions : Prediction or sequence of Prediction
        Of the same experiment.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.
    data : bool
        Whether to draw the observed counts minus the nominal beam-related backgrounds, with their uncertainties.
    styles : sequence of dict
        Line options for each prediction, for example ``label``, ``color`` and ``linestyle``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no prediction, they have different bins, or one is not for a single mass and coupling.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> ax = plot_prediction([argon.predict("sm"), argon.predict("b-l", 10, 5e-5)])
    >>> ax.get_legend_handles_labels()[1][0]
    'SM'
    """
    predictions = [predictions] if hasattr(predictions, "signal") else list(predictions)
    if not predictions:
        raise InputError("predictions is empty: give at least one")
    first = predictions[0]
    ax = new_figure().add_subplot() if ax is None else ax
    for i, prediction in enumerate(predictions):
        if not np.array_equal(prediction.bin_edges, first.bin_edges):
            raise InputError(f"predictions have different bins: {first.experiment} and {prediction.experiment}")
        if prediction.signal.ndim != 1:
            raise InputError(
                f"a prediction must be for one mass and coupling, got signal of shape {prediction.signal.shape}"
            )
        style = {"label": point_label(prediction.model, prediction.mass, prediction.coupling)}
        ax.stairs(prediction.signal, prediction.bin_edges, baseline=None, **(style | dict(styles[i] if styles else {})))
    if data:
        centre = 0.5 * (first.bin_edges[1:] + first.bin_edges[:-1])
        excess = first.observed - sum(first.backgrounds.values())
        options = {"fmt": "o", "color": "black", "markersize": 2.5, "linewidth": 0.8, "zorder": 3}
        ax.errorbar(centre, excess, first.uncertainty, label="data $-$ backgrounds", **options)
    unit = _UNITS.get(first.bin_unit, first.bin_unit)
    ax.set(xlabel=f"observed energy [{unit}]" if unit != "PE" else "number of photoelectrons [PE]")
    ax.set(ylabel="counts per bin", xlim=(first.bin_edges[0], first.bin_edges[-1]))
    return ax


def point_label(model, mass=None, coupling=None):
    """Return the text that names a model and its parameters in a legend.

    Examples
    --------
    >>> print(point_label("b-l", 10, 5e-5))
    $B-L$, $M_{Z'} = 10$ MeV, $g_{Z'} = 5 \\times 10^{-5}$
    """
    parts = [get_model(model).label if model in known_models() else str(model)]
    if mass is not None:
        parts.append(f"$M_{{Z'}} = {scientific(mass)}$ MeV")
    if coupling is not None:
        parts.append(f"$g_{{Z'}} = {scientific(coupling)}$")
    return ", ".join(parts)


def label_region(ax, mass, coupling, text, *, color="black", anchor=None, **options):
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
    """
    from matplotlib.patheffects import withStroke

    options = {"ha": "center", "va": "center", "zorder": 5, "fontsize": "small"} | options
    rim = [withStroke(linewidth=1.2, foreground="white")]
    if anchor is None:
        return ax.text(mass, coupling, text, color=color, path_effects=rim, **options)
    line = {"arrowstyle": "-", "color": color, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}
    return ax.annotate(text, anchor, (mass, coupling), color=color, path_effects=rim, arrowprops=line, **options)


def _coupling_label(bound):
    from cevns.bounds.curves import DARK_PHOTON

    return MIXING_LABEL if bound.model == DARK_PHOTON else COUPLING_LABEL


def _plane(ax, mass, coupling, label=COUPLING_LABEL, *, exact=False):
    """Return axes for the plane; those without data get its scales, labels and a range that shows what is drawn."""
    if ax is not None and (ax.has_data() or ax.get_xscale() == "log"):
        return ax
    low, high = coupling.min(), coupling.max()
    if not exact:
        low, high = 10.0 ** np.floor(np.log10(low / 2)), 10.0 ** np.ceil(np.log10(min(high, 0.1 * OPEN_ABOVE) * 2))
    ax = mass_coupling_axes(ax, mass=(mass.min(), mass.max()), coupling=(low, high))
    ax.set_ylabel(label)
    return ax


def _fill(ax, regions, facecolor, edgecolor, hatch):
    """Fill closed polygons as one patch, in which inner ones of opposite orientation are holes."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    if not regions or facecolor == "none":
        return
    outline = Outline.make_compound_path(*(Outline(np.append(r, r[:1], axis=0), closed=True) for r in regions))
    patch = PathPatch(outline, facecolor=facecolor, edgecolor=edgecolor if hatch else "none", linewidth=0, hatch=hatch)
    # not add_patch, which would stretch the axes to the cut of open regions
    ax.add_artist(patch)


def _draw(ax, lines, label, **options):
    """Draw outlines as one line with gaps and one entry in the legend."""
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([part for line in lines for part in (line, gap)]) if lines else gap
    ax.plot(*points.T, label=label or None, scalex=False, scaley=False, **options)
    return ax


def _percent(level):
    return f"{100 * level:.4g}%"


class _Chain:
    """One edge of intervals over consecutive masses, and the edges to which its two ends are joined."""

    def __init__(self, upper):
        self.upper = upper
        self.points = []
        self.left = self.right = None


def _follow(intervals, mass):
    """Return the edges of intervals as chains, each a lower or an upper one for its whole length."""
    chains, active, last = [], [], np.empty(0)
    for m, rows in zip(mass, intervals, strict=True):
        edges = np.clip(np.ravel(rows), OPEN_BELOW, OPEN_ABOVE)
        while last.size > edges.size:
            k = _odd_pair(last, edges)
            active[k].right, active[k + 1].right = active[k + 1], active[k]
            active, last = active[:k] + active[k + 2 :], np.delete(last, [k, k + 1])
        while last.size < edges.size:
            k = _odd_pair(edges, last)
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


def _odd_pair(more, fewer):
    """Return the index of the two neighbours in `more` without which it is closest to `fewer`."""
    cost = []
    for k in range(more.size - 1):
        rest = np.delete(more, [k, k + 1])
        size = min(rest.size, fewer.size)
        cost.append(np.abs(np.log(rest[:size] / fewer[:size])).sum())
    return int(np.argmin(cost))


def _limits_of(region, first, last):
    """Return the parts of a region's outline that are neither its first nor its last mass nor a cut."""
    closed = np.concatenate([region, region[:1]])
    ends = closed[:-1], closed[1:]
    hidden = np.zeros(len(region), dtype=bool)
    for column, value in ((0, first), (0, last), (1, OPEN_BELOW), (1, OPEN_ABOVE)):
        hidden |= (ends[0][:, column] == value) & (ends[1][:, column] == value)
    if not hidden.any():
        return [closed]
    start = int(np.argmax(hidden)) + 1
    order = np.roll(region, -start, axis=0)
    parts = np.split(order, np.flatnonzero(np.roll(hidden, -start)) + 1)
    return [part for part in parts if len(part) > 1]
