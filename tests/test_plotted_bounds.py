"""Published limits as they are drawn: regions, shading, colours and labels."""

import numpy as np
import pytest
from test_plotting import STRIP, contains, limit_of

from cevns import plotting
from cevns.bounds import Bound
from cevns.errors import InputError
from cevns.plotting import plot_bound, plot_limit


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
