"""Cross sections of one nucleus, from the amplitudes (eq. 2.1 of arXiv:2008.05022)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import gauss_legendre
from cevns.constants import FERMI_CONSTANT, FLAVOURS, HBAR_C_SQUARED_CM2
from cevns.errors import InputError
from cevns.interactions.registry import get_interaction
from cevns.nuclei import Nucleus, get_form_factor
from cevns.nuclei import nucleus as known_nucleus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array, ArrayLike
    from cevns.interactions.interaction import Interaction
    from cevns.nuclei import FormFactor

__all__ = ["KAPPA", "cross_section"]


def _vector(recoil: Array, energy: Array, mass: float) -> Array:
    return 1 - mass * recoil / (2 * energy**2)


#: kappa(T, E) for a nucleus of mass M, all in MeV, by kinematics; 0 where the recoil cannot be reached.
KAPPA = {"vector": _vector}
#: Gauss-Legendre nodes of a total cross section, for each octave of the recoil.
_X, _W = gauss_legendre(24)
_OCTAVES = 220


def cross_section(
    interaction: str | Interaction,
    energy: ArrayLike,
    nucleus: Nucleus | str,
    flavour: str,
    recoil_kev: ArrayLike | None = None,
    *,
    form_factor: FormFactor | str = "helm",
    **values: float,
) -> Any:
    """Return the cross section of coherent scattering on one nucleus.

    Parameters
    ----------
    interaction : str or Interaction
        Interaction, standard model included.
    energy : array_like
        Neutrino energy E [MeV], above 0.
    nucleus : Nucleus or str
        For example ``"Ar-40"``.
    flavour : str
        Initial flavour; final ones are summed over.
    recoil_kev : array_like, optional
        Recoil energy T [keV], above 0, broadcast with `energy`; unless given, the total cross section is returned.
    form_factor : FormFactor or str
        Nuclear form factor.
    **values : float
        Parameters of the interaction, and ``sin2_theta_w``.

    Returns
    -------
    ndarray or float
        d sigma / dT [cm^2/keV], 0 above the largest recoil; or sigma [cm^2].

    Raises
    ------
    InputError
        If a value is missing or out of range, or the total diverges, as it does for a massless mediator.
    """
    interaction, form_factor = get_interaction(interaction), get_form_factor(form_factor)
    nucleus = nucleus if isinstance(nucleus, Nucleus) else known_nucleus(nucleus)
    checks.flavour("neutrino flavour", flavour, FLAVOURS)
    energy = checks.array("energy", energy, unit="MeV", above=0, high=1e6)
    for name in values:
        checks.known("parameter", name, [p.name for p in interaction.all_parameters])
    numbers = {p.name: p.number(values.get(p.name)) - p.origin for p in interaction.all_parameters}
    if recoil_kev is not None:
        recoil = checks.array("recoil_kev", recoil_kev, unit="keV", above=0)
        energy, recoil = np.broadcast_arrays(energy, recoil)
        out = _differential(interaction, energy, 1e-3 * recoil, nucleus, flavour, form_factor, numbers) * 1e-3
        return out if out.ndim else float(out)
    if any(
        mediators and all(numbers[n] == 0 for n, _ in mediators) and m.coefficients.any()
        for m in interaction.monomials((flavour,))
        for mediators in [m.mediators]
    ):
        raise InputError("the total cross section of a massless mediator diverges: give recoil_kev")
    # down from the largest recoil by octaves, so that a light mediator's T^-2 is followed
    ends = 2 * energy**2 / nucleus.mass
    edges = np.append(2.0 ** -np.arange(_OCTAVES), 0.0)
    high, low = edges[:-1, None], edges[1:, None]
    share = (0.5 * (high + low) + 0.5 * (high - low) * _X).ravel()
    weights = (0.5 * (high - low) * _W).ravel()
    recoil = ends[..., None] * share
    rates = _differential(interaction, energy[..., None], recoil, nucleus, flavour, form_factor, numbers)
    out = (rates @ weights) * ends
    return out if out.ndim else float(out)


def _differential(
    interaction: Interaction,
    energy: Array,
    recoil: Array,
    nucleus: Nucleus,
    flavour: str,
    form_factor: FormFactor,
    numbers: Mapping[str, float],
) -> Array:
    """Return d sigma / dT [cm^2/MeV] at recoils [MeV]."""
    q2 = 2 * nucleus.mass * recoil
    q = np.sqrt(q2)
    z = nucleus.protons * form_factor(q, nucleus.proton_radius)
    n = nucleus.neutrons * form_factor(q, nucleus.neutron_radius)
    total = np.zeros(np.broadcast_shapes(energy.shape, recoil.shape))
    for monomial in interaction.monomials((flavour,)):
        zz, zn, nn = monomial.coefficients
        part = zz * z * z + zn * z * n + nn * n * n
        for name, power in monomial.couplings:
            part = part * numbers[name] ** power
        for name, power in monomial.mediators:
            part = part / (q2 + numbers[name] ** 2) ** power
        total += part * np.maximum(KAPPA[monomial.kinematics](recoil, energy, nucleus.mass), 0.0)
    return FERMI_CONSTANT**2 * nucleus.mass / np.pi * HBAR_C_SQUARED_CM2 * total
