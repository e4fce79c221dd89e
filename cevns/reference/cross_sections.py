"""Models and the differential cross section, eqs 2.1 to 2.4 and 3.2 to 3.6."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.reference.constants import ALPHA, CM2, G_F, M_MU, M_TAU, pick
from cevns.reference.form_factors import FORM_FACTORS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cevns.reference.nuclei import Nucleus

GVP = {"e": 0.0401, "mu": 0.0318, "tau": 0.0275}  # eqs 2.2, 2.3; nu_tau with the charge radius -0.30e-32 cm^2
GVN = -0.5094  # eq. 2.4


def model(name: str) -> dict[str, Any]:
    """Couplings of a model, Q_l = (g_V^p(l) + kp_l x) Z F_Z + (g_V^n + kn_l x) N F_N.

    Parameters
    ----------
    name : {"sm", "universal", "b-l", "lmu-ltau"}
        Eqs 2.1, 3.4, 3.5 and 3.6.

    Returns
    -------
    dict
        ``kind``, "mediated" (x = g^2 / (sqrt(2) G_F (q^2 + M^2))) or "contact" (x = 1); ``kp``, ``kn`` per flavour.

    Examples
    --------
    >>> model("b-l")["kn"]
    {'e': -1.0, 'mu': -1.0, 'tau': -1.0}
    """
    loop = float(-ALPHA / (3 * np.pi) * np.log(M_TAU**2 / M_MU**2))
    table = {
        "sm": ("contact", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        "universal": ("mediated", (3.0, 3.0, 3.0), (3.0, 3.0, 3.0)),
        "b-l": ("mediated", (-1.0, -1.0, -1.0), (-1.0, -1.0, -1.0)),
        # the paper has no neutrinos of the third flavour, for which eq. 3.6 says nothing
        "lmu-ltau": ("mediated", (0.0, loop, 0.0), (0.0, 0.0, 0.0)),
    }
    kind, kp, kn = pick("model", table, name)
    flavours = ("e", "mu", "tau")
    return {"kind": kind, "kp": dict(zip(flavours, kp, strict=True)), "kn": dict(zip(flavours, kn, strict=True))}


def nsi(eps_u: Mapping[str, float], eps_d: Mapping[str, float]) -> dict[str, Any]:
    """Couplings of contact non-standard interactions, eq. 3.2, from eps^{uV} and eps^{dV}, dicts per flavour.

    Examples
    --------
    >>> nsi({"e": 0.5, "mu": 0.0}, {"e": 0.25, "mu": 0.0})["kp"]
    {'e': 1.25, 'mu': 0.0}
    """
    kp = {flavour: 2 * eps_u[flavour] + eps_d[flavour] for flavour in eps_u}
    kn = {flavour: eps_u[flavour] + 2 * eps_d[flavour] for flavour in eps_u}
    return {"kind": "contact", "kp": kp, "kn": kn}


def couplings_of(name_or_dict: Any) -> dict[str, Any]:
    return model(name_or_dict) if isinstance(name_or_dict, str) else name_or_dict


def cross_section(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    couplings: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
) -> Any:
    """Differential cross section dsigma/dT in cm^2/MeV, eqs 2.1 and 3.2 to 3.6.

    Parameters
    ----------
    E, T : float or ndarray
        Neutrino and recoil energy in MeV; they broadcast.
    nucleus : Nucleus
        Target.
    flavour : {"e", "mu", "tau"}
        Flavour of the neutrino; an antineutrino has the same cross section.
    couplings : dict
        What `model` or `nsi` returns.
    mass, coupling : float
        M_Z' in MeV and g_Z'; a contact model does not use them.
    form_factor : {"helm", "klein-nystrand", "symmetrized-fermi", "point"}
        Form factor of both nucleon distributions.

    Returns
    -------
    float or ndarray
        Zero where T is above the kinematic limit 2 E^2 / M.

    Examples
    --------
    >>> from cevns.reference import AR40
    >>> float(cross_section(10.0, 1.0, AR40, "e", model("sm")))
    0.0
    """
    F = pick("form factor", FORM_FACTORS, form_factor)
    q2 = 2 * nucleus.mass * T
    x = coupling**2 / (np.sqrt(2) * G_F * (q2 + mass**2)) if couplings["kind"] == "mediated" else 1.0
    Q_p = (GVP[flavour] + couplings["kp"][flavour] * x) * nucleus.Z * F(np.sqrt(q2), nucleus.R_p)
    Q_n = (GVN + couplings["kn"][flavour] * x) * nucleus.N * F(np.sqrt(q2), nucleus.R_n)
    kinematic = np.maximum(1 - nucleus.mass * T / (2 * E**2), 0.0)
    return CM2 * G_F**2 * nucleus.mass / np.pi * kinematic * (Q_p + Q_n) ** 2
