"""Nuisances that Poisson and Gaussian experiments share, beside a minimiser of all nuisances at once."""

import numpy as np
import pytest
from scipy import optimize, special

from cevns.detectors import LindhardQuenching, PolynomialQuenching, Response
from cevns.errors import InputError
from cevns.experiments import Experiment
from cevns.fluxes import pion_decay_at_rest
from cevns.likelihoods import Background, Nuisance
from cevns.nuclei import Target

FLUX = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e22, distance=20.0)


def experiment(name, observed, signal_sigma, **fields):
    edges = np.geomspace(0.5, 10.0, len(observed) + 1)
    target, response = Target.of("Ge", mass=5.0), Response(LindhardQuenching(32, 72.6, 0.157), edges)
    return Experiment(
        name, flux=FLUX, target=target, response=response, observed=observed, signal_sigma=signal_sigma, **fields
    )


class Case:
    """A Poisson experiment and a Gaussian one with the flux in common, drawn from a seed."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        bins = rng.integers(1, 5)
        self.flux, self.own, self.level, self.other = rng.uniform(0.05, 0.4, 4)
        self.factor = rng.uniform(-1, 1)
        self.own *= rng.random() < 0.7
        self.background = rng.uniform(1, 12, bins)
        self.correlation = rng.uniform(-0.9, 0.9) if seed % 2 else 0.0
        self.observed, self.counts = rng.poisson(8.0, bins) + 1.0, rng.normal(5, 3, bins + 1)
        self.uncertainty = rng.uniform(1, 3, bins + 1)
        flux = Nuisance("flux", self.flux)
        level = Nuisance("level", self.level, {"flat": 1.0, "signal": self.factor})
        self.poisson = experiment(
            "poisson",
            self.observed,
            self.own,
            backgrounds=[Background("flat", self.background, 0.0)],
            nuisances=[flux, level],
            correlations=[(("flux", "level"), self.correlation)] if self.correlation else (),
        )
        self.gaussian = experiment("gaussian", self.counts, self.other, uncertainty=self.uncertainty, nuisances=[flux])
        self.both = self.poisson + self.gaussian

    def least(self, model, **values):
        """The least chi2 over all nuisances, each in its own standard deviation."""
        signal = self.poisson.signal.counts(model, **values)
        seen = self.gaussian.signal.counts(model, **values)
        inverse = np.linalg.inv([[1, self.correlation], [self.correlation, 1]])

        def chi2(x):
            flux, level, own, other = x
            factor = 1 + self.flux * flux + self.own * own + self.factor * self.level * level
            expected = factor * signal + (1 + self.level * level) * self.background
            if (expected <= 0).any():
                return 1e9
            data = 2 * (expected - self.observed + special.xlogy(self.observed, self.observed / expected)).sum()
            residuals = ((1 + self.flux * flux + self.other * other) * seen - self.counts) / self.uncertainty
            return data + residuals @ residuals + x[:2] @ inverse @ x[:2] + own**2 + other**2

        starts = (np.zeros(4), np.array([-1.0, 0.5, -1.0, -1.0]))
        return min(optimize.minimize(chi2, s, method="BFGS", options={"gtol": 1e-8}).fun for s in starts)


@pytest.mark.parametrize("seed", range(16))
def test_chi2_is_the_least_over_all_nuisances(seed):
    case = Case(seed)
    for model, values in (
        ("sm", {}),
        ("b-l", {"mass": 20.0, "coupling": 6e-5}),
        ("universal", {"mass": 20.0, "coupling": 1e-4}),
    ):
        chi2 = case.both.chi2(model, **values)
        assert chi2 == pytest.approx(case.least(model, **values), abs=1e-6 * (1 + chi2))
        assert case.both.pulls(model, **values).chi2 == pytest.approx(chi2, abs=1e-9 * (1 + chi2))


def test_points_do_not_depend_on_those_before():
    both = Case(3).both
    couplings = np.geomspace(1e-6, 3e-3, 9)
    alone = [both.chi2("b-l", mass=20.0, coupling=g) for g in couplings]
    for order in (slice(None), slice(None, None, -1)):
        np.testing.assert_allclose(both.chi2("b-l", 20.0, couplings[order])[order], alone, rtol=1e-8)


def test_the_shared_pull_is_the_one_of_each():
    pulls = Case(4).both.pulls("sm")
    assert pulls.of("poisson")["flux"] == pytest.approx(pulls.shared["flux"], abs=1e-9)


def scaled(name, element, observed, sigma, **fields):
    return Experiment(
        name,
        flux=FLUX,
        target=Target.of(element, mass=10.0),
        response=Response(PolynomialQuenching((0.2,)), [1, 2, 3, 5, 10]),
        observed=observed,
        signal_sigma=0.05,
        quenching_sigma=sigma,
        **fields,
    )


@pytest.mark.parametrize("sigma", [0.05, 0.1])
def test_quenching_scales_are_each_detectors_own(sigma):
    ge, nai = scaled("ge", "Ge", [70, 40, 40, 20], 0.05), scaled("nai", "NaI", [30, 40, 20, 5], sigma)
    both = ge + nai
    assert both.chi2("sm") == pytest.approx(ge.chi2("sm") + nai.chi2("sm"), rel=1e-9)
    pulls = both.pulls("sm")
    assert not pulls.shared
    for one in (ge, nai):
        assert pulls.of(one.name)["quenching"] == pytest.approx(one.pulls("sm").of(one.name)["quenching"], abs=1e-7)
    gaussian = scaled("gaussian", "NaI", [30, 40, 20, 5], sigma, uncertainty=[6, 7, 5, 3], nuisances=[NEUTRONS])
    assert (ge + gaussian).chi2("sm") == pytest.approx(ge.chi2("sm") + gaussian.chi2("sm"), rel=1e-9)


NEUTRONS = Nuisance("neutrons", 0.2, {"signal": 0.5})


def test_what_is_shared_has_one_uncertainty():
    one, other = Case(1).poisson, Case(2).gaussian
    with pytest.raises(InputError, match="equal names are one nuisance"):
        _ = one + other
