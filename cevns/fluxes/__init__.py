"""Neutrino fluxes: pion decay at rest, reactors, the Sun, monochromatic and tabulated, each with exact moments."""

from cevns.constants import FLAVOURS
from cevns.fluxes.flux import Component, Flux
from cevns.fluxes.oscillated import oscillated
from cevns.fluxes.reactors import (
    ENERGY_PER_FISSION,
    TYPICAL_FISSION_FRACTIONS,
    antineutrinos_per_fission,
    fission_rate,
    reactor_antineutrinos,
)
from cevns.fluxes.solar import SOLAR_FLUXES, SOLAR_SURVIVAL, solar_neutrinos
from cevns.fluxes.stopped_pions import pion_decay_at_rest
from cevns.fluxes.tables import monochromatic, tabulated
from cevns.fluxes.timing import PulseTiming, TabulatedTiming, Timing
from cevns.kernels.fluxes import Spectrum

__all__ = [
    "ENERGY_PER_FISSION",
    "FLAVOURS",
    "SOLAR_FLUXES",
    "SOLAR_SURVIVAL",
    "TYPICAL_FISSION_FRACTIONS",
    "Component",
    "Flux",
    "PulseTiming",
    "Spectrum",
    "TabulatedTiming",
    "Timing",
    "antineutrinos_per_fission",
    "fission_rate",
    "monochromatic",
    "oscillated",
    "pion_decay_at_rest",
    "reactor_antineutrinos",
    "solar_neutrinos",
    "tabulated",
]
