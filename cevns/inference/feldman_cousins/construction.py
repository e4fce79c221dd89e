"""What toys of a construction are drawn from and fitted with; the same in every process that has a share of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.refits import Refit

if TYPE_CHECKING:
    from cevns._types import Array, Model
    from cevns.likelihoods import Likelihood
    from cevns.likelihoods.draws import Draws

__all__ = ["BLOCK", "Construction", "of_shard"]

#: Toys of a shard: one block of a stream; see `cevns.likelihoods.draws`.
BLOCK = 256


@dataclass(frozen=True, eq=False)
class Construction:
    """Points of one or two parameters, toys of which are drawn and fitted.

    Parameters
    ----------
    likelihood : Likelihood
        Of whose data toys are drawn.
    interaction : str or Interaction
        Interaction.
    names : tuple of str
        The parameters.
    points : ndarray, shape (K, parameters)
        Their values.
    fixed : dict
        Values of others.
    nuisances : str
        How nuisances of toys are handled; see `cevns.likelihoods.draws.Draws`.
    seed : int
        Of all streams; that of a point has its number for a key.
    """

    likelihood: Likelihood
    interaction: Model
    names: tuple[str, ...]
    points: np.ndarray
    fixed: dict[str, float]
    nuisances: str
    seed: int

    @cached_property
    def refit(self) -> Refit:
        """Fits of all toys."""
        fixed: dict[str, Any] = dict(self.fixed)
        return Refit(self.likelihood, self.interaction, self.names, **fixed)

    @cached_property
    def draws(self) -> list[Draws]:
        """What draws toys at each point, nuisances being those that fit the observed data there."""
        options: dict[str, Any] = {"nuisances": self.nuisances, "seed": self.seed, **self.fixed}
        return [
            self.likelihood.draws(
                self.interaction, key=(k,), **options, **dict(zip(self.names, point.tolist(), strict=True))
            )
            for k, point in enumerate(self.points)
        ]

    def observed(self) -> tuple[Array, float, dict[str, float]]:
        """Return chi2 of the observed data at every point, their least one, and where that is."""
        data = self.likelihood.observation
        least, values = self.refit.least(data)
        at = self.refit.points(data, self.points)[0]
        best = dict(zip(self.names, values[0].tolist(), strict=True))
        if at.min() < least[0]:
            best = dict(zip(self.names, self.points[int(at.argmin())].tolist(), strict=True))
        return at, float(min(least[0], at.min())), best

    @cached_property
    def distances(self) -> Array:
        """How far the data of points are apart, in standard deviations, shape (K, K)."""
        places = np.array([draws.whitened for draws in self.draws])
        squares = (places**2).sum(axis=1)
        found: Array = np.sqrt(np.maximum(squares[:, None] + squares - 2 * places @ places.T, 0.0))
        return found

    def toys(self, point: int, block: int) -> dict[str, Array]:
        """Return the toys of one block of a point.

        Returns
        -------
        dict
            The point of each; its least chi2, chi2 at every point above that, and the logarithm of its density there.
        """
        drawn = self.draws[point].take(block * BLOCK, (block + 1) * BLOCK)
        least, _ = self.refit.least(drawn)
        above = self.refit.points(drawn, self.points) - least[:, None]
        density = np.column_stack([draws.log_density(drawn) for draws in self.draws])
        density -= density.max(axis=1, keepdims=True)
        return {
            "node": np.full(BLOCK, point),
            # what a search has missed and a point knows
            "above": (above - np.minimum(above.min(axis=1, keepdims=True), 0.0)).astype(np.float32),
            "density": np.maximum(density, -1e30).astype(np.float32),
        }


def of_shard(shard: int, construction: Construction, plan: np.ndarray) -> dict[str, Array]:
    """Return the toys of a shard: of a row of the plan, a point and the number of a block."""
    point, block = plan[shard].tolist()
    return construction.toys(point, block)
