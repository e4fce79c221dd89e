"""Experiments that belong together, and the colours in which every figure shows them."""

__all__ = ["COLORS", "FIXED_TARGETS", "MAGNETIC_MOMENTS", "family"]

#: The family of closed regions: beam dumps, in which too short a life leaves no trace, as too weak a coupling does.
FIXED_TARGETS = "fixed targets"
#: Computed at any mass, so that they need not set the range of axes.
MAGNETIC_MOMENTS = (r"$(g-2)_\mu$", "$(g-2)_e$")

#: By family.
COLORS = {
    FIXED_TARGETS: "#cc6600",
    "BaBar": "#7733bb",
    "LHCb": "#117733",
    "KLOE": "#774411",
    "NA48/2": "#aa8800",
    "A1/MAMI": "#dd4499",
    "PHENIX": "#990000",
    "CONNIE": "#117733",
    "TEXONO": "#555555",
    "CHARM-II": "#999999",
    "Borexino": "#cc3311",
    "CCFR": "#117733",
    "CMS": "#cc6600",
    "NA64": "#dd4499",
    "BBN": "#774411",
    "white dwarfs": "#009988",
    MAGNETIC_MOMENTS[0]: "#0055aa",
    MAGNETIC_MOMENTS[1]: "#0088aa",
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
