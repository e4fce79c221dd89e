"""Plot functions on Matplotlib axes: predictions, scans, limits and published bounds.

Every function draws on the axes it is given, or on new ones, and returns them. In a notebook, and where
`matplotlib.pyplot` is imported with a backend that displays, new axes belong to a figure of pyplot, so that the end of
the cell, or ``plt.show()``, shows it. Elsewhere nothing is shown or kept: use ``ax.figure``, or `save` for a file.
Matplotlib is imported when a function is called.

Here are the primitives, which draw numbers: `canvas` makes, shows and writes figures, `plane` has axes of mass and
coupling, `regions` what is drawn on them. What an object of the package looks like is known where the object is, in the
module ``drawing`` beside it; these functions are found here too.
"""

from cevns.lazy import door

TYPE_CHECKING = False
if TYPE_CHECKING:
    # what __getattr__ finds at run time, for type checkers and editors
    from cevns.bounds.drawing import plot_bound, plot_bounds, plot_published
    from cevns.inference.drawing import (
        plot_contour,
        plot_estimate,
        plot_expected_region,
        plot_fit,
        plot_interval,
        plot_limit,
        plot_profile,
        plot_scan,
        plot_sensitivity,
    )
    from cevns.inference.ensembles.drawing import plot_toys
    from cevns.inference.feldman_cousins.drawing import plot_feldman_cousins
    from cevns.plotting.canvas import checked_label, file_axes, file_figure, import_matplotlib, new_figure, png, save
    from cevns.plotting.plane import (
        COUPLING_LABEL,
        MASS_LABEL,
        MIXING_LABEL,
        OPEN_ABOVE,
        OPEN_BELOW,
        log_ticks,
        mass_coupling_axes,
        scientific,
    )
    from cevns.plotting.regions import label_region, outlines, shade_above, without_steep_ends
    from cevns.predictions.drawing import plot_prediction, point_label

# name -> module; imported on first use, since primitives import no object, and importing a result no plot function
_PUBLIC = {
    "COUPLING_LABEL": "cevns.plotting.plane",
    "MASS_LABEL": "cevns.plotting.plane",
    "MIXING_LABEL": "cevns.plotting.plane",
    "OPEN_ABOVE": "cevns.plotting.plane",
    "OPEN_BELOW": "cevns.plotting.plane",
    "checked_label": "cevns.plotting.canvas",
    "file_axes": "cevns.plotting.canvas",
    "file_figure": "cevns.plotting.canvas",
    "import_matplotlib": "cevns.plotting.canvas",
    "label_region": "cevns.plotting.regions",
    "log_ticks": "cevns.plotting.plane",
    "mass_coupling_axes": "cevns.plotting.plane",
    "new_figure": "cevns.plotting.canvas",
    "outlines": "cevns.plotting.regions",
    "plot_bound": "cevns.bounds.drawing",
    "plot_bounds": "cevns.bounds.drawing",
    "plot_contour": "cevns.inference.drawing",
    "plot_estimate": "cevns.inference.drawing",
    "plot_expected_region": "cevns.inference.drawing",
    "plot_feldman_cousins": "cevns.inference.feldman_cousins.drawing",
    "plot_fit": "cevns.inference.drawing",
    "plot_interval": "cevns.inference.drawing",
    "plot_limit": "cevns.inference.drawing",
    "plot_prediction": "cevns.predictions.drawing",
    "plot_profile": "cevns.inference.drawing",
    "plot_published": "cevns.bounds.drawing",
    "plot_scan": "cevns.inference.drawing",
    "plot_sensitivity": "cevns.inference.drawing",
    "plot_toys": "cevns.inference.ensembles.drawing",
    "png": "cevns.plotting.canvas",
    "point_label": "cevns.predictions.drawing",
    "save": "cevns.plotting.canvas",
    "scientific": "cevns.plotting.plane",
    "shade_above": "cevns.plotting.regions",
    "without_steep_ends": "cevns.plotting.regions",
}

__all__ = [
    "COUPLING_LABEL",
    "MASS_LABEL",
    "MIXING_LABEL",
    "OPEN_ABOVE",
    "OPEN_BELOW",
    "checked_label",
    "file_axes",
    "file_figure",
    "import_matplotlib",
    "label_region",
    "log_ticks",
    "mass_coupling_axes",
    "new_figure",
    "outlines",
    "plot_bound",
    "plot_bounds",
    "plot_contour",
    "plot_estimate",
    "plot_expected_region",
    "plot_feldman_cousins",
    "plot_fit",
    "plot_interval",
    "plot_limit",
    "plot_prediction",
    "plot_profile",
    "plot_published",
    "plot_scan",
    "plot_sensitivity",
    "plot_toys",
    "png",
    "point_label",
    "save",
    "scientific",
    "shade_above",
    "without_steep_ends",
]


__getattr__, __dir__ = door(__name__, _PUBLIC)
