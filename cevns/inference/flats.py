"""Directions in which chi2 does not change at a minimum: the null space of its curvature, as far as valleys follow it.

A valley of equal chi2 may bend, and curvature alone does not tell it from chi2 that rises with a higher power. So
parameters are moved a little way along the null space and held there, while all others fall back into the valley.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cevns.inference.descent import STENCILS, along_axes, descend, extrapolated, scales

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.minima import Minimum
    from cevns.inference.objectives import Objective

__all__ = ["Flat", "flat_directions", "pivots"]

#: How far along a direction parameters are moved, in units of what changes chi2 by about 1 along their axes: along the
#: shorter way where the valley bends so much that it does not reach the longer one.
ASIDE = (0.3, 0.1)
#: What chi2 may differ, relative to 1 + chi2 of the data.
NOTHING = 1e-10
#: Share of the largest curvature below which one is none, and from where on it is worth a closer look.
NONE, PERHAPS = 1e-6, 1e-5
#: How often the minimum is moved at most to where its slope vanishes, and a step that no longer matters.
POLISHED, STILL = 4, 1e-6
#: Components of a direction, in the same units, that are rounding.
SMALL = 1e-3
#: How far from the end of a range curvatures are taken, in the same units, where a valley leads away from it.
INWARD = 0.05


class Flat(NamedTuple):
    """A direction in which chi2 does not change.

    Attributes
    ----------
    direction : ndarray, shape (n,)
        Unit vector on the axes of the objective.
    bent : bool
        Whether chi2 stays the same on a curve alone, whose tangent it is.
    """

    direction: Array
    bent: bool


def flat_directions(objective: Objective, minimum: Minimum) -> list[Flat]:
    """Return independent directions along which chi2 does not change at a minimum, as few as there are."""
    # a minimum is compared with many others, and each look costs some descents
    if minimum not in objective.flat:
        if objective.step is not None:
            objective.flat[minimum] = _flat_where_folded(objective, minimum)
        else:
            objective.flat[minimum] = _Valley(objective, minimum, range(len(objective.names))).flat()
    return objective.flat[minimum]


class _Valley:
    """What is around a minimum, some axes being held where they are."""

    def __init__(self, objective: Objective, minimum: Minimum, axes: Sequence[int]) -> None:
        self.objective, self.point = objective, minimum.point.copy()
        self.least = float(self._alone(self.point[None])[0])
        self.nothing = NOTHING * (1 + float(objective.of_data(minimum.point[None])[0]))
        self.size = np.zeros(len(minimum.point))
        self.size[list(axes)] = scales(objective, minimum.point[None], axes)[0]
        self.axes = self._off_the_walls(axes)

    def _alone(self, points: Array) -> Array:
        """Return chi2 of points one by one, since those that share work lose digits."""
        return np.concatenate([self.objective.chi2(row) for row in points[:, None]])

    def flat(self) -> list[Flat]:
        """Return the flat directions."""
        null = self._null_space()
        while len(null):
            held = pivots(null)
            # in rows of their own, so that what is flat alone is said alone
            rows = np.linalg.solve(null[:, held], null)
            bent = [self._bends(row, held) for row in rows]
            if all(one is not None for one in bent):
                return [self._direction(row, bool(one)) for row, one in zip(rows, bent, strict=True)]
            null = self._less(null, held)
        return []

    def _off_the_walls(self, axes: Sequence[int]) -> list[int]:
        """Return the axes that no end of a range holds, having moved off it where the valley leads away from there."""
        objective = self.objective
        free = []
        for i in axes:
            low, high = objective.low[i], objective.high[i]
            if self.size[i] <= 0:
                continue
            step = INWARD * self.size[i]
            inward = self.point[i].clip(low + step, high - step)
            if inward != self.point[i]:
                moved = self.point.copy()
                moved[i] = inward
                others = [k for k in axes if k != i]
                there, chi2 = self._fallen(moved[None], others)
                if not abs(chi2[0] - self.least) <= self.nothing:
                    continue
                self.point = there[0]
            free.append(i)
        return free

    def _fallen(self, points: Array, axes: Sequence[int]) -> tuple[Array, Array]:
        """Return where points fall to along some axes, and chi2 there."""
        if not len(axes):
            return points, self._alone(points)
        basis = np.repeat(along_axes(self.size[list(axes)][None]), len(points), axis=0)
        # there it is back in the valley
        goal = np.full(len(points), self.least + 0.5 * self.nothing)
        there, _, basis = descend(self.objective, points, axes, basis, goal=goal)
        # a descent may have been caught
        there = descend(self.objective, there, axes, basis, goal=goal)[0]
        return there, self._alone(there)

    def _null_space(self) -> Array:
        """Return orthonormal directions without curvature, shape (k, n), in units of the sizes."""
        axes, n = self.axes, len(self.point)
        found = np.empty((0, n))
        if not axes or not self._none(self._looked_at(STENCILS[1:3])[1], PERHAPS).any():
            return found
        for _ in range(POLISHED):
            # where it is not quite the minimum a bent valley has a slope across, which counts as curvature along it
            slope, curvature, error = self._looked_at(STENCILS)
            none = self._none(curvature, max(NONE, error))
            bend, vectors = np.linalg.eigh(curvature)
            step = vectors[:, ~none] @ ((vectors.T @ slope)[~none] / bend[~none])
            moved = self.point.copy()
            moved[axes] -= self.size[axes] * step
            moved = moved.clip(self.objective.low, self.objective.high)
            chi2 = float(self._alone(moved[None])[0])
            if not chi2 <= self.least + self.nothing:
                break
            self.point, self.least = moved, chi2
            if np.abs(step).max(initial=0.0) <= STILL:
                break
        _, curvature, error = self._looked_at(STENCILS)
        null = self._none(curvature, max(NONE, error))
        if null.any():
            found = np.zeros((int(null.sum()), n))
            found[:, axes] = np.linalg.eigh(curvature)[1][:, null].T
        return found

    def _looked_at(self, factors: Sequence[float]) -> tuple[Array, Array, float]:
        return extrapolated(self.objective, self.point, along_axes(self.size[self.axes][None])[0], self.axes, factors)

    @staticmethod
    def _none(curvature: Array, share: float) -> np.ndarray:
        """Return which of the ascending eigenvalues are none, all being finite."""
        if not np.isfinite(curvature).all():
            return np.zeros(len(curvature), dtype=bool)
        bend = np.linalg.eigvalsh(curvature)
        found: np.ndarray = np.abs(bend) <= share * max(float(np.abs(bend).max()), 1e-300)
        return found

    def _bends(self, row: Array, held: Sequence[int]) -> bool | None:
        """Return whether the valley along a direction bends, the axes `held` saying how far; None if there is none."""
        objective = self.objective
        way = row / np.abs(row).max() * self.size
        others = [k for k in self.axes if k not in held]
        for aside in ASIDE:
            ends = self.point + aside * np.array([way, -way])
            inside = ((ends >= objective.low) & (ends <= objective.high)).all(axis=1)
            if not inside.any():
                continue
            # on the other side a range may end
            straight = self._alone(ends[inside])
            chi2 = self._fallen(ends[inside], others)[1]
            if (np.abs(chi2 - self.least) <= self.nothing).all():
                return bool((np.abs(straight - self.least) > self.nothing).any())
        return None

    def _less(self, null: Array, held: Sequence[int]) -> Array:
        """Return directions without that along which chi2 rises most, once all others have fallen."""
        k = len(null)
        if k == 1:
            return null[:0]
        moves = [ASIDE[0] * sign * np.eye(k)[a] for a in range(k) for sign in (1, -1)]
        pairs = [(a, b) for a in range(k) for b in range(a)]
        signs = ((1, 1), (-1, -1), (1, -1), (-1, 1))
        moves += [ASIDE[0] * (s * np.eye(k)[a] + t * np.eye(k)[b]) for a, b in pairs for s, t in signs]
        ends = self.point + np.array(moves) @ null * self.size
        ends = ends.clip(self.objective.low, self.objective.high)
        rise = self._fallen(ends, [i for i in self.axes if i not in held])[1] - self.least
        form = np.diag(rise[: 2 * k].reshape(k, 2).sum(axis=1))
        for (a, b), some in zip(pairs, rise[2 * k :].reshape(-1, 4), strict=True):
            form[a, b] = form[b, a] = 0.25 * (some[0] + some[1] - some[2] - some[3])
        if not np.isfinite(form).all():
            return null[:0]
        found: Array = np.linalg.eigh(form)[1].T[:-1] @ null
        return found

    def _direction(self, row: Array, bent: bool) -> Flat:
        size = np.abs(row)
        way = np.where(size > SMALL * size.max(), row, 0.0) * self.size
        return Flat(way / np.linalg.norm(way) * np.sign(way[np.abs(way).argmax()]), bent)


def pivots(null: Array) -> list[int]:
    """Return for k directions, shape (k, n), as many axes on which they differ most."""
    rest, found = null.copy(), list[int]()
    for _ in range(len(null)):
        length = np.linalg.norm(rest, axis=0)
        axis = int(length.argmax())
        found.append(axis)
        away = rest[:, axis] / length[axis]
        rest = rest - np.outer(away, away @ rest)
    return found


def _flat_where_folded(objective: Objective, minimum: Minimum) -> list[Flat]:
    """Return the same where one parameter is a mass that needs a fold for every value: that one, or others at it."""
    n, step = len(objective.names), objective.step
    rest = [i for i in range(n) if i != step]
    found = []
    steps = ASIDE[0] * np.array([minimum.basis[:, step], -minimum.basis[:, step]])
    ends = (minimum.point + steps).clip(objective.low, objective.high)
    ends = ends[(ends[:, step] != minimum.point[step])]
    nothing = NOTHING * (1 + objective.of_data(minimum.point[None])[0])
    straight, chi2 = objective.chi2(ends), descend(objective, ends, rest)[1]
    if (np.abs(chi2 - minimum.chi2) <= nothing).all():
        found.append(Flat(np.eye(n)[step], bool((np.abs(straight - minimum.chi2) > nothing).any())))
    return found + (_Valley(objective, minimum, rest).flat() if rest else [])
