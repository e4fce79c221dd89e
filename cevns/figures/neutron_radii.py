"""Neutron radii: delta chi2 along R_n of CsI, with the suppression by the nuclei's extent, and of argon."""

from __future__ import annotations

import math

import numpy as np

from cevns.figures.measurements import RADIUS_SIGMA, sigmas
from cevns.figures.parameter_panels import Line, line_style, profile_panel
from cevns.figures.styles import RADIUS_LINES
from cevns.units import axis_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns.figures.measurements import Measurements
    from cevns.figures.panels import Panel

__all__ = ["panels"]

_LEVELS = {rf"{n}$\sigma$": float(n**2) for n in (1, 2, 3)}


def panels(analysis: Measurements) -> tuple[Panel, ...]:
    """Return the panels for CsI (a) and argon (b)."""
    return _cesium_iodide(analysis), _argon(analysis)


def _cesium_iodide(analysis: Measurements) -> Panel:
    least = analysis.radius("CsI", sigmas(1)).chi2_min
    values = np.linspace(2.0, 9.0, 141)
    curve = analysis.radii["CsI"].profile("sm", "rn_csi", values)
    point = analysis.suppression()
    about = f"COHERENT CsI, signal uncertainty {RADIUS_SIGMA['CsI']:.1%}; counted from the least chi2, {least:.4f}"
    style = line_style("CsI") | {"linestyle": "-", "linewidth": 1.3}
    lines = (Line("CsI", "common $R_n$ of Cs and I", about, values, curve.chi2 - least, style),)

    def suppression(ax: Axes) -> None:
        ax.axhline(point, color="black", linestyle=(0, (4, 2)), linewidth=0.9, label="no suppression, $F = 1$")
        ax.annotate(
            rf"$\Delta\chi^2 = {point:.1f}$: {math.sqrt(point):.1f}$\sigma$",
            (0.5, point),
            (0, 2),
            ax.get_yaxis_transform(),
            "offset points",
            ha="center",
            va="bottom",
            fontsize=6,
        )

    return profile_panel(
        "neutron-radii-a",
        "CsI",
        f"delta chi2 along a common neutron radius of Cs and I, one degree of freedom; dashed: F = 1 at {point:.3f}",
        "rn_csi_fm",
        lines,
        xlabel=axis_label(r"$R_n(\mathrm{CsI})$", "fm"),
        top=18.0,
        levels=_LEVELS,
        legend={"loc": "upper center", "bbox_to_anchor": (0.5, 0.82), "title": "COHERENT CsI, 1 d.o.f."},
        also=suppression,
    )


def _argon(analysis: Measurements) -> Panel:
    bare, skin = (analysis.radius("Ar", sigmas(1), skin=skin) for skin in (False, True))
    radius = analysis.proton_radius("Ar")
    inside = np.linspace(radius, 12.0, 121)
    everywhere = np.linspace(float(bare.best_fit), 12.0, 141)
    experiment = analysis.radii["Ar"]
    data = f"COHERENT argon, signal uncertainty {RADIUS_SIGMA['Ar']:.1%}"
    lines = (
        Line(
            "R_n >= R_p",
            rf"from $R_n \geq R_p = {radius:.2f}$ fm",
            f"{data}; counted from the least chi2 for R_n not below R_p = {radius:g} fm, {skin.chi2_min:.4f}",
            inside,
            experiment.profile("sm", "rn_ar", inside).chi2 - skin.chi2_min,
            RADIUS_LINES["proton radius"],
        ),
        Line(
            "global minimum",
            "from the global minimum",
            f"{data}; counted from the least chi2 for any R_n, {bare.chi2_min:.4f} at the least radius of the Helm "
            f"form factor, {bare.best_fit:.4f} fm",
            everywhere,
            experiment.profile("sm", "rn_ar", everywhere).chi2 - bare.chi2_min,
            RADIUS_LINES["global minimum"],
        ),
    )
    return profile_panel(
        "neutron-radii-b",
        "Ar",
        "delta chi2 along the neutron radius of argon, one degree of freedom, counted from two minima",
        "rn_ar_fm",
        lines,
        xlabel=axis_label(r"$R_n(\mathrm{Ar})$", "fm"),
        top=16.0,
        levels=_LEVELS,
        legend={"loc": "upper left", "title": "COHERENT argon, 1 d.o.f.", "alignment": "left"},
        side="left",
    )
