"""Bins of what is observed: one axis, or several."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Values

__all__ = ["Axis", "Binning"]


@dataclass(frozen=True)
class Axis:
    """Bins that follow each other along one observable. A bin holds its lower edge, and not its upper one.

    Parameters
    ----------
    name : str
        Of the observable.
    edges : array_like, shape (bins + 1,)
        Ascending.
    unit : str
        Of the edges; empty for a pure number.

    Raises
    ------
    InputError
        If the edges do not ascend or are fewer than two.

    Examples
    --------
    >>> charge = Axis("charge", [6, 8, 10], "PE")
    >>> charge.bins, charge.labels
    (2, ('6 to 8 PE', '8 to 10 PE'))
    >>> charge.index([5.0, 6.0, 9.9, 10.0]).tolist()
    [-1, 0, 1, -1]
    """

    name: str
    edges: Values
    unit: str = ""

    def __post_init__(self) -> None:
        checks.text("name of an axis", self.name)
        checks.words("unit", self.unit)
        edges = checks.ascending("edges", self.edges, unit=self.unit, least=2)
        checks.put(self, edges=tuple(edges.tolist()))

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1

    @property
    def label(self) -> str:
        """Name with the unit, in plain letters."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name

    @property
    def labels(self) -> tuple[str, ...]:
        """Range of each bin, with the unit."""
        unit = f" {self.unit}" if self.unit else ""
        return tuple(f"{low:g} to {high:g}{unit}" for low, high in itertools.pairwise(self.edges))

    def index(self, values: ArrayLike) -> Array:
        """Return in which bins values lie, counted from 0; -1 for those in none."""
        values = checks.floats(self.name, values, unit=self.unit)
        found = np.searchsorted(self.edges, values, side="right") - 1
        return np.where((found >= 0) & (found < self.bins), found, -1)


@dataclass(frozen=True)
class Binning:
    """Bins in one or several observables. Counts are kept flat: the last axis runs fastest.

    Parameters
    ----------
    axes : sequence of Axis
        At least one, with names that differ.

    Raises
    ------
    InputError
        If there is no axis, or two have one name.

    Examples
    --------
    >>> binning = Binning([Axis("charge", [6, 8, 10], "PE"), Axis("time", [0, 1, 3, 6], "us")])
    >>> binning.shape, binning.bins
    ((2, 3), 6)
    >>> binning.index([7.0, 9.0], [0.5, 2.0]).tolist()
    [0, 4]
    >>> binning.labels[4]
    'charge 8 to 10 PE, time 1 to 3 us'
    """

    axes: Values

    def __post_init__(self) -> None:
        axes = checks.sequence("axes", self.axes, Axis)
        if not axes:
            raise InputError("axes is empty: a binning needs at least one axis")
        names = [axis.name for axis in axes]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"names of axes must differ, but {checks.shown(name)} comes more than once")
        checks.put(self, axes=axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of bins along each axis."""
        return tuple(axis.bins for axis in self.axes)

    @property
    def bins(self) -> int:
        """Number of bins."""
        return math.prod(self.shape)

    @property
    def labels(self) -> tuple[str, ...]:
        """Range of each bin, with names and units, in the order of the counts."""
        if len(self.axes) == 1:
            return tuple(self.axes[0].labels)
        parts = ([f"{axis.name} {label}" for label in axis.labels] for axis in self.axes)
        return tuple(map(", ".join, itertools.product(*parts)))

    def index(self, *values: ArrayLike) -> Array:
        """Return in which bins points lie, in the order of the counts; -1 for those in none.

        Parameters
        ----------
        *values : array_like
            Values of each axis, which broadcast.

        Raises
        ------
        InputError
            If there are not as many as axes, or they do not broadcast.
        """
        if len(values) != len(self.axes):
            names = ", ".join(axis.name for axis in self.axes)
            raise InputError(f"values are given for {len(values)} of {len(self.axes)} axes: give {names}")
        found = [axis.index(v) for axis, v in zip(self.axes, values, strict=True)]
        try:
            indices = np.broadcast_arrays(*found)
        except ValueError:
            raise InputError(f"values of shapes {', '.join(str(i.shape) for i in found)} do not broadcast") from None
        inside = np.all([i >= 0 for i in indices], axis=0)
        return np.where(inside, np.ravel_multi_index([np.maximum(i, 0) for i in indices], self.shape), -1)
