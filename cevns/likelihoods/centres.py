"""Where the pulls of nuisances are centred: what constraints, as measurements of their own, would have found."""

from __future__ import annotations

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

    @property
    def size(self) -> int:
        """How many there are."""
        joint = len(self._assembly.joined.pulls) if self._assembly.together else 0
        return sum(2 + len(e.statistic.backgrounds) for e in self._assembly.alone) + len(self._assembly.shared) + joint

    @cached_property
    def _joint(self) -> tuple[Array, ...]:
        """Of nuisances that are profiled together: way from independent ones, ranges, and way to the kernels' own."""
        joined = self._assembly.joined
        precision = joined.precision.copy()
        for k in joined.held:
            precision[k] = precision[:, k] = 0.0
        held = np.flatnonzero(precision.diagonal() > 0)
        root: Array = np.zeros((len(precision), len(precision)))
        root[np.ix_(held, held)] = np.linalg.cholesky(np.linalg.inv(precision[np.ix_(held, held)]))
        back: Array = np.asarray(np.linalg.inv(joined.turn), dtype=float)
        return root, *(np.array([getattr(p, end) for p in joined.pulls]) for end in ("low", "high")), back

    def draw(self, pulls: Pulls | None, generator: np.random.Generator, count: int) -> Array:
        """Return what constraints would find if nuisances were those of some pulls, shape (count, size).

        Measurements of the quenching scale and of shapes end at the ends of their ranges.
        """
        columns: list[Array] = []
        for experiment, (low, high) in zip(self._assembly.alone, self._assembly._eta_ranges, strict=True):
            statistic, own = experiment.statistic, _own(pulls, experiment.name)
            columns.append(own.get(SIGNAL, 0.0) + statistic.signal_sigma * generator.standard_normal(count))
            eta = np.zeros(count)
            if statistic.eta_sigma:
                eta = own.get("quenching", 0.0) + statistic.eta_sigma * generator.standard_normal(count)
            columns.append(np.clip(eta, low - 1, high - 1))
            for background in statistic.backgrounds:
                value = own.get(background.name, 0.0) / background.sigma if background.sigma else 0.0
                columns.append(value + generator.standard_normal(count) * (background.sigma > 0))
        for name, (sigma, _) in self._assembly.shared.items():
            shared = {} if pulls is None else pulls.shared
            columns.append(shared.get(name, 0.0) + sigma * generator.standard_normal(count))
        found = np.array(columns).T.reshape(count, -1)
        if not self._assembly.together:
            return np.ascontiguousarray(found)
        return np.ascontiguousarray(np.concatenate([found, self._draw_joint(pulls, generator, count)], axis=1))

    def _draw_joint(self, pulls: Pulls | None, generator: np.random.Generator, count: int) -> Array:
        joined = self._assembly.joined
        root, low, high, back = self._joint
        values = np.zeros(len(joined.pulls))
        for experiment, places in zip(self._assembly.together, joined.places, strict=True):
            own = _own(pulls, experiment.name)
            for k in places:
                values[k] = own.get(joined.pulls[k].name, 0.0) / joined.pulls[k].unit
        drawn = values + generator.standard_normal((count, values.size)) @ root.T
        # what only scales has no range
        found: Array = np.clip(drawn, low, high) @ back.T
        return found


def _own(pulls: Pulls | None, experiment: str) -> Mapping[str, float]:
    return {} if pulls is None else pulls.of(experiment)
