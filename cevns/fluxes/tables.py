"""Fluxes of one energy, and fluxes that a table gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.fluxes.flux import LARGEST_FLUENCE, Component, Flux
from cevns.kernels.fluxes import Spectrum

if TYPE_CHECKING:
    from cevns._types import ArrayLike

__all__ = ["monochromatic", "tabulated"]

#: Largest and least neutrino energy [MeV] above 0: moments hold the inverse square.
LARGEST_ENERGY, SMALLEST_ENERGY = 1e6, 1e-12
_REPEATED = ", take the line out and add a monochromatic flux, or write a jump as a histogram"


def monochromatic(
    energy: float, *, fluence: float, flavour: str, name: str = "monochromatic", antineutrino: bool | None = None
) -> Flux:
    """Return a flux of one energy [MeV] with `fluence` neutrinos per cm^2 of one flavour.

    Scattering on electrons needs to know whether they are antineutrinos.

    Raises
    ------
    InputError
        If `energy` or `fluence` is not positive and finite.

    Examples
    --------
    >>> flux = monochromatic(29.8, fluence=2e12, flavour="mu")
    >>> flux.moment("mu", 0.0)  # per cm^2
    2000000000000.0
    """
    energy = checks.real("energy", energy, unit="MeV", low=SMALLEST_ENERGY, high=LARGEST_ENERGY)
    fluence = checks.real("fluence", fluence, unit="cm^-2", above=0, high=LARGEST_FLUENCE)
    return Flux(name, (Component(flavour, Spectrum([], [], [energy], [fluence]), name, antineutrino),))


def tabulated(
    energy: ArrayLike,
    densities: Mapping[str, ArrayLike],
    *,
    histogram: bool = False,
    name: str = "tabulated",
    antineutrino: bool | Mapping[str, bool] | None = None,
) -> Flux:
    """Return a flux given by a table, exact for the interpolation that is chosen.

    Parameters
    ----------
    energy : array_like, shape (n,)
        Ascending energies [MeV] of the rows, or the n bin edges of a histogram.
    densities : mapping of str to array_like
        phi(E) [cm^-2 MeV^-1] over the exposure for each flavour: n values, linear in between, or for a histogram n - 1
        values, constant in each bin. Zero outside the table.
    histogram : bool
        Whether the densities are constant in bins.
    name : str
        Name for reports.
    antineutrino : bool, or mapping of str to bool, optional
        Whether these are antineutrinos, all of them or by flavour, which scattering on electrons needs to know.

    Raises
    ------
    InputError
        If the energies do not ascend or are negative, or a density is negative or of the wrong length.

    Examples
    --------
    >>> flux = tabulated([1.0, 2.0, 4.0], {"e": [0.0, 1.0, 0.0]})
    >>> flux.moment("e", 0.0)
    1.5
    """
    energy = checks.ascending("energy", energy, unit="MeV", low=0, high=LARGEST_ENERGY, least=2, repeated=_REPEATED)
    if 0 < energy[0] < SMALLEST_ENERGY or energy[1] < SMALLEST_ENERGY:
        raise InputError(f"energy starts between 0 and {SMALLEST_ENERGY:g} MeV: start at 0, or above")
    checks.instance("densities", densities, Mapping, "give the values of each flavour")
    if not densities:
        raise InputError("densities is empty: give at least one flavour")
    marks = antineutrino if isinstance(antineutrino, Mapping) else dict.fromkeys(densities, antineutrino)
    for flavour in marks:
        checks.known("flavour in antineutrino", flavour, list(densities))
    spectra = []
    for flavour, values in densities.items():
        rows = energy.size - 1 if histogram else energy.size
        phi = checks.array(f"densities[{flavour!r}]", values, unit="cm^-2 MeV^-1", low=0, ndim=1, length=rows)
        if phi.max() > LARGEST_FLUENCE:
            raise InputError(f"densities[{flavour!r}] reach {phi.max():g} cm^-2 MeV^-1: at most {LARGEST_FLUENCE:g}")
        coefficients = np.zeros((energy.size - 1, 4))
        if histogram:
            coefficients[:, 0] = phi
        else:
            slope = np.diff(phi) / np.diff(energy)
            coefficients[:, 1] = slope
            coefficients[:, 0] = phi[:-1] - slope * energy[:-1]
        spectra.append(Component(flavour, Spectrum(energy, coefficients), name, marks.get(flavour)))
    return Flux(name, tuple(spectra))
