"""Levels of delta chi2 for confidence levels (Wilks' theorem)."""

import math

from cevns import checks

__all__ = ["TWO_SIGMA", "delta_chi2"]

#: Confidence level of two Gaussian standard deviations.
TWO_SIGMA = math.erf(math.sqrt(2))


def delta_chi2(cl, dof=2):
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
        If `cl` is outside (0, 1) or `dof` not a positive whole number.

    Examples
    --------
    >>> [round(delta_chi2(cl), 2) for cl in (0.90, TWO_SIGMA)]
    [4.61, 6.18]
    >>> round(delta_chi2(0.90, dof=1), 2)
    2.71
    """
    cl = checks.confidence_level(cl)
    dof = checks.whole("dof", dof, low=1)
    if dof == 1:
        from statistics import NormalDist

        return NormalDist().inv_cdf(0.5 * (1 + cl)) ** 2
    if dof == 2:
        return -2 * math.log1p(-cl)
    from scipy.stats import chi2

    return float(chi2.isf(1 - cl, dof))
