"""Detectors: quenching, efficiency, resolution and bins, which make a response, and arrival times."""

from cevns.lazy import door

TYPE_CHECKING = False
if TYPE_CHECKING:
    # what __getattr__ finds at run time, for type checkers and editors
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

# name -> module; imported on first use, since a response needs few of them
_PUBLIC = {
    "Arrival": "cevns.detectors.arrivals",
    "ArrivalEfficiency": "cevns.detectors.arrivals",
    "BirksQuenching": "cevns.detectors.quenching",
    "DetectorResponse": "cevns.detectors.base",
    "Distribution": "cevns.detectors.distribution",
    "Efficiency": "cevns.detectors.efficiency",
    "EfficiencyFunction": "cevns.detectors.smooth",
    "ElectronResponse": "cevns.detectors.electrons",
    "GammaResolution": "cevns.detectors.quanta",
    "GaussianResolution": "cevns.detectors.resolution",
    "LindhardQuenching": "cevns.detectors.quenching",
    "LinearQuenching": "cevns.detectors.quenching",
    "LogisticEfficiency": "cevns.detectors.smooth",
    "PoissonResolution": "cevns.detectors.quanta",
    "PolynomialQuenching": "cevns.detectors.quenching",
    "Quenching": "cevns.detectors.quenching",
    "QuenchingByNucleus": "cevns.detectors.by_nucleus",
    "Response": "cevns.detectors.response",
    "ResponseShape": "cevns.detectors.shapes",
    "SharesOver": "cevns.detectors.arrivals",
    "SmoothEfficiency": "cevns.detectors.smooth",
    "TabulatedQuenching": "cevns.detectors.quenching",
    "TabulatedResolution": "cevns.detectors.resolution",
    "TemplateResponse": "cevns.detectors.templates",
    "TimeOffset": "cevns.detectors.offsets",
    "read_templates": "cevns.detectors.templates",
    "shaped": "cevns.detectors.shapes",
}

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

__getattr__, __dir__ = door(__name__, _PUBLIC)
