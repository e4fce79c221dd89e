"""Detectors: quenching, efficiency, resolution and bins, which make a response."""

from cevns.detectors.efficiency import Efficiency
from cevns.detectors.electrons import ElectronResponse
from cevns.detectors.quenching import (
    BirksQuenching,
    LindhardQuenching,
    LinearQuenching,
    PolynomialQuenching,
    Quenching,
    TabulatedQuenching,
)
from cevns.detectors.quenching_by_nucleus import QuenchingByNucleus
from cevns.detectors.resolution import GaussianResolution, PoissonResolution
from cevns.detectors.response import Response

__all__ = [
    "BirksQuenching",
    "Efficiency",
    "ElectronResponse",
    "GaussianResolution",
    "LindhardQuenching",
    "LinearQuenching",
    "PoissonResolution",
    "PolynomialQuenching",
    "Quenching",
    "QuenchingByNucleus",
    "Response",
    "TabulatedQuenching",
]
