"""How recoils of each energy are distributed over observables that do not depend on the interaction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.arrays import Brief
from cevns.binning import Axis
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import ArrayLike, Values

__all__ = ["EXCESS", "Distribution"]

#: By how much rounding may let shares add up to more than 1.
EXCESS = 1e-6


@dataclass(frozen=True, repr=False)
class Distribution(Brief):
    """Shares of recoils in the bins of further axes, for each bin of energy.

    Parameters
    ----------
    axes : sequence of Axis
        Further axes, the last one fastest.
    shares : array_like, shape (energy bins, *bins of each axis)
        What counts in a bin of energy are multiplied by.
    ratios : bool
        Whether they are ratios of expected counts, as of a template, which may add up to more than 1, and not the
        probabilities to be seen.

    Raises
    ------
    InputError
        If a share is negative or not finite, probabilities add up to more than 1, or the shape does not fit the axes.

    Examples
    --------
    >>> pulse = Axis("F90", [0.5, 0.7, 0.9])
    >>> Distribution([pulse], [[0.4, 0.6], [0.2, 0.8]]).shares.tolist()
    [[0.4, 0.6], [0.2, 0.8]]
    """

    axes: Values
    shares: np.ndarray
    ratios: bool = False

    def __post_init__(self) -> None:
        axes = checks.sequence("axes", self.axes, Axis)
        if not axes:
            raise InputError("axes is empty: a distribution needs at least one axis beside energy")
        shares = checks.array("shares", self.shares, low=0, high=1e30)
        shape = tuple(axis.bins for axis in axes)
        if shares.shape[1:] not in (shape, (math.prod(shape),)):
            raise InputError(
                f"shares has the shape {shares.shape}, needed: bins of energy, then {shape} for the axes "
                f"{', '.join(axis.name for axis in axes)}"
            )
        shares = np.ascontiguousarray(shares.reshape(len(shares), -1))
        sums = shares.sum(axis=1)
        if not self.ratios and sums.max(initial=0.0) > 1 + EXCESS:
            i = int(sums.argmax())
            raise InputError(
                f"shares of bin {i + 1} of energy add up to {sums[i]:.6g}: at most 1 can be seen; divide them by their "
                "sum, or give expected counts as a template"
            )
        checks.put(self, axes=axes, shares=shares)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Distribution):
            return NotImplemented
        return (self.axes, self.ratios) == (other.axes, other.ratios) and np.array_equal(self.shares, other.shares)

    def __hash__(self) -> int:
        return hash((self.axes, self.shares.tobytes()))

    @property
    def energy(self) -> int:
        """Number of bins of energy."""
        return len(self.shares)

    @classmethod
    def of_template(cls, axes: Values, template: ArrayLike, counts: ArrayLike) -> Distribution:
        """Return that with which some counts by energy become a template of expected counts.

        Parameters
        ----------
        axes : sequence of Axis
            Further axes.
        template : array_like, shape (energy bins, *bins of each axis)
            Expected counts, for example a release's of the standard model.
        counts : array_like, shape (energy bins,)
            What the same model gives by energy; where they are 0, nothing is distributed.

        Raises
        ------
        InputError
            If a count is negative or not finite, or there is another number of energy bins.

        Examples
        --------
        >>> pulse = Axis("F90", [0.5, 0.7, 0.9])
        >>> Distribution.of_template([pulse], [[4, 6], [1, 3]], [20, 4]).shares.tolist()
        [[0.2, 0.3], [0.25, 0.75]]
        """
        expected = checks.array("template", template, low=0, high=1e30)
        given = checks.array("counts", counts, low=0, high=1e30, ndim=1, length=len(expected))
        column = given.reshape(-1, *[1] * (expected.ndim - 1))
        return cls(axes, np.where(column > 0, expected / np.where(column > 0, column, 1.0), 0.0), ratios=True)
