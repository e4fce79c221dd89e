"""What every law of arrival times, and every detector that observes them, promises."""

import itertools
import pickle

import numpy as np
import pytest
from canonical import ARRIVAL_EFFICIENCIES, ARRIVALS, TIMINGS
from scipy import integrate

from cevns.fluxes import Timing


@pytest.fixture(params=TIMINGS)
def timing(request):
    return TIMINGS[request.param]


@pytest.fixture(params=ARRIVALS)
def arrival(request):
    return ARRIVALS[request.param]


def brute_force(timing, arrival, dt):
    """Return shares by adaptive quadrature between all kinks and cuts."""
    efficiency = arrival.efficiency or (lambda t: 1.0)
    cuts = {*arrival.edges, *arrival.kinks, *(cut + dt for cut in timing.cuts), *getattr(efficiency, "cuts", ())}
    shares = []
    for low, high in itertools.pairwise(arrival.edges):
        inside = sorted(cut for cut in cuts if low <= cut <= high)
        shares.append(
            sum(
                integrate.quad(
                    lambda t: float(timing.density(t - dt) * efficiency(t)), a, b, epsabs=1e-14, epsrel=1e-12
                )[0]
                for a, b in itertools.pairwise(inside)
            )
        )
    return np.array(shares)


@pytest.mark.parametrize("thing", [*TIMINGS, *ARRIVAL_EFFICIENCIES, *ARRIVALS])
def test_equal_by_value_and_pickles(thing):
    thing = {**TIMINGS, **ARRIVAL_EFFICIENCIES, **ARRIVALS}[thing]
    copy = pickle.loads(pickle.dumps(thing))
    assert copy == thing
    assert hash(copy) == hash(thing)
    assert copy != 1


def test_neutrinos_arrive_once(timing):
    assert isinstance(timing, Timing)
    time = np.linspace(-3.0, 100.0, 8001)
    arrived = timing.cumulative(time)
    assert 0 <= arrived[0] < 1e-80
    assert arrived[-1] == pytest.approx(1, abs=1e-13)
    assert (np.diff(arrived) >= -1e-15).all()
    assert (timing.density(time) >= 0).all()
    assert set(timing.breaks) <= set(timing.cuts)
    assert timing.cumulative(0.3).shape == timing.density(0.3).shape == ()
    assert timing.density(time.reshape(3, -1)).shape == (3, 2667)


@pytest.mark.parametrize("dt", [0.0, 0.0799, -0.25])
def test_shares_are_those_of_brute_force(timing, arrival, dt):
    shares = arrival.shares(timing, dt)
    np.testing.assert_allclose(shares, brute_force(timing, arrival, dt), rtol=0, atol=1e-12)
    assert shares.shape == (arrival.bins,)
    assert (shares >= 0).all()
    assert shares.sum() <= 1 + 1e-14


def test_polynomials_in_the_delay_are_the_shares(timing, arrival):
    over = arrival.shares_over(timing, -0.1, 0.15)
    dt = np.random.default_rng(3).uniform(-0.1, 0.15, (40, 2))
    np.testing.assert_allclose(over(dt), arrival.shares(timing, dt), rtol=0, atol=1e-10)
    assert over.edges[0] == -0.1
    assert over.edges[-1] == 0.15
    assert (np.diff(over.nodes) > 0).all()
    assert over.values.shape == (over.pieces * over.order, arrival.bins)
    np.testing.assert_array_equal(over.values, arrival.shares(timing, over.nodes))
