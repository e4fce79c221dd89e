"""How a signal depends on nuisances, and how it is spread over bins of several observables.

What predicts counts says it, what judges them reads it, and neither knows the other.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array, Values

__all__ = ["MOST_NODES", "Grid", "Spread"]

#: Largest number of nodes of a piece that the kernels take.
MOST_NODES = 16


@dataclass(frozen=True)
class Grid:
    """Values of a nuisance between which counts are polynomials: Chebyshev nodes in pieces of its range.

    Parameters
    ----------
    name : str
        Of the nuisance.
    edges : array_like, shape (pieces + 1,)
        Ascending; counts may have kinks there.
    order : int
        Nodes of each piece, 1 to 16.
    sigma : float
        Standard deviation of the nuisance about 0, in the unit of the edges; infinite for none.
    unit : str
        Of the edges: ``"sigma"``, ``"relative"`` for a relative change, or a unit.

    Examples
    --------
    >>> grid = Grid("z", (-1.0, 0.0, 1.0), 3)
    >>> grid.nodes.round(3).tolist()
    [-0.933, -0.5, -0.067, 0.067, 0.5, 0.933]
    >>> (grid.basis(0.25) @ grid.nodes**2).round(9).item()
    0.0625
    """

    name: str
    edges: Values
    order: int
    sigma: float = 1.0
    unit: str = "sigma"

    def __post_init__(self) -> None:
        checks.text("name of a nuisance", self.name)
        edges = checks.ascending("edges", self.edges, least=2)
        if not edges[0] <= 0 <= edges[-1]:
            raise InputError(
                f"the range of {checks.shown(self.name)}, {edges[0]:g} to {edges[-1]:g}, must hold 0, where nothing is "
                "deformed"
            )
        checks.put(self, edges=tuple(edges.tolist()), order=checks.whole("order", self.order, low=1, high=MOST_NODES))

    @cached_property
    def points(self) -> Array:
        """Chebyshev nodes of a piece on its own axis from -1 to 1, ascending."""
        return -np.cos(np.pi * (np.arange(self.order) + 0.5) / self.order)

    @cached_property
    def nodes(self) -> Array:
        """All nodes, ascending."""
        edges = np.array(self.edges)
        half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        found: Array = (middle[:, None] + half[:, None] * self.points).ravel()
        return found

    @cached_property
    def to_chebyshev(self) -> Array:
        """From values at the nodes of a piece to Chebyshev coefficients, shape (coefficients, nodes)."""
        return np.ascontiguousarray(np.linalg.inv(np.polynomial.chebyshev.chebvander(self.points, self.order - 1)))

    def basis(self, value: float) -> Array:
        """Return what values at all nodes are multiplied by, shape (nodes,), for counts at a value of the nuisance."""
        edges = np.array(self.edges)
        piece = int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, edges.size - 2))
        x = (2 * value - edges[piece] - edges[piece + 1]) / (edges[piece + 1] - edges[piece])
        out = np.zeros(self.nodes.size)
        here = np.polynomial.chebyshev.chebvander(np.array([x]), self.order - 1)[0] @ self.to_chebyshev
        out[piece * self.order : (piece + 1) * self.order] = here
        return out


@dataclass(frozen=True)
class Spread:
    """Shares with which a signal's counts by energy fall into bins of all other observables.

    Parameters
    ----------
    shares : array_like, shape (groups, nodes of `offset`, 1 or energy bins, rest)
        For each group of neutrinos that arrive together. One row serves all bins of energy.
    offset : Grid, optional
        Nuisance that shifts arrival times.
    shapes : sequence of Grid
        Nuisances that deform the response to energy.
    """

    shares: np.ndarray
    offset: Grid | None = None
    shapes: tuple[Grid, ...] = ()

    def __post_init__(self) -> None:
        nodes = 1 if self.offset is None else self.offset.nodes.size
        shares = checks.array("shares", self.shares, low=-1e-9, high=1e30, ndim=4)
        if shares.shape[1] != nodes:
            raise InputError(f"shares has {shares.shape[1]} nodes of the time offset, needed: {nodes}")
        checks.put(self, shares=np.ascontiguousarray(shares))

    @classmethod
    def plain(cls) -> Spread:
        """Return that of energy alone."""
        return cls(np.ones((1, 1, 1, 1)))

    @property
    def rest(self) -> int:
        """Number of bins of all other observables together."""
        return int(self.shares.shape[3])

    def at(self, offset: float = 0.0) -> Array:
        """Return the shares at a time offset, shape (groups, 1 or energy bins, rest)."""
        if self.offset is None:
            return self.shares[:, 0]
        found: Array = np.einsum("n,gner->ger", self.offset.basis(offset), self.shares)
        return found

    def filled(self, by_energy: Mapping[int, Array], shares: Array) -> Array:
        """Return counts in all bins.

        Parameters
        ----------
        by_energy : mapping of int to ndarray, shape (..., energy bins)
            Counts of some groups, by their number.
        shares : ndarray, shape (groups, 1 or energy bins, rest)
            As of `at`, maybe deformed.

        Returns
        -------
        ndarray, shape (..., energy bins x rest)
        """
        found: Array = np.asarray(sum(counts[..., None] * shares[group] for group, counts in by_energy.items()))
        return found.reshape(*found.shape[:-2], -1)

    def nodes(self) -> list[tuple[float, ...]]:
        """Return the values of all shapes at each combination of their nodes, the last one's fastest."""
        return list(itertools.product(*(grid.nodes.tolist() for grid in self.shapes)))
