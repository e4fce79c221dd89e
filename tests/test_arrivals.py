"""Bins of arrival times: the numbers of CsI 2021, edges and kinks that meet, and what is refused."""

import itertools
import pickle

import numpy as np
import pytest

from cevns.binning import Axis
from cevns.constants import MUON_LIFETIME
from cevns.detectors import Arrival, ArrivalEfficiency, Efficiency, SharesOver
from cevns.errors import ConvergenceError, InputError
from cevns.fluxes import PulseTiming, TabulatedTiming, pion_decay_at_rest

PROMPT = PulseTiming(0.4673, 0.1475, [0.0312])
DELAYED = PulseTiming(0.4673, 0.1475, [0.0312, MUON_LIFETIME])
CSI_2021 = Arrival([*np.arange(0, 1.01, 0.125), 2.0, 4.0, 6.0], ArrivalEfficiency(start=0.52, rate=0.0494))
#: Flat from 0 to 4 us.
FLAT = TabulatedTiming([0.0, 4.0], [1.0])


def test_time_acceptance_of_csi_2021():
    # arXiv:2110.07730's table gives 0.997, and 0.848 with all neutrinos by 15 us, a share of 0.9989
    flux = pion_decay_at_rest(neutrinos_per_proton=0.0848, protons=3.198e23, distance=19.3, timing=PROMPT)
    late, prompt = (CSI_2021.shares(timing).sum() for timing, _ in flux.by_timing())
    assert prompt == pytest.approx(0.9971, abs=1e-4)
    assert late == pytest.approx(0.8466, abs=1e-4)
    assert late / float(DELAYED.cumulative(15.0)) == pytest.approx(0.848, abs=5e-4)


def test_an_efficiency_that_falls_takes_its_share():
    shares = Arrival([0.0, 1.0, 2.0, 4.0], ArrivalEfficiency(start=1.0, rate=0.5)).shares(FLAT)
    fallen = np.exp(-0.5 * np.array([0.0, 1.0, 3.0]))
    np.testing.assert_allclose(shares, [0.25, *(-np.diff(fallen) / 0.5 / 4)], rtol=1e-14)


def test_straight_lines_and_steps():
    line = Arrival([0.0, 2.0, 4.0], Efficiency([1.0, 3.0], [0.0, 1.0])).shares(FLAT)
    np.testing.assert_allclose(line, [0.25 / 4, 1.75 / 4], rtol=1e-14)
    step = Arrival([0.0, 2.0, 4.0], Efficiency([1.0, 2.5, 3.0], [0.5, 1.0], beyond="zero")).shares(FLAT)
    np.testing.assert_allclose(step, [0.5 / 4, 0.75 / 4], rtol=1e-14)


def test_without_an_efficiency_shares_are_differences():
    arrival = Arrival([-1.0, 0.4, 0.5, 3.0])
    np.testing.assert_allclose(arrival.shares(DELAYED), np.diff(DELAYED.cumulative(arrival.edges)), atol=1e-16)
    shifted = arrival.shares(DELAYED, dt=0.1)
    np.testing.assert_allclose(shifted, np.diff(DELAYED.cumulative(np.array(arrival.edges) - 0.1)), atol=1e-16)


def test_short_pulses_and_fast_efficiencies_are_resolved():
    # a pulse of no length at 0.5 us, and decays with 2 us
    short = PulseTiming(0.5, 1e-9, [2.0])
    shares = Arrival([0.0, 1.0, 1e4], ArrivalEfficiency(start=0.5, rate=3e3)).shares(short)
    assert shares.sum() == pytest.approx(0.5 / (0.5 + 3e3), abs=1e-12)
    late = Arrival([0.0, 1.0, 1e4], ArrivalEfficiency(start=0.5, rate=1e-3)).shares(short)
    assert late.sum() == pytest.approx(0.5 / (0.5 + 1e-3), abs=1e-12)


def test_delays_of_any_shape():
    dt = np.linspace(-0.25, 0.25, 6).reshape(2, 3)
    shares = CSI_2021.shares(DELAYED, dt)
    assert shares.shape == (2, 3, 11)
    np.testing.assert_array_equal(shares[1, 2], CSI_2021.shares(DELAYED, 0.25))


def test_a_pulse_needs_few_polynomials():
    for timing in (PROMPT, DELAYED):
        over = CSI_2021.shares_over(timing, -0.25, 0.25)
        assert over.pieces <= 4
        assert over.order == 12
        dt = np.linspace(-0.25, 0.25, 201)
        np.testing.assert_allclose(over(dt), CSI_2021.shares(timing, dt), rtol=0, atol=1e-10)


def test_a_table_is_cut_where_its_rows_meet_edges_and_kinks():
    edges = np.arange(0, 8.001, 0.01)
    table = TabulatedTiming(edges, np.diff(DELAYED.cumulative(edges)))
    over = CSI_2021.shares_over(table, -0.025, 0.025)
    # edges at 5 ns of a row and others at its ends, each once, whatever the rounding
    np.testing.assert_allclose(over.edges, np.arange(-0.025, 0.0251, 0.005), atol=1e-12)
    dt = np.random.default_rng(2).uniform(-0.025, 0.025, 100)
    np.testing.assert_allclose(over(dt), CSI_2021.shares(table, dt), rtol=0, atol=1e-14)
    # and nearly those of the law itself
    law = CSI_2021.shares(DELAYED) / DELAYED.cumulative(8.0)
    np.testing.assert_allclose(CSI_2021.shares(table), law, atol=2e-5)


def test_polynomials_meet_and_know_their_range():
    over = CSI_2021.shares_over(PROMPT, -0.25, 0.25)
    inner = over.edges[1:-1]
    np.testing.assert_allclose(over(inner - 1e-13), over(inner), atol=1e-11)
    assert over(0.1).shape == (11,)
    assert pickle.loads(pickle.dumps(over)) == over
    assert over != CSI_2021.shares_over(DELAYED, -0.25, 0.25)
    assert isinstance(over, SharesOver)
    with pytest.raises(InputError, match=r"dt contains 0.26: .* at least -0.25 us and at most 0.25 us"):
        over(0.26)


def test_an_axis_of_another_name():
    arrival = Arrival(Axis("arrival", [0, 1, 2], "us"))
    assert arrival.axis.labels == ("0 to 1 us", "1 to 2 us")
    assert arrival.axis.name == "arrival"
    assert arrival == Arrival([0, 1, 2])
    assert Arrival([0, 1]).axis.label == "time [us]"


class Uniform:
    """A law of a user's own: flat from 0 to 1 us."""

    breaks = cuts = (0.0, 1.0)

    def density(self, time):
        return np.where((np.asarray(time) >= 0) & (np.asarray(time) < 1), 1.0, 0.0)

    def cumulative(self, time):
        return np.clip(time, 0.0, 1.0)


def test_a_law_of_ones_own():
    flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0).with_timing(Uniform())
    ((timing, part),) = flux.by_timing()
    assert part == flux
    np.testing.assert_allclose(Arrival([0.0, 0.25, 2.0]).shares(timing), [0.25, 0.75], rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Arrival([1.0, 0.0]), "edges must ascend"),
        (lambda: Arrival([0.0, np.inf]), "edges"),
        (lambda: Arrival([0.0]), "edges"),
        (lambda: Arrival(Axis("charge", [0, 1], "PE")), "'PE': give times in us"),
        (lambda: Arrival([0, 1], 0.9), "efficiency must be an ArrivalEfficiency, an Efficiency or None"),
        (lambda: ArrivalEfficiency(np.nan, 1.0), "start"),
        (lambda: ArrivalEfficiency(0.5, -1.0), "rate = -1.0"),
        (lambda: Arrival([0, 1]).shares(None), "timing must say when neutrinos arrive, got None; see cevns.fluxes"),
        (lambda: Arrival([0, 1]).shares(PROMPT, np.nan), "dt"),
        (lambda: Arrival([0, 1]).shares_over(PROMPT, 0.1, 0.1), "high = 0.1"),
        (lambda: Arrival([0, 1]).shares_over(PROMPT, 0.0, 0.1, order=3), "order = 3"),
        (lambda: Arrival([0, 1]).shares_over("early", 0.0, 0.1), "timing must say"),
    ],
    ids=["order", "infinite", "one edge", "unit", "number", "start", "rate", "none", "delay", "range", "few", "text"],
)
def test_what_is_no_arrival_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_too_many_polynomials_are_refused(monkeypatch):
    monkeypatch.setattr("cevns.detectors.arrivals.LARGEST_PIECES", 10)
    with pytest.raises(ConvergenceError, match=r"more than 10 polynomials: take a shorter range"):
        Arrival([0.0, 0.5, 1.0]).shares_over(PulseTiming(0.5, 1e-4), -0.25, 0.25)


def test_cuts_are_near_enough_for_their_rule():
    for sigma, lives in itertools.product([1e-3, 0.2, 5.0], [(), (0.03,), (2.2, 0.03), (400.0,)]):
        timing = PulseTiming(0.1, sigma, lives)
        arrival = Arrival([-60.0, 0.1, 1.0, 3e4], ArrivalEfficiency(start=0.3, rate=0.7))
        finer = Arrival(
            np.unique([*np.linspace(-60, 60, 6001), 0.1, 1.0, *np.geomspace(60, 3e4, 2000)]), arrival.efficiency
        )
        fine = finer.shares(timing)
        ends = np.searchsorted(finer.edges, arrival.edges)
        expected = [fine[a:b].sum() for a, b in itertools.pairwise(ends)]
        np.testing.assert_allclose(arrival.shares(timing), expected, rtol=0, atol=1e-12)
