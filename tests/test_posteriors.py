"""Densities for samplers, and functions for minimisers that go by names."""

import inspect
import pickle

import numpy as np
import pytest

from cevns.errors import InputError, UnknownNameError


@pytest.fixture(scope="module")
def density(argon):
    return argon.posterior(
        "b-l",
        ["rn_ar", "coupling", "mass"],
        logarithmic=["mass", "coupling"],
        bounds={"mass": (1.0, 1e3), "coupling": (1e-6, 1e-2)},
        priors={"rn_ar": (3.4, 0.1)},
    )


def test_the_density_is_that_of_chi2_and_priors(argon, density):
    point = np.array([3.5, 3e-5, 20.0])
    chi2 = argon.chi2("b-l", 20.0, 3e-5, rn_ar=3.5)
    assert density.names == ("rn_ar", "coupling", "mass")
    assert density(point) == pytest.approx(-0.5 * chi2 - 0.5 - np.log(20.0) - np.log(3e-5))
    assert density.log_likelihood(point) == pytest.approx(-0.5 * chi2)
    rows = np.array([point, [3.5, 3e-5, 0.5], [3.5, np.nan, 20.0], [30.0, 3e-5, 20.0], 1.01 * point])
    found = density(rows)
    assert found[0] == density(point)
    assert (found[1:4] == -np.inf).all()
    assert np.isfinite(found[4])
    assert pickle.loads(pickle.dumps(density))(point) == density(point)
    with pytest.raises(InputError, match="values must have 3 columns"):
        density([1.0, 2.0])


def test_priors_are_sampled(density):
    cube = (0.5 + np.arange(200)[:, None] * np.array([0.6180339887, 0.7548776662, 0.8191725134])) % 1
    values = density.prior_transform(cube)
    assert values[:, 0].mean() == pytest.approx(3.4, abs=0.01)
    assert values[:, 0].std() == pytest.approx(0.1, abs=0.01)
    assert np.log10(values[:, 1]).mean() == pytest.approx(-4.0, abs=0.05)
    np.testing.assert_allclose(density.prior_transform([0.5, 0.0, 1.0]), [3.4, 1e-6, 1e3], rtol=1e-12)


@pytest.mark.parametrize("number", [2.0, -1e-300, 1 + 1e-15, np.nan, np.inf, "x", None, 1j])
def test_numbers_outside_of_the_cube_are_refused(density, number):
    for cube in ([number, 0.5, 0.5], [[0.1, 0.2, 0.3], [0.5, 0.5, number]]):
        with pytest.raises(InputError, match=r"cube .*(from|at least) 0|cube must be"):
            density.prior_transform(cube)
    # its ends belong to it
    assert (density.prior_transform([0.0, 0.0, 1.0]) <= density.high).all()


@pytest.mark.parametrize("cube", [[0.5], [0.5] * 4, 0.5, []], ids=str)
def test_cubes_of_another_shape_are_refused(density, cube):
    with pytest.raises(InputError, match="cube must have length 3"):
        density.prior_transform(cube)


@pytest.mark.parametrize("values", ["ab", ["a", "b", "c"], None, [1j, 1.0, 1.0]], ids=str)
def test_values_that_are_no_numbers_are_refused(density, values):
    for call in (density, density.log_likelihood):
        with pytest.raises(InputError, match="values must be"):
            call(values)


def test_densities_that_are_refused(argon):
    with pytest.raises(InputError, match="cannot be flat in its logarithm from 0"):
        argon.posterior("b-l", "coupling", logarithmic="coupling", mass=10.0)
    with pytest.raises(UnknownNameError, match="unknown logarithmic parameter 'mass'"):
        argon.posterior("sm", "rn_ar", logarithmic="mass")
    with pytest.raises(InputError, match="has a Gaussian prior, and cannot have"):
        argon.posterior("sm", "rn_ar", logarithmic="rn_ar", priors={"rn_ar": (3.4, 0.1)})
    with pytest.raises(InputError, match="coupling has neither a Gaussian prior nor a range"):
        argon.posterior("b-l", "coupling", mass=10.0).prior_transform([0.5])


def test_minimisers_find_parameters_by_their_names(both):
    chi2 = both.bind("sm", free=["sin2_theta_w", "rn_ar"], priors={"rn_ar": (3.4, 0.1)})
    assert list(inspect.signature(chi2).parameters) == ["sin2_theta_w", "rn_ar"]
    iminuit = pytest.importorskip("iminuit")
    found = iminuit.Minuit(chi2, sin2_theta_w=0.23, rn_ar=3.5)
    found.errordef = iminuit.Minuit.LEAST_SQUARES
    found.limits["sin2_theta_w"], found.limits["rn_ar"] = (0.0, 1.0), (2.0, 8.0)
    found.migrad()
    ours = both.fit("sm", ["sin2_theta_w", "rn_ar"], priors={"rn_ar": (3.4, 0.1)})
    assert ours.chi2 - 1e-9 <= found.fval <= ours.chi2 + 1e-3
    assert found.values["sin2_theta_w"] == pytest.approx(ours.values["sin2_theta_w"], abs=2e-3)
