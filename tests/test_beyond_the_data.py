"""Poisson data and signals from next to nothing to far beyond them: empty bins, free levels, floors, in any order."""

import math

import numpy as np
import pytest
from scipy import optimize, special

from cevns.detectors import LindhardQuenching, Response
from cevns.experiments import Experiment
from cevns.fluxes import pion_decay_at_rest
from cevns.likelihoods import Background, Nuisance
from cevns.nuclei import Target

#: So that signals are up to some 1e8 times the data.
COUPLINGS = np.geomspace(1e-6, 3e-2, 25)


def germanium(edges, observed, sigma, backgrounds=(), nuisances=(), **options):
    return Experiment(
        "germanium",
        flux=pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e22, distance=20.0),
        target=Target.of("Ge", mass=5.0),
        response=Response(LindhardQuenching(32, 72.6, 0.157), edges),
        observed=observed,
        signal_sigma=sigma,
        backgrounds=[Background(*b) for b in backgrounds],
        nuisances=[Nuisance(*n) for n in nuisances],
        **options,
    )


def least(experiment, signal, floor=1e-13):
    """chi2 by barriers that fall to nothing, in the numbers of events of all components; an upper bound of the least.

    Parameters
    ----------
    experiment : Experiment
        Whose backgrounds have uncertainties of their own, 0 for none, infinite for free ones.
    signal : ndarray, shape (bins,)
        Expected counts.
    """
    n = np.array(experiment.observed)
    parts = [(signal, experiment.signal_sigma), *((np.array(b.counts), b.sigma) for b in experiment.backgrounds)]
    totals = np.array([part.sum() for part, sigma in parts if sigma])
    sigmas = np.array([sigma for _, sigma in parts if sigma])
    shapes = np.array([part / part.sum() for part, sigma in parts if sigma])
    fixed = sum((part for part, sigma in parts if not sigma), np.zeros(n.size))
    x, m = np.minimum(totals, max(n.sum(), 1.0)), 1.0

    def value(x, m):
        N = fixed + x @ shapes
        if (N <= 0).any():
            return math.inf
        data = 2 * (N - n + special.xlogy(n, n / N)).sum() - m * np.log(N[n == 0]).sum()
        return data + (((x / totals - 1) / sigmas) ** 2).sum()

    while m > floor:
        for _ in range(200):
            w, N = np.where(n > 0, 2 * n, m), fixed + x @ shapes
            slope = shapes @ (2 - w / N) + 2 * (x / totals - 1) / (totals * sigmas**2)
            curvature = (shapes * w / N**2) @ shapes.T + np.diag(2 / (totals * sigmas) ** 2)
            units = np.sqrt(np.diag(curvature))
            step = np.linalg.lstsq(curvature / np.outer(units, units), slope / units, rcond=1e-16)[0] / units
            scale = 1.0
            while scale > 1e-14 and not value(x - scale * step, m) <= value(x, m) - 1e-4 * scale * (slope @ step):
                scale /= 2
            if scale <= 1e-14:
                break
            x = x - scale * step
            if slope @ step < 1e-3 * m:
                break
        m *= 0.1
    return value(x, 0.0)


@pytest.mark.parametrize("sigma", [0.05, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("level", [0.0, 7.0])
def test_nothing_seen_where_anything_would_have_been(sigma, level):
    """An empty bin lets f S fall to minus the background, at a cost of ((1 + b / S) / sigma)^2, or to where it pays."""
    data = germanium([0.5, 3.5], [0], sigma, [("steady", [level], 0.0)] if level else [])
    for coupling in (*COUPLINGS, 1.0):
        signal = data.signal.counts("universal", mass=50.0, coupling=coupling).sum()
        f = max(1 - signal * sigma**2, -level / signal)
        expected = 2 * (f * signal + level) + ((f - 1) / sigma) ** 2
        found = data.chi2("universal", mass=50.0, coupling=coupling)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9), coupling


@pytest.mark.parametrize("seed", range(12))
def test_no_barrier_gets_lower_and_order_means_nothing(seed):
    rng = np.random.default_rng(seed)
    bins = int(rng.integers(1, 5))
    edges = np.append(0.5, 0.5 + np.cumsum(rng.uniform(0.4, 2.5, bins)))
    levels = [
        (f"b{i}", (rng.uniform(0.1, 1, bins) * 10 ** rng.uniform(-1, 2)).tolist(), float(rng.choice([0, 0.3, 1])))
        for i in range(int(rng.integers(0, 3)))
    ]
    total = np.sum([counts for _, counts, _ in levels], axis=0) if levels else np.zeros(bins)
    observed = rng.poisson(total) * (rng.random(bins) < 0.6)
    data = germanium(edges, observed.astype(float), float(rng.choice([0.01, 0.1, 0.3, 1.0])), levels)
    order = rng.permutation(COUPLINGS.size)
    line = data.chi2("universal", mass=20.0, coupling=COUPLINGS[order])
    for coupling, found in zip(COUPLINGS[order], line, strict=True):
        assert data.chi2("universal", mass=20.0, coupling=coupling) == pytest.approx(found, rel=1e-7, abs=1e-7)
        if rng.random() < 0.3:
            signal = data.signal.counts("universal", mass=20.0, coupling=coupling)
            assert found == pytest.approx(least(data, signal), rel=1e-6, abs=1e-6), coupling


STRAINED = {
    "empty bin": germanium([0.5, 2.5], [0], 0.5),
    "empty bins": germanium([0.5, 2.5, 5], [0, 0], 0.3, [("b0", [1, 1], 0.3)]),
    "level that cancels": germanium([0.5, 2.8], [58.5], 0.1, [("b0", [50], 0.0)], [("level", math.inf, ["b0"])]),
    "level of empty bins": germanium([0.5, 2, 5], [0, 0], 0.1, [("b0", [4, 4], 0.0)], [("level", math.inf, ["b0"])]),
    "floor": germanium([0.5, 2, 5], [0, 0], 1.0, [("b0", [4, 4], 1.0)], floor=1e-6),
    "floor and level": germanium(
        [3, 5, 6, 9, 10],
        [0] * 4,
        0.01,
        [("b0", [0.07, 0, 0, 0.06], 0.0)],
        [("level", math.inf, ["b0"]), ("flux", 0.1, ["signal"])],
        floor=0.01,
    ),
}


@pytest.mark.parametrize("case", STRAINED)
def test_no_signal_is_refused(case):
    data = STRAINED[case]
    line = data.chi2("universal", mass=20.0, coupling=COUPLINGS)
    alone = [data.chi2("universal", mass=20.0, coupling=coupling) for coupling in COUPLINGS]
    assert line == pytest.approx(alone, rel=1e-7, abs=1e-7)
    assert line.min() >= 0
    assert data.best_fit("universal", mass=20.0).chi2 <= line.min() + 1e-6


def test_pulls_say_what_chi2_is_made_of():
    data = STRAINED["empty bins"]
    found = data.pulls("universal", mass=20.0, coupling=COUPLINGS[-1])
    assert found.chi2 == pytest.approx(data.chi2("universal", mass=20.0, coupling=COUPLINGS[-1]), rel=1e-9)
    assert found.experiments["germanium"]["pulls"]["signal"] == pytest.approx(-1.0, abs=1e-6)


def from_many_starts(n, signal, background, sigma):
    """Least chi2 of F e^u S + F B, with a free F and the pull (e^u - 1) F / sigma, in ln F and u."""
    near = n.sum() / (signal + background).sum()
    units = np.array([1.0 / math.sqrt(n.sum()), min(1.0, sigma / near)])

    def chi2(at):
        # trial steps may be far too long
        level, ratio = np.exp(np.clip(at * units, -50.0, 50.0)) * [near, 1.0]
        seen, pull = level * ratio * signal, level * (ratio - 1.0) / sigma
        expected = seen + level * background
        slopes = 2 * (1 - n / expected)
        slope = [slopes @ expected + 2 * pull**2, slopes @ seen + 2 * pull * level * ratio / sigma]
        return pull**2 + 2 * (expected - n + special.xlogy(n, n / expected)).sum(), slope * units

    starts = [(a, b) for a in (-1.0, 0.0, 1.0) for b in (-1.0, 0.0, 1.0)]
    return min(optimize.minimize(chi2, start, jac=True, options={"gtol": 1e-8}).fun for start in starts)


# where the level itself was a variable beside its sum with the signal's own pull half of these were refused
@pytest.mark.parametrize("sigma", [1e-6, 1e-5])
@pytest.mark.parametrize("shape", ["equal", "other"])
@pytest.mark.parametrize("level", [1e-3, 1e3])
def test_signal_that_is_almost_fixed_beside_a_free_level_of_all(sigma, shape, level):
    rng = np.random.default_rng(3)
    bare = germanium([0.5, 1.5, 2.5, 4.0], [1.0] * 3, sigma)
    signals = {g: bare.signal.counts("universal", mass=20.0, coupling=g) for g in (1e-5, 3e-4, 2e-3, 1e-2)}
    of_bins = signals[2e-3] if shape == "equal" else np.array([1.0, 2.0, 5.0])
    flat = level * of_bins / of_bins.sum()
    for coupling, signal in signals.items():
        for total in (3.0, 1e3, 1e6):
            observed = rng.poisson(total * (signal + flat) / (signal + flat).sum()) + 1.0
            data = bare.replace(
                observed=observed,
                backgrounds=[Background("flat", flat.tolist(), 0.0)],
                nuisances=[Nuisance("level", math.inf, ["signal", "flat"])],
            )
            found = data.chi2("universal", mass=20.0, coupling=coupling)
            expected = from_many_starts(observed, signal, flat, sigma)
            assert found == pytest.approx(expected, rel=1e-6, abs=1e-6), (coupling, total)
