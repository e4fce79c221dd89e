"""Germanium of COHERENT Ge-Mini, arXiv:2406.13806: one count, of recoils of 1.5 to 8.5 keVee seen within 8 us."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import itertools
from typing import TYPE_CHECKING

import numpy as np
from scipy import integrate, optimize

from cevns.reference.constants import N_A
from cevns.reference.csi_2021 import arrival
from cevns.reference.events import COMPONENTS, E_MAX, E_NUMU, counted, rate
from cevns.reference.kinematics import opening_recoils
from cevns.reference.nuclei import GERMANIUM

if TYPE_CHECKING:
    from typing import Any

_NODES = np.polynomial.legendre.leggauss(48)


@functools.cache
def load_germanium(folder: Any = None) -> dict[str, float]:
    """The numbers of the publication by name; `folder` is a path object.

    Examples
    --------
    >>> numbers = load_germanium()
    >>> numbers["observed"], numbers["observed_uncertainty"]
    (21.0, 7.8)
    """
    folder = importlib.resources.files("cevns") / "experiments" / "coherent_ge_2024" if folder is None else folder
    lines = (folder / "numbers.csv").read_text(encoding="ascii").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["name"]: float(row["value"]) for row in rows}


def ionization(T: Any, k: float = 0.157) -> Any:
    """Electron-equivalent energy in keV for recoils `T` in keV: Lindhard's law, Z = 32.

    Examples
    --------
    >>> round(float(ionization(6.771)), 3)
    1.5
    """
    eps = 11.5 * 32 ** (-7 / 3) * T
    g = 3 * eps**0.15 + 0.7 * eps**0.6 + eps
    return T * k * g / (1 + k * g)


def time_shares() -> dict[str, float]:
    """Share of each component that arrives within the window; the law of arrival times is that of `csi_2021`.

    Examples
    --------
    >>> {name: round(share, 3) for name, share in time_shares().items()}
    {'nue': 0.968, 'numu': 1.0, 'numubar': 0.968}
    """
    data = load_germanium()
    cuts = np.linspace(data["time_low"], data["time_high"], 33)
    return {
        c: sum(integrate.quad(arrival, *ends, args=(c,), epsrel=1e-12)[0] for ends in itertools.pairwise(cuts))
        for c in COMPONENTS
    }


def events_germanium(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "klein-nystrand",
    method: str = "fixed",
    timed: bool = True,
) -> float:
    """Signal counts.

    Parameters
    ----------
    model, mass, coupling, form_factor, method
        As `events_csi`.
    timed : bool
        Whether neutrinos that arrive outside of the window are left out.

    Examples
    --------
    >>> round(events_germanium("sm"), 1)
    35.0
    """
    data = load_germanium()
    molar_mass, fractions = GERMANIUM
    limits = [
        optimize.brentq(lambda T, e=data[edge]: float(ionization(T, data["lindhard_k"])) - e, 0.1, 200.0, xtol=1e-13)
        for edge in ("energy_low", "energy_high")
    ]
    flux = data["neutrinos_per_proton"] / (4 * np.pi * (100 * data["distance"]) ** 2)
    protons_grams, shares = 1e3 * data["exposure"], time_shares()
    total = 0.0
    for (nucleus, fraction), component in itertools.product(fractions.items(), COMPONENTS):
        (_, top) = opening_recoils(E_NUMU if component == "numu" else E_MAX, nucleus.mass)
        low, high = (min(limit / 1000, top) for limit in limits)
        dN_dT = functools.partial(
            rate, nucleus=nucleus, eta=flux, couplings=model, mass=mass, coupling=coupling,
            form_factor=form_factor, method=method, components=(component,),
        )  # fmt: skip
        if method == "quad":
            per_nucleus = integrate.quad(dN_dT, low, high, epsabs=0, epsrel=1e-11, limit=200)[0]
        else:
            half, middle = (high - low) / 2, (high + low) / 2
            per_nucleus = half * (dN_dT(middle + half * _NODES[0]) @ _NODES[1])
        total += fraction * per_nucleus * (shares[component] if timed else 1.0)
    return float(counted(N_A / molar_mass * protons_grams * total))


def chi2_germanium(
    model: Any, mass: float = 0.0, coupling: float = 0.0, form_factor: str = "klein-nystrand"
) -> tuple[float, dict[str, float]]:
    """((n - (1 + a) N) / sigma)^2 + (a / sigma_s)^2 for the background-subtracted count n, minimised over a.

    Arguments as `events_germanium`.

    Returns
    -------
    chi2 : float
    pulls : dict
        ``signal``, the relative shift a; ``counts`` is the fitted signal.

    Examples
    --------
    >>> round(chi2_germanium("sm")[0], 1)
    2.7
    """
    data, N = load_germanium(), events_germanium(model, mass, coupling, form_factor)
    n, sigma, sigma_s = (data[key] for key in ("observed", "observed_uncertainty", "signal_sigma"))
    # the parabola has its minimum where the normal equation says
    a = (n - N) * N / sigma**2 / (N**2 / sigma**2 + 1 / sigma_s**2)
    chi2 = ((n - (1 + a) * N) / sigma) ** 2 + (a / sigma_s) ** 2
    return float(chi2), {"signal": float(a), "counts": float((1 + a) * N)}
