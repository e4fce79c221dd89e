"""Least chi2 of Poisson data at walls and at ends of ranges, beside searches that know nothing of descents."""

import math

import numpy as np
import pytest
from scipy import special

from cevns.detectors import GaussianResolution, PolynomialQuenching, Response
from cevns.errors import ConvergenceError
from cevns.experiments import Experiment
from cevns.fluxes import pion_decay_at_rest
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.nuclei import Target

FLUX = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0)


def experiment(observed, mass, signal_sigma, background, ends=(5, 35), resolution=None, **others):
    response = Response(PolynomialQuenching((0.25,)), np.linspace(*ends, len(observed) + 1), resolution=resolution)
    argon = Target.of("Ar", mass=mass)
    return Experiment(
        "few", FLUX, argon, response, observed, signal_sigma=signal_sigma, backgrounds=[background], **others
    )


def of_counts(expected, observed):
    """Return chi2 of Baker and Cousins; infinite where nothing is expected of what is seen."""
    if (expected < 0).any() or (expected[observed > 0] <= 0).any():
        return math.inf
    logs = special.xlogy(observed, np.divide(observed, expected, out=np.ones_like(expected), where=expected > 0))
    return float(2 * (expected - observed + logs).sum())


def least(function, low, high, steps=160):
    """Return the minimum of a convex function by golden section."""
    golden = (math.sqrt(5) - 1) / 2
    a, b = low, high
    places = [b - golden * (b - a), a + golden * (b - a)]
    values = [function(place) for place in places]
    for _ in range(steps):
        if values[0] <= values[1]:
            b = places[1]
            places, values = [b - golden * (b - a), places[0]], [math.nan, values[0]]
            values[0] = function(places[0])
        else:
            a = places[0]
            places, values = [places[1], a + golden * (b - a)], [values[1], math.nan]
            values[1] = function(places[1])
    return min(values)


def with_free_level(signal, template, observed, variance):
    """Return the least chi2 over factors of signal and background whose difference alone has a pull."""

    def at(factor):
        # what the background must be at least, from where it is counted lest the emptiest bin lose its digits
        needed = -factor * signal / template
        first = int(needed.argmax())

        def beyond(more):
            expected = np.maximum(factor * signal + (needed[first] + more) * template, 0.0)
            expected[first] = more * template[first]
            return of_counts(expected, observed) + (factor - needed[first] - more) ** 2 / variance

        most = 4 * (observed.sum() + 10) / template.min() + 2 * abs(needed).max()
        return min(least(beyond, 0.0, most), beyond(0.0))

    most, far = (observed.sum() + 20) / signal.max() * 3, 4 * (observed.sum() + 10) / signal.min() + 10
    # a range that is mostly infinite leads nowhere
    return min(least(at, *ends) for ends in ((0.0, most), (-most, most), (-far, far)))


@pytest.mark.parametrize(
    ("observed", "sigma", "expected"),
    [([100, 0], 0.01, 2.8530460910e-4), ([1000, 0], 0.01, 0.028529728), ([1000, 0], 0.1, 0.028250088)],
)
def test_a_free_level_beside_an_empty_bin(observed, sigma, expected):
    background = Background("b", [4.5e4, 5.4e5], 1.0)
    level = Nuisance("level", math.inf, of=["signal", "b"])
    found = experiment(observed, 1000.0, sigma, background, nuisances=[level]).chi2("sm")
    assert found == pytest.approx(expected, abs=2e-9)


@pytest.mark.parametrize("seed", range(25))
def test_a_free_level_of_signal_and_background(seed):
    draw = np.random.default_rng(seed)
    bins = int(draw.integers(2, 5))
    observed = np.where(draw.random(bins) < 0.5, 0.0, 10 ** draw.uniform(0, 4, bins)).round()
    observed[draw.integers(bins)] += 5.0
    template, sigmas = 10 ** draw.uniform(-1, 5, bins), (10 ** draw.uniform(-4, 0), 10 ** draw.uniform(-3, 0.3))
    level = Nuisance("level", math.inf, of=["signal", "b"])
    made = experiment(
        observed, 10 ** draw.uniform(-3, 4), sigmas[0], Background("b", template, sigmas[1]), nuisances=[level]
    )
    expected = with_free_level(made.predict("sm").signal, template, observed, sigmas[0] ** 2 + sigmas[1] ** 2)
    assert made.chi2("sm") == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_all_of_a_wide_quenching_scale_is_searched(seed):
    """Far beyond the data signals are least where they leave the bins, be it at an end of the range."""
    draw = np.random.default_rng(100 + seed)
    bins, sigma = int(draw.integers(2, 9)), float(draw.choice([0.1, 0.2, 0.3, 0.5]))
    observed = np.where(draw.random(bins) < 0.3, 0.0, 10 ** draw.uniform(0, 3.5, bins)).round()
    template, own = 10 ** draw.uniform(-1, 3, bins), float(10 ** draw.uniform(-2.5, 0))
    made = experiment(
        *(observed, 10 ** draw.uniform(0, 4), own, Background("b", template, 0.0)),
        ends=(draw.uniform(0.5, 10), draw.uniform(12, 35)),
        resolution=GaussianResolution(0.2) if seed % 2 else None,
        quenching_sigma=sigma,
    )
    point = ("universal", 10 ** draw.uniform(-1, 3), 10 ** draw.uniform(-5.5, -3))
    expected = math.inf
    for eta in np.linspace(*made.signal.eta_range, 120):
        signal = made.predict(*point, eta=eta).signal
        seen = signal > 0
        lowest = max([1 - 60 * own, *(-template[seen] / signal[seen])])

        def at(factor, signal=signal):
            return of_counts(np.maximum(template + factor * signal, 0.0), observed) + ((factor - 1) / own) ** 2

        expected = min(expected, least(at, lowest, 1 + 60 * own, 70) + ((eta - 1) / sigma) ** 2)
    found = made.chi2(*point)
    # a scan cannot get below the minimum
    assert found <= expected * (1 + 1e-6) + 1e-6
    assert made.bind("universal")(*point[1:]) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_what_deforms_a_wide_background_is_searched(seed):
    """chi2 has a minimum for a background that is nearly gone, and others for what is left of a deformed one."""
    draw = np.random.default_rng(300 + seed)
    for _ in range(8):
        bins, sigma = int(draw.integers(2, 7)), float(draw.choice([0.12, 0.25, 0.35, 0.5, 1.0, 1.5]))
        observed = draw.poisson(10 ** draw.uniform(-1, 1.8, bins)).astype(float)
        template = 10 ** draw.uniform(-0.5, 1.5, bins) * (draw.random(bins) < 0.8)
        up = template * 10 ** draw.uniform(-3, -0.5, bins)
        made = experiment(
            *(observed, 10 ** draw.uniform(-3, 0.5), 0.0, Background("b", template, sigma)),
            shapes=[Deformation("deformed", "b", up)],
        )
        signal, expected = made.predict("sm").signal, math.inf
        for pull in np.linspace(-5, 5, 121):
            deformed = template + pull * (up - template)
            ends = np.divide(-signal, deformed, out=np.zeros_like(signal), where=deformed != 0)
            low = max([1 - 40 * sigma, *ends[deformed > 0]])
            high = min([1 + 40 * sigma, *ends[deformed < 0]])

            def at(factor, deformed=deformed, sigma=sigma, observed=observed, signal=signal):
                return of_counts(np.maximum(signal + factor * deformed, 0.0), observed) + ((factor - 1) / sigma) ** 2

            expected = min(expected, least(at, low, high, 50) + pull**2)
        # a scan cannot get below the minimum
        assert made.chi2("sm") <= expected * (1 + 1e-6) + 1e-6


def test_a_free_level_that_leaves_a_background_alone_does_not_hide_its_width():
    def least_of(levels):
        made = experiment(
            *(np.array([4.0, 0.0, 9.0]), 1.0, 0.0, Background("b", [20.0, 5.0, 0.4], 1.0)),
            shapes=[Deformation("deformed", "b", [0.02, 0.05, 0.004])],
            nuisances=[Nuisance("level", math.inf, levels)],
        )
        return made, made.chi2("sm")

    (alone, wanted), (both, found) = least_of({"signal": 1.0}), least_of({"signal": 1.0, "b": 0.0})
    assert found == pytest.approx(wanted, rel=1e-9)
    pulls = [next(p for p in made._assembly.joined.pulls if p.name == "deformed") for made in (alone, both)]
    assert pulls[0].places
    assert pulls[0].places == pulls[1].places


@pytest.mark.parametrize(("own", "background", "seen", "most"), [(0.38, 1.2, 60, 6.1012), (0.38544, 0.5, 42, 6.1779)])
def test_a_minimum_next_to_the_end_of_a_quenching_scale(own, background, seen, most):
    """The signal grows by a tenth for each hundredth of the scale there; both are from scans."""
    template = Background("b", [background], 0.0)
    made = experiment([seen], 54.0, own, template, ends=(8.3, 29.1), quenching_sigma=0.3)
    assert made.chi2("universal", 72.0, 5.7e-4) <= most


def test_what_rounding_leaves_nothing_of_is_refused():
    background = Background("b", [1e15, 1e12], 1.0)
    level = Nuisance("level", math.inf, of=["signal", "b"])
    with pytest.raises(ConvergenceError):
        experiment([0, 5], 1e3, 1e-6, background, nuisances=[level]).chi2("sm")


@pytest.mark.parametrize("seed", range(6))
def test_slopes_have_their_digits_at_walls(seed):
    """Beside differences of chi2, which knows next to nothing of the multipliers that slopes are made of."""
    draw, looked_at = np.random.default_rng(700 + seed), 0
    for _ in range(40):
        bins = int(draw.integers(1, 3))
        observed = draw.poisson(10 ** draw.uniform(-1, 1, bins)).astype(float)
        observed[0] = 0.0
        made = experiment(
            *(observed, 10 ** draw.uniform(-1, 2), float(draw.choice([0.3, 1.5]))),
            Background("b", 10 ** draw.uniform(-1, 1, bins), float(draw.choice([0.0, 0.5]))),
        )
        bound, coupling = made.bind("universal"), 10 ** draw.uniform(-4, -3)
        slopes = []
        for step in (1e-3 * coupling, 3e-4 * coupling):
            slopes.append((bound(10.0, coupling + step) - bound(10.0, coupling - step)) / (2 * step))
        if slopes[0] == pytest.approx(slopes[1], rel=3e-4) and abs(slopes[0]) * coupling > 1e-3:
            looked_at += 1
            assert bound.gradient(10.0, coupling)[1][1] == pytest.approx(slopes[1], rel=3e-3)
    assert looked_at > 10
