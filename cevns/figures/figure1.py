"""Figure 1: recoil spectra before any detector response (eqs. 2.9 and 3.4-3.6 without efficiency)."""

from __future__ import annotations

import numpy as np

from cevns.figures.panels import Curve, Panel, describe
from cevns.figures.styles import MODEL_LINES
from cevns.plotting import log_ticks, point_label, scientific
from cevns.predictions import recoil_spectrum
from cevns.units import axis_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.figures.analysis import Analysis

__all__ = ["COUPLINGS", "MASS", "panels"]

#: Mediator mass [MeV] of figures 1 and 2.
MASS = 10.0
#: Couplings. The paper gives its own in the figure only; these show what its text describes.
COUPLINGS = {"universal": 1e-4, "b-l": 5e-5, "lmu-ltau": 1e-3}
#: Recoil energies [keV] and ranges of the two panels.
_RECOIL = {"Ar": np.geomspace(1.0, 150.0, 1201), "CsI": np.geomspace(1.0, 50.0, 1201)}
_RATES = {"Ar": (1e-4, 1e5), "CsI": (1e-4, 1e5)}


def panels(analysis: Analysis) -> tuple[Panel, ...]:
    """Return the panels for argon (a) and CsI (b)."""
    return _panel("1a", analysis, "Ar"), _panel("1b", analysis, "CsI")


def points() -> Any:
    """Return the parameters of each curve: model to (mass, coupling)."""
    return {"sm": (None, None)} | {model: (MASS, coupling) for model, coupling in COUPLINGS.items()}


def _panel(name: str, analysis: Analysis, data: str) -> Panel:
    experiment, recoil = analysis.experiments[data], _RECOIL[data]
    spectra = {
        model: recoil_spectrum(model, experiment.flux, experiment.target, recoil, *point)
        for model, point in points().items()
    }
    curves = tuple(
        Curve(
            model,
            f"{describe(model, *points()[model])}; {experiment.description}",
            tuple(zip(recoil, rate, strict=True)),
        )
        for model, rate in spectra.items()
    )

    def draw(ax: Axes) -> None:
        for model, rate in spectra.items():
            ax.plot(recoil, rate, label=legend_label(model, points()[model][1]), **MODEL_LINES[model])
        ax.set(xscale="log", yscale="log", xlim=(recoil[0], recoil[-1]), ylim=_RATES[data])
        log_ticks(ax.xaxis, (1, 2, 5))
        log_ticks(ax.yaxis)
        ax.set(xlabel=axis_label(r"$T_\mathrm{nr}$", "keVnr"))
        ax.set(ylabel=axis_label(r"$dN/dT_\mathrm{nr}$", "events/keVnr"))
        title = f"before detector response,\n$M_{{Z'}} = {scientific(MASS)}$ MeV"
        ax.legend(loc="lower left", title=title, alignment="left")

    caption = f"recoil spectra in {data}, before any detector response, for M_Z' = {MASS:g} MeV"
    columns = ("recoil_energy_keVnr", "events_per_keVnr")
    return Panel(name, data, caption, columns, curves, draw)


def legend_label(model: str, coupling: Any) -> str:
    """Return a model's name and coupling for a legend whose title gives the mass."""
    return point_label(model, coupling=coupling)
