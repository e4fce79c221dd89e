"""Plot functions on Matplotlib axes: predictions, scans, limits and published bounds.

Every function draws on the axes it is given, or on new ones, and returns them. In a notebook, and where
`matplotlib.pyplot` is imported with a backend that displays, new axes belong to a figure of pyplot, so that the end of
the cell, or ``plt.show()``, shows it. Elsewhere nothing is shown or kept: use ``ax.figure``, or `save` for a file.
Matplotlib is imported when a function is called.

`canvas` makes, shows and writes figures, `plane` has what is drawn in the plane of mass and coupling from numbers
alone, and `results` draws the objects of this package.
"""

from cevns.plotting.canvas import checked_label, file_figure, import_matplotlib, new_figure, png, save
from cevns.plotting.plane import (
    COUPLING_LABEL,
    MASS_LABEL,
    MIXING_LABEL,
    OPEN_ABOVE,
    OPEN_BELOW,
    label_region,
    log_ticks,
    mass_coupling_axes,
    outlines,
    scientific,
    shade_above,
    without_steep_ends,
)
from cevns.plotting.results import (
    plot_bound,
    plot_bounds,
    plot_limit,
    plot_prediction,
    plot_published,
    plot_scan,
    point_label,
)

__all__ = [
    "COUPLING_LABEL",
    "MASS_LABEL",
    "MIXING_LABEL",
    "OPEN_ABOVE",
    "OPEN_BELOW",
    "checked_label",
    "file_figure",
    "import_matplotlib",
    "label_region",
    "log_ticks",
    "mass_coupling_axes",
    "new_figure",
    "outlines",
    "plot_bound",
    "plot_bounds",
    "plot_limit",
    "plot_prediction",
    "plot_published",
    "plot_scan",
    "png",
    "point_label",
    "save",
    "scientific",
    "shade_above",
    "without_steep_ends",
]
