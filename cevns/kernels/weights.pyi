from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

class Weights:
    @property
    def values(self) -> _Array: ...
    @property
    def pairs(self) -> _Array: ...
    @property
    def pointers(self) -> NDArray[np.intp]: ...
    @property
    def firsts(self) -> NDArray[np.intp]: ...
    @property
    def cols(self) -> int: ...
    def __init__(
        self, values: _Array | Sequence[_Array], pointers: NDArray[np.intp], firsts: NDArray[np.intp], cols: int
    ) -> None: ...
    def scaled(self, factors: _Array) -> Weights: ...
    def dot(self, rates: _Array) -> _Array: ...

def dot_rows(
    firsts: NDArray[np.intp], pointers: NDArray[np.intp], values: _Array, rates: _Array
) -> NDArray[np.float64]: ...
def fold_intervals(
    edges: NDArray[np.float64],
    to_nodes: NDArray[np.float64],
    count: int,
    rows: NDArray[np.intp],
    panels: NDArray[np.intp],
    recoils: NDArray[np.float64],
    accepted: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]: ...
def gaussian_shares(
    x: NDArray[np.float64],
    sigma: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    offset: NDArray[np.float64],
    slope: NDArray[np.float64],
) -> NDArray[np.float64]: ...
def poisson_tails(numbers: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]: ...
def add_line(
    numbers: NDArray[np.float64],
    folded: NDArray[np.float64],
    constant: NDArray[np.float64],
    linear: NDArray[np.float64],
) -> None: ...
