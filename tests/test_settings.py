"""Whatever shows a result says which parameters were fixed away from their defaults, and which were profiled."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import cevns
from cevns.inference import Result


@pytest.fixture(scope="module")
def csi():
    return cevns.load("coherent-csi-2017")


MASS, RADIUS = np.geomspace(10.0, 100.0, 3), {"rn_csi": 5.2}
RESULTS = {
    "fit": (lambda csi: csi.best_fit("b-l", **RADIUS), "rn_csi = 5.2 fm"),
    "limit": (lambda csi: csi.limit("b-l", MASS, sin2_theta_w=0.2), "sin2_theta_w = 0.2"),
    "scan": (lambda csi: csi.scan("b-l", MASS, MASS * 1e-6, **RADIUS), "rn_csi = 5.2 fm"),
    "interval": (
        lambda csi: csi.interval("b-l", "coupling", mass=50, profiled="rn_csi"),
        "mass = 50 MeV; profiled: rn_csi",
    ),
    "profile": (
        lambda csi: csi.profile("sm", "sin2_theta_w", [0.2, 0.3], profiled="rn_csi"),
        "profiled: rn_csi",
    ),
    "contour": (lambda csi: csi.contour("b-l", "rn_csi", "coupling", mass=50), "mass = 50 MeV"),
    "estimate": (lambda csi: csi.fit("b-l", "coupling", mass=50), "mass = 50 MeV"),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_all_that_shows_a_result_says_its_settings(csi, kind, tmp_path):
    make, said = RESULTS[kind]
    found = make(csi)
    assert (found.kind, found.settings) == (kind, said)
    assert f"({said})" in repr(found)
    assert f"({said})" in found._repr_html_().partition("</caption>")[0]
    assert f"({said})" in found.plot().get_legend_handles_labels()[1][-1 if kind == "estimate" else 0]
    path = tmp_path / f"result{found.suffix}"
    found.save(path)
    again = Result.load(path)
    assert again == found
    assert again.settings == said


def test_defaults_are_not_said_and_long_lists_are_cut(csi):
    found = csi.interval("sm", "sin2_theta_w")
    assert found.settings == ""
    assert "(" not in repr(found)
    angle = next(p.default for p in csi.parameters("sm") if p.name == "sin2_theta_w")
    assert csi.interval("sm", "rn_csi", sin2_theta_w=angle).settings == ""
    many = dataclasses.replace(found, profiled=tuple("abcdef"))
    assert many.settings == "profiled: a, b, c, d, ... 2 more"


def test_values_of_earlier_files_are_said_without_units(csi):
    found = csi.interval("b-l", "coupling", mass=50)
    assert dataclasses.replace(found, fixed_parameters=()).settings == "mass = 50"


COMMANDS = {
    "interval": ("--parameter sin2_theta_w --profile rn_csi --model sm", "(profiled: rn_csi)"),
    "profile": ("--parameter sin2_theta_w --values 0.2 --profile rn_csi --model sm", "(profiled: rn_csi)"),
    "contour": ("--x coupling --y rn_csi --set mass=50 --model b-l", "(mass = 50 MeV)"),
    "fit": ("--free coupling --set mass=50 --model b-l", "(mass = 50 MeV)"),
    "limit": ("--mass 50 --set rn_csi=5.2 --model b-l", "(rn_csi = 5.2 fm)"),
    "scan": ("--mass 1:9:2 --coupling 1e-5:1e-4:2 --set rn_csi=5.2 -o a.npz --model b-l", "(rn_csi = 5.2 fm)"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_texts_of_commands_say_them(run, command):
    options, said = COMMANDS[command]
    code, out, err = run(command, "coherent-csi-2017", *options.split())
    assert (code, err) == (0, "")
    assert said in out.partition("\n\n")[0]
