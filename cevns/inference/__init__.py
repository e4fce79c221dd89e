"""Inference: fits and profiles in any parameters, intervals, contours; limits and scans in mass and coupling."""

from cevns.inference.contours import Contour, contour
from cevns.inference.estimates import Estimate, fit
from cevns.inference.fits import Fit, best_fit
from cevns.inference.intervals import Interval, interval
from cevns.inference.levels import TWO_SIGMA, default_dof, delta_chi2
from cevns.inference.limits import Limit, limit
from cevns.inference.posteriors import Posterior, posterior
from cevns.inference.profiles import Profile, profile
from cevns.inference.results import Result
from cevns.inference.scans import Scan, scan
from cevns.inference.sensitivities import SIGMAS, Sensitivity, sensitivity, significance

__all__ = [
    "SIGMAS",
    "TWO_SIGMA",
    "Contour",
    "Estimate",
    "Fit",
    "Interval",
    "Limit",
    "Posterior",
    "Profile",
    "Result",
    "Scan",
    "Sensitivity",
    "best_fit",
    "contour",
    "default_dof",
    "delta_chi2",
    "fit",
    "interval",
    "limit",
    "posterior",
    "profile",
    "scan",
    "sensitivity",
    "significance",
]
