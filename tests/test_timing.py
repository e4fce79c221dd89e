"""Arrival times: laws that integrate to 1, against quadrature and sampling."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from cevns.constants import MUON_LIFETIME
from cevns.errors import InputError, UnknownNameError
from cevns.fluxes import Component, Flux, PulseTiming, TabulatedTiming, pion_decay_at_rest
from cevns.kernels.fluxes import Spectrum

TIMINGS = {
    "pulse alone": PulseTiming(0.4, 0.1),
    "prompt": PulseTiming(0.4673, 0.1475, [0.0312]),
    "delayed": PulseTiming(0.4673, 0.1475, [0.0312, 2.196]),
    "short pulse": PulseTiming(0.4, 1e-6, [2.2]),
    "long pulse": PulseTiming(3.0, 1.5, [1e-3, 2.2]),
    "three decays": PulseTiming(0.0, 0.3, [0.02, 2.2, 0.5]),
    "table": TabulatedTiming([0.0, 0.5, 0.75, 4.0], [1.0, 5.0, 2.0]),
}


@pytest.mark.parametrize("timing", TIMINGS.values(), ids=TIMINGS)
def test_cumulative_is_the_integral_of_the_density(timing):
    mean = getattr(timing, "mean", 0.0)
    cuts = sorted({-3.0, mean - 1e-5, mean, mean + 1e-5, mean + 0.1, *timing.breaks, 1.0, 3.0, 9.0, 60.0})
    for low, high in itertools.pairwise(cuts):
        expected = integrate.quad(lambda t: timing.density(t).item(), low, high, epsabs=1e-13, limit=200)[0]
        assert np.diff(timing.cumulative([low, high])).item() == pytest.approx(expected, abs=2e-12)
    assert timing.cumulative(-1e3).item() == 0
    assert timing.cumulative(1e3).item() == pytest.approx(1, abs=1e-12)
    time = np.linspace(-2, 20, 4001)
    assert (np.diff(timing.cumulative(time)) >= -1e-15).all()
    assert (timing.density(time) >= 0).all()


def test_a_pulse_with_decays_is_what_sampling_says():
    timing, rng = TIMINGS["delayed"], np.random.default_rng(5)
    sample = rng.normal(timing.mean, timing.sigma, 20_000) + sum(rng.exponential(t, 20_000) for t in timing.lifetimes)
    assert stats.kstest(sample, timing.cumulative).pvalue > 1e-3


def test_delayed_neutrinos_of_stopped_pions_wait_for_the_muon():
    pulse = PulseTiming(0.47, 0.15, [0.026])
    flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0, timing=pulse)
    late, prompt = flux.by_timing()
    assert prompt[0] == pulse
    assert late[0] == PulseTiming(0.47, 0.15, [0.026, MUON_LIFETIME])
    assert [c.name for c in prompt[1].components] == ["prompt nu_mu"]
    # nothing is lost, and a flux that says nothing of times is one part
    assert sum(part.moment(f, 0.0) for _, part in flux.by_timing() for f in part.flavours) == pytest.approx(
        sum(flux.moment(f, 0.0) for f in flux.flavours)
    )
    plain = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0)
    assert [timing for timing, _ in plain.by_timing()] == [None]
    assert plain != flux


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PulseTiming(0.4, 0.0), "sigma = 0.0"),
        (lambda: PulseTiming(np.nan, 0.1), "mean"),
        (lambda: PulseTiming(0.4, 0.1, [2.2, 2.2]), "too near"),
        (lambda: PulseTiming(0.4, 0.1, [-1.0]), "lifetimes"),
        (lambda: TabulatedTiming([0.0, 1.0], [0.0]), "some neutrinos"),
        (lambda: TabulatedTiming([1.0, 0.0], [1.0]), "edges"),
        (lambda: TabulatedTiming([0.0, 1.0], [-1.0]), "values"),
        (lambda: Component("e", Spectrum([], [], [1.0], [1.0]), "x", timing=3.0), "timing"),
        (lambda: pion_decay_at_rest(neutrinos_per_proton=1, protons=1, distance=1, timing="late"), "timing"),
    ],
    ids=["sigma", "mean", "equal lifetimes", "negative", "nothing", "edges", "values", "component", "flux"],
)
def test_what_is_no_timing_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_fluxes_add_with_their_timings():
    timing = TIMINGS["table"]
    part = Flux("a", [Component("e", Spectrum([], [], [1.0], [1.0]), "x", timing=timing)])
    both = part + Flux("b", [("mu", Spectrum([], [], [2.0], [1.0]))])
    assert both.timings == (timing, None)
    assert [t for t, _ in both.by_timing()] == [timing, None]


def test_a_flux_takes_other_timings_by_component_or_flavour():
    flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0, timing=TIMINGS["prompt"])
    table, alone = TIMINGS["table"], TIMINGS["pulse alone"]
    assert flux.with_timing(table).timings == (table, table, table)
    late = flux.timings[0]
    assert flux.with_timing({"mu": table}).timings == (late, table, table)
    # the name of a component goes before its flavour
    changed = flux.with_timing({"prompt nu_mu": alone, "mu": table})
    assert changed.timings == (late, table, alone)
    assert changed.spectra == flux.spectra
    assert [c.name for c in changed.components] == [c.name for c in flux.components]
    by_name = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0, timing={"nu_e": table})
    assert by_name.timings == (table, None, None)
    with pytest.raises(UnknownNameError, match=r"unknown component 'prompt'.*'prompt nu_mu'"):
        flux.with_timing({"prompt": table})
    with pytest.raises(InputError, match=r"timing\['mu'\] must be a Timing, got 2\.0"):
        flux.with_timing({"mu": 2.0})
    with pytest.raises(InputError, match="timing must be a Timing or a mapping"):
        flux.with_timing(2.0)
