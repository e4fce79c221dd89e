"""Quenching factors of a target: one for all nuclei, or one for each; and whether they can be folded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.detectors.quenching import (
    HIGHEST_RECOIL,
    LARGEST_FACTOR,
    BirksQuenching,
    LindhardQuenching,
    LinearQuenching,
    PolynomialQuenching,
    Quenching,
    TabulatedQuenching,
)
from cevns.errors import InputError
from cevns.nuclei.elements import closest_isotope, same_isotope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cevns._types import Array
    from cevns.nuclei import Nucleus

__all__ = ["QuenchingByNucleus", "check_fraction", "checked_quenching"]

#: Recoil [keV] from which on a quenching factor of your own is looked at.
LOWEST_RECOIL = 1e-3
#: How far rounding may lift a quenching factor above 1.
ROUNDING = 1e-9


class QuenchingByNucleus(Mapping[str, Quenching]):
    """Quenching factors of nuclei that differ, by the name of an isotope or of an element. Immutable.

    Parameters
    ----------
    factors : mapping of str to Quenching
        An isotope, ``"I-127"``, goes before its element, ``"I"``.

    Raises
    ------
    InputError
        If there is no factor, or one of them is none.

    Examples
    --------
    >>> from cevns.nuclei import nucleus
    >>> crystal = QuenchingByNucleus({"Na": PolynomialQuenching((0.2,)), "I": PolynomialQuenching((0.06,))})
    >>> crystal.of(nucleus("Na-23"))
    PolynomialQuenching(coefficients=(0.2,), maximum=inf)
    """

    def __init__(self, factors: Mapping[str, Quenching]) -> None:
        checks.instance("quenching", factors, Mapping)
        for name, factor in factors.items():
            checks.text("name of an isotope or element in quenching", name)
            _checked(f"quenching[{name!r}]", factor)
        if not factors:
            raise InputError("quenching is empty: give a factor for each isotope or element of the target")
        self._factors = dict(factors)

    def __getitem__(self, name: str) -> Quenching:
        return self._factors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._factors)

    def __len__(self) -> int:
        return len(self._factors)

    def __hash__(self) -> int:
        return hash(frozenset(self._factors))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._factors!r})"

    def of(self, nucleus: Nucleus) -> Quenching:
        """Return the factor of a nucleus.

        Raises
        ------
        InputError
            If there is none.
        """
        for name in (same_isotope(nucleus.name, self._factors), nucleus.symbol):
            if name in self._factors:
                return self._factors[name]
        raise InputError(
            f"quenching has no entry for {nucleus.name}: give one for {nucleus.name!r}, or for the element "
            f"{nucleus.symbol!r}; there are {', '.join(map(repr, self._factors))}"
        )

    def check_target(self, nuclei: Iterable[Nucleus]) -> None:
        """Refuse entries for what is not in a target, and nuclei without an entry.

        Raises
        ------
        InputError
            If a nucleus has no entry.
        UnknownNameError
            If an entry is for none of the nuclei: it may be a name misspelled.
        """
        nuclei = tuple(nuclei)
        names = dict.fromkeys(name for nucleus in nuclei for name in (nucleus.name, nucleus.symbol))
        for name in (same_isotope(name, names) or name for name in self._factors):
            checks.known("nucleus in quenching", name, names, "It is for the nuclei of the target", closest_isotope)
        for nucleus in nuclei:
            self.of(nucleus)


#: Quenching factors that are checked when they are made.
_KNOWN_GOOD = frozenset((BirksQuenching, LindhardQuenching, LinearQuenching, PolynomialQuenching, TabulatedQuenching))


def checked_quenching(quenching: object) -> Quenching | QuenchingByNucleus:
    """Return a quenching factor, or those of a mapping by nucleus, if they can be folded.

    Raises
    ------
    InputError
        If `quenching` is neither, or a factor of a user's own cannot be folded.
    """
    if isinstance(quenching, QuenchingByNucleus):
        return quenching
    if isinstance(quenching, Mapping):
        return QuenchingByNucleus(quenching)
    return _checked("quenching", quenching, "or a mapping of isotopes or elements to one each")


def check_fraction(name: str, factor: Quenching, recoil_kev: Array, *, everywhere: bool = False) -> None:
    """Refuse a quenching factor above 1: no recoil is seen as more energy than it has.

    Parameters
    ----------
    name : str
        What the factor is called in messages.
    factor : Quenching
        That is looked at.
    recoil_kev : ndarray, shape (n,)
        Recoils [keV]; those beyond the factor's `maximum` count as that.
    everywhere : bool
        Whether it is refused only if it is above 1 at all of them.

    Raises
    ------
    InputError
        If it is.
    """
    recoil = np.minimum(recoil_kev[recoil_kev > 0], min(factor.maximum, HIGHEST_RECOIL))
    found = np.broadcast_to(factor.factor(recoil), recoil.shape)
    above = found > 1 + ROUNDING
    if above.all() if everywhere else above.any():
        i = int(np.argmax(above))
        raise InputError(
            f"{name}: f_Q is {found[i]:.4g} at {recoil[i]:.4g} keV, but no recoil is seen as more energy than it has: "
            "give a fraction, 0.15 for 15 %; what is observed per keVee, such as photoelectrons, is light_yield"
        )


def _checked(name: str, quenching: object, hint: str = "") -> Quenching:
    factor: Quenching = checks.instance(name, quenching, Quenching, hint)
    if type(factor) not in _KNOWN_GOOD:
        _check_own(factor)
    return factor


def _check_own(quenching: Quenching) -> None:
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
