"""Event counts: the fluxes 2.6 to 2.8 and the double integral 2.9."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

import numpy as np
from scipy import integrate, optimize

from cevns.errors import ConvergenceError, InputError
from cevns.reference.constants import M_MU, M_PI, N_A
from cevns.reference.cross_sections import couplings_of, cross_section
from cevns.reference.data import LIGHT_YIELD, PE_EDGES, load_argon, load_csi, quenching_factor
from cevns.reference.nuclei import AR40, CS133, I127

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from cevns.reference.nuclei import Nucleus

E_NUMU = (M_PI**2 - M_MU**2) / (2 * M_PI)  # eq. 2.6
E_MAX = M_MU / 2  # end of the spectra 2.7 and 2.8

# N(target) = N_A M_det / M_molar, and eta = r N_POT / (4 pi L^2) in 1/cm^2, section 2
N_CSI, FLUX_CSI = N_A * 14.6e3 / 259.8, 0.08 * 17.6e22 / (4 * np.pi * 1930.0**2)
N_AR, FLUX_AR = N_A * 24e3 / 39.96, 0.09 * 13.7e22 / (4 * np.pi * 2750.0**2)


# fluxes; the muon neutrinos of eq. 2.6 are a line at E_NUMU, which `rate` adds by itself


def flux_numubar(E: Any, eta: float) -> Any:
    """Eq. 2.7, muon antineutrinos per MeV in the unit of `eta`, the neutrinos per flavour and area; E in MeV."""
    return np.where((E >= 0) & (E <= E_MAX), eta * 64 * E**2 / M_MU**3 * (3 / 4 - E / M_MU), 0.0)


def flux_nue(E: Any, eta: float) -> Any:
    """Eq. 2.8, electron neutrinos; arguments as `flux_numubar`."""
    return np.where((E >= 0) & (E <= E_MAX), eta * 192 * E**2 / M_MU**3 * (1 / 2 - E / M_MU), 0.0)


def tabulated(energies: Any, values: Any) -> Callable[[Any], Any]:
    """Flux that is linear between its rows (`energies` in MeV, ascending) and zero outside, as a function of E."""
    return lambda E: np.interp(E, energies, values, left=0.0, right=0.0)


# counts


def _recoil(T_ee_kev: Any, T_max: float, f_Q: Any) -> Any:
    # recoil energies in MeV with f_Q(T) T = T_ee; light that no recoil reaches is mapped to the kinematic limit T_max
    low, high = 0.5, 1000 * T_max  # the stopping-power table starts at 0.5 keV

    def excess(T: Any, T_ee: float = 0.0) -> Any:
        return float(f_Q(T)) * T - T_ee

    if not np.min(T_ee_kev) > excess(low):
        raise InputError(f"{np.min(T_ee_kev):g} keVee is less light than a {low} keV recoil gives: eta is out of range")
    roots = [
        optimize.brentq(excess, low, high, args=(t,), xtol=1e-14, rtol=1e-15) if t < excess(high) else high
        for t in T_ee_kev
    ]
    return np.array(roots) / 1000


_GAUSS_T = np.polynomial.legendre.leggauss(32)
_GAUSS_E = np.polynomial.legendre.leggauss(4)  # exact: flux times kinematic factor is a cubic in E


def _quad(f: Any, low: Any, high: Any) -> Any:
    return integrate.quad(f, low, high, epsabs=0, epsrel=1e-11, limit=200)[0]


def _fixed(f: Any, low: Any, high: Any, rule: Any) -> Any:
    half, middle = np.subtract(high, low) / 2, np.add(high, low) / 2
    return half * (f(middle[..., None] + half[..., None] * rule[0]) @ rule[1])


def _integrate(f: Any, low: Any, high: Any, kink: Any, method: str) -> Any:
    # integrals over the pieces [low, high], each split at the kink
    kink = np.clip(kink, low, high)
    if method == "quad":
        return np.array([_quad(f, a, k) + _quad(f, k, b) for a, k, b in zip(low, kink, high, strict=True)])
    return _fixed(f, low, kink, _GAUSS_T) + _fixed(f, kink, high, _GAUSS_T)


def rate(
    T: Any,
    nucleus: Nucleus,
    eta: float,
    couplings: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    method: str = "quad",
) -> Any:
    """Events per nucleus and MeV of recoil energy: the inner integral of eq. 2.9 with the fluxes 2.6 to 2.8.

    `T` in MeV, one number for ``method="quad"``; `eta` in neutrinos per flavour and cm^2.
    """

    def sigma(E: Any, T: Any, flavour: str) -> Any:
        return cross_section(E, T, nucleus, flavour, couplings, mass, coupling, form_factor)

    def integrand(E: Any, T: Any) -> Any:
        return flux_nue(E, eta) * sigma(E, T, "e") + flux_numubar(E, eta) * sigma(E, T, "mu")

    line, E_min = eta * sigma(E_NUMU, T, "mu"), np.sqrt(nucleus.mass * T / 2)
    if method == "quad":
        return line + _quad(lambda E: integrand(E, T), E_min, E_MAX)
    return line + _fixed(lambda E: integrand(E, T[..., None]), E_min, E_MAX, _GAUSS_E)


def _counted(counts: Any) -> Any:
    if not np.isfinite(counts).all():
        raise ConvergenceError("event counts are not finite: mass and coupling must be finite numbers")
    return counts


def events_csi(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    eta: float = 1.0,
    quenching: Any = "chicago-3",
    form_factor: str = "helm",
    method: str = "quad",
    folder: Any = None,
) -> Any:
    """Signal counts of CsI in the 12 bins of eq. 4.1 (6 to 30 PE, 2 PE wide), eq. 2.9.

    Parameters
    ----------
    model : str or dict
        Name, or what `model` or `nsi` returns.
    mass, coupling : float
        M_Z' in MeV and g_Z'.
    eta : float
        Quenching nuisance of eq. 4.1, PE = 13.348 eta f_Q(T) T[keV].
    quenching : {"chicago-3", "constant", "polynomial-2021"}
        See `quenching_factor`.
    form_factor : str
        See `cross_section`.
    method : {"quad", "fixed"}
        Nested adaptive quadrature (relative 1e-11), or Gauss-Legendre nodes between the same kinks.
    folder : path object, optional
        Where the data files are; the package's own by default.

    Returns
    -------
    ndarray, shape (12,)

    Examples
    --------
    >>> round(float(events_csi("sm", quenching="constant", method="fixed").sum()), 1)
    164.7
    """
    couplings, data, counts = couplings_of(model), load_csi(folder), np.zeros(12)
    T_max = {nucleus: 2 * E_MAX**2 / nucleus.mass for nucleus in (CS133, I127)}
    edges = _recoil(PE_EDGES / (LIGHT_YIELD * eta), max(T_max.values()), quenching_factor(quenching, folder))
    for nucleus in T_max:  # footnote 1: they add incoherently
        dN_dT = functools.partial(
            rate, nucleus=nucleus, eta=FLUX_CSI, couplings=couplings, mass=mass, coupling=coupling,
            form_factor=form_factor, method=method,
        )  # fmt: skip
        T = np.minimum(edges, T_max[nucleus])
        pieces = _integrate(dN_dT, T[:-1], T[1:], 2 * E_NUMU**2 / nucleus.mass, method)
        counts += N_CSI * (data.efficiency * pieces).reshape(12, 2).sum(axis=1)
    return _counted(counts)


def events_argon(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    method: str = "quad",
    folder: Any = None,
) -> Any:
    """Signal counts of argon in the 12 bins of eq. 4.2 (0 to 120 keVee, 10 keVee wide), eq. 2.9.

    Arguments and return value as `events_csi`. The efficiency is linear between its rows, zero below the first and
    constant above the last.

    Examples
    --------
    >>> round(float(events_argon("sm", method="fixed").sum()), 1)
    131.4
    """
    couplings, (rows, efficiency), f_Q = couplings_of(model), load_argon(folder).efficiency, quenching_factor("release")
    kinks = _recoil(np.union1d(rows, np.arange(10.0, 121.0, 10.0)), 2 * E_MAX**2 / AR40.mass, f_Q)
    T = np.union1d(kinks, 0.125)  # f_Q breaks at 125 keV

    def T_ee(T: Any) -> Any:
        return f_Q(1000 * T) * 1000 * T

    def dN_dT(T: Any) -> Any:
        A = np.interp(T_ee(T), rows, efficiency, left=0.0)
        return A * rate(T, AR40, FLUX_AR, couplings, mass, coupling, form_factor, method)

    pieces = N_AR * _integrate(dN_dT, T[:-1], T[1:], 2 * E_NUMU**2 / AR40.mass, method)
    return _counted(np.bincount((T_ee((T[:-1] + T[1:]) / 2) // 10).astype(int), pieces, minlength=12))


def double_integral(
    edges_kev: Any,
    energies: Any,
    fluxes: Any,
    nucleus: Nucleus,
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
) -> Any:
    """Events per nucleus in bins of recoil energy for any tabulated flux: eq. 2.9 with A = 1.

    The flux has a kink at each row of its table: `scipy.integrate.dblquad` is called between them.

    Parameters
    ----------
    edges_kev : array_like, shape (n + 1,)
        Bin edges of the recoil energy in keV, ascending.
    energies : array_like, shape (m,)
        Rows of the flux table in MeV, ascending.
    fluxes : dict of str to array_like, shape (m,)
        Flux of the flavours "e" and "mu" at the rows, per cm^2 and MeV; linear between rows, zero outside.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> double_integral([1, 10], [20, 30], {"e": [0, 1e9]}, AR40, "sm").shape
    (1,)
    """
    couplings, energies = couplings_of(model), np.asarray(energies, dtype=float)
    edges, kinks = np.asarray(edges_kev, dtype=float) / 1000, 2 * energies**2 / nucleus.mass
    flux = {flavour: tabulated(energies, values) for flavour, values in fluxes.items()}

    def integrand(E: Any, T: Any) -> Any:
        args = (couplings, mass, coupling, form_factor)
        return sum(f(E) * cross_section(E, T, nucleus, flavour, *args) for flavour, f in flux.items())

    def start(T: Any, row: Any) -> Any:
        return max(row, np.sqrt(nucleus.mass * T / 2))

    counts = np.zeros(len(edges) - 1)
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        cuts = np.concatenate([[low], kinks[(kinks > low) & (kinks < high)], [high]])
        for a, b in itertools.pairwise(cuts):
            for row, top in itertools.pairwise(energies):
                if start((a + b) / 2, row) < top:
                    E_min = functools.partial(start, row=row)
                    counts[i] += integrate.dblquad(integrand, a, b, E_min, top, epsabs=0, epsrel=1e-10)[0]
    return _counted(counts)
