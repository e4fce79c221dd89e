"""Weighted toys of several points, beside what is known of Gaussian ones."""

import numpy as np
import pytest
from scipy import stats

from cevns.errors import InputError
from cevns.inference.mixtures import Mixture

POINTS = np.linspace(-2.0, 2.0, 9)


def toys(drawn, seed):
    rng = np.random.default_rng(seed)
    x = np.repeat(POINTS, drawn) + rng.normal(size=sum(drawn))
    return x, Mixture(-0.5 * (x[:, None] - POINTS) ** 2, np.array(drawn))


def test_critical_values_of_every_point_are_those_of_its_own_distribution():
    x, mixture = toys([500, 0, 500, 0, 500, 0, 500, 0, 500], 1)
    pulls = []
    for k, point in enumerate(POINTS):
        for cl in (0.68, 0.90, 0.99):
            value, error = mixture.critical(k, (x - point) ** 2, cl)
            pulls.append((value - stats.chi2.ppf(cl, 1)) / error)
            assert error < 0.15 * value
    assert np.abs(pulls).max() < 4


def test_errors_are_those_of_many_repetitions():
    found = []
    for seed in range(200):
        x, mixture = toys([0, 100, 0, 0, 200, 0, 0, 100, 0], seed)
        found.append((*mixture.critical(3, (x - POINTS[3]) ** 2, 0.9), *mixture.tail(3, (x - POINTS[3]) ** 2, 2.0)))
    values, errors, tails, tail_errors = np.array(found).T
    assert values.std() == pytest.approx(errors.mean(), rel=0.2)
    assert values.mean() == pytest.approx(stats.chi2.ppf(0.9, 1), abs=4 * values.std() / 200**0.5 + 0.02)
    assert tails.mean() == pytest.approx(stats.chi2.sf(2.0, 1), abs=4 * tails.std() / 200**0.5)
    assert tails.std() == pytest.approx(tail_errors.mean(), rel=0.2)


def test_with_one_point_weights_are_one():
    x, mixture = toys([0, 0, 0, 0, 1000, 0, 0, 0, 0], 3)
    np.testing.assert_allclose(mixture.weights(4), 1.0, rtol=1e-12)
    value, _ = mixture.critical(4, x**2, 0.9)
    assert value == pytest.approx(np.quantile(x**2, 0.9), rel=0.02)


def test_a_point_far_from_all_toys_is_not_known():
    x, mixture = toys([1000, 0, 0, 0, 0, 0, 0, 0, 0], 4)
    assert mixture.known(1)
    assert not mixture.known(8)
    assert np.isnan(mixture.critical(8, x**2, 0.9)).all()
    # a constant for each toy cancels
    moved = Mixture(mixture.log_densities + 1e3 * x[:, None], mixture.drawn)
    np.testing.assert_allclose(moved.weights(1), mixture.weights(1), rtol=1e-8)


def test_numbers_have_to_go_with_densities():
    with pytest.raises(InputError, match="3 toys of 2 points do not go with densities of shape"):
        Mixture(np.zeros((4, 2)), np.array([1, 2]))
