"""Pictures of results say what is so: samples that are the curve, scales, axes that grow, and what legends name."""

import dataclasses
import json

import numpy as np
import pytest

from cevns import parameters, plotting
from cevns.bounds import Bound, bounds_for
from cevns.inference import Interval
from cevns.interactions import get_interaction
from cevns.parameters import Parameter
from cevns.plotting.frames import parameter_axes


def entries(ax):
    return ax.get_legend_handles_labels()[1]


def shown(ax, x, y):
    (left, right), (low, high) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
    return bool(np.all((left <= x) & (x <= right) & (low <= y) & (y <= high)))


# --- intervals


@pytest.mark.parametrize(
    ("model", "name", "fixed"),
    [
        ("universal", "coupling", {"mass": 1000.0}),
        ("charge-radius", "r2_mumu", {}),
        ("b-l", "coupling", {"mass": 10.0}),
        ("sm", "sin2_theta_w", {}),
    ],
)
def test_lines_of_an_interval_are_the_curve(both, model, name, fixed):
    found = both.interval(model, name, **fixed)
    x, y = found.plot().lines[0].get_data()
    # between the samples too, and between intervals that are apart
    fine = np.sort(np.concatenate([np.linspace(x[0], x[-1], 2001), x]))
    true = both.chi2(model, **{name: fine}, **fixed) - found.chi2_min
    top = 4 * found.delta_chi2
    assert np.abs(np.minimum(np.interp(fine, x, y), top) - np.minimum(true, top)).max() < 0.01 * top
    assert found.joined
    # the picture ends where the curve leaves it, or the range does
    assert y[-1] >= top
    assert y[0] >= top or x[0] == 0.0


def test_profiled_samples_are_the_least_over_the_others(both):
    found = both.interval("charge-radius", "r2_mumu", profiled="r2_ee")
    some = slice(None, None, 7)
    others = np.linspace(-120.0, 60.0, 4001)
    for x, chi2 in zip(found.points[some], found.chi2[some], strict=True):
        assert chi2 <= both.chi2("charge-radius", r2_mumu=x, r2_ee=others).min() + 1e-9
        assert chi2 == pytest.approx(both.chi2("charge-radius", r2_mumu=x, r2_ee=others).min(), abs=1e-3)


def test_samples_without_an_allowed_interval_and_with_a_plateau(csi, both):
    nothing = both.interval("sm", "sin2_theta_w", reference=0.0)
    assert nothing.allowed.size == 0
    assert nothing.points.size > 50
    for given in (0.0, 20.0):
        ax = both.interval("sm", "sin2_theta_w", reference=given).plot()
        y = ax.lines[0].get_ydata()
        assert ax.get_ylim()[0] <= y.min()
        assert ((y >= ax.get_ylim()[0]) & (y <= ax.get_ylim()[1])).sum() > 40
    # chi2 falls to a plateau that goes on without an end: what changes fills a good part of the picture
    plateau = csi.interval("b-l", "mass", coupling=1e-4, bounds={"mass": (1.0, 1e12)})
    assert np.isinf(plateau.allowed[-1, 1])
    ax = plateau.plot()
    assert (ax.get_xscale(), ax.get_xlim()[1]) == ("log", pytest.approx(plateau.points[-1]))
    assert plateau.points[-1] < 1e12


def test_samples_of_files_of_the_first_version_are_points(both, tmp_path):
    found = both.interval("universal", "coupling", mass=1000.0)
    found.save(tmp_path / "new.json")
    assert Interval.load(tmp_path / "new.json") == found
    about = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    near = found.chi2 <= found.chi2_min + 4 * found.delta_chi2
    about |= {"points": found.points[near].tolist(), "chi2": found.chi2[near].tolist()}
    del about["joined"]
    (tmp_path / "old.json").write_text(json.dumps(about), encoding="utf-8")
    old = Interval.load(tmp_path / "old.json")
    assert not old.joined
    line = old.plot().lines[0]
    # nothing is drawn through what was not computed
    assert (line.get_linestyle(), line.get_marker()) == ("None", ".")
    assert found.plot().lines[0].get_linestyle() == "-"


# --- scales


def test_axes_are_logarithmic_only_where_what_is_shown_stays_away_from_0(both, argon):
    moments = both.contour("magnetic-moment", "mu_e", "mu_mu").plot()
    assert (moments.get_xscale(), moments.get_yscale()) == ("linear", "linear")
    assert (moments.get_xlim()[0], moments.get_ylim()[0]) == (0.0, 0.0)
    fit = both.fit("magnetic-moment", ["mu_e", "mu_mu"])
    assert 0.0 in fit.values.values()
    assert (fit.plot().get_xscale(), fit.plot().get_yscale()) == ("linear", "linear")
    assert both.interval("magnetic-moment", "mu_mu").plot().get_xscale() == "linear"
    assert both.interval("universal", "coupling", mass=1000.0).plot().get_xscale() == "linear"
    # limits of a coupling that span decades, and a mass, stay away from it
    plane = argon.contour("b-l", x="mass", y="coupling").plot()
    assert (plane.get_xscale(), plane.get_yscale()) == ("log", "log")
    assert argon.profile("b-l", "coupling", [1e-6, 1e-5, 1e-4], mass=10.0).plot().get_xscale() == "log"
    assert argon.profile("b-l", "coupling", [0.0, 1e-5, 1e-4], mass=10.0).plot().get_xscale() == "linear"


def test_a_best_fit_at_0_is_no_point_of_a_logarithmic_axis(argon):
    found = argon.contour("b-l", x="mass", y="coupling")
    at_zero = dataclasses.replace(found, values=found.values | {"coupling": 0.0})
    ax = at_zero.plot()
    assert ax.get_yscale() == "log"
    mark = ax.lines[-1]
    assert (mark.get_marker(), mark.get_label()) == ("v", "$B-L$: Ar, best fit, at $g_{Z'}$ = 0")
    # at the frame, also when this changes
    for low in (ax.get_ylim()[0], 1e-9):
        ax.set_ylim(bottom=low)
        pixel = mark.get_transform().transform(mark.get_xydata())[0]
        assert pixel[1] == pytest.approx(ax.bbox.y0)
    assert found.plot().lines[-1].get_marker() == "*"


def test_limits_and_scales_that_were_set_before_stay(both, argon):
    found = both.contour("magnetic-moment", "mu_e", "mu_mu")
    ax = plotting.file_figure().add_subplot()
    ax.set(xlim=(0.0, 1e-8), yscale="log")
    found.plot(ax)
    assert (ax.get_xlim(), ax.get_xscale(), ax.get_yscale()) == ((0.0, 1e-8), "linear", "log")
    # not the 20 decades down to rounding
    assert ax.get_ylim()[0] > 1e-4 * ax.get_ylim()[1]
    ax = plotting.mass_coupling_axes(mass=(1, 10), coupling=(1e-6, 1e-5))
    argon.limit("b-l", [0.1, 1e4]).plot(ax)
    assert (ax.get_xlim(), ax.get_ylim()) == ((1, 10), (1e-6, 1e-5))
    ax = plotting.file_figure().add_subplot()
    ax.set_xlim(0.1, 0.5)
    argon.interval("sm", "sin2_theta_w").plot(ax)
    assert ax.get_xlim() == (0.1, 0.5)
    # and those that are set between two results
    ax = argon.interval("sm", "sin2_theta_w").plot()
    ax.set_xlim(0.2, 0.3)
    both.interval("sm", "sin2_theta_w").plot(ax)
    assert ax.get_xlim() == (0.2, 0.3)


# --- several results


def pairs(csi, argon):
    values = np.linspace(0.1, 0.4, 20), np.linspace(0.05, 0.5, 20)
    return {
        "profile": [e.profile("sm", "sin2_theta_w", v) for e, v in zip((csi, argon), values, strict=True)],
        "interval": [e.interval("sm", "sin2_theta_w") for e in (csi, argon)],
        "contour": [e.contour("charge-radius", x="r2_ee", y="r2_mumu") for e in (csi, argon)],
        "estimate": [e.fit("charge-radius", ["r2_ee", "r2_mumu"]) for e in (csi, argon)],
        "limit": [csi.limit("b-l", [1.0, 10.0, 100.0]), argon.limit("b-l", [0.1, 10.0, 1e4])],
        "scan": [
            csi.scan("b-l", [1.0, 10.0], [1e-5, 1e-3]),
            argon.scan("b-l", np.geomspace(0.1, 1e4, 9), np.geomspace(1e-6, 1e-1, 9)),
        ],
        "fit": [csi.limit("b-l", [1.0, 10.0]), dataclasses.replace(argon.best_fit("b-l", mass=10.0), mass=500.0)],
    }


@pytest.mark.parametrize("kind", ["profile", "interval", "contour", "estimate", "limit", "scan", "fit"])
def test_axes_grow_for_a_second_result(csi, argon, kind):
    first, second = pairs(csi, argon)[kind]
    ax = first.plot()
    before, alone = (ax.get_xlim(), ax.get_ylim()), second.plot()
    count, scales = len(ax.lines), (ax.get_xscale(), ax.get_yscale())
    second.plot(ax)
    assert (ax.get_xscale(), ax.get_yscale()) == scales
    for got, had in zip((ax.get_xlim(), ax.get_ylim()), before, strict=True):
        assert got[0] <= had[0]
        assert got[1] >= had[1]
    for line in ax.lines[count:]:
        x, y = line.get_data()
        if kind == "interval" and len(x) > 2:
            assert ax.get_xlim()[0] <= min(x)
            assert ax.get_xlim()[1] >= max(x)
        elif len(x) != 2:
            known = np.isfinite(x)
            assert shown(ax, x[known], y[known])
    if kind != "fit":
        assert ax.get_xlim()[0] <= alone.get_xlim()[0]
        assert ax.get_xlim()[1] >= alone.get_xlim()[1]
    # the legend that the first result had names both
    assert [text.get_text() for text in ax.get_legend().get_texts()] == entries(ax)
    assert len(set(entries(ax))) == len(entries(ax))


def test_axes_with_data_of_somebody_else_grow_and_go_on_to(argon):
    ax = plotting.file_figure().add_subplot()
    ax.plot([0.1, 0.2], [1, 2])
    found = argon.interval("sm", "sin2_theta_w")
    found.plot(ax)
    assert ax.get_xlim()[0] <= found.points[0]
    assert ax.get_xlim()[1] >= found.points[-1]
    assert ax.get_legend() is None
    ax.plot([0.9], [3])
    assert ax.get_xlim()[1] > 0.9


def test_open_intervals_reach_the_frame_of_axes_that_have_grown(argon):
    ax = argon.interval("sm", "rn_ar").plot()
    ax.set_xlim(-100.0, 100.0)
    band = ax.patches[0]
    assert band.get_x() < -100
    assert np.isfinite(band.get_x())


def test_what_is_allowed_has_an_outline_where_it_is_not_filled(csi, argon):
    ax = csi.interval("sm", "sin2_theta_w").plot()
    argon.interval("sm", "sin2_theta_w").plot(ax, color="C1", facecolor="none")
    filled, empty = ax.patches
    assert filled.get_facecolor()[3] == 1.0
    assert (empty.get_fill(), empty.get_edgecolor()[3], empty.get_linewidth() > 0) == (False, 1.0, True)
    assert entries(ax)[1] == "SM: CsI, 90% C.L. allowed (1 d.o.f.)"
    assert entries(ax).count(r"$\Delta\chi^2 = 2.706$") == 1


def test_the_power_of_ten_of_an_axis_does_not_stand_in_the_legend(both):
    ax = both.contour("magnetic-moment", "mu_e", "mu_mu").plot()
    plotting.png(ax.figure)
    text = ax.yaxis.get_offset_text()
    assert text.get_text()
    assert not text.get_window_extent().overlaps(ax.get_legend().get_window_extent())
    # nor on a number at the top of the axis
    ax.set_ylim(top=ax.get_yticks()[-2])
    plotting.png(ax.figure)
    numbers = [label.get_window_extent() for label in ax.get_yticklabels() if label.get_text()]
    assert not any(text.get_window_extent().overlaps(box) for box in numbers)


def test_legends_call_parameters_as_axes_do(csi, tmp_path):
    found = csi.profile("nsi", "eps_u_ee", [0.0, 0.1], profiled="eps_d_ee")
    label = next(p.label for p in csi.parameters("nsi") if p.name == "eps_d_ee")
    assert found.title == f"NSI: CsI (profiled: {label})"
    assert "profiled: eps_d_ee" in found.subject
    found.save(tmp_path / "found.csv")
    assert type(found).load(tmp_path / "found.csv").title == found.title
    at = csi.interval("b-l", "coupling", mass=10.0)
    assert at.title == "$B-L$: CsI ($M_{Z'}$ = 10 MeV)"


# --- published limits


def test_published_limits_are_told_apart_without_colours_and_say_their_level():
    ax = plotting.plot_bounds(bounds_for("b-l"))
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "BaBar, 90%" in texts
    assert "TEXONO" in texts
    assert r"$(g-2)_\mu$ favoured, 90%" in texts
    named = [line for line in ax.lines if not line.get_label().startswith("_")]
    lower = [line for line in named if line.get_marker() != "None"]
    assert len({(line.get_marker(), line.get_linestyle()) for line in lower}) == len(lower) >= 10
    # each limit has a mark that is seen
    for line in ax.lines:
        if line.get_marker() != "None":
            x, y = (np.asarray(values)[line.get_markevery()] for values in line.get_data())
            assert x.size
            inside = (x >= ax.get_xlim()[0]) & (x <= ax.get_xlim()[1])
            assert (inside & (y <= ax.get_ylim()[1])).any()
    # what is favoured is hatched, on the axes and in the legend, as in figures 3 to 5
    assert [patch.get_hatch() for patch in ax.patches] == [None, "////"]
    handles = dict(zip(texts, ax.get_legend().legend_handles, strict=True))
    assert handles[r"$(g-2)_\mu$ favoured, 90%"].get_hatch() == "////"


def test_a_band_alone_is_favoured():
    band = Bound("x", "x", "b-l", "band", [([1.0, 2.0], [1e-5, 1e-5], [1e-4, 1e-4])], confidence_level=0.9)
    ax = band.plot()
    assert entries(ax) == ["x favoured, 90%"]
    assert ax.patches[0].get_hatch() == "////"


def test_parameters_of_the_axes_have_their_ends():
    ax = parameter_axes(None, [Parameter("x", low=0.0), parameters.coupling()], [np.array([[0.0, 1e-5], [1.0, 1e-4]])])
    assert ax.get_xlim()[0] == 0.0
    assert ax.get_yscale() == "log"


# --- lines and names


def test_many_lines_differ_without_their_colours(csi, argon):
    ax = plotting.plot_prediction([csi.predict("sm", rn_csi=4.0 + 0.1 * k) for k in range(12)])
    lines = ax.patches[:12]
    assert len({(str(line.get_linestyle()), line.get_linewidth()) for line in lines}) == 12
    levels = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    for drawn in (
        csi.contour("sm", x="sin2_theta_w", y="rn_csi", cl=levels).plot(),
        argon.scan("b-l", [1.0, 10.0], np.geomspace(1e-6, 1e-2, 30)).plot(cl=levels),
    ):
        named = [line for line in drawn.lines if "C.L." in line.get_label()]
        assert len({str(line._dash_pattern) for line in named}) == 6


def test_expected_counts_are_not_called_data(csi):
    asimov = csi.asimov("sm")
    assert entries(asimov.predict("sm").plot())[-1] == "expected (Asimov) $-$ backgrounds"
    assert "expected (Asimov)" in asimov.predict("sm")._repr_html_()
    assert asimov.replace(signal_sigma=0.1).expected
    for data in (csi, asimov.with_data(csi.observed), asimov.replace(observed=csi.observed)):
        assert not data.expected
        assert entries(data.predict("sm").plot())[-1] == "data $-$ backgrounds"


def test_legends_have_the_labels_and_units_of_parameters(csi):
    mine = get_interaction("b-l").renamed(coupling="g_x", mass="m_dark")
    mine = mine.replace(name="mine", label="mine")
    assert [p.label for p in mine.parameters] == [r"$m_{\mathrm{dark}}$", "$g_{x}$"]
    ax = plotting.plot_prediction([csi.predict("sm", rn_csi=6), csi.predict(mine, m_dark=10.0, g_x=1e-4)])
    assert entries(ax)[:2] == [
        r"SM, $R_n(\mathrm{CsI}) = 6$ fm",
        r"mine, $m_{\mathrm{dark}} = 10$ MeV, $g_{x} = 10^{-4}$",
    ]
    plotting.png(ax.figure)
    # the elements are those that the signal has made the name of
    assert plotting.point_label("sm", rn_c_si=3) == r"SM, $R_n(\mathrm{CSi}) = 3$ fm"
    assert plotting.point_label("sm", rn_nothing=3) == "SM, rn nothing = $3$"


def test_a_prediction_leaves_limits_that_were_set(csi):
    ax = plotting.file_figure().add_subplot()
    ax.set_xlim(10, 20)
    csi.predict("sm").plot(ax)
    assert ax.get_xlim() == (10, 20)
    assert csi.predict("sm").plot().get_xlim() == (6, 30)
