"""Inference: fits and profiles in any parameters, intervals, contours; limits and scans in mass and coupling."""

from cevns.inference.contours import Contour, contour
from cevns.inference.ensembles import Fraction, Toys, coverage, goodness, toys
from cevns.inference.estimates import Estimate, fit
from cevns.inference.expected_intervals import expected_interval
from cevns.inference.expected_regions import ExpectedRegion, expected_region
from cevns.inference.feldman_cousins import FeldmanCousins, feldman_cousins
from cevns.inference.fits import Fit, best_fit
from cevns.inference.intervals import Interval, interval
from cevns.inference.levels import TWO_SIGMA, default_dof, delta_chi2
from cevns.inference.limits import Limit, limit
from cevns.inference.posteriors import Posterior, posterior
from cevns.inference.profiles import Profile, profile
from cevns.inference.results import Result
from cevns.inference.scans import Scan, scan
from cevns.inference.sensitivities import SIGMAS, Sensitivity, sensitivity
from cevns.inference.significances import significance

__all__ = [
    "SIGMAS",
    "TWO_SIGMA",
    "Contour",
    "Estimate",
    "ExpectedRegion",
    "FeldmanCousins",
    "Fit",
    "Fraction",
    "Interval",
    "Limit",
    "Posterior",
    "Profile",
    "Result",
    "Scan",
    "Sensitivity",
    "Toys",
    "best_fit",
    "contour",
    "coverage",
    "default_dof",
    "delta_chi2",
    "expected_interval",
    "expected_region",
    "feldman_cousins",
    "fit",
    "goodness",
    "interval",
    "limit",
    "posterior",
    "profile",
    "scan",
    "sensitivity",
    "significance",
    "toys",
]
