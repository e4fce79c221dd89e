"""Kinematics of a recoil: what kind of interaction it is, and the mass of the neutral lepton that leaves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["VECTOR", "Kind", "kinds_of", "recoil_ends"]


class Kind(NamedTuple):
    """Kinematics of rates that add up before they are folded; amplitudes of different kinds do not interfere.

    Attributes
    ----------
    kinematics : str
        kappa; see `Amplitude`.
    final_mass : float
        Mass of the neutral lepton that leaves [MeV].
    """

    kinematics: str
    final_mass: float = 0.0

    @property
    def layer(self) -> tuple[str, float]:
        """What kinds share their recoil nodes.

        The vector spectrum of a line is continuous where it ends; those of the others jump, and need panels of their
        own. Spectra with a massive final lepton end elsewhere.
        """
        return "continuous" if self == VECTOR else "jumping", self.final_mass


def kinds_of(layer: tuple[str, float]) -> tuple[Kind, ...]:
    """Return the kinds whose recoil nodes are those of a layer."""
    if layer == VECTOR.layer:
        return (VECTOR,)
    final_mass = layer[1]
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
