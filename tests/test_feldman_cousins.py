"""Regions by toys: critical values beside those of toys of each point alone, coverage, folders and the command line."""

import math

import numpy as np
import pytest

from cevns.errors import DataError, InputError, UnknownNameError, WorkError
from cevns.inference import FeldmanCousins, delta_chi2

ARGON = "coherent-argon-2020"
COUPLINGS = np.linspace(0.0, 1e-4, 11)


@pytest.fixture(scope="module")
def line(argon):
    return argon.feldman_cousins("b-l", {"coupling": COUPLINGS}, mass=10.0, precision=0.03)


@pytest.fixture(scope="module")
def plane(both):
    grid = {"mass": np.geomspace(1.0, 1e3, 6), "coupling": np.geomspace(1e-5, 1e-2, 9)}
    return both.feldman_cousins("b-l", grid, precision=0.1)


@pytest.mark.parametrize("nuisances", ["fluctuated", "fixed"])
def test_critical_values_are_those_of_toys_of_the_point_alone(argon, nuisances):
    found = argon.feldman_cousins("b-l", {"coupling": COUPLINGS}, mass=10.0, precision=0.03, nuisances=nuisances)
    for i in (0, 2, 4, 6):
        toys = argon.toys("b-l", 20_000, free="coupling", mass=10.0, coupling=COUPLINGS[i], nuisances=nuisances, seed=7)
        expected, (p_value, p_error) = np.quantile(toys.delta_chi2, 0.9), toys.p_value
        assert abs(found.critical[i, 0] - expected) < 4 * math.hypot(found.error[i, 0], 0.02 * expected)
        assert abs(found.p_value[i, 0] - p_value) < 4 * math.hypot(found.p_error[i, 0], p_error)


def test_far_from_its_boundary_a_parameter_has_the_value_of_wilks(line):
    """And next to it less, since the best fit of half of the toys is nothing."""
    assert line.critical[5, 0] == pytest.approx(line.wilks, abs=4 * line.error[5, 0])
    assert line.critical[0, 0] < line.wilks - 4 * line.error[0, 0]


def test_the_region_is_what_lies_below_critical_values(argon, line):
    ((low, high),) = line.allowed
    assert low == 0.0
    i = np.searchsorted(COUPLINGS, high)
    assert line.delta_chi2[i - 1, 0] < line.critical[i - 1, 0]
    assert line.delta_chi2[i, 0] > line.critical[i, 0]
    asymptotic = argon.limit("b-l", 10.0, dof=1, reference=argon.best_fit("b-l", mass=10.0).chi2).lowest[0]
    assert high == pytest.approx(asymptotic, rel=0.05)
    assert line.excluded[-1, 0]
    assert np.isnan(line.critical[-1, 0])
    assert line.reached < 0.03


def test_toys_do_not_depend_on_who_draws_them(argon, line, tmp_path):
    options = {"mass": 10.0, "precision": 0.03}
    again = argon.feldman_cousins("b-l", {"coupling": COUPLINGS}, workers=2, folder=tmp_path / "toys", **options)
    assert again == line
    kept = sorted(p.name for p in (tmp_path / "toys").iterdir())
    assert kept[0] == "round-00"
    # what is kept is not drawn again
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "toys").rglob("*.npz")}
    assert stamps
    assert argon.feldman_cousins("b-l", {"coupling": COUPLINGS}, folder=tmp_path / "toys", **options) == line
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    with pytest.raises((WorkError, DataError, InputError), match="seed"):
        argon.feldman_cousins("b-l", {"coupling": COUPLINGS}, folder=tmp_path / "toys", seed=5, **options)


def test_a_plane_is_that_of_wilks_but_where_it_is_not(both, plane):
    assert plane.excluded.shape == (6, 9)
    below = both.scan("b-l", plane.x, plane.y).chi2 - plane.chi2_min <= plane.wilks
    # coverage differs by little, and so does the region
    assert (plane.excluded != ~below).mean() < 0.1
    assert plane.best_fit.keys() == {"mass", "coupling"}
    known = plane.critical[np.isfinite(plane.critical)]
    assert (known > 0.3 * plane.wilks).all()
    assert (known < 2.0 * plane.wilks).all()
    assert plane.plot().has_data()


def test_coverage_is_that_of_the_level(argon):
    """Of data that are drawn at a point, a share of 90 % have a region that holds it."""
    point = 2e-5
    draws = argon.draws("b-l", mass=10.0, coupling=point, nuisances="fixed", pulls="central", seed=3)
    held = 0
    for row in draws.take(0, 60).data:
        data = argon.with_data(row)
        found = data.feldman_cousins("b-l", {"coupling": [point, 5e-5]}, mass=10.0, precision=0.1, toys=512)
        held += not found.excluded[0, 0]
    assert held / 60 == pytest.approx(0.9, abs=4 * math.sqrt(0.09 / 60))


def test_what_was_asked_and_not_reached_is_said(argon):
    found = argon.feldman_cousins("b-l", {"coupling": COUPLINGS}, mass=10.0, precision=0.001, toys=256, most=3000)
    assert found.toys <= 3000
    assert "known worse than 0.001" in found.remarks[-1]


@pytest.mark.parametrize(
    ("grid", "options", "error", "message"),
    [
        ({}, {}, InputError, "one or two parameters"),
        ([1.0], {}, InputError, "one or two parameters"),
        ({"g": [1.0, 2.0]}, {"mass": 10.0}, UnknownNameError, "coupling"),
        ({"coupling": [2e-5, 1e-5]}, {"mass": 10.0}, InputError, "ascend"),
        ({"coupling": [2e-5]}, {"mass": 10.0}, InputError, "coupling"),
        ({"coupling": [1e-5, 2e-5]}, {}, InputError, "mass"),
        ({"coupling": [1e-5, 2e-5]}, {"mass": 10.0, "precision": 0.0}, InputError, "precision"),
        ({"coupling": [1e-5, 2e-5]}, {"mass": 10.0, "nuisances": "free"}, InputError, "nuisances"),
        ({"coupling": np.linspace(0, 1, 30_000)}, {"mass": 10.0}, InputError, "at most 20000"),
    ],
)
def test_what_cannot_be_constructed_is_refused(argon, grid, options, error, message):
    with pytest.raises(error, match=message):
        argon.feldman_cousins("b-l", grid, **options)


def test_commands_draw_toys_in_shards(run, run_json, argon):
    words = ("--model", "b-l", "--mass", "10", "--coupling", "3e-5", "--free", "coupling", "--toys", "5000")
    found = run_json("toys", ARGON, *words, "--seed", "4")
    expected = argon.toys("b-l", 5000, free="coupling", mass=10.0, coupling=3e-5, seed=4)
    assert found["p_value"]["value"] == expected.p_value.value
    assert found["goodness"]["value"] == expected.goodness.value
    for part in ("1/2", "2/2"):
        assert run("toys", ARGON, *words, "--seed", "4", "--shard", part, "--folder", part[0])[0] == 0
    assert run("toys", "merge", "1", "2", "-o", "whole")[0] == 0
    assert run_json("toys", ARGON, *words, "--seed", "4", "--folder", "whole")["p_value"] == found["p_value"]


def test_command_and_library_construct_the_same_region(run, run_json, line):
    words = ("--model", "b-l", "--set", "mass=10", "--grid", "coupling=0:1e-4:11", "--precision", "0.03", "--seed", "0")
    found = run_json("feldman-cousins", ARGON, *words, "-o", "region.npz")
    assert [p["critical"] for p in found["points"][:5]] == line.critical[:5, 0].tolist()
    assert FeldmanCousins.load("region.npz").toys == line.toys
    assert found["wilks"] == delta_chi2(0.9, 1)
    code, out, err = run("feldman-cousins", ARGON, *words, "--shard", "1/2")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_p_values_of_the_best_fit_are_1(argon):
    found = argon.feldman_cousins("b-l", {"coupling": np.linspace(0, 4e-5, 5)}, mass=1.0, precision=0.2, seed=0)
    assert found.p_value.max() <= 1.0
    at = found.delta_chi2 == 0
    np.testing.assert_array_equal(found.p_value[at], 1.0)
    toys = argon.toys("b-l", 4000, free="coupling", mass=1.0, coupling=4e-5, seed=5)
    known = found.p_error[-1, 0] ** 2 + toys.p_value[1] ** 2
    assert abs(found.p_value[-1, 0] - toys.p_value[0]) < 4 * known**0.5
