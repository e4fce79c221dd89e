"""Walks along the bottoms of valleys in a field, which may rise over the level and fall below it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.fields import right_of

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.inference.fields import Field
    from cevns.inference.planes import Starts

__all__ = ["walked"]

#: Most steps of a walk, and the highest excess that it climbs to.
MOST, HIGHEST = 250, 10.0
#: The first step as a multiple of the valley's width, and the longest one.
FIRST, LONGEST = 4.0, 0.025
#: Share of a step by which the bottom may lie beside it, and factors of steps that go on or fail.
BESIDE, LONGER, SHORTER = 0.35, 1.6, 0.4
#: Last move across the valley, in units of its width, after which a place is its bottom.
BOTTOM = 0.3
#: Step, as a multiple of the valley's width, below which a walk ends.
SHORTEST = 0.05


def walked(field: Field, spots: Array, starts: Starts, ways: Array, widths: Array) -> tuple[Array, Array, Starts]:
    """Return bottoms of valleys, the excess there and states.

    Parameters
    ----------
    field : Field
    spots : ndarray, shape (m, 2)
        Where walks begin.
    starts : Starts
        One for each.
    ways : ndarray, shape (m, 2)
        Directions, of length 1.
    widths : ndarray, shape (m,)
        Distances across the valley over which the excess rises by about 1.
    """
    spots, ways, widths = spots.copy(), ways.copy(), widths.copy()
    points, bases = starts.points.copy(), starts.bases.copy()
    steps = np.minimum(FIRST * widths, LONGEST)
    found: list[Array] = []
    values: list[Array] = []
    states: list[Starts] = []
    active = np.arange(len(spots))
    for _ in range(MOST):
        if not active.size:
            break
        at = spots[active] + steps[active, None] * ways[active]
        # nothing lies below the level where a walk leaves its hull
        ahead = field.in_hull(at) | ~field.in_hull(spots[active])
        at, active = at[ahead], active[ahead]
        if not active.size:
            break
        across, moved = right_of(ways[active]), np.zeros(active.size)
        fine = field.inside(at)
        here = starts[active]
        here.points[:], here.bases[:] = points[active], bases[active]
        for _ in range(2):
            # a parabola through three places across the valley
            size = widths[active]
            rows = np.stack([at - size[:, None] * across, at, at + size[:, None] * across], axis=1)
            around, after = field.excess(
                rows.reshape(-1, 2).clip(field.low, field.high), here[np.repeat(np.arange(active.size), 3)], widely=True
            )
            three = around.reshape(-1, 3)
            bend = three[:, 0] - 2 * three[:, 1] + three[:, 2]
            fine = fine & (bend > 0)
            shift = np.where(fine, 0.5 * (three[:, 0] - three[:, 2]) / np.where(fine, bend, 1.0), 0.0).clip(-3, 3)
            at = at + (shift * size)[:, None] * across
            moved += shift * size
            widths[active] = np.where(fine, size * (2 / np.where(fine, bend, 2.0)) ** 0.5, size).clip(
                0.3 * size, 3 * size
            )
            here = after[3 * np.arange(active.size) + 1]
        # what has not come to the bottom yet says nothing of how high it is
        fine = fine & (np.abs(shift) <= BOTTOM) & (np.abs(moved) <= BESIDE * steps[active]) & field.inside(at)
        excess = np.full(active.size, np.inf)
        excess[fine], after = field.excess(at[fine], here[np.flatnonzero(fine)])
        going = fine & (excess <= HIGHEST)
        took = after[np.flatnonzero(going[fine])]
        k = active[going]
        chord = at[going] - spots[k]
        spots[k], points[k], bases[k] = at[going], took.points, took.bases
        ways[k] = chord / np.hypot(*chord.T)[:, None]
        bent = np.abs(moved[going]) / (BESIDE * steps[k])
        steps[k] = np.minimum(steps[k] * np.where(bent < 0.5, LONGER, 1.0), LONGEST)
        found.append(at[going])
        values.append(excess[going])
        states.append(took)
        steps[active[~fine]] *= SHORTER
        ended = fine & ~going
        active = active[~ended & (steps[active] > SHORTEST * widths[active])]
    if not found:
        return spots[:0], np.empty(0), starts[np.zeros(0, dtype=int)]
    return np.concatenate(found), np.concatenate(values), type(starts).joined(states)
