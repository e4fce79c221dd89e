"""Electromagnetic properties of neutrinos: magnetic moments, charges and charge radii, and dipole portals.

Photons couple to the charge Z F_Z of nuclei, and to that of electrons, -1. Magnetic moments flip the neutrino's
helicity and add to rates; charges and charge radii interfere with the standard model where they keep the flavour.
"""

from __future__ import annotations

import math
from typing import Any

from cevns.constants import (
    ELECTRON_MASS,
    FERMI_CONSTANT,
    FINE_STRUCTURE,
    FLAVOURS,
    HBAR_C_SQUARED_CM2,
)
from cevns.interactions.amplitudes import Amplitude
from cevns.interactions.flavours import CHANGES, SAME, pairs, subscript
from cevns.interactions.interaction import Interaction
from cevns.parameters import Parameter, mass

__all__ = ["STANDARD_RADII", "anapole", "charge_radius", "magnetic_moment", "millicharge", "sterile_dipole"]

#: Charge radii of the standard model [1e-32 cm^2], which the weak couplings g_V^p hold: -(G_F / 2 sqrt(2) pi^2) (3 - 2
#: ln(m_l^2 / m_W^2)).
STANDARD_RADII = {"e": -0.83, "mu": -0.48, "tau": -0.30}
#: Pairs of flavours in the order of the parameters.
_ORDER = ("ee", "mumu", *CHANGES, "tautau")
#: Largest radius squared [1e-32 cm^2] that is accepted.
_LARGEST_RADIUS = 1e6
#: A for a moment of one Bohr magneton, with kappa = (1 / M) (1 / T - 1 / E) [MeV].
_MAGNETON = math.pi * FINE_STRUCTURE / (ELECTRON_MASS * FERMI_CONSTANT)
#: What a radius squared of 1e-32 cm^2 adds to g_V^p.
_RADIUS = -math.sqrt(2) * math.pi * FINE_STRUCTURE / (3 * FERMI_CONSTANT) * 1e-32 / HBAR_C_SQUARED_CM2
#: g^2 of a massless mediator that a charge of e stands for.
_CHARGE = 4 * math.pi * FINE_STRUCTURE


def magnetic_moment(name: str = "magnetic-moment", **fields: Any) -> Interaction:
    """Return the interaction of effective magnetic moments ``mu_e``, ``mu_mu`` and ``mu_tau`` [Bohr magnetons].

    Rates are those of the standard model plus ``(pi alpha^2 / m_e^2) (mu_l / mu_B)^2 (1 / T - 1 / E) Z^2 F_Z^2``.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> round(float(argon.predict(magnetic_moment(), mu_mu=1e-8).signal.sum()), 1)
    944.7
    """
    fields = {"lagrangian": "L = -(mu_l / 2) nubar sigma^mn nu_l F_mn + h.c.", **fields}
    return Interaction(name, _moments(FLAVOURS), _dipoles(FLAVOURS, None), **fields)


def sterile_dipole(name: str = "sterile-dipole", **fields: Any) -> Interaction:
    """Return the interaction of a dipole portal, nu_l -> N: parameters ``mass`` of N [MeV], ``mu_e`` and ``mu_mu``.

    Moments are transition moments in Bohr magnetons, ``L = -(mu_l / 2) Nbar sigma F nu_l + h.c.``: a portal that is
    written with d has d = mu / 2.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> round(float(argon.predict(sterile_dipole(), mass=5.0, mu_mu=1e-8).signal.sum()), 1)
    934.0
    """
    flavours = FLAVOURS[:2]
    fields = {"lagrangian": "L = -(mu_l / 2) Nbar sigma^mn nu_l F_mn + h.c.", **fields}
    return Interaction(name, (mass(label="$m_N$"), *_moments(flavours)), _dipoles(flavours, "mass"), **fields)


def _moments(flavours: tuple[str, ...]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            f"mu_{f}", "mu_B", rf"$\mu_{{\nu_{subscript(f).rstrip()}}}$", default=0.0, low=0.0, high=1.0, scale="log"
        )
        for f in flavours
    )


def _dipoles(flavours: tuple[str, ...], final_mass: str | None) -> tuple[Amplitude, ...]:
    return tuple(_photon((f, f), _MAGNETON, f"mu_{f}", kinematics="magnetic", final_mass=final_mass) for f in flavours)


def _photon(
    flavours: tuple[str, str],
    proton: float,
    coupling: str,
    mediator: float | None = None,
    kinematics: str = "vector",
    final_mass: str | None = None,
) -> Amplitude:
    """Return an amplitude of photons, for which electrons have the opposite charge of protons."""
    return Amplitude(flavours, proton, 0.0, ((coupling, 1),), mediator, kinematics, final_mass, electron=-proton)


def millicharge(name: str = "millicharge", **fields: Any) -> Interaction:
    """Return the interaction of charges of neutrinos [e].

    Parameters ``q_ee``, ``q_mumu``, ``q_emu``, ``q_etau``, ``q_mutau`` and ``q_tautau`` each add ``(2 sqrt(2) pi alpha
    / G_F) q_ab / q^2`` to g_V^p, and the opposite to g_V of electrons; squares of those that change the flavour add up.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> round(float(argon.predict(millicharge(), q_emu=1e-6).signal.sum()), 1)
    6077.4
    """
    limits: dict[str, Any] = {"default": 0.0, "low": -1.0, "high": 1.0}
    parameters = tuple(Parameter(f"q_{ab}", "e", rf"$q_{{{subscript(ab)}}}$", **limits) for ab in _ORDER)
    amplitudes = tuple(_photon(pair, _CHARGE, n, 0.0) for n, pair in _entries("q"))
    fields = {"lagrangian": "L = -e A_m sum_ab q_ab nubar_a gamma^m P_L nu_b", **fields}
    return Interaction(name, parameters, amplitudes, **fields)


def charge_radius(name: str = "charge-radius", **fields: Any) -> Interaction:
    """Return the interaction of charge radii squared [1e-32 cm^2].

    Parameters ``r2_ee``, ``r2_mumu``, ``r2_emu``, ``r2_etau``, ``r2_mutau`` and ``r2_tautau`` each add ``-(sqrt(2) pi
    alpha / 3 G_F) <r^2>_ab`` to g_V^p, and the opposite to g_V of electrons. Those that keep the flavour are totals,
    -0.83, -0.48 and -0.30 in the standard model; squares of the others add up.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> round(float(argon.predict(charge_radius(), r2_mumu=10.0).signal.sum()), 1)  # r^2 in 1e-32 cm^2
    224.4
    """
    parameters = tuple(
        Parameter(
            f"r2_{ab}",
            "1e-32 cm2",
            rf"$\langle r^2\rangle_{{{subscript(ab)}}}$",
            default=_standard(ab),
            low=-_LARGEST_RADIUS,
            high=_LARGEST_RADIUS,
            origin=_standard(ab),
        )
        for ab in _ORDER
    )
    amplitudes = tuple(_photon(pair, _RADIUS, n) for n, pair in _entries("r2"))
    fields = {"lagrangian": "L = (e / 6) d^n F_nm sum_ab <r^2>_ab nubar_a gamma^m P_L nu_b", **fields}
    return Interaction(name, parameters, amplitudes, **fields)


def anapole(name: str = "anapole", **fields: Any) -> Interaction:
    """Return the interaction of anapole moments [1e-32 cm^2] beside those of the standard model: ``a_ee`` and so on.

    The same observable as a charge radius: <r^2> becomes <r^2> - 6 a.

    Examples
    --------
    >>> [p.name for p in anapole().parameters][:3], anapole().parameters[0].unit
    (['a_ee', 'a_mumu', 'a_emu'], '1e-32 cm2')
    """
    limits: dict[str, Any] = {"default": 0.0, "low": -_LARGEST_RADIUS, "high": _LARGEST_RADIUS}
    parameters = tuple(Parameter(f"a_{ab}", "1e-32 cm2", rf"$a_{{{subscript(ab)}}}$", **limits) for ab in _ORDER)
    amplitudes = tuple(_photon(pair, -6 * _RADIUS, n) for n, pair in _entries("a"))
    fields = {"lagrangian": "L = e d^n F_nm sum_ab a_ab nubar_a gamma^m gamma5 P_L nu_b", **fields}
    return Interaction(name, parameters, amplitudes, **fields)


def _standard(ab: str) -> float:
    return next((radius for f, radius in STANDARD_RADII.items() if ab == 2 * f), 0.0)


def _entries(symbol: str) -> list[tuple[str, tuple[str, str]]]:
    """Return parameters with the changes of flavour that each of them makes."""
    return [(f"{symbol}_{ab}", pair) for ab in (*SAME, *CHANGES) for pair in pairs(ab)]
