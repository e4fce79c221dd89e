"""Results: equal by value, shown in notebooks, saved as tables, and saying where they end."""

import copy
import dataclasses
import inspect
import math
import os
import pickle
import threading

import numpy as np
import pytest

import cevns
from cevns import fluxes
from cevns.arrays import equal
from cevns.bounds.magnetic_moments import coupling_for_shift, magnetic_moment_shift
from cevns.bounds.trident import trident_ratio
from cevns.errors import DataError, InputError
from cevns.figures import reproduce
from cevns.inference import (
    Fit,
    Limit,
    Result,
    Scan,
    delta_chi2,
)
from cevns.interactions import NonStandardInteractions
from cevns.predictions import nsi_quadratic_form, predict
from cevns.tabular import MOST_ROWS, html
from cevns.threads import share

CONTACT = NonStandardInteractions(up={"e": 1.0})


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


# --- one base


NAMES = ("fit", "fit-contact", "reference", "limit", "limit-contact", "scan")


def test_every_kind_of_result_is_tested(results):
    # those in any parameters are in test_fits.py; of planned experiments in test_sensitivities.py, test_expectations.py
    others = {"Contour", "Estimate", "FeldmanCousins", "Interval", "Profile", "Toys"}
    others |= {"ExpectedRegion", "Sensitivity"}
    assert {type(r).__name__ for r in results.values()} == {k.__name__ for k in Result.__subclasses__()} - others
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


def test_a_number_that_is_none_is_not_written(results, tmp_path):
    with pytest.raises(InputError, match="not finite"):
        dataclasses.replace(results["fit"], chi2=math.nan).save(tmp_path / "fit.json")


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
