"""Recoil spectra and events before any detector response: eq. 2.9 of arXiv:2008.05022 with A(T) = 1,

    N = N(nuclei) Int dT A(T) Int_{E_min} dE sum_nu dN_nu / dE d sigma / dT (E, T).

The efficiency A(T) is part of a response, and what a response makes of recoils is `signal`'s, folded by `folding`.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.arrays import gauss_legendre, unique
from cevns.errors import InputError
from cevns.fluxes import Flux
from cevns.interactions import VECTOR, Kind, Loop, get_interaction
from cevns.interactions.amplitudes import mass_at
from cevns.interactions.kinematics import recoil_ends
from cevns.interactions.loops import LEPTON_MASSES
from cevns.kernels.kinematics import KINDS
from cevns.kernels.recoils import RecoilRate
from cevns.nuclei import Target, get_form_factor
from cevns.predictions.panels import NEAR_ZERO, rate_scales
from cevns.threads import checked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cevns._types import Array, ArrayLike, Model
    from cevns.nuclei import FormFactor

__all__ = ["recoil_events", "recoil_spectrum"]


def recoil_spectrum(
    interaction: Model,
    flux: Flux,
    target: Target,
    recoil_kev: ArrayLike,
    mass: float | None = None,
    coupling: float | None = None,
    *,
    form_factor: FormFactor | str = "helm",
    **values: float,
) -> Array:
    """Return the recoil spectrum dN/dT before any detector response.

    Parameters
    ----------
    interaction : str or Interaction
        Interaction.
    flux : Flux
        Neutrinos over the exposure.
    target : Target
        Nuclei.
    recoil_kev : array_like
        Recoil energies T [keV], above 0, any shape.
    mass, coupling : float, optional
        Mediator mass [MeV] and coupling.
    form_factor : FormFactor or str
        Nuclear form factor.
    **values : float
        Any other parameters of the interaction, and ``sin2_theta_w``.

    Returns
    -------
    ndarray
        Events per keV, shape of `recoil_kev`.

    Raises
    ------
    InputError
        If a parameter is out of range, or the spectrum is beyond numbers, as a massless mediator's is at tiny recoils.

    Examples
    --------
    >>> from cevns.fluxes import monochromatic
    >>> from cevns.nuclei import Target
    >>> flux = monochromatic(30.0, fluence=1e14, flavour="e")
    >>> argon = Target.of("Ar", mass=1.0)
    >>> recoil_spectrum("sm", flux, argon, [5.0, 20.0, 60.0]).round(4)  # per keV
    array([0.0894, 0.0518, 0.    ])
    """
    _check_source(flux, target)
    recoil = checks.array("recoil_kev", recoil_kev, unit="keV", above=0)
    out = np.empty(recoil.size)
    rate, *_ = _recoil_rate(interaction, flux, target, form_factor, {"mass": mass, "coupling": coupling, **values})
    # nothing recoils further than the end, and the momentum transfer of what is far beyond overflows
    end = 1e3 * max(recoil_ends(n.mass, flux.break_energies)[1].max() for n in target.nuclei)
    rate.differential(1e-3 * np.minimum(recoil.ravel(), 2 * end), out)
    if not np.isfinite(out).all():
        raise InputError(
            f"the spectrum at recoil_kev = {recoil.ravel()[~np.isfinite(out)][0]:g} is beyond numbers: give larger "
            "recoils, or a larger mass"
        )
    return out.reshape(recoil.shape) * 1e-3


def recoil_events(
    interaction: Model,
    flux: Flux,
    target: Target,
    edges_kev: ArrayLike,
    mass: float | None = None,
    coupling: float | None = None,
    *,
    form_factor: FormFactor | str = "helm",
    num_threads: int = 1,
    nodes: int = 16,
    **values: float,
) -> Array:
    """Return the events in bins of recoil energy: the double integral over recoil and neutrino energy of eq. 2.9.

    Parameters
    ----------
    interaction, flux, target, mass, coupling, form_factor, **values
        As in `recoil_spectrum`.
    edges_kev : array_like, shape (n + 1,)
        Ascending bin edges [keV], at least 0.
    num_threads : int
        Threads; the result does not depend on them.
    nodes : int
        Most Gauss-Legendre nodes in an interval between kinks of the flux; narrow intervals need fewer.

    Returns
    -------
    ndarray, shape (n,)
        Events in each bin, without efficiency.

    Raises
    ------
    InputError
        If a parameter is out of range, or the lowest edge is 0 for a massless mediator, where the integral diverges.

    Examples
    --------
    >>> from cevns.fluxes import monochromatic
    >>> from cevns.nuclei import Target
    >>> flux = monochromatic(30.0, fluence=1e14, flavour="e")
    >>> argon = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=1.0)
    >>> recoil_events("sm", flux, argon, [5.0, 10.0, 20.0]).round(3)
    array([0.414, 0.637])
    """
    _check_source(flux, target)
    edges = checks.ascending("edges_kev", edges_kev, unit="keV", low=0, least=2)
    num_threads = checked(num_threads)
    nodes = checks.whole("nodes", nodes, low=2, high=200)
    rate, squares, kinds = _recoil_rate(
        interaction, flux, target, form_factor, {"mass": mass, "coupling": coupling, **values}
    )
    if edges[0] == 0 and (0.0 in squares or Kind("magnetic") in kinds):
        raise InputError("edges_kev starts at 0, where the events of a massless mediator diverge; start above 0")
    masses = {kind.final_mass for kind in kinds or {VECTOR}}
    ends = [t for n in target.nuclei for m in masses for t in recoil_ends(n.mass, flux.break_energies, m)]
    kinks = unique(1e3 * np.concatenate(ends))
    kinks = kinks[kinks > 0]
    # spectra of light mediators fall like T^-2, which needs intervals of at most an octave
    top = min(edges[-1], kinks[-1] if kinks.size else 0.0)
    # and from 0 on the first interval has to end before the mediator's mass matters
    heaviest = max(n.mass for n in target.nuclei)
    soft = 500 * min(squares, default=np.inf) / heaviest
    bottom = edges[0] if edges[0] > 0 else min(edges[1], 1e-6 * top, soft)
    octaves = np.ldexp(bottom, np.arange(math.ceil(max(math.log2(top) - math.log2(bottom), 0.0))))
    near_zero = bottom * NEAR_ZERO if edges[0] == 0 else []
    cuts = unique(np.concatenate([edges, kinks[(kinks > edges[0]) & (kinks < edges[-1])], octaves, near_zero]))
    out, orders = np.zeros(cuts.size - 1), _orders(cuts, nodes)
    # nothing recoils further than the last kink
    orders[cuts[:-1] >= kinks[-1]] = 0
    for order in unique(orders[orders > 0]):
        chosen = np.flatnonzero(orders == order)
        part = np.empty(chosen.size)
        low, high = cuts[chosen] * 1e-3, cuts[chosen + 1] * 1e-3
        rate.integrate(low, high, *_rule(int(order)), part, num_threads)
        out[chosen] = part
    if not np.isfinite(out).all():
        raise InputError(
            f"edges_kev starts at {edges[0]:g}, where the events are beyond numbers; start higher, or give a larger "
            "mass"
        )
    return np.add.reduceat(out, np.searchsorted(cuts, edges[:-1]))


def _orders(cuts: Array, most: int) -> Any:
    """Return how many Gauss-Legendre nodes an interval needs to reach rounding.

    The nearest singularity is a pole at T = 0 or below, so the error falls like rho^-2n with rho from the
    interval's ends.
    """
    low, high = cuts[:-1], cuts[1:]
    z = (1 + low / high) / (1 - low / high)
    rho = z + np.sqrt(z * z - 1)
    return np.clip(np.ceil(36 / (2 * np.log(np.maximum(rho, 1.1)))) + 1, 2, most).astype(int)


_rule = functools.cache(gauss_legendre)


def _recoil_rate(
    interaction: Model, flux: Flux, target: Target, form_factor: FormFactor | str, values: Mapping[str, Any]
) -> tuple[RecoilRate, list[float], set[Kind]]:
    """Return the compiled rate at the parameters' values, the squared masses of its mediators and its kinematics."""
    interaction, form_factor = get_interaction(interaction), get_form_factor(form_factor)
    interaction.check_nuclei("see Signal and ElectronResponse, whose electrons are a channel of their own")
    point = interaction.offsets(values)
    nuclei = []
    for nucleus, scale in zip(target.nuclei, rate_scales(target), strict=True):
        # a radius below the form factor's limit is refused here, before the kernel takes its root
        form_factor(0.0, np.array([nucleus.proton_radius, nucleus.neutron_radius]))
        nuclei.append(
            (
                nucleus.mass,
                nucleus.protons,
                nucleus.neutrons,
                nucleus.proton_radius,
                nucleus.neutron_radius,
                form_factor.thickness,
                scale,
                form_factor.code,
            )
        )
    flavours = flux.flavours
    mediators: list[str | float] = []
    loops: list[Loop] = []
    found = []
    for monomial in interaction.monomials(flavours):
        factor = monomial.strength(point)
        if factor != 0:
            mediators += [mass for mass, _ in monomial.mediators if mass not in mediators]
            loops += [loop for loop, _ in monomial.loops if loop not in loops]
            kind = Kind(monomial.kinematics, mass_at(monomial.final_mass, point))
            found.append((kind, dict(monomial.mediators), dict(monomial.loops), monomial.coefficients * factor))
    # the same kinematics follow each other, so that their moment is computed once
    found.sort(key=lambda entry: entry[0])
    squares = [mass_at(mass, point) ** 2 for mass in mediators]
    rate = RecoilRate(
        nuclei,
        [s for _, s in flux.spectra],
        [flavours.index(f) for f, _ in flux.spectra],
        np.array([coefficients.reshape(3, -1).T for *_, coefficients in found]),
        [(KINDS[kind.kinematics], kind.final_mass) for kind, *_ in found],
        [[*(m.get(n, 0) for n in mediators), *(some.get(n, 0) for n in loops)] for _, m, some, _ in found],
        squares,
        [loop.weights for loop in loops],
        LEPTON_MASSES,
    )
    return rate, squares, {kind for kind, *_ in found}


def _check_source(flux: object, target: object) -> None:
    checks.instance("flux", flux, Flux, "see cevns.fluxes")
    checks.instance("target", target, Target, "see cevns.nuclei.Target.of")
