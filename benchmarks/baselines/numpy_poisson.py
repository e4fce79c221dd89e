"""Poisson chi2 of several experiments in NumPy: counts from matrices, nuisances by Newton's method, at many points.

Matrices of the response, rates at recoil nodes, templates and uncertainties are those of the library, made once: what
is compared is what a new mass and coupling cost after that. All nuisances are normalisations, so that chi2 is convex.
"""

import numpy as np

STEPS = 40


class Counts:
    """Counts of a mediator as matrix products, for one component of the flux."""

    def __init__(self, counts):
        _, _, weights, bins, constant, _, q2, kernels, *_ = counts.__reduce__()[1]
        values, pointers, firsts, cols = weights.__reduce__()[1]
        self.matrix = np.zeros((bins, cols))
        for i in range(bins):
            part = slice(pointers[i], pointers[i + 1])
            self.matrix[i, firsts[i] : firsts[i] + part.stop - part.start] = values[part]
        self.constant, self.q2 = constant[0], q2
        # of g^2 with the propagator, and of g^4 with its square
        self.first, self.second = (kernel[2] for kernel in kernels)

    def __call__(self, mass, y):
        """Counts at one mass, for many squares of the coupling, shape (points, bins)."""
        propagator = 1 / (self.q2 + mass**2)
        first = self.matrix @ (self.first * propagator).sum(axis=0)
        second = self.matrix @ (self.second * propagator**2).sum(axis=0)
        return self.constant + y[:, None] * (first + y[:, None] * second)


class Term:
    """One experiment: components, data, and how nuisances scale them."""

    def __init__(self, term):
        arguments = term.__reduce__()[1]
        counts, self.mixing, self.observed, shares, self.templates, self.places, self.scales = arguments[:7]
        # nuisances are counted here from where their pulls are centred, whatever the kernels count them from
        self.variance, self.floor = arguments[11:13]
        self.counts, self.shares = [Counts(c) for c in counts], shares[:, 0]

    def components(self, mass, y):
        """Signal and backgrounds, shape (points, components, bins)."""
        signal = 0.0
        for counts, shares in zip(self.counts, self.shares, strict=True):
            energy = counts(mass, y)
            if self.mixing is not None:
                energy = energy @ self.mixing[0, 0].T
            signal = signal + (energy[:, :, None] * shares).reshape(y.size, -1)
        others = np.broadcast_to(self.templates, (y.size, *self.templates.shape))
        return np.concatenate([signal[:, None], others], axis=1)

    def judge(self, expected):
        """chi2 and its first two derivatives in the expectation, shape (points,) and (points, bins)."""
        if self.variance is not None:
            gap, second = expected - self.observed, np.broadcast_to(2 / self.variance, expected.shape)
            return (gap**2 / self.variance).sum(axis=1), gap * second, second
        low = expected < max(self.floor, 1e-100)
        expected = np.where(low, max(self.floor, 1e-100), expected)
        ratio = self.observed / expected
        logs = np.log(np.where(self.observed > 0, ratio, 1.0))
        chi2 = 2 * (expected - self.observed + self.observed * logs).sum(axis=1)
        if not self.floor:
            # a step that leads there is too long
            chi2[low.any(axis=1)] = np.inf
        return chi2, np.where(low, 0.0, 2 * (1 - ratio)), np.where(low, 0.0, 2 * ratio / expected)


class Poisson:
    """chi2 of all experiments with all nuisances profiled.

    Parameters
    ----------
    engine : Engine
        Of the library, all of whose terms are joint.
    """

    def __init__(self, engine):
        terms, root, *_ = engine.joint.__reduce__()[1]
        self.precision = root.T @ root
        self.terms = [Term(term) for term in terms]

    def row(self, mass, couplings):
        """chi2 at one mass, shape (points,)."""
        y = np.atleast_1d(couplings) ** 2
        parts = []
        for term in self.terms:
            components = term.components(mass, y)
            slopes = term.scales.T @ components
            parts.append((term, components.sum(axis=1), slopes, np.array(term.places)))
        x = np.zeros((y.size, len(self.precision)))
        value, gradient, curvature = self._look(parts, x)
        for _ in range(STEPS):
            step = -np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
            gain = -(step * gradient).sum(axis=1)
            if gain.max() < 1e-10:
                break
            size = np.ones(y.size)
            # halves steps that lead up
            for _ in range(STEPS):
                found = self._look(parts, x + size[:, None] * step)
                up = found[0] > value + 1e-12 * (1 + value)
                if not up.any():
                    break
                size[up] *= 0.5
            x = x + size[:, None] * step
            value, gradient, curvature = found
        return value

    def point(self, mass, coupling):
        """chi2 at one point."""
        return self.row(mass, coupling)[0]

    def grid(self, masses, couplings):
        """chi2 on a grid."""
        return np.array([self.row(mass, couplings) for mass in masses])

    def _look(self, parts, x):
        pulled = x @ self.precision
        value, gradient = (x * pulled).sum(axis=1), 2 * pulled
        curvature = np.repeat(2 * self.precision[None], len(x), axis=0)
        for term, total, slopes, places in parts:
            expected = total + (x[:, None, places] @ slopes)[:, 0]
            chi2, first, second = term.judge(expected)
            value = value + chi2
            gradient[:, places] += (slopes @ first[:, :, None])[:, :, 0]
            curvature[:, places[:, None], places] += (slopes * second[:, None]) @ slopes.swapaxes(1, 2)
        return value, gradient, curvature
