"""Signals far beyond the data, of Poisson data whose normalisation has an uncertainty: chi2 goes to a limit."""

import numpy as np
import pytest
from scipy import optimize

import cevns
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import ConvergenceError
from cevns.fluxes import pion_decay_at_rest
from cevns.likelihoods import Background
from cevns.nuclei import Target


@pytest.fixture(scope="module")
def detector():
    flux = pion_decay_at_rest(distance=20, protons=1e23, neutrinos_per_proton=0.09)
    response = Response(PolynomialQuenching((0.2,)), [5, 10, 15, 20, 30])
    made = cevns.Experiment("far", flux, Target.of("Ar", mass=20.0), response, [1] * 4, signal_sigma=0.1)
    counts = np.round(made.signal.counts("sm") + 20)
    return made.replace(observed=counts, backgrounds=[Background("flat", [20.0] * 4, 0.1)])


def brute_force(experiment, coupling):
    """Least chi2 with f, in units of what meets the data, for the signal's pull, which has no digits left."""
    signal, observed = experiment.signal.counts("b-l", mass=10.0, coupling=coupling), np.array(experiment.observed)

    def chi2(x):
        f = x[0] * observed.sum() / signal.sum()
        expected = f * signal + 20 * (1 + 0.1 * x[1])
        if expected.min() <= 0:
            return np.inf
        data = 2 * (expected - observed + observed * np.log(observed / expected)).sum()
        return data + ((f - 1) / 0.1) ** 2 + x[1] ** 2

    options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}
    return optimize.minimize(chi2, [1.0, 0.0], method="Nelder-Mead", options=options).fun


@pytest.mark.parametrize("coupling", np.geomspace(1e-4, 1e8, 13))
def test_chi2_follows_its_limit(detector, coupling):
    found = detector.chi2("b-l", mass=10.0, coupling=coupling)
    assert found == pytest.approx(brute_force(detector, coupling), rel=1e-8)


def test_limits_have_no_end_that_chi2_has_not(detector):
    (excluded,) = detector.limit("b-l", mass=10.0).excluded
    assert excluded.shape == (1, 2)
    assert excluded[0, 1] == np.inf


def test_a_chi2_that_is_not_found_is_refused(detector):
    engine = detector.bind("b-l").engine
    with pytest.raises(ConvergenceError, match="less far beyond the data"):
        engine.refuse(np.nan)


@pytest.mark.parametrize("little", [5e-324, 2.2e-308, 1e-300])
@pytest.mark.parametrize("backgrounds", [[], [Background("flat", [20.0] * 4, 0.1)]], ids=["signal", "background"])
def test_counts_next_to_nothing_are_as_good_as_none(detector, little, backgrounds):
    with_little, with_none = (
        detector.replace(observed=[n, 25.0, 21.0, 20.0], backgrounds=backgrounds) for n in (little, 0.0)
    )
    for coupling in (1e-7, 1e-4, 1e-3):
        found = with_little.chi2("b-l", mass=10.0, coupling=coupling)
        assert found == pytest.approx(with_none.chi2("b-l", mass=10.0, coupling=coupling), rel=1e-9)
