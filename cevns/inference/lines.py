"""The line along which chi2 is known exactly: one parameter, at values of at most one other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import ConvergenceError, InputError
from cevns.inference.assumptions import about
from cevns.inference.unseen import without_effect
from cevns.kernels.engine import crossings_limit
from cevns.parameters import LARGEST_COUPLING
from cevns.threads import share

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from cevns._types import Array, ArrayLike, Model
    from cevns.likelihoods import Likelihood
    from cevns.parameters import Parameter

__all__ = ["Line", "values_along"]

#: Share of chi2 by which that of a line and of its point may differ.
DIGITS = 1e-5
#: Points of chi2 in a search along the line, about.
SEARCH_POINTS = 300


def _roots(parameter: Parameter, power: int, y: ArrayLike) -> Array:
    """Return a parameter for values of y, which are its power counted from where its amplitude vanishes."""
    y = np.asarray(y, dtype=float)
    if power == 1:
        return parameter.origin + y
    root = np.sqrt(np.abs(y)) if power == 2 else np.abs(y) ** (1 / power)
    found: Array = parameter.origin + np.copysign(root, y)
    return found


def values_along(parameter: Parameter, power: int, y: ArrayLike) -> Array:
    """Return a parameter for values of y: of two on either side of the origin, one that is allowed."""
    found = _roots(parameter, power, y)
    if power % 2 == 0 and parameter.low < parameter.origin:
        found = np.where(found > parameter.high, 2 * parameter.origin - found, found)
    # a root of a power may lie beyond the end by rounding
    inside: Array = np.clip(found, parameter.low, parameter.high)
    return inside


class Line:
    """chi2 of an interaction along one of its parameters.

    Parameters
    ----------
    likelihood : Likelihood
        What is searched.
    interaction : str or Interaction
        Interaction.
    purpose : str
        What the line is for, for the message.
    fixed : mapping of str to float, optional
        Values of other parameters.
    parameter : str, optional
        Which of several couplings; the others have their defaults.

    Attributes
    ----------
    name : str
        Of the interaction.
    parameter : Parameter
        Along which the line runs: a coupling.
    other : Parameter or None
        The only other one that is free: a mass.
    chi2 : Evaluator
        chi2 of both, by name.
    known : dict
        All parameters that chi2 depends on, by name.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        interaction: Model,
        purpose: str,
        fixed: Mapping[str, float] | None = None,
        parameter: str | None = None,
    ) -> None:
        if not hasattr(likelihood, "experiments"):
            raise InputError(f"likelihood must be a Likelihood or an Experiment, got {checks.shown(likelihood)}")
        self.name, self.label = likelihood.describe(interaction)
        self._likelihood, self._interaction = likelihood, interaction
        self._remarks = likelihood.omissions(interaction)
        self.fixed = {name: value for name, value in (fixed or {}).items() if value is not None}
        for mass in likelihood.mediators(interaction).intersection(self.fixed):
            if np.ndim(self.fixed[mass]):
                raise InputError(
                    f"{mass} is a mass of interaction {checks.shown(self.name)} and has several values: give them as "
                    f"mass=, as a {purpose} takes those of the one mass that is free"
                )
        if parameter is not None:
            self.fixed |= self._others_of(parameter, likelihood, interaction)
        evaluator = likelihood.bind(interaction, free=(), priors=None, **self.fixed)
        self.chi2, self.known = evaluator, {p.name: p for p in likelihood.parameters(interaction)}
        #: Masses of other mediators, which have values.
        self.fixed_masses = tuple(self.fixed[name] for name in likelihood.mediators(interaction) & self.fixed.keys())
        self._couplings = frozenset(likelihood.own_parameters(interaction)) - likelihood.mediators(interaction)
        self.engine = evaluator.engine.prepare()
        self.parameters = evaluator.parameters
        if self.engine.line < 0:
            raise InputError(self._no_line(likelihood, interaction, purpose))
        self.parameter: Parameter = self.parameters[self.engine.line]
        others = [p for p in self.parameters if p is not self.parameter]
        if len(others) > 1 or any(p.name not in likelihood.mediators(interaction) for p in others):
            raise InputError(self._too_many(likelihood.mediators(interaction), purpose))
        self.other = others[0] if others else None
        without = likelihood.unseen(interaction)
        if self.parameter.name in without:
            names = [p.name for p in self.parameters if p.name in without]
            self._remarks += (without_effect((e.name for e in self._likelihood.experiments), self.name, names),)

    def _others_of(self, parameter: str, likelihood: Likelihood, interaction: Model) -> dict[str, float]:
        """Return the defaults of couplings that are neither given nor the one that is asked for."""
        known = {p.name: p for p in likelihood.parameters(interaction)}
        masses, own = likelihood.mediators(interaction), likelihood.own_parameters(interaction)
        couplings = [known[name] for name in own if name not in masses]
        of = f"coupling of {checks.shown(self.name)}"
        without = "" if couplings else f"Take chi2, or fit, interval or contour, of {', '.join(known)}"
        checks.known(of, parameter, [p.name for p in couplings], without)
        if parameter in self.fixed:
            raise InputError(
                f"{parameter} = {checks.shown(self.fixed[parameter])} is given, but it is the parameter: leave one out"
            )
        return {
            p.name: p.default
            for p in couplings
            if p.name not in self.fixed and p.name != parameter and p.default is not None
        }

    def _too_many(self, masses: Container[str], purpose: str) -> str:
        """Return which parameters are free beside one coupling and one mass, and what to do."""
        groups = [p for p in self.parameters if p.name not in masses], [p for p in self.parameters if p.name in masses]
        kinds = [(kind, group) for kind, group in zip(("couplings", "masses"), groups, strict=True) if len(group) > 1]
        missing = ", ".join(
            f"{p.name}={'value' if p.default is None else f'{p.default:g}'}" for _, group in kinds for p in group[1:]
        )
        choice = next((p.name for p in groups[0] if p.default is not None), None) if len(groups[0]) > 1 else None
        choose = (
            f"say which is meant, parameter={choice!r} (--parameter {choice} of the command), and the others have "
            "their defaults, or "
            if choice
            else ""
        )
        free = " and the ".join(f"{kind} {', '.join(p.name for p in group)}" for kind, group in kinds)
        return (
            f"interaction {checks.shown(self.name)} has the {free}, which all are free, and a {purpose} takes one "
            f"coupling and at most one mass: {choose}give the others a value, for example {missing}, "
            "or take fit, interval or contour, which profile them"
        )

    def _no_line(self, likelihood: Likelihood, interaction: Model, purpose: str) -> str:
        """Return why there is no coupling along which counts are quadratic, and what to do."""
        name, masses = checks.shown(self.name), likelihood.mediators(interaction)
        free = [p.name for p in self.parameters if p.name not in masses]
        given = [n for n in likelihood.own_parameters(interaction) if n in self.fixed and n not in masses]
        if free:
            return (
                f"amplitudes of interaction {name} have different powers of {' and '.join(free)}, so that counts "
                "are not quadratic in it, as limit, best_fit and scan need: take interval, fit, contour or chi2"
            )
        if given:
            value = self.fixed[given[-1]]
            return (
                f"{given[-1]} = {checks.shown(value)} is given, but a {purpose} of interaction {name} runs over it: "
                "leave it out, or take chi2"
            )
        return (
            f"interaction {name} has no coupling to {purpose}: take chi2, or fit, interval or contour, of "
            f"{', '.join(self.known)}"
        )

    @property
    def about(self) -> dict[str, Any]:
        """What a `Result` on the line says beside its numbers."""
        parameter = self.parameter
        return about(self._likelihood, self._interaction, self.fixed) | {
            "parameters": (parameter,) if self.other is None else (self.other, parameter),
            "remarks": self._remarks,
        }

    def about_best(self, other: float | None, value: float) -> dict[str, Any]:
        """Return `about` with what has to be said of nuisances at the best fit: that they end at their range."""
        row = self.rows(np.array([0.0 if other is None else other]))[0]
        row[self.engine.line] = value
        said = (f"at the best fit {text}" for text in self._likelihood.remarks(self.chi2, row))
        return self.about | {"remarks": (*self._remarks, *said)}

    @property
    def not_standard(self) -> tuple[str, ...]:
        """Fixed parameters that make it another model than the standard model where the parameter's amplitude vanishes.

        They are couplings that do not vanish, and what has a value in the standard model but was given another one.
        """
        found = []
        for name, value in self.fixed.items():
            p = self.known[name]
            if value != p.origin and (name in self._couplings or p.default == p.origin):
                found.append(name)
        return tuple(found)

    @property
    def two_sided(self) -> bool:
        """Whether the parameter has both signs, and they differ."""
        return self.engine.line_power % 2 == 1 and self.parameter.low < self.parameter.origin

    @property
    def mirrored(self) -> bool:
        """Whether the parameter has both signs, which do not differ."""
        return self.engine.line_power % 2 == 0 and self.parameter.low < self.parameter.origin

    @property
    def _ends(self) -> tuple[float, float]:
        """Ends of the parameter's range; infinite where it is only there to keep numbers finite."""
        low, high = self.parameter.low, self.parameter.high
        return (
            low if low > -LARGEST_COUPLING else -math.inf,
            high if high < LARGEST_COUPLING else math.inf,
        )

    def intervals(self, crossings: Array, counts: np.ndarray, above: np.ndarray) -> tuple[Array, ...]:
        """Return where chi2 lies above a level as intervals of the parameter, shape (k, 2), on each of m lines.

        Parameters
        ----------
        crossings : ndarray, shape (m, n)
            Values of y at which chi2 crosses the level, ascending.
        counts : ndarray, shape (m,)
            How many of them there are.
        above : ndarray, shape (m,)
            Whether it lies above it before the first one.
        """
        (low, high), origin = self._ends, self.parameter.origin
        ends = np.empty((len(counts), counts.max() + 2))
        ends[:, 0] = low if self.two_sided else max(low, origin)
        ends[:, 1:-1] = self.to_value(crossings[:, : counts.max()])
        ends[np.arange(len(counts)), counts + 1] = max(high, 2 * origin - low) if self.mirrored else high
        starts = np.where(above, 0, 1)
        stops = counts + 1 + (counts + 1 - starts) % 2
        found = [row[i:j].reshape(-1, 2) for row, i, j in zip(ends, starts.tolist(), stops.tolist(), strict=True)]
        return tuple(self._open(self._reflected(rows) if self.mirrored else rows) for rows in found)

    def _open(self, found: Array) -> Array:
        """Return intervals with infinite ends for those of the range: nothing was found there but that it ends."""
        (low, high), origin = self._ends, self.parameter.origin
        if low < origin:
            found[found[:, 0] == low, 0] = -math.inf
        if high > origin:
            found[found[:, 1] == high, 1] = math.inf
        return found

    def _reflected(self, found: Array) -> Array:
        """Return intervals on one side of the origin together with those on the other, where chi2 is the same."""
        (low, high), origin = self._ends, self.parameter.origin
        # the origin itself belongs to what is excluded on both sides of it
        joined = found.size and found[0, 0] == origin
        middle = [[2 * origin - found[0, 1], found[0, 1]]] if joined else np.empty((0, 2))
        rest = found[1:] if joined else found
        both: Array = np.concatenate([2 * origin - rest[::-1, ::-1], middle, rest]).clip(low, high)
        return both[both[:, 0] < both[:, 1]]

    def rows(self, others: Array) -> Array:
        """Return one point of the line for each value of the other parameter, as the kernels take them."""
        rows = np.zeros((len(others), len(self.parameters)))
        rows[:, self.engine.line] = self.parameter.origin
        if self.other is not None:
            rows[:, self.parameters.index(self.other)] = others
        return rows

    def to_y(self, values: ArrayLike) -> Array:
        """Return the kernels' y of values of the parameter."""
        return (np.asarray(values, dtype=float) - self.parameter.origin) ** self.engine.line_power

    def to_value(self, y: ArrayLike) -> Array:
        """Return the parameter for values of y."""
        return _roots(self.parameter, self.engine.line_power, y)

    def value_in_range(self, y: float) -> float:
        """Return the parameter for one y: of two values on either side of the origin, one that is allowed."""
        return float(values_along(self.parameter, self.engine.line_power, y))

    @property
    def least_at_origin(self) -> float:
        """chi2 where the amplitude vanishes, whatever the other parameter is."""
        found, rows = np.empty(1), self.rows(np.array([1.0]))
        self.engine.points(rows, found)
        return float(found[0])

    def minima(self, others: Array, num_threads: int) -> tuple[Array, Array]:
        """Return the least chi2 at each value of the other parameter, and the y where it lies."""
        chi2, y, rows = np.empty(len(others)), np.empty(len(others)), self.rows(others)
        share(
            lambda part: self.engine.minima(rows[part], self.two_sided, chi2[part], y[part]),
            len(others),
            SEARCH_POINTS * len(others),
            num_threads,
        )
        if self.not_standard or np.isnan(chi2).any():
            self._check(others, chi2, y)
        return chi2, y

    def _check(self, others: Array, chi2: Array, y: Array) -> None:
        """Refuse least values of chi2 that points do not have: rounding decides what so large couplings leave."""
        rows = self.rows(others)
        rows[:, self.engine.line] = values_along(self.parameter, self.engine.line_power, y)
        points = np.empty(len(rows))
        self.engine.points(rows, points)
        # chi2 that is no number is no such value, either
        lost = ~(np.abs(points - chi2) <= DIGITS * (1 + chi2))
        if lost.any():
            where = f" at {others[lost.argmax()]:g} MeV" if self.other else ""
            name, given = self.parameter.name, ", ".join(f"{name} = {self.fixed[name]:g}" for name in self.not_standard)
            raise ConvergenceError(
                f"the least chi2 along {name}{where} cannot be told: rounding decides what {name} leaves of the counts "
                f"of {given}; bring that nearer to the standard model"
            )

    def above(self, others: Array, level: float, num_threads: int) -> tuple[Array, ...]:
        """Return where chi2 lies above a level, at each value of the other parameter; see `intervals`.

        Raises
        ------
        ConvergenceError
            If chi2 crosses the level more often than can be true.
        """
        roots = np.zeros((others.size, crossings_limit()))
        counts, above = np.empty(others.size, dtype=np.intp), np.empty(others.size, dtype=np.int8)
        rows = self.rows(others)
        share(
            lambda part: self.engine.crossings(
                rows[part], self.two_sided, level, roots[part], counts[part], above[part]
            ),
            others.size,
            SEARCH_POINTS * others.size,
            num_threads,
        )
        if counts.min() < 0:
            where = f" at {others[counts.argmin()]:g} MeV" if self.other else ""
            raise ConvergenceError(
                f"chi2 crosses the level more than {crossings_limit()} times{where}: its intervals cannot all be "
                "returned; check the uncertainties of the data, or use chi2() on a line of couplings"
            )
        return self.intervals(roots, counts, above)

    def other_values(self, values: Any) -> Array:
        """Return checked values of the other parameter, shape (n,); a single 0 where there is none.

        Raises
        ------
        InputError
            If they are missing, superfluous, empty or not one-dimensional.
        """
        if self.other is None:
            if values is not None:
                raise InputError(f"mass is given, but interaction {checks.shown(self.name)} has none: leave it out")
            return np.zeros(1)
        if values is None and self.other.default is None:
            raise InputError(
                f"{self.other.name} is missing: give mass=, one or more numbers in {self.other.unit} (--mass of the "
                "command)"
            )
        found = np.atleast_1d(np.asarray(self.other.values(values), dtype=float))
        if found.ndim != 1:
            raise InputError(
                f"{self.other.name} must be one number or a one-dimensional array, got shape {found.shape}"
            )
        if not found.size:
            raise InputError(f"{self.other.name} is empty: give at least one value in {self.other.unit}")
        return found
