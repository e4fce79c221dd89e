"""The command line: what it prints, what it writes, and how it fails."""

import itertools
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.cli import analysis, catalogue
from cevns.cli.progress import progress_bar
from cevns.inference import Scan

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
    assert found["units"]["coupling"] == "mu_B"
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
    assert_refused(run("plot", "other.npz", "-o", "figure.pdf"), "other.npz", "not a scan")


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


# list and cite


def test_list_names_everything_with_references(run, run_json):
    found = run_json("list")
    assert list(found) == ["models", "experiments", "form_factors"]
    names = {kind: [entry["name"] for entry in entries] for kind, entries in found.items()}
    assert names["models"] == list(cevns.known_interactions())
    assert names["experiments"] == list(cevns.known_experiments())
    assert names["form_factors"] == ["helm", "klein-nystrand", "symmetrized-fermi", "point"]
    assert all(entry["references"] for entries in found.values() for entry in entries)
    for entry in found["models"]:
        assert entry["lagrangian"] == cevns.get_interaction(entry["name"]).lagrangian
    _, out, _ = run("list")
    assert all(name in out for kind in names.values() for name in kind)


def test_every_reference_has_a_purpose(run_json):
    found = run_json("cite")["references"]
    assert {entry["reference"] for entry in found[1:]} == catalogue.PURPOSES.keys()
    assert all(entry["for"] for entry in found)


def test_cite_names_what_is_used_and_nothing_else(run_json):
    found = run_json("cite", ARGON, "--model", "b-l")["references"]
    assert [list(entry) for entry in found] == [["reference", "for", "used_by"]] * len(found)
    assert found[0]["reference"].startswith("cevns developers")
    assert [entry["reference"] for entry in found[1:]] == ["arXiv:2003.10630", "arXiv:2006.12659", "arXiv:2008.05022"]
    assert found[-1]["used_by"] == ["b-l", ARGON]


# reproduce, with a stand-in for the drawing, which has its own tests


@pytest.fixture
def reproduced(monkeypatch):
    calls = []

    def install(met):
        def reproduce(figures, output, progress, num_threads=None):
            progress(1, 1, "figure 1")
            calls.append((figures, output))
            row = {"quantity": "chi2", "expected": 2.83, "computed": 2.835, "criterion": "within 0.01", "met": met}
            return {
                "output": output,
                "figures": {"1": ["out/figure1.pdf"]},
                "summary": [row],
                "file": "out/summary.json",
            }

        module = types.ModuleType("cevns.figures")
        module.reproduce = reproduce
        summary = types.ModuleType("cevns.figures.summary")
        summary.format_table = lambda rows: "\n".join(row["quantity"] for row in rows)
        monkeypatch.setitem(sys.modules, "cevns.figures", module)
        monkeypatch.setitem(sys.modules, "cevns.figures.summary", summary)
        return calls

    return install


def test_reproduce_prints_the_summary(run, reproduced):
    calls = reproduced(True)
    code, out, err = run("reproduce", "1", "3b", "--output", "out")
    assert (code, err) == (0, "")
    assert calls == [(["1", "3b"], "out")]
    assert out.splitlines() == [
        "chi2",
        "",
        "out/figure1.pdf",
        "out/summary.json",
        "",
        "1 of 1 met, of figure 1 alone",
    ]


def test_reproduce_draws_all_figures_unless_some_are_named(run_json, reproduced):
    calls = reproduced(True)
    found = run_json("reproduce", "--output", "out")
    assert calls == [(None, "out")]
    assert list(found) == ["output", "figures", "summary", "file"]


def test_reproduce_tells_by_its_exit_code_that_a_number_is_missed(run, reproduced):
    reproduced(False)
    code, out, err = run("reproduce", "--output", "out")
    assert (code, err) == (1, "")
    assert out.endswith("0 of 1 met\n")


# bounds


def test_bounds_are_listed(run, run_json):
    found = run_json("bounds", "list")
    assert list(found) == ["bounds", "not_available"]
    assert {b["model"] for b in found["bounds"]} >= {"universal", "b-l", "lmu-ltau"}
    assert all(entry["reason"] for entry in found["not_available"])
    some = run_json("bounds", "list", "--model", "universal")
    assert {b["model"] for b in some["bounds"]} == {"universal"}
    assert "babar-2014" in run("bounds", "list")[1]


def test_a_bound_is_shown_with_its_numbers(run, run_json):
    found = run_json("bounds", "show", "b-l", "na48-2-2015")
    segment = found["segments"][0]
    assert list(segment) == ["mass", "coupling_lower"]
    assert len(segment["mass"]) == len(segment["coupling_lower"]) > 10
    assert found["confidence_level"] == 0.90
    assert found["reference"] == "arXiv:1504.00607"
    assert "arXiv:1504.00607" in run("bounds", "show", "b-l", "na48-2-2015")[1]


@pytest.mark.parametrize("names", [[], ["babar-2014", "g-2-mu"]], ids=["all", "two"])
def test_bounds_are_drawn(run_json, names):
    found = run_json("bounds", "plot", "b-l", *names, "-o", "bounds.png")
    assert found["file"] == "bounds.png"
    assert not names or found["bounds"] == names
    assert Path("bounds.png").read_bytes().startswith(b"\x89PNG")


def test_a_curve_of_one_s_own_is_drawn_over_the_limits(run, run_json):
    Path("mine.csv").write_text("mass_GeV, g^2\n0.01, 1e-8\n1, 1e-6\n", encoding="utf-8")
    command = ["bounds", "plot", "b-l", "babar-2014", "-o", "both.svg"]
    found = run_json(*command, "--add", "mine.csv", "--mass-unit", "GeV", "--coupling", "g^2")
    assert (found["bounds"], found["added"]) == (["babar-2014"], ["mine.csv"])
    mine = "stroke-width: 1.8"
    assert mine in Path("both.svg").read_text(encoding="utf-8")
    Path("numbered.csv").write_text("1;0,01;1e-8\n2;1;1e-6\n", encoding="utf-8")
    assert_refused(run(*command, "--add", "numbered.csv"), "row number", "columns")
    assert run(*command, "--add", "numbered.csv", "--columns", "2,3")[0] == 0
    assert_refused(run(*command, "--add", "numbered.csv", "--columns", "2,4"), "from 1 to 3")
    assert_refused(run(*command, "--columns", "2,3"), "--add")
    assert_refused(run(*command, "--mass-unit", "GeV"), "--add")
    assert_refused(run(*command, "--add", "mine.csv", "--mass-unit", "kg"), "mass_unit", "'kg'")
    assert_refused(run(*command, "--add", "nowhere.csv"), "nowhere.csv")
    run(*command)
    assert mine not in Path("both.svg").read_text(encoding="utf-8")


def test_a_limit_that_was_saved_is_drawn_over_the_published_ones(run, run_json):
    for model in ("universal", "b-l"):
        command = ["limit", "coherent-argon-2020", "--model", model, "--mass", "10", "300", "-o", f"{model}.csv"]
        assert run(*command)[0] == 0
    # the strip of the universal model stays open, to an upper end of infinity
    assert "inf" in Path("universal.csv").read_text(encoding="utf-8")
    for model, bound in (("universal", "connie"), ("b-l", "babar-2014")):
        command = ["bounds", "plot", model, bound, "-o", "both.svg", "--add", f"{model}.csv"]
        assert run_json(*command)["added"] == [f"{model}.csv"]
        drawn = Path("both.svg").read_text(encoding="utf-8")
        assert "stroke-width: 1.8" in drawn
        assert "Ar, 90% C.L." in drawn
    other = ["bounds", "plot", "b-l", "babar-2014", "-o", "other.svg", "--add", "universal.csv"]
    assert_refused(run(*other), "universal.csv", "'universal'", "'b-l'", "cevns bounds plot universal")
    assert_refused(run(*command, "--mass-unit", "GeV"), "--mass-unit", "says them itself")
    Path("mine.csv").write_text("0.01, 1e-8\n1, 1e-6\n", encoding="utf-8")
    options = ["--mass-unit", "GeV", "--coupling", "g^2"]
    assert run(*command, "--add", "mine.csv", *options)[0] == 0
    Path("b-l.csv").write_text(Path("b-l.csv").read_text(encoding="utf-8").replace("inf", "nan"), encoding="utf-8")
    assert_refused(run(*command), "b-l.csv is damaged")
    with pytest.raises(cevns.errors.DataError, match=r"a limit that cevns wrote.*Limit\.load"):
        cevns.bounds.load_bound("universal.csv", model="universal", mass_unit="MeV", coupling="g")


def test_saved_figures_name_model_data_and_level(run):
    grid = ["--model", "lmu-ltau", "--mass", "1:10:3"]
    for command in (
        ["limit", "coherent-argon-2020", *grid, "-o", "limit.csv"],
        ["limit", "coherent-argon-2020", *grid, "-o", "limit.svg"],
        ["scan", "coherent-argon-2020", *grid, "--coupling", "1e-5:1e-1:5", "-o", "scan.npz"],
        ["plot", "limit.csv", "-o", "saved.svg"],
        ["plot", "scan.npz", "-o", "scan.svg"],
    ):
        assert run(*command)[0] == 0, command
    for name in ("limit.svg", "saved.svg", "scan.svg"):
        assert "<!-- $L_\\mu-L_\\tau$: Ar, 90% C.L. excluded (2 d.o.f.) -->" in Path(name).read_text(
            encoding="utf-8"
        ), name


# what goes wrong


REFUSED = {
    "no command": ([], "COMMAND"),
    "misspelled command": (["predcit"], "'predict'"),
    "empty command": ([""], "command"),
    "unknown option": (["predict", CSI, "--model", "sm", "--mas", "1"], "--mas"),
    "misspelled experiment": (["predict", "coherent-csi", "--model", "sm"], CSI),
    "no experiment": (["chi2", "--model", "sm"], "EXPERIMENT"),
    "experiment twice": (["chi2", CSI, CSI, "--model", "sm"], "more than once"),
    "no model": (["predict", CSI], "--model"),
    "misspelled model": (["predict", CSI, "--model", "b_l"], "'b-l'"),
    "no mass": (["predict", CSI, "--model", "b-l", "--coupling", "1e-5"], "mass is missing"),
    "no coupling": (["predict", CSI, "--model", "b-l", "--mass", "10"], "coupling is missing"),
    "mass without a value": (["predict", CSI, "--model", "b-l", "--mass"], "--mass"),
    "mass in words": (["predict", CSI, *POINT, "--mass", "ten"], "--mass", "'ten'"),
    "grouped mass": (["predict", CSI, *POINT, "--mass", "1_0"], "--mass", "'1_0'"),
    "mass in other digits": (["predict", CSI, *POINT, "--mass", "\u0661\u0660"], "--mass", "one number"),
    "grouped coupling": (["chi2", CSI, *POINT, "--coupling", "1_0e-5"], "--coupling"),
    "grouped level": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "0.9_0"], "--cl"),
    "freedom in other digits": (["limit", CSI, "--model", "b-l", "--mass", "1", "--dof", "\u0662"], "--dof"),
    "grouped threads": (["limit", CSI, "--model", "b-l", "--mass", "1", "--threads", "1_0"], "--threads"),
    "empty mass": (["predict", CSI, *POINT, "--mass", ""], "--mass"),
    "negative mass": (["predict", CSI, *POINT, "--mass", "-10"], "--mass", "-10", "at least 0 MeV"),
    "negative mass with an exponent": (["predict", CSI, *POINT, "--mass", "-1e-5"], "--mass", "-1e-05"),
    "mass for the standard model": (
        ["chi2", CSI, "--model", "sm", "--mass", "10"],
        "mass is given",
        "has none: leave it out",
    ),
    "coupling for the standard model": (["predict", CSI, "--model", "sm", "--coupling", "1"], "coupling is given"),
    "negative mass for the standard model": (["predict", CSI, "--model", "sm", "--mass", "-1"], "--mass"),
    "mass not a number": (["chi2", CSI, *POINT, "--mass", "nan"], "--mass"),
    "infinite mass": (["chi2", CSI, *POINT, "--mass", "1e999"], "--mass"),
    "minus infinity": (["chi2", CSI, *POINT, "--mass", "-inf"], "--mass"),
    "huge mass": (["chi2", CSI, *POINT, "--mass", "1e300"], "mass"),
    "complex coupling": (["chi2", CSI, *POINT, "--coupling", "1j"], "--coupling"),
    "negative coupling": (["chi2", CSI, *POINT, "--coupling", "-1e-5"], "coupling"),
    "huge coupling": (["chi2", CSI, *POINT, "--coupling", "1e308"], "coupling"),
    "limit without a mass": (["limit", CSI, "--model", "b-l"], "mass is missing"),
    "limit with a bad mass": (["limit", CSI, "--model", "b-l", "--mass", "10", "x"], "--mass"),
    "limit on the standard model": (["limit", CSI, "--model", "sm", "--mass", "1"], "no coupling", "take chi2, or fit"),
    "level in per cent": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "90"], "--cl", "0.90"),
    "level of 0": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "0"], "--cl"),
    "level of 1": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "1"], "--cl"),
    "negative level": (["limit", CSI, "--model", "b-l", "--mass", "1", "--cl", "-0.9"], "--cl"),
    "broken degrees of freedom": (["limit", CSI, "--model", "b-l", "--mass", "1", "--dof", "1.5"], "--dof"),
    "no degrees of freedom": (["limit", CSI, "--model", "b-l", "--mass", "1", "--dof", "0"], "--dof"),
    "no threads": (["limit", CSI, "--model", "b-l", "--mass", "1", "--threads", "0"], "--threads"),
    "too many threads": (["limit", CSI, "--model", "b-l", "--mass", "1", "--threads", "1" + "0" * 30], "--threads"),
    "misspelled quenching": (["predict", CSI, "--model", "sm", "--quenching", "chicago"], "'chicago-3'"),
    "quenching for whom": (["chi2", CSI, ARGON, "--model", "sm", "--quenching", "constant"], "--quenching"),
    "quenching for another": (["chi2", CSI, "--model", "sm", "--quenching", f"{ARGON}=release"], "--quenching"),
    "misspelled form factor": (["predict", CSI, "--model", "sm", "--form-factor", "Helms"], "'helm'"),
    "no such configuration": (["predict", "--config", "nowhere.toml", "--model", "sm"], "nowhere.toml"),
    "plot of nothing": (["plot", "nowhere.npz", "-o", "a.pdf"], "nowhere.npz"),
    "plot without an output": (["plot", "nowhere.npz"], "--output"),
    "unknown figure format": (["plot", "nowhere.npz", "-o", "a.docx"], "--output", ".pdf", ".png", ".svg"),
    "figure without a format": (["plot", "nowhere.npz", "-o", "a"], ".pdf"),
    "figure in no folder": (["plot", "nowhere.npz", "-o", "no/where/a.pdf"], "no folder"),
    "figure that is a folder": (["plot", "nowhere.npz", "-o", "/"], "--output"),
    "unknown experiment to cite": (["cite", "coherent-argon"], ARGON),
    "unknown model to cite": (["cite", "--model", "bl"], "'b-l'"),
    "bounds of what": (["bounds"], "COMMAND"),
    "bounds of no model": (["bounds", "list", "--model", "sm"], "sm"),
    "no such bound": (["bounds", "show", "b-l", "babar"], "'babar-2014'"),
    "no such bound to draw": (["bounds", "plot", "b-l", "babar", "-o", "a.pdf"], "'babar-2014'"),
    "reproduce where": (["reproduce"], "--output"),
    "no such figure": (["reproduce", "6", "--output", "out"], "'6'"),
    "no such file to validate": (["config", "validate", "nowhere.toml"], "nowhere.toml"),
    "name with a line break": (["predict", "coherent\ncsi", "--model", "sm"], "unknown experiment"),
    "name beyond ASCII": (["predict", "\u03bd\udc80", "--model", "sm"], "unknown experiment"),
    "configuration with a null character": (["predict", "--config", "a\0b", "--model", "sm"], "NUL"),
    "figure with a null character": (["plot", "nowhere.npz", "-o", "a\0b.pdf"], "--output", "NUL"),
    "folder with a null character": (["reproduce", "1a", "--output", "a\0b"], "NUL"),
    "curve with a null character": (["bounds", "plot", "b-l", "--add", "a\0b", "-o", "a.pdf"], "NUL"),
    "scan with half a surrogate pair": (["plot", "\ud800.npz", "-o", "a.pdf"], "'\\ud800'"),
    "scan that is a device": (["plot", "/dev/zero", "-o", "a.pdf"], "a device"),
    "configuration that is a device": (["config", "validate", "/dev/zero"], "a device"),
    "percent signs": (["predict", "%s%d%(prog)s", "--model", "%n"], "%s%d%(prog)s"),
}


@pytest.mark.parametrize(("argv", "words"), [(v[0], v[1:]) for v in REFUSED.values()], ids=list(REFUSED))
def test_bad_arguments_are_one_line_and_leave_nothing_behind(run, argv, words):
    assert_refused(run(*argv), *words)
    assert os.listdir() == []


BAD_GRIDS = (
    *("", ":", "1", "1:2", "1:2:3:4", "1::5", "1:2:x", "1:2:2.5", "1:2:1", "1:2:0", "1:2:-3", "1:2:1000000000000"),
    *("1_0:20:5", "1:2_0:5", "1:20:1_0", "\u0661:20:5", "1:20:\u0665", "1:infinity:5"),
    *("2:1:5", "1:1:5", "0:1:5", "-1:1:5", "nan:1:5", "1:inf:5", "a:2:5", "1e-400:1:5"),
)


@pytest.mark.parametrize("grid", BAD_GRIDS)
@pytest.mark.parametrize("axis", ["--mass", "--coupling"])
def test_bad_grids_are_refused(run, axis, grid):
    options = {"--model": "b-l", "--mass": "1:10:3", "--coupling": "1e-5:1e-3:3", "-o": "a.npz"} | {axis: grid}
    assert_refused(run("scan", ARGON, *itertools.chain(*options.items())), axis, "argument")
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        (["--model", "sm"], "no mediator mass to scan; use cevns chi2"),
        (["--coupling", "1:1e20:3"], "coupling"),
        (["--mass", "1:10:100000", "--coupling", "1e-5:1:100000"], "points"),
        (["-o", "a.csv"], ".npz"),
        (["-o", "no/where/a.npz"], "folder"),
    ],
    ids=["model without a mass", "huge coupling", "too many points", "suffix", "folder"],
)
def test_bad_scans_leave_nothing_behind(run, changes, word):
    options = {"--model": "b-l", "--mass": "1:10:3", "--coupling": "1e-5:1e-3:3", "-o": "a.npz"}
    options |= dict(zip(changes[::2], changes[1::2], strict=True))
    assert_refused(run("scan", ARGON, *itertools.chain(*options.items())), word)
    assert os.listdir() == []


def test_an_interrupt_leaves_no_file(run, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    command = ["scan", ARGON, "--model", "b-l", "--mass", "1:10:3", "--coupling", "1e-5:1e-3:3", "-o", "a.npz"]
    assert_refused(run(*command), "interrupted", code=130)
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("error", "word"), [(MemoryError(), "not enough memory"), (RuntimeError("a\nb"), "unexpected RuntimeError: a b")]
)
def test_no_error_is_a_traceback(run, monkeypatch, error, word):
    def failing(_args):
        raise error

    monkeypatch.setattr(analysis, "predict", failing)
    code, out, err = run("predict", CSI, "--model", "sm")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert word in err


def test_the_cause_of_a_bug_is_shown_in_development_mode():
    # in a process of its own, because nothing may replace sys.flags in a running one
    script = f"""
from cevns.cli import analysis, main

def failing(args):
    raise RuntimeError("cause")

analysis.predict = failing
main(["predict", {CSI!r}, "--model", "sm"])
"""
    done = python("-X", "dev", "-c", script)
    assert done.returncode == 1
    assert "in failing" in done.stderr
    assert done.stderr.endswith("RuntimeError: cause\n")


# help, version and the process


@pytest.mark.parametrize(
    "command", [[], ["limit"], ["bounds"], ["bounds", "plot"], ["config", "validate"]], ids=" ".join
)
def test_help_is_shown(run, command):
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: {' '.join(['cevns', *command])}")


def test_the_version_is_the_package_s(run):
    assert run("--version") == (0, f"cevns {cevns.__version__}\n", "")


def python(*argv, **options):
    return subprocess.run([sys.executable, *argv], capture_output=True, text=True, timeout=60, check=False, **options)


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["limit", "--help"], ["limit", "--bogus"]], ids=" ".join)
def test_help_version_and_usage_errors_import_nothing_heavy(argv):
    code = f"""
import sys
from cevns.cli import main
main({argv!r})
print(sorted({{"numpy", "scipy", "matplotlib", "tqdm", "cevns.files"}} & sys.modules.keys()), file=sys.stderr)
"""
    assert python("-c", code).stderr.splitlines()[-1] == "[]"


def test_the_module_runs_as_a_program():
    done = python("-m", "cevns", "chi2", ARGON, "--model", "sm", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["chi2"] == pytest.approx(8.86, abs=0.01)
    failed = python("-m", "cevns", "chi2", ARGON, "--model", "ms")
    assert_refused((failed.returncode, failed.stdout, failed.stderr), "unknown interaction 'ms'")


@pytest.mark.skipif(os.name != "posix", reason="closed pipes are reported in another way")
def test_a_closed_pipe_is_no_error_message():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stdout:
        command = [sys.executable, "-m", "cevns", "bounds", "show", "b-l", "babar-2014"]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as stdout:
        command = [sys.executable, "-m", "cevns", "list"]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert_refused((done.returncode, "", done.stderr), "No space left")


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
