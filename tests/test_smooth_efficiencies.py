"""Efficiencies that are smooth functions, and efficiencies in recoil energy."""

import itertools
import pickle

import numpy as np
import pytest
from scipy import integrate

from cevns.detectors import (
    Efficiency,
    EfficiencyFunction,
    ElectronResponse,
    GaussianResolution,
    LinearQuenching,
    LogisticEfficiency,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    SmoothEfficiency,
)
from cevns.errors import InputError
from cevns.fluxes import pion_decay_at_rest
from cevns.nuclei import Target
from cevns.predictions import Signal, recoil_spectrum

CSI_2021 = LogisticEfficiency(1.32045, 0.285979, 10.8646, -0.333322)
FLUX = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=20.0)
TARGET = Target.of({"Ar-40": 1}, mass=20.0)
USUAL = LinearQuenching(0.246, 7.8e-4, 125.0)
EDGES = (1.0, 2.0, 5.0, 10.0, 20.0)


def integral_over_recoils(response, extra=()):
    """Return counts without a resolution by SciPy's quadrature."""
    cuts = sorted({*response.recoil([*response.edges, *response.efficiency.x]).tolist(), *extra, 14.79, 125.0})
    out = np.zeros(response.bins)
    for a, b in itertools.pairwise(c for c in cuts if np.isfinite(c)):
        middle = response.observable(0.5 * (a + b))
        bin_ = np.searchsorted(response.edges, middle, side="right") - 1
        if 0 <= bin_ < response.bins:

            def rate(t):
                seen = response.efficiency(response.observable(t))
                own = response.recoil_efficiency
                return recoil_spectrum("sm", FLUX, TARGET, t) * seen * (1.0 if own is None else own(t))

            out[bin_] += integrate.quad(rate, a, b, epsrel=1e-12, limit=200)[0]
    return out


def test_the_efficiency_of_csi_2021():
    x = np.array([5.0, 7.0, 7.08, 12.0, 59.0, 1e6])
    formula = np.maximum(0, 1.32045 / (1 + np.exp(-0.285979 * (x - 10.8646))) - 0.333322)
    np.testing.assert_allclose(CSI_2021(x), formula, rtol=1e-13, atol=1e-16)
    assert CSI_2021.threshold == pytest.approx(7.07, abs=5e-3)
    assert CSI_2021.jumps == ()
    assert len(CSI_2021.pieces(0.0, 60.0)) < 20


def test_a_logistic_efficiency_is_cut_at_1_where_it_kinks():
    efficiency = LogisticEfficiency(1.3, 2.0, 3.0, -0.1)
    first, last = efficiency.x
    assert efficiency(last * (1 - 1e-9)) == pytest.approx(1, abs=1e-7)
    assert efficiency(50.0) == 1
    assert efficiency(first * (1 + 1e-9)) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    "efficiency", [LogisticEfficiency(1.3, 0.8, 3.0, -0.2), LogisticEfficiency(0.7, 9.0, 4.0, 0.1)]
)
def test_counts_without_a_resolution(efficiency):
    response = Response(USUAL, EDGES, efficiency=efficiency)
    np.testing.assert_allclose(Signal(FLUX, TARGET, response).counts("sm"), integral_over_recoils(response), rtol=1e-9)


def test_counts_over_the_range_of_a_quenching_scale():
    response = Response(USUAL, EDGES, efficiency=LogisticEfficiency(1.3, 0.8, 3.0, -0.2))
    signal = Signal(FLUX, TARGET, response, quenching_sigma=0.05)
    fold = signal.folds.over()
    (layer,) = fold.layers.values()
    counts = layer.dot(fold.channels(fold.nodes.kinds[0]).sum(axis=1)).reshape(-1, *fold.shape)
    places = fold.edges[:-1, None] + 0.5 * np.diff(fold.edges)[:, None] * (1 + fold.points)
    for i in (0, 17, fold.shape[0] - 1):
        exact = signal.folds.at(float(places.ravel()[i]))
        expected = exact.counts(fold.nodes.kinds[0])
        np.testing.assert_allclose(counts[:, i], expected, rtol=1e-9, atol=1e-9 * expected.max())


def test_a_table_with_many_rows_comes_close_to_the_function():
    x = np.linspace(0, 60, 60_001)
    table = Efficiency(x, CSI_2021(x), kind="points")
    options = {"light_yield": 13.35, "resolution": GaussianResolution(1.2)}
    edges = (4.0, 8.0, 12.0, 40.0)
    found, expected = (
        Response(PolynomialQuenching((0.08,)), edges, efficiency=e, **options).acceptance([3.0, 9.0, 25.0])
        for e in (CSI_2021, table)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


class Saturating(SmoothEfficiency):
    """An efficiency of a user's own, as a class."""

    def value(self, observable):
        return observable / (1 + observable)


def test_an_efficiency_of_ones_own_needs_only_a_value():
    response = Response(USUAL, EDGES, efficiency=Saturating())
    function = Response(USUAL, EDGES, efficiency=EfficiencyFunction(lambda x: x / (1 + x)))
    x = np.linspace(0, 25, 30)
    np.testing.assert_array_equal(response.acceptance(x), function.acceptance(x))
    assert Saturating()(-1.0) == 0
    np.testing.assert_allclose(Signal(FLUX, TARGET, response).counts("sm"), integral_over_recoils(response), rtol=1e-9)


def test_functions_with_named_kinks_are_followed():
    def bent(x):
        return np.where(x < 3, 0.1 * x, np.where(x < 7, 0.8, 0.5))

    efficiency = EfficiencyFunction(bent, [0.5, 3.0, 7.0])
    assert efficiency.jumps == (0.5, 3.0, 7.0)
    response = Response(USUAL, EDGES, efficiency=efficiency)
    np.testing.assert_allclose(Signal(FLUX, TARGET, response).counts("sm"), integral_over_recoils(response), rtol=1e-9)


def test_a_jump_without_a_name_is_found():
    efficiency = EfficiencyFunction(lambda x: np.where(x < 3.3, 0.2, 0.7))
    assert np.abs(np.array(efficiency.pieces(1.0, 20.0)) - 3.3).min() < 1e-7
    found = Signal(FLUX, TARGET, Response(USUAL, EDGES, efficiency=efficiency)).counts("sm")
    named = Response(USUAL, EDGES, efficiency=Efficiency([1.0, 3.3, 20.0], [0.2, 0.7], kind="steps"))
    np.testing.assert_allclose(found, Signal(FLUX, TARGET, named).counts("sm"), rtol=1e-7)


def test_functions_of_modules_are_pickled():
    efficiency = EfficiencyFunction(np.tanh, [0.3])
    assert pickle.loads(pickle.dumps(efficiency)) == efficiency


@pytest.mark.parametrize(
    ("function", "x", "message"),
    [
        (lambda x: 2 + 0 * x, (0.0,), "is 2 at"),
        (lambda x: -0.1 + 0 * x, (0.0,), "is -0.1 at"),
        (lambda x: np.log(x - 4), (0.0,), "is nan at"),
        (lambda x: np.sin(1e5 * x) ** 2, (0.0,), r"not smooth between 1 and 20: name its kinks"),
        (lambda x: float(x), (0.0,), "raises TypeError"),
        (lambda x: np.linspace(0, 1, x.size).reshape(x.shape) * (x.ndim == 1), (0.0,), "shape"),
        (0.5, (0.0,), "callable"),
        (np.tanh, (2.0, 1.0), "ascend"),
    ],
)
def test_functions_that_are_refused(function, x, message):
    with np.errstate(invalid="ignore"), pytest.raises(InputError, match=message):
        Response(USUAL, EDGES, efficiency=EfficiencyFunction(function, x))


def test_a_smooth_efficiency_without_a_value_is_refused():
    class Empty(SmoothEfficiency):
        pass

    with pytest.raises(InputError, match="no method value"):
        Response(USUAL, EDGES, efficiency=Empty())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0, 1.0), "a = 0.0"),
        ((1.0, -1.0, 1.0), "b = -1.0"),
        ((1.0, 1.0, np.inf), "c = inf"),
        ((1.0, 1.0, 1.0, -1.0), "d = -1 is not allowed"),
        ((1.0, 1.0, 1.0, 1.0), "d = 1 is not allowed"),
    ],
)
def test_logistic_efficiencies_that_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        LogisticEfficiency(*arguments)


# --- in recoil energy

RECOIL = {
    "steps": Efficiency([8.0, 20.0, 45.0, 60.0], [0.3, 0.9, 0.5], beyond="zero"),
    "points": Efficiency([5.0, 30.0, 200.0], [0.2, 0.8, 0.9]),
    "logistic": LogisticEfficiency(1.1, 0.2, 25.0, -0.15),
}


@pytest.mark.parametrize("name", RECOIL)
@pytest.mark.parametrize("efficiency", [Efficiency([0.0, 1.0, 30.0], [0.3, 0.8]), Efficiency([1.0, 9.0], [0.2, 1.0])])
def test_counts_with_an_efficiency_in_recoil_energy(name, efficiency):
    own = RECOIL[name]
    response = Response(USUAL, EDGES, efficiency=efficiency, recoil_efficiency=own)
    expected = integral_over_recoils(response, own.x)
    np.testing.assert_allclose(Signal(FLUX, TARGET, response).counts("sm"), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", RECOIL)
@pytest.mark.parametrize("resolution", [GaussianResolution(0.4), PoissonResolution()], ids=str)
def test_it_multiplies_the_acceptance_of_a_resolution(name, resolution):
    own = RECOIL[name]
    bare = Response(USUAL, EDGES, resolution=resolution)
    response = Response(USUAL, EDGES, resolution=resolution, recoil_efficiency=own)
    t = np.linspace(0.5, 90.0, 300)
    np.testing.assert_allclose(response.shares(t), bare.acceptance(bare.observable(t)) * own(t), rtol=1e-14)
    # the midpoints of a million recoils
    t = np.linspace(0, 150, 300_001)
    t = 0.5 * (t[1:] + t[:-1])
    expected = response.shares(t) @ recoil_spectrum("sm", FLUX, TARGET, t) * 5e-4
    np.testing.assert_allclose(Signal(FLUX, TARGET, response).counts("sm"), expected, rtol=1e-6)


def test_its_threshold_bounds_the_recoils():
    bare = Response(USUAL, EDGES, resolution=GaussianResolution(0.4, constant=1.0))
    response = Response(USUAL, EDGES, resolution=bare.resolution, recoil_efficiency=RECOIL["steps"])
    assert bare.recoil_range()[0] == 0
    assert response.recoil_range() == (8.0, 60.0)
    assert Signal(FLUX, TARGET, bare).smallest_mass > 0
    assert Signal(FLUX, TARGET, response).smallest_mass == 0


def test_its_jumps_that_meet_edges_of_bins_are_followed_over_a_quenching_scale():
    response = Response(USUAL, EDGES, recoil_efficiency=RECOIL["steps"])
    fold = Signal(FLUX, TARGET, response, quenching_sigma=0.05).folds.over()
    meetings = 5.0 / response.observable(20.0)
    assert np.abs(fold.edges - meetings).min() < 1e-9


def test_electrons_know_nothing_of_it():
    response = Response(USUAL, EDGES, recoil_efficiency=RECOIL["points"])
    assert ElectronResponse().of(response).recoil_efficiency is None


@pytest.mark.parametrize("wrong", [0.5, np.ones(3), GaussianResolution(0.3)])
def test_what_is_no_efficiency_in_recoil_energy(wrong):
    with pytest.raises(InputError, match="recoil_efficiency must be an Efficiency or a SmoothEfficiency"):
        Response(USUAL, EDGES, recoil_efficiency=wrong)
