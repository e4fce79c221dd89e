"""Reading of the tables that collaborations have released: their form is known, where `cevns.tables` has to find it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from cevns._types import Array, Path

__all__ = ["columns"]


def columns(path: Path, **options: Any) -> Array:
    """Return the columns of a released table, shape (columns, rows); `options` are those of `numpy.loadtxt`."""
    # for the name of a file NumPy would import all that may have compressed it
    with open(path, encoding="ascii") as file:
        return np.loadtxt(file, unpack=True, **options)
