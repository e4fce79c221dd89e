"""Figure 4: the B-L model."""

from cevns.bounds.families import COLORS, FIXED_TARGETS
from cevns.figures.regions import Label, Note, compared_panel, excluded_panel

__all__ = ["panels"]

_DASHES = (0, (2.2, 1.0))


def _collider(family, *place, **options):
    return Label(COLORS[family], *place, **({"rise": 2.2} | options))


def _target(*place):
    return Label(COLORS[FIXED_TARGETS], *place)


_LABELS = {
    "babar-2014": _collider("BaBar", (3500.0, 1.1e-4), "BaBar", linewidth=0.4, rise=4.0),
    "lhcb-2019": _collider("LHCb", (330.0, 6.5e-5), "LHCb", linewidth=0.4, rise=4.0),
    "kloe-2012": _collider("KLOE", (10.0, 2.2e-3), "KLOE"),
    "kloe-2014": _collider("KLOE"),
    "kloe-2015": _collider("KLOE"),
    "kloe-2018": _collider("KLOE", (620.0, 8e-3), "KLOE", (690.0, 1.1e-3)),
    "na48-2-2015": _collider("NA48/2", (22.0, 1.2e-4), "NA48/2", (25.0, 3.0e-4), linewidth=0.6),
    "mami-a1-2011": _collider("A1/MAMI"),
    "mami-a1-2014": _collider("A1/MAMI", (170.0, 2e-2), "A1/MAMI", (170.0, 6.0e-4)),
    "phenix-2014": _collider("PHENIX", (70.0, 8e-3), "PHENIX", (70.0, 7.4e-4), linewidth=1.1, linestyle=_DASHES),
    "e774": _target((1.75, 9e-4), "E774"),
    "e141": _target((22.0, 2.7e-5), "E141"),
    "orsay": _target((110.0, 8e-6), "Orsay", (63.4, 1.0e-6)),
    "u70-nucal": _target((330.0, 2.2e-6), "U70", (138.0, 5e-7)),
    "charm": _target((680.0, 1.6e-7), "CHARM", (336.0, 7e-8)),
    "e137": _target((600.0, 1.8e-8), "E137", (235.0, 3.0e-8)),
    "lsnd": _target((330.0, 5e-9), "LSND", (150.0, 8.1e-9)),
    "g-2-mu": _collider(r"$(g-2)_\mu$", (2700.0, 5.8e-3), r"$(g-2)_\mu$", opacity=0.3, hatch="////"),
    "g-2-e": _collider("$(g-2)_e$", (1100.0, 2.8e-2), "$(g-2)_e$", opacity=0.2, linewidth=1.0),
}
_NOTE = Note(
    (0.67, 0.40),
    "limits and band at 90% C.L.; of fixed\ntargets (orange) the C.L. is not stated\n"
    "shading: excluded side; fades where a\npublished curve ends, which is no limit\n"
    "dashed: converted from kinetic mixing",
)


def panels(analysis):
    """Return the excluded regions (a) and their comparison with other experiments (b)."""
    return (
        excluded_panel("4a", analysis, "b-l", mass=(0.1, 1e4), coupling=(1e-5, 1e-1)),
        compared_panel(
            "4b",
            analysis,
            "b-l",
            0.90,
            _LABELS,
            mass=(1.0, 1e4),
            coupling=(2e-9, 1e-1),
            coherent=(2.8, 2.5e-2),
            note=_NOTE,
            levels=False,
        ),
    )
