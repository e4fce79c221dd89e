"""Figure 3: the universal model."""

from cevns.bounds.families import COLORS
from cevns.figures.regions import Label, compared_panel, excluded_panel
from cevns.inference import TWO_SIGMA

__all__ = ["panels"]

MASS, COUPLING = (0.1, 1e4), (1e-5, 1e-1)

_LABELS = {
    "connie": Label(COLORS["CONNIE"], (0.9, 1.3e-5), "CONNIE (recast)", alpha=0.2),
    "g-2-mu": Label(COLORS[r"$(g-2)_\mu$"], (1.0, 4.3e-4), r"$(g-2)_\mu$", alpha=0.3),
}
_STRIP = Label("black", (1500.0, 2e-4), "allowed", (450.0, 8.4e-4))


def panels(analysis):
    """Return the excluded regions (a) and their comparison with CONNIE and the muon's magnetic moment (b)."""
    excluded = excluded_panel("3a", analysis, "universal", mass=MASS, coupling=COUPLING, linewidth=0.55)
    compared = compared_panel(
        "3b",
        analysis,
        "universal",
        TWO_SIGMA,
        _LABELS,
        mass=MASS,
        coupling=COUPLING,
        coherent=(30.0, 3e-3),
        remarks=(_STRIP,),
    )
    return excluded, compared
