from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cevns.kernels.poisson import PoissonTerm

_Array = NDArray[np.float64]

class Joint:
    @property
    def terms(self) -> tuple[PoissonTerm, ...]: ...
    def __init__(
        self,
        terms: Sequence[PoissonTerm],
        root: _Array,
        low: _Array,
        high: _Array,
        starts: _Array,
        convex: bool,
        centre: _Array | None = None,
        looks: Sequence[tuple[int, _Array]] = (),
    ) -> None: ...

def lifted(chi2: float) -> float: ...
def square_root(matrix: _Array) -> _Array: ...
