"""Counts of an experiment as they may be given: in a row, in the shape of its axes, or as a histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.binning import Binning

__all__ = ["check_axes", "in_a_row", "in_axes"]


def in_axes(values: Any) -> bool:
    """Return whether counts have the shape of several axes, or are a histogram; of a list without a look at all.

    Examples
    --------
    >>> in_axes([[1.0, 2.0]]), in_axes([1.0, 2.0])
    (True, False)
    """
    if isinstance(values, np.ndarray):
        return values.ndim > 1
    if hasattr(values, "axes"):
        return True
    return isinstance(values, (list, tuple)) and bool(values) and isinstance(values[0], (list, tuple, np.ndarray))


def in_a_row(field: str, values: Any, binning: Binning) -> Array:
    """Return counts of all bins in a row, given like that, in the shape of the axes, or as a histogram.

    Parameters
    ----------
    field : str
        What messages call them.
    values : array_like or histogram
        Counts.
    binning : Binning
        Axes.

    Raises
    ------
    InputError
        If the shape is another one, naming the axes and their bins.

    Examples
    --------
    >>> from cevns.binning import Axis, Binning
    >>> in_a_row("observed", [[1.0, 2.0]], Binning([Axis("run", [0, 1]), Axis("charge", [6, 8, 12], "PE")])).tolist()
    [1.0, 2.0]
    """
    if hasattr(values, "axes"):
        from cevns.exchange import of_histogram

        values = of_histogram(field, values, binning)
    array = checks.array(field, values)
    if array.shape not in (binning.shape, (binning.bins,)):
        number = f"{binning.bins} bin{'s' * (binning.bins > 1)}"
        axes = _listed(binning)
        several = f" or in the shape {binning.shape} of its axes, {axes}" if len(binning.axes) > 1 else f" of {axes}"
        raise InputError(
            f"{field} must have one number for each of {number}, in a row{several}, got shape {array.shape}"
        )
    return array.ravel()


def check_axes(field: str, axes: tuple[int, ...], binning: Binning) -> None:
    """Refuse a template that was given in the shape of other axes: its numbers would be of other bins.

    Parameters
    ----------
    field : str
        What messages call it.
    axes : tuple of int
        Bins of each, none for a template in a row. Those of one energy may be in a row.
    binning : Binning
        Axes of the experiment.

    Raises
    ------
    InputError
        Naming both shapes.

    Examples
    --------
    >>> from cevns.binning import Axis, Binning
    >>> check_axes("up", (1, 2), Binning([Axis("run", [0, 1]), Axis("charge", [6, 8, 12], "PE")]))
    """
    shape = binning.shape
    if axes and (len(shape) == 1 or axes not in (shape, (shape[0], binning.bins // shape[0]))):
        raise InputError(
            f"{field} has the shape {axes}, the axes are {_listed(binning)}: give it in theirs, or in a row"
        )


def _listed(binning: Binning) -> str:
    return ", ".join(f"{axis.name} ({axis.bins})" for axis in binning.axes)
