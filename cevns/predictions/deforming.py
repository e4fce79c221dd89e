"""Between which values of the shapes of a response counts are polynomials, and the fold at all of their nodes."""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.arrays import unique
from cevns.detectors import shaped
from cevns.errors import ConvergenceError
from cevns.interactions.kinematics import kinds_of
from cevns.predictions.fold import Fold, Layer
from cevns.predictions.folding import dense, pack
from cevns.predictions.pieces import probes_of
from cevns.predictions.shaping import shaped_weights
from cevns.spread import Grid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cevns._types import Array
    from cevns.detectors import DetectorResponse, ResponseShape
    from cevns.predictions.fold import LayerKey
    from cevns.predictions.panels import RecoilNodes

__all__ = ["in_moments", "main_terms", "shape_fold", "shape_grids"]

#: Error of counts between nodes, as a share of the largest bin, and nodes of a piece that are tried.
TOLERANCE = 5e-8
_ORDERS = (4, 5, 6, 7, 8)
#: The same of what moments lose, for rates that are nowhere above those of mediators: the norm of what is left out,
#: times that of the rates.
LOST = 1e-11
#: More moments than that are no gain.
MOST_MOMENTS = 128
#: What all terms that are left out may add up to, as a share of the largest bin.
LEFT_OUT = 0.1 * TOLERANCE
_MOST_PIECES = 32
#: Most combinations of values of all shapes at which a response is folded.
_MOST_NODES = 100_000
#: Counts that are none.
_NOTHING = 1e-250
#: Places of a nuisance's range where kinks of an efficiency are looked for.
_LOOKS = 101


def shape_grids(nodes: RecoilNodes, response: DetectorResponse, shapes: Sequence[ResponseShape]) -> tuple[Grid, ...]:
    """Return a grid for each shape on which counts are known to 5e-8 of the largest bin.

    Raises
    ------
    ConvergenceError
        If too many pieces are needed.
    """
    probes = probes_of(nodes)

    def counts(shape: ResponseShape, values: Array) -> Array:
        shifts = [{shape.name: float(v)} for v in values]
        weights = shaped_weights(nodes, response, shapes, shifts, covered=True)
        found: Array = weights.dot(probes.T.copy()).reshape(probes.shape[1], len(values), -1)
        return np.concatenate(found, axis=1)

    return tuple(_grid(shape, response, functools.partial(counts, shape)) for shape in shapes)


def _grid(shape: ResponseShape, response: DetectorResponse, counts: Callable[[Array], Array]) -> Grid:
    edges = np.array([shape.low, *_crossings(shape, response), shape.high])
    scale = np.maximum(np.abs(counts(edges)).max(axis=0), 1e-300)
    # bins of one kind of rate have one largest
    scale = np.repeat(scale.reshape(2, -1).max(axis=1), scale.size // 2)
    for order in _ORDERS:
        wrong = _wrong(Grid(shape.name, edges, order), counts, scale)
        if not wrong:
            return Grid(shape.name, edges, order)
    while len(edges) <= _MOST_PIECES:
        edges = unique([*edges, *(0.5 * (edges[i] + edges[i + 1]) for i in wrong)])
        grid = Grid(shape.name, edges, order)
        wrong = _wrong(grid, counts, scale)
        if not wrong:
            return grid
    raise ConvergenceError(
        f"counts are not smooth in the shape {shape.name!r}: more than {_MOST_PIECES} pieces are needed; give it a "
        "narrower range, or the response a resolution"
    )


def _wrong(grid: Grid, counts: Callable[[Array], Array], scale: Array) -> list[int]:
    """Return the pieces whose polynomials are not good enough, by a look where their errors are largest."""
    edges = np.array(grid.edges)
    inner = 0.5 * (grid.points[1:] + grid.points[:-1])
    places = np.unique([0.5 * (grid.points[0] - 1), inner[0], inner[len(inner) // 2], inner[-1], -0.98, 0.98])
    half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
    tests = (middle[:, None] + half[:, None] * places).ravel()
    known, exact = np.split(counts(np.concatenate([grid.nodes, tests])), [grid.nodes.size])
    found = np.array([grid.polynomials(value) for value in tests]) @ grid.coefficients(known)
    missed = (np.abs(found - exact) / scale).max(axis=1).reshape(half.size, -1).max(axis=1)
    return [int(i) for i in np.flatnonzero(missed > TOLERANCE)]


def _crossings(shape: ResponseShape, response: DetectorResponse) -> list[float]:
    """Return where a kink of the efficiency passes an edge of the bins."""
    from scipy.optimize import brentq

    def kinks(value: float) -> Array:
        moved = shaped(response, [shape], {shape.name: value})
        return np.asarray(getattr(getattr(moved, "efficiency", None), "x", ()), dtype=float)

    values = np.linspace(shape.low, shape.high, _LOOKS)
    looks = [kinks(value) for value in values]
    if len({look.size for look in looks}) > 1 or not looks[0].size or np.array_equal(looks[0], looks[-1]):
        return []
    found = []
    for edge, k in itertools.product(response.edges, range(looks[0].size)):
        gaps = np.array([look[k] - edge for look in looks])
        for i in np.flatnonzero(gaps[1:] * gaps[:-1] < 0):
            found.append(float(brentq(lambda v, k=k, edge=edge: kinks(v)[k] - edge, values[i], values[i + 1])))
    return sorted(found)


def shape_fold(
    nodes: Mapping[LayerKey, RecoilNodes],
    response: DetectorResponse,
    shapes: Sequence[ResponseShape],
    grids: Sequence[Grid],
) -> Fold:
    """Return the fold at all combinations of the grids' nodes, the last one's fastest.

    Raises
    ------
    ConvergenceError
        If these are too many.
    """
    count = math.prod(_sizes(grids))
    if count > _MOST_NODES:
        raise ConvergenceError(
            f"counts are not smooth in the shapes {', '.join(grid.name for grid in grids)}: {count:,} combinations of "
            f"their values are needed, at most {_MOST_NODES:,} are looked at; give them narrower ranges, or the "
            "response a resolution, or leave some out"
        )
    names = [grid.name for grid in grids]
    values = [dict(zip(names, z, strict=True)) for z in itertools.product(*(g.nodes.tolist() for g in grids))]
    layers = {key: Layer.of(n, shaped_weights(n, response, shapes, values, covered=True)) for key, n in nodes.items()}
    return Fold(layers, response.bins)


def main_terms(fold: Fold, grids: Sequence[Grid]) -> Array:
    """Return the terms of counts in Chebyshev polynomials that matter, as orders, shape (terms, shapes).

    Parameters
    ----------
    fold : Fold
        At all combinations of the grids' nodes, the last one's fastest.
    grids : sequence of Grid
        At least one.
    """
    kept = {0}
    for key, layer in fold.layers.items():
        counts = layer.dot(_probes(fold, key)).reshape(-1, *_sizes(grids), fold.bins)
        for i, grid in enumerate(grids):
            counts = grid.coefficients(counts, axis=1 + i)
        found = np.abs(_apart(np.moveaxis(counts, 0, -1), grids))
        # in units of the largest bin of each kind of rates; rows of cells and kinds
        sizes = (found / np.maximum(found.max(axis=(0, 1, 2)), 1e-300)).max(axis=2).swapaxes(1, 2)
        for row in sizes.reshape(-1, sizes.shape[-1]):
            ranks = np.argsort(row)
            kept |= set(ranks[np.cumsum(row[ranks]) > LEFT_OUT].tolist())
    orders = np.stack(np.unravel_index(sorted(kept), [grid.order for grid in grids]), axis=1)
    return np.ascontiguousarray(orders, dtype=np.intp)


def in_moments(fold: Fold, grids: Sequence[Grid], orders: Array) -> tuple[Fold, Array | None]:
    """Return a fold to few moments of the rates, and what leads from these to coefficients of terms.

    Where bins are sharp there are as many moments as coefficients: then the fold leads to these itself.

    Coefficients are sums of moments but for 1e-11 of the largest bin, whatever the rates are; see `LOST`.

    Parameters
    ----------
    fold : Fold
        At all combinations of the grids' nodes, the last one's fastest.
    grids : sequence of Grid
        At least one.
    orders : ndarray of int, shape (terms, shapes)
        See `main_terms`.

    Returns
    -------
    fold : Fold
        Whose bins are moments.
    mixing : ndarray, shape (cells, terms, bins, moments), or None
        Without it rows of the fold are (cell, term, bin).
    """
    places = np.ravel_multi_index(tuple(orders.T), [grid.order for grid in grids])
    parts, scales = [], []
    for key, layer in fold.layers.items():
        probes = _probes(fold, key)
        parts.append(_coefficients(layer, grids, places, fold.bins))
        largest = np.abs(layer.dot(probes)).max(axis=1, keepdims=True)
        # rates of which nothing is observed ask for no accuracy
        scales.append(np.abs(probes / np.where(largest > _NOTHING, largest, np.inf)).max(axis=0))
    if _surely_many(parts, scales):
        return _of_terms(fold, parts), None
    whole, scale = np.concatenate(parts, axis=-1), np.concatenate(scales)
    left, sizes, right = np.linalg.svd(whole.reshape(-1, scale.size) * scale, full_matrices=False)
    n = _moments(sizes, scale.size)
    if n > MOST_MOMENTS:
        return _of_terms(fold, parts), None
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    moments = np.split(right[:n] * inverse, np.cumsum([part.shape[-1] for part in parts])[:-1], axis=1)
    layers = {
        key: Layer.of(layer.nodes, pack([rows]))
        for (key, layer), rows in zip(fold.layers.items(), moments, strict=True)
    }
    return Fold(layers, n), np.ascontiguousarray((left[:, :n] * sizes[:n]).reshape(*whole.shape[:-1], n))


def _coefficients(layer: Layer, grids: Sequence[Grid], places: Array, bins: int) -> Array:
    """Return what leads from rates at the nodes of a layer to coefficients, shape (cells, terms, bins, cols)."""
    out = np.empty((math.prod(grid.pieces for grid in grids), places.size, bins, layer.weights.cols))
    for i in range(bins):
        rows = dense(layer.weights, slice(i, None, bins)).reshape(*_sizes(grids), -1)
        for k, grid in enumerate(grids):
            rows = grid.coefficients(rows, axis=k)
        terms = _apart(rows, grids)
        # a copy takes its time
        out[:, :, i] = terms if places.size == terms.shape[1] else terms[:, places]
    return out


def _of_terms(fold: Fold, parts: Sequence[Array]) -> Fold:
    """Return the fold to coefficients themselves."""
    layers = {
        key: Layer.of(layer.nodes, pack(part.reshape(-1, *part.shape[2:])))
        for (key, layer), part in zip(fold.layers.items(), parts, strict=True)
    }
    return Fold(layers, fold.bins)


def _moments(sizes: Array, cols: int) -> int:
    """Return how many moments matter, one at least, from all singular values."""
    return max(int(np.count_nonzero(sizes * math.sqrt(cols) > LOST)), 1)


def _surely_many(parts: Sequence[Array], scales: Sequence[Array]) -> bool:
    """Return whether so many moments matter that they are no gain, where a small part of the matrix shows it.

    The singular values of a matrix times orthonormal columns are at most its own, one by one. All of its own take half
    a minute for sharp bins of many isotopes.
    """
    rows, cols = math.prod(parts[0].shape[:-1]), sum(scale.size for scale in scales)
    # of those all are soon known
    if min(rows, cols) <= 4 * MOST_MOMENTS:
        return False
    # columns that no structure of the matrix knows of, the same each time
    columns, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(cols, 2 * MOST_MOMENTS)))
    each = np.split(columns, np.cumsum([scale.size for scale in scales])[:-1])
    small: Any = sum(
        part.reshape(rows, -1) @ (scale[:, None] * some) for part, scale, some in zip(parts, scales, each, strict=True)
    )
    return _moments(np.linalg.svd(small, compute_uv=False), cols) > MOST_MOMENTS


def _probes(fold: Fold, key: LayerKey) -> Array:
    """Return rates like those of heavy and of massless mediators at the nodes of a layer, shape (2 kinds, cols)."""
    heavy = [np.abs(fold.channels(kind)).sum(axis=(0, 1)) for kind in kinds_of(key)]
    recoil = fold.layers[key].nodes.recoil
    return np.ascontiguousarray([rate for each in heavy for rate in (each, each / recoil**2)])


def _sizes(grids: Sequence[Grid]) -> list[int]:
    return [grid.pieces * grid.order for grid in grids]


def _apart(values: Array, grids: Sequence[Grid]) -> Array:
    """Return values (piece and order of each shape, ...) as (cell, orders of all shapes, ...)."""
    shape = [n for grid in grids for n in (grid.pieces, grid.order)]
    n = len(grids)
    moved = values.reshape(*shape, *values.shape[n:])
    moved = np.moveaxis(moved, range(0, 2 * n, 2), range(n))
    cells, orders = (math.prod(getattr(grid, part) for grid in grids) for part in ("pieces", "order"))
    return moved.reshape(cells, orders, *values.shape[n:])
