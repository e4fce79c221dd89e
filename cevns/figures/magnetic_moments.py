"""Magnetic moments of neutrinos: the plane of the effective moments of nu_e and nu_mu."""

from __future__ import annotations

from cevns.figures.parameter_panels import plane_panel
from cevns.units import axis_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cevns.figures.measurements import Measurements
    from cevns.figures.panels import Panel

__all__ = ["panels"]

MODEL = "magnetic-moment"
#: Moments are shown in these [mu_B].
UNIT = 1e-9


def panels(analysis: Measurements) -> tuple[Panel, ...]:
    """Return the one panel."""
    return (
        plane_panel(
            "magnetic-moments",
            "magnetic moments",
            "magnetic moments allowed at 90 % C.L., two degrees of freedom; marks: best fits",
            analysis,
            MODEL,
            "mu_e",
            "mu_mu",
            units=(UNIT, "1e-9_mu_B"),
            labels=(axis_label(r"$\mu_{\nu_e}$", "1e-9 mu_B"), axis_label(r"$\mu_{\nu_\mu}$", "1e-9 mu_B")),
            xlim=(0.0, 9.0),
            ylim=(0.0, 6.5),
            standard=(0.0, 0.0),
            legend={"loc": "upper right", "title": "COHERENT, 90% C.L., 2 d.o.f.;\nmarks: best fits"},
        ),
    )
