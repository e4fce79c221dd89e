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
    from collections.abc import Iterable

    from cevns._types import Array, ArrayLike
    from cevns.detectors import Response
    from cevns.nuclei import Nucleus


__all__ = ["EtaPieces", "RecoilNodes", "pack", "response_weights"]

#: Gauss-Legendre nodes per panel: a panel is split until a polynomial through them is good to PANEL_TOLERANCE.
PANEL_NODES = 12
PANEL_TOLERANCE = 1e-10
#: End of the first panel of a detector without a threshold, as a share of the highest recoil.
FIRST_PANEL = 1e-8
#: Chebyshev nodes per piece of eta, and the widest piece: together good to 1e-10 of the counts.
ETA_NODES = 5
ETA_WIDTH = 0.04
#: Charges of nucleons below which even the largest coupling, 1e10, adds less than 1e-28 to the weak charge.
SMALLEST_CHARGE = 1e-60

_X, _W = np.polynomial.legendre.leggauss(PANEL_NODES)
# barycentric weights of the Legendre nodes
_BARYCENTRIC = (-1.0) ** np.arange(PANEL_NODES) * np.sqrt((1 - _X**2) * _W)
ETA_POINTS = np.polynomial.chebyshev.chebpts1(ETA_NODES)


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
                f"at {max(ends):.3g} keV"
            )
        sharp = {recoil_end_kev(n, e) for n in target.nuclei for e in flux.sharp_energies}
        weak = unique([recoil_end_kev(n, e) for n in target.nuclei for e in flux.break_energies])
        cuts = unique([low_kev, high_kev, *(t for t in (*sharp, *extra_edges) if low_kev < t < high_kev)])
        # a sliver beside a cut would cost a panel and hold nothing
        cuts = cuts[np.concatenate([[True], np.diff(cuts) > 1e-9 * cuts[1:]])]

        def probe(recoil):
            nodes = cls._at(flux, target, form_factor, recoil)
            bare = nodes.kinematic * (nodes.proton_charge**2)[:, None, :]
            # the steepest case is a massless mediator, T^-2
            return np.concatenate([bare, bare / recoil**2], axis=1).reshape(-1, recoil.size)

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


@dataclass(frozen=True)
class EtaPieces:
    """Range of the quenching scale eta, cut where counts as a function of eta are not analytic.

    Attributes
    ----------
    edges : ndarray, shape (pieces + 1,)
        Ascending; inside a piece counts are polynomials to 1e-10.
    nodes : ndarray, shape (pieces * ETA_NODES,)
        Chebyshev nodes of all pieces.
    """

    edges: np.ndarray
    nodes: np.ndarray

    @classmethod
    def build(cls, response: Response, kinks_kev: ArrayLike, sigma: float, reach: float = 5.0) -> EtaPieces:
        """Cut the range 1 +- reach sigma where a kink of the recoil spectrum crosses a step of the response.

        The nu_mu line ends at a recoil energy inside the CsI bins. Each time that eta moves it across a step of the
        efficiency or a bin edge, the second derivative of the counts jumps, so that no single polynomial in eta gets
        below about 1e-4 of a count; between the crossings five nodes reach 1e-10. Where rows of a quenching table meet
        rows of an efficiency table only a slope of a slope jumps: that is left inside the pieces and costs about 1e-6.
        """
        low, high = max(1 - reach * sigma, 0.25), 1 + reach * sigma
        cuts = {low, high}
        if response.resolution is None:
            jumps = unique([*response.edges, *response.efficiency.jumps])
            quenching = np.asarray(response.quenching.kinks, dtype=float)
            for kinks, steps in ((np.asarray(kinks_kev), response.steps), (quenching, jumps)):
                for kink in response.observable(kinks[kinks > 0]):
                    # not steps / kink, which overflows where nearly nothing is observed of a kink
                    inside = steps[(steps > low * kink) & (steps < high * kink)]
                    cuts.update((inside / kink).tolist())
        cuts = np.array(sorted(cuts))
        cuts = cuts[np.concatenate([[True], np.diff(cuts) > 1e-7])]
        edges = [cuts[0]]
        for a, b in itertools.pairwise(cuts):
            edges.extend(np.linspace(a, b, int(np.ceil((b - a) / ETA_WIDTH)) + 1)[1:])
        edges = np.array(edges)
        half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        return cls(edges, (middle[:, None] + half[:, None] * ETA_POINTS).ravel())


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
    low, high = nodes.edges[0], nodes.edges[-1]
    panels = nodes.edges.size - 1
    cuts = np.concatenate([nodes.edges, response.cuts(low, high, eta)])
    cuts = unique(cuts[(cuts >= low) & (cuts <= high)])
    half, middle = 0.5 * np.diff(cuts), 0.5 * (cuts[1:] + cuts[:-1])
    recoil = (middle[:, None] + half[:, None] * _X).ravel()
    accepted = response.acceptance(response.observable(recoil, eta)) * (half[:, None] * _W).ravel()
    panel = np.clip(np.searchsorted(nodes.edges, middle, side="right") - 1, 0, panels - 1).repeat(PANEL_NODES)
    a, b = nodes.edges[panel], nodes.edges[panel + 1]
    basis = _lagrange((2 * recoil - a - b) / (b - a))
    # every panel holds at least one interval, and they ascend together
    starts = np.searchsorted(panel, np.arange(panels))
    weights = np.zeros((response.bins, panels, PANEL_NODES))
    for i in range(response.bins):
        # a bin sees few of many panels
        used = np.flatnonzero(accepted[i])
        if used.size:
            here, seen = slice(used[0], used[-1] + 1), slice(panel[used[0]], panel[used[-1]] + 1)
            begins = np.maximum(starts[seen] - used[0], 0)
            weights[i, seen] = np.add.reduceat(accepted[i, here, None] * basis[here], begins, axis=0)
    return weights.reshape(response.bins, -1)


def pack(matrices: Iterable[Array]) -> Weights:
    """Return matrices, shape (bins, cols) each, as the kernels take them: rows without their zeros at both ends.

    Returns
    -------
    Weights
    """
    values, firsts, lengths, cols = [], [], [], 0
    for matrix in matrices:
        cols = matrix.shape[1]
        for row in matrix:
            used = np.flatnonzero(row)
            first, last = (used[0], used[-1] + 1) if used.size else (0, 0)
            values.append(row[first:last])
            firsts.append(first)
            lengths.append(last - first)
    return Weights(np.concatenate(values), np.concatenate([[0], np.cumsum(lengths)]), np.array(firsts), cols)


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
    values = probe(middle + half * _X)
    exact = probe(middle + half * _TEST)
    error = np.abs(values @ _TO_TEST.T - exact)
    allowed = np.maximum(PANEL_TOLERANCE * np.abs(exact).max(axis=1, keepdims=True), floor)
    if (error <= allowed).all() or half < 1e-7 * middle:
        return [high]
    inside = weak[(weak > low + 1e-3 * half) & (weak < high - 1e-3 * half)]
    # the geometric mean halves the work for a rate that falls like a power of T
    cut = inside[np.abs(inside - middle).argmin()] if inside.size else np.sqrt(low * high)
    return [*_split(probe, low, cut, weak, floor), *_split(probe, cut, high, weak, floor)]
