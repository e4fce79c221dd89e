"""An interaction's polynomial folded with a detector: where amplitudes become counts.

Rates at the recoil nodes are, for each nucleus, flavour and kinematics, a flux moment times (Z F_Z)^2, Z F_Z N F_N or
(N F_N)^2. These channels know no interaction, and folded they serve every contact interaction at once. A mediator whose
mass is a parameter, or a neutron radius that is one, leaves a factor that the kernels multiply point by point.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cevns.kernels.counts import Counts
from cevns.kernels.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array
    from cevns.interactions import Interaction
    from cevns.kernels.weights import Weights
    from cevns.nuclei import FormFactor
    from cevns.parameters import Parameter
    from cevns.predictions.panels import RecoilNodes

__all__ = ["Fold", "bind"]


class Fold:
    """Recoil nodes with a response, at one quenching scale or over a range of it.

    Parameters
    ----------
    nodes : RecoilNodes
        Where rates are known.
    weights : Weights
        From rates at the nodes to counts; rows (eta node, bin).
    bins : int
        Number of bins.
    edges, points : ndarray, optional
        Pieces of the quenching scale and their nodes; see `cevns.kernels.pieces.Pieces`.
    """

    def __init__(
        self,
        nodes: RecoilNodes,
        weights: Weights,
        bins: int,
        edges: Array | None = None,
        points: Array | None = None,
    ) -> None:
        self.nodes, self.weights, self.bins = nodes, weights, bins
        self._eta = edges, points
        self._channels: dict[str, Array] = {}
        self._counts: dict[str, Array] = {}

    def scaled(self, units: Array) -> Fold:
        """Return the same with counts in some units, shape (bins,)."""
        out = Fold(self.nodes, self.weights.scaled(1 / units), self.bins, *self._eta)
        out._channels = self._channels
        out.__dict__["pieces"] = self.pieces
        return out

    @property
    def shape(self) -> tuple[int, int]:
        """Number of eta nodes, and of bins."""
        return self.weights.firsts.size // self.bins, self.bins

    def channels(self, kinematics: str) -> Array:
        """Return rates of (Z F_Z)^2, Z F_Z N F_N and (N F_N)^2 by flavour, shape (3 flavours, nuclei, cols)."""
        if kinematics not in self._channels:
            self._channels[kinematics] = self.nodes.channels(kinematics, self.nodes.neutron_charge)
        return self._channels[kinematics]

    def counts(self, kinematics: str) -> Array:
        """Return the same folded, shape (3 flavours, eta nodes x bins)."""
        if kinematics not in self._counts:
            self._counts[kinematics] = self.weights.dot(self.channels(kinematics).sum(axis=1))
        return self._counts[kinematics]

    @cached_property
    def pieces(self) -> Pieces | None:
        """Pieces of the quenching scale."""
        edges, points = self._eta
        if edges is None or points is None:
            return None
        # as good as any interaction with neutrons: where counts nearly vanish inside a piece
        neutrons = self.counts("vector")[2 * len(self.nodes.flavours) :].sum(axis=0)
        neutrons = neutrons.reshape(edges.size - 1, points.size, self.bins)
        steep = (neutrons.min(axis=1) < 0.1 * neutrons.max(axis=1)).any(axis=1)
        return Pieces(edges, points, steep)


class _Part(NamedTuple):
    """One monomial as the kernels take it: power of y, powers of the other parameters, coefficients of the channels."""

    line: int
    couplings: tuple[int, ...]
    coefficients: Array


class _Channels(NamedTuple):
    """Channels that are multiplied by the same: powers of the factors, and of propagators whose mass is fixed."""

    kinematics: str
    powers: tuple[int, ...]
    fixed: tuple[tuple[float, int], ...]


def bind(
    fold: Fold,
    form_factor: FormFactor,
    interaction: Interaction,
    parameters: Sequence[Parameter],
    fixed: Mapping[str, float],
    radii: Mapping[int, str | float],
) -> Counts:
    """Return counts as a function of parameters.

    Parameters
    ----------
    fold : Fold
        Nodes and response.
    form_factor : FormFactor
        Of neutrons in nuclei whose radius is a parameter or not its own.
    interaction : Interaction
        Amplitudes.
    parameters : sequence of Parameter
        What counts are a function of.
    fixed : mapping of str to float
        Values of all other parameters of the interaction.
    radii : mapping of int to (str or float)
        Neutron radii [fm] of nuclei that do not have their own: a value, or the name of a parameter.
    """
    nodes, place = fold.nodes, {p.name: i for i, p in enumerate(parameters)}
    offsets = {p.name: fixed[p.name] - p.origin for p in interaction.all_parameters if p.name not in place}
    absent = frozenset(name for name, offset in offsets.items() if offset == 0)
    polynomial = interaction.monomials(nodes.flavours, without=absent)
    line, power = _line(interaction, place)
    mediators = [n for n in dict.fromkeys(name for m in polynomial for name, _ in m.mediators) if n in place]
    moving = {nucleus: place[radius] for nucleus, radius in radii.items() if isinstance(radius, str)}
    neutron_charge = _neutron_charge(nodes, form_factor, radii)
    factors = [place[name] for name in mediators] + ([-1] if moving else [])
    parts: dict[_Channels, list[_Part]] = {}
    for monomial in polynomial:
        coefficients, exponents, along = monomial.coefficients, [0] * len(place), 0
        for name, exponent in monomial.couplings:
            if name not in place:
                coefficients = coefficients * offsets[name] ** exponent
            elif place[name] == line:
                along = exponent // power
            else:
                exponents[place[name]] = exponent
        powers, propagators = [0] * len(factors), []
        for name, exponent in monomial.mediators:
            if name in place:
                powers[mediators.index(name)] = exponent
            else:
                propagators.append((fixed[name], exponent))
        key = _Channels(monomial.kinematics, tuple(powers), tuple(propagators))
        parts.setdefault(key, []).append(_Part(along, tuple(exponents), coefficients))
    if moving:
        bare = nodes.neutrons[:, None] * np.ones_like(nodes.q2)
        constant, linear, kernels = _moving(fold, _by_powers_of_radius(parts, len(nodes.flavours)), bare)
        which = np.array([moving.get(i, -1) for i in range(nodes.q2.shape[0])], dtype=np.intc)
        chosen = neutron_charge / nodes.neutrons[:, None], which, form_factor.code, form_factor.thickness
    else:
        own = neutron_charge is nodes.neutron_charge
        constant, linear, kernels = _moving(fold, parts, None if own else neutron_charge)
        chosen = None
    return Counts(
        tuple(parameters),
        (line, power),
        fold.weights,
        fold.bins,
        constant,
        linear,
        nodes.q2,
        kernels,
        factors,
        chosen,
        fold.pieces,
    )


def _neutron_charge(nodes: RecoilNodes, form_factor: FormFactor, radii: Mapping[int, str | float]) -> Array:
    """Return N F_N with the radii that are given as values."""
    given = {nucleus: radius for nucleus, radius in radii.items() if not isinstance(radius, str)}
    if not given:
        return nodes.neutron_charge
    out = nodes.neutron_charge.copy()
    for nucleus, radius in given.items():
        out[nucleus] = nodes.neutrons[nucleus] * form_factor(np.sqrt(nodes.q2[nucleus]), radius)
    return out


def _by_powers_of_radius(parts: Mapping[_Channels, Sequence[_Part]], flavours: int) -> dict[_Channels, list[_Part]]:
    """Return channels apart by the powers 0, 1 and 2 of the factor F_N, the last one."""
    out: dict[_Channels, list[_Part]] = {}
    for key, members in parts.items():
        for k in range(3):
            of_power = np.arange(3 * flavours) // flavours == k
            some = [p._replace(coefficients=np.where(of_power, p.coefficients, 0.0)) for p in members]
            some = [p for p in some if p.coefficients.any()]
            if some:
                out[key._replace(powers=(*key.powers[:-1], k))] = some
    return out


def _moving(
    fold: Fold, parts: Mapping[_Channels, Sequence[_Part]], neutron_charge: Array | None
) -> tuple[Array, Array, list[Any]]:
    """Return constant and linear counts, which only the line moves, and the kernels of all else.

    `neutron_charge` is N F_N where it is not that of the nodes.
    """
    rows, bins = fold.shape
    still = np.zeros((3, rows * bins))
    counts: dict[tuple[Any, ...], Array] = {}
    rates: dict[tuple[Any, ...], Array] = {}
    for key, members in parts.items():
        if neutron_charge is None:
            channels = fold.channels(key.kinematics)
        else:
            channels = fold.nodes.channels(key.kinematics, neutron_charge)
        for mass, exponent in key.fixed:
            channels = channels * (fold.nodes.q2 + mass**2) ** -float(exponent)
        if any(key.powers):
            for terms, numbers in _kernels(members):
                rate = (numbers @ channels.reshape(numbers.size, -1)).reshape(channels.shape[1:])
                rates[terms, key.powers] = rates.get((terms, key.powers), 0.0) + rate
            continue
        moved = _kernels([part for part in members if any(part.couplings)])
        # always three rows, lest another shape rounds otherwise
        table = np.zeros((3, members[0].coefficients.size))
        for part in members:
            if not any(part.couplings):
                table[part.line] += part.coefficients
        tables = [table, np.array([numbers for _, numbers in moved])] if moved else [table]
        if neutron_charge is None and not key.fixed:
            found = [t @ fold.counts(key.kinematics) for t in tables]
        else:
            found = [fold.weights.dot(t @ channels.sum(axis=1)) for t in tables]
        still += found[0]
        for (terms, _), some in zip(moved, found[-1], strict=False):
            counts[terms] = counts.get(terms, 0.0) + some
    kernels: list[Any] = [(*key, rate, None) for key, rate in rates.items()]
    if kernels and not counts:
        kernels = _usual(kernels, fold)
    factors = len(next(iter(parts)).powers)
    kernels += [(terms, (0,) * factors, None, some.reshape(rows, bins)) for terms, some in counts.items()]
    constant, *linear = still.reshape(3, rows, bins)
    return constant, np.stack(linear, axis=1), kernels


def _kernels(parts: Sequence[_Part]) -> list[tuple[tuple[Any, ...], Array]]:
    """Return kernels as polynomials of the couplings, (power of y, powers, coefficient) each, and channels' numbers.

    They are the monomials, or the channels if these are fewer: all contact interactions of some flavours have no more.
    """
    if not parts:
        return []
    table = np.array([part.coefficients for part in parts])
    used = np.flatnonzero(table.any(axis=0))
    if len(parts) <= used.size:
        return [(((p.line, p.couplings, 1.0),), p.coefficients) for p in parts]
    unit = np.eye(table.shape[1])
    return [
        (tuple((p.line, p.couplings, float(p.coefficients[k])) for p in parts if p.coefficients[k]), unit[k])
        for k in used
    ]


def _usual(kernels: list[Any], fold: Fold) -> list[Any]:
    """Return kernels of one mediator along its coupling in the order, and number, for which the kernels are fastest."""
    couplings, powers = kernels[0][0][0][1], kernels[0][1]
    usual = {n: (((n, couplings, 1.0),), (n,)) for n in (1, 2)}
    if len(powers) != 1 or any(couplings) or any(kernel[:2] not in usual.values() for kernel in kernels):
        return kernels
    known = {kernel[0]: kernel for kernel in kernels}
    return [known.get(terms) or (terms, power, np.zeros_like(fold.nodes.q2), None) for terms, power in usual.values()]


def _line(interaction: Interaction, place: Mapping[str, int]) -> tuple[int, int]:
    """Return the parameter along which counts are quadratic, and in which of its powers; (-1, 1) if there is none.

    It is the same for every signal, whatever neutrinos it sees, since likelihoods add up along it.
    """
    # counts are not quadratic in a mass, whatever else it multiplies
    found = {n: powers for n, powers in interaction.exponents.items() if n in place and n not in interaction.mediators}
    own = [name for name in found if name in interaction.own_names]
    for name in (*sorted(own, key=place.__getitem__, reverse=True), *(name for name in found if name not in own)):
        power = math.gcd(*found[name])
        if max(found[name]) <= 2 * power:
            return place[name], power
    return -1, 1
