"""Where curves of a level begin to be followed: crossings on a lattice, and on rays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.fields import MARGIN, left_of
from cevns.inference.fronts import Seeds
from cevns.inference.planes import Starts
from cevns.inference.roots import bracketed

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.inference.fields import Field

__all__ = ["chosen", "lattice", "no_seeds", "rays"]

#: Nodes of the lattice along each axis, less one: where chi2 costs microseconds, and where it does not.
CELLS, COSTLY = 32, 16
#: What a crossing may leave of the excess, and the slope of it below which there is no direction to go on in.
ACCURACY, SLOPE = 1e-6, 1e-6


def chosen(field: Field, seeds: Seeds) -> Seeds:
    """Return seeds without those that are the same, without a slope, or at which a curve leaves the box."""
    size = np.hypot(*seeds.gradients.T)
    kept = np.isfinite(size) & (size > SLOPE)
    heads = left_of(seeds.gradients)
    for side, sign in ((seeds.spots <= field.low, 1.0), (seeds.spots >= field.high, -1.0)):
        kept &= ~(side & (sign * heads <= 0)).any(axis=1)
    for i in np.flatnonzero(kept):
        if kept[i]:
            # one without a slope, beside a jump, is near to none
            away = np.hypot(*(seeds.spots - seeds.spots[i]).T) * np.maximum(size, size[i])
            same = (away < ACCURACY) & ((heads * heads[i]).sum(axis=1) > 0)
            same[i] = False
            kept &= ~same
    return seeds[np.flatnonzero(kept)]


def _at(field: Field, first: Array, last: Array, values: tuple[Array, Array], starts: Starts) -> Seeds:
    """Return seeds between pairs of spots that the level parts."""
    if not len(first):
        return no_seeds(starts)

    def excess(share: Array, which: np.ndarray) -> Array:
        return field.excess(first[which] + share[:, None] * (last - first)[which], starts[which], widely=True)[0]

    m = len(first)
    share, _ = bracketed(excess, np.zeros(m), np.ones(m), *values, ACCURACY, field.plane.narrowest)
    spots = first + share[:, None] * (last - first)
    _, states = field.excess(spots, starts, widely=True)
    _, gradients = field.first_slopes(spots, states)
    return Seeds(spots, gradients, states)


def no_seeds(like: Starts) -> Seeds:
    """Return no seeds."""
    return Seeds(np.empty((0, 2)), np.empty((0, 2)), like[np.zeros(0, dtype=int)])


def lattice(field: Field, *, costly: bool) -> tuple[Array, Array, Starts, Seeds]:
    """Return the nodes of a lattice over the hull of the region, the excess there, states, and seeds on its lines."""
    count = COSTLY if costly else CELLS
    lines = [
        np.linspace(max(-MARGIN, field.low[axis]), min(1 + MARGIN, field.high[axis]), count + 1) for axis in (0, 1)
    ]
    rows, excess, states = field.survey(lines)
    index = np.arange(len(rows)).reshape(count + 1, count + 1)
    pairs = np.concatenate(
        [
            np.stack([index[:-1].ravel(), index[1:].ravel()], axis=1),
            np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()], axis=1),
        ]
    )
    below = excess <= 0
    a, b = pairs[below[pairs[:, 0]] != below[pairs[:, 1]]].T
    return rows, excess, states, _at(field, rows[a], rows[b], (excess[a], excess[b]), states[a])


def rays(field: Field, spots: Array, starts: Starts, ways: Array, excess: Array) -> Seeds:
    """Return seeds where rays first cross the level.

    Parameters
    ----------
    field : Field
    spots : ndarray, shape (m, 2)
        Where rays begin.
    starts : Starts
        One for each.
    ways : ndarray, shape (m, k, 2)
        How far the ray goes at each place of it.
    excess : ndarray, shape (m,)
        At the spots.
    """
    m, k = ways.shape[:2]
    if not m:
        return no_seeds(starts)
    rows = spots[:, None] + ways
    inside = ((rows >= field.low) & (rows <= field.high)).all(axis=2)
    owner = np.repeat(np.arange(m), k).reshape(m, k)
    values = np.repeat(excess[:, None], k, axis=1)
    found, _ = field.excess(rows[inside], starts[owner[inside]], widely=True)
    values[inside] = found
    rows = np.concatenate([spots[:, None], rows], axis=1)
    values = np.concatenate([excess[:, None], values], axis=1)
    other = (values > 0) != (excess > 0)[:, None]
    which = np.flatnonzero(other.any(axis=1))
    j = other[which].argmax(axis=1)
    return _at(field, rows[which, j - 1], rows[which, j], (values[which, j - 1], values[which, j]), starts[which])
