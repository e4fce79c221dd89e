"""Counts over finer pieces of the range of the quenching scale than those for which polynomials are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.predictions.folding import dense, pack_rows, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cevns._types import Array
    from cevns.kernels.weights import Weights

__all__ = ["ETA_POINTS", "TO_POWERS", "refined", "refined_counts"]

#: Chebyshev nodes of a piece, on its own axis from -1 to 1.
ETA_POINTS = np.sin(0.1 * np.pi * np.arange(-4, 5, 2))
#: From values there to coefficients of powers.
TO_POWERS = np.linalg.inv(np.vander(ETA_POINTS, increasing=True))


def _parts(edges: Array, finer: Array) -> Iterator[tuple[int, Array | None]]:
    """Yield for each finer piece the one that it is a part of, and what leads from values at its nodes; None if all."""
    owners = np.searchsorted(edges, finer[:-1], side="right") - 1
    for low, high, owner in zip(finer[:-1], finer[1:], owners.tolist(), strict=True):
        a, b = edges[owner], edges[owner + 1]
        if (low, high) == (a, b):
            yield owner, None
        else:
            places = (low + high - a - b + (high - low) * ETA_POINTS) / (b - a)
            yield owner, np.vander(places, ETA_POINTS.size, increasing=True) @ TO_POWERS


def refined(weights: Weights, edges: Array, finer: Array) -> Weights:
    """Return weights at the nodes of finer pieces, from those at the nodes of the pieces that they are parts of.

    Counts are polynomials in a piece, and so are, for all rates that it was cut for, the weights.
    """
    size = weights.firsts.size // (edges.size - 1)
    parts = []
    for owner, basis in _parts(edges, finer):
        rows = dense(weights, slice(owner * size, (owner + 1) * size))
        if basis is not None:
            rows = (basis @ rows.reshape(ETA_POINTS.size, -1)).reshape(rows.shape)
        parts.append(trimmed(rows))
    return pack_rows(parts, weights.cols)


def refined_counts(counts: Array, edges: Array, finer: Array) -> Array:
    """Return counts at the nodes of finer pieces, shape (k, rows), likewise."""
    own = counts.reshape(len(counts), edges.size - 1, ETA_POINTS.size, -1)
    parts = [own[:, owner] if basis is None else basis @ own[:, owner] for owner, basis in _parts(edges, finer)]
    return np.stack(parts, axis=1).reshape(len(counts), -1)
