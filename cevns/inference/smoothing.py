"""Vertices of curves put onto the level, and more of them where an edge would cut a corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.fields import right_of
from cevns.inference.fronts import Loop
from cevns.inference.planes import Starts
from cevns.inference.roots import bracketed

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.inference.fields import Field

__all__ = ["EDGE", "smoothed"]

#: What a vertex may leave of the level, in chi2.
ACCURACY = 1e-8
#: How far an edge may lie from the level, as a share of the level above the minimum, and where along it that is seen.
EDGE, SHARES = 4e-3, (0.5, 0.2, 0.8)
#: How often brackets of a root are widened, by which factor, and how often edges are halved.
WIDER, FACTOR, HALVED = 12, 2.0, 12
#: Most vertices of a curve, and the length of an edge, as a change of the excess across it, that is none.
MOST, SHORTEST = 8000, 1e-7


def smoothed(field: Field, loop: Loop) -> tuple[Loop, float]:
    """Return a curve with vertices on the level and edges near it, and by how much chi2 of a vertex misses it."""
    free = (loop.ways != 0).any(axis=1)
    every, missed = np.zeros(len(free)), np.zeros(len(free))
    spots = loop.spots.copy()
    which = np.flatnonzero(free)
    every[which] = np.inf
    spots[which], missed[which] = _on_level(field, loop[which], every[which])
    kept = np.isfinite(missed) & np.concatenate([[True], (np.diff(spots, axis=0) != 0).any(axis=1)])
    loop, missed = Loop(spots, loop.ways, loop.sizes, loop.states)[kept], missed[kept]
    fine = np.zeros(len(missed), dtype=bool)
    for _ in range(HALVED):
        new, missing, before = _between(field, loop, fine)
        if new is None or len(loop.spots) > MOST:
            break
        order = np.argsort(np.concatenate([np.arange(len(fine)), before + 0.5]), kind="stable")
        halved = np.ones(len(fine), dtype=bool)
        halved[before] = False
        loop = Loop(
            np.concatenate([loop.spots, new.spots]),
            np.concatenate([loop.ways, new.ways]),
            np.concatenate([loop.sizes, new.sizes]),
            Starts.joined([loop.states, new.states]),
        )[order]
        missed = np.concatenate([missed, missing])[order]
        fine = np.concatenate([halved, np.zeros(len(before), dtype=bool)])[order]
    return loop, float(missed.max(initial=0.0)) * field.unit


def _between(field: Field, loop: Loop, fine: np.ndarray) -> tuple[Loop | None, Array, np.ndarray]:
    """Return vertices between those whose edge misses the level, what they leave, and after which they come."""
    spots = loop.spots
    after = np.roll(np.arange(len(spots)), -1)
    chords = spots[after] - spots
    length = np.hypot(chords[:, 0], chords[:, 1])
    # along a side of the box edges are what they should be
    side = ((spots == field.low) | (spots == field.high)) & (spots == spots[after])
    which = np.flatnonzero(~fine & ~side.any(axis=1) & (length * loop.sizes > SHORTEST))
    if not which.size:
        return None, np.empty(0), which
    ways = right_of(chords) / np.maximum(length, 1e-300)[:, None]
    bows = _bows(loop, ways, after) * length
    away = 0.5 * np.abs(bows[which]) * loop.sizes[which]
    for share in SHARES:
        # what is known to be too far needs no other look
        some = np.flatnonzero(away <= EDGE)
        for rows in field.between(spots[which[some]], spots[after[which[some]]], share):
            away[some] = np.maximum(away[some], np.abs(field.excess(rows, loop.states[which[some]])[0]))
    which = which[away > EDGE]
    if not which.size:
        return None, np.empty(0), which
    middle = (spots[which] + spots[after[which]]) / 2 + bows[which, None] * ways[which]
    ways = ways[which]
    sizes = np.sqrt(loop.sizes[which] * loop.sizes[after[which]])
    new = Loop(middle.clip(field.low, field.high), ways, sizes, loop.states[which])
    found, left = _on_level(field, new, 0.5 * length[which])
    # at a tip the arc may go too far, and the tip farther than an edge across it is long
    other = np.flatnonzero(np.isinf(left))
    if other.size:
        straight = Loop((spots[which] + spots[after[which]])[other] / 2, ways[other], sizes[other], new.states[other])
        found[other], left[other] = _on_level(field, straight, 4.0 * length[which[other]])
    # what has no root beside it stays as it is
    good = np.isfinite(left)
    which = which[good]
    if not which.size:
        return None, np.empty(0), which
    return Loop(found[good], ways[good], sizes[good], new.states[good]), left[good], which


def _bows(loop: Loop, ways: Array, after: np.ndarray) -> Array:
    """Return how far the arcs over edges go to their right, as a share of the edges' lengths."""
    # vertices on a side of the box move along it, which says nothing of where a curve goes
    free = (loop.ways != 0).all(axis=1)
    sine = loop.ways[:, 0] * ways[:, 1] - loop.ways[:, 1] * ways[:, 0]
    first = np.arctan2(sine, (loop.ways * ways).sum(axis=1))
    ends = loop.ways[after]
    last = np.arctan2(ways[:, 0] * ends[:, 1] - ways[:, 1] * ends[:, 0], (ways * ends).sum(axis=1))
    turn = np.where(free, first, last) / 2 + np.where(free[after], last, first) / 2
    turn = np.where(free | free[after], turn, 0.0)
    found: Array = 0.5 * np.tan((turn / 2).clip(-1, 1))
    return found


def _on_level(field: Field, loop: Loop, limits: Array) -> tuple[Array, Array]:
    """Return vertices moved onto the level, by less than limits, and what they leave, infinite where that failed."""
    m = len(loop.spots)
    if not m:
        return loop.spots, np.empty(0)

    def excess(shift: Array, which: np.ndarray) -> Array:
        rows = (loop.spots[which] + shift[:, None] * loop.ways[which]).clip(field.low, field.high)
        return field.excess(rows, loop.states[which])[0]

    start = excess(np.zeros(m), np.arange(m))
    ends, values = np.zeros(m), start.copy()
    step = 1.5 * np.maximum(np.abs(start), 1e-9) / np.maximum(loop.sizes, 1e-300)
    open_ = np.abs(start) * field.unit > ACCURACY
    # the excess grows along the way, but along a side of the box it may fall
    side = (loop.ways == 0).any(axis=1)
    for k in range(WIDER):
        for sign, some in ((-np.sign(start), open_), (np.sign(start), side)):
            which = np.flatnonzero(open_ & some)
            if not which.size:
                break
            shift = sign[which] * np.minimum(step[which] * FACTOR**k, limits[which])
            found = excess(shift, which)
            changed = (found > 0) != (start[which] > 0)
            ends[which[changed]], values[which[changed]] = shift[changed], found[changed]
            open_[which[changed]] = False
    roots, left = bracketed(excess, np.zeros(m), ends, start, values, ACCURACY / field.unit, field.plane.narrowest)
    spots = (loop.spots + roots[:, None] * loop.ways).clip(field.low, field.high)
    return spots, np.where(open_, np.inf, np.abs(left))
