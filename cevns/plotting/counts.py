"""Observed counts as points with error bars, and expected ones as stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike

__all__ = ["STACK_STYLES", "central_interval"]

#: Share of a normal distribution within one standard deviation.
ONE_SIGMA = 0.6826894921370859
#: Face colours and hatches of what is stacked, from the bottom: pale, so that points stand out, and apart without
#: colours too.
STACK_STYLES = (
    ("0.90", ""),
    ("#f5d9a6", "////"),
    ("#a6cde6", "\\\\\\\\"),
    ("#d9b8d6", "...."),
    ("#b5dccb", "xxxx"),
    ("0.75", "||||"),
)


def central_interval(counts: ArrayLike, cl: float = ONE_SIGMA) -> tuple[Array, Array]:
    """Return the ends of the central confidence interval of a Poisson mean; Garwood, Biometrika 28 (1936) 437.

    Parameters
    ----------
    counts : array_like
        Observed counts, 0 or more; whole ones, or what is expected in their place.
    cl : float
        Confidence level.

    Returns
    -------
    low, high : ndarray
        Of the shape of `counts`; low is 0 where nothing is observed.

    Examples
    --------
    >>> [end.round(3).tolist() for end in central_interval([0, 1, 9])]
    [[0.0, 0.173, 6.057], [1.841, 3.3, 13.11]]
    """
    from scipy.special import gammaincinv

    counts, beyond = checks.array("counts", counts, low=0), 0.5 * (1 - cl)
    # half of what lies beyond, above where nothing can lie below, too
    low = np.where(counts > 0, gammaincinv(np.maximum(counts, 1e-300), beyond), 0.0)
    return low, np.asarray(gammaincinv(counts + 1, 1 - beyond))
