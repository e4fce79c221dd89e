"""Figure 3: the universal model."""

from __future__ import annotations

import dataclasses

from cevns.bounds.drawing import COLORS
from cevns.figures.regions import Label, Note, compared_panel, excluded_panel
from cevns.inference import TWO_SIGMA
from cevns.plotting import MASS_LABEL, log_ticks
from cevns.units import axis_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.figures.analysis import Analysis
    from cevns.figures.panels import Panel
    from cevns.inference import Limit

__all__ = ["COUPLING", "WORLD", "panels", "strip_axes"]

MASS, COUPLING = (0.1, 1e4), (1e-5, 1e-1)
#: The strip beside eq. 5.2: masses [MeV], and couplings over mass [1e-6 / MeV].
STRIP_MASS, STRIP_RATIO = (30.0, 1e4), (1.4, 3.0)

#: How the limits of other experiments are drawn, and where their names stand.
WORLD = {
    "connie": Label(COLORS["CONNIE"], (0.9, 1.3e-5), "CONNIE (recast)", linewidth=1.1, rise=1.7),
    "g-2-mu": Label(
        COLORS[r"$(g-2)_\mu$"], (1.0, 9.6e-4), "$(g-2)_\\mu$: favoured,\nnot excluded", opacity=0.3, hatch="////"
    ),
}
_STRIP = Label("black", (1500.0, 2e-4), "allowed", (450.0, 8.4e-4))
_NOTE = Note((0.5, 0.03), "graded shading: excluded side\ndashed: recast")


def panels(analysis: Analysis) -> tuple[Panel, ...]:
    """Return the excluded regions (a) and their comparison with CONNIE and the muon's magnetic moment (b)."""
    excluded = excluded_panel("3a", analysis, "universal", mass=MASS, coupling=COUPLING, inset=_strip)
    compared = compared_panel(
        "3b",
        analysis,
        "universal",
        TWO_SIGMA,
        WORLD,
        mass=MASS,
        coupling=COUPLING,
        coherent=(30.0, 6e-3),
        remarks=(_STRIP,),
        note=_NOTE,
    )
    return excluded, compared


def _strip(ax: Axes, draw: Callable[..., None]) -> None:
    strip_axes(ax, draw, (0.11, 0.33, 0.42, 0.34), STRIP_MASS, STRIP_RATIO, (1.5, 2, 3))


def strip_axes(ax: Axes, draw: Callable[..., None], place: Any, masses: Any, ratios: Any, labelled: Any) -> None:
    """Add axes in which the allowed strip is level, so that its edges come apart.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        In which they stand.
    draw : callable
        ``draw(axes, limit_of)`` draws what ``limit_of(limit)`` makes of each limit.
    place : tuple of float
        In fractions of `ax`.
    masses, ratios : (float, float)
        Ranges of masses [MeV] and of couplings over mass [1e-6 / MeV].
    labelled : sequence of float
        Multiples of powers of ten that have labels on the second axis.
    """
    inset = ax.inset_axes(place)
    inset.set(xscale="log", yscale="log", xlim=masses, ylim=ratios)
    draw(inset, _over_mass)
    log_ticks(inset.xaxis)
    log_ticks(inset.yaxis, labelled)
    inset.tick_params(labelsize=5.5, pad=1.5)
    inset.set_xlabel(MASS_LABEL, fontsize=5.5, labelpad=0)
    inset.set_title(axis_label("the strip: $g_{Z'}/M_{Z'}$", "1e-6 MeV-1"), fontsize=5.5, pad=2)


def _over_mass(limit: Limit) -> Any:
    """Return a limit on the coupling over the mass [1e-6 / MeV]."""
    scaled = tuple(1e6 * rows / mass for mass, rows in zip(limit.mass, limit.excluded, strict=True))
    return dataclasses.replace(limit, excluded=scaled)
