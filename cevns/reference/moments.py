"""Magnetic moments of neutrinos, and what a neutrino becomes when it is heavier than a neutrino."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.reference import interactions
from cevns.reference.constants import ALPHA, G_F, M_E
from cevns.reference.interactions import exchange, vector_amplitude
from cevns.reference.kinematics import normal_form, summed_over_nucleons, where_possible
from cevns.reference.scalars import SCALAR_CHARGE

if TYPE_CHECKING:
    from typing import Any

    from cevns.reference.nuclei import Nucleus


def magnetic_moment(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    mu: Any,
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with a magnetic moment, linear in mu^2: (pi alpha^2 / m_e^2) (1/T - 1/E) (mu Z F_Z)^2.

    L = -(mu / 2) nubar sigma_mn F^mn nu + h.c.; in the normal form kappa is (pi alpha / m_e G_F)^2 (1/M) (1/T - 1/E).

    Parameters
    ----------
    E, T, nucleus, flavour, form_factor, standard_model
        As `coherent`.
    mu : float or dict
        Effective moment in Bohr magnetons, one for all flavours or by flavour; zero where a flavour is missing.

    Examples
    --------
    >>> from cevns.reference import AR40
    >>> point = {"form_factor": "point", "standard_model": False}
    >>> f"{float(magnetic_moment(np.inf, 1.0, AR40, 'e', mu=1.0, **point)) / 18**2:.4e}"
    '2.4947e-25'
    """
    return dipole(E, T, nucleus, flavour, mu, 0.0, form_factor, standard_model)


def dipole(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    mu: Any,
    outgoing_mass: float,
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with a transition moment to a sterile fermion of mass m, linear in mu^2.

    That of a magnetic moment with 1/T - 1/E - (m^2 / 2 E T M) (1 - T/2E + M/2E) + m^4 (T - M) / (8 E^2 T^2 M^2) in the
    place of 1/T - 1/E, from E = sqrt(M T / 2) (1 + m^2 / 2 M T) on. Exact for a point nucleus of spin 1/2 but for that
    least energy.

    Parameters
    ----------
    E, T, nucleus, flavour, form_factor, standard_model
        As `coherent`.
    mu : float or dict
        Transition moment in Bohr magnetons, as `magnetic_moment`; a dipole portal d is mu / 2.
    outgoing_mass : float
        m in MeV.

    Examples
    --------
    >>> from cevns.reference import AR40, magnetic_moment
    >>> light = dipole(30.0, 0.01, AR40, "e", 1e-9, outgoing_mass=0.0)
    >>> bool(light == magnetic_moment(30.0, 0.01, AR40, "e", 1e-9))
    True
    """
    M, m = nucleus.mass, outgoing_mass
    shape = (
        1 / T
        - 1 / E
        - m**2 / (2 * E * T * M) * (1 - T / (2 * E) + M / (2 * E))
        + m**4 * (T - M) / (8 * E**2 * T**2 * M**2)
    )
    kappa = where_possible(E, T, nucleus, (np.pi * ALPHA / (M_E * G_F)) ** 2 / M * shape, outgoing_mass)
    moment = mu.get(flavour, 0.0) if isinstance(mu, dict) else mu
    new = normal_form(nucleus, kappa, summed_over_nucleons(T, nucleus, moment, 0.0, form_factor))
    return new + (interactions.standard_model(E, T, nucleus, flavour, form_factor) if standard_model else 0.0)


def vector_to_chi(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    charges: Any,
    mass: float,
    g2: float,
    outgoing_mass: float,
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with a vector mediator that turns the neutrino into a fermion chi of mass m, linear in g^4.

    L = -Z'_m (g_q Sum Q'_q qbar g^m q + g_chi Sum Q'_l chibar g^m P_L nu_l + h.c.); kinematic factor
    1 - m^2 / 2 E M - M T / 2 E^2 - m^2 / 4 E^2 (T/E is dropped, m is not) and amplitude of `vector_amplitude`.

    Parameters
    ----------
    E, T, nucleus, flavour, charges, mass, form_factor, standard_model
        As `vector`.
    g2 : float
        g^2 = g_chi g_q.
    outgoing_mass : float
        m in MeV.

    Examples
    --------
    >>> from cevns.reference import AR40
    >>> float(vector_to_chi(30.0, 1e-3, AR40, "e", "b-l", 10.0, 1e-9, outgoing_mass=31.0, standard_model=False))
    0.0
    """
    M, m = nucleus.mass, outgoing_mass
    kappa = 1 - m**2 / (2 * E * M) - M * T / (2 * E**2) - m**2 / (4 * E**2)
    kappa = where_possible(E, T, nucleus, kappa, outgoing_mass)
    p, n = vector_amplitude(2 * M * T, flavour, charges, mass, g2)[flavour]
    new = normal_form(nucleus, kappa, summed_over_nucleons(T, nucleus, p, n, form_factor))
    return new + (interactions.standard_model(E, T, nucleus, flavour, form_factor) if standard_model else 0.0)


def scalar_to_chi(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    mass: float,
    g2: float,
    outgoing_mass: float,
    c_p: float = SCALAR_CHARGE,
    c_n: float = SCALAR_CHARGE,
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with a scalar mediator that turns the neutrino into a fermion chi of mass m, linear in g^4.

    L = -phi (g_chi chibar P_L nu + h.c. + Sum g_q qbar q); kinematic factor M T / 2 E^2 + m^2 / 4 E^2.

    Parameters
    ----------
    E, T, nucleus, flavour, mass, c_p, c_n, form_factor, standard_model
        As `scalar`.
    g2 : float
        g^2 = g_chi g_q.
    outgoing_mass : float
        m in MeV.

    Examples
    --------
    >>> from cevns.reference import AR40, scalar
    >>> light = scalar_to_chi(30.0, 0.01, AR40, "e", 10.0, 1e-10, outgoing_mass=0.0)
    >>> bool(light == scalar(30.0, 0.01, AR40, "e", 10.0, 1e-10))
    True
    """
    M = nucleus.mass
    kappa = where_possible(E, T, nucleus, M * T / (2 * E**2) + outgoing_mass**2 / (4 * E**2), outgoing_mass)
    x = exchange(2 * M * T, mass, g2)
    new = normal_form(nucleus, kappa, summed_over_nucleons(T, nucleus, x * c_p, x * c_n, form_factor))
    return new + (interactions.standard_model(E, T, nucleus, flavour, form_factor) if standard_model else 0.0)
