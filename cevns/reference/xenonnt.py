"""Solar boron-8 neutrinos in XENONnT, the release doi:10.5281/zenodo.20576156: counts in 81 bins a run, and their chi2.

The release gives the probability of each bin for recoils of 46 energies; between them it is taken as linear, below the
first and above the last as zero. Backgrounds are accidental coincidences, electronic recoils and neutrons.
"""

from __future__ import annotations

import functools
import importlib.resources
import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from cevns.errors import InputError
from cevns.reference.constants import N_A
from cevns.reference.cross_sections import couplings_of, cross_section
from cevns.reference.events import counted
from cevns.reference.kinematics import least_energy
from cevns.reference.nuclei import XENON
from cevns.reference.poisson import fit_normalisations, precision_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Tonnes times years of each run, and the relative uncertainty of its accidental coincidences.
EXPOSURES = {"sr0": 1.1744, "sr1": 2.3426, "sr2": 3.2497}
ACCIDENTAL_SIGMAS = {"sr0": 0.09, "sr1": 0.058, "sr2": 0.05}
#: Of the yields of light and charge, which the templates hold at their nominal values.
SIGNAL_SIGMA = 0.35
SOLAR_FLUX = 5.25e6  # 1/cm^2/s
P_EE = 0.33
YEAR = 365.25 * 86400  # s

# rows of the spectrum are 0.02 MeV apart: three nodes between kinks err by less than 1e-13
_NODES = np.polynomial.legendre.leggauss(3)


@functools.cache
def load_xenonnt(folder: Any = None) -> dict[str, SimpleNamespace]:
    """By run: ``observed`` (81,), ``accidental`` and ``other`` counts (81,), ``energies`` in keV (46,), ``efficiency``.

    The last has the shape (81, 46). `folder` is a path object.

    Examples
    --------
    >>> runs = load_xenonnt()
    >>> {name: (run.observed.shape, float(run.observed.sum())) for name, run in runs.items()}
    {'sr0': ((81,), 9.0), 'sr1': ((81,), 28.0), 'sr2': ((81,), 25.0)}
    """
    folder = importlib.resources.files("cevns") / "experiments" / "xenonnt_8b_2026" if folder is None else folder
    runs = {}
    for name, exposure in EXPOSURES.items():
        text = (folder / f"{name}.csv").read_text(encoding="ascii").splitlines()
        titles = text[2].split(",")
        observed, accidental, electronic, neutron, *efficiency = np.loadtxt(text[3:], delimiter=",").T
        runs[name] = SimpleNamespace(
            observed=observed,
            accidental=exposure * accidental,
            other=exposure * (electronic + neutron),
            energies=np.array([float(title) for title in titles[4:]]),
            efficiency=np.transpose(efficiency),
        )
    return runs


def _sigma(model: Any, mass: float, coupling: float) -> Callable[..., Any]:
    if callable(model):
        found: Callable[..., Any] = model
        return found
    couplings = couplings_of(model)
    return lambda E, T, nucleus, flavour: cross_section(E, T, nucleus, flavour, couplings, mass, coupling)


def recoils_at_nodes(spectrum: Any, sigma: Any, shares: Any, nucleus: Any, nodes_mev: Any) -> Any:
    """Integrals over T of dR/dT times the hat functions of `nodes_mev`, for one nucleus and one neutrino per cm^2.

    Parameters
    ----------
    spectrum : (ndarray, ndarray)
        Energies in MeV and neutrinos per MeV; linear between the rows.
    sigma : callable
        ``f(E, T, nucleus, flavour)`` in cm^2/MeV.
    shares : dict of str to float
        Share of each flavour.
    nucleus : Nucleus
    nodes_mev : ndarray, shape (n,)
        Recoil energies in MeV, ascending.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> from cevns.reference import AR40, standard_model
    >>> spectrum = np.array([5.0, 10.0]), np.array([1.0, 1.0])
    >>> recoils_at_nodes(spectrum, standard_model, {"e": 1.0}, AR40, np.array([0.001, 0.002])).shape
    (2,)
    """
    E, phi = spectrum
    # every row of the spectrum is a kink, where its recoils end
    kinks = 2 * E**2 / nucleus.mass
    cuts = np.union1d(kinks[(kinks > nodes_mev[0]) & (kinks < nodes_mev[-1])], nodes_mev)
    cuts = cuts[cuts <= max(kinks[-1], nodes_mev[1])]
    half, middle = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
    T = (middle[:, None] + half[:, None] * _NODES[0]).ravel()
    weights = (half[:, None] * _NODES[1]).ravel()

    first = max(int(np.searchsorted(E, least_energy(nodes_mev[0], nucleus.mass))) - 1, 0)
    E, phi = E[first:], phi[first:]
    low = np.clip(least_energy(T, nucleus.mass)[:, None], E[:-1], E[1:])
    width = (E[1:] - low) / 2
    rate = np.zeros(len(T))
    for x, w in zip(*_NODES, strict=True):
        at = low + width * (1 + x)
        slope = (phi[1:] - phi[:-1]) / (E[1:] - E[:-1])
        flux = width * w * (phi[:-1] + slope * (at - E[:-1]))
        for flavour, share in shares.items():
            rate += share * np.sum(flux * sigma(at, T[:, None], nucleus, flavour), axis=1)

    out = np.zeros(len(nodes_mev))
    for k, (a, b) in enumerate(itertools.pairwise(nodes_mev)):
        inside = (a < T) & (b > T)
        events, right = (weights * rate)[inside], (T[inside] - a) / (b - a)
        out[k] += events @ (1 - right)
        out[k + 1] += events @ right
    return out


def _hats(model: Any, mass: float, coupling: float, spectrum: Any, flux: float, p_ee: float) -> Any:
    # per tonne and year; the energies are those of every run
    shares = {"e": p_ee, "mu": (1 - p_ee) / 2, "tau": (1 - p_ee) / 2}
    energies = next(iter(load_xenonnt().values())).energies / 1000
    molar_mass, fractions = XENON
    per_nucleus = sum(
        fraction * recoils_at_nodes(spectrum, _sigma(model, mass, coupling), shares, nucleus, energies)
        for nucleus, fraction in fractions.items()
    )
    return N_A * 1e6 / molar_mass * YEAR * flux * per_nucleus


def events_xenonnt(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    *,
    spectrum: Any,
    flux: float = SOLAR_FLUX,
    p_ee: float = P_EE,
) -> dict[str, Any]:
    """Signal counts of each run in its 81 bins.

    Parameters
    ----------
    model, mass, coupling
        As `events_csi`; flavours are "e", "mu" and "tau".
    spectrum : (ndarray, ndarray)
        Neutrino energies in MeV and the spectrum of unit integral per MeV.
    flux : float
        Neutrinos per cm^2 and s.
    p_ee : float
        Share of electron neutrinos; the rest are those of muon and tau in equal parts.

    Returns
    -------
    dict of str to ndarray, shape (81,)

    Examples
    --------
    >>> spectrum = np.array([0.0, 8.0, 16.0]), np.array([0.0, 0.125, 0.0])
    >>> {run: round(float(counts.sum()), 1) for run, counts in events_xenonnt("sm", spectrum=spectrum).items()}
    {'sr0': 12.1, 'sr1': 22.4, 'sr2': 28.8}
    """
    hats = _hats(model, mass, coupling, spectrum, flux, p_ee)
    return {name: counted(EXPOSURES[name] * run.efficiency @ hats) for name, run in load_xenonnt().items()}


def chi2_xenonnt(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    *,
    spectrum: Any,
    runs: tuple[str, ...] = ("sr0", "sr1"),
    signal_sigma: float = SIGNAL_SIGMA,
    scale: float = 1.0,
) -> tuple[float, dict[str, float]]:
    """chi2 of Baker and Cousins, minimised over the signal's normalisation and the accidental coincidences of each run.

    Parameters
    ----------
    model, mass, coupling, spectrum
        As `events_xenonnt`.
    runs : tuple of str
        Runs that are added.
    signal_sigma : float
        One for all runs; infinite for a free normalisation.
    scale : float
        Factor on the signal.

    Returns
    -------
    chi2 : float
    pulls : dict
        Relative shifts ``signal`` and those of the accidental coincidences by run; ``counts`` is the fitted signal.

    Raises
    ------
    InputError
        If a run is none of theirs.
    """
    if not runs or set(runs) - set(EXPOSURES):
        raise InputError(f"runs are some of {', '.join(EXPOSURES)}, not {runs!r}")
    data, signal = load_xenonnt(), events_xenonnt(model, mass, coupling, spectrum=spectrum)
    observed, held = (np.concatenate([getattr(data[r], key) for r in runs]) for key in ("observed", "other"))
    accidental = [np.concatenate([data[r].accidental * (r == of) for r in runs]) for of in runs]
    templates = np.array([scale * np.concatenate([signal[r] for r in runs]), *accidental])
    precision = precision_of([signal_sigma, *(ACCIDENTAL_SIGMAS[r] for r in runs)])
    chi2, pulls = fit_normalisations(observed, templates, precision, held)
    found = dict(zip(("signal", *runs), pulls.tolist(), strict=True))
    return chi2, found | {"counts": float((1 + pulls[0]) * templates[0].sum())}
