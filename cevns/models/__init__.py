"""Interaction models: what the neutrino-nucleus couplings are."""

from cevns.models.registry import get_model, known_models
from cevns.models.vector import (
    RADIATIVE_COUPLINGS,
    TREE_LEVEL_COUPLINGS,
    WEAK_COUPLINGS,
    NonStandardInteractions,
    VectorMediator,
    VectorModel,
    WeakCouplings,
)

__all__ = [
    "RADIATIVE_COUPLINGS",
    "TREE_LEVEL_COUPLINGS",
    "WEAK_COUPLINGS",
    "NonStandardInteractions",
    "VectorMediator",
    "VectorModel",
    "WeakCouplings",
    "get_model",
    "known_models",
]
