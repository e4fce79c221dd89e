"""An interaction's polynomial folded with a detector: where amplitudes become counts.

Rates at the recoil nodes are, for each nucleus, flavour and kinematics, a flux moment times (Z F_Z)^2, Z F_Z N F_N or
(N F_N)^2. These channels know no interaction, and folded they serve every contact interaction at once. A mediator whose
mass is a parameter, or a neutron radius that is one, leaves a factor that the kernels multiply point by point.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.interactions.amplitudes import mass_at
from cevns.interactions.kinematics import ELECTRONS, NUCLEI, VECTOR, Kind
from cevns.kernels.counts import Counts
from cevns.kernels.weights import add_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cevns._types import Array
    from cevns.interactions import Interaction
    from cevns.interactions.loops import Loop
    from cevns.interactions.structure import Structure
    from cevns.nuclei import FormFactor
    from cevns.parameters import Parameter
    from cevns.predictions.electrons import ElectronNodes
    from cevns.predictions.fold import Fold, LayerKey
    from cevns.predictions.panels import RecoilNodes

__all__ = ["Asked", "bind"]

#: Plans that are kept; a scan over interactions or fixed masses must not fill the memory.
MOST_PLANS = 256


class Asked(NamedTuple):
    """What counts of an interaction are to be a function of, and what is fixed, whatever the interaction's numbers are.

    Attributes
    ----------
    names : tuple of str
        Parameters.
    offsets : mapping of str to float
        Values of all other parameters of the interaction, less those at which their amplitudes vanish.
    absent : frozenset of str
        Which of these are 0.
    masses : tuple of (str, float)
        Names and values [MeV] of the masses that are fixed.
    radii : mapping of int to (str or float)
        Neutron radii [fm] of nuclei that do not have their own: a value, or the name of a parameter.
    moving : mapping of int to int
        Of nuclei whose radius is a parameter, which one it is.
    """

    names: tuple[str, ...]
    offsets: Mapping[str, float]
    absent: frozenset[str]
    masses: tuple[tuple[str, float], ...]
    radii: Mapping[int, str | float]
    moving: Mapping[int, int]

    @classmethod
    def of(
        cls, structure: Structure, names: tuple[str, ...], fixed: Mapping[str, float], radii: Mapping[int, str | float]
    ) -> Asked:
        """Return what is asked of interactions of a structure, with the values of all parameters that are no names."""
        offsets = {p.name: fixed[p.name] - p.origin for p in structure.all_parameters if p.name not in names}
        absent = frozenset([name for name, offset in offsets.items() if offset == 0])
        masses = tuple([(n, fixed[n]) for n in sorted(structure.masses) if n not in names])
        moving = {nucleus: names.index(radius) for nucleus, radius in radii.items() if isinstance(radius, str)}
        return cls(names, offsets, absent, masses, radii, moving)


class _Channels(NamedTuple):
    """Channels that are multiplied by the same: powers of the factors, of propagators of given masses, and of loops."""

    kind: Kind
    powers: tuple[int, ...]
    propagators: tuple[tuple[float, int], ...]
    loops: tuple[tuple[Loop, int], ...]

    def shape(self, q2: Array) -> Any:
        """Return what depends on q alone."""
        out: Any = 1.0
        for mass, exponent in self.propagators:
            out = out * (q2 + mass**2) ** -float(exponent)
        for loop, exponent in self.loops:
            out = out * np.asarray(loop(q2)) ** exponent
        return out


class _Part(NamedTuple):
    """One monomial as the kernels take it: power of y, powers of the other parameters, coefficients of the channels."""

    line: int
    couplings: tuple[int, ...]
    coefficients: Array


class _Plan(NamedTuple):
    """What an interaction becomes, whatever its numbers are.

    Attributes
    ----------
    line : (int, int)
        Which parameter the line runs along, and its power; (-1, 1) for none.
    factors : tuple of int
        For each factor the parameter that is the mediator's mass; -1 for F_N.
    layers : tuple of LayerKey
        What the response has to know, that of vector exchange first.
    lightest : float
        Least mass [MeV] of mediators that is fixed; infinite if there is none.
    terms : tuple
        For each monomial its channels, the power of y, those of the other parameters, and those of fixed couplings.
    """

    line: tuple[int, int]
    factors: tuple[int, ...]
    layers: tuple[LayerKey, ...]
    lightest: float
    terms: tuple[tuple[_Channels, int, tuple[int, ...], tuple[tuple[str, int], ...]], ...]


def bind(
    folds: Callable[[tuple[LayerKey, ...]], Fold],
    form_factor: FormFactor,
    interaction: Interaction,
    parameters: Sequence[Parameter],
    asked: Asked,
    *,
    flavours: Sequence[str],
    targets: Sequence[str] = (NUCLEI,),
    smallest_mass: float = 0.0,
    from_zero: bool = False,
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
    asked : Asked
        The same by name, and what is fixed.
    flavours : sequence of str
        Of the flux.
    targets : sequence of str
        What neutrinos scatter on, nuclei or electrons or both.
    smallest_mass : float
        Least mass [MeV] of mediators that the nodes follow.
    from_zero : bool
        Whether recoils or electrons of 0 are as probable to be observed as others.
    """
    names, offsets, absent, masses, radii, moving = asked
    polynomial = [m for target in targets for m in interaction.monomials(flavours, absent, target)]
    # numbers of masses that are fixed belong to the plan, those of couplings do not
    products = tuple([(*m[:5], m.target) for m in polynomial])
    plan = _plan(interaction.structure, names, masses, products, bool(moving), from_zero)
    if plan.lightest < smallest_mass:
        raise InputError(
            f"interaction {checks.shown(interaction.name)} has a mediator of {plan.lightest:g} MeV, but recoils are "
            "observed down to 0, where events of light ones diverge: give the response a threshold above 0"
        )
    fold = folds(plan.layers)
    parts: dict[_Channels, list[_Part]] = {}
    for monomial, (channels, along, exponents, others) in zip(polynomial, plan.terms, strict=True):
        # what no recoil can be seen of adds nothing
        if channels.kind.layer in fold.layers:
            coefficients = monomial.coefficients
            for name, exponent in others:
                coefficients = coefficients * offsets[name] ** exponent
            parts.setdefault(channels, []).append(_Part(along, exponents, coefficients))
    if moving:
        parts = _by_powers_of_radius(parts, len(flavours))
    constant, linear, rates, kernels = _moving(fold, parts, form_factor, radii)
    keys = list(rates) or [VECTOR.layer]
    weights, q2, places = fold.joined(keys) if rates else fold.without_rates
    moved = _side_by_side(rates, places, q2)
    # counts that are folded have no factors
    kernels = [
        *(moved if kernels else _usual(moved)),
        *((terms, (0,) * len(plan.factors), *k) for terms, *k in kernels),
    ]
    chosen = None
    if moving:
        which = np.array([moving.get(i, -1) for i in range(q2.shape[0])], dtype=np.intc)
        own = [_neutron_charge(fold.layers[key].nodes, form_factor, radii) for key in keys]
        neutron = np.concatenate(own, axis=1) / fold.nodes.neutrons[:, None]
        chosen = neutron, which, form_factor.code, form_factor.thickness
    return Counts(
        tuple(parameters),
        plan.line,
        weights,
        fold.bins,
        constant,
        linear,
        q2,
        kernels,
        plan.factors,
        chosen,
        fold.pieces,
    )


@functools.lru_cache(MOST_PLANS)
def _plan(
    structure: Structure,
    names: tuple[str, ...],
    masses: tuple[tuple[str, float], ...],
    products: tuple[tuple[Any, ...], ...],
    radius: bool,
    from_zero: bool,
) -> _Plan:
    """Return what becomes of products of couplings, propagators and loops, whatever their coefficients are.

    Parameters
    ----------
    structure : Structure
        Of the interaction.
    names : tuple of str
        Parameters that counts are a function of.
    masses : tuple of (str, float)
        Names and values [MeV] of the masses that are fixed.
    products : tuple
        Fields of each `Monomial` but its coefficients.
    radius : bool
        Whether a neutron radius is a parameter.
    from_zero : bool
        As of `bind`.
    """
    place, fixed = {name: i for i, name in enumerate(names)}, dict(masses)
    line, power = _line(structure, place)
    mediators = [n for n in dict.fromkeys(name for _, _, _, some, _, _ in products for name, _ in some) if n in place]
    factors = tuple([place[str(name)] for name in mediators] + ([-1] if radius else []))
    terms, lightest = [], math.inf
    for kinematics, final_mass, couplings, some, loops, target in products:
        exponents, along, others = [0] * len(names), 0, []
        for name, exponent in couplings:
            if name not in place:
                others.append((name, exponent))
            elif place[name] == line:
                along = exponent // power
            else:
                exponents[place[name]] = exponent
        powers, propagators = [0] * len(factors), []
        kind = Kind(kinematics, mass_at(final_mass, fixed), target)
        # a magnetic moment's rate rises like 1 / T alone
        light = [0.0] if kind.kinematics == "magnetic" and from_zero else []
        for mass, exponent in some:
            if mass in place:
                powers[mediators.index(mass)] = exponent
            else:
                light.append(mass_at(mass, fixed))
                propagators.append((light[-1], exponent))
        if light and not kind.final_mass:
            lightest = min(lightest, *light)
        channels = _Channels(kind, tuple(powers), tuple(propagators), tuple(loops))
        terms.append((channels, along, tuple(exponents), tuple(others)))
    layers = tuple(dict.fromkeys([VECTOR.layer, *(channels.kind.layer for channels, *_ in terms)]))
    return _Plan((line, power), factors, layers, lightest, tuple(terms))


def _neutron_charge(
    nodes: RecoilNodes | ElectronNodes, form_factor: FormFactor, radii: Mapping[int, str | float]
) -> Array:
    """Return N F_N with the radii that are given as values."""
    out = nodes.neutron_charge.copy()
    for nucleus, radius in radii.items():
        if not isinstance(radius, str):
            out[nucleus] = nodes.neutrons[nucleus] * form_factor(np.sqrt(nodes.q2[nucleus]), radius)
    return out


def _bare_charge(
    nodes: RecoilNodes | ElectronNodes, form_factor: FormFactor, radii: Mapping[int, str | float]
) -> Array:
    """Return N, which F_N is a factor of if a radius is a parameter, or else N F_N."""
    if any(isinstance(radius, str) for radius in radii.values()):
        return np.repeat(nodes.neutrons[:, None], nodes.recoil.size, axis=1)
    return _neutron_charge(nodes, form_factor, radii)


def _by_powers_of_radius(parts: Mapping[_Channels, Sequence[_Part]], flavours: int) -> dict[_Channels, list[_Part]]:
    """Return channels apart by the powers 0, 1 and 2 of the factor F_N, the last one."""
    out: dict[_Channels, list[_Part]] = {}
    for key, members in parts.items():
        if key.kind.target == ELECTRONS:
            out[key] = list(members)
            continue
        for k in range(3):
            of_power = np.arange(3 * flavours) // flavours == k
            some = [p._replace(coefficients=np.where(of_power, p.coefficients, 0.0)) for p in members]
            some = [p for p in some if p.coefficients.any()]
            if some:
                out[key._replace(powers=(*key.powers[:-1], k))] = some
    return out


def _moving(
    fold: Fold, parts: Mapping[_Channels, Sequence[_Part]], form_factor: FormFactor, radii: Mapping[int, str | float]
) -> tuple[Array, Array, dict[LayerKey, dict[tuple[Any, ...], Array]], list[Any]]:
    """Return constant and linear counts, which only the line moves, rates by layer, and kernels of folded counts."""
    rows, bins = fold.shape
    constant, linear = np.zeros(fold.shape), np.zeros((rows, 2, bins))
    counts: dict[tuple[Any, ...], Array] = {}
    rates: dict[LayerKey, dict[tuple[Any, ...], Array]] = {}
    for key, members in parts.items():
        layer = fold.layers[key.kind.layer]
        nodes = layer.nodes
        given = not (radii or key.propagators or key.loops or any(key.powers))
        if not given:
            charge = _bare_charge(nodes, form_factor, radii) if radii else nodes.neutron_charge
            channels = nodes.channels(key.kind, charge) if radii else fold.channels(key.kind)
            channels = channels * key.shape(nodes.q2)
        if any(key.powers):
            own = rates.setdefault(key.kind.layer, {})
            for terms, numbers in _kernels(members):
                rate = (numbers @ channels.reshape(numbers.size, -1)).reshape(channels.shape[1:])
                own[terms, key.powers] = own.get((terms, key.powers), 0.0) + rate
            continue
        table = np.zeros((3, members[0].coefficients.size))
        for part in members:
            if not any(part.couplings):
                table[part.line] += part.coefficients
        if given:
            folded = fold.counts(key.kind)
            add_line(table, folded, constant, linear)
        else:
            channels = channels.sum(axis=1)
            add_line(np.eye(3), layer.dot(table @ channels), constant, linear)
        moved = _kernels([part for part in members if any(part.couplings)])
        if moved:
            numbers = np.array([of_term for _, of_term in moved])
            found = numbers @ folded if given else layer.dot(numbers @ channels)
            for (terms, _), some in zip(moved, found, strict=True):
                counts[terms] = counts.get(terms, 0.0) + some
    kernels = [(terms, None, some.reshape(rows, bins)) for terms, some in counts.items()]
    return constant, linear, rates, kernels


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


def _side_by_side(
    rates: Mapping[LayerKey, Mapping[tuple[Any, ...], Array]], places: Mapping[LayerKey, slice], q2: Array
) -> list[Any]:
    """Return kernels whose rates stand at the nodes of several layers, which follow each other."""
    if len(rates) == 1:
        return [(*key, rate, None) for layer in rates.values() for key, rate in layer.items()]
    found: dict[tuple[Any, ...], Array] = {}
    for layer, members in rates.items():
        for key, rate in members.items():
            found.setdefault(key, np.zeros_like(q2))[:, places[layer]] = rate
    return [(*key, rate, None) for key, rate in found.items()]


def _usual(kernels: list[Any]) -> list[Any]:
    """Return kernels of one mediator along its coupling in the order, and number, for which the kernels are fastest."""
    if not kernels:
        return kernels
    couplings, powers = kernels[0][0][0][1], kernels[0][1]
    usual = {n: (((n, couplings, 1.0),), (n,)) for n in (1, 2)}
    if len(powers) != 1 or any(couplings) or any(kernel[:2] not in usual.values() for kernel in kernels):
        return kernels
    known = {kernel[0]: kernel for kernel in kernels}
    return [known.get(terms) or (terms, power, np.zeros_like(kernels[0][2]), None) for terms, power in usual.values()]


def _line(structure: Structure, place: Mapping[str, int]) -> tuple[int, int]:
    """Return the parameter along which counts are quadratic, and in which of its powers; (-1, 1) if there is none.

    It is the same for every signal, whatever neutrinos it sees, since likelihoods add up along it.
    """
    # counts are not quadratic in a mass, whatever else it multiplies
    found = {n: powers for n, powers in structure.exponents.items() if n in place and n not in structure.mediators}
    own = [name for name in found if name in structure.own_names]
    for name in (*sorted(own, key=place.__getitem__, reverse=True), *(name for name in found if name not in own)):
        power = math.gcd(*found[name])
        if max(found[name]) <= 2 * power:
            return place[name], power
    return -1, 1
