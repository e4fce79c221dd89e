"""Least chi2 of two experiments that share deformations, and of signals far beyond the data that one takes away."""

import math

import numpy as np
import pytest
from test_empty_bins import FLUX, of_counts

from cevns.detectors import PolynomialQuenching, Response
from cevns.experiments import Experiment
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.nuclei import Target

#: Of either experiment: data, mass in kg, uncertainty of the signal, backgrounds, what is deformed to what, and what
#: each nuisance scales; uncertainties of these; their correlation, or None; and shifts at a minimum far from others.
HOSTILE = {
    "two of two": (
        (
            [1, 25, 0],
            0.0435,
            0.0,
            {"b": ([2.92, 4.08, 6.92], 1.5)},
            {"d": ("b", [3.6, 1.69, 3.45]), "e": ("b", [13.8, 56.0, 2.81])},
            {"u": {"b": -1.0}, "w": {"b": 1.0}},
        ),
        (
            [9, 1, 0, 53],
            0.332,
            0.3,
            {"b": ([27.0, 139.0, 128.0, 73.5], 2.0), "c": ([131.0, 45.2, 1080.0, 45.0], 1.5)},
            {"d": ("c", [111.0, 50.5, 1400.0, 78.2]), "e": ("c", [147.0, 52.3, 557.0, 31.8])},
            {"u": {"b": 0.5, "c": 0.5}, "w": {"signal": 1.0, "c": -1.0}},
        ),
        {"u": 1.0, "w": 0.1},
        None,
        {"u": 0.325013217, "w": -0.00288563272, "d": 2.56660924, "e": -0.484390248},
        ({"b": -1.57215856}, {"signal": -0.0103517968, "b": -0.889016042, "c": -1.18168612}),
    ),
    "nothing seen": (
        (
            [0, 0, 0, 0, 0],
            0.329,
            0.3,
            {"b": ([27.4, 211.0, 81.5, 45.8, 48.7], 1.0)},
            {"d": ("b", [37.9, 491.0, 61.5, 29.4, 70.7]), "e": ("b", [39.6, 493.0, 349.0, 333.0, 243.0])},
            {"u": {"b": -0.5}, "w": {"signal": 2.0, "b": 1.0}},
        ),
        (
            [0, 1],
            0.294,
            0.05,
            {"b": ([73.7, 94.3], 1.0)},
            {"d": ("b", [62.7, 17.0]), "e": ("b", [138.0, 147.0])},
            {"u": {"signal": 1.0, "b": -1.0}, "w": {"signal": -1.0}},
        ),
        {"u": 0.3, "w": 1.5},
        None,
        {"u": 0.016677582, "w": -0.505334025, "d": 0.452740328, "e": -1.10949193},
        ({"signal": 0.0106680507, "b": -0.486327184}, {"signal": -6.16662265e-05, "b": 0.0331906345}),
    ),
    # the only room at the end of the range, where factors of both have to be of different signs
    "at an end": (
        (
            [0, 2, 43, 0, 2],
            0.142,
            0.0,
            {"b": ([0.474, 3.16, 4.59, 0.588, 0.234], 1.5), "c": ([1.16, 3.69, 2.61, 0.243, 7.11], 2.0)},
            {"d": ("b", [0.929, 10.2, 2.42, 5.48, 0.218])},
            {"u": {"signal": 1.0, "b": -1.0}, "w": {"b": -0.5}},
        ),
        (
            [24, 12, 61, 14, 42],
            0.0187,
            0.3,
            {"b": ([0.572, 0.499, 0.186, 0.815, 0.131], 0.05), "c": ([2.82, 4.06, 0.284, 0.889, 1.16], 0.12)},
            {"d": ("b", [0.145, 0.385, 0.492, 1.35, 0.122])},
            {"u": {"b": -0.5}, "w": {"c": 2.0}},
        ),
        {"u": 2.0, "w": 0.5},
        0.9,
        {"u": 9.30314425, "w": 2.91233223, "d": -5.0},
        (
            {"b": 9.79725406, "c": 1.85200908},
            {"signal": 0.0160711815, "b": -0.0161179924, "c": 0.139837678},
        ),
    ),
    "three of two": (
        (
            [0, 0, 24, 0, 21],
            1.27,
            0.05,
            {"b": ([205.0, 467.0, 75.8, 209.0, 110.0], 1.5)},
            {
                "d": ("b", [204.0, 221.0, 12.8, 140.0, 50.8]),
                "e": ("b", [214.0, 648.0, 70.5, 433.0, 78.4]),
                "f": ("b", [122.0, 394.0, 28.0, 42.9, 95.8]),
            },
            {"u": {"signal": 0.5, "b": -1.0}, "w": {"b": 2.0}},
        ),
        (
            [5, 61, 3, 0, 1],
            1.42,
            0.3,
            {"b": ([3.24, 6.32, 38.5, 1.96, 33.9], 1.0), "c": ([29.6, 18.4, 11.7, 71.1, 14.3], 0.3)},
            {
                "d": ("b", [15.5, 4.05, 36.2, 0.81, 62.9]),
                "e": ("b", [1.96, 6.49, 34.1, 1.34, 26.1]),
                "f": ("c", [93.8, 4.09, 15.3, 47.2, 20.6]),
            },
            {"u": {"c": 2.0}, "w": {"signal": 1.0}},
        ),
        {"u": 1.0, "w": 0.1},
        None,
        {"u": -0.566667111, "w": 0.175019694, "d": 2.39273195, "e": 1.81455036, "f": 2.70526708},
        (
            {"signal": -0.013400071, "b": -2.04455204},
            {"signal": 1.73874141, "b": -0.95211164, "c": 0.0542095786},
        ),
    ),
}

#: The same without a minimum: signals up to 10^5 times what was seen.
FAR_BEYOND = {
    "one": (
        (
            [0, 0],
            0.0497,
            0.0,
            {"b": ([6.92, 10.1], 1.0)},
            {"d": ("signal", [0.261, 0.359]), "e": ("b", [9.45, 12.7])},
            {"w": {"signal": 1.0, "b": 2.0}},
        ),
    ),
    "two that deform their signals": (
        (
            [0, 0],
            0.0682,
            0.05,
            {"b": ([4.8, 18.8], 2.0)},
            {"d": ("signal", [1.36, 2.65]), "e": ("signal", [0.222, 2.27])},
            {"u": {"signal": 1.0, "b": 2.0}},
        ),
        (
            [1, 15],
            0.0453,
            0.0,
            {"b": ([0.747, 3.0], 1.5)},
            {"d": ("signal", [1.98, 0.986]), "e": ("signal", [1.61, 0.622])},
            {"u": {"signal": -1.0, "b": 1.0}, "w": {"signal": -1.0}},
        ),
    ),
    "two with three deformations": (
        (
            [150, 0],
            18.8,
            0.0,
            {"b": ([8.01, 70.4], 0.0), "c": ([67.4, 15.3], 0.05)},
            {"d": ("c", [89.8, 10.5]), "e": ("b", [14.0, 27.3]), "f": ("c", [78.8, 41.7])},
            {"u": {"b": 1.0, "c": -0.5}, "w": {"signal": 0.5, "b": -1.0, "c": -0.5}},
        ),
        (
            [61, 0, 2, 2],
            10.5,
            0.0,
            {"b": ([36.1, 29.8, 1.4, 1.24], 0.12)},
            {
                "d": ("b", [61.1, 65.9, 2.07, 0.64]),
                "e": ("b", [31.9, 3.28, 0.133, 0.439]),
                "f": ("b", [43.1, 41.4, 2.45, 0.681]),
            },
            {"w": {"signal": 1.0}},
        ),
    ),
}
SIGMAS = {
    "one": {"w": 0.5},
    "two that deform their signals": {"u": 2.0, "w": 0.1},
    "two with three deformations": {"u": math.inf, "w": 1.5},
}


def made(name, given, sigmas, correlation):
    observed, mass, signal_sigma, backgrounds, deformations, scaled = given
    both = {"correlations": {("u", "w"): correlation}} if correlation else {}
    return Experiment(
        name,
        FLUX,
        Target.of("Ar", mass=mass),
        Response(PolynomialQuenching((0.25,)), np.linspace(5, 35, len(observed) + 1)),
        observed,
        signal_sigma=signal_sigma,
        backgrounds=[Background(b, counts, sigma) for b, (counts, sigma) in backgrounds.items()],
        nuisances=[Nuisance(n, sigmas[n], of) for n, of in scaled.items()],
        shapes=[Deformation(d, of, up) for d, (of, up) in deformations.items()],
        **both,
    )


def total_at(one, given, shared, own):
    """Return the expectation of an experiment at nuisances, from its definition, and what its own ones cost."""
    _, _, signal_sigma, backgrounds, deformations, scaled = given
    components = {"signal": np.ones(len(given[0])), **{b: np.array(counts) for b, (counts, _) in backgrounds.items()}}
    total = 0.0
    for name, counts in components.items():
        moved = counts + sum(shared[d] * (np.array(up) - counts) for d, (of, up) in deformations.items() if of == name)
        factor = 1 + own.get(name, 0.0) + sum(shared[n] * of.get(name, 0.0) for n, of in scaled.items())
        total = total + factor * moved * (one.predict("sm").signal if name == "signal" else 1.0)
    sigmas = {"signal": signal_sigma, **{b: sigma for b, (_, sigma) in backgrounds.items()}}
    return total, sum((value / sigmas[name]) ** 2 for name, value in own.items())


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
def test_minima_are_found_wherever_shared_deformations_lead(case):
    *pair, sigmas, correlation, shared, own = case
    experiments = [made(name, given, sigmas, correlation) for name, given in zip("xy", pair, strict=True)]
    units = np.array([shared[n] / sigmas[n] for n in ("u", "w")])
    covariance = np.array([[1.0, correlation or 0.0], [correlation or 0.0, 1.0]])
    there = units @ np.linalg.solve(covariance, units) + sum(shared[d] ** 2 for d in shared if d not in sigmas)
    for one, given, shifts in zip(experiments, pair, own, strict=True):
        total, penalty = total_at(one, given, shared, shifts)
        # shifts are rounded
        assert total.min() > -1e-5
        there += of_counts(np.maximum(total, 0.0), np.array(given[0], dtype=float)) + penalty
    assert sum(experiments[1:], experiments[0]).chi2("sm") <= there * (1 + 1e-6) + 1e-4


@pytest.mark.parametrize("name", FAR_BEYOND)
def test_signals_far_beyond_the_data_have_one_chi2(name):
    """Whatever the last digits of the signal are, and whether a point is alone."""
    experiments = [made(own, given, SIGMAS[name], None) for own, given in zip("xy", FAR_BEYOND[name], strict=False)]
    both = sum(experiments[1:], experiments[0])
    couplings = 1e-3 * np.array([1.0, 1 + 1e-9, 1 - 1e-7])
    together = both.chi2("universal", 10.0, couplings)
    alone = np.array([both.chi2("universal", 10.0, float(g)) for g in couplings])
    np.testing.assert_allclose(alone, together, rtol=1e-5)
    np.testing.assert_allclose(alone, alone[0], rtol=1e-5)
    np.testing.assert_allclose(both.chi2("universal", 10.0, couplings[::-1]), together[::-1], rtol=1e-5)
