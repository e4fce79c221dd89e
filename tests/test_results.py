"""Results: equal by value, shown in notebooks, saved as tables, and saying where they end."""

import copy
import dataclasses
import inspect
import json
import math
import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns import fluxes
from cevns.arrays import equal
from cevns.bounds.magnetic_moments import coupling_for_shift, magnetic_moment_shift
from cevns.bounds.trident import trident_ratio
from cevns.errors import DataError, InputError
from cevns.figures import reproduce
from cevns.inference import Contour, Estimate, Fit, Interval, Limit, Profile, Result, Scan, delta_chi2, headers
from cevns.inference.archives import write_archive
from cevns.interactions import Amplitude, Interaction, NonStandardInteractions
from cevns.parameters import LARGEST_MASS, Parameter, coupling
from cevns.predictions import nsi_quadratic_form, predict
from cevns.tabular import MOST_ROWS, html
from cevns.threads import share

CONTACT = NonStandardInteractions(up={"e": 1.0})


@pytest.fixture(scope="module")
def curve(both):
    return both.limit("universal", [10.0, 30.0, 200.0])


# --- equality


def everything(argon):
    pdar = fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=20)
    return [
        argon,
        argon + cevns.load("coherent-csi-2017"),
        argon.response,
        argon.target,
        pdar,
        pdar.spectra[0][1],
        argon.predict("b-l", [1.0, 10.0], 1e-5),
        argon.pulls("b-l", 10.0, 1e-5),
        argon.limit("b-l", [1.0, 10.0]),
        argon.limit("b-l", 1.0, reference=3.0),
        argon.limit(CONTACT),
        argon.scan("b-l", [1.0, 2.0], [1e-5, 1e-4]),
        argon.best_fit("b-l", mass=10.0),
    ]


def test_everything_is_equal_by_value(argon):
    first, second = everything(argon), everything(cevns.load("coherent-argon-2020"))
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        assert (a == b) is True
        assert (a != b) is False
        assert (a == pickle.loads(pickle.dumps(a))) is True
        assert (a == copy.deepcopy(a)) is True
        assert (a == 1) is False
        assert [a == other for other in second].count(True) == 1, f"entry {i}"


def test_equal_inputs_have_equal_hashes(argon):
    first, second = everything(argon)[:6], everything(cevns.load("coherent-argon-2020"))[:6]
    assert list(map(hash, first)) == list(map(hash, second))
    assert len(set(first + second)) == 6


def test_results_with_arrays_have_no_hash(argon, curve):
    for result in (curve, curve.best_fit, argon.predict("sm"), argon.scan("b-l", [1.0, 2.0], [1e-5, 1e-4])):
        with pytest.raises(TypeError, match="unhashable"):
            hash(result)


def test_a_changed_number_makes_the_difference(argon, csi):
    assert argon.replace(signal_sigma=0.135) != argon
    assert argon.replace(flux=csi.flux) != argon
    changed = argon.predict("sm")
    changed.signal[3] += 1e-9
    assert changed != argon.predict("sm")
    assert argon.flux != argon.flux + argon.flux


def test_equal_arrays():
    assert equal(np.array([1.0, math.nan]), np.array([1.0, math.nan]))
    assert not equal(np.array([1.0]), np.array([1.0, 1.0]))
    assert not equal(np.array([1.0]), np.array([[1.0]]))
    assert equal({"a": [math.nan]}, {"a": [math.nan]})
    assert not equal({"a": 1}, {"b": 1})
    assert not equal((1, 2), (1,))
    assert equal(np.array(["a"]), np.array(["a"]))


# --- faces


def test_signatures_name_every_option(argon, both):
    ours = ("best_fit", "limit", "scan", "fit", "profile", "interval", "contour", "posterior")
    for method in (*ours, "predict", "chi2", "pulls"):
        ours, function = inspect.signature(getattr(both, method)), getattr(cevns.inference, method, None)
        assert ours == inspect.signature(getattr(argon, method)) or method == "predict"
        # what takes the parameters of any interaction names the usual ones; all else, options, are named
        named = [p.name for p in ours.parameters.values() if p.kind is not p.VAR_KEYWORD]
        others = [p for p in ours.parameters.values() if p.kind is p.VAR_KEYWORD]
        points = method in ("predict", "chi2", "pulls")
        assert [p.name for p in others] == (["values"] if points else ["fixed"])
        assert named[:3] == ["interaction", "mass", "coupling"] or not points
        if function is not None:
            beneath = [p.replace(annotation=p.empty) for p in inspect.signature(function).parameters.values()][1:]
            assert [p.replace(annotation=p.empty) for p in ours.parameters.values()] == beneath


def test_experiments_print_a_line(csi):
    assert repr(csi) == "<Experiment coherent-csi-2017: Cs-133 + I-127, 12 bins from 6 to 30 PE>"


def test_notebooks_show_small_tables(argon, both, curve):
    for result, words in (
        (argon, ["coherent-argon-2020", "PBRN", "180.88"]),
        (both, ["coherent-csi-2017", "Ar-40"]),
        (argon.predict("sm"), ["signal", "84.2582", "keVee"]),
        (argon.predict("b-l", [1.0, 2.0], 1e-5), ["shape (2, 12)"]),
        (curve, ["universal", "excluded couplings", "0.9 C.L. for 2 d.o.f."]),
    ):
        text = result._repr_html_()
        assert text.startswith("<table>")
        assert all(word in text for word in words), text
        assert len(text) < 10_000


def test_notebooks_show_names_and_not_their_markup(argon):
    shown = argon.replace(name="<script>&")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;&amp;" in shown


def test_long_tables_are_cut():
    text = html(("x", "y"), [(i, None) for i in range(MOST_ROWS + 5)])
    assert text.count("<tr>") == MOST_ROWS + 2
    assert "5 more" in text


def test_totals_are_signal_and_backgrounds(argon):
    one, many = argon.predict("sm"), argon.predict("b-l", [[1.0], [10.0]], [1e-5, 1e-4, 1e-3])
    np.testing.assert_allclose(one.total, one.signal + one.backgrounds["PBRN"] + one.backgrounds["LBRN"], rtol=1e-15)
    assert many.total.shape == (2, 3, 12)
    np.testing.assert_allclose(many.total[1, 2], many.signal[1, 2] + one.total - one.signal, rtol=1e-13)
    bare = argon.replace(backgrounds=()).predict("sm")
    assert bare.total.tolist() == bare.signal.tolist()


def test_sums_predict_each_experiment(both, csi, argon):
    found = both.predict("b-l", 10, 1e-4, eta=1.05)
    assert found == {e.name: e.predict("b-l", 10, 1e-4, eta=1.05) for e in (csi, argon)}


# --- limits


def test_a_limit_excludes_by_mass_and_coupling(curve):
    low, high = curve.excluded[2][0]
    assert curve.excludes(200.0, [low, high, math.sqrt(low * high), 0.0]).tolist() == [False, False, True, False]
    assert curve.excludes(200.0, 1.0) is True
    assert curve.excludes([[10.0], [200.0]], [1e-6, 1.0]).tolist() == [[False, True], [False, True]]
    assert curve.excludes(30.0 * (1 + 1e-12), 1.0)


@pytest.mark.parametrize("mass", [0, 1, 20.0, 30.001, [10.0, 11.0]])
def test_a_limit_does_not_guess_between_its_masses(curve, mass):
    with pytest.raises(InputError, match="is not among the 3 masses of the limit, the nearest is"):
        curve.excludes(mass, 1e-3)


def test_limits_without_a_mass_exclude_couplings(both, curve):
    contact = both.limit(CONTACT)
    high = contact.excluded[0][0, 1]
    assert contact.excludes(None, [high - 1e-6, high, high + 1e-6]).tolist() == [True, False, False]
    with pytest.raises(InputError, match="no mediator: give None"):
        contact.excludes(10.0, 0.1)
    with pytest.raises(InputError, match="mass is missing"):
        curve.excludes(None, 0.1)
    with pytest.raises(InputError, match="nan"):
        curve.excludes(10.0, math.nan)


def test_published_and_computed_limits_answer_alike(both):
    curve, bound = both.limit("b-l", [50.0]), cevns.bounds.get_bound("b-l", "babar-2014")
    for limit in (curve, bound):
        assert limit.excludes(50.0, [1e-6, 1.0]).tolist() == [False, True]


@pytest.mark.parametrize(
    "make",
    [lambda d: d.limit("universal", [10.0, 200.0]), lambda d: d.limit(CONTACT, cl=0.95)],
    ids=["mediator", "contact"],
)
def test_limits_come_back_from_a_file_as_they_were(both, tmp_path, make):
    limit = make(both)
    limit.save(tmp_path / "limit.csv")
    assert Limit.load(tmp_path / "limit.csv") == limit


def test_masses_without_an_excluded_coupling_come_back(argon, tmp_path):
    limit = argon.limit("universal", [10.0, 20.0], reference=1e5)
    assert [len(i) for i in limit.excluded] == [0, 0]
    limit.save(tmp_path / "limit.csv")
    assert Limit.load(tmp_path / "limit.csv") == limit


def test_the_file_of_a_limit_is_a_table_for_anyone(curve, tmp_path):
    curve.save(tmp_path / "limit.csv")
    rows = np.genfromtxt(tmp_path / "limit.csv", delimiter=",", names=True, skip_header=1)
    assert rows["mass_MeV"].tolist() == [10.0, 30.0, 200.0, 200.0]
    assert rows["excluded_from"][0] == curve.lowest[0]


def test_files_of_limits_that_cannot_be_written(argon, curve, tmp_path):
    with pytest.raises(InputError, match=r"must end in \.csv"):
        curve.save(tmp_path / "limit.txt")
    with pytest.raises(InputError, match="more than once"):
        argon.limit("b-l", [10.0, 10.0]).save(tmp_path / "limit.csv")
    with pytest.raises(DataError, match="cannot write"):
        curve.save(tmp_path / "missing" / "limit.csv")


DAMAGE = {
    "other file": lambda text: "mass,coupling\n1,2\n",
    "empty": lambda text: "",
    "columns": lambda text: text.replace("excluded_to", "to"),
    "format": lambda text: text.replace('"format": 2', '"format": 99'),
    "no model": lambda text: text.replace('"model"', '"name"'),
    "text for a number": lambda text: text.replace("10.0,", "ten,"),
    "nan": lambda text: text.replace("10.0,", "nan,"),
    "negative mass": lambda text: text.replace("10.0,", "-10.0,"),
    "a cell too many": lambda text: text.replace("10.0,", "10.0,1,"),
    "no rows": lambda text: "\n".join(text.splitlines()[:2]),
    "backwards": lambda text: text.replace(",inf", ",0.0"),
    "half": lambda text: text[:60],
    "level beyond one": lambda text: text.replace('"cl": 0.9', '"cl": 90'),
    "no level": lambda text: text.replace('"cl": 0.9', '"cl": NaN'),
    "no degree of freedom": lambda text: text.replace('"dof": 2', '"dof": 0'),
    "half a degree of freedom": lambda text: text.replace('"dof": 2', '"dof": 2.5'),
    "negative delta chi2": lambda text: text.replace('"delta_chi2": ', '"delta_chi2": -'),
    "chi2 without end": lambda text: text.replace('"chi2_min": ', '"chi2_min": 1e999'),
    "chi2 of 400 digits": lambda text: text.replace('"chi2_min": ', f'"chi2_min": {10**400}, "x": '),
    "best fit without chi2": lambda text: text.replace('"chi2": ', '"chi2": NaN, "x": '),
    "best fit maybe at an edge": lambda text: text.replace('"at_edge": ', '"at_edge": "no", "x": '),
    "experiments as a text": lambda text: text.replace('"experiments": [', '"experiments": "ab", "x": ['),
    "a label too few": lambda text: text.replace('"labels": [', '"labels": ["a"], "x": ['),
    "label of half a character": lambda text: text.replace('"labels": ["', '"labels": ["\\ud800'),
    "an empty row": lambda text: text + "\n",
    "a mass again": lambda text: text + "10.0,1.0,2.0\n",
    "other digits": lambda text: text.replace("10.0,", "\u0661\u0660.0,"),
    "grouped digits": lambda text: text.replace("10.0,", "1_0.0,"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_files_that_are_no_limits_are_refused(curve, tmp_path, damage):
    path = tmp_path / "limit.csv"
    curve.save(path)
    text = path.read_text(encoding="utf-8")
    assert damage(text) != text
    path.write_text(damage(text), encoding="utf-8")
    with pytest.raises(DataError, match=r"limit\.csv"):
        Limit.load(path)


@pytest.mark.parametrize("path", ["missing.csv", "a\0.csv", "\ud800.csv", "."])
def test_paths_that_cannot_be_read_are_refused(tmp_path, path):
    error = DataError if path in ("missing.csv", ".") else InputError
    with pytest.raises(error, match=r"cannot read|NUL|file names"):
        Limit.load(os.path.join(tmp_path, path))
    with pytest.raises(error, match=r"cannot read|NUL|file names"):
        cevns.config.load_config(os.path.join(tmp_path, path))


def test_one_default_for_the_degrees_of_freedom(both, argon):
    assert both.limit("b-l", 10.0).dof == 2
    contact = argon.limit(CONTACT)
    assert (contact.dof, contact.delta_chi2) == (1, delta_chi2(0.90, 1))
    assert argon.limit(CONTACT, dof=2).delta_chi2 == delta_chi2(0.90, 2)
    with pytest.raises(InputError, match="dof"):
        argon.limit(CONTACT, dof=0)


# --- edges


def test_a_best_fit_at_the_edge_of_its_masses_says_so(both):
    assert both.best_fit("universal").at_edge is True
    assert both.best_fit("universal", mass_range=(1e2, 1e6)).at_edge is True
    inside = both.best_fit("b-l")
    assert inside.at_edge is False
    assert both.best_fit("b-l", mass_range=(1.0, 0.5 * inside.mass)).at_edge is True
    assert both.best_fit("b-l", mass_range=(2.0 * inside.mass, 1e4)).at_edge is True
    assert both.best_fit("b-l", mass=10.0).at_edge is False
    assert both.best_fit(CONTACT).at_edge is False


def test_a_quenching_scale_at_the_end_of_its_range_says_so(both, csi):
    assert both.pulls("sm").at_edge == ()
    counts = csi.predict("sm", eta=1.45).signal + np.array(csi.backgrounds[0].counts)
    sharp = csi.replace(observed=counts, uncertainty=0.01 * np.sqrt(counts), signal_sigma=1e-3)
    profile = sharp.pulls("sm")
    assert profile.experiments[csi.name]["pulls"]["quenching"] == pytest.approx(5 * csi.quenching_sigma, abs=1e-6)
    assert profile.at_edge == (csi.name,)


# --- threads


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_work_is_done_by_the_threads_that_can_start(monkeypatch, allowed):
    """A system that lets only so many threads start costs time, not the result."""
    start, left = threading.Thread.start, [allowed]

    def limited(thread):
        if left[0] == 0:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    out = np.zeros(1000)

    def fill(part):
        out[part] = np.arange(1000)[part]

    share(fill, 1000, 1e9, 256)
    assert out.tolist() == list(range(1000))


def test_other_errors_of_threads_come_through():
    def fail(part):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        share(fail, 100, 1e9, 4)


# --- files that contradict themselves


def written(tmp_path, curve, rows=None, columns=None, **changes):
    """Write a limit with other entries in its header, or other rows."""
    path = tmp_path / "limit.csv"
    curve.save(path)
    head, titles, *table = path.read_text(encoding="utf-8").splitlines()
    about = json.loads(head.partition("limit ")[2]) | changes
    table = table if rows is None else rows
    path.write_text(
        "\n".join([f"# cevns limit {json.dumps(about)}", columns or titles, *table]) + "\n", encoding="utf-8"
    )
    return path


MASS = {"name": "mass", "unit": "MeV", "low": 0.0, "high": 1e15}
COUPLING = {"name": "coupling", "unit": "", "low": 0.0, "high": 1e10}
FIT = {"chi2": 3.0, "mass": 10.0, "coupling": 1e-4, "at_edge": False}
CONTRADICTIONS = {
    "level": ({"delta_chi2": 2.706}, "delta_chi2 2.706 is not that of cl 0.9 and dof 2, which is 4.60517"),
    "confidence": ({"cl": 0.95}, "which is 5.99146"),
    "freedom": ({"dof": 1}, "which is 2.70554"),
    "too much freedom": ({"dof": 10**30}, "whole number of 31 digits"),
    "units": ({"units": {"mass": "GeV", "coupling": "dimensionless"}}, '"mass": "GeV".*where .*"MeV"'),
    "other units": ({"units": {"mass": "MeV", "time": "s"}}, "units"),
    "no units": ({"units": None}, "units are null"),
    "an experiment twice": ({"experiments": ["a", "a"]}, "more than once"),
    "no name": ({"experiments": ["", "a"]}, "experiments must be a non-empty string"),
    "no label": ({"labels": ["", "a"]}, "labels must be a non-empty string"),
    "truth": ({"experiments": [True, "a"]}, "true"),
    "nothing": ({"best_fit": None}, "best_fit is no JSON object, but null"),
    "a list": ({"best_fit": [1]}, r"but \[1\]"),
    "no edge": ({"best_fit": {**FIT, "at_edge": None}}, "at_edge is no true or false, but null"),
    "other minimum": ({"best_fit": FIT}, "not the chi2 of its best_fit, 3"),
    "negative chi2": ({"best_fit": {**FIT, "chi2": -1.0}, "chi2_min": -1.0}, "negative, -1"),
    "negative best fit": (
        {"best_fit": {**FIT, "coupling": -1e-4}, "chi2_min": 3.0},
        "a coupling is -0.0001, below the 0",
    ),
    "best fit of contact": ({"best_fit": {**FIT, "mass": None}, "chi2_min": 3.0}, "no mass"),
    "heavy best fit": ({"best_fit": {**FIT, "mass": 1e16}, "chi2_min": 3.0}, r"a mass is 1e\+16, above the 1e\+15 MeV"),
    "no coupling": ({"parameters": []}, "parameters has no coupling"),
    "three parameters": ({"parameters": [MASS, {**MASS, "name": "m"}, COUPLING]}, "3 parameters"),
    "parameters as a text": ({"parameters": "mass"}, 'parameters is no list, but "mass"'),
    "a parameter as a text": ({"parameters": ["mass", "coupling"]}, 'parameter is no JSON object, but "mass"'),
    "another parameter": ({"parameters": [{**MASS, "name": "length"}, COUPLING]}, "not length_MeV, excluded_from"),
    "no mass": ({"parameters": [COUPLING]}, "has masses, but its only parameter is coupling"),
    "a mass alone": ({"parameters": [MASS]}, "the coupling comes last|has masses, but its only parameter"),
    "swapped": ({"parameters": [COUPLING, MASS]}, "the coupling comes last"),
    "twice": ({"parameters": [COUPLING, COUPLING]}, "comes more than once"),
    "in GeV": ({"parameters": [{**MASS, "unit": "GeV"}, COUPLING]}, 'mass has the unit "GeV", where "MeV" is needed'),
    "with a unit": ({"parameters": [MASS, {**COUPLING, "unit": "MeV"}]}, 'coupling has the unit "MeV"'),
    "no range": (
        {"parameters": [MASS, {**COUPLING, "high": -1.0}]},
        "range of coupling is not allowed: low = 0.0 must lie below high = -1.0",
    ),
    "above them all": ({"parameters": [MASS, {**COUPLING, "low": 1.0}]}, "below the 1 at which its range ends"),
    "no lower end": ({"parameters": [MASS, {**COUPLING, "low": None}]}, "low is no number, but null"),
    "more of it": ({"parameters": [{**MASS, "colour": "red"}, COUPLING]}, "colour"),
    "nameless": ({"parameters": [{"unit": "MeV"}, COUPLING]}, "no name"),
    "no keyword": ({"parameters": [{**MASS, "name": "m m"}, COUPLING]}, "usable as a keyword"),
    "other kind": ({"kind": "scan"}, 'begins as a limit, but its kind is "scan"'),
    "no kind": ({"kind": None}, "kind is no text, but null"),
    "no name in figures": ({"label": None}, "label is no text"),
    "no masses": ({"rows": [",1e-5,inf"]}, "has no masses, but its parameters are mass and coupling"),
    "negative": ({"rows": ["10.0,-1e-4,1e-3"]}, "a coupling is -0.0001, below the 0 at which its range ends"),
    "from minus infinity": ({"rows": ["10.0,-inf,1e-3"]}, "a coupling is -inf, below the 0"),
    "two spellings": ({"rows": ["10.0,1e-4,1e-3", "10.00,1e-2,inf"]}, "mass 10 comes more than once"),
    "two places": ({"rows": ["10.0,1e-4,1e-3", "20.0,,", "10.0,1e-2,inf"]}, "mass 10 comes more than once"),
    "none, twice": ({"rows": ["10.0,,", "10.0,,"]}, "more than once"),
    "none, and one": ({"rows": ["10.0,,", "10.0,1e-4,inf"]}, "more than once"),
    "no end": ({"rows": ["10.0,1e-4,"]}, "must be one number, got ''"),
    "blank row": ({"rows": ["10.0,1e-4,inf", "", "20.0,1e-4,inf"]}, "line 4 has not 3 cells"),
    "heavy": ({"rows": ["1e200,1e-4,inf"]}, r"a mass is 1e\+200, above the 1e\+15 MeV"),
    "heavier than its range": (
        {"parameters": [{**MASS, "high": 100.0}, COUPLING]},
        "a mass is 200, above the 100 MeV at which its range ends",
    ),
    "no end of masses": (
        {"parameters": [{"name": "mass", "unit": "MeV"}, COUPLING], "rows": ["1e16,1e-4,inf"]},
        r"a mass is 1e\+16, above the 1e\+15 MeV",
    ),
    "strong": ({"rows": ["10.0,1e-4,1e11"]}, r"a coupling is 1e\+11, above the 1e\+10"),
    "stronger than its range": (
        {"parameters": [MASS, {**COUPLING, "high": 1.0}], "rows": ["10.0,1e-4,1.5"]},
        "a coupling is 1.5, above the 1 at which its range ends",
    ),
    "best fit beyond the range": (
        {"parameters": [MASS, {**COUPLING, "high": 1e-5}], "rows": ["10.0,,"], "best_fit": FIT, "chi2_min": 3.0},
        "a coupling is 0.0001, above the 1e-05",
    ),
}


@pytest.mark.parametrize(("changes", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_limits_that_contradict_themselves_are_refused(curve, tmp_path, changes, words):
    assert Limit.load(written(tmp_path, curve)) == curve
    with pytest.raises(DataError, match=rf"(?s)limit\.csv is damaged: .*{words}") as refused:
        Limit.load(written(tmp_path, curve, **changes))
    # what stands in the file is shown as it stands there
    for word in ("None", "True", "NoneType", "indices", "could not convert", "object is not"):
        assert word not in str(refused.value)


def test_a_contact_limit_has_both_signs_and_no_best_mass(argon, tmp_path):
    curve = argon.limit(CONTACT)
    assert curve.excluded[0].min() < 0
    assert Limit.load(written(tmp_path, curve)) == curve
    fit = {**FIT, "chi2": curve.chi2_min}
    with pytest.raises(DataError, match="has a mass"):
        Limit.load(written(tmp_path, curve, best_fit=fit))
    with pytest.raises(DataError, match="has no masses, but its parameters are mass and coupling"):
        Limit.load(written(tmp_path, curve, parameters=[MASS, COUPLING]))
    with pytest.raises(DataError, match="a coupling is -inf, below the 0"):
        Limit.load(written(tmp_path, curve, parameters=[COUPLING]))
    with pytest.raises(DataError, match=r"not excluded_from, excluded_to"):
        Limit.load(written(tmp_path, curve, rows=[",1e-4,inf"], columns="mass_MeV,excluded_from,excluded_to"))
    narrow = {"name": "coupling", "unit": "", "low": -1.0, "high": 1.0}
    # what goes on at the end of a range is open
    opened = Limit.load(written(tmp_path, curve, parameters=[narrow], rows=["-inf,-0.5"]))
    assert opened.excluded[0].tolist() == [[-np.inf, -0.5]]
    for row, end in (("-2.0,0.5", "-2, below the -1"), ("0.5,2.0", "2, above the 1")):
        with pytest.raises(DataError, match=f"a coupling is {end}"):
            Limit.load(written(tmp_path, curve, parameters=[narrow], rows=[row]))
    fit = {**FIT, "mass": None, "coupling": -2.0, "chi2": curve.chi2_min}
    with pytest.raises(DataError, match="a coupling is -2, below the -1"):
        Limit.load(written(tmp_path, curve, parameters=[narrow], rows=["-0.5,0.5"], best_fit=fit))


def test_a_reference_below_every_chi2_comes_back(argon, tmp_path):
    curve = argon.limit("b-l", [10.0, 20.0], reference=0.0)
    curve.save(tmp_path / "limit.csv")
    assert Limit.load(tmp_path / "limit.csv") == curve


def test_equal_labels_come_back(argon, tmp_path):
    curve = (argon + argon.replace(name="another")).limit("b-l", [10.0])
    assert curve.labels == ("Ar", "Ar")
    curve.save(tmp_path / "limit.csv")
    assert Limit.load(tmp_path / "limit.csv") == curve


def test_limits_are_written_in_their_order_and_drawn_by_ascending_mass(both, tmp_path):
    mixed, sorted_ = both.limit("universal", [200.0, 10.0, 30.0]), both.limit("universal", [10.0, 30.0, 200.0])
    assert mixed != sorted_
    assert mixed.ascending() == sorted_
    assert sorted_.ascending() is sorted_
    mixed.save(tmp_path / "limit.csv")
    assert Limit.load(tmp_path / "limit.csv") == mixed
    np.testing.assert_array_equal(Limit.load(tmp_path / "limit.csv").mass, [200.0, 10.0, 30.0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"coupling": -1e-4}, "coupling -0.0001"),
        ({"coupling": 1e11}, r"the coupling 1e\+11, but that of 'b-l' is from 0 to 1e\+10"),
        ({"mass": 1e16}, r"the mass 1e\+16, but that of 'b-l' is from 0 to 1e\+15"),
        ({"mass": None}, "without a mass"),
        ({"chi2": math.nan}, "chi2 of the reference"),
        ({"model": "universal"}, "another interaction, 'universal', than 'b-l': give its chi2 alone"),
        ({"experiments": ("coherent-argon-2020",)}, "another likelihood, .* than .*: give its chi2 alone"),
    ],
    ids=lambda value: "-".join(f"{k}-{v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_a_reference_belongs_to_the_model_and_the_data(both, changes, words):
    fit = both.best_fit("b-l", mass=10.0)
    with pytest.raises(InputError, match=words):
        both.limit("b-l", 10.0, reference=dataclasses.replace(fit, **changes))
    with pytest.raises(InputError, match="has no mediator"):
        both.limit(CONTACT, reference=fit)


# --- one base


@pytest.fixture(scope="module")
def results(argon, both):
    """One of each kind, and those without a mass."""
    return {
        "fit": both.best_fit("b-l"),
        "fit-contact": argon.best_fit(CONTACT),
        "reference": both.limit("b-l", 10.0, reference=7.0).best_fit,
        "limit": both.limit("universal", [10.0, 200.0]),
        "limit-contact": argon.limit(CONTACT),
        "scan": argon.scan("b-l", [1.0, 2.0], [1e-5, 1e-4, 1e-3]),
    }


NAMES = ("fit", "fit-contact", "reference", "limit", "limit-contact", "scan")


def test_every_kind_of_result_is_tested(results):
    # those in any parameters are in test_fits.py
    others = {Estimate, Profile, Interval, Contour}
    assert {type(result) for result in results.values()} == set(Result.__subclasses__()) - others
    assert tuple(results) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_results_come_back_from_a_file_as_they_were(results, tmp_path, name):
    result = results[name]
    path = tmp_path / f"result{result.suffix}"
    result.save(path)
    assert type(result).load(path) == Result.load(path) == result
    before = path.read_bytes()
    result.save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_files_of_another_kind_say_what_they_are(results, tmp_path, name):
    result = results[name]
    path = tmp_path / f"result{result.suffix}"
    result.save(path)
    for other in {type(r) for r in results.values()} - {type(result)}:
        kind = type(result)
        words = rf"is no {other.kind}, but a {kind.kind}: read it with cevns\.inference\.{kind.__name__}\.load"
        with pytest.raises(DataError, match=words):
            other.load(path)


@pytest.mark.parametrize("kind", [Result, Fit, Limit, Scan])
@pytest.mark.parametrize(
    "content", [b"", b"text", b"{}", b"[]", b"{", b"PK\3\4", b"# cevns ", b"# cevns toy {}", b"\xff"]
)
def test_files_that_are_no_results_are_refused(tmp_path, kind, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError, match=r"file is (damaged|not a (result|fit|limit|scan) written by cevns)"):
        kind.load(tmp_path / "file")


@pytest.mark.parametrize("name", NAMES)
def test_files_with_the_wrong_ending_are_not_written(results, tmp_path, name):
    with pytest.raises(InputError, match=rf"must end in \{results[name].suffix}"):
        results[name].save(tmp_path / "result.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_results_show_themselves_in_a_line_and_as_a_table(results, name):
    result = results[name]
    assert repr(result).startswith(f"<{type(result).__name__}: {result.model}, {' + '.join(result.experiments)}, ")
    assert "\n" not in repr(result)
    assert ("MeV" in repr(result)) is (name not in ("fit-contact", "limit-contact", "reference"))
    assert result._repr_html_().startswith("<table><caption>")
    assert [p.name for p in result.parameters] == (["coupling"] if "contact" in name else ["mass", "coupling"])
    assert "0x" not in repr(result.table())


def test_tables_have_names_units_and_plain_numbers(results):
    limit, scan, fit = (results[name].table() for name in ("limit", "scan", "fit"))
    assert (limit.names, limit.units) == (("mass", "excluded_from", "excluded_to"), ("MeV", "", ""))
    intervals = results["limit"].excluded
    assert list(limit) == [(10.0, *intervals[0][0]), *((200.0, *row) for row in intervals[1].tolist())]
    assert all(type(cell) is float for row in limit for cell in row)
    assert scan.heads == ("mass [MeV]", "coupling", "chi2")
    assert (len(scan), list(scan)[4]) == (6, (2.0, 1e-4, results["scan"].chi2[1, 1]))
    found = results["fit"]
    assert list(fit) == [(found.mass, found.coupling, found.chi2, False)]
    assert fit["mass"] == [found.mass]
    assert results["limit-contact"].table().names == ("excluded_from", "excluded_to")


def test_a_mass_at_which_nothing_is_excluded_has_a_row(argon):
    assert list(argon.limit("universal", 10.0, reference=1e5).table()) == [(10.0, None, None)]


def test_results_say_the_name_of_a_model_as_it_is_set_in_figures(argon, tmp_path):
    mine = cevns.interactions.mediated("a$b", proton={"mu": 1.0}, neutron={})
    named = dataclasses.replace(mine, label="$x_1$")
    assert argon.limit(mine, 10.0).label == r"a\$b"
    assert argon.scan(mine, [1.0, 2.0], [1e-5, 1e-4]).label == r"a\$b"
    curve = argon.limit(named, 10.0)
    curve.save(tmp_path / "limit.csv")
    assert Limit.load(tmp_path / "limit.csv").label == curve.label == "$x_1$"


def test_parameters_of_other_names_and_units_come_back(argon, tmp_path):
    mine = cevns.get_interaction("b-l").renamed(mass="mass_2", coupling="g_2")
    curve = argon.limit(mine, [10.0, 20.0])
    curve.save(tmp_path / "limit.csv")
    assert (tmp_path / "limit.csv").read_text().splitlines()[1] == "mass_2_MeV,excluded_from,excluded_to"
    assert Limit.load(tmp_path / "limit.csv") == curve
    assert "2 values of mass_2 from 10 to 20 MeV" in repr(curve)


def test_couplings_of_which_the_square_counts_are_not_negative(curve):
    with pytest.raises(InputError, match=r"coupling contains -1, but that of 'universal' begins at 0"):
        curve.excludes(10.0, [0.1, -1.0])


FITS = {
    "no chi2": ({"chi2": None}, "chi2 is no number, but null"),
    "negative chi2": ({"chi2": -1.0}, "chi2 is negative"),
    "huge chi2": ({"chi2": 10**400}, "chi2"),
    "negative coupling": ({"coupling": -1.0}, "a coupling is -1, below the 0"),
    "no mass": ({"mass": None}, "has a coupling, but no mass"),
    "text": ({"mass": "10"}, "mass is no number or null"),
    "heavy": ({"mass": 1e16}, r"a mass is 1e\+16, above"),
    "strong": ({"coupling": 1e11}, r"a coupling is 1e\+11, above the 1e\+10"),
    "strong, without an end": (
        {"coupling": 1e11, "parameters": [MASS, {"name": "coupling", "unit": ""}]},
        r"a coupling is 1e\+11, above the 1e\+10",
    ),
    "heavier than its range": (
        {"mass": 200.0, "parameters": [{**MASS, "high": 100.0}, COUPLING]},
        "a mass is 200, above the 100 MeV",
    ),
    "stronger than its range": (
        {"coupling": 1.0, "parameters": [MASS, {**COUPLING, "high": 0.1}]},
        "a coupling is 1, above the 0.1",
    ),
    "weaker than its range, of both signs": (
        {"coupling": -1.0, "parameters": [MASS, {**COUPLING, "low": -0.1}]},
        "a coupling is -1, below the -0.1",
    ),
    "one parameter": ({"parameters": [COUPLING]}, "it has a mass, but its only parameter is coupling"),
    "edge": ({"at_edge": 1}, "at_edge is no true or false, but 1"),
    "kind": ({"kind": "limit"}, r"kind is 'limit', of which cevns writes no \.json files"),
    "unknown kind": ({"kind": "toys"}, "kind is 'toys'"),
    "format": ({"format": 3}, "format 3, this version of cevns reads formats 1 and 2"),
    "twice": ({"experiments": ["a", "a"]}, "more than once"),
}


@pytest.mark.parametrize(("changes", "words"), FITS.values(), ids=FITS)
def test_fits_that_contradict_themselves_are_refused(results, tmp_path, changes, words):
    results["fit"].save(tmp_path / "fit.json")
    about = json.loads((tmp_path / "fit.json").read_text())
    (tmp_path / "fit.json").write_text(json.dumps(about | changes))
    with pytest.raises(DataError, match=rf"fit\.json is not a fit written by cevns: .*{words}"):
        Fit.load(tmp_path / "fit.json")


@pytest.mark.parametrize(
    ("parameters", "axis", "words"),
    [
        ([MASS, {**COUPLING, "high": 1e-4}], {}, "a coupling is 0.001, above the 0.0001"),
        ([{**MASS, "high": 5.0}, COUPLING], {}, "a mass is 10, above the 5 MeV"),
        ([{"name": "mass", "unit": "MeV"}, COUPLING], {"mass": [1.0, 1e16]}, r"a mass is 1e\+16, above the 1e\+15"),
        ([MASS, {"name": "coupling", "unit": ""}], {"coupling": [0.0, 1.0, 1e11]}, r"1e\+11, above the 1e\+10"),
        ([MASS, {"name": "coupling", "unit": ""}], {"coupling": [-1e11, 1.0, 2.0]}, r"-1e\+11, below the -1e\+10"),
    ],
    ids=["coupling", "mass", "any mass", "any coupling", "any negative coupling"],
)
def test_scans_beyond_their_ranges_are_refused(argon, tmp_path, parameters, axis, words):
    scan = argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-4, 1e-3])
    about, arrays = headers.header(scan) | {"parameters": parameters}, scan._content()[1]
    write_archive(tmp_path / "scan.npz", arrays | {k: np.array(v) for k, v in axis.items()}, json.dumps(about))
    with pytest.raises(DataError, match=words):
        Scan.load(tmp_path / "scan.npz")


def test_scans_that_could_not_be_read_are_not_written(argon, tmp_path):
    scan = argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-4])
    for name in ("mass", "coupling"):
        with pytest.raises(InputError, match=f"{name} must ascend"):
            dataclasses.replace(scan, **{name: getattr(scan, name)[::-1]}).save(tmp_path / "scan.npz")
    assert not (tmp_path / "scan.npz").exists()


def changing(low, high):
    """A coupling of which only the square counts, with both signs."""
    flavours = ("e", "mu"), ("mu", "e")
    parameter = Parameter("eps", default=0.0, low=low, high=high)
    return Interaction("changing", [parameter], [Amplitude(pair, 1.0, 1.0, (("eps", 1),)) for pair in flavours])


@pytest.mark.parametrize(("low", "high"), [(-10, 10), (-0.3, 10), (-10, 0.05), (-math.inf, math.inf)])
def test_squares_of_couplings_of_both_signs_come_back(both, tmp_path, low, high):
    model = changing(low, high)
    curve, fit = both.limit(model), both.best_fit(model)
    for result in (curve, fit):
        result.save(tmp_path / f"result{result.suffix}")
        assert type(result).load(tmp_path / f"result{result.suffix}") == result
    assert both.chi2(model, eps=fit.coupling) == pytest.approx(fit.chi2)
    edge = curve.excluded[0][0, 1]
    assert curve.excludes(None, [1.01 * edge, 0.99 * edge]).tolist() == [True, False]


def test_masses_of_mediators_end_where_those_of_the_library_do(both):
    amplitudes = [Amplitude((f, f), 1.0, 1.0, (("coupling", 2),), "m") for f in ("e", "mu")]
    model = Interaction("mine", [Parameter("m", "MeV"), coupling()], amplitudes)
    assert (model.parameters[0].low, model.parameters[0].high) == (0.0, LARGEST_MASS)
    with pytest.raises(InputError, match=r"m contains 1e\+200: every value must be .* at most 1e\+15 MeV"):
        both.limit(model, [1e200])
    with pytest.raises(InputError, match="origin of g = 1e"):
        Interaction("mine", [Parameter("g", origin=1e11)], [Amplitude(("e", "e"), 1.0, 1.0, (("g", 1),))])


def test_a_number_that_is_none_is_not_written(results, tmp_path):
    with pytest.raises(InputError, match="not finite"):
        dataclasses.replace(results["fit"], chi2=math.nan).save(tmp_path / "fit.json")


# --- files of version 0.1

OLD = Path(__file__).parent / "frozen"


def test_limits_of_version_0_1_are_read(both, argon, tmp_path):
    limit, contact = Limit.load(OLD / "limit_format_1.csv"), Limit.load(OLD / "contact_format_1.csv")
    new = both.limit("universal", [10.0, 200.0, 1000.0]), argon.limit(CONTACT, cl=0.95)
    for old, now in zip((limit, contact), new, strict=True):
        assert (old.model, old.experiments, old.parameters) == (now.model, now.experiments, now.parameters)
        assert (old.label, old.dof, old.best_fit.parameters) == (old.model, now.dof, now.parameters)
        np.testing.assert_allclose(np.concatenate(old.excluded), np.concatenate(now.excluded), rtol=1e-9)
        old.save(tmp_path / "again.csv")
        assert Limit.load(tmp_path / "again.csv") == old


def test_scans_of_version_0_1_are_read(argon, tmp_path):
    old = Result.load(OLD / "scan_format_1.npz")
    now = argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-4, 1e-3])
    np.testing.assert_allclose(old.chi2, now.chi2, rtol=1e-9)
    assert dataclasses.replace(old, chi2=now.chi2) == now
    old.save(tmp_path / "again.npz")
    assert Scan.load(tmp_path / "again.npz") == old


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("10.0,2.35", "10.0,-2.35"), "a coupling is -2.3.*, below the 0"),
        (lambda t: t.replace('"MeV"', '"GeV"'), "units"),
        (lambda t: t.replace('"mass": 9999', '"mass": -9999'), "a mass is -10000, below the 0 MeV"),
        (lambda t: t.replace("mass_MeV", "mass"), "not mass_MeV, excluded_from"),
        (lambda t: t.replace('"delta_chi2": 4.6', '"delta_chi2": 4.7'), "not that of cl"),
        (lambda t: t.replace("1000.0,", ","), "must be one number, got ''"),
    ],
    ids=["sign", "unit", "mass", "columns", "level", "masses"],
)
def test_limits_of_version_0_1_that_contradict_themselves_are_refused(tmp_path, change, words):
    text = (OLD / "limit_format_1.csv").read_text()
    assert change(text) != text
    (tmp_path / "limit.csv").write_text(change(text))
    with pytest.raises(DataError, match=rf"limit\.csv is damaged: .*{words}"):
        Limit.load(tmp_path / "limit.csv")


# --- bare errors


def test_shapes_that_do_not_broadcast_are_refused(curve):
    bound = cevns.bounds.get_bound("b-l", "babar-2014")
    for limit in (curve, bound):
        with pytest.raises(InputError, match=r"shape \(2,\) and coupling of shape \(3,\) do not broadcast"):
            limit.excludes([10.0, 30.0], [1e-5, 1e-4, 1e-3])
    for call in (trident_ratio, magnetic_moment_shift, bound.contains):
        with pytest.raises(InputError, match="do not broadcast"):
            call([1e4, 2e4], [1e-5, 1e-4, 1e-3])
    with pytest.raises(InputError, match="do not broadcast"):
        coupling_for_shift([1.0, 2.0], [1e-9, 2e-9, 3e-9])


@pytest.mark.parametrize("dof", [10**30, 10**400, 1_000_001])
def test_there_are_only_so_many_degrees_of_freedom(both, dof):
    for call in (lambda: delta_chi2(0.9, dof), lambda: both.limit("b-l", 10.0, dof=dof)):
        with pytest.raises(InputError, match=r"dof = .* from 1 to 1000000"):
            call()


def test_levels_of_low_confidence_keep_their_digits():
    # for small x, P(chi2 < x) with 3 degrees of freedom is x^1.5 times 2 / (3 sqrt(2 pi))
    for cl in (1e-20, 1e-100):
        assert delta_chi2(cl, 3) == pytest.approx((1.5 * math.sqrt(2 * math.pi) * cl) ** (2 / 3), rel=1e-6)


def test_a_prediction_is_of_one_experiment(both):
    for wrong in (both, None, "coherent-argon-2020"):
        with pytest.raises(InputError, match=r"experiment must be an Experiment, got .*\.experiments"):
            nsi_quadratic_form(wrong)
        with pytest.raises(InputError, match=r"experiment must be an Experiment, got .*\.experiments"):
            predict(wrong, "b-l", {"mass": 10.0, "coupling": 1e-5})


def test_progress_is_a_function(argon):
    for call in (
        lambda: argon.scan("b-l", [1.0, 2.0], [1e-5, 1e-4], progress=3),
        lambda: reproduce("1a", progress=3),
    ):
        with pytest.raises(InputError, match="progress must be a function or None, got 3"):
            call()
