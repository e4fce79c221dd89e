"""Electron antineutrinos of a nuclear reactor, as a flux that any prediction takes.

Above 2 MeV the spectra of the four fissile isotopes (U235, Pu239, Pu241: arXiv:1106.0687; U238: arXiv:1101.2663) are
added with the fission fractions as weights. Below, where those tables end, stands the spectrum of a whole reactor
(attributed to V. Kopeikin, Phys. Atom. Nucl. 75 (2012) 143), which holds neutron capture on U238 as well.

What is known about the numbers, and what is not:

- Nothing is rescaled. The spectrum below 2 MeV belongs to a typical core and does not follow the fission fractions. At
  2 MeV it lies 4 % above the isotopes' sum for the default fractions; this jump is kept.
- Its integral with the isotopes' part is 6.7 antineutrinos per fission: about six from fission products, and the rest
  from capture, which ends at 1.3 MeV. The normalisation of neither transcribed table could be checked.
- The flux ends at 8 MeV with the tables, unless `highest` continues it. The share above is 1e-4 of all antineutrinos,
  but they make the largest recoils: with the extrapolation 1 % of those above a tenth of the largest recoil of 8 MeV,
  4 % above a quarter, 20 % to 25 % above half, and all that is beyond.
- Spent fuel, the approach to equilibrium and the core's size are left out.
- No uncertainty is carried. The tables have 2 % to 7 %.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.constants import SECONDS_PER_DAY
from cevns.errors import InputError
from cevns.fluxes.flux import DISTANCES
from cevns.fluxes.tables import tabulated
from cevns.nuclei.elements import closest_isotope, same_isotope

if TYPE_CHECKING:
    from typing import Any

    from cevns._types import Array
    from cevns.fluxes.flux import Flux

__all__ = [
    "ENERGY_PER_FISSION",
    "TYPICAL_FISSION_FRACTIONS",
    "antineutrinos_per_fission",
    "fission_rate",
    "reactor_antineutrinos",
]

#: Thermal energy per fission [MeV], antineutrinos taken off; arXiv:1212.6625.
ENERGY_PER_FISSION = {"U235": 202.36, "U238": 205.99, "Pu239": 211.12, "Pu241": 214.26}
#: Mean fission fractions of the Daya Bay cores, typical of a pressurised-water reactor; arXiv:1607.05378.
TYPICAL_FISSION_FRACTIONS = {"U235": 0.561, "U238": 0.076, "Pu239": 0.307, "Pu241": 0.056}

#: Largest thermal power that is accepted [GW].
LARGEST_POWER = 100.0
#: Exact in the SI.
JOULE_PER_MEV = 1.602176634e-13
#: Where the isotopes' tables begin and end [MeV].
TABLES_BEGIN, TABLES_END = 2.0, 8.0
#: Largest energy [MeV] to which an extrapolation makes sense: no fission product's decay has more.
HIGHEST = 16.0
# the spectra fall exponentially between rows that are 0.25 MeV apart; straight lines over a quarter of that err by
# 0.3 % at most, straight lines from row to row by 5 %
_ROWS_INSERTED = 4
_STEP_BEYOND = 0.0625
_FOLDER = os.path.join(os.path.dirname(__file__), "reactor_data")


def reactor_antineutrinos(
    *,
    thermal_power: float,
    distance: float,
    exposure: float,
    fission_fractions: Mapping[str, float] = TYPICAL_FISSION_FRACTIONS,
    energy_per_fission: Mapping[str, float] = ENERGY_PER_FISSION,
    highest: float = TABLES_END,
    name: str = "reactor antineutrinos",
) -> Flux:
    """Return the flux of electron antineutrinos at a distance from a reactor, before oscillations.

    Parameters
    ----------
    thermal_power : float
        [GW].
    distance : float
        From core to detector [m].
    exposure : float
        Time with the reactor at this power [days].
    fission_fractions : mapping of str to float
        Share of fissions of ``"U235"``, ``"U238"``, ``"Pu239"`` and ``"Pu241"``; missing ones are 0, the sum is 1.
    energy_per_fission : mapping of str to float
        [MeV] for each isotope with a fraction.
    highest : float
        Where the flux ends [MeV]. Above 8 MeV, where the tables end, it falls exponentially as between 7 and 8 MeV. No
        measurement stands behind this: compare with and without.
    name : str
        Name for reports.

    Returns
    -------
    Flux
        Flavour ``"e"``, cm^-2 MeV^-1 over the exposure, from 0.01 MeV, in two parts that meet at 2 MeV, or three that
        meet there and at 8 MeV.

    Raises
    ------
    InputError
        If a parameter is not positive, or the fractions are negative or do not sum to 1.
    UnknownNameError
        If an isotope is not known.

    Examples
    --------
    >>> flux = reactor_antineutrinos(thermal_power=3.95, distance=30, exposure=1)
    >>> f"{flux.moment('e', 0.0) / 86400:.2e}"  # per cm^2 and second
    '7.07e+12'

    References
    ----------
    arXiv:1106.0687, arXiv:1101.2663; V. Kopeikin, Phys. Atom. Nucl. 75 (2012) 143.
    """
    distance = checks.real("distance", distance, unit="m", **DISTANCES)
    exposure = checks.real("exposure", exposure, unit="days", above=0, high=1e12)
    rate = fission_rate(thermal_power, fission_fractions, energy_per_fission)
    scale = rate * exposure * SECONDS_PER_DAY / (4 * np.pi * (100 * distance) ** 2)
    (low, below), (high, above) = _spectra(_fractions(fission_fractions))
    highest = checks.real("highest", highest, unit="MeV", low=TABLES_END, high=HIGHEST)
    flux = tabulated(low, {"e": scale * below}, name=name, antineutrino=True) + tabulated(
        high, {"e": scale * above}, name="above 2 MeV", antineutrino=True
    )
    if highest == TABLES_END:
        return flux
    beyond = np.linspace(TABLES_END, highest, 1 + math.ceil((highest - TABLES_END) / _STEP_BEYOND))
    fall = math.log(np.interp(TABLES_END - 1, high, above) / above[-1])
    density = scale * above[-1] * np.exp(-fall * (beyond - TABLES_END))
    return flux + tabulated(beyond, {"e": density}, name="above 8 MeV", antineutrino=True)


def fission_rate(
    thermal_power: float,
    fission_fractions: Mapping[str, float] = TYPICAL_FISSION_FRACTIONS,
    energy_per_fission: Mapping[str, float] = ENERGY_PER_FISSION,
) -> float:
    """Return the fissions per second of a reactor; parameters as in `reactor_antineutrinos`.

    Raises
    ------
    UnknownNameError
        If an isotope has no spectrum.
    InputError
        If the power is not positive or above 100 GW, fractions do not add up to 1, or an energy is missing or not
        allowed.

    Examples
    --------
    >>> f"{fission_rate(1.0):.3e}"
    '3.030e+19'
    """
    power = checks.real("thermal_power", thermal_power, unit="GW", above=0)
    if power > LARGEST_POWER:
        raise InputError(
            f"thermal_power = {thermal_power!s} is not allowed: it must be at most {LARGEST_POWER:g} GW, far above the "
            "largest site; give GW, 3.9 for 3900 MW"
        )
    checks.instance("energy_per_fission", energy_per_fission, Mapping, "for example ENERGY_PER_FISSION")
    energy = 0.0
    for isotope, fraction in _fractions(fission_fractions).items():
        if isotope not in energy_per_fission:
            raise InputError(f"energy_per_fission has no entry for {isotope!r}, whose fission fraction is {fraction:g}")
        energy += fraction * checks.real(
            f"energy_per_fission[{isotope!r}]", energy_per_fission[isotope], unit="MeV", low=1, high=1e4
        )
    return power * 1e9 / (energy * JOULE_PER_MEV)


def antineutrinos_per_fission(
    fission_fractions: Mapping[str, float] = TYPICAL_FISSION_FRACTIONS, *, low: float = 0.0
) -> float:
    """Return the number of antineutrinos per fission above an energy [MeV].

    Raises
    ------
    UnknownNameError
        If an isotope has no spectrum.
    InputError
        If fractions do not add up to 1, or `low` is negative.

    Examples
    --------
    >>> round(antineutrinos_per_fission(), 2)
    6.68
    >>> round(antineutrinos_per_fission(low=1.806), 2)  # above the threshold of inverse beta decay
    1.86
    """
    low = checks.real("low", low, unit="MeV", low=0)
    return sum(float(tabulated(*_as_flux(part)).moment("e", low)) for part in _spectra(_fractions(fission_fractions)))


def _as_flux(part: tuple[Array, Array]) -> tuple[Array, dict[str, Array]]:
    energy, density = part
    return energy, {"e": density}


def _fractions(fission_fractions: Mapping[str, float]) -> dict[str, float]:
    """Return the positive fractions by isotope."""
    checks.instance("fission_fractions", fission_fractions, Mapping, "for example TYPICAL_FISSION_FRACTIONS")
    fractions = {}
    for isotope, fraction in fission_fractions.items():
        isotope = same_isotope(isotope, ENERGY_PER_FISSION) or isotope
        checks.known("isotope", isotope, ENERGY_PER_FISSION, closest=closest_isotope)
        if isotope in fractions:
            raise InputError(f"fission_fractions: {isotope} comes twice, in two spellings; give it once")
        fractions[isotope] = checks.real(f"fission_fractions[{isotope!r}]", fraction, low=0, high=1)
    total = sum(fractions.values())
    if abs(total - 1) > 1e-6:
        raise InputError(f"fission_fractions sum to {total:g}: they must sum to 1, divide each by {total:g}")
    return {isotope: fraction for isotope, fraction in fractions.items() if fraction > 0}


def _spectra(fractions: Mapping[str, float]) -> tuple[tuple[Array, Array], ...]:
    """Return (energy, antineutrinos per MeV and fission) below and above 2 MeV."""
    kopeikin, isotopes = _tables()
    below = kopeikin[kopeikin[:, 0] <= TABLES_BEGIN]
    above = sum(fraction * isotopes[isotope][:, 1] for isotope, fraction in fractions.items())
    rows = isotopes["U235"][:, 0]
    energy = np.linspace(rows[0], rows[-1], _ROWS_INSERTED * (rows.size - 1) + 1)
    return (below[:, 0], below[:, 1]), (energy, np.exp(np.interp(energy, rows, np.log(above))))


@functools.cache
def _tables() -> tuple[Any, ...]:
    from cevns.tables import read_table

    kopeikin = read_table(os.path.join(_FOLDER, "kopeikin_spectrum.txt"))
    names = {isotope: f"{isotope}-anti-neutrino-flux-250keV.dat" for isotope in ("U235", "Pu239", "Pu241")}
    names["U238"] = "mueller_u238.txt"
    isotopes = {isotope: read_table(os.path.join(_FOLDER, name), columns=(1, 2)) for isotope, name in names.items()}
    for isotope, table in isotopes.items():
        isotopes[isotope] = table[(table[:, 0] >= TABLES_BEGIN) & (table[:, 0] <= TABLES_END)]
    return kopeikin, isotopes
