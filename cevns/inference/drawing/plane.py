"""Limits, scans and best fits in the plane of mass and coupling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.fits import Fit
from cevns.inference.levels import delta_chi2
from cevns.inference.limits import Limit
from cevns.inference.references import reference_chi2
from cevns.inference.scans import Scan
from cevns.plotting.canvas import draws, is_empty, label_or_none
from cevns.plotting.frames import mark
from cevns.plotting.looks import look, normal
from cevns.plotting.plane import level_text, set_up_plane, with_legend
from cevns.plotting.quantities import Quantity, quantity_of
from cevns.plotting.ranges import held
from cevns.plotting.regions import draw_lines, fill_regions, is_none, outlines, paler

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array
    from cevns.inference.results import Result

__all__ = ["check_drawable", "edges", "plot_fit", "plot_limit", "plot_scan"]

#: Room beside a mark on axes that grow for it, as a factor.
_ASIDE = 1.3
#: Couplings of both signs on an axis that is not linear, in units of the widest that are allowed at any mass.
NEAREST = 1e-2


@draws
def plot_limit(
    limit: Limit,
    ax: Axes | None = None,
    *,
    color: Any = None,
    facecolor: Any = None,
    linestyle: Any = None,
    label: str | None = None,
    hatch: str | None = None,
    **options: Any,
) -> Axes:
    """Draw the excluded regions of exact intervals.

    A coupling that has both signs gets an axis that is linear around 0, within what is allowed, and logarithmic beyond
    on either side; a linear one if that shows all of it.

    Parameters
    ----------
    limit : Limit
        For at least two masses.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes without data become logarithmic ones of mass and coupling. Others grow, so that what is
        drawn is seen, unless their limits were set by somebody else. Those that another result has named by other
        quantities are refused; those with labels of your own take anything.
    color : color, optional
        Of the outline; black unless given.
    facecolor : color, optional
        Of the regions; ``"none"`` leaves them empty. Grey unless given, in other tones for results that share axes.
    linestyle : str, optional
        Of the outline; solid unless given, and the next style where another result has it, which a `color` tells apart
        as well.
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
        If the limit has no mass axis or only one mass, or the axes show other quantities.

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
    ax = set_up_plane(ax, limit.mass, ends if ends.size else np.array([1e-5]), quantities=_quantities(limit))
    unit = None if limit.one_sided else float(np.abs(ends).min(initial=1.0))
    regions, lines = outlines(limit.excluded, limit.mass, unit=unit)
    drawn = look(ax, color=color, linestyle=linestyle, facecolor=facecolor)
    fill_regions(ax, regions, drawn.facecolor, drawn.color, hatch)
    draw_lines(ax, lines, label, **({"color": drawn.color} | drawn.lines[0] | normal(options)))
    return with_legend(ax, new=legend, above=own)


@draws
def plot_scan(
    scan: Scan,
    ax: Axes | None = None,
    *,
    cl: float | Sequence[float] = (0.90,),
    dof: int | None = 2,
    reference: Any = None,
    color: Any = None,
    facecolor: Any = None,
    label: str | None = None,
) -> Axes:
    """Draw the regions of a grid that are excluded at one or more confidence levels.

    Between the points of the grid nothing is known: a strip that is narrower than their distance comes out as a row of
    islands. `plot_limit` draws it as it is. Couplings of both signs have axes as there.

    Parameters
    ----------
    scan : Scan
        chi2 on a grid.
    ax : matplotlib.axes.Axes, optional
        As in `plot_limit`.
    cl : float or sequence of float
        Confidence levels, whose outlines differ by their line styles.
    dof : int
        Degrees of freedom of the levels.
    reference : float, optional
        The chi2 from which delta chi2 counts, at least 0; the least on the grid unless given.
    color, facecolor : color, optional
        Of the outlines, and of what the highest level excludes; what only lower ones exclude is paler, as in
        `plot_contour`. Line styles and tones are others where another result on the axes has them.
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
    ax = set_up_plane(ax, scan.mass, scan.coupling, quantities=_quantities(scan), exact=True)
    excess = (scan.chi2 - (scan.chi2.min() if reference is None else reference_chi2(reference))).T
    drawn = look(ax, color=color, facecolor=facecolor, count=len(levels))
    thresholds = [delta_chi2(level, dof) for level in levels]
    # Matplotlib warns about levels that a grid does not reach
    reached = [excess.min() < threshold < excess.max() for threshold in thresholds]
    with held(ax):
        # the highest level excludes least, and lies on the others
        for i, threshold in enumerate(thresholds):
            face = paler(drawn.facecolor, len(levels) - 1 - i)
            if reached[i] and not is_none(face):
                ax.contourf(scan.mass, scan.coupling, excess, [threshold, np.inf], colors=[face])
        for i, threshold in enumerate(thresholds):
            if reached[i]:
                lines: dict[str, Any] = {"colors": [drawn.color], "linestyles": [drawn.lines[i]["linestyle"]]}
                ax.contour(scan.mass, scan.coupling, excess, [threshold], **lines)
    for level, style in zip(levels, drawn.lines, strict=True):
        text = f"{label}, {level_text(level, dof, 'excluded')}" if label else None
        draw_lines(ax, [], text, color=drawn.color, **style)
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
    signed = len(fit.parameters) > 1 and fit.parameters[-1].low < fit.parameters[-1].origin
    if fit.mass is None or not (fit.coupling > 0 or signed):
        raise InputError(
            f"a best fit of model {checks.shown(fit.model)} without a mass, or without a coupling above 0, is no point "
            "in the plane of mass and coupling: print it"
        )
    label = label_or_none(f"{fit.title}, best fit" if label is None else label)
    legend, own = is_empty(ax), ax is None
    aside = np.array([0.1, 10.0]) if legend else np.array([1 / _ASIDE, _ASIDE])
    mass, coupling = (fit.mass or 1.0) * aside, np.array([fit.coupling])
    if signed:
        coupling = (fit.coupling or 1.0) * np.array([-1.0, 1.0])
    ax = set_up_plane(ax, mass, coupling if legend else coupling * aside, quantities=_quantities(fit), exact=not legend)
    options = normal(options)
    drawn = look(ax, color=options.get("color"), linestyle="none")
    style = {"color": drawn.color} | drawn.mark | options
    mark(ax, np.array([fit.mass, fit.coupling]), fit.parameters, label, **style)
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
    """Return all couplings at which an excluded interval of a limit begins or ends, without 0 where they begin there.

    Of those of both signs one that is nearer to 0 than anything at most masses counts as far as these.
    """
    finite = [row[np.isfinite(row)] for row in map(np.ravel, limit.excluded)]
    ends = np.concatenate(finite)
    if limit.one_sided:
        return ends[ends > 0]
    widest = [np.abs(row).max() for row in finite if row.size]
    least = NEAREST * min(widest, default=0.0)
    return np.where(np.abs(ends) < least, np.copysign(least, ends), ends)


def _quantities(result: Result) -> tuple[Quantity, Quantity]:
    mass, coupling = map(quantity_of, result.parameters)
    return mass, coupling
