from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import LowLevelCallable

from cevns.models import VectorModel

_Array = NDArray[np.float64]

def crossings_limit() -> int: ...

class Term:
    def __init__(
        self,
        q2: _Array,
        b: _Array,
        c: _Array,
        weights: _Array,
        sm: _Array,
        data: _Array,
        modes: _Array,
        base: float,
        pull: float,
        eta_edges: _Array | None = None,
        to_powers: _Array | None = None,
        eta_sigma: float = 0.0,
    ) -> None: ...

class Engine:
    @property
    def terms(self) -> tuple[Term, ...]: ...
    def __init__(self, terms: Sequence[Term]) -> None: ...
    def chi2(self, mass_squared: float, y: float) -> float: ...
    def profile(self, mass_squared: float, y: float) -> list[tuple[float, float, float]]: ...
    def pairs(self, mass_squared: _Array, y: _Array, out: _Array) -> None: ...
    def grid(self, mass_squared: _Array, y: _Array, out: _Array, num_threads: int = 1) -> None: ...
    def minima(
        self, mass_squared: _Array, two_sided: bool, out: _Array, at: _Array, num_threads: int = 1
    ) -> None: ...
    def crossings(
        self,
        mass_squared: _Array,
        two_sided: bool,
        level: float,
        out: _Array,
        counts: NDArray[np.intp],
        above: NDArray[np.int8],
        num_threads: int = 1,
    ) -> None: ...

class Bound:
    @property
    def model(self) -> VectorModel: ...
    def __init__(self, model: VectorModel, limits: tuple[float, float, float]) -> None: ...
    def refuse(self, mass: float, coupling: float) -> None: ...

class Evaluator(Bound):
    @property
    def engine(self) -> Engine: ...
    def __init__(self, engine: Engine, model: VectorModel, limits: tuple[float, float, float]) -> None: ...
    def __call__(self, mass: float, coupling: float) -> float: ...
    def low_level_callable(self, quantity: str = "chi2") -> LowLevelCallable: ...

class Predictor(Bound):
    @property
    def term(self) -> Term: ...
    def __init__(self, term: Term, model: VectorModel, limits: tuple[float, float, float]) -> None: ...
    def __call__(self, mass: float, coupling: float) -> _Array: ...
    def pairs(self, mass_squared: _Array, y: _Array, out: _Array) -> None: ...
