"""Toys: drawn and fitted, beside a loop over the same data in NumPy."""

import numpy as np
import pytest
from baselines.numpy_toys import ToyLoop

import cevns
from cevns.inference.refits import Refit

POINT = {"mass": 30.0, "coupling": 5e-5}
COUPLINGS = np.concatenate([[0.0], np.geomspace(1e-6, 1e-3, 120)])


@pytest.mark.parametrize("version", ["cevns", "numpy"])
def test_toys_of_one_parameter(version, measure, both, quick):
    count = {"cevns": 512 if quick else 8192, "numpy": 20 if quick else 200}[version]
    refit, draws = Refit(both, "b-l", "coupling", mass=30.0), both.draws("b-l", nuisances="fixed", **POINT)
    loop = ToyLoop(both, np.array([30.0]), COUPLINGS) if version == "numpy" else None
    function = {
        "cevns": lambda: refit.statistic(draws.take(0, count), coupling=5e-5).least,
        "numpy": lambda: loop.least(draws.take(0, count).data),
    }[version]
    found = measure("toys, one parameter", version, function, calls=count, rounds=3)
    # eta of the grid and its couplings leave some
    worst = np.abs(found[:20] - refit.least(draws.take(0, 20))[0]).max()
    assert worst < (1e-9 if version == "cevns" else 0.1)
    measure.note(error=worst)


@pytest.mark.parametrize("version", ["cevns", "numpy"])
def test_toys_of_the_plane(version, measure, both, quick):
    count = {"cevns": 64 if quick else 1024, "numpy": 2 if quick else 10}[version]
    refit, draws = Refit(both, "b-l", ["mass", "coupling"]), both.draws("b-l", nuisances="fixed", **POINT)
    masses, couplings = np.geomspace(0.1, 1e4, 33), np.concatenate([[0.0], np.geomspace(1e-6, 1e-1, 200)])
    loop = ToyLoop(both, masses, couplings) if version == "numpy" else None
    function = {
        "cevns": lambda: refit.statistic(draws.take(0, count), **POINT).least,
        "numpy": lambda: loop.least(draws.take(0, count).data),
    }[version]
    found = measure("toys, mass and coupling", version, function, calls=count, rounds=3)
    worst = np.abs(found[:2] - refit.least(draws.take(0, 2))[0]).max()
    assert worst < (1e-9 if version == "cevns" else 0.5)
    measure.note(error=worst)


def test_toys_of_csi_2021(measure, quick):
    core = cevns.load("coherent-csi-2021", systematics="core")
    count = 16 if quick else 512
    refit, draws = Refit(core, "b-l", "coupling", mass=30.0), core.draws("b-l", **POINT)
    function = measure(
        "toys, CsI 2021 core",
        "cevns",
        lambda: refit.statistic(draws.take(0, count), coupling=5e-5),
        calls=count,
        rounds=3,
    )
    assert np.isfinite(function.least).all()
