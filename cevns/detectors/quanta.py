"""Resolutions of a number of quanta: Poisson, and the gamma density that stands for it and what follows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cevns import checks
from cevns.arrays import unique
from cevns.detectors.grids import WholeNumbers
from cevns.detectors.resolution import Resolution
from cevns.errors import InputError
from cevns.kernels.weights import poisson_tails

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.detectors.efficiency import Efficiency
    from cevns.detectors.grids import Grid

__all__ = ["GammaResolution", "PoissonResolution"]

#: Most whole numbers whose probabilities are computed one by one, for an efficiency that is not of straight lines.
MOST_NUMBERS = 200_000
#: Largest number up to which tails are sums of terms, which are few but near the mean.
_SUMMED = 1000
#: What is observed of true values beyond `reach`.
_RARE = 1e-16
#: Minus the logarithm of tails that double precision hardly knows.
_FELT = 700.0


@dataclass(frozen=True)
class PoissonResolution(Resolution):
    """Poisson counting of photoelectrons: n is observed with mean x; a bin holds the whole numbers in [low, high).

    Examples
    --------
    >>> PoissonResolution().density(np.array([2.0]), np.array([0.0, 1.0, 2.0])).ravel().round(3)
    array([0.135, 0.271, 0.271])
    """

    moves: ClassVar[tuple[str, ...]] = ()

    def accepted(self, x: Array, low: Array, high: Array, efficiency: Efficiency) -> Array:
        """Return the probability to observe a whole number in [low, high) and accept it; see `Resolution`."""
        from scipy.special import pdtr, pdtrc

        first, last = np.ceil(low), np.ceil(high) - 1
        offset, slope = efficiency.lines(low, high)
        # pdtr(k, x) sums P(n <= k; x), and n P(n; x) = x P(n - 1; x); neighbouring segments share their ends
        lower = [last - 1, first - 2] if slope.any() else []
        needed = unique(np.concatenate([last, first - 1, *lower]))
        above = needed[:, None] >= x
        tails = poisson_tails(needed, x) if needed[-1] <= _SUMMED else _tails(pdtrc, pdtr, above, needed[:, None], x)

        def between(below: Array, end: Array) -> Array:
            return _between(tails, above, np.searchsorted(needed, below), np.searchsorted(needed, end))

        share = offset[:, None] * between(first - 1, last)
        if lower:
            share = share + slope[:, None] * x * between(first - 2, last - 1)
        end = efficiency.x[-1]
        if efficiency.beyond == "zero" and end == np.floor(end):
            # the last point still counts, of the quanta that follow it nothing
            share = share + np.where(low == end, efficiency.values[-1], 0.0)[:, None] * self.density(x, np.array([end]))
        return share

    def density(self, x: Array, observed: Array) -> Array:
        """Return the probabilities of whole numbers, shape (n,), for means, shape (k,): shape (n, k)."""
        # n quanta are as probable as the mean is in a gamma density of shape n + 1 and rate 1
        shape = observed[:, None] + 1
        return _gamma(np.maximum(x, 1e-200), shape, shape)

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        return np.sqrt(x)

    def widths(self, x: Any) -> Any:
        """Return the integral of dx / sigma from 0 to means."""
        return np.sqrt(x) / 0.5

    def at(self, widths: Any) -> Any:
        """Return the means up to which there are so many widths."""
        return (0.5 * widths) ** 2

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the means between which an observation in [x_low, x_high) can come, to 1e-16."""
        from scipy.special import gammainccinv, gammaincinv

        # P(n >= k) and P(n <= k) are incomplete gamma functions of the mean
        low = float(gammaincinv(np.ceil(x_low), _RARE)) if x_low > 0 else 0.0
        return low, float(gammainccinv(np.ceil(x_high), _RARE))

    def spread(self, x: Array) -> tuple[float, float]:
        """Return the numbers between which those of means `x` lie, to 1e-16."""
        # the upper tail of few quanta falls like x^n / n!
        low, high = float(x.min()), float(x.max())
        return max(low - 9 * math.sqrt(low), 0.0), high + 9 * math.sqrt(high) + 24.0

    def rise(self, x_low: float) -> float:
        """Return the power of small means in which an observation of at least `x_low` becomes improbable."""
        return float(np.ceil(x_low))

    def grid(self, x: Array, low: float, high: float, edges: Array) -> Grid:
        """Return the whole numbers in [low, high], those of bins that end there included."""
        first, last = math.floor(low), math.ceil(high)
        if last - first > MOST_NUMBERS:
            raise InputError(
                f"efficiency: {last - first} numbers of photoelectrons would have to be summed, at most {MOST_NUMBERS} "
                "are: give the efficiency as a table, Efficiency, or take GaussianResolution(1) for so many"
            )
        return WholeNumbers(first, last)


@dataclass(frozen=True)
class GammaResolution(Resolution):
    """Gamma density of the observable with mean x: r^k y^(k-1) exp(-r y) / Gamma(k), k = offset + slope x, r = k / x.

    Its sigma is x / sqrt(k). The CsI release of 2021 has k = 1 + 9.56 E_ee/keV with 13.35 photoelectrons per keVee.

    Parameters
    ----------
    shape_slope : float
        Slope of k, in the inverse unit of the observable.
    shape_offset : float
        k at x = 0, from 0.01 to 1e9.

    Raises
    ------
    InputError
        If one of them is out of range.

    References
    ----------
    arXiv:2110.07730.

    Examples
    --------
    >>> csi = GammaResolution(9.56 * 0.0749)
    >>> float(csi.width(20.0).round(3))
    5.11
    """

    moves: ClassVar[tuple[str, ...]] = ("shape_slope", "shape_offset")
    felt: ClassVar[int] = 60

    shape_slope: float
    shape_offset: float = 1.0

    def __post_init__(self) -> None:
        checks.put(
            self,
            shape_slope=checks.real("shape_slope", self.shape_slope, low=0, high=1e12),
            shape_offset=checks.real("shape_offset", self.shape_offset, low=0.01, high=1e9),
        )

    def _shape(self, x: Any) -> Any:
        return self.shape_offset + self.shape_slope * x

    def accepted(self, x: Array, low: Array, high: Array, efficiency: Efficiency) -> Array:
        """Return the probability to observe a true value in [low, high] and to accept it; see `Resolution`."""
        from scipy.special import gammainc, gammaincc

        x = np.maximum(x, 1e-200)
        shape = self._shape(x)
        ends = unique(np.concatenate([low, high]))
        i, j = np.searchsorted(ends, low), np.searchsorted(ends, high)
        offset, slope = efficiency.lines(low, high)
        above = ends[:, None] > x
        with np.errstate(over="ignore"):
            scaled = shape * (ends[:, None] / x)
        found = offset[:, None] * _between(_tails(gammaincc, gammainc, above, shape, scaled), above, i, j)
        if slope.any():
            # y times the density is x times that of a shape which is 1 more
            more = _between(_tails(gammaincc, gammainc, above, shape + 1, scaled), above, i, j)
            found += slope[:, None] * x * more
        return found

    def density(self, x: Array, observed: Array) -> Array:
        """Return the density of reconstructed values for true ones; see `Resolution`."""
        x = np.maximum(x, 1e-200)
        return _gamma(observed[:, None], self._shape(x), x)

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        return x / np.sqrt(self._shape(x))

    def widths(self, x: Any) -> Any:
        """Return the integral of dx / sigma up to true values; it has no lower end."""
        root = math.sqrt(self.shape_offset)
        above = np.sqrt(self._shape(x)) / root - 1
        with np.errstate(divide="ignore"):
            # near 0 the root minus 1 has lost the digits of x
            small = 0.5 * self.shape_slope * x / self.shape_offset
            above = np.where(small < 1e-8, np.maximum(small, 0.0), above)
            if self.shape_slope == 0:
                return root * np.log(x)
            return root * (2 * above + np.log(above / (above + 2)))

    def at(self, widths: Any) -> Any:
        """Return the true values up to which there are so many widths."""
        root = math.sqrt(self.shape_offset)
        v = np.asarray(widths, dtype=float) / root
        if self.shape_slope == 0:
            return np.exp(v)
        # Newton's steps for t = log(sqrt(k / offset) - 1), in which the sum is convex, from above
        t = np.minimum(v + math.log(2), np.log(np.maximum(0.5 * v, 1.0) + 2.0))
        for _ in range(30):
            w = np.exp(t)
            t = t - (2 * w + t - np.log(2 + w) - v) / (2 * w + 1 - w / (2 + w))
        w = np.exp(t)
        return self.shape_offset / self.shape_slope * w * (w + 2)

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the true values between which an observation in [x_low, x_high] can come, to 1e-16."""
        from scipy.special import gammainc, gammaincc

        def tail(probability: Any, end: float) -> float:
            # monotonic in x: both the shape and the scale of the gamma density grow with it
            low, high = math.log(1e-200), math.log(1e200)
            rising = probability is gammaincc
            for _ in range(80):
                middle = 0.5 * (low + high)
                x = math.exp(middle)
                k = self._shape(x)
                above = probability(k, k * (end / x)) > _RARE
                low, high = (low, middle) if above == rising else (middle, high)
            return math.exp(low if rising else high)

        return tail(gammaincc, x_low) if x_low > 0 else 0.0, tail(gammainc, x_high)

    def spread(self, x: Array) -> tuple[float, float]:
        """Return the values between which true values `x` are observed, to 1e-16."""
        from scipy.special import gammainccinv, gammaincinv

        low, high = max(float(x.min()), 1e-200), max(float(x.max()), 1e-200)
        k_low, k_high = self._shape(low), self._shape(high)
        return low * float(gammaincinv(k_low, _RARE) / k_low), high * float(gammainccinv(k_high, _RARE) / k_high)

    def rise(self, x_low: float) -> float:
        """Return the power of small true values in which an observation of at least `x_low` becomes improbable."""
        return math.inf if x_low > 0 else 0.0


def _tails(upper: Any, lower: Any, above: np.ndarray, shape: Array, end: Array) -> Array:
    """Return probabilities up to ends, less 1 where `above` says so, each as the tail that is small.

    Both functions are of gamma densities of rate 1, or of numbers up to `shape` whose mean is `end`. Tails that cannot
    be told from 0 by what Chernoff says of either, in a tenth of the time, are not computed.
    """
    from scipy.special import kl_div

    shape, end = np.broadcast_arrays(shape, end)
    with np.errstate(invalid="ignore"):
        felt = kl_div(shape, end) < _FELT
    tails = np.zeros(above.shape)
    # selected, because masks of SciPy's functions are not to be trusted: with `where` they write elsewhere (1.17)
    chosen = above & felt
    tails[chosen] = -upper(shape[chosen], end[chosen])
    chosen = ~above & felt
    tails[chosen] = lower(shape[chosen], end[chosen])
    return tails


def _between(tails: Array, above: np.ndarray, i: Any, j: Any) -> Array:
    """Return probabilities between the ends i and j of `_tails`, without a difference of ones."""
    share: Array = tails[j] - tails[i]
    share += above[j] & ~above[i]
    return share


def _gamma(y: Any, shape: Any, mean: Any) -> Array:
    """Return the gamma density of a shape and the rate shape / mean, with all digits.

    k ln(r y) - r y - ln Gamma(k) would be a difference of large numbers: what is left of it, k (ln t - t + 1) with
    t = y / mean and the rest of Stirling's formula, is computed alone.
    """
    from scipy.special import gammaln

    t = y / mean
    away = (y - mean) / mean
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        deviance = away - np.where(t < 0.5, np.log(t), np.log1p(np.maximum(away, -0.5)))
        series = 1 / (12 * shape) - 1 / (360 * shape**3) + 1 / (1260 * shape**5) - 1 / (1680 * shape**7)
        direct = gammaln(shape) - (shape - 0.5) * np.log(shape) + shape - 0.5 * math.log(2 * math.pi)
        rest = np.where(shape > 16, series, direct)
        found: Array = np.sqrt(shape / (2 * math.pi)) / np.maximum(y, 1e-300) * np.exp(-shape * deviance - rest)
    return found
