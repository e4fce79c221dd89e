"""What NumPy lacks, or does at a price."""

import numpy as np

__all__ = ["unique"]


def unique(values):
    """Return the different values in ascending order.

    `numpy.unique` imports `numpy.ma` when it is first called, a tenth of the time from a cold interpreter to a result.

    Examples
    --------
    >>> unique([3.0, 1.0, 3.0]).tolist()
    [1.0, 3.0]
    """
    ordered = np.sort(np.asarray(values, dtype=float), axis=None)
    return ordered[np.concatenate([[True], ordered[1:] > ordered[:-1]])] if ordered.size else ordered
