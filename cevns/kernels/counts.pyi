from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cevns.kernels.pieces import Pieces
from cevns.kernels.weights import Weights
from cevns.parameters import Parameter

_Array = NDArray[np.float64]

def check_numbers(parameters: Sequence[Parameter], factors: Sequence[int] = ()) -> None: ...

class Counts:
    @property
    def parameters(self) -> tuple[Parameter, ...]: ...
    @property
    def line(self) -> int: ...
    @property
    def line_power(self) -> int: ...
    def __init__(
        self,
        parameters: Sequence[Parameter],
        line: tuple[int, int],
        weights: Weights,
        bins: int,
        constant: _Array,
        linear: _Array,
        q2: _Array,
        kernels: Sequence[
            tuple[Sequence[tuple[int, Sequence[int], float]], Sequence[int], _Array | None, _Array | None]
        ] = (),
        factors: Sequence[int] = (),
        radii: tuple[_Array, NDArray[np.intc], int, float] | None = None,
        eta: Pieces | None = None,
    ) -> None: ...
