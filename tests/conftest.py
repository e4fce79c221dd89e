"""Data sets that are slow to load, and the settings of property tests."""

import sys
from pathlib import Path

import hypothesis
import pytest

import cevns

# the folder is not a package; the generator of experiments and its oracle are modules beside the tests
sys.path.insert(0, str(Path(__file__).parent))

# the same examples on every run, and no database of them in the checkout
hypothesis.settings.register_profile("cevns", max_examples=25, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("cevns")


@pytest.fixture(scope="session")
def csi():
    return cevns.load("coherent-csi-2017")


@pytest.fixture(scope="session")
def argon():
    return cevns.load("coherent-argon-2020")


@pytest.fixture(scope="session")
def both(csi, argon):
    return csi + argon
