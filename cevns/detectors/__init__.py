"""Detectors: quenching, efficiency, resolution and bins, which make a response, and arrival times."""

from cevns.detectors.arrivals import Arrival, ArrivalEfficiency, SharesOver
from cevns.detectors.base import DetectorResponse
from cevns.detectors.by_nucleus import QuenchingByNucleus
from cevns.detectors.distribution import Distribution
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.electrons import ElectronResponse
from cevns.detectors.offsets import TimeOffset
from cevns.detectors.quanta import GammaResolution, PoissonResolution
from cevns.detectors.quenching import (
    BirksQuenching,
    LindhardQuenching,
    LinearQuenching,
    PolynomialQuenching,
    Quenching,
    TabulatedQuenching,
)
from cevns.detectors.resolution import GaussianResolution, TabulatedResolution
from cevns.detectors.response import Response
from cevns.detectors.shapes import ResponseShape, shaped
from cevns.detectors.smooth import EfficiencyFunction, LogisticEfficiency, SmoothEfficiency
from cevns.detectors.templates import TemplateResponse, read_templates

__all__ = [
    "Arrival",
    "ArrivalEfficiency",
    "BirksQuenching",
    "DetectorResponse",
    "Distribution",
    "Efficiency",
    "EfficiencyFunction",
    "ElectronResponse",
    "GammaResolution",
    "GaussianResolution",
    "LindhardQuenching",
    "LinearQuenching",
    "LogisticEfficiency",
    "PoissonResolution",
    "PolynomialQuenching",
    "Quenching",
    "QuenchingByNucleus",
    "Response",
    "ResponseShape",
    "SharesOver",
    "SmoothEfficiency",
    "TabulatedQuenching",
    "TabulatedResolution",
    "TemplateResponse",
    "TimeOffset",
    "read_templates",
    "shaped",
]
