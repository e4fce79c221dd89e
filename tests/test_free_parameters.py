"""Which parameters a bound function takes, and priors of those that are neither free nor given."""

import inspect

import numpy as np
import pytest

import cevns
from cevns.errors import InputError

PAIR = ("eps_u_ee", "eps_d_ee")


def test_own_parameters_that_are_named_are_the_only_arguments(both):
    chi2 = both.bind("nsi", free=PAIR)
    assert chi2.names == tuple(inspect.signature(chi2).parameters) == PAIR
    assert chi2(0.1, -0.2) == pytest.approx(both.chi2("nsi", eps_u_ee=0.1, eps_d_ee=-0.2), rel=1e-12)
    # as iminuit calls it, whatever the order in which they were named
    assert both.bind("nsi", free=PAIR[::-1])(eps_d_ee=-0.2, eps_u_ee=0.1) == pytest.approx(chi2(0.1, -0.2), rel=1e-13)
    assert both.bind("nsi", free="eps_u_ee")(0.1) == pytest.approx(both.chi2("nsi", eps_u_ee=0.1), rel=1e-12)


def test_arguments_have_the_order_in_which_they_are_named(both):
    reverse = both.bind("nsi", free=PAIR[::-1])
    assert reverse.names == both.posterior("nsi", free=PAIR[::-1]).names == PAIR[::-1]
    assert reverse(-0.2, 0.1) == pytest.approx(both.chi2("nsi", eps_u_ee=0.1, eps_d_ee=-0.2), rel=1e-12)
    with_radius = both.bind("nsi", free=["rn_csi", "eps_u_ee"], eps_d_mumu=0.3)
    assert with_radius.names == ("rn_csi", "eps_u_ee")
    expected = both.chi2("nsi", eps_u_ee=0.1, rn_csi=5.2, eps_d_mumu=0.3)
    assert with_radius(5.2, 0.1) == pytest.approx(expected, rel=1e-12)
    value, slopes = with_radius.gradient(5.2, 0.1)
    assert value == pytest.approx(expected, rel=1e-12)
    step = (with_radius(5.2, 0.1 + 1e-4) - with_radius(5.2, 0.1 - 1e-4)) / 2e-4
    assert slopes[1] == pytest.approx(step, rel=1e-5)
    masses = both.bind("b-l", free=["coupling", "mass"])
    assert masses(5e-5, 10.0) == pytest.approx(both.chi2("b-l", mass=10.0, coupling=5e-5), rel=1e-12)
    light = both.bind("sterile-dipole", free=["mu_mu", "mass"], mu_e=0.0)
    assert light(1e-9, 5.0) == pytest.approx(both.chi2("sterile-dipole", mass=5.0, mu_mu=1e-9, mu_e=0.0), rel=1e-12)


def test_radii_leave_all_own_parameters_arguments(argon):
    own = cevns.get_interaction("nsi").own_names
    assert argon.bind("nsi").names == own
    assert argon.bind("nsi", free=["rn_ar"]).names == (*own, "rn_ar")
    assert argon.bind("nsi", free=["rn_ar"], eps_u_ee=0.1).names == (*own[1:], "rn_ar")


def test_what_has_no_default_stays_an_argument(argon):
    assert argon.bind("b-l", free=["coupling"]).names == ("mass", "coupling")
    assert argon.bind("b-l", free=["coupling"], mass=10.0).names == ("coupling",)
    assert argon.bind("sterile-dipole", free=["mu_mu"]).names == ("mass", "mu_mu")
    expected = argon.chi2("sterile-dipole", mass=5.0, mu_mu=1e-9)
    assert argon.bind("sterile-dipole", free=["mass", "mu_mu"])(5.0, 1e-9) == pytest.approx(expected, rel=1e-12)


def test_counts_take_the_same(argon):
    found = argon.predictor("nsi", free=PAIR)(0.1, -0.2)
    np.testing.assert_allclose(found, argon.predict("nsi", eps_u_ee=0.1, eps_d_ee=-0.2).signal, rtol=1e-12)
    np.testing.assert_allclose(argon.predictor("nsi", free=PAIR[::-1])(-0.2, 0.1), found, rtol=1e-12)


def test_the_same_numbers_as_a_fit_in_minimisers(both):
    minuit = pytest.importorskip("iminuit").Minuit
    expected = both.fit("nsi", PAIR[:1])
    found = minuit(both.bind("nsi", free=PAIR[:1]), eps_u_ee=expected.values["eps_u_ee"] + 0.01)
    found.errordef = minuit.LEAST_SQUARES
    assert found.migrad().fval == pytest.approx(expected.chi2, abs=1e-3)


def test_priors_of_what_is_neither_free_nor_given_are_refused(argon):
    """Of an own parameter as of a radius: it would add a constant, or mean nothing."""
    for model, free, name in (("charge-radius", "r2_ee", "r2_mumu"), ("sm", "sin2_theta_w", "rn_ar")):
        said = (
            rf"{name} has the prior 3 \+- 1, but is neither free nor has it a value: free it, in an interval or "
            rf"contour by profiled='{name}' \(--profile {name} of the command\), give its value, or leave"
        )
        prior = {name: (3.0, 1.0)}
        with pytest.raises(InputError, match=said):
            argon.fit(model, free=[free], priors=prior)
        with pytest.raises(InputError, match=said):
            argon.interval(model, free, priors=prior)
        with pytest.raises(InputError, match=said):
            argon.with_priors(**prior).profile(model, free, [0.0, 1.0])
        with pytest.raises(InputError, match=said):
            argon.posterior(model, [free], priors=prior)
        with pytest.raises(InputError, match=said):
            argon.bind(model, free=[free], priors=prior)
    given = argon.fit("charge-radius", free=["r2_ee"], priors={"r2_mumu": (0, 1)}, r2_mumu=-0.48)
    without = argon.fit("charge-radius", free=["r2_ee"], r2_mumu=-0.48)
    assert given.chi2 == pytest.approx(without.chi2 + 0.48**2, rel=1e-9)
