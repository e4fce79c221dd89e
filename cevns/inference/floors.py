"""Which flat minima lie in the same valley: a way leads from one to the other without a wall between them.

Where chi2 does not change along a direction, searches end all along the valley, which may bend. A straight way would
leave it. So points of the floor are kept, straight ways (in squares, where these alone count) join those that see each
other, and walks along the flat directions add more. What no way joins counts as two valleys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.descent import descend
from cevns.inference.flats import flat_directions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.minima import Minimum
    from cevns.inference.objectives import Objective

__all__ = ["Floors"]

#: What chi2 may rise on the way between two points of the same valley, and places of a straight way.
WALL, PLACES = 1e-2, np.linspace(0, 1, 11)[1:-1]
#: Share of it at which a descent has come to the floor: where the floor itself is higher, it would slide back along it.
FLOOR = 0.5
#: First step of a walk and others that are tried, as a share of how far the flat direction goes; most steps.
FIRST, TRIED, WALKED = 0.1, np.array([4.0, 1.0, 0.2, 0.04]), 16
#: How often a way is halved at most, and how much nearer to both of its ends the floor beside its middle has to be.
HALVED, NEARER = 5, 0.9
#: Steps of the descents to the floor.
STEPS = 30
#: How many of the nearest points each one looks at.
NEAREST = 12


class Floors:
    """Points on the floors of valleys that are equally deep, joined where a way leads from one to the other.

    Parameters
    ----------
    objective : Objective
        chi2.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._points: list[list[Array]] = []
        self._chi2: list[float] = []
        self._places: dict[Minimum, Array] = {}

    def add(self, minimum: Minimum, same: float) -> None:
        """Add a flat minimum; those are as deep whose chi2 differs by no more than a share of 1 + chi2."""
        if minimum in self._places:
            return
        self._places[minimum] = minimum.point
        number = self._joined([minimum.point], minimum.chi2, same)
        if len(self._points[number]) == 1:
            number = self._joined([minimum.point, *self._walked(minimum)], minimum.chi2, same)
            self._bridge(number, minimum.chi2, same)

    def valley(self, minimum: Minimum) -> int:
        """Return the number of the valley of a minimum that was added; it may change when others are."""
        point = self._places[minimum]
        return next(k for k, some in enumerate(self._points) if any(p is point for p in some))

    def _joined(self, points: Sequence[Array], chi2: float, same: float) -> int:
        """Add points of one valley to those that they see, and return its number."""
        rows = np.array(points)
        seen = [k for k in self._alike(chi2, same) if self._see(rows, np.array(self._points[k]), chi2)]
        merged = [p for k in seen for p in self._points[k]]
        merged += [p for p in points if not any(p is q for q in merged)]
        for k in reversed(seen):
            del self._points[k], self._chi2[k]
        self._points.append(merged)
        self._chi2.append(chi2)
        return len(self._points) - 1

    def _alike(self, chi2: float, same: float) -> list[int]:
        """Return the numbers of the valleys that are as deep."""
        return [k for k, c in enumerate(self._chi2) if abs(c - chi2) <= same * (1 + abs(c))]

    def _bridge(self, number: int, chi2: float, same: float) -> None:
        """Join a valley with others of which it comes near, if a way over the floor leads there."""
        own = np.array(self._points[number])
        for others in [np.array(self._points[k]) for k in self._alike(chi2, same) if k != number]:
            size = np.maximum(np.ptp(np.concatenate([own, others]), axis=0), 1e-300)
            apart = np.linalg.norm((own[:, None] - others) / size, axis=2)
            i, k = np.unravel_index(apart.argmin(), apart.shape)
            way = self._over_the_floor(own[i], others[k], size, chi2)
            if way:
                self._joined([own[i], *way, others[k]], chi2, same)

    def _over_the_floor(self, one: Array, other: Array, size: Array, chi2: float) -> list[Array]:
        """Return points of the floor between two points, each of which sees the next one; none if a wall is there."""
        found: list[Array] = []
        ways = [(one, other)]
        for _ in range(HALVED):
            first, last = (np.array(ends) for ends in zip(*ways, strict=True))
            high = ~self._low(first, last, chi2)
            if not high.any():
                return found
            first, last = first[high], last[high]
            middle, reached, _ = descend(
                self._objective,
                0.5 * (first + last),
                range(first.shape[1]),
                steps=STEPS,
                goal=np.full(len(first), chi2 + FLOOR * WALL),
            )
            whole = np.linalg.norm((last - first) / size, axis=1)
            parts = np.maximum(*(np.linalg.norm((middle - end) / size, axis=1) for end in (first, last)))
            if (reached > chi2 + WALL).any() or (parts > NEARER * whole).any():
                break
            found += list(middle)
            ways = [*zip(first, middle, strict=True), *zip(middle, last, strict=True)]
        return []

    def _see(self, some: Array, others: Array, chi2: float) -> bool:
        """Return whether a straight way from one of some points to one of the nearest others stays below a wall."""
        size = np.maximum(np.ptp(np.concatenate([some, others]), axis=0), 1e-300)
        apart = np.linalg.norm((some[:, None] - others) / size, axis=2)
        nearest = np.argsort(apart, axis=1, kind="stable")[:, :NEAREST]
        first, last = np.repeat(some, nearest.shape[1], axis=0), others[nearest.ravel()]
        # the middle of a way tells most
        which = np.flatnonzero(self._highest(first, last, np.array([0.5])) <= chi2 + WALL)
        return bool(which.size) and bool(self._low(first[which], last[which], chi2).any())

    def _low(self, first: Array, last: Array, chi2: float) -> np.ndarray:
        """Return which ways between pairs of points stay below a wall."""
        low: np.ndarray = self._highest(first, last, PLACES) <= chi2 + WALL
        return low

    def _highest(self, first: Array, last: Array, shares: Array) -> Array:
        """Return the highest chi2 at shares of ways between pairs of points: straight ones, or those in squares."""
        ways = [first[:, None] + shares[:, None] * (last - first)[:, None]]
        even = self._objective.even
        if even:
            # parameters of which the square counts have valleys along ellipses
            one, other = first[:, None, even], last[:, None, even]
            roots = np.sqrt(one**2 + shares[:, None] * (other**2 - one**2)) * np.sign(one + other)
            ways.append(ways[0].copy())
            ways[1][:, :, even] = np.where(one * other >= 0, roots, ways[0][:, :, even]).clip(
                self._objective.low[even], self._objective.high[even]
            )
        found = self._objective.chi2(np.concatenate(ways).reshape(-1, first.shape[1]))
        lowest: Array = found.reshape(len(ways), len(first), -1).max(axis=2).min(axis=0)
        return lowest

    def _walked(self, minimum: Minimum) -> list[Array]:
        """Return points of the floor along the flat directions of a minimum, on both sides."""
        objective, n = self._objective, minimum.point.size
        found: list[Array] = []
        ends = []
        for direction, _ in flat_directions(objective, minimum):
            length = FIRST * float(np.abs(minimum.basis.T @ direction).max())
            ends += [(minimum.point, sign * length * direction, minimum.basis) for sign in (1, -1)]
        for _ in range(WALKED):
            if not ends:
                break
            starts = np.repeat(np.array([at for at, _, _ in ends]), TRIED.size, axis=0)
            steps = (np.array([way for _, way, _ in ends])[:, None] * TRIED[:, None]).reshape(-1, n)
            bases = np.repeat(np.array([basis for _, _, basis in ends]), TRIED.size, axis=0)
            # no direction longer than the step
            longest = np.linalg.norm(steps, axis=1)[:, None]
            bases *= np.minimum(1.0, longest / np.maximum(np.linalg.norm(bases, axis=1), 1e-300))[:, None, :]
            ahead = (starts + steps).clip(objective.low, objective.high)
            goal = np.full(len(ahead), minimum.chi2 + FLOOR * WALL)
            to, chi2, bases = descend(objective, ahead, range(n), bases, steps=STEPS, goal=goal)
            reached = (chi2 <= minimum.chi2 + WALL) & self._low(starts, to, minimum.chi2)
            # onward, and not back
            forward = ((to - starts) * steps).sum(axis=1) > 0.1 * (steps**2).sum(axis=1)
            good = (reached & forward).reshape(len(ends), -1)
            going = []
            for k in np.flatnonzero(good.any(axis=1)).tolist():
                j = k * TRIED.size + int(good[k].argmax())
                found.append(to[j])
                going.append((to[j], to[j] - starts[j], bases[j]))
            ends = going
        return found
