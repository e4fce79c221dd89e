"""How far chi2 lies above a level in a plane, in units in which regions are about 1 wide and high."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.planes import Starts
from cevns.inference.sheets import Sheets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.planes import Plane

__all__ = ["MARGIN", "Field", "left_of", "right_of"]

#: Change of the excess over a step of the differences that stand for its gradient.
CHANGE = 1e-4
#: The same where all else is fixed, beside which a profile may change a thousand times less; the size of a gradient
#: that is looked for first; and how far above the level branches of a profile matter.
FINER, FIRST_SIZE, FAR = 1e-6, 1e2, 25.0
#: How often the step is found anew from the gradient, and the steps that are tried at first.
ROUNDS, LADDER = 3, 10.0 ** np.arange(-11.0, -1.0)
#: Share of the hull that a lattice goes beyond on each side.
MARGIN = 0.02
#: Width of a strip, as a share of the hull, along which the lattice leans, how far it goes beyond spots of the strip on
#: each side, in units of how wide these are, and the fewest spots that show one.
STRIP, WIDER, FEWEST = 0.5, 1.0, 8
#: How far beyond its hull, in units of that, a region is followed.
BEYOND = 1.0


def left_of(directions: Array) -> Array:
    """Return directions, shape (m, 2), turned to the left by a right angle."""
    return np.column_stack([-directions[:, 1], directions[:, 0]])


def right_of(directions: Array) -> Array:
    """Return directions, shape (m, 2), turned to the right by a right angle."""
    return np.column_stack([directions[:, 1], -directions[:, 0]])


class Field:
    """The excess of chi2 over a level: -1 at the minimum, 0 on the level.

    Parameters
    ----------
    plane : Plane
        chi2.
    level, least : float
        Absolute chi2 of the level, and of the minimum.
    low, high : ndarray, shape (2,)
        Corners of the hull of the region in the plane: the unit square of the field.

    Attributes
    ----------
    low, high : ndarray, shape (2,)
        Corners of the box that is looked at: the ranges, or where that is nearer, what lies around the hull.
    ends : ndarray of bool, shape (2, 2)
        Which sides of the box (low and high, for each axis) are ends of ranges.
    """

    def __init__(self, plane: Plane, level: float, least: float, low: Array, high: Array) -> None:
        self.plane, self.level = plane, level
        #: The axis along which chi2 costs microseconds, where the other one costs a fold for every value.
        step = plane.profiled.objective.step
        fixed = plane.profiled.fixed
        self.cheap = 1 - fixed.index(step) if step is not None and step in fixed else None
        self.unit = max(level - least, 1e-6 * (1 + abs(level)))
        self._origin = low
        self._size = np.maximum(high - low, 1e-12 * (1 + np.abs(low) + np.abs(high)))
        around = np.array([low - BEYOND * self._size, high + BEYOND * self._size])
        box = around.clip(plane.low, plane.high)
        self.ends = (box == plane.low) | (box == plane.high)
        self._box = box
        self.low, self.high = (box - low) / self._size
        #: Where states are known, which may be of other branches of the profile.
        self._known: tuple[Array, Starts] | None = None
        #: All branches of the profile, where something is profiled.
        self._sheets: Sheets | None = None
        #: By how much the lattice of these rises along the first axis, and its ends across, where it follows a strip.
        self._rise: float = 0.0
        self._across: tuple[float, float] | None = None

    def places(self, spots: Array) -> Array:
        """Return places in the plane of spots in the field, shape (m, 2)."""
        out = self._origin + spots * self._size
        # the sides are where they are, to the last digit
        out = np.where(spots <= self.low, self._box[0], np.where(spots >= self.high, self._box[1], out))
        found: Array = out
        return found

    def spots(self, places: Array) -> Array:
        """Return spots in the field of places in the plane, shape (m, 2), inside the box."""
        found: Array = ((places - self._origin) / self._size).clip(self.low, self.high)
        return found

    def slope(self, values: Array) -> Array:
        """Return by how much spots move with what stands on the objective's axes, at one point of these, (2, 2)."""
        found: Array = self.plane.slopes(values) / self._size[:, None]
        return found

    def values(self, spots: Array) -> Array:
        """Return values of the two parameters at spots, shape (m, 2)."""
        return self.plane.values(self.places(spots))

    def between(self, first: Array, last: Array, share: float) -> list[Array]:
        """Return spots between others, and where those are not the same, the ones between the values there."""
        found = [first + share * (last - first)]
        if not self.plane.straight:
            start, end = self.values(first), self.values(last)
            found.append(self.spots(self.plane.of_values(start + share * (end - start))))
        return found

    def inside(self, spots: Array) -> np.ndarray:
        """Return which spots lie in the box."""
        found: np.ndarray = ((spots >= self.low) & (spots <= self.high)).all(axis=1)
        return found

    def in_hull(self, spots: Array) -> np.ndarray:
        """Return which spots lie in the hull of the region, or beside it."""
        found: np.ndarray = np.abs(spots - 0.5).max(axis=1) <= 0.5 + MARGIN
        return found

    def states(self, count: int) -> Starts:
        """Return states that stand for none."""
        profiled = self.plane.profiled
        return Starts(np.tile(profiled.minima[0].point, (count, 1)), profiled.bases(count))

    def lean(self, spots: Array) -> None:
        """Let the lattice lean as a strip does, if spots of the region, shape (m, 2), lie along one.

        Of a lattice along the axes nearly all cells would lie beside it, where the profile has other branches.
        """
        if not self.plane.profiled.moving or len(spots) < FEWEST:
            return
        spread = np.cov(spots.T)
        rise = float(spread[0, 1] / max(spread[0, 0], 1e-300))
        across = spots[:, 1] - rise * spots[:, 0]
        wide = float(np.ptp(across))
        ends = float(across.min()) - WIDER * wide, float(across.max()) + WIDER * wide
        corners = np.array([[a, b + rise * a] for a in (-MARGIN, 1 + MARGIN) for b in ends])
        if ends[1] - ends[0] < STRIP and self.inside(corners).all():
            self._rise, self._across = rise, ends

    def _risen(self, rows: Array, sign: float = 1.0) -> Array:
        """Return spots of what stands on the lattice's axes, or the other way round."""
        if not self._rise:
            return rows
        return np.column_stack([rows[:, 0], rows[:, 1] + sign * self._rise * rows[:, 0]])

    def survey(self, lines: Sequence[Array]) -> tuple[Array, Array, Starts]:
        """Return the nodes of a lattice, shape (m, 2), the excess there and states: all branches of the profile."""
        profiled = self.plane.profiled
        if self._across is not None:
            lines = [lines[0], np.linspace(*self._across, len(lines[1]))]
        nodes = self._risen(np.stack(np.meshgrid(*lines, indexing="ij"), axis=2).reshape(-1, 2))
        if not profiled.moving or profiled.objective.step is not None:
            excess, states = self.excess(nodes)
            self.remember(nodes, states)
            return nodes, excess, states
        self._sheets = Sheets(
            profiled, lambda rows: self.plane.to_axes(self.places(self._risen(rows))), lines, self.level + FAR
        )
        chi2, states = self._sheets.at_nodes()
        return nodes, (chi2 - self.level) / self.unit, states

    def remember(self, spots: Array, states: Starts) -> None:
        """Let what starts near these spots start from their states too."""
        if self.plane.profiled.moving and self._sheets is None:
            old = self._known
            self._known = (
                (spots, states) if old is None else (np.concatenate([old[0], spots]), Starts.joined([old[1], states]))
            )

    def excess(self, spots: Array, starts: Starts | None = None, *, widely: bool = False) -> tuple[Array, Starts]:
        """Return the excess at spots, shape (m,), and states from which neighbours may start.

        Parameters
        ----------
        spots : ndarray, shape (m, 2)
        starts : Starts, optional
            One for each; all branches of the profile unless given.
        widely : bool
            Whether to start also from the nearest state that is known.
        """
        if self._sheets is not None:
            chi2, states = self._sheets.least(self._risen(spots, -1.0), starts)
            return (chi2 - self.level) / self.unit, states
        places = self.places(spots)
        if not widely or starts is None or self._known is None:
            chi2, states = self.plane.least(places, starts)
            return (chi2 - self.level) / self.unit, states
        known, others = self._known
        near = ((known[None] - spots[:, None]) ** 2).sum(axis=2).argmin(axis=1)
        both = Starts.joined([starts, others[near]])
        chi2, states = self.plane.least(np.concatenate([places, places]), both)
        chi2 = chi2.reshape(2, -1)
        best = chi2.argmin(axis=0) * len(spots) + np.arange(len(spots))
        return (chi2.ravel()[best] - self.level) / self.unit, states[best]

    def far_off(self, spots: Array, starts: Starts) -> tuple[Array, Starts]:
        """Return the same where starts are far away: from nothing if a line shows all valleys."""
        if self._sheets is None or not self.plane.profiled.alone:
            return self.excess(spots, starts, widely=True)
        chi2, states = self.plane.least(self.places(spots))
        return (chi2 - self.level) / self.unit, states

    def searched(self, spots: Array) -> Array:
        """Return the excess at spots, shape (m,), from searches that begin from nothing, whatever is known around."""
        if not len(spots):
            return np.empty(0)
        return (self.plane.least(self.places(spots))[0] - self.level) / self.unit

    def slopes(
        self, spots: Array, starts: Starts, sizes: Array, also: Array | None = None
    ) -> tuple[Array, Array, Array, Starts]:
        """Return the excess, its gradient by differences, shape (m, 2), the excess at other spots, and states.

        Parameters
        ----------
        spots : ndarray, shape (m, 2)
        starts : Starts
            One for each.
        sizes : ndarray, shape (m,)
            About how large the gradient is.
        also : ndarray, shape (m, 2), optional
            Another spot for each, of which nothing but the excess is asked for; the same ones unless given.
        """
        if self._sheets is not None:
            return self._sheet_slopes(spots, starts, sizes, also)
        m, width = len(spots), 3 if also is None else 4
        step = CHANGE / np.maximum(sizes, 1e-3)
        # differences stay in the box
        ways = np.where(spots + step[:, None] > self.high, -step[:, None], step[:, None])
        rows = np.repeat(spots[:, None], width, axis=1)
        rows[:, 1, 0] += ways[:, 0]
        rows[:, 2, 1] += ways[:, 1]
        if also is not None:
            rows[:, 3] = also
        which = np.repeat(np.arange(m), width)
        values, states = self.excess(rows.reshape(-1, 2), starts[which])
        values = values.reshape(m, width)
        gradient = (values[:, 1:3] - values[:, :1]) / ways
        return values[:, 0], gradient, values[:, -1], states[width * np.arange(m)]

    def _sheet_slopes(
        self, spots: Array, starts: Starts, sizes: Array, also: Array | None
    ) -> tuple[Array, Array, Array, Starts]:
        """Return the same from branches: a profile has the slopes of chi2 with what is profiled fixed."""
        m, profiled = len(spots), self.plane.profiled
        rows = spots if also is None else np.concatenate([spots, also])
        values, states = self.excess(rows, starts if also is None else Starts.joined([starts, starts]))
        states = states[np.arange(m)]
        step = (FINER / np.maximum(sizes, 1e-3))[:, None]
        gradient = np.empty((m, 2))
        for axis in (0, 1):
            ends = np.repeat(spots[None], 2, axis=0)
            ends[0, :, axis] = np.minimum(spots[:, axis] + step[:, 0], self.high[axis])
            ends[1, :, axis] = np.maximum(spots[:, axis] - step[:, 0], self.low[axis])
            points = np.repeat(states.points[None], 2, axis=0).reshape(2 * m, -1)
            points[:, profiled.fixed] = self.plane.to_axes(self.places(ends.reshape(-1, 2)))
            chi2 = profiled.objective.chi2(points).reshape(2, m)
            width = ends[0, :, axis] - ends[1, :, axis]
            gradient[:, axis] = (chi2[0] - chi2[1]) / (self.unit * width)
        return values[:m], gradient, values[-m:], states

    def first_slopes(self, spots: Array, starts: Starts) -> tuple[Array, Array]:
        """Return excess and gradient where nothing is known of its size."""
        m = len(spots)
        if not m:
            return np.empty(0), np.empty((0, 2))
        if self._sheets is not None:
            sizes, excess, gradient = np.full(m, FIRST_SIZE), np.empty(m), np.empty((m, 2))
            for _ in range(ROUNDS):
                excess, gradient, _, starts = self.slopes(spots, starts, sizes)
                sizes = np.hypot(*gradient.T)
            return excess, gradient
        axes = (0, 1) if self.cheap is None else (self.cheap,)
        rows = np.repeat(spots[:, None], 1 + len(axes) * LADDER.size, axis=1)
        for k, axis in enumerate(axes):
            part = rows[:, 1 + k * LADDER.size : 1 + (k + 1) * LADDER.size, axis]
            part += np.where(spots[:, axis, None] + LADDER > self.high[axis], -LADDER, LADDER)
        which = np.repeat(np.arange(m), rows.shape[1])
        values = self.excess(rows.reshape(-1, 2), starts[which])[0].reshape(m, -1)
        change = np.abs(values[:, 1:] - values[:, :1]).reshape(m, len(axes), -1).max(axis=1)
        large = change >= CHANGE
        first = np.where(large.any(axis=1), large.argmax(axis=1), LADDER.size - 1)
        sizes = change[np.arange(m), first] / LADDER[first]
        excess, gradient = values[:, 0], np.zeros((m, 2))
        for _ in range(ROUNDS):
            excess, gradient, _, _ = self.slopes(spots, starts, sizes)
            sizes = np.hypot(*gradient.T)
        return excess, gradient
