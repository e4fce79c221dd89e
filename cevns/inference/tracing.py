"""Closed curves of a level in the plane of two parameters, on a grid of which only what is near them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.roots import bracketed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cevns._types import Array
    from cevns.inference.planes import Plane

__all__ = ["Lattice", "trace"]

#: Nodes of the coarse grid along each axis, about, which finds islands and holes.
COARSE = 16
#: What a vertex may leave of the level.
ACCURACY = 1e-8

Node = tuple[int, int]
Edge = tuple[Node, Node]


class Lattice:
    """Nodes of a fine grid over a box of the plane, with chi2 where it has been asked for.

    Parameters
    ----------
    plane : Plane
        chi2 in the plane.
    low, high : ndarray, shape (2,)
        Corners of the box.
    counts : (int, int)
        Numbers of cells along the two axes.
    """

    def __init__(self, plane: Plane, low: Array, high: Array, counts: tuple[int, int]) -> None:
        self.plane, self.low, self.high, self.counts = plane, low, high, counts
        self.step = (high - low) / np.array(counts)
        self.chi2: dict[Node, float] = {}
        self.states: dict[Node, Any] = {}

    def place(self, nodes: Any) -> Array:
        """Return where nodes are in the plane, shape (m, 2)."""
        found: Array = np.minimum(self.low + np.asarray(nodes, dtype=float) * self.step, self.high)
        return found

    def inside(self, node: Node) -> bool:
        """Return whether a node belongs to the box: those beside it lie outside of every region."""
        return 0 <= node[0] <= self.counts[0] and 0 <= node[1] <= self.counts[1]

    def compute(self, nodes: Iterable[Node], *, thorough: bool = False) -> None:
        """Find chi2 at nodes, from the states of their neighbours, and from all branches if there are none."""
        wanted = [n for n in dict.fromkeys(nodes) if n not in self.chi2 and self.inside(n)]
        if not wanted:
            return
        near = [None if thorough else self._near(n) for n in wanted]
        chi2, states = self.plane.least(self.place(wanted), near)
        for node, value, state in zip(wanted, chi2.tolist(), states, strict=True):
            self.chi2[node], self.states[node] = value, state

    def _near(self, node: Node) -> Any:
        """Return the states of known neighbours, two at most."""
        found = [
            self.states[near]
            for near in ((node[0] + i, node[1] + j) for i, j in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (-1, -1)))
            if near in self.states
        ]
        return found[:2] or None

    def value(self, node: Node) -> float:
        """Return chi2 at a node, infinite beside the box."""
        return self.chi2[node] if self.inside(node) else np.inf

    def seeds(self, level: float, minima: Array) -> list[Edge]:
        """Return edges on which chi2 crosses the level, at least one for each island and hole of some size."""
        strides = [max(1, -(-count // COARSE)) for count in self.counts]
        lines = [
            sorted({*range(0, count + 1, stride), count}) for count, stride in zip(self.counts, strides, strict=True)
        ]
        self.compute([(i, j) for i in lines[0] for j in lines[1]], thorough=True)
        pairs = [((a, j), (b, j)) for a, b in zip(lines[0][:-1], lines[0][1:], strict=True) for j in lines[1]]
        pairs += [((i, a), (i, b)) for i in lines[0] for a, b in zip(lines[1][:-1], lines[1][1:], strict=True)]
        found = self._crossed(pairs, level)
        # from each minimum to the coarse lines around it, node by node
        rows: list[Edge] = []
        centres = np.rint((minima - self.low) / self.step).astype(int)
        for i, j in {(int(a), int(b)) for a, b in centres.clip(0, self.counts)}:
            for axis, at in ((0, i), (1, j)):
                line = lines[axis]
                first = max((k for k in line if k <= at), default=0)
                last = min((k for k in line if k >= at), default=self.counts[axis])
                for k in range(max(first - 1, 0), min(last + 1, self.counts[axis])):
                    rows.append(((k, j), (k + 1, j)) if axis == 0 else ((i, k), (i, k + 1)))
        self.compute([node for edge in rows for node in edge], thorough=True)
        found += [e for e in rows if (self.chi2[e[0]] <= level) != (self.chi2[e[1]] <= level)]
        # where the box ends in the middle of a region, the edge is its end
        for i in lines[0]:
            found += [
                ((i, j), (i, k)) for j, k in ((0, -1), (self.counts[1], self.counts[1] + 1)) if self.chi2[i, j] <= level
            ]
        for j in lines[1]:
            found += [
                ((i, j), (k, j)) for i, k in ((0, -1), (self.counts[0], self.counts[0] + 1)) if self.chi2[i, j] <= level
            ]
        return found

    def _crossed(self, pairs: list[Edge], level: float) -> list[Edge]:
        """Return an edge with a crossing between the nodes of each pair that the level parts."""
        pairs = [(a, b) for a, b in pairs if (self.chi2[a] <= level) != (self.chi2[b] <= level)]
        found = []
        while pairs:
            middles = [((a[0] + b[0]) // 2, (a[1] + b[1]) // 2) for a, b in pairs]
            self.compute(middles, thorough=True)
            halves = []
            for (a, b), m in zip(pairs, middles, strict=True):
                if m in (a, b):
                    found.append((a, b))
                else:
                    halves.append((a, m) if (self.chi2[a] <= level) != (self.chi2[m] <= level) else (m, b))
            pairs = halves
        return found


def trace(lattice: Lattice, level: float, minima: Array) -> list[tuple[Array, Array]]:
    """Return closed curves on which chi2 has a value, around all that lies below it.

    Parameters
    ----------
    lattice : Lattice
        chi2 in a box.
    level : float
        Absolute chi2.
    minima : ndarray, shape (k, 2)
        Places of the minima in the plane.

    Returns
    -------
    list of (ndarray of shape (n, 2), ndarray of bool of shape (n,))
        Vertices, the first one repeated at the end, and whether each stands at the edge of the box and not on the
        level. What is allowed lies on the left.
    """
    cells = _flooded(lattice, level, lattice.seeds(level, minima))
    after: dict[Edge, Edge] = {}
    for cell in cells:
        after.update(_segments(lattice, cell, level))
    edges = list(after)
    places, at_edge = _vertices(lattice, edges, level)
    index = {edge: k for k, edge in enumerate(edges)}
    curves, left = [], set(edges)
    for edge in edges:
        if edge not in left:
            continue
        loop = []
        while edge in left:
            left.discard(edge)
            loop.append(index[edge])
            edge = after[edge]
        curves.append(_cleaned(places[[*loop, loop[0]]], at_edge[[*loop, loop[0]]]))
    return [curve for curve in curves if len(curve[0]) > 3]


def _cleaned(places: Array, at_edge: Array) -> tuple[Array, Array]:
    """Return a curve without vertices that stand where the last one does, or on a straight line along an edge."""
    keep = np.concatenate([[True], (np.diff(places, axis=0) != 0).any(axis=1)])
    places, at_edge = places[keep], at_edge[keep]
    if len(places) > 3:
        before, after = places[1:-1] - places[:-2], places[2:] - places[1:-1]
        straight = (((before == 0) & (after == 0)).any(axis=1)) & at_edge[1:-1] & at_edge[:-2] & at_edge[2:]
        keep = np.concatenate([[True], ~straight, [True]])
        places, at_edge = places[keep], at_edge[keep]
    return places, at_edge


def _sorted(a: Node, b: Node) -> Edge:
    return (a, b) if a < b else (b, a)


def _cells_of(edge: Edge) -> list[Node]:
    """Return the two cells beside an edge, by their lower left nodes."""
    (i, j), (k, _) = _sorted(*edge)
    return [(i, j), (i, j - 1)] if i != k else [(i, j), (i - 1, j)]


def _flooded(lattice: Lattice, level: float, seeds: list[Edge]) -> set[Node]:
    """Return all cells that the level goes through, from some of its edges on."""
    done: set[Node] = set()
    front = {cell for edge in seeds for cell in _cells_of(edge)}
    m, n = lattice.counts
    while front:
        front = {c for c in front if c not in done and -1 <= c[0] <= m and -1 <= c[1] <= n}
        corners = {cell: _corners(cell) for cell in front}
        lattice.compute([node for nodes in corners.values() for node in nodes])
        done |= front
        new: set[Node] = set()
        for nodes in corners.values():
            signs = [lattice.value(node) <= level for node in nodes]
            for a in range(4):
                if signs[a] != signs[a - 1]:
                    new.update(_cells_of((nodes[a], nodes[a - 1])))
        front = new
    return done


def _corners(cell: Node) -> list[Node]:
    """Return the corners of a cell counterclockwise."""
    i, j = cell
    return [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]


def _segments(lattice: Lattice, cell: Node, level: float) -> dict[Edge, Edge]:
    """Return the pieces of the curves in a cell, from edge to edge, with what is allowed on their left."""
    nodes = _corners(cell)
    below = [lattice.value(node) <= level for node in nodes]
    # going round counterclockwise, a curve comes in where the region begins and leaves where it ends, or the other way
    begins = [k for k in range(4) if below[(k + 1) % 4] and not below[k]]
    ends = [k for k in range(4) if below[k] and not below[(k + 1) % 4]]
    if not begins:
        return {}
    edges = [_sorted(nodes[k], nodes[(k + 1) % 4]) for k in range(4)]
    if len(begins) == 1:
        return {edges[ends[0]]: edges[begins[0]]}
    values = [lattice.value(node) for node in nodes]
    joined = bool(np.isfinite(values).all() and np.mean(values) <= level)
    out = {}
    for end in ends:
        # with the middle below the level the two corners below it are one region
        begin = (end + 1) % 4 if joined else (end - 1) % 4
        out[edges[end]] = edges[begin]
    return out


def _vertices(lattice: Lattice, edges: list[Edge], level: float) -> tuple[Array, Array]:
    """Return where the level crosses edges, and which of these stand at the edge of the box instead."""
    places, at_edge = np.empty((len(edges), 2)), np.zeros(len(edges), dtype=bool)
    inner = []
    for k, (a, b) in enumerate(edges):
        if lattice.inside(a) and lattice.inside(b):
            inner.append(k)
        else:
            places[k], at_edge[k] = lattice.place([a if lattice.inside(a) else b])[0], True
    if inner:
        first, last = ([edges[k][side] for k in inner] for side in (0, 1))
        starts, ends = lattice.place(first), lattice.place(last)
        states = [[lattice.states[a], lattice.states[b]] for a, b in zip(first, last, strict=True)]

        def excess(share: Array, which: np.ndarray) -> Array:
            at = starts[which] + share[:, None] * (ends - starts)[which]
            chi2, found = lattice.plane.least(at, [states[i] for i in which])
            for i, state in zip(which, found, strict=True):
                states[i] = [state, states[i][0]]
            return chi2 - level

        values = [np.array([lattice.chi2[n] for n in nodes]) - level for nodes in (first, last)]
        brackets = np.zeros(len(inner)), np.ones(len(inner)), values[0], values[1]
        share, left = bracketed(excess, *brackets, ACCURACY, lattice.plane.narrowest)
        places[inner] = starts + share[:, None] * (ends - starts)
        missed = np.abs(left)[~lattice.plane.at_cut(places[inner])]
        lattice.plane.missed = max(lattice.plane.missed, float(missed.max(initial=0.0)))
    return places, at_edge
