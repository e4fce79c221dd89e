"""Names for annotations, which only type checkers import."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cevns.models.vector import VectorModel

__all__ = ["Array", "ArrayLike", "Model", "Path", "Progress"]

#: What `cevns` returns for arrays.
Array = NDArray[np.float64]
#: An interaction: a name in the registry, or a model of one's own.
Model = str | VectorModel
#: A file.
Path = str | PathLike[str]
#: Called as ``progress(done, total)``.
Progress = Callable[[int, int], object]
