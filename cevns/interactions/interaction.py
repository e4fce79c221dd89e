"""An interaction: parameters and amplitudes beside the standard model's."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.interactions.amplitudes import Amplitude, Monomial, monomials
from cevns.interactions.charges import LARGEST_NUMBER, charge_table
from cevns.interactions.kinematics import ELECTRONS, NUCLEI
from cevns.interactions.standard_model import RADIATIVE_COUPLINGS, WeakCouplings
from cevns.parameters import LARGEST_COUPLING, LARGEST_MASS, Parameter, needed

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from cevns._types import ArrayLike, Values
    from cevns.nuclei import FormFactor, Nucleus

__all__ = ["Interaction"]

#: Names of arguments of the public functions that take parameters by name, beside ``mass`` and ``coupling``.
RESERVED = frozenset(
    {
        "antineutrino",
        "bounds",
        "cl",
        "dof",
        "edges_kev",
        "electron_kev",
        "energy",
        "eta",
        "flavour",
        "flux",
        "form_factor",
        "free",
        "interaction",
        "likelihood",
        "logarithmic",
        "mass_range",
        "name",
        "nodes",
        "nucleus",
        "num_threads",
        "priors",
        "profiled",
        "progress",
        "recoil_kev",
        "reference",
        "self",
        "target",
        "values",
    }
)
_TAKEN = dict.fromkeys(RESERVED, "an argument of functions that take parameters by name")


@dataclass(frozen=True)
class Interaction:
    """The standard model plus an interaction of neutrinos with nucleons and electrons. Interactions add with ``+``.

    Parameters
    ----------
    name : str
        Short name, as in the registry.
    parameters : tuple of Parameter
        Its own, in the order in which functions take their values.
    amplitudes : tuple of Amplitude
        Beside those of the standard model, whose parameter ``sin2_theta_w`` every interaction has.
    label : str
        Name as it is set in figures (Matplotlib's mathtext).
    weak : WeakCouplings
        The standard-model part.
    leptons : mapping of str to float
        Charges Q'_l of the charged leptons, for their magnetic moments.
    description, reference : str
        For lists and citations.

    Examples
    --------
    >>> from cevns.interactions import Amplitude
    >>> from cevns.parameters import coupling, mass
    >>> amplitudes = [Amplitude((f, f), 0.0, 1.0, (("coupling", 2),), "mass") for f in ("e", "mu")]
    >>> protophobic = Interaction("protophobic", (mass(), coupling()), amplitudes)
    >>> [p.name for p in protophobic.parameters]
    ['mass', 'coupling']
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    amplitudes: tuple[Amplitude, ...] = ()
    label: str = ""
    weak: WeakCouplings = RADIATIVE_COUPLINGS
    leptons: Values = ()
    description: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        for field in ("label", "description", "reference"):
            checks.words(field, getattr(self, field))
        checks.instance("weak", self.weak, WeakCouplings, "for example cevns.interactions.RADIATIVE_COUPLINGS")
        checks.put(
            self,
            parameters=checks.sequence("parameters", self.parameters, Parameter),
            amplitudes=checks.sequence("amplitudes", self.amplitudes, Amplitude),
            leptons=charge_table("leptons", self.leptons),
            label=self.label or self.name,
        )
        names = [p.name for p in self.parameters]
        if len(set(names)) < len(names):
            raise InputError(f"parameters of {self.name!r} have the same name: {', '.join(names)}")
        for name in names:
            taken = "a neutron radius" if name.startswith("rn_") else _TAKEN.get(name)
            if taken or name == self.weak.parameter.name:
                raise InputError(
                    f"a parameter of {checks.shown(self.name)} is called {name!r}, which is taken: by "
                    f"{taken or 'the standard model'}; choose another name"
                )
        usable = {*names, self.weak.parameter.name}
        for amplitude in self.amplitudes:
            self._check(amplitude, usable)
        couplings = {name for a in self.amplitudes for name, _ in a.couplings}
        checks.put(self, parameters=tuple(self._bounded(p, p.name in couplings) for p in self.parameters))
        for name in names:
            if name not in couplings | self.mediators | self.final_masses:
                raise InputError(
                    f"no amplitude of {checks.shown(self.name)} depends on its parameter {name!r}: give one "
                    f"couplings=(({name!r}, 1),), or mediator={name!r} for a mass, or leave the parameter out"
                )

    def _bounded(self, parameter: Parameter, coupling: bool) -> Parameter:
        """Return a parameter in MeV if it is a mass, and with the range in which powers do not overflow."""
        name, unit = parameter.name, parameter.unit
        low, high, mass = parameter.low, parameter.high, name in self.mediators | self.final_masses
        if mass:
            kind = "of a mediator" if name in self.mediators else "of a final lepton"
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

    def _check(self, amplitude: Amplitude, names: Container[str]) -> None:
        masses = (m for m in (amplitude.mediator, amplitude.final_mass) if isinstance(m, str))
        for name in (*(name for name, _ in amplitude.couplings), *masses):
            if name not in names:
                raise InputError(f"an amplitude of {self.name!r} has {name!r}, which is not among its parameters")
        if amplitude.mediator == self.weak.parameter.name:
            raise InputError(f"an amplitude of {self.name!r} has the mediator {amplitude.mediator!r}, which is no mass")
        for part in (amplitude.proton, amplitude.neutron, amplitude.electron, amplitude.electron_axial):
            if not abs(part) <= LARGEST_NUMBER:
                raise InputError(
                    f"an amplitude of {self.name!r} has the number {part!s}, which is not allowed: at most "
                    f"{LARGEST_NUMBER:g}"
                )

    def __repr__(self) -> str:
        names = ", ".join(p.name for p in self.parameters) or "none"
        return f"<Interaction {self.name!r}, parameters: {names}; {len(self.amplitudes)} amplitudes>"

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def mediators(self) -> frozenset[str]:
        """Names of the parameters that are masses of mediators."""
        return frozenset(a.mediator for a in self.amplitudes if isinstance(a.mediator, str))

    @cached_property
    def final_masses(self) -> frozenset[str]:
        """Names of the parameters that are masses of the neutral lepton that leaves."""
        return frozenset(a.final_mass for a in self.amplitudes if isinstance(a.final_mass, str))

    @cached_property
    def mediations(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        """Names of the masses of mediators, each with those of the couplings that go with it."""
        return frozenset(
            (a.mediator, tuple(n for n, _ in a.couplings)) for a in self.amplitudes if isinstance(a.mediator, str)
        )

    @cached_property
    def propagators(self) -> dict[str, tuple[str, int]]:
        """The mass of the mediator that each coupling has, and the coupling's power, for those that have one alone."""
        found: dict[str, set[tuple[str | float | None, int]]] = {}
        for amplitude in self.amplitudes:
            for name, power in amplitude.couplings:
                found.setdefault(name, set()).add((amplitude.mediator, power))
        alone = {name: next(iter(pairs)) for name, pairs in found.items() if len(pairs) == 1}
        return {name: (mediator, power) for name, (mediator, power) in alone.items() if isinstance(mediator, str)}

    @cached_property
    def _hash(self) -> int:
        # not of everything: equality looks at the rest
        return hash((self.name, tuple((a.proton, a.neutron) for a in self.amplitudes)))

    def __add__(self, other: Interaction) -> Interaction:
        if not isinstance(other, Interaction):
            return NotImplemented
        if self.weak != other.weak:
            raise InputError(f"{self.name!r} and {other.name!r} have different weak couplings: replace(weak=...) one")
        shared = {p.name: p for p in self.parameters}
        for parameter in other.parameters:
            if shared.setdefault(parameter.name, parameter) != parameter:
                raise InputError(
                    f"{self.name!r} and {other.name!r} both have a parameter {parameter.name!r}, with another unit, "
                    "range, default or label; use renamed() on one of them"
                )
        return Interaction(
            f"{self.name} + {other.name}",
            tuple(shared.values()),
            self.amplitudes + other.amplitudes,
            f"{self.label} + {other.label}",
            self.weak,
            self._leptons_with(other),
            _joined(self.description, other.description),
            _joined(self.reference, other.reference),
        )

    def _leptons_with(self, other: Interaction) -> tuple[tuple[str, float], ...]:
        """Return the charges of charged leptons of a sum, in which equal names are one mediator with one coupling.

        Charges are those of one mediator: several of them have none together, and `lepton_charge` says so.
        """
        charges = dict(self.leptons)
        if len(self.mediations | other.mediations) > 1:
            # a contact interaction, or the standard model, leaves a mediator what it is
            kept = [i for i in (self, other) if i.mediations or i.leptons]
            return kept[0].leptons if len(kept) == 1 else ()
        for flavour, charge in other.leptons:
            if charges.setdefault(flavour, charge) != charge:
                raise InputError(
                    f"{self.name!r} and {other.name!r} give the charged lepton {flavour!r} the charges "
                    f"{charges[flavour]:g} and {charge:g}, but their sum is one mediator: use renamed() on one of them "
                    "if there are two, or replace(leptons=()) if the charges do not matter"
                )
        return tuple(charges.items())

    def __radd__(self, other: Any) -> Interaction:
        # sum() starts from 0
        return self if other == 0 else NotImplemented

    def replace(self, **changes: Any) -> Interaction:
        """Return a copy with some fields changed, for example ``weak=TREE_LEVEL_COUPLINGS``."""
        return dataclasses.replace(self, **changes)

    def renamed(self, **names: str) -> Interaction:
        """Return a copy with other names of parameters, for example ``coupling="g_s"``.

        On figures these are called by their new names: two masses with one symbol could not be told apart. Another
        label is that of a `Parameter`, ``replace(parameters=...)``.

        Raises
        ------
        UnknownNameError
            If it has no such parameter.
        """
        for name in names:
            checks.known("parameter", name, [p.name for p in self.parameters])

        def renamed(mass: str | float | None) -> str | float | None:
            return names.get(mass, mass) if isinstance(mass, str) else mass

        return self.replace(
            parameters=tuple(
                p.replace(name=names[p.name], label="") if names.get(p.name, p.name) != p.name else p
                for p in self.parameters
            ),
            amplitudes=tuple(
                dataclasses.replace(
                    a,
                    couplings=tuple((names.get(name, name), power) for name, power in a.couplings),
                    mediator=renamed(a.mediator),
                    final_mass=renamed(a.final_mass),
                )
                for a in self.amplitudes
            ),
        )

    @cached_property
    def own_names(self) -> tuple[str, ...]:
        """Names of the interaction's own parameters."""
        return tuple(p.name for p in self.parameters)

    @cached_property
    def all_parameters(self) -> tuple[Parameter, ...]:
        """Its own parameters, and those of the standard model."""
        weak = self.weak.parameter
        return self.parameters if weak.name in self.own_names else (*self.parameters, weak)

    def offsets(self, values: Mapping[str, Any]) -> dict[str, float]:
        """Return checked values of all parameters, less those at which their amplitudes vanish.

        Raises
        ------
        InputError
            If a value is missing or out of range, or belongs to a mass or coupling that there is not.
        UnknownNameError
            If a parameter is not known.
        """
        given, names = needed(values, self.own_names, self.name), [p.name for p in self.all_parameters]
        for name in given:
            checks.known("parameter", name, names)
        return {p.name: p.number(given.get(p.name)) - p.origin for p in self.all_parameters}

    def monomials(
        self, flavours: Sequence[str], without: frozenset[str] = frozenset(), target: str = NUCLEI
    ) -> tuple[Monomial, ...]:
        """Return the rates of neutrinos of some flavours as a polynomial, standard model included.

        Parameters
        ----------
        flavours : sequence of str
            Initial flavours.
        without : frozenset of str
            Parameters at the values where their amplitudes vanish: these are left out.
        target : {"nuclei", "electrons"}
            What neutrinos scatter on.

        Raises
        ------
        InputError
            If electrons are asked for, which have a charge, but no amplitude.
        """
        key = tuple(flavours), without, target
        found = self._monomials.get(key)
        if found is None:
            if target == ELECTRONS:
                self._check_electrons()
            weak = [amplitude for flavour in flavours for amplitude in self.weak.amplitudes(flavour)]
            chosen = [a for a in (*weak, *self.amplitudes) if not any(name in without for name, _ in a.couplings)]
            found = self._monomials[key] = monomials(chosen, key[0], target)
        return found

    def _check_electrons(self) -> None:
        """Refuse a mediator that electrons are said to feel, with nothing of how neutrinos meet them by it."""
        mediated = [a for a in self.amplitudes if a.mediator is not None]
        if mediated and dict(self.leptons).get("e") and not any(a.electron or a.electron_axial for a in mediated):
            raise InputError(
                f"interaction {checks.shown(self.name)} has the charge {dict(self.leptons)['e']:g} of electrons, but "
                "no amplitude of neutrinos with them: give mediated(..., electron=...), charges of neutrinos times "
                "that of electrons, or replace(leptons=()) for electrons that do not feel it"
            )

    @cached_property
    def exponents(self) -> dict[str, set[int]]:
        """Powers above 0 in which the rates of any neutrinos depend on each coupling, whatever its numbers are."""
        weak = frozenset({(), ((self.weak.parameter.name, 1),)})
        sectors: dict[tuple[Any, ...], frozenset[tuple[tuple[str, int], ...]]] = {}
        for a in self.amplitudes:
            key = a.kinematics, a.final_mass, a.flavours
            same = a.flavours[0] == a.flavours[1] and a.final_mass is None
            interferes = same and a.kinematics == "vector"
            sectors[key] = sectors.get(key, weak if interferes else frozenset()) | {a.couplings}
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
        for sums in found.values():
            sums.discard(0)
        return found

    @cached_property
    def _monomials(self) -> dict[tuple[tuple[str, ...], frozenset[str], str], tuple[Monomial, ...]]:
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Interaction, tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    def lepton_charge(self, flavour: str) -> float:
        """Return Q'_l of a charged lepton.

        Raises
        ------
        InputError
            If the interaction does not give the charge, or is a sum of several mediators, each of which has its own.
        """
        charges: dict[str, float] = dict(self.leptons)
        if flavour not in charges and len(self.mediations) > 1:
            raise InputError(
                f"interaction {checks.shown(self.name)} has several mediators, whose charges for the charged lepton "
                f"{flavour!r} are not one: ask each of them, or set leptons="
            )
        if flavour not in charges:
            raise InputError(
                f"interaction {checks.shown(self.name)} gives no charge for the charged lepton {flavour!r}; set "
                "leptons="
            )
        return charges[flavour]

    def cross_section(
        self,
        energy: ArrayLike,
        nucleus: Nucleus | str,
        flavour: str,
        recoil_kev: ArrayLike | None = None,
        *,
        form_factor: FormFactor | str = "helm",
        **values: float,
    ) -> Any:
        """Return the cross section, differential or total; see `cevns.interactions.cross_section`.

        Examples
        --------
        >>> import cevns
        >>> sm = cevns.get_interaction("sm")
        >>> f"{sm.cross_section(30.0, 'Ar-40', 'mu'):.3e}"  # cm^2
        '1.512e-39'
        """
        from cevns.interactions.cross_sections import cross_section

        return cross_section(self, energy, nucleus, flavour, recoil_kev, form_factor=form_factor, **values)


def _joined(first: str, second: str) -> str:
    """Return two texts as one, each once."""
    return "; ".join(dict.fromkeys(filter(None, (first, second))))
