"""Vector interactions of neutrinos with nucleons: the standard model plus a table of couplings per flavour."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.constants import FERMI_CONSTANT
from cevns.errors import InputError
from cevns.fluxes import FLAVOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import ArrayLike, Values


__all__ = [
    "RADIATIVE_COUPLINGS",
    "TREE_LEVEL_COUPLINGS",
    "WEAK_COUPLINGS",
    "NonStandardInteractions",
    "VectorMediator",
    "VectorModel",
    "WeakCouplings",
]

#: Largest coupling that is accepted: far beyond perturbation theory, and low enough that g^8 cannot overflow.
LARGEST_COUPLING = 1e10
#: Largest mediator mass [MeV] that is accepted.
LARGEST_MASS = 1e15
#: Largest charge or epsilon that is accepted; couplings to nucleons are products of up to two of them, times 3.
LARGEST_CHARGE = 1e6


def _table(name, values, largest=LARGEST_CHARGE):
    if isinstance(values, (tuple, list)) and all(isinstance(entry, (tuple, list)) for entry in values):
        pairs = checks.pairs(name, values, "(flavour, number)")
    else:
        pairs = checks.instance(name, values, Mapping, "give numbers by flavour, such as {'mu': -3}").items()
    table = []
    for flavour, value in pairs:
        checks.flavour("lepton flavour", flavour, FLAVOURS)
        if flavour in dict(table):
            raise InputError(f"{name} gives flavour {flavour!r} more than once")
        table.append((flavour, checks.real(f"{name}[{flavour!r}]", value, low=-largest, high=largest)))
    return tuple(table)


@dataclass(frozen=True)
class WeakCouplings:
    """Neutral-current vector couplings of the standard model.

    Parameters
    ----------
    proton : mapping of str to float
        g_V^p(nu_l) by flavour.
    neutron : float
        g_V^n.
    source : str
        Where the numbers come from.
    """

    proton: Values
    neutron: float
    source: str

    def __post_init__(self):
        object.__setattr__(self, "proton", _table("proton", self.proton))
        neutron = checks.real("neutron", self.neutron, low=-LARGEST_CHARGE, high=LARGEST_CHARGE)
        object.__setattr__(self, "neutron", neutron)
        checks.words("source", self.source)

    def of(self, flavour: str) -> tuple[float, float]:
        """Return (g_V^p, g_V^n) for a flavour.

        Raises
        ------
        InputError
            If no proton coupling is given for the flavour.
        """
        for name, value in self.proton:
            if name == flavour:
                return value, self.neutron
        raise InputError(
            f"no standard-model proton coupling for flavour {flavour!r}; known: "
            f"{', '.join(n for n, _ in self.proton)}. Give the model weak=WeakCouplings(...) with one"
        )


#: With radiative corrections, MS-bar scheme: eqs. 2.2-2.4 of arXiv:2008.05022 (from arXiv:1303.5522). The paper has no
#: tau neutrinos; their coupling has the same corrections with the tau's mass in the charge radius, ln(m_W^2 / m_l^2).
RADIATIVE_COUPLINGS = WeakCouplings(
    (("e", 0.0401), ("mu", 0.0318), ("tau", 0.0275)), -0.5094, "arXiv:2008.05022, eqs. 2.2-2.4"
)
#: Tree level with sin^2 theta_W = 0.23855, the same for all flavours: text below eq. 2.4 of arXiv:2008.05022.
TREE_LEVEL_COUPLINGS = WeakCouplings(
    (("e", 0.0229), ("mu", 0.0229), ("tau", 0.0229)), -0.5, "arXiv:2008.05022, below eq. 2.4"
)
#: Names under which configuration files and the command line know them.
WEAK_COUPLINGS = {"radiative": RADIATIVE_COUPLINGS, "tree-level": TREE_LEVEL_COUPLINGS}


@dataclass(frozen=True)
class VectorModel:
    """The standard model plus one vector interaction, contact or mediated.

    The weak charge of a nucleus for flavour l is (eqs. 3.2 and 3.3)

        Q_l = (g_V^p(l) + kp_l x) Z F_Z + (g_V^n + kn_l x) N F_N,

    with ``x = g^2 / (sqrt(2) G_F (|q|^2 + M^2))`` for a mediator of mass M and coupling g, and ``x`` the coupling
    itself (a common factor, 1 for the couplings as given) for a contact interaction. Every U(1)' charge assignment is a
    choice of kp and kn; see `VectorMediator` and `NonStandardInteractions` for charges and epsilons instead.

    Parameters
    ----------
    name : str
        Short name, as in the registry.
    proton, neutron : mapping of str to float
        kp_l and kn_l by flavour; missing flavours are 0.
    mediated : bool
        Whether a propagator with a mass multiplies the couplings.
    leptons : mapping of str to float, optional
        Vector charges Q'_l of the charged leptons, for the one-loop magnetic moments.
    label : str
        Name as it is set in figures (Matplotlib's mathtext).
    weak : WeakCouplings
        The standard-model part.
    description, reference : str
        For lists and citations.

    Examples
    --------
    >>> protophobic = VectorModel("protophobic", proton={}, neutron={"e": 1, "mu": 1})
    >>> protophobic.couplings("e")
    (0.0, 1.0)
    """

    name: str
    proton: Values
    neutron: Values
    mediated: bool = True
    leptons: Values = ()
    label: str = ""
    weak: WeakCouplings = RADIATIVE_COUPLINGS
    description: str = ""
    reference: str = ""

    def __post_init__(self):
        checks.text("name", self.name)
        for field in ("label", "description", "reference"):
            checks.words(field, getattr(self, field))
        checks.instance("mediated", self.mediated, bool)
        checks.instance("weak", self.weak, WeakCouplings, "for example cevns.models.RADIATIVE_COUPLINGS")
        for field, largest in (
            ("proton", 3 * LARGEST_CHARGE**2),
            ("neutron", 3 * LARGEST_CHARGE**2),
            ("leptons", None),
        ):
            object.__setattr__(self, field, _table(field, getattr(self, field), largest or LARGEST_CHARGE))
        if not self.label:
            object.__setattr__(self, "label", self.name)

    @functools.cached_property
    def interacting(self) -> bool:
        """Whether there is anything beyond the standard model."""
        return any(value for _, value in self.proton + self.neutron)

    @functools.cached_property
    def has_mass(self) -> bool:
        """Whether predictions depend on a mediator mass."""
        return self.mediated and self.interacting

    def couplings(self, flavour: str) -> tuple[float, float]:
        """Return (kp_l, kn_l) for a flavour."""
        return dict(self.proton).get(flavour, 0.0), dict(self.neutron).get(flavour, 0.0)

    def lepton_charge(self, flavour: str) -> float:
        """Return Q'_l of a charged lepton.

        Raises
        ------
        InputError
            If the model does not give the charge.
        """
        charges = dict(self.leptons)
        if flavour not in charges:
            raise InputError(
                f"model {checks.shown(self.name)} gives no charge for the charged lepton {flavour!r}; set leptons="
            )
        return charges[flavour]

    def replace(self, **changes: Any) -> VectorModel:
        """Return a copy with some fields changed, for example ``weak=TREE_LEVEL_COUPLINGS``."""
        return dataclasses.replace(self, **changes)

    def strength(self, coupling: Any) -> Any:
        """Return y, in which counts are quadratic: g^2 for a mediator, the coupling itself for contact."""
        return coupling * coupling if self.mediated else coupling

    def check_mass(self, mass: ArrayLike | None, low: float = 0.0, *, single: bool = False) -> Any:
        """Return a mediator mass [MeV] as checked floats; `None`, or 0, stands for a model without one.

        Parameters
        ----------
        mass : array_like or None
            What a user gave.
        low : float
            Least mass; above 0 only for an experiment without a threshold, where the events of a massless mediator
            diverge.
        single : bool
            Whether only one number will do.

        Raises
        ------
        InputError
            If the mass is missing, below `low`, not finite or above 1e15 MeV, or not a single number, or if the model
            takes none.
        """
        if not self.has_mass:
            if mass is not None and checks.floats("mass", mass, unit="MeV").any():
                raise InputError(f"mass is given, but model {checks.shown(self.name)} has no mediator: leave it out")
            return 0.0
        if mass is None:
            raise InputError(f"mass is missing: model {checks.shown(self.name)} has a mediator, give its mass in MeV")
        return _values("mass", mass, single, unit="MeV", low=low, high=LARGEST_MASS)

    def check_coupling(self, coupling: ArrayLike | None, *, single: bool = False) -> Any:
        """Return couplings as checked floats; `None`, or 0, stands for no interaction beyond the standard model.

        Parameters
        ----------
        coupling : array_like or None
            What a user gave.
        single : bool
            Whether only one number will do.

        Raises
        ------
        InputError
            If a coupling is missing, not finite, beyond 1e10 or, for a mediator, negative, or not a single number, or
            if the model takes none.
        """
        if not self.interacting:
            if coupling is not None and checks.floats("coupling", coupling).any():
                raise InputError(f"coupling is given, but model {checks.shown(self.name)} has none: leave it out")
            return 0.0
        if coupling is None:
            if self.mediated:
                raise InputError(f"coupling is missing: model {checks.shown(self.name)} has one, give a number")
            return 1.0
        low = 0.0 if self.mediated else -LARGEST_COUPLING
        return _values("coupling", coupling, single, low=low, high=LARGEST_COUPLING)


def VectorMediator(name: str, *, quarks: Sequence[float], leptons: Mapping[str, float], **fields: Any) -> VectorModel:
    """Return the model of a U(1)' gauge boson from the charges of quarks and leptons (eq. 3.3).

    Parameters
    ----------
    name : str
        Short name.
    quarks : (float, float)
        Q'_u and Q'_d.
    leptons : mapping of str to float
        Q'_l by flavour, for neutrinos and charged leptons alike.
    **fields
        Further fields of `VectorModel`.

    Returns
    -------
    VectorModel
        With kp_l = Q'_l (2 Q'_u + Q'_d) and kn_l = Q'_l (Q'_u + 2 Q'_d).

    Examples
    --------
    >>> VectorMediator("B-3L_mu", quarks=(1 / 3, 1 / 3), leptons={"mu": -3}).couplings("mu")
    (-3.0, -3.0)
    """
    try:
        # the keys of a mapping, or the members of a set, are no pair
        up, down = () if isinstance(quarks, (Mapping, Set, str)) else quarks
    except (TypeError, ValueError):
        raise InputError(f"quarks must be the two charges (Q'_u, Q'_d), got {quarks!r}") from None
    up, down = (
        checks.real(name, charge, low=-LARGEST_CHARGE, high=LARGEST_CHARGE)
        for name, charge in (("Q'_u", up), ("Q'_d", down))
    )
    table = _table("leptons", leptons)
    return VectorModel(
        name,
        proton={flavour: charge * (2 * up + down) for flavour, charge in table},
        neutron={flavour: charge * (up + 2 * down) for flavour, charge in table},
        leptons=table,
        **fields,
    )


def NonStandardInteractions(
    name: str = "nsi", *, up: Mapping[str, float] | None = None, down: Mapping[str, float] | None = None, **fields: Any
) -> VectorModel:
    """Return contact vector interactions with quarks (eqs. 3.1 and 3.2).

    Parameters
    ----------
    name : str
        Short name.
    up, down : mapping of str to float
        epsilon^uV_ll and epsilon^dV_ll by flavour; missing flavours are 0.
    **fields
        Further fields of `VectorModel`.

    Returns
    -------
    VectorModel
        Contact model with kp_l = 2 eps_u + eps_d and kn_l = eps_u + 2 eps_d, whose coupling scales all of them.

    Examples
    --------
    >>> NonStandardInteractions(up={"e": 0.1}, down={"e": -0.1}).mediated
    False
    """
    up, down = dict(_table("up", {} if up is None else up)), dict(_table("down", {} if down is None else down))
    return VectorModel(
        name,
        proton={f: 2 * up.get(f, 0.0) + down.get(f, 0.0) for f in FLAVOURS},
        neutron={f: up.get(f, 0.0) + 2 * down.get(f, 0.0) for f in FLAVOURS},
        mediated=False,
        **fields,
    )


def propagator_scale(model: VectorModel) -> float:
    """Return the factor between y / (|q|^2 + M^2) and x: 1 / (sqrt(2) G_F) [MeV^2] for a mediator, 1 for contact."""
    return 1 / (math.sqrt(2) * FERMI_CONSTANT) if model.mediated else 1.0


def broadcast_shape(mass: ArrayLike, coupling: ArrayLike, name: str = "coupling") -> tuple[int, ...]:
    """Return the common shape of masses and couplings (or what `name` says), or say that they have none."""
    try:
        return np.broadcast_shapes(np.shape(mass), np.shape(coupling))
    except ValueError:
        raise InputError(
            f"mass of shape {np.shape(mass)} and {name} of shape {np.shape(coupling)} do not broadcast; "
            "for a grid use mass[:, None], or scan()"
        ) from None


def _values(name, value, single, **limits):
    check = checks.real if single or isinstance(value, (int, float)) else checks.array
    return check(name, value, **limits)
