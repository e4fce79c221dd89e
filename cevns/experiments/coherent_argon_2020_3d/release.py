"""The three-dimensional files of the release: counts, templates and their excursions, as plain arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevns.errors import DataError
from cevns.experiments.released import columns

if TYPE_CHECKING:
    from cevns._types import Array

__all__ = ["ENERGY", "EXCURSIONS", "F90", "TEMPLATES", "TIME", "excursions", "observed", "template"]

#: Edges in keVee, F90 and us.
ENERGY, F90, TIME = np.linspace(0.0, 120.0, 13), np.linspace(0.5, 0.9, 9), np.linspace(-0.1, 4.9, 11)

_FOLDER = Path(__file__).parent
# what the data set of one dimension ships is read from there
_SHARED = _FOLDER.parent / "coherent_argon_2020"

#: Signal, prompt and late beam-related neutrons, steady-state background.
TEMPLATES = {
    "signal": _SHARED / "cevnspdf.txt",
    "PBRN": _SHARED / "brnpdf.txt",
    "LBRN": _SHARED / "delbrnpdf.txt",
    "SS": _FOLDER / "bkgpdf.txt",
}
#: By name the template that an excursion changes and its files, at +1 and -1 sigma or the one that there is.
EXCURSIONS = {
    "F90": ("signal", "cevnspdf+1sigF90.txt", "cevnspdf-1sigF90.txt"),
    "signal-time": ("signal", "cevnspdfCEvNSTimingMeanSyst.txt"),
    "PBRN-energy": ("PBRN", "brnpdf+1sigEnergy.txt", "brnpdf-1sigEnergy.txt"),
    "PBRN-time": ("PBRN", "brnpdf+1sigBRNTimingMean.txt", "brnpdf-1sigBRNTimingMean.txt"),
    "PBRN-width": ("PBRN", "brnpdfBRNTimingWidthSyst.txt"),
}


def _table(path: Path) -> Array:
    """Return the last column by energy, F90 and time, once the others are known to be the centres of the bins."""
    *centres, counts = columns(path)
    axes = np.meshgrid(*((edges[1:] + edges[:-1]) / 2 for edges in (ENERGY, F90, TIME)), indexing="ij")
    if not all(np.allclose(axis.ravel(), column) for axis, column in zip(axes, centres, strict=True)):
        raise DataError(f"{path.name}: rows are not the bins of energy, F90 and time in this order")
    table: Array = counts.reshape(axes[0].shape)
    return table


def observed() -> Array:
    """Return the counts, shape (12, 8, 10).

    Examples
    --------
    >>> int(observed().sum())
    3752
    """
    return _table(_FOLDER / "datanobkgsub.txt")


def template(name: str) -> Array:
    """Return predicted counts, shape (12, 8, 10).

    Parameters
    ----------
    name : str
        One of `TEMPLATES`.

    Examples
    --------
    >>> round(float(template("PBRN").sum()))
    497
    """
    return _table(TEMPLATES[name])


def excursions(name: str) -> tuple[Array, ...]:
    """Return a template as its excursions make it, with its own total: +1 and -1 sigma, or the one that there is.

    The shapes are renormalised, because one of the files has another total.

    Parameters
    ----------
    name : str
        One of `EXCURSIONS`.

    Returns
    -------
    tuple of array, shape (12, 8, 10) each

    Examples
    --------
    >>> [round(float(shape.sum())) for shape in excursions("PBRN-time")]
    [497, 497]
    """
    of, *files = EXCURSIONS[name]
    total = template(of).sum()
    shapes = (_table(_FOLDER / file) for file in files)
    return tuple(shape * (total / shape.sum()) for shape in shapes)
