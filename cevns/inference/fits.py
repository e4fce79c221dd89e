"""Best fits over the plane of mediator mass and coupling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.models import get_model
from cevns.models.vector import LARGEST_MASS
from cevns.threads import checked, share

if TYPE_CHECKING:
    from cevns._types import Model
    from cevns.likelihoods import Likelihood

__all__ = ["BestFit", "best_fit"]

#: The plane of the paper's figures [MeV], searched unless a range is given.
MASS_RANGE = (0.1, 1e4)
_MASSES = 97
#: Relative distance from an end of the range within which a mass counts as that end, and difference in chi2 to which
#: the end fits as well: in a light or heavy mediator's mass chi2 is flat, and its least value stands anywhere.
EDGE, EDGE_CHI2 = 1e-3, 1e-6
#: Points of chi2 in a search along the coupling, about.
SEARCH_POINTS = 300


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
    at_edge : bool
        Whether an end of the masses that were searched fits as well, to 0.1 % of the mass or to 1e-6 of chi2, so that
        chi2 may fall further beyond it.
    """

    chi2: float
    mass: float | None
    coupling: float
    at_edge: bool = False


def best_fit(
    likelihood: Likelihood,
    model: Model,
    *,
    mass: float | None = None,
    mass_range: tuple[float, float] | None = None,
    num_threads: int = 1,
) -> BestFit:
    """Return the best fit over masses and couplings.

    Parameters
    ----------
    likelihood : Likelihood
        What is minimised.
    model : str or VectorModel
        Interaction.
    mass : float, optional
        Fixed mediator mass [MeV]; over `mass_range` unless given.
    mass_range : (float, float), optional
        Lowest and highest mass [MeV]; from 0.1 MeV, or from ``likelihood.smallest_mass`` where that is higher, to 10
        GeV unless given. Below a few MeV and above about a GeV chi2 hardly depends on the mass, at fixed g
        and g/M, so the ends matter little.
    num_threads : int
        Threads over the masses.

    Returns
    -------
    BestFit

    Raises
    ------
    InputError
        If the range is not two ascending masses or starts below ``likelihood.smallest_mass``, the model has no
        coupling, or it has no mediator and a mass or a range is given, or both are.

    Examples
    --------
    >>> import cevns
    >>> fit = best_fit(cevns.load("coherent-argon-2020").likelihood, "b-l")
    >>> round(fit.chi2, 2)
    7.44
    """
    from cevns.likelihoods import Likelihood

    checks.instance("likelihood", likelihood, Likelihood, "an Experiment has one as .likelihood")
    model = get_model(model)
    if not model.interacting:
        raise InputError(f"model {checks.shown(model.name)} has no coupling to fit")
    engine = likelihood.engine(model)
    num_threads = checked(num_threads)
    if mass_range is not None and (mass is not None or not model.has_mass):
        reason = f"model {checks.shown(model.name)} has no mediator" if mass is None else "mass is given too"
        raise InputError(f"mass_range is given, but {reason}: leave it out")
    if not model.has_mass or mass is not None:
        fixed = model.check_mass(mass, likelihood.smallest_mass, single=True)
        mass = fixed if model.has_mass else None
        chi2, y = _minima(engine, model, np.array([1.0 if mass is None else mass]), num_threads)
        return BestFit(float(chi2[0]), mass, _coupling(model, y[0]))
    low, high = _check_range(mass_range, likelihood.smallest_mass)
    logs = np.linspace(math.log(low), math.log(high), _MASSES)
    chi2, y = _minima(engine, model, np.exp(logs).clip(low, high), num_threads)
    ends = min(chi2[0], chi2[-1])
    best = int(chi2.argmin())
    least, found, at = chi2[best], logs[best], y[best]
    for i in _valleys(chi2):
        # how far chi2 falls between neighbours shows in how it rises towards them, unless it is saturated there
        if chi2[i] - 1e3 * _rise(chi2, i) < least - 1e-10 * (1 + least):
            left, right = logs[max(i - 1, 0)], logs[min(i + 1, logs.size - 1)]
            valley = _refined(engine, model, left, right, (low, high), num_threads)
            least, found, at = min((least, found, at), valley)
    near = min(found - math.log(low), math.log(high) - found) <= EDGE
    at_edge = bool(near or ends - least <= EDGE_CHI2)
    return BestFit(float(least), float(np.exp(found).clip(low, high)), _coupling(model, at), at_edge)


def _valleys(chi2):
    """Return the indices of all local minima, the lowest first."""
    padded = np.concatenate([[np.inf], chi2, [np.inf]])
    found = np.flatnonzero((chi2 <= padded[:-2]) & (chi2 <= padded[2:]))
    return found[np.argsort(chi2[found], kind="stable")].tolist()


def _rise(chi2, i):
    return float(np.abs(chi2[max(i - 1, 0) : i + 2] - chi2[i]).max())


def _refined(engine, model, left, right, limits, num_threads):
    """Return the least chi2 between two logarithms of the mass, where it lies, and its y."""
    # each pass looks at seventeen masses around the best one and keeps an eighth of the range
    for _ in range(8):
        fine = np.linspace(left, right, 17)
        chi2, y = _minima(engine, model, np.exp(fine).clip(*limits), num_threads)
        best = int(chi2.argmin())
        left, right = fine[max(best - 1, 0)], fine[min(best + 1, 16)]
    return chi2[best], fine[best], y[best]


def _check_range(mass_range, smallest):
    if mass_range is None:
        mass_range = max(MASS_RANGE[0], smallest), MASS_RANGE[1]
    low, high = checks.ascending("mass_range", mass_range, unit="MeV", above=0, high=LARGEST_MASS, length=2)
    if low < smallest:
        raise InputError(
            f"mass_range starts at {low:g} MeV, which is not allowed: recoils are observed down to 0, where the events "
            f"of light mediators diverge; start at {smallest:g} MeV or above"
        )
    return low, high


def _minima(engine, model, masses, num_threads):
    chi2, y = np.empty(masses.size), np.empty(masses.size)
    squares = np.square(masses)
    share(
        lambda part: engine.minima(squares[part], not model.mediated, chi2[part], y[part]),
        masses.size,
        SEARCH_POINTS * masses.size,
        num_threads,
    )
    return chi2, y


def _coupling(model, y):
    return float(math.sqrt(y)) if model.mediated else float(y)
