"""A toy loop in NumPy: predictions on a grid computed once, and chi2 of each toy on all of it in a few products."""

import numpy as np

ETAS = np.linspace(0.8, 1.2, 17)


class ToyLoop:
    """chi2 on a grid of couplings, and maybe masses and eta, with the nuisances of eq. 4.1 in closed form.

    Parameters
    ----------
    likelihood : cevns.Likelihood
        Gaussian data.
    masses, couplings : ndarray
        The grid.
    """

    def __init__(self, likelihood, masses, couplings):
        self.parts, start = [], 0
        for e in likelihood.experiments:
            statistic, n = e.statistic, len(e.observed)
            sigma = statistic.data.arrays[1]
            etas = ETAS if statistic.eta_sigma else np.array([1.0])
            signal = [
                e.predict("b-l", mass=masses[:, None], coupling=couplings, eta=float(eta)).signal / sigma
                for eta in etas
            ]
            # (mass, coupling, eta, bin)
            counts = np.stack(signal, axis=2)
            backgrounds = np.array([b.counts for b in statistic.backgrounds]).reshape(-1, n)
            scaled = np.array([b.sigma for b in statistic.backgrounds])[:, None] * backgrounds / sigma
            inverse = np.linalg.inv(np.eye(n) + scaled.T @ scaled)
            projected = counts @ inverse
            pull = statistic.signal_sigma**-2.0
            weights = pull + (projected * counts).sum(axis=-1)
            penalty = ((etas - 1) / statistic.eta_sigma) ** 2 if statistic.eta_sigma else np.zeros(1)
            part = slice(start, start + n)
            self.parts.append((part, backgrounds.sum(axis=0), sigma, inverse, projected, weights, pull, penalty))
            start += n

    def least(self, data):
        """Return the least chi2 of each toy on the grid."""
        return np.array([self._least(row) for row in data])

    def _least(self, row):
        total = 0.0
        for part, background, sigma, inverse, projected, weights, pull, penalty in self.parts:
            y = (row[part] - background) / sigma
            u = projected @ y + pull
            total = total + (y @ inverse @ y + pull - u * u / weights + penalty).min(axis=2)
        return total.min()
