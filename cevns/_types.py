"""Names for annotations, which only type checkers import."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cevns.interactions import Interaction

__all__ = ["Array", "ArrayLike", "Model", "Number", "Path", "Progress", "Values"]

#: What `cevns` returns for arrays.
Array = NDArray[np.float64]
#: One number: what is computed of numbers alone is a number.
Number = float | np.floating[Any] | np.integer[Any]
#: An interaction: a name in the registry, or a model of one's own.
Model = str | Interaction
#: A field that takes any sequence or mapping of numbers (or of what its docstring names) and holds tuples.
Values = Any
#: A file.
Path = str | PathLike[str]
#: Called as ``progress(done, total)``.
Progress = Callable[[int, int], object]
