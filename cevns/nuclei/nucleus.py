"""Nuclei: what the neutrinos scatter on, with the radii of the analyses (eq. 2.5 of arXiv:2008.05022)."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from cevns import checks
from cevns.arrays import Value
from cevns.constants import ELECTRON_MASS, MEV_PER_U
from cevns.errors import InputError, UnknownNameError
from cevns.nuclei.elements import element, protons_and_nucleons
from cevns.nuclei.isotopes import (
    MAKE_ONE,
    Isotope,
    isotope,
    known_elements,
    natural,
    neutron_radius,
    point_proton_radius,
)

__all__ = ["Nucleus", "known_nuclei", "nucleus"]

#: Largest rms radius [fm] that is accepted; that of uranium is 5.9 fm.
LARGEST_RADIUS = 20.0
#: Largest relative difference of a nuclear mass from Z + N atomic mass units; hydrogen, the worst, has 0.8 %.
MASS_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class Nucleus(Value):
    """A nucleus with its mass and the rms radii of its nucleons.

    Parameters
    ----------
    name : str
        For example ``"Cs-133"``; what is the name of an isotope or an element must be that of this one.
    protons, neutrons : int
        Z and N.
    mass : float
        Nuclear (not atomic) mass [MeV].
    proton_radius, neutron_radius : float
        rms radii R_p and R_n of the point-nucleon distributions [fm], at most 20 fm.

    Raises
    ------
    InputError
        If a value is out of range, Z + N and the mass differ by more than 1 %, or the name is that of another isotope.

    Examples
    --------
    >>> argon = nucleus("Ar-40")
    >>> argon.protons, argon.neutrons, round(argon.mass, 2)
    (18, 22, 37215.53)
    """

    name: str
    protons: int
    neutrons: int
    mass: float
    proton_radius: float
    neutron_radius: float

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        radii: dict[str, Any] = {"unit": "fm", "above": 0, "high": LARGEST_RADIUS}
        checks.put(
            self,
            protons=checks.whole("protons", self.protons, low=1, high=500),
            neutrons=checks.whole("neutrons", self.neutrons, high=500),
            mass=checks.real("mass", self.mass, unit="MeV", above=0),
            proton_radius=checks.real("proton_radius", self.proton_radius, **radii),
            neutron_radius=checks.real("neutron_radius", self.neutron_radius, **radii),
        )
        nucleons, mass_u = self.protons + self.neutrons, self.mass / MEV_PER_U
        if abs(mass_u / nucleons - 1) > MASS_TOLERANCE:
            raise InputError(
                f"nucleus {checks.shown(self.name)} has Z + N = {self.protons} + {self.neutrons} = {nucleons}, "
                "but a mass of "
                f"{self.mass:.6g} MeV = {mass_u:.6g} u{_cause(self.neutrons, nucleons, mass_u)}"
            )
        _check_name(self.name, self.protons, self.neutrons)

    @classmethod
    def from_atomic_mass(
        cls, name: str, protons: int, neutrons: int, atomic_mass_u: float, proton_radius: float, neutron_radius: float
    ) -> Nucleus:
        """Make a nucleus from its atomic mass [u], taking the electrons' masses off.

        Mass tables hold atomic masses, also where they say nuclear ones; the electrons' binding (about 1e-7 of the
        mass) is neglected.

        Raises
        ------
        InputError
            If a number is out of range, or the mass is not that of so many protons and neutrons.

        Examples
        --------
        >>> sodium = Nucleus.from_atomic_mass("Na-23", 11, 12, 22.989769282, proton_radius=2.994, neutron_radius=2.994)
        >>> round(sodium.mass, 2)
        21409.21
        """
        atomic_mass_u = checks.real("atomic_mass_u", atomic_mass_u, unit="u", above=0)
        checks.text("name", name)
        protons, neutrons = checks.whole("protons", protons, low=1), checks.whole("neutrons", neutrons)
        if abs(atomic_mass_u / (protons + neutrons) - 1) > MASS_TOLERANCE:
            raise InputError(
                f"nucleus {checks.shown(name)} has Z + N = {protons} + {neutrons} = {protons + neutrons}, but an "
                "atomic mass of "
                f"{atomic_mass_u:.6g} u{_cause(neutrons, protons + neutrons, atomic_mass_u)}"
            )
        mass = atomic_mass_u * MEV_PER_U - protons * ELECTRON_MASS
        return cls(name, protons, neutrons, mass, proton_radius, neutron_radius)

    @property
    def atomic_mass_u(self) -> float:
        """Mass of the neutral atom [u], electrons included."""
        return (self.mass + self.protons * ELECTRON_MASS) / MEV_PER_U

    @property
    def symbol(self) -> str:
        """Symbol of the chemical element."""
        return element(self.protons)


def _check_name(name: str, protons: int, neutrons: int) -> None:
    """Refuse the name of another isotope."""
    found = protons_and_nucleons(name)
    if found is not None and (found[0] != protons or found[1] not in (None, protons + neutrons)):
        said = f"Z = {found[0]}" if found[1] is None else f"Z = {found[0]} and N = {found[1] - found[0]}"
        raise InputError(
            f"nucleus {checks.shown(name)} has protons = {protons} and neutrons = {neutrons}, but its name says "
            f"{said}; correct one of them"
        )


def _cause(neutrons: int, nucleons: int, mass_u: float) -> str:
    """Return the likely mistake behind a mass that does not fit the number of nucleons."""
    ratio = mass_u / nucleons
    for scale, mistake in (
        (1e-3, "the mass looks like one in GeV: give MeV"),
        (1e3, "the mass looks like one in keV: give MeV"),
        (1 / MEV_PER_U, "the mass looks like one in u: use Nucleus.from_atomic_mass"),
        (MEV_PER_U, "atomic_mass_u looks like a mass in MeV: give atomic mass units"),
        (1e-3 * MEV_PER_U, "atomic_mass_u looks like a mass in GeV: give atomic mass units"),
    ):
        if abs(ratio / scale - 1) < 2 * MASS_TOLERANCE:
            return f"; {mistake}"
    if neutrons and abs(mass_u / neutrons - 1) < 2 * MASS_TOLERANCE:
        return f"; neutrons is the number N of neutrons, not the mass number A = {neutrons}"
    return "; they must agree within 1 %"


# Nuclei whose numbers are kept, those of arXiv:2008.05022 first. Atomic masses: AME, up to 1e-6 u from those of the
# table. R_p: Angeli & Marinova 2013 and Fricke 1995 as in eq. 2.5 (charge radii used as R_p). R_n of Cs and I: RMF
# NL-Z2, arXiv:1710.02730; of Ar: skin of 0.1 fm (text below eq. 2.5). Si: charge radius for both, as N = Z.
_KEPT = {
    "Cs-133": Nucleus.from_atomic_mass("Cs-133", 55, 78, 132.905451961, 4.804, 5.01),
    "I-127": Nucleus.from_atomic_mass("I-127", 53, 74, 126.9044719, 4.749, 4.94),
    "Ar-40": Nucleus.from_atomic_mass("Ar-40", 18, 22, 39.9623831237, 3.448, 3.55),
    "Si-28": Nucleus.from_atomic_mass("Si-28", 14, 14, 27.97692653442, 3.1224, 3.1224),
}


def known_nuclei() -> list[str]:
    """Return the names of the nuclei that `nucleus` knows, the lightest elements first.

    Examples
    --------
    >>> known_nuclei()[:3]
    ['H-2', 'He-3', 'He-4']
    """
    return [i.name for symbol in known_elements() for i in natural(symbol) if i.name != "H-1"]


def is_name(text: str) -> bool:
    """Return whether a text is written like the name of a nucleus, known or not, rather than like a formula.

    ``"Xe132"`` may be either.
    """
    return re.fullmatch(r"\d*[A-Za-z]+-\w{1,3}m?|[A-Z][a-z]?_\d{1,3}|\d{1,3}[-_]?[A-Z][a-z]?", text) is not None


def nucleus(name: str) -> Nucleus:
    """Return a nucleus by name: Cs-133, I-127, Ar-40 and Si-28 as in the analyses, others from the table of isotopes.

    Of the latter, R_p follows from the charge radius and R_n from a law of the neutron skin, both in
    `cevns.nuclei.isotopes`; masses are atomic masses of AME2020 without the electrons.

    Parameters
    ----------
    name : str
        For example ``"Ge-74"``; ``"Ge74"`` and ``"74Ge"`` are the same. See `known_nuclei`.

    Raises
    ------
    UnknownNameError
        If the name is not in the table; make your own with `Nucleus.from_atomic_mass`.

    Examples
    --------
    >>> germanium = nucleus("Ge-74")
    >>> round(germanium.proton_radius, 3), round(germanium.neutron_radius, 3)
    (4.001, 4.093)
    """
    spelled = protons_and_nucleons(name) if isinstance(name, str) else None
    if spelled and spelled[1]:
        name = f"{element(spelled[0])}-{spelled[1]}"
    if isinstance(name, str) and name in _KEPT:
        return _KEPT[name]
    if isinstance(name, str) and name == "H-1":
        raise UnknownNameError(
            "unknown nucleus 'H-1': scattering on a single proton is not coherent, and its radius is that of the "
            f"proton itself. {MAKE_ONE}"
        )
    return _from_table(isotope(name))


@functools.cache
def _from_table(row: Isotope) -> Nucleus:
    content = row.protons, row.neutrons
    radii = point_proton_radius(row.charge_radius, *content), neutron_radius(row.charge_radius, *content)
    return Nucleus.from_atomic_mass(row.name, *content, row.atomic_mass_u, *radii)
