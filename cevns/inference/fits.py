"""Best fits over the plane of mediator mass and coupling."""

import math
from dataclasses import dataclass

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.models import get_model
from cevns.models.vector import LARGEST_MASS

__all__ = ["BestFit", "best_fit"]

#: The plane of the paper's figures [MeV].
MASS_RANGE = (0.1, 1e4)
_MASSES = 97


@dataclass(frozen=True)
class BestFit:
    """The point with the least chi2.

    Attributes
    ----------
    chi2 : float
        Least chi2.
    mass : float or None
        Mediator mass [MeV]; None for models without one.
    coupling : float
        Coupling.
    """

    chi2: float
    mass: float | None
    coupling: float


def best_fit(likelihood, model, *, mass=None, mass_range=MASS_RANGE, num_threads=1):
    """Return the best fit over masses and couplings.

    Parameters
    ----------
    likelihood : Likelihood
        What is minimised.
    model : str or VectorModel
        Interaction.
    mass : float, optional
        Fixed mediator mass [MeV]; over `mass_range` unless given.
    mass_range : (float, float)
        Lowest and highest mass [MeV]. Below a few MeV and above about a GeV chi2 hardly depends on the mass, at fixed g
        and g/M, so the ends matter little.
    num_threads : int
        Threads over the masses.

    Returns
    -------
    BestFit

    Raises
    ------
    InputError
        If the range is not ascending, or the model has no coupling.

    Examples
    --------
    >>> import cevns
    >>> fit = best_fit(cevns.load("coherent-argon-2020").likelihood, "b-l")
    >>> round(fit.chi2, 2)
    7.44
    """
    model = get_model(model)
    if not model.interacting:
        raise InputError(f"model {model.name!r} has no coupling to fit")
    engine = likelihood.engine(model)
    num_threads = checks.whole("num_threads", num_threads, low=1)
    if not model.has_mass or mass is not None:
        mass = float(model.check_mass(mass, likelihood.smallest_mass)) if model.has_mass else None
        chi2, y = _minima(engine, model, np.array([1.0 if mass is None else mass]), num_threads)
        return BestFit(float(chi2[0]), mass, _coupling(model, y[0]))
    low, high = checks.ascending("mass_range", mass_range, unit="MeV", above=0, high=LARGEST_MASS, least=2)[[0, -1]]
    logs = np.linspace(math.log(low), math.log(high), _MASSES)
    chi2, _ = _minima(engine, model, np.exp(logs), num_threads)
    best = int(chi2.argmin())
    left, right = logs[max(best - 1, 0)], logs[min(best + 1, logs.size - 1)]
    # each pass looks at seventeen masses around the best one and keeps an eighth of the range
    for _ in range(8):
        fine = np.linspace(left, right, 17)
        chi2, y = _minima(engine, model, np.exp(fine), num_threads)
        best = int(chi2.argmin())
        left, right = fine[max(best - 1, 0)], fine[min(best + 1, 16)]
    return BestFit(float(chi2[best]), float(np.exp(fine[best])), _coupling(model, y[best]))


def _minima(engine, model, masses, num_threads):
    chi2, y = np.empty(masses.size), np.empty(masses.size)
    engine.minima(np.square(masses), not model.mediated, chi2, y, num_threads)
    return chi2, y


def _coupling(model, y):
    return float(math.sqrt(y)) if model.mediated else float(y)
