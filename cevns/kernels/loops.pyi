import numpy as np
from numpy.typing import NDArray

def mixing(
    q2: NDArray[np.float64],
    weights: NDArray[np.float64],
    masses: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
