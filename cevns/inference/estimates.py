"""Best fits in any parameters: all minima, intervals with the others profiled, and the covariance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns.inference import headers
from cevns.inference.crossings import allowed, course
from cevns.inference.descent import along_axes, descend, extrapolated, scales
from cevns.inference.flats import pivots
from cevns.inference.headers import HeaderError
from cevns.inference.lower import until_lowest
from cevns.inference.minima import find_minima, on_axes
from cevns.inference.objectives import Objective
from cevns.inference.remarks import AS_DEEP, at_ends, directions, jumped, remarks, shown_values
from cevns.inference.results import Result
from cevns.inference.stepped import folded_basis, has_kink
from cevns.tabular import Column, Table, chi2_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from cevns._types import Array, Model
    from cevns.inference.lower import Met
    from cevns.inference.minima import Minimum
    from cevns.likelihoods import Likelihood

__all__ = ["Estimate", "fit"]

#: How far above the least chi2 other minima are reported.
REPORTED = 9.0
#: How often directions are fitted to the curvature at most, by how much they grow each time, and what is near enough.
ADAPTED, LONGER, ENOUGH = 4, 30.0, 2.0
#: Weight of what an end of its range holds among what may stay anywhere on a flat direction.
_HELD = 1e100


@dataclass(frozen=True, eq=False, repr=False)
class Estimate(Result):
    """A best fit in any parameters.

    Attributes
    ----------
    chi2 : float
        The least chi2.
    values : dict
        Values of the free parameters at the least chi2, by name.
    minima : tuple of dict
        All local minima that were found up to 9 above the least chi2, the global one first: ``chi2`` and ``values``.
    intervals : dict
        For each parameter where chi2, the others profiled, is at most 1 above its least value: an array of shape
        (k, 2). Infinite where it stays below that up to the end of the parameter's range.
    covariance : ndarray, shape (n, n)
        Of the parameters in the order of `values`, twice the inverse of the curvature of chi2 at the minimum; NaN for
        those at an end of their range, without effect or with a part in a direction in which chi2 does not change, and
        in all if chi2 has a kink at the minimum, as it may along the mass of a final lepton.
    at_edge : dict
        Parameters at an end of the range that is searched: ``"lower"`` or ``"upper"``.
    flat : tuple of dict
        Independent directions in which chi2 does not change at the minimum, along a curve if the valley bends: the
        components of a unit vector by name, each in the unit of its parameter.
    model, label, experiments, labels, parameters, fixed, remarks
        As of every `Result`.
    """

    chi2: float
    values: dict[str, float]
    minima: tuple[dict[str, Any], ...]
    intervals: dict[str, Array]
    covariance: Array
    at_edge: dict[str, str]
    flat: tuple[dict[str, float], ...]

    kind: ClassVar[str] = "estimate"
    suffix: ClassVar[str] = ".json"
    made_by: ClassVar[str] = "Estimate.save or `cevns fit -o`"

    @property
    def errors(self) -> dict[str, float]:
        """Standard deviations from the covariance, by name; those of `intervals` know the shape of chi2 too."""
        squares = np.diag(self.covariance).tolist()
        return {name: math.sqrt(square) for name, square in zip(self.values, squares, strict=True)}

    @property
    def degenerate(self) -> tuple[dict[str, Any], ...]:
        """Other minima that are as deep, to 0.01 of chi2."""
        return tuple(m for m in self.minima[1:] if m["chi2"] - self.chi2 <= AS_DEEP)

    def table(self) -> Table:
        """Return a row for each minimum, the global one first: the parameters and chi2."""
        columns = [Column(p.name, p.unit, [m["values"][p.name] for m in self.minima]) for p in self.parameters]
        return Table((*columns, Column("chi2", "", [m["chi2"] for m in self.minima])))

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Mark the minima along one parameter or in the plane of two; options of `cevns.plotting.plot_estimate`."""
        from cevns.inference.drawing import plot_estimate

        return plot_estimate(self, ax=ax, **options)

    def _repr_png_(self) -> None:
        # points are no picture
        return None

    def _facts(self) -> str:
        values = [f"{p.name} {self.values[p.name]:.6g}{f' {p.unit}' if p.unit else ''}" for p in self.parameters]
        more = f", ... {len(values) - 4} more" if len(values) > 4 else ""
        said = {
            "at an edge": self.at_edge,
            "flat": self.flat,
            "degenerate": self.degenerate,
        }
        return (
            ", ".join([f"chi2 {chi2_text(self.chi2)}", *values[:4]])
            + more
            + "".join(f", {k}" for k, v in said.items() if v)
        )

    def _caption(self) -> str:
        return "; ".join([f"{self.subject}, {self._facts()}", *self.remarks])

    # --- files -------------------------------------------------------------------------------------------------------

    def entries(self) -> dict[str, Any]:
        """Return the numbers as they stand in files; JSON has neither NaN nor infinities."""
        return {
            "chi2": self.chi2,
            "values": self.values,
            "minima": list(self.minima),
            "intervals": {name: headers.finite(rows) for name, rows in self.intervals.items()},
            "covariance": headers.finite(self.covariance),
            "at_edge": self.at_edge,
            "flat": list(self.flat),
        }

    def _content(self) -> tuple[dict[str, Any], Any]:
        return self.entries(), None

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, None, any_names=True)
        names = [p.name for p in fields["parameters"]]
        chi2 = headers.number(about, "chi2")
        minima = []
        for one in headers.entry(about, "minima", list, "list"):
            if not isinstance(one, Mapping):
                raise HeaderError("a minimum is no JSON object")
            minima.append({"chi2": headers.number(one, "chi2"), "values": headers.numbers(one, "values", names)})
        values = headers.numbers(about, "values", names)
        if not minima or minima[0] != {"chi2": chi2, "values": values}:
            raise HeaderError("its first minimum is not that of its values")
        intervals = headers.entry(about, "intervals", dict, "JSON object")
        if list(intervals) != names:
            raise HeaderError("it has not one list of intervals for each parameter")
        covariance = headers.array(about, "covariance", math.nan)
        if covariance.shape != (len(names), len(names)):
            raise HeaderError(f"its covariance has the shape {covariance.shape}")
        known = ~np.isnan(covariance)
        if (known != known.T).any() or not np.allclose(covariance, covariance.T, rtol=1e-6, atol=0, equal_nan=True):
            raise HeaderError("its covariance is not symmetric")
        if (np.diag(covariance) < 0).any():
            raise HeaderError("its covariance has a variance below 0")
        headers.check_chi2("its chi2", chi2)
        found = {name: headers.intervals(intervals, name) for name in names}
        for parameter in fields["parameters"]:
            one, value = found[parameter.name], values[parameter.name]
            for numbers in (value, one):
                headers.check_inside(parameter, numbers)
            if not ((one[:, 0] <= value) & (value <= one[:, 1])).any():
                raise HeaderError(f"its intervals of {parameter.name} do not hold the best value, {value:g}")
        edges = headers.entry(about, "at_edge", dict, "JSON object")
        if not all(name in names and edges[name] in ("lower", "upper") for name in edges):
            raise HeaderError("its at_edge does not name ends of parameters")
        flat = headers.entry(about, "flat", list, "list")
        return cls(
            chi2,
            values,
            tuple(minima),
            found,
            covariance,
            dict(edges),
            tuple(_direction(one) for one in flat),
            **fields,
        )


def _direction(about: Any) -> dict[str, float]:
    if not isinstance(about, Mapping):
        raise HeaderError("a flat direction is no JSON object")
    return {name: headers.number(about, name) for name in about}


def fit(
    likelihood: Likelihood,
    interaction: Model,
    free: Sequence[str] | str,
    *,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    num_threads: int = 1,
    **fixed: float,
) -> Estimate:
    """Return the best fit in some parameters, with all minima and intervals.

    Parameters
    ----------
    likelihood : Likelihood
        What is minimised.
    interaction : str or Interaction
        Interaction.
    free : sequence of str
        Names of the free parameters.
    bounds : mapping of str to (float, float), optional
        Ranges in which they are searched; the parameters' own unless given, and for masses of mediators 0.1 MeV to 10
        GeV.
    priors : mapping of str to (float, float), optional
        Gaussian constraints on any parameters: mean and standard deviation.
    num_threads : int
        Threads over many points.
    **fixed : float
        Values of other parameters; what is neither free nor fixed has its default.

    Returns
    -------
    Estimate

    Raises
    ------
    UnknownNameError
        If a parameter is not known.
    InputError
        If none is free, one is free and fixed, has no value, is out of range, or chi2 depends on none of them.

    Notes
    -----
    Most fits take a fraction of a second. Two mediators, or a mass with a radius where the quenching scale is
    hardly known, take up to some minutes; the page on fits has a table.

    Examples
    --------
    >>> import cevns
    >>> csi = cevns.load("coherent-csi-2017")
    >>> found = csi.fit("sm", free=["rn_csi"])
    >>> round(found.chi2, 3), round(found.values["rn_csi"], 2)
    (2.833, 5.01)
    >>> found.intervals["rn_csi"].round(2)
    array([[4.28, 5.75]])
    """
    objective = Objective(likelihood, interaction, free, fixed, bounds=bounds, priors=priors, num_threads=num_threads)
    found, minima, said = until_lowest(
        objective, find_minima(objective), lambda met: {name: _interval(met, name) for name in objective.given}
    )
    best = minima[0]
    still, edges = directions(objective, best), at_ends(objective, best)
    return Estimate(
        best.chi2,
        shown_values(objective, best.point),
        tuple(
            {"chi2": m.chi2, "values": shown_values(objective, m.point)}
            for m in minima
            if m.chi2 <= best.chi2 + REPORTED
        ),
        {name: interval for name, (interval, _) in found.items()},
        _covariance(objective, minima, edges, still),
        edges,
        (*({name: 1.0} for name in objective.inert), *still),
        **objective.about,
        parameters=tuple(objective.parameter(name) for name in objective.given),
        remarks=(*remarks(objective, minima), *said, *(text for _, texts in found.values() for text in texts)),
    )


def _interval(met: Met, name: str) -> tuple[Array, tuple[str, ...]]:
    """Return where chi2, all other parameters profiled, is at most 1 above its minimum, and what to say of the ends."""
    objective = met.objective
    if name in objective.inert:
        return np.array([[objective.open_end(name, -1), objective.open_end(name, 1)]]), ()
    level = met.minima[0].chi2 + 1.0
    profiled = met.profile_of([name], level)
    profiled.sides = True
    found, jumps = allowed(profiled, course(profiled, level), level)
    ranges = with_open_ends(profiled.objective, objective.names.index(name), found)
    return ranges, jumped(profiled.objective, name, jumps)


def with_open_ends(objective: Objective, index: int, intervals: Array) -> Array:
    """Return intervals of a parameter's axis as values, with ends of the range as they stand in results."""
    values = objective.value(index, intervals)
    for side, end in ((0, objective.low[index]), (1, objective.high[index])):
        values[intervals[:, side] == end, side] = objective.open_end(objective.names[index], 2 * side - 1)
    return values


def _covariance(
    objective: Objective, minima: Sequence[Minimum], edges: Mapping[str, str], flat: Sequence[Mapping[str, float]]
) -> Array:
    """Return twice the inverse curvature in the parameters themselves, in the order in which they were named.

    Those that move along a flat direction have none. For the others one of these for each direction may stay anywhere.
    """
    n = len(objective.names)
    plain = objective.on_axes(objective.names)
    point = on_axes(minima[:1], objective, plain)[0].point[None]
    ways = np.array([[one.get(name, 0.0) for name in plain.names] for one in flat]).reshape(-1, n)
    free = np.array([a < u < b for a, u, b in zip(plain.low, point[0], plain.high, strict=True)])
    free &= [name not in edges for name in plain.names]
    # what an end of its range holds is held already
    undecided, held = (ways != 0).any(axis=0), pivots(ways * np.where(free, 1.0, _HELD))
    inside = [i for i in np.flatnonzero(free).tolist() if i not in held]
    out = np.full((n, n), math.nan)
    if inside and not undecided[inside].all() and (plain.step is None or not flat):
        basis, curvature = _curvature(plain, point, inside)
        lowest = np.linalg.eigvalsh(curvature)
        if lowest[0] > 1e-6 * max(lowest[-1], 1e-300) and not has_kink(plain, point, inside):
            covariance = 2 * basis @ np.linalg.inv(curvature) @ basis.T
            # along the logarithm of a mass
            turn = np.where(plain.logarithmic, plain.to_values(point)[0], 1.0)[inside]
            out[np.ix_(inside, inside)] = covariance * turn[:, None] * turn
            out[undecided], out[:, undecided] = math.nan, math.nan
    known = [k for k, name in enumerate(objective.given) if name not in objective.inert]
    order = [objective.names.index(objective.given[k]) for k in known]
    found = np.full((len(objective.given),) * 2, math.nan)
    found[np.ix_(known, known)] = out[np.ix_(order, order)]
    return found


def _curvature(objective: Objective, point: Array, axes: Sequence[int]) -> tuple[Array, Array]:
    """Return directions at a minimum, columns along which chi2 changes by about 1, and the curvature along them."""
    basis = minima_basis(objective, point, axes)[0]
    if objective.step is not None:
        # every step along a mass that is folded anew would be a fold
        return basis, extrapolated(objective, point[0], basis, axes, (1.0,))[1]
    curvature = extrapolated(objective, point[0], basis, axes)[1]
    for _ in range(ADAPTED):
        if not np.isfinite(curvature).all():
            break
        bend, vectors = np.linalg.eigh(curvature)
        longer = np.sqrt(2 / np.maximum(np.abs(bend), 1e-300))
        if longer.max() < ENOUGH:
            break
        basis = basis @ vectors * np.minimum(longer, LONGER)
        curvature = extrapolated(objective, point[0], basis, axes)[1]
    return basis, curvature


def minima_basis(objective: Objective, point: Array, axes: Sequence[int]) -> Array:
    """Return directions at a minimum along which chi2 changes by about 1."""
    if objective.step in axes:
        return folded_basis(objective, point, axes)
    basis = along_axes(scales(objective, point, axes))
    return descend(objective, point, axes, basis, steps=4)[2]
