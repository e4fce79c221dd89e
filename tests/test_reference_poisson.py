"""The Poisson likelihood ratio of the oracle, and its minima over nuisances."""

import numpy as np
import pytest
from scipy import optimize, stats

from cevns.errors import ConvergenceError
from cevns.reference import baker_cousins, fit_normalisations, fit_shapes, precision_of

OBSERVED = np.array([14.0, 0.0, 31.0, 7.0, 2.0])
SIGNAL = np.array([2.0, 5.0, 11.0, 3.0, 0.1])
BACKGROUND = np.array([9.0, 0.3, 14.0, 6.0, 3.0])
TEMPLATES = np.array([SIGNAL, BACKGROUND])


def test_it_is_twice_the_logarithm_of_the_ratio_of_likelihoods():
    expected = SIGNAL + BACKGROUND
    logs = stats.poisson.logpmf(OBSERVED, expected), stats.poisson.logpmf(OBSERVED, OBSERVED)
    assert baker_cousins(OBSERVED, expected) == pytest.approx(2 * (logs[1] - logs[0]).sum(), rel=1e-13)
    assert baker_cousins(OBSERVED, OBSERVED) == pytest.approx(0, abs=1e-5)  # the floor stands in for the empty bin


def test_small_counts_are_taken_for_the_floor():
    assert baker_cousins([0.0, 1.0], [-5.0, -5.0]) == baker_cousins([0.0, 1.0], [1e-6, 1e-6])


@pytest.mark.parametrize(
    "precision", [precision_of([0.2, 0.3]), precision_of([np.inf, 0.3]), np.linalg.inv([[0.04, 0.02], [0.02, 0.09]])]
)
@pytest.mark.parametrize("held", [0.0, np.linspace(0.1, 2.0, 5)])
def test_normalisations_against_a_search_without_derivatives(precision, held):
    def chi2(a):
        return baker_cousins(OBSERVED, held + (1 + a) @ TEMPLATES) + a @ precision @ a

    least = optimize.minimize(chi2, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    value, pulls = fit_normalisations(OBSERVED, TEMPLATES, precision, held)
    assert value == pytest.approx(least.fun, abs=1e-9)
    np.testing.assert_allclose(pulls, least.x, atol=2e-5)


def test_shifts_of_one_normalisation_add_in_quadrature():
    """1 + a + b times the signal, each with its pull, is 1 + c with the hypotenuse of both."""
    sigmas = [0.10, 0.032, 0.25]
    apart = fit_normalisations(OBSERVED, [SIGNAL, SIGNAL, BACKGROUND], precision_of(sigmas), held=-SIGNAL)
    together = fit_normalisations(OBSERVED, TEMPLATES, precision_of([np.hypot(*sigmas[:2]), 0.25]))
    assert apart[0] == pytest.approx(together[0], abs=1e-10)
    assert apart[1][:2].sum() == pytest.approx(together[1][0], abs=1e-7)


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 1e3, 1e6, 1e12])
def test_signals_far_from_the_data(factor):
    """A huge signal is pulled to what the data have, at the price of its whole pull; a tiny one does not matter."""
    value, pulls = fit_normalisations(OBSERVED, [factor * SIGNAL, BACKGROUND], precision_of([0.1, 0.3]))
    free, _ = fit_normalisations(OBSERVED, TEMPLATES, precision_of([np.inf, 0.3]))
    none, _ = fit_normalisations(OBSERVED, [BACKGROUND], precision_of([0.3]))
    if factor > 1:
        assert value == pytest.approx(free + 100, rel=3 / factor)
        assert pulls[0] == pytest.approx(-1, abs=3 / factor)
    else:
        assert value == pytest.approx(none, abs=30 * factor + 1e-9)


def test_counts_that_are_no_numbers():
    with pytest.raises(ConvergenceError, match="not finite"):
        fit_normalisations(OBSERVED, [SIGNAL * np.nan, BACKGROUND], precision_of([0.1, 0.3]))


def test_shapes_at_an_edge_and_with_two_minima():
    """The second shape is flat and ends where the data want more of it; the first has two minima."""

    def templates(z):
        return np.array([SIGNAL * (1 + 0.3 * (z[0] ** 2 - 1) ** 2 + 0.05 * z[0]), BACKGROUND * (1 - 0.2 * z[1])])

    precision, shape_precision = precision_of([0.05, 0.05]), precision_of([2.0, np.inf])
    bounds, starts = [(-3, 3), (-0.25, 0.25)], [(1.2, 0.0), (-1.2, 0.1)]
    chi2, pulls, shapes = fit_shapes(OBSERVED, templates, precision, shape_precision, bounds, starts)
    grid = [
        fit_normalisations(OBSERVED, templates((x, y)), precision)[0] + x**2 / 4
        for x in np.linspace(-3, 3, 121)
        for y in np.linspace(-0.25, 0.25, 11)
    ]
    assert chi2 <= min(grid) < chi2 + 0.01
    assert abs(shapes[1]) == 0.25
    assert pulls.shape == (2,)
