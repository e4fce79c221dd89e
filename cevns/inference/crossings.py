"""Where chi2, profiled, crosses a level along one parameter: every component of what is allowed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.descent import descend
from cevns.inference.roots import COARSER, NARROWEST, bracketed
from cevns.inference.stepped import slices
from cevns.kernels.engine import crossings_limit

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.inference.minima import Minimum
    from cevns.inference.profiled import Profiled

__all__ = ["Course", "allowed", "course"]

#: Distances from a minimum in units of its width at which chi2 is looked at, before they double to the range's end.
NEAR = np.array([0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0])
#: Points between the outermost minima and eight widths beyond, and at an extremum that is looked at more closely.
BETWEEN, CLOSER = 49, 9
#: Points in each decade of a coupling that matters over decades, as where a mass is profiled; couplings among which the
#: least one that matters is, and the change of chi2 by which it does.
DECADE, STEPS, MATTERS = 8, 10.0 ** np.arange(-16.0, 10.25, 0.25), 1e-2
#: How near a place another one makes it superfluous, as a share of its distance from a minimum.
BESIDE = 0.2
#: How often branches are followed over gaps in which chi2 jumps over the level, and places in each.
FOLLOWED, STEPS_ACROSS = 3, 17
#: Difference to the level that tells a root from a jump to a branch that was missed.
JUMP = 1e-6


@dataclass(frozen=True)
class Course:
    """chi2 along one parameter.

    Attributes
    ----------
    places : ndarray, shape (m,)
        Ascending, on the parameter's axis, ends of the range included.
    chi2 : ndarray, shape (m,)
    points : ndarray, shape (m, n)
        Where all parameters are.
    """

    places: Array
    chi2: Array
    points: Array

    def joined(self, places: Array, chi2: Array, points: Array) -> Course:
        """Return the course with more places, each once; of two values at one the lower one holds."""
        every = np.concatenate([self.places, places])
        values = np.concatenate([self.chi2, chi2])
        order = np.lexsort((values, every))
        order = order[np.concatenate([[True], np.diff(every[order]) > 0])]
        return Course(every[order], values[order], np.concatenate([self.points, points])[order])


def width(minimum: Minimum, index: int) -> float:
    """Return how far from a minimum along one axis chi2, profiled, rises by about 1/2."""
    return float(np.sqrt((minimum.basis[index] ** 2).sum()))


def course(profiled: Profiled, level: float, *, hull: bool = False) -> Course:
    """Return chi2 along the parameter of interest, at places that show all that lies below a level.

    Parameters
    ----------
    profiled : Profiled
        chi2 of one parameter.
    level : float
        Absolute chi2.
    hull : bool
        Whether the ends of all that lies below the level suffice: gaps between need not be seen.
    """
    profiled.level = level
    (index,), (low,), (high,) = profiled.fixed, profiled.low, profiled.high
    centres = np.array([m.point[index] for m in profiled.minima])
    widths = np.maximum([width(m, index) for m in profiled.minima], 1e-12 * (1 + np.abs(centres)))
    widest = min(float(widths.max()), high - low)
    first, last = max(low, centres.min() - 8 * widest), min(high, centres.max() + 8 * widest)
    doubling = 16.0 * 2.0 ** np.arange(80)
    if index == profiled.objective.step:
        # at masses that have been folded: between them chi2 has been found to be straight
        masses = np.unique(np.concatenate([centres, slices(profiled.objective).places]))
        found = Course(masses, *profiled.along(masses[:, None]))
        return _with_extrema(profiled, found.joined(centres, *_of_minima(profiled)), level)
    parts: list[Any] = [centres, [low, high], np.linspace(first, last, BETWEEN), _roots(profiled, level)]
    parts.append(_decades(profiled, max(abs(first), abs(last))))
    for end, sign in ((centres.min(), -1), (centres.max(), 1)):
        parts.append(end + sign * widths[0] * doubling)
        parts.append(end + sign * widths.max() * doubling)
    places = np.unique(np.concatenate([np.ravel(part) for part in parts]))
    for centre, size in zip(centres, widths, strict=True):
        places = _with(places, centre, size * np.concatenate([-NEAR, NEAR]))
    places = places[(places >= low) & (places <= high)]
    chi2, points = (profiled.branches if hull else profiled.along)(places[:, None])
    found = Course(places, chi2, points)
    return _with_extrema(profiled, found.joined(centres, *_of_minima(profiled)), level, hills=not hull)


def _with(places: Array, centre: float, offsets: Array) -> Array:
    """Return ascending places and those at some distances from a centre that have none beside them yet.

    In a flat valley there may be dozens of minima, all with the same neighbourhood.
    """
    more = centre + offsets
    next_one = np.searchsorted(places, more)
    nearest = np.minimum(
        np.abs(places[np.maximum(next_one - 1, 0)] - more), np.abs(places[np.minimum(next_one, len(places) - 1)] - more)
    )
    found: Array = np.unique(np.concatenate([places, more[nearest > BESIDE * np.abs(offsets)]]))
    return found


def _of_minima(profiled: Profiled) -> tuple[Array, Array]:
    return np.array([m.chi2 for m in profiled.minima]), np.array([m.point for m in profiled.minima])


def _roots(profiled: Profiled, level: float) -> Array:
    """Return where the engine finds crossings of its own line, and places between; none if something is profiled."""
    objective = profiled.objective
    engine = objective.engine
    if profiled.moving or engine.line < 0:
        return np.empty(0)
    p, power = objective.evaluator.parameters[0], engine.line_power
    if engine.priors and power % 2 == 0 and p.low < p.origin:
        return np.empty(0)
    out, counts = np.empty((1, crossings_limit())), np.empty(1, dtype=np.intp)
    engine.crossings(
        np.array([[p.origin]]), power % 2 == 1 and p.low < p.origin, level, out, counts, np.empty(1, dtype=np.int8)
    )
    y = out[0, : max(int(counts[0]), 0)]
    values = np.copysign(np.abs(y) ** (1 / power), y)
    if power % 2 == 0 and p.low < p.origin:
        values = np.unique(np.concatenate([-values, values]))
    near = np.concatenate([values * (1 + side * 1e-6) for side in (-1, 1)])
    found: Array = p.origin + np.concatenate([values, near, 0.5 * (values[1:] + values[:-1])])
    return found


def _decades(profiled: Profiled, last: float) -> Array:
    """Return places in all decades of a coupling up to a last one; none where its scale is not logarithmic."""
    (index,), objective = profiled.fixed, profiled.objective
    p = objective.parameters[index]
    masses = [i for i in profiled.moving if objective.logarithmic[i]]
    if p.scale != "log" or objective.logarithmic[index] or not masses:
        return np.empty(0)
    rows = np.array([m.point for m in profiled.minima])
    ends = rows.copy(), rows.copy()
    ends[0][:, masses], ends[1][:, masses] = objective.low[masses], objective.high[masses]
    rows = np.repeat(np.concatenate([rows, *ends])[:, None], 1 + STEPS.size, axis=1)
    rows[:, :, index] = (p.origin + np.concatenate([[0.0], STEPS])).clip(objective.low[index], objective.high[index])
    chi2 = objective.chi2(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
    matters = np.flatnonzero((np.abs(chi2 - chi2[:, :1]) > MATTERS).any(axis=0))
    if not matters.size or STEPS[matters[0] - 1] >= last:
        return np.empty(0)
    least = STEPS[matters[0] - 1]
    found: Array = np.geomspace(least, last, 1 + math.ceil(DECADE * math.log10(last / least)))
    return p.origin + (np.concatenate([-found, found]) if p.low < p.origin else found)


def _with_extrema(profiled: Profiled, found: Course, level: float, *, hills: bool = True) -> Course:
    """Return the course with the bottoms of valleys that lie above the level, and the tops of hills below it."""
    (index,), objective = profiled.fixed, profiled.objective
    chi2 = found.chi2
    inner = np.arange(1, len(chi2) - 1)
    above = (chi2[inner] > level) & (chi2[inner] <= chi2[inner - 1]) & (chi2[inner] <= chi2[inner + 1])
    flat = np.maximum(chi2[inner - 1], chi2[inner + 1]) - chi2[inner] <= 1e-9 * (1 + level)
    valleys = inner[above & ~flat]
    if valleys.size:
        points, lower, _ = descend(objective, found.points[valleys], range(len(objective.names)))
        at = points[:, index]
        # a bottom that stays above is none of the profile, which may lie lower there
        inside = (at >= found.places[0]) & (at <= found.places[-1]) & (lower <= level)
        found = found.joined(at[inside], lower[inside], points[inside])
    for _ in range(2 if hills else 0):
        chi2 = found.chi2
        inner = np.arange(1, len(chi2) - 1)
        hill = (chi2[inner] <= level) & (chi2[inner] >= chi2[inner - 1]) & (chi2[inner] >= chi2[inner + 1])
        rise = chi2[inner] - np.minimum(chi2[inner - 1], chi2[inner + 1])
        tops = inner[hill & (level - chi2[inner] < 2 * rise) & (rise > 1e-9 * (1 + level))]
        if not tops.size:
            break
        places = np.concatenate([np.linspace(found.places[i - 1], found.places[i + 1], CLOSER) for i in tops])
        starts = np.concatenate([np.repeat(found.points[None, i - 1 : i + 2], CLOSER, axis=0) for i in tops])
        found = found.joined(places, *profiled(places[:, None], starts))
    return found


def allowed(profiled: Profiled, found: Course, level: float) -> tuple[Array, tuple[float, ...]]:
    """Return the intervals of the parameter's axis on which chi2 is not above a level, and what is no root among them.

    Returns
    -------
    intervals : ndarray, shape (k, 2)
        Ends of the range stand for themselves.
    jumps : tuple of float
        Ends at which chi2 jumps over the level: branches of the profile that were missed.
    """
    roots, jumps = _crossed(profiled, found, level)
    for _ in range(FOLLOWED if profiled.objective.step is None else 0):
        # another branch may be lower where the one that was followed ends
        chi2, points = profiled(roots[:, None])
        lower = chi2 < level - JUMP
        if not lower.any():
            break
        found = found.joined(roots[lower], chi2[lower], points[lower])
        roots, jumps = _crossed(profiled, found, level)
    for _ in range(FOLLOWED):
        # a fold for each mass would be followed for nothing: where it loses its effect chi2 does jump
        if not jumps or profiled.objective.step is not None:
            break
        change = _changes(found, level)
        more = _across(profiled, found, change[np.isin(roots, jumps)])
        anew = _crossed(profiled, more, level)
        if len(anew[1]) > len(jumps):
            # a branch too narrow to be followed falls apart into ever more pieces
            break
        found, (roots, jumps) = more, anew
    below = found.chi2 <= level
    edges = sorted(
        [
            *([found.places[0]] if below[0] else []),
            *roots.tolist(),
            *([found.places[-1]] if below[-1] else []),
        ]
    )
    intervals = np.array(edges).reshape(-1, 2)
    return intervals, jumps


def _changes(found: Course, level: float) -> np.ndarray:
    """Return the indices of places between which and the next ones chi2 crosses a level."""
    below = found.chi2 <= level
    crossed: np.ndarray = np.flatnonzero(below[1:] != below[:-1])
    return crossed


def _crossed(profiled: Profiled, found: Course, level: float) -> tuple[Array, tuple[float, ...]]:
    """Return the roots along a course, and those at which chi2 jumps instead."""
    return _refined(profiled, found, _changes(found, level), level)


def _across(profiled: Profiled, found: Course, gaps: np.ndarray) -> Course:
    """Return the course with branches followed in small steps from each side of gaps in which chi2 jumps."""
    ends = np.concatenate([gaps, gaps + 1])
    way = np.linspace(found.places[ends], found.places[np.concatenate([gaps + 1, gaps])], STEPS_ACROSS)[1:]
    at, bases = found.points[ends], profiled.bases(len(ends))
    chi2, points = np.empty(way.shape), np.empty((*way.shape, at.shape[1]))
    for k, places in enumerate(way):
        chi2[k], at, bases = profiled.from_starts(places[:, None], at, bases)
        points[k] = at
    return found.joined(way.ravel(), chi2.ravel(), points.reshape(-1, at.shape[1]))


def _refined(profiled: Profiled, found: Course, change: np.ndarray, level: float) -> tuple[Array, tuple[float, ...]]:
    """Return the roots between places and the next ones, and those at which chi2 jumps instead."""
    near = np.stack([found.points[change], found.points[change + 1]], axis=1)

    def excess(places: Array, which: np.ndarray) -> Array:
        chi2, points = _least_near(profiled, places, near[which])
        near[which] = np.stack([points, near[which][:, 0]], axis=1)
        return chi2 - level

    ends = found.places[change], found.places[change + 1]
    # a jump would be followed to the last digit, at a fold for each
    narrowest = NARROWEST if profiled.objective.step is None else COARSER
    values = found.chi2[change] - level, found.chi2[change + 1] - level
    roots, left = bracketed(excess, *ends, *values, narrowest=narrowest)
    return roots, tuple(roots[np.abs(left) > JUMP].tolist())


def _least_near(profiled: Profiled, places: Array, near: Array) -> tuple[Array, Array]:
    """Return chi2 from the points on both sides of each place."""
    if not profiled.moving or profiled.alone:
        return profiled(places[:, None])
    sides = [
        profiled.from_starts(places[:, None], near[:, side], profiled.bases(len(places)))
        for side in range(near.shape[1])
    ]
    chi2 = np.array([side[0] for side in sides])
    points = np.array([side[1] for side in sides])
    best = chi2.argmin(axis=0)
    return chi2.min(axis=0), points[best, np.arange(len(places))]
