"""Couplings of both signs are drawn with both."""

import dataclasses

import numpy as np
import pytest

from cevns.interactions import VectorMediator
from cevns.plotting import outlines

SIGNED = VectorMediator("signed", quarks=(1, 1), leptons={"e": 1, "mu": 1}, signed=True)
MASSES = np.geomspace(1, 1e4, 9)


def drawn(ax):
    return ax.lines[-1].get_ydata()


def test_a_limit_has_a_negative_half_where_it_says(both):
    curve = both.limit(SIGNED, mass=MASSES)
    ax = curve.plot()
    assert ax.get_yscale() == "symlog"
    low, high = ax.get_ylim()
    ends = np.concatenate([rows[np.isfinite(rows)] for rows in curve.excluded])
    assert low < ends.min() < 0 < ends.max() < high
    # linear only within what is allowed
    assert ax.yaxis.get_transform().linthresh <= np.abs(ends).min()
    assert set(ends) <= set(drawn(ax))
    (patch,) = ax.patches
    inside = [patch.get_path().contains_point((10.0, g2)) for g2 in (-1e-7, -1e-10, 0.0, 1e-10, 1e-7)]
    assert inside == [True, False, False, False, True]


def test_an_axis_is_linear_where_that_shows_all(both):
    ax = both.limit(SIGNED, mass=[1.0, 2.0, 3.0]).plot()
    assert ax.get_yscale() == "linear"
    assert ax.get_ylim()[0] < drawn(ax)[np.isfinite(drawn(ax))].min()


def test_strips_of_negative_couplings_are_followed():
    split = [[-np.inf, -5e-8], [-3e-8, -1e-9], [1e-9, np.inf]]
    rows = [[[-np.inf, -1e-9], [1e-9, np.inf]], split, split]
    regions, lines = outlines([np.array(r) for r in rows], [1.0, 2.0, 3.0], unit=1e-9)
    # the strip ends in a tip, and the upper half knows nothing of it
    assert sorted(len(line) for line in lines) == [3, 3, 4]
    assert sorted(np.sign(region[:, 1]).min() for region in regions) == [-1, 1]


POSITIVE = np.geomspace(1e-10, 1e-6, 30)


@pytest.mark.parametrize("grid", [np.linspace(-1e-8, 1e-8, 41), np.append(-POSITIVE[::-1], POSITIVE)])
def test_a_scan_shows_all_of_its_grid(both, grid):
    ax = both.scan(SIGNED, np.geomspace(1, 100, 7), grid).plot()
    assert ax.get_ylim() == (grid[0], grid[-1])
    assert ax.get_yscale() == ("linear" if grid.size == 41 else "symlog")
    below = [path.vertices[:, 1].min(initial=0.0) for c in ax.collections for path in c.get_paths()]
    assert min(below) < -1e-10


def test_a_scan_of_positive_couplings_alone_stays_logarithmic(both):
    ax = both.scan(SIGNED, np.geomspace(1, 100, 5), np.geomspace(1e-10, 1e-6, 9)).plot()
    assert ax.get_yscale() == "log"


def test_expected_limits_on_either_side_are_told_apart(both):
    found = both.sensitivity(SIGNED, mass=MASSES, bands="none")
    ax = found.plot()
    assert ax.get_yscale() == "symlog"
    assert ax.yaxis.get_transform().linthresh <= np.abs(found.lower).min()


def test_a_best_fit_below_0_is_a_point(both):
    fit = dataclasses.replace(both.best_fit(SIGNED), coupling=-2e-9)
    ax = fit.plot()
    assert ax.lines[-1].get_ydata() == [-2e-9]
    assert ax.get_ylim()[0] < -2e-9
