"""Fits: priors, fixed values, gradients and threads."""

import numpy as np
import pytest
from test_fits import DIAGONAL, free

from cevns.errors import InputError
from cevns.interactions import (
    Amplitude,
    Interaction,
    get_interaction,
)

# --- priors, fixed values, gradients


def test_priors_enter_every_method(both):
    prior = (0.3, 0.01)
    free_fit = both.fit(DIAGONAL, "eps_u_ee")
    for given in ({"priors": {"eps_u_ee": prior}}, {}):
        data = both if given else both.with_priors(eps_u_ee=prior)
        found = data.fit(DIAGONAL, "eps_u_ee", **given)
        assert abs(found.values["eps_u_ee"] - 0.3) < 0.02 < abs(free_fit.values["eps_u_ee"] - 0.3)
        line = both.chi2(DIAGONAL, eps_u_ee=np.linspace(0.2, 0.4, 4001), eps_u_mumu=0.0)
        line = line + ((np.linspace(0.2, 0.4, 4001) - 0.3) / 0.01) ** 2
        assert found.chi2 == pytest.approx(line.min(), abs=1e-3)
        assert found.chi2 <= line.min() + 1e-9
        ((low, high),) = data.interval(DIAGONAL, "eps_u_ee", **given).allowed
        assert high - low < 0.04
        assert data.profile(DIAGONAL, "eps_u_ee", [0.3], **given).chi2 == pytest.approx(
            both.chi2(DIAGONAL, eps_u_ee=0.3, eps_u_mumu=0.0)
        )
    mirrored = Interaction("m", [free("k", prior=(0.1, 0.1))], [Amplitude(("e", "mu"), 1.0, 1.0, (("k", 1),))])
    with pytest.raises(InputError, match="has both signs"):
        both.limit(mirrored)
    assert both.fit(mirrored, "k").values["k"] > 0


def test_other_parameters_may_be_fixed_everywhere(both):
    fixed = {"sin2_theta_w": 0.25, "rn_ar": 3.3}
    assert both.best_fit("b-l", mass=30.0, **fixed).chi2 == pytest.approx(
        both.fit("b-l", "coupling", mass=30.0, **fixed).chi2, abs=1e-8
    )
    curve = both.limit("b-l", [10.0, 30.0], **fixed)
    for mass, intervals in zip(curve.mass, curve.excluded, strict=True):
        edge = intervals[0, 0]
        assert both.chi2("b-l", mass, edge, **fixed) == pytest.approx(curve.chi2_min + curve.delta_chi2, abs=1e-6)
    assert curve.fixed == fixed
    grid = both.scan("b-l", [1.0, 10.0], [1e-5, 1e-4], **fixed)
    np.testing.assert_allclose(
        grid.chi2, both.chi2("b-l", np.array([[1.0], [10.0]]), np.array([1e-5, 1e-4]), **fixed), rtol=1e-9
    )
    # two mediators, one of them fixed
    two = get_interaction("b-l") + get_interaction("universal").renamed(coupling="g", mass="m")
    with pytest.raises(
        InputError, match=r"the couplings coupling, g and the masses mass, m, which all are free.* g=value, m=value"
    ):
        both.limit(two, 10.0)
    # what is missing, not what is there
    with pytest.raises(InputError, match="give the others a value, for example mu_tau=0, or"):
        both.limit("magnetic-moment", mu_mu=0)
    assert both.best_fit(two, mass=30.0, m=50.0, g=0.0).chi2 == pytest.approx(
        both.best_fit("b-l", mass=30.0).chi2, abs=1e-9
    )


def test_the_compiled_gradient_knows_priors(both):
    function = both.bind(DIAGONAL, priors={"eps_u_ee": (0.1, 0.02)})
    if not hasattr(function, "gradient"):
        pytest.skip("these kernels have no gradient")
    value, slope = function.gradient(0.3, 0.1)
    assert value == pytest.approx(function(0.3, 0.1), rel=1e-12)
    step = 1e-5
    assert slope[0] == pytest.approx((function(0.3 + step, 0.1) - function(0.3 - step, 0.1)) / (2 * step), rel=1e-5)


def test_results_do_not_depend_on_threads(both):
    for threads in (1, 2):
        found = both.fit(DIAGONAL, ["eps_u_ee", "eps_u_mumu"], num_threads=threads)
        assert found.chi2 == pytest.approx(10.35062115, abs=1e-7)
    with pytest.raises(InputError, match="num_threads"):
        both.fit(DIAGONAL, "eps_u_ee", num_threads=0)
