"""Detector response: from recoil energy to what is observed in bins.

The observable is x = light_yield * eta * f_Q(T) * T, in photoelectrons (PE) or electron-equivalent energy (keVee), with
eta a nuisance scale of the quenching factor, nominally 1 (text below eq. 4.1 of arXiv:2008.05022, and eq. 2.10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import unique
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cevns._types import Array, ArrayLike, Values


#: Half widths of the resolution beyond which less than 1e-16 of a step is felt: 8.5 for a Gaussian, 2 x 6.1 for counts
#: of photoelectrons, where exp(-x) for none of them has fallen to that at sqrt(x) = 6.1.
_FELT = 14
#: Largest values of an observable, of its amount per keVee, and of a quenching factor that are accepted.
LARGEST_OBSERVABLE, LARGEST_YIELD, LARGEST_FACTOR = 1e12, 1e9, 1e6
#: Recoil [keV] up to which a signal is inverted, and from which on a quenching factor of your own is looked at.
HIGHEST_RECOIL, LOWEST_RECOIL = 1e5, 1e-3
#: Most coefficients of a polynomial: enough for any curve, and few enough that no power overflows.
MOST_COEFFICIENTS = 31
#: Smallest quenching factor of a table, so that the logarithm of a signal is finite.
SMALLEST_FACTOR = 1e-12

__all__ = [
    "BirksQuenching",
    "Efficiency",
    "GaussianResolution",
    "LindhardQuenching",
    "LinearQuenching",
    "PoissonResolution",
    "PolynomialQuenching",
    "Quenching",
    "Response",
    "TabulatedQuenching",
]


class Quenching:
    """Base of quenching factors: `factor` gives f_Q(T); `kinks` the recoils [keV] where it is not analytic.

    A subclass needs `factor`, for arrays of any shape; the signal f_Q(T) T must grow with T up to `maximum` [keV].
    """

    kinks = ()
    maximum = math.inf

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        raise NotImplementedError

    def signal(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q(T) T [keVee] at recoil energies [keV]."""
        recoil_kev = checks.floats("recoil_kev", recoil_kev, unit="keV")
        return self.factor(recoil_kev) * recoil_kev

    def recoil(self, signal_kevee: ArrayLike, highest_kev: float = HIGHEST_RECOIL) -> Array:
        """Return the recoil energies [keV] that give electron-equivalent energies [keVee]; inf where none does.

        Secants inside a bracket on the monotonic `signal`, so that it holds for every curve, in logarithms, where every
        curve is nearly straight.
        """
        target = checks.floats("signal_kevee", signal_kevee, unit="keVee")
        # a signal that is 0 up to some recoil has no logarithm; what follows from it is left to the bisections
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._inverse(target, min(self.maximum, highest_kev))

    def _inverse(self, target, top):
        reached = self.signal(np.array(top)) >= target
        sought = reached & (target > 0)
        # a stand-in where there is nothing to find
        wanted = np.log(np.where(sought, target, self.signal(np.array(0.5 * top))))
        low, high = np.full(target.shape, math.log(1e-40 * top)), np.full(target.shape, math.log(top))
        f_low, f_high = np.log(self.signal(np.exp(low))) - wanted, np.log(self.signal(np.exp(high))) - wanted
        before = np.full(target.shape, 2)
        for step in range(100):
            found = low - f_low * (high - low) / (f_high - f_low)
            # a bisection now and then keeps the secants honest
            honest = (found > low) & (found < high) & (step % 6 < 5)
            found = np.where(honest, found, 0.5 * (low + high))
            f_found = np.log(self.signal(np.exp(found))) - wanted
            if (np.abs(f_found) <= 4e-15).all():
                break
            below = f_found < 0
            # the Illinois rule: an end that stays twice counts half
            again = np.where(below == before, 0.5, 1.0)
            f_high = np.where(below, again * f_high, f_found)
            f_low = np.where(below, f_found, again * f_low)
            before = below
            low, high = np.where(below, found, low), np.where(below, high, found)
        return np.where(reached, np.where(sought, np.exp(found), 0.0), np.inf)


@dataclass(frozen=True)
class PolynomialQuenching(Quenching):
    """Signal f_Q(T) T = sum_n coefficients[n] T^(n+1), T in keV; a constant f_Q is ``PolynomialQuenching((f,))``.

    Parameters
    ----------
    coefficients : tuple of float
        [keV^-n], n = 0, 1, ...
    maximum : float
        Recoil [keV] up to which the polynomial is used and grows.

    Examples
    --------
    >>> float(PolynomialQuenching((0.0878,)).signal(10.0))
    0.878
    """

    coefficients: Values
    maximum: float = math.inf

    def __post_init__(self):
        values = checks.array("coefficients", self.coefficients, low=-LARGEST_FACTOR, high=LARGEST_FACTOR, ndim=1)
        if values.size > MOST_COEFFICIENTS:
            raise InputError(f"coefficients are {values.size}, at most {MOST_COEFFICIENTS} are allowed")
        if values.size == 0 or not values[0] > 0:
            raise InputError("coefficients must start with a positive quenching factor at T = 0")
        if type(self.maximum) is not float or self.maximum != math.inf:
            checks.put(self, maximum=checks.real("maximum", self.maximum, unit="keV", above=0))
        checks.put(self, coefficients=tuple(values.tolist()))
        slope = np.polynomial.polynomial.polyroots(values * np.arange(1, values.size + 1))
        turning = slope.real[(np.abs(slope.imag) < 1e-9 * np.abs(slope)) & (slope.real > 0)]
        if turning.size and turning.min() < self.maximum:
            raise InputError(
                f"coefficients: the signal turns over at {turning.min():.4g} keV; set maximum= to a recoil below that"
            )

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        return np.polynomial.polynomial.polyval(checks.floats("recoil_kev", recoil_kev, unit="keV"), self.coefficients)


@dataclass(frozen=True)
class LinearQuenching(Quenching):
    """f_Q(T) = offset + slope T up to a recoil energy, constant above.

    Parameters
    ----------
    offset : float
        f_Q(0).
    slope : float
        [1/keV], not negative.
    constant_above : float
        Recoil energy [keV].
    """

    offset: float
    slope: float
    constant_above: float

    def __post_init__(self):
        checks.put(
            self,
            offset=checks.real("offset", self.offset, above=0, high=LARGEST_FACTOR),
            slope=checks.real("slope", self.slope, unit="1/keV", low=0, high=LARGEST_FACTOR),
            constant_above=checks.real("constant_above", self.constant_above, unit="keV", above=0, high=1e12),
        )

    @property
    def kinks(self) -> tuple[float, ...]:
        """The recoil [keV] where the slope ends."""
        return (self.constant_above,)

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        recoil_kev = checks.floats("recoil_kev", recoil_kev, unit="keV")
        return self.offset + self.slope * np.minimum(recoil_kev, self.constant_above)


@dataclass(frozen=True)
class BirksQuenching(Quenching):
    """Modified Birks law f_Q(T) = (1 - exp(-T/E0)) / (kB dE/dr(T)).

    Parameters
    ----------
    onset_kev : float
        E0 [keV].
    birks : float
        kB [g / (MeV cm^2)].
    recoil_kev, stopping_power : array_like, shape (n,)
        Table of the total stopping power dE/dr [MeV cm^2/g] of the recoil.
    degree : int
        Degree of the polynomial in log T that stands for log dE/dr. A smooth law through a table that is rounded in its
        fifth digit keeps predictions analytic in the recoil energy, which an interpolation through every row would not.

    Raises
    ------
    InputError
        If the polynomial misses a row by more than 0.1 %, or the signal f_Q(T) T does not grow from a thousandth of the
        first recoil to the last one.
    """

    onset_kev: float
    birks: float
    recoil_kev: Values
    stopping_power: Values
    degree: int = 7
    _series: object = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        checks.put(
            self,
            onset_kev=checks.real("onset_kev", self.onset_kev, unit="keV", low=1e-12, high=1e12),
            birks=checks.real("birks", self.birks, unit="g/(MeV cm^2)", low=1e-12, high=1e12),
            degree=checks.whole("degree", self.degree, low=1, high=30),
        )
        t = checks.ascending("recoil_kev", self.recoil_kev, unit="keV", above=0, least=self.degree + 1)
        s = checks.array("stopping_power", self.stopping_power, above=0, ndim=1, length=t.size)
        series = np.polynomial.Chebyshev.fit(np.log(t), np.log(s), self.degree)
        worst = float(np.abs(series(np.log(t)) - np.log(s)).max())
        if worst > 1e-3:
            raise InputError(f"degree = {self.degree} leaves {worst:.1e} of the stopping-power table; raise it")
        object.__setattr__(self, "recoil_kev", tuple(t.tolist()))
        object.__setattr__(self, "stopping_power", tuple(s.tolist()))
        object.__setattr__(self, "_series", series)
        # between the rows, and above all below the first one, a polynomial of high degree may go anywhere
        recoil = np.geomspace(1e-3 * t[0], t[-1], 2000)
        with np.errstate(over="ignore", divide="ignore"):
            falls = np.flatnonzero(np.diff(self.signal(recoil)) <= 0)
        if falls.size:
            raise InputError(
                f"degree = {self.degree} makes the signal f_Q(T) T fall at {recoil[falls[0]]:.3g} keV, where it must "
                "grow; lower the degree, or give the table from lower recoils on"
            )

    @property
    def maximum(self) -> float:
        """Last row of the table [keV]."""
        return self.recoil_kev[-1]

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV], the table's law continued below its first row."""
        recoil_kev = checks.floats("recoil_kev", recoil_kev, unit="keV")
        t = np.maximum(recoil_kev, 1e-3 * self.recoil_kev[0])
        return -np.expm1(-recoil_kev / self.onset_kev) / (self.birks * np.exp(self._series(np.log(t))))


@dataclass(frozen=True)
class TabulatedQuenching(Quenching):
    """f_Q(T) by linear interpolation in a table, constant outside it.

    Parameters
    ----------
    recoil_kev, factors : array_like, shape (n,)
        Ascending recoil energies [keV] and f_Q there: positive, but in a first row at T = 0 it may be 0.

    Raises
    ------
    InputError
        If a factor is 0 behind one that is not, or all are, or f_Q(T) T does not grow from row to row.

    Examples
    --------
    >>> float(TabulatedQuenching([0.0, 10.0], [0.0, 0.2]).factor(5.0))
    0.1
    """

    recoil_kev: Values
    factors: Values

    def __post_init__(self):
        t = checks.ascending("recoil_kev", self.recoil_kev, unit="keV", low=0)
        f = checks.array("factors", self.factors, low=0, high=LARGEST_FACTOR, ndim=1, length=t.size)
        # a curve may begin with rows below a threshold, without any signal
        tiny = f < SMALLEST_FACTOR
        tiny &= (f > 0) | tiny.all() | (np.cumsum(f) > 0)
        if tiny.any():
            i = int(np.argmax(tiny))
            raise InputError(
                f"factors[{i}] = {f[i]:g} at {t[i]:g} keV is not allowed: a quenching factor must be at least "
                f"{SMALLEST_FACTOR:g}, but for 0 in rows below a threshold, before any other; see whether a decimal "
                "comma, as in 0,16, was read as the end of a cell"
            )
        # the slope of f T is linear inside a row interval, so its ends decide
        slope = np.diff(f) / np.diff(t)
        if ((f[:-1] + slope * t[:-1]) < 0).any() or ((f[1:] + slope * t[1:]) < 0).any():
            raise InputError("factors fall so steeply that f_Q(T) T does not grow with T; check the table")
        object.__setattr__(self, "recoil_kev", tuple(t.tolist()))
        object.__setattr__(self, "factors", tuple(f.tolist()))

    @property
    def kinks(self) -> tuple[float, ...]:
        """The table's rows [keV]."""
        return self.recoil_kev

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        return np.interp(checks.floats("recoil_kev", recoil_kev, unit="keV"), self.recoil_kev, self.factors)


@dataclass(frozen=True)
class Efficiency:
    """Efficiency as a function of the observable: steps or straight lines between points, zero below the first.

    Parameters
    ----------
    x : array_like, shape (n,)
        Ascending values of the observable: step edges, or points.
    values : array_like, shape (n - 1,) or (n,)
        n - 1 values for steps, n for straight lines.
    beyond : {"constant", "zero"}
        What holds above the last x.
    kind : {"steps", "points"}, optional
        Says which of the two is meant, and the lengths must agree; told by the lengths unless given. A list of low
        edges with one value for each is neither: add the last bin's upper edge, and give ``kind="steps"``.

    Raises
    ------
    InputError
        If a value is out of [0, 1], `x` does not ascend, or the lengths do not fit `kind`.

    Examples
    --------
    >>> Efficiency([0.0, 1.0, 2.0], [0.5, 1.0])([-0.1, 0.5, 1.5, 3.0]).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """

    x: Values
    values: Values
    beyond: str = "constant"
    kind: str | None = None

    def __post_init__(self):
        x = checks.ascending("x", self.x, low=-LARGEST_OBSERVABLE, high=LARGEST_OBSERVABLE, least=2)
        values = checks.array("values", self.values, low=0, high=1, ndim=1)
        needed = {"steps": x.size - 1, "points": x.size}
        if self.kind is None:
            if values.size not in needed.values():
                raise InputError(
                    f"values must have {x.size - 1} entries for steps or {x.size} for straight lines, got {values.size}"
                )
            checks.put(self, kind="points" if values.size == x.size else "steps")
        elif values.size != needed[checks.known("kind of efficiency", self.kind, needed)]:
            what, other = ("edges", "points") if self.kind == "steps" else ("points", "steps")
            hint = "interval between two edges" if self.kind == "steps" else "point"
            raise InputError(
                f"values must have {needed[self.kind]} entries, one for each {hint}, since kind is {self.kind!r}; got "
                f"{values.size} for {x.size} {what}: correct one of them, or take kind = {other!r}"
            )
        checks.known("beyond", self.beyond, ("constant", "zero"))
        checks.put(self, x=tuple(x.tolist()), values=tuple(values.tolist()))

    @classmethod
    def perfect(cls) -> Efficiency:
        """Return an efficiency of 1 for every observable above 0."""
        return cls((0.0, 1.0), (1.0,))

    @property
    def steps(self) -> bool:
        """Whether the efficiency is constant in steps."""
        return self.kind == "steps"

    @property
    def jumps(self) -> tuple[float, ...]:
        """Values of the observable where the efficiency jumps."""
        if self.steps:
            return self.x
        first = (self.x[0],) if self.values[0] > 0 else ()
        return first + ((self.x[-1],) if self.beyond == "zero" and self.values[-1] > 0 else ())

    def lines(self, low: ArrayLike, high: ArrayLike) -> tuple[Array, Array]:
        """Return offset and slope of the efficiency on segments [low, high] inside which it is a straight line."""
        low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        middle = 0.5 * (low + high)
        if self.steps:
            return self(middle), np.zeros(middle.size)
        inside = (middle > self.x[0]) & (middle < self.x[-1])
        index = np.clip(np.searchsorted(self.x, middle) - 1, 0, len(self.x) - 2)
        slope = np.where(inside, (np.diff(self.values) / np.diff(self.x))[index], 0.0)
        return self(middle) - slope * middle, slope

    def __call__(self, observable):
        """Return the efficiency at values of the observable."""
        observable = checks.floats("observable", observable)
        if self.steps:
            index = np.searchsorted(self.x, observable, side="right") - 1
            value = np.asarray(self.values)[np.clip(index, 0, len(self.values) - 1)]
        else:
            value = np.interp(observable, self.x, self.values)
        value = np.where(observable < self.x[0], 0.0, value)
        return np.where(observable > self.x[-1], 0.0, value) if self.beyond == "zero" else value


def _density_step(z0, z1):
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

    def __post_init__(self):
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
        return (offset[:, None] + slope[:, None] * x) * share - slope[:, None] * sigma * _density_step(*scaled)

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        return self.a * np.sqrt(x)

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the true values between which an observation in [x_low, x_high] can come, to 1e-16."""
        margin = 8.5 * self.a
        return max((math.sqrt(x_low + margin**2 / 4) - margin / 2) ** 2, 0.0), (
            math.sqrt(x_high + margin**2 / 4) + margin / 2
        ) ** 2


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

        def between(below, end):
            i, j = np.searchsorted(needed, below), np.searchsorted(needed, end)
            low, high = np.where(above[i], 1 - sums[i], sums[i]), np.where(above[j], 1 - sums[j], sums[j])
            return np.where(above[i] & above[j], sums[i] - sums[j], high - low)

        share = offset[:, None] * between(first - 1, last)
        return share + slope[:, None] * x * between(first - 2, last - 1) if slope.any() else share

    def width(self, x: Any) -> Any:
        """Return sigma for true values `x`."""
        return np.sqrt(x)

    def reach(self, x_low: float, x_high: float) -> tuple[float, float]:
        """Return the means between which an observation in [x_low, x_high) can come, to 1e-16."""
        from scipy.special import gammainccinv, gammaincinv

        # P(n >= k) and P(n <= k) are incomplete gamma functions of the mean
        low = float(gammaincinv(np.ceil(x_low), 1e-16)) if x_low > 0 else 0.0
        return low, float(gammainccinv(np.ceil(x_high), 1e-16))


@dataclass(frozen=True)
class Response:
    """What a detector does with a recoil: quenching, light yield, resolution, efficiency, bins.

    Parameters
    ----------
    quenching : Quenching
        f_Q(T); the same for all nuclei of the target.
    edges : array_like, shape (n + 1,)
        Ascending bin edges of the observable.
    unit : str
        Unit of the observable, for figures and tables.
    light_yield : float
        Observable per keVee.
    efficiency : Efficiency
        As a function of the reconstructed observable.
    resolution : GaussianResolution or PoissonResolution, optional
        None for none, as in arXiv:2008.05022.
    """

    quenching: Quenching
    edges: Values
    unit: str = "keVee"
    light_yield: float = 1.0
    efficiency: Efficiency = field(default_factory=Efficiency.perfect)
    resolution: GaussianResolution | PoissonResolution | None = None

    def __post_init__(self):
        checks.words("unit", self.unit)
        edges = checks.ascending("edges", self.edges, unit=self.unit, low=0, high=LARGEST_OBSERVABLE, least=2)
        light_yield = checks.real(
            "light_yield", self.light_yield, unit=f"{self.unit}/keVee", low=1 / LARGEST_YIELD, high=LARGEST_YIELD
        )
        checks.put(self, edges=tuple(edges.tolist()), light_yield=light_yield)
        checks.instance("quenching", self.quenching, Quenching)
        if type(self.quenching) not in _KNOWN_GOOD:
            _check_quenching(self.quenching)
        checks.instance("efficiency", self.efficiency, Efficiency)
        checks.instance("resolution", self.resolution, (GaussianResolution, PoissonResolution, type(None)))

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1

    def observable(self, recoil_kev: ArrayLike, eta: float = 1.0) -> Array:
        """Return x for recoil energies [keV] and a quenching scale."""
        return self.light_yield * eta * self.quenching.signal(recoil_kev)

    def recoil(self, observable: ArrayLike, eta: float = 1.0) -> Array:
        """Return the recoil energies [keV] for values of the observable; inf where none gives it."""
        return self.quenching.recoil(checks.floats("observable", observable) / (self.light_yield * eta))

    @property
    def steps(self) -> Array:
        """Values of the observable where acceptance into a bin jumps or kinks, ascending."""
        inner = [x for x in self.efficiency.x if self.edges[0] < x < self.edges[-1]]
        return unique([*self.edges, *inner])

    def recoil_range(self, etas: Iterable[float] = (1.0,)) -> tuple[float, float]:
        """Return the lowest and highest recoil [keV] that can be observed in any bin for these scales."""
        low = max(self.edges[0], self.efficiency.x[0])
        high = self.edges[-1]
        if self.resolution is not None:
            low, high = self.resolution.reach(low, high)
        return float(self.recoil(low, max(etas))), float(self.recoil(high, min(etas)))

    def acceptance(self, observable: ArrayLike) -> Array:
        """Return the probability to accept a recoil in each bin.

        Parameters
        ----------
        observable : array_like, shape (k,)
            True values of the observable.

        Returns
        -------
        ndarray, shape (bins, k)
        """
        x = checks.floats("observable", observable)
        edges = np.asarray(self.edges)
        if self.resolution is None:
            inside = (x >= edges[:-1, None]) & (x < edges[1:, None])
            return inside * self.efficiency(x)
        steps = self.steps
        accepted = self.resolution.accepted(x, steps[:-1], steps[1:], self.efficiency)
        return np.add.reduceat(accepted, np.searchsorted(steps, edges[:-1]), axis=0)

    def cuts(self, low: float, high: float, etas: Array) -> list[Array]:
        """Return, for each quenching scale, recoil energies [keV] between which acceptance is smooth.

        Without a resolution these are its steps; with one it is smooth on the scale of the resolution.
        """
        kinks = np.asarray(self.quenching.kinks, dtype=float)
        if self.resolution is None:
            # for all at once, since inverting a quenching curve costs more than all else
            return [np.concatenate([cuts, kinks]) for cuts in self.recoil(self.steps, etas[:, None])]
        # half a width at a time, x = (i w / 2)^2 with w = width / sqrt(x), where a step is near enough to be felt
        half = 0.5 * float(self.resolution.width(1.0))
        felt = unique(np.rint(np.sqrt(self.steps) / half)[:, None] + np.arange(-_FELT, _FELT + 1))
        ends = np.sqrt(self.observable(np.array([low, high]), etas[:, None])) / half
        widths = [
            (half * felt[(felt >= np.floor(a)) & (felt <= np.ceil(b))]) ** 2 / eta
            for (a, b), eta in zip(ends, etas, strict=True)
        ]
        cuts = np.split(self.recoil(np.concatenate(widths)), np.cumsum([w.size for w in widths])[:-1])
        return [np.concatenate([c, kinks]) for c in cuts]


@dataclass(frozen=True)
class LindhardQuenching(Quenching):
    """Lindhard's ionisation yield f_Q = k g / (1 + k g) with g = 3 eps^0.15 + 0.7 eps^0.6 + eps, eps = 11.5 Z^(-7/3) T.

    Parameters
    ----------
    protons, nucleons : int
        Z and A of the target's nucleus.
    k : float, optional
        Electronic stopping; 0.133 Z^(2/3) A^(-1/2) unless given.

    References
    ----------
    J. Lindhard et al., Mat. Fys. Medd. Dan. Vid. Selsk. 33 no. 10 (1963); parametrisation of J. D. Lewin and
    P. F. Smith, Astropart. Phys. 6 (1996) 87. It neglects binding and exceeds what was measured in silicon below a few
    keV (arXiv:1608.00957).

    Examples
    --------
    >>> silicon = LindhardQuenching(protons=14, nucleons=28)
    >>> round(silicon.k, 4)
    0.146
    >>> silicon.factor([1.0, 10.0]).round(3)
    array([0.21 , 0.302])
    """

    protons: int
    nucleons: int
    k: float | None = None

    def __post_init__(self):
        protons = checks.whole("protons", self.protons, low=1, high=500)
        nucleons = checks.whole("nucleons", self.nucleons, low=protons, high=1000)
        k = 0.133 * protons ** (2 / 3) / math.sqrt(nucleons) if self.k is None else self.k
        checks.put(self, protons=protons, nucleons=nucleons, k=checks.real("k", k, low=1e-9, high=1e6))

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        eps = 11.5 * self.protons ** (-7 / 3) * checks.floats("recoil_kev", recoil_kev, unit="keV")
        g = 3 * eps**0.15 + 0.7 * eps**0.6 + eps
        return self.k * g / (1 + self.k * g)


#: Quenching factors that are checked when they are made.
_KNOWN_GOOD = frozenset((BirksQuenching, LindhardQuenching, LinearQuenching, PolynomialQuenching, TabulatedQuenching))


def _check_quenching(quenching):
    """Refuse a quenching factor of a user's own that cannot be folded, by a look at 256 recoils."""
    kind = type(quenching).__name__
    if type(quenching).factor is Quenching.factor:
        raise InputError(f"quenching: {kind} has no method factor(recoil_kev), which returns f_Q at recoils in keV")
    checks.array(f"kinks of {kind}", quenching.kinks, unit="keV", low=0, ndim=1)
    top = HIGHEST_RECOIL
    if type(quenching.maximum) is not float or quenching.maximum != math.inf:
        top = min(top, checks.real(f"maximum of {kind}", quenching.maximum, unit="keV", above=0))
    recoil = np.geomspace(min(LOWEST_RECOIL, 1e-3 * top), top, 256)
    try:
        flat = quenching.factor(recoil)
        square = quenching.factor(recoil.reshape(2, 128))
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"quenching: factor of {kind} raises {type(error).__name__} for an array of recoils in keV: {error}; it "
            "must take arrays of any shape, with functions of NumPy in the place of those of math"
        ) from error
    flat, square = checks.floats(f"factor of {kind}", flat), checks.floats(f"factor of {kind}", square)
    if flat.shape not in ((), recoil.shape) or square.shape not in ((), (2, 128)):
        raise InputError(
            f"quenching: factor of {kind} returns the shape {square.shape} for recoils of shape (2, 128); it must "
            "return one number for each recoil"
        )
    flat, square = np.broadcast_to(flat, recoil.shape), np.broadcast_to(square, (2, 128))
    if not np.allclose(flat, square.ravel(), rtol=1e-12, atol=0, equal_nan=True):
        raise InputError(f"quenching: factor of {kind} depends on the shape of the array of recoils")
    bad = ~(np.isfinite(flat) & (flat >= 0) & (flat <= LARGEST_FACTOR))
    if bad.any() or not flat.any():
        i = int(np.argmax(bad))
        raise InputError(
            f"quenching: factor of {kind} is {flat[i]:g} at {recoil[i]:.3g} keV; from {recoil[0]:g} to {top:g} keV it "
            f"must be from 0 to {LARGEST_FACTOR:g}, and above 0 somewhere: mend it, or set maximum to the recoil up to "
            "which it holds"
        )
    signal = flat * recoil
    falls = np.flatnonzero(np.diff(signal) < -1e-12 * signal[1:])
    if falls.size:
        raise InputError(
            f"quenching: the signal f_Q(T) T of {kind} falls at {recoil[falls[0]]:.3g} keV, where it must grow; mend "
            "factor, or set maximum to a recoil below that"
        )
