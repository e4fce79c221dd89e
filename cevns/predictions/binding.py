"""An interaction's polynomial folded with a detector: where amplitudes become counts.

Rates at the recoil nodes are, for each nucleus, flavour and kinematics, a flux moment times (Z F_Z)^2, Z F_Z N F_N or
(N F_N)^2. These channels know no interaction, and folded they serve every contact interaction at once. A mediator whose
mass is a parameter, or a neutron radius that is one, leaves a factor that the kernels multiply point by point.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.interactions.kinematics import VECTOR, Kind
from cevns.kernels.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cevns._types import Array
    from cevns.interactions import Interaction
    from cevns.interactions.loops import Loop
    from cevns.nuclei import FormFactor
    from cevns.parameters import Parameter
    from cevns.predictions.fold import Fold, LayerKey
    from cevns.predictions.panels import RecoilNodes

__all__ = ["bind"]


class _Part(NamedTuple):
    """One monomial as the kernels take it: power of y, powers of the other parameters and of the factors.

    `shapes` are the factors that depend on q alone: propagators of given masses, and loops.
    """

    kind: Kind
    line: int
    couplings: tuple[int, ...]
    powers: tuple[int, ...]
    coefficients: Array
    shapes: tuple[Callable[[Array], Array], ...]


def bind(
    folds: Callable[[tuple[LayerKey, ...]], Fold],
    form_factor: FormFactor,
    interaction: Interaction,
    parameters: Sequence[Parameter],
    fixed: Mapping[str, float],
    radii: Mapping[int, str | float],
) -> Counts:
    """Return counts as a function of parameters.

    Parameters
    ----------
    folds : callable
        Returns nodes and response with the layers that are asked for.
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
    place = {p.name: i for i, p in enumerate(parameters)}
    offsets = {p.name: fixed[p.name] - p.origin for p in interaction.all_parameters if p.name not in place}
    absent = frozenset(name for name, offset in offsets.items() if offset == 0)
    nodes = folds((VECTOR.layer,)).nodes
    flavours = nodes.flavours
    polynomial = interaction.monomials(flavours, without=absent)
    line, power = _line(interaction, place)
    mediators = [n for n in dict.fromkeys(name for m in polynomial for name, _ in m.mediators) if n in place]
    moving = {nucleus: place[radius] for nucleus, radius in radii.items() if isinstance(radius, str)}
    factors = [place[str(name)] for name in mediators] + ([-1] if moving else [])
    parts = []
    for monomial in polynomial:
        coefficients, exponents, along = monomial.coefficients, [0] * len(place), 0
        for name, exponent in monomial.couplings:
            if name not in place:
                coefficients = coefficients * offsets[name] ** exponent
            elif place[name] == line:
                along = exponent // power
            else:
                exponents[place[name]] = exponent
        powers, shapes = [0] * len(factors), []
        final_mass = fixed[monomial.final_mass] if isinstance(monomial.final_mass, str) else monomial.final_mass
        kind = Kind(monomial.kinematics, final_mass)
        # a magnetic moment's rate rises like 1 / T alone
        light = [0.0] if kind == Kind("magnetic") and nodes.from_zero else []
        for mass, exponent in monomial.mediators:
            if mass in place:
                powers[mediators.index(mass)] = exponent
            else:
                light.append(fixed[mass] if isinstance(mass, str) else mass)
                shapes.append(_propagator(light[-1], exponent))
        if light and not final_mass and min(light) < nodes.smallest_mass:
            raise InputError(
                f"interaction {checks.shown(interaction.name)} has a mediator of {min(light):g} MeV, but recoils are "
                "observed down to 0, where events of light ones diverge: give the response a threshold above 0"
            )
        shapes += [_power(loop, exponent) for loop, exponent in monomial.loops]
        parts.append(_Part(kind, along, tuple(exponents), tuple(powers), coefficients, tuple(shapes)))
    fold = folds(tuple(dict.fromkeys([VECTOR.layer, *(part.kind.layer for part in parts)])))
    # what no recoil can be seen of adds nothing
    parts = [part for part in parts if part.kind.layer in fold.layers]
    if moving:
        parts = _by_powers_of_radius(parts, len(flavours))
    constant, linear, kernels, keys = _moving(fold, parts, form_factor, radii)
    weights, q2, _ = fold.joined(keys)
    chosen = None
    if moving:
        which = np.array([moving.get(i, -1) for i in range(q2.shape[0])], dtype=np.intc)
        own = [_neutron_charge(fold.layers[key].nodes, form_factor, radii) for key in keys]
        neutron = np.concatenate(own, axis=1) / fold.nodes.neutrons[:, None]
        chosen = neutron, which, form_factor.code, form_factor.thickness
    return Counts(
        tuple(parameters),
        (line, power),
        weights,
        fold.bins,
        constant,
        linear,
        q2,
        kernels,
        factors,
        chosen,
        fold.pieces,
    )


def _propagator(mass: float, exponent: int) -> Callable[[Array], Array]:
    return lambda q2: (q2 + mass**2) ** -float(exponent)


def _power(loop: Loop, exponent: int) -> Callable[[Array], Array]:
    return lambda q2: np.asarray(loop(q2)) ** exponent


def _neutron_charge(nodes: RecoilNodes, form_factor: FormFactor, radii: Mapping[int, str | float]) -> Array:
    """Return N F_N with the radii that are given as values."""
    out = nodes.neutron_charge.copy()
    for nucleus, radius in radii.items():
        if not isinstance(radius, str):
            out[nucleus] = nodes.neutrons[nucleus] * form_factor(np.sqrt(nodes.q2[nucleus]), radius)
    return out


def _bare_charge(nodes: RecoilNodes, form_factor: FormFactor, radii: Mapping[int, str | float]) -> Array:
    """Return N, which F_N is a factor of if a radius is a parameter, or else N F_N."""
    if any(isinstance(radius, str) for radius in radii.values()):
        return np.repeat(nodes.neutrons[:, None], nodes.recoil.size, axis=1)
    return _neutron_charge(nodes, form_factor, radii)


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


def _moving(
    fold: Fold, parts: Sequence[_Part], form_factor: FormFactor, radii: Mapping[int, str | float]
) -> tuple[Any, ...]:
    """Return constant and linear counts, which only the line moves, the kernels of all else, and their layers."""
    rows, bins = fold.shape
    counts: Any = 0.0
    folded: dict[Kind, Array] = {}
    rates: dict[LayerKey, dict[tuple[Any, ...], Array]] = {}
    given: dict[tuple[Any, ...], Array] = {}
    for part in parts:
        plain = not any(part.powers) and not part.shapes and not radii
        if plain and not any(part.couplings):
            # all of them in one product
            if part.kind not in folded:
                folded[part.kind] = np.zeros((3, part.coefficients.size))
            folded[part.kind][part.line] += part.coefficients
        elif plain:
            plain_key = part.line, part.couplings
            given[plain_key] = given.get(plain_key, 0.0) + part.coefficients @ fold.counts(part.kind)
        else:
            nodes = fold.layers[part.kind.layer].nodes
            if not radii:
                channels = fold.channels(part.kind)
            else:
                channels = nodes.channels(part.kind, _bare_charge(nodes, form_factor, radii))
            rate = (part.coefficients @ channels.reshape(part.coefficients.size, -1)).reshape(channels.shape[1:])
            for shape in part.shapes:
                rate = rate * shape(nodes.q2)
            key = part.line, part.couplings, part.powers
            layer = rates.setdefault(part.kind.layer, {})
            layer[key] = layer.get(key, 0.0) + rate
    for kind, coefficients in folded.items():
        counts = coefficients @ fold.counts(kind) + counts
    if not folded:
        counts = np.zeros((3, rows * bins))
    for place, layer in rates.items():
        still = [k for k in layer if not any(k[2])]
        if still:
            sums = np.array([layer.pop(k).sum(axis=0) for k in still])
            for (line, couplings, _), part in zip(still, fold.layers[place].weights.dot(sums), strict=True):
                if any(couplings):
                    given[line, couplings] = given.get((line, couplings), 0.0) + part
                else:
                    counts[line] += part
    counts = counts.reshape(3, rows, bins)
    keys = [place for place, layer in rates.items() if layer] or [VECTOR.layer]
    kernels = _side_by_side(fold, {place: rates.get(place, {}) for place in keys})
    if kernels and not given:
        kernels = _usual(kernels)
    for (line, couplings), values in given.items():
        kernels.append((line, couplings, (0,) * (len(parts[0].powers)), None, values.reshape(rows, bins)))
    return counts[0], np.ascontiguousarray(counts[1:].swapaxes(0, 1)), kernels, keys


def _side_by_side(fold: Fold, rates: Mapping[LayerKey, Mapping[tuple[Any, ...], Array]]) -> list[Any]:
    """Return kernels whose rates stand at the nodes of several layers, which follow each other."""
    if len(rates) == 1:
        return [(*key, rate, None) for layer in rates.values() for key, rate in layer.items()]
    _, q2, places = fold.joined(rates)
    found: dict[tuple[Any, ...], Array] = {}
    for layer, members in rates.items():
        for key, rate in members.items():
            found.setdefault(key, np.zeros_like(q2))[:, places[layer]] = rate
    return [(*key, rate, None) for key, rate in found.items()]


def _usual(kernels: list[Any]) -> list[Any]:
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
    return [known.get(n) or (n, couplings, (n,), np.zeros_like(kernels[0][3]), None) for n in (1, 2)]


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
