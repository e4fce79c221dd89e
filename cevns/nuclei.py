"""Nuclei and targets: what the neutrinos scatter on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.constants import AVOGADRO, ELECTRON_MASS, MEV_PER_U
from cevns.elements import closest_isotope, protons_and_nucleons
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Values


__all__ = ["Nucleus", "Target", "known_nuclei", "nucleus"]

#: Largest rms radius [fm] that is accepted; that of uranium is 5.9 fm.
LARGEST_RADIUS = 20.0
#: Largest relative difference of a nuclear mass from Z + N atomic mass units; hydrogen, the worst, has 0.8 %.
MASS_TOLERANCE = 0.01
#: Largest relative difference of the nuclei's masses from the molar mass; one isotope may stand for an element.
MOLAR_TOLERANCE = 0.2
#: Largest active mass [kg], far above that of any detector and far below what would overflow.
LARGEST_ACTIVE_MASS = 1e30


@dataclass(frozen=True)
class Nucleus:
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

    def __post_init__(self):
        checks.text("name", self.name)
        radii = {"unit": "fm", "above": 0, "high": LARGEST_RADIUS}
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


def _check_name(name, protons, neutrons):
    """Refuse the name of another isotope."""
    found = protons_and_nucleons(name)
    if found is not None and (found[0] != protons or found[1] not in (None, protons + neutrons)):
        said = f"Z = {found[0]}" if found[1] is None else f"Z = {found[0]} and N = {found[1] - found[0]}"
        raise InputError(
            f"nucleus {checks.shown(name)} has protons = {protons} and neutrons = {neutrons}, but its name says "
            f"{said}; "
            "correct one of them"
        )


def _cause(neutrons, nucleons, mass_u):
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


# Atomic masses: AME2020. R_p: Angeli & Marinova 2013 and Fricke 1995 as in eq. 2.5 of arXiv:2008.05022 (charge radii
# used as R_p). R_n of Cs and I: RMF NL-Z2, arXiv:1710.02730; of Ar: skin of 0.1 fm (text below eq. 2.5). Si: charge
# radius of Angeli & Marinova 2013 for both, since Z = N.
_NUCLEI = {
    "Cs-133": Nucleus.from_atomic_mass("Cs-133", 55, 78, 132.905451961, 4.804, 5.01),
    "I-127": Nucleus.from_atomic_mass("I-127", 53, 74, 126.9044719, 4.749, 4.94),
    "Ar-40": Nucleus.from_atomic_mass("Ar-40", 18, 22, 39.9623831237, 3.448, 3.55),
    "Si-28": Nucleus.from_atomic_mass("Si-28", 14, 14, 27.97692653442, 3.1224, 3.1224),
}


#: What to do about a nucleus that is not in the table.
MAKE_ONE = (
    "Any other: Nucleus.from_atomic_mass(name, protons, neutrons, atomic_mass_u, proton_radius, neutron_radius), or "
    "[nuclei] in a configuration file"
)


def known_nuclei() -> list[str]:
    """Return the names of the nuclei that `nucleus` knows."""
    return sorted(_NUCLEI)


def nucleus(name: str) -> Nucleus:
    """Return a nucleus of the built-in table by name.

    Raises
    ------
    UnknownNameError
        If the name is not in the table; make your own with `Nucleus.from_atomic_mass`.
    """
    return _NUCLEI[checks.known("nucleus", name, _NUCLEI, MAKE_ONE, closest_isotope)]


@dataclass(frozen=True)
class Target:
    """A detector's active material.

    Parameters
    ----------
    components : tuple of (Nucleus, float)
        Nuclei with the number of each per formula unit; the contributions add incoherently.
    molar_mass : float
        Mass of a mole of formula units [g/mol].
    mass : float
        Active mass [kg].
    left_out : float
        The part of `molar_mass` that belongs to nuclei which are not among the components [g/mol], such as hydrogen;
        0 for none.

    Raises
    ------
    InputError
        If a value is out of range, or the nuclei's masses and `left_out` differ from `molar_mass` by more than 20 %.

    Examples
    --------
    >>> argon = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=24)
    >>> f"{argon.numbers[0]:.4g}"
    '3.617e+26'
    """

    components: Values
    molar_mass: float
    mass: float
    left_out: float = 0.0

    def __post_init__(self):
        components = []
        for component, count in checks.pairs("components", self.components, "(Nucleus, number)"):
            checks.instance("nucleus in components", component, Nucleus, "see cevns.nuclei.nucleus")
            count = checks.real(f"number of {component.name} per formula unit", count, above=0, high=1e6)
            components.append((component, count))
        if not components:
            raise InputError("components is empty: a target needs at least one nucleus")
        checks.put(
            self,
            components=tuple(components),
            molar_mass=checks.real("molar_mass", self.molar_mass, unit="g/mol", above=0),
            mass=checks.real("mass", self.mass, unit="kg", above=0, high=LARGEST_ACTIVE_MASS),
            left_out=checks.real("left_out", self.left_out, unit="g/mol", low=0),
        )
        total = sum(count * component.atomic_mass_u for component, count in components) + self.left_out
        if abs(total / self.molar_mass - 1) > MOLAR_TOLERANCE:
            raise InputError(self._misfit(total))

    def _misfit(self, total):
        """Return what is wrong with components whose masses do not add up to the molar mass."""
        formula = " + ".join(f"{count:g} {component.name}" for component, count in self.components)
        message = (
            f"molar_mass = {self.molar_mass:g} g/mol does not fit the composition {formula}, which has {total:.5g}"
        )
        share = sum(count for _, count in self.components)
        if abs(share / 100 - 1) < 0.05:
            return f"{message}; give abundances as fractions that sum to 1, not in per cent"
        if abs(share - 1) < 0.05 and len(self.components) > 1:
            return (
                f"{message}; composition takes numbers of nuclei per formula unit, not mass fractions: divide each "
                "mass fraction by the mass of its nucleus and multiply by molar_mass"
            )
        return (
            f"{message}; composition takes numbers of nuclei per formula unit (not mass fractions, not per cent), "
            "molar_mass is that of the formula unit, and left_out stands for nuclei that are not named"
        )

    @classmethod
    def of(cls, composition: Mapping[Any, float], *, molar_mass: float, mass: float, left_out: float = 0.0) -> Target:
        """Make a target from a mapping of built-in nucleus names (or `Nucleus` objects) to numbers per formula unit."""
        checks.instance("composition", composition, Mapping, 'for example {"Cs-133": 1, "I-127": 1}')
        components = ((n if isinstance(n, Nucleus) else nucleus(n), count) for n, count in composition.items())
        return cls(tuple(components), molar_mass, mass, left_out)

    @property
    def nuclei(self) -> tuple[Nucleus, ...]:
        """The nuclei, in order."""
        return tuple(n for n, _ in self.components)

    @property
    def numbers(self) -> tuple[float, ...]:
        """Number of nuclei of each kind in the active mass, in the order of `nuclei`."""
        units = AVOGADRO * 1e3 * self.mass / self.molar_mass
        return tuple(units * count for _, count in self.components)
