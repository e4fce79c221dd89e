"""Folding of recoil spectra with a detector response: the matrix from rates at recoil nodes to counts.

``counts[i] = sum_j weights[i, j] rate[j]``; the matrix knows neither the interaction nor its parameters, and the
quenching scale eta enters the matrix alone. Of eq. 2.9 (arXiv:2008.05022) it is the integral over T with A(T).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cevns.arrays import legendre
from cevns.kernels.weights import Weights, fold_intervals
from cevns.predictions.panels import NODES, PANEL_NODES, TO_NODES, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from cevns._types import Array
    from cevns.predictions.electrons import ElectronNodes
    from cevns.predictions.panels import Panels, RecoilNodes

#: Values of polynomials or of the acceptance that are computed at once.
MOST_VALUES = 500_000

__all__ = [
    "Rows",
    "dense",
    "joined",
    "pack",
    "pack_rows",
    "response_rows",
    "response_weights",
    "trimmed",
]


class Rows(NamedTuple):
    """Rows of a matrix without the zeros at both ends.

    Attributes
    ----------
    firsts : ndarray of intp, shape (rows,)
        Column of each row's first value.
    pointers : ndarray of intp, shape (rows + 1,)
        Where each row starts in `values`, from 0 on.
    values : ndarray
        One row after another.
    """

    firsts: np.ndarray
    pointers: np.ndarray
    values: np.ndarray

    def part(self, first: int, last: int) -> Rows:
        """Return some rows that follow each other."""
        pointers = self.pointers[first : last + 1]
        return Rows(self.firsts[first:last], pointers - pointers[0], self.values[pointers[0] : pointers[-1]])

    def dense(self, cols: int) -> Array:
        """Return the matrix."""
        out = np.zeros((self.firsts.size, cols))
        out[_within(self.firsts, self.firsts + np.diff(self.pointers), cols)] = self.values
        return out


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
    (parts,) = _blocks(nodes, np.array([eta]))
    return _matrix(nodes, parts)


def response_rows(nodes: RecoilNodes | ElectronNodes, etas: Array) -> Rows:
    """Return the matrices of `response_weights` for many quenching scales, which share the inverse of the quenching.

    Returns
    -------
    Rows
        Of each scale its bins.
    """
    return _joined_rows([_rows(nodes, parts) for parts in _blocks(nodes, etas)])


def _rows(nodes: RecoilNodes | ElectronNodes, parts: Sequence[Rows | Array]) -> Rows:
    alone = parts[0] if len(parts) == 1 else None
    return alone if isinstance(alone, Rows) else trimmed(_matrix(nodes, parts))


def _matrix(nodes: RecoilNodes | ElectronNodes, parts: Sequence[Rows | Array]) -> Array:
    """Return what nuclei that share a quenching factor have, side by side."""
    cols = [PANEL_NODES * (panels.edges.size - 1) for panels in nodes.panels]
    matrices = [part.dense(n) if isinstance(part, Rows) else part for part, n in zip(parts, cols, strict=True)]
    return np.concatenate(matrices, axis=1) if len(matrices) > 1 else matrices[0]


def _blocks(nodes: RecoilNodes | ElectronNodes, etas: Array) -> Iterator[list[Rows | Array]]:
    """Yield the rows, shape (etas bins, cols), of nuclei that share a quenching factor, for some scales at a time."""
    cuts = [_cuts(panels, etas) for panels in nodes.panels]
    # many scales at once, as far as memory is small
    size = max(nodes.panels[0].response.bins, PANEL_NODES) * PANEL_NODES * max(each.shape[1] for each in cuts)
    step = max(MOST_VALUES // size, 1)
    for first in range(0, etas.size, step):
        some = slice(first, first + step)
        yield [
            (_smeared if panels.response.smeared else _sharp)(panels, etas[some], own[some])
            for panels, own in zip(nodes.panels, cuts, strict=True)
        ]


def _cuts(panels: Panels, etas: Array) -> Array:
    """Return the ends of intervals in which acceptance is smooth, ascending for each scale."""
    edges, low, high = panels.edges, panels.edges[0], panels.edges[-1]
    steps = panels.response.cuts(low, high, etas)
    # what lies beyond the panels is moved to their ends, where intervals have no width
    own = edges if panels.bindings is None else np.concatenate([edges, panels.bindings])
    cuts: Array = np.clip(np.concatenate([steps, np.broadcast_to(own, (etas.size, own.size))], axis=1), low, high)
    cuts.sort(axis=1)
    return cuts


def _intervals(edges: Array, cuts: Array) -> tuple[Any, ...]:
    """Return scale, panel, middle and ends of the intervals between cuts, by scale and then ascending."""
    owner, first = np.nonzero(cuts[:, 1:] > cuts[:, :-1])
    low, high = cuts[owner, first], cuts[owner, first + 1]
    middle = 0.5 * (high + low)
    panel = np.clip(np.searchsorted(edges, middle, side="right") - 1, 0, edges.size - 2)
    return owner, panel, middle, low, high


def _sharp(panels: Panels, etas: Array, cuts: Array) -> Rows:
    """Return the rows for scales whose cuts are known: each interval is in one bin."""
    edges, response = panels.edges, panels.response
    owner, panel, middle, low, high = _intervals(edges, cuts)
    observable = response.observable(middle, etas[owner])
    bins = np.searchsorted(response.edges, observable, side="right") - 1
    seen = (bins >= 0) & (bins < response.bins)
    # they ascend, since bins and panels do with the recoils
    row, panel = (owner * response.bins + bins)[seen], panel[seen]
    middle, low, high = middle[seen], low[seen], high[seen]
    if response.constant:
        recoil = np.stack([low, high], axis=1)
        accepted = response.passed(observable[seen], middle)[:, None]
    else:
        half = 0.5 * (high - low)[:, None]
        recoil = middle[:, None] + half * NODES
        accepted = response.passed(response.observable(recoil, etas[owner[seen], None]), recoil) * half * WEIGHTS
    accepted = accepted * np.reshape(panels.electrons(middle), (-1, 1))
    return Rows(*fold_intervals(edges, TO_NODES, etas.size * response.bins, row, panel, recoil, accepted))


def _smeared(panels: Panels, etas: Array, cuts: Array) -> Array:
    """Return the matrices, shape (etas bins, cols), where each interval is spread over many bins."""
    edges, response, count = panels.edges, panels.response, panels.edges.size - 1
    owner, panel, middle, low, high = _intervals(edges, cuts)
    half = 0.5 * (high - low)
    recoil = middle[:, None] + half[:, None] * NODES
    accepted = response.shares(recoil, etas[owner, None])
    accepted = accepted * ((half * panels.electrons(middle))[:, None] * WEIGHTS).ravel()
    a, b = edges[panel, None], edges[panel + 1, None]
    basis = np.moveaxis(legendre((2 * recoil - a - b) / (b - a), PANEL_NODES), 0, -1)
    parts = accepted.reshape(response.bins, -1, PANEL_NODES).swapaxes(0, 1) @ basis
    # every panel holds at least one interval, and they ascend together
    starts = np.searchsorted(owner * count + panel, np.arange(len(cuts) * count))
    weights = np.add.reduceat(parts, starts, axis=0) @ TO_NODES
    weights = weights.reshape(len(cuts), count, response.bins, PANEL_NODES)
    return weights.swapaxes(1, 2).reshape(len(cuts) * response.bins, -1)


def trimmed(matrix: Array) -> Rows:
    """Return the rows of a matrix without the zeros at both ends."""
    used = matrix != 0
    firsts = used.argmax(axis=1)
    lasts = np.where(used.any(axis=1), matrix.shape[1] - used[:, ::-1].argmax(axis=1), firsts)
    return Rows(firsts, _pointers(lasts - firsts), matrix[_within(firsts, lasts, matrix.shape[1])])


def _pointers(lengths: Array) -> Array:
    """Return where rows start that follow each other."""
    return np.concatenate([np.zeros(1, dtype=np.intp), np.cumsum(lengths)])


def _within(firsts: Any, lasts: Any, cols: int) -> Any:
    columns = np.arange(cols)
    return (columns >= firsts[:, None]) & (columns < lasts[:, None])


def dense(weights: Weights, rows: slice) -> Array:
    """Return some rows of weights with their zeros, shape (rows, cols)."""
    firsts, starts, lengths = weights.firsts[rows], weights.pointers[:-1][rows], np.diff(weights.pointers)[rows]
    pointers = _pointers(lengths)
    inside = np.arange(pointers[-1]) + np.repeat(starts - pointers[:-1], lengths)
    return Rows(firsts, pointers, weights.values[inside]).dense(weights.cols)


def _joined_rows(parts: Sequence[Rows]) -> Rows:
    """Return rows that follow each other."""
    return parts[0] if len(parts) == 1 else Rows(*_places(parts), np.concatenate([part.values for part in parts]))


def _places(parts: Sequence[Rows]) -> tuple[np.ndarray, np.ndarray]:
    """Return firsts and pointers of rows that follow each other."""
    lengths = np.concatenate([np.diff(part.pointers) for part in parts])
    return np.concatenate([part.firsts for part in parts]), _pointers(lengths)


def pack_rows(parts: Sequence[Rows], cols: int) -> Weights:
    """Return rows, one part after another, as the kernels take them."""
    firsts, pointers = _places(parts)
    return Weights([part.values for part in parts], pointers, firsts, cols)


def pack(matrices: Iterable[Array]) -> Weights:
    """Return matrices, shape (bins, cols) each, as the kernels take them: rows without their zeros at both ends.

    Returns
    -------
    Weights
    """
    matrices = list(matrices)
    return pack_rows([trimmed(each) for each in matrices], matrices[0].shape[1])


def joined(parts: Sequence[Weights]) -> Weights:
    """Return weights of the same rows for nodes that follow each other."""
    if len(parts) == 1:
        return parts[0]
    every = slice(0, parts[0].firsts.size)
    return pack([np.concatenate([dense(part, every) for part in parts], axis=1)])
