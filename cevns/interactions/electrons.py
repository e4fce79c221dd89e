"""Cross sections of free electrons, from the amplitudes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.constants import ELECTRON_MASS, FERMI_CONSTANT, FLAVOURS, HBAR_C_SQUARED_CM2
from cevns.errors import InputError
from cevns.interactions.amplitudes import mass_at
from cevns.interactions.kinematics import ELECTRONS
from cevns.interactions.registry import get_interaction
from cevns.kernels.kinematics import ELECTRON_KINDS, kappa
from cevns.parameters import common_shape

if TYPE_CHECKING:
    from cevns._types import ArrayLike
    from cevns.interactions.interaction import Interaction

__all__ = ["electron_cross_section"]


def electron_cross_section(
    interaction: str | Interaction,
    energy: ArrayLike,
    flavour: str,
    electron_kev: ArrayLike,
    *,
    antineutrino: bool,
    **values: float,
) -> Any:
    """Return the cross section of elastic scattering on one free electron.

    Parameters
    ----------
    interaction : str or Interaction
        Interaction, standard model included.
    energy : array_like
        Neutrino energy E [MeV], above 0.
    flavour : str
        Initial flavour; final ones are summed over.
    electron_kev : array_like
        Energy T [keV] that the electron gets, above 0, broadcast with `energy`.
    antineutrino : bool
        Whether it is an antineutrino.
    **values : float
        Parameters of the interaction, and ``sin2_theta_w``.

    Returns
    -------
    ndarray or float
        d sigma / dT [cm^2/keV], 0 above the largest energy.

    Raises
    ------
    InputError
        If a value is missing or out of range, shapes do not broadcast, or the cross section is beyond numbers.

    Examples
    --------
    >>> f"{electron_cross_section('sm', 30.0, 'e', 10.0, antineutrino=False):.3e}"
    '1.038e-47'
    """
    interaction = get_interaction(interaction)
    checks.flavour("neutrino flavour", flavour, FLAVOURS)
    checks.instance("antineutrino", antineutrino, bool)
    energy = checks.array("energy", energy, unit="MeV", above=0, high=1e6)
    kev = checks.array("electron_kev", electron_kev, unit="keV", above=0, high=1e12)
    common_shape({"energy": energy, "electron_kev": kev})
    energy, kev = np.broadcast_arrays(energy, kev)
    numbers = interaction.offsets(values)
    flat, part = (np.ascontiguousarray(1e-3 * kev.ravel()), np.ascontiguousarray(energy.ravel())), np.empty(energy.size)
    q2, total = 2 * ELECTRON_MASS * flat[0], np.zeros(energy.size)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for monomial in interaction.monomials((flavour,), target=ELECTRONS):
            if monomial.strength(numbers) == 0:
                # of a coupling of 0 nothing is left, whatever the mass
                continue
            rate, final_mass = monomial.along(q2, numbers), mass_at(monomial.final_mass, numbers)
            for i, code in enumerate(ELECTRON_KINDS[monomial.kinematics]):
                kappa(code, *flat, ELECTRON_MASS, final_mass, part)
                sign = -1.0 if i == 1 and antineutrino else 1.0
                total += np.where(part == 0, 0.0, sign * monomial.coefficients[i] * rate * part)
    out = 1e-3 * FERMI_CONSTANT**2 * ELECTRON_MASS / np.pi * HBAR_C_SQUARED_CM2 * total.reshape(energy.shape)
    if not np.isfinite(out).all():
        raise InputError(
            f"the cross section at electron_kev = {kev[~np.isfinite(out)].flat[0]:g} is beyond numbers: give larger "
            "energies, or a larger mass"
        )
    return out if out.ndim else float(out)
