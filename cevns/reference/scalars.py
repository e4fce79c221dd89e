"""Interactions that flip the neutrino's helicity by a scalar or a tensor: beside the standard model, not with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.reference import interactions
from cevns.reference.interactions import exchange
from cevns.reference.kinematics import normal_form, summed_over_nucleons, where_possible

if TYPE_CHECKING:
    from typing import Any

    from cevns.reference.nuclei import Nucleus

#: c_p = c_n of a scalar with one coupling to up and down quarks: sigma_piN / m_ud = 59.1 MeV / 3.42 MeV, rounded.
SCALAR_CHARGE = 17.3


def scalar(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    mass: float,
    g2: float,
    c_p: float = SCALAR_CHARGE,
    c_n: float = SCALAR_CHARGE,
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with a scalar mediator, which is linear in g^4.

    L = -phi (g_nu nubar nu + Sum g_q qbar q), (G_F^2 M / pi) (M T / 2 E^2) |x (c_p Z F_Z + c_n N F_N)|^2 with
    x = g^2 / (sqrt(2) G_F (q^2 + m^2)), that is, g^4 M^2 T Q^2 / (4 pi E^2 (q^2 + m^2)^2).

    Parameters
    ----------
    E, T, nucleus, flavour, form_factor, standard_model
        As `coherent`; without the standard model the flavour is of no account.
    mass : float
        Of the mediator, in MeV.
    g2 : float
        g^2 = g_nu g_q, without a unit.
    c_p, c_n : float
        Couplings to a proton and a neutron in units of g_q.

    Examples
    --------
    >>> from cevns.reference import AR40, standard_model
    >>> more = scalar(30.0, 0.01, AR40, "e", mass=10.0, g2=1e-10)
    >>> bool(more > standard_model(30.0, 0.01, AR40, "e"))
    True
    """
    M = nucleus.mass
    kappa = where_possible(E, T, nucleus, M * T / (2 * E**2))
    x = exchange(2 * M * T, mass, g2)
    new = normal_form(nucleus, kappa, summed_over_nucleons(T, nucleus, x * c_p, x * c_n, form_factor))
    return new + (interactions.standard_model(E, T, nucleus, flavour, form_factor) if standard_model else 0.0)


def tensor(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    mass: float,
    g2: float,
    c_p: float,
    c_n: float,
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with a tensor mediator, which is linear in g^4.

    L = -(g^2 / (q^2 + m^2)) (nubar sigma^mn P_L nu) (Nbar sigma_mn N) for a point nucleus of spin 1/2, the amplitudes
    of nucleons added as if they were coherent: (G_F^2 M / pi) 8 (1 - M T / 4 E^2) |x (c_p Z F_Z + c_n N F_N)|^2.

    Parameters
    ----------
    E, T, nucleus, flavour, mass, g2, form_factor, standard_model
        As `scalar`.
    c_p, c_n : float
        Couplings to a proton and a neutron in units of g_q; those of a nucleus without spin vanish.

    Examples
    --------
    >>> from cevns.reference import AR40
    >>> round(float(tensor(30.0, 1e-9, AR40, "e", 10.0, 1e-10, 1.0, 1.0, standard_model=False) * 1e37), 3)
    0.295
    """
    M = nucleus.mass
    kappa = where_possible(E, T, nucleus, 8 * (1 - M * T / (4 * E**2)))
    x = exchange(2 * M * T, mass, g2)
    new = normal_form(nucleus, kappa, summed_over_nucleons(T, nucleus, x * c_p, x * c_n, form_factor))
    return new + (interactions.standard_model(E, T, nucleus, flavour, form_factor) if standard_model else 0.0)
