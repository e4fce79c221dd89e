"""Detectors: quenching, efficiency, resolution and bins, which make a response, and arrival times."""

from cevns.detectors.arrivals import Arrival, ArrivalEfficiency, SharesOver
from cevns.detectors.distribution import Distribution
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.electrons import ElectronResponse
from cevns.detectors.offsets import TimeOffset
from cevns.detectors.quenching import (
    BirksQuenching,
    LindhardQuenching,
    LinearQuenching,
    PolynomialQuenching,
    Quenching,
    QuenchingByNucleus,
    TabulatedQuenching,
)
from cevns.detectors.resolution import GaussianResolution, PoissonResolution
from cevns.detectors.response import Response

__all__ = [
    "Arrival",
    "ArrivalEfficiency",
    "BirksQuenching",
    "Distribution",
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
    "SharesOver",
    "TabulatedQuenching",
    "TimeOffset",
]
