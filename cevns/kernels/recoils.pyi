from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cevns.kernels.fluxes import Spectrum

class RecoilRate:
    def __init__(
        self,
        nuclei: ArrayLike,
        spectra: Sequence[Spectrum],
        flavours: Sequence[int],
        numbers: ArrayLike,
        kinds: Sequence[tuple[int, float]],
        powers: Sequence[Sequence[int]],
        masses_squared: Sequence[float],
        loops: Sequence[ArrayLike] = (),
        lepton_masses: Sequence[float] = (1.0, 1.0, 1.0),
    ) -> None: ...
    def differential(self, recoil: NDArray[np.float64], out: NDArray[np.float64]) -> None: ...
    def integrate(
        self,
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        nodes: NDArray[np.float64],
        weights: NDArray[np.float64],
        out: NDArray[np.float64],
        num_threads: int = 1,
    ) -> None: ...
