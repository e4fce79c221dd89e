"""Physical constants, each with its source.

Frozen numbers: what depends on a renormalisation scheme (the weak couplings) or on a choice (nuclear radii) lives with
the physics that uses it, in `cevns.interactions` and `cevns.nuclei`.
"""

import math

__all__ = [
    "AVOGADRO",
    "ELECTRON_MASS",
    "ELEMENTARY_CHARGE",
    "FERMI_CONSTANT",
    "FINE_STRUCTURE",
    "FLAVOURS",
    "HBAR_C",
    "MEV_PER_U",
    "MUON_LIFETIME",
    "MUON_MASS",
    "PION_MASS",
    "SECONDS_PER_DAY",
    "TAU_MASS",
]

#: Fermi constant [MeV^-2]; CODATA 2022 and PDG: 1.1663787e-5 GeV^-2.
FERMI_CONSTANT = 1.1663787e-11
#: hbar c [MeV fm]; CODATA 2022 (exact in the SI, rounded).
HBAR_C = 197.3269804
#: Fine-structure constant at zero momentum transfer; CODATA 2022.
FINE_STRUCTURE = 1 / 137.035999
#: Elementary charge in natural units, sqrt(4 pi alpha).
ELEMENTARY_CHARGE = math.sqrt(4 * math.pi * FINE_STRUCTURE)
#: Electron mass [MeV]; CODATA 2022.
ELECTRON_MASS = 0.51099895069
#: Muon mass [MeV]; CODATA 2022 and PDG.
MUON_MASS = 105.6583755
#: Mean life of the muon [us]; PDG.
MUON_LIFETIME = 2.1969811
#: Charged pion mass [MeV]; PDG.
PION_MASS = 139.57039
#: Tau mass [MeV]; PDG.
TAU_MASS = 1776.86
#: Energy equivalent of the atomic mass unit [MeV]; CODATA 2022.
MEV_PER_U = 931.49410372
#: Avogadro constant [1/mol]; exact in the SI.
AVOGADRO = 6.02214076e23

#: Exact.
SECONDS_PER_DAY = 86400.0

#: (hbar c)^2 [MeV^2 cm^2], from natural units to cm^2.
HBAR_C_SQUARED_CM2 = (HBAR_C * 1e-13) ** 2

#: Neutrino flavours; neutrinos and antineutrinos share them.
FLAVOURS = ("e", "mu", "tau")
