"""Minimisation of chi2 from many points at once, by damped Newton steps inside a box.

chi2 costs microseconds where it is asked for in rows, so that gradients and curvatures are differences of many rows.
A step goes down along every eigenvector of the curvature, negative ones included, and no farther than is trusted.
Differences are taken along those vectors, on lengths over which chi2 changes by about 1: in a valley that is a thousand
times as long as wide, differences along the axes would lose the little slope along it.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.objectives import Objective
    from cevns.inference.squares import Squares

__all__ = ["STENCILS", "Stencil", "along_axes", "descend", "extrapolated", "scales"]

#: Step of the differences in units of lengths on which chi2 changes by about 1.
STEP = 3e-3
#: Steps of differences in multiples of the usual one, each twice the last: short ones lose curvature in rounding, and
#: the error of long ones is extrapolated away.
STENCILS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
#: Different numbers of directions for which places of differences are kept.
MOST_STENCILS = 32
#: What a last step may leave of chi2, relative to 1 + chi2.
ACCURACY = 1e-11
#: Most steps.
STEPS = 200
#: After how many steps one looks what they gained; less than the first share of 1 + chi2, or than the second one of the
#: way to a level, is a walk along a valley that goes on for ever and leads nowhere.
PACE, SLOW, NEVER = 5, 1e-7, 1e-2
#: Before which steps one looks which points have met, and in units of lengths on which chi2 changes by about 1 how near
#: they are then.
MEETINGS, MET = (3, 6, 12, 24, 48, 96), 0.1
#: Share of the way to what matters that a step must promise.
HOPE = 1e-4
#: Share of the promised gain with which a step is as good as the parabola.
GOOD = 0.75
#: Share of the longest direction below which one is stiff, and how often such directions are corrected.
STIFF, CORRECTIONS = 0.1, 3
#: How far a step must be trusted for differences to be taken on whole lengths, and the least share of these: a bent
#: valley leaves its straight axis within them, and what is a slope along it would be lost in that.
TRUSTED, SHORTEST = 0.1, 1e-3
#: Share of the largest curvature below which one is taken for that.
FLAT = 1e-12
#: Distance from an end of the range, in units of the scale, that counts as none.
WALL = 1e-9
#: Powers of ten of the steps that are tried for a scale, and the change of chi2 at which a scale is found.
LADDER, CHANGE = np.arange(-12.0, 11.0), 0.5


def scales(objective: Objective | Squares, points: Array, moving: Sequence[int]) -> Array:
    """Return how far each point can go along each axis before chi2 changes by about 1, shape (m, moving)."""
    out = np.empty((len(points), len(moving)))
    steps = 10.0**LADDER
    for k, i in enumerate(moving):
        rows = np.repeat(points, 2 * steps.size, axis=0).reshape(len(points), 2, steps.size, -1)
        rows[:, 0, :, i] = (rows[:, 0, :, i] + steps).clip(objective.low[i], objective.high[i])
        rows[:, 1, :, i] = (rows[:, 1, :, i] - steps).clip(objective.low[i], objective.high[i])
        start = objective.chi2(points)
        change = np.abs(objective.chi2(rows.reshape(-1, rows.shape[-1])).reshape(rows.shape[:3]) - start[:, None, None])
        change = change.max(axis=1)
        large = change >= CHANGE
        first = np.where(large.any(axis=1), large.argmax(axis=1), steps.size - 1)
        reached = change[np.arange(len(points)), first]
        # between linear and quadratic growth
        out[:, k] = steps[first] * np.sqrt(CHANGE / np.maximum(reached, CHANGE))
    widths = objective.high - objective.low
    found: Array = np.minimum(out, 0.5 * widths[list(moving)])
    return found


def along_axes(scale: Array) -> Array:
    """Return directions along the axes, shape (m, k, k), of lengths (m, k)."""
    found: Array = scale[:, :, None] * np.eye(scale.shape[1])
    return found


class Stencil:
    """chi2, gradient and curvature of many points.

    Parameters
    ----------
    objective : Objective or Squares
        chi2.
    points : ndarray, shape (m, n)
        Points inside the box.
    basis : ndarray, shape (m, k, k)
        Columns are directions along which differences are taken, as long as chi2 needs to change by about 1.
    moving : sequence of int
        The k axes to which the rows of `basis` belong.
    exact : bool
        Whether mixed curvatures are of second order too.

    Attributes
    ----------
    chi2 : ndarray, shape (m,)
    slope : ndarray, shape (m, k)
        Along the directions.
    curvature : ndarray, shape (m, k, k)
        Along the directions.
    """

    def __init__(
        self, objective: Objective | Squares, points: Array, basis: Array, moving: Sequence[int], *, exact: bool = False
    ) -> None:
        axes = list(moving)
        low, high = objective.low[axes], objective.high[axes]
        # what differences reach along each axis
        margin = STEP * np.abs(basis).sum(axis=2)
        shorter = np.minimum(1.0, (0.4 * (high - low) / np.maximum(margin, 1e-300)).min(axis=1))
        step, margin = STEP * shorter[:, None, None] * basis, margin * shorter[:, None]
        centre = points.copy()
        # at an end of the range the differences are those of a parabola a step inside
        centre[:, axes] = np.clip(points[:, axes], low + margin, high - margin)
        unit = (STEP * shorter)[:, None]
        if objective.dear and not exact:
            middle, slope, curvature = self._of_gradients(objective, centre, step, unit, axes)
        else:
            middle, slope, curvature = self._differences(objective, centre, step, unit, axes, exact=exact)
        self.chi2 = middle
        offset = points[:, axes] - centre[:, axes]
        moved = (offset != 0).any(axis=1)
        if moved.any():
            self.chi2 = middle.copy()
            self.chi2[moved] = objective.chi2(points[moved])
            turned = np.linalg.solve(basis, offset[:, :, None])
            slope = slope + (curvature @ turned)[:, :, 0]
        self.slope: Array = slope
        self.curvature: Array = curvature

    @staticmethod
    def _differences(
        objective: Objective | Squares, centre: Array, step: Array, unit: Array, axes: list[int], *, exact: bool
    ) -> tuple[Array, Array, Array]:
        """Return chi2, slopes and curvatures from differences of chi2."""
        m, k = step.shape[:2]
        moves, (a, b) = _moves(k, exact)
        rows = np.repeat(centre[:, None, :], len(moves), axis=1)
        rows[:, :, axes] += moves @ step.swapaxes(1, 2)
        if exact:
            # rows that differ in the engine's line alone share work, and lose digits by that far from its origin
            between = np.repeat(centre[:, None, :], len(moves), axis=1)
            between[:, :, axes] += 0.5 * step.sum(axis=2)[:, None]
            rows = np.stack([rows, between], axis=2)
        values = objective.chi2(rows.reshape(-1, rows.shape[-1])).reshape(m, len(moves), -1)[:, :, 0]
        middle, above, below = values[:, 0], values[:, 1 : 1 + 2 * k : 2], values[:, 2 : 2 + 2 * k : 2]
        slope = (above - below) / (2 * unit)
        curvature = np.empty((m, k, k))
        curvature[:, np.arange(k), np.arange(k)] = (above + below - 2 * middle[:, None]) / unit**2
        mixed = values[:, 1 + 2 * k :]
        if exact:
            bend = (mixed[:, ::4] - mixed[:, 1::4] - mixed[:, 2::4] + mixed[:, 3::4]) / 4
        else:
            bend = mixed - above[:, a] - above[:, b] + middle[:, None]
        curvature[:, a, b] = curvature[:, b, a] = bend / unit**2
        return middle, slope, curvature

    @staticmethod
    def _of_gradients(
        objective: Objective | Squares, centre: Array, step: Array, unit: Array, axes: list[int]
    ) -> tuple[Array, Array, Array]:
        """Return the same from differences of gradients, k + 1 of them."""
        m, k = step.shape[:2]
        rows = np.repeat(centre[:, None, :], 1 + k, axis=1)
        for a in range(k):
            rows[:, 1 + a, axes] += step[:, :, a]
        chi2, slopes = objective.gradients(rows.reshape(-1, rows.shape[-1]))
        along = slopes.reshape(m, 1 + k, -1)[:, :, axes] @ step / unit[:, :, None]
        bend = (along[:, 1:] - along[:, :1]) / unit[:, :, None]
        return chi2.reshape(m, -1)[:, 0], along[:, 0], 0.5 * (bend + bend.swapaxes(1, 2))

    def on_axes(self, basis: Array, scale: Array) -> tuple[Array, Array]:
        """Return slopes and curvatures along the axes in units of the scale."""
        turn = scale[:, :, None] * np.linalg.inv(basis).swapaxes(1, 2)
        slope = (turn @ self.slope[:, :, None])[:, :, 0]
        return slope, turn @ self.curvature @ turn.swapaxes(1, 2)


def extrapolated(
    objective: Objective, point: Array, basis: Array, moving: Sequence[int], factors: Sequence[float] = STENCILS
) -> tuple[Array, Array, float]:
    """Return slopes and curvatures at one point, shapes (k,) and (k, k), and the relative error of the latter.

    They are extrapolated from steps of several lengths: in a bent valley chi2 rises with the fourth power of a straight
    step.

    Parameters
    ----------
    objective, basis, moving
        As of `Stencil`, of one point.
    point : ndarray, shape (n,)
        The point.
    factors : sequence of float
        Multiples of the usual step, each twice the last.
    """
    made = [Stencil(objective, point[None], f * basis[None], moving, exact=True) for f in factors]
    slopes = [one.slope[0] / f for one, f in zip(made, factors, strict=True)]
    curvatures = [one.curvature[0] / f**2 for one, f in zip(made, factors, strict=True)]
    best, order = (slopes[0], curvatures[0], np.inf), 4.0
    while len(curvatures) > 1:
        before = curvatures
        slopes, curvatures = (
            [(order * fine - coarse) / (order - 1) for fine, coarse in itertools.pairwise(rows)]
            for rows in (slopes, curvatures)
        )
        order *= 4
        for slope, fine, coarse in zip(slopes, curvatures, before[:-1], strict=True):
            error = float(np.abs(fine - coarse).max()) / max(float(np.abs(fine).max()), 1e-300)
            if error < best[2]:
                best = slope, fine, error
    return best


@functools.lru_cache(MOST_STENCILS)
def _moves(k: int, exact: bool) -> tuple[Array, np.ndarray]:
    """Return where differences in k directions are taken, shape (n, k), and pairs of those that are mixed, (2, p)."""
    unit, pairs = np.eye(k), np.array([(a, b) for a in range(k) for b in range(a)], dtype=int).reshape(-1, 2).T
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1)) if exact else ((1, 1),)
    mixed = [up * unit[a] + other * unit[b] for a, b in pairs.T for up, other in signs]
    return np.array([0 * unit[0], *_both_ways(k), *mixed]), pairs


def _both_ways(k: int) -> Array:
    """Return a step forth and a step back in each of k directions, shape (2 k, k)."""
    found: Array = (np.eye(k)[:, None] * np.array([[1.0], [-1.0]])).reshape(-1, k)
    return found


def descend(
    objective: Objective | Squares,
    points: Array,
    moving: Sequence[int],
    basis: Array | None = None,
    *,
    steps: int = STEPS,
    highest: float = np.inf,
    level: float | None = None,
    goal: Array | None = None,
    groups: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return the local minima that points lead to, their chi2, and directions there as `Stencil` takes them.

    Parameters
    ----------
    objective : Objective or Squares
        chi2.
    points : ndarray, shape (m, n)
        Where to start.
    moving : sequence of int
        Axes along which points move; they keep their place along the others.
    basis : ndarray, shape (m, k, k), optional
        Directions; along the axes unless given.
    steps : int
        Most steps.
    highest : float
        What lies above this chi2 does not matter: where little of the way to it is promised, points stay.
    level : float, optional
        Which side of this chi2 points end on is all that matters: those that gain little of the way to it stay.
    goal : ndarray, shape (m,), optional
        At which chi2 each point has arrived.
    groups : ndarray of int, shape (m,), optional
        Points of the same group go on as one once they have met.
    """
    points, axes = points.copy(), list(moving)
    k = len(axes)
    if not axes or not len(points):
        return points, objective.chi2(points), np.empty((len(points), k, k))
    if objective.step is not None and objective.step in axes:
        # differences along it would be folds
        from cevns.inference import stepped

        return stepped.moved(objective, points, axes, basis)
    low, high = objective.low[axes], objective.high[axes]
    basis = along_axes(scales(objective, points, moving)) if basis is None else basis.copy()
    chi2, trust = objective.chi2(points), np.ones(len(points))
    active, fresh = np.arange(len(points)), np.ones(len(points), dtype=bool)
    scale, slope = np.ones((len(points), k)), np.zeros((len(points), k))
    curvature = np.zeros((len(points), k, k))
    before, leader = chi2.copy(), np.arange(len(points))
    for turn in range(steps):
        if groups is not None and turn in MEETINGS:
            alone = np.flatnonzero(leader == np.arange(len(points)))
            leader[alone] = alone[meetings(points[alone][:, axes], chi2[alone], basis[alone], groups[alone])]
            active = active[leader[active] == active]
        if turn and turn % PACE == 0:
            worth = SLOW * (1 + np.abs(chi2))
            if level is not None:
                worth = np.maximum(worth, NEVER * np.abs(chi2 - level))
            active = active[(before - chi2 > worth)[active]]
            before = chi2.copy()
        new = active[fresh[active]]
        if new.size:
            near = _nearer(basis[new], trust[new])
            stencil = Stencil(objective, points[new], near, moving)
            scale[new] = np.minimum(np.abs(basis[new]).max(axis=2), high - low)
            slope[new], curvature[new] = stencil.on_axes(near, scale[new])
        newton = _Newton(slope[active], curvature[active], points[active][:, axes], low, high, scale[active])
        step, length = newton.step(trust[active])
        expected = newton.expected(step)
        basis[active] = newton.basis(basis[active], high - low)
        still = (expected > ACCURACY * (1 + np.abs(chi2[active]))) & (trust[active] > 1e-9)
        still &= expected > HOPE * (chi2[active] - highest)
        if goal is not None:
            still &= chi2[active] > goal[active]
        active, step, expected, length = active[still], step[still], expected[still], length[still]
        if not active.size:
            break
        trial = points[active]
        moved = (trial[:, axes] + step * scale[active]).clip(low, high)
        # what is left to a wall by rounding would be a step of its own
        tiny = WALL * scale[active]
        moved = np.where(moved - low <= tiny, low, np.where(high - moved <= tiny, high, moved))
        trial[:, axes] = moved
        found = objective.chi2(trial)
        poor = np.flatnonzero(chi2[active] - found < GOOD * expected)
        if poor.size and k > 1:
            trial[poor], found[poor] = _corrected(objective, trial[poor], found[poor], basis[active[poor]], axes)
        gain = chi2[active] - found
        better = gain > 0
        grown = np.where(gain > GOOD * expected, np.maximum(trust[active], 3 * length), trust[active])
        trust[active] = np.where(gain < 0.25 * expected, 0.25 * length, grown)
        points[active[better]], chi2[active[better]] = trial[better], found[better]
        # where steps fail that are short already, it is the differences that are wrong
        fresh[active] = better | (trust[active] < TRUSTED)
    for _ in MEETINGS:
        leader = leader[leader]
    return points[leader], chi2[leader], basis[leader]


def meetings(points: Array, chi2: Array, basis: Array, groups: Array) -> np.ndarray:
    """Return for each point the index of a lower one of its group that lies in the same hollow, or its own.

    Parameters
    ----------
    points : ndarray, shape (m, k)
    chi2, groups : ndarray, shape (m,)
    basis : ndarray, shape (m, k, k)
        Columns are directions in which chi2 changes by about 1.
    """
    order = np.lexsort((chi2, groups))
    points, basis, groups = points[order], basis[order], groups[order]
    inverse = np.linalg.inv(basis)
    found = np.arange(len(order))
    for apart in range(1, len(order)):
        same = np.flatnonzero(groups[apart:] == groups[:-apart])
        if not same.size:
            break
        way = (points[same + apart] - points[same])[:, :, None]
        near = [np.abs(inverse[which] @ way).max(axis=(1, 2)) < MET for which in (same, same + apart)]
        met = same[near[0] & near[1]]
        # the lowest one last, which none but itself leads
        found[met + apart] = met
    out = np.empty(len(order), dtype=int)
    out[order] = order[found]
    return out


def _nearer(basis: Array, trust: Array) -> Array:
    """Return directions for differences, the long ones shorter where little is trusted."""
    share = (trust / TRUSTED).clip(SHORTEST, 1.0)
    found: Array = np.where(_stiff(basis)[:, None, :], basis, basis * share[:, None, None])
    return found


def _stiff(basis: Array) -> np.ndarray:
    """Return which directions are far shorter than the longest one, shape (m, k)."""
    length = np.sqrt((basis**2).sum(axis=1))
    found: np.ndarray = length < STIFF * length.max(axis=1, keepdims=True)
    return found


class _Newton:
    """Steps from slopes and curvatures on axes in units of a scale, inside a box."""

    def __init__(self, slope: Array, curvature: Array, at: Array, low: Array, high: Array, scale: Array) -> None:
        self.at, self.low, self.high, self.scale = at, low, high, scale
        self.all = slope, curvature
        self._pin(((at <= low) & (slope > 0)) | ((at >= high) & (slope < 0)))

    def _pin(self, pinned: np.ndarray) -> None:
        """Let some coordinates stay where they are."""
        slope, curvature = self.all
        keep, index = ~pinned, np.arange(slope.shape[1])
        self.pinned = pinned
        self.slope = np.where(pinned, 0.0, slope)
        self.curvature = curvature * keep[:, :, None] * keep[:, None, :]
        usual = np.maximum(np.abs(curvature[:, index, index]), 1e-300)
        self.curvature[:, index, index] += np.where(pinned, usual, 0.0)
        self.bend, self.vectors = np.linalg.eigh(self.curvature)
        self.along = np.einsum("mij,mi->mj", self.vectors, self.slope)
        size = np.abs(self.bend)
        self.size = np.maximum(size, FLAT * size.max(axis=1, keepdims=True) + 1e-30)

    def step(self, trust: Array) -> tuple[Array, Array]:
        """Return steps in units of the scale, and their lengths in units of what is trusted."""
        for _ in range(self.at.shape[1] + 1):
            step, length = self._unbounded(trust)
            outward = ((self.at <= self.low) & (step < 0)) | ((self.at >= self.high) & (step > 0))
            if not (outward & ~self.pinned).any():
                break
            self._pin(self.pinned | outward)
        step = np.where(self.pinned, 0.0, step)
        # no farther than to the first wall
        room = np.where(step > 0, self.high - self.at, self.at - self.low) / self.scale
        moved = np.abs(step)
        share = np.where(moved > room, room / np.maximum(moved, 1e-200), 1.0).min(axis=1)
        return step * share[:, None], length * share

    def _unbounded(self, trust: Array) -> tuple[Array, Array]:
        move = -self.along / self.size
        length = np.sqrt((move**2 * self.size).sum(axis=1))
        shorter = np.minimum(1.0, trust / np.maximum(length, 1e-300))
        move, length = move * shorter[:, None], length * shorter
        step = np.einsum("mij,mj->mi", self.vectors, move)
        # off a saddle without a slope, into the range
        stuck = (self.along**2 / self.size < 1e-9).all(axis=1) & (self.bend[:, 0] < -1e-3 * self.size.max(axis=1))
        if stuck.any():
            reach = np.minimum(trust, 0.5)
            kick = self.vectors[:, :, 0] * (reach / np.sqrt(self.size[:, 0]))[:, None]
            inward = np.where(self.at <= self.low, 1.0, np.where(self.at >= self.high, -1.0, 0.0))
            kick *= np.where((kick * inward).sum(axis=1) < 0, -1.0, 1.0)[:, None]
            step, length = np.where(stuck[:, None], kick, step), np.where(stuck, reach, length)
        return step, length

    def expected(self, step: Array) -> Array:
        """Return by how much chi2 falls on the parabola."""
        gain = -(self.slope * step).sum(axis=1) - 0.5 * np.einsum("mi,mij,mj->m", step, self.curvature, step)
        found: Array = np.maximum(gain, 0.0)
        return found

    def basis(self, last: Array, widest: Array) -> Array:
        """Return directions on which chi2 changes by about 1, not ten times as long as the last ones or the box."""
        new = self.scale[:, :, None] * self.vectors / np.sqrt(self.size)[:, None, :]
        most = np.maximum(10 * np.abs(last).max(axis=(1, 2)), 1e-300)[:, None] * np.ones(new.shape[2])
        longest = np.abs(new).max(axis=1)
        factor = np.minimum(1.0, most / np.maximum(longest, 1e-300))
        inside = (0.5 * widest[None, :, None] / np.maximum(np.abs(new), 1e-200)).min(axis=1)
        found: Array = new * np.minimum(factor, inside)[:, None, :]
        return found


def _corrected(
    objective: Objective | Squares, points: Array, chi2: Array, basis: Array, axes: Sequence[int]
) -> tuple[Array, Array]:
    """Return points moved to the bottom of the valley that they left, and chi2 there.

    Where chi2 is a long valley that bends, a straight step ends on its slope. Newton steps in the stiff directions,
    with the curvature known already, lead back.
    """
    points, chi2, axes = points.copy(), chi2.copy(), list(axes)
    low, high = objective.low[axes], objective.high[axes]
    stiff = _stiff(basis)
    if not stiff.any():
        return points, chi2
    for _ in range(CORRECTIONS):
        slope = np.where(stiff, _slopes(objective, points, basis, axes), 0.0)
        trial = points.copy()
        trial[:, axes] = (trial[:, axes] - np.einsum("mij,mj->mi", basis, slope)).clip(low, high)
        found = objective.chi2(trial)
        better = found < chi2
        points[better], chi2[better] = trial[better], found[better]
        if not better.any():
            break
    return points, chi2


def _slopes(objective: Objective | Squares, points: Array, basis: Array, axes: list[int]) -> Array:
    """Return slopes of chi2 along directions, shape (m, k)."""
    if objective.dear:
        turned: Array = (objective.gradients(points)[1][:, None, axes] @ basis)[:, 0]
        return turned
    low, high, k = objective.low[axes], objective.high[axes], len(axes)
    rows = np.repeat(points[:, None, :], 2 * k, axis=1)
    rows[:, :, axes] = (rows[:, :, axes] + _both_ways(k) @ (STEP * basis).swapaxes(1, 2)).clip(low, high)
    values = objective.chi2(rows.reshape(-1, rows.shape[-1])).reshape(len(points), k, 2)
    found: Array = (values[:, :, 0] - values[:, :, 1]) / (2 * STEP)
    return found
