"""Artists have the vertices that their limits, bounds and predictions say."""

import dataclasses
import sys

import numpy as np
import pytest

from cevns import load, parameters, plotting
from cevns.errors import DataError, InputError, MissingDependencyError
from cevns.inference import Fit, Limit
from cevns.interactions import contact as contact_interaction
from cevns.interactions import get_interaction
from cevns.plotting import OPEN_ABOVE, outlines, plot_fit, plot_limit, plot_prediction, plot_scan


def limit_of(mass, excluded):
    excluded = tuple(np.array(rows, dtype=float).reshape(-1, 2) for rows in excluded)
    about = {
        "model": "universal",
        "label": "universal $Z'$",
        "experiments": ("coherent-argon-2020", "own"),
        "labels": ("Ar", "Ge"),
        "parameters": (parameters.mass(), parameters.coupling()),
    }
    fit = Fit(0.0, 1.0, 1e-5, **about)
    return Limit(0.90, 2, 4.61, 0.0, fit, np.array(mass, dtype=float), excluded, **about)


def contains(patch, mass, coupling):
    # one closed polygon for each CLOSEPOLY, with holes of opposite orientation: the nonzero winding rule
    return bool(patch.get_path().contains_point((mass, coupling)))


def area(polygon):
    x, y = polygon.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


STRIP = limit_of([10, 20, 30, 40], [[[1, np.inf]], [[2, 5], [6, np.inf]], [[3, 6], [8, np.inf]], [[4, 7], [9, np.inf]]])


def test_allowed_strip_stays_open():
    (patch,) = plot_limit(STRIP).patches
    assert contains(patch, 35, 5)
    assert not contains(patch, 35, 7.5)
    assert contains(patch, 35, 12)
    assert not contains(patch, 35, 2)


def test_no_wall_stands_where_the_next_mass_has_no_exclusion():
    ends = limit_of([10, 20, 30, 40], [[[1, np.inf]], [[2, np.inf]], [[3, 8]], []])
    drawn = plot_limit(ends).lines[0].get_xydata()
    # neither up from the last open mass nor from there to an end at the next one
    assert np.nanmax(drawn) < OPEN_ABOVE
    assert plot_limit(ends).get_ylim()[1] <= 100


def test_ends_of_ranges_are_no_limits(argon):
    curve = argon.limit("sterile-dipole", mass=[1.0, 30.0, 50.0, 60.0], mu_e=0.0)
    assert [rows[:, 1].tolist() for rows in curve.excluded] == [[np.inf], [np.inf], [np.inf], []]
    ax = plot_limit(curve)
    assert ax.get_ylim()[1] <= 1e-6
    assert np.nanmax(ax.lines[0].get_ydata()) < 1e-7


def test_contours_have_no_line_along_the_end_of_a_range(argon):
    found = argon.contour("b-l", x="mass", y="coupling", bounds={"coupling": (0.0, 1e-2)})
    ax = found.plot()
    x, y = ax.lines[0].get_xydata().T
    first, last = np.column_stack([x, y])[:-1], np.column_stack([x, y])[1:]
    assert not ((first == last).any(axis=1)).any()
    # what is allowed goes on to the frame
    assert ax.get_xlim() == pytest.approx((0.1, 1e4))
    assert ax.get_ylim()[0] > 1e-5
    assert ax.get_ylim()[1] == pytest.approx(1e-2)


def test_profiles_count_from_the_minimum(csi, tmp_path):
    curve = csi.profile("sm", "rn_csi", [3.0, 3.5, 4.0])
    assert curve.chi2_min == pytest.approx(2.833, abs=1e-3)
    assert curve.delta_chi2 == pytest.approx(curve.chi2 - curve.chi2_min)
    assert curve.table().columns[2].values == pytest.approx(curve.delta_chi2)
    line = curve.plot().lines[0]
    assert line.get_ydata() == pytest.approx(curve.delta_chi2)
    assert line.get_ydata().min() == pytest.approx(1.85, abs=0.01)
    curve.save(tmp_path / "profile.csv")
    assert type(curve).load(tmp_path / "profile.csv") == curve


def test_a_fit_says_what_its_marks_are(csi, both):
    ax = csi.fit("sm", ["sin2_theta_w", "rn_csi"]).plot()
    assert [text for text in ax.get_legend_handles_labels()[1] if "other minima" in text]
    ax = both.fit("b-l", ["mass", "coupling"]).plot()
    # away from the frame
    (x,), (y,) = ax.lines[-1].get_data()
    for value, (low, high) in ((x, ax.get_xlim()), (y, ax.get_ylim())):
        assert low * 1.05 < value < high / 1.05


def test_default_legends_have_the_labels_of_the_experiments_and_the_level(argon):
    assert plot_limit(STRIP).get_legend_handles_labels()[1] == ["universal $Z'$: Ar + Ge, 90% C.L. excluded (2 d.o.f.)"]
    own = argon.replace(name="own", label="$^{40}$Ar")
    ax = own.scan("b-l", [1.0, 10.0], [1e-5, 1e-3]).plot()
    assert ax.get_legend_handles_labels()[1] == ["$B-L$: $^{40}$Ar, 90% C.L. excluded (2 d.o.f.)"]


def test_open_region_reaches_beyond_the_top_of_the_axes():
    ax = plot_limit(STRIP)
    (patch,) = ax.patches
    assert patch.get_path().vertices[:, 1].max() == OPEN_ABOVE
    assert ax.get_ylim()[1] < 1e3  # the cut does not stretch the axes


def test_vertices_are_those_of_the_limit():
    regions, lines = outlines(STRIP.excluded, STRIP.mass)
    edges = {(m, g) for m, rows in zip(STRIP.mass, STRIP.excluded, strict=True) for g in rows.ravel() if np.isfinite(g)}
    assert {(m, g) for m, g in np.concatenate(regions) if g < OPEN_ABOVE} == edges
    assert {tuple(point) for point in np.concatenate(lines)} == edges


def test_outline_leaves_out_the_ends_of_the_mass_axis():
    _, lines = outlines(STRIP.excluded, STRIP.mass)
    tip, lower = sorted(lines, key=lambda line: -line[:, 1].max())
    assert lower.tolist() == [[10, 1], [20, 2], [30, 3], [40, 4]]
    assert tip.tolist() == [[40, 7], [30, 6], [20, 5], [20, 6], [30, 8], [40, 9]]


def test_island_of_allowed_couplings_is_a_hole():
    rows = [[[1, np.inf]], [[1, 4], [5, np.inf]], [[1, 3], [6, np.inf]], [[1, np.inf]]]
    regions, _ = outlines([np.array(r, dtype=float) for r in rows], [10.0, 20.0, 30.0, 40.0])
    assert len(regions) == 2
    assert np.sign(area(regions[0])) == -np.sign(area(regions[1]))
    assert sorted(regions[1].tolist()) == [[20, 4], [20, 5], [30, 3], [30, 6]]


def test_closed_region_begins_and_ends():
    rows = [[], [[2, 3]], [[1, 4]], []]
    regions, lines = outlines([np.array(r, dtype=float).reshape(-1, 2) for r in rows], [10.0, 20.0, 30.0, 40.0])
    assert sorted(regions[0].tolist()) == [[20, 2], [20, 3], [30, 1], [30, 4]]
    assert len(lines) == 1
    assert (lines[0][0] == lines[0][-1]).all()


def test_limit_without_masses_is_refused():
    with pytest.raises(InputError, match="at least two mediator masses"):
        plot_limit(limit_of([10.0], [[[1, np.inf]]]))


def test_limits_share_axes():
    ax = plot_limit(STRIP, label="one")
    assert plot_limit(STRIP, ax, label="two", facecolor="none") is ax
    assert ax.get_legend_handles_labels()[1] == ["one", "two"]
    assert len(ax.patches) == 1


def test_scan_contours_follow_the_exact_limits(argon):
    mass, coupling = np.geomspace(1, 1e3, 25), np.geomspace(1e-6, 1e-1, 200)
    scan = argon.scan("b-l", mass, coupling)
    *filled, least, most = plot_scan(scan, cl=(0.99, 0.90)).collections
    contours = least, most
    assert len(filled) == 2
    assert all(part.get_paths() for part in filled)
    for contour, cl in zip(contours, (0.90, 0.99), strict=True):
        exact = argon.limit("b-l", mass, cl=cl, reference=float(scan.chi2.min()))
        vertices = np.concatenate([path.vertices for path in contour.get_paths()])
        for m, low in zip(mass, exact.lowest, strict=True):
            found = vertices[np.isclose(vertices[:, 0], m, rtol=1e-12), 1]
            assert np.allclose(found, low, rtol=0.02)
            assert found.size


def test_scan_that_excludes_nothing_is_drawn_empty(argon):
    scan = argon.scan("b-l", [1.0, 10.0], [1e-9, 2e-9])
    assert list(plot_scan(scan).collections) == []


def test_prediction_shows_counts_and_data(argon):
    prediction = argon.predict("b-l", 10, 5e-5)
    ax = plot_prediction(prediction)
    values, edges, _ = ax.patches[0].get_data()
    assert np.array_equal(values, prediction.signal)
    assert np.array_equal(edges, prediction.bin_edges)
    points = ax.containers[0].lines[0].get_ydata()
    assert np.allclose(points, prediction.observed - sum(prediction.backgrounds.values()), rtol=1e-14)
    assert "keV" in ax.get_xlabel()


def test_prediction_names_model_data_and_backgrounds(argon, csi):
    def entries(ax):
        return [text.get_text() for text in ax.get_legend().get_texts()]

    shown = argon.predict("b-l", 10, 5e-5)
    ax = shown.plot()
    area = "backgrounds (PBRN, LBRN), subtracted"
    model = r"$B-L$, $M_{Z'} = 10$ MeV, $g_{Z'} = 5 \times 10^{-5}$"
    assert entries(ax) == [model, area, "data $-$ backgrounds"]
    values, _, baseline = ax.patches[1].get_data()
    assert np.array_equal(values, sum(shown.backgrounds.values()))
    assert baseline == 0
    assert entries(shown.plot(data=False)) == [model]
    # other parameters than mass and coupling are named too, as the interaction names them
    bare = csi.replace(backgrounds=()).predict("charge-radius", r2_ee=-60, sin2_theta_w=0.24)
    radius = r"$\langle r^2\rangle_{ee} = -60$ $\times$ $10^{-32}$ cm$^2$"
    assert entries(bare.plot()) == [rf"charge radius, {radius}, $\sin^2\theta_W = 0.24$", "data"]
    named = dataclasses.replace(shown, backgrounds={"a $^{b": shown.observed})
    plotting.png(named.plot().figure)
    # without colours too, two models are two
    both = plot_prediction([argon.predict("sm"), shown])
    assert len({patch.get_linestyle() for patch in both.patches[:2]}) == 2


def test_prediction_of_an_array_of_couplings_is_refused(argon):
    with pytest.raises(InputError, match="one mass and coupling"):
        plot_prediction(argon.predict("b-l", 10, [1e-5, 2e-5]))


def test_predictions_of_different_experiments_are_refused(argon):
    with pytest.raises(InputError, match="different bins"):
        plot_prediction([argon.predict("sm"), load("coherent-csi-2017").predict("sm")])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (10, "10"),
        (1234.0, "1234"),
        (1e-3, "10^{-3}"),
        (-2.5e-5, r"-2.5 \times 10^{-5}"),
        (9.99e-5, "10^{-4}"),
    ],
)
def test_scientific_notation(value, text):
    assert plotting.scientific(value) == text


def test_axes_have_units_and_ranges():
    ax = plotting.mass_coupling_axes(mass=(1, 1e3), coupling=(1e-6, 1e-2))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_xlabel() == "$M_{Z'}$ [MeV]"
    assert ax.get_xlim() == (1, 1e3)
    with pytest.raises(InputError, match="coupling must ascend"):
        plotting.mass_coupling_axes(coupling=(1e-2, 1e-6))


def test_save_writes_the_same_bytes_twice(tmp_path):
    for name in ("a.pdf", "b.pdf"):
        plotting.save(plot_limit(STRIP).figure, tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_save_names_the_formats(tmp_path):
    with pytest.raises(InputError, match=r"suffix '.xyz'.*pdf"):
        plotting.save(plotting.new_figure(), tmp_path / "a.xyz")
    with pytest.raises(DataError, match="cannot write"):
        plotting.save(plotting.new_figure(), tmp_path / "missing" / "a.png")


def test_missing_matplotlib_is_one_clear_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"needs matplotlib, .*: pip install 'cevns\[plot\]'"):
        plot_limit(STRIP)


def test_limits_and_scans_name_model_data_and_level_in_a_legend(argon):
    scan = argon.scan("lmu-ltau", [1.0, 10.0], [1e-5, 1e-3])
    for curve, model in ((STRIP, "universal"), (scan, r"L_\mu")):
        for ax in (curve.plot(), curve.plot(plotting.file_figure().add_subplot())):
            (text,) = (entry.get_text() for entry in ax.get_legend().get_texts())
            assert model in text
            assert text.endswith(f"{'Ar + Ge' if curve is STRIP else 'Ar'}, 90% C.L. excluded (2 d.o.f.)")
    # axes with something on them keep the legend that they have, or none
    ax = plotting.mass_coupling_axes()
    assert STRIP.plot(ax).get_legend() is None
    assert STRIP.plot(label="").get_legend() is None
    dollars = dataclasses.replace(STRIP, label=r"my \$^{model\$")
    assert dollars.plot().get_legend_handles_labels()[1] == [r"my \$^{model\$: Ar + Ge, 90% C.L. excluded (2 d.o.f.)"]
    plotting.png(dollars.plot().figure)


def test_a_contact_interaction_has_no_mass_axis():
    contact = dataclasses.replace(limit_of([10.0], [[[1, np.inf]]]), mass=None)
    for draw in (contact.plot, lambda: plotting.plot_bounds([], own=[contact])):
        with pytest.raises(InputError, match=r"contact interaction has no mass axis.*print the intervals"):
            draw()


def test_axes_are_saved_with_their_figure(tmp_path):
    ax = plot_limit(STRIP)
    plotting.save(ax, tmp_path / "axes.png")
    plotting.save(ax.figure, tmp_path / "figure.png")
    assert (tmp_path / "axes.png").read_bytes() == (tmp_path / "figure.png").read_bytes()
    # axes of pyplot.subplots come in an array
    plotting.save(np.array([[ax]]), tmp_path / "array.png")
    assert (tmp_path / "array.png").read_bytes() == (tmp_path / "figure.png").read_bytes()
    figure = plotting.file_figure()
    plotting.save(figure.subfigures(1, 2)[0].add_subplot(), tmp_path / "part.png")
    plotting.save(figure, tmp_path / "whole.png")
    assert (tmp_path / "part.png").read_bytes() == (tmp_path / "whole.png").read_bytes()
    for wrong in (STRIP, np.array([STRIP]), [1.0], "text", None):
        with pytest.raises(InputError, match="figure must be"):
            plotting.save(wrong, tmp_path / "wrong.png")


def test_a_best_fit_is_a_point_in_the_plane(argon):
    fit = argon.best_fit("b-l")
    ax = fit.plot()
    (mark,) = ax.lines
    assert mark.get_xydata().tolist() == [[fit.mass, fit.coupling]]
    assert ax.get_xlabel() == "$M_{Z'}$ [MeV]"
    assert ax.get_xlim()[0] < fit.mass < ax.get_xlim()[1]
    assert ax.get_ylim()[0] < fit.coupling < ax.get_ylim()[1]
    over = plot_fit(fit, plot_limit(STRIP), label="here")
    assert over.get_legend_handles_labels()[1][-1] == "here"
    contact = contact_interaction("x", proton={}, neutron={"e": 1.0})
    for none in (argon.best_fit(contact), dataclasses.replace(fit, coupling=0.0)):
        with pytest.raises(InputError, match="no point in the plane of mass and coupling: print it"):
            none.plot()


def test_axes_are_named_by_the_parameters(argon):
    mine = get_interaction("b-l").renamed(coupling="g_x")
    mine = mine.replace(
        parameters=(parameters.mass(label="$M_X$"), parameters.coupling("g_x", label="$g_X$", unit="fm"))
    )
    for result in (
        argon.limit(mine, [1.0, 10.0]),
        argon.scan(mine, [1.0, 10.0], [1e-5, 1e-3]),
        argon.best_fit(mine, mass=10.0),
    ):
        ax = result.plot()
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("$M_X$ [MeV]", "$g_X$ [fm]")
