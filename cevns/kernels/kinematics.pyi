import numpy as np
from numpy.typing import NDArray

from cevns.kernels.fluxes import Spectrum

KINDS: dict[str, int]
ELECTRON_KINDS: dict[str, tuple[int, ...]]

def kappa(
    kind: int,
    recoil: NDArray[np.float64],
    energy: NDArray[np.float64],
    mass: float,
    final_mass: float,
    out: NDArray[np.float64],
) -> None: ...
def rate_moments(
    spectrum: Spectrum,
    kind: int,
    recoil: NDArray[np.float64],
    mass: float,
    final_mass: float,
    out: NDArray[np.float64],
) -> None: ...
