"""Folding of recoil spectra with a detector response: the matrix from rates at recoil nodes to counts.

``counts[i] = sum_j weights[i, j] rate[j]``; the matrix knows neither the interaction nor its parameters, and the
quenching scale eta enters the matrix alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cevns.arrays import legendre
from cevns.kernels.weights import Weights
from cevns.predictions.panels import NODES, PANEL_NODES, TO_NODES, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from cevns._types import Array, ArrayLike
    from cevns.predictions.electrons import ElectronNodes
    from cevns.predictions.panels import Panels, RecoilNodes

#: Values of polynomials or of the acceptance that are computed at once.
MOST_VALUES = 500_000

__all__ = ["Rows", "dense", "joined", "pack", "pack_rows", "response_matrices", "response_weights", "trimmed"]


class Rows(NamedTuple):
    """Rows of a matrix without the zeros at both ends.

    Attributes
    ----------
    firsts, lengths : ndarray of int, shape (rows,)
        Column of each row's first value, and how many there are.
    values : ndarray
        One row after another.
    """

    firsts: np.ndarray
    lengths: np.ndarray
    values: np.ndarray


def response_weights(nodes: RecoilNodes | ElectronNodes, eta: float = 1.0) -> Array:
    """Return the matrix from rates at the nodes to counts in the bins.

    Parameters
    ----------
    nodes : RecoilNodes or ElectronNodes
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


def response_matrices(nodes: RecoilNodes | ElectronNodes, etas: ArrayLike) -> Iterator[Array]:
    """Yield the matrices of `response_weights` for many quenching scales, which share the inverse of the quenching."""
    etas = np.asarray(etas, dtype=float)
    for parts in zip(*(_matrices(panels, etas) for panels in nodes.panels), strict=True):
        yield np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def _matrices(panels: Panels, etas: Array) -> Iterator[Array]:
    """Yield the columns of the nodes of nuclei that share a quenching factor."""
    edges, response = panels.edges, panels.response
    low, high = edges[0], edges[-1]
    cuts = response.cuts(low, high, etas)
    # what lies beyond the panels is moved to their ends, where intervals have no width
    own = edges if panels.bindings is None else np.concatenate([edges, panels.bindings])
    cuts = np.clip(np.concatenate([cuts, np.broadcast_to(own, (etas.size, own.size))], axis=1), low, high)
    cuts.sort(axis=1)
    fold = _smeared if response.smeared else _sharp
    # many scales at once, as far as memory is small
    step = max(MOST_VALUES // (max(response.bins, PANEL_NODES) * PANEL_NODES * cuts.shape[1]), 1)
    for first in range(0, etas.size, step):
        yield from fold(panels, etas[first : first + step], cuts[first : first + step])


def _intervals(edges: Array, cuts: Array) -> tuple[Any, ...]:
    """Return scale, panel, middle and half the width of the intervals between cuts, by scale and then ascending."""
    owner, first = np.nonzero(cuts[:, 1:] > cuts[:, :-1])
    low, high = cuts[owner, first], cuts[owner, first + 1]
    middle = 0.5 * (high + low)
    panel = np.clip(np.searchsorted(edges, middle, side="right") - 1, 0, edges.size - 2)
    return owner, panel, middle, 0.5 * (high - low)


def _sharp(panels: Panels, etas: Array, cuts: Array) -> Array:
    """Return the matrices for scales whose cuts are known, shape (etas, bins, cols): each interval is in one bin."""
    edges, response, count = panels.edges, panels.response, panels.edges.size - 1
    owner, panel, middle, half = _intervals(edges, cuts)
    observable = response.observable(middle, etas[owner])
    bins = np.searchsorted(response.edges, observable, side="right") - 1
    place = (owner * response.bins + bins) * count + panel
    # they ascend, since bins and panels do with the recoils
    seen = (bins >= 0) & (bins < response.bins)
    owner, panel, middle, half, place = owner[seen], panel[seen], middle[seen], half[seen], place[seen]
    low, high = edges[panel], edges[panel + 1]
    if response.constant:
        # constant in the interval, so that what is integrated are the polynomials alone
        ends = (2 * np.array([middle - half, middle + half]) - low - high) / (high - low)
        moments = _integrals(ends)
        moments *= 0.5 * (high - low) * response.passed(observable[seen], middle) * panels.electrons(middle)
    else:
        recoil = middle + half * NODES[:, None]
        accepted = response.passed(response.observable(recoil, etas[owner]), recoil)
        moments = legendre((2 * recoil - low - high) / (high - low), PANEL_NODES)
        moments *= WEIGHTS[:, None] * (half * accepted * panels.electrons(middle))
        moments = moments.sum(axis=1)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    out = np.zeros((len(cuts) * response.bins * count, PANEL_NODES))
    out[place[starts]] = np.add.reduceat(moments, starts, axis=1).T
    # in many small products, since one large product waits for threads
    return (out.reshape(-1, count, PANEL_NODES) @ TO_NODES).reshape(len(cuts), response.bins, -1)


def _integrals(ends: Array) -> Array:
    """Return the integrals of Legendre polynomials between two ends, shape (2, n), from those on both sides of each.

    (2 k + 1) P_k is the derivative of P_k+1 - P_k-1. What rounding leaves is one of the panel, as that of the
    polynomial through its nodes is.
    """
    values = legendre(ends, PANEL_NODES + 1)
    differences = values[:, 1] - values[:, 0]
    out = np.empty((PANEL_NODES, ends.shape[1]))
    out[0] = differences[1]
    out[1:] = (differences[2:] - differences[:-2]) / (2 * np.arange(1, PANEL_NODES) + 1)[:, None]
    return out


def _smeared(panels: Panels, etas: Array, cuts: Array) -> Array:
    """Return the same where each interval is spread over many bins."""
    edges, response, count = panels.edges, panels.response, panels.edges.size - 1
    owner, panel, middle, half = _intervals(edges, cuts)
    recoil = middle[:, None] + half[:, None] * NODES
    accepted = response.shares(recoil, etas[owner, None])
    accepted = accepted * ((half * panels.electrons(middle))[:, None] * WEIGHTS).ravel()
    a, b = edges[panel, None], edges[panel + 1, None]
    basis = np.ascontiguousarray(np.moveaxis(legendre((2 * recoil - a - b) / (b - a), PANEL_NODES), 0, -1))
    parts = accepted.reshape(response.bins, -1, PANEL_NODES).swapaxes(0, 1) @ basis
    # every panel holds at least one interval, and they ascend together
    starts = np.searchsorted(owner * count + panel, np.arange(len(cuts) * count))
    weights = np.add.reduceat(parts, starts, axis=0) @ TO_NODES
    weights = weights.reshape(len(cuts), count, response.bins, PANEL_NODES)
    return weights.swapaxes(1, 2).reshape(len(cuts), response.bins, -1)


def trimmed(matrix: Array) -> Rows:
    """Return the rows of a matrix without the zeros at both ends."""
    used = matrix != 0
    firsts = used.argmax(axis=1)
    lasts = np.where(used.any(axis=1), matrix.shape[1] - used[:, ::-1].argmax(axis=1), firsts)
    return Rows(firsts, lasts - firsts, matrix[_within(firsts, lasts, matrix.shape[1])])


def _within(firsts: Any, lasts: Any, cols: int) -> Any:
    columns = np.arange(cols)
    return (columns >= firsts[:, None]) & (columns < lasts[:, None])


def dense(weights: Weights, rows: slice) -> Array:
    """Return some rows of weights with their zeros, shape (rows, cols)."""
    firsts, starts, lengths = weights.firsts[rows], weights.pointers[:-1][rows], np.diff(weights.pointers)[rows]
    out = np.zeros((firsts.size, weights.cols))
    inside = np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    out[_within(firsts, firsts + lengths, weights.cols)] = weights.values[inside]
    return out


def pack_rows(parts: Iterable[Rows], cols: int) -> Weights:
    """Return what `trimmed` left, one part after another, as the kernels take it."""
    firsts, lengths, values = map(np.concatenate, zip(*parts, strict=True))
    return Weights(values, np.concatenate([[0], np.cumsum(lengths)]), firsts, cols)


def pack(matrices: Iterable[Array]) -> Weights:
    """Return matrices, shape (bins, cols) each, as the kernels take them: rows without their zeros at both ends.

    Returns
    -------
    Weights
    """
    matrices = list(matrices)
    return pack_rows(map(trimmed, matrices), matrices[0].shape[1])


def joined(parts: Sequence[Weights]) -> Weights:
    """Return weights of the same rows for nodes that follow each other."""
    if len(parts) == 1:
        return parts[0]
    every = slice(0, parts[0].firsts.size)
    return pack([np.concatenate([dense(part, every) for part in parts], axis=1)])
