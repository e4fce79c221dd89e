"""Artists have the vertices that their limits, bounds and predictions say."""

import ast
import dataclasses
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cevns import load, parameters, plotting
from cevns.bounds import Bound
from cevns.errors import CevnsError, DataError, InputError, MissingDependencyError
from cevns.inference import Fit, Limit
from cevns.interactions import contact as contact_interaction
from cevns.interactions import get_interaction
from cevns.plotting import OPEN_ABOVE, outlines, plot_bound, plot_fit, plot_limit, plot_prediction, plot_scan
from cevns.plotting.canvas import draws


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


def bound(kind, *segments):
    return Bound("mine", "mine", "b-l", kind, segments, confidence_level=0.90)


def test_one_sided_bound_is_open_above_with_gaps():
    pieces = ([1.0, 2.0], [1e-4, 2e-4]), ([5.0, 6.0], [3e-4, 4e-4])
    ax = plot_bound(bound("lower", *pieces))
    first, second = ax.patches
    assert contains(first, 1.5, 1.0)
    assert contains(second, 5.5, 1e3)
    assert not contains(first, 3.0, 1.0)
    assert not contains(second, 3.0, 1.0)
    (line,) = ax.lines
    assert np.isnan(line.get_ydata()).sum() == 2
    assert np.nanmax(line.get_ydata()) == 4e-4


def test_closed_bound_is_closed():
    (patch,) = plot_bound(bound("region", ([1.0, 2.0, 3.0], [1e-6, 1e-6, 1e-6], [1e-4, 1e-4, 1e-4]))).patches
    assert contains(patch, 2.0, 1e-5)
    assert not contains(patch, 2.0, 1e-3)


def test_contour_is_followed_point_by_point():
    points = [1.0, 3.0, 3.0, 1.0], [1e-6, 1e-6, 1e-4, 1e-4]
    ax = plot_bound(bound("contour", points))
    assert ax.lines[0].get_xdata()[:5].tolist() == [1, 3, 3, 1, 1]
    assert contains(ax.patches[0], 2.0, 5e-5)


def test_recast_is_dashed():
    recast = Bound("mine", "mine", "b-l", "lower", [([1.0, 2.0], [1e-4, 1e-4])], approximate=True)
    assert plot_bound(recast).lines[0].get_linestyle() == "--"


def test_bound_draws_itself_on_given_axes():
    mine = bound("lower", ([1.0, 2.0], [1e-4, 1e-4]))
    ax = mine.plot(color="red")
    assert mine.plot(ax, label="again") is ax
    assert ax.get_legend_handles_labels()[1] == ["mine, 90%", "again"]
    assert ax.lines[0].get_color() == "red"


def named(name, label, mass, *couplings, model="b-l", **options):
    kind = "lower" if len(couplings) == 1 else "region"
    segment = (mass, *([g] * len(mass) for g in couplings))
    return Bound(name, label, model, kind, [segment], **options)


def test_bounds_share_colours_by_family():
    kloe = [named(f"kloe-{year}", f"KLOE {year}", [1.0, 9.0], 1e-3) for year in (2012, 2014)]
    dumps = [named(name, name, [1.0, 9.0], 1e-7, 1e-6) for name in ("E137", "E141")]
    ax = plotting.plot_bounds([*kloe, *dumps, named("x", "BaBar", [1.0, 9.0], 1e-3, approximate=True)])
    colors = [line.get_color() for line in ax.lines]
    assert ax.get_legend_handles_labels()[1] == ["KLOE", "BaBar", "fixed targets"]
    assert len(set(colors)) == 3
    assert [line.is_dashed() for line in ax.lines].count(True) == 1
    assert {text.get_text() for text in ax.texts} == {"E137", "E141"}
    # shadings that fade for KLOE and BaBar, and one region for all fixed targets: any number of them may overlap
    assert len(ax.collections) == 3
    assert len(ax.patches) == 1


def test_magnetic_moments_do_not_stretch_the_axes():
    muon = named("g-2-mu", r"$(g-2)_\mu$", [0.01, 1e6], 3.0)
    ax = plotting.plot_bounds([muon, named("x", "BaBar", [20.0, 1e4], 2e-4)])
    assert ax.get_xlim() == (20, 1e4)
    assert ax.get_ylim() == (1e-4, 1e-3)
    assert plotting.plot_bounds([muon]).get_xlim() == (0.01, 1e6)


def test_own_bounds_are_black_lines_over_the_others():
    mine = named("mine", "mine", [10.0, 1e5], 1e-6)
    ax = plotting.plot_bounds([named("x", "BaBar", [20.0, 1e4], 2e-4)], own=[mine])
    assert (ax.lines[-1].get_color(), ax.lines[-1].get_zorder()) == ("black", 4)
    assert len(ax.patches) == 0
    assert ax.get_xlim() == (10, 1e5)
    assert ax.get_ylim()[0] < 1e-6


def test_strokes_at_the_ends_of_a_table_are_not_drawn():
    mass = np.array([10.0, 10.2, 11.0, 20.0, 30.0, 30.1])
    coupling = np.array([0.3, 0.1, 1e-4, 2e-4, 1e-4, 5e-3])
    kept = plotting.without_steep_ends(mass, coupling)
    assert [values.tolist() for values in kept] == [[11.0, 20.0, 30.0], [1e-4, 2e-4, 1e-4]]
    # the shallow rise of a search that loses its reach, and noise, are limits
    for shape in (3e-4 * (mass / 10) ** 3, 3e-4 * np.array([2.0, 1.0, 2.0, 1.0, 1.0, 2.0])):
        assert plotting.without_steep_ends(mass, shape)[0].tolist() == mass.tolist()
    ax = plotting.plot_published(bound("lower", (mass, coupling)))
    assert np.nanmax(ax.lines[0].get_ydata()) == 2e-4


def test_shading_is_above_the_limit_and_fades_at_its_ends():
    ax = plotting.mass_coupling_axes(mass=(1, 1e3), coupling=(1e-6, 1))
    plotting.shade_above(ax, [(np.array([10.0, 100.0]), np.array([1e-4, 1e-4]))], "red", rise=4.0)
    (shading,) = ax.collections
    depth = {
        point: sum(path.contains_point(point) for path in shading.get_paths())
        for point in ((30.0, 1.05e-4), (30.0, 3e-4), (30.0, 5e-4), (30.0, 0.9e-4), (11.0, 1.05e-4), (95.0, 1.05e-4))
    }
    near, far, beyond, below, *ends = depth.values()
    assert near > 3 * far > 0
    assert beyond == below == 0
    assert 0 < max(ends) < near / 2
    # layers are within a few per cent of the axes: nothing covers the plane above
    assert ax.get_ylim() == (1e-6, 1)


def test_shading_does_not_fade_where_the_axes_end():
    ax = plotting.mass_coupling_axes(mass=(10, 100), coupling=(1e-6, 1))
    plotting.shade_above(ax, [(np.array([10.0, 100.0]), np.array([1e-4, 1e-4]))], "red")
    paths = ax.collections[0].get_paths()
    assert {tuple(path.get_extents().intervalx.round(9)) for path in paths} == {(10.0, 100.0)}


def test_shading_leaves_gaps_free():
    pieces = ([1.0, 2.0], [1e-4, 2e-4]), ([5.0, 6.0], [3e-4, 4e-4])
    (shading,) = plotting.plot_published(bound("lower", *pieces)).collections
    clip = shading.get_clip_path().get_fully_transformed_path()
    to_pixels = shading.axes.transData.transform
    assert [clip.contains_point(to_pixels((m, 5e-4))) for m in (1.5, 3.0, 5.5)] == [True, False, True]


def test_closed_regions_are_a_union_without_the_ends_of_their_tables():
    one = bound("region", ([1.0, 2.0, 3.0], [1e-6, 1e-6, 9e-5], [1e-4, 1e-4, 1e-4]))
    # the other way round, so that the patch would have a hole where both overlap
    two = bound("contour", ([1.0, 1.0, 2.0], [5e-5, 2e-6, 1e-5]))
    ax = plotting.plot_published([one, two])
    (patch,) = ax.patches
    assert contains(patch, 1.2, 1e-5)
    for line in ax.lines:
        mass, coupling = line.get_data()
        jumps = np.abs(np.log(coupling[1:] / coupling[:-1]))[mass[1:] == mass[:-1]]
        assert np.nanmax(jumps, initial=0) < np.log(6)


def test_nothing_to_draw_is_refused():
    with pytest.raises(InputError, match="bounds is empty"):
        plotting.plot_published([])


def test_few_decades_have_more_labels():
    ax = plotting.new_figure().add_subplot()
    ax.set(xscale="log", xlim=(1, 50))
    plotting.log_ticks(ax.xaxis, (1, 2, 5))
    shown = [label.get_text() for label in ax.get_xticklabels() if 1 <= label.get_position()[0] <= 50]
    assert shown == ["1", "2", "5", "10", "20", "50"]


def test_bounds_of_several_models_or_none_are_refused():
    with pytest.raises(InputError, match="one model, got b-l, universal"):
        plotting.plot_bounds([named("x", "x", [1.0, 2.0], 1.0), named("y", "y", [1.0, 2.0], 1.0, model="universal")])
    with pytest.raises(InputError, match="one model, got none"):
        plotting.plot_bounds([])


def test_kinetic_mixing_has_its_own_symbol():
    mixing = named("x", "x", [1.0, 2.0], 1e-3, model="dark-photon")
    assert mixing.plot().get_ylabel() == r"$\epsilon$"
    assert named("x", "x", [1.0, 2.0], 1e-3).plot().get_ylabel() == "$g_{Z'}$"


def test_scan_contours_follow_the_exact_limits(argon):
    mass, coupling = np.geomspace(1, 1e3, 25), np.geomspace(1e-6, 1e-1, 200)
    scan = argon.scan("b-l", mass, coupling)
    filled, *contours = plot_scan(scan, cl=(0.99, 0.90)).collections
    assert filled.get_paths()
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


def test_limits_of_one_s_own_lie_over_published_ones_with_strips_and_islands():
    curve = limit_of([10, 20, 30], [[[1e-3, np.inf]], [[1e-3, 2e-3], [3e-3, np.inf]], [[1e-5, 4e-5]]])
    published = named("x", "BaBar", [20.0, 1e4], 2e-4, model="universal")
    other = named("mine", "mine", [1.0, 2.0], 1e-4, model="universal")
    ax = plotting.plot_bounds([published], own=[curve, other])
    alone = plot_limit(curve)
    first, second = ax.lines[-2:]
    assert np.array_equal(first.get_xydata(), alone.lines[0].get_xydata(), equal_nan=True)
    assert (first.get_color(), first.get_zorder(), second.get_zorder()) == ("black", 4, 4)
    assert ax.get_legend_handles_labels()[1] == [
        "BaBar",
        "universal $Z'$: Ar + Ge, 90% C.L. excluded (2 d.o.f.)",
        "mine",
    ]
    assert (ax.get_xlim(), ax.get_ylim()[0]) == ((1, 1e4), 1e-6)
    # one curve needs no list, and no other ones; one that excludes nothing has its axes
    assert len(plotting.plot_bounds([published], own=curve).lines) == 2
    assert plotting.plot_bounds([], own=[curve]).get_xlim() == (10, 30)
    assert plotting.plot_bounds([], own=[limit_of([1, 2], [[], []])]).get_xlim() == (1, 2)


def test_what_cannot_lie_over_published_limits_is_refused(argon):
    published = [named("x", "BaBar", [20.0, 1e4], 2e-4)]
    with pytest.raises(InputError, match="one model, got b-l, universal"):
        plotting.plot_bounds(published, own=[STRIP])
    with pytest.raises(InputError, match="two mediator masses"):
        plotting.plot_bounds([], own=[limit_of([10.0], [[[1, np.inf]]])])
    with pytest.raises(InputError, match=r"own\[0\] must be a Bound or a Limit"):
        plotting.plot_bounds(published, own=[argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-3])])
    with pytest.raises(InputError, match=r"bounds\[0\] must be a Bound"):
        plotting.plot_bounds([STRIP])


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
    figure = plotting.file_figure()
    plotting.save(figure.subfigures(1, 2)[0].add_subplot(), tmp_path / "part.png")
    plotting.save(figure, tmp_path / "whole.png")
    assert (tmp_path / "part.png").read_bytes() == (tmp_path / "whole.png").read_bytes()
    for wrong in (STRIP, np.array([ax]), None):
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


LAZY = """
import sys
import cevns.plotting.canvas, cevns.plotting.plane, cevns.plotting.regions, cevns.plotting.pictures
heavy = ("matplotlib", "cevns.inference", "cevns.interactions", "cevns.bounds", "cevns.predictions", "cevns.nuclei")
print([name for name in sys.modules if name.startswith(heavy)])
"""


def test_primitives_import_no_result_and_no_physics():
    done = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_of_the_package_is_found_where_it_is_said_to_be():
    assert sorted(plotting._PUBLIC) == sorted(plotting.__all__) == dir(plotting)
    for name, module in plotting._PUBLIC.items():
        assert name in importlib.import_module(module).__all__
        assert getattr(plotting, name) is getattr(importlib.import_module(module), name)
    tree = ast.parse(Path(plotting.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    assert {alias.name: node.module for node in block.body for alias in node.names} == plotting._PUBLIC
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = plotting.nothing


# --- what Matplotlib would raise


@pytest.fixture(scope="module")
def drawn(argon):
    mass, coupling = np.geomspace(1, 100, 3), np.geomspace(1e-5, 1e-3, 3)
    return {
        "limit": argon.limit("b-l", mass),
        "scan": argon.scan("b-l", mass, coupling),
        "bound": Bound("mine", "mine", "b-l", "lower", [([1.0, 10.0], [1e-4, 1e-3])]),
        "prediction": argon.predict("sm"),
        "fit": argon.best_fit("b-l", mass=10.0),
    }


@pytest.mark.parametrize("name", ["limit", "scan", "bound", "prediction", "fit"])
@pytest.mark.parametrize("options", [{"ax": 3}, {"ax": "x"}, {"foo": 3}], ids=str)
def test_axes_and_options_that_are_none_are_refused(drawn, name, options):
    with pytest.raises(InputError, match=r"ax must be an Axes|foo"):
        drawn[name].plot(**options)


@pytest.mark.parametrize("projection", ["3d", "polar", "mollweide"])
@pytest.mark.parametrize("name", ["limit", "scan", "bound", "prediction", "fit"])
def test_axes_that_are_no_plane_are_refused(drawn, name, projection):
    ax = plotting.file_figure().add_subplot(projection=projection)
    with pytest.raises(InputError, match=f"ax must be plane axes .* got those of the projection '{projection}'"):
        drawn[name].plot(ax=ax)
    assert not ax.has_data()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("limit", {"color": "nocolour"}),
        ("limit", {"linewidth": "x"}),
        ("limit", {"hatch": 3}),
        ("bound", {"linestyle": "x"}),
        ("bound", {"facecolor": "nope"}),
        ("bound", {"label": 3}),
        ("fit", {"marker": "nope"}),
        ("fit", {"label": 3}),
        ("scan", {"cl": "x"}),
        ("prediction", {"styles": [{"foo": 1}]}),
        ("prediction", {"styles": 3}),
        ("prediction", {"styles": [{}, {}]}),
    ],
    ids=str,
)
def test_options_that_cannot_be_drawn_are_named(drawn, name, options):
    with pytest.raises(InputError, match=f"{next(iter(options))}|confidence level"):
        drawn[name].plot(**options)


@pytest.mark.parametrize(
    "function",
    ["plot_limit", "plot_scan", "plot_fit", "plot_bound", "plot_published", "plot_bounds", "plot_prediction"],
)
@pytest.mark.parametrize("wrong", [3, "b-l", [3], None])
def test_what_is_drawn_is_of_the_right_kind(function, wrong):
    with pytest.raises(InputError, match="must be a"):
        getattr(plotting, function)(wrong)


def test_a_font_that_cannot_be_set_is_one_sentence(drawn, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"font.size": 1e9}), pytest.raises(CevnsError, match=r"Matplotlib says .*matplotlibrc"):
        plotting.save(plotting.plot_bounds(drawn["bound"]), tmp_path / "a.png")


def test_limits_are_drawn_by_ascending_mass(argon):
    lines = [argon.limit("b-l", mass).plot().lines[0].get_xdata() for mass in ([1.0, 10.0, 100.0], [100.0, 1.0, 10.0])]
    np.testing.assert_array_equal(*lines)


def test_bugs_of_ours_are_not_blamed_on_matplotlib():
    @draws
    def broken(what, ax=None, **options):
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours") as raised:
        broken(1, color="red")
    assert not isinstance(raised.value, CevnsError)
