"""Limits on the command line: one answer with the library's, all that it rests on, files and figures."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cevns
from cevns.config import load_config, template
from cevns.inference import Limit
from cevns.interactions import TREE_LEVEL_COUPLINGS

CSI, ARGON = "coherent-csi-2017", "coherent-argon-2020"
CONTACT = '[model]\nname = "eps"\nup = {e = 1.0}\n'
ARGON_FILE = f'schema = 1\n[[experiment]]\nname = "{ARGON}"\n'


def assert_refused(result, *words):
    assert (result[0], result[1], result[2].count("\n")) == (2, "", 1)
    assert "unexpected" not in result[2]
    for word in words:
        assert word in result[2]


@pytest.mark.parametrize("dof", [None, 1, 2])
def test_command_and_library_take_the_same_degrees_of_freedom(run, run_json, dof):
    Path("mine.toml").write_text(ARGON_FILE + CONTACT)
    model = load_config("mine.toml").model
    found = run_json("limit", "--config", "mine.toml", *(() if dof is None else ("--dof", dof)))
    expected = cevns.load(ARGON).limit(model, dof=dof)
    intervals = [tuple(pair) for pair in expected.excluded[0].tolist()]
    assert found["dof"] == expected.dof == (dof or 1)
    assert found["delta_chi2"] == expected.delta_chi2
    # infinities are null in JSON
    assert found["limits"][0]["excluded"][0] == [None, intervals[0][1]]
    assert len(found["limits"][0]["excluded"]) == len(intervals)
    out = run("limit", "--config", "mine.toml")[1]
    assert "confidence level 0.9 for 1 degree of freedom" in out


def test_a_limit_says_what_it_rests_on(run, run_json):
    command = ["limit", CSI, ARGON, "--model", "b-l", "--mass", "10", "--cl", "0.95"]
    found = run_json(*command)
    assert {key: found[key] for key in ("model", "experiments", "cl", "dof", "units", "weak")} == {
        "model": "b-l",
        "experiments": [CSI, ARGON],
        "cl": 0.95,
        "dof": 2,
        "units": {"mass": "MeV", "coupling": "dimensionless"},
        "weak": "radiative",
    }
    assert "warnings" not in found
    out = run(*command)[1]
    assert f"b-l, {CSI} + {ARGON}, confidence level 0.95 for 2 degrees of freedom" in out
    assert "warning" not in out


def test_a_best_fit_at_the_edge_is_warned_of(run, run_json):
    command = ["limit", ARGON, "--model", "universal", "--mass", "10"]
    assert "end of the masses" in run_json(*command)["warnings"][0]
    assert "warning: the best fit lies at an end of the masses" in run(*command)[1]


def test_a_quenching_scale_at_the_end_of_its_range_is_warned_of(run, run_json):
    mine = template()
    start = mine.index("[[experiment.background]]")
    mine = mine[:start] + mine[mine.index("# Optional; --model", start) :]
    mine = mine.replace("observed = [94, 71, 43, 35, 16]", "observed = [1e4, 1, 1, 1, 1]")
    mine = mine.replace("uncertainty = [13.0, 11.0, 9.0, 9.0, 7.0]", "uncertainty = [1, 1, 1, 1, 1]")
    Path("mine.toml").write_text(mine)
    command = ["chi2", "--config", "mine.toml", "--model", "sm"]
    assert "the quenching scale of germanium is at an end of its range" in run_json(*command)["warnings"][0]
    assert "warning: the quenching scale of germanium" in run(*command)[1]


def test_a_limit_is_written_read_and_drawn(run, run_json):
    command = ["limit", ARGON, "--model", "universal", "--mass", "1:1000:7"]
    found = run_json(*command, "-o", "limit.csv")
    assert found["file"] == "limit.csv"
    assert Limit.load("limit.csv") == cevns.load(ARGON).limit("universal", Limit.load("limit.csv").mass)
    assert run_json("plot", "limit.csv", "-o", "limit.pdf") == {"file": "limit.pdf"}
    assert Path("limit.pdf").read_bytes().startswith(b"%PDF")
    run_json(*command, "-o", "direct.png")
    assert Path("direct.png").read_bytes().startswith(b"\x89PNG")
    assert "written to other.csv" in run(*command, "-o", "other.csv")[1]
    assert sorted(os.listdir()) == ["direct.png", "limit.csv", "limit.pdf", "other.csv"]


def test_figures_and_levels_that_a_limit_cannot_have(run):
    run("limit", ARGON, "--model", "b-l", "--mass", "1", "10", "-o", "limit.csv")
    assert_refused(run("limit", ARGON, "--model", "b-l", "--mass", "1", "-o", "a.png"), "two masses")
    assert_refused(run("plot", "limit.csv", "--cl", "0.9", "-o", "a.png"), "--cl")
    assert_refused(run("plot", "limit.csv", "--dof", "1", "-o", "a.png"), "--dof")
    assert_refused(run("plot", "none.csv", "-o", "a.png"), "none.csv")
    assert_refused(run("limit", ARGON, "--model", "b-l", "--mass", "1", "-o", "a.txt"), "a.txt", ".csv")
    assert_refused(run("limit", ARGON, "--model", "b-l", "--mass", "1", "-o", "a\0.csv"), "NUL character")
    assert_refused(run("limit", ARGON, "--model", "b-l", "--mass", "1", "-o", "\ud800.csv"), "file names")
    assert_refused(run("chi2", "--config", "a\0.toml"), "NUL character")
    assert os.listdir() == ["limit.csv"]


def test_bounds_are_listed_of_a_model_by_position_and_by_option(run, run_json):
    assert run_json("bounds", "list", "universal") == run_json("bounds", "list", "--model", "universal")
    assert {b["model"] for b in run_json("bounds", "list", "b-l")["bounds"]} == {"b-l"}
    assert_refused(run("bounds", "list", "b-l", "--model", "universal"), "give one")
    assert_refused(run("bounds", "list", "sm"), "sm")


def test_weak_couplings_are_chosen_and_named(run, run_json):
    tree = cevns.get_interaction("b-l").replace(weak=TREE_LEVEL_COUPLINGS)
    command = ["chi2", ARGON, "--model", "b-l", "--mass", "10", "--coupling", "5e-5", "--weak", "tree-level"]
    assert run_json(*command)["chi2"] == cevns.load(ARGON).pulls(tree, 10.0, 5e-5).chi2
    assert "b-l, tree-level weak couplings, mass 10 MeV" in run(*command)[1]
    assert "weak" not in run(*command[:-2])[1]
    assert_refused(run(*command[:-1], "tree"), "weak couplings 'tree'", "'tree-level'")


def test_a_model_in_the_place_of_a_files_keeps_its_weak_couplings(run, run_json):
    """The standard-model part belongs to the analysis that the file describes, whatever interaction is added."""
    Path("mine.toml").write_text(ARGON_FILE + '[model]\nname = "universal"\nweak = "tree-level"\n')
    command = ["limit", "--config", "mine.toml", "--mass", "10", "--model", "b-l"]
    tree = cevns.get_interaction("b-l").replace(weak=TREE_LEVEL_COUPLINGS)
    found = run_json(*command)
    assert (found["model"], found["weak"]) == ("b-l", "tree-level")
    assert found["limits"][0]["excluded"][0][0] == cevns.load(ARGON).limit(tree, 10.0).lowest[0]
    assert "tree-level weak couplings" in run(*command)[1]
    assert run_json(*command, "--weak", "radiative")["weak"] == "radiative"


def test_a_contact_model_of_a_file_takes_no_mass(run):
    Path("mine.toml").write_text(ARGON_FILE + CONTACT)
    for command in (("limit",), ("chi2", "--coupling", "0.1"), ("predict", "--coupling", "0.1")):
        assert_refused(
            run(*command, "--config", "mine.toml", "--mass", "10"), "mass is given", "has none: leave it out"
        )


def test_a_figure_of_a_contact_interaction_says_what_to_do(run):
    Path("mine.toml").write_text(ARGON_FILE + CONTACT)
    command = ["limit", "--config", "mine.toml", "-o"]
    assert_refused(run(*command, "a.pdf"), "contact interaction", "no mass axis", "print the intervals")
    assert run(*command, "a.csv")[0] == 0
    assert_refused(run("plot", "a.csv", "-o", "a.pdf"), "contact interaction", "no mass axis", "print the intervals")


@pytest.fixture(scope="module")
def unbuilt(tmp_path_factory):
    """A checkout in which nothing was compiled."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(
        Path(cevns.__file__).parent, folder / "cevns", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    return folder


@pytest.mark.parametrize(
    "program",
    [
        "import cevns; cevns.load('coherent-csi-2017')",
        "import cevns; cevns.get_interaction('sm')",
        "from cevns.predictions import Signal",
        "from cevns.fluxes import Flux",
        "from cevns.nuclei.form_factors import helm",
        "from cevns.likelihoods import Likelihood",
        "from cevns.kernels.engine import Engine",
        "import sys; from cevns.cli import main; sys.exit(main(['chi2', 'coherent-csi-2017', '--model', 'sm']))",
        "import sys; from cevns.cli import main; sys.exit(main(['list']))",
    ],
)
def test_a_checkout_that_is_not_built_says_how_to_build_it(unbuilt, program):
    # first in the path, before an editable installation's finder
    setup = "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f).lower()]\n"
    setup += f"sys.path.insert(0, {str(unbuilt)!r})\n"
    command = [sys.executable, "-c", setup + program]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=unbuilt)
    assert result.returncode != 0
    assert "kernels of cevns" in result.stderr.splitlines()[-1]
    assert "pip install -e ." in result.stderr.splitlines()[-1]
    assert "No module named" not in result.stderr
    quiet = subprocess.run(
        [sys.executable, "-c", setup + "import cevns; cevns.errors.CevnsError"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=unbuilt,
    )
    assert (quiet.returncode, quiet.stderr) == (0, "")
