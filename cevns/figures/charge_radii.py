"""Neutrino charge radii: the plane of those that keep the flavour, and delta chi2 along those that change it."""

from __future__ import annotations

import numpy as np

from cevns.figures.measurements import LEVEL
from cevns.figures.parameter_panels import Line, plane_panel, profile_panel
from cevns.figures.styles import CHANGE_LINES
from cevns.inference import delta_chi2
from cevns.interactions.electromagnetic import STANDARD_RADII
from cevns.units import axis_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cevns.figures.measurements import Measurements
    from cevns.figures.panels import Panel

__all__ = ["panels"]

MODEL = "charge-radius"
_UNIT = "1e-32 cm2"
_DATA = "CsI + Ar"


def panels(analysis: Measurements) -> tuple[Panel, ...]:
    """Return the plane (a) and the transition radii (b)."""
    return _plane(analysis), _changes(analysis)


def _plane(analysis: Measurements) -> Panel:
    return plane_panel(
        "charge-radii-a",
        "charge radii",
        "charge radii allowed at 90 % C.L., two degrees of freedom, those that change the flavour being 0; marks: "
        "best fits",
        analysis,
        MODEL,
        "r2_ee",
        "r2_mumu",
        units=(1.0, "1e-32_cm2"),
        labels=(axis_label(r"$\langle r^2\rangle_{ee}$", _UNIT), axis_label(r"$\langle r^2\rangle_{\mu\mu}$", _UNIT)),
        xlim=(-110.0, 70.0),
        ylim=(-90.0, 80.0),
        standard=(STANDARD_RADII["e"], STANDARD_RADII["mu"]),
        legend={"loc": "upper left", "title": "COHERENT, 90% C.L., 2 d.o.f.; marks: best fits", "ncols": 2},
    )


def _changes(analysis: Measurements) -> Panel:
    values = np.linspace(0.0, 60.0, 121)
    lines = []
    for name, style in CHANGE_LINES.items():
        found = analysis.interval(_DATA, MODEL, name)
        curve = analysis.likelihoods[_DATA].profile(MODEL, name, values)
        about = f"COHERENT {_DATA}, all other radii those of the standard model; counted from the least chi2, "
        about += f"{found.chi2_min:.4f} at {abs(found.best_fit):.3f}"
        lines.append(Line(name, found.parameters[0].label, about, values, curve.chi2 - found.chi2_min, style))
    level = delta_chi2(LEVEL, 1)
    return profile_panel(
        "charge-radii-b",
        "transition radii",
        f"delta chi2 along the size of one transition radius, one degree of freedom; level: 90 % C.L., {level:.3f}",
        "r2_1e-32_cm2",
        tuple(lines),
        xlabel=axis_label(r"$|\langle r^2\rangle_{\alpha\beta}|$", _UNIT),
        top=10.0,
        levels={"90% C.L., 1 d.o.f.": level},
        legend={"loc": "upper left", "title": f"COHERENT {_DATA},\none at a time", "alignment": "left"},
    )
