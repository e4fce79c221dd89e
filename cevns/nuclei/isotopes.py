"""The isotopes that occur in nature, and the radii that follow from their charge radii.

The table is ``data/isotopes.csv``; ``data/PROVENANCE.md`` says where each column comes from. The radii of the
point-nucleon distributions are not measured: `point_proton_radius` and `neutron_radius` are the conventions by which
they follow from the charge radius.
"""

from __future__ import annotations

import functools
import math
import os
import re
import reprlib
from typing import NamedTuple

from cevns import checks
from cevns.constants import HBAR_C
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.nuclei.elements import SYMBOLS, closest_isotope

__all__ = ["Isotope", "isotope", "known_elements", "natural", "neutron_radius", "neutron_skin", "point_proton_radius"]

#: Charge radius of the proton [fm] and mean square charge radius of the neutron [fm^2]; PDG 2020.
PROTON_RADIUS, NEUTRON_RADIUS_SQUARED = 0.8409, -0.1161
#: Proton mass [MeV]; CODATA 2022.
PROTON_MASS = 938.27208943
#: Darwin-Foldy term [fm^2].
DARWIN_FOLDY = 0.75 * (HBAR_C / PROTON_MASS) ** 2
#: Least mass number to which the law of the neutron skin was fitted.
LIGHTEST_WITH_SKIN = 40
#: What to do about a nucleus that is not in the table.
MAKE_ONE = (
    "Any other: Nucleus.from_atomic_mass(name, protons, neutrons, atomic_mass_u, proton_radius, neutron_radius), or "
    "[nuclei] in a configuration file"
)


class Isotope(NamedTuple):
    """One row of the table: the mass [u] is that of the atom, the charge radius an rms radius [fm]."""

    name: str
    protons: int
    neutrons: int
    atomic_mass_u: float
    abundance: float
    charge_radius: float

    @property
    def symbol(self) -> str:
        """Symbol of the element."""
        return self.name.partition("-")[0]


def point_proton_radius(charge_radius: float, protons: int, neutrons: int) -> float:
    """Return the rms radius of the point-proton distribution [fm] for a charge radius.

    ``R_p^2 = R_ch^2 - r_p^2 - (N/Z) r_n^2 - 3/(4 m_p^2)``: the sizes of the nucleons and the Darwin-Foldy term are
    taken off, the spin-orbit term, which is of the order of 0.01 fm in the radius, is not.

    Parameters
    ----------
    charge_radius : float
        rms charge radius [fm].
    protons, neutrons : int
        Z and N.

    Raises
    ------
    InputError
        If nothing is left, as for a single proton.

    Examples
    --------
    >>> round(point_proton_radius(4.0742, 32, 42), 4)
    4.0014
    """
    charge_radius = checks.real("charge_radius", charge_radius, unit="fm", above=0)
    protons, neutrons = checks.whole("protons", protons, low=1), checks.whole("neutrons", neutrons)
    nucleons = PROTON_RADIUS**2 + neutrons / protons * NEUTRON_RADIUS_SQUARED + DARWIN_FOLDY
    if protons + neutrons == 1 or charge_radius**2 <= nucleons:
        raise InputError(
            f"charge_radius = {charge_radius:g} fm leaves no distribution of nucleons for Z = {protons}, N = {neutrons}"
        )
    return math.sqrt(charge_radius**2 - nucleons)


def neutron_skin(protons: int, neutrons: int) -> float:
    """Return R_n - R_p [fm] where no neutron radius is given: a law, not a measurement of this nucleus.

    ``(0.90 +- 0.15) (N - Z)/A - (0.03 +- 0.02) fm``, a straight line through antiprotonic atoms of 26 nuclei from
    calcium to uranium, attributed to Jastrzebski et al., Int. J. Mod. Phys. E 13 (2004) 343 (not compared with the
    text). With both errors a skin is uncertain by 0.02 to 0.04 fm. Lighter nuclei than A = 40 were not fitted; they
    get no skin. Other laws are as good a choice: models of nuclei with stiff symmetry energy have skins twice as thick.

    Parameters
    ----------
    protons, neutrons : int
        Z and N.

    Examples
    --------
    >>> round(neutron_skin(54, 78), 3)
    0.134
    """
    protons, neutrons = checks.whole("protons", protons, low=1), checks.whole("neutrons", neutrons)
    nucleons = protons + neutrons
    return 0.0 if nucleons < LIGHTEST_WITH_SKIN else 0.90 * (neutrons - protons) / nucleons - 0.03


def neutron_radius(charge_radius: float, protons: int, neutrons: int) -> float:
    """Return the rms radius of the point-neutron distribution [fm]: that of the protons and `neutron_skin`.

    Parameters and errors are those of `point_proton_radius`.

    Examples
    --------
    >>> round(neutron_radius(4.0742, 32, 42), 3)
    4.093
    """
    return point_proton_radius(charge_radius, protons, neutrons) + neutron_skin(protons, neutrons)


def known_elements() -> tuple[str, ...]:
    """Return the symbols of the elements whose natural composition the table has.

    Examples
    --------
    >>> "Ge" in known_elements(), len(known_elements())
    (True, 83)
    """
    return tuple(_elements())


def natural(symbol: str) -> tuple[Isotope, ...]:
    """Return the isotopes of an element as it occurs in nature, the lightest first.

    Parameters
    ----------
    symbol : str
        For example ``"Ge"``.

    Raises
    ------
    UnknownNameError
        If there is no such element, or it has no natural composition.

    Examples
    --------
    >>> [(i.name, i.abundance) for i in natural("Cl")]
    [('Cl-35', 0.758), ('Cl-37', 0.242)]
    """
    if checks.text("symbol", symbol) in _elements():
        return _elements()[symbol]
    if symbol in SYMBOLS:
        raise UnknownNameError(
            f"element {symbol!r} has no natural composition in the table of isotopes: it has no isotopes that occur in "
            "nature, or none whose charge radius is known. Name its nuclei one by one instead of the element"
        )
    raise UnknownNameError(f"unknown element {reprlib.repr(symbol)}; known: {', '.join(known_elements())}")


def isotope(name: str) -> Isotope:
    """Return an isotope of the table by name, such as ``"Ge-76"``.

    Raises
    ------
    UnknownNameError
        If the table has no such isotope; the message lists those of the element.

    Examples
    --------
    >>> isotope("Xe-132").abundance
    0.26909
    """
    if checks.text("name of a nucleus", name) in _table():
        return _table()[name]
    raise _unknown(name)


def _unknown(name: str) -> UnknownNameError:
    """Return the error for a name that is not in the table, with what there is of the element."""
    shown, letters = reprlib.repr(name), re.match(r"\d*([A-Za-z]+)", name)
    symbol = letters[1].capitalize() if letters else ""
    if symbol in _elements():
        names = [i.name for i in _elements()[symbol]]
        close = closest_isotope(name, names)
        hint = f" Did you mean {close!r}?" if close else ""
        there = f"of {symbol} there {'is' if len(names) == 1 else 'are'} {', '.join(names)}"
        return UnknownNameError(f"unknown nucleus {shown}; {there}.{hint} {MAKE_ONE}")
    if symbol in SYMBOLS:
        return UnknownNameError(f"unknown nucleus {shown}; of {symbol} none is in the table. {MAKE_ONE}")
    return UnknownNameError(
        f"unknown nucleus {shown}; known: the natural isotopes, written like 'Ge-76', of "
        f"{', '.join(known_elements())}. {MAKE_ONE}"
    )


@functools.cache
def _table() -> dict[str, Isotope]:
    """Return the rows by name."""
    with open(os.path.join(os.path.dirname(__file__), "data", "isotopes.csv"), encoding="ascii") as file:
        rows = file.read().splitlines()
    if rows[0] != "isotope,Z,N,atomic_mass_u,abundance,charge_radius_fm":
        raise DataError("isotopes.csv of cevns has other columns than it should: install cevns anew")
    cells = [row.split(",") for row in rows[1:]]
    known = {(int(z), int(z) + int(n)): float(radius) for _, z, n, _, _, radius in cells if radius}
    return {
        name: Isotope(name, int(z), int(n), float(mass), float(part), _charge_radius(known, int(z), int(z) + int(n)))
        for name, z, n, mass, part, _ in cells
    }


def _charge_radius(known: dict[tuple[int, int], float], z: int, a: int) -> float:
    """Return the tabulated radius, or that of the nearest isotopes of the element scaled with A^(1/3)."""
    if (z, a) in known:
        return known[z, a]
    distance = min(abs(a - other) for element, other in known if element == z)
    near = [other for element, other in known if element == z and abs(a - other) == distance]
    return sum(known[z, other] * float((a / other) ** (1 / 3)) for other in near) / len(near)


@functools.cache
def _elements() -> dict[str, tuple[Isotope, ...]]:
    """Return the isotopes of each element."""
    found: dict[str, tuple[Isotope, ...]] = {}
    for row in _table().values():
        found[row.symbol] = (*found.get(row.symbol, ()), row)
    return found
