"""Neutrinos of nuclei that emit positrons: the spectrum of an allowed decay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.constants import ELECTRON_MASS, FINE_STRUCTURE

if TYPE_CHECKING:
    from cevns._types import Array

__all__ = ["allowed_spectrum"]


def allowed_spectrum(energy: Array, end: float, protons: int, nucleons: int) -> Array:
    """Return E^2 p W F(-Z, W): the spectrum of neutrinos whose positron has what they leave, in any unit.

    F is the relativistic Fermi function at the nuclear radius 0.426 alpha A^(1/3) electron Compton wavelengths, as in
    hep-ph/9710491. Screening, radiative corrections and forbidden parts are left out.

    Parameters
    ----------
    energy : ndarray, shape (n,)
        Neutrino energies [MeV] from 0 to `end`.
    end : float
        Largest one [MeV], which leaves the positron at rest.
    protons, nucleons : int
        Of the daughter nucleus.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> allowed_spectrum(np.array([0.0, 0.6, 1.2]), 1.2, 6, 13).round(3).tolist()
    [0.0, 1.303, 0.0]
    """
    from scipy.special import gammaln, loggamma

    total = np.maximum(end - energy, 0.0) / ELECTRON_MASS + 1
    momentum = np.sqrt(total**2 - 1)
    # a positron at rest stays behind the Coulomb barrier
    moves = momentum > 0
    p, w = momentum[moves], total[moves]
    charge = FINE_STRUCTURE * protons
    eta, gamma = -charge * w / p, np.sqrt(1 - charge**2)
    radius = 0.426 * FINE_STRUCTURE * nucleons ** (1 / 3)
    log_fermi = (
        np.log(2 * (1 + gamma))
        + 2 * (gamma - 1) * np.log(2 * p * radius)
        + np.pi * eta
        + 2 * loggamma(gamma + 1j * eta).real
        - 2 * gammaln(2 * gamma + 1)
    )
    out = np.zeros(energy.shape)
    out[moves] = energy[moves] ** 2 * p * w * np.exp(log_fermi)
    return out
