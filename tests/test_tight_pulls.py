"""Nuisances that are known far better than others which move the same: sums of them keep the digits of each."""

import numpy as np
import pytest

import cevns
from cevns.detectors import PolynomialQuenching, Response
from cevns.fluxes import pion_decay_at_rest
from cevns.likelihoods import Background, Nuisance
from cevns.nuclei import Target

FLUX = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=3e23, distance=20.0)
RESPONSE = Response(PolynomialQuenching((0.2,)), [2, 4, 6])
COUPLINGS = np.geomspace(1e-6, 1e-2, 60)


def experiment(observed, sigma, nuisance, background, **others):
    argon = Target.of("Ar", mass=1.0)
    options = {"signal_sigma": sigma, "nuisances": (nuisance,) if nuisance else (), "backgrounds": [background]}
    return cevns.Experiment("tight", FLUX, argon, RESPONSE, observed, **options, **others)


@pytest.mark.parametrize("small", [1e-6, 1e-5, 1e-3])
@pytest.mark.parametrize("sigmas", [(0.1, None), (None, 0.1)], ids=["shared", "own"])
def test_two_pulls_of_a_signal_are_one_of_both_widths(small, sigmas):
    own, other = (small if s is None else s for s in sigmas)
    background = Background("b", [1.0, 1.0], 0.3)
    both = experiment([9.0, 4.0], own, Nuisance("f", other), background)
    # what two scale apart is joint, too
    one = experiment([9.0, 4.0], np.hypot(0.1, small), Nuisance("g", 1e-6, of=["b"]), background)
    found = both.chi2("b-l", 10.0, COUPLINGS)
    assert found == pytest.approx(one.chi2("b-l", 10.0, COUPLINGS), rel=1e-8, abs=1e-8)
    assert [both.chi2("b-l", 10.0, g) for g in COUPLINGS] == pytest.approx(found, rel=1e-8)
    (excluded,) = both.limit("b-l", mass=[10.0]).excluded
    assert excluded == pytest.approx(one.limit("b-l", mass=[10.0]).excluded[0], rel=1e-8)


def least_squares(made, sigma, coupling):
    """Least chi2 with a free factor of the whole signal, of which the background has all but what sigma leaves."""
    signal, template = made.signal.counts("b-l", mass=10.0, coupling=coupling), np.array([160.0, 140.0])
    width = np.array([1.0, 2.0])
    data = np.append(np.array([0.0, 1.0]) / width, [0.0, 0.0])
    # in the signal's factor, the background's own pull and the signal's
    parts = [(signal + template, 0.0, 0.0), (template, 1.0, 0.0), (-sigma * template, 0.0, 1.0)]
    matrix = np.array([[*(counts / width), *pulls] for counts, *pulls in parts]).T
    scale = np.linalg.norm(matrix, axis=0)
    found = np.linalg.lstsq(matrix / scale, data, rcond=1e-16)[0]
    return ((matrix / scale @ found - data) ** 2).sum()


@pytest.mark.parametrize("sigma", [1e-6, 1e-4, 1e-2])
def test_a_free_factor_of_all_beside_a_tight_pull_leaves_all_digits(sigma):
    nuisance, background = Nuisance("f", np.inf, of=["signal", "b"]), Background("b", [160.0, 140.0], 1.0)
    made = experiment([0.0, 1.0], sigma, nuisance, background, uncertainty=[1.0, 2.0])
    found = made.chi2("b-l", 10.0, COUPLINGS)
    assert found == pytest.approx([least_squares(made, sigma, g) for g in COUPLINGS], rel=1e-9, abs=1e-11)
    assert made.chi2("b-l", 10.0, COUPLINGS[::-1])[::-1] == pytest.approx(found, rel=1e-11, abs=1e-11)
    alone = [(made.chi2("b-l", 10.0, g), made.pulls("b-l", 10.0, g).chi2) for g in COUPLINGS]
    assert np.array(alone) == pytest.approx(np.column_stack([found, found]), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("sigma", [1e-6, 1e-4])
def test_the_same_of_poisson_counts_and_of_two_experiments(sigma):
    nuisance, background = Nuisance("f", np.inf, of=["signal", "b"]), Background("b", [160.0, 140.0], 1.0)
    made = experiment([0.0, 1.0], sigma, nuisance, background)
    wide = experiment([0.0, 1.0], 1e-3, nuisance, background)
    found = made.chi2("b-l", 10.0, COUPLINGS)
    assert found == pytest.approx([made.chi2("b-l", 10.0, g) for g in COUPLINGS], rel=1e-11)
    # what is left of the width is next to nothing
    assert found == pytest.approx(wide.chi2("b-l", 10.0, COUPLINGS), rel=1e-3)
    both = cevns.Likelihood([made.replace(name="one"), made.replace(name="two")])
    assert both.chi2("b-l", 10.0, COUPLINGS) == pytest.approx(2 * found, rel=1e-8)


@pytest.mark.parametrize("sigma", [1e-6, 1e-5, 3e-5])
def test_a_point_far_off_leads_no_other_one_astray(sigma):
    """A signal a billion times too large is turned off by its pull, from where nothing leads away."""
    made = cevns.Experiment(
        "tight",
        flux=pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0),
        target=Target.of("Ar", mass=1.0),
        response=Response(PolynomialQuenching((0.25,)), [2, 4, 6]),
        observed=[1, 0],
        signal_sigma=sigma,
    )
    couplings = np.array([1e-1, 1e-6, 1e-2, 2e-6])
    alone = [made.chi2("b-l", 10.0, g) for g in couplings.tolist()]
    np.testing.assert_allclose(made.chi2("b-l", 10.0, couplings), alone, rtol=1e-9)
    np.testing.assert_allclose(made.chi2("b-l", 10.0, couplings[::-1])[::-1], alone, rtol=1e-9)
