"""Least chi2 where what is known badly is deformed, several backgrounds at once: no other nuisances do better."""

import math

import numpy as np
import pytest
from scipy import optimize
from test_empty_bins import FLUX, experiment, of_counts

from cevns.binning import Axis
from cevns.detectors import Distribution, PolynomialQuenching, Response
from cevns.experiments import Experiment
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.nuclei import Target

#: Data of few bins, mass in kg and uncertainty of the signal; backgrounds by name, infinite uncertainties being a level
#: that is free; deformations by name, of one of these; and nuisances at a minimum that is far from others.
HOSTILE = {
    # a signal that is next to nothing, or below, leaves no room to what is deformed to below 0
    "below nothing": (
        ([20, 2, 84, 0, 0], 7.12, 0.3),
        {"b": ([32.2, 7.28, 7.68, 12.6, 2.6], 1.0)},
        {"d": ("b", [0.49, 6.76, 0.0894, 6.91, 0.107])},
        {"signal": 0.00595, "b": -2.38829, "d": 2.16134},
    ),
    # narrow ones
    "steep on one side": (
        ([20, 114, 0, 0], 2.18, 0.3),
        {"b": ([30.4, 4.6, 4.35, 44.7], 0.5)},
        {"d": ("b", [33.2, 6.31, 6.3, 58.2])},
        {"signal": 2.47523, "b": -1.83293, "d": -3.28191},
    ),
    "free and steep": (
        ([20, 114, 0, 0], 2.18, 0.3),
        {"b": ([30.4, 4.6, 4.35, 44.7], math.inf)},
        {"d": ("b", [33.2, 6.31, 6.3, 58.2])},
        {"signal": 2.60845, "b": -2.09521, "d": -3.28805},
    ),
    # a bound that took walls of empty bins for what data know left it out
    "free at a wall": (
        ([0, 12], 0.215, 0.05),
        {"b": ([0.501, 30.8], math.inf)},
        {"d": ("b", [0.00874, 14.1])},
        {"signal": -0.00059, "b": 3.02485, "d": 1.66338},
    ),
    "in a corner": (
        ([0, 0, 0, 3, 6], 0.00615, 0.0),
        {"b": ([38.5, 3.91, 0, 11.6, 37], 0.5), "c": ([15.3, 0.576, 16.7, 3.46, 1.09], 1.0)},
        {"d": ("b", [6.28, 5.47, 0, 0.312, 0.575]), "e": ("c", [14.9, 0.43, 24.2, 4.16, 1.01])},
        {"b": -0.84078, "c": -1.485, "d": -0.33062, "e": -2.22583},
    ),
    # two deformations of one background lead to another sign of it together
    "two of one": (
        ([2, 4], 0.00286, 0.3),
        {"b": ([0.978, 13.5], 1.5), "c": ([1.37, 5.99], 0.12), "rest": ([0.569, 8.6], 0.1)},
        {"d": ("b", [0.564, 0.61]), "e": ("c", [1.57, 5.04]), "f": ("b", [0.0961, 0.424])},
        {"signal": 5e-05, "b": 0.57972, "c": -0.00266, "rest": -0.00319, "d": 0.77976, "e": 0.04467, "f": 0.76438},
    ),
    "two of one below nothing": (
        ([2, 0, 1, 9], 0.0144, 0.05),
        {"b": ([9.85, 15.1, 42.8, 4.74], 1.0), "c": ([0.867, 7.87, 16.7, 11.9], 0.12)},
        {
            "d": ("b", [7.1, 18.4, 27.6, 6.85]),
            "e": ("c", [0.00955, 0.211, 3.58, 0.312]),
            "f": ("b", [8.06, 11.6, 42.9, 6.92]),
        },
        {"signal": 0.00054, "b": -2.50684, "c": 0.00862, "d": 1.53937, "e": -1.13471, "f": 2.59529},
    ),
    # of two backgrounds one is below nothing
    "two at once": (
        ([8, 0, 3, 45], 0.0121, 0.0),
        {"b": ([5.69, 12.8, 17.3, 4.17], 1.0), "c": ([10.9, 0.544, 9.57, 0.35], 1.0)},
        {"d": ("b", [1.39, 6.72, 11.7, 0.885]), "e": ("c", [0.18, 0.00997, 8.37, 0.127])},
        {"b": -4.95615, "c": 1.22311, "d": 2.42843, "e": 1.45042},
    ),
}


def made(data, backgrounds, deformations):
    observed, mass, signal_sigma = data
    given = [Background(name, b, 0.0 if math.isinf(sigma) else sigma) for name, (b, sigma) in backgrounds.items()]
    levels = [
        Nuisance("level " + name, math.inf, (name,)) for name, (_, sigma) in backgrounds.items() if math.isinf(sigma)
    ]
    shapes = [Deformation(name, of, up) for name, (of, up) in deformations.items()]
    one = experiment(observed, mass, signal_sigma, given[0], nuisances=levels)
    return one.replace(backgrounds=given).replace(shapes=shapes)


def at(signal, data, backgrounds, deformations, pulls):
    """Return chi2 at nuisances, from its definition."""
    signal_sigma = data[2]
    total = signal * (1 + pulls.get("signal", 0.0))
    penalty = (pulls["signal"] / signal_sigma) ** 2 if "signal" in pulls else 0.0
    for name, (counts, sigma) in backgrounds.items():
        counts = np.array(counts)
        deformed = counts + sum(
            pulls[d] * (np.array(up) - counts) for d, (of, up) in deformations.items() if of == name
        )
        total = total + (1 + pulls.get(name, 0.0)) * deformed
        penalty += (pulls.get(name, 0.0) / sigma) ** 2
    penalty += sum(pulls[d] ** 2 for d in deformations)
    return total, penalty


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
def test_minima_are_found_wherever_backgrounds_are_deformed_to(case):
    *given, pulls = case
    one = made(*given)
    total, penalty = at(one.predict("sm").signal, *given, pulls)
    # nuisances are rounded, and next to nothing is left in some bins
    assert total.min() > -2e-3
    there = of_counts(np.maximum(total, 0.0), np.array(given[0][0], dtype=float)) + penalty
    assert one.chi2("sm") <= there + 3e-3


def test_a_deformed_signal_may_leave_a_bin_without_any():
    """Where its template vanishes in the bin that has no background it may fall a little below 0."""
    response = Response(PolynomialQuenching((0.25,)), [5.0, 35.0])
    shares = Distribution([Axis("pulse", [0.0, 1.0, 2.0], "")], [[0.125, 0.875]])
    one = Experiment(
        "two",
        FLUX,
        Target.of("Ar", mass=35.0),
        response,
        [0.0, 0.0],
        signal_sigma=0.1,
        backgrounds=[Background("b", [0.0, 0.2], 0.1)],
        distribution=shares,
        shapes=[Deformation("d", "signal", [1.0, 0.0])],
    )
    # the share of the first bin is 1/8 + 7/8 d, and the signal takes away what the second one has of background
    total = one.predict("sm").signal.sum()
    assert one.chi2("sm") == pytest.approx((10 * (1 + 0.2 / total)) ** 2 + 1 / 49, abs=1e-3)


def test_what_deforms_two_experiments_has_no_bounds():
    """The one that knows it well hid a minimum of the other at the end of its range."""

    def one(name, observed, counts, sigma, up):
        backgrounds = [Background("b", counts, sigma), Background("known", [5.0, 5.0], 0.0)]
        shapes = [Deformation("d", "b", up)]
        response = Response(PolynomialQuenching((0.25,)), [5.0, 20.0, 35.0])
        return Experiment(
            name, FLUX, Target.of("Ar", mass=0.01), response, observed, backgrounds=backgrounds, shapes=shapes
        )

    wide = one("wide", [73, 112], [3.3, 9.87], 1.0, [8.03, 15.7])
    known = one("known", [49, 40], [11.2, 7.76], 0.0, [3.58, 2.05])
    both = wide + known
    there = {"b": -4.89935, "d": -5.0}
    total = 0.0
    for each, observed, pull in ((wide, [73, 112], there["b"]), (known, [49, 40], 0.0)):
        background = each.backgrounds[0]
        moved = np.array(background.counts) + there["d"] * (np.array(each.shapes[0].up) - np.array(background.counts))
        expected = each.predict("sm").signal + 5.0 + (1 + pull) * moved
        total += of_counts(expected, np.array(observed, dtype=float))
    assert both.chi2("sm") <= total + there["b"] ** 2 + there["d"] ** 2 + 1e-4


@pytest.mark.parametrize("seed", range(8))
def test_no_search_without_derivatives_does_better(seed):
    draw = np.random.default_rng([seed, 46])
    bins = int(draw.integers(2, 5))
    data = draw.poisson(10 ** draw.uniform(-1, 1.5, bins)).astype(float), 10 ** draw.uniform(-2, 1), 0.3
    backgrounds = {
        name: (10 ** draw.uniform(-0.5, 1.5, bins), sigma)
        for name, sigma in (("b", 0.5), ("c", draw.choice([0.2, 1.0])))
    }
    deformations = {
        name: (of, backgrounds[of][0] * 10 ** draw.uniform(-1.5, 0.4, bins))
        for name, of in (("d", "b"), ("e", "c"), ("f", "b"))
    }
    one = made(data, backgrounds, deformations)
    signal, names = one.predict("sm").signal, ["signal", *backgrounds, *deformations]

    def chi2(x):
        pulls = dict(zip(names, x, strict=True))
        if max(abs(pulls[name]) for name in deformations) > 5:
            return math.inf
        total, penalty = at(signal, data, backgrounds, deformations, pulls)
        return of_counts(total, data[0]) + penalty

    found = one.chi2("sm")
    starts = [np.zeros(len(names)), *draw.normal(0, [0.3, 0.5, 0.5, 1, 1, 1], (12, len(names)))]
    for start in starts:
        if chi2(start) < math.inf:
            other = optimize.minimize(chi2, start, method="Nelder-Mead", options={"maxfev": 1500}).fun
            assert found <= other * (1 + 1e-6) + 1e-6
    # and it is one of chi2
    profile = one.pulls("sm")
    pulls = {**profile.experiments["few"]["pulls"], **profile.shared}
    total, penalty = at(signal, data, backgrounds, deformations, pulls)
    assert of_counts(np.maximum(total, 0.0), data[0]) + penalty == pytest.approx(found, rel=1e-5, abs=1e-5)
