"""What figures 3, 4 and 5 have in common: panel (a) with the three excluded regions, and curves from limits and bounds."""

from cevns.figures.analysis import LABELS
from cevns.figures.panels import Curve, Panel
from cevns.figures.styles import EXPERIMENT_LINES
from cevns.inference import TWO_SIGMA
from cevns.models import get_model
from cevns.plotting import mass_coupling_axes, plot_limit

__all__ = ["COLUMNS", "bound_curve", "excluded_panel", "level_text", "limit_curve"]

COLUMNS = ("segment", "mass_MeV", "coupling_low", "coupling_high")


def excluded_panel(name, analysis, model, *, mass, coupling, legend):
    """Return a panel with the 90 % C.L. regions that argon, CsI and both exclude.

    Parameters
    ----------
    name : str
        Figure and panel.
    analysis : Analysis
        Data sets.
    model : str
        Interaction.
    mass, coupling : (float, float)
        Ranges of the axes.
    legend : str
        Place of the legend.
    """
    limits = {label: analysis.limit(model, label, 0.90) for label in LABELS}

    def draw(ax):
        mass_coupling_axes(ax, mass=mass, coupling=coupling)
        for label in reversed(LABELS):
            plot_limit(limits[label], ax, label=label, **EXPERIMENT_LINES[label])
        handles, labels = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], labels[::-1], loc=legend, title="COHERENT, 90% C.L.", title_fontsize=7)

    caption = f"regions that COHERENT excludes at 90 % C.L. for the {model} model, with two degrees of freedom"
    curves = tuple(limit_curve(label, limit) for label, limit in limits.items())
    return Panel(name, get_model(model).label, caption, COLUMNS, curves, draw)


def limit_curve(name, limit):
    """Return a limit as a curve: one row for each mass and excluded interval, ``inf`` where it does not end."""
    rows = tuple(
        (k, mass, low, high)
        for mass, intervals in zip(limit.mass, limit.excluded, strict=True)
        for k, (low, high) in enumerate(intervals)
    )
    about = (
        f"model {limit.model}, {' + '.join(limit.experiments)}, excluded at {level_text(limit.cl)}, {limit.dof} degrees of "
        f"freedom, chi2 above {limit.chi2_min:.6g} + {limit.delta_chi2:.6g}"
    )
    return Curve(name, about, rows)


def bound_curve(bound):
    """Return a published limit or a band as a curve.

    Regions without an upper end have ``inf`` in the last column; an outline that is followed point by point has the same
    number in both.
    """
    rows = tuple(
        (k, *point) if len(point) == 3 else (k, *point, point[1])
        for k, segment in enumerate(bound.outlines(float("inf")))
        for point in zip(*segment, strict=True)
    )
    level = "confidence level not stated" if bound.confidence_level is None else level_text(bound.confidence_level)
    about = "; ".join(text for text in (f"{bound.kind}, model {bound.model}, {level}", bound.reference, bound.origin, bound.note) if text)
    return Curve(bound.name, about, rows)


def level_text(level):
    """Return a confidence level in words."""
    return "2 sigma C.L." if abs(level - TWO_SIGMA) < 1e-9 else f"{100 * level:g} % C.L."
