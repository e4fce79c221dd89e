"""Data where nothing is expected, whatever the parameters: refused in the same words, however they are asked."""

import numpy as np
import pytest

import cevns
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import InputError
from cevns.fluxes import pion_decay_at_rest
from cevns.nuclei import Target

FREE = {"free": "coupling", "mass": 10.0}
ASKED = {
    "chi2": lambda one: one.chi2("b-l", mass=10.0, coupling=1e-5),
    "pulls": lambda one: one.pulls("b-l", mass=10.0, coupling=1e-5),
    "scan": lambda one: one.scan("b-l", [10.0], [1e-5, 1e-4]),
    "fit": lambda one: one.fit("b-l", **FREE),
    "fit with a mass": lambda one: one.fit("b-l", free=["mass", "coupling"]),
    "fit of the standard model": lambda one: one.fit("sm", free="sin2_theta_w"),
    "interval": lambda one: one.interval("b-l", "coupling", mass=10.0),
    "contour": lambda one: one.contour("b-l", "mass", "coupling"),
    "profile": lambda one: one.profile("b-l", "coupling", [1e-5, 1e-4], mass=10.0),
    "posterior": lambda one: one.posterior("b-l", bounds={"coupling": (0.0, 1e-3)}, **FREE),
    "best_fit": lambda one: one.best_fit("b-l"),
    "best_fit at a mass": lambda one: one.best_fit("b-l", mass=10.0),
    "limit": lambda one: one.limit("b-l", mass=[10.0]),
    "feldman_cousins": lambda one: one.feldman_cousins("b-l", {"coupling": [0.0, 1e-4]}, precision=0.3, mass=10.0),
    "toys": lambda one: one.toys("b-l", 5, coupling=1e-4, **FREE),
    "toys of pulls in the centre": lambda one: one.toys("b-l", 5, coupling=1e-4, pulls="central", **FREE),
    "goodness": lambda one: one.goodness("b-l", 5, **FREE),
    "coverage": lambda one: one.coverage("b-l", 5, coupling=1e-4, **FREE),
}


@pytest.fixture(scope="module")
def unexplained():
    # no nucleus recoils as far as the last bin
    return cevns.Experiment(
        "far",
        flux=pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=27.5),
        target=Target.of("Ar", mass=24.0),
        response=Response(PolynomialQuenching((0.25,)), [5.0, 20.0, 60.0, 80.0]),
        observed=[29.0, 9.0, 1.0],
    )


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_refused(asked, unexplained):
    with np.errstate(all="raise"), pytest.raises(InputError, match="chi2 is infinite: in some bin with data"):
        asked(unexplained)


def test_expected_limits_need_no_data(unexplained):
    explained = unexplained.with_data([29.0, 9.0, 0.0])
    limits = [one.sensitivity("b-l", mass=[10.0]).upper for one in (unexplained, explained)]
    np.testing.assert_array_equal(*limits)
