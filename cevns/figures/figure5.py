"""Figure 5: the L_mu-L_tau model."""

from __future__ import annotations

from cevns.bounds.drawing import COLORS
from cevns.figures.regions import Label, Note, compared_panel, excluded_panel
from cevns.inference import TWO_SIGMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cevns.figures.analysis import Analysis
    from cevns.figures.panels import Panel

__all__ = ["WORLD", "panels"]

#: How the limits of other experiments are drawn, and where their names stand.
WORLD = {
    "ccfr-trident": Label(COLORS["CCFR"], (60.0, 2.4e-4), "CCFR", (36.0, 8.9e-4), linewidth=1.0),
    "cms-z4mu-2018": Label(COLORS["CMS"], (15000.0, 2.2e-3), "CMS", linewidth=0.6),
    "babar-4mu-2016": Label(
        COLORS["BaBar"], (3500.0, 5.5e-4), r"BaBar $4\mu$", level="90%\nrescaled to 95%", linewidth=0.35, linestyle="-"
    ),
    "borexino": Label(COLORS["Borexino"], (0.95, 2.3e-5), "Borexino (rescaled)"),
    "g-2-mu": Label(COLORS[r"$(g-2)_\mu$"], (1.1, 8.8e-4), r"$(g-2)_\mu$ favoured", opacity=0.3, hatch="////"),
}
_NOTE = Note(
    (0.38, 0.02),
    "hatched band: favoured, not excluded\n"
    "shading: excluded side; fades where a\npublished curve ends, which is no limit\n"
    "not drawn: ATLAS $Z\\to4\\ell$, no public curve;\nCMS is stronger where both apply",
)


def panels(analysis: Analysis) -> tuple[Panel, ...]:
    """Return the excluded regions (a) and their comparison with other experiments (b)."""
    return (
        excluded_panel("5a", analysis, "lmu-ltau", mass=(0.1, 1e4), coupling=(1e-4, 1.0)),
        compared_panel(
            "5b",
            analysis,
            "lmu-ltau",
            TWO_SIGMA,
            WORLD,
            mass=(0.1, 1e5),
            coupling=(1e-5, 1.0),
            coherent=(1.7, 3e-2),
            note=_NOTE,
        ),
    )
