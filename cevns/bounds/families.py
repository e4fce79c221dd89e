"""Experiments that belong together, and the colours in which every figure shows them."""

__all__ = ["COLORS", "FIXED_TARGETS", "MAGNETIC_MOMENTS", "family"]

#: The family of closed regions: beam dumps, in which too short a life leaves no trace, as too weak a coupling does.
FIXED_TARGETS = "fixed targets"
#: Computed at any mass, so that they need not set the range of axes.
MAGNETIC_MOMENTS = (r"$(g-2)_\mu$", "$(g-2)_e$")

#: By family: the colours that the captions of arXiv:2008.05022 name, in tones that differ in lightness too. They call
#: the muon's band blue in figures 3b and 5b and purple in 4b; it is between the two here, and the same everywhere.
COLORS = {
    FIXED_TARGETS: "#d98218",
    "BaBar": "#7b2d9b",
    "LHCb": "#2a9d57",
    "KLOE": "#6b4016",
    "NA48/2": "#b59a00",
    "A1/MAMI": "#e0559a",
    "PHENIX": "#b8410b",
    "CONNIE": "#117733",
    "TEXONO": "#555555",
    "CHARM-II": "#999999",
    "Borexino": "#cc3311",
    "CCFR": "#117733",
    "CMS": "#e07b00",
    "NA64": "#e0559a",
    "BBN": "#6b4016",
    "white dwarfs": "#009988",
    MAGNETIC_MOMENTS[0]: "#4a56c8",
    MAGNETIC_MOMENTS[1]: "#00a0b4",
}


def family(bound):
    """Return the family of a limit: fixed targets, or its collaboration; its label if neither is known.

    Examples
    --------
    >>> from cevns.bounds import get_bound
    >>> [family(get_bound("b-l", name)) for name in ("kloe-2012", "kloe-2018", "e137")]
    ['KLOE', 'KLOE', 'fixed targets']
    """
    if bound.kind in ("region", "contour"):
        return FIXED_TARGETS
    collaboration = bound.label.partition(" ")[0]
    return collaboration if collaboration in COLORS else bound.label
