"""The registry of models by name."""

from __future__ import annotations

import functools
import math

from cevns import checks
from cevns.constants import FINE_STRUCTURE, MUON_MASS, TAU_MASS
from cevns.models.vector import VectorMediator, VectorModel

__all__ = ["get_model", "known_models"]


def _standard_model():
    return VectorModel(
        "sm",
        proton={},
        neutron={},
        mediated=False,
        label="SM",
        description="standard model with radiatively corrected couplings",
        reference="arXiv:2008.05022, eqs. 2.1-2.4",
    )


def _universal():
    return VectorMediator(
        "universal",
        quarks=(1, 1),
        leptons={"e": 1, "mu": 1, "tau": 1},
        label="universal $Z'$",
        description="mediator with charge 1 for every fermion",
        reference="arXiv:2008.05022, eq. 3.4",
    )


def _b_minus_l():
    return VectorMediator(
        "b-l",
        quarks=(-1 / 3, -1 / 3),
        leptons={"e": 1, "mu": 1, "tau": 1},
        label="$B-L$",
        description="baryon minus lepton number; overall sign of the charges as in the paper",
        reference="arXiv:2008.05022, eq. 3.5",
    )


def _lmu_minus_ltau():
    loop = -FINE_STRUCTURE / (3 * math.pi) * math.log(TAU_MASS**2 / MUON_MASS**2)
    return VectorModel(
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


def known_models() -> tuple[str, ...]:
    """Return the names of the built-in models."""
    return tuple(_BUILDERS)


def get_model(model: str | VectorModel) -> VectorModel:
    """Return a `VectorModel` for a name; a `VectorModel` is returned as it is.

    Raises
    ------
    UnknownNameError
        If the name is not built in.

    Examples
    --------
    >>> get_model("b-l").couplings("mu")
    (-1.0, -1.0)
    """
    if isinstance(model, VectorModel):
        return model
    checks.instance("model", model, (str, VectorModel), f"names: {', '.join(_BUILDERS)}")
    return _build(checks.known("model", model, _BUILDERS))


@functools.cache
def _build(name):
    return _BUILDERS[name]()
