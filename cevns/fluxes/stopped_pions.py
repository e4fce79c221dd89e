"""Neutrinos of pions that decay at rest, as spallation sources make them (eqs. 2.6-2.8 of arXiv:2008.05022)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cevns import checks
from cevns.constants import MUON_LIFETIME, MUON_MASS, PION_MASS
from cevns.fluxes.flux import DISTANCES, Component, Flux
from cevns.fluxes.timing import PulseTiming
from cevns.kernels.fluxes import Spectrum

if TYPE_CHECKING:
    from cevns.fluxes.timing import Timing

__all__ = ["pion_decay_at_rest"]


def pion_decay_at_rest(
    *,
    neutrinos_per_proton: float,
    protons: float,
    distance: float,
    name: str = "pion decay at rest",
    timing: PulseTiming | Mapping[str, Timing] | None = None,
) -> Flux:
    """Return the flux of pion decay at rest: a nu_mu line and the nu_e and anti-nu_mu of muon decay (eqs. 2.6-2.8).

    Parameters
    ----------
    neutrinos_per_proton : float
        r, neutrinos of each flavour per proton on target.
    protons : float
        N_POT, protons on target in the exposure.
    distance : float
        L [m] from source to detector.
    name : str
        Name for reports.
    timing : PulseTiming, or mapping of str to Timing, optional
        When pions decay after the pulse, and with them the prompt nu_mu arrive; the others wait for the muons to decay.
        Or any law of arrival times by component, as `Flux.with_timing` takes it.

    Returns
    -------
    Flux
        Normalised to eta = r N_POT / (4 pi L^2) neutrinos of each kind per cm^2.

    Raises
    ------
    InputError
        If a parameter is not positive and finite, or `timing` is no pulse.
    UnknownNameError
        If `timing` names no component.

    References
    ----------
    arXiv:2008.05022, eqs. 2.6-2.8.

    Examples
    --------
    >>> pulse = PulseTiming(0.4673, 0.1475, [0.0312])  # the SNS of arXiv:2110.07730
    >>> flux = pion_decay_at_rest(neutrinos_per_proton=0.0848, protons=3.198e23, distance=19.3, timing=pulse)
    >>> [round(float(timing.cumulative(1.0)), 3) for timing in flux.timings]
    [0.202, 0.202, 0.999]
    """
    r = checks.real("neutrinos_per_proton", neutrinos_per_proton, above=0, high=2)
    protons = checks.real("protons", protons, above=0, high=1e50)
    distance = checks.real("distance", distance, unit="m", **DISTANCES)
    eta = r * protons / (4 * math.pi * (100 * distance) ** 2)
    m = MUON_MASS
    line = (PION_MASS**2 - m**2) / (2 * PION_MASS)
    ends = [0.0, m / 2]
    electron = Spectrum(ends, [[0, 0, 192 * eta / m**3 / 2, -192 * eta / m**4]])
    muon = Spectrum(ends, [[0, 0, 64 * eta / m**3 * 0.75, -64 * eta / m**4]])
    flux = Flux(
        name,
        (
            Component("e", electron, "nu_e", False),
            Component("mu", muon, "anti-nu_mu", True),
            Component("mu", Spectrum([], [], [line], [eta]), "prompt nu_mu", False),
        ),
    )
    if timing is None:
        return flux
    if isinstance(timing, PulseTiming):
        late = replace(timing, lifetimes=(*timing.lifetimes, MUON_LIFETIME))
        timing = {"prompt nu_mu": timing, "anti-nu_mu": late, "nu_e": late}
    names = ", ".join(repr(component.name) for component in flux.components)
    hint = f"other laws, which muons do not follow by themselves, are given for each of {names}"
    return flux.with_timing(checks.instance("timing", timing, (PulseTiming, Mapping), hint))
