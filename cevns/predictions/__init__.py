"""Predictions: signals, and recoil spectra before any detector.

Counts are eq. 2.9 of arXiv:2008.05022: literally in `recoils`, and folded with a detector's response by `panels`,
`folding` and `binding` in a `Signal`.
"""

from cevns.lazy import door

TYPE_CHECKING = False
if TYPE_CHECKING:
    # what __getattr__ finds at run time, for type checkers and editors
    from cevns.predictions.prediction import Prediction, nsi_quadratic_form, predict
    from cevns.predictions.recoils import recoil_events, recoil_spectrum
    from cevns.predictions.refolded import RefoldedPredictor
    from cevns.predictions.signal import Signal
    from cevns.predictions.spreading import SpreadSignal

# name -> module; imported on first use, since chi2 needs few of them
_PUBLIC = {
    "Prediction": "cevns.predictions.prediction",
    "RefoldedPredictor": "cevns.predictions.refolded",
    "Signal": "cevns.predictions.signal",
    "SpreadSignal": "cevns.predictions.spreading",
    "nsi_quadratic_form": "cevns.predictions.prediction",
    "predict": "cevns.predictions.prediction",
    "recoil_events": "cevns.predictions.recoils",
    "recoil_spectrum": "cevns.predictions.recoils",
}

__all__ = [
    "Prediction",
    "RefoldedPredictor",
    "Signal",
    "SpreadSignal",
    "nsi_quadratic_form",
    "predict",
    "recoil_events",
    "recoil_spectrum",
]

__getattr__, __dir__ = door(__name__, _PUBLIC)
