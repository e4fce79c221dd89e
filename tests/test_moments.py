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


@pytest.fixture(scope="module", params=[None, GaussianResolution(0.1, constant=0.03)], ids=["sharp", "smeared"])
def germanium(request):
    """Poisson data with a quenching scale, and electrons, whose rates are far from those of nuclei."""
    flux = reactor_antineutrinos(thermal_power=3.0, distance=20, exposure=100)
    quenching = LindhardQuenching(protons=32, nucleons=73)
    seen = Efficiency([0.3, 0.4, 60.0], [0.0, 1.0, 1.0])
    response = Response(quenching, [0.2, 0.3, 0.4, 0.6, 0.9], resolution=request.param, recoil_efficiency=seen)
    own = {"signal_sigma": 0.05, "quenching_sigma": 0.1, "electrons": "shells"}
    made = cevns.Experiment("Ge", flux, Target.of("Ge", mass=4.0), response, [1] * 4, **own)
    counts = np.round(made.signal.counts("sm") + 20)
    return made.replace(observed=counts, backgrounds=[Background("flat", [20.0] * 4, 0.1)])


def test_chi2_is_the_least_over_all_nuisances(germanium):
    observed = np.array(germanium.observed)

    def chi2(x):
        signal = germanium.signal.counts("magnetic-moment", eta=1 + 0.1 * x[2], **ARGUMENTS)
        expected = signal * (1 + 0.05 * x[0]) + 20 * (1 + 0.1 * x[1])
        return 2 * (expected - observed + observed * np.log(observed / expected)).sum() + x @ x

    options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 3000}
    starts = ([-6.0, -4.0, z] for z in (-1.0, 0.0, 1.0))
    least = min(optimize.minimize(chi2, start, method="Nelder-Mead", options=options).fun for start in starts)
    assert germanium.chi2("magnetic-moment", **ARGUMENTS) == pytest.approx(least, abs=1e-5)
