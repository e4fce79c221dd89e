"""chi2 as a function of one or two parameters, the least over all others."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.descent import NEVER, along_axes, descend, meetings, scales
from cevns.inference.ladders import Ladder, ladder
from cevns.inference.minima import extents, find_minima
from cevns.inference.sheets import Sheets
from cevns.inference.squares import Squares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.minima import Minimum
    from cevns.inference.objectives import Objective

__all__ = ["Profiled"]

#: Minima from which every point starts, at most, and steps of a first descent, which weeds out what leads nowhere.
MOST_BRANCHES, FIRST_STEPS = 12, 6
#: How far above the best start another one may be after these steps.
HOPELESS = 4.0
#: How far above what matters a start may be after these steps.
FAR = 25.0
#: Points of a line through each point along the axis of a mass, and of another parameter, or where each is a fold.
MASSES, OTHERS = 193, 33
#: Valleys of each line from which to start anew, at most: where all else stays, and where a descent takes it along.
VALLEYS, FEWER_VALLEYS = 6, 2
#: Ratio of a range to the part of it in which chi2 has structure, up to which all of it is looked at.
SIZE = 1e3
#: Of how many places one is looked at along these lines where each point of them is a fold, or little hangs on it.
FEWER = 3
#: Rise on both sides, relative to 1 + chi2, that is rounding.
FLAT = 1e-9
#: Pairs of couplings whose lines are nested, at most, and of how many places one is looked at on these.
MOST_PAIRS, NESTED = 3, 3
#: How often lines are looked at again through what they led to.
ROUNDS = 3
#: Gain with which a neighbour's start counts as a better one.
BETTER = 1e-9


class Profiled:
    """chi2 with all but some parameters profiled.

    Parameters
    ----------
    objective : Objective
        chi2 of all parameters, those of interest on plain axes.
    names : sequence of str
        Of interest.
    minima : sequence of Minimum, optional
        All minima of chi2, on the axes of `objective`; found unless given.
    highest : float
        What lies above this chi2 does not matter: no branch of the profile falls below it that does not pass a minimum.

    Attributes
    ----------
    fixed, moving : list of int
        Columns of the parameters of interest, and of those that are profiled.
    """

    low: Array
    high: Array

    def __init__(
        self,
        objective: Objective,
        names: Sequence[str],
        minima: Sequence[Minimum] | None = None,
        highest: float = np.inf,
    ) -> None:
        self.objective = objective
        self.fixed = [objective.names.index(name) for name in names]
        self.moving = [i for i in range(len(objective.names)) if i not in self.fixed]
        self.low: Array = objective.low[self.fixed]
        self.high: Array = objective.high[self.fixed]
        found = tuple(find_minima(objective) if minima is None else minima)
        self.minima = tuple(m for m in found if m.chi2 <= max(highest, found[0].chi2))
        #: Columns of profiled parameters whose sign chi2 does not know.
        self._even = [i for i in objective.even if i in self.moving]
        self._highest = highest + FAR
        #: On which side of this chi2 places are is what matters most, where it is given: less how far off it they are.
        self.level: float | None = None
        #: Whether it does not matter either how far below it chi2 is where a neighbour's valley is lower.
        self.sides = False
        #: Whether one parameter is profiled along which a line shows all valleys: no value needs to know of others.
        self.alone = False
        #: The least chi2 that was met, and where.
        self.lowest: tuple[float, Array | None] = (np.inf, None)
        branches = np.array(self._apart()[:MOST_BRANCHES])
        self._branches = branches
        self._lines: dict[int, Ladder | Array] = {}
        #: Profiled couplings that make up for those of interest, in valleys that no straight line follows.
        self._made_up: list[Ladder] = []
        if self.moving:
            self._prepare()

    def _prepare(self) -> None:
        """Find the directions and lines from which searches begin."""
        objective, branches = self.objective, self._branches
        below, above = extents(objective, branches, self.moving)
        lowest = (branches - below).min(axis=0).clip(objective.low, objective.high)
        highest = (branches + above).max(axis=0).clip(objective.low, objective.high)
        lengths = np.maximum(-lowest, highest)[self._even]
        #: Where descents go.
        self._axes = Squares(objective, self._even, lengths)
        start = self._axes.squared(branches)
        scale = scales(self._axes, start, self.moving)
        self._bases = descend(self._axes, start, self.moving, along_axes(scale), steps=3)[2]
        self._lines = self._all_lines(lowest, highest)
        climbed = [(i, line) for i, line in self._lines.items() if isinstance(line, Ladder)]
        both = itertools.combinations(climbed, 2)
        #: Profiled couplings that add up in an amplitude, two each, along which lines are nested.
        self._pairs = [(i, k) for (i, one), (k, _) in both if one.adds_up(k)][:MOST_PAIRS]
        couplings = [k for k in self.fixed if objective.names[k] in objective.own and not objective.logarithmic[k]]
        self._made_up = [line for _, line in climbed if line.bent and any(line.adds_up(k) for k in couplings)]
        (first, *others) = self.moving
        known = isinstance(self._lines[first], Ladder) or objective.logarithmic[first]
        self.alone = not others and known and not self._axes.dear

    def __call__(self, values: Array, starts: Array | None = None) -> tuple[Array, Array]:
        """Return the least chi2 at values of the parameters of interest, and the points where it lies.

        Parameters
        ----------
        values : ndarray, shape (m, k)
            On the axes.
        starts : ndarray, shape (m, s, n), optional
            Points from which to start, beside the minima; alone if there are so many that these would not add to them.

        Returns
        -------
        chi2 : ndarray, shape (m,)
        points : ndarray, shape (m, n)
        """
        m = len(values)
        if not self.moving:
            points = np.empty((m, len(self.objective.names)))
            points[:, self.fixed] = values
            return self._met(self.objective.chi2(points), points)
        if self.alone:
            return self._on_line(values)
        rows = np.repeat(self._branches[None], m, axis=0)
        if starts is not None:
            rows = np.concatenate([starts, rows], axis=1)
        s = rows.shape[1]
        bases = np.tile(self._bases[:1], (s, 1, 1))
        bases[s - len(self._bases) :] = self._bases
        chi2, points = self._least(values, rows, np.tile(bases, (m, 1, 1)))
        # what some places show their neighbours learn of
        some = np.arange(0, m, FEWER if self.level is not None and self._axes.dear else 1)
        if self.level is not None and self.sides:
            # what is below stays below, but a minimum that was missed would show
            some = some[(chi2[some] > self.level) | (some % FEWER == 0)]
        chi2[some], points[some] = self._explored(values[some], chi2[some], points[some])
        return chi2, points

    def _on_line(self, values: Array) -> tuple[Array, Array]:
        """Return the same where a single parameter is profiled, from all valleys along it."""
        m = len(values)
        points = np.tile(self._branches[0], (m, 1))
        points[:, self.fixed] = values
        starts, owner = self._valleys(points, own=True)
        chi2, at = self._least(values[owner], starts[:, None], self.bases(owner.size))
        order = np.lexsort((chi2, owner))
        best = order[np.searchsorted(owner[order], np.arange(m))]
        return chi2[best], at[best]

    def _apart(self) -> list[Array]:
        """Return the points of the minima, of those that differ in signs that chi2 does not know one each."""
        found: list[Array] = []
        for m in self.minima:
            point = m.point.copy()
            point[self._even] = np.abs(point[self._even])
            if not any(np.abs(np.linalg.solve(m.basis, point - other)).max() < 0.1 for other in found):
                found.append(point)
        return found

    def _all_lines(self, lowest: Array, highest: Array) -> dict[int, Ladder | Array]:
        """Return ladders of couplings; of other axes places, evenly where chi2 has structure or all over the range."""
        objective = self.objective
        found: dict[int, Ladder | Array] = {}
        for axis in self.moving:
            climbed = None if self._axes.dear else ladder(objective, axis, even=axis in self._even)
            if climbed is not None:
                found[axis] = climbed
                continue
            count = MASSES if objective.logarithmic[axis] and not self._axes.dear else OTHERS
            first, last, low, high = lowest[axis], highest[axis], objective.low[axis], objective.high[axis]
            if axis in self._even:
                first, last, low = 0.0, max(abs(first), last), 0.0
            line = np.linspace(first, last, count)
            if high - low <= SIZE * (last - first):
                line = np.concatenate([line, np.linspace(low, high, count)])
            found[axis] = np.unique(line)
        return found

    def _explored(self, values: Array, chi2: Array, points: Array) -> tuple[Array, Array]:
        """Return the same where no line along an axis leads to a lower valley.

        The lowest valley may be one that no minimum belongs to: along the parameters of interest it ends before it has
        one, and whoever follows another one does not meet it.
        """
        which = np.arange(len(values))
        for k in range(ROUNDS):
            starts, owner = self._valleys(points[which])
            if k == 0 and self._pairs:
                more, of = self._nested(points)
                starts, owner = np.concatenate([starts, more]), np.concatenate([owner, of])
            if not owner.size:
                break
            owner = which[owner]
            lower, at = self._least(values[owner], starts[:, None], self.bases(owner.size))
            order = np.lexsort((lower, owner))
            which, first = np.unique(owner[order], return_index=True)
            best = order[first]
            better = lower[best] < chi2[which] - BETTER
            which, best = which[better], best[better]
            chi2[which], points[which] = lower[best], at[best]
            if not which.size:
                break
        return chi2, points

    def _valleys(self, points: Array, *, own: bool = False) -> tuple[Array, np.ndarray]:
        """Return bottoms of valleys along lines through points, shape (m, n), and through which ones.

        Those in which the points themselves lie are only among them if `own`.
        """
        starts: list[Array] = []
        owners: list[np.ndarray] = []
        for axis in self.moving:
            rows = self._rows(axis, points)
            line = rows[:, :, axis]
            found = self.objective.chi2(rows.reshape(-1, rows.shape[-1])).reshape(line.shape)
            padded = np.pad(found, ((0, 0), (1, 1)), constant_values=np.inf)
            before, after = padded[:, :-2], padded[:, 2:]
            valley = (found < before) & (found <= after)
            if not own:
                at = np.abs(points[:, axis]) if axis in self._even else points[:, axis]
                ends = np.pad(line, ((0, 0), (1, 1)), mode="edge")
                valley &= (at[:, None] < ends[:, :-2]) | (at[:, None] > ends[:, 2:])
            # a valley may be deeper between its places, by hardly more than the difference to those beside
            rise = np.where(np.isfinite(after), after, found) + np.where(np.isfinite(before), before, found) - 2 * found
            valley &= rise > FLAT * (1 + np.abs(found))
            if own:
                # where all is flat any place is as good
                valley[np.arange(len(points)), found.argmin(axis=1)] = True
            depth = np.where(valley, found - rise, np.inf)
            if own:
                depth[depth > found.min(axis=1, keepdims=True)] = np.inf
            _add_deepest(starts, owners, rows, depth, VALLEYS if own else FEWER_VALLEYS)
        return np.concatenate(starts), np.concatenate(owners)

    def _nested(self, points: Array) -> tuple[Array, np.ndarray]:
        """Return bottoms of valleys along lines through points, from the least chi2 along another line at each place.

        Two couplings may cancel in a valley that runs askew, which no line along one of them through another valley
        meets.
        """
        m, n = points.shape
        if not m:
            return points, np.empty(0, dtype=int)
        starts: list[Array] = []
        owners: list[np.ndarray] = []
        for first, second in self._pairs:
            along = self._rows(first, points)[:, ::NESTED]
            rows = self._rows(second, along.reshape(-1, n))[:, ::NESTED]
            found = self.objective.chi2(rows.reshape(-1, n)).reshape(rows.shape[:2])
            best = found.argmin(axis=1)
            line = found[np.arange(len(found)), best].reshape(m, -1)
            bottoms = rows[np.arange(len(found)), best].reshape(m, -1, n)
            padded = np.pad(line, ((0, 0), (1, 1)), constant_values=np.inf)
            depth = np.where((line < padded[:, :-2]) & (line <= padded[:, 2:]), line, np.inf)
            _add_deepest(starts, owners, bottoms, depth, VALLEYS)
        return np.concatenate(starts), np.concatenate(owners)

    def _rows(self, axis: int, points: Array) -> Array:
        """Return points moved to the places of the lines along an axis, shape (m, places, n)."""
        line = self._lines[axis]
        if isinstance(line, Ladder):
            return line.rows(points)
        rows = np.repeat(points[:, None, :], line.size, axis=1)
        rows[:, :, axis] = line
        return rows

    def cancelled(self, points: Array) -> Array:
        """Return how many times as large as counts what cancels in them is, shape (m,): rounding is as much larger."""
        ladders = [line for line in self._lines.values() if isinstance(line, Ladder)]
        found: Array = np.max([np.ones(len(points)), *(line.cancelled(points) for line in ladders)], axis=0)
        return found

    # --- for `Sheets`, on axes of which some may be squares

    @property
    def squares(self) -> Squares:
        """The axes on which descents go."""
        return self._axes

    def starts(self, values: Array) -> Array:
        """Return points from which to start at values of the parameters of interest, shape (m, s, n).

        They are the minima as they are, moved along the parabola that each is, and the base of all parameters.
        """
        rows = [np.repeat(self._branches[None], len(values), axis=0)]
        for m in self.minima[:MOST_BRANCHES]:
            spread = m.basis @ m.basis.T
            inner = spread[np.ix_(self.fixed, self.fixed)]
            move = (values - m.point[self.fixed]) @ np.linalg.pinv(inner) @ spread[np.ix_(self.fixed, self.moving)]
            row = np.repeat(m.point[None], len(values), axis=0)
            row[:, self.moving] += move
            rows.append(row[:, None])
        rows.append(np.repeat(self.objective.base[None, None], len(values), axis=0))
        found = np.concatenate(rows, axis=1).clip(self.objective.low, self.objective.high)
        found[:, :, self.fixed] = values[:, None]
        return self._axes.squared(found)

    def valleys(self, points: Array) -> tuple[Array, np.ndarray]:
        """Return bottoms of valleys along lines through points, shape (m, n), and through which ones."""
        starts, owner = self._valleys(self._axes.rooted(points))
        return self._axes.squared(starts), owner

    @property
    def carries(self) -> bool:
        """Whether couplings of interest and profiled ones make up for each other."""
        return bool(self._made_up)

    def carried(self, points: Array, to: Array) -> Array:
        """Return points, shape (m, n), with profiled couplings that make up for what changed since other points."""
        before, out = self._axes.rooted(points), self._axes.rooted(to)
        for line in self._made_up:
            out = line.carried(before, out)
        return self._axes.squared(out)

    def met(self, chi2: Array, points: Array) -> None:
        """Remember the least chi2."""
        self._met(chi2, points)

    def from_starts(self, values: Array, starts: Array, bases: Array) -> tuple[Array, Array, Array]:
        """Return least chi2 near one start for each value, the points (m, n), and directions there (m, k, k)."""
        rows = starts.copy()
        rows[:, self.fixed] = values
        if not self.moving:
            return *self._met(self.objective.chi2(rows), rows), bases
        points, chi2, bases = descend(self._axes, self._axes.squared(rows), self.moving, bases, level=self.level)
        return *self._met(chi2, self._axes.rooted(points)), bases

    def bases(self, count: int) -> Array:
        """Return directions to start with."""
        if not self.moving:
            return np.empty((count, 0, 0))
        return np.tile(self._bases[:1], (count, 1, 1))

    def _least(self, values: Array, rows: Array, bases: Array) -> tuple[Array, Array]:
        m, s, n = rows.shape
        rows[:, :, self.fixed] = values[:, None, :]
        several = s > 1 or np.isfinite(self._highest)
        start = self._axes.squared(rows.reshape(-1, n))
        points, chi2, bases = descend(
            self._axes,
            start,
            self.moving,
            bases,
            steps=FIRST_STEPS if several else 200,
            highest=self._highest,
            level=self.level,
            groups=np.repeat(np.arange(m), s) if s > 1 else None,
        )
        if several:
            by_value = chi2.reshape(m, s)
            promising = (by_value <= by_value.min(axis=1, keepdims=True) + HOPELESS).ravel() & (chi2 <= self._highest)
            which = np.flatnonzero(promising)
            owner, moving = which // s, points[which][:, self.moving]
            met = meetings(moving, chi2[which], bases[which], owner)
            which, owner = which[met == np.arange(len(met))], owner[met == np.arange(len(met))]
            points[which], chi2[which], _ = descend(
                self._axes, points[which], self.moving, bases[which], level=self.level, groups=owner
            )
        best = chi2.reshape(m, s).argmin(axis=1) + s * np.arange(m)
        return self._met(chi2[best], self._axes.rooted(points[best]))

    def _met(self, chi2: Array, points: Array) -> tuple[Array, Array]:
        """Return the same, and remember the least."""
        if chi2.size and chi2.min() < self.lowest[0]:
            least = int(chi2.argmin())
            self.lowest = float(chi2[least]), points[least].copy()
        return chi2, points

    def branches(self, values: Array) -> tuple[Array, Array]:
        """Return the same for ascending values of one parameter, from branches that neighbours tell of; see `Sheets`.

        It takes a fraction of the time of `along`, which searches at each value from nothing.
        """
        if not self.moving or self.alone or self.objective.step is not None:
            return self.along(values)
        chi2, states = Sheets(self, lambda spots: spots, [values[:, 0]], self._highest).at_nodes()
        return chi2, states.points

    def along(self, values: Array, sweeps: int = 100) -> tuple[Array, Array]:
        """Return the same for ascending values of one parameter, where each also starts from its neighbours' points."""
        chi2, points = self(values)
        if not self.moving or self.alone:
            return chi2, points
        changed = np.ones(len(values), dtype=bool)
        for _ in range(sweeps):
            near = np.zeros(len(values), dtype=bool)
            near[1:] |= changed[:-1]
            near[:-1] |= changed[1:]
            if self.level is not None and self.sides:
                # what is below stays below
                near &= chi2 > self.level
            index = np.flatnonzero(near)
            if not index.size:
                break
            starts = np.stack([points[np.maximum(index - 1, 0)], points[np.minimum(index + 1, len(values) - 1)]], 1)
            found, at = self._least(values[index], starts, self.bases(2 * index.size))
            worth = BETTER if self.level is None else np.maximum(BETTER, NEVER * np.abs(chi2[index] - self.level))
            better = found < chi2[index] - worth
            chi2[index[better]], points[index[better]] = found[better], at[better]
            changed[:] = False
            changed[index[better]] = True
        return chi2, points


def _add_deepest(starts: list[Array], owners: list[np.ndarray], rows: Array, depth: Array, most: int) -> None:
    """Add the places of each line, rows of shape (m, places, n), where a finite depth is least, and their lines."""
    for k in np.argsort(depth, axis=1)[:, :most].T:
        which = np.flatnonzero(np.isfinite(depth[np.arange(len(depth)), k]))
        starts.append(rows[which, k[which]])
        owners.append(which)
