"""Likelihoods: quadratic forms, pickling and what is refused."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns import Experiment, fluxes
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import CevnsError, InputError, UnknownNameError
from cevns.interactions import NonStandardInteractions, contact
from cevns.nuclei import Target
from cevns.predictions import nsi_quadratic_form

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
