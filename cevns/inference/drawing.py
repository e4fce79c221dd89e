"""What results look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.contours import Contour
from cevns.inference.estimates import Estimate
from cevns.inference.fits import Fit
from cevns.inference.intervals import SHOWN, Interval
from cevns.inference.levels import delta_chi2
from cevns.inference.limits import Limit
from cevns.inference.profiles import Profile
from cevns.inference.references import reference_chi2
from cevns.inference.scans import Scan
from cevns.plotting.canvas import draws, is_empty, label_or_none
from cevns.plotting.frames import chi2_axes, end_where_ranges_do, inside, mark, parameter_axes
from cevns.plotting.minima import mark_minima, minima_along
from cevns.plotting.plane import level_text, line_style, once, set_up_plane, with_legend
from cevns.plotting.ranges import cut, held
from cevns.plotting.regions import draw_bands, draw_lines, fill_regions, is_none, outlines, paler

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array
    from cevns.inference.results import Result

__all__ = [
    "check_drawable",
    "edges",
    "plot_contour",
    "plot_estimate",
    "plot_fit",
    "plot_interval",
    "plot_limit",
    "plot_profile",
    "plot_scan",
]


#: Room beside a mark on axes that grow for it, as a factor.
_ASIDE = 1.3


@draws
def plot_limit(
    limit: Limit,
    ax: Axes | None = None,
    *,
    color: str = "black",
    facecolor: Any = "0.85",
    linestyle: Any = "-",
    label: str | None = None,
    hatch: str | None = None,
    **options: Any,
) -> Axes:
    """Draw the excluded regions of exact intervals.

    Parameters
    ----------
    limit : Limit
        For at least two masses.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes without data become logarithmic ones of mass and coupling. Others grow, so that what is
        drawn is seen, unless their limits were set by somebody else.
    color : color
        Of the outline.
    facecolor : color
        Of the regions; ``"none"`` leaves them empty.
    linestyle : str
        Of the outline.
    label : str, optional
        For the legend; model, experiments, confidence level and its degrees of freedom unless given. Axes that were
        empty get a legend.
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
    ("$M_{Z'}$ [MeV]", ['$B-L$: CsI + Ar, 90% C.L. excluded (2 d.o.f.)'])
    """
    checks.instance("limit", limit, Limit)
    check_drawable(limit)
    limit = limit.ascending()
    if label is None:
        label = f"{limit.title}, {level_text(limit.cl, limit.dof, 'excluded')}"
    label = label_or_none(label)
    ends = edges(limit)
    legend, own = is_empty(ax), ax is None
    ax = set_up_plane(ax, limit.mass, ends if ends.size else np.array([1e-5]), labels=_labels(limit))
    regions, lines = outlines(limit.excluded, limit.mass)
    fill_regions(ax, regions, facecolor, color, hatch)
    draw_lines(ax, lines, label, color=color, linestyle=linestyle, **options)
    return with_legend(ax, new=legend, above=own)


@draws
def plot_scan(
    scan: Scan,
    ax: Axes | None = None,
    *,
    cl: float | Sequence[float] = (0.90,),
    dof: int | None = 2,
    reference: Any = None,
    color: Any = "black",
    facecolor: Any = "0.85",
    label: str | None = None,
) -> Axes:
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
        The chi2 from which delta chi2 counts, at least 0; the least on the grid unless given.
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
    ['$B-L$: Ar, 90% C.L. excluded (2 d.o.f.)', '$B-L$: Ar, 99% C.L. excluded (2 d.o.f.)']
    """
    checks.instance("scan", scan, Scan)
    if min(scan.chi2.shape) < 2:
        raise InputError(f"a scan needs at least two masses and two couplings to be drawn, got shape {scan.chi2.shape}")
    levels = sorted(np.atleast_1d(checks.floats("confidence level", cl)).ravel().tolist())
    label = label_or_none(scan.title if label is None else label)
    legend, own = is_empty(ax), ax is None
    ax = set_up_plane(ax, scan.mass, scan.coupling, labels=_labels(scan), exact=True)
    excess = (scan.chi2 - (scan.chi2.min() if reference is None else reference_chi2(reference))).T
    for i, level in enumerate(levels):
        threshold, style = delta_chi2(level, dof), line_style(i)
        # Matplotlib warns about levels that a grid does not reach
        if excess.min() < threshold < excess.max():
            with held(ax):
                if i == 0 and not is_none(facecolor):
                    ax.contourf(scan.mass, scan.coupling, excess, [threshold, np.inf], colors=[facecolor])
                ax.contour(
                    scan.mass, scan.coupling, excess, [threshold], colors=[color], linestyles=[style["linestyle"]]
                )
        text = f"{label}, {level_text(level, dof, 'excluded')}" if label else None
        draw_lines(ax, [], text, color=color, **style)
    return with_legend(ax, new=legend, above=own)


@draws
def plot_fit(fit: Fit, ax: Axes | None = None, *, label: str | None = None, **options: Any) -> Axes:
    """Mark a best fit in the plane of mass and coupling.

    Parameters
    ----------
    fit : Fit
        With a mass.
    ax : matplotlib.axes.Axes, optional
        As in `plot_limit`; axes without data show a decade around the point, others the point.
    label : str, optional
        For the legend; model and experiments unless given. Axes that were empty get a legend.
    **options
        Of the mark, for example ``marker`` or ``color``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If the fit is no point in the plane: it has no mass, or no coupling above 0.

    Examples
    --------
    >>> import cevns
    >>> fit = cevns.load("coherent-argon-2020").best_fit("b-l")
    >>> ax = plot_fit(fit)
    >>> ax.get_legend_handles_labels()[1]
    ['$B-L$: Ar, best fit']
    """
    checks.instance("fit", fit, Fit)
    if fit.mass is None or not fit.coupling > 0:
        raise InputError(
            f"a best fit of model {checks.shown(fit.model)} without a mass, or without a coupling above 0, is no point "
            "in the plane of mass and coupling: print it"
        )
    label = label_or_none(f"{fit.title}, best fit" if label is None else label)
    legend, own = is_empty(ax), ax is None
    aside = np.array([0.1, 10.0]) if legend else np.array([1 / _ASIDE, _ASIDE])
    mass, coupling = (fit.mass or 1.0) * aside, np.array([fit.coupling])
    ax = set_up_plane(ax, mass, coupling if legend else coupling * aside, labels=_labels(fit), exact=not legend)
    mark(ax, np.array([fit.mass, fit.coupling]), fit.parameters, label, **({"color": "black"} | options))
    return with_legend(ax, new=legend, above=own)


def check_drawable(limit: Limit) -> None:
    """Refuse a limit that is no curve in the plane.

    Raises
    ------
    InputError
        If it has no masses, or only one.
    """
    if limit.mass is None:
        raise InputError(
            f"a limit on model {checks.shown(limit.model)} cannot be drawn: a contact interaction has no mass axis, "
            "its coupling is all there is; print the intervals, which are limit.excluded[0], or draw likelihood.chi2 "
            "against the coupling"
        )
    if limit.mass.size < 2:
        raise InputError(
            f"a limit on model {checks.shown(limit.model)} needs at least two mediator masses to be drawn, got "
            f"{limit.mass.size}: compute it at more, or print limit.excluded"
        )


def edges(limit: Limit) -> Array:
    """Return all couplings above 0 at which an excluded interval of a limit begins or ends."""
    ends = np.concatenate([np.ravel(intervals) for intervals in limit.excluded])
    drawn: Array = ends[np.isfinite(ends) & (ends > 0)]
    return drawn


def _labels(result: Result) -> tuple[str, str]:
    mass, coupling = (parameter.axis_label for parameter in result.parameters)
    return mass, coupling


# --- any parameters --------------------------------------------------------------------------------------------------


@draws
def plot_contour(
    contour: Contour,
    ax: Axes | None = None,
    *,
    color: Any = "black",
    facecolor: Any = "0.85",
    label: str | None = None,
    **options: Any,
) -> Axes:
    """Draw the curves of a contour, and mark the best fit.

    Parameters
    ----------
    contour : Contour
        Curves of one or more levels.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes without data get the names of the parameters, and a logarithmic scale for one that has
        it if what is drawn stays away from 0. Others grow, unless their limits were set by somebody else.
    color : color
        Of the curves.
    facecolor : color
        Of what the lowest level allows; higher ones, which allow more, are paler. ``"none"`` leaves them empty.
    label : str, optional
        Start of the legend's text, which the level follows; model and experiments unless given.
    **options
        Of the curves, for example ``linewidth``.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import cevns
    >>> found = cevns.load("coherent-csi-2017").contour("sm", x="sin2_theta_w", y="rn_csi", cl=(0.68, 0.9))
    >>> ax = plot_contour(found)
    >>> ax.get_xlabel(), ax.get_legend_handles_labels()[1][0]
    ('$\\\\sin^2\\\\theta_W$', 'SM: CsI, 68% C.L. allowed (2 d.o.f.)')
    """
    checks.instance("contour", contour, Contour)
    label = label_or_none(contour.title if label is None else label)
    legend, own = is_empty(ax), ax is None
    best = np.array([contour.values[p.name] for p in contour.parameters])
    every = [curve for curves in contour.curves for curve in curves]
    parts = [part for curve in every for part in inside(curve)]
    ax = parameter_axes(ax, contour.parameters, parts or every, also=best)
    if legend:
        end_where_ranges_do(ax, every)
    # the outermost first, on which the others lie
    for i, curves in reversed([*enumerate(contour.curves)]):
        fill_regions(ax, [curve[:-1] for curve in curves], paler(facecolor, i), "none", None)
    for i, (level, curves) in enumerate(zip(contour.cl, contour.curves, strict=True)):
        text = f"{label}, {level_text(level, 2, 'allowed')}" if label else None
        lines = [part for curve in curves for part in inside(curve)]
        draw_lines(ax, lines, text, **({"color": color} | line_style(i) | options))
    text = f"{label}, best fit" if label else ""
    mark(ax, best, contour.parameters, text, color=color)
    return with_legend(ax, new=legend, above=own)


@draws
def plot_profile(profile: Profile, ax: Axes | None = None, *, label: str | None = None, **options: Any) -> Axes:
    """Draw chi2 above its minimum along one parameter.

    Parameters
    ----------
    profile : Profile
        chi2 at two values at least.
    ax : matplotlib.axes.Axes, optional
        As in `plot_contour`.
    label : str, optional
        For the legend; model and experiments unless given.
    **options
        Of the line.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is one value only.

    Examples
    --------
    >>> import cevns
    >>> ax = plot_profile(cevns.load("coherent-csi-2017").profile("sm", "rn_csi", [4.0, 5.0, 6.0]))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('$R_n(\\\\mathrm{CsI})$ [fm]', '$\\\\Delta\\\\chi^2$')
    """
    checks.instance("profile", profile, Profile)
    if profile.values.size < 2:
        raise InputError("a profile needs at least two values to be drawn, got 1: compute it at more, or print it")
    label = label_or_none(profile.title if label is None else label)
    legend, own = is_empty(ax), ax is None
    ax = chi2_axes(ax, profile.parameters[0], profile.values, float(profile.delta_chi2.max()))
    with held(ax):
        ax.plot(profile.values, profile.delta_chi2, label=label or None, **({"color": "black"} | options))
    return with_legend(ax, new=legend, above=own)


@draws
def plot_interval(
    interval: Interval,
    ax: Axes | None = None,
    *,
    color: Any = "black",
    facecolor: Any = "0.9",
    label: str | None = None,
    **options: Any,
) -> Axes:
    """Draw chi2 above its minimum along one parameter, the level, and what it allows.

    chi2 is shown up to four times the level; what rises higher leaves the axes. Samples that lie too far apart to be
    joined, which `Interval.joined` says, are drawn as points.

    Parameters
    ----------
    interval : Interval
        Allowed intervals.
    ax : matplotlib.axes.Axes, optional
        As in `plot_contour`.
    color, facecolor : color
        Of the lines, and of what is allowed; ``"none"`` leaves it empty between lines at its ends.
    label : str, optional
        For the legend, which says the level too; model and experiments unless given.
    **options
        Of the line of chi2.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import cevns
    >>> ax = plot_interval(cevns.load("coherent-csi-2017").interval("sm", "rn_csi"))
    >>> ax.get_legend_handles_labels()[1]
    ['SM: CsI', 'SM: CsI, 90% C.L. allowed (1 d.o.f.)', '$\\\\Delta\\\\chi^2 = 2.706$']
    """
    checks.instance("interval", interval, Interval)
    label = label_or_none(interval.title if label is None else label)
    legend, own = is_empty(ax), ax is None
    excess = interval.chi2 - interval.chi2_min
    # below 0, or far above it, if the level counts from another chi2 than the least
    lowest = float(excess.min()) if excess.size else 0.0
    height = max(lowest, 0.0) + SHOWN * interval.delta_chi2
    points = interval.points if interval.points.size else np.array([interval.best_fit])
    ax = chi2_axes(ax, interval.parameters[0], points, height, lowest)
    line = {} if interval.joined else {"linestyle": "none", "marker": ".", "markersize": 4}
    with held(ax):
        ax.plot(interval.points, excess, label=label or None, **({"color": color} | line | options))
        text = f"{label}, {level_text(interval.cl, 1, 'allowed')}" if label else None
        draw_bands(ax, cut(ax.xaxis, interval.allowed), text, facecolor=facecolor, edgecolor=color)
        level = rf"$\Delta\chi^2 = {interval.delta_chi2:.4g}$"
        named = once(ax, level if label else "")
        ax.axhline(interval.delta_chi2, color=color, linestyle=":", linewidth=1, label=named)
    return with_legend(ax, new=legend, above=own)


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
    if len(estimate.parameters) == 1:
        (p,) = estimate.parameters
        at = np.array([[m["values"][p.name], m["chi2"] - estimate.chi2] for m in estimate.minima])
        within = np.asarray(estimate.intervals[p.name], dtype=float).reshape(-1, 2)
        return with_legend(minima_along(ax, p, at, within, label, options), new=legend, above=own)
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
    mark_minima(ax, points, two, label, options)
    return with_legend(ax, new=legend, above=own)
