"""Counts that nuisances deform, as few moments of the rates: whatever the kinematics and the nodes are."""

import numpy as np
import pytest
from scipy import optimize

import cevns
from cevns.detectors import Efficiency, GaussianResolution, LindhardQuenching, Response
from cevns.fluxes import reactor_antineutrinos
from cevns.likelihoods import Background
from cevns.nuclei import Target
from cevns.predictions.deforming import MOST_MOMENTS, _moments, _surely_many

ARGUMENTS = {"mu_e": 1e-10, "mu_mu": 0.0, "mu_tau": 0.0}


BLIND = Efficiency([0.0, 60.0], [0.0])
SMEARED = GaussianResolution(0.1, constant=0.03)
ONE, TWO, ALL = (Target.of(of, mass=4.0) for of in ({"Ge-74": 1}, {"Ge-70": 1, "Ge-74": 2}, "Ge"))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((None, ONE), id="sharp"),
        pytest.param((SMEARED, TWO), id="smeared"),
        # five and fifteen seconds, and no other code
        pytest.param((None, ALL), id="sharp, all isotopes", marks=pytest.mark.long),
        pytest.param((SMEARED, ALL), id="smeared, all isotopes", marks=pytest.mark.long),
    ],
)
def germanium(request):
    """Poisson data with a quenching scale, and electrons, whose rates are far from those of nuclei."""
    flux = reactor_antineutrinos(thermal_power=3.0, distance=20, exposure=100)
    quenching = LindhardQuenching(protons=32, nucleons=73)
    seen = Efficiency([0.3, 0.4, 60.0], [0.0, 1.0, 1.0])
    resolution, target = request.param
    response = Response(quenching, [0.2, 0.3, 0.4, 0.6, 0.9], resolution=resolution, recoil_efficiency=seen)
    own = {"signal_sigma": 0.05, "quenching_sigma": 0.1, "electrons": "shells"}
    made = cevns.Experiment("Ge", flux, target, response, [1] * 4, **own)
    counts = np.round(made.signal.counts("sm") + 20)
    return made.replace(observed=counts, backgrounds=[Background("flat", [20.0] * 4, 0.1)])


def test_chi2_is_the_least_over_all_nuisances(germanium):
    observed = np.array(germanium.observed)

    def chi2(z):
        """Normalisations are convex and cost no fold; the quenching scale is searched outside of them."""
        signal = germanium.signal.counts("magnetic-moment", eta=1 + 0.1 * z, **ARGUMENTS)

        def at(x):
            expected = signal * (1 + 0.05 * x[0]) + 20 * (1 + 0.1 * x[1])
            return 2 * (expected - observed + observed * np.log(observed / expected)).sum() + x @ x

        options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 3000}
        return optimize.minimize(at, [-6.0, -4.0], method="Nelder-Mead", options=options).fun + z**2

    scales = np.linspace(-4.5, 4.5, 19)
    found = np.array([chi2(z) for z in scales])
    low = [i for i in range(1, 18) if found[i] <= min(found[i - 1], found[i + 1])]
    ends = [(scales[i - 1], scales[i + 1]) for i in low]
    least = min(optimize.minimize_scalar(chi2, bounds=pair, options={"xatol": 1e-4}).fun for pair in ends)
    assert germanium.chi2("magnetic-moment", **ARGUMENTS) == pytest.approx(least, abs=1e-5)


@pytest.mark.parametrize(
    ("rank", "many"), [(1, False), (MOST_MOMENTS - 1, False), (MOST_MOMENTS, False), (3 * MOST_MOMENTS, True)]
)
@pytest.mark.parametrize("size", [1.0, 1e-8, 1e3])
def test_a_part_shows_that_moments_are_many_and_never_errs(rank, many, size):
    """All singular values of sharp bins of natural germanium took half a minute, to say that there are too many."""
    rng = np.random.default_rng(rank)
    rows, cols = 5 * MOST_MOMENTS, 6 * MOST_MOMENTS
    matrix = size / (rows * cols) * rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, cols))
    sizes = np.linalg.svd(matrix, compute_uv=False)
    assert (_moments(sizes, cols) > MOST_MOMENTS) == many
    scale = rng.uniform(0.5, 2.0, cols)
    parts, scales = np.split(matrix / scale, [cols // 3], axis=1), np.split(scale, [cols // 3])
    assert _surely_many(parts, scales) == many
    # of a few rows or columns all singular values are soon known
    assert not _surely_many([matrix[:, : 4 * MOST_MOMENTS]], [np.ones(4 * MOST_MOMENTS)])


def test_singular_values_of_a_part_are_at_most_those_of_all():
    """What falls fast is left to all of them: a part may show too few, never too many."""
    rng = np.random.default_rng(1)
    rows, cols = 5 * MOST_MOMENTS, 6 * MOST_MOMENTS
    left, right = (np.linalg.qr(rng.normal(size=(n, rows)))[0] for n in (rows, cols))
    for last in (-8.0, -12.0, -13.5, -15.0):
        # the moments that matter end near the most that are a gain
        sizes = np.logspace(0, last * rows / MOST_MOMENTS, rows)
        matrix = left * sizes @ right.T
        assert (
            not _surely_many([matrix], [np.ones(cols)])
            or _moments(np.linalg.svd(matrix, compute_uv=False), cols) > MOST_MOMENTS
        )


@pytest.mark.parametrize("model", ["sm", "magnetic-moment"])
def test_a_detector_that_sees_nothing_has_the_chi2_of_its_backgrounds(model):
    """Rates of which nothing is observed were divided by next to nothing, which overflowed."""
    flux = reactor_antineutrinos(thermal_power=3.0, distance=20, exposure=100)
    blind = Response(LindhardQuenching(protons=32, nucleons=73), [0.2, 0.3, 0.4], efficiency=BLIND)
    own = {"signal_sigma": 0.05, "quenching_sigma": 0.1, "backgrounds": [Background("flat", [20.0] * 2, 0.0)]}
    made = cevns.Experiment("blind", flux, ONE, blind, [20, 25], **own)
    assert made.together
    values = ARGUMENTS if model != "sm" else {}
    assert made.chi2(model, **values) == pytest.approx(2 * (20 - 25 + 25 * np.log(25 / 20)), rel=1e-12)
    assert (made.predict(model, **values).signal == 0).all()
