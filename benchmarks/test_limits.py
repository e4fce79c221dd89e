"""Limit curves: exact roots, and what a contour of a NumPy grid gives."""

import numpy as np
import pytest
from baselines.numpy_moments import crossings

MASSES = np.geomspace(0.1, 1e4, 200)


@pytest.mark.parametrize("version", ["cevns", "numpy"])
def test_limit_from_a_given_minimum(version, measure, both, numpy_both, quick):
    masses = MASSES[::20] if quick else MASSES
    fit = both.best_fit("b-l")
    exact = both.limit("b-l", masses, reference=fit)
    # the contour's error falls with the square of the grid's step
    couplings = np.geomspace(1e-6, 1e-1, 1000)
    function = {
        "cevns": lambda: both.limit("b-l", masses, reference=fit).lowest,
        "numpy": lambda: crossings(numpy_both.grid(masses, couplings), couplings, exact.chi2_min + exact.delta_chi2),
    }[version]
    found = measure("limit", version, function, rounds=None if version == "cevns" else 3)
    worst = np.abs(found / exact.lowest - 1).max()
    assert worst < 1e-3
    measure.note(error=worst)


def test_limit_with_its_best_fit(measure, both):
    found = measure("limit and best fit", "cevns", lambda: both.limit("b-l", MASSES))
    assert found.chi2_min == both.best_fit("b-l").chi2
