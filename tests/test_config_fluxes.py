"""Fluxes in configuration files: arrival times, changes of flavour, the Sun; and bins of arrival times."""

import numpy as np
import pytest
from configs import FLUX, only, own

from cevns.config import axes
from cevns.config.readers import Reader
from cevns.detectors import Arrival, ArrivalEfficiency, Efficiency
from cevns.errors import DataError
from cevns.fluxes import (
    PulseTiming,
    TabulatedTiming,
    monochromatic,
    oscillated,
    pion_decay_at_rest,
    reactor_antineutrinos,
    solar_neutrinos,
    tabulated,
)

PULSE = 'timing = {kind = "pulse", mean_us = 0.4673, sigma_us = 0.1475, lifetimes_us = [0.0312]}\n'
PROMPT = PulseTiming(0.4673, 0.1475, [0.0312])
TABLE = (
    'kind = "tabulated"\nenergy_mev = [10, 20, 40]\ne_per_cm2_per_mev = [0, 2e12, 0]\n'
    "mu_per_cm2_per_mev = [0, 0, 1e12]\n"
)
LINE = 'kind = "monochromatic"\nenergy_mev = 29.8\nfluence_per_cm2 = 1e14\nflavour = "mu"\n'
ARGON = {"neutrinos_per_proton": 0.09, "protons": 13.7e22, "distance": 27.5}


def table():
    return tabulated([10, 20, 40], {"e": [0, 2e12, 0], "mu": [0, 0, 1e12]})


def line():
    return monochromatic(29.8, fluence=1e14, flavour="mu")


FLUXES = {
    "pulse": (FLUX + PULSE, lambda: pion_decay_at_rest(**ARGON, timing=PROMPT)),
    "by component": (
        FLUX + '[experiment.flux.timing."prompt nu_mu"]\nkind = "tabulated"\nedges_us = [0, 0.5, 2]\nvalues = [3, 1]\n'
        '[experiment.flux.timing.e]\nkind = "pulse"\nmean_us = 1\nsigma_us = 0.2\n',
        lambda: pion_decay_at_rest(
            **ARGON, timing={"prompt nu_mu": TabulatedTiming([0, 0.5, 2], [3, 1]), "e": PulseTiming(1, 0.2)}
        ),
    ),
    "table that arrives": (TABLE + PULSE, lambda: table().with_timing(PROMPT)),
    "line that arrives": (LINE + PULSE, lambda: line().with_timing(PROMPT)),
    "bins from a file": (
        LINE + 'timing = {kind = "tabulated", file = "times.csv", columns = {low_us = 1, high_us = 2, values = 3}}\n',
        lambda: line().with_timing(TabulatedTiming([0, 0.5, 2], [3, 1])),
    ),
    "edges from a file": (
        LINE + 'timing = {kind = "tabulated", file = "edges.csv"}\n',
        lambda: line().with_timing(TabulatedTiming([0, 0.5, 2], [3, 1])),
    ),
    "shares": (
        TABLE + 'shares = {e = 0.25, mu = {energy_mev = [10, 40], shares = [0.1, 0.5]}}\nrest = ["tau"]\n' + PULSE,
        lambda: oscillated(table(), {"e": 0.25, "mu": ([10, 40], [0.1, 0.5])}, rest=["tau"]).with_timing(PROMPT),
    ),
    "sun": ('kind = "solar"\nexposure_days = 365\n', lambda: solar_neutrinos(exposure=365)),
    "hep": (
        'kind = "solar"\nsource = "hep"\nexposure_days = 365\ntotal_per_cm2_per_s = 8e3\nsurvival = 0.4\n',
        lambda: solar_neutrinos("hep", exposure=365, total=8e3, survival=0.4),
    ),
    "survival": (
        'kind = "solar"\nexposure_days = 365\nsurvival = {energy_mev = [1, 9], shares = [0.5, 0.3]}\n',
        lambda: solar_neutrinos(exposure=365, survival=([1, 9], [0.5, 0.3])),
    ),
    "reactor": (
        'kind = "reactor"\nthermal_power_gw = 3\ndistance_m = 30\nexposure_days = 10\nhighest_mev = 11\n',
        lambda: reactor_antineutrinos(thermal_power=3, distance=30, exposure=10, highest=11),
    ),
}
FILES = {"times": "0;0,5;3\n0,5;2;1\n", "edges": "edges_us;values\n0;3\n0,5;1\n2;\n"}


@pytest.mark.parametrize(("text", "expected"), FLUXES.values(), ids=list(FLUXES))
def test_fluxes(load, text, expected):
    text = text if text.startswith("[") else f"[experiment.flux]\n{text}"
    found, expected = only(load(own(flux=text), **FILES)).flux, expected()
    assert found.timings == expected.timings
    assert found == expected


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (FLUX + 'timing = {kind = "late"}\n', ["flux.timing.kind: unknown kind 'late'", "pulse, tabulated"]),
        (FLUX + "timing = {mean_us = 1}\n", ["flux.timing.kind: missing; give one of pulse, tabulated"]),
        (FLUX + 'timing = {kind = "pulse", mean_us = 1}\n', ["flux.timing.sigma_us: missing"]),
        (FLUX + 'timing = {kind = "pulse", mean_us = 1, sigma_us = 0}\n', ["flux.timing: sigma = 0"]),
        (FLUX + PULSE.replace("mean_us", "mean"), ["flux.timing.mean: unknown key; did you mean 'mean_us'?"]),
        (
            FLUX + 'timing = {kind = "tabulated", edges_us = [0, 1], values = [1]}\n',
            ["flux: timing must be a PulseTiming or a mapping", "for each of 'nu_e', 'anti-nu_mu', 'prompt nu_mu'"],
        ),
        (FLUX + 'timing = {nu = {kind = "pulse", mean_us = 1, sigma_us = 1}}\n', ["unknown component 'nu'"]),
        (
            LINE + 'timing = {kind = "tabulated", values = [1]}\n',
            ["flux.timing: give either edges_us, or low_us and high_us"],
        ),
        (
            LINE + 'timing = {kind = "tabulated", low_us = [0, 2], high_us = [1, 3], values = [1, 1]}\n',
            ["flux.timing:", "1", "2"],
        ),
        (LINE + "shares = {e = 1.5}\n", ["flux: shares['e'] = 1.5"]),
        (LINE + 'rest = ["e"]\n', ["flux: rest needs shares"]),
        (LINE + 'shares = {e = "all"}\n', ["flux.shares.e: must be a finite number"]),
        ('kind = "solar"\n', ["flux.exposure_days: missing"]),
        ('kind = "solar"\nsource = "8Be"\nexposure_days = 1\n', ["flux: unknown source '8Be'", "8B"]),
        ('kind = "solar"\nexposure_days = 1\nsurvival = 33\n', ["flux: survival = 33"]),
        ('kind = "solar"\nexposure_days = 1\nsurvival = {energy_mev = [1]}\n', ["flux.survival.shares: missing"]),
    ],
    ids=[
        *("kind", "no kind", "no sigma", "sigma", "key", "table for pions", "component", "no edges", "gap"),
        *("share", "rest"),
        *("text", "no exposure", "source", "per cent", "no shares"),
    ],
)
def test_problems_are_named(load, text, messages):
    text = text if text.startswith("[") else f"[experiment.flux]\n{text}"
    with pytest.raises(DataError) as error:
        load(own(flux=text))
    assert [message for message in messages if message not in str(error.value)] == []


def arrival(tmp_path, table):
    reader = Reader(tmp_path)
    return axes.arrival(reader, table, "arrival"), reader.problems


ARRIVALS = {
    "plain": ({"edges_us": [0, 1, 2]}, Arrival([0, 1, 2])),
    "exponential": (
        {"edges_us": [0, 1, 2], "efficiency": {"kind": "exponential", "start_us": 0.52, "rate_per_us": 0.0494}},
        Arrival([0, 1, 2], ArrivalEfficiency(0.52, 0.0494)),
    ),
    "steps": (
        {"edges_us": [0, 1, 2], "efficiency": {"kind": "steps", "edges": [0, 1, 2], "values": [1, 0.5]}},
        Arrival([0, 1, 2], Efficiency([0, 1, 2], [1, 0.5])),
    ),
}


@pytest.mark.parametrize(("table", "expected"), ARRIVALS.values(), ids=list(ARRIVALS))
def test_arrivals(tmp_path, table, expected):
    assert arrival(tmp_path, table) == (expected, [])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"edges_us": [1, 0]}, "arrival: edges must ascend strictly"),
        ({}, "arrival.edges_us: missing"),
        ({"edges_us": [0, 1], "efficiency": {"kind": "exponential", "start_us": 0}}, "efficiency.rate_per_us: missing"),
        ({"edges_us": [0, 1], "efficiency": {"kind": "exponent"}}, "Did you mean 'exponential'?"),
        ({"edges_us": [0, 1], "unit": "ns"}, "arrival.unit: unknown key"),
    ],
    ids=["order", "no edges", "no rate", "kind", "unit"],
)
def test_problems_of_arrivals_are_named(tmp_path, table, message):
    found, problems = arrival(tmp_path, table)
    assert found is None
    assert message in "\n".join(problems)


def test_edges_of_arrivals_may_come_from_a_file(tmp_path):
    (tmp_path / "edges.csv").write_text("edges_us\n0\n0.125\n0.25\n", encoding="utf-8")
    found, problems = arrival(tmp_path, {"file": "edges.csv"})
    assert problems == []
    np.testing.assert_array_equal(found.edges, [0, 0.125, 0.25])
