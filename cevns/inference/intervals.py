"""Exact allowed intervals of one parameter, others profiled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import below
from cevns.inference import headers
from cevns.inference.crossings import allowed, course
from cevns.inference.estimates import with_open_ends
from cevns.inference.headers import HeaderError
from cevns.inference.levels import delta_chi2
from cevns.inference.lower import until_lowest
from cevns.inference.minima import find_minima
from cevns.inference.objectives import Objective
from cevns.inference.references import chi2_of_fit
from cevns.inference.remarks import ONE_NAME, check_effect, jumped, remarks, shown_values
from cevns.inference.results import Result
from cevns.inference.samples import samples
from cevns.tabular import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from cevns._types import Array, Model
    from cevns.inference.crossings import Course
    from cevns.inference.lower import Met
    from cevns.likelihoods import Likelihood

__all__ = ["Interval", "interval"]

#: How high chi2 is shown, in units of the level.
SHOWN = 4.0

#: Of chi2 or the level: how exactly intervals of a file end where chi2 crosses the level.
_NEAR = 1e-2


@dataclass(frozen=True, eq=False, repr=False)
class Interval(Result):
    """Values of one parameter that are allowed at a confidence level of one degree of freedom.

    Attributes
    ----------
    cl : float
        Confidence level.
    delta_chi2 : float
        How far above `chi2_min` chi2 may be.
    chi2_min : float
        The chi2 from which it counts.
    best_fit : float
        Value of the parameter where chi2 is least.
    values : dict
        Values of all free parameters there, by name.
    allowed : ndarray, shape (k, 2)
        Ascending and disjoint intervals; infinite where the level is not reached before the parameter's range ends.
    profiled : tuple of str
        Parameters over which chi2 is minimised at each value.
    points, chi2 : ndarray, shape (m,)
        Ascending values of the parameter, and the profiled chi2 there: samples of the curve over the intervals, all
        that lies between them and beyond, until chi2 has risen to four times `delta_chi2` above `chi2_min`; of a
        plateau that goes on farther its beginning. Where chi2 lies higher, and something is profiled, it may be too
        high.
    joined : bool
        Whether there are so many samples that straight lines between them are the curve. If not, they are points and
        no more: those of files of cevns 0.1, of which some lie near the intervals and none between, and those of
        intervals for which a mass that needs a fold for each value is profiled.
    model, label, experiments, labels, parameters, fixed, remarks
        As of every `Result`.
    """

    cl: float
    delta_chi2: float
    chi2_min: float
    best_fit: float
    values: dict[str, float]
    allowed: Array
    profiled: tuple[str, ...]
    points: Array
    chi2: Array
    joined: bool = True

    kind: ClassVar[str] = "interval"
    suffix: ClassVar[str] = ".json"
    made_by: ClassVar[str] = "Interval.save or `cevns interval -o`"

    @property
    def name(self) -> str:
        """Of the parameter."""
        return self.parameters[0].name

    def allows(self, value: float) -> bool:
        """Return whether a value is allowed, ends included.

        Examples
        --------
        >>> import cevns
        >>> found = cevns.load("coherent-csi-2017").interval("sm", "sin2_theta_w", cl=0.90)
        >>> found.allows(0.2387), found.allows(0.4)
        (True, False)
        """
        value = checks.real(self.name, value)
        return any(low <= value <= high for low, high in self.allowed)

    def table(self) -> Table:
        """Return a row for each allowed interval, or one with None for both ends where nothing is allowed."""
        rows = self.allowed.tolist() or [(None, None)]
        unit = self.parameters[0].unit
        return Table(
            tuple(Column(f"allowed_{end}", unit, [row[i] for row in rows]) for i, end in enumerate(("from", "to")))
        )

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw chi2 above its minimum, with the level and what it allows; options of `cevns.plotting.plot_interval`."""
        from cevns.inference.drawing import plot_interval

        return plot_interval(self, ax=ax, **options)

    @property
    def _others(self) -> Iterable[str]:
        return self.profiled

    def _facts(self) -> str:
        shown = [f"[{low:.4g}, {high:.4g}]" for low, high in self.allowed[:3]]
        more = ["..."] if len(self.allowed) > 3 else []
        unit = f" {self.parameters[0].unit}" if shown and self.parameters[0].unit else ""
        return f"{below(self.cl, 1)} C.L., {self.name} in {' or '.join([*shown, *more]) or 'nothing'}{unit}"

    def _caption(self) -> str:
        return "; ".join([f"{self.subject}, {below(self.cl, 1)} C.L., allowed {self.name}", *self.remarks])

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        return {
            "cl": self.cl,
            "delta_chi2": self.delta_chi2,
            "chi2_min": self.chi2_min,
            "best_fit": self.best_fit,
            "values": self.values,
            "allowed": headers.finite(self.allowed),
            "profiled": list(self.profiled),
            "points": self.points.tolist(),
            "chi2": self.chi2.tolist(),
            "joined": self.joined,
        }, None

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, None, any_names=True)
        if len(fields["parameters"]) != 1:
            raise HeaderError(f"it has {len(fields['parameters'])} parameters, an interval is of one")
        name = fields["parameters"][0].name
        profiled = headers.names(about, "profiled")
        values = headers.entry(about, "values", dict, "JSON object")
        if set(values) != {name, *profiled}:
            raise HeaderError(f"its values are of {', '.join(values)}, not of {', '.join((name, *profiled))}")
        values = {key: headers.number(values, key) for key in values}
        best = headers.number(about, "best_fit")
        if best != values[name]:
            raise HeaderError(f"its best_fit {best:g} is not the value of {name}, {values[name]:g}")
        cl = checks.confidence_level(headers.number(about, "cl"))
        level = headers.level(about, cl, 1)
        points, chi2 = (headers.array(about, key, math.nan) for key in ("points", "chi2"))
        if points.shape != chi2.shape or points.ndim != 1 or not (np.diff(points) > 0).all():
            raise HeaderError("its points do not ascend, or have not one chi2 each")
        allowed, least = headers.intervals(about, "allowed"), headers.number(about, "chi2_min")
        for numbers in (best, points, allowed):
            headers.check_inside(fields["parameters"][0], numbers)
        headers.check_chi2("its chi2_min", least)
        inside = ((points[:, None] >= allowed[:, 0]) & (points[:, None] <= allowed[:, 1])).any(axis=1)
        # where chi2 is the level an end may lie on either side of a point
        known = np.abs(chi2 - (least + level)) > _NEAR * max(abs(least), level)
        if (inside != (chi2 <= least + level))[known].any():
            raise HeaderError("its allowed are not where its chi2 is at most delta_chi2 above chi2_min")
        return cls(
            cl,
            level,
            least,
            best,
            values,
            allowed,
            profiled,
            points,
            chi2,
            headers.entry(about, "joined", bool, "true or false") if "joined" in about else False,
            **fields,
        )


def interval(
    likelihood: Likelihood,
    interaction: Model,
    name: str,
    *,
    cl: float = 0.90,
    profiled: Sequence[str] | str = (),
    reference: Any = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> Interval:
    """Return the allowed intervals of one parameter, for one degree of freedom.

    Parameters
    ----------
    likelihood : Likelihood
        What allows.
    interaction : str or Interaction
        Interaction.
    name : str
        Parameter.
    cl : float
        Confidence level.
    profiled : sequence of str
        Parameters over which chi2 is minimised at each value.
    reference : float or fit, optional
        The chi2 from which the level counts; the least over `name` and `profiled` unless given. A fit must be one of
        the same model, data, priors and fixed values.
    bounds, priors, num_threads, **fixed
        As of `fit`.

    Returns
    -------
    Interval

    Raises
    ------
    UnknownNameError
        If a parameter is not known.
    InputError
        If a value is missing or out of range, chi2 does not depend on the parameter, or a reference is a fit whose
        chi2 is not that of this call at its point.

    Examples
    --------
    >>> import cevns
    >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
    >>> both.interval("sm", "sin2_theta_w", cl=0.6827).allowed.round(3)
    array([[0.229, 0.301]])
    """
    checks.instance("name", name, str, ONE_NAME)
    cl, above = checks.confidence_level(cl), delta_chi2(cl, 1)
    profiled = (profiled,) if isinstance(profiled, str) else checks.sequence("profiled", profiled, str)
    objective = Objective(
        likelihood, interaction, (name, *profiled), fixed, bounds=bounds, priors=priors, num_threads=num_threads
    )
    check_effect(objective, name)
    given = chi2_of_fit(reference, objective)

    def computed(met: Met) -> tuple[tuple[Course, bool], Array, tuple[float, ...]]:
        lowest = met.minima[0].chi2
        level = (lowest if given is None else given) + above
        profiled = met.profile_of([name], level)
        found = course(profiled, level)
        ranges, jumps = allowed(profiled, found, level)
        # also of what is allowed nowhere there is a picture
        least = lowest if given is None else max(lowest, given)
        top = least + SHOWN * above
        logarithmic = objective.parameter(name).scale == "log" and not profiled.objective.logarithmic[profiled.fixed[0]]
        # without more samples there is no need of a profile that is exact up there
        exact = profiled if profiled.objective.step is not None else met.profile_of([name], top)
        drawn = samples(exact, found, lowest, top, logarithmic=logarithmic)
        return drawn, ranges, jumps

    ((drawn, joined), ranges, jumps), minima, said = until_lowest(objective, find_minima(objective), computed)
    least, plain = minima[0].chi2 if given is None else given, objective.on_axes([name])
    index = plain.names.index(name)
    values = shown_values(objective, minima[0].point)
    points, first = np.unique(plain.value(index, drawn.places), return_index=True)
    return Interval(
        cl,
        above,
        least,
        values[name],
        values,
        with_open_ends(plain, index, ranges),
        tuple(profiled),
        points,
        drawn.chi2[first],
        joined,
        **objective.about,
        parameters=(objective.parameter(name),),
        remarks=(*remarks(objective, minima), *said, *_of_ends(plain, index, ranges, jumps)),
    )


def _of_ends(objective: Objective, index: int, ranges: Array, jumps: Sequence[float]) -> tuple[str, ...]:
    """Return what has to be said of the ends of intervals."""
    name, p = objective.names[index], objective.parameters[index]
    unit = f" {p.unit}" if p.unit else ""
    if not ranges.size:
        return (f"nothing of {name} is allowed: chi2 lies above the level everywhere",)
    out = []
    for side, end, value in ((0, objective.low[index], p.low), (1, objective.high[index], p.high)):
        if ranges[-side, side] == end and math.isinf(objective.open_end(name, 2 * side - 1)):
            where = "lower" if side == 0 else "upper"
            if side == 1 and name in objective.beyond:
                out.append(f"{name} is allowed however large it is, since above {value:.6g}{unit} it has no effect")
                continue
            out.append(f"{name} is allowed up to the {where} end of its range, {value:g}{unit}")
    return (*out, *jumped(objective, name, jumps))
