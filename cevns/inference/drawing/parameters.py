"""Contours, profiles, intervals and fits in any parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.contours import Contour
from cevns.inference.estimates import Estimate
from cevns.inference.intervals import SHOWN, Interval
from cevns.inference.profiles import Profile
from cevns.plotting.canvas import draws, is_empty, label_or_none
from cevns.plotting.frames import chi2_axes, corners, end_where_ranges_do, inside, mark, parameter_axes
from cevns.plotting.looks import look, normal
from cevns.plotting.minima import mark_minima, minima_along
from cevns.plotting.plane import level_text, once, with_legend
from cevns.plotting.ranges import cut, held
from cevns.plotting.regions import draw_bands, draw_lines, fill_regions, paler

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

__all__ = ["plot_contour", "plot_estimate", "plot_interval", "plot_profile"]


@draws
def plot_contour(
    contour: Contour,
    ax: Axes | None = None,
    *,
    color: Any = None,
    facecolor: Any = None,
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
        it if what is drawn stays away from 0. Others grow, unless their limits were set by somebody else. Those that
        another result has named by other parameters are refused; those with labels of your own take anything.
    color : color, optional
        Of the curves; black unless given. Those of other results on the same axes have the next line styles.
    facecolor : color, optional
        Of what the lowest level allows; higher ones, which allow more, are paler. ``"none"`` leaves them empty. Grey
        unless given, in other tones for results that share axes.
    label : str, optional
        Start of the legend's text, which the level follows; model and experiments unless given.
    **options
        Of the curves, for example ``linewidth``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If `contour` is no such result, or an option is none of Matplotlib's.

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
    ax = parameter_axes(ax, contour.parameters, parts or every, also=np.concatenate([best[None], corners(every)]))
    if legend:
        end_where_ranges_do(ax, every)
    # the outermost first, on which the others lie
    options = normal(options)
    drawn = look(ax, color=color, facecolor=facecolor, linestyle=options.get("linestyle"), count=len(contour.curves))
    for i, curves in reversed([*enumerate(contour.curves)]):
        fill_regions(ax, [curve[:-1] for curve in curves], paler(drawn.facecolor, i), "none", None)
    for i, (level, curves) in enumerate(zip(contour.cl, contour.curves, strict=True)):
        text = f"{label}, {level_text(level, 2, 'allowed')}" if label else None
        lines = [part for curve in curves for part in inside(curve)]
        draw_lines(ax, lines, text, **({"color": drawn.color} | drawn.lines[i] | options))
    text = f"{label}, best fit" if label else ""
    mark(ax, best, contour.parameters, text, color=drawn.color, **drawn.mark)
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
        Of the line, black and solid unless given; those of other results on the same axes have the next styles.

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
    options = normal(options)
    drawn = look(ax, color=options.get("color"), linestyle=options.get("linestyle"))
    style = {"color": drawn.color} | drawn.lines[0] | options
    with held(ax):
        ax.plot(profile.values, profile.delta_chi2, label=label or None, **style)
    return with_legend(ax, new=legend, above=own)


@draws
def plot_interval(
    interval: Interval,
    ax: Axes | None = None,
    *,
    color: Any = None,
    facecolor: Any = None,
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
    color, facecolor : color, optional
        Of the lines, and of what is allowed; ``"none"`` leaves it empty between lines at its ends. Black and grey
        unless given; other results on the same axes have the next line styles and other tones.
    label : str, optional
        For the legend, which says the level too; model and experiments unless given.
    **options
        Of the line of chi2.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If `interval` is no such result, or an option is none of Matplotlib's.

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
    options = normal(options)
    drawn = look(ax, color=color, facecolor=facecolor, linestyle=options.get("linestyle"), face="0.9")
    color, line = drawn.color, drawn.lines[0]
    if not interval.joined:
        line = {"linestyle": "none", "marker": ".", "markersize": 4}
    with held(ax):
        ax.plot(interval.points, excess, label=label or None, **({"color": color} | line | options))
        text = f"{label}, {level_text(interval.cl, 1, 'allowed')}" if label else None
        draw_bands(ax, cut(ax.xaxis, interval.allowed), text, facecolor=drawn.facecolor, edgecolor=color)
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

    Raises
    ------
    InputError
        If `estimate` is no such result, or an option is none of Matplotlib's.

    Examples
    --------
    >>> import cevns
    >>> found = cevns.load("coherent-csi-2017").fit("sm", ["sin2_theta_w", "rn_csi"])
    >>> plot_estimate(found).get_legend_handles_labels()[1][1:]
    ['SM: CsI, best fit', 'other minima, $\\\\Delta\\\\chi^2 \\\\leq 9$']
    """
    checks.instance("estimate", estimate, Estimate)
    label = label_or_none(f"{estimate.title}, best fit" if label is None else label)
    legend, own = is_empty(ax), ax is None
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
    options = normal(options)
    drawn = look(ax, color=options.get("color"))
    options = {"color": drawn.color} | options
    for k, axis in enumerate((ax.xaxis, ax.yaxis)):
        lines = [np.insert(row[:, None], 1 - k, points[0, 1 - k], axis=1) for row in cut(axis, rows[k])]
        text = once(ax, r"$\Delta\chi^2 \leq 1$, others profiled" if k == 0 and label else "")
        with held(ax):
            draw_lines(ax, lines, text, color=options["color"], linewidth=1, linestyle=drawn.lines[0]["linestyle"])
    mark_minima(ax, points, two, label, options, drawn)
    return with_legend(ax, new=legend, above=own)
