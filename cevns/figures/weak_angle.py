"""The weak mixing angle at low energy: delta chi2 along sin^2 theta_W."""

from __future__ import annotations

import numpy as np

from cevns.figures.measurements import sigmas
from cevns.figures.parameter_panels import Line, line_style, profile_panel
from cevns.interactions import RADIATIVE_COUPLINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.figures.measurements import Measurements
    from cevns.figures.panels import Panel

__all__ = ["panels"]


def panels(analysis: Measurements) -> tuple[Panel, ...]:
    """Return the one panel, with argon, CsI and both."""
    # all curves have left the panel at 0.55, and a legend stands beside them
    values = np.linspace(0.05, 0.72, 269)
    curves = analysis.profiles("sm", "sin2_theta_w", values)
    found = {label: analysis.interval(label, "sm", "sin2_theta_w", sigmas(1)) for label in curves}
    lines = tuple(
        Line(
            label,
            label,
            f"COHERENT {label}; from the least chi2, {found[label].chi2_min:.4f}, at {found[label].best_fit:.4f}",
            values,
            curve.chi2 - found[label].chi2_min,
            line_style(label),
        )
        for label, curve in curves.items()
    )
    standard = RADIATIVE_COUPLINGS.sin2_theta_w

    def draw_standard(ax: Axes) -> None:
        dots = (0, (3, 1.5, 1, 1.5, 1, 1.5))
        ax.axvline(standard, color="0.35", linestyle=dots, linewidth=0.8)
        options: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "top", "fontsize": 6, "color": "0.2"}
        ax.annotate("standard model", (standard, 1), (-1.5, -3), ax.get_xaxis_transform(), "offset points", **options)

    return (
        profile_panel(
            "weak-angle",
            "weak mixing angle",
            f"delta chi2 along sin^2 theta_W, one degree of freedom; standard model: {standard}",
            "sin2_theta_w",
            lines,
            xlabel=r"$\sin^2\theta_W$",
            top=14.0,
            levels={rf"{n}$\sigma$": float(n**2) for n in (1, 2, 3)},
            legend={
                "loc": "upper right",
                "title": "COHERENT,\n1 d.o.f.",
                "alignment": "left",
                "fontsize": 6,
                "title_fontsize": 6,
                "handlelength": 2.2,
            },
            also=draw_standard,
        ),
    )
