from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cevns.kernels.engine import Engine

_Array = NDArray[np.float64]

class Refits:
    @property
    def engine(self) -> Engine: ...
    @property
    def lines(self) -> _Array: ...
    @property
    def data_size(self) -> int: ...
    @property
    def centres_size(self) -> int: ...
    def __init__(self, engine: Engine, references: Sequence[tuple[_Array, _Array, _Array]], lines: _Array) -> None: ...
    def points(self, values: _Array, data: _Array, centres: _Array | None, out: _Array) -> None: ...
    def minima(self, two_sided: bool, data: _Array, centres: _Array | None, out: _Array, at: _Array) -> None: ...
    def planes(
        self,
        across: int,
        logarithmic: bool,
        two_sided: bool,
        data: _Array,
        centres: _Array | None,
        out: _Array,
    ) -> None: ...
