"""Interactions of neutrinos with nuclei: tables of amplitudes.

Of arXiv:2008.05022 `cross_sections` has eq. 2.1, `standard_model` 2.2 to 2.4, `nsi` 3.1 and 3.2, `vector` 3.3, and
`registry` the charges of 3.4 to 3.6.
"""

from cevns.interactions.amplitudes import Amplitude, Monomial, monomials
from cevns.interactions.cross_sections import cross_section
from cevns.interactions.interaction import Interaction
from cevns.interactions.nsi import NonStandardInteractions, contact
from cevns.interactions.registry import get_interaction, known_interactions
from cevns.interactions.standard_model import (
    RADIATIVE_COUPLINGS,
    TREE_LEVEL_COUPLINGS,
    WEAK_COUPLINGS,
    WeakCouplings,
)
from cevns.interactions.vector import VectorMediator, mediated

__all__ = [
    "RADIATIVE_COUPLINGS",
    "TREE_LEVEL_COUPLINGS",
    "WEAK_COUPLINGS",
    "Amplitude",
    "Interaction",
    "Monomial",
    "NonStandardInteractions",
    "VectorMediator",
    "WeakCouplings",
    "contact",
    "cross_section",
    "get_interaction",
    "known_interactions",
    "mediated",
    "monomials",
]
