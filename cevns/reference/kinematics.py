"""Which energies give which recoils, and the one form that every cross section on a nucleus has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.reference.constants import CM2, G_F, M_E, pick
from cevns.reference.form_factors import FORM_FACTORS

if TYPE_CHECKING:
    from typing import Any

    from cevns.reference.nuclei import Nucleus


def least_energy(T: Any, target_mass: float, outgoing_mass: float = 0.0) -> Any:
    """Least neutrino energy in MeV that gives the recoil energy `T` in MeV to a nucleus.

    e0 (1 + m^2 / (2 M T)) with e0 = sqrt(M T / 2) and m the mass of what the neutrino becomes; T/E is dropped, as
    eq. 2.1 of arXiv:2008.05022 does (exact: (m^2 + 2 M T) / 2 / (sqrt(T^2 + 2 M T) - T)).

    Examples
    --------
    >>> float(least_energy(1.0, 2.0))
    1.0
    """
    return np.sqrt(target_mass * T / 2) * (1 + outgoing_mass**2 / (2 * target_mass * T))


def opening_recoils(E: float, target_mass: float, outgoing_mass: float = 0.0) -> tuple[float, ...]:
    """Recoil energies in MeV at which `least_energy` is `E`: least and greatest recoil of a neutrino of this energy.

    T = 2 e0^2 / M with e0 = (E -+ sqrt(E^2 - m^2)) / 2. Nothing where E < m, that is, where no recoil is possible.

    Examples
    --------
    >>> opening_recoils(1.0, 2.0)
    (0.0, 1.0)
    >>> opening_recoils(1.0, 2.0, outgoing_mass=3.0)
    ()
    """
    if outgoing_mass > E:
        return ()
    larger = (E + np.sqrt(E**2 - outgoing_mass**2)) / 2
    smaller = outgoing_mass**2 / (4 * larger)  # (E - sqrt(E^2 - m^2)) / 2 loses its digits for a small m
    return float(2 * smaller**2 / target_mass), float(2 * larger**2 / target_mass)


def electron_least_energy(T: Any) -> Any:
    """Least neutrino energy in MeV that gives the recoil energy `T` in MeV to an electron: nothing is dropped.

    Examples
    --------
    >>> round(float(electron_least_energy(0.01)), 4)  # MeV
    0.0558
    """
    return (T + np.sqrt(T**2 + 2 * M_E * T)) / 2


def electron_greatest_recoil(E: Any) -> Any:
    """Greatest recoil energy in MeV that a neutrino of energy `E` in MeV gives to an electron.

    Examples
    --------
    >>> float(electron_least_energy(electron_greatest_recoil(3.0)))
    3.0
    """
    return 2 * E**2 / (M_E + 2 * E)


def where_possible(E: Any, T: Any, nucleus: Nucleus, kappa: Any, outgoing_mass: float = 0.0) -> Any:
    """Kinematic factor `kappa`, zero where `E` is below the least energy for `T`."""
    return np.where(least_energy(T, nucleus.mass, outgoing_mass) <= E, kappa, 0.0)


def summed_over_nucleons(T: Any, nucleus: Nucleus, p: Any, n: Any, form_factor: str) -> Any:
    """Amplitude p Z F_Z + n N F_N of a nucleus, where a proton has `p` and a neutron `n`."""
    F, q = pick("form factor", FORM_FACTORS, form_factor), np.sqrt(2 * nucleus.mass * T)
    return p * nucleus.Z * F(q, nucleus.R_p) + n * nucleus.N * F(q, nucleus.R_n)


def normal_form(nucleus: Nucleus, kappa: Any, amplitude: Any) -> Any:
    """Differential cross section in cm^2/MeV of one kind of scattering: (G_F^2 M / pi) kappa |A|^2."""
    return CM2 * G_F**2 * nucleus.mass / np.pi * kappa * np.abs(amplitude) ** 2
