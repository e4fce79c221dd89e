"""When neutrinos of the Spallation Neutron Source arrive, for the data sets that were taken there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.fluxes import PulseTiming, pion_decay_at_rest

if TYPE_CHECKING:
    from cevns.fluxes import Flux

__all__ = ["FLUX_SIGMA", "flux"]

#: Relative uncertainty of the flux, which all detectors at the source share.
FLUX_SIGMA = 0.10
#: Mean and width of the pulse of protons, mean lives of pion and muon, and where the release's histograms end [us]:
#: fitted to those that come with arXiv:2110.07730. The pion's tail holds more than the decay.
MEAN, WIDTH, PION, MUON, LATEST = 0.4673, 0.1475, 0.0312, 2.196, 15.0


def flux(*, neutrinos_per_proton: float, protons: float, distance: float) -> Flux:
    """Return neutrinos of pions and muons at rest with their arrival times.

    Parameters
    ----------
    neutrinos_per_proton : float
        Of each flavour.
    protons : float
        On the target, in the exposure.
    distance : float
        From the source [m].

    Returns
    -------
    Flux
        Per cm^2, with a law of arrival times [us] for each component; see `cevns.fluxes.pion_decay_at_rest`.

    Examples
    --------
    >>> found = flux(neutrinos_per_proton=0.08, protons=1e23, distance=20)
    >>> [round(float(timing.cumulative(6.0)), 3) for timing in found.timings]  # nu_e, anti-nu_mu, prompt nu_mu
    [0.919, 0.919, 1.0]
    """
    prompt = PulseTiming(MEAN, WIDTH, (PION,), LATEST)
    delayed = PulseTiming(MEAN, WIDTH, (PION, MUON), LATEST)
    timings = {"prompt nu_mu": prompt, "anti-nu_mu": delayed, "nu_e": delayed}
    return pion_decay_at_rest(
        neutrinos_per_proton=neutrinos_per_proton, protons=protons, distance=distance
    ).with_timing(timings)
