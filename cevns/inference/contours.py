"""Contours of chi2 in the plane of two parameters, others profiled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import below
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.crossings import allowed, course
from cevns.inference.fields import Field
from cevns.inference.headers import HeaderError
from cevns.inference.levels import delta_chi2
from cevns.inference.lower import until_lowest
from cevns.inference.minima import find_minima
from cevns.inference.objectives import Objective
from cevns.inference.planes import Plane, Starts
from cevns.inference.polygons import encloses
from cevns.inference.references import chi2_of_fit
from cevns.inference.remarks import check_effect, jumped, remarks, shown_values
from cevns.inference.results import Result
from cevns.inference.tracing import Bottom, trace
from cevns.parameters import LARGEST_COUPLING, common_shape
from cevns.tabular import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cevns._types import Array, ArrayLike, Model
    from cevns.inference.lower import Met
    from cevns.inference.minima import Minimum
    from cevns.inference.profiled import Profiled
    from cevns.likelihoods import Likelihood

__all__ = ["Contour", "contour"]

#: Values of a logarithmic axis below the least structure that are linear, as a share of it.
LINEAR = 0.1
#: Counts are the difference of so many times as large ones where rounding shows in chi2, and where valleys are so
#: narrow that a jump at the end of one says that it was left.
CANCELLED, NARROW = 1e10, 1e4
#: How far around what is allowed chi2 is made as fast as can be, as a share of that.
AROUND = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class Contour(Result):
    """Closed curves around what is allowed in the plane of two parameters, for two degrees of freedom.

    Attributes
    ----------
    cl, delta_chi2 : tuple of float
        Confidence levels, ascending, and how far above `chi2_min` chi2 is on their curves.
    chi2_min : float
        The chi2 from which they count.
    values : dict
        Values of all free parameters where chi2 is least, by name.
    curves : tuple of tuple of ndarray, each of shape (n, 2)
        For each level its closed curves: vertices (x, y), the first one repeated at the end. What is allowed lies on
        the left: outer curves go counterclockwise, those around holes clockwise. Where a region leaves the range of a
        parameter, its curve goes along the end of it; `remarks` say so.
    profiled : tuple of str
        Parameters over which chi2 is minimised at each point.
    model, label, experiments, labels, parameters, fixed, remarks
        As of every `Result`; the parameters are x and y.
    """

    cl: tuple[float, ...]
    delta_chi2: tuple[float, ...]
    chi2_min: float
    values: dict[str, float]
    curves: tuple[tuple[Array, ...], ...]
    profiled: tuple[str, ...]

    kind: ClassVar[str] = "contour"
    suffix: ClassVar[str] = ".json"
    made_by: ClassVar[str] = "Contour.save or `cevns contour -o`"

    def allows(self, x: ArrayLike, y: ArrayLike, level: int = 0, *, cl: float | None = None) -> Any:
        """Return whether points lie inside the curves of one level.

        Parameters
        ----------
        x, y : array_like
            Points, which broadcast.
        level : int
            Which of the levels, counted from 0; the first, which is the lowest and encloses least, unless given.
        cl : float, optional
            The same by its confidence level, which is one of those of the contour.

        Returns
        -------
        ndarray of bool, or bool

        Notes
        -----
        Ends of ranges along which a curve goes are inside. Edges of curves lie near the level, not on it: beside them
        chi2 may tell otherwise, by up to 1 % of `delta_chi2`.

        Raises
        ------
        InputError
            If a value is not finite, the shapes do not broadcast, there is no such level, or both are given.

        Examples
        --------
        >>> import cevns
        >>> csi = cevns.load("coherent-csi-2017")
        >>> found = csi.contour("sm", x="sin2_theta_w", y="rn_csi")
        >>> found.allows([0.2387, 0.9], 5.0).tolist()
        [True, False]
        >>> csi.contour("sm", x="sin2_theta_w", y="rn_csi", cl=(0.68, 0.95)).allows(0.2387, 4.1, cl=0.95)
        True
        """
        if cl is not None:
            level = self._level_of(cl, level)
        k = checks.whole("level", level, high=len(self.curves) - 1)
        given = zip((p.name for p in self.parameters), (x, y), strict=True)
        numbers = {name: checks.array(name, value) for name, value in given}
        shape = common_shape(numbers)
        x, y = (np.broadcast_to(value, shape) for value in numbers.values())
        inside = encloses(self.curves[k], x.ravel(), y.ravel()).reshape(shape)
        return inside if inside.ndim else bool(inside)

    def _level_of(self, cl: Any, level: int) -> int:
        if level:
            raise InputError(f"level = {checks.shown(level)} and cl = {checks.shown(cl)} are given: leave one out")
        cl = checks.confidence_level(cl)
        found = next((k for k, own in enumerate(self.cl) if math.isclose(cl, own, rel_tol=1e-9)), None)
        if found is None:
            known = " and ".join(below(own, 1, 6) for own in self.cl)
            raise InputError(f"cl = {cl:g} is not among the levels of the contour, {known}: draw the contour with it")
        return found

    def table(self) -> Table:
        """Return a row for each vertex: confidence level, number of the curve, x and y."""
        rows = [
            (cl, k, *vertex)
            for cl, curves in zip(self.cl, self.curves, strict=True)
            for k, curve in enumerate(curves)
            for vertex in curve.tolist()
        ]
        columns: list[Any] = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
        x, y = self.parameters
        return Table(
            (
                Column("cl", "", columns[0]),
                Column("curve", "", columns[1]),
                Column(x.name, x.unit, columns[2]),
                Column(y.name, y.unit, columns[3]),
            ),
            keys=3,
        )

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the curves; options of `cevns.plotting.plot_contour`."""
        from cevns.inference.drawing import plot_contour

        return plot_contour(self, ax=ax, **options)

    @property
    def _others(self) -> Iterable[str]:
        return self.profiled

    def _facts(self) -> str:
        axes = " x ".join(Column(p.name, p.unit, ()).head for p in self.parameters)
        levels = ", ".join(
            f"{below(cl, 1)} C.L. {len(curves)} curve{'' if len(curves) == 1 else 's'}"
            for cl, curves in zip(self.cl, self.curves, strict=True)
        )
        return f"{axes}, {levels}"

    def _caption(self) -> str:
        return "; ".join([f"{self.subject}, {self._facts()}", *self.remarks])

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        return {
            "cl": list(self.cl),
            "delta_chi2": list(self.delta_chi2),
            "chi2_min": self.chi2_min,
            "values": self.values,
            "profiled": list(self.profiled),
            "curves": [[curve.tolist() for curve in curves] for curves in self.curves],
        }, None

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, None, any_names=True)
        if len(fields["parameters"]) != 2:
            raise HeaderError(f"it has {len(fields['parameters'])} parameters, a contour is of two")
        profiled = headers.names(about, "profiled")
        levels = headers.array(about, "cl", math.nan)
        above = headers.array(about, "delta_chi2", math.nan)
        if levels.ndim != 1 or not levels.size or levels.shape != above.shape or not (np.diff(levels) > 0).all():
            raise HeaderError("its confidence levels do not ascend, or have not one delta_chi2 each")
        for cl, level in zip(levels.tolist(), above.tolist(), strict=True):
            headers.level({"delta_chi2": level}, checks.confidence_level(cl), 2)
        names = [p.name for p in fields["parameters"]]
        values = headers.entry(about, "values", dict, "JSON object")
        if list(values) != [*names, *profiled]:
            raise HeaderError(f"its values are of {', '.join(values)}, not of {', '.join([*names, *profiled])}")
        groups = headers.entry(about, "curves", list, "list")
        if len(groups) != levels.size or not all(isinstance(group, list) for group in groups):
            raise HeaderError("it has not one list of curves for each level")
        curves = tuple(tuple(headers.array({"curve": c}, "curve", math.nan) for c in group) for group in groups)
        for curve in (c for group in curves for c in group):
            if curve.ndim != 2 or curve.shape[1] != 2 or len(curve) < 4 or not np.isfinite(curve).all():
                raise HeaderError("a curve is no list of pairs of numbers")
            if (curve[0] != curve[-1]).any():
                raise HeaderError("a curve is not closed")
            for parameter, places in zip(fields["parameters"], curve.T, strict=True):
                headers.check_inside(parameter, places)
        least, best = headers.number(about, "chi2_min"), {name: headers.number(values, name) for name in values}
        headers.check_chi2("its chi2_min", least)
        for parameter in fields["parameters"]:
            headers.check_inside(parameter, best[parameter.name])
        return cls(
            tuple(levels.tolist()),
            tuple(above.tolist()),
            least,
            best,
            curves,
            profiled,
            **fields,
        )


def contour(
    likelihood: Likelihood,
    interaction: Model,
    x: str,
    y: str,
    *,
    cl: float | Sequence[float] = (0.90,),
    profiled: Sequence[str] | str = (),
    reference: Any = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> Contour:
    """Return the closed curves of one or more confidence levels, for two degrees of freedom.

    Parameters
    ----------
    likelihood : Likelihood
        What allows.
    interaction : str or Interaction
        Interaction.
    x, y : str
        Parameters of the plane.
    cl : float or sequence of float
        Confidence levels.
    profiled : sequence of str
        Parameters over which chi2 is minimised at each point.
    reference : float or fit, optional
        The chi2 from which levels count; the least over all free parameters unless given. A fit must be one of the
        same model, data, priors and fixed values.
    bounds, priors, num_threads, **fixed
        As of `fit`.

    Returns
    -------
    Contour

    Raises
    ------
    UnknownNameError
        If a parameter is not known.
    InputError
        If `x` and `y` are the same, a value is missing or out of range, chi2 does not depend on one of them, or a
        region goes on without an end in a parameter that has no range: `bounds` give it one.

    Examples
    --------
    >>> import cevns
    >>> csi = cevns.load("coherent-csi-2017")
    >>> found = csi.contour("sm", x="sin2_theta_w", y="rn_csi")
    >>> [len(curves) for curves in found.curves]  # the radius, and a weak angle of 0 with a large one
    [2]
    """
    for key, name in (("x", x), ("y", y)):
        checks.instance(key, name, str, "the name of a parameter")
    if x == y:
        raise InputError(f"x and y are both {x}: a plane needs two parameters")
    levels = tuple(
        sorted({checks.confidence_level(c) for c in np.ravel(checks.floats("confidence level", cl)).tolist()})
    )
    if not levels:
        raise InputError("cl is empty: give at least one confidence level")
    profiled = (profiled,) if isinstance(profiled, str) else checks.sequence("profiled", profiled, str)
    objective = Objective(
        likelihood, interaction, (x, y, *profiled), fixed, bounds=bounds, priors=priors, num_threads=num_threads
    )
    check_effect(objective, x, y)
    given = chi2_of_fit(reference, objective)
    above = tuple(delta_chi2(c, 2) for c in levels)

    def computed(met: Met) -> list[tuple[tuple[Array, ...], list[str]]]:
        least = met.minima[0].chi2 if given is None else given
        return [_curves(met, (x, y), least + extra) for extra in above]

    parts, minima, more = until_lowest(objective, find_minima(objective), computed)
    least, curves = minima[0].chi2 if given is None else given, [found for found, _ in parts]
    said = [*remarks(objective, minima), *more]
    said += [f"{below(c, 1)} C.L.: {text}" for c, (_, texts) in zip(levels, parts, strict=True) for text in texts]
    return Contour(
        levels,
        above,
        least,
        shown_values(objective, minima[0].point),
        tuple(curves),
        tuple(profiled),
        **objective.about,
        parameters=(objective.parameter(x), objective.parameter(y)),
        remarks=tuple(said),
    )


def _curves(met: Met, names: tuple[str, str], level: float) -> tuple[tuple[Array, ...], list[str]]:
    """Return the curves of one level, and what has to be said of them."""
    if met.minima[0].chi2 > level:
        return (), ["nothing is allowed, chi2 lies above the level everywhere"]
    low, high, inside, said = _hull(met, names, level)
    box = None if inside is None else _around(inside)
    profiled = met.profile_of(names, level, plain=_plain(met.objective, names), box=box)
    objective = profiled.objective
    plane = Plane(profiled, _units(objective, profiled, low, high))
    field = Field(plane, level, profiled.minima[0].chi2, *plane.of_axes(np.array([low, high])))
    if inside is not None:
        field.lean(field.spots(plane.of_axes(inside[:, profiled.fixed])))
    found = trace(field, [_bottom(field, m, level) for m in profiled.minima])
    if found.lost or found.left:
        said.append(
            f"the region may have more parts, or holes, than these curves show: {found.lost} points on the level lie "
            f"on none of them, {found.left} where chi2 is known on the wrong side; narrower bounds may help"
        )
    bottom = field.spots(plane.of_axes(profiled.minima[0].point[None, profiled.fixed]))
    if not encloses(found.curves, *bottom.T)[0]:
        said.append(
            "no curve around the minimum was found: what is allowed there is too small or too narrow to be followed; "
            "narrower bounds, or a higher confidence level, may help"
        )
    if found.missed > 1e-6:
        said.append(f"a vertex misses the level by {found.missed:.2g}, where the profile jumps between branches")
    return tuple(field.values(curve) for curve in found.curves), said


def _bottom(field: Field, minimum: Minimum, level: float) -> Bottom:
    """Return a minimum as one of the field."""
    profiled = field.plane.profiled
    values = minimum.point[profiled.fixed]
    spot = field.spots(field.plane.of_axes(values[None]))
    slopes = field.slope(values)
    covariance = slopes @ (minimum.basis @ minimum.basis.T)[np.ix_(profiled.fixed, profiled.fixed)] @ slopes.T
    sizes, vectors = np.linalg.eigh(covariance)
    # chi2 rises by about 1/2 over the vectors of the basis
    height = max(abs(level - minimum.chi2), 1e-3 * field.unit)
    lengths = np.sqrt(2 * np.maximum(sizes, 1e-24) * height).clip(1e-9, 1.0)
    axes = (vectors * lengths)[:, ::-1]
    start = Starts(minimum.point[None], profiled.bases(1))
    return Bottom(spot[0], (minimum.chi2 - level) / field.unit, start, axes)


def _plain(objective: Objective, names: Sequence[str]) -> list[str]:
    """Return the parameters of a plane that have their own axes.

    A mediator's coupling has not if its mass is the other one: what is allowed follows the propagator over decades, in
    strips that on its own axis are as thin as lines.
    """
    own = {objective.names[i] for i, mass, _ in objective.units if objective.names[mass] in names}
    return [name for name in names if name not in own]


def _around(points: Array) -> tuple[Array, Array]:
    """Return the corners of a box around points, shape (m, n)."""
    first, last = points.min(axis=0), points.max(axis=0)
    margin = AROUND * (last - first)
    return first - margin, last + margin


def _hull(met: Met, names: tuple[str, str], level: float) -> tuple[Array, Array, Array | None, list[str]]:
    """Return the ends of all that lies below a level along both axes, points there, and what has to be said of it.

    The points are of all parameters, on the axes of the profile; None unless something is profiled.

    Raises
    ------
    InputError
        If it goes on up to a range that is only there to keep numbers finite, or in a valley that becomes too narrow.
    """
    low, high = np.empty(2), np.empty(2)
    said: list[str] = []
    inside: list[Array] = []
    for k, name in enumerate(names):
        one = met.profile_of([name], level, plain=_plain(met.objective, names))
        objective, i = one.objective, met.objective.names.index(name)
        _check_closed(one, names, np.array([m.point for m in one.minima]), CANCELLED)
        found = course(one, level, hull=len(objective.names) > 2)
        inside.append(found.points[found.chi2 <= level])
        ranges, jumps = allowed(one, found, level)
        left = bool({ranges[0, 0], ranges[-1, 1]}.intersection(jumps))
        _check_closed(one, names, inside[k], NARROW if left else CANCELLED)
        said += jumped(objective, name, jumps)
        low[k], high[k] = ranges[0, 0], ranges[-1, 1]
        p = objective.parameters[i]
        for side, end, value in ((-1, objective.low[i], p.low), (1, objective.high[i], p.high)):
            if (low, high)[side > 0][k] != end or math.isfinite(objective.open_end(name, side)):
                continue
            if abs(value) >= LARGEST_COUPLING:
                raise InputError(
                    f"the region goes on in {name} without an end: give bounds={{{name!r}: (low, high)}} to close it"
                )
            unit = f" {p.unit}" if p.unit else ""
            if side > 0 and name in objective.beyond:
                said.append(f"the region goes on beyond {name} = {value:.6g}{unit}, above which it has no effect")
                continue
            said.append(f"the region goes on beyond {name} = {value:g}{unit}, the end of its range, which closes it")
    if len(met.objective.names) == 2:
        return low, high, None, said
    return low, high, np.concatenate(inside), said


def _check_closed(one: Profiled, names: Sequence[str], inside: Array, most: float) -> None:
    """Refuse a region that goes on along a coupling of the plane in a valley that becomes ever narrower.

    Raises
    ------
    InputError
        If counts at some of the points inside, shape (m, n), are the difference of more than so many times larger ones.
    """
    if one.cancelled(inside).max(initial=0.0) > most:
        name = next((n for n in names if not one.objective.logarithmic[one.objective.names.index(n)]), names[0])
        raise InputError(
            f"the region goes on in {name} without an end that could be seen: other couplings make up for it, in a "
            f"valley that becomes ever narrower; give bounds={{{name!r}: (low, high)}} to close it"
        )


def _units(objective: Objective, profiled: Profiled, low: Array, high: Array) -> tuple[float | None, float | None]:
    """Return where axes of couplings that span decades begin to be linear, None for others."""
    out: list[float | None] = []
    for k, i in enumerate(profiled.fixed):
        p, unit = objective.parameters[i], None
        if p.scale == "log" and not objective.logarithmic[i] and low[k] >= 0:
            other = profiled.fixed[1 - k]
            rows = np.tile(profiled.minima[0].point, (17, 1))
            rows[:, other] = np.linspace(low[1 - k], high[1 - k], 17)
            steps = high[k] * 10.0 ** np.arange(-12.0, 0.5, 0.25)
            lines = np.repeat(rows[:, None, :], steps.size, axis=1)
            lines[:, :, i] = steps
            start = rows.copy()
            start[:, i] = max(objective.low[i], 0.0)
            change = np.abs(
                objective.chi2(lines.reshape(-1, rows.shape[1])).reshape(17, -1) - objective.chi2(start)[:, None]
            )
            first = steps[np.where((change > 0.1).any(axis=1), (change > 0.1).argmax(axis=1), steps.size - 1)]
            unit = float(LINEAR * first.min())
        out.append(unit)
    return out[0], out[1]
