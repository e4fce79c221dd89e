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
from cevns.parameters import common_shape, needed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, ArrayLike
    from cevns.interactions.amplitudes import Monomial
    from cevns.interactions.interaction import Interaction
    from cevns.nuclei import FormFactor

__all__ = ["KAPPA", "cross_section"]


def _vector(recoil: Array, energy: Array, mass: float) -> Array:
    # the square of an energy may vanish
    return 1 - (recoil / energy) * (mass / (2 * energy))


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
        If a value is missing or out of range, shapes do not broadcast, the cross section is beyond numbers, or the
        total diverges, as it does for a massless mediator.
    """
    interaction, form_factor = get_interaction(interaction), get_form_factor(form_factor)
    nucleus = nucleus if isinstance(nucleus, Nucleus) else known_nucleus(nucleus)
    checks.flavour("neutrino flavour", flavour, FLAVOURS)
    energy = checks.array("energy", energy, unit="MeV", above=0, high=1e6)
    given = needed(values, interaction.own_names, interaction.name)
    for name in given:
        checks.known("parameter", name, [p.name for p in interaction.all_parameters])
    numbers = {p.name: p.number(given.get(p.name)) - p.origin for p in interaction.all_parameters}
    # of a coupling of 0 nothing is left, whatever the mass
    terms = [m for m in interaction.monomials((flavour,)) if all(numbers[name] for name, _ in m.couplings)]
    if recoil_kev is None:
        out = _total(terms, energy, nucleus, form_factor, numbers)
    else:
        recoil = checks.array("recoil_kev", recoil_kev, unit="keV", above=0)
        common_shape({"energy": energy, "recoil_kev": recoil})
        energy, recoil = np.broadcast_arrays(energy, recoil)
        out = _differential(terms, energy, 1e-3 * recoil, nucleus, form_factor, numbers) * 1e-3
        if not np.isfinite(out).all():
            raise InputError(
                f"the cross section at recoil_kev = {recoil[~np.isfinite(out)].flat[0]:g} is beyond numbers: give "
                "larger recoils, or a larger mass"
            )
    return out if out.ndim else float(out)


def _total(
    terms: Sequence[Monomial],
    energy: Array,
    nucleus: Nucleus,
    form_factor: FormFactor,
    numbers: Mapping[str, float],
) -> Array:
    """Return sigma [cm^2]."""
    # the momentum transfer of the last octave, below which a mediator would not be followed
    smallest = 2 * energy.max(initial=0.0) * 2.0 ** (-0.5 * _OCTAVES + 10)
    for name in {name for m in terms if m.coefficients.any() for name, _ in m.mediators}:
        if numbers[name] == 0:
            raise InputError("the total cross section of a massless mediator diverges: give recoil_kev")
        if numbers[name] < smallest:
            raise InputError(
                f"{name} = {numbers[name]:g} is too light for a total cross section: give recoil_kev, or at least "
                f"{smallest:.2g} MeV"
            )
    # down from the largest recoil by octaves, so that a light mediator's T^-2 is followed
    ends = 2 * energy * (energy / nucleus.mass)
    edges = np.append(2.0 ** -np.arange(_OCTAVES), 0.0)
    high, low = edges[:-1, None], edges[1:, None]
    share = (0.5 * (high + low) + 0.5 * (high - low) * _X).ravel()
    weights = (0.5 * (high - low) * _W).ravel()
    recoil = ends[..., None] * share
    rates = _differential(terms, energy[..., None], recoil, nucleus, form_factor, numbers)
    total: Array = np.asarray((rates @ weights) * ends)
    return total


def _differential(
    terms: Sequence[Monomial],
    energy: Array,
    recoil: Array,
    nucleus: Nucleus,
    form_factor: FormFactor,
    numbers: Mapping[str, float],
) -> Array:
    """Return d sigma / dT [cm^2/MeV] at recoils [MeV]; infinite or not a number where it is beyond numbers."""
    total = np.zeros(np.broadcast_shapes(energy.shape, recoil.shape))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        kappa = {m.kinematics: np.maximum(KAPPA[m.kinematics](recoil, energy, nucleus.mass), 0.0) for m in terms}
        # no nucleus recoils further, and the square of a momentum transfer beyond may overflow
        end = 2 * energy * (energy / nucleus.mass)
        q2 = 2 * nucleus.mass * np.minimum(recoil, end)
        q = np.sqrt(q2)
        z = nucleus.protons * form_factor(q, nucleus.proton_radius)
        n = nucleus.neutrons * form_factor(q, nucleus.neutron_radius)
        for monomial in terms:
            zz, zn, nn = monomial.coefficients
            part = zz * z * z + zn * z * n + nn * n * n
            for name, power in monomial.couplings:
                part = part * numbers[name] ** power
            for name, power in monomial.mediators:
                part = part / (q2 + numbers[name] ** 2) ** power
            total += np.where(recoil < end, part * kappa[monomial.kinematics], 0.0)
        return FERMI_CONSTANT**2 * nucleus.mass / np.pi * HBAR_C_SQUARED_CM2 * total
