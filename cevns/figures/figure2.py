"""Figure 2: counts in the experimental bins, beside the data."""

from __future__ import annotations

import itertools

from cevns.figures.figure1 import MASS
from cevns.figures.panels import Curve, Panel, describe
from cevns.figures.styles import MODEL_LINES
from cevns.plotting import plot_prediction, point_label, scientific

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.figures.analysis import Analysis

__all__ = ["COUPLINGS", "panels"]

#: Couplings, a little different from those of figure 1, as in the paper: near the limits that follow.
COUPLINGS = {"universal": 5e-5, "b-l": 6e-5, "lmu-ltau": 1.5e-3}
#: Counts around which an axis goes over from linear to logarithmic: most bins of argon are near zero.
_LINEAR_UP_TO = {"Ar": 20}


def panels(analysis: Analysis) -> tuple[Panel, ...]:
    """Return the panels for argon (a) and CsI (b)."""
    return _panel("2a", analysis, "Ar"), _panel("2b", analysis, "CsI")


def _panel(name: str, analysis: Analysis, data: str) -> Panel:
    experiment = analysis.experiments[data]
    points = {"sm": (None, None)} | {model: (MASS, coupling) for model, coupling in COUPLINGS.items()}
    predictions = {model: experiment.predict(model, *point) for model, point in points.items()}
    any_one = predictions["sm"]
    bins = list(itertools.pairwise(any_one.bin_edges))
    excess = any_one.observed - sum(any_one.backgrounds.values())
    blank = [""] * len(bins)  # a prediction has no uncertainty of its own here
    table: list[tuple[str, str, Any, Any]] = [
        (model, f"{describe(model, *points[model])}; CEvNS counts", prediction.signal, blank)
        for model, prediction in predictions.items()
    ]
    table.append(
        ("data", f"observed minus nominal backgrounds ({', '.join(any_one.backgrounds)})", excess, any_one.uncertainty)
    )
    curves = tuple(
        Curve(curve, about, tuple((*edges, n, sigma) for edges, n, sigma in zip(bins, counts, sigmas, strict=True)))
        for curve, about, counts, sigmas in table
    )

    def draw(ax: Axes) -> None:
        styles = [
            MODEL_LINES[model] | {"label": point_label(model, coupling=point[1])} for model, point in points.items()
        ]
        plot_prediction(list(predictions.values()), ax, backgrounds=False, styles=styles)
        ax.axhline(0, color="0.6", linewidth=0.4, zorder=0)
        if data in _LINEAR_UP_TO:
            _stretch(ax, _LINEAR_UP_TO[data])
        else:
            # room for the legend above the data
            ax.set_ylim(top=1.55 * ax.get_ylim()[1])
        handles, labels = ax.get_legend_handles_labels()
        labels[-1] = "data $-$ nominal backgrounds,\nstatistical error bars"
        title = f"$M_{{Z'}} = {scientific(MASS)}$ MeV"
        # without a frame the sample of the data would look like one more point
        frame: dict[str, Any] = {"frameon": True, "fancybox": False, "edgecolor": "0.6", "framealpha": 1.0}
        legend = ax.legend(handles, labels, loc="upper right", title=title, alignment="left", **frame)
        legend.get_frame().set_linewidth(0.5)

    caption = (
        f"CEvNS counts in {data} with the experiment's efficiency, for M_Z' = {MASS:g} MeV, and the data minus nominal "
        "beam-related backgrounds with statistical uncertainties"
    )
    unit = any_one.bin_unit
    return Panel(name, data, caption, (f"bin_low_{unit}", f"bin_high_{unit}", "counts", "uncertainty"), curves, draw)


def _stretch(ax: Axes, linear: float) -> None:
    """Let the small counts of either sign have as much room as the large ones."""
    from matplotlib.ticker import FixedLocator, StrMethodFormatter

    ax.set_yscale("asinh", linear_width=linear)
    ax.set_ylim(-60, 500)
    ax.yaxis.set_major_locator(FixedLocator([-50, -20, 0, 20, 50, 100, 200]))
    ax.yaxis.set_minor_locator(FixedLocator([-40, -30, -10, 10, 30, 40, *range(60, 100, 10), 150, 300, 400]))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.set_ylabel(f"{ax.get_ylabel()} (asinh scale)")
