"""Contours of chi2 in the plane of two parameters, others profiled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.crossings import allowed, course
from cevns.inference.estimates import reference_chi2
from cevns.inference.headers import HeaderError
from cevns.inference.levels import delta_chi2
from cevns.inference.lower import until_lowest
from cevns.inference.minima import find_minima
from cevns.inference.objectives import Objective
from cevns.inference.planes import Plane
from cevns.inference.remarks import check_effect, remarks, shown_values
from cevns.inference.results import Result
from cevns.inference.tracing import Lattice, trace
from cevns.parameters import LARGEST_COUPLING
from cevns.tabular import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array, ArrayLike, Model
    from cevns.inference.lower import Met
    from cevns.inference.profiled import Profiled
    from cevns.likelihoods import Likelihood

__all__ = ["Contour", "contour"]

#: Cells along each axis, at least and at most; and of a slice through a minimum.
CELLS, MOST_CELLS, SLICE = 40, 600, 2.0
#: Share of the hull that is left on each side.
MARGIN = 0.02
#: How often cells are halved where a curve has as few vertices as a speck.
FINER, SPECK = 3, 8
#: How often a box along a valley is widened, and by what share on each side.
WIDER, TIPS = 4, 0.1
#: Values of a logarithmic axis below the least structure that are linear, as a share of it.
LINEAR = 0.1


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

    def allows(self, x: ArrayLike, y: ArrayLike, level: int = 0) -> Any:
        """Return whether points lie inside the curves of a level, the first one unless another is asked for.

        Examples
        --------
        >>> import cevns
        >>> csi = cevns.load("coherent-csi-2017")
        >>> found = csi.contour("sm", x="sin2_theta_w", y="rn_csi")
        >>> found.allows([0.2387, 0.9], 5.0).tolist()
        [True, False]
        """
        x, y = np.broadcast_arrays(checks.floats("x", x), checks.floats("y", y))
        inside = np.zeros(x.shape, dtype=bool)
        for curve in self.curves[level]:
            for (x0, y0), (x1, y1) in itertools.pairwise(curve):
                if y0 != y1:
                    here = (y0 > y) != (y1 > y)
                    inside ^= here & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        return inside if inside.ndim else bool(inside)

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
            )
        )

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the curves; see `cevns.plotting.plot_contour`."""
        from cevns.inference.drawing import plot_contour

        return plot_contour(self, ax=ax, **options)

    def _facts(self) -> str:
        x, y = self.parameters
        levels = ", ".join(
            f"{cl:.4g} C.L. {len(curves)} curve{'' if len(curves) == 1 else 's'}"
            for cl, curves in zip(self.cl, self.curves, strict=True)
        )
        return f"{x.name} x {y.name}, {levels}"

    def _caption(self) -> str:
        return "; ".join([f"{self.model}, {self.data}, {self._facts()}", *self.remarks])

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
        return cls(
            tuple(levels.tolist()),
            tuple(above.tolist()),
            headers.number(about, "chi2_min"),
            {name: headers.number(values, name) for name in values},
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
        The chi2 from which levels count; the least over all free parameters unless given.
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
    above = tuple(delta_chi2(c, 2) for c in levels)

    def computed(met: Met) -> list[tuple[tuple[Array, ...], list[str]]]:
        least = reference_chi2(reference, met.minima[0].chi2)
        return [_curves(met, (x, y), least + extra) for extra in above]

    parts, minima, more = until_lowest(objective, find_minima(objective), computed)
    least, curves = reference_chi2(reference, minima[0].chi2), [found for found, _ in parts]
    said = [*remarks(objective, minima), *more]
    said += [f"{c:.4g} C.L.: {text}" for c, (_, texts) in zip(levels, parts, strict=True) for text in texts]
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
    profiled = met.profile_of(names, level)
    objective = profiled.objective
    if profiled.minima[0].chi2 > level:
        return (), ["nothing is allowed, chi2 lies above the level everywhere"]
    low, high, said = _hull(met, names, level)
    plane = Plane(profiled, _units(objective, profiled, low, high))
    corners = plane.of_axes(np.array([low, high]))
    margin = MARGIN * (corners[1] - corners[0])
    corners = np.array([corners[0] - margin, corners[1] + margin]).clip(plane.low, plane.high)
    places = plane.of_axes(np.array([m.point[profiled.fixed] for m in profiled.minima]))
    counts = _cells(plane, profiled, corners, level)
    found = []
    for _ in range(FINER):
        found = trace(Lattice(plane, corners[0], corners[1], counts), level, places)
        # a chain of specks is a strip that is narrower than the cells
        if not _specks(found) or max(counts) >= MOST_CELLS:
            break
        counts = 2 * counts[0], 2 * counts[1]
    if _specks(found):
        plane, found = _turned(plane, found, level)
    curves = [plane.values(vertices) for vertices, _ in found]
    if specks := _specks(found):
        said.append(
            f"{specks} of {len(found)} curves have few vertices: a strip may be thinner there than the lattice, and "
            "what looks like islands be one region; narrower bounds make the lattice finer"
        )
    if plane.missed > 1e-6:
        said.append(f"a vertex misses the level by {plane.missed:.2g}, where the profile jumps between branches")
    return tuple(curves), said


def _specks(found: Sequence[tuple[Array, Array]]) -> int:
    return sum(len(vertices) <= SPECK for vertices, _ in found)


def _turned(plane: Plane, found: list[tuple[Array, Array]], level: float) -> tuple[Plane, list[tuple[Array, Array]]]:
    """Return the curves on axes along and across the valley that a chain of specks shows, and these axes.

    A lattice that follows the axes of parameters cannot have cells narrow enough for the tips of a valley between them.
    """
    profiled, vertices = plane.profiled, np.concatenate([plane.to_axes(vertices) for vertices, _ in found])
    if any(unit is not None for unit in plane.units) or any(at_edge.any() for _, at_edge in found):
        return plane, found
    size = np.ptp(vertices, axis=0)
    directions = np.linalg.eigh(np.cov((vertices / size).T))[1][:, ::-1]
    # what is allowed stays on the left
    directions[:, 1] *= np.sign(np.linalg.det(directions))
    turn = directions.T / size
    other = Plane(profiled, plane.units, turn)
    places = other.of_axes(vertices)
    corners, best = np.array([places.min(axis=0), places.max(axis=0)]), (plane, found)
    minima = other.of_axes(np.array([m.point[profiled.fixed] for m in profiled.minima]))
    for _ in range(WIDER):
        # tips go on beyond the last speck
        margin = TIPS * (corners[1] - corners[0])
        corners = np.array([corners[0] - margin, corners[1] + margin])
        outline = np.linalg.solve(turn, np.array(list(itertools.product(*corners.T))).T).T
        if (outline < profiled.low).any() or (outline > profiled.high).any():
            break
        counts = _cells(other, profiled, corners, level)
        for _ in range(FINER):
            curves = trace(Lattice(other, corners[0], corners[1], counts), level, minima)
            if not _specks(curves) or max(counts) >= MOST_CELLS:
                break
            counts = 2 * counts[0], 2 * counts[1]
        if any(at_edge.any() for _, at_edge in curves):
            continue
        if _specks(curves) < _specks(best[1]):
            best = other, curves
        break
    return best


def _hull(met: Met, names: tuple[str, str], level: float) -> tuple[Array, Array, list[str]]:
    """Return the ends of all that lies below a level along both axes, and what has to be said of them.

    Raises
    ------
    InputError
        If it goes on up to a range that is only there to keep numbers finite.
    """
    low, high, said = np.empty(2), np.empty(2), []
    for k, name in enumerate(names):
        one = met.profile_of([name], level, plain=names)
        objective, i = one.objective, met.objective.names.index(name)
        ranges, _ = allowed(one, course(one, level), level)
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
    return low, high, said


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


def _cells(plane: Plane, profiled: Profiled, corners: Array, level: float) -> tuple[int, int]:
    """Return into how many cells the axes are divided, so that a slice through every minimum has several."""
    size = corners[1] - corners[0]
    counts = np.full(2, float(CELLS))
    for m in profiled.minima:
        slopes = plane.slopes(m.point[profiled.fixed])
        covariance = 2 * slopes @ (m.basis @ m.basis.T)[np.ix_(profiled.fixed, profiled.fixed)] @ slopes.T
        scale = np.sqrt(np.diag(covariance))
        if not (scale > 0).all():
            continue
        inverse = np.linalg.pinv(covariance / np.outer(scale, scale))
        half = scale * np.sqrt(max(level - m.chi2, 1e-2) / np.maximum(np.diag(inverse), 1e-300))
        counts = np.maximum(counts, SLICE * size / np.maximum(half, 1e-300))
    found = np.ceil(np.minimum(counts, MOST_CELLS)).astype(int).tolist()
    return found[0], found[1]
