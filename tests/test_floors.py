"""Least chi2 of Poisson data with a floor, beside searches that know nothing of descents."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import InputError
from cevns.experiments import Experiment
from cevns.fluxes import pion_decay_at_rest
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.nuclei import Target

FLUX = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0)
FARTHEST = 40.0


def experiment(observed, background, signal_sigma, floor, mass, background_sigma=0.0):
    response = Response(PolynomialQuenching((0.25,)), np.linspace(5, 35, len(observed) + 1))
    backgrounds = [Background("b", background, background_sigma)]
    argon = Target.of("Ar", mass=mass)
    return Experiment(
        "f", FLUX, argon, response, observed, signal_sigma=signal_sigma, backgrounds=backgrounds, floor=floor
    )


def least(signal, background, observed, sigma, floor):
    """Return the least chi2 over the signal's pull: between where bins reach the floor or 0 there are few minima."""

    def chi2(pull):
        expected = background + signal * (1 + sigma * pull)
        if ((expected < -1e-12 * floor) & (observed > 0)).any():
            return np.inf
        expected = np.maximum(expected, floor)
        logs = observed * np.log(np.where(observed > 0, observed, 1) / expected)
        return float(2 * (expected - observed + logs).sum() + pull**2)

    ends = ((np.array([[0.0], [floor]]) - background) / signal - 1) / sigma
    cuts = np.unique(np.concatenate([ends[abs(ends) < FARTHEST], [-FARTHEST, FARTHEST]]))
    found = [chi2(pull) for pull in cuts]
    for low, high in itertools.pairwise(cuts):
        places = np.linspace(low, high, 41)
        values = np.array([chi2(pull) for pull in places])
        i = int(values.argmin())
        found.append(values[i])
        around = places[max(i - 1, 0)], places[min(i + 1, 40)]
        if np.isfinite([chi2(around[0]), values[i], chi2(around[1])]).all():
            found.append(minimize_scalar(chi2, bounds=around, method="bounded", options={"xatol": 1e-12}).fun)
    return min(found)


def drawn(rng):
    bins = int(rng.integers(1, 5))
    return {
        "observed": rng.integers(0, 4, bins).astype(float),
        "background": 10 ** rng.uniform(-2, 2.5, bins),
        "signal_sigma": float(rng.choice([0.1, 0.3, 0.5, 1.5])),
        "floor": float(10 ** rng.uniform(-6, 0)),
        "mass": float(10 ** rng.uniform(-1, 3)),
    }


@pytest.mark.parametrize(
    ("observed", "background", "sigma", "floor", "mass"),
    [
        ([0, 2], [11.64, 0.1], 0.5, 0.1, 17.2),
        ([2, 1], [141.57, 147.42], 0.5, 0.1, 892.4),
        ([3, 3], [13.26, 8.08], 1.5, 0.3, 270.8),
        ([1, 1], [178.74, 0.15], 1.5, 0.3, 73.1),
    ],
)
def test_signals_a_little_below_0_are_found(observed, background, sigma, floor, mass):
    few = experiment(np.array(observed, dtype=float), background, sigma, floor, mass)
    signal = few.predict("sm").signal
    wanted = least(signal, np.array(background), np.array(observed, dtype=float), sigma, floor)
    assert few.chi2("sm") == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_normalisation_is_better(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        numbers = drawn(rng)
        few = experiment(**numbers)
        known = {"sigma": numbers["signal_sigma"]} | {k: numbers[k] for k in ("background", "observed", "floor")}
        assert few.chi2("sm") == pytest.approx(least(few.predict("sm").signal, **known), rel=1e-6, abs=1e-6), numbers


@pytest.mark.parametrize("seed", range(2))
def test_no_other_background_is_better(seed):
    rng = np.random.default_rng(100 + seed)
    for _ in range(10):
        numbers, sigma = drawn(rng), float(rng.choice([0.1, 0.3, 1.0]))
        few = experiment(**numbers, background_sigma=sigma)
        signal = few.predict("sm").signal
        chi2 = few.chi2("sm")
        for pull in np.append(np.linspace(-4, 4, 17), -1 / sigma):
            moved = numbers["background"] * (1 + sigma * pull)
            other = least(signal, moved, numbers["observed"], numbers["signal_sigma"], numbers["floor"]) + pull**2
            assert chi2 <= other * (1 + 1e-6) + 1e-6, numbers


@pytest.mark.parametrize(("coupling", "held"), [(3e-5, True), (6e-5, False), (1e-4, False), (2e-4, False)])
def test_points_arrays_pulls_and_slopes_agree_at_floors(coupling, held):
    few = experiment(np.array([0.0, 2.0]), [11.64, 0.1], 0.5, 0.1, 17.2)
    bound = few.bind("universal")
    chi2 = bound(10.0, coupling)
    expected = few.pulls("universal", 10.0, coupling)
    assert expected.chi2 == pytest.approx(chi2, rel=1e-9)
    assert few.chi2("universal", 10.0, [1e-5, coupling, 1e-3])[1] == pytest.approx(chi2, rel=1e-9)
    signal = few.predict("universal", 10.0, coupling).signal
    assert chi2 == pytest.approx(least(signal, np.array([11.64, 0.1]), np.array([0.0, 2.0]), 0.5, 0.1), rel=1e-6)
    # the seen bin is where nothing is expected of it, and held there
    total = 0.1 + signal[1] * (1 + expected.experiments["f"]["pulls"]["signal"])
    assert (abs(total) < 1e-7) == held
    step = 3e-4 * coupling
    slope = (bound(10.0, coupling + step) - bound(10.0, coupling - step)) / (2 * step)
    assert bound.gradient(10.0, coupling)[1][1] == pytest.approx(slope, rel=1e-4)


def least_of_two(one, observed, sigmas, starts, moved=()):
    """Return the least chi2 over pulls of signal and background, and of what deforms that, from some places."""
    signal, background = one.predict("sm").signal, np.array(one.backgrounds[0].counts)

    def chi2(x):
        expected = signal * (1 + sigmas[0] * x[0]) + (1 + sigmas[1] * x[1]) * (background + x[2:] @ moved)
        if ((expected < -1e-6 * one.floor) & (observed > one.floor)).any() or (np.abs(x[2:]) > 5).any():
            return np.inf
        expected = np.maximum(expected, one.floor)
        logs = observed * np.log(np.where(observed > 0, observed, 1) / expected)
        return float(2 * (expected - observed + logs).sum() + x @ x)

    options = {"maxfev": 3000, "xatol": 1e-9, "fatol": 1e-10}
    allowed = [start for start in starts if chi2(np.array(start)) < np.inf]
    return min(minimize(chi2, start, method="Nelder-Mead", options=options).fun for start in allowed)


@pytest.mark.parametrize("seed", range(24))
def test_floors_above_what_was_seen(seed):
    """There chi2 is constant up to a kink, and rises above it."""
    rng = np.random.default_rng([seed, 47])
    bins = int(rng.integers(2, 6))
    observed = rng.poisson(10 ** rng.uniform(-1, 1, bins)).astype(float)
    floor, sigma = float(rng.choice([1.5, 2.0, 3.5])), float(rng.choice([0.2, 0.5, 1.0]))
    background = 10 ** rng.uniform(-0.5, 1.3, bins)
    one = experiment(observed, background, 0.3, floor, 10 ** rng.uniform(-2, 1), sigma)
    starts = [[0, 0], [1.5, 1], [-1.5, -1], [0, -1 / sigma], [0, 2]]
    least = least_of_two(one, observed, (0.3, sigma), starts, np.zeros((0, bins)))
    assert one.chi2("sm") <= least * (1 + 1e-6) + 1e-5


@pytest.mark.parametrize("seed", range(8))
def test_floors_beside_a_deformed_background(seed):
    rng = np.random.default_rng([seed, 48])
    bins = int(rng.integers(2, 5))
    observed = rng.poisson(10 ** rng.uniform(-1, 1.5, bins)).astype(float)
    floor, sigma = float(rng.choice([1e-6, 1e-4, 0.01])), float(rng.choice([0.3, 1.0]))
    background = 10 ** rng.uniform(-0.5, 1.5, bins)
    up = background * 10 ** rng.uniform(-1, 0.4, bins)
    one = experiment(observed, background, 0.3, floor, 10 ** rng.uniform(-2, 1), sigma)
    one = one.replace(shapes=[Deformation("d", "b", up)])
    starts = [np.zeros(3), *rng.normal(0, 1.5, (12, 3))]
    least = least_of_two(one, observed, (0.3, sigma), starts, (up - background)[None])
    assert one.chi2("sm") <= least * (1 + 1e-6) + 1e-5


@pytest.mark.parametrize("floor", [1e-6, 0.01])
@pytest.mark.parametrize("coupling", [1e-5, 1e-4, 1e-3])
def test_bins_that_another_quenching_scale_fills(coupling, floor):
    """Recoils end below the first bin, where nothing expects anything, unless quanta are more than expected."""
    response = Response(PolynomialQuenching((0.1,)), [17.0, 18.5, 21.0])
    observed = np.array([40.0, 9.0])
    hidden = Experiment("h", FLUX, Target.of("Ar", mass=20.0), response, observed, quenching_sigma=0.1, floor=floor)
    assert not hidden.predict("b-l", 10.0, coupling).signal.any()

    def chi2(eta):
        expected = np.maximum(hidden.predict("b-l", 10.0, coupling, eta=eta).signal, floor)
        return float(2 * (expected - observed + observed * np.log(observed / expected)).sum() + ((eta - 1) / 0.1) ** 2)

    scales = np.linspace(*hidden.signal.eta_range, 201)
    i = int(np.argmin([chi2(eta) for eta in scales]))
    around = scales[max(i - 1, 0)], scales[min(i + 1, 200)]
    least = minimize_scalar(chi2, bounds=around, method="bounded", options={"xatol": 1e-9}).fun
    assert hidden.chi2("b-l", 10.0, coupling) == pytest.approx(min(least, chi2(scales[i])), rel=1e-5)


@pytest.mark.parametrize("change", [{"shapes": [Deformation("late", "b", [10.0, 0.3])]}, {"quenching_sigma": 0.1}])
def test_high_floors_beside_what_deforms_are_refused(change):
    few = experiment(np.array([0.0, 2.0]), [11.64, 0.1], 0.5, 0.2, 17.2)
    with pytest.raises(InputError, match=r"floor = 0\.2 beside shapes .* at most 0\.01 counts"):
        few.replace(**change)
    assert few.replace(floor=0.01, **change).chi2("sm") > 0
    uncertain = few.with_data([1.0, 2.0], [1.0, 1.0])
    assert uncertain.replace(**change).chi2("sm") >= 0


def test_high_floors_beside_deformations_elsewhere_are_refused():
    """If these share a nuisance, over a third one too."""
    shared = {name: Nuisance(name, 0.1, ["signal"]) for name in ("flux", "mass")}
    high = experiment(np.array([1.0, 2.0]), [11.64, 0.1], 0.5, 0.2, 17.2).replace(name="high")
    deformed = experiment(np.array([0.0, 2.0]), [11.64, 0.1], 0.5, 0.01, 17.2)
    deformed = deformed.replace(shapes=[Deformation("late", "b", [10.0, 0.3])])
    assert (high + deformed).chi2("sm") == pytest.approx(high.chi2("sm") + deformed.chi2("sm"), rel=1e-9)
    tied, other = high.replace(nuisances=[shared["flux"]]), deformed.replace(nuisances=[shared["mass"]])
    between = experiment(np.array([1.0]), [1.0], 0.5, 0.0, 17.2)
    between = between.replace(name="between", nuisances=list(shared.values()))
    for likelihood in (lambda: tied + other.replace(nuisances=[shared["flux"]]), lambda: tied + between + other):
        with pytest.raises(InputError, match=r"floor 0\.2 of 'high' is not allowed together with 'f'.* at most 0\.01"):
            likelihood().chi2("sm")
