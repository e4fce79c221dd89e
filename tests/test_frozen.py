"""Numbers of version 0.1.0, which no later version may move: counts, chi2, limits and best fits of both data sets.

``frozen/version_0_1_0.json`` was written by that version: 200 random points of the four interactions of the paper, the
excluded intervals at 13 masses for two confidence levels, and the best fits over the plane.

chi2 of CsI has an error of its own there: its polynomials in the quenching scale were right to 2.3e-9 only, which
`test_chi2_of_csi_is_nearer_to_the_truth` shows against counts at the very scale that minimises chi2.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import cevns

FROZEN = json.loads((Path(__file__).parent / "frozen" / "version_0_1_0.json").read_text())
CSI, ARGON = "coherent-csi-2017", "coherent-argon-2020"


@cache
def data(name):
    return cevns.load(CSI) + cevns.load(ARGON) if name == "both" else cevns.load(name)


def values(point):
    return {name: point[name] for name in ("mass", "coupling") if name in point}


@pytest.mark.parametrize("name", [CSI, ARGON])
def test_events(name):
    for point in FROZEN["points"]:
        eta = {"eta": point["eta"]} if "eta" in point and name == CSI else {}
        signal = data(name).predict(point["model"], **values(point), **eta).signal
        expected = np.array(point["counts"][name])
        # where a mediator cancels the standard model's counts, they are a difference of these
        scale = max(expected.max(), np.max(FROZEN["points"][0]["counts"][name]))
        assert np.abs(signal - expected).max() <= 1e-12 * scale, point


@pytest.mark.parametrize(("name", "tolerance"), [(CSI, 2.5e-9), (ARGON, 1e-9), ("both", 1e-9)])
def test_chi2(name, tolerance):
    for point in FROZEN["points"]:
        expected = point["chi2"][name]
        assert abs(data(name).chi2(point["model"], **values(point)) - expected) <= tolerance * expected, point


def test_chi2_of_csi_is_nearer_to_the_truth():
    """The truth: least squares with counts at each quenching scale, minimised over the scale."""
    csi = data(CSI)
    sigma = np.array(csi.uncertainty)
    backgrounds = np.array([b.counts for b in csi.backgrounds])
    pulls = np.array([b.sigma for b in csi.backgrounds])

    def at(point, eta):
        signal = csi.predict(point["model"], **values(point), eta=eta).signal
        columns = np.concatenate([[csi.signal_sigma * signal], pulls[:, None] * backgrounds]) / sigma
        matrix = np.concatenate([columns.T, np.eye(len(columns))])
        target = np.append((csi.observed - signal - backgrounds.sum(axis=0)) / sigma, np.zeros(len(columns)))
        rest = target - matrix @ np.linalg.lstsq(matrix, target, rcond=None)[0]
        return rest @ rest + ((eta - 1) / csi.quenching_sigma) ** 2

    worst_then = 0.0
    for point in FROZEN["points"][:24]:
        eta = 1 + csi.pulls(point["model"], **values(point)).experiments[CSI]["pulls"]["quenching"]
        steps = 1e-4 * np.array([-1, 0, 1])
        left, middle, right = (at(point, eta + step) for step in steps)
        truth = middle - (right - left) ** 2 / (8 * (left - 2 * middle + right))
        assert abs(csi.chi2(point["model"], **values(point)) - truth) <= 3e-10 * truth, point
        worst_then = max(worst_then, abs(point["chi2"][CSI] - truth) / truth)
    assert worst_then > 1e-9


@pytest.mark.parametrize("frozen", FROZEN["limits"], ids=lambda f: f"{f['data']}-{f['model']}-{f['cl']}")
def test_limits(frozen):
    limit = data(frozen["data"]).limit(frozen["model"], frozen["mass"], cl=frozen["cl"])
    for found, expected in zip(limit.excluded, frozen["excluded"], strict=True):
        assert found.shape == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("frozen", FROZEN["best_fits"], ids=lambda f: f"{f['data']}-{f['model']}")
def test_best_fits(frozen):
    fit = data(frozen["data"]).best_fit(frozen["model"])
    tolerance = 2.5e-9 if frozen["data"] == CSI else 1e-9
    assert abs(fit.chi2 - frozen["chi2"]) <= tolerance * frozen["chi2"]
