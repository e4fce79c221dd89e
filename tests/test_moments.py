"""Counts that nuisances deform, as few moments of the rates: whatever the kinematics and the nodes are."""

import numpy as np
import pytest
from scipy import optimize

import cevns
from cevns.detectors import Efficiency, GaussianResolution, LindhardQuenching, Response
from cevns.fluxes import reactor_antineutrinos
from cevns.likelihoods import Background
from cevns.nuclei import Target

ARGUMENTS = {"mu_e": 1e-10, "mu_mu": 0.0, "mu_tau": 0.0}


SMEARED = GaussianResolution(0.1, constant=0.03)
ONE, TWO, ALL = (Target.of(of, mass=4.0) for of in ({"Ge-74": 1}, {"Ge-70": 1, "Ge-74": 2}, "Ge"))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((None, ONE), id="sharp"),
        pytest.param((SMEARED, TWO), id="smeared"),
        # half a minute, and no other code
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
