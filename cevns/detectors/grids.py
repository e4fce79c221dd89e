"""Values of the reconstructed observable at which a resolution's density is known, and what an efficiency makes of it.

A density is a polynomial through the nodes of cells that are narrow beside the resolution, whatever the efficiency; and
the efficiency enters the integrals of those polynomials alone, in closed form or exactly between its own pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from cevns.arrays import gauss_legendre, lagrange, legendre, unique

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.detectors.efficiency import Efficiency
    from cevns.detectors.smooth import SmoothEfficiency

__all__ = ["CELLS_PER_WIDTH", "Cells", "Grid", "WholeNumbers"]

CELL_NODES = 12
#: Cells in a width of the resolution: densities of true values where it is three times narrower are still carried to
#: 1e-12 of their maximum.
CELLS_PER_WIDTH = 3

_NODES, _WEIGHTS = gauss_legendre(CELL_NODES)
_TO_NODES = lagrange(_NODES, _WEIGHTS)


class Grid(Protocol):
    """Nodes of the reconstructed observable.

    Attributes
    ----------
    observed : ndarray, shape (n,)
        Ascending.
    """

    @property
    def observed(self) -> Array:
        """Nodes of the reconstructed observable, ascending."""

    @property
    def steps(self) -> Array:
        """Values between which the nodes lie, to be taken for steps of the acceptance."""

    def weights(self, efficiency: Efficiency | SmoothEfficiency, edges: Array) -> Array:
        """Return what leads from densities at the nodes to accepted shares of bins, shape (bins, n)."""


@dataclass(frozen=True, eq=False, repr=False)
class Cells:
    """Cells of a continuous observable.

    Attributes
    ----------
    steps : ndarray, shape (cells + 1,)
        Ends of cells, ascending; all edges of bins between the first and the last are among them.
    """

    steps: Array

    @property
    def observed(self) -> Array:
        """Nodes of all cells, shape (12 cells,)."""
        half, middle = 0.5 * np.diff(self.steps), 0.5 * (self.steps[1:] + self.steps[:-1])
        nodes: Array = (middle[:, None] + half[:, None] * _NODES).ravel()
        return nodes

    def weights(self, efficiency: Efficiency | SmoothEfficiency, edges: Array) -> Array:
        """Return the integrals of efficiency times Lagrange polynomials over the bins, shape (bins, 12 cells)."""
        cells = self.steps
        parts = unique([*cells, *efficiency.pieces(float(cells[0]), float(cells[-1]))])
        owner = np.searchsorted(cells, 0.5 * (parts[1:] + parts[:-1]), side="right") - 1
        half, middle = 0.5 * np.diff(parts), 0.5 * (parts[1:] + parts[:-1])
        # not at the very ends, so that a jump there belongs to the part whose it is
        observed = middle[:, None] + half[:, None] * _NODES
        low, high = cells[owner, None], cells[owner + 1, None]
        polynomials = legendre((2 * observed - low - high) / (high - low), CELL_NODES)
        moments = (polynomials * (efficiency(observed) * half[:, None] * _WEIGHTS)).sum(axis=2).T
        moments = np.add.reduceat(moments, np.searchsorted(owner, np.arange(cells.size - 1)), axis=0)
        out = np.zeros((edges.size - 1, cells.size - 1, CELL_NODES))
        place = np.searchsorted(edges, 0.5 * (cells[1:] + cells[:-1]), side="right") - 1
        out[place, np.arange(cells.size - 1)] = moments @ _TO_NODES
        return out.reshape(edges.size - 1, -1)


@dataclass(frozen=True, eq=False, repr=False)
class WholeNumbers:
    """Whole numbers that are observed, first, first + 1, ..., last.

    Attributes
    ----------
    first, last : int
        Ends, both among them.
    """

    first: int
    last: int

    @property
    def observed(self) -> Array:
        """The numbers."""
        return np.arange(self.first, self.last + 1, dtype=float)

    @property
    def steps(self) -> Array:
        """The numbers."""
        return self.observed

    def weights(self, efficiency: Efficiency | SmoothEfficiency, edges: Array) -> Array:
        """Return the efficiency of each number in its bin, shape (bins, n)."""
        n = self.observed
        out: Array = ((n >= edges[:-1, None]) & (n < edges[1:, None])) * efficiency(n)
        return out
