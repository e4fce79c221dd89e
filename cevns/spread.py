"""How a signal depends on nuisances, and how it is spread over bins of several observables.

What predicts counts says it, what judges them reads it, and neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import Brief
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array, Values

__all__ = ["MOST_ORDERS", "Grid", "Spread"]

#: Largest number of polynomials of a piece that the kernels take.
MOST_ORDERS = 16


@dataclass(frozen=True, repr=False)
class Grid(Brief):
    """Pieces of a nuisance's range in which counts are sums of Chebyshev polynomials.

    Parameters
    ----------
    name : str
        Of the nuisance.
    edges : array_like, shape (pieces + 1,)
        Ascending; counts may have kinks there.
    order : int
        Polynomials of each piece, 1 to 16, and nodes through which they go.
    sigma : float
        Standard deviation of the nuisance about 0, in the unit of the edges; infinite for none.
    unit : str
        Of the edges: ``"sigma"``, ``"relative"`` for a relative change, or a unit.
    shared : bool
        Whether another experiment's of equal name is the same nuisance.

    Examples
    --------
    >>> grid = Grid("z", (-1.0, 0.0, 1.0), 3)
    >>> grid.nodes.round(3).tolist()
    [-0.933, -0.5, -0.067, 0.067, 0.5, 0.933]
    >>> (grid.polynomials(0.25) @ grid.coefficients(grid.nodes**2)).round(9).item()
    0.0625
    """

    name: str
    edges: Values
    order: int
    sigma: float = 1.0
    unit: str = "sigma"
    shared: bool = True

    def __post_init__(self) -> None:
        checks.text("name of a nuisance", self.name)
        edges = checks.ascending("edges", self.edges, least=2)
        if not edges[0] <= 0 <= edges[-1]:
            raise InputError(
                f"the range of {checks.shown(self.name)}, {edges[0]:g} to {edges[-1]:g}, must hold 0, where nothing is "
                "deformed"
            )
        checks.put(self, edges=tuple(edges.tolist()), order=checks.whole("order", self.order, low=1, high=MOST_ORDERS))

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

    @property
    def pieces(self) -> int:
        """Their number."""
        return len(self.edges) - 1

    def coefficients(self, values: Array, axis: int = 0) -> Array:
        """Return coefficients of the polynomials, piece by piece, for values at all nodes along an axis of an array."""
        to_chebyshev = np.linalg.inv(np.polynomial.chebyshev.chebvander(self.points, self.order - 1))
        moved = np.moveaxis(values, axis, 0)
        found = np.einsum("kn,pn...->pk...", to_chebyshev, moved.reshape(-1, self.order, *moved.shape[1:]))
        return np.moveaxis(found.reshape(moved.shape), 0, axis)

    def polynomials(self, value: float) -> Array:
        """Return all polynomials at a value of the nuisance, piece by piece; those of other pieces are 0."""
        edges = np.array(self.edges)
        piece = int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, self.pieces - 1))
        x = (2 * value - edges[piece] - edges[piece + 1]) / (edges[piece + 1] - edges[piece])
        out = np.zeros((self.pieces, self.order))
        out[piece] = np.polynomial.chebyshev.chebvander(np.array([x]), self.order - 1)[0]
        return out.ravel()


@dataclass(frozen=True, repr=False)
class Spread(Brief):
    """Shares with which a signal's counts by energy fall into bins of all other observables.

    Parameters
    ----------
    shares : array_like, shape (groups, coefficients of `offset`, 1 or energy bins, rest)
        For each group of neutrinos that arrive together. One row serves all bins of energy.
    offset : Grid, optional
        Nuisance that shifts arrival times.
    shapes : sequence of Grid
        Nuisances that deform the response to energy.
    orders : ndarray of int, shape (terms, shapes), optional
        Terms of counts by energy as functions of the shapes: products of polynomials of these orders.
    mixing : ndarray, shape (cells, terms, energy bins, moments), optional
        From moments of the rates to coefficients of the terms in each cell, which are combinations of the shapes'
        pieces, the last one's fastest. Without it counts are these coefficients.
    """

    shares: np.ndarray
    offset: Grid | None = None
    shapes: tuple[Grid, ...] = ()
    orders: Any = None
    mixing: Any = None

    def __post_init__(self) -> None:
        needed = 1 if self.offset is None else self.offset.nodes.size
        shares = checks.array("shares", self.shares, low=-1e30, high=1e30, ndim=4)
        if shares.shape[1] != needed:
            raise InputError(f"shares has {shares.shape[1]} coefficients of the time offset, needed: {needed}")
        orders = np.zeros((1, len(self.shapes)), dtype=np.intp) if self.orders is None else self.orders
        checks.put(self, shares=np.ascontiguousarray(shares), orders=orders)

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
        # of next to nothing polynomials know no sign
        found: Array = np.maximum(np.einsum("n,gner->ger", self.offset.polynomials(offset), self.shares), 0.0)
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
        # there may be no counts at all
        return found.reshape(*found.shape[:-2], found.shape[-2] * found.shape[-1])
