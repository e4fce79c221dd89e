"""The command line: what it prints, what it writes, and how it fails."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.cli.papers import known_numbers
from cevns.cli.progress import progress_bar
from cevns.inference import Scan
from cevns.plotting.canvas import png

CSI, ARGON = "coherent-csi-2017", "coherent-argon-2020"
POINT = ["--model", "b-l", "--mass", "10", "--coupling", "5e-5"]


def assert_refused(result, *words, code=2):
    """One line on stderr that starts as promised and says what it must."""
    assert result[0] == code
    assert result[1] == ""
    assert result[2].startswith("cevns: error: ")
    assert result[2].count("\n") == 1
    assert "Traceback" not in result[2]
    assert "unexpected" not in result[2]
    for word in words:
        assert word in result[2]


# predict


def test_predict_gives_what_the_library_gives(run_json):
    found = run_json("predict", CSI, *POINT)
    assert list(found) == [
        "experiment",
        "model",
        "mass",
        "coupling",
        "axes",
        "bin_edges",
        "bin_unit",
        "signal",
        "components",
        "backgrounds",
        "observed",
        "uncertainty",
        "totals",
    ]
    expected = cevns.load(CSI).predict("b-l", mass=10, coupling=5e-5)
    assert [found[key] for key in ("experiment", "model", "mass", "coupling", "bin_unit")] == [
        CSI,
        "b-l",
        10,
        5e-5,
        "PE",
    ]
    for key in ("bin_edges", "signal", "observed", "uncertainty"):
        assert found[key] == getattr(expected, key).tolist()
    assert found["backgrounds"] == {name: counts.tolist() for name, counts in expected.backgrounds.items()}


def test_predict_shows_electrons_apart_where_they_are_counted(run, run_json, tmp_path):
    path = tmp_path / "with_electrons.toml"
    path.write_text(f'schema = 1\n[experiment]\nname = "{CSI}"\nelectrons = "shells"\n')
    given = ["predict", "--config", str(path), "--model", "millicharge", "--set", "q_mumu=1e-9"]
    found = run_json(*given)
    expected = cevns.load(CSI).replace(electrons="shells").predict("millicharge", q_mumu=1e-9)
    assert expected.electrons.sum() > 200
    for key in ("signal", "electrons"):
        assert found[key] == getattr(expected, key).tolist()
        assert found["totals"][key] == getattr(expected, key).sum()
    assert found["totals"]["observed"] == expected.observed.sum()
    assert found["totals"]["backgrounds"] == {name: b.sum() for name, b in expected.backgrounds.items()}
    code, out, _ = run(*given)
    assert code == 0
    head, *_, total = out.splitlines()[2:]
    heads = [word for word in head.split() if word not in ("[PE]",)]
    column = heads.index("electrons")
    assert heads[column - 1] == "signal"
    # of the sums only the upper end is left out
    assert float(total.split()[column - 1]) == pytest.approx(expected.electrons.sum(), rel=1e-4)
    # without them there is neither
    assert "electrons" not in run_json("predict", CSI, *POINT)
    assert "electrons" not in run("predict", CSI, *POINT)[1]


def test_the_standard_model_has_neither_mass_nor_coupling(run_json):
    found = run_json("predict", ARGON, "--model", "sm")
    assert (found["mass"], found["coupling"]) == (None, None)
    assert sum(found["signal"]) == pytest.approx(131.4, abs=0.1)


def test_quenching_and_form_factor_change_the_prediction(run_json):
    events = {
        options: sum(run_json("predict", CSI, "--model", "sm", *options)["signal"])
        for options in (
            (),
            ("--quenching", "constant"),
            ("--quenching", f"{CSI}=constant"),
            ("--form-factor", "klein-nystrand"),
        )
    }
    plain, named, qualified, other = events.values()
    assert named == qualified == pytest.approx(164.7, abs=0.1)
    assert plain == pytest.approx(131.4, abs=0.1)
    assert other != plain
    assert other == pytest.approx(plain, rel=0.05)


def test_predict_prints_a_table_with_sums(run):
    code, out, err = run("predict", CSI, "--model", "sm")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{CSI}  sm"
    assert lines[2].split("  ")[0] == "low [PE]"
    name, signal = lines[-1].split()[:2]
    assert (name, float(signal)) == ("all", pytest.approx(131.4, abs=0.05))
    assert len(lines) == 3 + 12 + 1


# chi2


def test_chi2_gives_what_the_library_gives(run_json):
    found = run_json("chi2", CSI, ARGON, *POINT)
    both = cevns.load(CSI) + cevns.load(ARGON)
    assert list(found) == ["chi2", "experiments", "shared", "at_edge", "units"]
    assert (found["shared"], found["at_edge"], set(found["units"].values())) == ({}, [], {"relative"})
    assert found["chi2"] == pytest.approx(both.chi2("b-l", 10, 5e-5), rel=1e-9)
    assert {name: list(part) for name, part in found["experiments"].items()} == {
        CSI: ["chi2", "pulls"],
        ARGON: ["chi2", "pulls"],
    }
    assert list(found["experiments"][CSI]["pulls"]) == ["signal", "prompt neutrons", "quenching"]
    assert list(found["experiments"][ARGON]["pulls"]) == ["signal", "PBRN", "LBRN"]
    assert sum(part["chi2"] for part in found["experiments"].values()) == pytest.approx(found["chi2"])


def test_chi2_prints_a_line_for_each_pull(run):
    _, out, _ = run("chi2", CSI, ARGON, "--model", "sm")
    assert out.startswith("chi2 11.69")
    assert out.splitlines()[2].endswith("relative shift")
    assert len(out.splitlines()) == 3 + 6


# limit


def test_limit_names_its_parameter_with_the_unit_and_what_is_fixed(run_json, capsys):
    from cevns.cli import main

    options = [ARGON, "--model", "magnetic-moment", "--set", "mu_e=0", "mu_tau=0", "rn_ar=3.3"]
    found = run_json("limit", *options)
    assert found["parameter"] == "mu_mu"
    assert found["units"]["mu_mu"] == "mu_B"
    assert found["fixed"] == {"mu_e": 0.0, "mu_tau": 0.0, "rn_ar": 3.3}
    assert main(["limit", *options]) == 0
    shown = capsys.readouterr().out
    assert "excluded mu_mu [mu_B]" in shown
    assert "rn_ar 3.3 fm" in shown
    assert "mass" not in shown


def test_predict_takes_several_experiments(run_json):
    found = run_json("predict", CSI, ARGON, "--model", "b-l", "--mass", "10", "--coupling", "5e-5")
    alone = run_json("predict", ARGON, "--model", "b-l", "--mass", "10", "--coupling", "5e-5")
    assert list(found["predictions"]) == [CSI, ARGON]
    assert found["predictions"][ARGON] == alone


@pytest.mark.parametrize("name", [ARGON, "coherent-csi-2021"])
def test_predict_draws_what_a_notebook_shows(run_json, tmp_path, name):
    path = tmp_path / "counts.png"
    found = run_json("predict", name, "--model", "sm", "-o", str(path))
    assert found == {**run_json("predict", name, "--model", "sm"), "file": str(path)}
    assert path.read_bytes() == png(cevns.load(name).predict("sm").picture())


def test_a_picture_of_a_prediction_shows_one_experiment(run, tmp_path):
    path = tmp_path / "counts.pdf"
    code, _, err = run("predict", CSI, ARGON, "--model", "sm", "-o", str(path))
    assert (code, path.exists()) == (2, False)
    assert f"{CSI}, {ARGON}" in err
    assert "name one of them" in err


def test_limit_gives_intervals_with_null_for_open_ends(run_json):
    found = run_json("limit", CSI, ARGON, "--model", "universal", "--mass", "10", "200", "--cl", "0.90")
    about = {key: found[key] for key in ("model", "weak", "experiments", "cl", "dof", "units")}
    assert about == {
        "model": "universal",
        "weak": "radiative",
        "experiments": [CSI, ARGON],
        "cl": 0.9,
        "dof": 2,
        "units": {"mass": "MeV", "coupling": "dimensionless"},
    }
    assert (found.pop("parameter"), found.pop("fixed")) == ("coupling", {})
    assert found.keys() - about.keys() == {
        "chi2_min",
        "best_fit",
        "delta_chi2",
        "excludes_standard_model",
        "limits",
        "warnings",
    }
    assert list(found["best_fit"]) == ["mass", "coupling"]
    assert found["delta_chi2"] == pytest.approx(4.605, abs=1e-3)
    assert [list(entry) for entry in found["limits"]] == [["mass", "excluded"]] * 2
    assert [entry["mass"] for entry in found["limits"]] == [10, 200]
    light, heavy = (entry["excluded"] for entry in found["limits"])
    # one interval at 10 MeV; at 200 MeV a strip is allowed between two
    assert [len(light), len(heavy)] == [1, 2]
    assert light[0][1] is None
    assert heavy[1][1] is None
    assert heavy[0][0] < heavy[0][1] < heavy[1][0]
    assert (heavy[0][1] + heavy[1][0]) / 2 / 200 == pytest.approx(2e-6, rel=0.1)


def test_limit_counts_from_the_minimum_over_the_plane(run_json):
    found = run_json("limit", ARGON, "--model", "b-l", "--mass", "50", "--cl", "0.95", "--dof", "1")
    argon = cevns.load(ARGON)
    assert found["chi2_min"] == argon.best_fit("b-l").chi2
    assert found["delta_chi2"] == pytest.approx(3.841, abs=1e-3)
    edge = found["limits"][0]["excluded"][0][0]
    assert argon.chi2("b-l", 50, edge) == pytest.approx(found["chi2_min"] + found["delta_chi2"], rel=1e-6)


def test_limit_takes_masses_as_a_grid_and_any_number_of_threads(run_json):
    command = ["limit", ARGON, "--model", "b-l", "--mass", "0.5", "1:100:3"]
    found = run_json(*command)
    assert [entry["mass"] for entry in found["limits"]] == pytest.approx([0.5, 1, 10, 100])
    assert run_json(*command, "--threads", "2") == found


def test_limit_prints_every_interval(run):
    _, out, _ = run("limit", CSI, ARGON, "--model", "universal", "--mass", "200")
    assert out.splitlines()[-1].count("(") == 2
    assert out.rstrip().endswith("inf)")


# scan and plot


@pytest.fixture
def saved_scan(run):
    command = ["scan", ARGON, "--model", "b-l", "--mass", "1:1e3:7", "--coupling", "1e-6:1e-2:9", "-o", "grid.npz"]
    code, _, err = run(*command)
    assert (code, err) == (0, "")
    return Path("grid.npz")


def test_scan_saves_the_grid(saved_scan):
    scan = Scan.load(saved_scan)
    assert (scan.model, scan.experiments, scan.chi2.shape) == ("b-l", (ARGON,), (7, 9))
    np.testing.assert_allclose(scan.mass, np.geomspace(1, 1e3, 7))
    np.testing.assert_allclose(scan.coupling, np.geomspace(1e-6, 1e-2, 9))
    assert scan.chi2[2, 3] == pytest.approx(cevns.load(ARGON).chi2("b-l", scan.mass[2], scan.coupling[3]))
    assert os.listdir() == ["grid.npz"]


def test_scan_tells_where_the_least_chi2_lies(run_json):
    found = run_json("scan", ARGON, "--model", "b-l", "--mass", "1:10:3", "--coupling", "1e-6:1e-4:5", "-o", "a.npz")
    scan = Scan.load("a.npz")
    assert found["chi2_min"] == scan.chi2.min()
    best = found["best_fit"]
    assert cevns.load(ARGON).chi2("b-l", best["mass"], best["coupling"]) == pytest.approx(found["chi2_min"])
    assert (found["file"], found["shape"], found["experiments"], found["model"]) == ("a.npz", [3, 5], [ARGON], "b-l")


@pytest.mark.parametrize(("suffix", "start"), [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_saved_scan_is_drawn(run_json, saved_scan, suffix, start):
    assert run_json("plot", saved_scan, "-o", f"figure.{suffix}") == {"file": f"figure.{suffix}"}
    assert Path(f"figure.{suffix}").read_bytes().startswith(start)
    assert sorted(os.listdir()) == [f"figure.{suffix}", "grid.npz"]


def test_a_scan_is_drawn_at_several_levels(run, saved_scan):
    run("plot", saved_scan, "--cl", "0.9", "-o", "one.svg")
    run("plot", saved_scan, "--cl", "0.9", "0.99", "-o", "two.svg")
    assert Path("two.svg").stat().st_size > Path("one.svg").stat().st_size


def test_plot_without_matplotlib_says_what_to_install(run, saved_scan, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert_refused(run("plot", saved_scan, "-o", "figure.pdf"), "matplotlib", "pip install 'cevns[plot]'")
    assert os.listdir() == ["grid.npz"]


@pytest.mark.parametrize("content", [b"", b"no archive", None], ids=["empty", "text", "folder"])
def test_what_is_no_scan_is_not_drawn(run, content):
    path = Path("bad.npz")
    path.mkdir() if content is None else path.write_bytes(content)
    assert_refused(run("plot", "bad.npz", "-o", "figure.pdf"), "bad.npz")
    assert os.listdir() == ["bad.npz"]


def test_an_array_of_another_kind_is_not_drawn(run):
    np.savez("other.npz", mass=[1.0])
    assert_refused(run("plot", "other.npz", "-o", "figure.pdf"), "other.npz", "not a result written by cevns")


class Terminal:
    """A stderr that says that it is a terminal."""

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_progress_is_shown_on_a_terminal_alone(monkeypatch, capsys):
    with progress_bar("scan") as progress:
        progress(1, 4)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar("scan") as progress:
        progress(1, 4)
        progress(4, 4, "last")
    assert "4/4" in sys.stderr.text
    assert "last" in sys.stderr.text


def test_progress_is_silent_without_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar("scan") as progress:
        progress(1, 4)
    assert sys.stderr.text == ""


# options of experiments


def test_options_of_experiments_are_those_of_their_loaders(run_json):
    given = ["predict", "xenonnt-8b-2026", ARGON, "--model", "sm", "--option"]
    found = run_json(*given, "runs=sr0,sr2", "form_factor=klein-nystrand")["predictions"]
    for name, options in (
        ("xenonnt-8b-2026", {"runs": ["sr0", "sr2"], "form_factor": "klein-nystrand"}),
        (ARGON, {"form_factor": "klein-nystrand"}),
    ):
        assert found[name]["totals"] == cevns.load(name, **options).predict("sm").totals
    found = run_json(*given, f"{ARGON}:form_factor=klein-nystrand")["predictions"]
    assert found["xenonnt-8b-2026"]["totals"] == cevns.load("xenonnt-8b-2026").predict("sm").totals
    assert found["xenonnt-8b-2026"]["axes"][0] == {
        "name": "run",
        "unit": "",
        "edges": [0, 1, 2],
        "names": ["SR0", "SR1"],
    }
    shapes = run_json("chi2", "coherent-argon-2020-3d", "--model", "sm", "--option", "shapes=F90")
    assert shapes["units"]["argon F90"] == "sigma"
    assert shapes["shared"]["argon F90"] != 0


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["nothing"], ["NAME=VALUE"]),
        (["systematic=core"], ["unknown option 'systematic'"]),
        (["systematics=all"], ["systematics", "full"]),
        (["runs=sr0"], ["unknown option 'runs'"]),
        ([f"{ARGON}:form_factor=helm"], [ARGON, "not among"]),
        (["form_factor=helm", "form_factor=point"], ["given twice"]),
    ],
)
def test_options_that_are_refused(run, option, words):
    assert_refused(run("predict", "coherent-csi-2021", "--model", "sm", "--option", *option), *words)


def test_options_do_not_go_with_a_file(run, tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(f'schema = 1\n[experiment]\nname = "{CSI}"\n')
    result = run("predict", "--config", str(path), "--model", "sm", "--option", "form_factor=point")
    assert_refused(result, "--option", "--config")


def test_several_axes_are_told_by_sums_and_projections(run):
    _, out, _ = run("predict", "coherent-argon-2020-3d", "--model", "sm", "--fitted")
    lines = out.splitlines()
    assert lines[0] == "coherent-argon-2020-3d  sm, nuisances at their best fit"
    sums = dict(line.rsplit(maxsplit=1) for line in lines[2 : lines.index("", 2)])
    assert sums["observed"] == "3752"
    assert sums["of nu_e"] == "41.8347"
    table = lines[lines.index("", 2) + 1 :]
    assert len(table) == 1 + 12 + 8 + 10
    for axis in ("energy [keVee]", "F90", "time [us]"):
        counted = sum(float(line.split()[-1]) for line in table if line.startswith(f"{axis} "))
        assert counted == 3752


def test_chi2_says_in_what_shifts_are(run):
    _, out, _ = run("chi2", "coherent-argon-2020-3d", "coherent-ge-2024", "--model", "sm", "--option", "shapes=F90")
    head, *rows = out.splitlines()[2:]
    assert head.split() == ["experiment", "chi2", "pull", "shift", "in"]
    (shape,) = (row for row in rows if "argon F90" in row)
    assert shape.endswith("sigma")
    # what both share is told once
    assert sum("sns-flux" in row for row in rows) == 1
    assert [row.split()[0] for row in rows if row[0] != " "] == ["coherent-argon-2020-3d", "coherent-ge-2024", "shared"]


def test_cite_knows_what_a_configured_experiment_is_made_of(run_json, tmp_path):
    from configs import FLUX, own

    reactor = '[experiment.flux]\nkind = "reactor"\nthermal_power_gw = 4\ndistance_m = 30\nexposure_days = 100\n'
    for flux, expected in ((FLUX, {"arXiv:2008.05022"}), (reactor, {"arXiv:1106.0687", "arXiv:1101.2663"})):
        response = 'response = {edges = [0.1, 0.5, 1], quenching = {kind = "constant", factor = 0.25}}\n'
        path = tmp_path / "mine.toml"
        path.write_text(own(head='references = ["arXiv:0001.00001"]\n' + response, flux=flux, response=""))
        entries = run_json("cite", "--config", str(path))["references"]
        assert {e["reference"] for e in entries if "mine" in e["used_by"]} == expected | {"arXiv:0001.00001"}
        entries = run_json("cite", "--config", str(path), "--model", "sterile-dipole")["references"]
        assert [e["reference"] for e in entries if "sterile-dipole" in e["used_by"]] == ["arXiv:1803.03262"]


def test_cite_leaves_words_of_ones_own_whole(run_json, tmp_path):
    from configs import own

    model = '[model]\nkind = "vector"\nname = "m"\nquarks = [1, 1]\nleptons = {e = 1}\n'
    model += 'reference = "A. Author, B. Author, 2030"\n'
    (tmp_path / "mine.toml").write_text(own() + model)
    entries = run_json("cite", "--config", tmp_path / "mine.toml")["references"]
    assert [e["reference"] for e in entries if "m" in e["used_by"]] == ["A. Author, B. Author, 2030"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", []),
        ("arXiv:2008.05022, eqs. 3.1 and 3.2; arXiv:2005.01645", ["arXiv:2008.05022", "arXiv:2005.01645"]),
        ("doi:10.1007/JHEP01(2021)116", ["doi:10.1007/JHEP01(2021)116"]),
        ("arXiv:2008.05022 and notes", ["arXiv:2008.05022 and notes"]),
        ("A. Author, B. Author; arXiv:2008.05022", ["A. Author, B. Author; arXiv:2008.05022"]),
    ],
    ids=["none", "two", "doi", "with words", "after words"],
)
def test_numbers_of_references(written, expected):
    assert known_numbers(written) == expected
