"""Nuclei and targets: what the neutrinos scatter on."""

from collections.abc import Mapping
from dataclasses import dataclass

from cevns import checks
from cevns.constants import AVOGADRO, ELECTRON_MASS, MEV_PER_U
from cevns.errors import InputError

__all__ = ["Nucleus", "Target", "known_nuclei", "nucleus"]


@dataclass(frozen=True)
class Nucleus:
    """A nucleus with its mass and the rms radii of its nucleons.

    Parameters
    ----------
    name : str
        For example ``"Cs-133"``.
    protons, neutrons : int
        Z and N.
    mass : float
        Nuclear (not atomic) mass [MeV].
    proton_radius, neutron_radius : float
        rms radii R_p and R_n of the point-nucleon distributions [fm].

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
        checks.whole("protons", self.protons, low=1)
        checks.whole("neutrons", self.neutrons, low=0)
        for field in ("mass", "proton_radius", "neutron_radius"):
            unit = "MeV" if field == "mass" else "fm"
            object.__setattr__(self, field, checks.real(field, getattr(self, field), unit=unit, above=0))

    @classmethod
    def from_atomic_mass(cls, name, protons, neutrons, atomic_mass_u, proton_radius, neutron_radius):
        """Make a nucleus from its atomic mass [u], taking the electrons' masses off.

        Mass tables hold atomic masses, also where they say nuclear ones; the electrons' binding (about 1e-7 of the
        mass) is neglected.
        """
        atomic_mass_u = checks.real("atomic_mass_u", atomic_mass_u, unit="u", above=0)
        mass = atomic_mass_u * MEV_PER_U - checks.whole("protons", protons, low=1) * ELECTRON_MASS
        return cls(name, protons, neutrons, mass, proton_radius, neutron_radius)


# Atomic masses: AME2020. R_p: Angeli & Marinova 2013 and Fricke 1995 as in eq. 2.5 of arXiv:2008.05022 (charge radii
# used as R_p). R_n of Cs and I: RMF NL-Z2, arXiv:1710.02730; of Ar: skin of 0.1 fm (text below eq. 2.5). Si: charge
# radius of Angeli & Marinova 2013 for both, since Z = N.
_NUCLEI = {
    "Cs-133": Nucleus.from_atomic_mass("Cs-133", 55, 78, 132.905451961, 4.804, 5.01),
    "I-127": Nucleus.from_atomic_mass("I-127", 53, 74, 126.9044719, 4.749, 4.94),
    "Ar-40": Nucleus.from_atomic_mass("Ar-40", 18, 22, 39.9623831237, 3.448, 3.55),
    "Si-28": Nucleus.from_atomic_mass("Si-28", 14, 14, 27.97692653442, 3.1224, 3.1224),
}


def known_nuclei():
    """Return the names of the nuclei that `nucleus` knows."""
    return sorted(_NUCLEI)


def nucleus(name):
    """Return a nucleus of the built-in table by name.

    Raises
    ------
    UnknownNameError
        If the name is not in the table; make your own with `Nucleus.from_atomic_mass`.
    """
    return _NUCLEI[checks.known("nucleus", name, _NUCLEI)]


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

    Examples
    --------
    >>> argon = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=24)
    >>> f"{argon.numbers[0]:.4g}"
    '3.617e+26'
    """

    components: tuple
    molar_mass: float
    mass: float

    def __post_init__(self):
        components = []
        for component, count in checks.pairs("components", self.components, "(Nucleus, number)"):
            checks.instance("nucleus in components", component, Nucleus, "see cevns.nuclei.nucleus")
            count = checks.real(f"number of {component.name} per formula unit", count, above=0)
            components.append((component, count))
        if not components:
            raise InputError("components is empty: a target needs at least one nucleus")
        object.__setattr__(self, "components", tuple(components))
        object.__setattr__(self, "molar_mass", checks.real("molar_mass", self.molar_mass, unit="g/mol", above=0))
        object.__setattr__(self, "mass", checks.real("mass", self.mass, unit="kg", above=0))

    @classmethod
    def of(cls, composition, *, molar_mass, mass):
        """Make a target from a mapping of built-in nucleus names (or `Nucleus` objects) to numbers per formula unit."""
        checks.instance("composition", composition, Mapping, 'for example {"Cs-133": 1, "I-127": 1}')
        components = ((n if isinstance(n, Nucleus) else nucleus(n), count) for n, count in composition.items())
        return cls(tuple(components), molar_mass, mass)

    @property
    def nuclei(self):
        """The nuclei, in order."""
        return tuple(n for n, _ in self.components)

    @property
    def numbers(self):
        """Number of nuclei of each kind in the active mass, in the order of `nuclei`."""
        units = AVOGADRO * 1e3 * self.mass / self.molar_mass
        return tuple(units * count for _, count in self.components)
