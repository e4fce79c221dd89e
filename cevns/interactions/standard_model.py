"""Neutral-current couplings of the standard model (eqs. 2.2-2.4 of arXiv:2008.05022)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.interactions.amplitudes import Amplitude
from cevns.interactions.charges import LARGEST_CHARGE, charge_table
from cevns.parameters import Parameter

if TYPE_CHECKING:
    from cevns._types import Values

__all__ = ["RADIATIVE_COUPLINGS", "TREE_LEVEL_COUPLINGS", "WEAK_COUPLINGS", "WeakCouplings"]


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
    sin2_theta_w : float
        Weak mixing angle for which they hold; ``sin2_theta_w`` as a parameter moves g_V^p by minus twice the
        difference, with the radiative parts fixed.
    """

    proton: Values
    neutron: float
    source: str
    sin2_theta_w: float = 0.23857

    def __post_init__(self) -> None:
        checks.put(
            self,
            proton=charge_table("proton", self.proton),
            neutron=checks.real("neutron", self.neutron, low=-LARGEST_CHARGE, high=LARGEST_CHARGE),
            sin2_theta_w=checks.real("sin2_theta_w", self.sin2_theta_w, low=0, high=1),
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

    @cached_property
    def parameter(self) -> Parameter:
        """The weak mixing angle as a parameter."""
        s2 = self.sin2_theta_w
        return Parameter("sin2_theta_w", label=r"$\sin^2\theta_W$", default=s2, low=0.0, high=1.0, origin=s2)

    def amplitudes(self, flavour: str) -> tuple[Amplitude, Amplitude]:
        """Return the amplitudes of a flavour: at the couplings' own weak angle, and for what the angle adds."""
        found = self._amplitudes.get(flavour)
        if found is None:
            proton, neutron = self.of(flavour)
            flavours, angle = (flavour, flavour), ((self.parameter.name, 1),)
            found = Amplitude(flavours, proton, neutron), Amplitude(flavours, -2.0, 0.0, angle)
            self._amplitudes[flavour] = found
        return found

    @cached_property
    def _amplitudes(self) -> dict[str, tuple[Amplitude, Amplitude]]:
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        return WeakCouplings, (self.proton, self.neutron, self.source, self.sin2_theta_w)


#: With radiative corrections, MS-bar scheme: eqs. 2.2-2.4 of arXiv:2008.05022 (from arXiv:1303.5522). The paper has no
#: tau neutrinos; their coupling has the same corrections with the tau's mass in the charge radius, ln(m_W^2 / m_l^2).
RADIATIVE_COUPLINGS = WeakCouplings(
    (("e", 0.0401), ("mu", 0.0318), ("tau", 0.0275)), -0.5094, "arXiv:2008.05022, eqs. 2.2-2.4"
)
#: Tree level with sin^2 theta_W = 0.23855, the same for all flavours: text below eq. 2.4 of arXiv:2008.05022.
TREE_LEVEL_COUPLINGS = WeakCouplings(
    (("e", 0.0229), ("mu", 0.0229), ("tau", 0.0229)), -0.5, "arXiv:2008.05022, below eq. 2.4", 0.23855
)
#: Names under which configuration files and the command line know them.
WEAK_COUPLINGS = {"radiative": RADIATIVE_COUPLINGS, "tree-level": TREE_LEVEL_COUPLINGS}
