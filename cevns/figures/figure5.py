"""Figure 5: the L_mu-L_tau model."""

from cevns.bounds.families import COLORS
from cevns.figures.regions import Label, compared_panel, excluded_panel
from cevns.inference import TWO_SIGMA

__all__ = ["panels"]

_LABELS = {
    "ccfr-trident": Label(COLORS["CCFR"], (60.0, 1.7e-3), "CCFR", alpha=0.15),
    "cms-z4mu-2018": Label(COLORS["CMS"], (15000.0, 2.2e-3), "CMS", alpha=0.15, linewidth=0.6),
    "babar-4mu-2016": Label(COLORS["BaBar"], (1300.0, 7e-4), "BaBar", alpha=0.15, linewidth=0.35, linestyle="-"),
    "borexino": Label(COLORS["Borexino"], (0.9, 1.8e-4), "Borexino", alpha=0.15),
    "g-2-mu": Label(COLORS[r"$(g-2)_\mu$"], (28.0, 2.3e-4), r"$(g-2)_\mu$", alpha=0.3),
}


def panels(analysis):
    """Return the excluded regions (a) and their comparison with other experiments (b)."""
    return (
        excluded_panel("5a", analysis, "lmu-ltau", mass=(0.1, 1e4), coupling=(1e-4, 1.0)),
        compared_panel(
            "5b", analysis, "lmu-ltau", TWO_SIGMA, _LABELS, mass=(0.1, 1e5), coupling=(1e-5, 1.0), coherent=(1.7, 3e-2)
        ),
    )
