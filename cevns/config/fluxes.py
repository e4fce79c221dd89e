"""The sections of fluxes: their kinds, when their neutrinos arrive, and with which flavours."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.config import readers as read
from cevns.config.columns import joined_edges
from cevns.config.readers import Reader, Section
from cevns.constants import FLAVOURS
from cevns.errors import InputError
from cevns.fluxes import (
    SOLAR_FLUXES,
    Flux,
    PulseTiming,
    TabulatedTiming,
    monochromatic,
    oscillated,
    pion_decay_at_rest,
    reactor_antineutrinos,
    solar_neutrinos,
    tabulated,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["flux"]


@read.takes(lambda of: of.value(read.one_or_more(read.one_of(_FLUXES, "flux"))))
def flux(reader: Reader, value: Any, where: str) -> Any:
    """One flux, or several that add up."""
    before = len(reader.problems)
    parts = read.one_or_more(read.one_of(_FLUXES))(reader, value, where)
    if not parts:
        reader.problem(where, "is empty: give at least one flux")
    return None if len(reader.problems) > before else sum(parts[1:], parts[0])


@read.takes(lambda of: of.one_or_by_name(read.one_of(_TIMINGS, "timing-law")), "timing")
def _timing(reader: Reader, value: Any, where: str) -> Any:
    """One law of arrival times, or one for each component or flavour, told by tables without a kind of their own."""
    by_component = isinstance(value, dict) and value and "kind" not in value
    if by_component and all(isinstance(entry, dict) for entry in value.values()):
        return read.by_name(read.one_of(_TIMINGS))(reader, value, where)
    return read.one_of(_TIMINGS)(reader, value, where)


@read.takes(lambda of: {"anyOf": [of.value(read.number), of.table(_SHARE)]}, "share")
def _share(reader: Reader, value: Any, where: str) -> Any:
    """One share for all energies, or a table of them."""
    return (read.a(_SHARE) if isinstance(value, dict) else read.number)(reader, value, where)


# What the constructors do not offer in this form.


def _build_timing(*, values: Any, edges_us: Any = None, low_us: Any = None, high_us: Any = None) -> TabulatedTiming:
    return TabulatedTiming(joined_edges("edges_us", edges_us, "low_us", low_us, "high_us", high_us), values)


def _arriving(build: Callable[..., Flux]) -> Callable[..., Flux]:
    """Return what builds a flux whose neutrinos have changed flavour, and arrive at some time."""

    @functools.wraps(build)
    def built(*, shares: Any = None, rest: Any = (), timing: Any = None, **arguments: Any) -> Flux:
        found = build(**arguments)
        if rest and shares is None:
            raise InputError("rest needs shares, of which it is the rest")
        found = found if shares is None else oscillated(found, shares, rest=tuple(rest))
        return found if timing is None else found.with_timing(timing)

    return built


def _build_tabulated(
    *,
    energy_mev: Any = None,
    energy_low_mev: Any = None,
    energy_high_mev: Any = None,
    histogram: bool | None = None,
    exposure_s: float | None = None,
    antineutrino: Any = None,
    **densities: Any,
) -> Flux:
    """Densities are per second where their key says so, and an exposure then turns them into those over it."""
    energy = joined_edges(
        "energy_mev", energy_mev, "energy_low_mev", energy_low_mev, "energy_high_mev", energy_high_mev
    )
    if histogram is False and energy_mev is None:
        raise InputError("histogram = false does not go with energy_low_mev and energy_high_mev: leave it out")
    histogram = energy_mev is None if histogram is None else histogram
    rates = [key for key in densities if key.endswith("_per_s")]
    if bool(rates) != (exposure_s is not None) or len(rates) not in (0, len(densities)):
        raise InputError("densities in _per_s, all of them, need exposure_s, and the others must not have it")
    scale = 1.0 if exposure_s is None else checks.real("exposure_s", exposure_s, unit="s", above=0)
    scaled = {}
    for key, values in densities.items():
        if len(values) != len(energy) - histogram:
            raise InputError(
                f"{key} has {len(values)} values for {len(energy)} energies: a histogram needs one value less than "
                "edges, straight lines as many as energies; correct one of them, or histogram = true or false"
            )
        # what is too large for a double is refused as not finite
        with np.errstate(over="ignore"):
            scaled[key.partition("_")[0]] = scale * checks.array(key, values, low=0, ndim=1)
    return tabulated(energy, scaled, histogram=histogram, antineutrino=antineutrino)


_TIMINGS: dict[str, Section] = {
    "pulse": Section(
        PulseTiming,
        {
            "mean_us": ("mean", read.number),
            "sigma_us": ("sigma", read.number),
            "lifetimes_us": ("lifetimes", read.each(read.number)),
            "latest_us": ("latest", read.number),
        },
        {"mean": 0.0, "sigma": 1.0},
        {"latest": frozenset({"mean"})},
    ),
    "tabulated": Section(
        _build_timing,
        {
            "edges_us": ("edges_us", read.ascending),
            "low_us": ("low_us", read.ascending),
            "high_us": ("high_us", read.ascending),
            "values": ("values", read.numbers),
        },
        {"values": (1.0,)},
        means={"edges_us": "Ascending edges of bins.", "low_us": "Where bins begin.", "high_us": "Where bins end."},
    ),
}
_SHARE: Section = Section(
    lambda energy, shares: (energy, shares),
    {"energy_mev": ("energy", read.ascending), "shares": ("shares", read.numbers)},
    {"energy": (1.0, 2.0), "shares": (0.5, 0.5)},
    means={"energy_mev": "Ascending energies of neutrinos.", "shares": "From 0 to 1, with straight lines in between."},
)
_ARRIVING: dict[str, Any] = {
    "shares": ("shares", read.by_name(_share)),
    "rest": ("rest", read.texts),
    "timing": ("timing", _timing),
}
#: What is wrong with shares may follow from the flux that has them, and so may laws of arrival for its components.
_ARRIVING_NEEDS = {
    "rest": frozenset({"shares"}),
    "shares": frozenset({"rest"}),
    "timing": frozenset({"flavour", "shares", "rest"}),
}
_ARRIVING_TOLD_BY = (tabulated, oscillated, Flux.with_timing)
_FLUXES: dict[str, Section] = {
    "pion-decay-at-rest": Section(
        pion_decay_at_rest,
        {
            "neutrinos_per_proton": ("neutrinos_per_proton", read.number),
            "protons": ("protons", read.number),
            "distance_m": ("distance", read.number),
            "timing": ("timing", _timing),
        },
        {"neutrinos_per_proton": 0.08, "protons": 1e23, "distance": 20.0},
    ),
    "monochromatic": Section(
        _arriving(monochromatic),
        {
            "energy_mev": ("energy", read.number),
            "fluence_per_cm2": ("fluence", read.number),
            "flavour": ("flavour", read.among(lambda: FLAVOURS)),
            "antineutrino": ("antineutrino", read.flag),
            **_ARRIVING,
        },
        {"energy": 10.0, "fluence": 1.0, "flavour": "e"},
        _ARRIVING_NEEDS,
        _ARRIVING_TOLD_BY,
        {
            "energy_mev": "Of the neutrinos.",
            "fluence_per_cm2": "Neutrinos over the exposure.",
            "flavour": "With which they arrive.",
        },
    ),
    "reactor": Section(
        reactor_antineutrinos,
        {
            "thermal_power_gw": ("thermal_power", read.number),
            "distance_m": ("distance", read.number),
            "exposure_days": ("exposure", read.number),
            "fission_fractions": ("fission_fractions", read.couplings),
            "energy_per_fission_mev": ("energy_per_fission", read.couplings),
            "highest_mev": ("highest", read.number),
        },
        {"thermal_power": 1.0, "distance": 20.0, "exposure": 1.0},
        {"energy_per_fission": frozenset({"fission_fractions"})},
    ),
    "solar": Section(
        solar_neutrinos,
        {
            "source": ("source", read.among(lambda: SOLAR_FLUXES)),
            "exposure_days": ("exposure", read.number),
            "total_per_cm2_per_s": ("total", read.number),
            "survival": ("survival", _share),
        },
        {"exposure": 1.0},
    ),
    "tabulated": Section(
        _arriving(_build_tabulated),
        {
            "energy_mev": ("energy_mev", read.ascending),
            "energy_low_mev": ("energy_low_mev", read.ascending),
            "energy_high_mev": ("energy_high_mev", read.ascending),
            **{
                f"{flavour}_per_cm2_per_mev{per_s}": (f"{flavour}_per_cm2_per_mev{per_s}", read.numbers)
                for flavour in FLAVOURS
                for per_s in ("", "_per_s")
            },
            "histogram": ("histogram", read.flag),
            "exposure_s": ("exposure_s", read.number),
            "antineutrino": ("antineutrino", read.flag_by_name),
            **_ARRIVING,
        },
        needs=_ARRIVING_NEEDS,
        told_by=_ARRIVING_TOLD_BY,
        means={
            "energy_mev": "Ascending energies of the rows, or the edges of a histogram's bins.",
            "energy_low_mev": "Where bins begin.",
            "energy_high_mev": "Where bins end.",
            "exposure_s": "Time over which densities per second are added up.",
            **{
                f"{flavour}_per_cm2_per_mev{per_s}": f"Density of {flavour} neutrinos."
                for flavour in FLAVOURS
                for per_s in ("", "_per_s")
            },
        },
    ),
}
