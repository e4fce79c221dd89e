"""What the objects of this package look like: predictions, scans, limits, and the limits of other experiments."""

from collections.abc import Mapping

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.levels import delta_chi2
from cevns.models import get_model, known_models
from cevns.plotting.canvas import checked_label, draws, is_empty, new_figure
from cevns.plotting.plane import (
    COUPLING_LABEL,
    MIXING_LABEL,
    OPEN_ABOVE,
    OPEN_BELOW,
    draw_lines,
    fill_regions,
    label_region,
    outlines,
    scientific,
    set_up_plane,
    shade_above,
    without_steep_ends,
)

__all__ = [
    "plot_bound",
    "plot_bounds",
    "plot_limit",
    "plot_prediction",
    "plot_published",
    "plot_scan",
    "point_label",
]

_UNITS = {"PE": "PE", "keVee": r"keV$_\mathrm{ee}$", "keVnr": r"keV$_\mathrm{nr}$"}
_LINE_STYLES = ("-", "--", "-.", ":")
#: Most that the two edges of a closed region differ where it ends in a tip.
_TIP = 6.0


@draws
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
        For the legend; model, experiments and confidence level unless given. Axes that were empty get a legend.
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
    >>> ax.get_xlabel(), ax.get_legend_handles_labels()[1]
    ("$M_{Z'}$ [MeV]", ['$B-L$: CsI + Ar, 90% C.L.'])
    """
    from cevns.inference.limits import Limit

    checks.instance("limit", limit, Limit)
    _check_drawable(limit)
    limit = limit.ascending()
    if label is None:
        label = f"{_model_label(limit.model)}: {' + '.join(limit.labels)}, {_percent(limit.cl)} C.L."
    label = _checked(label)
    edges = _edges(limit)
    legend = is_empty(ax)
    ax = set_up_plane(ax, limit.mass, edges if edges.size else np.array([1e-5]))
    regions, lines = outlines(limit.excluded, limit.mass)
    fill_regions(ax, regions, facecolor, color, hatch)
    draw_lines(ax, lines, label, color=color, linestyle=linestyle, **options)
    return _with_legend(ax) if legend and label else ax


@draws
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
        Start of the legend's text, which the level follows; model and experiments unless given. Axes that were empty
        get a legend.

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
    ['$B-L$: Ar, 90% C.L.', '$B-L$: Ar, 99% C.L.']
    """
    from cevns.inference.scans import Scan

    checks.instance("scan", scan, Scan)
    if min(scan.chi2.shape) < 2:
        raise InputError(f"a scan needs at least two masses and two couplings to be drawn, got shape {scan.chi2.shape}")
    levels = sorted(np.atleast_1d(checks.floats("confidence level", cl)).ravel().tolist())
    label = _checked(f"{scan.label}: {' + '.join(scan.labels)}" if label is None else label)
    legend = is_empty(ax)
    ax = set_up_plane(ax, scan.mass, scan.coupling, exact=True)
    excess = (scan.chi2 - (scan.chi2.min() if reference is None else checks.real("reference", reference))).T
    for i, level in enumerate(levels):
        threshold, style = delta_chi2(level, dof), _LINE_STYLES[i % len(_LINE_STYLES)]
        # Matplotlib warns about levels that a grid does not reach
        if excess.min() < threshold < excess.max():
            if i == 0:
                ax.contourf(scan.mass, scan.coupling, excess, [threshold, np.inf], colors=[facecolor])
            ax.contour(scan.mass, scan.coupling, excess, [threshold], colors=[color], linestyles=[style])
        draw_lines(ax, [], f"{label}, {_percent(level)} C.L.", color=color, linestyle=style)
    return _with_legend(ax) if legend else ax


@draws
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
    >>> from cevns.plotting import mass_coupling_axes
    >>> band = MUON_ANOMALY.band_bound("b-l", confidence_level=0.90)
    >>> ax = plot_bound(band, mass_coupling_axes())
    >>> len(ax.patches)
    1
    """
    from cevns.bounds.curves import Bound

    checks.instance("bound", bound, Bound)
    label = _checked(bound.label if label is None else label)
    segments = bound.outlines(OPEN_ABOVE)
    positive = np.concatenate([np.ravel(s[1]) for s in segments])
    ax = set_up_plane(ax, np.array(bound.mass_range), positive[positive > 0], _coupling_label(bound))
    from matplotlib.colors import to_rgba

    color = ax._get_lines.get_next_color() if color is None else color
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
    bounds, ax=None, *, color=None, opacity=0.45, rise=4.0, label=None, hatch=None, linestyle=None, **options
):
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
        For the legend; the label of the first bound unless given, an empty one for none.
    hatch : str, optional
        Pattern of closed regions and bands.
    linestyle : str, optional
        Of the lines; dashed for recasts and approximate conversions unless given, and solid for others.
    **options
        Of the lines, for example ``linewidth``.

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
    from cevns.bounds.curves import Bound

    bounds = _listed("bounds", bounds, Bound)
    opacity, rise = checks.real("opacity", opacity, low=0, high=1), checks.real("rise", rise, above=1)
    if not bounds:
        raise InputError("bounds is empty: give at least one")
    label = _checked(bounds[0].label if label is None else label)
    ax = set_up_plane(ax, *_extent(bounds), _coupling_label(bounds[0]))
    color = ax._get_lines.get_next_color() if color is None else color
    closed = [region for bound in bounds if bound.kind != "lower" for region in _polygons(bound)]
    if opacity:
        fill_regions(ax, [_counterclockwise(region) for region in closed], (color, opacity), color, hatch)
    for bound in bounds:
        lines = _limit_lines(bound)
        if bound.kind == "lower" and opacity:
            shade_above(ax, [line.T for line in lines], color, opacity=opacity, rise=rise)
        style = ("--" if bound.approximate else "-") if linestyle is None else linestyle
        draw_lines(ax, lines, label, color=color, linestyle=style, **options)
        label = ""
    return ax


@draws
def plot_bounds(bounds, ax=None, *, own=()):
    """Draw limits of other experiments together, one colour for each family, and limits of your own over them.

    They are drawn as by `plot_published`: limits that do not end are shaded on their excluded side only, so that any
    number of them may overlap. Closed regions carry their names; a legend to the right of the axes has the others. The
    axes show the published curves in full; what is computed for any mass, like (g-2), is cut.

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
    from cevns.bounds.curves import Bound
    from cevns.inference.limits import Limit

    bounds, own = _listed("bounds", bounds, Bound), _listed("own", own, (Bound, Limit))
    models = {bound.model for bound in bounds + own}
    if len(models) != 1:
        raise InputError(f"bounds must belong to one model, got {', '.join(sorted(models)) or 'none'}")
    from cevns.bounds.families import COLORS, FIXED_TARGETS, MAGNETIC_MOMENTS, family

    limits = [curve for curve in own if isinstance(curve, Limit)]
    for limit in limits:
        _check_drawable(limit)
    known = bounds + [curve for curve in own if isinstance(curve, Bound)]
    framing = [b for b in known if family(b) not in MAGNETIC_MOMENTS] or ([] if limits else known)
    columns = [column for b in framing for segment in b.segments for column in segment[1:]]
    coupling = np.concatenate([*columns, *map(_edges, limits)])
    mass = np.ravel([*(b.mass_range for b in framing), *((c.mass.min(), c.mass.max()) for c in limits)])
    closed = [bound for bound in bounds if family(bound) == FIXED_TARGETS]
    if len(closed) > 1:
        # room for the names
        mass = np.append(mass, 20 * max(b.mass_range[1] for b in closed))
    coupling = coupling[coupling > 0]
    first = (bounds + own)[0]
    ax = set_up_plane(ax, mass, coupling if coupling.size else np.array([1e-5]), _coupling_label(first))
    groups = {}
    for bound in bounds:
        groups.setdefault(family(bound), []).append(bound)
    # bands lie over closed regions and these over limits without an end
    for kinds in (("lower",), ("region", "contour"), ("band",)):
        for group, members in groups.items():
            drawn = [bound for bound in members if bound.kind in kinds]
            if drawn:
                entry = members[0].label if len(members) == 1 else group
                plot_published(drawn, ax, color=COLORS.get(group), opacity=0.3, rise=3.0, label=entry, linewidth=0.8)
    if len(closed) > 1:
        _name_tips(ax, closed, COLORS[FIXED_TARGETS])
    # dashes say approximate
    styles = [style for style in _LINE_STYLES if style != "--"]
    for i, curve in enumerate(own):
        style = styles[i % len(styles)]
        draw = plot_limit if isinstance(curve, Limit) else plot_bound
        draw(curve, ax, color="black", facecolor="none", linestyle=style, linewidth=1.8, zorder=4)
    title = "dashed: recast or converted" if any(bound.approximate for bound in known) else None
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


@draws
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
    from cevns.predictions import Prediction

    predictions = _listed("predictions", predictions, Prediction)
    styles = checks.sequence("styles", styles, Mapping, "it holds line options for each prediction")
    if styles and len(styles) != len(predictions):
        raise InputError(f"styles are {len(styles)} for {len(predictions)} predictions: give one for each, or none")
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
        style |= dict(styles[i] if styles else {})
        style["label"] = checked_label(style["label"])
        ax.stairs(prediction.signal, prediction.bin_edges, baseline=None, **style)
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


def _check_drawable(limit):
    """Refuse a limit that is no curve in the plane."""
    if limit.mass is None:
        raise InputError(
            f"a limit on model {checks.shown(limit.model)} cannot be drawn: a contact interaction has no mass "
            "axis, its coupling "
            "is all there is; print the intervals, which are limit.excluded[0], or draw likelihood.chi2 against the "
            "coupling"
        )
    if limit.mass.size < 2:
        raise InputError(
            f"a limit on model {checks.shown(limit.model)} needs at least two mediator masses to be drawn, got "
            f"{limit.mass.size}: "
            "compute it at more, or print limit.excluded"
        )


def _edges(limit):
    """Return all couplings at which an excluded interval of a limit begins or ends."""
    edges = np.concatenate([np.ravel(intervals) for intervals in limit.excluded])
    return edges[np.isfinite(edges) & (edges > 0)]


def _listed(name, curves, kind):
    """Return one curve or several as a list, of the kinds that can be drawn."""
    return [curves] if isinstance(curves, kind) else list(checks.sequence(name, curves, kind))


def _model_label(model):
    """Return a model's name in mathtext; that of your own is plain text."""
    return get_model(model).label if model in known_models() else str(model).replace("$", r"\$")


def _with_legend(ax):
    ax.legend(fontsize="small", frameon=False)
    return ax


def _polygons(bound):
    """Return each piece of a bound as a polygon in the plane; what has no upper end is cut at `OPEN_ABOVE`."""
    regions = []
    for mass, *curves in bound.outlines(OPEN_ABOVE):
        low, high = np.maximum(curves[0], OPEN_BELOW), curves[-1]
        if bound.kind == "contour":
            regions.append(np.column_stack([mass, low]))
        else:
            regions.append(np.column_stack([np.append(mass, mass[::-1]), np.append(low, high[::-1])]))
    return regions


def _counterclockwise(polygon):
    """Return a polygon with one orientation: several in one patch then are their union."""
    x, y = np.log(polygon).T
    return polygon if np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) >= 0 else polygon[::-1]


def _limit_lines(bound):
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


def _extent(bounds):
    """Return the masses and couplings that axes have to hold."""
    coupling = np.concatenate([np.ravel(column) for b in bounds for segment in b.segments for column in segment[1:]])
    return np.ravel([b.mass_range for b in bounds]), coupling[coupling > 0]


def _checked(label):
    return checked_label(checks.instance("label", label, str)) if label else ""


def _coupling_label(bound):
    from cevns.bounds.curves import DARK_PHOTON

    return MIXING_LABEL if bound.model == DARK_PHOTON else COUPLING_LABEL


def _percent(level):
    return f"{100 * level:.4g}%"
