"""What a cold interpreter costs."""

import importlib.util
import subprocess
import sys

import pytest
from baselines import numpy_moments
from children import environment

CSI_GRID = """
import cevns, numpy as np
csi = cevns.load("coherent-csi-2017", quenching="constant").replace(quenching_sigma=0)
scan = csi.scan("universal", np.geomspace(0.1, 1e4, 100), np.geomspace(1e-6, 1e-1, 100))
print(repr(float(scan.chi2.min())))
"""
POINT = """
import cevns
both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
print(both.chi2("b-l", 10.0, 5e-5))
"""
ROUNDS = 21


def child(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("version", ["cevns", "numpy"])
def test_cold_start_of_the_csi_grid(version, measure, csi_constant, csi_folder):
    arguments = ("-c", CSI_GRID) if version == "cevns" else (numpy_moments.__file__, str(csi_folder))
    found = float(measure("cold start", version, lambda: child(*arguments), rounds=ROUNDS))
    grid = csi_constant.scan("universal", numpy_moments.MASSES, numpy_moments.COUPLINGS)
    assert abs(found - grid.chi2.min()) < 1e-8


@pytest.mark.parametrize("version", ["cevns", "numpy", "python"])
def test_import(version, measure):
    code = {"cevns": "import numpy, cevns", "numpy": "import numpy", "python": "pass"}[version]
    assert measure("import", version, lambda: child("-c", code), rounds=ROUNDS) == ""


def test_first_chi2(measure, both):
    found = float(measure("first chi2", "cevns", lambda: child("-c", POINT), rounds=ROUNDS))
    assert found == pytest.approx(both.chi2("b-l", 10.0, 5e-5), rel=1e-13)


def test_numpy_without_the_first_chi2(measure):
    assert measure("first chi2", "numpy", lambda: child("-c", "import numpy"), rounds=ROUNDS) == ""


@pytest.mark.skipif(importlib.util.find_spec("cevns.cli") is None, reason="has no command line")
def test_help(measure):
    assert "usage" in measure("help", "cevns", lambda: child("-m", "cevns", "--help"), rounds=ROUNDS).lower()
