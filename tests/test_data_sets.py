"""The data sets beyond the paper against their oracles, which share no code with the library."""

import json

import numpy as np
import oracle_data_sets as oracle
import pytest
from loaded import load

TABLE = json.loads(oracle.FROZEN.read_text(encoding="ascii"))["points"]
CSI, ARGON, XENON, GERMANIUM = oracle.DATA_SETS
#: Of the largest bin; and of chi2, absolute and relative.
COUNTS, CHI2 = 1e-9, 1e-6


def point(name):
    return TABLE[name]["interaction"], TABLE[name]["parameters"]


def check_counts(found, expected, tolerance=COUNTS):
    expected = np.asarray(expected)
    np.testing.assert_allclose(found, expected.ravel(), rtol=0, atol=tolerance * expected.max())


def check_chi2(experiment, name, expected):
    model, values = point(name)
    assert experiment.chi2(model, **values) == pytest.approx(expected, rel=CHI2, abs=CHI2)


@pytest.mark.parametrize("name", TABLE)
def test_csi_of_2021(name):
    expected = TABLE[name][CSI]
    core, full = load(CSI, systematics="core"), load(CSI)
    model, values = point(name)
    for experiment in (core, full):
        check_counts(experiment.signal.counts(model, **values), expected["counts"])
    check_chi2(core, name, expected["chi2"]["core"])
    check_chi2(full, name, expected["chi2"]["full"])


@pytest.mark.parametrize("name", TABLE)
def test_argon_in_three_dimensions(name):
    expected = TABLE[name][ARGON]
    model, values = point(name)
    found = load(ARGON).signal.counts(model, **values).reshape(12, -1).sum(axis=1)
    check_counts(found, expected["energy"])
    check_chi2(load(ARGON), name, expected["chi2"])


@pytest.mark.parametrize("name", TABLE)
def test_xenon(name):
    expected = TABLE[name][XENON]
    model, values = point(name)
    counts = np.concatenate([expected["counts"][run] for run in oracle.RUNS])
    check_counts(load(XENON, runs=oracle.RUNS).signal.counts(model, **values), counts)
    check_chi2(load(XENON), name, expected["chi2"]["default"])
    check_chi2(load(XENON, runs=oracle.RUNS), name, expected["chi2"]["all"])


@pytest.mark.parametrize("name", TABLE)
def test_germanium(name):
    expected = TABLE[name][GERMANIUM]
    model, values = point(name)
    check_counts(load(GERMANIUM).signal.counts(model, **values), expected["counts"])
    check_chi2(load(GERMANIUM), name, expected["chi2"])
