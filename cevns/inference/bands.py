"""Bands of expected limits from toys of no signal: the distribution of limits as it is, without approximations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.searches import Search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array, Model
    from cevns.inference.lines import Line
    from cevns.likelihoods import Likelihood
    from cevns.likelihoods.draws import Drawn
    from cevns.parameters import Parameter

__all__ = ["SIGMAS", "toy_ends"]

#: Standard deviations of the bands.
SIGMAS = (-2, -1, 0, 1, 2)
#: Couplings at which toys are looked at: so many, from and to so many times the expected limit, which leaves out
#: intervals narrower than a sixth of themselves.
COUPLINGS, LEAST, MOST = 76, 1e-2, 1e3
#: Places between two couplings at which a crossing is looked for; a straight line between them is right to 1e-4.
PLACES = np.linspace(0, 1, 17)


def toy_ends(
    likelihood: Likelihood,
    interaction: Model,
    line: Line,
    masses: Array,
    expected: Array,
    level: float,
    drawn: Drawn,
    mass_range: tuple[float, float] | None,
    num_threads: int,
) -> tuple[Array, Array]:
    """Return the ends of what is allowed at each mass for -2 to 2 standard deviations of toys, shape (m, 5) each.

    Parameters
    ----------
    likelihood, interaction, line
        What is fitted, and along which coupling.
    masses : ndarray, shape (m,)
        Masses [MeV], one of any value for interactions without.
    expected : ndarray, shape (m,)
        Limits of Asimov data, around which those of toys are looked for.
    level : float
        chi2 above the least one from which couplings are excluded.
    drawn : Drawn
        Toys of no signal.
    mass_range : (float, float), optional
        Of the least chi2.
    num_threads : int
        Threads over toys.
    """
    from scipy.stats import norm

    name, other = line.parameter.name, line.other
    if other is None:
        least = np.full(len(drawn), np.inf)
    else:
        bounds = {} if mass_range is None else {other.name: mass_range}
        least = Search(likelihood, interaction, (other.name, name), line.fixed, bounds=bounds).least(
            drawn, num_threads
        )[0]
    shares = norm.cdf(SIGMAS)
    upper, lower = np.empty((2, masses.size, len(SIGMAS)))
    for i, (mass, limit) in enumerate(zip(masses.tolist(), expected.tolist(), strict=True)):
        at: Mapping[str, float] = line.fixed if other is None else {**line.fixed, other.name: mass}
        search = Search(likelihood, interaction, (name,), at)
        best, values = search.least(drawn, num_threads)
        ends = _Ends(search, drawn, np.minimum(least, best) + level, values[:, 0], best, num_threads)
        grid = _grid(line.parameter, limit, line.two_sided)
        pair = ends.outermost(grid) if line.two_sided else (ends.next_above(grid), np.full(len(drawn), -np.inf))
        # those of toys, since some are infinite
        upper[i], lower[i] = (np.quantile(side, shares, method="inverted_cdf") for side in pair)
    return upper, lower


def _grid(parameter: Parameter, limit: float, two_sided: bool) -> Array:
    """Return couplings at which toys are looked at, ascending."""
    origin, room = parameter.origin, parameter.high - parameter.origin
    size = min(abs(limit - origin) if np.isfinite(limit) and limit != origin else room, room)
    away = np.append(np.geomspace(LEAST * size, min(MOST * size, room), COUPLINGS), room)
    above = origin + away
    below = np.maximum(origin - away[::-1], parameter.low) if two_sided else above[:0]
    found: Array = np.unique(np.concatenate([below, [origin], above]).clip(parameter.low, parameter.high))
    return found


class _Ends:
    """Where chi2 of each toy crosses its threshold."""

    def __init__(
        self, search: Search, drawn: Drawn, threshold: Array, best: Array, least: Array, num_threads: int
    ) -> None:
        self._search, self._drawn, self._threads = search, drawn, num_threads
        self._threshold, self._best, self._least = threshold, best, least

    def _excluded(self, grid: Array) -> np.ndarray:
        above: np.ndarray = self._search.points(self._drawn, grid[:, None], self._threads) > self._threshold[:, None]
        return above

    def next_above(self, grid: Array) -> Array:
        """Return the lowest excluded coupling above the best fit, or the best fit where that is excluded."""
        excluded = self._excluded(grid) & (grid > self._best[:, None])
        place = np.where(excluded.any(axis=1), excluded.argmax(axis=1), grid.size)
        found = np.full(len(self._drawn), np.inf)
        for i in np.unique(place[place < grid.size]):
            toys = np.flatnonzero(place == i)
            low = np.maximum(grid[i - 1] if i else grid[i], self._best[toys])
            found[toys] = self._crossing(toys, low, grid[i])
        nothing = self._least > self._threshold
        found[nothing] = self._best[nothing]
        return found

    def outermost(self, grid: Array) -> tuple[Array, Array]:
        """Return the highest and the lowest coupling that are allowed; both are the best fit where none is."""
        allowed = ~self._excluded(grid)
        sides = []
        for sign, table, values in ((1.0, allowed[:, ::-1], grid[::-1]), (-1.0, allowed, grid)):
            place = np.where(allowed.any(axis=1), table.argmax(axis=1), -1)
            found = np.where(place == 0, sign * np.inf, self._best)
            for i in np.unique(place[place > 0]):
                toys = np.flatnonzero(place == i)
                found[toys] = self._crossing(toys, np.full(toys.size, values[i]), values[i - 1])
            # what is allowed between two couplings is near the best fit
            alone = (place < 0) & (self._least <= self._threshold)
            beyond = np.searchsorted(grid, self._best, side="right").clip(1, grid.size - 1)
            for i in np.unique(beyond[alone]):
                toys = np.flatnonzero(alone & (beyond == i))
                found[toys] = self._crossing(toys, self._best[toys], grid[i] if sign > 0 else grid[i - 1])
            sides.append(found)
        return sides[0], sides[1]

    def _crossing(self, toys: np.ndarray, inside: Array, outside: float) -> Array:
        """Return where chi2 of some toys, which is below its threshold at one end, crosses it first on the way."""
        found = np.empty(toys.size)
        # toys that begin at the same place share all points; the others are few
        for start in np.unique(inside):
            own = np.flatnonzero(inside == start)
            values = start + PLACES * (outside - start)
            drawn = self._drawn[toys[own]]
            above = self._search.points(drawn, values[:, None], self._threads) - self._threshold[toys[own], None]
            last = np.maximum((above > 0).argmax(axis=1), 1)
            low, high = above[np.arange(own.size), last - 1], above[np.arange(own.size), last]
            part = np.clip(-low / np.where(high > low, high - low, np.inf), 0.0, 1.0)
            found[own] = values[last - 1] + part * (values[last] - values[last - 1])
        return found
