"""All minima of chi2: from starts that cover the range, and from the images of every minimum that is found.

Counts are squares of amplitudes, so that every flavour whose amplitude can change its sign doubles the minima. Along a
straight line through one minimum the others show as minima of a quartic, from which a descent starts anew.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.descent import along_axes, descend, meetings
from cevns.inference.flats import flat_directions
from cevns.inference.walks import along_valleys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cevns._types import Array
    from cevns.inference.objectives import Objective

__all__ = [
    "MOST",
    "WITHIN",
    "Minimum",
    "at_the_wall",
    "distinct",
    "extents",
    "find_minima",
    "on_axes",
]

#: How far above the least chi2 minima are kept, and how many.
WITHIN, MOST = 25.0, 64
#: Difference in chi2 below which two are the same, relative to 1 + chi2.
SAME = 1e-6
#: Parts of the range of one mass, or of each of several.
MASSES, SEVERAL_MASSES = 33, 6
#: Points of a first look along an axis, of a closer one, and all over the range.
LADDER, CLOSER, SPREAD = 10.0 ** np.arange(-12.0, 11.0), 41, 256
#: Most combinations of minima along the axes, of all nodes and of one at least, and what chooses among more.
COMBINED, FEWER_COMBINED, GOLDEN = 1024, 64, (math.sqrt(5) - 1) / 2
#: Ratio of a range to the part of it in which chi2 has structure, up to which its ends are looked at.
SIZE = 1e3
#: Most starts of descents, how often images are looked for, and steps before a descent begins anew.
STARTS, ROUNDS, STEPS = 48, 4, 150
#: Most starts that are lower than what is nearest to them, and points among which these are looked for.
HOLLOWS, CROWD = 24, 1000
#: Most lines of the engine that are searched, where no mass is free and otherwise: each costs hundreds of points.
LINES, MORE_LINES = 8, 40
#: The same starts, rounds and steps where several masses are free, whose valleys are long.
FEWER_STARTS, FEWER_ROUNDS, FEWER_STEPS = 24, 1, 40
#: Minima with fewer parameters free from which all are freed, and minima of each round whose valleys are followed.
NESTED, WALKS = 8, 3
#: Points along a line through a minimum, on each side and of each kind: evenly spaced, and in their logarithms.
LINE = 65


@dataclass(frozen=True, eq=False)
class Minimum:
    """A local minimum; equal to itself alone.

    Attributes
    ----------
    chi2 : float
    point : ndarray, shape (n,)
        On the axes of the objective.
    basis : ndarray, shape (n, n)
        Columns are directions along which chi2 rises by about 1/2 from here, or as far as the range goes.
    """

    chi2: float
    point: Array
    basis: Array


def extents(objective: Objective, base: Array, axes: Iterable[int] | None = None) -> tuple[Array, Array]:
    """Return how far below and above each axis, from some points, chi2 has structure, two of shape (m, n).

    Along axes that are not asked for it is 0.
    """
    m, n = base.shape
    start = objective.chi2(base)
    found = np.zeros((2, m, n))
    for i, (side, sign) in itertools.product(range(n) if axes is None else axes, enumerate((-1, 1))):
        rows = np.repeat(base[:, None, :], LADDER.size, axis=1)
        rows[:, :, i] = (rows[:, :, i] + sign * LADDER).clip(objective.low[i], objective.high[i])
        values = objective.chi2(rows.reshape(-1, n)).reshape(m, -1)
        values = np.concatenate([start[:, None], values], axis=1)
        lowest = np.minimum.accumulate(values, axis=1)
        # to where chi2 has risen for good, or no longer changes
        good = values <= lowest + WITHIN
        last_good = values.shape[1] - 1 - good[:, ::-1].argmax(axis=1)
        changed = np.abs(values - values[:, -1:]) > 1e-2
        last_change = np.where(changed.any(axis=1), values.shape[1] - 1 - changed[:, ::-1].argmax(axis=1), 0)
        rung = np.minimum(np.minimum(last_good, last_change) + 1, LADDER.size) - 1
        room = np.abs((objective.low if sign < 0 else objective.high)[i] - base[:, i])
        found[side, :, i] = np.minimum(LADDER[rung], room)
    return found[0], found[1]


def find_minima(objective: Objective, *, near: Sequence[Array] = ()) -> tuple[Minimum, ...]:
    """Return the local minima of chi2, the least first, none more than `WITHIN` above it.

    Parameters
    ----------
    objective : Objective
        chi2.
    near : sequence of ndarray
        Points from which to start too.
    """
    if objective.step is not None:
        from cevns.inference.stepped import all_minima

        return all_minima(objective)
    base = _nodes(objective)
    below, above = extents(objective, base)
    walls = _walls(objective, below, above)
    base = np.concatenate([base, walls])
    below, above = extents(objective, base)
    starts, node = _starts(objective, base, below, above)
    starts, node = _on_the_line(objective, starts, node)
    near = [*near, *_nested(objective)]
    starts = np.concatenate([*(np.atleast_2d(p) for p in near), starts])
    node = np.concatenate([np.zeros(len(near), dtype=int), node])
    chi2 = objective.chi2(starts)
    size = np.where(objective.logarithmic, 1.0, 0.05 * (below + above))
    several = objective.logarithmic.sum() > 1
    order = np.argsort(chi2, kind="stable")
    # the least of all, and those of each wall, where a minimum may be that no other way leads to
    at_walls = [order[node[order] == k][:2] for k in range(len(base) - len(walls), len(base))]
    hollows = _hollows(starts, chi2, size[node])[:HOLLOWS]
    few = order[: FEWER_STARTS if several else STARTS]
    best = np.unique(np.concatenate([np.arange(len(near)), few, *at_walls, hollows]))
    widest = np.maximum(below.max(axis=0), above.max(axis=0))
    found = _settled(objective, (), starts[best], size[node[best]])
    looked: list[Array] = []
    for _ in range(FEWER_ROUNDS if several else ROUNDS):
        new = [m for m in found if not any(np.array_equal(m.point, p) for p in looked)][:16]
        if not new:
            break
        looked += [m.point for m in new]
        images = np.concatenate([_images(objective, new, widest), along_valleys(objective, new[:WALKS])])
        if not len(images):
            break
        found = _settled(objective, found, images, np.tile(size.max(axis=0), (len(images), 1)))
    at_ends = [at_the_wall(objective, m) for m in found if m.chi2 <= found[0].chi2 + WITHIN]
    return tuple(sorted(at_ends, key=lambda m: m.chi2))[:MOST]


def _nested(objective: Objective) -> list[Array]:
    """Return the minima with fewer parameters free: the interaction's own alone, and radii and the weak angle alone.

    Freed from there, no further parameter can end higher.
    """
    base = objective.base
    own = [name in objective.own for name in objective.names]
    if all(own) or not any(own):
        return []
    for i, p in enumerate(objective.parameters):
        if p.prior is not None and not own[i]:
            base[i] = np.clip(p.prior[0], objective.low[i], objective.high[i])
    values, found = dict(zip(objective.names, objective.to_values(base[None])[0].tolist(), strict=True)), []
    for kept in (True, False):
        one = objective.at(
            {name: values[name] for name, mine in zip(objective.names, own, strict=True) if mine != kept}
        )
        if one is not None:
            found += [*objective.points_of(one, np.array([m.point for m in find_minima(one)[:NESTED]]), base)]
    return found


def on_axes(minima: Sequence[Minimum], old: Objective, new: Objective) -> tuple[Minimum, ...]:
    """Return minima, found on the axes of one objective, on those of another one."""
    if old is new:
        return tuple(minima)
    axes = range(len(new.names))
    points = np.array([new.to_points(old.to_values(m.point)) for m in minima]).clip(new.low, new.high)
    if new.step is not None:
        # a descent would fold for every step of its differences: the directions turn with the axes
        return tuple(Minimum(m.chi2, p, _turned(m, p, old, new)) for m, p in zip(minima, points, strict=True))
    bases = descend(new, points, axes, steps=3)[2]
    return tuple(Minimum(float(c), p, b) for c, p, b in zip(new.chi2(points), points, bases, strict=True))


def _turned(minimum: Minimum, point: Array, old: Objective, new: Objective) -> Array:
    """Return the directions of a minimum on other axes."""
    small = 1e-4
    ends = (minimum.point[:, None] + small * minimum.basis).T
    found: Array = (new.to_points(old.to_values(ends)) - point).T / small
    # what the end of a range cuts off
    return np.where(np.abs(np.diag(found)) > 0, found, minimum.basis)


def at_the_wall(objective: Objective, minimum: Minimum) -> Minimum:
    """Return a minimum at the end of a range where it is as good as there."""
    point = minimum.point.copy()
    for i in range(point.size):
        for end in (objective.low[i], objective.high[i]):
            moved = point.copy()
            moved[i] = end
            near = abs(end - point[i]) <= 1e-2 * np.abs(minimum.basis[i]).max()
            if near and objective.chi2(moved[None])[0] <= minimum.chi2 + 1e-10 * (1 + abs(minimum.chi2)):
                point = moved
    return Minimum(float(objective.chi2(point[None])[0]), point, minimum.basis)


def _nodes(objective: Objective) -> Array:
    """Return points that cover the masses, at the base of all other parameters, and where they are without priors."""
    logs = np.flatnonzero(objective.logarithmic)
    base, origin = objective.base, objective.origin
    more = base[None] if (base == origin).all() else np.array([base, origin])
    if not logs.size:
        return more
    count = MASSES if logs.size == 1 else SEVERAL_MASSES if logs.size == 2 else 4
    axes = [np.linspace(objective.low[i], objective.high[i], count) for i in logs]
    grid = np.array(list(itertools.product(*axes)))
    nodes = np.tile(base, (len(grid), 1))
    nodes[:, logs] = grid
    return np.concatenate([nodes, more]) if len(more) > 1 else nodes


def _walls(objective: Objective, below: Array, above: Array) -> Array:
    """Return the base moved to each end of all ranges that have a size, one after the other."""
    widest = below.max(axis=0) + above.max(axis=0)
    out = []
    for i in np.flatnonzero(~objective.logarithmic):
        if objective.high[i] - objective.low[i] <= SIZE * widest[i] and len(objective.names) > 1:
            for end in (objective.low[i], objective.high[i]):
                out.append(objective.base)
                out[-1][i] = end
    return np.array(out).reshape(-1, len(objective.names))


def _starts(objective: Objective, base: Array, below: Array, above: Array) -> tuple[Array, Array]:
    """Return points all over the range, and at which node each is.

    They are the base, minima along each axis and their combinations, and others between.
    """
    n = base.shape[1]
    free = np.flatnonzero(~objective.logarithmic)
    rows, at = [base], [np.arange(len(base))]
    fractions = np.concatenate([np.linspace(0, 1, CLOSER), np.geomspace(1e-4, 1, 24)])
    for k, (node, down, up) in enumerate(zip(base, below, above, strict=True)):
        places: list[list[float]] = []
        for i in free:
            values = np.sort(np.concatenate([node[i] - down[i] * fractions, node[i] + up[i] * fractions]))
            line = np.tile(node, (values.size, 1))
            line[:, i] = values
            chi2 = objective.chi2(line)
            places.append([*values[_valleys(chi2)][:3].tolist(), node[i]])
        some = _combined(node, free, places, max(COMBINED // len(base), FEWER_COMBINED))
        spread = np.tile(node, (max(SPREAD // len(base), 8), 1))
        low, high = node - down, node + up
        spread[:, free] = (low + (high - low) * _halton(len(spread), n))[:, free]
        rows += [some, spread]
        at.append(np.full(len(some) + len(spread), k))
    return np.concatenate(rows).clip(objective.low, objective.high), np.concatenate(at)


def _combined(node: Array, axes: np.ndarray, places: Sequence[Sequence[float]], most: int) -> Array:
    """Return a node moved to combinations of places along some axes, some evenly chosen where there are too many."""
    lengths = [len(row) for row in places]
    total = math.prod(lengths)
    # some so that every axis takes all of its places, which the first ones in order would not
    which = np.arange(total) if total <= most else np.unique((np.arange(most) * GOLDEN % 1.0 * total).astype(int))
    out = np.tile(node, (which.size, 1))
    for axis, row, index in zip(axes, places, np.unravel_index(which, lengths) if lengths else (), strict=True):
        out[:, axis] = np.array(row)[index]
    return out


def _on_the_line(objective: Objective, points: Array, node: Array) -> tuple[Array, Array]:
    """Return points and their nodes together with the least ones on the line of the engine through the best of them."""
    engine = objective.engine
    if engine.line < 0:
        return points, node
    p = objective.parameters[engine.line]
    if any(i == engine.line for i, *_ in engine.priors) and engine.line_power % 2 == 0:
        return points, node
    order = np.argsort(objective.chi2(points), kind="stable")
    seen: dict[bytes, int] = {}
    for i in order:
        if len(seen) == (MORE_LINES if objective.logarithmic.any() else LINES):
            break
        seen.setdefault(np.delete(points[i], engine.line).round(9).tobytes(), int(i))
    chosen = np.array(list(seen.values()))
    some = points[chosen]
    rows = np.ascontiguousarray(objective.to_values(some))
    chi2, y = np.empty(len(some)), np.empty(len(some))
    engine.minima(rows, engine.line_power % 2 == 1 and p.low < p.origin, chi2, y)
    moved = some.copy()
    moved[:, engine.line] = p.origin + np.copysign(np.abs(y) ** (1 / engine.line_power), y)
    moved = moved.clip(objective.low, objective.high)
    return np.concatenate([points, moved]), np.concatenate([node, node[chosen]])


def _halton(count: int, n: int) -> Array:
    """Return points that fill the unit cube evenly, the same every time, shape (count, n)."""
    # an additive recurrence with powers of the root of x^(n+1) = x + 1
    root = 2.0
    for _ in range(30):
        root = (1 + root) ** (1 / (n + 1))
    found: Array = (0.5 + np.arange(1, count + 1)[:, None] * root ** -np.arange(1.0, n + 1)) % 1.0
    return found


def _hollows(points: Array, chi2: Array, size: Array) -> np.ndarray:
    """Return the indices of points that are lower than all that are nearest to them, the lowest first.

    The lowest points of all crowd where chi2 is low in a wide hollow, and leave out narrow ones that are deeper.
    """
    order = np.argsort(chi2, kind="stable")[:CROWD]
    n = points.shape[1]
    places = points[order] / np.maximum(size[order].max(axis=0), 1e-300)
    apart = ((places[:, None, :] - places) ** 2).sum(axis=2)
    nearest = np.argsort(apart, axis=1, kind="stable")[:, 1 : 2 * n + 1]
    # indices ascend with chi2
    found: np.ndarray = order[(nearest > np.arange(len(order))[:, None]).all(axis=1)]
    return found


def _valleys(chi2: Array) -> np.ndarray:
    """Return the indices of local minima of a row, the lowest first."""
    padded = np.concatenate([[np.inf], chi2, [np.inf]])
    found = np.flatnonzero((chi2 <= padded[:-2]) & (chi2 <= padded[2:]) & ((chi2 < padded[:-2]) | (chi2 < padded[2:])))
    order: np.ndarray = found[np.argsort(chi2[found], kind="stable")]
    return order


def _images(objective: Objective, minima: Sequence[Minimum], widest: Array) -> Array:
    """Return points from which a line through a minimum leads to another one."""
    n = len(objective.names)
    found = []
    for minimum in minima:
        directions = np.concatenate([np.eye(n), (minimum.basis / np.abs(minimum.basis).max(axis=0)).T])
        for direction in directions:
            span = np.where(direction != 0, 1 / np.maximum(np.abs(direction), 1e-300), np.inf)
            reach = 2 * (widest + np.abs(minimum.point - objective.base)) * span
            length = min(float(reach.max(initial=0.0, where=np.isfinite(reach))), 1e6)
            side = np.unique(np.concatenate([np.linspace(0, length, LINE), np.geomspace(1e-5 * length, length, LINE)]))
            offsets = np.concatenate([-side[:0:-1], side])
            rows = minimum.point + offsets[:, None] * direction
            inside = ((rows >= objective.low) & (rows <= objective.high)).all(axis=1)
            rows, far = rows[inside], np.abs(np.arange(offsets.size) - side.size + 1)[inside] > 1
            if len(rows) < 3:
                continue
            chi2 = objective.chi2(rows)
            valleys = [k for k in _valleys(chi2) if far[k]]
            found += [rows[k] for k in valleys[:3]]
    if not found:
        return np.empty((0, n))
    rows = np.array(found)
    rows = rows[np.argsort(objective.chi2(rows), kind="stable")]
    return rows[: 2 * STARTS]


def _settled(objective: Objective, known: Sequence[Minimum], points: Array, size: Array) -> tuple[Minimum, ...]:
    """Return the minima that points lead to, together with those that are known."""
    axes = range(len(objective.names))
    several = objective.logarithmic.sum() > 1
    steps, one = FEWER_STEPS if several else STEPS, np.zeros(len(points), dtype=int)
    found = distinct(objective, known, *descend(objective, points, axes, along_axes(size), steps=steps, groups=one))
    for _ in range(1 if several else 3):
        new = [m for m in found if not any(m is other for other in known)]
        if not new:
            break
        # a descent may have been caught: one that begins anew leads on
        points = np.array([m.point for m in new])
        moved, chi2, basis = descend(objective, points, axes, steps=2 * steps)
        rest = np.array([m.chi2 for m in new]) - chi2 <= SAME * (1 + np.abs(chi2))
        if several:
            rest[:] = True
        known = distinct(objective, known, moved[rest], chi2[rest], basis[rest])
        if rest.all():
            break
        found = distinct(objective, known, moved[~rest], chi2[~rest], basis[~rest])
    return tuple(known) or found


def distinct(
    objective: Objective, known: Sequence[Minimum], points: Array, chi2: Array, basis: Array
) -> tuple[Minimum, ...]:
    """Return minima, the least first, each once."""
    met = meetings(points, chi2, basis, np.zeros(len(points), dtype=int))
    lowest = met == np.arange(len(met))
    new = [Minimum(float(c), p, b) for p, c, b in zip(points[lowest], chi2[lowest], basis[lowest], strict=True)]
    ordered = sorted([*known, *new], key=lambda m: m.chi2)
    ordered = [m for m in ordered if m.chi2 <= ordered[0].chi2 + WITHIN]
    found: list[Minimum] = []
    for m in ordered:
        if not any(_same(objective, m, other) for other in found):
            found.append(m)
    return _one_each(objective, found)


def _one_each(objective: Objective, minima: Sequence[Minimum]) -> tuple[Minimum, ...]:
    """Return ascending minima without those that lie in the same flat valley as a lower one."""
    if not minima:
        # all descents that had been caught lead on
        return ()
    chi2 = np.array([m.chi2 for m in minima])
    equal = np.diff(chi2) <= SAME * (1 + np.abs(chi2[:-1]))
    equal = np.concatenate([equal, [False]]) | np.concatenate([[False], equal])
    deep = [m for m, alike in zip(minima, equal, strict=True) if alike]
    flat = [m for m in deep if flat_directions(objective, m)]
    if not flat:
        return tuple(minima)
    if objective.step is not None:
        # each place of a way would be a fold
        valleys = dict.fromkeys(flat, 0)
    else:
        # where a valley meets the end of a range nothing is flat; what is looked at last may join valleys
        for m in deep:
            objective.floors.add(m, SAME)
        valleys = {m: objective.floors.valley(m) for m in deep}
    found: list[Minimum] = []
    for m in minima:
        same = [o for o in found if o in valleys and m in valleys and valleys[o] == valleys[m]]
        if not any(abs(o.chi2 - m.chi2) <= SAME * (1 + abs(o.chi2)) for o in same):
            found.append(m)
    return tuple(found)


def _same(objective: Objective, one: Minimum, other: Minimum) -> bool:
    """Return whether two points are one minimum, or lie in the same flat valley that is straight."""
    if abs(one.chi2 - other.chi2) > 1e3 * SAME * (1 + abs(one.chi2)):
        return False
    apart = one.point - other.point
    if np.abs(np.linalg.solve(other.basis, apart)).max() < 0.1:
        return True
    if abs(one.chi2 - other.chi2) > SAME * (1 + abs(one.chi2)):
        return False
    # one can be led to the other where chi2 does not change on the way
    way = other.point + np.linspace(0, 1, 9)[:, None] * apart
    return bool(np.ptp(objective.chi2(way)) <= SAME * (1 + abs(one.chi2)))
