"""The template of configuration files, and the command line with a file."""

import json
import re
import tomllib

import numpy as np
import pytest
from configs import KNOWN, TARGET, own

from cevns.cli import main
from cevns.config import (
    axes,
    counts,
    document,
    experiments,
    fluxes,
    load_config,
    models,
    responses,
    systematics,
    targets,
    template,
)
from cevns.config.readers import Section

# the template and the command line


def test_the_template_works_as_it_is(load):
    config = load(template())
    assert {a.flavours: (a.proton, a.neutron) for a in config.model.amplitudes}["mu", "mu"] == pytest.approx((-3, -3))
    assert np.isfinite(config.likelihood.chi2(config.model, mass=10, coupling=1e-5))
    # invented data that the standard model describes
    assert config.likelihood.chi2("sm") < 3


def test_the_template_names_every_key_and_kind():
    text, words = template(), set()
    rooms = (axes, counts, document, experiments, fluxes, models, responses, systematics, targets)
    for section in [value for room in rooms for value in vars(room).values()]:
        if isinstance(section, Section):
            words |= section.keys.keys()
        elif isinstance(section, dict):
            for kind, part in section.items():
                if isinstance(part, Section):
                    words |= {kind, *part.keys}
    for _, section in models._MODELS:
        words |= section.keys.keys()
    assert {"schema", "lindhard", "edges", "up", "reactor", "sigma_us"} <= words
    rare = {"references", "histogram", "beyond", "degree", "fission_fractions", "energy_per_fission_mev", "reference"}
    rates = {word for word in words if word.endswith("_per_s")}
    assert sorted(word for word in words - rare - rates if not re.search(rf"\b{word}\b", text)) == []


def run(capsys, *argv):
    code = main([str(word) for word in argv])
    return code, *capsys.readouterr()


def test_the_command_line_prints_and_validates_the_template(capsys, tmp_path):
    code, out, err = run(capsys, "config", "template")
    assert (code, err) == (0, "")
    assert tomllib.loads(out)["schema"] == 1
    path = tmp_path / "mine.toml"
    path.write_text(out, encoding="utf-8")
    code, out, err = run(capsys, "config", "validate", path, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"file": str(path), "experiments": ["germanium"], "model": "b-3lmu"}


def test_validation_meets_what_only_a_prediction_can(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    radius = "[nuclei.X]\nprotons = 1\nneutrons = 1\natomic_mass_u = 2\nproton_radius_fm = 0.5\nneutron_radius_fm = 2\n"
    path.write_text(own(target=TARGET.replace("Ar-40", "X").replace("39.96", "2"), tail=radius), encoding="utf-8")
    code, out, err = run(capsys, "config", "validate", path)
    assert (code, out, err.count("\n")) == (2, "", 2)
    assert f"{path} has 1 problem(s):\n  (1) experiment 'mine'" in err
    assert "0.5" in err


def test_problems_are_one_line_on_stderr(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(own(flux="", target=""), encoding="utf-8")
    code, out, err = run(capsys, "predict", "--config", path, "--model", "sm")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "(1) experiment[1].flux: missing (2) experiment[1].target: missing" in err


def test_validation_prints_one_problem_per_line(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(own(flux="", target=""), encoding="utf-8")
    code, out, err = run(capsys, "config", "validate", path)
    assert (code, out) == (2, "")
    first, *problems = err.splitlines()
    assert first == f"cevns: error: {path} has 2 problem(s):"
    assert problems == ["  (1) experiment[1].flux: missing", "  (2) experiment[1].target: missing"]


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(KNOWN + own().removeprefix("schema = 1\n") + '[model]\nname = "b-l"\n', encoding="utf-8")
    return path


def test_commands_take_experiments_and_model_from_a_configuration(capsys, two):
    point = ["--mass", "10", "--coupling", "5e-5", "--json"]
    code, out, _ = run(capsys, "chi2", "--config", two, *point)
    config = load_config(two)
    assert code == 0
    assert json.loads(out)["chi2"] == pytest.approx(config.likelihood.chi2("b-l", 10, 5e-5))
    assert list(json.loads(out)["experiments"]) == ["coherent-argon-2020", "mine"]

    # names choose among the configuration's experiments, and --model goes before its model
    _, out, _ = run(capsys, "predict", "mine", "--config", two, "--model", "universal", *point)
    assert json.loads(out)["experiment"] == "mine"
    assert json.loads(out)["model"] == "universal"

    _, out, _ = run(capsys, "limit", "--config", two, "--mass", "50", "--json")
    found = config.likelihood.limit("b-l", 50.0)
    assert json.loads(out)["limits"] == [{"mass": 50, "excluded": [[found.lowest[0], None]]}]

    grid = two.parent / "grid.npz"
    code, *_ = run(capsys, "scan", "--config", two, "--mass", "1:10:3", "--coupling", "1e-6:1e-4:3", "-o", grid)
    assert code == 0
    figure = two.parent / "grid.png"
    code, *_ = run(capsys, "plot", grid, "-o", figure)
    assert code == 0
    assert figure.stat().st_size > 0


def test_a_contact_model_is_not_scanned_but_limited(capsys, two):
    text = two.read_text(encoding="utf-8").replace('name = "b-l"', 'name = "nsi"\nup = {e = 1}')
    two.write_text(text, encoding="utf-8")
    grids = ["--mass", "1:10:3", "--coupling", "1e-3:1:3", "-o", two.with_suffix(".npz")]
    code, out, err = run(capsys, "scan", "--config", two, *grids)
    assert (code, out) == (2, "")
    assert "use cevns limit or cevns chi2\n" in err
    assert run(capsys, "limit", "--config", two)[0] == 0


def test_a_contact_model_has_no_mass_and_takes_negative_couplings(capsys, two):
    text = two.read_text(encoding="utf-8").replace('name = "b-l"', "up = {e = 1, mu = 1}")
    two.write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "predict", "mine", "--config", two, "--coupling", "-1e-2", "--json")
    assert (code, err) == (0, "")
    assert (json.loads(out)["mass"], json.loads(out)["coupling"]) == (None, -0.01)
    _, out, _ = run(capsys, "predict", "mine", "--config", two, "--json")
    assert json.loads(out)["coupling"] == 1.0
    code, out, err = run(capsys, "limit", "--config", two, "--json")
    assert (code, err) == (0, "")
    (entry,) = json.loads(out)["limits"]
    assert entry["mass"] is None
    assert entry["excluded"][0][0] is None
    assert entry["excluded"][-1][1] is None
    assert json.loads(out)["best_fit"]["mass"] is None


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["other"], "unknown experiment of"),
        (["--quenching", "constant"], "set quenching in [[experiment]] of"),
        (["--form-factor", "helm"], "set form_factor in [[experiment]] of"),
        (["--electrons", "free"], "data that a file expects of a model depend on it, too; set electrons in"),
        (["--option", "systematics=core"], "set it in [[experiment]] of"),
    ],
    ids=["unknown experiment", "quenching", "form factor", "electrons", "option"],
)
def test_options_that_do_not_go_with_a_configuration_are_refused(capsys, two, argv, word):
    code, out, err = run(capsys, "chi2", *argv, "--config", two, "--mass", "1", "--coupling", "0")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert word in err
