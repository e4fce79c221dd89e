import numpy as np
from numpy.typing import NDArray

from cevns.kernels.counts import Counts

_Array = NDArray[np.float64]

class GaussianTerm:
    @property
    def counts(self) -> Counts: ...
    @property
    def searched(self) -> bool: ...
    @property
    def kinked(self) -> bool: ...
    @property
    def tabulated(self) -> bool: ...
    def __init__(
        self,
        counts: Counts,
        data: _Array,
        modes: _Array,
        to_shifts: _Array,
        data_shifts: _Array,
        base: float,
        pull: float,
        eta_sigma: float = 0.0,
    ) -> None: ...
