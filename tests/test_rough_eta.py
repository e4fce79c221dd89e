"""Quenching scales under which counts change by orders of magnitude: spectra that end inside the bins."""

import numpy as np
import pytest

from cevns import Experiment
from cevns.detectors import GaussianResolution, LindhardQuenching, Response
from cevns.fluxes import reactor_antineutrinos
from cevns.interactions import NonStandardInteractions
from cevns.likelihoods.likelihood import MOST_KEPT
from cevns.nuclei import Nucleus, Target
from cevns.predictions.signal import MOST_INTERACTIONS


@pytest.fixture(scope="module")
def make():
    """Make a germanium detector at a reactor."""
    flux = reactor_antineutrinos(thermal_power=3.9, distance=17.1, exposure=365)
    germanium = Nucleus.from_atomic_mass("Ge-73", 32, 41, 72.92346, 3.95, 4.0)
    target = Target.of({germanium: 1}, molar_mass=72.63, mass=10.0)

    def build(edges, quenching_sigma, resolution=None):
        response = Response(LindhardQuenching(32, 73), edges, resolution=resolution)
        flat = np.ones(response.bins)
        empty = Experiment("ge", flux, target, response, flat, flat, signal_sigma=0.05, quenching_sigma=quenching_sigma)
        signal = empty.predict("sm").signal
        return empty.replace(observed=signal, uncertainty=np.sqrt(signal + 50))

    return build


def brute_force(experiment, point, etas=400):
    """Least chi2 over a line of eta, counts exact at each."""
    sigma = np.array(experiment.uncertainty)
    data, pull = np.array(experiment.observed) / sigma, experiment.signal_sigma**-2
    least = np.inf
    for eta in np.linspace(*experiment.signal.eta_range, etas):
        counts = experiment.predict(*point, eta=eta).signal / sigma
        chi2 = data @ data + pull - (data @ counts + pull) ** 2 / (counts @ counts + pull)
        least = min(least, chi2 + ((eta - 1) / experiment.quenching_sigma) ** 2)
    return least


CASES = [([0.3, 0.35, 0.4], 0.05), (np.arange(0.2, 1.01, 0.05), 0.10), ([0.15, 0.3, 0.6], 0.02)]


@pytest.mark.parametrize(("edges", "sigma"), CASES)
@pytest.mark.parametrize("coupling", [0.0, 5e-6, 2e-5, 2.7e-4, 1e-3])
def test_chi2_is_the_least_over_all_eta(make, edges, sigma, coupling):
    experiment = make(edges, sigma)
    point = ("universal", 1.0, coupling)
    found, expected = experiment.chi2(*point), brute_force(experiment, point)
    assert found >= 0 or found == pytest.approx(0, abs=1e-9)
    # a line of eta cannot get below the minimum; the search may find a narrow one that the line misses
    assert found <= expected * (1 + 1e-6) + 1e-6
    if coupling <= 2e-5:
        assert found == pytest.approx(expected, rel=0.05, abs=0.05)


@pytest.mark.parametrize("resolution", [None, GaussianResolution(0.05)], ids=["sharp", "smeared"])
@pytest.mark.parametrize(("edges", "sigma"), CASES[:2])
def test_fits_and_limits_are_sane(make, edges, sigma, resolution):
    experiment = make(edges, sigma, resolution)
    fit = experiment.best_fit("universal", mass=1.0)
    assert fit.chi2 == pytest.approx(0, abs=1e-6)
    curve = experiment.limit("universal", mass=[1.0], reference=fit)
    intervals = curve.excluded[0]
    assert 0 < intervals[0, 0] < 1e-4
    assert intervals[-1, 1] == np.inf
    for edge in intervals[np.isfinite(intervals)]:
        assert experiment.chi2("universal", 1.0, edge) - fit.chi2 == pytest.approx(curve.delta_chi2, abs=1e-5)


def test_pulls_rebuild_chi2(make):
    experiment = make(*CASES[0])
    found = experiment.pulls("universal", 1.0, 1e-4).experiments["ge"]
    eta, signal = 1 + found["pulls"]["quenching"], 1 + found["pulls"]["signal"]
    counts = experiment.predict("universal", 1.0, 1e-4, eta=eta).signal
    residual = (np.array(experiment.observed) - signal * counts) / np.array(experiment.uncertainty)
    chi2 = residual @ residual + ((signal - 1) / 0.05) ** 2 + ((eta - 1) / 0.05) ** 2
    assert found["chi2"] == pytest.approx(chi2, rel=1e-3)
    assert found["chi2"] == pytest.approx(experiment.chi2("universal", 1.0, 1e-4), rel=1e-12)


def test_the_data_sets_of_coherent_are_smooth(csi, argon):
    """They keep the fast path: no bin changes by more than a factor of a few over the range of eta."""
    assert csi.bind("b-l").engine.prepare().terms[0].searched is False
    assert argon.bind("b-l").engine.prepare().terms[0].searched is False


def test_a_term_is_searched_until_it_is_known_to_be_convex(csi, make):
    engine = csi.replace(name="fresh").bind("b-l").engine
    assert engine.terms[0].searched is True
    assert engine.prepare() is engine
    assert engine.terms[0].searched is False
    assert make(*CASES[0]).bind("universal").engine.prepare().terms[0].searched is True


def test_single_points_find_out_whether_a_term_is_convex(csi):
    """Not at the first of them, which would cost more than it saves."""
    chi2 = csi.replace(name="fresh").bind("b-l")
    values = [chi2(10.0, 5e-5) for _ in range(64)]
    assert chi2.engine.terms[0].searched is True
    values.append(chi2(10.0, 5e-5))
    assert chi2.engine.terms[0].searched is False
    np.testing.assert_allclose(values, values[0], rtol=1e-12)


def test_a_scan_over_models_does_not_fill_the_memory(argon):
    likelihood = argon.replace()
    for i in range(2 * MOST_KEPT):
        likelihood.chi2(NonStandardInteractions(up={"e": 1e-3 * i}))
        likelihood.predict(NonStandardInteractions(up={"e": 1e-3 * i}))
    assert len(likelihood._evaluators._values) == MOST_KEPT
    assert len(likelihood.signal._counts._values) == MOST_INTERACTIONS
    assert len(likelihood.signal._predictors._values) == MOST_INTERACTIONS


def test_bins_that_end_just_below_the_spectrum_do_not_multiply_panels(argon):
    from cevns.detectors import LinearQuenching

    response = Response(LinearQuenching(0.246, 7.8e-4, 125.0), np.linspace(5, 53.5, 49))
    flat = np.ones(48)
    assert (
        argon.replace(response=response, observed=flat, uncertainty=flat, backgrounds=()).signal.nodes.recoil.size
        < 3000
    )
