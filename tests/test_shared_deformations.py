"""Least chi2 of experiments that share deformations, with floors too, and of signals far beyond that one takes away."""

import math

import numpy as np
import pytest
from test_empty_bins import FLUX, of_counts

from cevns.detectors import PolynomialQuenching, Response
from cevns.experiments import Experiment
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.nuclei import Target

#: Of either experiment: data, mass in kg, uncertainty of the signal, backgrounds, what is deformed to what, and what
#: each nuisance scales, and the floor, if there is one; uncertainties of these; their correlation, or None; and shifts
#: at a minimum far from others.
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
    # what is known of one deformation says nothing once another one moves
    "one and another": (
        (
            [0.14, 4.19, 8.22, 0.0945],
            0.0122,
            0.3,
            {"b": ([0.543, 1.2, 0.409, 7.6], 1.5), "c": ([0.584, 0.736, 0.631, 1.13], 1.0)},
            {"d": ("c", [0.135, 0.733, 22.0, 0.558]), "e": ("c", [0.103, 0.401, 0.233, 3.44])},
            {"u": {"signal": 1.0, "b": 2.0}, "w": {"b": 2.0, "c": -0.5}},
        ),
        (
            [4.14, 0.259, 8.4],
            0.0449,
            0.3,
            {"b": ([2.36, 2.98, 1.72], 0.05)},
            {"e": ("b", [2.56, 1.05, 3.68])},
            {"u": {"signal": 1.0}, "w": {"signal": -0.5}},
        ),
        {"u": 0.3, "w": 0.1},
        -0.5,
        {"u": -0.0090307874, "w": 0.00796903431, "d": -0.310174552, "e": 1.51819935},
        ({"signal": 0.00243523107, "b": -0.179248424, "c": -2.21794537}, {"signal": 0.0158016616, "b": 0.0119601725}),
    ),
    "a signal and a background": (
        (
            [0.0125, 0.0133, 1.84, 1.82],
            10.2,
            0.05,
            {"b": ([8.0, 1.03, 14.3, 30.4], 0.3), "c": ([2.49, 6.5, 4.48, 0.556], 1.0)},
            {"d": ("c", [12.2, 0.976, 2.78, 1.9]), "e": ("signal", [2.34, 2.32, 0.919, 3.32])},
            {},
            1e-5,
        ),
        {},
        None,
        {"d": 0.728982438, "e": -0.678800804},
        ({"signal": -0.00318710832, "b": -0.895134363, "c": -1.5446191},),
    ),
    "below 0 where nothing was seen": (
        (
            [0, 0, 0],
            3.64,
            0.05,
            {"b": ([37.9, 171.0, 20.1], 0.0), "c": ([150.0, 52.6, 74.0], 1.5)},
            {"d": ("c", [140.0, 104.0, 151.0]), "e": ("c", [121.0, 35.1, 68.5])},
            {},
            1e-6,
        ),
        {},
        None,
        {"d": 0.933242199, "e": -0.317738103},
        ({"signal": -8.85039881e-05, "c": -2.64139885},),
    ),
    "floors that nothing is near": (
        (
            [0.234, 1.68, 64.0, 67.4, 0.572],
            1.22,
            0.05,
            {"b": ([8.58, 121.0, 47.7, 82.3, 24.0], 0.5), "c": ([86.7, 41.4, 213.0, 6.03, 29.3], 0.0)},
            {"d": ("c", [344.0, 28.0, 850.0, 14.4, 6.05])},
            {"u": {"signal": 1.0, "c": 1.0}, "w": {"b": 1.0, "c": -1.0}},
            1e-6,
        ),
        (
            [40.1, 18.9, 11.0, 0.263, 1.58],
            0.0438,
            0.3,
            {"b": ([8.2, 18.3, 2.4, 11.9, 19.2], 0.12), "c": ([8.37, 3.01, 19.5, 1.41, 58.5], 0.5)},
            {},
            {"u": {"signal": -1.0, "b": -1.0, "c": -0.5}, "w": {"signal": 2.0, "b": -0.5, "c": 2.0}},
            1e-6,
        ),
        {"u": 0.3, "w": 0.1},
        None,
        {"u": -1.03438263, "w": 0.178706524, "d": -0.539482789},
        ({"signal": -0.0156967169, "b": -0.790104645}, {"signal": 0.031715209, "b": -0.257010573, "c": -1.88461809}),
    ),
    "a bin below its floor": (
        (
            [0.0419, 2.99, 0.0343, 1.42],
            0.113,
            0.0,
            {"b": ([1.05, 0.584, 0.954, 0.408], 1.0), "c": ([0.169, 0.0741, 0.72, 2.01], 0.05)},
            {"d": ("c", [0.124, 0.00649, 0.523, 0.903])},
            {"u": {"signal": -0.5, "b": -1.0, "c": 0.5}, "w": {"b": 1.0}},
            1e-4,
        ),
        (
            [0.14, 0.0587, 0.00496],
            0.0835,
            0.05,
            {"b": ([25.6, 0.312, 7.95], 0.5)},
            {"d": ("b", [189.0, 0.346, 7.06])},
            {"w": {"b": -1.0}},
            1e-3,
        ),
        {"u": 0.3, "w": 0.1},
        0.97,
        {"u": 0.0769572748, "w": 0.0271353612, "d": 0.42866215},
        ({"b": -0.0844047197, "c": -0.00257598689}, {"signal": -0.00055115796, "b": -0.97393919}),
    ),
    # three deformations, and empty bins of which some are at their kinks
    "kinks": (
        (
            [0, 0, 0, 3, 0],
            0.0434,
            0.05,
            {"b": ([4.47, 1.5, 6.93, 0.0, 0.128], 2.0)},
            {
                "d": ("b", [3.48, 1.25, 11.2, 0.323, 0.0586]),
                "e": ("b", [116.0, 0.262, 33.5, 0.487, 14.7]),
                "f": ("signal", [0.26, 6.1, 0.0751, 89.3, 0.761]),
            },
            {},
            2e-8,
        ),
        {},
        None,
        {"d": -0.26297442, "e": -0.00988021191, "f": 1.43208958},
        ({"signal": 0.00513296491, "b": -1.3067994},),
    ),
    # high walls lead away from a minimum next to them
    "one of two with a floor": (
        (
            [1, 0, 0, 0, 0],
            4.03,
            0.0,
            {"b": ([0.707, 0.0, 1.99, 0.913, 3.33], 1.5)},
            {"d": ("signal", [1.04, 0.0, 1.25, 0.828, 1.99]), "e": ("b", [0.352, 0.0, 24.3, 0.333, 9.1])},
            {"u": {"signal": -0.5}},
        ),
        (
            [1, 0, 0, 0],
            0.0277,
            1.0,
            {"b": ([0.408, 0.453, 0.17, 0.0375], 1.0), "c": ([0.198, 0.0909, 0.568, 0.239], 0.3)},
            {"d": ("c", [1.72, 0.0424, 0.103, 0.406]), "e": ("b", [0.567, 0.521, 0.268, 0.0352])},
            {"u": {"c": -0.5}, "w": {"signal": -1.0, "b": -0.5}},
            0.01,
        ),
        {"u": 1.5, "w": 2.0},
        None,
        {"u": 1.9097481, "w": 0.0407677669, "d": 0.317131046, "e": 0.033738055},
        ({"b": -1.00164994}, {"signal": 0.100003258, "b": -0.220390399, "c": -0.00487851373}),
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
    observed, mass, signal_sigma, backgrounds, deformations, scaled, *floor = given
    both = {"correlations": {("u", "w"): correlation}} if correlation and len(scaled) == 2 else {}
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
        floor=sum(floor),
        **both,
    )


def total_at(one, given, shared, own):
    """Return the expectation of an experiment at nuisances, from its definition, and what its own ones cost."""
    _, _, signal_sigma, backgrounds, deformations, scaled, *_ = given
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
    experiments = [made(name, given, sigmas, correlation) for name, given in zip("xy", pair, strict=False)]
    units = np.array([shared[n] / sigmas[n] for n in sigmas])
    covariance = np.full((len(sigmas), len(sigmas)), correlation or 0.0)
    np.fill_diagonal(covariance, 1.0)
    there = units @ np.linalg.solve(covariance, units) + sum(shared[d] ** 2 for d in shared if d not in sigmas)
    for one, given, shifts in zip(experiments, pair, own, strict=True):
        total, penalty = total_at(one, given, shared, shifts)
        observed = np.array(given[0], dtype=float)
        # shifts are rounded
        assert (total[observed >= one.floor] > -1e-5).all()
        there += of_counts(np.maximum(total, one.floor), observed) + penalty
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
