"""Whatever shows a result says which parameters were fixed away from their defaults, and which were profiled."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from configs import KNOWN, QUENCHING, only, own

import cevns
import cevns.plotting
from cevns.errors import InputError, UnknownNameError
from cevns.figures import known_figures, known_papers
from cevns.inference import Result


@pytest.fixture(scope="module")
def csi():
    return cevns.load("coherent-csi-2017")


MASS, RADIUS = np.geomspace(10.0, 100.0, 3), {"rn_csi": 5.2}
RESULTS = {
    "fit": (lambda csi: csi.best_fit("b-l", **RADIUS), "rn_csi = 5.2 fm"),
    "limit": (lambda csi: csi.limit("b-l", MASS, sin2_theta_w=0.2), "sin2_theta_w = 0.2"),
    "scan": (lambda csi: csi.scan("b-l", MASS, MASS * 1e-6, **RADIUS), "rn_csi = 5.2 fm"),
    "interval": (
        lambda csi: csi.interval("b-l", "coupling", mass=50, profiled="rn_csi"),
        "mass = 50 MeV; profiled: rn_csi",
    ),
    "profile": (
        lambda csi: csi.profile("sm", "sin2_theta_w", [0.2, 0.3], profiled="rn_csi"),
        "profiled: rn_csi",
    ),
    "contour": (lambda csi: csi.contour("b-l", "rn_csi", "coupling", mass=50), "mass = 50 MeV"),
    "estimate": (lambda csi: csi.fit("b-l", "coupling", mass=50), "mass = 50 MeV"),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_all_that_shows_a_result_says_its_settings(csi, kind, tmp_path):
    make, said = RESULTS[kind]
    found = make(csi)
    assert (found.kind, found.settings) == (kind, said)
    assert f"({said})" in repr(found)
    assert f"({said})" in found._repr_html_().partition("</caption>")[0]
    # legends call parameters as axes do
    labels = {p.name: p.label for p in csi.parameters(found.model)}
    named = re.sub(r"\w+", lambda word: labels.get(word[0], word[0]), said)
    assert f"({named})" in found.plot().get_legend_handles_labels()[1][-1 if kind == "estimate" else 0]
    path = tmp_path / f"result{found.suffix}"
    found.save(path)
    again = Result.load(path)
    assert again == found
    assert again.settings == said


def test_defaults_are_not_said_and_long_lists_are_cut(csi):
    found = csi.interval("sm", "sin2_theta_w")
    assert found.settings == ""
    assert "(" not in repr(found)
    angle = next(p.default for p in csi.parameters("sm") if p.name == "sin2_theta_w")
    assert csi.interval("sm", "rn_csi", sin2_theta_w=angle).settings == ""
    many = dataclasses.replace(found, profiled=tuple("abcdef"))
    assert many.settings == "profiled: a, b, c, d, ... 2 more"


def test_values_of_earlier_files_are_said_without_units(csi):
    found = csi.interval("b-l", "coupling", mass=50)
    assert dataclasses.replace(found, fixed_parameters=()).settings == "mass = 50"


COMMANDS = {
    "interval": ("--parameter sin2_theta_w --profile rn_csi --model sm", "(profiled: rn_csi)"),
    "profile": ("--parameter sin2_theta_w --values 0.2 --profile rn_csi --model sm", "(profiled: rn_csi)"),
    "contour": ("--x coupling --y rn_csi --set mass=50 --model b-l", "(mass = 50 MeV)"),
    "fit": ("--free coupling --set mass=50 --model b-l", "(mass = 50 MeV)"),
    "limit": ("--mass 50 --set rn_csi=5.2 --model b-l", "(rn_csi = 5.2 fm)"),
    "scan": ("--mass 1:9:2 --coupling 1e-5:1e-4:2 --set rn_csi=5.2 -o a.npz --model b-l", "(rn_csi = 5.2 fm)"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_texts_of_commands_say_them(run, command):
    options, said = COMMANDS[command]
    code, out, err = run(command, "coherent-csi-2017", *options.split())
    assert (code, err) == (0, "")
    assert said in out.partition("\n\n")[0]


# --- what else was said wrongly


def test_a_level_of_a_contour_is_asked_by_its_confidence(csi):
    found = csi.contour("sm", "sin2_theta_w", "rn_csi", cl=(0.5, 0.95))
    inner, outer = (curves[0].mean(axis=0) for curves in found.curves)
    place = found.curves[1][0][0] * 0.999 + outer * 0.001
    assert [bool(found.allows(*inner, cl=cl)) for cl in found.cl] == [True, True]
    assert [bool(found.allows(*place, cl=cl)) for cl in found.cl] == [False, True]
    assert found.allows(*place) == found.allows(*place, cl=0.5)
    with pytest.raises(InputError, match=r"cl = 0\.9 is not among the levels of the contour, 0\.5 and 0\.95"):
        found.allows(*place, cl=0.9)
    with pytest.raises(InputError, match="leave one out"):
        found.allows(*place, 1, cl=0.5)


def test_axes_of_one_figure_are_saved_as_it(tmp_path):
    axes = cevns.load("coherent-csi-2021").predict("sm").plot()
    assert len(axes) > 1
    cevns.plotting.save(axes, tmp_path / "one.png")
    cevns.plotting.save(axes[0].figure, tmp_path / "other.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
    with pytest.raises(InputError, match="axes of 2 figures"):
        cevns.plotting.save([axes[0], cevns.plotting.new_figure()], tmp_path / "two.svg")
    with pytest.raises(InputError, match="figure must be"):
        cevns.plotting.save((), tmp_path / "none.png")


def asimov(experiment, model, **values):
    made = experiment.predict(model, **values)
    return experiment.replace(observed=made.signal + sum(made.backgrounds.values()))


def test_where_chi2_is_0_it_does_not_fall_further(csi, load):
    single = own(
        response="[experiment.response]\nedges = [5, 20]\n" + QUENCHING,
        data="[experiment.data]\nobserved = [150]\nuncertainty = [8]\n",
    )
    one = only(load(single)).best_fit("b-l")
    assert one.chi2 == pytest.approx(0.0, abs=1e-9)
    said = "the data do not determine the mass: chi2 of the best fit is 0, as it is at many other masses"
    assert said in one.remarks
    assert not any("fall further" in text for text in one.remarks)
    assert "chi2 0," in repr(one)
    assert "<td>0</td>" in one._repr_html_()
    data = asimov(csi, "b-l", mass=50.0, coupling=2e-4)
    found = data.best_fit("b-l", mass_range=(50.0, 100.0))
    assert [text.partition(": ")[2] for text in found.remarks] == ["chi2 is 0 there, and nothing fits better"]
    said = data.fit("sm", "rn_csi", bounds={"rn_csi": (6.0, 7.0)}).remarks[0]
    assert said.endswith("chi2 may fall further beyond")
    other = asimov(csi, "sm", rn_csi=5.5)
    (said,) = other.fit("sm", "rn_csi", bounds={"rn_csi": (5.5, 7.0)}).remarks
    assert said.endswith("chi2 is 0 there, and nothing fits better")


def test_a_limit_takes_one_of_several_couplings(csi, run_json, run):
    found = csi.limit("magnetic-moment", parameter="mu_mu")
    expected = csi.limit("magnetic-moment", mu_e=0, mu_tau=0)
    np.testing.assert_array_equal(found.excluded[0], expected.excluded[0])
    assert (found.parameters[0].name, found.settings) == ("mu_mu", "")
    assert csi.best_fit("magnetic-moment", parameter="mu_mu").chi2 == found.chi2_min
    told = run_json("limit", "coherent-csi-2017", "--model", "magnetic-moment", "--parameter", "mu_mu")
    np.testing.assert_allclose(told["limits"][0]["excluded"][0][0], found.excluded[0][0, 0], rtol=1e-12)
    for words in (r"has the couplings mu_e, mu_mu, mu_tau", r"parameter='mu_e' \(--parameter mu_e"):
        with pytest.raises(InputError, match=words):
            csi.limit("magnetic-moment")
    with pytest.raises(UnknownNameError, match=r"mu_x.*mu_mu"):
        csi.limit("magnetic-moment", parameter="mu_x")
    with pytest.raises(InputError, match="leave one out"):
        csi.limit("magnetic-moment", parameter="mu_e", mu_e=0)


def test_the_help_of_reproduce_lists_papers_and_figures(run):
    code, out, err = run("reproduce", "--help")
    assert (code, err) == (0, "")
    for paper in known_papers():
        assert f"  {paper}:" in out
        assert ", ".join(known_figures(paper)) in out


def test_masses_that_are_refused_say_why_and_what_to_do(run, load):
    code, out, err = run("limit", "coherent-csi-2017", "--model", "b-l", "--mass", "10,20")
    assert (code, out) == (2, "")
    assert "blanks between them, 10 20, or LOW:HIGH:N" in err
    low = only(load(own(response="[experiment.response]\nedges = [0, 10, 20]\n" + QUENCHING)))
    least = f"{low.smallest_mass:.6g} MeV"
    for ask in (low.chi2, low.predict):
        with pytest.raises(
            InputError, match=rf"mass = 0 .* at least {least} .*; recoils .* diverge: give .* {least} or"
        ):
            ask("b-l", mass=0, coupling=1e-5)
    with pytest.raises(InputError, match=r"^mass must be [^;]*$"):
        low.chi2("b-l", mass="x", coupling=1e-5)


def test_one_name_is_asked_for_where_several_are_given(csi):
    with pytest.raises(InputError, match=r"name must be a string, got \['rn_csi'\]; give the name of one parameter"):
        csi.interval("sm", ["rn_csi"])
    # of letters that changed places, not the name that is spelled most alike
    with pytest.raises(UnknownNameError, match=r"Did you mean 'rn_csi'\?"):
        csi.fit("sm", "rn_cis")


def test_pulls_and_tables_show_themselves(csi):
    pulls = csi.pulls("sm")
    assert repr(pulls) == f"<Pulls: coherent-csi-2017, chi2 {pulls.chi2:.6g}, {len(pulls.of(csi.name))} pulls>"
    assert all(f"<td>{name}</td>" in pulls._repr_html_() for name in pulls.of(csi.name))
    table = csi.scan("b-l", MASS, MASS[:3] * 1e-6).table()
    text = str(table).splitlines()
    assert text[0].split() == ["mass", "[MeV]", "coupling", "chi2"]
    assert len(text) == 1 + len(table)


def test_a_prediction_in_one_axis_names_the_experiment(csi):
    ax = csi.predict("sm").plot()
    said = "coherent-csi-2017, nuisances at their central values"
    assert ax.get_legend().get_title().get_text() == said
    # also where more is drawn into it
    cevns.plotting.plot_prediction(csi.predict("b-l", 10.0, 1e-4), ax)
    assert ax.get_legend().get_title().get_text() == said


@pytest.mark.parametrize("kind", ["", 'kind = "vector"\n'])
def test_a_slip_in_a_model_of_one_s_own_is_told_as_such(problems, kind):
    found = problems(KNOWN + f'[[model]]\nname = "x"\n{kind}quark = {{u = 1, d = 1}}\nleptons = {{e = 1.0}}\n')
    assert [str(text) for text in found] == ["model[1].quark: unknown key; did you mean 'quarks'?"]


def test_all_levels_of_a_contour_are_filled_the_outer_ones_paler(csi):
    from matplotlib.patches import PathPatch

    found = csi.contour("sm", "sin2_theta_w", "rn_csi", cl=(0.5, 0.95))
    outer, inner = (patch for patch in found.plot().patches if isinstance(patch, PathPatch))
    assert outer.get_path().get_extents().width > inner.get_path().get_extents().width
    assert inner.get_facecolor()[0] < outer.get_facecolor()[0] < 1.0
    assert not any(isinstance(patch, PathPatch) for patch in found.plot(facecolor="none").patches)
