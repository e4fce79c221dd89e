"""chi2 on the squares of parameters of which only the square counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.descent import WALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.objectives import Objective

__all__ = ["Squares"]


class Squares:
    """chi2 with the squares of some parameters on their axes, in units of a length.

    Flavour-changing amplitudes add to rates by their squares: where two of them share a rate, chi2 has a valley along
    an ellipse, which a descent follows in many small steps. In the squares that valley is straight, and images in signs
    are one.

    Parameters
    ----------
    objective : Objective
        chi2.
    columns : sequence of int
        Parameters whose sign chi2 does not know.
    lengths : ndarray, shape (columns,)
        On which chi2 has structure along them: numbers on the axes are as large as the parameters are.

    Attributes
    ----------
    low, high : ndarray, shape (n,)
        The ranges on the axes.
    step : None
        No mass for whose every value counts are folded anew is moved here.
    """

    step: None = None

    def __init__(self, objective: Objective, columns: Sequence[int], lengths: Array) -> None:
        self.objective, self.columns, self.lengths = objective, list(columns), lengths
        self.low: Array = objective.low.copy()
        self.high: Array = objective.high.copy()
        self.low[self.columns], self.high[self.columns] = 0.0, objective.high[self.columns] ** 2 / lengths

    @property
    def dear(self) -> bool:
        """Whether gradients are less than differences; on squares there are none."""
        return self.objective.dear and not self.columns

    def gradients(self, points: Array) -> tuple[Array, Array]:
        """Return chi2 and its gradient at points where no square stands on an axis."""
        return self.objective.gradients(points)

    def squared(self, points: Array) -> Array:
        """Return points of the objective on these axes."""
        out = points.copy()
        squares = out[..., self.columns] ** 2 / self.lengths
        # what is left to the wall by rounding would be a step of its own
        out[..., self.columns] = np.where(squares <= WALL * self.lengths, 0.0, squares)
        return out

    def rooted(self, points: Array) -> Array:
        """Return points on these axes as those of the objective, without signs."""
        out = points.copy()
        # differences may miss the ends of the range by rounding
        squares, high = out[..., self.columns], self.objective.high[self.columns]
        roots = np.sqrt(squares.clip(0.0) * self.lengths).clip(None, high)
        out[..., self.columns] = np.where(squares >= self.high[self.columns], high, roots)
        return out

    def chi2(self, points: Array) -> Array:
        """Return chi2 of points, shape (m, n), inside the ranges."""
        return self.objective.chi2(self.rooted(points) if self.columns else points)
