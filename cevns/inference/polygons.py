"""Closed polygons around regions, what lies inside of which is on their left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array

__all__ = ["apart", "encloses"]


def encloses(curves: Sequence[Array], x: Array, y: Array) -> Array:
    """Return which points lie inside of closed curves, or on an edge along an axis.

    Parameters
    ----------
    curves : sequence of ndarray of shape (n, 2)
        Vertices, the first one repeated at the end.
    x, y : ndarray, shape (m,)
        Points.
    """
    order = np.argsort(y, kind="stable")
    x, y = x[order], y[order]
    inside = np.zeros(x.size, dtype=bool)
    for curve in curves:
        bottoms = np.minimum(curve[:-1, 1], curve[1:, 1])
        tops = np.maximum(curve[:-1, 1], curve[1:, 1])
        # an edge is crossed by lines through points that are as high as it
        first, last = np.searchsorted(y, bottoms).tolist(), np.searchsorted(y, tops).tolist()
        edges = zip(curve[:-1].tolist(), curve[1:].tolist(), first, last, strict=True)
        for (x0, y0), (x1, y1), i, j in edges:
            if i < j:
                inside[i:j] ^= x[i:j] < x0 + (y[i:j] - y0) / (y1 - y0) * (x1 - x0)
    # where a range ends what is allowed does so on the edge itself
    for curve in curves:
        for (x0, y0), (x1, y1) in zip(curve[:-1].tolist(), curve[1:].tolist(), strict=True):
            if x0 == x1 or y0 == y1:
                i, k = np.searchsorted(y, min(y0, y1), "left"), np.searchsorted(y, max(y0, y1), "right")
                inside[i:k] |= (x[i:k] >= min(x0, x1)) & (x[i:k] <= max(x0, x1))
    out = np.empty(x.size, dtype=bool)
    out[order] = inside
    return out


def apart(curves: Sequence[Array], points: Array, ways: Array) -> Array:
    """Return how far points lie from the edges of curves that go their way, infinite if there are none.

    Parameters
    ----------
    curves : sequence of ndarray of shape (n, 2)
        Vertices, the first one repeated at the end.
    points, ways : ndarray, shape (m, 2)
        Points, and the directions in which curves through them would go.
    """
    out = np.full(len(points), np.inf)
    if not curves:
        return out
    first = np.concatenate([curve[:-1] for curve in curves])
    edges = np.concatenate([np.diff(curve, axis=0) for curve in curves])
    lengths = np.maximum((edges**2).sum(axis=1), 1e-300)
    for i, (point, way) in enumerate(zip(points, ways, strict=True)):
        share = (((point - first) * edges).sum(axis=1) / lengths).clip(0.0, 1.0)
        away = point - first - share[:, None] * edges
        far = np.hypot(away[:, 0], away[:, 1])
        out[i] = np.where(edges @ way > 0, far, np.inf).min()
    return out
