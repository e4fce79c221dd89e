"""Folding of recoil spectra with a detector response: the model-independent half of every prediction.

A recoil spectrum is smooth between the kinks of the flux, so its values at a few Gauss-Legendre nodes per panel fix it
to rounding. Counts are then one matrix product, ``counts[i] = sum_j weights[i, j] rate[j]``, whose matrix knows neither
the model nor the mediator mass; the mass enters the rates through ``1 / (|q|^2 + M^2)`` alone, and the quenching scale
eta enters the matrix alone.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns._engine import Weights
from cevns.arrays import unique
from cevns.constants import FERMI_CONSTANT, HBAR_C_SQUARED_CM2
from cevns.errors import InputError
from cevns.fluxes import Flux
from cevns.form_factors import FormFactor
from cevns.models.vector import VectorModel, propagator_scale
from cevns.nuclei import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cevns._types import Array, ArrayLike
    from cevns.detectors import Response
    from cevns.nuclei import Nucleus


__all__ = ["RecoilNodes", "pack", "pack_rows", "response_matrices", "response_weights", "trimmed"]

#: Gauss-Legendre nodes per panel: a panel is split until a polynomial through them is good to PANEL_TOLERANCE.
PANEL_NODES = 12
PANEL_TOLERANCE = 1e-10
#: End of the first panel of a detector without a threshold, as a share of the highest recoil.
FIRST_PANEL = 1e-8
#: Charges of nucleons below which even the largest coupling, 1e10, adds less than 1e-28 to the weak charge.
SMALLEST_CHARGE = 1e-60

_X, _W = np.polynomial.legendre.leggauss(PANEL_NODES)
# barycentric weights of the Legendre nodes
_BARYCENTRIC = (-1.0) ** np.arange(PANEL_NODES) * np.sqrt((1 - _X**2) * _W)


@dataclass(frozen=True)
class RecoilNodes:
    """Recoil nodes of a target in a flux, with all that the rates at them need.

    Attributes
    ----------
    edges : ndarray, shape (panels + 1,)
        Panel edges [keV].
    recoil : ndarray, shape (cols,)
        Recoil energies [keV], `PANEL_NODES` per panel, ascending.
    q2 : ndarray, shape (nuclei, cols)
        Squared momentum transfer [MeV^2].
    proton_charge, neutron_charge : ndarray, shape (nuclei, cols)
        Z F_Z and N F_N.
    flavours : tuple of str
        Flavours of the flux.
    kinematic : ndarray, shape (nuclei, flavours, cols)
        Flux moment times number of nuclei times G_F^2 M / pi [1/keV].
    """

    edges: np.ndarray
    recoil: np.ndarray
    q2: np.ndarray
    proton_charge: np.ndarray
    neutron_charge: np.ndarray
    flavours: tuple
    kinematic: np.ndarray

    @classmethod
    def build(
        cls,
        flux: Flux,
        target: Target,
        form_factor: FormFactor,
        low_kev: float,
        high_kev: float,
        extra_edges: Iterable[float] = (),
    ) -> RecoilNodes:
        """Place nodes between two recoil energies [keV], with panel edges also at `extra_edges`."""
        ends = [recoil_end_kev(nucleus, flux.maximum_energy) for nucleus in target.nuclei]
        high_kev = min(high_kev, max(ends))
        if not low_kev < high_kev:
            raise InputError(
                f"no recoil can be observed: the lowest bin or efficiency starts at {low_kev:.3g} keV, and recoils end "
                f"at {max(ends):.3g} keV; are the energies of the flux in MeV, and the edges in the response's unit?"
            )
        sharp = {recoil_end_kev(n, e) for n in target.nuclei for e in flux.sharp_energies}
        weak = unique([recoil_end_kev(n, e) for n in target.nuclei for e in flux.break_energies])
        cuts = unique([low_kev, high_kev, *(t for t in (*sharp, *extra_edges) if low_kev < t < high_kev)])
        # a sliver beside a cut would cost a panel and hold nothing
        cuts = cuts[np.concatenate([[True], np.diff(cuts) > 1e-9 * cuts[1:]])]

        def probe(recoil):
            nodes = cls._at(flux, target, form_factor, recoil)
            return (nodes.kinematic * (nodes.proton_charge**2)[:, None, :]).reshape(-1, recoil.size)

        # below this share of the largest value a probe is rounding noise, which no panel can follow, and so it is where
        # doubles lose their digits
        highest = np.abs(probe(np.geomspace(max(low_kev, FIRST_PANEL * high_kev), high_kev, 64))).max(
            axis=1, keepdims=True
        )
        floor = np.maximum(1e-13 * highest, 1e-280)
        edges = [cuts[0]]
        if low_kev == 0:
            # no panel can carry a pole at its end; the first one is so short that only very light mediators notice
            edges.append(FIRST_PANEL * high_kev)
            cuts = np.concatenate([edges[1:], cuts[cuts > edges[1]]])
        for low, high in itertools.pairwise(cuts):
            edges.extend(_split(probe, low, high, weak, floor))
        edges = np.array(edges)
        half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        return cls._at(flux, target, form_factor, (middle[:, None] + half[:, None] * _X).ravel(), edges)

    @classmethod
    def _at(cls, flux, target, form_factor, recoil, edges=None):
        masses = np.array([n.mass for n in target.nuclei])
        q2 = 2 * masses[:, None] * recoil * 1e-3
        q = np.sqrt(q2)
        scale = rate_scales(target) * 1e-3
        z = [n.protons * form_factor(q[i], n.proton_radius) for i, n in enumerate(target.nuclei)]
        n = [n.neutrons * form_factor(q[i], n.neutron_radius) for i, n in enumerate(target.nuclei)]
        # E_min = sqrt(M T / 2) = q / 2
        moments = np.array([flux.kinematic_moment(f, q / 2) for f in flux.flavours])
        kinematic = np.moveaxis(moments, 0, 1) * scale[:, None, None]
        return cls(edges, recoil, q2, np.array(z), np.array(n), flux.flavours, np.ascontiguousarray(kinematic))

    def quadratic(self, model: VectorModel) -> tuple[Array, Array, Array, Array]:
        """Return the rates' coefficients in y for a model: (a, b, c) and q^2 as the kernels take it.

        The rate at node j is ``sum_n a + b p y + c p^2 y^2`` with ``p = 1 / (q2 + M^2)``; y is `model.strength`.

        Returns
        -------
        a, b, c, q2 : ndarray, shape (nuclei, cols)
            For a contact model q2 is 0, to be used with M^2 = 1, which makes p = 1.
        """
        scale = propagator_scale(model)
        a, b, c = (np.zeros_like(self.q2) for _ in range(3))
        for i, flavour in enumerate(self.flavours):
            g_p, g_n = model.weak.of(flavour)
            # the fourth powers of what is smaller would vanish, which leaves a search for couplings without an end
            k_p, k_n = (k if abs(k) >= SMALLEST_CHARGE else 0.0 for k in model.couplings(flavour))
            weak = g_p * self.proton_charge + g_n * self.neutron_charge
            new = scale * (k_p * self.proton_charge + k_n * self.neutron_charge)
            a += self.kinematic[:, i] * weak**2
            b += self.kinematic[:, i] * 2 * weak * new
            c += self.kinematic[:, i] * new**2
        return a, b, c, (self.q2 if model.has_mass else np.zeros_like(self.q2))


def recoil_end_kev(nucleus: Nucleus, energy: Any) -> Any:
    """Return the highest recoil [keV] on a nucleus for a neutrino energy [MeV]: E_min = sqrt(M T / 2) reaches it."""
    return 2e3 * energy**2 / nucleus.mass


def rate_scales(target: Target) -> Array:
    """Return G_F^2 M / pi of eq. 2.1 times the number of nuclei, for each kind [cm^2/MeV]."""
    masses = np.array([n.mass for n in target.nuclei])
    return np.array(target.numbers) * FERMI_CONSTANT**2 * masses / np.pi * HBAR_C_SQUARED_CM2


def response_weights(nodes: RecoilNodes, response: Response, eta: float = 1.0) -> Array:
    """Return the matrix from rates at the nodes to counts in the bins.

    Parameters
    ----------
    nodes : RecoilNodes
        Where the rates are known.
    response : Response
        The detector.
    eta : float
        Quenching scale.

    Returns
    -------
    ndarray, shape (bins, cols)
        [keV]: acceptance times the integrals of the panels' Lagrange polynomials.
    """
    (matrix,) = response_matrices(nodes, response, [eta])
    return matrix


def response_matrices(nodes: RecoilNodes, response: Response, etas: ArrayLike) -> Iterator[Array]:
    """Yield the matrices of `response_weights` for many quenching scales, which share the inverse of the quenching."""
    low, high = nodes.edges[0], nodes.edges[-1]
    panels = nodes.edges.size - 1
    etas = np.asarray(etas, dtype=float)
    for eta, steps in zip(etas, response.cuts(low, high, etas), strict=True):
        cuts = np.concatenate([nodes.edges, steps])
        cuts = unique(cuts[(cuts >= low) & (cuts <= high)])
        half, middle = 0.5 * np.diff(cuts), 0.5 * (cuts[1:] + cuts[:-1])
        recoil = (middle[:, None] + half[:, None] * _X).ravel()
        accepted = response.acceptance(response.observable(recoil, eta)) * (half[:, None] * _W).ravel()
        panel = np.clip(np.searchsorted(nodes.edges, middle, side="right") - 1, 0, panels - 1)
        a, b = nodes.edges[panel, None], nodes.edges[panel + 1, None]
        basis = _lagrange(((2 * recoil.reshape(-1, PANEL_NODES) - a - b) / (b - a)).ravel())
        parts = accepted.reshape(response.bins, -1, PANEL_NODES).swapaxes(0, 1) @ basis.reshape(
            -1, PANEL_NODES, PANEL_NODES
        )
        # every panel holds at least one interval, and they ascend together
        weights = np.add.reduceat(parts, np.searchsorted(panel, np.arange(panels)), axis=0)
        yield weights.swapaxes(0, 1).reshape(response.bins, -1)


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


def _lagrange(t):
    """Return the Lagrange polynomials of the Legendre nodes at points in [-1, 1]; shape (points, PANEL_NODES)."""
    distance = t[:, None] - _X
    exact = distance == 0
    terms = _BARYCENTRIC / np.where(exact, 1.0, distance)
    terms[exact.any(axis=1)] = 0.0
    terms[exact] = 1.0
    return terms / terms.sum(axis=1, keepdims=True)


_TEST = np.linspace(-1, 1, 2 * PANEL_NODES + 1)
_TO_TEST = _lagrange(_TEST)


def _split(probe, low, high, weak, floor):
    """Return the upper edges of panels between `low` and `high` on which polynomials carry `probe`."""
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    # rounding must not bring a test below the panel
    at, tests = middle + half * _X, np.maximum(middle + half * _TEST, low)
    values, exact = probe(at), probe(tests)
    # the steepest case is a massless mediator, T^-2
    good = all(
        _carried(values * (low / at) ** power, exact * (low / tests) ** power, floor * (low / tests) ** power)
        for power in ((0, 2) if low > 0 else (0,))
    )
    if good or half < 1e-7 * middle:
        return [high]
    inside = weak[(weak > low + 1e-3 * half) & (weak < high - 1e-3 * half)]
    # the geometric mean halves the work for a rate that falls like a power of T
    cut = inside[np.abs(inside - middle).argmin()] if inside.size else np.sqrt(low * high)
    return [*_split(probe, low, cut, weak, floor), *_split(probe, cut, high, weak, floor)]


def _carried(values, exact, floor):
    """Return whether the polynomials through the nodes' values are right at the tests."""
    error = np.abs(values @ _TO_TEST.T - exact)
    return (error <= np.maximum(PANEL_TOLERANCE * np.abs(exact).max(axis=1, keepdims=True), floor)).all()
