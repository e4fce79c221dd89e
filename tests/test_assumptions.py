"""Results say what was assumed: options, replaced fields, data that are none, priors and weak couplings."""

import dataclasses
import json
import pickle

import numpy as np
import pytest

from cevns import Likelihood, load
from cevns.errors import DataError, InputError
from cevns.inference import Limit, Result
from cevns.interactions import TREE_LEVEL_COUPLINGS, get_interaction
from cevns.likelihoods import Background

MASSES = [1.0, 10.0]
COUPLINGS = {"coupling": [0.0, 1e-4, 2e-4]}


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        (lambda e: e, ()),
        (lambda e: e.replace(signal_sigma=0.2, label="mine"), ("signal_sigma = 0.2",)),
        (lambda e: e.replace(signal_sigma=e.signal_sigma), ()),
        (lambda e: e.replace(form_factor="point").replace(form_factor="helm"), ("form_factor = helm",)),
        (lambda e: e.replace(backgrounds=[Background("none", [0.0] * 12, 0.1)]), ("other backgrounds",)),
        (lambda e: e.with_data(np.array(e.observed) + 1), ("other data",)),
        (lambda e: e.replace(observed=np.array(e.observed) + 1), ("other data",)),
        (lambda e: e.asimov(), ("expected data",)),
        (lambda e: e.asimov("b-l", mass=10, coupling=5e-5), ("expected data of b-l with mass=10, coupling=5e-05",)),
        (lambda e: e.asimov().with_data(e.observed), ("other data",)),
        (lambda e: e.scaled(4.0).scaled(2.0), ("exposure x 8", "expected data")),
        (lambda e: e.above(30.0), ("threshold = 30 keVee",)),
        (lambda e: dataclasses.replace(e, expected=True), ("expected data",)),
    ],
)
def test_an_experiment_knows_how_it_differs(argon, changed, differs):
    found = changed(argon)
    assert found.differs == differs
    assert pickle.loads(pickle.dumps(found)).differs == differs


@pytest.mark.parametrize(
    ("name", "options", "differs"),
    [
        ("coherent-csi-2017", {"quenching": "chicago-3"}, ()),
        (
            "coherent-csi-2017",
            {"quenching": "constant", "form_factor": "point"},
            ("quenching = constant", "form_factor = point"),
        ),
        ("xenonnt-8b-2026", {"runs": ["sr0", "sr1"]}, ()),
        ("xenonnt-8b-2026", {"runs": ["sr0"]}, ("runs = sr0",)),
        ("coherent-csi-2021", {"systematics": "core"}, ("systematics = core",)),
    ],
)
def test_options_of_load_are_told(name, options, differs):
    found = load(name, **options)
    assert found.differs == differs
    # what is said is no part of what is computed
    assert found == found.replace(changes=())


def test_changes_are_pairs_of_texts(argon):
    with pytest.raises(InputError, match="changes"):
        argon.replace(changes=["constant"])


@pytest.fixture(scope="module")
def changed(argon):
    csi = load("coherent-csi-2017", quenching="constant")
    return Likelihood([csi, argon])


def results_of(likelihood, model):
    return {
        "limit": likelihood.limit(model, mass=MASSES),
        "scan": likelihood.scan(model, MASSES, [1e-5, 1e-4]),
        "fit": likelihood.best_fit(model),
        "profile": likelihood.profile(model, "sin2_theta_w", [0.2, 0.3], mass=10.0, coupling=0.0),
        "interval": likelihood.interval(model, "sin2_theta_w", mass=10.0, coupling=0.0),
        "sensitivity": likelihood.sensitivity(model, mass=MASSES, bands="none"),
        "toys": likelihood.toys(model, 64, free="coupling", mass=10.0, coupling=1e-4),
        "feldman_cousins": likelihood.feldman_cousins(model, COUPLINGS, mass=10.0, toys=256, most=256),
    }


def test_results_carry_them_and_so_do_their_files(changed, tmp_path):
    model = get_interaction("b-l").replace(weak=TREE_LEVEL_COUPLINGS)
    wanted = ("tree-level weak couplings", "coherent-csi-2017: quenching = constant")
    for kind, found in results_of(changed, model).items():
        assert found.assumptions == wanted, kind
        path = tmp_path / f"{kind}{found.suffix}"
        found.save(path)
        assert Result.load(path) == found
        assert all(text in repr(found) for text in wanted)
        # the legend has labels for names
        assert "CsI: quenching = constant" in found.title


def test_priors_are_told(argon):
    found = argon.with_priors(rn_ar=(3.4, 0.1)).interval("sm", "rn_ar")
    assert found.assumptions == ("prior rn_ar = 3.4 +- 0.1",)
    assert argon.interval("sm", "rn_ar", priors={"rn_ar": (3.4, 0.1)}).assumptions == found.assumptions


def test_expected_data_are_named_in_legends_reprs_and_files(both, tmp_path):
    curve = both.asimov().limit("b-l", mass=MASSES)
    assert "expected data" in repr(curve)
    assert curve.plot().get_legend_handles_labels()[1][0].startswith("$B-L$: CsI + Ar (expected data), 90%")
    curve.save(tmp_path / "curve.csv")
    assert '"expected data"' in (tmp_path / "curve.csv").read_text()
    # of what is expected anyhow the data do not matter
    assert both.asimov().sensitivity("b-l", mass=MASSES, bands="none").assumptions == ()


def test_what_is_as_usual_is_not_said(both):
    for found in results_of(both, "b-l").values():
        assert found.assumptions == ()


def test_files_without_them_are_read_and_wrong_ones_refused(argon, tmp_path):
    path = tmp_path / "curve.csv"
    argon.asimov().limit("b-l", mass=MASSES).save(path)
    first, *rest = path.read_text().splitlines()
    mark, about = first[: first.index("{")], json.loads(first[first.index("{") :])
    for value, wrong in ((["x"], False), (None, True), ([1], True)):
        path.write_text("\n".join([mark + json.dumps(about | {"assumptions": value}), *rest]) + "\n")
        if wrong:
            with pytest.raises(DataError, match="assumption"):
                Limit.load(path)
        else:
            assert Limit.load(path).assumptions == ("x",)
    del about["assumptions"]
    path.write_text("\n".join([mark + json.dumps(about), *rest]) + "\n")
    assert Limit.load(path).assumptions == ()


def test_commands_say_them(run, run_json, tmp_path):
    csi = ["coherent-csi-2017", "--quenching", "constant", "--model", "b-l", "--weak", "tree-level"]
    point = ["--mass", "10", "--coupling", "1e-5"]
    path = tmp_path / "curve.csv"
    wanted = ["tree-level weak couplings", "quenching = constant"]
    command = ["limit", *csi, "--mass", "1", "10", "-o", str(path)]
    assert run_json(*command)["assumptions"] == wanted
    assert all(text in path.read_text().splitlines()[0] for text in wanted)
    assert all(text in run(*command)[1] for text in wanted)
    for command in (
        ["chi2", *csi, *point],
        ["significance", *csi, *point],
        ["fit", *csi, "--free", "coupling", "--set", "mass=10"],
    ):
        assert run_json(*command)["assumptions"] == wanted
    assert run_json("predict", *csi, *point)["assumptions"] == ["quenching = constant"]
    assert "coherent-csi-2017 (quenching = constant)  b-l, tree-level" in run("predict", *csi, *point)[1]
    assert "assumptions" not in run_json("chi2", "coherent-csi-2017", "--model", "b-l", *point)
