from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import LowLevelCallable

from cevns.kernels.engine import Engine
from cevns.kernels.functions import Function
from cevns.parameters import Parameter

_Array = NDArray[np.float64]

class Evaluator(Function):
    @property
    def engine(self) -> Engine: ...
    def __init__(self, parameters: Sequence[Parameter], engine: Engine, subject: str = "") -> None: ...
    def __call__(self, *args: float, **named: float) -> float: ...
    def gradient(self, *args: float, **named: float) -> tuple[float, _Array]: ...
    def low_level_callable(self, quantity: str = "chi2") -> LowLevelCallable: ...
