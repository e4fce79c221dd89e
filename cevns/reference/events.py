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
from cevns.reference.kinematics import least_energy, opening_recoils
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
    """Eq. 2.7, muon antineutrinos per MeV in the unit of `eta`, the neutrinos per flavour and area; E in MeV.

    Examples
    --------
    >>> round(float(flux_numubar(40.0, eta=1.0)), 5)  # per MeV
    0.03224
    """
    return np.where((E >= 0) & (E <= E_MAX), eta * 64 * E**2 / M_MU**3 * (3 / 4 - E / M_MU), 0.0)


def flux_nue(E: Any, eta: float) -> Any:
    """Eq. 2.8, electron neutrinos; arguments as `flux_numubar`.

    Examples
    --------
    >>> round(float(flux_nue(40.0, eta=1.0)), 5)  # per MeV
    0.03162
    """
    return np.where((E >= 0) & (E <= E_MAX), eta * 192 * E**2 / M_MU**3 * (1 / 2 - E / M_MU), 0.0)


def tabulated(energies: Any, values: Any) -> Callable[[Any], Any]:
    """Flux that is linear between its rows (`energies` in MeV, ascending) and zero outside, as a function of E.

    Examples
    --------
    >>> flux = tabulated([10.0, 20.0], [0.0, 4.0])
    >>> flux([5.0, 15.0, 30.0]).tolist()
    [0.0, 2.0, 0.0]
    """
    return lambda E: np.interp(E, energies, values, left=0.0, right=0.0)


FLUXES = {"nue": flux_nue, "numubar": flux_numubar}
#: Components of the flux of stopped pions, and the flavour of each; "numu" is the line of eq. 2.6.
COMPONENTS = {"nue": "e", "numu": "mu", "numubar": "mu"}


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


def integrate_pieces(f: Any, low: Any, high: Any, kinks: Any, method: str) -> Any:
    # integrals over the pieces [low, high], each split at the kinks
    cuts = [low, *(np.clip(kink, low, high) for kink in sorted(kinks)), high]
    if method == "quad":
        return sum(np.array([_quad(f, *ends) for ends in zip(a, b, strict=True)]) for a, b in itertools.pairwise(cuts))
    return sum(_fixed(f, a, b, _GAUSS_T) for a, b in itertools.pairwise(cuts))


def _kinks(nucleus: Nucleus, outgoing_masses: tuple[float, ...]) -> list[float]:
    # recoils at which the line and the spectra begin and end to contribute
    masses = {0.0, *outgoing_masses}
    return [T for E in (E_NUMU, E_MAX) for m in masses for T in opening_recoils(E, nucleus.mass, m)]


def _starts(T: Any, nucleus: Nucleus, outgoing_masses: tuple[float, ...]) -> list[Any]:
    # energies from which on something contributes; ascending, since they rise with the mass
    return [least_energy(T, nucleus.mass, m) for m in sorted({0.0, *outgoing_masses})]


def _sigma(model: Any, mass: float, coupling: float, form_factor: str) -> Any:
    if callable(model):
        return model
    couplings = couplings_of(model)
    return lambda E, T, nucleus, flavour: cross_section(E, T, nucleus, flavour, couplings, mass, coupling, form_factor)


def over_pion_decay(T: Any, sigma: Any, starts: list[Any], eta: float, method: str, components: Any) -> Any:
    """Integral of ``sigma(E, T, component)`` over the energies of the components of the flux, cut at `starts`."""
    spectra = [c for c in FLUXES if c in components]

    def integrand(E: Any, T: Any) -> Any:
        return sum(FLUXES[c](E, eta) * sigma(E, T, c) for c in spectra)

    line = eta * sigma(E_NUMU, T, "numu") if "numu" in components else 0.0
    if not spectra:
        return line
    cuts = [*(np.minimum(start, E_MAX) for start in starts), E_MAX]
    if method == "quad":
        return line + sum(_quad(lambda E: integrand(E, T), a, b) for a, b in itertools.pairwise(cuts))
    pieces = (_fixed(lambda E: integrand(E, T[..., None]), a, b, _GAUSS_E) for a, b in itertools.pairwise(cuts))
    return line + sum(pieces)


def rate(
    T: Any,
    nucleus: Nucleus,
    eta: float,
    couplings: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    method: str = "quad",
    outgoing_masses: tuple[float, ...] = (),
    components: Any = tuple(COMPONENTS),
) -> Any:
    """Events per nucleus and MeV of recoil energy: the inner integral of eq. 2.9 with the fluxes 2.6 to 2.8.

    `T` in MeV, one number for ``method="quad"``; `eta` in neutrinos per flavour and cm^2; `couplings` and the rest as
    the arguments of `events_csi`, whose `model` they are.

    Examples
    --------
    >>> from cevns.reference import AR40, model
    >>> f"{float(rate(0.01, AR40, 1e14, model('sm'))):.3e}"  # per MeV
    '1.500e-23'
    """
    sigma = _sigma(couplings, mass, coupling, form_factor)

    def of_component(E: Any, T: Any, component: str) -> Any:
        return sigma(E, T, nucleus, COMPONENTS[component])

    return over_pion_decay(T, of_component, _starts(T, nucleus, outgoing_masses), eta, method, components)


def counted(counts: Any) -> Any:
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
    *,
    nuclei: tuple[Nucleus, ...] = (CS133, I127),
    outgoing_masses: tuple[float, ...] = (),
    components: Any = tuple(COMPONENTS),
) -> Any:
    """Signal counts of CsI in the 12 bins of eq. 4.1 (6 to 30 PE, 2 PE wide), eq. 2.9.

    Parameters
    ----------
    model : str, dict or callable
        Name, or what `model` or `nsi` returns; or any cross section, ``f(E, T, nucleus, flavour)`` in cm^2/MeV, such as
        those of `interactions`, `scalars` and `moments` once `functools.partial` has their parameters. The rest is then
        in the function: `mass`, `coupling` and `form_factor` are not used.
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
    nuclei : tuple of Nucleus
        One of each per molecule; other radii by ``CS133._replace(R_n=5.5)``.
    outgoing_masses : tuple of float
        Masses in MeV of what the neutrino becomes besides a neutrino, at whose least and greatest recoils integrals are
        cut: those in `dipole`, `vector_to_chi` and `scalar_to_chi`.
    components : collection of {"nue", "numu", "numubar"}
        Components of the flux that are counted.

    Returns
    -------
    ndarray, shape (12,)

    Examples
    --------
    >>> round(float(events_csi("sm", quenching="constant", method="fixed").sum()), 1)
    164.7
    """
    data, counts = load_csi(folder), np.zeros(12)
    T_max = {nucleus: 2 * E_MAX**2 / nucleus.mass for nucleus in nuclei}
    edges = _recoil(PE_EDGES / (LIGHT_YIELD * eta), max(T_max.values()), quenching_factor(quenching, folder))
    for nucleus in T_max:  # footnote 1: they add incoherently
        dN_dT = functools.partial(
            rate, nucleus=nucleus, eta=FLUX_CSI, couplings=model, mass=mass, coupling=coupling,
            form_factor=form_factor, method=method, outgoing_masses=outgoing_masses, components=components,
        )  # fmt: skip
        T = np.minimum(edges, T_max[nucleus])
        pieces = integrate_pieces(dN_dT, T[:-1], T[1:], _kinks(nucleus, outgoing_masses), method)
        counts += N_CSI * (data.efficiency * pieces).reshape(12, 2).sum(axis=1)
    return counted(counts)


def events_argon(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    method: str = "quad",
    folder: Any = None,
    *,
    nucleus: Nucleus = AR40,
    outgoing_masses: tuple[float, ...] = (),
    components: Any = tuple(COMPONENTS),
) -> Any:
    """Signal counts of argon in the 12 bins of eq. 4.2 (0 to 120 keVee, 10 keVee wide), eq. 2.9.

    Arguments and return value as `events_csi`. The efficiency is linear between its rows, zero below the first and
    constant above the last.

    Examples
    --------
    >>> round(float(events_argon("sm", method="fixed").sum()), 1)
    131.4
    """
    (rows, efficiency), f_Q = load_argon(folder).efficiency, quenching_factor("release")
    kinks = _recoil(np.union1d(rows, np.arange(10.0, 121.0, 10.0)), 2 * E_MAX**2 / nucleus.mass, f_Q)
    T = np.union1d(kinks, 0.125)  # f_Q breaks at 125 keV

    def T_ee(T: Any) -> Any:
        return f_Q(1000 * T) * 1000 * T

    def dN_dT(T: Any) -> Any:
        A = np.interp(T_ee(T), rows, efficiency, left=0.0)
        return A * rate(T, nucleus, FLUX_AR, model, mass, coupling, form_factor, method, outgoing_masses, components)

    pieces = N_AR * integrate_pieces(dN_dT, T[:-1], T[1:], _kinks(nucleus, outgoing_masses), method)
    return counted(np.bincount((T_ee((T[:-1] + T[1:]) / 2) // 10).astype(int), pieces, minlength=12))


def over_table(edges: Any, energies: Any, cuts: Any, integrand: Any, starts: Any) -> Any:
    """Integrals of ``integrand(E, T)`` over bins of T, `edges` in MeV, and over E from the first start to the last row.

    `scipy.integrate.dblquad` is called between the rows `energies`, where a table has its kinks, between the energies
    ``starts(T)``, and between the recoils `cuts`, which have to hold those at which a start is one of the rows.
    """
    cuts, counts = np.unique(cuts), np.zeros(len(edges) - 1)

    def energy(T: Any, piece: int, row: Any, top: Any) -> Any:
        return np.clip([*starts(T), np.inf][piece], row, top)

    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        for a, b in itertools.pairwise([low, *cuts[(cuts > low) & (cuts < high)], high]):
            pieces = range(len(starts((a + b) / 2)))
            for (row, top), piece in itertools.product(itertools.pairwise(energies), pieces):
                first, last = (functools.partial(energy, piece=k, row=row, top=top) for k in (piece, piece + 1))
                if first((a + b) / 2) < last((a + b) / 2):
                    counts[i] += integrate.dblquad(integrand, a, b, first, last, epsabs=0, epsrel=1e-10)[0]
    return counted(counts)


def double_integral(
    edges_kev: Any,
    energies: Any,
    fluxes: Any,
    nucleus: Nucleus,
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    *,
    outgoing_masses: tuple[float, ...] = (),
    cuts_kev: Any = (),
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
        Flux of the flavours "e", "mu" and "tau" at the rows, per cm^2 and MeV; linear between rows, zero outside.
    nucleus, model, mass, coupling, form_factor, outgoing_masses
        As `events_csi`.
    cuts_kev : array_like
        Recoil energies in keV at which bins are cut: where a light mediator or a photon makes the integrand rise over
        many orders of magnitude, one integral needs several.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> double_integral([1, 10], [20, 30], {"e": [0, 1e9]}, AR40, "sm").shape
    (1,)
    """
    sigma, energies = _sigma(model, mass, coupling, form_factor), np.asarray(energies, dtype=float)
    flux = {flavour: tabulated(energies, values) for flavour, values in fluxes.items()}
    masses = {0.0, *outgoing_masses}
    openings = [T for E in energies for m in masses for T in opening_recoils(float(E), nucleus.mass, m)]

    def integrand(E: Any, T: Any) -> Any:
        return sum(f(E) * sigma(E, T, nucleus, flavour) for flavour, f in flux.items())

    return over_table(
        np.asarray(edges_kev, dtype=float) / 1000,
        energies,
        [*openings, *np.asarray(cuts_kev, dtype=float) / 1000],
        integrand,
        lambda T: _starts(T, nucleus, outgoing_masses),
    )
