"""Neutral-current couplings of the standard model (eqs. 2.2-2.4 of arXiv:2008.05022)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError
from cevns.interactions.amplitudes import Amplitude
from cevns.interactions.charges import LARGEST_CHARGE, charge_table
from cevns.parameters import Parameter

if TYPE_CHECKING:
    from cevns._types import Values

__all__ = [
    "RADIATIVE_COUPLINGS",
    "RADIATIVE_ELECTRON_COUPLINGS",
    "TREE_LEVEL_COUPLINGS",
    "WEAK_COUPLINGS",
    "WeakCouplings",
    "weak_name",
]


@dataclass(frozen=True, eq=False, repr=False)
class WeakCouplings(Value):
    """Neutral-current vector couplings of the standard model.

    Parameters
    ----------
    proton : mapping of str to float
        g_V^p(nu_l) by flavour.
    neutron : float
        g_V^n.
    source : str
        Where the numbers come from.
    sin2_theta_w : float
        Weak mixing angle for which they hold; ``sin2_theta_w`` as a parameter moves g_V^p by minus twice the
        difference, with the radiative parts fixed, and g_V of electrons by twice the difference.
    electron : mapping of str to (float, float)
        g_V and g_A of electrons by flavour; those of tree level unless given, 2 sin^2 theta_W + 1/2 and 1/2 for nu_e,
        to which the charged current adds, and 2 sin^2 theta_W - 1/2 and -1/2 for the others.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> WeakCouplings((("e", 0.04), ("mu", 0.03)), -0.51, "mine").of("mu")  # g_V^p, g_V^n
    (0.03, -0.51)
    """

    proton: Values
    neutron: float
    source: str
    sin2_theta_w: float = 0.23857
    electron: Values = ()

    def __post_init__(self) -> None:
        checks.put(
            self,
            proton=charge_table("proton", self.proton),
            neutron=checks.real("neutron", self.neutron, low=-LARGEST_CHARGE, high=LARGEST_CHARGE),
            sin2_theta_w=checks.real("sin2_theta_w", self.sin2_theta_w, low=0, high=1),
            electron=_pairs(self.electron),
        )
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
            f"{', '.join(n for n, _ in self.proton)}. Give the interaction weak=WeakCouplings(...) with one"
        )

    def of_electrons(self, flavour: str) -> tuple[float, float]:
        """Return (g_V, g_A) of electrons for a flavour.

        Raises
        ------
        InputError
            If numbers are given, but none for the flavour.
        """
        if not self.electron:
            axial = 0.5 if flavour == "e" else -0.5
            return 2 * self.sin2_theta_w + axial, axial
        for name, pair in self.electron:
            if name == flavour:
                vector, axial = pair
                return vector, axial
        raise InputError(
            f"no standard-model couplings of electrons for flavour {flavour!r}; known: "
            f"{', '.join(n for n, _ in self.electron)}. Give weak=WeakCouplings(..., electron=...) with them, or leave "
            "electron out for those of tree level"
        )

    @cached_property
    def parameter(self) -> Parameter:
        """The weak mixing angle as a parameter."""
        s2 = self.sin2_theta_w
        return Parameter("sin2_theta_w", label=r"$\sin^2\theta_W$", default=s2, low=0.0, high=1.0, origin=s2)

    def amplitudes(self, flavour: str) -> tuple[Amplitude, Amplitude]:
        """Return the amplitudes of a flavour: at the couplings' own weak angle, and for what the angle adds."""
        found = self._amplitudes.get(flavour)
        if found is None:
            (proton, neutron), (vector, axial) = self.of(flavour), self.of_electrons(flavour)
            flavours, angle = (flavour, flavour), ((self.parameter.name, 1),)
            found = (
                Amplitude(flavours, proton, neutron, electron=vector, electron_axial=axial),
                Amplitude(flavours, -2.0, 0.0, angle, electron=2.0),
            )
            self._amplitudes[flavour] = found
        return found

    @cached_property
    def _amplitudes(self) -> dict[str, tuple[Amplitude, Amplitude]]:
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        return WeakCouplings, (self.proton, self.neutron, self.source, self.sin2_theta_w, self.electron)


def _pairs(values: Any) -> tuple[tuple[str, tuple[float, float]], ...]:
    """Return g_V and g_A by flavour."""
    given = tuple(values.items()) if isinstance(values, Mapping) else values
    given = checks.pairs("electron", given, "(flavour, (g_V, g_A))")
    pairs = [(flavour, checks.sequence(f"electron[{flavour!r}]", pair, (float, int))) for flavour, pair in given]
    for flavour, pair in pairs:
        if len(pair) != 2:
            raise InputError(f"electron[{flavour!r}] must be the two numbers (g_V, g_A), got {checks.shown(pair)}")
    vector, axial = (
        charge_table(f"{name} of electron", [(flavour, pair[i]) for flavour, pair in pairs])
        for i, name in enumerate(("g_V", "g_A"))
    )
    return tuple((flavour, (v, a)) for (flavour, v), (_, a) in zip(vector, axial, strict=True))


#: With radiative corrections, MS-bar scheme: eqs. 2.2-2.4 of arXiv:2008.05022 (from arXiv:1303.5522). The paper has no
#: tau neutrinos; their coupling has the same corrections with the tau's mass in the charge radius, ln(m_W^2 / m_l^2).
RADIATIVE_COUPLINGS = WeakCouplings(
    (("e", 0.0401), ("mu", 0.0318), ("tau", 0.0275)), -0.5094, "arXiv:2008.05022, eqs. 2.2-2.4"
)
#: Tree level with sin^2 theta_W = 0.23855, the same for all flavours: text below eq. 2.4 of arXiv:2008.05022.
TREE_LEVEL_COUPLINGS = WeakCouplings(
    (("e", 0.0229), ("mu", 0.0229), ("tau", 0.0229)), -0.5, "arXiv:2008.05022, below eq. 2.4", 0.23855
)
#: The same as `RADIATIVE_COUPLINGS` with radiative corrections of electrons' couplings too, 0.9521, 0.4938 (e) and
#: -0.0397, -0.5062 (mu): arXiv:2205.09484, not checked against its text. For nu_tau stands the charge radius of nu_tau
#: in the place of that of nu_mu.
RADIATIVE_ELECTRON_COUPLINGS = WeakCouplings(
    RADIATIVE_COUPLINGS.proton,
    RADIATIVE_COUPLINGS.neutron,
    f"{RADIATIVE_COUPLINGS.source}; electrons: arXiv:2205.09484",
    RADIATIVE_COUPLINGS.sin2_theta_w,
    (("e", (0.9521, 0.4938)), ("mu", (-0.0397, -0.5062)), ("tau", (-0.0354, -0.5062))),
)
#: Names under which configuration files and the command line know them.
WEAK_COUPLINGS = {
    "radiative": RADIATIVE_COUPLINGS,
    "radiative-electrons": RADIATIVE_ELECTRON_COUPLINGS,
    "tree-level": TREE_LEVEL_COUPLINGS,
}


def weak_name(weak: WeakCouplings) -> str:
    """Return the name of weak couplings in `WEAK_COUPLINGS`, or their source."""
    return next((name for name, known in WEAK_COUPLINGS.items() if known == weak), weak.source)
