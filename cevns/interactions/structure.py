"""What an interaction is without its numbers: parameters, and where each amplitude has them.

Interactions that differ in numbers alone, such as those of a scan over charges, have one structure, which is looked
through once.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.interactions.amplitudes import Form
from cevns.interactions.kinematics import PSEUDOSCALAR
from cevns.parameters import LARGEST_COUPLING, LARGEST_MASS, Parameter

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

__all__ = ["RESERVED", "Structure", "structure_of"]

#: Structures that are kept; a scan over interactions must not fill the memory.
MOST_STRUCTURES = 128
#: Names of arguments of the public functions that take parameters by name, beside ``mass`` and ``coupling``.
RESERVED = frozenset(
    {
        "antineutrino",
        "bands",
        "bounds",
        "cl",
        "data",
        "dof",
        "drawn",
        "edges_kev",
        "electron_kev",
        "energy",
        "eta",
        "executor",
        "exposure",
        "flavour",
        "flux",
        "folder",
        "form_factor",
        "free",
        "grid",
        "height",
        "interaction",
        "key",
        "likelihood",
        "lines",
        "logarithmic",
        "mass_range",
        "model",
        "most",
        "n",
        "name",
        "nodes",
        "nucleus",
        "nuisances",
        "num_threads",
        "parameter",
        "port",
        "precision",
        "priors",
        "profiled",
        "progress",
        "pulls",
        "recoil_kev",
        "reference",
        "seed",
        "self",
        "target",
        "threshold",
        "toys",
        "truth",
        "values",
        "workers",
    }
)
_TAKEN = dict.fromkeys(RESERVED, "an argument of functions that take parameters by name")


@dataclass(frozen=True, eq=False, repr=False)
class Structure:
    """Parameters of an interaction with their ranges, and what follows from where its amplitudes have them.

    Parameters
    ----------
    parameters : tuple of Parameter
        The interaction's own.
    weak : Parameter
        That of the standard model.
    forms : tuple of Form
        Of the amplitudes beside the standard model's.
    """

    parameters: tuple[Parameter, ...]
    weak: Parameter
    forms: tuple[Form, ...]

    @cached_property
    def own_names(self) -> tuple[str, ...]:
        """Names of the interaction's own parameters."""
        return tuple(p.name for p in self.parameters)

    @cached_property
    def all_parameters(self) -> tuple[Parameter, ...]:
        """Its own parameters, and those of the standard model."""
        return self.parameters if self.weak.name in self.own_names else (*self.parameters, self.weak)

    @cached_property
    def mediators(self) -> frozenset[str]:
        """Names of the parameters that are masses of mediators."""
        return frozenset(f.mediator for f in self.forms if isinstance(f.mediator, str))

    @cached_property
    def final_masses(self) -> frozenset[str]:
        """Names of the parameters that are masses of the neutral lepton that leaves."""
        return frozenset(f.final_mass for f in self.forms if isinstance(f.final_mass, str))

    @cached_property
    def masses(self) -> frozenset[str]:
        """Names of both."""
        return self.mediators | self.final_masses

    @cached_property
    def needs_electrons(self) -> bool:
        """Whether an amplitude is of kinematics that nuclei do not have."""
        return any(f.kinematics == PSEUDOSCALAR for f in self.forms)

    @cached_property
    def mediations(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        """Names of the masses of mediators, each with those of the couplings that go with it."""
        return frozenset(
            (f.mediator, tuple(n for n, _ in f.couplings)) for f in self.forms if isinstance(f.mediator, str)
        )

    @cached_property
    def propagators(self) -> Mapping[str, tuple[str, int]]:
        """The mass of the mediator that each coupling has, and the coupling's power, for those that have one alone."""
        found: dict[str, set[tuple[str | float | None, int]]] = {}
        for form in self.forms:
            for name, power in form.couplings:
                found.setdefault(name, set()).add((form.mediator, power))
        alone = {name: next(iter(pairs)) for name, pairs in found.items() if len(pairs) == 1}
        return MappingProxyType(
            {name: (mediator, power) for name, (mediator, power) in alone.items() if isinstance(mediator, str)}
        )

    @cached_property
    def exponents(self) -> Mapping[str, frozenset[int]]:
        """Powers above 0 in which the rates of any neutrinos depend on each coupling, whatever its numbers are."""
        weak = frozenset({(), ((self.weak.name, 1),)})
        sectors: dict[tuple[Any, ...], frozenset[tuple[tuple[str, int], ...]]] = {}
        for form in self.forms:
            key = form.kinematics, form.final_mass, form.flavours
            same = form.flavours[0] == form.flavours[1] and form.final_mass is None
            interferes = same and form.kinematics == "vector"
            sectors[key] = sectors.get(key, weak if interferes else frozenset()) | {form.couplings}
        found: dict[str, set[int]] = {}
        for members in {weak, *sectors.values()}:
            powers: dict[str, set[int]] = {}
            for couplings in members:
                for coupling, power in couplings:
                    powers.setdefault(coupling, set()).add(power)
            for coupling, some in powers.items():
                if () in members or any(coupling not in dict(couplings) for couplings in members):
                    some.add(0)
                found.setdefault(coupling, set()).update(i + j for i in some for j in some)
        return MappingProxyType({name: frozenset(sums - {0}) for name, sums in found.items()})


@functools.lru_cache(MOST_STRUCTURES)
def structure_of(name: str, parameters: tuple[Parameter, ...], weak: Parameter, forms: tuple[Form, ...]) -> Structure:
    """Return the structure of an interaction called `name`, checked, one object for all that are equal.

    Raises
    ------
    InputError
        If names of parameters are taken or missing, one is of no use, or its range, unit or origin is not possible.
    """
    names = [p.name for p in parameters]
    if len(set(names)) < len(names):
        raise InputError(f"parameters of {name!r} have the same name: {', '.join(names)}")
    for own in names:
        taken = "a neutron radius" if own.startswith("rn_") else _TAKEN.get(own)
        if taken or own == weak.name:
            raise InputError(
                f"a parameter of {checks.shown(name)} is called {own!r}, which is taken: by "
                f"{taken or 'the standard model'}; choose another name"
            )
    for form in forms:
        _check(name, form, {*names, weak.name}, weak.name)
    found = Structure(parameters, weak, forms)
    couplings = {coupling for form in forms for coupling, _ in form.couplings}
    for own in names:
        if own not in couplings | found.masses:
            raise InputError(
                f"no amplitude of {checks.shown(name)} depends on its parameter {own!r}: give one "
                f"couplings=(({own!r}, 1),), or mediator={own!r} for a mass, or leave the parameter out"
            )
    return Structure(tuple(_bounded(p, found, p.name in couplings) for p in parameters), weak, forms)


def _check(name: str, form: Form, names: Container[str], weak: str) -> None:
    masses = (m for m in (form.mediator, form.final_mass) if isinstance(m, str))
    for used in (*(coupling for coupling, _ in form.couplings), *masses):
        if used not in names:
            raise InputError(f"an amplitude of {name!r} has {used!r}, which is not among its parameters")
    if form.mediator == weak:
        raise InputError(f"an amplitude of {name!r} has the mediator {form.mediator!r}, which is no mass")


def _bounded(parameter: Parameter, structure: Structure, coupling: bool) -> Parameter:
    """Return a parameter in MeV if it is a mass, and with the range in which powers do not overflow."""
    name, unit = parameter.name, parameter.unit
    low, high, mass = parameter.low, parameter.high, name in structure.masses
    if mass:
        kind = "of a mediator" if name in structure.mediators else "of a final lepton"
        if parameter.origin != 0:
            raise InputError(f"{name} is the mass {kind}, whose origin must be 0")
        if unit not in ("", "MeV"):
            raise InputError(f"{name} is the mass {kind}, whose unit must be MeV, got {unit!r}: convert it")
        low, high, unit = max(low, 0.0), min(high, LARGEST_MASS), "MeV"
    if coupling:
        if abs(parameter.origin) > LARGEST_COUPLING:
            raise InputError(
                f"origin of {name} = {parameter.origin:g} is not allowed: that of a coupling must lie from "
                f"{-LARGEST_COUPLING:g} to {LARGEST_COUPLING:g}"
            )
        low, high = max(low, -LARGEST_COUPLING), min(high, LARGEST_COUPLING)
    # what files of results understand by these names
    if (name == "mass" and not mass and coupling) or (name == "coupling" and (mass or unit)):
        meaning = "the mass of a mediator" if name == "mass" else "a pure number that multiplies amplitudes"
        raise InputError(f"a parameter that is called {name!r} must be {meaning}: choose another name")
    if (low, high, unit) == (parameter.low, parameter.high, parameter.unit):
        return parameter
    return parameter.replace(low=low, high=high, unit=unit)
