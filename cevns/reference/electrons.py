"""Neutrinos on the electrons of an atom, with the new physics that electrons feel.

All cross sections are per atom and begin with the arguments ``E, T, atom, flavour, antineutrino``, as the counts of
`electron_events` take them. Nothing is dropped: T/E is not small here. Electrons count as free with the energy `T` once
it is above their binding energy; a millicharge needs more than that (equivalent photons), of which nothing is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.reference.constants import ALPHA, CM2, G_F, M_E, pick
from cevns.reference.interactions import (
    MILLICHARGE_AMPLITUDE,
    RADII,
    RADIUS_AMPLITUDE,
    SIN2_THETA_W,
    changes,
    charges_of,
    exchange,
    loop_charge,
)
from cevns.reference.kinematics import electron_least_energy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: Number of electrons and binding energy in keV of each subshell, K first. X-Ray Data Booklet, LBNL-490, table 1-1, and
#: for the electrons that are outermost in Cs and I (3.9 eV; 14 and 3 eV) values of which nothing here depends.
SHELLS = {
    "Ar": (
        (2, 3.2059), (2, 0.3263), (2, 0.2506), (4, 0.2484), (2, 0.0293), (2, 0.0159), (4, 0.0157),
    ),
    "I": (
        (2, 33.169), (2, 5.188), (2, 4.852), (4, 4.557), (2, 1.072), (2, 0.931), (4, 0.875), (4, 0.6308), (6, 0.6193),
        (2, 0.186), (2, 0.123), (4, 0.123), (4, 0.0506), (6, 0.0489), (2, 0.014), (5, 0.003),
    ),
    "Cs": (
        (2, 35.985), (2, 5.714), (2, 5.359), (4, 5.012), (2, 1.211), (2, 1.071), (4, 1.003), (4, 0.7405), (6, 0.7266),
        (2, 0.2323), (2, 0.1724), (4, 0.1613), (4, 0.0798), (6, 0.0775), (2, 0.0227), (2, 0.0142), (4, 0.0121),
        (1, 0.0039),
    ),
}  # fmt: skip

#: (g_V, g_A) with radiative corrections; arXiv:2205.09484, not checked against its text.
_RADIATIVE = {"e": (0.9521, 0.4938), "mu": (-0.0397, -0.5062)}


def shells_of(atom: Any) -> tuple[tuple[float, float], ...]:
    """Electrons and binding energies in keV of an atom.

    Parameters
    ----------
    atom : str, int or sequence of (float, float)
        Name in `SHELLS`; or the number of free electrons; or what is returned.

    Examples
    --------
    >>> shells_of(18)
    ((18, 0.0),)
    """
    if isinstance(atom, str):
        return tuple(pick("atom", SHELLS, atom))
    return ((atom, 0.0),) if np.ndim(atom) == 0 else tuple(atom)


def effective_charge(T: Any, atom: Any) -> Any:
    """Z_eff(T) = Sum n theta(T - B), the electrons of an atom that can get the energy `T` in MeV.

    Examples
    --------
    >>> [float(effective_charge(1e-3 * keV, "Cs")) for keV in (1.0, 6.0, 36.0)]
    [37.0, 53.0, 55.0]
    """
    T = np.asarray(T, dtype=float)
    return sum(n * (binding <= 1000 * T) for n, binding in shells_of(atom)) + 0.0 * T


def electron_couplings(
    flavour: str, weak: str = "tree-level", sin2_theta_w: float = SIN2_THETA_W
) -> tuple[float, float]:
    """Couplings (g_V, g_A) of a neutrino to an electron.

    2 sin^2 theta_W + 1/2 and 1/2 for nu_e, to which the charged current adds; 2 sin^2 theta_W - 1/2 and -1/2 for the
    others.

    Parameters
    ----------
    flavour : {"e", "mu", "tau"}
        Of the neutrino.
    weak : {"tree-level", "radiative"}
        The latter has 0.9521, 0.4938 (e) and -0.0397, -0.5062 (mu) at 0.23857, and for nu_tau the charge radius of
        nu_tau in the place of that of nu_mu.
    sin2_theta_w : float
        Moves g_V by twice its change.

    Examples
    --------
    >>> electron_couplings("mu", sin2_theta_w=0.25)
    (0.0, -0.5)
    """
    sign = pick("flavour", {"e": 1, "mu": -1, "tau": -1}, flavour)
    tree = (2 * SIN2_THETA_W + sign / 2, sign / 2)
    g_V_mu, g_A_mu = _RADIATIVE["mu"]
    tau = (g_V_mu - RADIUS_AMPLITUDE * (RADII["tau"] - RADII["mu"]), g_A_mu)
    g_V, g_A = pick("weak couplings", {"tree-level": tree, "radiative": {**_RADIATIVE, "tau": tau}[flavour]}, weak)
    return g_V + 2 * (sin2_theta_w - SIN2_THETA_W), g_A


# --- the sum of amplitudes


def neutrino_electron(
    E: Any,
    T: Any,
    atom: Any,
    flavour: str,
    antineutrino: bool = False,
    *shifts: Mapping[str, Any],
    weak: str = "tree-level",
    sin2_theta_w: float = SIN2_THETA_W,
    standard_model: bool = True,
) -> Any:
    """Differential cross section dsigma/dT in cm^2/MeV of an atom, with amplitudes that add to the standard model's.

    Z_eff(T) (2 G_F^2 m_e / pi) Sum_b [|g_L|^2 + |g_R|^2 (1 - T/E)^2 - Re(g_L* g_R) m_e T / E^2] with
    g_L,R = (g_V +- g_A) / 2, which are exchanged for antineutrinos.

    Parameters
    ----------
    E, T : float or ndarray
        Neutrino energy and energy given to the electron in MeV; they broadcast.
    atom : str, int or sequence
        See `shells_of`.
    flavour : {"e", "mu", "tau"}
        Flavour of the neutrino that comes in.
    antineutrino : bool
        Whether it is an antineutrino.
    *shifts : dict of str to float, complex or ndarray
        What new physics adds to g_V, by the flavour that goes out.
    weak, sin2_theta_w
        See `electron_couplings`.
    standard_model : bool
        Whether g_V and g_A of the standard model are among the amplitudes.

    Returns
    -------
    float or ndarray
        Zero where `E` is below (T + sqrt(T^2 + 2 m_e T)) / 2.

    Examples
    --------
    >>> f"{float(neutrino_electron(30.0, 0.01, 1, 'e')):.3e}"
    '1.038e-44'
    """
    g_V: dict[str, Any] = dict.fromkeys(("e", "mu", "tau"), 0.0)
    g_A = dict(g_V)
    if standard_model:
        g_V[flavour], g_A[flavour] = electron_couplings(flavour, weak, sin2_theta_w)
    for shift in shifts:
        for b, value in shift.items():
            g_V[b] = g_V[b] + value
    sign = -1 if antineutrino else 1
    squares = 0.0
    for b in g_V:
        g_L, g_R = (g_V[b] + sign * g_A[b]) / 2, (g_V[b] - sign * g_A[b]) / 2
        interference = np.real(np.conjugate(g_L) * g_R)
        squares = squares + (np.abs(g_L) ** 2 + np.abs(g_R) ** 2 * (1 - T / E) ** 2 - interference * M_E * T / E**2)
    return _per_atom(E, T, atom, CM2 * 2 * G_F**2 * M_E / np.pi * squares)


def _per_atom(E: Any, T: Any, atom: Any, per_electron: Any) -> Any:
    return effective_charge(T, atom) * np.where(electron_least_energy(T) <= E, per_electron, 0.0)


# --- new physics


def electron_vector_shift(T: Any, flavour: str, charges: Any, mass: float, g2: float) -> dict[str, Any]:
    """What a U(1)' boson adds to g_V: x Q'_l Q'_e with q^2 = 2 m_e T; the Lagrangian is that of `vector_amplitude`.

    Examples
    --------
    >>> round(float(electron_vector_shift(0.01, "mu", "universal", mass=1.0, g2=1e-11)["mu"]), 3)
    0.6
    """
    Q = charges_of(charges)
    return {flavour: exchange(2 * M_E * T, mass, g2) * Q[flavour] * Q["e"]}


def electron_loop_shift(T: Any, flavour: str, charges: Any, mass: float, g2: float) -> dict[str, Any]:
    """What a boson of L_a - L_b adds to g_V: as `electron_vector_shift` with Q'_e - h(q) in the place of Q'_e.

    h is the `loop_charge` of a proton, and an electron has the opposite electric charge.

    Examples
    --------
    >>> round(float(electron_loop_shift(0.01, "mu", "lmu-ltau", mass=1.0, g2=1e-8)["mu"]), 3)
    -2.623
    """
    q2, Q = 2 * M_E * T, charges_of(charges)
    return {flavour: exchange(q2, mass, g2) * Q[flavour] * (Q["e"] - loop_charge(q2, charges))}


def electron_radius_shift(flavour: str, r2: Mapping[tuple[str, str], complex]) -> dict[str, Any]:
    """What charge radii in 1e-32 cm^2 add to g_V: +(sqrt(2) pi alpha / 3 G_F) <r^2>, of a total its excess.

    The standard model's radius is taken off also where the couplings are those of tree level, so that the total of the
    standard model always gives the standard model.

    Examples
    --------
    >>> round(float(electron_radius_shift("mu", {("mu", "mu"): 0.52})["mu"]), 5)  # 1 above the standard model's total
    0.0238
    """
    excess = changes(flavour, r2)
    if flavour in excess:
        excess[flavour] -= RADII[flavour]
    return {b: -RADIUS_AMPLITUDE * value for b, value in excess.items()}


def electron_millicharge_shift(T: Any, flavour: str, charge: Mapping[tuple[str, str], complex]) -> dict[str, Any]:
    """What millicharges in units of e add to g_V: -(2 sqrt(2) pi alpha / G_F) q / (2 m_e T).

    Examples
    --------
    >>> round(float(electron_millicharge_shift(0.01, "e", {("e", "e"): 1e-9})["e"]), 3)
    -543.965
    """
    return {b: -MILLICHARGE_AMPLITUDE * value / (2 * M_E * T) for b, value in changes(flavour, charge).items()}


def electron_vector(
    E: Any, T: Any, atom: Any, flavour: str, antineutrino: bool, charges: Any, mass: float, g2: float, **options: Any
) -> Any:
    """Cross section with a U(1)' boson, see `electron_vector_shift`.

    `charges`, `mass` and `g2` as `vector`; the rest, options included, as `neutrino_electron`.

    Examples
    --------
    >>> plain = neutrino_electron(30.0, 0.01, "Ar", "e", False)
    >>> bool(electron_vector(30.0, 0.01, "Ar", "e", False, "universal", 1.0, 1e-12) > plain)
    True
    """
    shift = electron_vector_shift(T, flavour, charges, mass, g2)
    return neutrino_electron(E, T, atom, flavour, antineutrino, shift, **options)


def electron_loop_induced(
    E: Any, T: Any, atom: Any, flavour: str, antineutrino: bool, charges: Any, mass: float, g2: float, **options: Any
) -> Any:
    """Cross section with a boson of L_a - L_b, see `electron_loop_shift`; arguments as `electron_vector`.

    Examples
    --------
    >>> found = electron_loop_induced(30.0, 0.01, "Ar", "mu", False, "lmu-ltau", 1.0, 1e-8)
    >>> f"{float(found):.3e}"  # cm^2/MeV
    '1.124e-42'
    """
    shift = electron_loop_shift(T, flavour, charges, mass, g2)
    return neutrino_electron(E, T, atom, flavour, antineutrino, shift, **options)


def electron_charge_radius(
    E: Any,
    T: Any,
    atom: Any,
    flavour: str,
    antineutrino: bool,
    r2: Mapping[tuple[str, str], complex],
    **options: Any,
) -> Any:
    """Cross section with neutrino charge radii, see `electron_radius_shift`; `r2` as `charge_radius`.

    Examples
    --------
    >>> plain = neutrino_electron(30.0, 0.01, "Ar", "mu", True)
    >>> bool(electron_charge_radius(30.0, 0.01, "Ar", "mu", True, {("mu", "mu"): -0.48}) == plain)
    True
    """
    return neutrino_electron(E, T, atom, flavour, antineutrino, electron_radius_shift(flavour, r2), **options)


def electron_millicharge(
    E: Any,
    T: Any,
    atom: Any,
    flavour: str,
    antineutrino: bool,
    charge: Mapping[tuple[str, str], complex],
    **options: Any,
) -> Any:
    """Cross section with neutrino millicharges, see `electron_millicharge_shift`; `charge` as `millicharge`.

    Examples
    --------
    >>> plain = neutrino_electron(30.0, 0.01, "Ar", "mu", False)
    >>> bool(electron_millicharge(30.0, 0.01, "Ar", "mu", False, {("mu", "tau"): 1e-9}) > plain)
    True
    """
    shift = electron_millicharge_shift(T, flavour, charge)
    return neutrino_electron(E, T, atom, flavour, antineutrino, shift, **options)


def electron_magnetic_moment(
    E: Any, T: Any, atom: Any, flavour: str, antineutrino: bool, mu: Any, **options: Any
) -> Any:
    """Cross section with a magnetic moment: (pi alpha^2 / m_e^2) (1/T - 1/E) mu^2 beside the standard model.

    `mu` as `magnetic_moment`, options as `neutrino_electron`.

    Examples
    --------
    >>> f"{float(electron_magnetic_moment(np.inf, 1.0, 1, 'e', False, 1.0, standard_model=False)):.4e}"
    '2.4947e-25'
    """
    moment = mu.get(flavour, 0.0) if isinstance(mu, dict) else mu
    new = _per_atom(E, T, atom, CM2 * np.pi * ALPHA**2 / M_E**2 * (1 / T - 1 / E) * moment**2)
    return new + neutrino_electron(E, T, atom, flavour, antineutrino, **options)


def electron_dipole(
    E: Any, T: Any, atom: Any, flavour: str, antineutrino: bool, mu: Any, outgoing_mass: float, **options: Any
) -> Any:
    """Cross section with a dipole portal beside the standard model; `mu` and `outgoing_mass` as `dipole`.

    That of a magnetic moment with 1/T - 1/E replaced by 1/T - 1/E - m^2/(2 E T m_e) (1 - T/2E + m_e/2E)
    + m^4 (T - m_e) / (8 E^2 T^2 m_e^2), m = `outgoing_mass`, which is exact; nothing where `E` is below
    (T + sqrt(T^2 + 2 m_e T)) / 2 (1 + m^2 / 2 m_e T).

    Examples
    --------
    >>> plain = electron_magnetic_moment(30.0, 0.01, "Ar", "mu", False, 1e-9)
    >>> bool(electron_dipole(30.0, 0.01, "Ar", "mu", False, 1e-9, 0.0) == plain)
    True
    """
    moment, m2 = mu.get(flavour, 0.0) if isinstance(mu, dict) else mu, outgoing_mass**2
    shape = 1 / T - 1 / E
    if m2:
        shape = shape - m2 / (2 * E * T * M_E) * (1 - T / (2 * E) + M_E / (2 * E))
        shape = shape + m2**2 * (T - M_E) / (8 * E**2 * T**2 * M_E**2)
    opened = electron_least_energy(T) * (1 + m2 / (2 * M_E * T)) <= E
    new = np.where(opened, _per_atom(E, T, atom, CM2 * np.pi * ALPHA**2 / M_E**2 * shape * moment**2), 0.0)
    return new + neutrino_electron(E, T, atom, flavour, antineutrino, **options)


def electron_scalar(
    E: Any, T: Any, atom: Any, flavour: str, antineutrino: bool, mass: float, g2: float, **options: Any
) -> Any:
    """Cross section with a scalar: m_e T (2 m_e + T) g^4 / (8 pi E^2 (2 m_e T + m^2)^2) beside the standard model.

    L = -phi (g_nu nubar nu + g_e ebar e), `g2` = g_nu g_e; `mass` in MeV; options as `neutrino_electron`.

    Examples
    --------
    >>> plain = neutrino_electron(30.0, 0.01, "Ar", "mu", True)
    >>> bool(electron_scalar(30.0, 0.01, "Ar", "mu", True, 1.0, 1e-10) > plain)
    True
    """
    squares = M_E * T * (2 * M_E + T) * g2**2 / (8 * np.pi * E**2 * (2 * M_E * T + mass**2) ** 2)
    return _per_atom(E, T, atom, CM2 * squares) + neutrino_electron(E, T, atom, flavour, antineutrino, **options)


def electron_pseudoscalar(
    E: Any, T: Any, atom: Any, flavour: str, antineutrino: bool, mass: float, g2: float, **options: Any
) -> Any:
    """Cross section with a pseudoscalar: m_e T^2 g^4 / (8 pi E^2 (2 m_e T + m^2)^2) beside the standard model.

    L = -phi (g_nu nubar nu + g_e ebar i gamma5 e), `g2` = g_nu g_e; nubar i gamma5 nu gives the same. Arguments as
    `electron_scalar`.

    Examples
    --------
    >>> plain = neutrino_electron(30.0, 0.01, "Ar", "mu", True)
    >>> bool(electron_pseudoscalar(30.0, 0.01, "Ar", "mu", True, 1.0, 1e-9) > plain)
    True
    """
    squares = M_E * T**2 * g2**2 / (8 * np.pi * E**2 * (2 * M_E * T + mass**2) ** 2)
    return _per_atom(E, T, atom, CM2 * squares) + neutrino_electron(E, T, atom, flavour, antineutrino, **options)
