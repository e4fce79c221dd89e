"""Recoil energies at which rates are computed: panels between the kinks of the flux, with Gauss-Legendre nodes.

A recoil spectrum is smooth between the kinks of the flux, so its values at a few nodes per panel fix it to rounding.
Nuclei with a quenching factor of their own have panels of their own, whose nodes follow those of the others.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.arrays import gauss_legendre, lagrange, legendre, unique
from cevns.constants import FERMI_CONSTANT, HBAR_C_SQUARED_CM2
from cevns.errors import InputError
from cevns.interactions.kinematics import VECTOR, Kind, recoil_ends
from cevns.kernels.kinematics import KINDS, rate_moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cevns._types import Array
    from cevns.detectors import DetectorResponse
    from cevns.fluxes import Flux
    from cevns.nuclei import FormFactor, Nucleus, Target

__all__ = [
    "LOWEST_RECOIL",
    "NEAR_ZERO",
    "PANEL_NODES",
    "TO_NODES",
    "Panels",
    "RecoilNodes",
    "panel_edges",
    "rate_scales",
    "recoil_ends_kev",
    "recoil_ranges",
]

#: Gauss-Legendre nodes per panel: a panel is split until a polynomial through them is good to PANEL_TOLERANCE.
PANEL_NODES = 12
PANEL_TOLERANCE = 1e-10
#: Recoils of a detector without a threshold that light mediators must not fall below, as a share of the highest recoil.
LOWEST_RECOIL = 1e-8
#: Shares of it at which panels end: rates go like half-integer powers of T there, which no polynomial carries from 0.
NEAR_ZERO = 8.0 ** np.arange(-6, 0)
#: Squared masses of mediators that are followed, in units of the lowest q^2 where single quanta are observed.
SINGLE_QUANTA = 1e4

NODES, WEIGHTS = gauss_legendre(PANEL_NODES)
#: Share of each Legendre polynomial in the Lagrange polynomials of the nodes, shape (PANEL_NODES, PANEL_NODES).
TO_NODES = lagrange(NODES, WEIGHTS)


@dataclass(frozen=True, eq=False, repr=False)
class Panels:
    """Panels of recoil energy for the nuclei that share a quenching factor.

    Attributes
    ----------
    edges : ndarray, shape (panels + 1,)
        [keV].
    response : DetectorResponse
        To recoils of these nuclei.
    nuclei : tuple of int
        Which nuclei of the target they are.
    bindings, numbers : ndarray, shape (n,)
        Of electrons: from bindings[i] [keV] on, ascending, there are numbers[i] of them, and none below the first.
    """

    edges: np.ndarray
    response: Any
    nuclei: tuple[int, ...]
    bindings: np.ndarray | None = None
    numbers: np.ndarray | None = None

    def electrons(self, energy: Array) -> Any:
        """Return how many electrons get an energy [keV]; 1 for nuclei."""
        if self.bindings is None or self.numbers is None:
            return 1.0
        place = np.searchsorted(self.bindings, energy, side="right")
        return np.where(place > 0, self.numbers[np.maximum(place, 1) - 1], 0.0)


@dataclass(frozen=True, eq=False, repr=False)
class RecoilNodes:
    """Recoil nodes of a target in a flux, with all that the rates at them need.

    Attributes
    ----------
    panels : tuple of Panels
        One for each quenching factor; nuclei that cannot be observed are in none.
    recoil : ndarray, shape (cols,)
        Recoil energies [keV], `PANEL_NODES` per panel, ascending in each of the `panels`, which follow each other.
    q2 : ndarray, shape (nuclei, cols)
        Squared momentum transfer [MeV^2].
    proton_charge, neutron_charge : ndarray, shape (nuclei, cols)
        Z F_Z and N F_N.
    flux : Flux
        Neutrinos.
    nuclei : tuple of Nucleus
        Of the target.
    scales : ndarray, shape (nuclei, cols)
        Number of nuclei times G_F^2 M / pi; 0 in the panels of other nuclei.
    kinds : tuple of Kind
        Kinematics whose rates the nodes carry.
    """

    panels: tuple[Panels, ...]
    recoil: np.ndarray
    q2: np.ndarray
    proton_charge: np.ndarray
    neutron_charge: np.ndarray
    flux: Flux
    nuclei: tuple[Nucleus, ...]
    scales: np.ndarray
    kinds: tuple[Kind, ...] = (VECTOR,)

    @property
    def flavours(self) -> tuple[str, ...]:
        """Flavours of the flux."""
        return self.flux.flavours

    @cached_property
    def neutrons(self) -> Array:
        """N of each nucleus."""
        return np.array([float(nucleus.neutrons) for nucleus in self.nuclei])

    @cached_property
    def smallest_mass(self) -> float:
        """Least mediator mass [MeV] that the nodes follow: 0, unless recoils are observed down to 0.

        A single quantum is: its probability falls like the observable, the rate of a massless mediator rises like T^-2.
        """
        squares = []
        for panels in self.panels if self.scales.any() else ():
            low, high = panels.edges[[0, -1]]
            if low == 0 or panels.response.rise < 2:
                heaviest = max(self.nuclei[i].mass for i in panels.nuclei)
                squares.append(2e-3 * heaviest * (LOWEST_RECOIL * high if low == 0 else SINGLE_QUANTA * low))
        return float(np.sqrt(max(squares, default=0.0)))

    @property
    def from_zero(self) -> bool:
        """Whether recoils of 0 are as probable to be observed as others."""
        return any(panels.edges[0] == 0 for panels in self.panels)

    @classmethod
    def build(
        cls,
        flux: Flux,
        target: Target,
        form_factor: FormFactor,
        response: DetectorResponse,
        *,
        kinds: Sequence[Kind] = (VECTOR,),
        cut_at_bins: bool = False,
        ranges: Sequence[tuple[float, float]] | None = None,
        unseen: bool = False,
    ) -> RecoilNodes:
        """Place nodes wherever recoils are observed.

        Parameters
        ----------
        flux, target, form_factor, response
            What is seen by what.
        kinds : sequence of Kind
            Kinematics whose rates the nodes carry, all with the same final mass.
        cut_at_bins : bool
            Whether panels end where bins do at scale 1.
        ranges : sequence of (float, float), optional
            Recoils [keV] that the nodes of each part of the response have to cover; see `recoil_ranges`. Those that are
            observed at a quenching scale of 1 unless given.
        unseen : bool
            Whether no recoil need be observed, where electrons are: then there is one panel, whose rates are 0.

        Raises
        ------
        InputError
            If no recoil can be observed, or one is seen as more energy than it has.
        """
        nuclei, scales = target.nuclei, rate_scales(target) * 1e-3
        panels, columns, hidden = [], [], []
        ranges = recoil_ranges([response], nuclei) if ranges is None else ranges
        for (members, part), (low, high) in zip(response.parts(nuclei), ranges, strict=True):
            own = [nuclei[i] for i in members]
            ends = [recoil_ends_kev(nucleus, flux.maximum_energy, kinds[0].final_mass) for nucleus in own]
            low = max(low, float(min(least for least, _ in ends)))
            end = float(max(most for _, most in ends))
            if not low < min(high, end):
                hidden.append((low, end))
                continue
            extra = part.sharp if cut_at_bins else ()
            edges = _edges(flux, own, scales[list(members)], form_factor, low, min(high, end), extra, kinds)
            half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
            recoil = (middle[:, None] + half[:, None] * NODES).ravel()
            part.check_recoils(recoil)
            charges = _charges(nuclei, form_factor, recoil)
            seen = np.zeros((len(nuclei), recoil.size))
            seen[list(members)] = scales[list(members), None]
            panels.append(Panels(edges, part, members))
            columns.append((recoil, *charges, seen))
        if not panels and unseen:
            (members, part), (_, end) = response.parts(nuclei)[0], hidden[0]
            edges = np.array([0.5 * end, end])
            recoil = end * (0.75 + 0.25 * NODES)
            panels.append(Panels(edges, part, members))
            columns.append((recoil, *_charges(nuclei, form_factor, recoil), np.zeros((len(nuclei), recoil.size))))
        if not panels:
            low, end = min(hidden, key=lambda ends: ends[0] / max(ends[1], 1e-300))
            raise InputError(
                f"no recoil can be observed: the lowest bin or efficiency starts at {low:.3g} keV, and recoils end "
                f"at {end:.3g} keV: take a lower threshold; else, are the energies of the flux in MeV, and the edges "
                "in the response's unit?"
            )
        recoil, q2, z, n, seen = (np.concatenate(part, axis=-1) for part in zip(*columns, strict=True))
        return cls(tuple(panels), recoil, q2, z, n, flux, nuclei, seen, tuple(kinds))

    def kinematic(self, kind: Kind = VECTOR) -> Array:
        """Return flux moments times the number of nuclei times G_F^2 M / pi [1/keV], shape (flavours, nuclei, cols)."""
        rates: Array = _moments(self.flux, self.nuclei, self.recoil, kind) * self.scales
        return rates

    def channels(self, kind: Kind, neutron_charge: Array) -> Array:
        """Return rates of (Z F_Z)^2, Z F_Z N F_N and (N F_N)^2 for some N F_N, shape (3 flavours, nuclei, cols)."""
        z, n = self.proton_charge, neutron_charge
        moments = self.kinematic(kind)
        return np.concatenate([moments * charges for charges in (z * z, z * n, n * n)])


def _charges(nuclei: Sequence[Nucleus], form_factor: FormFactor, recoil: Array) -> tuple[Array, Array, Array]:
    """Return q2, Z F_Z and N F_N, shape (nuclei, cols)."""
    q2 = 2e-3 * np.array([n.mass for n in nuclei])[:, None] * recoil
    q = np.sqrt(q2)
    z = [n.protons * form_factor(q[i], n.proton_radius) for i, n in enumerate(nuclei)]
    n = [n.neutrons * form_factor(q[i], n.neutron_radius) for i, n in enumerate(nuclei)]
    return q2, np.array(z), np.array(n)


def _moments(flux: Flux, nuclei: Sequence[Nucleus], recoil: Array, kind: Kind) -> Array:
    """Return flux moments, shape (flavours, nuclei, cols)."""
    recoil, part, flavours = recoil * 1e-3, np.empty(recoil.size), flux.flavours
    out = np.zeros((len(flavours), len(nuclei), recoil.size))
    for flavour, spectrum in flux.spectra:
        for i, nucleus in enumerate(nuclei):
            rate_moments(spectrum, KINDS[kind.kinematics], recoil, nucleus.mass, kind.final_mass, part)
            out[flavours.index(flavour), i] += part
    return out


def _edges(
    flux: Flux,
    nuclei: Sequence[Nucleus],
    scales: Array,
    form_factor: FormFactor,
    low_kev: float,
    high_kev: float,
    extra_edges: Any,
    kinds: Sequence[Kind],
) -> Array:
    """Return the edges of panels between two recoil energies [keV], with some also at `extra_edges`."""
    final_mass = kinds[0].final_mass
    sharp = np.concatenate([recoil_ends_kev(n, flux.sharp_energies, final_mass) for n in nuclei], axis=None)
    weak = unique([recoil_ends_kev(n, flux.break_energies, final_mass) for n in nuclei])

    def probe(recoil: Array) -> Array:
        _, z, _ = _charges(nuclei, form_factor, recoil)
        rates = [_moments(flux, nuclei, recoil, kind) * scales[:, None] * z**2 for kind in kinds]
        return np.concatenate(rates).reshape(-1, recoil.size)

    return panel_edges(probe, low_kev, high_kev, [*sharp, *extra_edges], weak)


def panel_edges(
    probe: Callable[[Array], Array], low_kev: float, high_kev: float, sharp: Iterable[float], weak: Array
) -> Array:
    """Return the edges of panels between two energies [keV] that carry rates.

    Parameters
    ----------
    probe : callable
        From energies, shape (k,), to rates that panels have to carry, shape (n, k).
    low_kev, high_kev : float
        Ends.
    sharp : iterable of float
        Where rates jump or kink, and panels end; others lie where they are needed.
    weak : ndarray
        Where rates are not analytic and panels end first.
    """
    cuts = unique([low_kev, high_kev, *(t for t in sharp if low_kev < t < high_kev)])
    # a sliver beside a cut would cost a panel and hold nothing
    cuts = cuts[np.concatenate([[True], np.diff(cuts) > 1e-9 * cuts[1:]])]
    # below this share of the largest value a probe is rounding noise, which no panel can follow, and so it is where
    # doubles lose their digits
    lowest = LOWEST_RECOIL * high_kev
    highest = np.abs(probe(np.geomspace(max(low_kev, lowest), high_kev, 64))).max(axis=1, keepdims=True)
    floor = np.maximum(1e-13 * highest, 1e-280)
    if low_kev > 0:
        return _split(probe, cuts, weak, floor)
    # no panel can carry a pole at its end; the first ones are so short that only very light mediators notice
    edges = _split(probe, np.concatenate([[lowest], cuts[cuts > lowest]]), weak, floor)
    return np.concatenate([[0.0], lowest * NEAR_ZERO, edges])


def recoil_ranges(
    responses: Sequence[DetectorResponse], nuclei: Sequence[Nucleus], etas: Sequence[float] = (1.0,)
) -> list[tuple[float, float]]:
    """Return the lowest and highest recoil [keV] that any of some responses observes, for each part of the first.

    Raises
    ------
    InputError
        If their quenching factors are not shared by the same nuclei.
    """
    first, *others = ([*response.parts(nuclei)] for response in responses)
    for parts in others:
        if [members for members, _ in parts] != [members for members, _ in first]:
            raise InputError("quenching is shared by other nuclei where it is moved: give each its own everywhere")
    ends = ([part.recoil_range(etas) for _, part in parts] for parts in zip(*([first, *others]), strict=True))
    return [(min(low for low, _ in each), max(high for _, high in each)) for each in ends]


def recoil_ends_kev(nucleus: Nucleus, energy: Any, final_mass: float = 0.0) -> tuple[Array, Array]:
    """Return the least and the largest recoil [keV] on a nucleus for neutrino energies [MeV]; see `recoil_ends`."""
    least, most = recoil_ends(nucleus.mass, energy, final_mass)
    return 1e3 * least, 1e3 * most


def rate_scales(target: Target) -> Array:
    """Return G_F^2 M / pi of eq. 2.1 times the number of nuclei, for each kind [cm^2/MeV]."""
    masses = np.array([n.mass for n in target.nuclei])
    scales: Array = np.array(target.numbers) * FERMI_CONSTANT**2 * masses / np.pi * HBAR_C_SQUARED_CM2
    return scales


# the nodes of a panel, and places where a polynomial through them is tested
_PLACES = np.concatenate([NODES, np.linspace(-1, 1, 2 * PANEL_NODES + 1)])
_TO_TESTS = TO_NODES.T @ legendre(_PLACES[PANEL_NODES:], PANEL_NODES)


#: How far inside of a panel, relative to its recoils, it is looked at.
_INSIDE = 1e-14


def _split(probe: Callable[[Array], Array], cuts: Array, weak: Array, floor: Array) -> Array:
    """Return the edges of panels on which polynomials carry `probe`, all `cuts` among them."""
    ends, pending = [cuts[0]], [(a, b, (np.inf, np.inf)) for a, b in itertools.pairwise(cuts)]
    while pending:
        # all at once, since most of the time goes into calls
        low, high = np.array([(a, b) for a, b, _ in pending]).T[:, :, None]
        half, middle = 0.5 * (high - low), 0.5 * (high + low)
        # at the very ends, where spectra may jump, rounding must not bring a test to the other side
        recoil = np.clip(middle + half * _PLACES, low * (1 + _INSIDE), high * (1 - _INSIDE))
        rates = probe(recoil.ravel()).reshape(-1, *recoil.shape)
        # the steepest case is a massless mediator, T^-2
        steep = (low / recoil) ** 2
        missed = np.maximum(_missed(rates, floor[..., None]), _missed(rates * steep, floor[..., None] * steep))
        tried, pending = [*zip(pending, missed.tolist(), strict=True)], []
        for (a, b, (before, long_before)), error in tried:
            inside = weak[(weak > a + 5e-4 * (b - a)) & (weak < b - 5e-4 * (b - a))]
            # what does not shrink, twice, on less than a fifth of its recoils without a kink, is rounding: a spectrum
            # that ends within a thousandth of where it begins has few digits
            short = b - a < 0.2 * b and not inside.size
            rounding = short and error > 0.5 * before > 0.25 * long_before
            if error <= 1 or rounding or b - a < 1e-7 * (a + b):
                ends.append(b)
                continue
            # the geometric mean halves the work for a rate that falls like a power of T
            cut = inside[np.abs(inside - 0.5 * (a + b)).argmin()] if inside.size else np.sqrt(a * b)
            errors = (np.inf, np.inf) if inside.size else (error, before)
            pending += [(a, cut, errors), (cut, b, errors)]
    return np.sort(ends)


def _missed(rates: Array, floor: Array) -> Array:
    """Return how far the polynomials through the nodes' values are off at the tests, in units of what they may be."""
    exact = rates[..., PANEL_NODES:]
    error = np.abs(rates[..., :PANEL_NODES] @ _TO_TESTS - exact)
    allowed = np.maximum(PANEL_TOLERANCE * np.abs(exact).max(axis=-1, keepdims=True), floor[..., -exact.shape[-1] :])
    found: Array = (error / allowed).max(axis=(0, 2))
    return found
