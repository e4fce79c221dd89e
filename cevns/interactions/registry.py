"""The registry of interactions by name: the standard model, and those of eqs. 3.4-3.6 of arXiv:2008.05022."""

from __future__ import annotations

import functools
import math

from cevns import checks
from cevns.constants import FINE_STRUCTURE, MUON_MASS, TAU_MASS
from cevns.interactions.interaction import Interaction
from cevns.interactions.vector import VectorMediator, mediated

__all__ = ["get_interaction", "known_interactions"]


def _standard_model() -> Interaction:
    return Interaction(
        "sm",
        label="SM",
        description="standard model with radiatively corrected couplings",
        reference="arXiv:2008.05022, eqs. 2.1-2.4",
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
        leptons={"e": 0, "mu": 1, "tau": -1},
        label=r"$L_\mu-L_\tau$",
        description="muon minus tau number; reaches quarks by photon mixing through mu and tau loops",
        reference="arXiv:2008.05022, eq. 3.6",
    )


_BUILDERS = {
    "sm": _standard_model,
    "universal": _universal,
    "b-l": _b_minus_l,
    "lmu-ltau": _lmu_minus_ltau,
}


def known_interactions() -> tuple[str, ...]:
    """Return the names of the built-in interactions."""
    return tuple(_BUILDERS)


def get_interaction(interaction: str | Interaction) -> Interaction:
    """Return an `Interaction` for a name; an `Interaction` is returned as it is.

    Raises
    ------
    UnknownNameError
        If the name is not built in.

    Examples
    --------
    >>> get_interaction("b-l").label
    '$B-L$'
    """
    if isinstance(interaction, Interaction):
        return interaction
    checks.instance("interaction", interaction, (str, Interaction), f"names: {', '.join(_BUILDERS)}")
    return _build(checks.known("interaction", interaction, _BUILDERS))


@functools.cache
def _build(name: str) -> Interaction:
    return _BUILDERS[name]()
