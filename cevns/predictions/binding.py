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

from cevns.kernels.counts import Counts, Pieces, Weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array
    from cevns.interactions import Interaction
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
        Pieces of the quenching scale and their nodes; see `cevns.kernels.counts.Pieces`.
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
    """One monomial as the kernels take it: power of y, powers of the other parameters and of the factors."""

    kinematics: str
    line: int
    couplings: tuple[int, ...]
    powers: tuple[int, ...]
    coefficients: Array
    propagators: Array | None


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
    parts = []
    for monomial in polynomial:
        coefficients, exponents, along, propagators = monomial.coefficients, [0] * len(place), 0, None
        for name, exponent in monomial.couplings:
            if name not in place:
                coefficients = coefficients * offsets[name] ** exponent
            elif place[name] == line:
                along = exponent // power
            else:
                exponents[place[name]] = exponent
        powers = [0] * len(factors)
        for name, exponent in monomial.mediators:
            if name in place:
                powers[mediators.index(name)] = exponent
            else:
                propagator = (nodes.q2 + fixed[name] ** 2) ** -float(exponent)
                propagators = propagator if propagators is None else propagators * propagator
        parts.append(_Part(monomial.kinematics, along, tuple(exponents), tuple(powers), coefficients, propagators))
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


def _by_powers_of_radius(parts: Sequence[_Part], flavours: int) -> list[_Part]:
    """Return each part as three, of which the factor F_N, the last one, has the powers 0, 1 and 2."""
    out = []
    for part in parts:
        for k in range(3):
            coefficients = np.zeros_like(part.coefficients)
            coefficients[k * flavours : (k + 1) * flavours] = part.coefficients[k * flavours : (k + 1) * flavours]
            if coefficients.any():
                out.append(part._replace(powers=(*part.powers[:-1], k), coefficients=coefficients))
    return out


def _moving(fold: Fold, parts: Sequence[_Part], neutron_charge: Array | None) -> tuple[Any, ...]:
    """Return constant and linear counts, which only the line moves, and the kernels of all else.

    `neutron_charge` is N F_N where it is not that of the nodes.
    """
    rows, bins = fold.shape
    counts: Any = 0.0
    folded: dict[str, Array] = {}
    rates: dict[tuple[Any, ...], Array] = {}
    given: dict[tuple[Any, ...], Array] = {}
    for part in parts:
        plain = not any(part.powers) and part.propagators is None and neutron_charge is None
        if plain and not any(part.couplings):
            # all of them in one product
            if part.kinematics not in folded:
                folded[part.kinematics] = np.zeros((3, part.coefficients.size))
            folded[part.kinematics][part.line] += part.coefficients
        elif plain:
            plain_key = part.line, part.couplings
            given[plain_key] = given.get(plain_key, 0.0) + part.coefficients @ fold.counts(part.kinematics)
        else:
            if neutron_charge is None:
                channels = fold.channels(part.kinematics)
            else:
                channels = fold.nodes.channels(part.kinematics, neutron_charge)
            rate = (part.coefficients @ channels.reshape(part.coefficients.size, -1)).reshape(channels.shape[1:])
            if part.propagators is not None:
                rate = rate * part.propagators
            key = part.line, part.couplings, part.powers
            rates[key] = rates.get(key, 0.0) + rate
    for kinematics, coefficients in folded.items():
        counts = coefficients @ fold.counts(kinematics) + counts
    if not folded:
        counts = np.zeros((3, rows * bins))
    still = [key for key in rates if not any(key[2])]
    if still:
        for (line, couplings, _), part in zip(
            still, fold.weights.dot(np.array([rates.pop(key).sum(axis=0) for key in still])), strict=True
        ):
            if any(couplings):
                given[line, couplings] = given.get((line, couplings), 0.0) + part
            else:
                counts[line] += part
    counts = counts.reshape(3, rows, bins)
    kernels = [(*key, rate, None) for key, rate in rates.items()]
    if kernels and not given:
        kernels = _usual(kernels, fold)
    for (line, couplings), values in given.items():
        kernels.append((line, couplings, (0,) * (len(parts[0].powers)), None, values.reshape(rows, bins)))
    return counts[0], np.ascontiguousarray(counts[1:].swapaxes(0, 1)), kernels


def _usual(kernels: list[Any], fold: Fold) -> list[Any]:
    """Return kernels of one mediator along its coupling in the order, and number, for which the kernels are fastest."""
    couplings, powers = kernels[0][1], kernels[0][2]
    if (
        len(powers) != 1
        or any(couplings)
        or {(k[0], k[1], k[2]) for k in kernels}
        - {
            (1, couplings, (1,)),
            (2, couplings, (2,)),
        }
    ):
        return kernels
    known = {k[0]: k for k in kernels}
    return [known.get(n) or (n, couplings, (n,), np.zeros_like(fold.nodes.q2), None) for n in (1, 2)]


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
