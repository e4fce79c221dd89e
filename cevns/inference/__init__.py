"""Inference: best fits, exact limits and scans in the plane of mediator mass and coupling."""

from cevns.inference.fits import Fit, best_fit
from cevns.inference.levels import TWO_SIGMA, default_dof, delta_chi2
from cevns.inference.limits import Limit, limit
from cevns.inference.results import Result
from cevns.inference.scans import Scan, scan

__all__ = ["TWO_SIGMA", "Fit", "Limit", "Result", "Scan", "best_fit", "default_dof", "delta_chi2", "limit", "scan"]
