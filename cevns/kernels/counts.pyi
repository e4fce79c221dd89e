from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cevns.parameters import Parameter

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
    def __init__(self, values: _Array, pointers: NDArray[np.intp], firsts: NDArray[np.intp], cols: int) -> None: ...
    def scaled(self, factors: _Array) -> Weights: ...
    def dot(self, rates: _Array) -> _Array: ...

class Pieces:
    @property
    def edges(self) -> _Array: ...
    @property
    def points(self) -> _Array: ...
    @property
    def steep(self) -> NDArray[np.bool_]: ...
    def __init__(self, edges: _Array, points: _Array, steep: NDArray[np.bool_]) -> None: ...

class Counts:
    @property
    def parameters(self) -> tuple[Parameter, ...]: ...
    @property
    def most(self) -> _Array: ...
    @property
    def line(self) -> int: ...
    def __init__(
        self,
        parameters: Sequence[Parameter],
        line: tuple[int, int],
        weights: Weights,
        bins: int,
        constant: _Array,
        linear: _Array,
        q2: _Array,
        kernels: Sequence[tuple[int, Sequence[int], Sequence[int], _Array | None, _Array | None]] = (),
        factors: Sequence[int] = (),
        radii: tuple[_Array, NDArray[np.intc], int, float] | None = None,
        eta: Pieces | None = None,
    ) -> None: ...
