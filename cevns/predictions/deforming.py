"""Between which values of the shapes of a response counts are polynomials, and the fold at all of their nodes."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

import numpy as np

from cevns.arrays import unique
from cevns.detectors import shaped
from cevns.errors import ConvergenceError
from cevns.predictions.fold import Fold, Layer
from cevns.predictions.pieces import probes_of
from cevns.predictions.shaping import shaped_weights
from cevns.spread import Grid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cevns._types import Array
    from cevns.detectors import DetectorResponse, ResponseShape
    from cevns.predictions.fold import LayerKey
    from cevns.predictions.panels import RecoilNodes

__all__ = ["shape_fold", "shape_grids"]

#: Error of counts between nodes, as a share of the largest bin, and nodes of a piece that are tried.
TOLERANCE = 5e-8
_ORDERS = (4, 5, 6, 7, 8)
_MOST_PIECES = 32
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
        weights = shaped_weights(nodes, response, shapes, [{shape.name: float(v)} for v in values])
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
    found = np.array([grid.basis(value) for value in tests]) @ known
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
    """Return the fold at all combinations of the grids' nodes, the last one's fastest."""
    names = [grid.name for grid in grids]
    values = [dict(zip(names, z, strict=True)) for z in itertools.product(*(g.nodes.tolist() for g in grids))]
    layers = {key: Layer.of(n, shaped_weights(n, response, shapes, values)) for key, n in nodes.items()}
    return Fold(layers, response.bins)
