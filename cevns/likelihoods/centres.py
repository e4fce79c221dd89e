"""Where the pulls of nuisances are centred: what constraints, as measurements of their own, would have found."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cevns.likelihoods.nuisances import SIGNAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array
    from cevns.likelihoods.assembly import Assembly
    from cevns.likelihoods.pulls import Pulls

__all__ = ["Centres"]


class Centres:
    """Centres of all pulls of experiments put together, in the order in which the kernels take them.

    Those of a Gaussian experiment: signal, quenching scale, backgrounds in units of their sigmas. Then shared ones, and
    those that are profiled together, as the kernels' own nuisances.

    Parameters
    ----------
    assembly : Assembly
        The experiments.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    @cached_property
    def _joint(self) -> tuple[Array, ...]:
        """Of nuisances that are profiled together: way from independent ones, ranges, and way to the kernels' own."""
        joined = self._assembly.joined
        precision = joined.precision
        held = np.flatnonzero(precision.diagonal() > 0)
        root: Array = np.zeros((len(precision), len(precision)))
        root[np.ix_(held, held)] = np.linalg.cholesky(np.linalg.inv(precision[np.ix_(held, held)]))
        back: Array = np.asarray(np.linalg.inv(joined.turn), dtype=float)
        low, high = (np.array([getattr(p, end) for p in joined.pulls]) for end in ("low", "high"))
        return root, low, high, back

    @cached_property
    def _alone(self) -> list[tuple[str, str, float, float, float, float]]:
        """Of experiments that are alone, column by column: name, pull, its unit, and sigma and range in that unit."""
        found: list[tuple[str, str, float, float, float, float]] = []
        for experiment in self._assembly.alone:
            low, high = experiment.signal.eta_range
            statistic, name = experiment.statistic, experiment.name
            found.append((name, SIGNAL, 1.0, statistic.signal_sigma, -math.inf, math.inf))
            found.append((name, "quenching", 1.0, statistic.eta_sigma, low - 1, high - 1))
            for b in statistic.backgrounds:
                found.append((name, b.name, b.sigma or 1.0, float(b.sigma > 0), -math.inf, math.inf))
        return found

    @cached_property
    def _sigmas(self) -> Array:
        """Standard deviations of the columns that are measured one by one; 0 where nothing is."""
        joined = self._assembly.joined if self._assembly.together else None
        # what both kinds of experiments have is measured with the joint ones
        shared = [
            0.0 if joined is not None and joined.index(name) >= 0 else sigma
            for name, (sigma, _) in self._assembly.shared.items()
        ]
        return np.array([*(sigma for *_, sigma, _, _ in self._alone), *shared])

    def at(self, pulls: Pulls | None) -> Array:
        """Return where nuisances are by some pulls, all in their own units, shape (pulls,)."""
        columns = [_own(pulls, name).get(pull, 0.0) / unit for name, pull, unit, *_ in self._alone]
        columns += [0.0 if pulls is None else pulls.shared.get(name, 0.0) for name in self._assembly.shared]
        if self._assembly.together:
            joined = self._assembly.joined
            values = np.zeros(len(joined.pulls))
            for experiment, places in zip(self._assembly.together, joined.places, strict=True):
                own = _own(pulls, experiment.name)
                for k in places:
                    values[k] = own.get(joined.pulls[k].name, 0.0) / joined.pulls[k].unit
            columns += values.tolist()
        return np.array(columns)

    def draw(self, pulls: Pulls | None, generator: np.random.Generator, count: int) -> Array:
        """Return what constraints would find if nuisances were those of some pulls, shape (count, pulls).

        Measurements of the quenching scale and of shapes end at the ends of their ranges.
        """
        values = self.at(pulls)
        alone, n = self._sigmas, self._sigmas.size
        found = np.empty((count, values.size))
        found[:, :n] = values[:n] + generator.standard_normal((count, n)) * alone
        for i, (*_, low, high) in enumerate(self._alone):
            np.clip(found[:, i], low, high, out=found[:, i])
        if self._assembly.together:
            root, lows, highs, back = self._joint
            joint = np.clip(values[n:] + generator.standard_normal((count, values.size - n)) @ root.T, lows, highs)
            for i, name in enumerate(self._assembly.shared, start=len(self._alone)):
                k = self._assembly.joined.index(name)
                if k >= 0:
                    # one measurement of what both kinds of experiments have
                    found[:, i] = joint[:, k] * self._assembly.joined.pulls[k].unit
            # what only scales has no range
            found[:, n:] = joint @ back.T
        return found

    @cached_property
    def _inverse(self) -> Array:
        """1 / sigma of what is measured one by one; 0 where nothing is."""
        return np.divide(1.0, self._sigmas, out=np.zeros(self._sigmas.size), where=self._sigmas > 0)

    def whitened(self, pulls: Pulls | None) -> Array:
        """Return where nuisances are by some pulls, in units in which their measurements scatter by 1."""
        values, n = self.at(pulls), self._sigmas.size
        columns = [values[:n] * self._inverse]
        if self._assembly.together:
            weights, vectors = np.linalg.eigh(self._assembly.joined.precision)
            columns.append(np.sqrt(np.maximum(weights, 0.0)) * (values[n:] @ vectors))
        return np.concatenate(columns)

    def log_density(self, pulls: Pulls | None, centres: Array) -> Array:
        """Return the logarithm of the density of measurements, but for a constant, at nuisances of some pulls.

        Parameters
        ----------
        pulls : Pulls or None
            The nuisances.
        centres : ndarray, shape (count, pulls)
            What was measured, as `draw` returns it. At the ends of ranges the density is that before they were cut.

        Returns
        -------
        ndarray, shape (count,)
        """
        values, n = self.at(pulls), self._sigmas.size
        squares = (((centres[:, :n] - values[:n]) * self._inverse) ** 2).sum(axis=1)
        if self._assembly.together:
            joined = self._assembly.joined
            away = centres[:, n:] @ joined.turn.T - values[n:]
            squares = squares + ((away @ joined.precision) * away).sum(axis=1)
        found: Array = -0.5 * squares
        return found


def _own(pulls: Pulls | None, experiment: str) -> Mapping[str, float]:
    return {} if pulls is None else pulls.of(experiment)
