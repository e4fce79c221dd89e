"""Cross sections of one nucleus, from the amplitudes (eq. 2.1 of arXiv:2008.05022)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cevns import checks
from cevns.constants import FERMI_CONSTANT, FLAVOURS, HBAR_C_SQUARED_CM2
from cevns.errors import InputError
from cevns.interactions.kinematics import recoil_ends
from cevns.interactions.registry import get_interaction
from cevns.kernels.kinematics import KINDS, kappa
from cevns.nuclei import Nucleus, get_form_factor
from cevns.nuclei import nucleus as known_nucleus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, ArrayLike
    from cevns.interactions.interaction import Interaction
    from cevns.interactions.loops import Loop
    from cevns.nuclei import FormFactor

__all__ = ["cross_section"]

#: Gauss-Legendre nodes of a total cross section, for each octave of the recoil.
_X, _W = np.polynomial.legendre.leggauss(24)
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
    parts = [part for part in _parts(interaction, flavour, numbers) if part.strength != 0]
    if recoil_kev is not None:
        recoil = checks.array("recoil_kev", recoil_kev, unit="keV", above=0)
        energy, recoil = np.broadcast_arrays(energy, recoil)
        out = _differential(parts, energy, 1e-3 * recoil, nucleus, form_factor) * 1e-3
        return out if out.ndim else float(out)
    if any(part.diverges for part in parts):
        raise InputError("the total cross section of a massless mediator diverges: give recoil_kev")
    out = np.zeros(energy.shape)
    for final_mass in {part.final_mass for part in parts}:
        same = [part for part in parts if part.final_mass == final_mass]
        # down from the largest recoil by octaves, so that a light mediator's T^-2 is followed
        least, most = recoil_ends(nucleus.mass, energy, final_mass)
        edges = np.maximum(np.append(2.0 ** -np.arange(_OCTAVES), 0.0) * most[..., None], least[..., None])
        half, middle = 0.5 * (edges[..., :-1] - edges[..., 1:]), 0.5 * (edges[..., :-1] + edges[..., 1:])
        recoil = middle[..., None] + half[..., None] * _X
        # where no recoil is possible there is nothing to integrate
        recoil = np.where(half[..., None] > 0, recoil, 1.0)
        rates = _differential(same, energy[..., None, None], recoil, nucleus, form_factor)
        out = out + ((rates @ _W) * half).sum(axis=-1)
    return out if out.ndim else float(out)


class _Part(NamedTuple):
    """A monomial at numbers of its parameters."""

    kinematics: str
    final_mass: float
    strength: float
    mediators: list[tuple[float, int]]
    loops: tuple[tuple[Loop, int], ...]
    coefficients: Array

    @property
    def diverges(self) -> bool:
        """Whether the rate grows towards a recoil of 0 so fast that its integral has no limit."""
        return self.final_mass == 0 and (self.kinematics == "magnetic" or any(mass == 0 for mass, _ in self.mediators))


def _parts(interaction: Interaction, flavour: str, numbers: Mapping[str, float]) -> list[_Part]:
    def mass(given: str | float) -> float:
        return numbers[given] if isinstance(given, str) else given

    return [
        _Part(
            m.kinematics,
            mass(m.final_mass),
            math.prod(numbers[name] ** power for name, power in m.couplings) * float(m.coefficients.any()),
            [(mass(name), power) for name, power in m.mediators],
            m.loops,
            m.coefficients,
        )
        for m in interaction.monomials((flavour,))
    ]


def _differential(
    parts: Sequence[_Part], energy: Array, recoil: Array, nucleus: Nucleus, form_factor: FormFactor
) -> Array:
    """Return d sigma / dT [cm^2/MeV] at recoils [MeV]."""
    energy, recoil = np.broadcast_arrays(energy, recoil)
    flat = np.ascontiguousarray(recoil.ravel()), np.ascontiguousarray(energy.ravel())
    q2 = 2 * nucleus.mass * recoil
    q = np.sqrt(q2)
    z = nucleus.protons * form_factor(q, nucleus.proton_radius)
    n = nucleus.neutrons * form_factor(q, nucleus.neutron_radius)
    total, kappas = np.zeros(recoil.shape), {}
    for part in parts:
        zz, zn, nn = part.coefficients
        rate = part.strength * (zz * z * z + zn * z * n + nn * n * n)
        for mass, power in part.mediators:
            rate = rate / (q2 + mass**2) ** power
        for loop, power in part.loops:
            rate = rate * loop(q2) ** power
        kind = part.kinematics, part.final_mass
        if kind not in kappas:
            kappas[kind] = out = np.empty(recoil.size)
            kappa(KINDS[part.kinematics], *flat, nucleus.mass, part.final_mass, out)
        total += rate * kappas[kind].reshape(recoil.shape)
    return FERMI_CONSTANT**2 * nucleus.mass / np.pi * HBAR_C_SQUARED_CM2 * total
