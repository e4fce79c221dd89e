"""Counts of neutrinos scattering on electrons: all of their energy is seen, without a quenching factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns.reference.constants import pick
from cevns.reference.data import LIGHT_YIELD, PE_EDGES, load_argon, load_csi
from cevns.reference.electrons import shells_of
from cevns.reference.events import (
    COMPONENTS,
    E_MAX,
    E_NUMU,
    FLUX_AR,
    FLUX_CSI,
    N_AR,
    N_CSI,
    counted,
    integrate_pieces,
    over_pion_decay,
    over_table,
    tabulated,
)
from cevns.reference.kinematics import electron_greatest_recoil, electron_least_energy

if TYPE_CHECKING:
    from typing import Any

#: (flavour, whether antineutrino) of the components of a flux.
SPECIES = {
    "nue": ("e", False),
    "nuebar": ("e", True),
    "numu": ("mu", False),
    "numubar": ("mu", True),
    "nutau": ("tau", False),
    "nutaubar": ("tau", True),
}


def _bindings(atom: Any) -> list[float]:
    return [1e-3 * binding for _, binding in shells_of(atom)]


def electron_rate(
    T: Any,
    atom: Any,
    eta: float,
    sigma: Any,
    method: str = "quad",
    components: Any = tuple(COMPONENTS),
) -> Any:
    """Events per atom and MeV of electron energy with the fluxes 2.6 to 2.8; arguments as `electron_events_csi`.

    `T` in MeV, one number for ``method="quad"``; `eta` in neutrinos per flavour and cm^2.

    Examples
    --------
    >>> from cevns.reference import neutrino_electron
    >>> f"{float(electron_rate(0.01, 'Ar', 1e14, neutrino_electron)):.3e}"  # per MeV
    '2.645e-29'
    """

    def of_component(E: Any, T: Any, component: str) -> Any:
        return sigma(E, T, atom, *SPECIES[component])

    return over_pion_decay(T, of_component, [electron_least_energy(T)], eta, method, components)


def electron_events_csi(
    sigma: Any,
    atoms: Any = ("Cs", "I"),
    method: str = "quad",
    folder: Any = None,
    *,
    components: Any = tuple(COMPONENTS),
) -> Any:
    """Counts of CsI in the 12 bins of eq. 4.1 (6 to 30 PE), PE = 13.348 T[keV].

    Parameters
    ----------
    sigma : callable
        Cross section per atom, ``f(E, T, atom, flavour, antineutrino)`` in cm^2/MeV, of `electrons`.
    atoms : sequence
        One of each per molecule, see `shells_of`; (55, 53) for free electrons.
    method, folder, components
        As `events_csi`.

    Returns
    -------
    ndarray, shape (12,)

    Examples
    --------
    >>> from cevns.reference import neutrino_electron
    >>> [f"{electron_events_csi(neutrino_electron, a, 'fixed').sum():.1e}" for a in (("Cs", "I"), (55, 53))]
    ['1.2e-05', '1.5e-05']
    """
    data, edges = load_csi(folder), PE_EDGES / LIGHT_YIELD / 1000
    kinks = [T for atom in atoms for T in _bindings(atom)]

    def dN_dT(T: Any) -> Any:
        return N_CSI * sum(electron_rate(T, atom, FLUX_CSI, sigma, method, components) for atom in atoms)

    pieces = integrate_pieces(dN_dT, edges[:-1], edges[1:], [*kinks, *_ends()], method)
    return counted((data.efficiency * pieces).reshape(12, 2).sum(axis=1))


def electron_events_argon(
    sigma: Any,
    atom: Any = "Ar",
    method: str = "quad",
    folder: Any = None,
    *,
    components: Any = tuple(COMPONENTS),
) -> Any:
    """Counts of argon in the 12 bins of eq. 4.2 (0 to 120 keVee); arguments as `electron_events_csi`.

    The efficiency is that of nuclear recoils of the same energy in keVee. What analysis A rejects as electron recoils
    by their pulse shape (F90) is not taken off.

    Examples
    --------
    >>> from cevns.reference import neutrino_electron
    >>> electron_events_argon(neutrino_electron, 18, method="fixed").shape
    (12,)
    """
    rows, efficiency = load_argon(folder).efficiency
    T = np.union1d(rows, np.arange(10.0, 121.0, 10.0)) / 1000

    def dN_dT(T: Any) -> Any:
        A = np.interp(1000 * T, rows, efficiency, left=0.0)
        return A * electron_rate(T, atom, FLUX_AR, sigma, method, components)

    pieces = N_AR * integrate_pieces(dN_dT, T[:-1], T[1:], [*_bindings(atom), *_ends()], method)
    return counted(np.bincount((1000 * (T[:-1] + T[1:]) / 2 // 10).astype(int), pieces, minlength=12))


def _ends() -> list[float]:
    return [float(electron_greatest_recoil(E)) for E in (E_NUMU, E_MAX)]


def electron_double_integral(
    edges_kev: Any, energies: Any, fluxes: Any, atom: Any, sigma: Any, *, cuts_kev: Any = ()
) -> Any:
    """Events per atom in bins of electron energy for any tabulated flux.

    Parameters
    ----------
    edges_kev : array_like, shape (n + 1,)
        Bin edges of the electron energy in keV, ascending.
    energies : array_like, shape (m,)
        Rows of the flux table in MeV, ascending.
    fluxes : dict of str to array_like, shape (m,)
        Flux by species, the keys of `SPECIES`, per cm^2 and MeV; linear between rows, zero outside.
    atom, sigma
        As `electron_events_csi`.
    cuts_kev : array_like
        Electron energies in keV at which bins are cut beside binding energies and ends of the rows.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> from cevns.reference import neutrino_electron
    >>> electron_double_integral([1, 10], [2, 3], {"nuebar": [0, 1e9]}, "Ar", neutrino_electron).shape
    (1,)
    """
    energies = np.asarray(energies, dtype=float)
    flux = {pick("species", SPECIES, name): tabulated(energies, values) for name, values in fluxes.items()}

    def integrand(E: Any, T: Any) -> Any:
        return sum(f(E) * sigma(E, T, atom, *species) for species, f in flux.items())

    ends, bindings = electron_greatest_recoil(energies), _bindings(atom)
    cuts = [*ends, *bindings, *np.asarray(cuts_kev, dtype=float) / 1000]
    edges = np.asarray(edges_kev, dtype=float) / 1000
    return over_table(edges, energies, cuts, integrand, lambda T: [electron_least_energy(T)])
