"""What results look like."""

from cevns.inference.drawing.bands import plot_sensitivity
from cevns.inference.drawing.expected import plot_expected_region
from cevns.inference.drawing.parameters import plot_contour, plot_estimate, plot_interval, plot_profile
from cevns.inference.drawing.plane import check_drawable, edges, plot_fit, plot_limit, plot_scan

__all__ = [
    "check_drawable",
    "edges",
    "plot_contour",
    "plot_estimate",
    "plot_expected_region",
    "plot_fit",
    "plot_interval",
    "plot_limit",
    "plot_profile",
    "plot_scan",
    "plot_sensitivity",
]
