"""A shift of all arrival times, as a nuisance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.arrays import unique
from cevns.errors import InputError
from cevns.spread import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.detectors.arrivals import Arrival
    from cevns.fluxes import Timing

__all__ = ["TimeOffset"]

#: Largest offset that is accepted, and its unit.
LARGEST_OFFSET, UNIT = 1e6, "us"
_ORDER = 12


@dataclass(frozen=True)
class TimeOffset:
    """A nuisance that shifts the arrival times of all neutrinos. Equal names are one, also across experiments.

    Parameters
    ----------
    low, high : float
        Its range [us], which holds 0.
    sigma : float
        Standard deviation about 0 [us]; infinite for any value of the range being as likely as any other.
    name : str
        Key of its pull, which is in microseconds.

    Raises
    ------
    InputError
        If `low` is above 0, `high` below it or both are 0, or `sigma` is out of range.

    Examples
    --------
    >>> TimeOffset(-0.25, 0.25)
    TimeOffset(low=-0.25, high=0.25, sigma=inf, name='time offset')
    """

    low: float
    high: float
    sigma: float = math.inf
    name: str = "time offset"

    def __post_init__(self) -> None:
        checks.text("name of a time offset", self.name)
        low = checks.real("low", self.low, unit="us", low=-LARGEST_OFFSET, high=0)
        high = checks.real("high", self.high, unit="us", low=0, high=LARGEST_OFFSET)
        if low == high:
            raise InputError("a time offset from 0 to 0 moves nothing: leave it out")
        sigma = self.sigma
        if not (isinstance(sigma, float) and sigma == math.inf):
            sigma = checks.real("sigma", sigma, unit="us", low=1e-9, high=LARGEST_OFFSET)
        checks.put(self, low=low, high=high, sigma=sigma)

    def shares(self, arrival: Arrival, timings: Sequence[Timing]) -> tuple[Grid, Array]:
        """Return a grid of offsets, and coefficients of the shares of time bins, shape (timings, orders, bins)."""
        cuts = [arrival.shares_over(timing, self.low, self.high, order=_ORDER).edges for timing in timings]
        edges = unique(np.concatenate(cuts))
        apart = np.diff(edges, prepend=-math.inf) > 1e-9 * (self.high - self.low)
        grid = Grid(self.name, edges[apart], _ORDER, self.sigma, UNIT)
        return grid, grid.coefficients(np.array([arrival.shares(t, grid.nodes) for t in timings]), axis=1)
