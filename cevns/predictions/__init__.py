"""Predictions: signals, and recoil spectra before any detector.

Counts are eq. 2.9 of arXiv:2008.05022: literally in `recoils`, and folded with a detector's response by `panels`,
`folding` and `binding` in a `Signal`.
"""

from cevns.predictions.prediction import Prediction, nsi_quadratic_form, predict
from cevns.predictions.recoils import recoil_events, recoil_spectrum
from cevns.predictions.refolded import RefoldedPredictor
from cevns.predictions.signal import Signal

__all__ = [
    "Prediction",
    "RefoldedPredictor",
    "Signal",
    "nsi_quadratic_form",
    "predict",
    "recoil_events",
    "recoil_spectrum",
]
