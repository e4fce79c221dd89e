"""What type checkers tell users: mypy and pyright read this, see `noxfile.py`, and `test_typed.py` runs it."""

from collections.abc import Mapping
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import cevns
from cevns.experiments import Experiment
from cevns.inference import Contour, Estimate, Fit, Interval, Limit, Profile, Scan
from cevns.likelihoods import Likelihood, Pulls
from cevns.predictions import Prediction

Array = NDArray[np.float64]


def points() -> None:
    """Numbers give numbers, and arrays arrays."""
    csi, argon = cevns.load("coherent-csi-2017"), cevns.load("coherent-argon-2020")
    both = csi + argon
    assert_type(csi, Experiment)
    assert_type(both, Likelihood)
    assert_type(both.chi2("sm"), float)
    assert_type(both.chi2("b-l", mass=10, coupling=5e-5), float)
    assert_type(both.chi2("b-l", np.float64(10), np.float32(5e-5)), float)
    assert_type(both.chi2("b-l", np.int64(10), 5e-5, rn_csi=5.0), float)
    assert_type(both.chi2("b-l", [1.0, 10.0], 5e-5), Array)
    assert_type(csi.chi2("b-l", mass=10.0, coupling=np.geomspace(1e-5, 1e-4, 3)), Array)
    assert_type(csi.chi2("sm", rn_csi=np.linspace(4.5, 5.5, 3)), Array)
    assert_type(both.pulls("b-l", mass=10, coupling=5e-5), Pulls)
    assert_type(csi.predict("b-l", mass=10, coupling=5e-5), Prediction)
    assert_type(csi.predict("b-l", mass=10, coupling=5e-5).total, Array)
    assert_type(both.predict("b-l", mass=10, coupling=5e-5), Mapping[str, Prediction])


def functions() -> None:
    """So do functions of the parameters."""
    csi = cevns.load("coherent-csi-2017")
    chi2 = csi.bind("b-l")
    assert_type(chi2(10.0, 5e-5), float)
    assert_type(chi2(mass=np.float64(10), coupling=5e-5), float)
    assert_type(chi2.gradient(10.0, 5e-5), tuple[float, Array])
    assert_type(csi.predictor("b-l")(10.0, 5e-5), Array)
    assert_type(csi.asimov("sm"), Experiment)
    assert_type(csi.replace(quenching_sigma=0.1), Experiment)
    assert_type(csi.with_data(csi.predict("sm").total), Experiment)
    assert_type(csi.with_priors(rn_csi=(4.9, 0.1)), Likelihood)


def results() -> None:
    """What is found has its own type."""
    argon = cevns.load("coherent-argon-2020")
    assert_type(argon.limit("b-l", 10.0), Limit)
    assert_type(argon.limit("b-l", [1.0, 10.0], cl=0.95).lowest, Array)
    assert_type(argon.best_fit("b-l", mass=10.0), Fit)
    assert_type(argon.best_fit("b-l", mass=10.0).chi2, float)
    assert_type(argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-4]), Scan)
    assert_type(argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-4]).chi2, Array)
    assert_type(argon.fit("sm", "rn_ar"), Estimate)
    assert_type(argon.interval("sm", "rn_ar"), Interval)
    assert_type(argon.profile("sm", "rn_ar", [3.0, 3.5]), Profile)
    assert_type(argon.contour("charge-radius", "r2_ee", "r2_mumu"), Contour)
