"""A fit from which levels count is one of the very chi2 whose level is asked for."""

import dataclasses
import math

import numpy as np
import pytest

import cevns
from cevns.errors import InputError
from cevns.interactions import TREE_LEVEL_COUPLINGS

MASS = 10.0

#: Ways to another chi2 under the same names: the likelihood that is fitted, the model, and values of others.
OTHERS = {
    "fixed value": (lambda d: d, "b-l", {"rn_ar": 4.0}, "rn_ar is 3.55 here and 4 in the fit"),
    "two fixed values": (
        lambda d: d,
        "b-l",
        {"rn_ar": 4.0, "sin2_theta_w": 0.25},
        "sin2_theta_w is 0.23857 here and 0.25 in the fit and rn_ar is 3.55 here and 4 in the fit",
    ),
    "data": (lambda d: d.with_data(2 * np.array(d.observed)), "b-l", {}, "of other data, priors or weak couplings"),
    "prior": (lambda d: d.with_priors(coupling=(1e-5, 1e-6)), "b-l", {}, "of other data, priors or weak couplings"),
    "weak couplings": (
        lambda d: d,
        cevns.get_interaction("b-l").replace(weak=TREE_LEVEL_COUPLINGS),
        {},
        "of other data, priors or weak couplings",
    ),
}


@pytest.mark.parametrize("way", OTHERS)
def test_a_fit_of_another_chi2_is_refused(argon, way):
    other, model, fixed, words = OTHERS[way]
    fit = other(argon).best_fit(model, mass=MASS, **fixed)
    estimate = other(argon).fit(model, "coupling", mass=MASS, **fixed)
    for call in (
        lambda: argon.limit("b-l", MASS, reference=fit),
        lambda: argon.interval("b-l", "coupling", mass=MASS, reference=fit),
        lambda: argon.interval("b-l", "coupling", mass=MASS, reference=estimate),
        lambda: argon.interval("b-l", "coupling", profiled="mass", reference=estimate),
        lambda: argon.contour("b-l", "mass", "coupling", reference=fit),
    ):
        with pytest.raises(InputError, match=f"{words}; fit again with what this call has, or give its chi2 alone"):
            call()
    # and the other way round
    with pytest.raises(InputError, match="at its point chi2 is"):
        other(argon).limit(model, MASS, reference=argon.best_fit("b-l", mass=MASS), **fixed)
    # its own calls take it, and a number is a number
    own = other(argon).limit(model, MASS, reference=fit, **fixed)
    assert own.best_fit == fit
    assert other(argon).interval(model, "coupling", mass=MASS, reference=estimate, **fixed).chi2_min == estimate.chi2
    assert argon.limit("b-l", MASS, reference=fit.chi2).chi2_min == fit.chi2


def test_a_chi2_that_is_not_that_of_the_point_is_refused(both):
    fit = both.best_fit("b-l")
    for shift in (1.0, -1.0, 1e-5):
        with pytest.raises(InputError, match="but at its point chi2 is"):
            both.limit("b-l", MASS, reference=dataclasses.replace(fit, chi2=fit.chi2 + shift))
    # rounding is allowed
    both.limit("b-l", MASS, reference=dataclasses.replace(fit, chi2=fit.chi2 * (1 + 1e-12)))


def test_a_parameter_that_stays_elsewhere_is_named(argon):
    wide = argon.fit("sm", ["rn_ar", "sin2_theta_w"])
    with pytest.raises(InputError, match=r"sin2_theta_w is 0\.23857 here and 0\.285\d* in the fit"):
        argon.interval("sm", "rn_ar", reference=wide)
    assert argon.interval("sm", "rn_ar", profiled="sin2_theta_w", reference=wide).chi2_min == wide.chi2
    # a fit with fewer free parameters is a point of the same chi2
    narrow = argon.fit("sm", "rn_ar")
    assert argon.interval("sm", "rn_ar", profiled="sin2_theta_w", reference=narrow).chi2_min == narrow.chi2
    with pytest.raises(InputError, match="mass is 10 here and 50 in the fit"):
        argon.interval("b-l", "coupling", mass=MASS, reference=argon.best_fit("b-l", mass=50.0))
    with pytest.raises(InputError, match="another interaction, 'sm', than 'b-l'"):
        argon.interval("b-l", "coupling", mass=MASS, reference=narrow)
    two = cevns.get_interaction("nsi")
    with pytest.raises(InputError, match="another likelihood"):
        argon.interval(two, "eps_u_ee", reference=(argon + cevns.load("coherent-csi-2017")).fit(two, "eps_u_ee"))


def test_a_chi2_that_was_given_is_no_point(argon):
    given = argon.limit("b-l", MASS, reference=7.0, rn_ar=4.0).best_fit
    assert math.isnan(given.coupling)
    assert argon.limit("b-l", MASS, reference=given, rn_ar=3.0).chi2_min == 7.0
    assert argon.interval("b-l", "coupling", mass=MASS, reference=given).chi2_min == 7.0


def test_what_is_no_fit_is_refused(argon):
    for wrong in (argon.pulls("sm"), argon.interval("sm", "rn_ar"), "sm", math.nan, True):
        for call in (argon.interval, lambda *args, **options: argon.contour(*args, "sin2_theta_w", **options)):
            with pytest.raises(InputError, match="reference"):
                call("sm", "rn_ar", reference=wrong)


def test_a_limit_says_what_it_counts_from(argon):
    # an Estimate has a chi2 too, but a limit takes the fit of best_fit
    estimate = argon.fit("b-l", free="coupling", mass=10.0)
    with pytest.raises(InputError, match=r"must be a chi2 or a Fit of best_fit, got <Estimate.*reference=fit.chi2"):
        argon.limit("b-l", mass=[10.0], reference=estimate)
    with pytest.raises(InputError, match=r"must be a chi2 or a fit, got <Limit"):
        argon.interval("b-l", "coupling", mass=10.0, reference=argon.limit("b-l", mass=[10.0]))
