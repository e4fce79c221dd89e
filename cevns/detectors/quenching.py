"""Quenching factors f_Q(T): how much of a nuclear recoil is seen as ionisation or light (eq. 2.10)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from cevns import checks
from cevns.arrays import Polynomial, Value
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Values

__all__ = [
    "BirksQuenching",
    "LindhardQuenching",
    "LinearQuenching",
    "PolynomialQuenching",
    "Quenching",
    "TabulatedQuenching",
]

#: Largest quenching factor that is accepted.
LARGEST_FACTOR = 1e6
#: Recoil [keV] up to which a signal is inverted.
HIGHEST_RECOIL = 1e5
#: Recoils among which the inverse of a quenching curve is looked for first.
GRID = 513
#: Most coefficients of a polynomial: enough for any curve, and few enough that no power overflows.
MOST_COEFFICIENTS = 31
#: Smallest quenching factor of a table, so that the logarithm of a signal is finite.
SMALLEST_FACTOR = 1e-12


def _recoils(recoil_kev: ArrayLike) -> Array:
    """Return recoil energies [keV], refusing negative ones, where a law or a table would go on as if they were."""
    found = checks.floats("recoil_kev", recoil_kev, unit="keV")
    if (found < 0).any():
        raise InputError(f"recoil_kev contains {found.min():g}: every value must be at least 0 keV")
    return found


class Quenching:
    """Base of quenching factors: `factor` gives f_Q(T); `kinks` the recoils [keV] where it is not analytic.

    A subclass needs `factor`, for arrays of any shape; the signal f_Q(T) T must grow with T up to `maximum` [keV].

    Examples
    --------
    >>> class Constant(Quenching):
    ...     def factor(self, recoil_kev):
    ...         return 0.25 + 0.0 * np.asarray(recoil_kev)
    >>> Constant().signal([10.0, 20.0])  # keVee
    array([2.5, 5. ])
    """

    kinks: tuple[float, ...] = ()
    maximum: float = math.inf

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        raise NotImplementedError

    def signal(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q(T) T [keVee] at recoil energies [keV]."""
        recoil_kev = _recoils(recoil_kev)
        return self.factor(recoil_kev) * recoil_kev

    def recoil(self, signal_kevee: ArrayLike, highest_kev: float = HIGHEST_RECOIL) -> Array:
        """Return the recoil energies [keV] that give electron-equivalent energies [keVee]; inf where none does.

        Secants inside a bracket on the monotonic `signal`, so that it holds for every curve, in logarithms, where every
        curve is nearly straight.

        Raises
        ------
        InputError
            If a number is not finite.

        Examples
        --------
        >>> from cevns.detectors import LinearQuenching
        >>> LinearQuenching(0.25, 0.0, constant_above=100.0).recoil([5.0, 10.0])  # keV
        array([20., 40.])
        """
        target = checks.floats("signal_kevee", signal_kevee, unit="keVee")
        # a signal that is 0 up to some recoil has no logarithm; what follows from it is left to the bisections
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._inverse(target, min(self.maximum, highest_kev))

    def _inverse(self, target: Array, top: float) -> Array:
        end = self.signal(np.array(top))
        # rounding on the way, by a yield or a scale, must not lose the end
        reached, target = target <= end * (1 + 1e-15), np.minimum(target, end)
        sought = reached & (target > 0)
        # a stand-in where there is nothing to find
        wanted = np.log(np.where(sought, target, 0.5 * end))
        # a grid brackets all at once; what lies below it begins far down
        ends = np.concatenate([[math.log(1e-40 * top)], np.linspace(math.log(1e-7 * top), math.log(top), GRID)])
        signals = self.signal(np.exp(ends))
        place = np.minimum(np.searchsorted(np.log(np.maximum.accumulate(signals[1:])), wanted), GRID - 1)
        logs = np.log(signals)
        low, high, f_low, f_high = ends[place], ends[place + 1], logs[place] - wanted, logs[place + 1] - wanted
        before, best, left = np.full(target.shape, 2), low, np.full(target.shape, np.inf)
        for step in range(100):
            found = low - f_low * (high - low) / (f_high - f_low)
            # a bisection now and then keeps the secants honest
            honest = (found > low) & (found < high) & (step % 6 < 5)
            found = np.where(honest, found, 0.5 * (low + high))
            f_found = np.log(self.signal(np.exp(found))) - wanted
            # what is found stays, while others are still looked for
            best, left = np.where(np.abs(f_found) < left, found, best), np.fmin(np.abs(f_found), left)
            if (left <= 4e-15).all():
                break
            below = f_found < 0
            # the Illinois rule: an end that stays twice counts half
            again = np.where(below == before, 0.5, 1.0)
            f_high = np.where(below, again * f_high, f_found)
            f_low = np.where(below, f_found, again * f_low)
            before = below
            low, high = np.where(below, found, low), np.where(below, high, found)
        return np.where(reached, np.where(sought, np.exp(best), 0.0), np.inf)


@dataclass(frozen=True, eq=False, repr=False)
class PolynomialQuenching(Quenching, Value):
    """Signal f_Q(T) T = sum_n coefficients[n] T^(n+1), T in keV; a constant f_Q is ``PolynomialQuenching((f,))``.

    Parameters
    ----------
    coefficients : tuple of float
        [keV^-n], n = 0, 1, ...
    maximum : float
        Recoil [keV] up to which the polynomial is used and grows.

    Raises
    ------
    InputError
        If the first coefficient is not positive, one is out of range, or the signal turns over below `maximum`.

    Examples
    --------
    >>> float(PolynomialQuenching((0.0878,)).signal(10.0))
    0.878
    """

    moves: ClassVar[tuple[str, ...]] = ("coefficients",)

    coefficients: Values
    maximum: float = math.inf

    @classmethod
    def of_mev(cls, coefficients: ArrayLike, maximum: float = math.inf) -> PolynomialQuenching:
        """Return the quenching of a light curve E_ee(T) = a T + b T^2 + ..., E_ee and T in MeV, as releases print it.

        Parameters
        ----------
        coefficients : array_like, shape (n,)
            a, b, ... [MeV^-m], m = 0, 1, ...
        maximum : float
            Recoil [keV] up to which it is valid, and grows.

        Raises
        ------
        InputError
            As for coefficients in keV.

        Examples
        --------
        The scintillation of CsI (arXiv:2110.07730), up to the last recoil that was measured:

        >>> csi = PolynomialQuenching.of_mev((0.0554628, 4.30681, -111.707, 840.384), maximum=45.0)
        >>> float(csi.signal(45.0).round(4))
        4.4839
        """
        values = checks.array("coefficients", coefficients, ndim=1)
        # from MeV per MeV^n to keV per keV^n
        return cls(tuple(values * 1e-3 ** np.arange(values.size)), maximum)

    def __post_init__(self) -> None:
        values = checks.array("coefficients", self.coefficients, low=-LARGEST_FACTOR, high=LARGEST_FACTOR, ndim=1)
        if values.size > MOST_COEFFICIENTS:
            raise InputError(f"coefficients are {values.size}, at most {MOST_COEFFICIENTS} are allowed")
        if values.size == 0 or not values[0] > 0:
            raise InputError("coefficients must start with a positive quenching factor at T = 0")
        if type(self.maximum) is not float or self.maximum != math.inf:
            checks.put(self, maximum=checks.real("maximum", self.maximum, unit="keV", above=0))
        checks.put(self, coefficients=tuple(values.tolist()))
        slope = np.roots((values * np.arange(1, values.size + 1))[::-1])
        turning = slope.real[(np.abs(slope.imag) < 1e-9 * np.abs(slope)) & (slope.real > 0)]
        if turning.size and turning.min() < self.maximum:
            raise InputError(
                f"coefficients: the signal turns over at {turning.min():.4g} keV; set maximum= to a recoil below that"
            )

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        return cast("Array", np.polyval(self.coefficients[::-1], _recoils(recoil_kev)))


@dataclass(frozen=True, eq=False, repr=False)
class LinearQuenching(Quenching, Value):
    """f_Q(T) = offset + slope T up to a recoil energy, constant above.

    Parameters
    ----------
    offset : float
        f_Q(0).
    slope : float
        [1/keV], not negative.
    constant_above : float
        Recoil energy [keV].

    Raises
    ------
    InputError
        If a number is out of range, or the signal f_Q(T) T does not grow.

    Examples
    --------
    >>> LinearQuenching(0.246, 7.8e-4, constant_above=125.0).factor([10.0, 200.0])
    array([0.2538, 0.3435])
    """

    moves: ClassVar[tuple[str, ...]] = ("offset", "slope", "constant_above")

    offset: float
    slope: float
    constant_above: float

    def __post_init__(self) -> None:
        checks.put(
            self,
            offset=checks.real("offset", self.offset, above=0, high=LARGEST_FACTOR),
            slope=checks.real("slope", self.slope, unit="1/keV", low=0, high=LARGEST_FACTOR),
            constant_above=checks.real("constant_above", self.constant_above, unit="keV", above=0, high=1e12),
        )

    @property
    def kinks(self) -> tuple[float, ...]:  # type: ignore[override]
        """The recoil [keV] where the slope ends."""
        return (self.constant_above,)

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        return self.offset + self.slope * np.minimum(_recoils(recoil_kev), self.constant_above)


@dataclass(frozen=True, eq=False, repr=False)
class BirksQuenching(Quenching, Value):
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

    Examples
    --------
    >>> import numpy as np
    >>> table = np.geomspace(1.0, 100.0, 20)
    >>> birks = BirksQuenching(12.97, 3.311e-3, table, 200.0 * table**0.3)
    >>> birks.factor([5.0, 20.0]).round(3)
    array([0.298, 0.483])
    """

    moves: ClassVar[tuple[str, ...]] = ("onset_kev", "birks", "stopping_power")

    onset_kev: float
    birks: float
    recoil_kev: Values
    stopping_power: Values
    degree: int = 7
    _series: Polynomial = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks.put(
            self,
            onset_kev=checks.real("onset_kev", self.onset_kev, unit="keV", low=1e-12, high=1e12),
            birks=checks.real("birks", self.birks, unit="g/(MeV cm^2)", low=1e-12, high=1e12),
            degree=checks.whole("degree", self.degree, low=1, high=30),
        )
        t = checks.ascending("recoil_kev", self.recoil_kev, unit="keV", above=0, least=self.degree + 1)
        s = checks.array("stopping_power", self.stopping_power, above=0, ndim=1, length=t.size)
        series = Polynomial(np.log(t), np.log(s), self.degree)
        worst = float(np.abs(series(np.log(t)) - np.log(s)).max())
        if worst > 1e-3:
            raise InputError(f"degree = {self.degree} leaves {worst:.1e} of the stopping-power table; raise it")
        checks.put(self, recoil_kev=tuple(t.tolist()), stopping_power=tuple(s.tolist()), _series=series)
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
    def maximum(self) -> float:  # type: ignore[override]
        """Last row of the table [keV]."""
        return float(self.recoil_kev[-1])

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV], the table's law continued below its first row."""
        recoil_kev = _recoils(recoil_kev)
        t = np.maximum(recoil_kev, 1e-3 * self.recoil_kev[0])
        factor: Array = -np.expm1(-recoil_kev / self.onset_kev) / (self.birks * np.exp(self._series(np.log(t))))
        return factor


@dataclass(frozen=True, eq=False, repr=False)
class TabulatedQuenching(Quenching, Value):
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

    moves: ClassVar[tuple[str, ...]] = ("factors",)

    recoil_kev: Values
    factors: Values

    def __post_init__(self) -> None:
        t = checks.ascending("recoil_kev", self.recoil_kev, unit="keV", low=0)
        f = checks.array("factors", self.factors, low=0, high=LARGEST_FACTOR, ndim=1, length=t.size)
        # a curve may begin with rows below a threshold, without any signal
        tiny = f < SMALLEST_FACTOR
        tiny &= (f > 0) | tiny.all() | (np.cumsum(f) > 0)
        if tiny.any():
            i = int(np.argmax(tiny))
            error = InputError(
                f"factors[{i}] = {f[i]:g} at {t[i]:g} keV is not allowed: a quenching factor must be at least "
                f"{SMALLEST_FACTOR:g}, but for 0 in rows below a threshold, before any other; see whether a decimal "
                "comma, as in 0,16, was read as the end of a cell"
            )
            error.at = i, float(f[i])
            raise error
        # the slope of f T is linear inside a row interval, so its ends decide
        slope = np.diff(f) / np.diff(t)
        if ((f[:-1] + slope * t[:-1]) < 0).any() or ((f[1:] + slope * t[1:]) < 0).any():
            raise InputError("factors fall so steeply that f_Q(T) T does not grow with T; check the table")
        object.__setattr__(self, "recoil_kev", tuple(t.tolist()))
        object.__setattr__(self, "factors", tuple(f.tolist()))

    @property
    def kinks(self) -> tuple[float, ...]:  # type: ignore[override]
        """The table's rows [keV]."""
        return tuple(self.recoil_kev)

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        return np.interp(_recoils(recoil_kev), self.recoil_kev, self.factors)


@dataclass(frozen=True, eq=False, repr=False)
class LindhardQuenching(Quenching, Value):
    """Lindhard's ionisation yield f_Q = k g / (1 + k g) with g = 3 eps^0.15 + 0.7 eps^0.6 + eps, eps = 11.5 Z^(-7/3) T.

    Parameters
    ----------
    protons, nucleons : int, float
        Z and A of the target's nucleus, or the mean A of its isotopes.
    k : float, optional
        Electronic stopping; 0.133 Z^(2/3) A^(-1/2) unless given.

    Raises
    ------
    InputError
        If there are no such nuclei, or `k` is out of range.

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

    moves: ClassVar[tuple[str, ...]] = ("k",)

    protons: int
    nucleons: float
    k: float = None  # type: ignore[assignment]  # a number once it is made

    def __post_init__(self) -> None:
        protons = checks.whole("protons", self.protons, low=1, high=500)
        nucleons = checks.real("nucleons", self.nucleons, low=protons, high=1000)
        # beyond helium no stable nucleus has less than 2 for each proton; of neutrons there are at most 1.55
        if protons >= 3 and nucleons < 1.9 * protons:
            raise InputError(
                f"nucleons = {nucleons:g} are too few for {protons} protons: give protons and neutrons together"
            )
        k = 0.133 * protons ** (2 / 3) / math.sqrt(nucleons) if self.k is None else self.k
        checks.put(self, protons=protons, nucleons=nucleons, k=checks.real("k", k, low=1e-9, high=1e6))

    def factor(self, recoil_kev: ArrayLike) -> Array:
        """Return f_Q at recoil energies [keV]."""
        eps = 11.5 * self.protons ** (-7 / 3) * _recoils(recoil_kev)
        g = 3 * eps**0.15 + 0.7 * eps**0.6 + eps
        factor: Array = self.k * g / (1 + self.k * g)
        return factor
