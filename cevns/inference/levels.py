"""Levels of delta chi2 for confidence levels (Wilks' theorem)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.parameters import Parameter

__all__ = ["TWO_SIGMA", "default_dof", "delta_chi2", "standard_deviations", "survival"]

#: Most degrees of freedom.
LARGEST_DOF = 1_000_000
#: Confidence level of two Gaussian standard deviations.
TWO_SIGMA = math.erf(math.sqrt(2))


def default_dof(parameters: Sequence[Parameter]) -> int:
    """Return the degrees of freedom of limits on some parameters, unless others are asked for: their number.

    2 for a mediator, whose limits are regions in the plane of mass and coupling as in arXiv:2008.05022; 1 for a contact
    interaction, which has the coupling alone.

    Examples
    --------
    >>> default_dof(["mass", "coupling"]), default_dof(["coupling"])
    (2, 1)
    """
    return max(len(parameters), 1)


def delta_chi2(cl: float, dof: int | None = 2) -> float:
    """Return the delta chi2 that a confidence level allows.

    Parameters
    ----------
    cl : float
        Confidence level between 0 and 1; `TWO_SIGMA` for two standard deviations.
    dof : int
        Parameters of interest.

    Raises
    ------
    InputError
        If `cl` is outside (0, 1) or `dof` not a whole number from 1 to a million.

    Examples
    --------
    >>> [round(delta_chi2(cl), 2) for cl in (0.90, TWO_SIGMA)]
    [4.61, 6.18]
    >>> round(delta_chi2(0.90, dof=1), 2)
    2.71
    """
    cl = checks.confidence_level(cl)
    dof = checks.whole("dof", dof, low=1, high=LARGEST_DOF)
    if dof == 1:
        from statistics import NormalDist

        # the lower tail, which keeps its digits where a level is next to 1
        return NormalDist().inv_cdf(0.5 * (1 - cl)) ** 2
    if dof == 2:
        return -2 * math.log1p(-cl)
    from scipy.stats import chi2

    # from the side on which the digits are
    return float(chi2.ppf(cl, dof) if cl < 0.5 else chi2.isf(1 - cl, dof))


def standard_deviations(delta: float, dof: int) -> float:
    """Return the two-sided significance of a delta chi2, by Wilks' theorem; infinite beyond what a double can tell.

    Examples
    --------
    >>> round(standard_deviations(4.605, 2), 3), standard_deviations(9.0, 1)
    (1.645, 3.0)
    """
    if delta <= 0:
        return 0.0
    if dof == 1:
        return math.sqrt(delta)
    from statistics import NormalDist

    beyond = float(survival(delta, dof))
    return -NormalDist().inv_cdf(0.5 * beyond) if beyond > 0 else math.inf


def survival(delta: Array | float, dof: int) -> Array:
    """Return the share of data whose delta chi2 is larger, by Wilks' theorem.

    Examples
    --------
    >>> import numpy as np
    >>> survival(np.array([0.0, 2.0]), 2).round(3).tolist()
    [1.0, 0.368]
    """
    if dof == 2:
        half: Array = np.exp(-0.5 * delta)
        return half
    from scipy.stats import chi2

    found: Array = np.asarray(chi2.sf(delta, dof))
    return found
