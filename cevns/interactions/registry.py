"""The registry of interactions by name: the standard model, and those of eqs. 3.4-3.6 of arXiv:2008.05022."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from cevns import checks
from cevns.constants import FINE_STRUCTURE, FLAVOURS, MUON_MASS, TAU_MASS
from cevns.errors import InputError
from cevns.interactions.electromagnetic import anapole, charge_radius, magnetic_moment, millicharge, sterile_dipole
from cevns.interactions.interaction import Interaction
from cevns.interactions.nsi import quark_couplings
from cevns.interactions.scalar import ScalarMediator
from cevns.interactions.vector import VectorMediator, current, mediated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["get_interaction", "known_interactions"]


def _standard_model() -> Interaction:
    return Interaction(
        "sm",
        label="SM",
        description="standard model with radiatively corrected couplings",
        reference="arXiv:2008.05022, eqs. 2.1-2.4",
        lagrangian="L = -(G_F / sqrt2) nubar gamma^m (1 - gamma5) nu sum_f fbar gamma_m (g_V^f - g_A^f gamma5) f",
    )


def _universal() -> Interaction:
    return VectorMediator(
        "universal",
        quarks=(1, 1),
        leptons={"e": 1, "mu": 1, "tau": 1},
        label="universal $Z'$",
        description="mediator with charge 1 for every fermion",
        reference="arXiv:2008.05022, eq. 3.4",
    )


def _b_minus_l() -> Interaction:
    return VectorMediator(
        "b-l",
        quarks=(-1 / 3, -1 / 3),
        leptons={"e": 1, "mu": 1, "tau": 1},
        label="$B-L$",
        description="baryon minus lepton number; overall sign of the charges as in the paper",
        reference="arXiv:2008.05022, eq. 3.5",
    )


def _lmu_minus_ltau() -> Interaction:
    loop = -FINE_STRUCTURE / (3 * math.pi) * math.log(TAU_MASS**2 / MUON_MASS**2)
    return mediated(
        "lmu-ltau",
        proton={"mu": loop},
        neutron={},
        electron={"mu": -loop},
        leptons={"e": 0, "mu": 1, "tau": -1},
        label=r"$L_\mu-L_\tau$",
        description="muon minus tau number; reaches quarks by photon mixing in mu and tau loops; no rate of nu_tau",
        reference="arXiv:2008.05022, eq. 3.6",
        lagrangian=f"{_different({'mu': 1, 'tau': -1})}, mixed with photons by loops at q = 0",
    )


def _running(name: str, charges: dict[str, float], label: str) -> Interaction:
    return mediated(
        name,
        proton={f: charges.get(f, 0.0) for f in FLAVOURS},
        neutron={},
        electron={f: charge * charges.get("e", 0.0) for f, charge in charges.items()},
        loop=charges,
        leptons={f: charges.get(f, 0.0) for f in FLAVOURS},
        label=label,
        description="difference of lepton numbers; reaches protons by photon mixing through loops, with their running "
        "and the sign of quantum electrodynamics",
        reference="arXiv:2202.11002",
        lagrangian=f"{_different(charges)}, mixed with photons by loops that run",
    )


def _different(charges: Mapping[str, float]) -> str:
    """Return the Lagrangian of a difference of lepton numbers."""
    return current({name: charge for f, charge in charges.items() for name in (f, f"nu_{f}")})


#: Baryon number minus lepton numbers without anomalies: charges of e, mu and tau beside 1/3 of quarks.
_CHARGES = {
    "b-3le": ((-3, 0, 0), "$B-3L_e$"),
    "b-3lmu": ((0, -3, 0), r"$B-3L_\mu$"),
    "b-3ltau": ((0, 0, -3), r"$B-3L_\tau$"),
    "b-2le-lmu": ((-2, -1, 0), r"$B-2L_e-L_\mu$"),
    "b-le-2lmu": ((-1, -2, 0), r"$B-L_e-2L_\mu$"),
    "b+lmu+ltau": ((0, 1, 1), r"$B_y+L_\mu+L_\tau$"),
}


def _baryonic(name: str) -> Interaction:
    charges, label = _CHARGES[name]
    return VectorMediator(
        name,
        quarks=(1 / 3, 1 / 3),
        leptons=dict(zip(FLAVOURS, charges, strict=True)),
        label=label,
        description=f"mediator with charge 1/3 for quarks and {', '.join(map(str, charges))} for e, mu and tau",
        reference="arXiv:2202.11002",
    )


_BUILDERS: dict[str, Callable[[], Interaction]] = {
    "sm": _standard_model,
    "universal": _universal,
    "b-l": _b_minus_l,
    "lmu-ltau": _lmu_minus_ltau,
    **{name: functools.partial(_baryonic, name) for name in _CHARGES},
    "lmu-ltau-running": lambda: _running("lmu-ltau-running", {"mu": 1, "tau": -1}, r"$L_\mu-L_\tau$ (running)"),
    "le-lmu": lambda: _running("le-lmu", {"e": 1, "mu": -1}, r"$L_e-L_\mu$"),
    "le-ltau": lambda: _running("le-ltau", {"e": 1, "tau": -1}, r"$L_e-L_\tau$"),
    "scalar": lambda: ScalarMediator(
        label="scalar",
        description="light scalar with g = sqrt(g_nu g_q), the same for u and d quarks: 17.3 for proton and neutron",
        reference="arXiv:1802.05171",
    ),
    "magnetic-moment": lambda: magnetic_moment(
        label="magnetic moment",
        description="effective magnetic moments of neutrinos",
        reference="arXiv:2005.01645",
    ),
    "millicharge": lambda: millicharge(
        label="millicharge",
        description="electric charges of neutrinos",
        reference="arXiv:2005.01645",
    ),
    "charge-radius": lambda: charge_radius(
        label="charge radius",
        description="charge radii of neutrinos, totals where the flavour stays",
        reference="arXiv:2005.01645",
    ),
    "anapole": lambda: anapole(
        label="anapole moment",
        description="anapole moments of neutrinos beside the standard model's: <r^2> - 6 a",
        reference="arXiv:2005.01645",
    ),
    "nsi": lambda: quark_couplings(
        label="NSI",
        description="contact vector interactions with u and d quarks, changes of flavour included",
        reference="arXiv:2008.05022, eqs. 3.1 and 3.2",
    ),
    "sterile-dipole": lambda: sterile_dipole(
        label="dipole portal",
        description="transition magnetic moments to a massive neutral lepton N",
        reference="arXiv:1803.03262",
    ),
}

#: What is asked for and has no answer, and why.
_REFUSED = {
    "pseudoscalar": "couples to spins of nuclei with a rate of q^2 / 4 M^2, which coherent scattering does not see; on "
    "electrons it is cevns.interactions.PseudoscalarMediator(), for experiments with electrons",
    "tensor": "has no charges of protons and neutrons that everybody agrees on: give yours, "
    "cevns.interactions.TensorMediator(proton=..., neutron=...)",
}


def known_interactions() -> tuple[str, ...]:
    """Return the names of the built-in interactions.

    Examples
    --------
    >>> known_interactions()[:4]
    ('sm', 'universal', 'b-l', 'lmu-ltau')
    """
    return tuple(_BUILDERS)


def get_interaction(interaction: str | Interaction) -> Interaction:
    """Return an `Interaction` for a name; an `Interaction` is returned as it is.

    Raises
    ------
    UnknownNameError
        If the name is not built in.
    InputError
        If it is the name of a kind that cannot be built in, with the reason.

    Examples
    --------
    >>> get_interaction("b-l").label
    '$B-L$'
    """
    if isinstance(interaction, Interaction):
        return interaction
    if isinstance(interaction, str) and interaction in _BUILDERS:
        return _build(interaction)
    checks.instance("interaction", interaction, (str, Interaction), f"names: {', '.join(_BUILDERS)}")
    if interaction in _REFUSED:
        raise InputError(f"interaction {interaction!r} is not built in: it {_REFUSED[interaction]}")
    # it is not
    return _build(checks.known("interaction", interaction, _BUILDERS))


@functools.cache
def _build(name: str) -> Interaction:
    return _BUILDERS[name]()
