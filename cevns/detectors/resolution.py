"""Resolutions: how a true value of the observable is smeared before it is binned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import unique

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.detectors.efficiency import Efficiency

__all__ = ["GaussianResolution", "PoissonResolution"]


def _density_step(z0: Array, z1: Array) -> Array:
    """Return the normal density at z1 minus that at z0, with all digits where they hardly differ."""
    # beyond 40 standard deviations both are 0
    z0, z1 = (np.clip(z, -40.0, 40.0) for z in (z0, z1))
    higher = np.exp(-0.5 * np.minimum(np.abs(z0), np.abs(z1)) ** 2) / math.sqrt(2 * math.pi)
    exponent = -0.5 * (z1 - z0) * (z1 + z0)
    return np.sign(exponent) * -higher * np.expm1(-np.abs(exponent))


@dataclass(frozen=True)
class GaussianResolution:
    """Gaussian smearing of the observable with sigma = a sqrt(x): sigma/E = 0.58/sqrt(E) in the argon release.

    Parameters
    ----------
    a : float
        Square root of the observable's unit.
    """

    a: float

    def __post_init__(self) -> None:
        checks.put(self, a=checks.real("a", self.a, low=1e-9, high=1e9))

    def accepted(self, x: Array, low: Array, high: Array, efficiency: Efficiency) -> Array:
        """Return the probability to observe a true value in [low, high] and to accept it.

        Parameters
        ----------
        x : ndarray, shape (k,)
            True values.
        low, high : ndarray, shape (s,)
            Ends of segments on which the efficiency is a straight line.
        efficiency : Efficiency
            As a function of the reconstructed observable.

        Returns
        -------
        ndarray, shape (s, k)
        """
        from scipy.special import ndtr

        sigma = self.width(np.maximum(x, 1e-300))
        scaled = [(np.asarray(end)[:, None] - x) / sigma for end in (low, high)]
        # from the side on which both are small, or the upper tail would be the difference of ones
        above = scaled[0] > 0
        share = ndtr(np.where(above, -scaled[0], scaled[1])) - ndtr(np.where(above, -scaled[1], scaled[0]))
        # Int (offset + slope x') N(x'; x, sigma) dx' in closed form
        offset, slope = efficiency.lines(low, high)
        found: Array = (offset[:, None] + slope[:, None] * x) * share - slope[:, None] * sigma * _density_step(*scaled)
        return found

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        return self.a * np.sqrt(x)

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the true values between which an observation in [x_low, x_high] can come, to 1e-16."""
        margin = 8.5 * self.a
        return max((math.sqrt(x_low + margin**2 / 4) - margin / 2) ** 2, 0.0), (
            math.sqrt(x_high + margin**2 / 4) + margin / 2
        ) ** 2

    def rise(self, x_low: float) -> float:
        """Return the power of small true values in which an observation of at least `x_low` becomes improbable."""
        return math.inf if x_low > 0 else 0.0


def _probability(n: float, x: Array) -> Array:
    """Return the probability of n quanta where the mean is x."""
    from scipy.special import gammaln, xlogy

    found: Array = np.exp(xlogy(n, x) - x - gammaln(n + 1))
    return found


@dataclass(frozen=True)
class PoissonResolution:
    """Poisson counting of photoelectrons: n is observed with mean x; a bin holds the whole numbers in [low, high)."""

    def accepted(self, x: Array, low: Array, high: Array, efficiency: Efficiency) -> Array:
        """Return the probability to observe a whole number in [low, high) and accept it; see `GaussianResolution`."""
        from scipy.special import pdtr, pdtrc

        first, last = np.ceil(low), np.ceil(high) - 1
        offset, slope = efficiency.lines(low, high)
        # pdtr(k, x) sums P(n <= k; x), and n P(n; x) = x P(n - 1; x); neighbouring segments share their ends
        needed = unique(np.concatenate([last, first - 1, last - 1, first - 2]))
        above = needed[:, None] >= x
        # each sum from the side on which it is small, or the upper tail would be the difference of ones
        sums = np.where(above, pdtrc(np.maximum(needed, 0)[:, None], x), pdtr(np.maximum(needed, 0)[:, None], x))
        sums = np.where(needed[:, None] < 0, 0.0, sums)

        def between(below: Array, end: Array) -> Array:
            i, j = np.searchsorted(needed, below), np.searchsorted(needed, end)
            low, high = np.where(above[i], 1 - sums[i], sums[i]), np.where(above[j], 1 - sums[j], sums[j])
            return np.where(above[i] & above[j], sums[i] - sums[j], high - low)

        share = offset[:, None] * between(first - 1, last)
        if slope.any():
            share = share + slope[:, None] * x * between(first - 2, last - 1)
        end = efficiency.x[-1]
        if efficiency.beyond == "zero" and end == np.floor(end):
            # the last point still counts, of the quanta that follow it nothing
            share = share + np.where(low == end, efficiency.values[-1], 0.0)[:, None] * _probability(end, x)
        return share

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        return np.sqrt(x)

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the means between which an observation in [x_low, x_high) can come, to 1e-16."""
        from scipy.special import gammainccinv, gammaincinv

        # P(n >= k) and P(n <= k) are incomplete gamma functions of the mean
        low = float(gammaincinv(np.ceil(x_low), 1e-16)) if x_low > 0 else 0.0
        return low, float(gammainccinv(np.ceil(x_high), 1e-16))

    def rise(self, x_low: float) -> float:
        """Return the power of small means in which an observation of at least `x_low` becomes improbable."""
        return float(np.ceil(x_low))
