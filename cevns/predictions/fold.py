"""Folds: recoil nodes with a response, ready for every interaction."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from cevns.interactions.kinematics import VECTOR, Kind
from cevns.kernels.pieces import Pieces
from cevns.kernels.weights import Weights
from cevns.predictions.folding import joined
from cevns.predictions.refining import refined, refined_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from cevns._types import Array
    from cevns.fluxes import Flux
    from cevns.predictions.electrons import ElectronNodes
    from cevns.predictions.panels import RecoilNodes

__all__ = ["Fold", "Layer", "LayerKey"]

#: What names a layer: see `Kind.layer`.
LayerKey = tuple[str, float]


class Layer:
    """Recoil nodes of some kinematics, and what leads from rates there to counts.

    Parameters
    ----------
    nodes : RecoilNodes or ElectronNodes
        Where rates are known.
    rows : int
        Number of eta nodes times bins.
    weights : callable
        Returns the response's matrix, whose rows are (eta node, bin). It is made if somebody asks for it.
    dot : callable
        From k sets of rates at the nodes, shape (k, cols), to counts, shape (k, rows).
    """

    def __init__(
        self,
        nodes: RecoilNodes | ElectronNodes,
        rows: int,
        weights: Callable[[], Weights],
        dot: Callable[[Array], Array],
    ) -> None:
        self.nodes, self.rows, self.dot = nodes, rows, dot
        self._make = weights

    @classmethod
    def of(cls, nodes: RecoilNodes | ElectronNodes, weights: Weights) -> Layer:
        """Return a layer whose weights are there."""
        return cls(nodes, weights.firsts.size, lambda: weights, weights.dot)

    @cached_property
    def weights(self) -> Weights:
        """From rates at the nodes to counts; rows (eta node, bin)."""
        return self._make()

    def scaled(self, factors: Array) -> Layer:
        """Return the same with counts of each bin multiplied by a factor, shape (bins,)."""
        each = np.tile(factors, self.rows // factors.size)
        return Layer(self.nodes, self.rows, lambda: self.weights.scaled(factors), lambda rates: self.dot(rates) * each)

    def finer(self, edges: Array, finer: Array) -> Layer:
        """Return the same over finer pieces of the quenching scale than those that it was made for."""
        rows = self.rows // (edges.size - 1) * (finer.size - 1)
        return Layer(
            self.nodes,
            rows,
            lambda: refined(self.weights, edges, finer),
            lambda rates: refined_counts(self.dot(rates), edges, finer),
        )


class Fold:
    """Recoil nodes with a response, at one quenching scale or over a range of it.

    Parameters
    ----------
    layers : mapping of LayerKey to Layer
        That of vector exchange first; those that see no recoil are left out.
    bins : int
        Number of bins.
    edges, points : ndarray, optional
        Pieces of the quenching scale and their nodes; see `cevns.kernels.pieces.Pieces`.
    """

    def __init__(
        self,
        layers: Mapping[LayerKey, Layer],
        bins: int,
        edges: Array | None = None,
        points: Array | None = None,
    ) -> None:
        self.layers, self.bins = dict(layers), bins
        self.edges, self.points = edges, points
        self._channels: dict[Kind, Array] = {}
        self._counts: dict[Kind, Array] = {}

    def scaled(self, units: Array) -> Fold:
        """Return the same with counts in some units, shape (bins,)."""
        layers = {key: layer.scaled(1 / units) for key, layer in self.layers.items()}
        out = Fold(layers, self.bins, self.edges, self.points)
        out._channels = self._channels
        out.__dict__["pieces"] = self.pieces
        return out

    def of_flux(self, flux: Flux) -> Fold:
        """Return the same for a part of the flux that the nodes were made for."""
        layers = {
            key: Layer(replace(layer.nodes, flux=flux), layer.rows, partial(getattr, layer, "weights"), layer.dot)
            for key, layer in self.layers.items()
        }
        return Fold(layers, self.bins, self.edges, self.points)

    def extended(self, layers: Mapping[LayerKey, Layer], edges: Array | None) -> Fold:
        """Return the same with more layers, over pieces that are parts of these."""
        out = Fold(layers, self.bins, edges, self.points)
        out._channels = dict(self._channels)
        if edges is self.edges:
            out._counts = dict(self._counts)
            out.__dict__["pieces"] = self.pieces
        return out

    @property
    def nodes(self) -> RecoilNodes:
        """Nodes of vector exchange."""
        nodes: Any = self.layers[VECTOR.layer].nodes
        found: RecoilNodes = nodes
        return found

    @property
    def shape(self) -> tuple[int, int]:
        """Number of eta nodes, and of bins."""
        return self.layers[VECTOR.layer].rows // self.bins, self.bins

    def joined(self, keys: Iterable[LayerKey]) -> tuple[Weights, Array, dict[LayerKey, slice]]:
        """Return weights and q2 [MeV^2] of several layers side by side, and where the nodes of each are."""
        layers = {key: self.layers[key] for key in keys}
        if len(layers) == 1:
            ((key, layer),) = layers.items()
            return layer.weights, layer.nodes.q2, {key: slice(None)}
        q2 = np.concatenate([layer.nodes.q2 for layer in layers.values()], axis=1)
        ends = np.cumsum([0, *(layer.nodes.recoil.size for layer in layers.values())]).tolist()
        places = {key: slice(*pair) for key, pair in zip(layers, itertools.pairwise(ends), strict=True)}
        return joined([layer.weights for layer in layers.values()]), np.ascontiguousarray(q2), places

    @cached_property
    def without_rates(self) -> tuple[Weights, Array, dict[LayerKey, slice]]:
        """The same, with empty rows, for counts none of which is a rate that parameters move."""
        rows = self.layers[VECTOR.layer].rows
        zeros = np.zeros(rows + 1, dtype=np.intp)
        return (
            Weights(np.empty(0), zeros, zeros[1:], self.nodes.recoil.size),
            self.nodes.q2,
            {VECTOR.layer: slice(None)},
        )

    def channels(self, kind: Kind) -> Array:
        """Return rates of (Z F_Z)^2, Z F_Z N F_N and (N F_N)^2 by flavour, shape (3 flavours, nuclei, cols)."""
        if kind not in self._channels:
            nodes = self.layers[kind.layer].nodes
            self._channels[kind] = nodes.channels(kind, nodes.neutron_charge)
        return self._channels[kind]

    def counts(self, kind: Kind) -> Array:
        """Return the same folded, shape (3 flavours, eta nodes x bins)."""
        if kind not in self._counts:
            self._counts[kind] = self.layers[kind.layer].dot(self.channels(kind).sum(axis=1))
        return self._counts[kind]

    @cached_property
    def pieces(self) -> Any:
        """Pieces of the quenching scale; None for one scale."""
        edges, points = self.edges, self.points
        if edges is None or points is None:
            return None
        # as good as any interaction with neutrons: where counts nearly vanish inside a piece
        neutrons = self.counts(VECTOR)[2 * len(self.nodes.flavours) :].sum(axis=0)
        neutrons = neutrons.reshape(edges.size - 1, points.size, self.bins)
        steep = (neutrons.min(axis=1) < 0.1 * neutrons.max(axis=1)).any(axis=1)
        return Pieces(edges, points, steep)
