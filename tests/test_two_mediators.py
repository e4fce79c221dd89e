"""Contours over two mediators, of which the coupling of one makes up for that of the other."""

import functools

import numpy as np
import pytest

from cevns import get_interaction, load
from cevns.errors import ConvergenceError, InputError

B_L = get_interaction("b-l").renamed(mass="mass_b", coupling="coupling_b")
UNIVERSAL = get_interaction("universal").renamed(mass="mass_b", coupling="coupling_b")
TWO = {
    "universal": get_interaction("universal") + B_L,
    "b-l": get_interaction("b-l") + UNIVERSAL,
}


@functools.cache
def argon():
    return load("coherent-argon-2020")


def profiled(model, mass, coupling):
    """Return the least chi2 over the other coupling, from lines that are ever finer."""
    at = {"mass": mass, "coupling": coupling, "mass_b": 10.0}
    line = np.unique(np.concatenate([[0.0], np.geomspace(1e-7, 1e-2, 2000), np.linspace(0.0, 4 * coupling, 2000)]))
    for _ in range(4):
        chi2 = argon().chi2(model, coupling_b=line, **at)
        padded = np.pad(chi2, 1, constant_values=np.inf)
        found = np.flatnonzero((chi2 <= padded[:-2]) & (chi2 <= padded[2:]))
        found = found[np.argsort(chi2[found])][:3]
        ends = line[(found - 1).clip(0)], line[(found + 1).clip(None, len(line) - 1)]
        line = np.unique(np.linspace(*ends, 100))
    return chi2.min()


@pytest.mark.parametrize("name", TWO)
def test_a_contour_follows_the_valley_in_which_one_coupling_makes_up_for_the_other(name):
    found = argon().contour(
        TWO[name], x="mass", y="coupling", profiled="coupling_b", mass_b=10.0, bounds={"coupling": (0.0, 1e-3)}
    )
    assert not any("jump" in text or "more parts" in text for text in found.remarks)
    level, draw = found.chi2_min + found.delta_chi2[0], np.random.default_rng(4)
    # around the mass at which both couplings are one, and all over the plane
    mass = np.concatenate([10.0 * (1 + 0.1 * draw.normal(size=15)), np.exp(draw.uniform(np.log(0.1), np.log(1e4), 35))])
    coupling = np.exp(draw.uniform(np.log(1e-5), np.log(1e-3), 50))
    chi2 = np.array([profiled(TWO[name], *at) for at in zip(mass, coupling, strict=True)])
    inside = found.allows(mass, coupling)
    clear = np.abs(chi2 - level) > 0.05
    assert clear.sum() > 40
    assert 10 < inside.sum() < 45
    assert (inside == (chi2 < level))[clear].all()


def test_a_valley_that_goes_on_until_rounding_decides_is_no_closed_region():
    with pytest.raises(InputError, match=r"goes on in coupling .*bounds=.'coupling'"):
        argon().contour(TWO["b-l"], x="mass", y="coupling", profiled="coupling_b", mass_b=10.0)


def test_chi2_of_many_couplings_is_that_of_each_where_another_one_cancels_them():
    coupling_b = 3e-3 * 3**0.5 * np.linspace(0.9999, 1.0001, 21)
    at = {"mass": 10.0, "coupling": 3e-3, "mass_b": 10.0}
    each = [argon().chi2(TWO["universal"], coupling_b=value, **at) for value in coupling_b]
    np.testing.assert_allclose(argon().chi2(TWO["universal"], coupling_b=coupling_b, **at), each, rtol=1e-9)


@pytest.mark.parametrize("coupling_b", [1e-3, 3e-3, 1e-2])
def test_the_line_along_a_coupling_that_another_one_cancels_is_what_its_points_are(coupling_b):
    likelihood, model = argon() + load("coherent-csi-2017"), TWO["universal"]
    at = {"mass": 10.0, "mass_b": 10.0, "coupling_b": coupling_b}
    least = likelihood.best_fit(model, **at)
    near = coupling_b / 3**0.5 * (1 + 1e-3 * (1e-3 / coupling_b) ** 2 * np.linspace(-1, 1, 1001))
    each = np.array([likelihood.chi2(model, coupling=value, **at) for value in near])
    assert least.chi2 == pytest.approx(each.min(), abs=4e-3)
    assert least.chi2 <= each.min() + 1e-6
    # from there, because a search over masses takes seconds
    found = likelihood.limit(model, reference=least.chi2, **at)
    ends = np.concatenate(found.excluded).ravel()[1:-1]
    assert ends.size
    at_ends = [likelihood.chi2(model, coupling=value, **at) for value in ends]
    np.testing.assert_allclose(at_ends, found.chi2_min + found.delta_chi2, atol=0.01)
    grid = likelihood.scan(model, mass=[10.0], coupling=near[::50], mass_b=10.0, coupling_b=coupling_b).chi2
    np.testing.assert_allclose(grid.ravel(), each[::50], rtol=1e-5)


def test_the_best_fit_is_found_in_the_narrow_range_of_masses_where_couplings_cancel():
    found = [argon().best_fit(TWO["universal"], mass_b=10.0, coupling_b=value).chi2 for value in (1e-3, 1e-2)]
    np.testing.assert_allclose(found, 7.08, atol=0.02)


def test_couplings_so_large_that_rounding_decides_what_they_leave_are_refused():
    with pytest.raises(
        ConvergenceError, match=r"the least chi2 along coupling at 10 MeV cannot be told.*coupling_b = 1"
    ):
        argon().best_fit(TWO["universal"], mass=10.0, mass_b=10.0, coupling_b=1.0)
