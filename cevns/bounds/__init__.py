"""Limits of other experiments on vector mediators: published curves, computed bands, and curves of your own.

>>> from cevns.bounds import get_bound
>>> babar = get_bound("b-l", "babar-2014")
>>> babar.excludes(100.0, [1e-4, 1e-3]).tolist()
[False, True]
"""

from cevns.bounds.bound import Bound
from cevns.bounds.connie import connie_bound, rate_ratio_coupling
from cevns.bounds.magnetic_moments import (
    ELECTRON_ANOMALY,
    MUON_ANOMALY,
    MagneticMomentBand,
    coupling_for_shift,
    loop_function,
    magnetic_moment_shift,
)
from cevns.bounds.reading import load_bound
from cevns.bounds.registry import NOT_DRAWN, Omission, bounds_for, get_bound, known_bounds, table
from cevns.bounds.trident import trident_coupling_limit, trident_ratio

__all__ = [
    "ELECTRON_ANOMALY",
    "MUON_ANOMALY",
    "NOT_DRAWN",
    "Bound",
    "MagneticMomentBand",
    "Omission",
    "bounds_for",
    "connie_bound",
    "coupling_for_shift",
    "get_bound",
    "known_bounds",
    "load_bound",
    "loop_function",
    "magnetic_moment_shift",
    "rate_ratio_coupling",
    "table",
    "trident_coupling_limit",
    "trident_ratio",
]
