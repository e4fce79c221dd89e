"""Toys of several points together, weighted so that they are those of any point near them.

Toys are drawn at some points k, n_k of N at each. Of all of them together the density is that of the mixture, sum_k
(n_k / N) p_k(x), so that with the weights w = p(x) / sum_k (n_k / N) p_k(x) they are toys of the point whose density is
p: of one where none was drawn too, and of each of the others with far less noise than its own toys have alone, above
all in the tail of a statistic (arXiv:2303.11290).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Array

__all__ = ["Mixture"]

#: Least effective number of toys of a point that says anything of its tail.
LEAST_EFFECTIVE = 50.0
#: By how many of its standard errors the sum of weights may differ from what it must be.
FAR = 6.0


class Mixture:
    """Toys that were drawn at several points.

    Parameters
    ----------
    log_densities : ndarray, shape (N, K)
        Logarithm of the density of each toy at each point, up to a constant for each toy.
    drawn : ndarray of int, shape (K,)
        How many of the toys were drawn at each point.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(4000, 1)) + np.repeat([[0.0], [1.0]], 2000, axis=0)
    >>> toys = Mixture(-0.5 * (x - np.array([0.0, 0.5, 1.0])) ** 2, np.array([2000, 0, 2000]))
    >>> value, error = toys.critical(1, (x[:, 0] - 0.5) ** 2, 0.90)
    >>> abs(value - 2.71) < 3 * error < 0.4
    True
    """

    def __init__(self, log_densities: Array, drawn: np.ndarray) -> None:
        self.log_densities, self.drawn = log_densities, np.asarray(drawn)
        if self.drawn.sum() != len(log_densities) or self.drawn.size != log_densities.shape[1]:
            raise InputError(
                f"{self.drawn.sum()} toys of {self.drawn.size} points do not go with densities of shape "
                f"{log_densities.shape}: give a row for each toy and a column for each point"
            )

    @cached_property
    def _log_mixture(self) -> Array:
        """Logarithm of the mixture's density of each toy, shape (N,)."""
        used = np.flatnonzero(self.drawn)
        logs = self.log_densities[:, used]
        highest = logs.max(axis=1)
        total = np.exp(logs - highest[:, None]) @ (self.drawn[used] / self.drawn.sum())
        found: Array = highest + np.log(total)
        return found

    def weights(self, point: int) -> Array:
        """Return the weights with which all are toys of a point, shape (N,); 1 on average."""
        # bounded by N / n where the point is one of those that toys were drawn at, and elsewhere far below an overflow
        found: Array = np.exp(np.minimum(self.log_densities[:, point] - self._log_mixture, 300.0))
        return found

    def known(self, point: int) -> bool:
        """Return whether the toys say anything of a point: enough of them are where its own would be."""
        return _known(self.weights(point))

    def tail(self, point: int, statistic: Array, value: float) -> tuple[float, float]:
        """Return the share of a point's toys whose statistic is at least a value, and its standard error.

        The weights' sum is 1 on average alone: what is counted are those above, or those below, whichever vary less.
        """
        weights = self.weights(point)
        above, under = weights * (statistic >= value), weights * (statistic < value)
        found, varies = (above.mean(), above) if above.std() < under.std() else (1.0 - under.mean(), under)
        return min(max(float(found), 0.0), 1.0), float(varies.std()) / len(varies) ** 0.5

    def critical(self, point: int, statistic: Array, cl: float) -> tuple[float, float]:
        """Return the value below which the statistic of a share `cl` of a point's toys lies, and its standard error.

        Both are NaN where too few toys are known.
        """
        weights = self.weights(point)
        if not _known(weights):
            return np.nan, np.nan
        order = np.argsort(-statistic, kind="stable")
        weights, values, n = weights[order], statistic[order], len(statistic)
        share = np.cumsum(weights) / n
        error = np.sqrt(np.maximum(np.cumsum(weights**2) / n - share**2, 0.0) / n)
        wanted = 1.0 - cl
        at = float(np.interp(wanted, share, values))
        spread = float(np.interp(at, values[::-1], error[::-1]))
        low, high = (float(np.interp(max(wanted + sign * spread, 0.0), share, values)) for sign in (1, -1))
        return at, 0.5 * (high - low)


def _effective(weights: Array) -> float:
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _known(weights: Array) -> bool:
    spread = float(weights.std()) / len(weights) ** 0.5
    return _effective(weights) >= LEAST_EFFECTIVE and abs(float(weights.mean()) - 1.0) <= FAR * spread + 1e-9
