from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cevns.kernels.counts import Counts

_Array = NDArray[np.float64]

class PoissonTerm:
    @property
    def counts(self) -> tuple[Counts, ...]: ...
    @property
    def places(self) -> tuple[int, ...]: ...
    def __init__(
        self,
        counts: Sequence[Counts],
        mixing: _Array | None,
        observed: _Array,
        shares: _Array,
        templates: _Array,
        places: Sequence[int],
        scales: _Array,
        shapes: Sequence[tuple[_Array, int, int]] = (),
        orders: NDArray[np.intp] | None = None,
        offset: tuple[_Array, int, int] | None = None,
        morphs: Sequence[tuple[int, int, _Array]] = (),
        variance: _Array | None = None,
        floor: float = 0.0,
        bases: _Array | None = None,
    ) -> None: ...
