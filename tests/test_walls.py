"""Least chi2 where empty bins have nothing left: generated Poisson experiments beside barriers written in NumPy."""

import math

import numpy as np
import pytest
from scipy import optimize, special

from cevns.detectors import LindhardQuenching, Response
from cevns.experiments import Experiment
from cevns.fluxes import pion_decay_at_rest
from cevns.kernels.counts import Counts
from cevns.kernels.engine import Engine
from cevns.kernels.joint import Joint, square_root
from cevns.kernels.poisson import PoissonTerm
from cevns.kernels.weights import Weights
from cevns.likelihoods import Background, Nuisance
from cevns.nuclei import Target
from cevns.parameters import Parameter

COUPLING = Parameter("coupling", default=0.0, low=-10, high=10)


@pytest.mark.parametrize("sigma", [0.5, 1.0, math.inf])
@pytest.mark.parametrize("coupling", [5e-5, 6e-5, 1e-4])
def test_nothing_may_be_expected_where_nothing_was_seen(coupling, sigma):
    """A level that is hardly known and empty bins: chi2 is least near an edge of what can be; beside SLSQP."""
    flux = pion_decay_at_rest(distance=20.0, protons=4e21, neutrinos_per_proton=0.09)
    levels = np.array([0.22, 0.24, 0.21, 0.29])
    few = Experiment(
        name="few",
        flux=flux,
        target=Target.of("Ge", mass=5.0),
        response=Response(LindhardQuenching(32, 72.6, 0.157), [0.5, 1, 2, 4, 8]),
        observed=[1, 0, 0, 0],
        backgrounds=[Background("steady", levels, 0.0)],
        nuisances=[Nuisance("flux", 0.1), Nuisance("level", sigma, ["steady"])],
    )
    signal, n = few.signal.counts("universal", mass=10.0, coupling=coupling), np.array(few.observed)

    def expected(x):
        return x[0] * signal + x[1] * levels

    def chi2(x):
        N = np.maximum(expected(x), 1e-300)
        return 2 * (N - n + special.xlogy(n, n / N)).sum() + ((x[0] - 1) / 0.1) ** 2 + ((x[1] - 1) / sigma) ** 2

    options = {"constraints": {"type": "ineq", "fun": expected}, "options": {"ftol": 1e-14, "maxiter": 500}}
    starts = [1, 1], [1, 2], [1, 0.7], [0.5, 0.5]
    least = min(optimize.minimize(chi2, x, method="SLSQP", **options).fun for x in starts)
    assert few.chi2("universal", mass=10.0, coupling=coupling) == pytest.approx(least, abs=1e-6)
    assert few.pulls("universal", mass=10.0, coupling=coupling).chi2 == pytest.approx(least, abs=1e-6)
    line = few.chi2("universal", mass=10.0, coupling=coupling * np.array([0.8, 0.9, 1.0]))
    assert line[-1] == pytest.approx(least, abs=1e-6)


class Generated:
    """Templates b and slopes A of the expectations b + x A in nuisances x, some of them free, and Poisson data.

    Bins may be alike, empty, or have no component; the signal may fall by many orders of magnitude.
    """

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        bins, backgrounds, n = int(rng.choice([1, 2, 4, 8, 20, 60])), int(rng.integers(1, 4)), int(rng.integers(1, 6))
        self.templates = rng.uniform(0, 1, (backgrounds, bins)) * 10 ** rng.uniform(-2, 2, (backgrounds, 1))
        if rng.random() < 0.4:
            self.templates = np.repeat(self.templates.mean(axis=1, keepdims=True), bins, axis=1)
        self.signal = rng.uniform(0, 1, bins) * 10 ** rng.uniform(-1, 2)
        if rng.random() < 0.4:
            self.signal *= np.exp(-np.arange(bins) * rng.uniform(0, 3))
        if rng.random() < 0.3:
            self.signal[rng.random(bins) < 0.3] = 0.0
            self.templates[:, rng.random(bins) < 0.2] = 0.0
        self.scales = rng.normal(0, 1, (1 + backgrounds, n)) * (rng.random((1 + backgrounds, n)) < 0.5)
        self.scales *= rng.choice([0.05, 0.3, 1.0, 2.0])
        free = rng.random(n) < 0.3
        for k in np.flatnonzero(free):
            self.scales[:, k] = 0.0
            self.scales[rng.integers(0, 1 + backgrounds), k] = 1.0
        self.precision = np.diag(np.where(free, 0.0, 1.0))
        total = self.signal + self.templates.sum(axis=0)
        self.observed = rng.poisson(total * 10 ** rng.uniform(-2, 0.5)).astype(float)

    def linear(self, y):
        components = np.vstack([self.signal * (1 + y * y), self.templates])
        return components.sum(axis=0), self.scales.T @ components

    def chi2(self, x, y):
        b, A = self.linear(y)
        N, n = b + x @ A, self.observed
        if (N < 0).any() or (N[n > 0] == 0).any():
            return math.inf
        return 2 * (N - n + special.xlogy(n, n / np.maximum(N, 1e-300))).sum() + x @ self.precision @ x

    def least(self, y):
        """chi2 where a barrier on all bins, which falls to nothing, leaves it: an upper bound of the least one."""
        b, A = self.linear(y)
        seen = b > 0
        A, b, n, x, height = A[:, seen], b[seen], self.observed[seen], np.zeros(len(A)), 1.0
        while height > 1e-13:
            m = 2 * n + height

            def value(x, m=m):
                N = b + x @ A
                return (2 * N - m * np.log(N)).sum() + x @ self.precision @ x if (N > 0).all() else math.inf

            for _ in range(300):
                N = b + x @ A
                gradient, hessian = A @ (2 - m / N) + 2 * self.precision @ x, (A * (m / N**2)) @ A.T
                step = np.linalg.lstsq(hessian + 2 * self.precision, gradient, rcond=1e-15)[0]
                gain, scale = gradient @ step, 1.0
                while scale > 1e-15 and not value(x - scale * step) <= value(x) - 1e-4 * scale * gain:
                    scale *= 0.5
                if scale <= 1e-15:
                    break
                x = x - scale * step
                if gain < 1e-3 * height:
                    break
            height *= 0.2
        return self.chi2(x, y)

    def engine(self):
        size, n = self.signal.size, len(self.precision)
        zeros = np.zeros(size + 1, dtype=np.intp)
        weights = Weights(np.empty(0), zeros, zeros[1:], 1)
        line = np.array([0.0, 1.0])[None, :, None] * self.signal
        counts = Counts((COUPLING,), (0, 1), weights, size, self.signal.reshape(1, -1).copy(), line, np.ones((1, 1)))
        ones = np.ones((1, 1, 1, 1))
        term = PoissonTerm([counts], None, self.observed, ones, self.templates, range(n), self.scales)
        ends = np.full(n, np.inf)
        return Engine([], [], [], Joint([term], square_root(self.precision), -ends, ends, np.zeros((1, n)), True))


def check(seed):
    """No barrier gets below the least chi2, which nuisances that can be have."""
    made = Generated(seed)
    engine, ys, out, alone = made.engine(), np.array([0.0, 0.5, 2.0, 8.0]), np.empty(4), np.empty(1)
    engine.points(ys[:, None].copy(), out)
    for y, value in zip(ys, out, strict=True):
        close = pytest.approx(value, abs=1e-6)
        assert value <= made.least(y) + 1e-6, (seed, y)
        engine.points(np.array([[y]]), alone)
        assert alone[0] == close, (seed, y)
        _, _, (terms, x) = engine.profile(np.array([y]))
        assert sum(terms) + x @ made.precision @ x == close, (seed, y)
        assert made.chi2(x, y) == close, (seed, y)


# 35, 103, 307, 314 and 605: redundant nuisances, no counts at all, bins alike, ill-conditioned walls
@pytest.mark.parametrize("seed", [3, 32, 35, 103, 112, 307, 314, 605])
def test_no_barrier_gets_lower(seed):
    check(seed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(1000, 2000, 100))
def test_no_barrier_gets_lower_than_many(first):
    for seed in range(first, first + 100):
        check(seed)


def test_a_pull_holds_a_background_where_little_was_seen():
    """Two backgrounds far above the data, one of which goes below 0 until two empty bins have nothing left."""
    made = Generated(0)
    made.signal = np.array([4.0, 2.0, 1.0, 4.0, 2.0, 1.0])
    made.templates = np.array([[93.0, 29.0, 28.0] * 2, [0.1, 0.27, 0.13] * 2])
    made.scales = np.array([[0.12, 0, 0, 0], [0, 0.1, 0, 0.1], [0, 0, 1.0, 0]])
    made.observed, made.precision = np.array([1.0, 5, 1, 0, 1, 0]), np.eye(4)
    engine, ys, out, alone = made.engine(), np.linspace(0, 3, 7), np.empty(7), np.empty(1)
    engine.points(ys[:, None].copy(), out)
    for y, value in zip(ys, out, strict=True):
        engine.points(np.array([[y]]), alone)
        assert value == pytest.approx(alone[0], rel=1e-9)
        assert value == pytest.approx(made.least(y), abs=1e-6)
