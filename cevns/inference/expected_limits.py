"""Ends of what is expected to be allowed along a coupling, at masses of a mediator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.bands import SIGMAS, toy_ends
from cevns.inference.fits import best_fit
from cevns.inference.lines import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cevns._types import Array, Model
    from cevns.likelihoods import Likelihood
    from cevns.likelihoods.draws import Drawn

__all__ = ["around", "limit_ends", "moved_data"]

#: chi2 below which nothing fits better.
NOTHING_LEFT = 1e-9


def limit_ends(
    likelihood: Likelihood,
    interaction: Model,
    masses: Array,
    level: float,
    bands: str,
    mass_range: tuple[float, float] | None,
    parameter: str | None,
    num_threads: int,
    fixed: Mapping[str, float],
    draw: Callable[[Likelihood, dict[str, Any]], Drawn],
) -> tuple[Array, Array, Array]:
    """Return the upper and the lower end of what is expected to be allowed at each mass, shape (m, 5) each.

    With them goes whether couplings beyond those that are excluded are allowed again, shape (m,).
    """
    line = Line(likelihood, interaction, "limit", fixed, parameter)
    at_zero = _point(line, masses[0], line.parameter.origin)
    nothing = likelihood.asimov(interaction, **at_zero)
    median = _Data(nothing, interaction, line)
    upper, lower = np.empty((2, masses.size, len(SIGMAS)))
    least = median.least(mass_range, [at_zero])
    over = median.line.above(masses, least + level, num_threads)
    upper[:], lower[:] = (ends[:, None] for ends in median.ends(masses, over, num_threads))
    apart = np.array([_has_gap(excluded, line.parameter.origin) for excluded in over])
    if bands == "toys":
        expected, drawn = upper[:, SIGMAS.index(0)], draw(likelihood, at_zero)
        ends = toy_ends(likelihood, interaction, line, masses, expected, level, drawn, mass_range, num_threads)
        return *ends, apart
    if bands == "none":
        return upper, lower, apart
    for n in (1, 2):
        over = median.line.above(masses, median.at_origin + n * n, num_threads)
        for i, (mass, excluded) in enumerate(zip(masses.tolist(), over, strict=True)):
            high, low = _next(excluded, line.parameter.origin)
            here, found = masses[i : i + 1], []
            # infinite ones: however large it is the signal is not seen with so many standard deviations
            points = [_point(line, mass, v) for v in ((high, low) if line.two_sided else (high,)) if math.isfinite(v)]
            for of_data in moved_data(likelihood, nothing, [likelihood.asimov(interaction, **at) for at in points]):
                moved = _Data(of_data, interaction, line)
                beyond = moved.line.above(here, moved.least(mass_range, points) + level, num_threads)
                found.append([float(end[0]) for end in moved.ends(here, beyond, num_threads)])
            for sign, choose in ((1, max), (-1, min)) if found else ():
                k = SIGMAS.index(sign * n)
                upper[i, k], lower[i, k] = (choose(ends[side] for ends in found) for side in (0, 1))
    return around(upper), around(lower), apart


def summed(experiments: Iterable[Any], priors: Mapping[str, tuple[float, float]]) -> Likelihood:
    first, *others = experiments
    found: Likelihood = sum(others, first)
    return found.with_priors(**priors) if priors else found


def _has_gap(excluded: Array, origin: float) -> bool:
    """Return whether there are allowed values between excluded ones on one side of where the coupling vanishes."""
    return max(int((excluded[:, 0] >= origin).sum()), int((excluded[:, 1] <= origin).sum())) > 1


def around(ends: Array) -> Array:
    """Return ends of bands around the median: what fluctuates downwards may exclude less where signals interfere."""
    middle = SIGMAS.index(0)
    out = ends.copy()
    for n in (1, 2):
        both = ends[:, [middle - n, middle + n]]
        out[:, middle - n] = np.minimum(both.min(axis=1), out[:, middle - n + 1])
        out[:, middle + n] = np.maximum(both.max(axis=1), out[:, middle + n - 1])
    return out


def moved_data(likelihood: Likelihood, expected: Likelihood, moved: Sequence[Likelihood]) -> list[Likelihood]:
    """Return likelihoods of data that are as far off what is expected as others, to the same and to the other side.

    Where a parameter has no value that moves counts to the other side, or either sign of it moves them to the same one,
    data of the other side are as far from what is expected as those are.
    """
    start, *ends = ({e.name: np.array(e.observed) for e in one.experiments} for one in (expected, *moved))
    found = [*ends]
    if len(ends) < 2 or sum(_along(e, start[e.name], *(end[e.name] for end in ends)) for e in expected.experiments) > 0:
        found += [{e.name: _mirrored(e, start[e.name], end[e.name]) for e in expected.experiments} for end in ends]
    return [summed((e.with_data(data[e.name]) for e in likelihood.experiments), likelihood.priors) for data in found]


def _along(experiment: Any, start: Array, one: Array, other: Array) -> float:
    """Return the product of two moves of counts, in standard deviations."""
    variance = np.maximum(start, 1.0) if experiment.uncertainty is None else np.array(experiment.uncertainty) ** 2
    return float(((one - start) * (other - start) / variance).sum())


def _mirrored(experiment: Any, start: Array, seen: Array) -> Array:
    """Return counts as far off on the other side."""
    other: Array = 2.0 * start - seen
    return other if experiment.uncertainty is not None else np.maximum(other, 0.0)


def _point(line: Line, mass: float, value: float) -> dict[str, float]:
    """Return a point of a line by name, with what is fixed."""
    other = {} if line.other is None else {line.other.name: float(mass)}
    return {**line.fixed, **other, line.parameter.name: float(value)}


class _Data:
    """A line of chi2 of some data."""

    def __init__(self, likelihood: Likelihood, interaction: Model, like: Line) -> None:
        self.likelihood, self.interaction, self.fixed = likelihood, interaction, like.fixed
        self.line = Line(likelihood, interaction, "limit", like.fixed)
        self.at_origin = float(likelihood.chi2(interaction, **_point(like, 1.0, like.parameter.origin)))

    def least(self, mass_range: tuple[float, float] | None, points: Sequence[Mapping[str, float]]) -> float:
        """Return the least chi2 over all masses, where one of some points may be what the data are of."""
        there = min(float(self.likelihood.chi2(self.interaction, **point)) for point in points)
        if there <= NOTHING_LEFT:
            return there
        fixed: dict[str, Any] = dict(self.fixed)
        return best_fit(self.likelihood, self.interaction, mass_range=mass_range, **fixed).chi2

    def ends(self, masses: Array, excluded: Sequence[Array], num_threads: int) -> tuple[Array, Array]:
        """Return the ends of what is allowed next to the best fit at each mass, upper and lower, shape (m,) each."""
        _, y = self.line.minima(masses, num_threads)
        best = [self.line.value_in_range(at) for at in y.tolist()]
        ends = _outermost if self.line.two_sided else _next
        both = np.array([ends(rows, value) for rows, value in zip(excluded, best, strict=True)])
        return both[:, 0], both[:, 1]


def _next(excluded: Array, value: float) -> tuple[float, float]:
    """Return the ends of what is allowed around a value: where excluded intervals begin above it and end below.

    Both are the value itself if it is excluded.
    """
    for low, high in excluded:
        if low < value < high:
            return value, value
    return (
        min((low for low, _ in excluded if low >= value), default=math.inf),
        max((high for _, high in excluded if high <= value), default=-math.inf),
    )


def _outermost(excluded: Array, value: float) -> tuple[float, float]:
    """Return the highest and the lowest value that are allowed; both are that of the best fit if none is."""
    low, high = (excluded[:, 0], excluded[:, 1]) if excluded.size else (np.empty(0), np.empty(0))
    if excluded.size == 2 and low[0] == -math.inf and high[0] == math.inf:
        return value, value
    top = low[-1] if high.size and high[-1] == math.inf else math.inf
    bottom = high[0] if low.size and low[0] == -math.inf else -math.inf
    return float(top), float(bottom)
