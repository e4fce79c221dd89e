"""Results that share axes are told apart without colours, unless somebody chose how they look."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from cevns.plotting import file_axes, plot_scan
from cevns.plotting.looks import look

MASSES = np.geomspace(1, 100, 5)


def named(ax):
    """Return style and mark of all that a legend names alone."""
    handles, _ = ax.get_legend_handles_labels()
    return [(h.get_linestyle(), str(h._dash_pattern), h.get_marker()) for h in handles if hasattr(h, "get_marker")]


RESULTS = {
    "limit": lambda e: e.limit("b-l", mass=MASSES),
    "scan": lambda e: e.scan("b-l", MASSES, np.geomspace(1e-5, 1e-3, 9)),
    "best fit": lambda e: e.best_fit("b-l"),
    "contour": lambda e: e.contour("b-l", "coupling", "sin2_theta_w", cl=(0.68, 0.9), mass=10.0),
    "profile": lambda e: e.profile("sm", "sin2_theta_w", [0.2, 0.3]),
    "interval": lambda e: e.interval("sm", "sin2_theta_w"),
    "estimate": lambda e: e.fit("sm", ["sin2_theta_w"]),
    "sensitivity": lambda e: e.sensitivity("b-l", mass=MASSES, bands="none"),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_results_on_one_axes_differ_in_grey(csi, argon, both, kind):
    ax = file_axes()
    for experiment in (csi, argon, both):
        RESULTS[kind](experiment).plot(ax)
    looks = named(ax)
    assert len(looks) >= 3
    assert len(set(looks)) == len(looks)


def test_an_expected_limit_and_its_data_keep_their_lines(argon):
    ax = file_axes()
    RESULTS["sensitivity"](argon).plot(ax)
    RESULTS["limit"](argon).plot(ax)
    assert [line.get_linestyle() for line in ax.lines] == ["--", "-"]


def test_what_was_chosen_stays(csi, argon):
    ax = file_axes()
    limits = [RESULTS["limit"](e) for e in (csi, argon)]
    limits[0].plot(ax, color="red")
    limits[1].plot(ax, color="blue", facecolor="none")
    limits[0].plot(ax, linestyle=":")
    assert [(line.get_color(), line.get_linestyle()) for line in ax.lines] == [
        ("red", "-"),
        ("blue", "-"),
        ("black", ":"),
    ]
    profile = RESULTS["profile"](csi)
    assert profile.plot(ls="-.", c="green").lines[0].get_linestyle() == "-."


def test_fillings_of_others_are_seen_through(csi, argon):
    ax = file_axes()
    for e in (csi, argon):
        RESULTS["limit"](e).plot(ax)
    first, second = (patch.get_facecolor() for patch in ax.patches)
    assert first[3] == 1.0 > second[3]
    on_white = [1 - alpha * (1 - grey) for grey, *_, alpha in (first, second)]
    assert on_white[0] - on_white[1] > 0.05


def test_axes_that_were_cleared_begin_again():
    ax = file_axes()
    for count in itertools.repeat(2, 3):
        found = look(ax, count=count)
        ax.plot([0, 1], [0, 1])
    assert [line["linestyle"] for line in found.lines] != ["-", "--"]
    ax.clear()
    assert look(ax).lines == [{"linestyle": "-"}]


def test_levels_of_a_scan_have_two_tones(argon):
    scan = argon.scan("b-l", np.geomspace(1, 100, 9), np.geomspace(1e-6, 1e-2, 41))
    pale, dark, *_ = plot_scan(scan, cl=(0.6827, 0.9545)).collections
    assert pale.get_facecolor()[0, 0] > dark.get_facecolor()[0, 0]
    # the higher level excludes less
    area = [sum(np.ptp(path.vertices[:, 1]) for path in part.get_paths()) for part in (pale, dark)]
    assert area[0] > area[1]


def test_the_command_draws_several_files_on_one_picture(run, csi, argon):
    for name, experiment in (("csi", csi), ("argon", argon)):
        RESULTS["limit"](experiment).save(f"{name}.csv")
    RESULTS["interval"](csi).save("interval.json")
    assert run("plot", "csi.csv", "-o", "one.svg")[0] == 0
    assert run("plot", "csi.csv", "argon.csv", "-o", "two.svg")[0] == 0
    assert Path("two.svg").stat().st_size > Path("one.svg").stat().st_size
    code, _, said = run("plot", "csi.csv", "interval.json", "-o", "three.svg")
    assert code != 0
    assert "interval.json: the picture shows mass [MeV] x coupling" in said
