"""Lines as a screen needs them: stairs of bins, and curves with no more points than can be seen."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array

__all__ = ["joined", "smoothed", "stairs", "thinned"]

#: Shares of the picture by which a thinned curve may miss the published one.
MISSED = 1 / 500
#: Strips in a decade of masses.
STRIPS = 12


def stairs(edges: Array, counts: Array) -> tuple[Array, Array]:
    """Return the corners of a histogram.

    Examples
    --------
    >>> [a.tolist() for a in stairs(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0]))]
    [[0.0, 1.0, 1.0, 3.0], [5.0, 5.0, 6.0, 6.0]]
    """
    return np.repeat(edges, 2)[1:-1], np.repeat(counts, 2)


def smoothed(mass: Array, lowest: Array) -> tuple[Array, Array]:
    """Return a limit without its fluctuations: in each strip of masses only what is excluded in all of it.

    Parameters
    ----------
    mass, lowest : ndarray, shape (n,)
        Masses, and couplings from which upwards is excluded.

    Examples
    --------
    >>> mass = np.geomspace(1.0, 10.0, 400)
    >>> x, y = smoothed(mass, np.where(np.arange(400) % 2, 1.0, 2.0))
    >>> x.size < 30, set(y.tolist())
    (True, {2.0})
    """
    strips = np.round(STRIPS * np.log10(mass)).astype(int)
    first = np.append(np.flatnonzero(np.diff(strips, prepend=strips[0] - 1)), mass.size)
    ends = [(mass[i], mass[j - 1], lowest[i:j].max()) for i, j in itertools.pairwise(first)]
    x = np.array([end for low, high, _ in ends for end in (low, high)])
    return x, np.repeat([top for *_, top in ends], 2)


def thinned(x: Array, y: Array, width: float, height: float) -> tuple[Array, Array]:
    """Return the points of a curve without those that a straight line leaves where they are (Douglas and Peucker).

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        The curve, in decades.
    width, height : float
        Of the picture, in decades.

    Examples
    --------
    >>> x = np.linspace(0.0, 1.0, 101)
    >>> thinned(x, 2 * x, 1.0, 2.0)[0].tolist()
    [0.0, 1.0]
    """
    points = np.column_stack([x / width, y / height])
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        way, between = points[last] - points[first], points[first + 1 : last] - points[first]
        length = np.hypot(*way)
        # of a closed curve the ends are the same point
        away = np.abs(between @ [-way[1], way[0]]) / length if length > 0 else np.hypot(*between.T)
        worst = int(np.argmax(away))
        if away[worst] > MISSED:
            keep[first + 1 + worst] = True
            parts += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return x[keep], y[keep]


def joined(curves: Sequence[Array]) -> tuple[Array, Array]:
    """Return curves of shape (n, 2) one after another, with a gap between them, so that holes stay open.

    Examples
    --------
    >>> [a.tolist() for a in joined([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])]
    [[1.0, nan, 3.0], [2.0, nan, 4.0]]
    """
    parts: list[Array] = []
    for curve in curves:
        parts += [curve, np.full((1, 2), np.nan)]
    found = np.concatenate(parts[:-1]) if parts else np.empty((0, 2))
    return found[:, 0], found[:, 1]
