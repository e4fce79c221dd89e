"""Neutrino fluxes: pion decay at rest, monochromatic and tabulated, each with exact moments.

A flux here is integrated over the exposure: neutrinos per cm^2 (and MeV) for each flavour. Neutrinos and antineutrinos
of a flavour add up, since all vector couplings change sign together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns._fluxes import Spectrum
from cevns.arrays import unique
from cevns.constants import MUON_MASS, PION_MASS
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike, Values


__all__ = ["FLAVOURS", "Flux", "monochromatic", "pion_decay_at_rest", "tabulated"]

#: Flavour labels; neutrinos and antineutrinos share them.
FLAVOURS = ("e", "mu", "tau")
#: Largest fluence [cm^-2], neutrino energy [MeV], and distances [m] that are accepted.
LARGEST_FLUENCE, LARGEST_ENERGY = 1e40, 1e6
DISTANCES = {"low": 1e-3, "high": 1e15}
#: Least energy [MeV] above 0: moments hold its inverse square.
SMALLEST_ENERGY = 1e-12
_REPEATED = ", take the line out and add a monochromatic flux, or write a jump as a histogram"


@dataclass(frozen=True)
class Flux:
    """Spectra of neutrinos at a detector, by flavour. Fluxes add with ``+``.

    Parameters
    ----------
    name : str
        What the flux is called in reports.
    spectra : tuple of (str, Spectrum)
        Flavour (one of `FLAVOURS`) and its spectrum [cm^-2 MeV^-1]; a flavour may come more than once.

    Examples
    --------
    >>> flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=17.6e22, distance=19.3)
    >>> flux.flavours
    ('e', 'mu')
    >>> f"{flux.moment('mu', 0.0):.4e}"  # both muon (anti)neutrinos, cm^-2
    '6.0160e+14'
    """

    name: str
    spectra: Values

    def __post_init__(self):
        checks.text("name", self.name)
        spectra = checks.pairs("spectra", self.spectra, "(flavour, Spectrum)")
        if not spectra:
            raise InputError("spectra is empty: a flux needs at least one flavour")
        for flavour, spectrum in spectra:
            checks.flavour("neutrino flavour", flavour, FLAVOURS)
            checks.instance(f"spectrum of flavour {flavour!r}", spectrum, Spectrum, "see cevns.fluxes.tabulated")
            fluence = np.empty(1)
            spectrum.moment(np.zeros(1), 0, fluence)
            if not 0 <= fluence[0] <= LARGEST_FLUENCE:
                raise InputError(
                    f"the fluence of flavour {flavour!r} is {fluence[0]:g} cm^-2: it must be from 0 to "
                    f"{LARGEST_FLUENCE:g} cm^-2"
                )
        object.__setattr__(self, "spectra", spectra)

    def __add__(self, other: Flux) -> Flux:
        if not isinstance(other, Flux):
            return NotImplemented
        return Flux(f"{self.name} + {other.name}", self.spectra + other.spectra)

    @property
    def flavours(self) -> tuple[str, ...]:
        """The flavours present, in the order of `FLAVOURS`."""
        return tuple(f for f in FLAVOURS if any(f == g for g, _ in self.spectra))

    @property
    def maximum_energy(self) -> float:
        """Highest neutrino energy [MeV]."""
        return float(max(np.concatenate([s.breaks, s.line_energies]).max() for _, s in self.spectra))

    @property
    def end_energies(self) -> Array:
        """Energies [MeV] of lines and of the spectra's upper ends, where recoil spectra kink most."""
        ends = [[*s.line_energies, *s.breaks[-1:]] for _, s in self.spectra]
        return unique(np.concatenate(ends))

    @property
    def sharp_energies(self) -> Array:
        """Energies [MeV] of lines, of jumps and of the spectra's ends: recoil spectra kink where E_min reaches them."""
        sharp = []
        for _, s in self.spectra:
            sharp.extend(s.line_energies)
            if s.breaks.size:
                inner = s.breaks[1:-1]
                powers = inner[:, None] ** np.arange(4)
                below = (powers * s.coefficients[:-1]).sum(axis=1)
                above = (powers * s.coefficients[1:]).sum(axis=1)
                jumps = np.abs(above - below) > 1e-9 * (np.abs(above) + np.abs(below))
                sharp.extend([s.breaks[0], *inner[jumps], s.breaks[-1]])
        return unique([e for e in sharp if e > 0])

    @property
    def break_energies(self) -> Array:
        """All energies [MeV] at which some spectrum is not analytic, `sharp_energies` included."""
        parts = [np.concatenate([s.breaks, s.line_energies]) for _, s in self.spectra]
        energies = unique(np.concatenate(parts))
        return energies[energies > 0]

    def density(self, flavour: str, energy: ArrayLike) -> Any:
        """Return phi(E) [cm^-2 MeV^-1] of a flavour without its lines; `energy` [MeV] of any shape."""
        return self._sum(flavour, energy, "density")

    def moment(self, flavour: str, e_min: ArrayLike, k: int = 0) -> Any:
        """Return I_k(E_min) = Int_{E_min} dE phi(E) E^-k.

        Parameters
        ----------
        flavour : str
            One of `FLAVOURS`.
        e_min : array_like
            Lower energies [MeV], any shape.
        k : {0, 1, 2}
            Negative power of the energy.

        Returns
        -------
        ndarray or float
            cm^-2 MeV^-k. Infinite at ``e_min = 0`` where the integral diverges.

        Raises
        ------
        InputError
            If `k` is not 0, 1 or 2 or an energy is negative or not finite.
        """
        return self._sum(flavour, e_min, "moment", checks.whole("k", k, low=0, high=2))

    def kinematic_moment(self, flavour: str, e_min: ArrayLike) -> Any:
        """Return Int_{E_min} dE phi(E) (1 - E_min^2/E^2) [cm^-2]: the flux's whole part in a recoil spectrum."""
        return self._sum(flavour, e_min, "kinematic_moment")

    def _sum(self, flavour, energy, method, *args):
        checks.flavour("neutrino flavour", flavour, FLAVOURS)
        energy = checks.array("energy", energy, unit="MeV", low=0)
        flat, part = np.atleast_1d(energy).ravel(), np.empty(energy.size)
        total = np.zeros(energy.size)
        for name, spectrum in self.spectra:
            if name == flavour:
                getattr(spectrum, method)(flat, *args, part)
                total += part
        return total.reshape(energy.shape) if energy.ndim else float(total[0])


def pion_decay_at_rest(
    *, neutrinos_per_proton: float, protons: float, distance: float, name: str = "pion decay at rest"
) -> Flux:
    """Return the flux of pion decay at rest: a nu_mu line and the nu_e and anti-nu_mu of muon decay (eqs. 2.6-2.8).

    Parameters
    ----------
    neutrinos_per_proton : float
        r, neutrinos of each flavour per proton on target.
    protons : float
        N_POT, protons on target in the exposure.
    distance : float
        L [m] from source to detector.
    name : str
        Name for reports.

    Returns
    -------
    Flux
        Normalised to eta = r N_POT / (4 pi L^2) neutrinos of each kind per cm^2.

    Raises
    ------
    InputError
        If a parameter is not positive and finite.

    References
    ----------
    arXiv:2008.05022, eqs. 2.6-2.8.
    """
    r = checks.real("neutrinos_per_proton", neutrinos_per_proton, above=0, high=1e3)
    protons = checks.real("protons", protons, above=0, high=1e50)
    distance = checks.real("distance", distance, unit="m", **DISTANCES)
    eta = r * protons / (4 * math.pi * (100 * distance) ** 2)
    m = MUON_MASS
    line = (PION_MASS**2 - m**2) / (2 * PION_MASS)
    ends = [0.0, m / 2]
    return Flux(
        name,
        (
            ("e", Spectrum(ends, [[0, 0, 192 * eta / m**3 / 2, -192 * eta / m**4]])),
            ("mu", Spectrum(ends, [[0, 0, 64 * eta / m**3 * 0.75, -64 * eta / m**4]])),
            ("mu", Spectrum([], [], [line], [eta])),
        ),
    )


def monochromatic(energy: float, *, fluence: float, flavour: str, name: str = "monochromatic") -> Flux:
    """Return a flux of one energy [MeV] with `fluence` neutrinos per cm^2 of one flavour.

    Raises
    ------
    InputError
        If `energy` or `fluence` is not positive and finite.
    """
    energy = checks.real("energy", energy, unit="MeV", low=SMALLEST_ENERGY, high=LARGEST_ENERGY)
    fluence = checks.real("fluence", fluence, unit="cm^-2", above=0, high=LARGEST_FLUENCE)
    return Flux(name, ((flavour, Spectrum([], [], [energy], [fluence])),))


def tabulated(
    energy: ArrayLike, densities: Mapping[str, ArrayLike], *, histogram: bool = False, name: str = "tabulated"
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
        spectra.append((flavour, Spectrum(energy, coefficients)))
    return Flux(name, tuple(spectra))
