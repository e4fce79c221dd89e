"""Cross sections of one nucleus, from the amplitudes (eq. 2.1 of arXiv:2008.05022)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import gauss_legendre
from cevns.constants import FERMI_CONSTANT, FLAVOURS, HBAR_C_SQUARED_CM2
from cevns.errors import InputError
from cevns.interactions.amplitudes import mass_at
from cevns.interactions.kinematics import recoil_ends
from cevns.interactions.registry import get_interaction
from cevns.kernels.kinematics import KINDS, kappa
from cevns.nuclei import Nucleus, get_form_factor
from cevns.nuclei import nucleus as known_nucleus
from cevns.parameters import common_shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, ArrayLike
    from cevns.interactions.amplitudes import Monomial
    from cevns.interactions.interaction import Interaction
    from cevns.nuclei import FormFactor

__all__ = ["cross_section"]

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
        If a value is missing or out of range, shapes do not broadcast, the cross section is beyond numbers, or the
        total diverges, as it does for a massless mediator.

    Examples
    --------
    >>> f"{cross_section('sm', 30.0, 'Ar-40', 'e'):.3e}"  # cm^2
    '1.469e-39'
    >>> f"{cross_section('b-l', 30.0, 'Ar-40', 'e', 10.0, mass=10.0, coupling=5e-5):.3e}"  # cm^2/keV
    '1.434e-40'
    """
    interaction, form_factor = get_interaction(interaction), get_form_factor(form_factor)
    nucleus = nucleus if isinstance(nucleus, Nucleus) else known_nucleus(nucleus)
    checks.flavour("neutrino flavour", flavour, FLAVOURS)
    energy = checks.array("energy", energy, unit="MeV", above=0, high=1e6)
    interaction.check_nuclei("see cevns.interactions.electron_cross_section")
    numbers = interaction.offsets(values)
    # of a coupling of 0 nothing is left, whatever the mass
    parts = [
        m
        for m in interaction.monomials((flavour,))
        if m.coefficients.any() and all(numbers[name] for name, _ in m.couplings)
    ]
    if recoil_kev is None:
        out = _total(parts, numbers, energy, nucleus, form_factor)
    else:
        recoil = checks.array("recoil_kev", recoil_kev, unit="keV", above=0)
        common_shape({"energy": energy, "recoil_kev": recoil})
        energy, recoil = np.broadcast_arrays(energy, recoil)
        out = _differential(parts, numbers, energy, 1e-3 * recoil, nucleus, form_factor) * 1e-3
        if not np.isfinite(out).all():
            raise InputError(
                f"the cross section at recoil_kev = {recoil[~np.isfinite(out)].flat[0]:g} is beyond numbers: give "
                "larger recoils, or a larger mass"
            )
    return out if out.ndim else float(out)


def _total(
    parts: Sequence[Monomial], numbers: Mapping[str, float], energy: Array, nucleus: Nucleus, form_factor: FormFactor
) -> Array:
    """Return sigma [cm^2]."""
    # the momentum transfer of the last octave, below which a mediator would not be followed
    smallest = 2 * energy.max(initial=0.0) * 2.0 ** (-0.5 * _OCTAVES + 10)
    for part in parts:
        # with a massive final lepton recoils do not begin at 0
        final_mass = mass_at(part.final_mass, numbers)
        masses = [] if final_mass else [mass_at(mass, numbers) for mass, _ in part.mediators]
        if 0.0 in masses or (part.kinematics == "magnetic" and not final_mass):
            raise InputError("the total cross section of a massless mediator diverges: give recoil_kev")
        if masses and min(masses) < smallest:
            raise InputError(
                f"a mediator of {min(masses):g} MeV is too light for a total cross section: give recoil_kev, or at "
                f"least {smallest:.2g} MeV"
            )
    total = np.zeros(energy.shape)
    for final_mass in {mass_at(part.final_mass, numbers) for part in parts}:
        same = [part for part in parts if mass_at(part.final_mass, numbers) == final_mass]
        # down from the largest recoil by octaves, so that a light mediator's T^-2 is followed
        least, most = recoil_ends(nucleus.mass, energy, final_mass)
        edges = np.maximum(np.append(2.0 ** -np.arange(_OCTAVES), 0.0) * most[..., None], least[..., None])
        half, middle = 0.5 * (edges[..., :-1] - edges[..., 1:]), 0.5 * (edges[..., :-1] + edges[..., 1:])
        # where no recoil is possible there is nothing to integrate
        recoil = np.where(half[..., None] > 0, middle[..., None] + half[..., None] * _X, most[..., None, None])
        rates = _differential(same, numbers, energy[..., None, None], recoil, nucleus, form_factor)
        total = total + ((rates @ _W) * half).sum(axis=-1)
    return total


def _differential(
    parts: Sequence[Monomial],
    numbers: Mapping[str, float],
    energy: Array,
    recoil: Array,
    nucleus: Nucleus,
    form_factor: FormFactor,
) -> Array:
    """Return d sigma / dT [cm^2/MeV] at recoils [MeV]; infinite or not a number where it is beyond numbers."""
    energy, recoil = np.broadcast_arrays(energy, recoil)
    # no nucleus recoils further, and the square of a momentum transfer beyond may overflow
    _, end = recoil_ends(nucleus.mass, energy)
    inside = np.minimum(recoil, end)
    flat = np.ascontiguousarray(inside.ravel()), np.ascontiguousarray(energy.ravel())
    total, kappas = np.zeros(recoil.shape), {}
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        q2 = 2 * nucleus.mass * inside
        q = np.sqrt(q2)
        z = nucleus.protons * form_factor(q, nucleus.proton_radius)
        n = nucleus.neutrons * form_factor(q, nucleus.neutron_radius)
        for part in parts:
            zz, zn, nn = part.coefficients
            rate = part.along(q2, numbers) * (zz * z * z + zn * z * n + nn * n * n)
            kind = part.kinematics, mass_at(part.final_mass, numbers)
            if kind not in kappas:
                kappas[kind] = out = np.empty(recoil.size)
                kappa(KINDS[part.kinematics], *flat, nucleus.mass, kind[1], out)
            total += np.where(recoil < end, rate * kappas[kind].reshape(recoil.shape), 0.0)
        result: Array = FERMI_CONSTANT**2 * nucleus.mass / np.pi * HBAR_C_SQUARED_CM2 * total
        return result
