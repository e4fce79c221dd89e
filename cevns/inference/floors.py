"""Which flat minima lie in the same valley: a way leads from one to the other without a wall between them.

Where chi2 does not change along a direction, searches end all along the valley, which may bend. A straight way would
leave it. So points of the floor are kept, straight ways join those that see each other, and walks along the flat
directions add more. What no way joins counts as two valleys.
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
#: First step of a walk and others that are tried, as a share of how far the flat direction goes; most steps.
FIRST, TRIED, WALKED = 0.1, np.array([4.0, 1.0, 0.2, 0.04]), 16
#: How often a way is halved at most, and how much nearer to both of its ends the floor beside its middle has to be.
HALVED, NEARER = 5, 0.9
#: Steps of the descents to the floor.
STEPS = 30
#: Most points that are kept of a valley.
MOST = 256


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
                goal=np.full(len(first), chi2 + 0.1 * WALL),
            )
            whole = np.linalg.norm((last - first) / size, axis=1)
            parts = np.maximum(*(np.linalg.norm((middle - end) / size, axis=1) for end in (first, last)))
            if (reached > chi2 + WALL).any() or (parts > NEARER * whole).any():
                break
            found += list(middle)
            ways = [*zip(first, middle, strict=True), *zip(middle, last, strict=True)]
        return []

    def _see(self, some: Array, others: Array, chi2: float) -> bool:
        """Return whether a straight way from one of some points to one of others stays below a wall."""
        if len(others) > MOST:
            others = others[np.linspace(0, len(others) - 1, MOST).astype(int)]
        first, last = np.repeat(some, len(others), axis=0), np.tile(others, (len(some), 1))
        return bool(self._low(first, last, chi2).any())

    def _low(self, first: Array, last: Array, chi2: float) -> np.ndarray:
        """Return which straight ways between pairs of points stay below a wall."""
        ways = first[:, None] + PLACES[:, None] * (last - first)[:, None]
        found = self._objective.chi2(ways.reshape(-1, first.shape[1])).reshape(len(ways), -1)
        low: np.ndarray = found.max(axis=1) <= chi2 + WALL
        return low

    def _walked(self, minimum: Minimum) -> list[Array]:
        """Return points of the floor along the flat directions of a minimum, on both sides."""
        objective, n = self._objective, minimum.point.size
        found: list[Array] = []
        ends = []
        for direction in flat_directions(objective, minimum):
            length = FIRST * float(np.abs(minimum.basis.T @ direction).max())
            ends += [(minimum.point, sign * length * direction) for sign in (1, -1)]
        for _ in range(WALKED):
            if not ends:
                break
            starts = np.repeat(np.array([at for at, _ in ends]), TRIED.size, axis=0)
            steps = (np.array([way for _, way in ends])[:, None] * TRIED[:, None]).reshape(-1, n)
            ahead = (starts + steps).clip(objective.low, objective.high)
            goal = np.full(len(ahead), minimum.chi2 + 0.1 * WALL)
            to, chi2, _ = descend(objective, ahead, range(n), steps=STEPS, goal=goal)
            reached = (chi2 <= minimum.chi2 + WALL) & self._low(starts, to, minimum.chi2)
            # onward, and not back
            forward = ((to - starts) * steps).sum(axis=1) > 0.1 * (steps**2).sum(axis=1)
            good = (reached & forward).reshape(len(ends), -1)
            going = []
            for k in np.flatnonzero(good.any(axis=1)).tolist():
                j = k * TRIED.size + int(good[k].argmax())
                found.append(to[j])
                going.append((to[j], to[j] - starts[j]))
            ends = going
        return found
