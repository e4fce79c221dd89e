"""What commands say where another word is needed, and the words that they take as Python does."""

import numpy as np
import pytest
from test_cli import ARGON, CSI, assert_refused

import cevns
from cevns.errors import InputError
from cevns.interactions import contact, get_interaction

GE = "coherent-ge-2024"
SIGNED = """schema = 1
[[experiment]]
name = "coherent-argon-2020"
[model]
name = "mine"
quarks = [1, 1]
leptons = {e = 1, mu = 1}
signed = true
"""


def test_couplings_of_both_signs_are_scanned(run_json, tmp_path):
    (tmp_path / "mine.toml").write_text(SIGNED)
    grids = ("--mass", "1:10:3", "--coupling", "-1e-8:1e-8:5")
    run_json("scan", "--config", tmp_path / "mine.toml", *grids, "-o", tmp_path / "a.npz")
    found = cevns.inference.Scan.load(tmp_path / "a.npz")
    np.testing.assert_allclose(found.coupling, np.linspace(-1e-8, 1e-8, 5), atol=1e-20)


def test_a_scan_without_a_mass_says_why(argon):
    model = contact("touch", proton={"e": 1.0}, neutron={"e": 1.0})
    with pytest.raises(InputError, match="interaction 'touch' has no mediator mass to scan"):
        argon.scan(model, coupling=[0.1, 0.2])
    with pytest.raises(InputError, match=r"mass is missing: give mass=, one or more numbers in MeV \(--mass"):
        argon.scan("b-l", coupling=[1e-5, 1e-4])
    with pytest.raises(InputError, match="coupling is missing"):
        argon.scan("b-l", [1.0, 2.0])


def test_masses_of_another_name_are_given_as_masses(argon):
    renamed = get_interaction("b-l").renamed(mass="m2")
    with pytest.raises(
        InputError, match="m2 is a mass of interaction 'b-l' and has several values: give them as mass="
    ):
        argon.limit(renamed, m2=[10.0])
    found, expected = argon.limit(renamed, mass=[10.0]), argon.limit("b-l", mass=[10.0])
    np.testing.assert_array_equal(found.excluded[0], expected.excluded[0])


def test_built_in_experiments_count_electrons(run_json):
    found = run_json("predict", CSI, "--model", "sm", "--electrons", "shells")
    expected = cevns.load(CSI).replace(electrons="shells").predict("sm")
    assert found["electrons"] == pytest.approx(expected.electrons.tolist(), rel=1e-12)
    # the warning says how
    words = ("chi2", CSI, "--model", "millicharge", "--set", "q_ee=1e-9")
    (said,) = run_json(*words)["warnings"]
    assert "--electrons shells" in said
    assert "warnings" not in run_json(*words, "--electrons", "shells")


def test_options_without_names_are_listed_as_such(run):
    _, out, _ = run("list")
    (line,) = (line for line in out.splitlines() if line.startswith(GE))
    assert "options quenching (in files and Python), form_factor=klein-nystrand" in line


def test_a_coupling_is_called_by_its_name(run_json):
    found = run_json("limit", ARGON, "--model", "magnetic-moment", "--parameter", "mu_e")
    assert list(found["best_fit"]) == ["mass", "mu_e"]
    assert found["units"] == {"mass": "MeV", "mu_e": "mu_B"}


def test_levels_of_saved_results_are_their_own(run):
    words = ("--model", "sm", "--x", "rn_ar", "--y", "sin2_theta_w", "-o", "a.json")
    assert run("contour", ARGON, *words)[0] == 0
    for option in (("--cl", "0.95"), ("--dof", "1")):
        assert_refused(run("plot", "a.json", *option, "-o", "a.png"), "written by Contour.save or `cevns contour -o`")
