"""What every kind of quenching, efficiency, resolution and response promises."""

import pickle

import numpy as np
import pytest
from canonical import (
    EFFICIENCIES,
    ELECTRON_RESPONSES,
    QUENCHINGS,
    RESOLUTIONS,
    SHAPES,
    TEMPLATE_RESPONSES,
    responses,
)

from cevns.detectors import shaped
from cevns.nuclei import nucleus

RESPONSES = responses()
SMEARED = {name: kind for name, kind in RESOLUTIONS.items() if kind is not None}
EVERYTHING = {
    **QUENCHINGS,
    **EFFICIENCIES,
    **SMEARED,
    **ELECTRON_RESPONSES,
    **RESPONSES,
    **TEMPLATE_RESPONSES,
    **{name: shape for name, (_, shape) in SHAPES.items()},
}


@pytest.fixture(params=EVERYTHING)
def anything(request):
    return EVERYTHING[request.param]


@pytest.fixture(params=QUENCHINGS)
def quenching(request):
    return QUENCHINGS[request.param]


@pytest.fixture(params=EFFICIENCIES)
def efficiency(request):
    return EFFICIENCIES[request.param]


@pytest.fixture(params=SMEARED)
def resolution(request):
    return SMEARED[request.param]


@pytest.fixture(params=RESPONSES)
def response(request):
    return RESPONSES[request.param]


def recoils(quenching):
    return np.geomspace(1e-2, min(quenching.maximum, 300.0), 400)


def test_equal_by_value_and_pickles(anything):
    copy = pickle.loads(pickle.dumps(anything))
    assert copy == anything
    assert hash(copy) == hash(anything)
    assert copy != 1


def test_signals_grow(quenching):
    t = recoils(quenching)
    assert (quenching.factor(t) >= 0).all()
    assert (np.diff(quenching.signal(t)) > 0).all()
    np.testing.assert_allclose(quenching.signal(t), quenching.factor(t) * t, rtol=1e-15)
    assert quenching.factor(t.reshape(20, 20)).shape == (20, 20)


def test_signals_are_inverted(quenching):
    t = recoils(quenching)
    np.testing.assert_allclose(quenching.recoil(quenching.signal(t)), t, rtol=1e-12)
    assert quenching.recoil(np.array([0.0]))[0] == 0
    assert quenching.recoil(np.array([1e12]))[0] == np.inf


def test_kinks_are_where_the_factor_bends(quenching):
    for kink in quenching.kinks:
        if 0 < kink < 300:
            step = 1e-3 * kink
            slopes = np.diff(quenching.factor(kink + step * np.array([-2.0, -1.0, 1.0, 2.0])))[[0, 2]]
            assert abs(slopes[0] - slopes[1]) > 1e-3 * np.abs(slopes).max()


def test_efficiencies_are_shares(efficiency):
    x = np.linspace(-5.0, 50.0, 1201)
    assert ((efficiency(x) >= 0) & (efficiency(x) <= 1)).all()
    assert (efficiency(x[x < efficiency.x[0]]) == 0).all()
    assert efficiency.threshold == efficiency.x[0]
    assert (efficiency(x[x > efficiency.end]) == 0).all()
    assert set(efficiency.jumps) <= set(efficiency.x)
    pieces = efficiency.pieces(-5.0, 50.0)
    assert {x for x in efficiency.x if -5 < x < 50} <= set(pieces)
    assert pieces == sorted(pieces)
    assert pieces[0] > -5
    assert pieces[-1] < 50


@pytest.mark.parametrize("name", [name for name, e in EFFICIENCIES.items() if e.straight])
def test_straight_efficiencies_are_lines_between_their_pieces(name):
    efficiency = EFFICIENCIES[name]
    low, high = np.array(efficiency.x[:-1]), np.array(efficiency.x[1:])
    offset, slope = efficiency.lines(low, high)
    middle = 0.5 * (low + high)
    np.testing.assert_allclose(offset + slope * middle, efficiency(middle), rtol=1e-13)


def test_resolutions_lose_nothing(resolution):
    x, edges = np.array([0.5, 3.0, 20.0, 77.0]), np.arange(0.0, 301.0)
    share = resolution.accepted(x, edges[:-1], edges[1:], EFFICIENCIES["perfect"])
    assert share.shape == (300, 4)
    assert (share >= -1e-15).all()
    # what a Gaussian smears below zero is lost, and only that
    assert (share.sum(axis=0) <= 1 + 1e-13).all()
    np.testing.assert_allclose(share.sum(axis=0)[2:], 1, rtol=1e-12)
    assert (np.diff(resolution.width(x)) > 0).all()


def test_resolutions_reach_as_far_as_they_say(resolution):
    low, high = resolution.reach(6.0, 30.0)
    assert low < 6.0
    assert high > 30.0
    ends = np.array([max(low, 1e-9), high])
    share = resolution.accepted(ends, np.array([6.0]), np.array([30.0]), EFFICIENCIES["perfect"])
    assert (share <= 1e-12).all()


def test_widths_count_standard_deviations(resolution):
    x = np.geomspace(1e-3, 60.0, 40)
    slope = (resolution.widths(x * (1 + 1e-6)) - resolution.widths(x * (1 - 1e-6))) / (2e-6 * x)
    np.testing.assert_allclose(slope, 1 / resolution.width(x), rtol=1e-4)
    np.testing.assert_allclose(resolution.at(resolution.widths(x)), x, rtol=1e-9)


def test_densities_add_up_to_what_is_accepted(resolution):
    x, edges = np.array([0.3, 4.0, 21.0]), np.array([0.0, 2.0, 3.0, 17.0, 40.0])
    closed = resolution.accepted(x, edges[:-1], edges[1:], EFFICIENCIES["perfect"])
    np.testing.assert_allclose(resolution.smeared(x, edges, EFFICIENCIES["perfect"]), closed, rtol=1e-10, atol=1e-13)
    low, high = resolution.spread(x)
    assert low < 0.3
    assert high > 21


def test_acceptances_are_shares(response):
    x = np.linspace(0.0, 1.5 * response.edges[-1], 501)
    acceptance = response.acceptance(x)
    assert acceptance.shape == (response.bins, x.size)
    assert (acceptance >= -1e-15).all()
    assert (acceptance.sum(axis=0) <= 1 + 1e-12).all()
    assert acceptance.max() > 0.1


def test_responses_are_inverted(response):
    t = np.geomspace(1e-2, min(response.quenching.maximum, 300.0), 100)
    for eta in (0.8, 1.0, 1.3):
        observable = response.observable(t, eta)
        assert (np.diff(observable) > 0).all()
        np.testing.assert_allclose(response.recoil(observable, eta), t, rtol=1e-12)


def test_nothing_is_observed_beyond_the_range_of_recoils(response):
    low, high = response.recoil_range()
    assert low < high
    outside = np.array([0.99 * low, 1.01 * high]) if np.isfinite(high) else np.array([0.99 * low])
    outside = outside[(outside > 0) & (outside <= response.quenching.maximum)]
    assert response.acceptance(response.observable(outside)).max(initial=0.0) < 1e-12


@pytest.mark.parametrize("name", ELECTRON_RESPONSES)
def test_electrons_are_seen_in_the_bins_of_recoils_without_quenching(name, response):
    electrons = ELECTRON_RESPONSES[name]
    found = electrons.of(response)
    assert (found.edges, found.unit) == (response.edges, response.unit)
    t = np.geomspace(1e-3, 1e4, 50)
    np.testing.assert_allclose(found.observable(t), found.light_yield * t, rtol=1e-14)
    assert found.light_yield == electrons.light_yield or electrons.light_yield is None
    assert found.efficiency in (electrons.efficiency, response.efficiency)
    assert sum(n for n, _ in electrons.atom(nucleus("Ar-40"))) == 18


@pytest.mark.parametrize("name", TEMPLATE_RESPONSES)
def test_templates_are_shares_between_the_ends_of_their_recoils(name):
    response = TEMPLATE_RESPONSES[name]
    t = np.linspace(0.0, 120.0, 1201)
    shares = response.shares(t)
    assert shares.shape == (response.bins, t.size) == (response.binning.bins, t.size)
    assert (shares >= 0).all()
    assert (shares.sum(axis=0) <= 1 + 1e-12).all()
    low, high = response.recoil_range()
    assert (shares[:, (t < low) | (t > high)] == 0).all()
    np.testing.assert_array_equal(response.cuts(0.0, 100.0, np.ones(2)), [response.recoil_kev] * 2)
    assert response.axis.bins == response.bins


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_move_from_the_nominal_response_in_proportion(name):
    response, shape = SHAPES[name]
    assert shaped(response, [shape], {}) == shaped(response, [shape], {shape.name: 0.0}) == response
    t, z = np.linspace(0.1, 90.0, 300), 0.5
    moved, back = (shaped(response, [shape], {shape.name: sign * z}) for sign in (1, -1))
    assert type(moved) is type(response)
    assert moved.axis == response.axis
    assert not np.array_equal(moved.shares(t), response.shares(t))
    numbers = [getattr(r, "templates", None) or getattr(r, shape.part) for r in (moved, response, back)]
    up, nominal, down = (np.array(getattr(n, "coefficients", None) or getattr(n, "c", n)) for n in numbers)
    np.testing.assert_allclose(up + down, 2 * nominal, rtol=1e-13)
