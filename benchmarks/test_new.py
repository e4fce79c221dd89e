"""What something new costs where all else is known: other data, another interaction, another radius, the nuisances."""

import itertools
import pickle

import numpy as np
import pytest

from cevns.interactions import contact


def test_new_data(measure, csi):
    counts = np.random.default_rng(22).normal(csi.observed, csi.uncertainty, size=(100, 12))
    csi.chi2("b-l", 10.0, 5e-5)
    found = measure("new data", "cevns", lambda: [csi.with_data(d).chi2("b-l", 10.0, 5e-5) for d in counts], calls=100)
    assert found[0] == pytest.approx(csi.replace(observed=counts[0]).chi2("b-l", 10.0, 5e-5), rel=1e-12)


def test_pulls(measure, both, plane):
    points = plane(100)
    found = measure("pulls", "cevns", lambda: [both.pulls("b-l", *point) for point in points], calls=100)
    for pulls, point in zip(found, points, strict=True):
        assert pulls.chi2 == pytest.approx(both.chi2("b-l", *point), rel=1e-9)


def test_new_contact_interaction(measure, both):
    numbers = itertools.count()

    def new():
        model = contact("new", proton={"e": 0.1 + 1e-7 * next(numbers)}, neutron={"mu": 0.2})
        return both.bind(model)

    new()
    function = measure("new contact interaction", "cevns", lambda: [new() for _ in range(50)], calls=50)[-1]
    assert 0 < function(0.1) < np.inf


def test_new_radius(measure, csi):
    """Of an experiment that has been used, and knows nothing of other radii."""
    used = pickle.dumps(csi)

    def fresh():
        data = pickle.loads(used)
        data.chi2("b-l", 10.0, 5e-5)
        return (data,), {}

    def first(data):
        return data.chi2("b-l", 10.0, 5e-5, rn_csi=5.1)

    found = measure("new radius", "cevns", first, rounds=15, setup=fresh)
    chi2, radii = csi.bind("b-l", free=["rn_csi"]), np.linspace(4.5, 5.5, 100).tolist()
    assert found == pytest.approx(chi2(10.0, 5e-5, 5.1), rel=1e-9)
    assert len({chi2(10.0, 5e-5, radius) for radius in radii}) == 100


def test_prepared_radius(measure, csi):
    chi2, radii = csi.bind("b-l", free=["rn_csi"]), np.linspace(4.5, 5.5, 100).tolist()
    found = measure("prepared radius", "cevns", lambda: [chi2(10.0, 5e-5, r) for r in radii], calls=100)
    assert found[0] == pytest.approx(csi.chi2("b-l", 10.0, 5e-5, rn_csi=4.5), rel=1e-9)
