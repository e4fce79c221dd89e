"""The numbers of the live view are the library's, and its address says all of it; no browser and no Bokeh."""

import contextlib
import csv
import io
import math
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cevns
import cevns.explore.regions as regions_module
from cevns.cli import main
from cevns.errors import CevnsError, InputError, UnknownNameError
from cevns.explore.exports import PANELS, export
from cevns.explore.numbers import line, moved, point, setting, significance
from cevns.explore.regions import answer, at_mass, question
from cevns.explore.runner import Runner
from cevns.explore.shapes import joined, smoothed, stairs, thinned
from cevns.explore.sources import PAPER, Source
from cevns.explore.spans import spans
from cevns.explore.state import LONGEST_QUERY, State
from cevns.explore.texts import command_line, plain, python_lines, rows, verdict
from cevns.explore.workers import Regions


@pytest.fixture(scope="module")
def source():
    return Source()


@pytest.fixture(scope="module")
def regions():
    found = Regions(1)
    yield found
    found.close()


@pytest.fixture
def b_minus_l(source):
    return setting(source, source.start(model="b-l").replace(values={"mass": 50.0, "coupling": 1e-4}))


# the address

names = st.text("abcdefghij_-", min_size=1, max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(names, max_size=4, unique=True).map(tuple),
    names,
    st.dictionaries(names | st.sampled_from(["data", "model", "x", "theme", "pull"]), numbers, max_size=5),
    st.sampled_from([0.9, 0.6827, 0.99]),
    st.none() | st.dictionaries(st.tuples(names, st.text(" abc:", min_size=1, max_size=6)), numbers, max_size=3),
    st.booleans(),
    st.sampled_from(["", "light", "dark"]),
)
@settings(deadline=None)
def test_an_address_says_all(experiments, model, values, cl, pulls, others, theme):
    state = State(experiments, model, values, cl, "", "", pulls, others, theme)
    assert State.of_query(state.query()) == state


@given(st.text(max_size=80) | st.text("dataomelcxythrsuin=&%.:-+0123456789", max_size=80))
@settings(deadline=None)
def test_any_address_is_a_state_or_a_sentence(text):
    with contextlib.suppress(CevnsError):
        state = State.of_query(text)
        assert State.of_query(state.query()) == state


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("mass=ten", "mass must be one number"),
        ("mass=nan", "mass"),
        ("mass=1&mass=2", "gives mass twice"),
        ("cl=1.5", "confidence level"),
        ("cl=0.9&cl=0.9", "gives cl twice"),
        ("pull=0.3&nuisances=by-hand", "EXPERIMENT:NAME:VALUE"),
        ("pull=a:b:0.3", "add nuisances=by-hand"),
        ("theme=pink", "theme"),
        ("others=maybe", "others"),
        ("model=" + "a" * 101, "at most 100 characters"),
        ("model=%00", "no line"),
        ("&".join("data=a" for _ in range(300)), "entries"),
        ("a" * (LONGEST_QUERY + 1), "characters"),
    ],
)
def test_what_an_address_may_not_say(query, said):
    with pytest.raises(CevnsError, match=said):
        State.of_query(query)


# numbers


@pytest.mark.parametrize("model", ["b-l", "scalar", "nsi", "charge-radius", "magnetic-moment", "sm"])
def test_numbers_of_a_point_are_those_of_the_library(source, model):
    of = setting(source, source.start(model=model))
    both = cevns.load(PAPER[0]) + cevns.load(PAPER[1])
    found = point(of)
    assert found.chi2 == pytest.approx(both.chi2(model, **of.values), rel=1e-12)
    assert found.standard == pytest.approx(both.chi2("sm"), rel=1e-12)
    pulls = both.pulls(model, **of.values)
    for name in found.predictions:
        assert found.pulls.of(name) == pytest.approx(pulls.of(name), rel=1e-9, abs=1e-12)
    for name, prediction in both.predict(model, pulls=pulls, **of.values).items():
        assert found.predictions[name].total == pytest.approx(prediction.total, rel=1e-9)


def test_weak_angle_and_radii_are_those_of_the_standard_model_too(source):
    state = source.start(model="b-l").replace(
        values={"mass": 50.0, "coupling": 1e-4, "rn_ar": 3.3, "sin2_theta_w": 0.24}
    )
    found = point(setting(source, state))
    both = cevns.load(PAPER[0]) + cevns.load(PAPER[1])
    assert found.standard == pytest.approx(both.chi2("sm", rn_ar=3.3, sin2_theta_w=0.24), rel=1e-12)


@pytest.mark.parametrize("name", cevns.known_experiments())
def test_chi2_of_counts_is_that_of_the_likelihood_at_its_own_nuisances(source, name):
    """Which is why it may be told for others."""
    if name == "coherent-csi-2021":
        pytest.skip("folds for seconds; the view checks it itself")
    state = source.start([name], "b-l").replace(values={"mass": 50.0, "coupling": 5e-5}, pulls={})
    found = point(setting(source, state))
    assert found.moved == pytest.approx(found.chi2, rel=1e-6)
    assert found.remarks == ()


def test_nuisances_that_are_moved_by_hand(source):
    state = source.start(["coherent-argon-2020"], "sm").replace(pulls={("coherent-argon-2020", "PBRN"): 0.2})
    found = point(setting(source, state))
    argon = cevns.load("coherent-argon-2020")
    assert found.moved > found.chi2 == pytest.approx(argon.chi2("sm"), rel=1e-12)
    counts = found.predictions["coherent-argon-2020"].backgrounds["PBRN"].sum()
    assert counts == pytest.approx(1.2 * 496.99999307)
    with pytest.raises(UnknownNameError, match="nuisance"):
        moved(found.pulls, {("coherent-argon-2020", "nothing"): 1.0})
    with pytest.raises(InputError, match=r"PBRN of coherent-argon-2020 = 1e\+160 is not allowed"):
        point(setting(source, state.replace(pulls={("coherent-argon-2020", "PBRN"): 1e160})))


def test_a_shared_nuisance_moves_everywhere(source):
    state = source.start(["coherent-argon-2020-3d", "coherent-ge-2024"], "sm")
    best = point(setting(source, state)).pulls
    (name,) = [n for n in best.shared if n == "sns-flux"]
    found = moved(best, {("", name): 0.1})
    assert [found.of(e)[name] for e in found.experiments] == [0.1, 0.1]


def test_lines_are_chi2(b_minus_l):
    both = b_minus_l.likelihood
    for name in ("mass", "coupling"):
        *few, found = line(b_minus_l, name)
        assert all(some.values.size < found.values.size for some in few)
        assert few[0].values == pytest.approx(found.values[[0, 16, 32, 48]], rel=1e-13)
        fixed = {n: v for n, v in b_minus_l.values.items() if n != name}
        assert found.chi2 == pytest.approx(both.chi2("b-l", **{name: found.values}, **fixed), rel=1e-13)
        assert found.at == b_minus_l.values[name]


def test_the_region_is_the_limit(b_minus_l):
    *coarse, last = answer(b_minus_l.likelihood, b_minus_l.model, question(b_minus_l))
    assert not any(region.complete for region in coarse)
    masses = np.geomspace(0.1, 1e4, last.result.mass.size)
    limit = b_minus_l.likelihood.limit("b-l", masses)
    assert all((a == b).all() for a, b in zip(limit.excluded, last.result.excluded, strict=True))
    here = at_mass(b_minus_l, question(b_minus_l), last.fit)
    assert here.excluded[0].tolist() == b_minus_l.likelihood.limit("b-l", 50.0).excluded[0].tolist()
    text = verdict(point(b_minus_l), last, here)
    assert f"coupling above {here.excluded[0][0, 0]:.6g} is excluded at 90 % C.L." in text
    assert "This point is excluded" in text


def test_what_is_known_of_a_region_is_shown_before_all_of_it_is(b_minus_l, monkeypatch):
    monkeypatch.setattr(regions_module, "TOLD", 0.0)
    shown = list(answer(b_minus_l.likelihood, b_minus_l.model, question(b_minus_l)))
    assert [len(region.result.mass) for region in shown[1:]] == [25, 49, 73, 97, 121]
    assert [region.complete for region in shown] == [False] * 5 + [True]
    last = dict(zip(shown[-1].result.mass, shown[-1].result.excluded, strict=True))
    for region in shown[1:]:
        assert (np.diff(region.result.mass) > 0).all()
        for mass, excluded in zip(region.result.mass, region.result.excluded, strict=True):
            assert excluded.tolist() == last[mass].tolist()


def test_the_region_of_contact_couplings_is_the_contour(source):
    state = source.start(model="charge-radius").replace(x="r2_mumu", y="r2_ee", cl=0.95)
    of = setting(source, state)
    (region,) = answer(of.likelihood, of.model, question(of))
    contour = of.likelihood.contour("charge-radius", "r2_mumu", "r2_ee", cl=0.95, bounds=question(of).limits)
    assert [c.tolist() for c in region.result.curves[0]] == [c.tolist() for c in contour.curves[0]]
    assert dict(rows(point(of), region))["best fit"].startswith("r2_mumu ")


def test_a_model_on_which_nothing_depends_has_no_plane(source):
    of = setting(source, source.start(model="b-3ltau"))
    assert question(of) is None
    assert any("say nothing about it" in text for text in point(of).remarks)


def test_significances():
    assert significance(-1.0, 2) == significance(0.0, 2) == (0.0, 0.0)
    assert significance(9.0, 1)[1] == pytest.approx(3.0)
    assert significance(1e6, 2)[1] == math.inf


@pytest.mark.parametrize("model", cevns.known_interactions())
def test_spans_hold_where_they_start(source, model):
    found = spans(source.likelihood(PAPER), source.model(model))
    assert [n for n in found if found[n].own] == [*dict.fromkeys(n for n in found if found[n].own)]
    known = {p.name: p for p in source.likelihood(PAPER).parameters(model)}
    assert found.keys() == known.keys()
    for name, span in found.items():
        assert known[name].low <= span.low < span.high <= known[name].high
        for place in np.linspace(*span.ends, 7):
            value = known[name].number(span.value(place))
            if value:
                assert span.place(value) == pytest.approx(place, abs=1e-3 * (span.ends[1] - span.ends[0]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"experiments": ()}, "no data set"),
        ({"experiments": ("nope",)}, "data set"),
        ({"experiments": ("coherent-csi-2017", "coherent-csi-2021")}, "same events"),
        ({"model": "nope"}, "interaction"),
        ({"values": {"mass": -1.0}}, "at least 0 MeV"),
        ({"values": {"rn_ge": 4.0}}, "parameter"),
        ({"model": "nsi", "x": "eps_u_ee", "y": "eps_u_ee"}, "both axes"),
        ({"model": "nsi", "x": "mass"}, "parameter of the plane"),
    ],
)
def test_states_that_are_none_are_refused_in_a_sentence(source, change, said):
    with pytest.raises(CevnsError, match=said):
        setting(source, source.start().replace(**change))


# lines to copy, and files


@pytest.mark.parametrize("model", ["b-l", "sm", "charge-radius", "sterile-dipole"])
def test_lines_of_python_give_the_numbers_of_the_view(source, model):
    values = {"mass": 20.0} if model == "sterile-dipole" else {}
    of = setting(source, source.start(["coherent-argon-2020"], model).replace(values=values))
    scope = {}
    lines = [text for text in python_lines(source, of).splitlines() if ".plot()" not in text]
    lines = [f"found = {text}" if text.startswith("data.chi2(") and "point" in text else text for text in lines]
    if model == "sterile-dipole":
        lines = [text for text in lines if ".limit(" not in text]
    exec("\n".join(lines), scope)
    assert scope["found"] == pytest.approx(point(of).chi2, rel=1e-12)


def test_commands_give_the_numbers_of_the_view(source, capsys):
    of = setting(source, source.start(["coherent-argon-2020"], "b-l"))
    for command in command_line(source, of).splitlines():
        assert main(command.split()[1:]) == 0
    out = capsys.readouterr().out
    assert f"chi2 {point(of).chi2:.6g}" in out
    assert of.likelihood.limit("b-l", 10.0).text(of.likelihood.limit("b-l", 10.0).excluded[0]) in out


def test_tables_are_those_of_the_library(source, regions, b_minus_l):
    state = b_minus_l.state
    for region in regions.answers(b_minus_l, question(b_minus_l), lambda: False):
        last = region
    both = b_minus_l.likelihood
    text = {panel: export(source, regions, state, panel, "csv").decode() for panel in PANELS}
    assert text["plane"] == both.limit("b-l", last.result.mass).table().csv()
    # the same object: functions of its name are others, and round otherwise once they have tables in the mass
    model, point_of = b_minus_l.model, {"mass": 50.0, "coupling": 1e-4}
    pulls = both.pulls(model, **point_of)
    assert text["pulls"] == pulls.table().csv()
    first = next(csv.DictReader(io.StringIO(text["spectra"])))
    prediction = both.predict(model, pulls=pulls, **point_of)["coherent-csi-2017"]
    assert float(first["total"]) == prediction.total[0]
    assert float(first["signal"]) == prediction.signal[0]
    rows_of_mass = [line.split(",") for line in text["lines"].split("\n\n")[0].splitlines()[1:]]
    mass, chi2 = map(float, rows_of_mass[3])
    assert chi2 == pytest.approx(both.chi2("b-l", mass=mass, coupling=1e-4), rel=1e-13)


@pytest.mark.parametrize("panel", PANELS)
def test_pictures_are_made(source, regions, b_minus_l, panel):
    pytest.importorskip("matplotlib")
    for _ in regions.answers(b_minus_l, question(b_minus_l), lambda: False):
        pass
    assert export(source, regions, b_minus_l.state, panel, "png")[1:4] == b"PNG"
    assert b"<svg" in export(source, regions, b_minus_l.state, panel, "svg")


def test_a_region_that_is_not_known_is_no_file(source):
    empty = Regions(1)
    with pytest.raises(InputError, match="not computed yet"):
        export(source, empty, source.start(model="universal"), "plane", "csv")
    with pytest.raises(InputError, match="has no plane"):
        export(source, empty, source.start(model="sm"), "plane", "csv")
    with pytest.raises(UnknownNameError, match="panel"):
        export(source, empty, source.start(), "cellar", "csv")


# other processes


def test_a_newer_question_overtakes_an_older_one(source, regions):
    """Of a mass that is folded anew, which takes seconds."""
    of = setting(source, source.start(model="sterile-dipole"))
    started = time.monotonic()
    assert list(regions.answers(of, question(of), lambda: time.monotonic() > started + 0.5)) == []
    assert time.monotonic() < started + 3
    other = setting(source, source.start(model="universal"))
    assert list(regions.answers(other, question(other), lambda: False))[-1].complete


def test_what_has_no_answer_is_a_sentence(source, regions):
    of = setting(source, source.start(model="b-l"))
    wrong = question(of).__class__(**{**vars(question(of)), "fixed": (("nothing", 1.0),)})
    with pytest.raises(CevnsError, match="nothing"):
        list(regions.answers(of, wrong, lambda: False))


def test_a_process_that_dies_is_a_sentence_and_another_begins(source):
    own = Regions(1)
    of = setting(source, source.start(model="lmu-ltau"))

    def killed():
        for worker in own._all:
            worker.process.kill()
        return False

    with pytest.raises(CevnsError, match="has ended"):
        list(own.answers(of, question(of), killed))
    assert list(own.answers(of, question(of), lambda: False))[-1].complete
    own.close()


def test_a_process_ends_in_the_midst_of_a_question_when_whoever_asked_has_ended(source):
    own = Regions(1)
    of = setting(source, source.start(model="sterile-dipole"))
    gone = []

    def leave():
        # as if this process had been killed: nothing is said, but its end of the pipe is closed
        (worker,) = own._all
        if not gone:
            time.sleep(1.5)
            worker.process.stdin.close()
            gone.append(worker)
        return False

    with pytest.raises(CevnsError, match="has ended"):
        list(own.answers(of, question(of), leave))
    assert gone[0].process.wait(20) == 0
    own.close()


def test_the_runner_tells_of_the_newest_state(source, regions):
    told = []
    runner = Runner(source, regions, lambda *what: told.append(what))
    states = [source.start(model="b-l").with_value("coupling", k * 1e-5) for k in range(1, 30)]
    last = [runner.ask(state) for state in states][-1]
    until = time.monotonic() + 30
    while time.monotonic() < until and not any(kind == "lines" and what.limit is not None for kind, _, what in told):
        time.sleep(0.01)
    runner.end()
    found = next(what for kind, number, what in told if kind == "point" and number == last)
    both = cevns.Likelihood([cevns.load(n) for n in PAPER])
    assert found.chi2 == pytest.approx(both.chi2("b-l", **found.setting.values), rel=1e-12)
    assert found.setting.values["coupling"] == 29e-5
    assert sum(kind == "point" for kind, *_ in told) < len(states)


def test_the_runner_tells_what_is_wrong(source, regions):
    told = []
    runner = Runner(source, regions, lambda *what: told.append(what))
    runner.ask(source.start().replace(model="nope"))
    until = time.monotonic() + 10
    while time.monotonic() < until and not told:
        time.sleep(0.01)
    runner.end()
    ((kind, number, what),) = told
    assert (kind, number) == ("error", 1)
    assert "unknown interaction" in what


# shapes and words


def test_shapes():
    x, y = stairs(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0]))
    assert (x.tolist(), y.tolist()) == ([0.0, 1.0, 1.0, 3.0], [5.0, 5.0, 6.0, 6.0])
    assert joined([])[0].size == 0
    circle = np.linspace(0, 2 * np.pi, 1000)
    u, v = thinned(np.cos(circle), np.sin(circle), 1.0, 1.0)
    assert 20 < u.size < 100
    assert (u[0], v[0]) == pytest.approx((u[-1], v[-1]))


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=60))
@settings(deadline=None)
def test_a_limit_without_fluctuations_excludes_nothing_more(logs):
    mass, lowest = np.geomspace(1.0, 100.0, len(logs)), 10.0 ** np.array(logs)
    x, y = smoothed(mass, lowest)
    assert (np.diff(x) >= 0).all()
    for m, low in zip(mass, lowest, strict=True):
        inside = y[(x[::2].searchsorted(m, "right") - 1) * 2]
        assert inside >= low


def test_labels_of_all_limits_are_words():
    for _, name in cevns.bounds.known_bounds("b-l"):
        assert not set("$\\{}") & set(plain(cevns.bounds.get_bound("b-l", name).label))


# sources


def test_a_configuration_is_a_source(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(cevns.config.template(), encoding="utf-8")
    source = Source.of_config(path)
    state = source.start()
    of = setting(source, state)
    config = cevns.config.load_config(path)
    assert point(of).chi2 == pytest.approx(config.likelihood.chi2(config.model, **of.values), rel=1e-12)
    assert f"load_config({str(path)!r})" in python_lines(source, of)
    assert f"--config {path}" in command_line(source, of)


def test_what_takes_long_keeps_no_other_view_waiting(source):
    begun, go = threading.Event(), threading.Event()

    def slow():
        begun.set()
        return go.wait(30)

    thread = threading.Thread(target=source.beside, args=("slow", slow))
    thread.start()
    assert begun.wait(30)
    assert source.beside("quick", lambda: 3) == 3
    go.set()
    thread.join(30)
    assert source.beside("slow", lambda: "made again") is True


def test_a_likelihood_of_ones_own_has_no_command(b_minus_l):
    source = Source({"coherent-argon-2020": cevns.load("coherent-argon-2020").scaled(2.0)})
    of = setting(source, source.start(model="b-l"))
    assert command_line(source, of) == ""
    assert "data = ..." in python_lines(source, of)
    assert source.experiments == ("coherent-argon-2020",)
