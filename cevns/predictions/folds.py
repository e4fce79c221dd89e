"""All folds of a signal, made when they are needed and kept."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cevns.errors import InputError
from cevns.interactions.kinematics import ELECTRONS, NUCLEI, VECTOR, heaviest_lepton, heaviest_on_electrons, kinds_of
from cevns.kept import Kept
from cevns.predictions.electrons import ElectronNodes
from cevns.predictions.fold import Fold, Layer
from cevns.predictions.folding import pack_rows, response_rows, response_weights, trimmed
from cevns.predictions.panels import RecoilNodes, recoil_ranges
from cevns.predictions.pieces import EtaPieces, eta_range, tolerance
from cevns.predictions.refining import ETA_POINTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.detectors import DetectorResponse, ElectronResponse
    from cevns.fluxes import Flux
    from cevns.nuclei import FormFactor, Target
    from cevns.predictions.fold import LayerKey

__all__ = ["Folds", "FoldsOfPart"]

#: What is kept at most; a scan over masses of final leptons must not fill the memory.
MOST_KEPT = 8


class Folds:
    """Folds of a flux, a target and a response.

    Parameters
    ----------
    flux, target, response, form_factor, quenching_sigma, electrons
        As of `Signal`.
    """

    def __init__(
        self,
        flux: Flux,
        target: Target,
        response: DetectorResponse,
        form_factor: FormFactor,
        quenching_sigma: float,
        electrons: ElectronResponse | None = None,
    ) -> None:
        self.flux, self.target, self.response, self.form_factor = flux, target, response, form_factor
        self.quenching_sigma, self.electrons = quenching_sigma, electrons
        self._kept = Kept(MOST_KEPT)

    @cached_property
    def smallest_mass(self) -> float:
        """Least mediator mass [MeV] that the nodes follow: 0, unless recoils or electrons are observed down to 0."""
        electrons = self.electron_nodes(0.0)
        return max(self.nodes.smallest_mass, 0.0 if electrons is None else electrons.smallest_mass)

    @cached_property
    def from_zero(self) -> bool:
        """Whether recoils or electrons of 0 are as probable to be observed as others."""
        electrons = self.electron_nodes(0.0)
        return self.nodes.from_zero or (electrons is not None and electrons.from_zero)

    @cached_property
    def heaviest_leptons(self) -> tuple[float, ...]:
        """Masses [MeV] of final leptons up to which lines and spectra give recoils that are observed, ascending."""
        low, high = eta_range(self.quenching_sigma)
        energies = self.flux.end_energies.tolist()
        found = {0.0}
        for members, part in self.response.parts(self.target.nuclei):
            least, most = (1e-3 * end for end in part.recoil_range((low, 1.0, high)))
            found |= {heaviest_lepton(self.target.nuclei[i].mass, e, least, most) for i in members for e in energies}
        if self.electrons is not None:
            found |= {heaviest_on_electrons(e) for e in energies}
        return tuple(sorted(found))

    def electron_nodes(self, final_mass: float) -> ElectronNodes | None:
        """Return nodes of electrons' energies; None if no electron is observed."""
        if self.electrons is None:
            return None
        response = self.electrons.of(self.response)
        return ElectronNodes.build(self.flux, self.target, response, self.electrons, final_mass)

    def observed(self, targets: Sequence[str]) -> tuple[str, ...]:
        """Return those of some targets, nuclei and electrons, of which anything can be observed."""
        seen = {NUCLEI: bool(self.nodes.scales.any()), ELECTRONS: self._sees_electrons}
        return tuple(target for target in targets if seen[target])

    @cached_property
    def _sees_electrons(self) -> bool:
        return self.electron_nodes(0.0) is not None

    def _electrons(self, layer: LayerKey, scales: int) -> Layer | None:
        """Return the layer of electrons, the same for all of some quenching scales."""
        nodes = self.electron_nodes(layer[1])
        if nodes is None:
            return None
        return Layer.of(nodes, pack_rows([trimmed(response_weights(nodes))] * scales, nodes.recoil.size))

    @cached_property
    def nodes(self) -> RecoilNodes:
        """Recoil nodes of vector exchange, for every value of the quenching scale in its range."""
        return self._nodes(VECTOR.layer, None)

    def at(self, eta: float = 1.0, layers: tuple[LayerKey, ...] = (VECTOR.layer,)) -> Fold:
        """Return the fold at one quenching scale for some kinematics."""
        if eta == 1.0:
            return self._kept.get(layers, lambda: self._at(eta, layers))
        return self._at(eta, layers)

    def _at(self, eta: float, layers: tuple[LayerKey, ...]) -> Fold:
        first = VECTOR.layer
        if eta == 1.0 and layers[0] == first != layers[-1]:
            # a scan over masses of final leptons asks for the same first layer each time
            fold = self.at(1.0)
            return fold.extended(fold.layers | self._made(eta, layers[1:]), None)
        return Fold(self._made(eta, layers), self.response.bins)

    def _made(self, eta: float, layers: Sequence[LayerKey]) -> dict[LayerKey, Layer]:
        """Return the layers that see something, at one quenching scale."""
        low, high = eta_range(self.quenching_sigma)
        own = [key for key in layers if key[0] != ELECTRONS]
        found = {key: self._seen(key, None if low <= eta <= high else eta) for key in own}
        made = {key: _layer(n, np.array([eta])) for key, n in found.items() if n is not None}
        return self._with_electrons(made, layers, 1)

    def _with_electrons(
        self, made: dict[LayerKey, Layer], layers: Sequence[LayerKey], scales: int
    ) -> dict[LayerKey, Layer]:
        """Return layers with those of electrons that are asked for and seen."""
        found = {key: self._electrons(key, scales) for key in layers if key[0] == ELECTRONS}
        return made | {key: layer for key, layer in found.items() if layer is not None}

    def over(
        self,
        precision: float = 1.0,
        units: tuple[float, ...] | None = None,
        layers: tuple[LayerKey, ...] = (VECTOR.layer,),
    ) -> Fold:
        """Return the fold over the range of the quenching scale.

        Parameters
        ----------
        precision : float
            Largest ratio of a bin's data to its uncertainty: the larger, the more exact counts have to be.
        units : tuple of float, optional
            In which counts of each bin are; 1 unless given.
        layers : tuple of LayerKey
            Kinematics, that of vector exchange first.
        """
        key = tolerance(precision), units, layers
        if units is not None:
            return self._kept.get(key, lambda: self.over(precision, None, layers).scaled(np.array(units)))
        if self.quenching_sigma:
            return self._kept.get(key, lambda: self._pieces(precision, layers))
        return self.at(1.0, layers)

    def flat(self, etas: Array, layers: tuple[LayerKey, ...] = (VECTOR.layer,)) -> Fold:
        """Return the fold at some quenching scales, each a node for itself."""
        key = etas.tobytes(), layers

        def make() -> Fold:
            own = [key for key in layers if key[0] != ELECTRONS]
            found = {key: self._seen(key, None) for key in own}
            made = {k: _layer(n, etas) for k, n in found.items() if n is not None}
            return Fold(self._with_electrons(made, layers, etas.size), self.response.bins)

        return self._kept.get(key, make)

    def _pieces(self, precision: float, layers: tuple[LayerKey, ...]) -> Fold:
        first, *others = layers
        if not others:
            pieces = EtaPieces.build(self.nodes, self.quenching_sigma, tolerance(precision))
            return Fold({first: Layer.of(self.nodes, pieces.weights)}, self.response.bins, pieces.edges, ETA_POINTS)
        fold = self.over(precision)
        made, edges = dict(fold.layers), fold.edges
        for key in others:
            nodes = self._seen(key, None) if key[0] != ELECTRONS else None
            if nodes is not None:
                pieces = EtaPieces.build(nodes, self.quenching_sigma, tolerance(precision), within=edges)
                if edges is not None and not np.array_equal(pieces.edges, edges):
                    made = {known: layer.finer(edges, pieces.edges) for known, layer in made.items()}
                    edges = pieces.edges
                made[key] = Layer.of(nodes, pieces.weights)
        scales = ETA_POINTS.size * (1 if edges is None else edges.size - 1)
        return fold.extended(self._with_electrons(made, others, scales), edges)

    @cached_property
    def _ranges(self) -> list[tuple[float, float]]:
        """Recoils [keV] that are observed for any quenching scale in its range."""
        low, high = eta_range(self.quenching_sigma)
        etas = (low, 1.0, high) if self.quenching_sigma else (1.0,)
        return recoil_ranges([self.response], self.target.nuclei, etas)

    def _nodes(self, layer: LayerKey, eta: float | None) -> RecoilNodes:
        """Return recoil nodes of a layer, for one quenching scale or, without one, for all in its range."""
        cut = eta is None and not self.quenching_sigma and not self.response.smeared
        return RecoilNodes.build(
            self.flux,
            self.target,
            self.form_factor,
            self.response,
            kinds=kinds_of(layer),
            cut_at_bins=cut,
            ranges=self._ranges if eta is None else recoil_ranges([self.response], self.target.nuclei, (eta,)),
            unseen=layer[1] == 0 and self._sees_electrons,
        )

    def _seen(self, layer: LayerKey, eta: float | None) -> RecoilNodes | None:
        """Return the nodes of a layer; None for a massive final lepton with which no recoil is observed."""
        if layer == VECTOR.layer and eta is None:
            return self.nodes
        try:
            return self._nodes(layer, eta)
        except InputError:
            if layer[1] > 0:
                return None
            raise


def _layer(nodes: RecoilNodes, etas: Array) -> Layer:
    return Layer.of(nodes, pack_rows([response_rows(nodes, etas)], nodes.recoil.size))


class FoldsOfPart(Folds):
    """Folds of a part of a flux at the nodes of all of it, so that parts add up to the whole in every digit.

    Parameters
    ----------
    whole : Folds
        Of all of the flux.
    flux : Flux
        The part.
    """

    def __init__(self, whole: Folds, flux: Flux) -> None:
        sigma, electrons = whole.quenching_sigma, whole.electrons
        super().__init__(flux, whole.target, whole.response, whole.form_factor, sigma, electrons)
        self._whole = whole

    @cached_property
    def nodes(self) -> RecoilNodes:
        """Recoil nodes of the whole."""
        return self._whole.nodes

    def _at(self, eta: float, layers: tuple[LayerKey, ...]) -> Fold:
        return self._whole.at(eta, layers).of_flux(self.flux)
