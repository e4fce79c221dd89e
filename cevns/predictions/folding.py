"""Folding of recoil spectra with a detector response: the matrix from rates at recoil nodes to counts.

``counts[i] = sum_j weights[i, j] rate[j]``; the matrix knows neither the interaction nor its parameters, and the
quenching scale eta enters the matrix alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.arrays import unique
from cevns.kernels.weights import Weights
from cevns.predictions.panels import NODES, PANEL_NODES, WEIGHTS, lagrange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cevns._types import Array, ArrayLike
    from cevns.predictions.panels import Panels, RecoilNodes

#: Values of the acceptance that are computed at once.
MOST_VALUES = 500_000

__all__ = ["pack", "pack_rows", "response_matrices", "response_weights", "trimmed"]


def response_weights(nodes: RecoilNodes, eta: float = 1.0) -> Array:
    """Return the matrix from rates at the nodes to counts in the bins.

    Parameters
    ----------
    nodes : RecoilNodes
        Where the rates are known, and the response there.
    eta : float
        Quenching scale.

    Returns
    -------
    ndarray, shape (bins, cols)
        [keV]: acceptance times the integrals of the panels' Lagrange polynomials.
    """
    (matrix,) = response_matrices(nodes, [eta])
    return matrix


def response_matrices(nodes: RecoilNodes, etas: ArrayLike) -> Iterator[Array]:
    """Yield the matrices of `response_weights` for many quenching scales, which share the inverse of the quenching."""
    etas = np.asarray(etas, dtype=float)
    for parts in zip(*(_matrices(panels, etas) for panels in nodes.panels), strict=True):
        yield np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def _matrices(panels: Panels, etas: Array) -> Iterator[Array]:
    """Yield the columns of the nodes of nuclei that share a quenching factor."""
    edges, response = panels.edges, panels.response
    low, high = edges[0], edges[-1]
    cuts = []
    for steps in response.cuts(low, high, etas):
        both = np.concatenate([edges, steps])
        cuts.append(unique(both[(both >= low) & (both <= high)]))
    # many scales at once, as far as memory is small
    size = response.bins * PANEL_NODES * np.cumsum([c.size for c in cuts])
    group = size // MOST_VALUES
    for first in np.searchsorted(group, unique(group)):
        chosen = slice(first, first + np.count_nonzero(group == group[first]))
        yield from _matrices_at(panels, etas[chosen], cuts[chosen])


def _matrices_at(panels: Panels, etas: Array, cuts: Sequence[Array]) -> Array:
    """Return the same for scales whose cuts between smooth intervals are known, shape (etas, bins, cols)."""
    edges, response, count = panels.edges, panels.response, panels.edges.size - 1
    half = np.concatenate([0.5 * np.diff(c) for c in cuts])
    middle = np.concatenate([0.5 * (c[1:] + c[:-1]) for c in cuts])
    owner = np.repeat(np.arange(len(cuts)), [c.size - 1 for c in cuts])
    recoil = middle[:, None] + half[:, None] * NODES
    accepted = response.acceptance(response.observable(recoil, etas[owner, None]).ravel())
    accepted = accepted * (half[:, None] * WEIGHTS).ravel()
    panel = np.clip(np.searchsorted(edges, middle, side="right") - 1, 0, count - 1)
    a, b = edges[panel, None], edges[panel + 1, None]
    basis = lagrange(((2 * recoil - a - b) / (b - a)).ravel()).reshape(-1, PANEL_NODES, PANEL_NODES)
    parts = accepted.reshape(response.bins, -1, PANEL_NODES).swapaxes(0, 1) @ basis
    # every panel holds at least one interval, and they ascend together
    starts = np.searchsorted(owner * count + panel, np.arange(len(cuts) * count))
    weights = np.add.reduceat(parts, starts, axis=0).reshape(len(cuts), count, response.bins, PANEL_NODES)
    return weights.swapaxes(1, 2).reshape(len(cuts), response.bins, -1)


def trimmed(matrix: Array) -> list[tuple[int, Array]]:
    """Return the rows of a matrix without the zeros at both ends, each after the column of its first value."""
    used = matrix != 0
    firsts = used.argmax(axis=1)
    lasts = np.where(used.any(axis=1), matrix.shape[1] - used[:, ::-1].argmax(axis=1), firsts)
    return [
        (first, row[first:last].copy())
        for first, last, row in zip(firsts.tolist(), lasts.tolist(), matrix, strict=True)
    ]


def pack_rows(rows: Iterable[tuple[int, Array]], cols: int) -> Weights:
    """Return rows of `trimmed` as the kernels take them."""
    firsts, values = zip(*rows, strict=True)
    pointers = np.concatenate([[0], np.cumsum([v.size for v in values])])
    return Weights(np.concatenate(values), pointers, np.array(firsts), cols)


def pack(matrices: Iterable[Array]) -> Weights:
    """Return matrices, shape (bins, cols) each, as the kernels take them: rows without their zeros at both ends.

    Returns
    -------
    Weights
    """
    matrices = list(matrices)
    return pack_rows((row for matrix in matrices for row in trimmed(matrix)), matrices[0].shape[1])
