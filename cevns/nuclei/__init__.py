"""Nuclei, targets and form factors: what the neutrinos scatter on."""

from cevns.nuclei.form_factors import FormFactor, get_form_factor, known_form_factors
from cevns.nuclei.isotopes import known_elements, natural
from cevns.nuclei.nucleus import Nucleus, known_nuclei, nucleus
from cevns.nuclei.target import Target

__all__ = [
    "FormFactor",
    "Nucleus",
    "Target",
    "get_form_factor",
    "known_elements",
    "known_form_factors",
    "known_nuclei",
    "natural",
    "nucleus",
]
