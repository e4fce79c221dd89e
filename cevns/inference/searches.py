"""The least chi2 of many data vectors over some parameters of one model, which is made ready once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.lines import SEARCH_POINTS, values_along
from cevns.inference.objectives import Objective, mass_range
from cevns.kernels.engine import Engine
from cevns.kernels.refits import Refits
from cevns.parameters import LARGEST_COUPLING, chosen, unused_prior
from cevns.threads import share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, Model
    from cevns.likelihoods import Likelihood
    from cevns.likelihoods.draws import Drawn
    from cevns.parameters import Parameter

__all__ = ["LINES", "Search"]

#: Lines across the other parameter of a plane that are searched for every toy, the ends of its range among them.
LINES = 17
#: Minima of the observed data from which descents start, beside the point that is asked about.
STARTS = 6
#: Step of differences, and what a descent may leave of chi2, in units in which chi2 rises by about 1/2.
STEP, GAIN, SLOPE = 1e-4, 1e-12, 1e-5
#: Points of chi2 that a descent takes, about.
DESCENT_POINTS = 1000


class Search:
    """The least chi2 over some parameters, of any data.

    Where counts are quadratic along one of them, and there is at most one other, lines are searched as by `best_fit`,
    which leaves no minimum out. Otherwise descents start from a point and from the minima of the observed data, some
    10 ms for each toy and start.

    Parameters
    ----------
    likelihood : Likelihood
        What is minimised.
    interaction : str or Interaction
        Interaction.
    free : sequence of str
        Parameters that are free; none for chi2 at a point.
    fixed : mapping of str to float
        Values of others; what is in neither has its default.
    bounds : mapping of str to (float, float), optional
        Ranges of free parameters in which they are searched; not of the one along which lines run.
    lines : int
        How many lines across the other parameter of a plane are searched first.

    Attributes
    ----------
    names : tuple of str
        The free parameters, in the order in which they were named.
    way : str
        ``"point"``, ``"line"``, ``"plane"`` or ``"descents"``.

    Raises
    ------
    InputError
        If a parameter has no value, or is one for whose every value counts are folded anew.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        interaction: Model,
        free: Sequence[str],
        fixed: Mapping[str, Any],
        *,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        lines: int = LINES,
    ) -> None:
        known = {p.name: p for p in likelihood.parameters(interaction)}
        given = {name: value for name, value in fixed.items() if value is not None}
        self.names, values = chosen(tuple(known.values()), free, given)
        for name in likelihood.own_parameters(interaction):
            if name not in self.names and name not in values:
                if known[name].default is None:
                    unit = f" in {known[name].unit}" if known[name].unit else ""
                    raise InputError(f"{name} is neither free nor has it a value: free it, or give its value{unit}")
                if known[name].prior is not None:
                    raise InputError(unused_prior(known[name]))
                values[name] = known[name].number(None)
        self._arguments = likelihood, interaction, self.names, values
        self.bounds = dict(bounds or {})
        for name in self.bounds:
            checks.known("free parameter in bounds", name, self.names)
        evaluator = likelihood.bind(interaction, free=self.names, priors=None, **values)
        self.parameters, self.engine = evaluator.parameters, evaluator.engine
        if not isinstance(self.engine, Engine):
            raise InputError(
                f"a parameter of {checks.shown(likelihood.describe(interaction)[0])} is the mass of a final lepton, "
                "for whose every value counts are folded anew, which toys cannot afford: give it a value"
            )
        #: Priors of parameters that are fixed: their values with mean and standard deviation.
        self._told = {
            name: (p.number(values.get(name)), *p.prior)
            for name, p in known.items()
            if p.prior is not None and name not in self.names
        }
        self._place = [[p.name for p in self.parameters].index(name) for name in self.names]
        mediators = likelihood.mediators(interaction)
        self.way, rows = self._choose(mediators, checks.whole("lines", lines, low=3, high=10_000))
        self._refits = Refits(self.engine, likelihood.data_scales, rows)
        self._objective: Any = None

    def _choose(self, mediators: frozenset[str], lines: int) -> tuple[str, Array]:
        """Return how the least chi2 is found, and a point of each line."""
        nothing = np.empty((0, len(self.parameters)))
        if not self.parameters:
            return "point", nothing
        line = self.engine.line
        if line < 0 or len(self.parameters) > 2 or self.parameters[line].name in self.bounds:
            return "descents", nothing
        p = self.parameters[line]
        if any(i == line for i, *_ in self.engine.priors) and self.engine.line_power % 2 == 0 and p.low < p.origin:
            return "descents", nothing
        self._two_sided = self.engine.line_power % 2 == 1 and p.low < p.origin
        if len(self.parameters) == 1:
            return "line", np.array([[p.origin]])
        self._across = 1 - line
        other = self.parameters[self._across]
        low, high = self._range(other, mediators)
        if not high - low < LARGEST_COUPLING:
            return "descents", nothing
        self._logarithmic = other.name in mediators
        rows = np.full((lines, 2), p.origin)
        rows[:, self._across] = np.geomspace(low, high, lines) if self._logarithmic else np.linspace(low, high, lines)
        # the ends to the last bit
        rows[[0, -1], self._across] = low, high
        return "plane", rows

    def _range(self, parameter: Parameter, mediators: frozenset[str]) -> tuple[float, float]:
        """Return in which range a parameter is searched."""
        if parameter.name not in self.bounds:
            return mass_range(parameter) if parameter.name in mediators else (parameter.low, parameter.high)
        pair = self.bounds[parameter.name]
        low, high = checks.ascending(f"bounds of {parameter.name}", pair, unit=parameter.unit, length=2).tolist()
        return parameter.number(low), parameter.number(high)

    # --- data --------------------------------------------------------------------------------------------------------

    def _centres(self, drawn: Drawn) -> Array | None:
        """Return all centres of pulls as the kernels take them."""
        if drawn.centres is None:
            return None
        order = [i for i, *_ in self.engine.priors if i >= 0 and i != self.engine.line]
        columns = [drawn.centres]
        for i in [*order, self.engine.line]:
            p = self.parameters[i] if i >= 0 else None
            moved = np.zeros(len(drawn))
            if p is not None and p.prior is not None and p.name in drawn.priors:
                moved = drawn.priors[p.name] - p.prior[0]
            columns.append(moved[:, None])
        return np.ascontiguousarray(np.concatenate(columns, axis=1))

    def _told_by(self, drawn: Drawn) -> Array:
        """Return what priors of fixed parameters add to chi2 if their means were measured anew, shape (n,)."""
        found = np.zeros(len(drawn))
        for name, (value, mean, sigma) in self._told.items():
            if name in drawn.priors:
                found += ((value - drawn.priors[name]) / sigma) ** 2 - ((value - mean) / sigma) ** 2
        return found

    def at(self, drawn: Drawn, point: Mapping[str, float], num_threads: int = 1) -> Array:
        """Return chi2 of each toy at values of the free parameters, shape (n,); infinite where data cannot be."""
        row = np.array([[point[name] for name in self.names]], dtype=float).reshape(1, -1)
        return self.points(drawn, row, num_threads)[:, 0]

    def points(self, drawn: Drawn, points: Array, num_threads: int = 1) -> Array:
        """Return the same at many points, whose values stand in the order of `names`, shape (n, points)."""
        order = [self.names.index(p.name) for p in self.parameters]
        rows = np.ascontiguousarray(points[:, order], dtype=float)
        data, centres = np.ascontiguousarray(drawn.data), self._centres(drawn)
        out = np.empty((len(drawn), len(rows)))
        share(
            lambda part: self._refits.points(rows, data[part], None if centres is None else centres[part], out[part]),
            len(drawn),
            10 * out.size,
            num_threads,
        )
        found: Array = out + self._told_by(drawn)[:, None]
        return found

    def least(self, drawn: Drawn, num_threads: int = 1, near: Mapping[str, float] | None = None) -> tuple[Array, Array]:
        """Return the least chi2 of each toy, shape (n,), and where it is, shape (n, free parameters).

        Parameters
        ----------
        drawn : Drawn
            The toys.
        num_threads : int
            Threads over toys.
        near : mapping of str to float, optional
            A point from which descents start, too, if it has all parameters.
        """
        n, data, centres = len(drawn), np.ascontiguousarray(drawn.data), self._centres(drawn)
        chi2, values = np.empty(n), np.empty((n, len(self.parameters)))
        if self.way == "point":
            return self.at(drawn, {}, num_threads), values
        search = {"line": self._on_line, "plane": self._in_plane, "descents": self._descend}[self.way]
        if self.way == "descents":
            self._starts(near)

        def run(part: slice) -> None:
            chi2[part], values[part] = search(data[part], None if centres is None else centres[part])

        points = DESCENT_POINTS if self.way == "descents" else SEARCH_POINTS * max(len(self._refits.lines), 1)
        share(run, n, points * n, num_threads)
        return chi2 + self._told_by(drawn), values[:, self._place]

    def _on_line(self, data: Array, centres: Array | None) -> tuple[Array, Array]:
        chi2, y = np.empty((len(data), 1)), np.empty((len(data), 1))
        self._refits.minima(self._two_sided, data, centres, chi2, y)
        return chi2[:, 0], values_along(self.parameters[0], self.engine.line_power, y)

    def _in_plane(self, data: Array, centres: Array | None) -> tuple[Array, Array]:
        out = np.empty((len(data), 3))
        self._refits.planes(self._across, self._logarithmic, self._two_sided, data, centres, out)
        values = np.empty((len(data), 2))
        values[:, self._across] = out[:, 1]
        values[:, 1 - self._across] = values_along(self.parameters[1 - self._across], self.engine.line_power, out[:, 2])
        return out[:, 0], values

    # --- descents ----------------------------------------------------------------------------------------------------

    def _starts(self, near: Mapping[str, float] | None) -> None:
        """Find the minima of the observed data, once, and from where descents start."""
        from cevns.inference.minima import find_minima

        likelihood, interaction, names, values = self._arguments
        if self._objective is None:
            bounds = {name: self.bounds[name] for name in self.bounds}
            objective = Objective(likelihood, interaction, names, values, bounds=bounds)
            if objective.inert:
                raise InputError(objective.without_effect(*objective.inert))
            minima = find_minima(objective)[:STARTS]
            sizes = np.abs(minima[0].basis).max(axis=1)
            self._objective = objective, [m.point for m in minima], np.where(sizes > 0, sizes, 1.0)
        objective, points, sizes = self._objective
        points = list(points)
        if near is not None and all(name in near for name in objective.names):
            points.insert(0, objective.to_points(np.array([near[name] for name in objective.names])))
        self._from = objective, [p.clip(objective.low, objective.high) for p in points], sizes

    def _descend(self, data: Array, centres: Array | None) -> tuple[Array, Array]:
        from scipy.optimize import minimize

        objective, starts, sizes = self._from
        order = [objective.names.index(p.name) for p in self.parameters]
        low, high = objective.low / sizes, objective.high / sizes
        found, where = np.full(len(data), np.inf), np.empty((len(data), len(order)))
        n = len(sizes)
        for k in range(len(data)):
            row, centre = data[k : k + 1], None if centres is None else centres[k : k + 1]

            def function(x: Array, row: Array = row, centre: Array | None = centre) -> tuple[float, Array]:
                points = np.repeat(x[None], 2 * n + 1, axis=0)
                points[np.arange(n), np.arange(n)] += STEP
                points[n + np.arange(n), np.arange(n)] -= STEP
                points = points.clip(low, high)
                out = np.empty((1, 2 * n + 1))
                values = np.ascontiguousarray(objective.to_values(points * sizes)[:, order])
                self._refits.points(values, row, centre, out)
                apart = points[np.arange(n), np.arange(n)] - points[n + np.arange(n), np.arange(n)]
                chi2 = np.where(np.isfinite(out[0]), out[0], 1e30)
                return float(chi2[-1]), (chi2[:n] - chi2[n:-1]) / np.where(apart > 0, apart, np.inf)

            for start in starts:
                options = {"ftol": GAIN, "gtol": SLOPE, "maxiter": 500}
                best = minimize(
                    function,
                    start / sizes,
                    jac=True,
                    method="L-BFGS-B",
                    bounds=list(zip(low, high, strict=True)),
                    options=options,
                )
                if best.fun < found[k]:
                    found[k], where[k] = best.fun, objective.to_values(best.x * sizes)[order]
        return found, where
