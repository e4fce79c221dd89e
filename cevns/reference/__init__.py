"""The equations of arXiv:2008.05022 once more, literally: the oracle for tests and the yardstick for benchmarks.

Slow and obvious on purpose. Nothing numerical is shared with the rest of the package: constants, data parsing, form
factors, cross section and quadrature are all written out here with NumPy and SciPy. Equation numbers are those of
arXiv:2008.05022. Energies and masses are in MeV unless a name says `kev`; lengths in fm. Arguments of the same name
mean the same everywhere and are explained at `cross_section` and `events_csi`.
"""

from cevns.reference.constants import ALPHA, CM2, G_F, HBAR_C, M_E, M_MU, M_PI, M_TAU, M_U, N_A
from cevns.reference.cross_sections import GVN, GVP, cross_section, model, nsi
from cevns.reference.data import (
    BIRKS_E0,
    BIRKS_KB,
    LIGHT_YIELD,
    PE_EDGES,
    PROMPT_EXPOSURE,
    load_argon,
    load_csi,
    quenching_factor,
)
from cevns.reference.events import (
    E_MAX,
    E_NUMU,
    FLUX_AR,
    FLUX_CSI,
    N_AR,
    N_CSI,
    double_integral,
    events_argon,
    events_csi,
    flux_nue,
    flux_numubar,
    rate,
    tabulated,
)
from cevns.reference.form_factors import (
    FORM_FACTORS,
    HELM_SKIN,
    SURFACE_THICKNESS,
    YUKAWA_RANGE,
    helm,
    klein_nystrand,
    symmetrized_fermi,
)
from cevns.reference.likelihood import chi2, chi2_argon, chi2_csi
from cevns.reference.nuclei import AR40, CS133, I127, Nucleus

__all__ = [
    "ALPHA",
    "AR40",
    "BIRKS_E0",
    "BIRKS_KB",
    "CM2",
    "CS133",
    "E_MAX",
    "E_NUMU",
    "FLUX_AR",
    "FLUX_CSI",
    "FORM_FACTORS",
    "GVN",
    "GVP",
    "G_F",
    "HBAR_C",
    "HELM_SKIN",
    "I127",
    "LIGHT_YIELD",
    "M_E",
    "M_MU",
    "M_PI",
    "M_TAU",
    "M_U",
    "N_A",
    "N_AR",
    "N_CSI",
    "PE_EDGES",
    "PROMPT_EXPOSURE",
    "SURFACE_THICKNESS",
    "YUKAWA_RANGE",
    "Nucleus",
    "chi2",
    "chi2_argon",
    "chi2_csi",
    "cross_section",
    "double_integral",
    "events_argon",
    "events_csi",
    "flux_nue",
    "flux_numubar",
    "helm",
    "klein_nystrand",
    "load_argon",
    "load_csi",
    "model",
    "nsi",
    "quenching_factor",
    "rate",
    "symmetrized_fermi",
    "tabulated",
]
