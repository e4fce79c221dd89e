"""Pictures of fits of one parameter."""

import numpy as np
import pytest

from cevns.inference import Result
from cevns.plotting import png
from cevns.plotting.legends import lines_of


@pytest.fixture(scope="module")
def fits(both, argon):
    return {
        "radius": both.fit("sm", ["rn_ar"]),
        "coupling": both.fit("universal", ["coupling"], mass=300.0),
        "epsilon": argon.fit("nsi", ["eps_u_ee"]),
        "mass": both.fit("b-l", ["mass"], coupling=1e-4),
    }


@pytest.mark.parametrize("name", ["radius", "coupling", "epsilon", "mass"])
def test_a_fit_of_one_parameter_is_drawn(fits, name):
    found = fits[name]
    ax = found.plot()
    (p,) = found.parameters
    assert (ax.get_xlabel(), ax.get_ylabel()) == (p.axis_label, r"$\Delta\chi^2$")
    labels = ax.get_legend_handles_labels()[1]
    assert labels[:2] == [r"$\Delta\chi^2 \leq 1$", f"{found.title}, best fit"]
    assert len(labels) == 2 + (len(found.minima) > 1)
    bars, *marks = ax.get_lines()
    assert [tuple(line.get_xydata()[0]) for line in marks] == [
        (m["values"][p.name], m["chi2"] - found.chi2) for m in found.minima
    ]
    # what ends inside of the range is seen
    low, high = ax.get_xlim()
    ends = found.intervals[p.name]
    inner = ends[np.isfinite(ends) & (ends != p.low)]
    assert ((low < inner) & (inner < high)).all()
    x, y = bars.get_xydata().T
    assert np.isin(inner, x).all()
    assert set(y[np.isfinite(y)]) == {1.0}
    assert ax.get_ylim()[1] > 1


def test_a_saved_fit_is_drawn_and_a_fit_is_written_as_a_figure(fits, run, tmp_path):
    fits["radius"].save(tmp_path / "f.json")
    assert Result.load(tmp_path / "f.json").plot().get_xlabel() == fits["radius"].parameters[0].axis_label
    assert run("plot", tmp_path / "f.json", "-o", "f.pdf")[0] == 0
    code, _, err = run("fit", "coherent-argon-2020", "--model", "sm", "--free", "rn_ar", "-o", "g.png")
    assert (code, err) == (0, "")
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")


# --- nothing that was found is cut, and no legend squeezes its axes


@pytest.mark.parametrize(
    ("name", "radius", "bounds"),
    [
        ("csi", "rn_csi", {"sin2_theta_w": (0.15, 0.26), "rn_csi": (4.0, 9.0)}),
        ("argon", "rn_ar", {"sin2_theta_w": (0.0, 0.3), "rn_ar": (2.0, 15.0)}),
    ],
)
def test_a_picture_shows_all_of_a_region_within_its_bounds(request, name, radius, bounds):
    experiment = request.getfixturevalue(name).asimov("sm")
    found = experiment.contour("sm", x="sin2_theta_w", y=radius, bounds=bounds)
    ax = found.plot()
    for curve in found.curves[0]:
        for k, (low, high) in enumerate((ax.get_xlim(), ax.get_ylim())):
            assert low <= curve[:, k].min()
            assert curve[:, k].max() <= high


def test_a_logarithmic_axis_shows_decades_beside_a_best_fit_of_nothing(argon):
    """A coupling of 0 fits best: the level goes through more than three decades all the same."""
    found = argon.asimov("sm").contour("universal", x="mass", y="coupling", bounds={"mass": (0.1, 9e4)})
    ax = found.plot()
    (curve,) = found.curves[0]
    on_level = curve[:, 1][curve[:, 1] > 0]
    assert on_level.max() > 1e3 * on_level.min()
    assert ax.get_ylim()[0] <= on_level.min()


def test_long_entries_of_a_legend_leave_the_axes_their_width(argon):
    priors = {"rn_ar": (3.4, 0.3), "sin2_theta_w": (0.239, 0.05)}
    known = argon.replace(form_factor="klein-nystrand").asimov("sm").with_priors(**priors)
    found = known.contour("sm", x="sin2_theta_w", y="rn_ar", cl=(0.68, 0.9))
    label = "a label of somebody who has much to say, of data and of settings, of theory too; of all, of everything"
    for ax in (found.plot(), found.plot(label=label)):
        png(ax.figure)
        assert ax.get_position().width > 0.8
        assert ax.get_position().height > 0.6
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert "\n" in texts[0]
        assert texts[1:] == ["the same, 90% C.L. allowed (2 d.o.f.)", "the same, best fit"]


def test_priors_in_legends_have_symbols(argon):
    found = argon.fit("sm", "rn_ar", priors={"rn_ar": (3.4, 0.3)})
    assert found.title == r"SM: Ar (prior $R_n(\mathrm{Ar})$ = 3.4 $\pm$ 0.3)"
    assert "prior rn_ar = 3.4 +- 0.3" in found.settings


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("short", 20, ["short"]),
        ("one two three four five", 10, ["one two", "three four", "five"]),
        ("first, second third; fourth", 16, ["first,", "second third;", "fourth"]),
        (r"$a b c d e f g h$ of 5 \$ each", 8, ["$a b c d e f g h$", r"of 5 \$", "each"]),
        ("one\ntwo three", 8, ["one", "two", "three"]),
        ("unbreakable", 4, ["unb", "rea", "kab", "le"]),
        ("$ odd", 3, ["$", "odd"]),
        ("", 2, [""]),
    ],
)
def test_lines_of_a_legend_break_between_words(text, width, lines):
    assert lines_of(text, width).split("\n") == lines


@pytest.mark.parametrize(
    "names",
    [
        [f"experiment number {i} of many" for i in range(8)],
        [f"e{i}" for i in range(30)],
        ["x" * 91],
        ["p $5", "q_1_2 $6"],
    ],
    ids=["long", "many", "no blank", "dollars"],
)
def test_legends_of_many_and_of_strange_names_stay_in_the_figure(argon, names):
    likelihood = sum([argon.replace(name=n, label=n) for n in names[1:]], argon.replace(name=names[0], label=names[0]))
    ax = likelihood.limit("b-l", [1.0, 10.0]).plot()
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x1 <= ax.figure.bbox.width
