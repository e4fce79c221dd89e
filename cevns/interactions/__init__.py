"""Interactions of neutrinos with nuclei: tables of amplitudes.

Of arXiv:2008.05022 `cross_sections` has eq. 2.1, `standard_model` 2.2 to 2.4, `nsi` 3.1 and 3.2, `vector` 3.3, and
`registry` the charges of 3.4 to 3.6.
"""

from cevns.interactions.amplitudes import Amplitude, Monomial, monomials
from cevns.interactions.cross_sections import cross_section
from cevns.interactions.electromagnetic import (
    STANDARD_RADII,
    anapole,
    charge_radius,
    magnetic_moment,
    millicharge,
    sterile_dipole,
)
from cevns.interactions.electrons import electron_cross_section
from cevns.interactions.interaction import Interaction
from cevns.interactions.kinematics import VECTOR, Kind
from cevns.interactions.loops import Loop
from cevns.interactions.nsi import NonStandardInteractions, contact, quark_couplings
from cevns.interactions.registry import get_interaction, known_interactions
from cevns.interactions.scalar import SCALAR_CHARGE, PseudoscalarMediator, ScalarMediator, TensorMediator
from cevns.interactions.standard_model import (
    RADIATIVE_COUPLINGS,
    RADIATIVE_ELECTRON_COUPLINGS,
    TREE_LEVEL_COUPLINGS,
    WEAK_COUPLINGS,
    WeakCouplings,
)
from cevns.interactions.upscattering import Upscattering
from cevns.interactions.vector import VectorMediator, mediated

__all__ = [
    "RADIATIVE_COUPLINGS",
    "RADIATIVE_ELECTRON_COUPLINGS",
    "SCALAR_CHARGE",
    "STANDARD_RADII",
    "TREE_LEVEL_COUPLINGS",
    "VECTOR",
    "WEAK_COUPLINGS",
    "Amplitude",
    "Interaction",
    "Kind",
    "Loop",
    "Monomial",
    "NonStandardInteractions",
    "PseudoscalarMediator",
    "ScalarMediator",
    "TensorMediator",
    "Upscattering",
    "VectorMediator",
    "WeakCouplings",
    "anapole",
    "charge_radius",
    "contact",
    "cross_section",
    "electron_cross_section",
    "get_interaction",
    "known_interactions",
    "magnetic_moment",
    "mediated",
    "millicharge",
    "monomials",
    "quark_couplings",
    "sterile_dipole",
]
