"""An interaction: parameters and amplitudes beside the standard model's."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError
from cevns.interactions.amplitudes import Amplitude, Monomial, monomials
from cevns.interactions.charges import LARGEST_NUMBER, charge_table
from cevns.interactions.kinematics import ELECTRONS, NUCLEI
from cevns.interactions.standard_model import RADIATIVE_COUPLINGS, WeakCouplings, weak_name
from cevns.interactions.structure import Structure, structure_of
from cevns.parameters import Parameter, needed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import ArrayLike, Values
    from cevns.nuclei import FormFactor, Nucleus

__all__ = ["Interaction"]

_TENSOR = (
    "a tensor current couples to spins: that its charges add up like Z and N is an assumption of some papers, which "
    "nuclei without spin, such as argon, do not support; normalisations differ by factors of 2 between papers"
)


@dataclass(frozen=True, eq=False, repr=False)
class Interaction(Value):
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
    lagrangian : str
        What it adds to the standard model, in plain text: normalisations and signs differ between papers.

    Raises
    ------
    InputError
        If a name is missing, a field is of another type, a number is out of range, or amplitudes and parameters do not
        fit together.

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
    lagrangian: str = ""
    #: What does not depend on numbers: one object for all interactions that agree in it.
    structure: Structure = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        for field in ("label", "description", "reference", "lagrangian"):
            checks.words(field, getattr(self, field))
        checks.instance("weak", self.weak, WeakCouplings, "for example cevns.interactions.RADIATIVE_COUPLINGS")
        amplitudes = checks.sequence("amplitudes", self.amplitudes, Amplitude)
        for amplitude in amplitudes:
            self._check(amplitude)
        given = checks.sequence("parameters", self.parameters, Parameter)
        structure = structure_of(self.name, given, self.weak.parameter, tuple([a.form for a in amplitudes]))
        checks.put(
            self,
            parameters=structure.parameters,
            amplitudes=amplitudes,
            leptons=charge_table("leptons", self.leptons),
            label=self.label or self.name,
            structure=structure,
        )

    def _check(self, amplitude: Amplitude) -> None:
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

    @property
    def mediators(self) -> frozenset[str]:
        """Names of the parameters that are masses of mediators."""
        return self.structure.mediators

    @property
    def final_masses(self) -> frozenset[str]:
        """Names of the parameters that are masses of the neutral lepton that leaves."""
        return self.structure.final_masses

    @property
    def mediations(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        """Names of the masses of mediators, each with those of the couplings that go with it."""
        return self.structure.mediations

    @property
    def propagators(self) -> Mapping[str, tuple[str, int]]:
        """The mass of the mediator that each coupling has, and the coupling's power, for those that have one alone."""
        return self.structure.propagators

    @property
    def caveats(self) -> tuple[str, ...]:
        """What it takes for granted of nuclei that many do not grant, in plain sentences, which results repeat."""
        coherent = any(a.kinematics == "tensor" and (a.proton or a.neutron) for a in self.amplitudes)
        return (_TENSOR,) if coherent else ()

    @property
    def silent(self) -> tuple[str, ...]:
        """Flavours of leptons that have a charge, while no amplitude says what their neutrinos do."""
        said = {flavour for a in self.amplitudes for flavour in a.flavours}
        return tuple(flavour for flavour, charge in self.leptons if charge and flavour not in said)

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
            own = shared.setdefault(parameter.name, parameter)
            if not own.agrees(parameter):
                raise InputError(
                    f"{self.name!r} and {other.name!r} both have a parameter {parameter.name!r}, with another unit, "
                    "range, default, origin or prior; use renamed() on one of them"
                )
            if own.label != parameter.label:
                # neither symbol is that of both: it is called by its name
                shared[parameter.name] = own.replace(label="")
        return Interaction(
            f"{self.name} + {other.name}",
            tuple(shared.values()),
            self.amplitudes + other.amplitudes,
            f"{self.label} + {other.label}",
            self.weak,
            self._leptons_with(other),
            _joined(self.description, other.description),
            _joined(self.reference, other.reference),
            _joined(self.lagrangian, other.lagrangian),
        )

    def _leptons_with(self, other: Interaction) -> tuple[tuple[str, float], ...]:
        """Return the charges of charged leptons of a sum, in which equal names are one mediator with one coupling.

        Charges are those of one mediator. Several of them have none together, nor have exchanges that do not say the
        same, or of which one says nothing: rates of neutrinos do not need them, and `lepton_charge` says so.
        """
        # a contact interaction, or the standard model, leaves a mediator what it is
        parts = [i for i in (self, other) if i.mediations or i.leptons]
        several = len(self.mediations | other.mediations) > 1
        if len(parts) > 1 and (several or not all(i.leptons for i in parts)):
            return ()
        charges: dict[str, float] = {}
        for part in parts:
            if any(charges.setdefault(flavour, charge) != charge for flavour, charge in part.leptons):
                return ()
        return tuple(charges.items())

    def __radd__(self, other: Any) -> Interaction:
        # sum() starts from 0
        return self if other == 0 else NotImplemented

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is not as it is unless something else is asked for: the weak couplings, if they are others.

        Examples
        --------
        >>> from cevns.interactions import TREE_LEVEL_COUPLINGS, get_interaction
        >>> get_interaction("b-l").replace(weak=TREE_LEVEL_COUPLINGS).assumptions
        ('tree-level weak couplings',)
        """
        return () if self.weak == RADIATIVE_COUPLINGS else (f"{weak_name(self.weak)} weak couplings",)

    def replace(self, **changes: Any) -> Interaction:
        """Return a copy with some fields changed, for example ``weak=TREE_LEVEL_COUPLINGS``.

        Examples
        --------
        >>> from cevns.interactions import get_interaction
        >>> get_interaction("b-l").replace(label="$U(1)$").label
        '$U(1)$'
        """
        return dataclasses.replace(self, **changes)

    def renamed(self, **names: str) -> Interaction:
        """Return a copy with other names of parameters, for example ``coupling="g_s"``.

        On figures these are called by their new names: two masses with one symbol could not be told apart. Another
        label is that of a `Parameter`, ``replace(parameters=...)``.

        Raises
        ------
        UnknownNameError
            If it has no such parameter.

        Examples
        --------
        >>> from cevns.interactions import get_interaction
        >>> get_interaction("scalar").renamed(coupling="g_s").own_names
        ('mass', 'g_s')
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

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names of the interaction's own parameters."""
        return self.structure.own_names

    @property
    def all_parameters(self) -> tuple[Parameter, ...]:
        """Its own parameters, and those of the standard model."""
        return self.structure.all_parameters

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
            chosen = [a for a in (*weak, *self.amplitudes) if not any(n in without for n, _ in a.couplings)]
            found = self._monomials[key] = monomials(chosen, key[0], target)
        return found

    def unseen(self, flavours: Sequence[str], targets: Sequence[str] = (NUCLEI,)) -> tuple[str, ...]:
        """Return the names of its own parameters on which no rate of neutrinos of some flavours depends.

        Parameters are those of `monomials`, for one or more targets.

        Examples
        --------
        >>> import cevns
        >>> cevns.get_interaction("magnetic-moment").unseen(["e", "mu"])
        ('mu_tau',)
        """
        seen: set[object] = set()
        for monomial in (m for target in targets for m in self.monomials(flavours, target=target)):
            seen |= {monomial.final_mass, *dict(monomial.couplings), *dict(monomial.mediators)}
        return tuple(name for name in self.own_names if name not in seen)

    def check_nuclei(self, remedy: str) -> None:
        """Refuse what nuclei alone cannot see.

        Parameters
        ----------
        remedy : str
            How electrons are seen where this is asked.

        Raises
        ------
        InputError
            If it has the amplitude of a pseudoscalar.
        """
        if self.structure.needs_electrons:
            raise InputError(
                f"interaction {checks.shown(self.name)} has a pseudoscalar, whose coherent amplitude on nuclei "
                "vanishes (it couples to their spins, with a rate of q^2 / 4 M^2), but which scatters on electrons: "
                f"{remedy}"
            )

    def _check_electrons(self) -> None:
        """Refuse a mediator that electrons are said to feel, with nothing of how neutrinos meet them by it."""
        mediated = [a for a in self.amplitudes if a.mediator is not None]
        if mediated and dict(self.leptons).get("e") and not any(a.electron or a.electron_axial for a in mediated):
            raise InputError(
                f"interaction {checks.shown(self.name)} has the charge {dict(self.leptons)['e']:g} of electrons, but "
                "no amplitude of neutrinos with them: give mediated(..., electron=...), charges of neutrinos times "
                "that of electrons, or replace(leptons=()) for electrons that do not feel it"
            )

    @property
    def exponents(self) -> Mapping[str, frozenset[int]]:
        """Powers above 0 in which the rates of any neutrinos depend on each coupling, whatever its numbers are."""
        return self.structure.exponents

    @cached_property
    def _monomials(self) -> dict[tuple[tuple[str, ...], frozenset[str], str], tuple[Monomial, ...]]:
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, f.name) for f in dataclasses.fields(self) if f.init)

    def lepton_charge(self, flavour: str) -> float:
        """Return Q'_l of a charged lepton.

        Raises
        ------
        InputError
            If the interaction does not give the charge, or is a sum whose parts differ in it, or one of several
            mediators, each of which has its own.

        Examples
        --------
        >>> from cevns.interactions import get_interaction
        >>> get_interaction("b-3lmu").lepton_charge("mu")
        -3.0
        """
        charges: dict[str, float] = dict(self.leptons)
        if flavour not in charges and len(self.mediations) > 1:
            raise InputError(
                f"interaction {checks.shown(self.name)} has several mediators, whose charges for the charged lepton "
                f"{flavour!r} are not one: ask each of them, or set leptons="
            )
        if flavour not in charges:
            raise InputError(
                f"interaction {checks.shown(self.name)} gives no charge for the charged lepton {flavour!r}, nor has a "
                "sum one whose parts say different ones: set leptons="
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
