"""chi2 with its nuisances: eqs. 4.1 and 4.2 rebuilt from pulls, limits, arrays, threads and pickles."""

import functools
import inspect
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cevns.constants import FERMI_CONSTANT
from cevns.errors import InputError, UnknownNameError
from cevns.interactions import NonStandardInteractions, VectorMediator
from cevns.likelihoods import Likelihood
from cevns.parameters import Parameter

MEDIATORS = ("universal", "b-l", "lmu-ltau")
LEPTONS = {"e": 1, "mu": 1, "tau": 1}
POINTS = [("sm", 0.0, 0.0), ("universal", 10.0, 3e-5), ("b-l", 1.0, 2e-4), ("lmu-ltau", 100.0, 5e-3)]


# --- sums


@pytest.mark.parametrize(("model", "mass", "coupling"), POINTS)
def test_chi2_of_a_sum_is_the_sum_of_chi2(csi, argon, both, model, mass, coupling):
    total = csi.chi2(model, mass, coupling) + argon.chi2(model, mass, coupling)
    assert both.chi2(model, mass, coupling) == pytest.approx(total, rel=1e-13)
    assert sum([csi, argon]).chi2(model, mass, coupling) == pytest.approx(total, rel=1e-13)
    assert (argon + csi).chi2(model, mass, coupling) == pytest.approx(total, rel=1e-13)


def test_likelihoods_and_experiments_add_in_any_order(csi, argon):
    renamed = argon.replace(name="second detector")
    for total in (csi + argon + renamed, csi + (argon + renamed), sum([csi, argon, renamed])):
        assert [e.name for e in total.experiments] == [csi.name, argon.name, "second detector"]


def test_data_are_not_counted_twice(csi, argon, both):
    for make in (lambda: csi + csi, lambda: both + argon, lambda: Likelihood([argon, argon])):
        with pytest.raises(InputError, match="more than once"):
            make()


def test_only_experiments_add(csi, both):
    with pytest.raises(TypeError):
        csi + 1
    with pytest.raises(TypeError):
        both + "coherent-argon-2020"
    with pytest.raises(InputError, match="empty"):
        Likelihood([])
    with pytest.raises(InputError, match=r"experiments\[0\] must be a Likelihood, got .*; see cevns\.load"):
        Likelihood(["coherent-csi-2017"])
    with pytest.raises(InputError, match="experiments must be a sequence, got 5"):
        Likelihood(5)


# --- pulls


@pytest.mark.parametrize(
    ("model", "mass", "coupling"), [*POINTS, ("universal", 1.0, 1.125e-4), ("universal", 0.0, 1e-3)]
)
def test_pulls_rebuild_eq_4_1(csi, model, mass, coupling):
    profile = csi.pulls(model, mass, coupling)
    pulls = profile.experiments[csi.name]["pulls"]
    alpha, beta, shift = pulls["signal"], pulls["prompt neutrons"], pulls["quenching"]
    prediction = csi.predict(model, mass, coupling, eta=1 + shift)
    residual = (
        prediction.observed - (1 + alpha) * prediction.signal - (1 + beta) * prediction.backgrounds["prompt neutrons"]
    ) / prediction.uncertainty
    rebuilt = residual @ residual + (alpha / 0.112) ** 2 + (beta / 0.25) ** 2 + (shift / 0.051) ** 2
    assert rebuilt == pytest.approx(profile.chi2, rel=1e-8)
    assert csi.chi2(model, mass, coupling) == pytest.approx(profile.chi2, rel=1e-12)


@pytest.mark.parametrize(("model", "mass", "coupling"), [*POINTS, ("universal", 0.0, 1e-3)])
def test_pulls_rebuild_eq_4_2(argon, model, mass, coupling):
    profile = argon.pulls(model, mass, coupling)
    pulls = profile.experiments[argon.name]["pulls"]
    prediction = argon.predict(model, mass, coupling)
    prompt, late = prediction.backgrounds["PBRN"], prediction.backgrounds["LBRN"]
    total = (1 + pulls["signal"]) * prediction.signal + (1 + pulls["PBRN"]) * prompt + (1 + pulls["LBRN"]) * late
    residual = (prediction.observed - total) / prediction.uncertainty
    rebuilt = (
        residual @ residual + (pulls["signal"] / 0.134) ** 2 + (pulls["PBRN"] / 0.32) ** 2 + (pulls["LBRN"] / 1.0) ** 2
    )
    assert rebuilt == pytest.approx(profile.chi2, rel=1e-10)


@pytest.mark.parametrize("name", ["signal", "prompt neutrons", "quenching"])
@pytest.mark.parametrize("step", [-0.01, 0.01])
def test_no_other_pull_is_better(csi, name, step):
    best = csi.pulls("b-l", 20.0, 6e-5)
    pulls = dict(best.experiments[csi.name]["pulls"])
    pulls[name] += step
    prediction = csi.predict("b-l", 20.0, 6e-5, eta=1 + pulls["quenching"])
    counts = (1 + pulls["signal"]) * prediction.signal + (1 + pulls["prompt neutrons"]) * prediction.backgrounds[
        "prompt neutrons"
    ]
    residual = (prediction.observed - counts) / prediction.uncertainty
    sigma = {"signal": 0.112, "prompt neutrons": 0.25, "quenching": 0.051}
    assert residual @ residual + sum((pulls[n] / sigma[n]) ** 2 for n in sigma) > best.chi2


def test_pulls_of_a_sum_are_those_of_its_parts(csi, argon, both):
    point = ("universal", 10.0, 3e-5)
    total = both.pulls(*point)
    assert set(total.experiments) == {csi.name, argon.name}
    for part in (csi, argon):
        alone, together = part.pulls(*point).experiments[part.name], total.experiments[part.name]
        assert together["chi2"] == pytest.approx(alone["chi2"], rel=1e-12)
        # at a minimum a rounding of chi2 is a square root of it in a pull
        assert together["pulls"] == pytest.approx(alone["pulls"], abs=1e-9)
    assert total.chi2 == pytest.approx(both.chi2(*point), rel=1e-13)


def test_pulls_take_one_point(both):
    with pytest.raises(InputError, match="must be one number"):
        both.pulls("b-l", [1.0, 2.0], 1e-5)


# --- arrays, rows, threads


@pytest.mark.parametrize("name", ["csi", "argon", "both"])
def test_arrays_broadcast_as_scalar_calls(data, name):
    masses, couplings = np.array([0.0, 10.0, 10.0, 500.0])[:, None], np.array([0.0, 3e-5, 1e-4, 1e-3, 1.0])
    found = data[name].chi2("universal", masses, couplings)
    expected = [[data[name].chi2("universal", float(m), float(g)) for g in couplings] for m in masses[:, 0]]
    assert found.shape == (4, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_shapes_of_chi2(both):
    assert isinstance(both.chi2("b-l", 10, 1e-5), float)
    assert isinstance(both.chi2("b-l", np.array(10), np.float64(1e-5)), float)
    assert both.chi2("b-l", [], 1e-5).shape == (0,)
    assert both.chi2("b-l", np.full((2, 1, 3), 10.0), np.full((4, 1), 1e-5)).shape == (2, 4, 3)
    assert isinstance(both.chi2("sm"), float)


def test_input_may_be_read_only_strided_or_integer(both):
    masses = np.arange(1.0, 21.0)
    masses.flags.writeable = False
    np.testing.assert_array_equal(
        both.chi2("b-l", masses[::2], 1e-5), both.chi2("b-l", np.arange(1, 21, 2), np.full(10, 1e-5))
    )


def grid(likelihood, model, masses, couplings, num_threads):
    return likelihood.scan(model, masses, couplings, num_threads=num_threads).chi2


@pytest.mark.parametrize("name", ["csi", "argon", "both"])
def test_grid_is_its_points_for_any_number_of_threads(data, name):
    # enough points for threads to start at all
    masses, couplings = np.geomspace(0.1, 1e4, 80), np.geomspace(1e-6, 1e-1, 400)
    one = grid(data[name], "universal", masses, couplings, 1)
    two = grid(data[name], "universal", masses, couplings, 2)
    np.testing.assert_array_equal(one, two)
    for i, j in ((0, 0), (20, 100), (40, 250), (79, 399), (60, 180)):
        point = data[name].chi2("universal", masses[i], couplings[j])
        assert one[i, j] == pytest.approx(point, rel=1e-8)


def test_python_threads_get_identical_results(csi, argon):
    likelihood = csi + argon  # a new one, so that the first calls race to compile the engine
    points = [("b-l", m, g) for m in (1.0, 30.0, 800.0) for g in np.geomspace(1e-6, 1e-2, 20).tolist()]
    alone = [(csi + argon).chi2(*p) for p in points]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda p: likelihood.chi2(*p), points))
    assert together == alone


def test_evaluator_is_chi2(both):
    evaluator = both.bind("lmu-ltau")
    # after many calls a function has another, quicker way
    same = functools.partial(pytest.approx, rel=1e-12)
    for mass, coupling in ((0.0, 0.0), (10.0, 1e-3), (1e4, 1.0), (3, 1)):
        assert evaluator(mass, coupling) == same(both.chi2("lmu-ltau", mass, coupling))
    assert both.bind("sm")() == same(both.chi2("sm"))
    assert both.chi2("sm", 0.0, 0.0) == same(both.chi2("sm"))
    assert both.bind("lmu-ltau") is evaluator


@pytest.mark.parametrize("kind", ["bind", "predictor"])
def test_functions_have_the_parameters_of_their_model(argon, kind):
    contact = NonStandardInteractions(up={"e": 1.0})
    for model, names in (("b-l", ["mass", "coupling"]), (contact, ["coupling"]), ("sm", [])):
        assert list(inspect.signature(getattr(argon, kind)(model)).parameters) == names
    function = getattr(argon, kind)("b-l")
    np.testing.assert_array_equal(function(coupling=5e-5, mass=10), function(10.0, 5e-5))


def test_a_minimiser_goes_by_the_names_of_the_parameters(both):
    minuit = pytest.importorskip("iminuit").Minuit
    fit = minuit(both.bind("b-l"), mass=10.0, coupling=5e-5)
    fit.limits["mass"], fit.limits["coupling"] = (1.0, 1e3), (0.0, 1e-2)
    fit.errors["coupling"] = 1e-6
    fit.fixed["mass"] = True
    assert fit.migrad().valid
    assert fit.fval == pytest.approx(both.best_fit("b-l", mass=10.0).chi2, abs=1e-4)


@pytest.mark.parametrize("kind", ["bind", "predictor"])
def test_a_contact_interaction_needs_no_mass(argon, kind):
    function = getattr(argon, kind)(NonStandardInteractions(up={"e": 1.0}))
    expected = function(coupling=0.1)
    for arguments in ((0.1,), (np.float64(0.1),)):
        np.testing.assert_array_equal(function(*arguments), expected)
    np.testing.assert_array_equal(function(), function(1))
    np.testing.assert_array_equal(function(None), function(1))
    with pytest.raises(InputError, match=r"2 value.s. are given, but the parameters are coupling"):
        function(10.0, 0.1)
    with pytest.raises(InputError, match=r"mass is not a parameter of this function, which takes coupling"):
        function(mass=10.0)
    with pytest.raises(InputError, match="coupling is given twice"):
        function(0.1, coupling=0.1)


class Quantity(float):
    """A number that carries a unit."""

    unit = "GeV"


@pytest.mark.parametrize(
    "wrong", [None, True, "10", b"1", 1j, [1.0], np.ma.masked, 10**400, -1.0, math.nan, Quantity(1.0)]
)
@pytest.mark.parametrize("kind", ["bind", "predictor"])
def test_functions_refuse_what_is_no_mass(argon, kind, wrong):
    with pytest.raises(InputError, match="mass"):
        getattr(argon, kind)("b-l")(wrong, 1e-4)
    with pytest.raises(InputError, match="coupling"):
        getattr(argon, kind)("b-l")(10.0, wrong)


@pytest.mark.parametrize("kind", ["bind", "predictor"])
def test_whole_numbers_take_the_same_way_as_floats(both, csi, monkeypatch, kind):
    """The slow way asks the parameter about every number."""
    function = both.bind("b-l") if kind == "bind" else csi.predictor("b-l")
    expected = function(10.0, 1.0)
    monkeypatch.setattr(Parameter, "number", lambda *_: pytest.fail("the parameter was asked"))
    np.testing.assert_array_equal(function(10, 1), expected)


def test_pulls_fold_nothing(csi, monkeypatch):
    """They come from the point itself, where a prediction at the best eta would invert the quenching anew."""
    csi.pulls("b-l", 10.0, 5e-5)
    monkeypatch.setattr(type(csi), "predict", lambda *_, **__: pytest.fail("predicted again"))
    assert csi.pulls("b-l", 10.0, 6e-5).chi2 == pytest.approx(csi.chi2("b-l", 10.0, 6e-5), rel=1e-13)


# --- limits and scaling


@pytest.mark.parametrize("name", ["csi", "argon", "both"])
@pytest.mark.parametrize("model", MEDIATORS)
def test_standard_model_is_the_limit_of_no_coupling_and_of_infinite_mass(data, name, model):
    likelihood = data[name]
    standard = likelihood.chi2("sm")
    assert likelihood.chi2(model, 10.0, 0.0) == pytest.approx(standard, abs=1e-9)
    assert likelihood.chi2(model, 10.0, 1e-12) == pytest.approx(standard, abs=1e-9)
    assert likelihood.chi2(model, 1e15, 1e-3) == pytest.approx(standard, abs=1e-9)


@pytest.mark.parametrize("model", MEDIATORS)
def test_chi2_is_finite_and_bounded_everywhere(both, model):
    masses = np.concatenate([[0.0, 1e-300, 1e-8], np.geomspace(1e-3, 1e15, 40)])
    couplings = np.concatenate([[0.0, 1e-300], np.geomspace(1e-12, 1e10, 150)])
    chi2 = both.chi2(model, masses[:, None], couplings)
    assert np.isfinite(chi2).all()
    assert chi2.min() > 0
    assert chi2.max() < 200


@pytest.mark.parametrize("model", MEDIATORS)
def test_chi2_saturates_for_a_huge_signal(csi, model):
    """The normalisation is pulled to zero: near 90 for CsI, the same at every coupling beyond."""
    values = csi.chi2(model, 10.0, np.array([1e2, 1e6, 1e10]))
    np.testing.assert_allclose(values, values[-1], rtol=1e-6)
    assert 80 < values[-1] < 95
    assert csi.pulls(model, 10.0, 1e10).experiments[csi.name]["pulls"]["signal"] == pytest.approx(-1, abs=1e-9)


@pytest.mark.parametrize("name", ["csi", "argon"])
@pytest.mark.parametrize("quarks", [(1.0, 1.0), (1 / 3, -0.5)])
def test_heavy_mediator_is_a_contact_interaction(data, name, quarks):
    """eps_q = g^2 Q'_q Q'_l / (sqrt(2) G_F M^2) for M far above |q|."""
    mass, coupling = 1e7, 20.0
    strength = coupling**2 / (math.sqrt(2) * FERMI_CONSTANT * mass**2)
    mediator = VectorMediator("heavy", quarks=quarks, leptons=LEPTONS)
    contact = NonStandardInteractions(
        up=dict.fromkeys(LEPTONS, strength * quarks[0]), down=dict.fromkeys(LEPTONS, strength * quarks[1])
    )
    experiment = data[name]
    heavy = experiment.predict(mediator, mass, coupling).signal
    np.testing.assert_allclose(heavy, experiment.predict(contact).signal, rtol=1e-7)
    assert abs(heavy.sum() / experiment.predict("sm").signal.sum() - 1) > 0.05
    assert experiment.chi2(mediator, mass, coupling) == pytest.approx(experiment.chi2(contact), rel=1e-6)


def test_contact_coupling_scales_every_epsilon(both):
    model = NonStandardInteractions(up={"e": 0.1}, down={"mu": -0.2})
    scaled = NonStandardInteractions(up={"e": -0.15}, down={"mu": 0.3})
    assert both.chi2(model, coupling=-1.5) == pytest.approx(both.chi2(scaled), rel=1e-9)
    assert both.chi2(model, coupling=[0.0, 1.0]) == pytest.approx([both.chi2("sm"), both.chi2(model)], rel=1e-9)


def test_a_sum_takes_the_data_of_its_experiments_by_name(both, csi, argon):
    priors = {"sin2_theta_w": (0.2387, 0.01)}
    more = 2 * np.array(argon.observed)
    made = both.with_priors(**priors).with_data({"coherent-argon-2020": more})
    assert made == (csi + argon.with_data(more)).with_priors(**priors)
    for wrong, error, message in (
        (more, InputError, "mapping of the names coherent-csi-2017, coherent-argon-2020"),
        ({"argon": more}, UnknownNameError, "coherent-argon-2020"),
    ):
        with pytest.raises(error, match=message):
            both.with_data(wrong)


def test_a_sum_expects_what_its_experiments_expect(both, csi, argon):
    values = {"mass": 20.0, "coupling": 5e-5, "rn_ar": 3.5}
    made = both.asimov("b-l", **values)
    assert made == csi.asimov("b-l", mass=20.0, coupling=5e-5) + argon.asimov("b-l", **values)
    assert all(e.expected for e in made.experiments)
    assert abs(made.chi2("b-l", **values)) < 1e-9
    with pytest.raises(UnknownNameError, match="rn_ge"):
        both.asimov("sm", rn_ge=4.0)
