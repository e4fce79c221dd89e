"""Bins of what is observed: one axis, or several."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Array, ArrayLike, Values
    from cevns.tabular import Table

__all__ = ["MOST_BINS", "Axis", "Binning"]

#: Largest number of bins of all axes together: few axes make more than any memory holds.
MOST_BINS = 10_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Axis(Value):
    """Bins that follow each other along one observable. A bin holds its lower edge, and not its upper one.

    Parameters
    ----------
    name : str
        Of the observable.
    edges : array_like, shape (bins + 1,)
        Ascending.
    unit : str
        Of the edges; empty for a pure number.
    names : sequence of str
        Of the bins, where edges but count them, as for the runs of an experiment.

    Raises
    ------
    InputError
        If the edges do not ascend or are fewer than two, or there are not as many names as bins.

    Examples
    --------
    >>> charge = Axis("charge", [6, 8, 10], "PE")
    >>> charge.bins, charge.labels
    (2, ('6 to 8 PE', '8 to 10 PE'))
    >>> charge.index([5.0, 6.0, 9.9, 10.0]).tolist()
    [-1, 0, 1, -1]
    >>> str(charge), str(Axis("run", range(3), names=("first", "second")))
    ('charge 6 to 10 PE', 'run first, second')
    """

    name: str
    edges: Values
    unit: str = ""
    names: Values = ()

    def __post_init__(self) -> None:
        checks.text("name of an axis", self.name)
        checks.words("unit", self.unit)
        edges = checks.ascending("edges", self.edges, unit=self.unit, least=2)
        names = checks.sequence("names", self.names, str)
        if names and len(names) != edges.size - 1:
            raise InputError(f"names are {len(names)} for {edges.size - 1} bins: give one for each, or none")
        checks.put(self, edges=tuple(edges.tolist()), names=names)

    def __str__(self) -> str:
        return f"{self.name} {self.span}"

    @property
    def span(self) -> str:
        """Range of all bins, with the unit, or their names."""
        if self.names:
            return ", ".join(self.names)
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.edges[0]:g} to {self.edges[-1]:g}{unit}"

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
        """Range of each bin, with the unit, or its name."""
        if self.names:
            return tuple(self.names)
        unit = f" {self.unit}" if self.unit else ""
        return tuple(f"{low:g} to {high:g}{unit}" for low, high in itertools.pairwise(self.edges))

    def index(self, values: ArrayLike) -> Array:
        """Return in which bins values lie, counted from 0; -1 for those in none."""
        values = checks.floats(self.name, values, unit=self.unit)
        found = np.searchsorted(self.edges, values, side="right") - 1
        return np.where((found >= 0) & (found < self.bins), found, -1)


@dataclass(frozen=True, eq=False, repr=False)
class Binning(Value):
    """Bins in one or several observables. Counts are kept flat: the last axis runs fastest.

    Parameters
    ----------
    axes : sequence of Axis
        At least one, with names that differ.

    Raises
    ------
    InputError
        If there is no axis, two have one name, or all have more than ten million bins together.

    Examples
    --------
    >>> binning = Binning([Axis("charge", [6, 8, 10], "PE"), Axis("time", [0, 1, 3, 6], "us")])
    >>> binning.shape, binning.bins
    ((2, 3), 6)
    >>> binning.index([7.0, 9.0], [0.5, 2.0]).tolist()
    [0, 4]
    >>> binning.labels[4]
    'charge 8 to 10 PE, time 1 to 3 us'
    >>> print(binning)
    6 bins of charge 6 to 10 PE x time 0 to 6 us
    """

    axes: Values

    def __post_init__(self) -> None:
        axes = checks.sequence("axes", self.axes, Axis)
        if not axes:
            raise InputError("axes is empty: a binning needs at least one axis")
        checks.differ("names of axes", [axis.name for axis in axes])
        checks.put(self, axes=axes)
        if self.bins > MOST_BINS:
            # of thousands of axes it has thousands of digits
            bins = f"{self.bins:,}" if self.bins < 10**12 else f"more than {10**12:,}"
            raise InputError(
                f"axes have {bins} bins together, at most {MOST_BINS:,} are allowed: merge bins, or leave axes out"
            )

    def __str__(self) -> str:
        between = "from" if self._plain else "of"
        return f"{self.bins} bin{'s' * (self.bins > 1)} {between} {self.span}"

    @property
    def _plain(self) -> bool:
        # the name of a single axis says nothing that its unit does not
        return len(self.axes) == 1 and not self.axes[0].names

    @property
    def span(self) -> str:
        """Range of the only axis, or names and ranges of all."""
        return self.axes[0].span if self._plain else " x ".join(map(str, self.axes))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of bins along each axis."""
        return tuple(axis.bins for axis in self.axes)

    @property
    def bins(self) -> int:
        """Number of bins."""
        return math.prod(self.shape)

    def place(self, axis: str | int) -> int:
        """Return where an axis stands, by its name or its number.

        Raises
        ------
        InputError
            If there is no axis of this number.
        UnknownNameError
            If there is no axis of this name.
        """
        names = [a.name for a in self.axes]
        if isinstance(axis, str):
            return names.index(checks.known("axis", axis, names))
        return checks.whole("axis", axis, low=0, high=len(names) - 1)

    def shaped(self, counts: Array) -> Array:
        """Return flat counts, shape (..., bins), by axes: shape (..., *shape)."""
        found: Array = counts.reshape(*counts.shape[:-1], *self.shape)
        return found

    def projected(self, counts: Array, axis: str | int) -> Array:
        """Return flat counts, shape (..., bins), in the bins of one axis, those of all others added up."""
        place, lead = self.place(axis), counts.ndim - 1
        others = tuple(lead + i for i in range(len(self.axes)) if i != place)
        found: Array = self.shaped(counts).sum(axis=others)
        return found

    def table(self, counts: Mapping[str, Array]) -> Table:
        """Return flat counts as a table: by bin of the only axis, or by bin of each one, those of others added up.

        Columns are the ends of the bins, or twice their names, with the axis before them if there are several; an
        ``"uncertainty"`` adds up in quadrature.

        Parameters
        ----------
        counts : mapping of str to ndarray, shape (bins,)
            By the name of their column.

        Examples
        --------
        >>> binning = Binning([Axis("charge", [6, 8, 10], "PE"), Axis("time", [0, 6], "us")])
        >>> list(binning.table({"observed": np.array([3.0, 4.0])}))
        [('charge [PE]', 6.0, 8.0, 3.0), ('charge [PE]', 8.0, 10.0, 4.0), ('time [us]', 0.0, 6.0, 7.0)]
        """
        several = len(self.axes) > 1
        low = [cell for axis in self.axes for cell in axis.names or axis.edges[:-1]]
        high = [cell for axis in self.axes for cell in axis.names or axis.edges[1:]]
        unit = "" if several else self.axes[0].unit
        from cevns.tabular import Column, Table

        columns = [Column("low", unit, low), Column("high", unit, high)]
        if several:
            columns.insert(0, Column("axis", "", [axis.label for axis in self.axes for _ in range(axis.bins)]))
        for name, values in counts.items():
            squared = several and name == "uncertainty"
            parts = [self.projected(values**2 if squared else values, i) for i in range(len(self.axes))]
            joined = np.concatenate(parts)
            columns.append(Column(name, "", np.sqrt(joined) if squared else joined))
        return Table(tuple(columns), keys=3 if several else 2)

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
