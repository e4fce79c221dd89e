"""Closed curves of a level in the plane of two parameters: followed, and looked at for what they leave out.

Curves begin at the crossings on a lattice and on rays from the minima. Every place at which chi2 is known, bottoms of
valleys among them, tells whether a curve is missing: rays from there cross it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns.inference.fields import left_of
from cevns.inference.fronts import Loop, Seeds, follow
from cevns.inference.planes import Starts
from cevns.inference.polygons import apart, encloses
from cevns.inference.ridges import walked
from cevns.inference.seeds import chosen, lattice, no_seeds, rays
from cevns.inference.smoothing import EDGE, smoothed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.inference.fields import Field

__all__ = ["Bottom", "Traced", "trace"]

#: Directions of rays from a place, and how far they go in units of how far a region reaches from its minimum.
DIRECTIONS, REACH = 8, np.concatenate([np.linspace(0.25, 2.0, 8), 2.0 * 1.5 ** np.arange(1, 9)])
#: How far rays go from elsewhere, from a place that a curve leaves out and across from a curve.
FAR, ACROSS = 1e-5 * 1.6 ** np.arange(25), 0.05 * 1.5 ** np.arange(30)
#: Vertices of a curve from which rays go across, where chi2 costs microseconds, and where it does not.
VERTICES, FEW = 48, 10
#: How often curves that are missing are looked for, and how many places that miss one are followed each time.
ROUNDS, FOLLOWED = 5, 24
#: How near, as a change of the excess, a point lies to a curve that it is on; excess that tells on which side it lies.
ON, CLEAR = 0.05, 4 * EDGE
#: Width of a valley, as a share of the hull, below which its bottom is walked along.
NARROW = 0.08


@dataclass
class Bottom:
    """A minimum in the plane.

    Attributes
    ----------
    spot : ndarray, shape (2,)
    excess : float
    start : Starts
        One.
    axes : ndarray, shape (2, 2)
        Columns go from it as far as the region does, about, along and across.
    """

    spot: Array
    excess: float
    start: Starts
    axes: Array


@dataclass
class Traced:
    """Closed curves.

    Attributes
    ----------
    curves : list of ndarray of shape (n, 2)
        Spots, the first one repeated at the end.
    missed : float
        By how much chi2 of a vertex misses the level, at most.
    lost : int
        Points of the level that lie on none of the curves.
    left : int
        Places at which curves tell wrong of chi2.
    """

    curves: list[Array]
    missed: float
    lost: int
    left: int


@dataclass
class _Witnesses:
    """Places at which the excess is known."""

    spots: Array
    excess: Array
    states: Starts

    def joined(self, spots: Array, excess: Array, states: Starts) -> _Witnesses:
        return _Witnesses(
            np.concatenate([self.spots, spots]),
            np.concatenate([self.excess, excess]),
            Starts.joined([self.states, states]),
        )

    def against(self, curves: Sequence[Array]) -> np.ndarray:
        """Return those that lie clearly on the other side of the level than curves tell, the clearest first."""
        wrong = encloses(curves, *self.spots.T) != (self.excess <= 0)
        found = np.flatnonzero(wrong & (np.abs(self.excess) > CLEAR))
        return found[np.argsort(-np.abs(self.excess[found]).clip(0, 1), kind="stable")]


def trace(field: Field, bottoms: Sequence[Bottom]) -> Traced:
    """Return closed curves of the level around all that lies below it.

    Parameters
    ----------
    field : Field
        How far chi2 lies above the level.
    bottoms : sequence of Bottom
        Minima of chi2, those above the level included.
    """
    profiled = field.plane.profiled
    costly = bool(profiled.moving) or profiled.objective.step is not None
    nodes, excess, states, seeds = lattice(field, costly=costly)
    spots, values = np.array([b.spot for b in bottoms]), np.array([b.excess for b in bottoms])
    starts = Starts.joined([b.start for b in bottoms])
    # all branches are known at the nodes and at the minima
    field.remember(spots, starts)
    known = _Witnesses(nodes, excess, states).joined(spots, values, starts)
    parts = [seeds]
    # where chi2 costs more, rays go from a minimum if nothing else has found the curve around it
    below = np.flatnonzero(values < 0) if not (costly and len(seeds)) else np.empty(0, dtype=int)
    circle = _directions(field)
    for i in below.tolist():
        ways = (circle @ bottoms[i].axes.T)[:, None] if field.cheap is None else circle[:, None]
        ways = ways * REACH[:, None]
        which = np.full(len(circle), i)
        parts.append(rays(field, spots[which], starts[which], ways, values[which]))
    known = known.joined(*_valleys(field, bottoms, spots, starts))
    loops: list[Loop] = []
    out = Traced([], 0.0, 0, 0)
    seeds = chosen(field, _joined(parts))
    for k in range(ROUNDS):
        new = follow(field, seeds)
        for loop in new:
            _add(field, out, loops, loop)
        _whole(field, out, known)
        parts = [seeds]
        if k == 0:
            parts.append(_across(field, loops, FEW if costly else VERTICES))
        wrong = known.against(out.curves)[:FOLLOWED]
        known.excess[wrong] = np.minimum(known.excess[wrong], field.searched(known.spots[wrong]))
        wrong = known.against(out.curves)[:FOLLOWED]
        which = np.repeat(wrong, len(circle))
        ways = np.tile(circle[:, None] * FAR[:, None], (wrong.size, 1, 1))
        parts.append(rays(field, known.spots[which], known.states[which], ways, known.excess[which]))
        seeds = _true(field, _beside(out.curves, chosen(field, _joined(parts))))
        # what could not be followed once cannot be so again
        if not len(seeds) or (k > 0 and not new):
            break
    out.lost, out.left = len(seeds), known.against(out.curves).size
    return out


def _directions(field: Field) -> Array:
    """Return directions of rays, along one axis alone where the other one costs a fold for every value."""
    if field.cheap is not None:
        found: Array = np.array([[1.0], [-1.0]]) * np.eye(2)[field.cheap]
        return found
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _joined(parts: Sequence[Seeds]) -> Seeds:
    return Seeds(
        np.concatenate([p.spots for p in parts]),
        np.concatenate([p.gradients for p in parts]),
        Starts.joined([p.states for p in parts]),
    )


def _beside(curves: Sequence[Array], seeds: Seeds) -> Seeds:
    """Return the seeds that are on none of the curves."""
    away = apart(curves, seeds.spots, left_of(seeds.gradients)) * np.hypot(*seeds.gradients.T)
    return seeds[np.flatnonzero(away > ON)]


def _true(field: Field, seeds: Seeds) -> Seeds:
    """Return the seeds at which no search from nothing finds a branch of the profile that was missed."""
    return seeds[np.flatnonzero(field.searched(seeds.spots) > -ON)]


def _add(field: Field, out: Traced, loops: list[Loop], loop: Loop) -> None:
    """Add a curve unless it is one that is known."""
    k = int(loop.sizes.argmax())
    way = loop.spots[(k + 1) % len(loop.spots)] - loop.spots[k - 1]
    if (apart(out.curves, loop.spots[k : k + 1], way[None]) * loop.sizes[k] <= ON).all():
        return
    loop, missed = smoothed(field, loop)
    loops.append(loop)
    out.curves.append(loop.closed)
    out.missed = max(out.missed, missed)


def _whole(field: Field, out: Traced, known: _Witnesses) -> None:
    """Add the box's own sides if all of them are allowed, so that no curve comes to them."""
    box = np.array([field.low, field.high])
    at = (known.spots == box[0]) | (known.spots == box[1])
    side = at.any(axis=1)
    met = any(((curve == box[0]) | (curve == box[1])).any() for curve in out.curves)
    if at.all(axis=1).sum() >= 4 and (known.excess[side] <= 0).all() and not met:
        (x0, y0), (x1, y1) = box
        out.curves.append(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]))


def _across(field: Field, loops: Sequence[Loop], count: int) -> Seeds:
    """Return seeds on the other sides of what lies on the left and on the right of curves."""
    rows, ways, states = [], [], []
    for loop in loops:
        inner = np.flatnonzero((loop.ways != 0).all(axis=1))
        inner = inner[np.unique(np.linspace(0, len(inner) - 1, min(count, len(inner))).astype(int))]
        for sign in (-1, 1):
            unit = sign * loop.ways[inner] / loop.sizes[inner, None]
            if field.cheap is not None:
                unit[:, 1 - field.cheap] = 0.0
            rows.append(loop.spots[inner] + 0.02 * unit)
            ways.append(unit[:, None] * ACROSS[:, None])
            states.append(loop.states[inner])
    if not rows:
        return no_seeds(field.states(0))
    spots, starts = np.concatenate(rows), Starts.joined(states)
    inside = np.flatnonzero(field.inside(spots))
    excess, states_ = field.excess(spots[inside], starts[inside])
    return rays(field, spots[inside], states_, np.concatenate(ways)[inside], excess)


def _valleys(field: Field, bottoms: Sequence[Bottom], spots: Array, starts: Starts) -> tuple[Array, Array, Starts]:
    """Return the bottoms of narrow valleys through the minima."""
    which, ways, widths = [], [], []
    for i, bottom in enumerate(bottoms):
        along, across = bottom.axes.T
        width = float(np.hypot(*across))
        if field.cheap is None and width < NARROW and width < 0.5 * float(np.hypot(*along)):
            for sign in (-1, 1):
                which.append(i)
                ways.append(sign * along / np.hypot(*along))
                widths.append(width)
    if not which:
        return np.empty((0, 2)), np.empty(0), field.states(0)
    return walked(field, spots[which], starts[which], np.array(ways), np.array(widths))
