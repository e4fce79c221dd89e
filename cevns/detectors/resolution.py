"""Resolutions: how a true value of the observable is smeared before it is binned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cevns import checks
from cevns.arrays import Value, product, unique
from cevns.detectors.grids import CELLS_PER_WIDTH, Cells
from cevns.errors import InputError
from cevns.kernels.weights import gaussian_shares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cevns._types import Array, Values
    from cevns.detectors.efficiency import Efficiency
    from cevns.detectors.grids import Grid
    from cevns.detectors.smooth import SmoothEfficiency

__all__ = ["GaussianResolution", "Resolution", "TabulatedResolution"]

#: Standard deviations beyond which less than 1e-16 of a Gaussian lies.
_FAR = 8.5
#: Widths of true values whose nodes share a grid, and most of them: what is computed at once stays small.
_BLOCK, _MOST = 16.0, 1000


class Resolution:
    """Base of resolutions: what a detector makes of a true value of the observable.

    A subclass has `accepted`, `density`, `width`, and how far it reaches: `reach`, `spread`, `rise`; `widths` counts
    standard deviations along the axis of true values, so that equal steps of it are smooth for any of them.
    """

    #: Widths around a step of the acceptance within which true values feel it.
    felt: ClassVar[int] = 14

    @property
    def kinks(self) -> tuple[float, ...]:
        """True values where sigma is not analytic."""
        return ()

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
        raise NotImplementedError

    def density(self, x: Array, observed: Array) -> Array:
        """Return the density of reconstructed values, shape (n,), for true ones, shape (k,): shape (n, k)."""
        raise NotImplementedError

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        raise NotImplementedError

    def widths(self, x: Any) -> Any:
        """Return the integral of dx / sigma up to true values `x`, from 0 if that is finite; `at` is its inverse."""
        raise NotImplementedError

    def at(self, widths: Any) -> Any:
        """Return the true values up to which there are so many widths."""
        raise NotImplementedError

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the true values between which an observation in [x_low, x_high] can come, to 1e-16."""
        raise NotImplementedError

    def spread(self, x: Array) -> tuple[float, float]:
        """Return the values between which true values `x` are observed, to 1e-16."""
        raise NotImplementedError

    def rise(self, x_low: float) -> float:
        """Return the power of small true values in which an observation of at least `x_low` becomes improbable."""
        raise NotImplementedError

    def grid(self, x: Array, low: float, high: float, edges: Array) -> Grid:
        """Return nodes between two values, where densities of true values `x` are polynomials, edges of bins apart."""
        # what lies below a ladder without an end has no room in a double
        finest = max(low, self._finest(x), 1e-290)
        first, last = (float(self.widths(end)) for end in (finest, max(high, finest)))
        rungs = np.arange(math.floor(first * CELLS_PER_WIDTH), math.ceil(last * CELLS_PER_WIDTH) + 1)
        ladder = self.at(rungs / CELLS_PER_WIDTH)
        ends = np.concatenate([[low, high], ladder[ladder > finest], edges])
        return Cells(unique(ends[(ends >= low) & (ends <= high)]))

    def _finest(self, x: Array) -> float:
        """Return a value below which one cell is enough for densities of true values `x`."""
        return 0.0

    def smeared(self, x: Array, edges: Array, efficiency: Efficiency | SmoothEfficiency) -> Array:
        """Return the probability to observe true values in bins and to accept them, for any efficiency.

        Parameters
        ----------
        x : ndarray, shape (k,)
            True values.
        edges : ndarray, shape (bins + 1,)
            Of the bins.
        efficiency : Efficiency or SmoothEfficiency
            As a function of the reconstructed observable.

        Returns
        -------
        ndarray, shape (bins, k)
        """
        out = np.zeros((edges.size - 1, x.size))
        for members in self._blocks(x):
            low, high = self.spread(x[members])
            low, high = max(low, float(edges[0]), efficiency.threshold), min(high, float(edges[-1]))
            if low < high:
                grid = self.grid(x[members], low, high, edges)
                out[:, members] = product(grid.weights(efficiency, edges), self.density(x[members], grid.observed))
        return out

    def _blocks(self, x: Array) -> Iterator[Any]:
        """Yield which true values lie beside each other."""
        order = np.argsort(x, kind="stable")
        widths, first = self.widths(np.maximum(x[order], 1e-290)), 0
        while first < order.size:
            last = min(first + _MOST, int(np.searchsorted(widths, widths[first] + _BLOCK, side="right")))
            yield order[first:last]
            first = last


class _Gaussian(Resolution):
    """What all Gaussians share, whatever their sigma."""

    def accepted(self, x: Array, low: Array, high: Array, efficiency: Efficiency) -> Array:
        """Return the probability to observe a true value in [low, high] and to accept it; see `Resolution`."""
        sigma = self.width(np.maximum(x, 1e-300))
        return gaussian_shares(x, sigma, np.asarray(low), np.asarray(high), *efficiency.lines(low, high))

    def density(self, x: Array, observed: Array) -> Array:
        """Return the density of reconstructed values for true ones; see `Resolution`."""
        sigma = self.width(np.maximum(x, 1e-300))
        z = (observed[:, None] - x) / sigma
        found: Array = np.exp(-0.5 * z * z) / (math.sqrt(2 * math.pi) * sigma)
        return found

    def _finest(self, x: Array) -> float:
        """Return a value below which one cell is enough: near 0 a Gaussian is smooth on the scale of its own sigma."""
        return float(self.width(x).min()) / CELLS_PER_WIDTH

    def spread(self, x: Array) -> tuple[float, float]:
        """Return the values between which true values `x` are observed, to 1e-16."""
        margin = _FAR * self.width(x)
        return float((x - margin).min()), float((x + margin).max())


@dataclass(frozen=True, eq=False, repr=False)
class GaussianResolution(_Gaussian, Value):
    """Gaussian smearing of the observable, sigma^2 = constant^2 + a^2 x + (linear x)^2.

    The statistics of quanta alone are sigma = a sqrt(x): sigma/E = 0.58/sqrt(E) in the argon release. With a constant
    term, the noise of electronics, a recoil without any signal is observed too.

    Parameters
    ----------
    a : float
        Square root of the observable's unit.
    constant : float
        In the observable's unit.
    linear : float
        A pure number.

    Raises
    ------
    InputError
        If a term is negative, or all are 0.

    Examples
    --------
    >>> float(GaussianResolution(0.58).width(4.0)), float(GaussianResolution(constant=0.3, linear=0.1).width(4.0))
    (1.16, 0.5)
    """

    moves: ClassVar[tuple[str, ...]] = ("a", "constant", "linear")

    a: float = 0.0
    constant: float = 0.0
    linear: float = 0.0

    def __post_init__(self) -> None:
        # what is not there is 0 for whoever gives something else
        given = {name: getattr(self, name) for name in self.moves}
        least = 0.0 if any(isinstance(v, (int, float)) and v > 0 for v in (self.constant, self.linear)) else 1e-9
        for name, value in given.items():
            number = checks.real(name, value, low=least if name == "a" else 0.0, high=1e9)
            if 0 < number < 1e-9:
                raise InputError(f"{name} = {number:g} is not allowed: it must be 0 or at least 1e-09")
            checks.put(self, **{name: number})

    @property
    def _root(self) -> bool:
        """Whether sigma goes like the square root alone."""
        return self.constant == 0 == self.linear

    @property
    def felt(self) -> int:  # type: ignore[override]
        """Widths around a step within which true values feel it: many of them, where they grow with the value."""
        return 60 if self.linear else Resolution.felt

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        if self._root:
            return self.a * np.sqrt(x)
        return np.hypot(np.hypot(self.constant, self.a * np.sqrt(x)), self.linear * x)

    def widths(self, x: Any) -> Any:
        """Return the integral of dx / sigma from 0 to true values, from 1 if sigma is linear x alone."""
        if self._root:
            return np.sqrt(x) / (0.5 * self.a)
        a2, c, m = self.a**2, self.constant, self.linear
        with np.errstate(divide="ignore"):
            if m == 0:
                return 2 * x / (c + self.width(x))
            if a2 == 0 == c:
                return np.log(x) / m
            # the root minus c, without the loss of digits in their difference
            beyond = x * (a2 + m * m * x) / (c + self.width(x))
            return np.log1p((2 * m * beyond + 2 * m * m * x) / (2 * m * c + a2)) / m

    def at(self, widths: Any) -> Any:
        """Return the true values up to which there are so many widths."""
        if self._root:
            return (0.5 * self.a * widths) ** 2
        a2, c, m = self.a**2, self.constant, self.linear
        if m == 0:
            return widths * c + 0.25 * a2 * widths**2
        with np.errstate(over="ignore", invalid="ignore"):
            if a2 == 0 == c:
                return np.exp(np.minimum(m * widths, 700.0))
            rise = (2 * m * c + a2) * np.expm1(np.minimum(m * widths, 300.0))
            return rise * (rise + 4 * m * c) / (4 * m * m * (rise + 2 * m * c + a2))

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the true values between which an observation in [x_low, x_high] can come, to 1e-16."""
        if self._root:
            margin = _FAR * self.a
            return max((math.sqrt(x_low + margin**2 / 4) - margin / 2) ** 2, 0.0), (
                math.sqrt(x_high + margin**2 / 4) + margin / 2
            ) ** 2
        # (x - end)^2 = 8.5^2 sigma(x)^2; where sigma grows as fast as that, everything above can come down
        curvature = 1 - (_FAR * self.linear) ** 2
        (b_low, c_low, root_low), (b_high, _, root_high) = (self._roots(end, curvature) for end in (x_low, x_high))
        high = (b_high + root_high) / curvature if curvature > 0 else math.inf
        return max(c_low / (b_low + root_low), 0.0) if c_low > 0 else 0.0, high

    def _roots(self, end: float, curvature: float) -> tuple[float, float, float]:
        b = end + 0.5 * (_FAR * self.a) ** 2
        c = end**2 - (_FAR * self.constant) ** 2
        return b, c, math.sqrt(max(b * b - curvature * c, 0.0))

    def rise(self, x_low: float) -> float:
        """Return the power of small true values in which an observation of at least `x_low` becomes improbable."""
        if x_low > 0 and (self.constant == 0 or self.reach(x_low, x_low)[0] > 0):
            return math.inf
        return 0.0


@dataclass(frozen=True, eq=False, repr=False)
class TabulatedResolution(_Gaussian, Value):
    """Gaussian smearing of the observable with a table of sigma(x): straight lines between its rows, constant outside.

    Parameters
    ----------
    x : array_like, shape (n,)
        Ascending true values of the observable, not negative.
    sigma : array_like, shape (n,)
        Standard deviations there, in the observable's unit, above 0.

    Raises
    ------
    InputError
        If x does not ascend, the lengths differ, or a sigma is not above 0.

    Examples
    --------
    >>> TabulatedResolution([0.0, 8.0], [0.25, 0.75]).width([4.0, 20.0]).tolist()
    [0.5, 0.75]
    """

    moves: ClassVar[tuple[str, ...]] = ("sigma",)

    x: Values
    sigma: Values

    def __post_init__(self) -> None:
        x = checks.ascending("x", self.x, low=0, high=1e12)
        sigma = checks.array("sigma", self.sigma, low=1e-9, high=1e12, ndim=1, length=x.size)
        checks.put(self, x=tuple(x.tolist()), sigma=tuple(sigma.tolist()))

    @property
    def felt(self) -> int:  # type: ignore[override]
        """Widths around a step within which true values feel it: many of them, where they grow with the value."""
        return 60

    @property
    def kinks(self) -> tuple[float, ...]:
        """The rows."""
        return tuple(self.x)

    @property
    def _rows(self) -> tuple[Array, Array, Array, Array]:
        """Return first values of straight lines from 0 on, sigma there, its slope, and the widths below."""
        before = [0.0] if self.x[0] > 0 else []
        x, sigma = np.array([*before, *self.x]), np.array([*(self.sigma[0] for _ in before), *self.sigma])
        slope = np.concatenate([np.diff(sigma) / np.diff(x), [0.0]])
        below = np.concatenate([[0.0], np.cumsum(_along(np.diff(x), sigma[:-1], slope[:-1]))])
        return x, sigma, slope, below

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        return np.interp(x, self.x, self.sigma)

    def widths(self, x: Any) -> Any:
        """Return the integral of dx / sigma from 0 to true values."""
        rows, sigma, slope, below = self._rows
        i = np.maximum(np.searchsorted(rows, x, side="right") - 1, 0)
        return below[i] + _along(x - rows[i], sigma[i], slope[i])

    def at(self, widths: Any) -> Any:
        """Return the true values up to which there are so many widths."""
        rows, sigma, slope, below = self._rows
        i = np.maximum(np.searchsorted(below, widths, side="right") - 1, 0)
        left = widths - below[i]
        # expm1(slope left) / slope, which is left without a slope
        steep = np.where(slope[i] == 0, 1.0, slope[i])
        with np.errstate(over="ignore"):
            return rows[i] + sigma[i] * np.where(slope[i] == 0, left, np.expm1(steep * left) / steep)

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the true values between which an observation in [x_low, x_high] can come, to 1e-16."""
        x, sigma, _, _ = self._rows
        # the first true value whose upper end is x_low, and the last one whose lower end is x_high
        upper, lower = x + _FAR * sigma, x - _FAR * sigma
        i = int(np.argmax(upper >= x_low)) if (upper >= x_low).any() else x.size
        low = _meeting(x, upper, i, x_low) if 0 < i < x.size else 0.0 if i == 0 else x_low - _FAR * sigma[-1]
        j = int(x.size - 1 - np.argmax((lower <= x_high)[::-1])) if (lower <= x_high).any() else 0
        high = _meeting(x, lower, j + 1, x_high) if j + 1 < x.size else x_high + _FAR * sigma[-1]
        return float(max(low, 0.0)), float(high)

    def rise(self, x_low: float) -> float:
        """Return the power of small true values in which an observation of at least `x_low` becomes improbable."""
        return math.inf if x_low > 0 and self.reach(x_low, x_low)[0] > 0 else 0.0


def _along(distance: Any, sigma: Any, slope: Any) -> Any:
    """Return the integral of dx / (sigma + slope x) over a distance."""
    steep = np.where(slope == 0, 1.0, slope)
    return np.where(slope == 0, distance / sigma, np.log1p(steep * distance / sigma) / steep)


def _meeting(x: Array, y: Array, i: int, level: float) -> float:
    """Return where the straight line between two neighbouring points, i - 1 and i, has a value."""
    return float(x[i - 1] + (level - y[i - 1]) * (x[i] - x[i - 1]) / (y[i] - y[i - 1]))
