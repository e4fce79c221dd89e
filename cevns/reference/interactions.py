"""Interactions that conserve the neutrino's helicity, and so interfere with the standard model on a nucleus.

What a neutrino of flavour a becomes, b, is seen by nobody: amplitudes of one b add, their squares add over b. Each
interaction is a function that returns {b: (p, n)}, its amplitude on a proton and on a neutron in units of
sqrt(2) G_F, and one that returns the cross section with the standard model in it. All cross sections here and in
`scalars` and `moments` begin with the arguments ``E, T, nucleus, flavour``: what the counts of `events`
take. An antineutrino has the cross section of the neutrino, since every vector coupling changes its sign at once and
flavour-changing amplitudes become complex conjugates.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from scipy import integrate

from cevns.errors import InputError
from cevns.reference.constants import ALPHA, CM2, G_F, M_E, M_MU, M_TAU, pick
from cevns.reference.cross_sections import GVN, GVP
from cevns.reference.kinematics import normal_form, summed_over_nucleons, where_possible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cevns.reference.nuclei import Nucleus

SIN2_THETA_W = 0.23857  # MS-bar at q = 0, for which eqs 2.2 to 2.4 hold
RADII = {"e": -0.83, "mu": -0.48, "tau": -0.30}  # 1e-32 cm^2; charge radii in the standard model
LEPTON_MASSES = {"e": M_E, "mu": M_MU, "tau": M_TAU}


def _charges(u: float, d: float, e: float, mu: float, tau: float) -> dict[str, float]:
    return {"u": u, "d": d, "e": e, "mu": mu, "tau": tau}


#: Charges Q' of quarks and leptons under a U(1)', those of arXiv:2202.11002. Overall signs do not matter.
CHARGES = {
    "universal": _charges(1, 1, 1, 1, 1),
    "b-l": _charges(1 / 3, 1 / 3, -1, -1, -1),
    "b-3le": _charges(1 / 3, 1 / 3, -3, 0, 0),
    "b-3lmu": _charges(1 / 3, 1 / 3, 0, -3, 0),
    "b-3ltau": _charges(1 / 3, 1 / 3, 0, 0, -3),
    "b-2le-lmu": _charges(1 / 3, 1 / 3, -2, -1, 0),
    "b-le-2lmu": _charges(1 / 3, 1 / 3, -1, -2, 0),
    "b+lmu+ltau": _charges(1 / 3, 1 / 3, 0, 1, 1),
    "lmu-ltau": _charges(0, 0, 0, 1, -1),
    "le-lmu": _charges(0, 0, 1, -1, 0),
    "le-ltau": _charges(0, 0, 1, 0, -1),
}


def charges_of(name_or_dict: Any) -> Mapping[str, float]:
    """Charges by the name of an assignment in `CHARGES`; a dict of charges is returned as it is.

    Examples
    --------
    >>> charges_of("b-l")["d"]
    0.3333333333333333
    """
    found: Mapping[str, float]
    found = pick("charges", CHARGES, name_or_dict) if isinstance(name_or_dict, str) else name_or_dict
    return found


def exchange(q2: Any, mass: float, g2: float) -> Any:
    """x = g^2 / (sqrt(2) G_F (q^2 + m^2)), the exchange of a mediator beside that of a Z.

    `q2` = 2 M T > 0 in MeV^2, `mass` in MeV; `g2` is the product of two couplings, of either sign.

    Examples
    --------
    >>> round(float(exchange(2 * 37200.0 * 0.02, mass=10.0, g2=1e-9)), 4)  # 20 keV on argon
    0.0382
    """
    return g2 / (np.sqrt(2) * G_F * (q2 + mass**2))


# --- the sum of amplitudes


def coherent(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    *amplitudes: Mapping[str, tuple[Any, Any]],
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Differential cross section dsigma/dT in cm^2/MeV of amplitudes that add to the standard model's.

    (G_F^2 M / pi) (1 - M T / 2 E^2) Sum_b |p_b Z F_Z + n_b N F_N|^2

    Parameters
    ----------
    E, T : float or ndarray
        Neutrino and recoil energy in MeV; they broadcast.
    nucleus : Nucleus
        Target; its `R_p` and `R_n` are the radii of the form factors.
    flavour : {"e", "mu", "tau"}
        Flavour of the neutrino that comes in.
    *amplitudes : dict of str to (p, n)
        By the flavour that goes out, functions of q^2 = 2 M T, real or complex.
    form_factor : {"helm", "klein-nystrand", "symmetrized-fermi", "point"}
        Form factor of both nucleon distributions.
    standard_model : bool
        Whether g_V^p and g_V^n are among the amplitudes.

    Returns
    -------
    float or ndarray

    Examples
    --------
    >>> from cevns.reference import AR40
    >>> f"{float(coherent(30.0, 0.01, AR40, 'e')):.3e}"
    '5.047e-38'
    """
    p = {flavour: pick("flavour", GVP, flavour) if standard_model else 0.0}
    n = {flavour: GVN if standard_model else 0.0}
    for amplitude in amplitudes:
        for b, (p_b, n_b) in amplitude.items():
            p[b], n[b] = p.get(b, 0.0) + p_b, n.get(b, 0.0) + n_b
    kappa = where_possible(E, T, nucleus, 1 - nucleus.mass * T / (2 * E**2))
    return sum(normal_form(nucleus, kappa, summed_over_nucleons(T, nucleus, p[b], n[b], form_factor)) for b in p)


def standard_model(E: Any, T: Any, nucleus: Nucleus, flavour: str, form_factor: str = "helm") -> Any:
    """Eq. 2.1 of arXiv:2008.05022 for all three flavours, g_V^p of nu_tau being 0.0275; arguments as `coherent`.

    Examples
    --------
    >>> from cevns.reference import AR40
    >>> f"{float(standard_model(30.0, 0.01, AR40, 'mu')):.3e}"  # cm^2/MeV
    '5.192e-38'
    """
    return coherent(E, T, nucleus, flavour, form_factor=form_factor)


# --- U(1)' vector bosons


def vector_amplitude(q2: Any, flavour: str, charges: Any, mass: float, g2: float) -> dict[str, tuple[Any, Any]]:
    """Amplitude of a mediator that couples to quarks: p = x Q'_l (2 Q'_u + Q'_d), n = x Q'_l (Q'_u + 2 Q'_d).

    L = -g Z'_m [Sum Q'_q qbar g^m q + Sum Q'_l (nubar_L g^m nu_L + lbar g^m l)]; eqs 3.2 and 3.3 of arXiv:2008.05022.

    Examples
    --------
    >>> p, n = vector_amplitude(1500.0, "mu", "b-l", mass=10.0, g2=1e-9)["mu"]
    >>> round(float(p), 5), round(float(n), 5)
    (-0.03789, -0.03789)
    """
    Q = charges_of(charges)
    x = exchange(q2, mass, g2)
    return {flavour: (x * Q[flavour] * (2 * Q["u"] + Q["d"]), x * Q[flavour] * (Q["u"] + 2 * Q["d"]))}


def vector(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    charges: Any,
    mass: float,
    g2: float,
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with a U(1)' boson, see `vector_amplitude`.

    Parameters
    ----------
    E, T, nucleus, flavour, form_factor, standard_model
        As `coherent`.
    charges : str or dict
        Name in `CHARGES`, or charges "u", "d", "e", "mu" and "tau".
    mass : float
        Of the mediator, in MeV.
    g2 : float
        g^2; negative where the couplings to quarks and leptons have opposite signs.

    Examples
    --------
    >>> from cevns.reference import AR40, standard_model
    >>> more = vector(30.0, 0.01, AR40, "e", "universal", mass=10.0, g2=-1e-10)
    >>> bool(more > standard_model(30.0, 0.01, AR40, "e"))
    True
    """
    amplitude = vector_amplitude(2 * nucleus.mass * T, flavour, charges, mass, g2)
    return coherent(E, T, nucleus, flavour, amplitude, form_factor=form_factor, standard_model=standard_model)


@functools.lru_cache(maxsize=100_000)
def _lepton_loop(q2: float, mass: float) -> float:
    # the logarithm of m^2 is taken out, since J may vanish and quad is asked for relative accuracy
    part = integrate.quad(lambda x: x * (1 - x) * np.log1p(x * (1 - x) * q2 / mass**2), 0, 1, epsabs=0, epsrel=1e-13)
    return float(np.log(mass**2) / 6 + part[0])


def lepton_loop(q2: Any, mass: float) -> Any:
    """J(q) = Int_0^1 x (1 - x) ln(m^2 + x (1 - x) q^2) dx by quadrature, vacuum polarisation by a lepton of mass m.

    Examples
    --------
    >>> round(float(lepton_loop(0.0, 2.0) - np.log(2.0) / 3), 15)
    0.0
    """
    return np.vectorize(_lepton_loop, otypes=[float])(q2, mass)


def loop_charge(q2: Any, charges: Any) -> Any:
    """Charge h(q) = -(2 alpha / pi) Sum_k Q'_k J_k(q) that a proton has through photon mixing, k = e, mu, tau.

    The sign is that of QED (Peskin and Schroeder, section 7.5): a loop of leptons of charge -e changes the exchange of
    a photon by the factor 1 + (2 alpha / pi) J + constant. With g Q'_k in the place of one -e, and 1 / (q^2 + m^2) in
    that of one photon's propagator, a proton has the charge -(2 alpha / pi) Q'_k J_k. The constants cancel, which needs
    Sum_k Q'_k = 0. At q = 0 it is +(alpha / 3 pi) ln(m_tau^2 / m_mu^2) for L_mu - L_tau, the opposite of eq. 3.6.

    Examples
    --------
    >>> f"{float(loop_charge(0.0, 'lmu-ltau')):.6f}"
    '0.004371'
    """
    Q = charges_of(charges)
    return -2 * ALPHA / np.pi * sum(Q[k] * lepton_loop(q2, m) for k, m in LEPTON_MASSES.items() if Q[k] != 0)


def loop_amplitude(q2: Any, flavour: str, charges: Any, mass: float, g2: float) -> dict[str, tuple[Any, Any]]:
    """Amplitude of a mediator that couples to leptons alone: p = x Q'_l h(q), n = 0, with `loop_charge` h.

    Examples
    --------
    >>> p, n = loop_amplitude(1500.0, "mu", "lmu-ltau", mass=10.0, g2=1e-6)["mu"]
    >>> round(float(p), 4), n
    (0.1648, 0.0)
    """
    return {flavour: (exchange(q2, mass, g2) * charges_of(charges)[flavour] * loop_charge(q2, charges), 0.0)}


def loop_induced(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    charges: Any,
    mass: float,
    g2: float,
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with a boson of L_a - L_b, see `loop_amplitude`; arguments as `vector`.

    Examples
    --------
    >>> from cevns.reference import AR40, standard_model
    >>> less = loop_induced(30.0, 0.01, AR40, "mu", "lmu-ltau", mass=10.0, g2=1e-8)
    >>> bool(less < standard_model(30.0, 0.01, AR40, "mu"))
    True
    """
    amplitude = loop_amplitude(2 * nucleus.mass * T, flavour, charges, mass, g2)
    return coherent(E, T, nucleus, flavour, amplitude, form_factor=form_factor, standard_model=standard_model)


# --- contact interactions


def changes(flavour: str, matrix: Mapping[tuple[str, str], complex]) -> dict[str, complex]:
    """Row of a Hermitian matrix in flavour: what a neutrino of `flavour` becomes, and the element.

    Parameters
    ----------
    flavour : {"e", "mu", "tau"}
        Flavour that comes in.
    matrix : dict of (str, str) to complex
        Elements by pairs of flavours, one of (a, b) and (b, a); what is not given is zero.

    Raises
    ------
    InputError
        If both of (a, b) and (b, a) are given, or a diagonal element is not real.

    Examples
    --------
    >>> changes("mu", {("e", "mu"): 1 + 2j, ("mu", "mu"): 3.0, ("e", "e"): 4.0})
    {'e': (1-2j), 'mu': 3.0}
    """
    found: dict[str, complex] = {}
    for (a, b), value in matrix.items():
        pick("flavour", GVP, a), pick("flavour", GVP, b)
        if a == b and complex(value).imag:
            raise InputError(f"element {a, b} is {value}, but a diagonal element is real")
        if a != b and (b, a) in matrix:
            raise InputError(f"elements {a, b} and {b, a} are complex conjugates: give one of them")
        if flavour == a:
            found[b] = value
        elif flavour == b:
            found[a] = complex(value).conjugate()
    return found


def contact_amplitude(
    flavour: str, eps_u: Mapping[tuple[str, str], complex], eps_d: Mapping[tuple[str, str], complex]
) -> dict[str, tuple[Any, Any]]:
    """Amplitude p = 2 eps_u + eps_d, n = eps_u + 2 eps_d of contact interactions; eq. 3.2 of arXiv:2008.05022.

    Examples
    --------
    >>> contact_amplitude("e", {("e", "e"): 0.25}, {("e", "mu"): 0.125}) == {"e": (0.5, 0.25), "mu": (0.125, 0.25)}
    True
    """
    u, d = changes(flavour, eps_u), changes(flavour, eps_d)
    return {b: (2 * u.get(b, 0.0) + d.get(b, 0.0), u.get(b, 0.0) + 2 * d.get(b, 0.0)) for b in u | d}


def contact(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    eps_u: Mapping[tuple[str, str], complex],
    eps_d: Mapping[tuple[str, str], complex],
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with non-standard interactions that may change flavour, see `contact_amplitude`.

    Parameters
    ----------
    E, T, nucleus, flavour, form_factor, standard_model
        As `coherent`.
    eps_u, eps_d : dict of (str, str) to complex
        eps^{uV} and eps^{dV} by pairs of flavours, see `changes`: ``{("e", "e"): 0.1, ("e", "mu"): 0.2 - 0.1j}``.

    Examples
    --------
    >>> from cevns.reference import AR40
    >>> eps = {("e", "mu"): 0.1 + 0.2j}
    >>> extra = [contact(30.0, 0.01, AR40, f, eps, {}, standard_model=False) for f in ("e", "mu", "tau")]
    >>> bool(extra[0] == extra[1] > extra[2] == 0)
    True
    """
    amplitude = contact_amplitude(flavour, eps_u, eps_d)
    return coherent(E, T, nucleus, flavour, amplitude, form_factor=form_factor, standard_model=standard_model)


def weak_angle_amplitude(flavour: str, sin2_theta_w: float) -> dict[str, tuple[Any, Any]]:
    """Amplitude p = -2 (sin^2 theta_W - 0.23857), n = 0 of another weak mixing angle, radiative parts fixed.

    Examples
    --------
    >>> p, n = weak_angle_amplitude("e", 0.24)["e"]
    >>> round(p, 5), n
    (-0.00286, 0.0)
    """
    return {flavour: (-2 * (sin2_theta_w - SIN2_THETA_W), 0.0)}


def weak_angle(E: Any, T: Any, nucleus: Nucleus, flavour: str, sin2_theta_w: float, form_factor: str = "helm") -> Any:
    """Cross section with another weak mixing angle, see `weak_angle_amplitude`; the rest as `coherent`.

    Examples
    --------
    >>> from cevns.reference import AR40
    >>> f"{float(weak_angle(30.0, 0.01, AR40, 'mu', 0.25)):.3e}"  # cm^2/MeV
    '5.603e-38'
    """
    return coherent(E, T, nucleus, flavour, weak_angle_amplitude(flavour, sin2_theta_w), form_factor=form_factor)


# --- electromagnetic properties


#: Amplitude on a proton of a charge radius of 1e-32 cm^2, -sqrt(2) pi alpha / (3 G_F) <r^2>; -0.02380.
RADIUS_AMPLITUDE = -np.sqrt(2) * np.pi * ALPHA / (3 * G_F) * 1e-32 / CM2


def radius_amplitude(flavour: str, r2: Mapping[tuple[str, str], complex]) -> dict[str, tuple[Any, Any]]:
    """Amplitude p = -(sqrt(2) pi alpha / 3 G_F) <r^2> of charge radii in 1e-32 cm^2, n = 0.

    A diagonal one is the total: the standard model's, which g_V^p contains, is taken off.

    Examples
    --------
    >>> p, n = radius_amplitude("mu", {("mu", "mu"): 0.52})["mu"]  # 1 above the total of the standard model
    >>> round(float(p), 5), n
    (-0.0238, 0.0)
    """
    found = changes(flavour, r2)
    if flavour in found:
        found[flavour] -= RADII[flavour]
    return {b: (RADIUS_AMPLITUDE * value, 0.0) for b, value in found.items()}


def charge_radius(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    r2: Mapping[tuple[str, str], complex],
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with neutrino charge radii, see `radius_amplitude`.

    Parameters
    ----------
    E, T, nucleus, flavour, form_factor, standard_model
        As `coherent`.
    r2 : dict of (str, str) to complex
        <r^2> in 1e-32 cm^2 by pairs of flavours, see `changes`. Totals on the diagonal, where what is missing is -0.83,
        -0.48 or -0.30, the standard model's. An anapole moment a stands for -6 a.

    Examples
    --------
    >>> from cevns.reference import AR40, standard_model
    >>> same = charge_radius(30.0, 0.01, AR40, "mu", {("mu", "mu"): -0.48})
    >>> bool(same == standard_model(30.0, 0.01, AR40, "mu"))
    True
    """
    amplitude = radius_amplitude(flavour, r2)
    return coherent(E, T, nucleus, flavour, amplitude, form_factor=form_factor, standard_model=standard_model)


#: Amplitude on a proton of a millicharge of 1 e at q^2 = 1 MeV^2, 2 sqrt(2) pi alpha / G_F in MeV^2; 5.559e9.
MILLICHARGE_AMPLITUDE = 2 * np.sqrt(2) * np.pi * ALPHA / G_F


def millicharge_amplitude(
    q2: Any, flavour: str, charge: Mapping[tuple[str, str], complex]
) -> dict[str, tuple[Any, Any]]:
    """Amplitude p = +(2 sqrt(2) pi alpha / G_F) q / q^2, n = 0 of millicharges q in units of e.

    Examples
    --------
    >>> p, n = millicharge_amplitude(1500.0, "e", {("e", "mu"): 1e-7})["mu"]
    >>> round(float(p), 5), n
    (0.37062, 0.0)
    """
    return {b: (MILLICHARGE_AMPLITUDE * value / q2, 0.0) for b, value in changes(flavour, charge).items()}


def millicharge(
    E: Any,
    T: Any,
    nucleus: Nucleus,
    flavour: str,
    charge: Mapping[tuple[str, str], complex],
    form_factor: str = "helm",
    standard_model: bool = True,
) -> Any:
    """Cross section with neutrino millicharges, see `millicharge_amplitude`.

    Parameters
    ----------
    E, T, nucleus, flavour, form_factor, standard_model
        As `coherent`.
    charge : dict of (str, str) to complex
        q in units of e by pairs of flavours, see `changes`, of either sign; those off the diagonal change flavour.

    Examples
    --------
    >>> from cevns.reference import AR40, standard_model
    >>> less = millicharge(30.0, 0.01, AR40, "e", {("e", "e"): 1e-8})
    >>> bool(less < standard_model(30.0, 0.01, AR40, "e"))
    True
    """
    amplitude = millicharge_amplitude(2 * nucleus.mass * T, flavour, charge)
    return coherent(E, T, nucleus, flavour, amplitude, form_factor=form_factor, standard_model=standard_model)
