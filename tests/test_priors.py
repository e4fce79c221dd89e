"""Gaussian constraints on parameters: in points, rows, grids, limits, pulls and C callables alike."""

import pickle

import numpy as np
import pytest

from cevns.errors import InputError, UnknownNameError
from cevns.inference.objectives import Objective
from cevns.interactions import Amplitude, Interaction, get_interaction
from cevns.likelihoods import Likelihood
from cevns.parameters import Parameter


def contact(name="eps", power=1, **fields):
    """Return a contact interaction of one coupling for electron and muon neutrinos."""
    parameter = Parameter(name, default=0.0, **({"low": -10.0, "high": 10.0} | fields))
    amplitudes = [Amplitude((f, f), 1.0, 1.0, ((name, power),)) for f in ("e", "mu")]
    return Interaction("constrained", [parameter], amplitudes)


def pull(value, mean, sigma):
    return ((value - mean) / sigma) ** 2


@pytest.mark.parametrize("power", [1, 2, 3])
def test_a_prior_adds_its_pull_to_points_rows_and_pulls(both, power):
    free, bound = contact(power=power), contact(power=power, prior=(0.1, 0.03))
    values = np.linspace(-0.4, 0.6, 23)
    expected = both.chi2(free, eps=values) + pull(values, 0.1, 0.03)
    np.testing.assert_allclose(both.chi2(bound, eps=values), expected, rtol=1e-11)
    np.testing.assert_allclose([both.bind(bound)(value) for value in values], expected, rtol=1e-11)
    found = both.pulls(bound, eps=-0.2)
    assert found.chi2 == pytest.approx(both.chi2(bound, eps=-0.2), rel=1e-11)
    assert found.priors == {"eps": pytest.approx(-10.0)}
    # of one that is fixed too
    assert both.bind(bound, eps=0.2)() == pytest.approx(both.chi2(bound, eps=0.2), rel=1e-11)


def test_priors_of_the_weak_angle_and_of_radii(both):
    point = {"rn_csi": 5.3, "sin2_theta_w": 0.25}
    expected = both.chi2("sm", **point) + pull(5.3, 4.9, 0.2) + pull(0.25, 0.2386, 0.005)
    priors = {"rn_csi": (4.9, 0.2), "sin2_theta_w": (0.2386, 0.005)}
    one = both.with_priors(**priors)
    for found in (
        one.chi2("sm", **point),
        both.bind("sm", free=["rn_csi", "sin2_theta_w"], priors=priors)(5.3, 0.25),
        both.bind("sm", free=["rn_csi"], priors=priors, sin2_theta_w=0.25)(5.3),
        one.pulls("sm", **point).chi2,
        both.with_priors(rn_csi=(4.9, 0.2)).with_priors(sin2_theta_w=(0.2386, 0.005)).chi2("sm", **point),
        pickle.loads(pickle.dumps(one)).chi2("sm", **point),
    ):
        assert found == pytest.approx(expected, rel=1e-11)
    assert both.chi2("sm", **point) < expected - 1
    # other data, the same prior
    other = both.experiments[1].with_data(np.array(both.experiments[1].observed) * 1.1)
    assert other.with_priors(sin2_theta_w=(0.24, 0.01)).chi2("sm", sin2_theta_w=0.25) == pytest.approx(
        other.chi2("sm", sin2_theta_w=0.25) + 1
    )


def test_c_callables_know_priors(argon):
    from scipy.integrate import nquad

    bound = argon.bind(contact(prior=(0.1, 0.03)))
    value, _ = nquad(bound.low_level_callable(), [(0.0, 0.2)])
    nodes, weights = np.polynomial.legendre.leggauss(20)
    points = 0.1 * (1 + nodes)
    assert value == pytest.approx(0.1 * weights @ argon.chi2(contact(prior=(0.1, 0.03)), eps=points), rel=1e-7)


@pytest.mark.parametrize(("mean", "sigma"), [(0.1, 0.03), (-0.25, 1e-4), (3.0, 0.5), (0.0, 1e-9), (-8.0, 40.0)])
def test_limits_and_best_fits_of_a_line_with_a_prior(both, mean, sigma):
    interaction = contact(prior=(mean, sigma))
    values = np.unique(np.concatenate([np.linspace(-10, 10, 20001), mean + sigma * np.linspace(-9, 9, 20001)]))
    values = values[np.abs(values) < 10]
    chi2 = both.chi2(interaction, eps=values)
    fit = both.best_fit(interaction)
    assert fit.chi2 <= chi2.min() + 1e-9
    assert both.chi2(interaction, eps=fit.coupling) == pytest.approx(fit.chi2, abs=1e-9)
    curve = both.limit(interaction)
    assert (curve.excludes(None, values) == (chi2 > curve.chi2_min + curve.delta_chi2)).all()


def test_priors_of_masses_and_of_couplings_whose_square_counts(argon):
    model = get_interaction("b-l")
    own = (model.parameters[0].replace(prior=(30.0, 5.0)), model.parameters[1].replace(prior=(5e-5, 2e-5)))
    bound = model.replace(parameters=own)
    masses, couplings = np.array([10.0, 27.0, 60.0]), np.geomspace(1e-7, 1e-2, 4001)
    grid = argon.chi2(bound, masses[:, None], couplings)
    expected = argon.chi2(model, masses[:, None], couplings) + pull(masses[:, None], 30, 5)
    expected = expected + pull(couplings, 5e-5, 2e-5)
    np.testing.assert_allclose(grid, expected, rtol=1e-11)
    np.testing.assert_allclose(argon.scan(bound, masses, couplings).chi2, expected, rtol=1e-11)
    curve = argon.limit(bound, masses, reference=7.5)
    for mass, row in zip(masses, grid, strict=True):
        assert argon.best_fit(bound, mass=mass).chi2 <= row.min() + 1e-9
        np.testing.assert_array_equal(curve.excludes(mass, couplings), row > 7.5 + curve.delta_chi2)


def test_a_line_whose_prior_has_two_values_is_refused(argon):
    both_signs = contact(power=2, prior=(0.1, 0.03))
    for call in (argon.best_fit, argon.limit):
        with pytest.raises(InputError, match=r"eps has both signs.*give it a range of one sign, or take fit"):
            call(both_signs)
    one_sign = contact(power=2, prior=(0.1, 0.03), low=0.0)
    values = np.linspace(0, 10, 50001)
    assert argon.best_fit(one_sign).chi2 <= argon.chi2(one_sign, eps=values).min() + 1e-9


def test_priors_that_are_refused(both, argon):
    with pytest.raises(UnknownNameError, match="unknown parameter of a prior 'rn_xe'"):
        both.with_priors(rn_xe=(5.0, 0.1)).chi2("sm")
    with pytest.raises(InputError, match=r"rn_csi has the prior 4.9 .* neither free nor has it a value: free it"):
        both.with_priors(rn_csi=(4.9, 0.1)).chi2("sm")
    with pytest.raises(InputError, match="sigma of rn_csi"):
        both.with_priors(rn_csi=(4.9, 0.0))
    with pytest.raises(InputError, match=r"sigma of rn_csi = 1e-300 is not allowed: .* at least 1e-30"):
        both.with_priors(rn_csi=(4.9, 1e-300))
    with pytest.raises(InputError, match="mean of the prior of rn_csi"):
        both.with_priors(rn_csi=(1e40, 1.0))
    with pytest.raises(InputError, match="prior of rn_csi"):
        both.with_priors(rn_csi=4.9)
    with pytest.raises(InputError, match="priors must be a mapping"):
        both.bind("sm", free=["rn_csi"], priors=[("rn_csi", 4.9, 0.1)])
    csi = both.experiments[0]
    with pytest.raises(InputError, match=r"sin2_theta_w has the prior .* in one likelihood"):
        csi.with_priors(sin2_theta_w=(0.24, 0.1)) + argon.with_priors(sin2_theta_w=(0.23, 0.1))
    total = csi.with_priors(sin2_theta_w=(0.24, 0.1)) + argon
    assert total.priors == {"sin2_theta_w": (0.24, 0.1)}
    assert total == both.with_priors(sin2_theta_w=(0.24, 0.1)) != both
    assert isinstance(total, Likelihood)


@pytest.mark.parametrize(
    ("model", "free", "name", "mean", "sigma"),
    [
        ("b-l", ("mass", "coupling"), "mass", 10.0, 1e-6),
        ("sm", ("sin2_theta_w", "rn_ar"), "rn_ar", 3.5, 1e-8),
        ("magnetic-moment", ("mu_e", "mu_mu"), "mu_e", 1e-9, 1e-16),
    ],
)
def test_a_tight_prior_is_as_good_as_a_value(argon, model, free, name, mean, sigma):
    # far from its mean it hid that chi2 depends on the others
    (other,) = set(free) - {name}
    found = argon.fit(model, free=free, priors={name: (mean, sigma)})
    fixed = argon.fit(model, free=other, **{name: mean})
    assert found.chi2 == pytest.approx(fixed.chi2, abs=1e-6)
    assert found.values[name] == pytest.approx(mean, abs=3 * sigma)
    np.testing.assert_allclose(found.intervals[other], fixed.intervals[other], rtol=1e-4)
    assert not found.remarks
    assert not found.flat


def test_a_tight_prior_hides_no_sign(both):
    # of the sign of a change of flavour chi2 knows something where it has a prior, and beside others that have one
    for mean, even in ((0.0, True), (0.1, False)):
        priors = {"eps_u_emu": (mean, 1e-8), "rn_csi": (4.9, 1e-8)}
        objective = Objective(both, "nsi", ("eps_u_emu", "eps_d_ee", "rn_csi"), {}, priors=priors)
        assert [objective.names[i] for i in objective.even] == (["eps_u_emu"] if even else [])


def test_a_prior_that_contradicts_bounds_makes_nothing_flat(argon):
    priors = {"rn_ar": (3.5, 1e-5)}
    found = argon.fit("sm", free=["sin2_theta_w", "rn_ar"], bounds={"rn_ar": (3.0, 3.4)}, priors=priors)
    assert not found.flat


def test_the_valley_of_a_coupling_that_a_prior_tells_is_straight(argon):
    found = argon.fit("b-l", free=["mass", "coupling"], priors={"coupling": (3e-5, 3e-12)})
    fixed = argon.fit("b-l", free=["mass"], coupling=3e-5)
    assert found.chi2 == pytest.approx(fixed.chi2, abs=1e-6)
    assert found.remarks == fixed.remarks
    np.testing.assert_allclose(found.intervals["mass"], fixed.intervals["mass"], rtol=1e-4)


def test_priors_too_narrow_for_a_fit_are_refused(csi):
    priors = {"rn_csi": (5.0, 1e-12)}
    for call in (
        lambda: csi.fit("sm", free=["sin2_theta_w", "rn_csi"], priors=priors),
        lambda: csi.contour("sm", x="sin2_theta_w", y="rn_csi", priors=priors),
        lambda: csi.interval("sm", "sin2_theta_w", profiled="rn_csi", priors=priors),
    ):
        with pytest.raises(InputError, match=r"prior of rn_csi, 5.0 \+- 1e-12, is too narrow .*fix it, rn_csi=5.0"):
            call()
    assert csi.fit("sm", free=["sin2_theta_w"], rn_csi=5.0, priors=priors).chi2 > 0


@pytest.mark.parametrize("model", ["b-l", "sterile-dipole"])
def test_data_are_judged_without_priors(argon, model):
    # of the mass of a final lepton with a fold for every value
    names = argon.own_parameters(model)
    priors = {name: (1e-6, 1e-8) for name in names if name != "mass"} | {"rn_ar": (3.5, 1e-3)}
    evaluator = argon.with_priors(**priors).bind(model, free=["rn_ar"])
    rows = np.array([[10.0 if name == "mass" else 2e-6 for name in names] + [rn] for rn in (3.3, 3.5)])
    found = np.empty(2)
    argon.of_data(evaluator.engine).points(rows, found)
    np.testing.assert_allclose(found, [argon.bind(model, free=["rn_ar"])(*row) for row in rows], rtol=1e-12)
