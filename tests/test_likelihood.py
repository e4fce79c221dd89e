"""chi2 with its nuisances: eqs. 4.1 and 4.2 rebuilt from pulls, limits, arrays, threads and pickles."""

import copy
import inspect
import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns import Experiment, fluxes
from cevns.constants import FERMI_CONSTANT
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import CevnsError, InputError, UnknownNameError
from cevns.interactions import NonStandardInteractions, VectorMediator, contact
from cevns.likelihoods import Likelihood
from cevns.nuclei import Target
from cevns.parameters import Parameter
from cevns.predictions import nsi_quadratic_form

MEDIATORS = ("universal", "b-l", "lmu-ltau")
LEPTONS = {"e": 1, "mu": 1, "tau": 1}
POINTS = [("sm", 0.0, 0.0), ("universal", 10.0, 3e-5), ("b-l", 1.0, 2e-4), ("lmu-ltau", 100.0, 5e-3)]


@pytest.fixture(scope="module")
def data(csi, argon, both):
    return {"csi": csi, "argon": argon, "both": both}


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
    for mass, coupling in ((0.0, 0.0), (10.0, 1e-3), (1e4, 1.0), (3, 1)):
        assert evaluator(mass, coupling) == both.chi2("lmu-ltau", mass, coupling)
    assert both.bind("sm")() == both.chi2("sm") == both.chi2("sm", 0.0, 0.0)
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


# --- non-standard interactions as a quadratic form


def form_counts(experiment, up, down):
    names, form = nsi_quadratic_form(experiment)
    values = {"1": 1.0} | {f"eps_{q}_{f}": v for q, table in (("u", up), ("d", down)) for f, v in table.items()}
    vector = np.array([values[n] for n in names])
    return np.einsum("a,iab,b->i", vector, form, vector)


epsilon = st.floats(-2, 2)


@given(values=st.lists(epsilon, min_size=4, max_size=4))
def test_quadratic_form_gives_the_counts_of_the_model(csi, argon, values):
    up, down = {"e": values[0], "mu": values[1]}, {"e": values[2], "mu": values[3]}
    model = NonStandardInteractions(up=up, down=down)
    for experiment in (csi, argon):
        scale = np.abs(values).max() ** 2 * experiment.predict("sm").signal
        found, expected = form_counts(experiment, up, down), experiment.predict(model).signal
        assert (np.abs(found - expected) <= 1e-11 * (expected + 100 * scale)).all()


def test_chi2_from_the_quadratic_form(argon):
    """Eq. 4.2 by brute-force least squares on the form's counts."""
    up, down = {"e": 0.2, "mu": -0.1}, {"e": 0.05, "mu": 0.15}
    sigma, pulls = np.array(argon.uncertainty), np.array([argon.signal_sigma, *(b.sigma for b in argon.backgrounds)])
    templates = np.array([form_counts(argon, up, down), *(b.counts for b in argon.backgrounds)])
    matrix = np.vstack([templates.T / sigma[:, None], np.diag(1 / pulls)])
    target = np.concatenate([np.array(argon.observed) / sigma, 1 / pulls])
    residual = target - matrix @ np.linalg.lstsq(matrix, target, rcond=None)[0]
    assert argon.chi2(NonStandardInteractions(up=up, down=down)) == pytest.approx(residual @ residual, rel=1e-10)


def test_quadratic_form_is_symmetric_and_positive(csi):
    names, form = nsi_quadratic_form(csi)
    assert form.shape == (12, len(names), len(names))
    np.testing.assert_array_equal(form, np.swapaxes(form, 1, 2))
    assert np.linalg.eigvalsh(form).min() > -1e-10 * np.abs(form).max()


# --- pickling


def test_likelihood_pickles(csi, argon):
    likelihood = csi + argon
    before = likelihood.chi2("b-l", 10.0, 5e-5)
    restored = pickle.loads(pickle.dumps(likelihood))
    assert [e.name for e in restored.experiments] == [csi.name, argon.name]
    assert restored.chi2("b-l", 10.0, 5e-5) == pytest.approx(before, rel=1e-13)


@pytest.mark.parametrize("name", ["csi", "argon"])
def test_experiment_pickles_and_copies_after_use(data, name):
    experiment = data[name]
    before = experiment.chi2("b-l", 10.0, 5e-5)
    for restored in (pickle.loads(pickle.dumps(experiment)), copy.deepcopy(experiment), copy.copy(experiment)):
        assert restored.name == experiment.name
        # the minimum over eta is found in another way before it is known to be the only one
        assert restored.chi2("b-l", 10.0, 5e-5) == pytest.approx(before, rel=1e-13)


def test_engine_pickles(both):
    engine, values = both.bind("universal").engine, np.array([[10.0, 3e-5], [10.0, 4e-5], [1.0, 0.0]])
    restored = pickle.loads(pickle.dumps(engine))
    found, expected = np.empty(3), np.empty(3)
    restored.points(values, found)
    engine.points(values, expected)
    np.testing.assert_array_equal(found, expected)
    assert len(restored.terms) == 2


# --- refusals


@pytest.mark.parametrize("call", ["chi2", "predict"])
@pytest.mark.parametrize(
    ("mass", "coupling", "message"),
    [([1.0, math.nan], [1e-5, 1e-5], "mass contains nan"), ([[1.0], [-2.0]], [1e-5, 1e-5], "mass contains -2.0")],
)
def test_arrays_of_points_that_are_refused(csi, call, mass, coupling, message):
    with pytest.raises(InputError, match=message):
        getattr(csi, call)("b-l", mass, coupling)


@pytest.mark.parametrize("call", ["chi2", "pulls", "predict"])
@pytest.mark.parametrize(
    ("mass", "coupling", "message"),
    [
        (-1.0, 1e-5, "mass = -1.0"),
        (math.nan, 1e-5, "mass = nan"),
        (math.inf, 1e-5, "mass = inf"),
        (1e16, 1e-5, r"mass = 1e\+16"),
        (10**400, 1e-5, "mass"),
        (None, 1e-5, "mass is missing"),
        ("heavy", 1e-5, "mass"),
        (1.0, -1e-5, "coupling = -1e-05"),
        (1.0, math.nan, "coupling = nan"),
        (1.0, 1e11, "coupling"),
        (1.0, None, "coupling is missing"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_points_that_are_refused(csi, call, mass, coupling, message):
    with pytest.raises(InputError, match=message):
        getattr(csi, call)("b-l", mass, coupling)


@pytest.mark.parametrize(("mass", "coupling"), [(-1.0, 1e-5), (math.nan, 1e-5), (1.0, -1e-5), (1.0, math.inf)])
def test_evaluator_refuses(both, mass, coupling):
    with pytest.raises(InputError, match=r"mass|coupling"):
        both.bind("b-l")(mass, coupling)


def test_shapes_that_do_not_broadcast_are_refused(both, csi):
    for call in (both.chi2, csi.predict):
        with pytest.raises(InputError, match="do not broadcast"):
            call("b-l", np.ones(3), np.ones(4))


def test_joint_predictions_take_the_parameters_that_chi2_takes(both, csi, argon):
    """The radius of caesium and iodine is nothing to argon, as it is nothing to its chi2."""
    found = both.predict("sm", rn_csi=5.2, sin2_theta_w=0.23)
    np.testing.assert_array_equal(found[csi.name].signal, csi.predict("sm", rn_csi=5.2, sin2_theta_w=0.23).signal)
    np.testing.assert_array_equal(found[argon.name].signal, argon.predict("sm", sin2_theta_w=0.23).signal)
    with pytest.raises(UnknownNameError, match="unknown parameter 'rn_xe'; known: rn_ar, rn_cs, rn_csi"):
        both.predict("sm", rn_xe=5.0)


def test_unknown_models_are_refused(both):
    with pytest.raises(UnknownNameError, match="Did you mean 'b-l'"):
        both.chi2("b_l", 1.0, 1e-5)
    with pytest.raises(CevnsError, match="interaction must be"):
        both.chi2(None, 1.0, 1e-5)
    with pytest.raises(CevnsError, match="interaction must be"):
        both.chi2(["b-l"], 1.0, 1e-5)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("magnetic-moment", {"mu_e": np.linspace(0, 5e-9, 40)[:, None], "mu_mu": np.linspace(0, 5e-9, 40)}),
        ("charge-radius", {"r2_ee": np.linspace(-60, 60, 1200), "r2_emu": 5.0, "sin2_theta_w": 0.23}),
        ("sm", {"rn_csi": np.linspace(4.0, 6.0, 1100), "sin2_theta_w": 0.24}),
        ("b-l", {"mass": np.geomspace(1, 1e3, 1100), "coupling": 5e-5}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_many_points_that_share_most_parameters_are_those_alone(both, name, values):
    # another engine takes them, along a parameter that moves
    found = both.chi2(name, **values)
    shape = np.broadcast_shapes(*map(np.shape, values.values()))
    assert found.shape == shape
    for index in np.ndindex(shape):
        if sum(index) % 97 == 0:
            point = {n: float(np.broadcast_to(v, shape)[index]) for n, v in values.items()}
            assert found[index] == pytest.approx(both.chi2(name, **point), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("eta", [0.0, -1.0, 0.05, 20.0, math.nan, "high"])
def test_quenching_scales_out_of_range_are_refused(csi, argon, eta):
    with pytest.raises(InputError, match="eta"):
        csi.predict("sm", eta=eta)
    with pytest.raises(InputError, match="eta"):
        argon.predict("sm", eta=eta)


def test_signals_that_only_another_quenching_scale_shows_are_found():
    # recoils end at 38.4 keVee: nothing is seen below eta = 1.042, and chi2 looked convex from there
    flux = fluxes.monochromatic(100.0, fluence=1e14, flavour="mu")
    target = Target.of({"Si-28": 1}, molar_mass=27.977, mass=0.01)
    response = Response(quenching=PolynomialQuenching((0.05,)), edges=[40.0, 67.0, 93.0])
    observed, sigma = np.array([269.0, 105.0]), np.array([5.0, 9.0])
    experiment = Experiment("a", flux, target, response, observed, sigma, signal_sigma=0.01, quenching_sigma=0.05)
    for coupling in (0.03, 0.1):
        best = np.inf
        for eta in np.linspace(1.04, 1.25, 400):
            s, y = experiment.predict("b-l", 500.0, coupling, eta=eta).signal / sigma, observed / sigma
            chi2 = y @ y + 1e4 - (s @ y + 1e4) ** 2 / (s @ s + 1e4) + ((eta - 1) / 0.05) ** 2
            best = min(best, chi2)
        found = experiment.chi2("b-l", 500.0, coupling)
        assert best - 1 < found < best * (1 + 1e-8)
    assert experiment.best_fit("b-l").chi2 < found


def test_chi2_keeps_its_digits_where_the_interaction_cancels_the_weak_one():
    # 2e5 events of the standard model, 42 observed: u and v were differences of numbers 1e9 times as large
    flux = fluxes.monochromatic(6.0, fluence=1e20, flavour="e")
    target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=10.0)
    response = Response(quenching=PolynomialQuenching((1.0,)), edges=[0.1, 1.0])
    experiment = Experiment("a", flux, target, response, [42.0], [7.0], signal_sigma=0.12)
    assert experiment.predict("sm").signal[0] > 1e4
    model = contact("a", proton={"e": 0.0401}, neutron={"e": -0.5094})
    best = experiment.best_fit(model)
    assert 0 <= best.chi2 < 1e-9
    assert experiment.predict(model, coupling=best.coupling).signal[0] == pytest.approx(42.0, rel=1e-3)


@pytest.mark.parametrize("fluence", [1e-100, 1e-150, 1e-250])
def test_fits_of_next_to_no_events_find_nothing(fluence):
    # squares of the counts vanished, and a best fit had a chi2 of -1e18
    flux = fluxes.monochromatic(50.0, fluence=fluence, flavour="e")
    target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=10.0)
    response = Response(quenching=PolynomialQuenching((0.2,)), edges=[1.0, 2.0])
    experiment = Experiment("a", flux, target, response, [2.0], [1.0], signal_sigma=0.12)
    assert experiment.best_fit("b-l").chi2 == pytest.approx(4.0)
    assert experiment.limit("b-l", 10.0).excluded[0].size == 0
