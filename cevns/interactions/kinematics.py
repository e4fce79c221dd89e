"""Kinematics of a recoil: what kind of interaction it is, and the mass of the neutral lepton that leaves."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from cevns.constants import ELECTRON_MASS
from cevns.kernels.kinematics import ELECTRON_KINDS

__all__ = [
    "ELECTRONS",
    "NUCLEI",
    "PSEUDOSCALAR",
    "VECTOR",
    "Kind",
    "electron_ends",
    "heaviest_lepton",
    "heaviest_on_electrons",
    "kinds_of",
    "recoil_ends",
]

#: What neutrinos scatter on.
NUCLEI, ELECTRONS = "nuclei", "electrons"
#: Kinematics of electrons alone: the coherent amplitude of nuclei vanishes.
PSEUDOSCALAR = "pseudoscalar"


class Kind(NamedTuple):
    """Kinematics of rates that add up before they are folded; amplitudes of different kinds do not interfere.

    Attributes
    ----------
    kinematics : str
        kappa; see `Amplitude`.
    final_mass : float
        Mass of the neutral lepton that leaves [MeV].
    target : {"nuclei", "electrons"}
        What neutrinos scatter on.

    Examples
    --------
    >>> Kind("magnetic", final_mass=5.0)
    Kind(kinematics='magnetic', final_mass=5.0, target='nuclei')
    """

    kinematics: str
    final_mass: float = 0.0
    target: str = NUCLEI

    @property
    def layer(self) -> tuple[str, float]:
        """What kinds share their recoil nodes.

        The vector spectrum of a line is continuous where it ends; those of the others jump, and need panels of their
        own. Spectra with a massive final lepton end elsewhere, and those of electrons are another response's.
        """
        if self.target == ELECTRONS:
            return ELECTRONS, self.final_mass
        return "continuous" if self == VECTOR else "jumping", self.final_mass


def kinds_of(layer: tuple[str, float]) -> tuple[Kind, ...]:
    """Return the kinds whose recoil nodes are those of a layer."""
    if layer == VECTOR.layer:
        return (VECTOR,)
    final_mass = layer[1]
    if layer[0] == ELECTRONS:
        known = ("magnetic",) if final_mass else tuple(ELECTRON_KINDS)
        return tuple(Kind(kinematics, final_mass, ELECTRONS) for kinematics in known)
    others = ("vector", "scalar", "magnetic") if final_mass else ("scalar", "tensor", "magnetic")
    return tuple(Kind(kinematics, final_mass) for kinematics in others)


#: Vector exchange with the neutrinos of the standard model.
VECTOR = Kind("vector")


def recoil_ends(mass: float, energy: Any, final_mass: float = 0.0) -> tuple[Any, Any]:
    """Return the least and largest recoils [MeV] of a nucleus; both 0 where the energy does not suffice.

    A neutral lepton of mass m leaves at recoils T = 2 e_0^2 / M with e_0 from (E - sqrt(E^2 - m^2)) / 2 to (E +
    sqrt(E^2 - m^2)) / 2.
    """
    energy = np.asarray(energy, dtype=float)
    # squares of energies may vanish
    ratio = np.minimum(final_mass / energy, 1.0)
    high = np.where(energy > final_mass, 0.5 * energy * (1 + np.sqrt((1 - ratio) * (1 + ratio))), 0.0)
    low = np.where(high > 0, 0.5 * ratio * (0.5 * final_mass) * (energy / np.where(high > 0, high, 1.0)), 0.0)
    return 2 * low * (low / mass), 2 * high * (high / mass)


def heaviest_lepton(mass: float, energy: float, least: float, most: float) -> float:
    """Return the mass [MeV] of the heaviest final lepton with which a nucleus recoils by `least` to `most` [MeV].

    Recoils T = 2 e_0^2 / M go with masses up to m^2 = 4 e_0 (E - e_0), which is E^2 at e_0 = E / 2; see `recoil_ends`.

    Examples
    --------
    >>> [round(heaviest_lepton(37e3, 50.0, least, 1.0), 1) for least in (0.0, 0.1, 0.2)]
    [50.0, 34.7, 0.0]
    """
    if not least < math.inf:
        return 0.0
    first, last = (math.sqrt(0.5 * mass * recoil) for recoil in (least, most))
    e0 = min(max(0.5 * energy, first), last)
    return 2 * math.sqrt(e0 * max(energy - e0, 0.0)) if e0 != 0.5 * energy else energy


def heaviest_on_electrons(energy: float) -> float:
    """Return the mass [MeV] of the heaviest lepton that a neutrino becomes on an electron; see `electron_ends`.

    Examples
    --------
    >>> round(heaviest_on_electrons(50.0), 3)
    6.656
    """
    return 2 * energy / (1 + math.sqrt(1 + 2 * energy / ELECTRON_MASS))


def electron_ends(energy: Any, final_mass: float = 0.0) -> tuple[Any, Any]:
    """Return the least and largest energies [MeV] that electrons get; both 0 where the neutrino's does not suffice.

    A neutral lepton of mass m leaves if E is at least m + m^2 / 2 m_e.
    """
    energy = np.asarray(energy, dtype=float)
    if final_mass == 0.0:
        return np.zeros_like(energy), 2 * energy * (energy / (ELECTRON_MASS + 2 * energy))
    m2, twice = final_mass**2, 2 * ELECTRON_MASS * energy
    square = ELECTRON_MASS**2 + twice
    opened = twice - 2 * final_mass * ELECTRON_MASS - m2 >= 0
    # momenta before and after in the frame where they cancel: q^2 = 2 m_e T lies between those ahead and backwards; the
    # first factor is what the energy has in excess, which rounding must not make negative
    excess = twice - 2 * final_mass * ELECTRON_MASS - m2
    after = np.sqrt(np.where(opened, excess * (twice - m2 + 2 * final_mass * ELECTRON_MASS), 0.0))
    high = np.where(opened, (twice * (twice + m2 + after) / (2 * square) - m2) / (2 * ELECTRON_MASS), 0.0)
    # the product of both is m^4 / 4 s, without the difference of nearly equal numbers
    low = np.where(opened, m2 * m2 / (4 * square) / np.where(opened, high, 1.0), 0.0)
    return low, high
