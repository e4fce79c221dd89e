"""The commands fit, profile, interval and contour, and --set everywhere."""

import numpy as np
import pytest

import cevns
from cevns.cli.parser import build, parse
from cevns.inference import Contour, Estimate, Interval, Profile

CSI, ARGON = "coherent-csi-2017", "coherent-argon-2020"
SM = ["--model", "sm"]


@pytest.fixture(scope="module")
def loaded():
    return cevns.load(CSI) + cevns.load(ARGON)


def test_predict_and_chi2_take_any_parameter(run_json, loaded):
    given = ["--set", "sin2_theta_w=0.25", "rn_csi=5.2"]
    found = run_json("predict", CSI, *SM, *given)
    expected = loaded.experiments[0].predict("sm", sin2_theta_w=0.25, rn_csi=5.2)
    np.testing.assert_allclose(found["signal"], expected.signal, rtol=1e-12)
    assert found["values"] == {"sin2_theta_w": 0.25, "rn_csi": 5.2}
    found = run_json("chi2", CSI, ARGON, "--model", "b-l", "--set", "mass=10", "--set", "coupling=5e-5", "rn_ar=3.3")
    assert found["chi2"] == pytest.approx(loaded.chi2("b-l", 10.0, 5e-5, rn_ar=3.3), rel=1e-12)
    assert found["values"] == {"mass": 10.0, "coupling": 5e-5, "rn_ar": 3.3}
    found = run_json("chi2", CSI, *SM, "--set", "rn_csi=5.2", "--prior", "rn_csi=5.0:0.1")
    assert found["chi2"] == pytest.approx(loaded.experiments[0].chi2("sm", rn_csi=5.2) + 4.0)
    assert found["priors"] == {"rn_csi": pytest.approx(2.0)}


def test_limit_and_scan_take_values_of_others(run_json, loaded, tmp_path):
    found = run_json("limit", ARGON, "--model", "b-l", "--mass", 10, "--set", "rn_ar=3.3")
    curve = loaded.experiments[1].limit("b-l", [10.0], rn_ar=3.3)
    np.testing.assert_allclose(found["limits"][0]["excluded"][0][0], curve.excluded[0][0, 0], rtol=1e-12)
    grid = ["--mass", "1:10:2", "--coupling", "1e-5:1e-4:2", "-o", "scan.npz"]
    found = run_json("scan", ARGON, "--model", "b-l", *grid, "--set", "rn_ar=3.3")
    expected = loaded.experiments[1].chi2("b-l", np.array([[1.0], [10.0]]), np.array([1e-5, 1e-4]), rn_ar=3.3)
    assert found["chi2_min"] == pytest.approx(expected.min(), rel=1e-12)


def test_goodness_and_coverage(run_json, run, loaded):
    argon = loaded.experiments[1]
    words = ["--model", "b-l", "--mass", 10, "--free", "coupling", "--toys", 1000, "--seed", 2]
    found, expected = (
        run_json("goodness", ARGON, *words),
        argon.goodness("b-l", 1000, free="coupling", mass=10.0, seed=2),
    )
    assert found["goodness"] == {"value": expected.goodness.value, "error": expected.goodness.error}
    assert found["point"] == expected.point
    assert found["p_value"] is None
    found = run_json("coverage", ARGON, *words, "--coupling", 5e-5, "--cl", 0.68)
    share = argon.coverage("b-l", 1000, free="coupling", cl=0.68, mass=10.0, coupling=5e-5, seed=2)
    assert (found["coverage"], found["cl"], found["dof"]) == ({"value": share.value, "error": share.error}, 0.68, 1)
    _, _, err = run("goodness", ARGON, *words, "--coupling", 5e-5)
    assert "coupling is fitted, and has a value" in err


def test_fit(run_json, run, loaded):
    found = run_json("fit", CSI, ARGON, *SM, "--free", "sin2_theta_w", "rn_csi", "-o", "fit.json")
    fit = loaded.fit("sm", ["sin2_theta_w", "rn_csi"])
    assert found["chi2_min"] == fit.chi2
    assert found["values"] == fit.values
    assert {name: np.shape(rows) for name, rows in found["intervals"].items()} == {
        name: rows.shape for name, rows in fit.intervals.items()
    }
    assert found["minima"][0] == {"chi2": fit.chi2, "values": fit.values}
    assert Estimate.load("fit.json") == fit
    assert found["at_edge"] == {}
    assert found["degenerate"] is False
    code, out, err = run("fit", ARGON, *SM, "--free", "rn_ar", "--bounds", "rn_ar=3:6")
    assert (code, err) == (0, "")
    assert "warning: rn_ar is at the lower end of its range, 3 fm: chi2 may fall further beyond" in out
    found = run_json("fit", ARGON, *SM, "--free", "rn_ar", "--bounds", "rn_ar=3:6")
    assert found["at_edge"] == {"rn_ar": "lower"}
    assert found["intervals"]["rn_ar"][0][0] is None
    assert found["covariance"] == [[None]]
    assert found["warnings"] == ["rn_ar is at the lower end of its range, 3 fm: chi2 may fall further beyond"]


def test_interval(run_json, run, loaded):
    found = run_json("interval", ARGON, *SM, "--parameter", "rn_ar", "--profile", "sin2_theta_w", "--cl", "0.68")
    expected = loaded.experiments[1].interval("sm", "rn_ar", profiled="sin2_theta_w", cl=0.68)
    assert (found["chi2_min"], found["best_fit"], found["delta_chi2"]) == (
        expected.chi2_min,
        expected.best_fit,
        expected.delta_chi2,
    )
    assert found["allowed"] == [[None if np.isinf(x) else x for x in row] for row in expected.allowed.tolist()]
    found = run_json("interval", CSI, *SM, "--parameter", "sin2_theta_w", "--cl", "0.6827", "-o", "interval.json")
    assert Interval.load("interval.json").allowed.tolist() == found["allowed"]
    code, out, _ = run("interval", CSI, *SM, "--parameter", "sin2_theta_w", "--cl", "0.6827")
    assert code == 0
    assert "[0.198656, 0.285180]" in out or "[0.19865" in out


def test_profile(run_json, loaded):
    found = run_json(
        *("profile", CSI, *SM, "--parameter", "rn_csi", "--values", "4:6:3", "5.5"),
        *("--profile", "sin2_theta_w", "-o", "profile.csv"),
    )
    expected = loaded.experiments[0].profile("sm", "rn_csi", [4.0, 5.0, 5.5, 6.0], profiled="sin2_theta_w")
    assert found["values"] == [4.0, 5.0, 5.5, 6.0]
    np.testing.assert_allclose(found["chi2"], expected.chi2, rtol=1e-12)
    assert list(found["profiled"]) == ["sin2_theta_w"]
    assert Profile.load("profile.csv") == expected
    log = run_json(
        "profile", CSI, "--model", "b-l", "--parameter", "mass", "--values", "1:100:3", "--profile", "coupling"
    )
    np.testing.assert_allclose(log["values"], [1.0, 10.0, 100.0])
    minus = run_json(
        "profile",
        CSI,
        "--model",
        "b-l",
        "--parameter",
        "sin2_theta_w",
        "--values",
        "0:0.2:3",
        "--set",
        "mass=1",
        "coupling=0",
    )
    np.testing.assert_allclose(minus["values"], [0.0, 0.1, 0.2])


def test_legends_of_figures_stand_beside_the_curves(run, monkeypatch):
    seen = []
    monkeypatch.setattr("cevns.plotting.canvas.save", lambda ax, path: seen.append(ax))
    radii = ["--model", "charge-radius", "--x", "r2_ee", "--y", "r2_mumu"]
    assert run("contour", CSI, *radii, "-o", "contour.png")[0] == 0
    (ax,) = seen
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1


def test_contour(run_json, run):
    pytest.importorskip("matplotlib").use("agg")
    plane = ["--x", "sin2_theta_w", "--y", "rn_csi", "--bounds", "sin2_theta_w=0.1:0.5", "rn_csi=3:8"]
    found = run_json("contour", CSI, *SM, *plane, "--cl", "0.90", "-o", "contour.json")
    (curve,) = found["curves"]
    assert curve[0] == curve[-1]
    assert np.shape(curve)[1] == 2
    saved = Contour.load("contour.json")
    assert saved.curves[0][0].tolist() == curve
    assert found["levels"][0]["curves"] == found["curves"]
    assert any("beyond rn_csi = 8 fm" in warning for warning in found["warnings"])
    two = run_json("contour", CSI, *SM, *plane, "--cl", "0.68", "0.9", "-o", "contour.pdf")
    assert [level["cl"] for level in two["levels"]] == [0.68, 0.9]
    for name in ("contour.json",):
        code, out, err = run("plot", name, "-o", "again.png")
        assert (code, out, err) == (0, "again.png\n", "")
    code, out, _ = run("contour", CSI, *SM, *plane)
    assert code == 0
    assert "vertices" in out


def test_options_that_take_several_values_may_come_repeatedly(run_json):
    pairs = [
        (["contour", CSI, *SM, "--x", "sin2_theta_w", "--y", "rn_csi"], "--cl", ("0.68", "0.9")),
        (["profile", ARGON, *SM, "--parameter", "rn_ar"], "--values", ("3:3.5:2", "4")),
        (["limit", ARGON, "--model", "b-l"], "--mass", ("10", "20:30:2")),
    ]
    for words, option, values in pairs:
        repeated = [word for value in values for word in (option, value)]
        assert run_json(*words, *repeated) == run_json(*words, option, *values)


@pytest.mark.parametrize(
    "words",
    [
        ["chi2", ARGON, "--model", "b-l", "--coupling", "5e-5", "--mass", "10", "--mass", "20"],
        ["chi2", ARGON, "--model", "sm", "--model", "sm"],
        ["chi2", "--config", "a.toml", "--config", "b.toml"],
        ["limit", ARGON, "--model", "b-l", "--mass", "10", "--cl", "0.9", "--cl", "0.95"],
        ["limit", ARGON, "--model", "b-l", "--mass", "10", "-o", "a.csv", "--output", "b.csv"],
        ["scan", ARGON, "--model", "b-l", "--coupling", "1e-5:1e-4:3", "--mass", "1:9:3", "--mass", "1:9:3"],
    ],
)
def test_options_that_take_one_value_are_refused_if_they_come_twice(run, words):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert f"{'-o/--output' if '-o' in words else words[-2]}: it is given twice: give it once" in err


def test_saved_results_are_drawn(run):
    pytest.importorskip("matplotlib").use("agg")
    for command, name in (
        (["interval", ARGON, *SM, "--parameter", "rn_ar"], "interval.json"),
        (["profile", ARGON, *SM, "--parameter", "rn_ar", "--values", "3:5:3"], "profile.csv"),
        (["fit", ARGON, *SM, "--free", "rn_ar", "sin2_theta_w"], "fit.json"),
        (["limit", ARGON, "--model", "b-l", "--mass", 1, 10], "limit.csv"),
    ):
        assert run(*command, "-o", name)[0] == 0
        assert run("plot", name, "-o", "figure.svg") == (0, "figure.svg\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fit", CSI, *SM, "--free", "rn_xe"], "unknown parameter 'rn_xe'"),
        (["fit", CSI, *SM, "--free", "rn_csi", "rn_cs"], "sets the radius of Cs-133"),
        (["fit", CSI, *SM], "the following arguments are required: --free"),
        (["fit", CSI, "--model", "b-l", "--free", "coupling"], "mass is neither free nor has it a value"),
        (["fit", CSI, *SM, "--free", "rn_csi", "--set", "rn_csi=5"], "rn_csi cannot be free and have the value 5"),
        (["fit", CSI, *SM, "--free", "rn_csi", "--bounds", "rn_csi=5"], "rn_csi=5 is not rn_csi=LOW:HIGH"),
        (["fit", CSI, *SM, "--free", "rn_csi", "--bounds", "rn_csi=1:5"], "rn_csi = 1"),
        (["chi2", CSI, *SM, "--set", "rn_csi"], "'rn_csi' is not NAME=VALUE: give for example"),
        (["chi2", CSI, *SM, "--set", "rn_csi=x"], "rn_csi"),
        (["chi2", CSI, *SM, "--set", "rn_csi=5", "rn_csi=4"], "rn_csi is given twice"),
        (["chi2", CSI, *SM, "--set", "rn_xe=5"], "unknown parameter 'rn_xe'"),
        (["chi2", CSI, *SM, "--set", "sin2_theta_w=2"], "sin2_theta_w = 2"),
        (["contour", CSI, *SM, "--x", "rn_cs", "--y", "rn_i", "--set", "x=1"], "unknown parameter 'x'"),
        (["limit", CSI, "--model", "b-l", "--mass", "1", "--set", "dof=1"], "unknown parameter 'dof'"),
        (["predict", CSI, "--model", "b-l", "--mass", "1", "--set", "mass=2", "coupling=0"], "mass is given twice"),
        (["interval", CSI, *SM, "--parameter", "rn_csi", "--cl", "90"], "confidence level"),
        (["interval", CSI, *SM, "--parameter", "rn_csi", "--profile", "rn_csi"], "rn_csi is named twice"),
        (["contour", CSI, *SM, "--x", "rn_csi", "--y", "rn_csi"], "x and y are both rn_csi"),
        (["contour", CSI, *SM, "--x", "rn_csi"], "required: --y"),
        (["profile", CSI, *SM, "--parameter", "rn_csi", "--values", "6:4:3"], "LOW must be below HIGH"),
        (["fit", CSI, *SM, "--free", "sin2_theta_w", "--prior", "rn_csi=5:0.1"], "rn_csi has the prior"),
        (["fit", CSI, *SM, "--free", "rn_csi", "--prior", "rn_csi=5:0"], "sigma of rn_csi"),
        (["fit", CSI, "--model", "b-l", "--free", "coupling", "--mass", "10"], "--set mass=10; see cevns fit --help"),
        (["fit", CSI, *SM, "--free", "rn_csi", "--sin2_theta_w=0.2"], "--set sin2_theta_w=0.2; see cevns fit --help"),
        (["fit", CSI, *SM, "--free", "rn_csi", "--values", "3"], "arguments: --values 3; see cevns fit --help"),
    ],
)
def test_what_is_refused(run, words, message):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


BEHIND = {
    "reproduce": (
        ["2005.01645", "--output", "x", "figure1", "figure2"],
        "figures",
        ["2005.01645", "figure1", "figure2"],
    ),
    "predict": ([CSI, "--model", "sm", ARGON], "experiments", [CSI, ARGON]),
    "chi2": ([CSI, "--json", ARGON], "experiments", [CSI, ARGON]),
    "limit": ([CSI, "--cl", "0.9", ARGON, "--json"], "experiments", [CSI, ARGON]),
    "fit": ([CSI, "--free", "mass", "--threads", "2", ARGON], "experiments", [CSI, ARGON]),
    "profile": ([CSI, "--values", "1:2:3", "--parameter", "mass", ARGON], "experiments", [CSI, ARGON]),
    "interval": ([CSI, "--parameter", "mass", ARGON], "experiments", [CSI, ARGON]),
    "contour": ([CSI, "--x", "mass", ARGON, "--y", "coupling"], "experiments", [CSI, ARGON]),
    "scan": ([CSI, "--mass", "1:2:3", "--coupling", "1:2:3", "-o", "x.npz", ARGON], "experiments", [CSI, ARGON]),
    "sensitivity": ([CSI, "--exposure", "1", "2", "--threads", "2", ARGON], "experiments", [CSI, ARGON]),
    "significance": ([CSI, "--mass", "1", "--dof", "2", ARGON], "experiments", [CSI, ARGON]),
    "cite": ([CSI, "--model", "sm", ARGON], "experiments", [CSI, ARGON]),
    "bounds plot": (["b-l", "--mass-unit", "GeV", "one", "-o", "x.png", "two"], "names", ["one", "two"]),
    "bounds list": (["--json", "b-l"], "model", "b-l"),
    "bounds show": (["b-l", "--json", "one"], "name", "one"),
    "plot": (["one.npz", "-o", "x.png", "two.npz"], "files", ["one.npz", "two.npz"]),
    "toys": ([CSI, "--free", "coupling", "--toys", "10", ARGON], "experiments", [CSI, ARGON]),
    "goodness": ([CSI, "--free", "coupling", "--toys", "10", ARGON], "experiments", [CSI, ARGON]),
    "coverage": ([CSI, "--free", "coupling", "--dof", "1", ARGON], "experiments", [CSI, ARGON]),
    "explore": ([CSI, "--port", "5010", ARGON], "experiments", [CSI, ARGON]),
    "feldman-cousins": ([CSI, "--grid", "coupling=0:1:3", "--precision", "0.1", ARGON], "experiments", [CSI, ARGON]),
    "toys merge": (["one", "-o", "all", "two", "three"], "folders", ["one", "two", "three"]),
    "config validate": (["--json", "x.toml"], "file", "x.toml"),
}


@pytest.mark.parametrize("command", BEHIND)
def test_words_behind_options_are_what_they_would_be_before(command):
    """Of every command that takes words, some of them on either side of an option."""
    words, name, expected = BEHIND[command]
    assert getattr(parse([*command.split(), *words]), name) == expected


def test_every_command_that_takes_words_is_among_them():
    _, names = build()
    takes_none = {"list", "bounds", "config"}
    takes = {command if command in names else command.partition(" ")[0] for command in BEHIND}
    assert takes == {*names} - takes_none | {"bounds", "config"}


def test_words_that_belong_to_nothing_are_refused(run):
    for words in (
        ["config", "validate", "one.toml", "two.toml"],
        ["bounds", "list", "b-l", "--json", "scalar"],
        ["bounds", "show", "b-l", "--json", "one", "two"],
        ["list", "--json", "models"],
    ):
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert f"unrecognized arguments: {words[-1]}; see cevns {words[0]}" in err
    _, _, err = run("chi2", CSI, "--model", "nsi", "--eps_u_ee", "0.3")
    assert "parameters have their values from --set, --set eps_u_ee=0.3" in err
