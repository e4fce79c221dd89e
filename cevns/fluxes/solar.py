"""Neutrinos of the Sun, as a flux that any prediction takes.

- 8B: the standard spectrum as a table (nucl-ex/0406019).
- pp, hep, 13N, 15O, 17F: allowed decays with a relativistic Fermi function. Their mean energies are those of the
  standard spectra (hep-ph/9710491) to 2e-3 or better, and that of pp agrees with its table to 2e-3. Forbidden parts,
  which may be some per cent of hep, are left out.
- 7Be and pep: lines of their laboratory energies, which the heat of the Sun shifts and broadens by 0.1 %.

The flux is that of the year's mean distance, beside which it varies by 3 % with the seasons. Day and night are alike.
No uncertainty is carried.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.constants import SECONDS_PER_DAY
from cevns.fluxes.flux import Component, Flux
from cevns.fluxes.oscillated import oscillated
from cevns.fluxes.positron_decays import allowed_spectrum
from cevns.fluxes.tables import tabulated
from cevns.kernels.fluxes import Spectrum

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike

__all__ = ["SOLAR_FLUXES", "SOLAR_SURVIVAL", "solar_neutrinos"]

#: Neutrinos of all flavours [cm^-2 s^-1]: 8B as measured (arXiv:1109.0763), others of the solar model B16-GS98
#: (arXiv:1611.09867).
SOLAR_FLUXES = {
    "8B": 5.25e6,
    "hep": 7.98e3,
    "pp": 5.98e10,
    "13N": 2.78e8,
    "15O": 2.05e8,
    "17F": 5.29e6,
    "7Be": 4.93e9,
    "pep": 1.44e8,
}
#: Share that arrives as electron neutrinos: 0.33 where the Sun's matter decides. Elsewhere the average of vacuum
#: oscillations, cos^4 theta_13 (1 - sin^2 2 theta_12 / 2) + sin^4 theta_13 with squared sines 0.307 and 0.022.
SOLAR_SURVIVAL = dict.fromkeys(SOLAR_FLUXES, 0.55) | {"8B": 0.33, "hep": 0.33}

#: End points [MeV], and protons and nucleons of the daughter: hep-ph/9710491 for pp and hep, thermal energy included;
#: mass differences of AME2020 less two electron masses for the others.
_DECAYS = {
    "pp": (0.42341, 1, 2),
    "hep": (18.784, 2, 4),
    "13N": (1.19847, 6, 13),
    "15O": (1.7322, 7, 15),
    "17F": (1.73847, 8, 17),
}
#: Energies [MeV] and shares: 7Be to the ground state of 7Li, and to its first excited one.
_LINES = {"7Be": ([0.8618, 0.3843], [0.8956, 0.1044]), "pep": ([1.442], [1.0])}
#: Rows of the decays' tables, between which straight lines err by 1e-5 of the maximum.
_ROWS = 501
_FOLDER = os.path.join(os.path.dirname(__file__), "solar_data")


def solar_neutrinos(
    source: str = "8B",
    *,
    exposure: float,
    total: float | None = None,
    survival: float | tuple[ArrayLike, ArrayLike] | None = None,
    name: str | None = None,
) -> Flux:
    """Return the flux of neutrinos that one reaction in the Sun makes; those of several add with ``+``.

    It is an incoherent mixture of flavours, as `oscillated` fluxes are.

    Parameters
    ----------
    source : str
        One of `SOLAR_FLUXES`.
    exposure : float
        Time [days].
    total : float, optional
        Neutrinos of all flavours [cm^-2 s^-1]; that of `SOLAR_FLUXES` unless given.
    survival : float or pair of array_like, optional
        Share that arrives as electron neutrinos: one number, or energies [MeV] and shares there, as `oscillated` takes
        them; that of `SOLAR_SURVIVAL` unless given. Muon and tau neutrinos have half of the rest each.
    name : str, optional
        Name for reports.

    Returns
    -------
    Flux
        cm^-2 MeV^-1 over the exposure.

    Raises
    ------
    InputError
        If a number is out of its range.
    UnknownNameError
        If `source` is none of the Sun's.

    Examples
    --------
    >>> flux = solar_neutrinos(exposure=365.25)
    >>> [f"{flux.moment(flavour, 0.0) / (365.25 * 86400 * 5.25e6):.3f}" for flavour in flux.flavours]
    ['0.330', '0.335', '0.335']
    >>> both = solar_neutrinos("8B", exposure=365.25) + solar_neutrinos("hep", exposure=365.25)
    >>> both.maximum_energy
    18.784

    References
    ----------
    nucl-ex/0406019, arXiv:1109.0763, arXiv:1611.09867, hep-ph/9710491.
    """
    checks.known("source", source, SOLAR_FLUXES)
    exposure = checks.real("exposure", exposure, unit="days", above=0, high=1e12)
    total = (
        SOLAR_FLUXES[source] if total is None else checks.real("total", total, unit="cm^-2 s^-1", above=0, high=1e20)
    )
    survival = SOLAR_SURVIVAL[source] if survival is None else survival
    if not isinstance(survival, tuple):
        survival = checks.real("survival", survival, low=0, high=1)
    name = f"solar {source} neutrinos" if name is None else checks.text("name", name)
    emitted = _emitted(source, total * exposure * SECONDS_PER_DAY, name)
    return oscillated(emitted, {"e": survival}, rest=("mu", "tau"))


def _emitted(source: str, fluence: float, name: str) -> Flux:
    """Return the flux [cm^-2] without oscillations."""
    if source in _LINES:
        energies, weights = _LINES[source]
        order = np.argsort(energies)
        spectrum = Spectrum([], [], np.array(energies)[order], fluence * np.array(weights)[order])
        return Flux(name, (Component("e", spectrum, source, False),))
    energy, density = _table(source)
    flux = tabulated(energy, {"e": fluence * density}, name=source, antineutrino=False)
    return Flux(name, flux.components)


@functools.cache
def _table(source: str) -> tuple[Any, ...]:
    """Return energies [MeV] and the share per MeV of a continuous spectrum."""
    from cevns.tables import read_table

    if source in _DECAYS:
        end, protons, nucleons = _DECAYS[source]
        energy: Array = np.linspace(0.0, end, _ROWS)
        density = allowed_spectrum(energy, end, protons, nucleons)
    else:
        energy, density = read_table(os.path.join(_FOLDER, "b8_spectrum.csv"), columns=(1, 2)).T.copy()
    return energy, density / float(np.sum(0.5 * (density[1:] + density[:-1]) * np.diff(energy)))
