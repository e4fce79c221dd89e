"""Curves of a level, followed from many of their points at once until each comes to the next one.

A step goes ahead along the curve, as it bends, and across it back to the level. It is shortened where the level turns
or is not met, so that strips that are a thousand times as long as wide need no more steps than their bends ask for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.fields import left_of, right_of
from cevns.inference.planes import Starts
from cevns.inference.roots import bracketed

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.inference.fields import Field

__all__ = ["Loop", "Seeds", "follow"]

#: Most steps of a front.
MOST = 4000
#: The first step and the longest one, as a change of the excess across the curve, and in the field.
FIRST, LONGEST = 0.3, 0.15
#: What a step may leave of the excess at its end, and in its middle; and how far it may turn.
LEFT, BETWEEN, TURN = 1e-3, 0.15, 0.6
#: Excess that needs no further correction.
EXACT = 1e-5
#: Share of a step by which it may be corrected; the turn that is aimed at; and factors of steps that are too long.
ACROSS, AIM, SHORTER = 0.5, 0.3, 0.4
#: Step, as a change of the excess across the curve, below which a corner is looked for, and radii around it.
CORNER, AROUND = 0.01, 0.02 * 0.2 ** np.arange(5)
#: How often a front may go back, and after how many vertices it is asked whether it goes round.
BACK, ROUND = 12, 64
#: How near, as a change of the excess, a seed has to lie to a step that comes to it, and to the end of a wall.
NEAR, SAME = 0.2, 1e-3
#: What a root may leave of the excess, and what it does leave where the side of the box ends what is allowed.
ACCURACY, LANDED = 1e-6, 1e-3
#: Angles around a corner: evenly, and ever nearer to where the curve comes from and to where it would go on.
SMALL = 0.3 * 0.5 ** np.arange(1, 16)
ANGLES = np.unique(
    np.concatenate([np.linspace(0.02, 2 * np.pi - 0.02, 49), 2 * np.pi - SMALL, np.pi + SMALL / 2, np.pi - SMALL / 2])
)
#: Places along a side of the box, and those around each at which the excess is largest, where it may be above.
SIDE, CLOSER, BESIDE = 33, np.linspace(0.0, 1.0, 10)[1:-1], ((-1, 0), (0, 1))


@dataclass
class Seeds:
    """Points of curves of the level.

    Attributes
    ----------
    spots, gradients : ndarray, shape (m, 2)
    states : Starts
    """

    spots: Array
    gradients: Array
    states: Starts

    def __len__(self) -> int:
        return len(self.spots)

    def __getitem__(self, which: np.ndarray) -> Seeds:
        return Seeds(self.spots[which], self.gradients[which], self.states[which])


@dataclass
class Loop:
    """A closed curve, vertex by vertex, the first one not repeated.

    Attributes
    ----------
    spots : ndarray, shape (m, 2)
    ways : ndarray, shape (m, 2)
        In which direction each vertex moves to get to the level; 0 at corners of the box.
    sizes : ndarray, shape (m,)
        Of the gradient.
    states : Starts
    """

    spots: Array
    ways: Array
    sizes: Array
    states: Starts

    @property
    def closed(self) -> Array:
        """The vertices with the first one repeated at the end."""
        return np.concatenate([self.spots, self.spots[:1]])

    def __getitem__(self, which: np.ndarray) -> Loop:
        return Loop(self.spots[which], self.ways[which], self.sizes[which], self.states[which])


def _units(vectors: Array) -> Array:
    return vectors / np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), 1e-300)[:, None]


def _turned(vectors: Array, angles: Array) -> Array:
    c, s = np.cos(angles), np.sin(angles)
    return np.column_stack([c * vectors[:, 0] - s * vectors[:, 1], s * vectors[:, 0] + c * vectors[:, 1]])


def _angle(a: Array, b: Array) -> Array:
    """Return by how much a has to turn to the left to become b."""
    found: Array = np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(axis=1))
    return found


def _outer(field: Field, spots: Array) -> Array:
    """Return which sides of the box spots stand on, shape (m, 2): -1, 0 or 1 for each axis."""
    found: Array = (spots >= field.high).astype(int) - (spots <= field.low).astype(int)
    return found


def follow(field: Field, seeds: Seeds) -> list[Loop]:
    """Return closed curves through seeds, what lies below the level on their left, as far as they can be followed."""
    if not len(seeds):
        return []
    return _Fronts(field, seeds).run()


class _Fronts:
    """Fronts that start at seeds.

    Attributes
    ----------
    trails : list of list of (spot, way, size, point, basis)
        The vertices of each.
    after : ndarray of int
        The seed at which each ends; -1 while it does not.
    lost : ndarray of bool
        Whether each goes round on a curve that does not come to its seed.
    """

    def __init__(self, field: Field, seeds: Seeds) -> None:
        self.field, self.seeds = field, seeds
        m = len(seeds)
        sizes = np.maximum(np.hypot(*seeds.gradients.T), 1e-300)
        self.heads = _units(left_of(seeds.gradients))
        self.spots, self.ways, self.sizes = seeds.spots.copy(), self.heads.copy(), sizes.copy()
        self.points, self.bases = seeds.states.points.copy(), seeds.states.bases.copy()
        self.steps, self.bends = np.minimum(FIRST / sizes, LONGEST), np.zeros(m)
        self.aims, self.backs = np.full((m, 2), np.nan), np.zeros(m, dtype=int)
        walls = _outer(field, seeds.spots)
        self.walled = (walls != 0).any(axis=1)
        along = np.where(self.walled[:, None], (walls == 0).astype(float), right_of(self.heads))
        self.after, self.lost = np.full(m, -1), np.zeros(m, dtype=bool)
        self.trails: list[list[tuple[Array, Array, float, Array, Array]]] = [[] for _ in range(m)]
        for i in range(m):
            self._append(i, seeds.spots[i], along[i])

    def _append(self, i: int, spot: Array, way: Array) -> None:
        self.trails[i].append((spot.copy(), way, float(self.sizes[i]), self.points[i].copy(), self.bases[i].copy()))

    def _stand(self, i: int, spot: Array, gradient: Array) -> None:
        """Put a front onto a spot, along the level of a gradient there, shape (1, 2)."""
        self.spots[i], self.ways[i] = spot, _units(left_of(gradient))[0]
        self.sizes[i] = max(float(np.hypot(*gradient[0])), 1e-300)

    def _states(self, which: np.ndarray) -> Starts:
        return Starts(self.points[which], self.bases[which])

    def run(self) -> list[Loop]:
        """Let all fronts go on until they end, or get lost, and return what closes."""
        active = np.arange(len(self.seeds))
        for _ in range(MOST):
            if not active.size:
                break
            moved, landed = self._step(active)
            alive = []
            for i, gone, wall in zip(active.tolist(), moved.tolist(), landed.tolist(), strict=True):
                if not gone and self.steps[i] * self.sizes[i] < CORNER:
                    gone, wall = self._corner(i)
                    if not gone and self._back(i):
                        alive.append(i)
                        continue
                    if not gone:
                        continue
                if gone and wall and not self._along(i):
                    continue
                if len(self.trails[i]) % ROUND == 0:
                    self.lost[i] = self._again(i)
                if self.after[i] < 0 and not self.lost[i]:
                    alive.append(i)
            active = np.array(alive, dtype=int)
        return self._loops()

    def _step(self, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Move fronts on, and return which did, and which of these came to a side of the box."""
        field = self.field
        spots, heads, steps, sizes = self.spots[a], self.ways[a], self.steps[a], self.sizes[a]
        turns = (self.bends[a] * steps).clip(-TURN, TURN)
        raw = spots + steps[:, None] * _turned(heads, turns / 2)
        aimed = np.isfinite(self.aims[a][:, 0])
        raw[aimed] = self.aims[a][aimed]
        self.aims[a] = np.nan
        first = raw.clip(field.low, field.high)
        walls = (first != raw) | (aimed[:, None] & (_outer(field, first) != 0))
        walled, cornered = walls.any(axis=1), walls.all(axis=1)
        normals = right_of(_turned(heads, turns))
        across = np.where(walled[:, None], (~walls).astype(float), normals)
        slopes = (normals * across).sum(axis=1)
        excess, states = field.excess(first, self._states(a), widely=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = excess / (sizes * slopes)
        good = (np.abs(slopes) > 0.1) & (np.abs(shift) <= ACROSS * steps) & ~cornered
        second = first - np.where(good, shift, 0.0)[:, None] * across
        k = np.flatnonzero(good & field.inside(second))
        if k.size:
            # a secant: off the level there may be none beside a tip or a neck
            nearer, after = field.excess(second[k], states[k])
            states.points[k], states.bases[k] = after.points, after.bases
            with np.errstate(divide="ignore", invalid="ignore"):
                more = shift[k] * nearer / (excess[k] - nearer)
            more = np.where(np.abs(nearer) <= EXACT, 0.0, more)
            good[k] = np.abs(more) <= ACROSS * steps[k]
            second[k] -= np.where(good[k], more, 0.0)[:, None] * across[k]
        outside = good & ~field.inside(second)
        # what is corrected over a side ends on it
        aim = outside & ~walled
        self.aims[a[aim]] = second[aim].clip(field.low, field.high)
        good &= ~outside
        moved, landed = np.zeros(len(a), dtype=bool), np.zeros(len(a), dtype=bool)
        k = np.flatnonzero(good)
        if k.size:
            chord = second[k] - spots[k]
            length = np.hypot(*chord.T)
            bow = _angle(heads[k], chord)
            middle = (spots[k] + second[k]) / 2 + 0.5 * np.tan((bow / 2).clip(-1, 1))[:, None] * right_of(chord)
            middle = middle.clip(field.low, field.high)
            left, gradient, between, after = field.slopes(second[k], states[k], sizes[k], middle)
            new = _units(left_of(gradient))
            turn = _angle(heads[k], new)
            inner = (gradient * across[k]).sum(axis=1)
            size = np.hypot(*gradient.T)
            fine = (np.abs(left) <= LEFT) & (np.abs(between) <= BETWEEN) & (np.abs(turn) <= TURN) & (length > 0)
            fine &= (np.abs(turn - 2 * bow) <= TURN) & (np.abs(bow) <= TURN)
            fine &= np.abs(inner) > 0.05 * size
            with np.errstate(divide="ignore", invalid="ignore"):
                final = second[k] - np.where(fine, left / inner, 0.0)[:, None] * across[k]
            final = np.where(field.inside(final)[:, None], final, second[k])
            ease = np.maximum(np.abs(turn) / AIM, np.abs(between) / BETWEEN)
            ease = np.maximum(ease, np.abs(shift[k]) / (ACROSS * steps[k]))
            for j in np.flatnonzero(fine).tolist():
                i = int(a[k[j]])
                moved[k[j]] = True
                if self._met(i, final[j], float(turn[j])):
                    continue
                self.spots[i], self.ways[i], self.sizes[i] = final[j], new[j], size[j]
                self.points[i], self.bases[i] = after.points[j], after.bases[j]
                self.bends[i] = turn[j] / length[j]
                self.steps[i] = min(length[j] * min(2.0, max(0.5, 0.7 / max(ease[j], 1e-3))), LONGEST)
                landed[k[j]] = walled[k[j]]
                self._append(i, final[j], across[k[j]] if walled[k[j]] else right_of(new[j : j + 1])[0])
        again = a[~moved & ~aim]
        self.steps[again] *= SHORTER
        # a side that is aimed at again and again is none that can be met from here
        self.steps[a[aim]] *= 0.9
        return moved, landed

    def _met(self, i: int, to: Array, turn: float) -> bool:
        """End a front if the way to its next spot comes to a seed."""
        start = self.spots[i]
        chord = to - start
        square = float(chord @ chord)
        if square == 0:
            # a step that rounding leaves where it was comes to nothing
            return False
        seeds = self.seeds.spots - start
        share = seeds @ chord / square
        length = math.sqrt(square)
        bow = 4 * share * (1 - share) * 0.5 * math.tan(turn / 4) * length
        away = (seeds[:, 0] * chord[1] - seeds[:, 1] * chord[0]) / length - bow
        same = self.heads @ chord > 0.5 * length
        with np.errstate(over="ignore"):
            beside = np.abs(away) * self.sizes[i] < NEAR
        near = (share > 1e-9) & (share <= 1) & beside & same & ~self.walled
        found = np.flatnonzero(near)
        if not found.size:
            return False
        self.after[i] = int(found[share[found].argmin()])
        return True

    def _again(self, i: int) -> bool:
        """Return whether a front goes where it has been."""
        spots = np.array([row[0] for row in self.trails[i]])
        start, way = spots[:-1], np.diff(spots, axis=0)
        length = np.maximum(np.hypot(*way.T), 1e-300)
        there = spots[-1] - start
        share = (there * way).sum(axis=1) / length**2
        away = (there[:, 0] * way[:, 1] - there[:, 1] * way[:, 0]) / length
        same = way @ self.ways[i] > 0.5 * length
        near = (share >= 0) & (share <= 1) & (np.abs(away) * self.sizes[i] < NEAR) & same
        return bool(near[: -ROUND // 2].any())

    def _corner(self, i: int) -> tuple[bool, bool]:
        """Move a front on where the level turns within the shortest step, and return whether it did, and to a side."""
        field, spot = self.field, self.spots[i]
        back = math.atan2(*self.ways[i][::-1]) + math.pi
        state = self._states(np.array([i]))
        for radius in (AROUND / self.sizes[i]).tolist():

            def excess(angles: Array, _: object = None, radius: float = radius) -> Array:
                around = spot + radius * np.column_stack([np.cos(back + angles), np.sin(back + angles)])
                inside = field.inside(around)
                around = around.clip(field.low, field.high)
                found = field.excess(around, state[np.zeros(len(around), dtype=int)], widely=True)[0]
                return np.where(inside, found, 1e3)

            values = excess(ANGLES)
            # counterclockwise from behind, on the right, what is not allowed ends where the curve goes on
            first = np.flatnonzero((values[:-1] > 0) & (values[1:] <= 0))
            if first.size:
                break
        else:
            return False, False
        j = int(first[0])
        ends = ANGLES[j : j + 1], ANGLES[j + 1 : j + 2], values[j : j + 1], values[j + 1 : j + 2]
        angle, left = bracketed(excess, *ends, ACCURACY)
        to = spot + radius * np.array([math.cos(back + angle[0]), math.sin(back + angle[0])])
        landed = bool(abs(left[0]) > LANDED)
        to = to.clip(field.low, field.high)
        axis = 0
        if landed:
            # the end of what is allowed is that of the box
            sides = np.stack([field.low, field.high])
            axis = int(np.abs(sides - to).min(axis=0).argmin())
            to[axis] = sides[np.abs(sides[:, axis] - to[axis]).argmin(), axis]
        _, gradient, _, after = field.slopes(to[None], state, self.sizes[i : i + 1])
        if self._met(i, to, 0.0):
            return True, False
        self._stand(i, to, gradient)
        self.points[i], self.bases[i] = after.points[0], after.bases[0]
        self.steps[i], self.bends[i] = radius, 0.0
        way = np.eye(2)[1 - axis] if landed else right_of(self.ways[i : i + 1])[0]
        self._append(i, to, way)
        return True, landed

    def _back(self, i: int) -> bool:
        """Let a front that got astray take its last step anew, a shorter one, and return whether it may."""
        self.backs[i] += 1
        if self.backs[i] > BACK or len(self.trails[i]) < 2 or not self.trails[i][-2][1].any():
            return False
        spot = self.trails[i].pop()[0]
        self.spots[i], way, self.sizes[i], self.points[i], self.bases[i] = self.trails[i][-1]
        self.ways[i] = left_of(way[None])[0]
        self.steps[i] = 0.3 * float(np.hypot(*(spot - self.spots[i])))
        self.bends[i] = 0.0
        return True

    def _along(self, i: int) -> bool:
        """Let a front that came to a side of the box go on along it, to where what is allowed ends there."""
        field = self.field
        spot, sides = self.spots[i].copy(), _outer(field, self.spots[i : i + 1])[0]
        for _ in range(8):
            # counterclockwise, from a corner along the next side
            if sides[1] == -1 and spot[0] < field.high[0]:
                axis, sign = 0, 1.0
            elif sides[0] == 1 and spot[1] < field.high[1]:
                axis, sign = 1, 1.0
            elif sides[1] == 1 and spot[0] > field.low[0]:
                axis, sign = 0, -1.0
            else:
                axis, sign = 1, -1.0
            whole = sign * ((field.high if sign > 0 else field.low)[axis] - spot[axis])
            way = np.zeros(2)
            way[axis] = sign
            near = 0.05 / self.sizes[i] * 2.0 ** np.arange(40)
            ways = np.unique(np.concatenate([[0.0], near[near < whole], np.linspace(0, whole, SIDE)]))

            def excess(ahead: Array, _: object = None, start: Array = spot, way: Array = way) -> Array:
                rows = (start + ahead[:, None] * way).clip(field.low, field.high)
                return field.far_off(rows, self._states(np.full(len(rows), i)))[0]

            values = excess(ways)
            k = 1 + np.flatnonzero((values[1:-1] <= 0) & (values[1:-1] >= values[:-2]) & (values[1:-1] >= values[2:]))
            if k.size:
                # what is not allowed may be less than the distance between two places
                more = np.concatenate([ways[k + a] + (ways[k + b] - ways[k + a]) * CLOSER[:, None] for a, b in BESIDE])
                ways, values = np.concatenate([ways, more.ravel()]), np.concatenate([values, excess(more.ravel())])
                ways, first = np.unique(ways, return_index=True)
                values = values[first]
            # it is on the level, or below it
            values[0] = min(values[0], 0.0)
            above = np.flatnonzero(values > 0)
            if above.size:
                j = int(above[0])
                ends = ways[j - 1 : j], ways[j : j + 1], values[j - 1 : j], values[j : j + 1]
                end = float(bracketed(excess, *ends)[0][0])
                return end > 0 and self._left(i, spot + end * way, way)
            spot = spot.copy()
            spot[axis] = (field.high if sign > 0 else field.low)[axis]
            sides = _outer(field, spot[None])[0]
            self._append(i, spot, np.zeros(2))
        return False

    def _left(self, i: int, spot: Array, way: Array) -> bool:
        """Let a front leave a side of the box, or end at a seed that does."""
        there = np.flatnonzero(self.walled & (np.hypot(*(self.seeds.spots - spot).T) * self.sizes[i] < SAME))
        if there.size:
            self.after[i] = int(there[0])
            return True
        _, state = self.field.far_off(spot[None], self._states(np.array([i])))
        self.points[i], self.bases[i] = state.points[0], state.bases[0]
        _, gradient = self.field.first_slopes(spot[None], state)
        self._stand(i, spot, gradient)
        self.steps[i], self.bends[i] = min(FIRST / self.sizes[i], LONGEST), 0.0
        self._append(i, spot, way)
        return True

    def _loops(self) -> list[Loop]:
        """Return the closed ways from seed to seed; what leads into one from beside is no part of it."""
        found, seen = [], np.zeros(len(self.after), dtype=bool)
        for first in range(len(self.after)):
            way, i = [], first
            while i >= 0 and not seen[i]:
                seen[i] = True
                way.append(i)
                i = int(self.after[i])
            if i >= 0 and i in way:
                rows = [row for k in way[way.index(i) :] for row in self.trails[k]]
                spots, ways, sizes, points, bases = (np.array(part) for part in zip(*rows, strict=True))
                if len(spots) > 2:
                    found.append(Loop(spots, ways, sizes, Starts(points, bases)))
        return found
