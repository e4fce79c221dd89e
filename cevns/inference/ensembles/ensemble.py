"""What draws toys at one point and fits them; the same in every process that has a share of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.errors import InputError
from cevns.inference.assumptions import about
from cevns.inference.ensembles.result import Toys
from cevns.inference.refits import Refit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array, Model
    from cevns.likelihoods import Likelihood, Pulls
    from cevns.likelihoods.draws import Draws

__all__ = ["CHUNK", "Ensemble", "of_shard"]

#: Toys that are held in memory beside their fits, and those of a shard.
CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Toys of one point.

    Parameters
    ----------
    likelihood : Likelihood
        Of whose data toys are drawn.
    interaction : str or Interaction
        Interaction.
    asked, profiled : tuple of str
        Parameters that are asked about, and those over which chi2 is minimised besides.
    at, told, fixed : dict
        The point: values of both, and of others.
    nuisances, pulls, seed
        How toys are drawn; see `cevns.likelihoods.draws.Draws`.
    bounds, lines
        How they are fitted; see `cevns.inference.refits.Refit`.
    """

    likelihood: Likelihood
    interaction: Model
    asked: tuple[str, ...]
    profiled: tuple[str, ...]
    at: dict[str, float]
    told: dict[str, float]
    fixed: dict[str, Any]
    nuisances: str
    pulls: Pulls | str
    seed: int
    bounds: dict[str, tuple[float, float]]
    lines: int

    @cached_property
    def refit(self) -> Refit:
        """Fits of all toys."""
        options: dict[str, Any] = {"profiled": self.profiled, "bounds": self.bounds, "lines": self.lines}
        return Refit(self.likelihood, self.interaction, self.asked, **options, **self.fixed)

    @cached_property
    def draws(self) -> Draws:
        """What draws them."""
        options: dict[str, Any] = {"nuisances": self.nuisances, "pulls": self.pulls, "seed": self.seed}
        options |= {**self.fixed, **self.at, **self.told}
        return self.likelihood.draws(self.interaction, **options)

    def part(self, start: int, stop: int, num_threads: int = 1) -> dict[str, Array]:
        """Return delta chi2, least chi2 and where it is of toys from number `start` to below `stop`.

        Raises
        ------
        InputError
            If chi2 of a toy is infinite where it was drawn.
        """
        found = self.refit.statistic(self.draws.take(start, stop), num_threads, **self.at)
        if not np.isfinite(found.delta_chi2).all():
            raise InputError("chi2 of some toys is infinite at the point from which they were drawn: give bins a floor")
        return {"delta_chi2": found.delta_chi2, "least": found.least, "values": found.values[:, : len(self.asked)]}

    def result(self, arrays: Mapping[str, Array]) -> Toys:
        """Return toys beside the observed data."""
        data = self.refit.statistic(self.likelihood.observation, 1, **self.at)
        return Toys(
            arrays["delta_chi2"],
            arrays["least"],
            arrays["values"],
            {key: float(value) for key, value in (self.at | self.told).items()},
            float(data.delta_chi2[0]),
            float(data.least[0]),
            self.draws.nuisances,
            self.draws.seed,
            np.__version__,
            self.profiled,
            parameters=self.refit.parameters,
            remarks=tuple(self.likelihood.omissions(self.interaction)),
            **about(self.likelihood, self.interaction, self.fixed),
        )


def of_shard(shard: int, ensemble: Ensemble, total: int) -> dict[str, Array]:
    """Return the toys of a shard, of `total` ones."""
    return ensemble.part(shard * CHUNK, min((shard + 1) * CHUNK, total))
