"""Files of results that contradict themselves, and those of version 0.1."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from test_results import CONTACT

from cevns.errors import DataError, InputError
from cevns.inference import Fit, Limit, Result, Scan, headers
from cevns.inference.archives import write_archive
from cevns.interactions import Amplitude, Interaction
from cevns.parameters import LARGEST_MASS, Parameter, coupling

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
