"""chi2 in a plane, others profiled, from all branches of the profile: what is least may change from one to another.

Counts are squares of amplitudes, so that every amplitude whose sign can change doubles the minima over what is
profiled. Along a plane such minima move, are born and vanish, and the profile is the least of them at each place. All
that are found are kept at the nodes of a lattice, with their slopes along the plane: from node to node they are
followed until no node learns of another one, and between nodes each search starts from those around it.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.descent import STEP, Stencil, descend, meetings
from cevns.inference.planes import Starts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cevns._types import Array
    from cevns.inference.profiled import Profiled

__all__ = ["Sheets"]

#: Branches that are kept at each node, and that are searched at each place.
KEPT, SEARCHED = 6, 3
#: How near two points are one branch, in units of lengths on which chi2 changes by about 1, and two starts.
SAME, BESIDE = 0.3, 1.0
#: Sweeps in which nodes learn from their neighbours.
SWEEPS = 40
#: Of how many nodes along each axis one is searched from nothing; others learn from their neighbours.
EVERY = 4
#: Step along the plane of differences that stand for slopes, in units of the lattice's cells, in one of which a branch
#: may move by hundreds of the lengths on which chi2 changes by about 1.
ALONG = 1e-5
#: Least curvature along directions of slopes along the plane.
FLATTEST = 0.1
#: Gain that is none, relative to 1 + chi2; steps that are taken with the directions that are known; and their
#: curvatures, 1 where these are right, with which they may be taken.
NOTHING, QUICK, RIGHT = 1e-11, 5, (0.1, 10.0)
#: By how much chi2 of a branch has to be lower to be another one.
BETTER = 1e-8
#: How many times as much as a step promises what is left to gain may be.
PROMISED = 4.0
#: How much higher the chi2 of a start may be than that of the best one, to be searched as well.
HOPELESS = 100.0


class Sheets:
    """Branches of a profile along one parameter, or over the plane of two.

    Parameters
    ----------
    profiled : Profiled
        chi2 of d parameters, the others profiled.
    to_axes : callable
        Takes spots, shape (m, d), returns what stands on the objective's axes there, shape (m, d).
    lines : d of ndarray, shape (a,)
        Coordinates of the lattice, ascending.
    highest : float
        What lies above this chi2 does not matter.

    Attributes
    ----------
    nodes : ndarray, shape (count, d)
    chi2 : ndarray, shape (count, KEPT)
        Ascending at each node; infinite where there are no more branches.
    """

    def __init__(
        self, profiled: Profiled, to_axes: Callable[[Array], Array], lines: Sequence[Array], highest: float
    ) -> None:
        self._profiled, self._to_axes, self._lines, self._highest = profiled, to_axes, lines, highest
        self._axes, self._moving, self._fixed = profiled.squares, profiled.moving, profiled.fixed
        self._low, self._high = self._axes.low[self._moving], self._axes.high[self._moving]
        self._index = np.arange(math.prod(len(line) for line in lines)).reshape([len(line) for line in lines])
        self.nodes = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, len(lines))
        count, n, k = len(self.nodes), len(profiled.objective.names), len(self._moving)
        self.chi2: Array = np.full((count, KEPT), np.inf)
        self._points = np.zeros((count, KEPT, n))
        self._bases = np.tile(np.eye(k), (count, KEPT, 1, 1))
        self._slopes = np.zeros((count, KEPT, k, len(lines)))
        self._start()
        self._sweep(np.isfinite(self.chi2))
        # branches that are born between those nodes
        known = np.flatnonzero(self.chi2[:, 0] <= self._highest)
        self._sweep(self._learn_along_lines(known))
        unknown = np.flatnonzero(np.isinf(self.chi2[:, 0]))
        if unknown.size:
            self._search(unknown)

    # --- the lattice -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Find branches at some nodes: from minima, with and without what moves with the plane, and along lines."""
        some = self._index
        for axis, line in enumerate(self._lines):
            some = np.take(some, np.unique(np.r_[0 : len(line) - 1 : EVERY, len(line) - 1]), axis=axis)
        node = some.ravel()
        self._search(node)
        self._learn_along_lines(node)

    def _learn_along_lines(self, node: np.ndarray) -> np.ndarray:
        """Find branches at nodes along lines through the lowest ones there, and return which are new."""
        starts, owner = self._profiled.valleys(self._points[node, 0])
        return self._learn(node[owner], starts, self._axes.chi2(starts), self._profiled.bases(owner.size))

    def _search(self, node: np.ndarray) -> None:
        """Find branches at nodes from nothing."""
        starts = self._profiled.starts(self._to_axes(self.nodes[node]))
        m, s = starts.shape[:2]
        owner, starts, bases = np.repeat(np.arange(m), s), starts.reshape(m * s, -1), self._profiled.bases(m * s)
        chi2 = self._axes.chi2(starts)
        first = self._chosen(starts, bases, chi2, owner, np.inf)
        self._learn(node[owner[first]], starts[first], chi2[first], bases[first])

    def _sweep(self, new: np.ndarray) -> None:
        """Let nodes learn of some new branches of their neighbours, until there is nothing new."""
        source, target = self._neighbours()
        for _ in range(SWEEPS):
            if self._index.ndim == 1:
                # what lies far above comes to nothing along the only way
                new &= self.chi2 <= self._highest
            at, branch = np.nonzero(new[source])
            one, other = source[at], target[at]
            if not one.size:
                break
            points = self._moved(self._points[one, branch], self._slopes[one, branch], one, self.nodes[other])
            bases = self._bases[one, branch]
            if self._profiled.carries:
                points = np.concatenate([points, self._profiled.carried(self._points[one, branch], points)])
                bases, other = np.concatenate([bases, bases]), np.concatenate([other, other])
            strange = ~self._known(other, points, bases)
            other, points, bases = other[strange], points[strange], bases[strange]
            chi2 = self._axes.chi2(points)
            # several neighbours tell of the same
            some = self._chosen(points, bases, chi2, other, np.inf) if other.size else np.arange(0)
            new = self._learn(other[some], points[some], chi2[some], bases[some])

    def _neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all pairs of nodes that are next to each other, in both orders."""
        pairs = []
        for axis, count in enumerate(self._index.shape):
            first = np.take(self._index, np.arange(count - 1), axis=axis).ravel()
            last = np.take(self._index, np.arange(1, count), axis=axis).ravel()
            pairs += [np.stack([first, last]), np.stack([last, first])]
        source, target = np.concatenate(pairs, axis=1)
        return source, target

    def _moved(self, points: Array, slopes: Array, node: np.ndarray, spots: Array) -> Array:
        """Return points of branches at nodes moved along to spots."""
        out = points.copy()
        moved = points[:, self._moving] + (slopes @ (spots - self.nodes[node])[:, :, None])[:, :, 0]
        out[:, self._moving] = moved.clip(self._low, self._high)
        out[:, self._fixed] = self._to_axes(spots)
        return out

    def _known(self, target: np.ndarray, points: Array, bases: Array) -> np.ndarray:
        """Return which points are on a branch that their node knows."""
        found = np.zeros(len(target), dtype=bool)
        inverse = np.linalg.inv(bases)
        for k in range(KEPT):
            way = (self._points[target, k] - points)[:, self._moving, None]
            found |= np.isfinite(self.chi2[target, k]) & (np.abs(inverse @ way).max(axis=(1, 2)) < SAME)
        return found

    def _learn(self, node: np.ndarray, points: Array, chi2: Array, bases: Array) -> np.ndarray:
        """Descend from points at nodes, keep the branches that are new, and return which these are."""
        new = np.zeros(self.chi2.shape, dtype=bool)
        if not node.size:
            return new
        points = points.copy()
        points[:, self._fixed] = self._to_axes(self.nodes[node])
        points, chi2, bases, node = self._settled(points, chi2, bases, node)
        # with what is known, as one list for each node, the lowest of those that are the same
        at, branch = np.nonzero(np.isfinite(self.chi2))
        every = np.concatenate([at, node])
        # what is as low as what is known is not new
        rank = np.concatenate([self.chi2[at, branch] - BETTER, chi2])
        value = np.concatenate([self.chi2[at, branch], chi2])
        place = np.concatenate([self._points[at, branch], points])
        basis = np.concatenate([self._bases[at, branch], bases])
        slopes = np.concatenate([self._slopes[at, branch], np.zeros((len(node), *self._slopes.shape[2:]))])
        fresh = np.arange(len(every)) >= len(at)
        alone = np.flatnonzero(meetings(place[:, self._moving], rank, basis, every) == np.arange(len(every)))
        order = alone[np.lexsort((value[alone], every[alone]))]
        rank = np.arange(len(order)) - np.searchsorted(every[order], every[order])
        order, rank = order[rank < KEPT], rank[rank < KEPT]
        some = order[fresh[order]]
        slopes[some], basis[some] = self._slopes_of(place[some], basis[some], self.nodes[every[some]])
        self.chi2[:] = np.inf
        where = every[order], rank
        self.chi2[where], self._points[where], self._bases[where] = value[order], place[order], basis[order]
        self._slopes[where], new[where] = slopes[order], fresh[order]
        return new

    def _slopes_of(self, points: Array, bases: Array, spots: Array) -> tuple[Array, Array]:
        """Return by how much branches move with the plane, shape (m, k, d), and directions on which chi2 rises by 1/2.

        Where the slopes of chi2 stay 0: along the plane they change by as much as the curvature makes up for.
        """
        out = np.zeros((*bases.shape[:2], len(self._lines)))
        if not len(points):
            return out, bases
        at = points[:, self._moving]
        stays = (at <= self._low) | (at >= self._high)
        against = ((bases != 0) & stays[:, :, None]).any(axis=1)
        curvature = Stencil(self._axes, points, bases, self._moving).curvature
        mixed = against[:, :, None] | against[:, None, :]
        curvature = np.where(mixed, np.eye(bases.shape[1]), curvature)
        bends, vectors = np.linalg.eigh(curvature)
        # a direction that is flat, or would be longer than what is known, leads nowhere
        bends = bends.clip(FLATTEST)
        start, _ = self._along(points, bases)
        for axis, line in enumerate(self._lines):
            # as far as a share of the way to the next node, on the lattice
            place = np.searchsorted(line, spots[:, axis])
            last = place == len(line) - 1
            steps = ALONG * np.diff(line)[np.where(last, place - 1, place)] * np.where(last, -1.0, 1.0)
            there, beside = points.copy(), spots.copy()
            beside[:, axis] += steps
            there[:, self._fixed] = self._to_axes(beside)
            change = np.where(against, 0.0, (self._along(there, bases)[0] - start) / steps[:, None])
            turned = (vectors.swapaxes(1, 2) @ change[:, :, None]) / bends[:, :, None]
            out[:, :, axis] = -(bases @ vectors @ turned)[:, :, 0]
        straight = np.where(against.any(axis=1)[:, None, None], bases, bases @ vectors / np.sqrt(bends)[:, None, :])
        return np.where(np.isfinite(out) & ~stays[:, :, None], out, 0.0), straight

    def _along(self, points: Array, bases: Array) -> tuple[Array, Array]:
        """Return slopes and curvatures of chi2 along directions, both of shape (m, k)."""
        m, k = bases.shape[:2]
        rows = np.repeat(points[:, None], 2 * k + 1, axis=1)
        inside = np.zeros((m, k), dtype=bool)
        for a in range(k):
            step = STEP * bases[:, :, a]
            margin = np.minimum(np.abs(step), 0.4 * (self._high - self._low))
            # at a wall the differences are those a step inside
            centre = points[:, self._moving].clip(self._low + margin, self._high - margin)
            inside[:, a] = (centre == points[:, self._moving]).all(axis=1)
            for side, sign in enumerate((1, -1)):
                rows[:, 2 * a + side, self._moving] = (centre + sign * step).clip(self._low, self._high)
        values = self._axes.chi2(rows.reshape(m * (2 * k + 1), -1)).reshape(m, -1)
        above, below = values[:, 0:-1:2], values[:, 1:-1:2]
        bends = (above + below - 2 * values[:, -1:]) / STEP**2
        return (above - below) / (2 * STEP), np.where(inside, bends, 1.0)

    def at_nodes(self) -> tuple[Array, Starts]:
        """Return the least chi2 at all nodes, shape (count,), and where it lies."""
        found = self.chi2[:, 0].copy(), self._axes.rooted(self._points[:, 0])
        self._profiled.met(*found)
        return found[0], Starts(found[1], self._bases[:, 0].copy())

    # --- anywhere ----------------------------------------------------------------------------------------------------

    def least(self, spots: Array, starts: Starts | None = None) -> tuple[Array, Starts]:
        """Return the least chi2 at spots, shape (m,), and where it lies; neighbours may start there."""
        m, k = len(spots), len(self._moving)
        if not m:
            return np.empty(0), Starts(np.empty((0, self._points.shape[2])), np.empty((0, k, k)))
        corners = self._corners(spots)
        every = corners.shape[1] * KEPT
        node, branch = np.repeat(corners.ravel(), KEPT), np.tile(np.arange(KEPT), corners.size)
        owner = np.repeat(np.arange(m), every)
        there = np.isfinite(self.chi2[node, branch])
        node, branch, owner = node[there], branch[there], owner[there]
        points = self._moved(self._points[node, branch], self._slopes[node, branch], node, spots[owner])
        bases = self._bases[node, branch]
        around = len(points)
        if starts is not None:
            before = self._axes.squared(starts.points)
            own = before.copy()
            own[:, self._fixed] = self._to_axes(spots)
            points, bases = np.concatenate([points, own]), np.concatenate([bases, starts.bases])
            owner = np.concatenate([owner, np.arange(m)])
            if self._profiled.carries:
                points = np.concatenate([points, self._profiled.carried(before, own)])
                bases, owner = np.concatenate([bases, starts.bases]), np.concatenate([owner, np.arange(m)])
        chi2 = self._axes.chi2(points)
        chosen = self._chosen(points, bases, chi2, owner, HOPELESS)
        if starts is not None:
            # what comes from far away may be anywhere, and those around know better
            lowest = np.full(m, np.inf)
            np.minimum.at(lowest, owner[:around], chi2[:around])
            chosen = chosen[(chosen < around) | (chi2[chosen] <= lowest[owner[chosen]])]
        owner = owner[chosen]
        points, chi2, bases, owner = self._settled(points[chosen], chi2[chosen], bases[chosen], owner, lowest=True)
        order = np.lexsort((chi2, owner))
        best = order[np.searchsorted(owner[order], np.arange(m))]
        found = chi2[best], self._axes.rooted(points[best])
        self._profiled.met(*found)
        return found[0], Starts(found[1], bases[best])

    def _corners(self, spots: Array) -> np.ndarray:
        """Return the nodes around each spot, shape (m, 2**d)."""
        cell = [
            (np.searchsorted(line, spots[:, axis]) - 1).clip(0, len(line) - 2) for axis, line in enumerate(self._lines)
        ]
        corners = itertools.product((0, 1), repeat=len(cell))
        found: np.ndarray = np.stack(
            [self._index[tuple(c + s for c, s in zip(cell, sides, strict=True))] for sides in corners], axis=1
        )
        return found

    def _chosen(self, points: Array, bases: Array, chi2: Array, owner: np.ndarray, hopeless: float) -> np.ndarray:
        """Return the lowest starts of each owner that are on branches of their own."""
        out = []
        left = np.lexsort((chi2, owner))
        least = chi2[left[np.searchsorted(owner[left], owner[left])]]
        left = left[chi2[left] <= least + hopeless]
        for _ in range(SEARCHED):
            if not left.size:
                break
            first = np.concatenate([[True], np.diff(owner[left]) > 0])
            lead = left[np.flatnonzero(first)[np.cumsum(first) - 1]]
            out.append(left[first])
            way = (points[left] - points[lead])[:, self._moving, None]
            near = np.abs(np.linalg.solve(bases[lead], way)).max(axis=(1, 2)) < BESIDE
            left = left[~near & ~first]
        return np.concatenate(out)

    def _settled(
        self, points: Array, chi2: Array, bases: Array, groups: np.ndarray, *, lowest: bool = False
    ) -> tuple[Array, Array, Array, np.ndarray]:
        """Return minima near points, their chi2, directions and groups: of each group those that are not the same.

        Quick steps are taken where directions are right. If the lowest of each group is all that matters, those are
        left out that would not come down to what another one has reached if they promised `PROMISED` times as much.
        """
        points, chi2, bases = points.copy(), chi2.copy(), bases.copy()
        active, hard, done = np.arange(len(points)), [np.empty(0, dtype=int)], [np.empty(0, dtype=int)]
        for _ in range(QUICK):
            if not active.size:
                break
            slopes, bends = self._along(points[active], bases[active])
            at, basis = points[active][:, self._moving], bases[active]
            fair = (bends > RIGHT[0]) & (bends < RIGHT[1])
            step, clean = self._free(at, basis, -slopes / np.where(fair, bends, 1.0))
            good = clean & (fair | (step == 0)).all(axis=1)
            hard.append(active[~good])
            expected = 0.5 * (step**2 * bends).sum(axis=1)
            still = good & (expected > NOTHING * (1 + chi2[active]))
            done.append(active[good & ~still])
            if lowest:
                reached = np.full(groups.max() + 1, np.inf)
                np.minimum.at(reached, groups, chi2)
                still &= chi2[active] - PROMISED * expected <= reached[groups[active]]
            active, step, expected = active[still], step[still], expected[still]
            if not active.size:
                break
            trial = points[active]
            moved = at[still] + (basis[still] @ step[:, :, None])[:, :, 0]
            inside = ((moved >= self._low) & (moved <= self._high)).all(axis=1)
            trial[:, self._moving] = moved.clip(self._low, self._high)
            found = self._axes.chi2(trial)
            fine = inside & (chi2[active] - found > 0.5 * expected)
            hard.append(active[~fine])
            active = active[fine]
            points[active], chi2[active] = trial[fine], found[fine]
            # two that have met go on as one
            every = np.concatenate([*done, active])
            met = meetings(points[every][:, self._moving], chi2[every], bases[every], groups[every])
            apart = every[met == np.arange(len(met))]
            active = active[np.isin(active, apart)]
        left = np.concatenate([*hard, active])
        if left.size:
            points[left], chi2[left], bases[left] = descend(
                self._axes, points[left], self._moving, bases[left], highest=self._highest, groups=groups[left]
            )
        every = np.concatenate([*done, left])
        return points[every], chi2[every], bases[every], groups[every]

    def _free(self, at: Array, bases: Array, step: Array) -> tuple[Array, np.ndarray]:
        """Return steps along directions without those against a wall, and whether no other direction goes there."""
        way = np.sign((bases * np.nan_to_num(step)[:, None, :]).sum(axis=2))
        walls = ((at <= self._low) & (way < 0)) | ((at >= self._high) & (way > 0))
        rows = bases != 0
        against = (rows & walls[:, :, None]).any(axis=1)
        clean: np.ndarray = ~(rows & against[:, None, :] & ~walls[:, :, None]).any(axis=(1, 2))
        return np.where(against, 0.0, step), clean
