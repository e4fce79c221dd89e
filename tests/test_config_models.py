"""Models of a configuration file on the command line: every kind, several of them, and by name."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from configs import KNOWN

import cevns
from cevns.cli import main
from cevns.config import load_config, models
from cevns.interactions import (
    TREE_LEVEL_COUPLINGS,
    NonStandardInteractions,
    PseudoscalarMediator,
    ScalarMediator,
    TensorMediator,
    Upscattering,
    VectorMediator,
    contact,
    mediated,
)

EXPERIMENT = """schema = 1
[[experiment]]
name = "coherent-argon-2020"
electrons = "free"
"""
MODELS = """
[[model]]
kind = "vector"
name = "signed"
quarks = [1, 1]
leptons = {e = 1, mu = 1}
signed = true
[[model]]
kind = "scalar"
name = "protons"
proton = 14
neutron = 0
[[model]]
kind = "pseudoscalar"
name = "axion"
[[model]]
kind = "tensor"
name = "spins"
proton = 0.85
neutron = 0.08
[[model]]
kind = "upscattering"
name = "heavy"
exchange = "vector"
proton = 1
neutron = 1
[[model]]
kind = "upscattering"
name = "heavy scalar"
exchange = "scalar"
proton = 14
neutron = 15
neutrinos = {mu = 1}
"""
#: The same in Python, with a point.
EXPECTED = {
    "signed": (
        VectorMediator("signed", quarks=(1, 1), leptons={"e": 1, "mu": 1}, signed=True),
        {"mass": 20.0, "coupling_squared": -3e-9},
    ),
    "protons": (ScalarMediator("protons", proton=14, neutron=0), {"mass": 20.0, "coupling": 3e-5}),
    "axion": (PseudoscalarMediator("axion"), {"mass": 1.0, "coupling": 3e-3}),
    "spins": (TensorMediator("spins", proton=0.85, neutron=0.08), {"mass": 20.0, "coupling": 3e-5}),
    "heavy": (
        Upscattering("heavy", exchange="vector", proton=1, neutron=1),
        {"mass": 20.0, "coupling": 1e-4, "m_chi": 5.0},
    ),
    "heavy scalar": (
        Upscattering("heavy scalar", exchange="scalar", proton=14, neutron=15, neutrinos={"mu": 1}),
        {"mass": 20.0, "coupling": 3e-5, "m_chi": 5.0},
    ),
}


@pytest.fixture
def file(tmp_path):
    """Write a configuration and return its path."""

    def file(text=EXPERIMENT + MODELS):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return file


@pytest.fixture(scope="module")
def argon():
    return cevns.load("coherent-argon-2020").replace(electrons="free")


def settings(point):
    return ["--set", *(f"{name}={value!r}" for name, value in point.items())]


def test_several_models_go_by_name(file):
    config = load_config(file())
    assert config.model is None
    assert config.models == {name: model for name, (model, _) in EXPECTED.items()}
    (only,) = load_config(file(f'{EXPERIMENT}[model]\nname = "b-l"\n')).models.values()
    assert only == cevns.get_interaction("b-l")
    assert load_config(file(EXPERIMENT)).models == {}


@pytest.mark.parametrize("name", EXPECTED)
def test_commands_take_every_kind(run_json, file, argon, name):
    (model, point), path = EXPECTED[name], file()
    common = ["--config", path, "--model", name]
    chi2 = argon.chi2(model, **point)
    assert chi2 != pytest.approx(argon.chi2("sm"), rel=1e-6)
    found = run_json("chi2", *common, *settings(point))
    assert found["values"] == point
    assert found["chi2"] == pytest.approx(chi2, rel=1e-12)
    found = run_json("predict", *common, *settings(point))
    assert found["signal"] == pytest.approx(argon.predict(model, **point).signal.tolist(), rel=1e-12)
    coupling = next(parameter for parameter in point if parameter.startswith("coupling"))
    fixed = {parameter: value for parameter, value in point.items() if parameter != coupling}
    found = run_json("fit", *common, "--free", coupling, *settings(fixed))
    expected = argon.fit(model, free=[coupling], **fixed)
    assert found["chi2_min"] == pytest.approx(expected.chi2, rel=1e-9)
    rest = {parameter: value for parameter, value in fixed.items() if parameter != "mass"}
    found = run_json("limit", *common, "--mass", 10, 20, *(settings(rest) if rest else []))
    low, high = np.array(found["limits"][1]["excluded"], dtype=float).T
    expected = argon.limit(model, mass=[10.0, 20.0], **rest).excluded[1].T
    # an end that is open is null
    for ends, others in zip((low, high), expected, strict=True):
        np.testing.assert_allclose(ends[np.isfinite(others)], others[np.isfinite(others)], rtol=1e-9)
        assert np.isnan(ends[np.isinf(others)]).all()


def test_models_of_the_file_go_before_those_built_in(run_json, run, file):
    text = f'{EXPERIMENT}[[model]]\nkind = "scalar"\nname = "b-l"\nproton = 3\n[[model]]\nname = "sm"\n'
    path, point = file(text), ["--mass", 20, "--coupling", 3e-5]
    own = run_json("chi2", "--config", path, "--model", "b-l", *point)["chi2"]
    assert own != run_json("chi2", "coherent-argon-2020", "--model", "b-l", *point)["chi2"]
    # another one that is built in has the weak couplings of the file, if these are one
    code, out, err = run("chi2", "--config", path)
    assert (code, out) == (2, "")
    assert "--model is missing: give one of b-l, sm" in err
    path = file(text.replace('name = "sm"', 'name = "sm"\nweak = "tree-level"'))
    assert run_json("fit", "--config", path, "--model", "sm", "--free", "rn_ar")["weak"] == "tree-level"
    code, _, err = run("chi2", "--config", path, "--model", "universal", *point)
    assert (code, "different weak couplings: say which by --weak" in err) == (2, True)
    found = run_json("chi2", "--config", path, "--model", "universal", "--weak", "tree-level", *point)
    tree = cevns.get_interaction("universal").replace(weak=TREE_LEVEL_COUPLINGS)
    argon = cevns.load("coherent-argon-2020").replace(electrons="free")
    assert found["chi2"] == pytest.approx(argon.chi2(tree, 20.0, 3e-5), rel=1e-12)


def test_validation_folds_every_model(run, run_json, file):
    found = run_json("config", "validate", file())
    assert (found["model"], found["models"]) == (None, [*EXPECTED])
    _, out, _ = run("config", "validate", file())
    assert f"models {', '.join(EXPECTED)}" in out
    code, _, err = run("config", "validate", file((EXPERIMENT + MODELS).replace('electrons = "free"\n', "")))
    assert code == 2
    assert "1 problem(s)" in err
    assert "(1) experiment 'coherent-argon-2020': interaction 'axion' has a pseudoscalar" in err
    assert 'electrons = "shells"' in err


def test_the_page_shows_every_kind(tmp_path, monkeypatch, capsys):
    """Its file is valid, and its commands work."""
    page = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
    section = page.partition("## Models in a configuration\n")[2].partition("\n## ")[0]
    (text,), (commands,) = (re.findall(rf"```{kind}\n(.*?)```", section, flags=re.DOTALL) for kind in ("toml", "sh"))
    assert set(re.findall(r'kind = "(.*)"', text)) == {*models._KINDS}
    assert {*models._KINDS} <= set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    (tmp_path / "models.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {model for model in load_config("models.toml").models if model in commands}
    assert len(names) == 5
    for command in commands.splitlines():
        assert main(shlex.split(command)[1:]) == 0, capsys.readouterr().err


BUILT = {
    "charges": (
        'name = "m"\nlabel = "$m$"\ndescription = "d"\nreference = "r"\n'
        "quarks = [0.5, -1]\nleptons = {e = 1, mu = -2}\n",
        VectorMediator("m", quarks=(0.5, -1), leptons={"e": 1, "mu": -2}, label="$m$", description="d", reference="r"),
    ),
    "contact": (
        "up = {e = 0.1}\ndown = {mu = 0.2}\n",
        NonStandardInteractions(up={"e": 0.1}, down={"mu": 0.2}),
    ),
    "nucleons": (
        'name = "m"\nproton = {e = 1}\nneutron = {mu = 2}\nleptons = {mu = 1}\nweak = "tree-level"\n',
        mediated("m", proton={"e": 1}, neutron={"mu": 2}, leptons={"mu": 1}, weak=TREE_LEVEL_COUPLINGS),
    ),
    "contact nucleons": (
        'name = "m"\nneutron = {mu = 2}\nmediated = false\n',
        contact("m", proton={}, neutron={"mu": 2}),
    ),
    "electrons": (
        'name = "m"\nproton = {e = 1}\nelectron = {e = -1, mu = 2}\n',
        mediated("m", proton={"e": 1}, neutron={}, electron={"e": -1, "mu": 2}),
    ),
    "kind of vector": (
        'kind = "vector"\nname = "m"\nquarks = [0.5, -1]\nleptons = {e = 1}\nlagrangian = "L = 0"\n',
        VectorMediator("m", quarks=(0.5, -1), leptons={"e": 1}, lagrangian="L = 0"),
    ),
    "signed charges": (
        'name = "m"\nquarks = [1, 1]\nleptons = {mu = 1}\nsigned = true\n',
        VectorMediator("m", quarks=(1, 1), leptons={"mu": 1}, signed=True),
    ),
    "signed nucleons": (
        'kind = "vector"\nname = "m"\nneutron = {mu = 2}\nsigned = true\n',
        mediated("m", proton={}, neutron={"mu": 2}, signed=True),
    ),
    "scalar": (
        'kind = "scalar"\nname = "m"\nproton = 14\nneutron = 15.1\nelectron = 0.5\nneutrinos = {mu = 1}\n',
        ScalarMediator("m", proton=14, neutron=15.1, electron=0.5, neutrinos={"mu": 1}),
    ),
    "universal scalar": ('kind = "scalar"\nname = "m"\n', ScalarMediator("m")),
    "pseudoscalar": (
        'kind = "pseudoscalar"\nname = "m"\nelectron = 2\nneutrinos = {e = 1}\n',
        PseudoscalarMediator("m", electron=2, neutrinos={"e": 1}),
    ),
    "tensor": (
        'kind = "tensor"\nname = "m"\nproton = 0.85\nneutron = 0.08\nweak = "tree-level"\n',
        TensorMediator("m", proton=0.85, neutron=0.08, weak=TREE_LEVEL_COUPLINGS),
    ),
    "vector upscattering": (
        'kind = "upscattering"\nname = "m"\nexchange = "vector"\nproton = 1\nneutron = -2\n',
        Upscattering("m", exchange="vector", proton=1, neutron=-2),
    ),
    "scalar upscattering": (
        'kind = "upscattering"\nname = "m"\nexchange = "scalar"\nproton = 14\nneutron = 15\nneutrinos = {mu = 1}\n',
        Upscattering("m", exchange="scalar", proton=14, neutron=15, neutrinos={"mu": 1}),
    ),
    "contact electrons": (
        'name = "m"\nelectron = {mu = 2}\nmediated = false\n',
        contact("m", proton={}, neutron={}, electron={"mu": 2}),
    ),
    "built in with other weak couplings": (
        'name = "b-l"\nweak = "tree-level"\n',
        cevns.get_interaction("b-l").replace(weak=TREE_LEVEL_COUPLINGS),
    ),
}


@pytest.mark.parametrize(("text", "expected"), BUILT.values(), ids=list(BUILT))
def test_models(load, text, expected):
    assert load(f"{KNOWN}[model]\n{text}").model == expected
