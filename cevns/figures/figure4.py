"""Figure 4: the B-L model."""

from cevns.figures.regions import Label, compared_panel, excluded_panel

__all__ = ["panels"]

_BABAR, _LHCB, _KLOE, _MAMI = "#7733bb", "#117733", "#774411", "#dd4499"
_TARGET = {"color": "#cc6600", "alpha": 0.15, "linewidth": 0.7}

_LABELS = {
    "babar-2014": Label(_BABAR, (3500.0, 1.1e-4), "BaBar", alpha=0.12, linewidth=0.4),
    "lhcb-2019": Label(_LHCB, (330.0, 6.5e-5), "LHCb", alpha=0.12, linewidth=0.4),
    "kloe-2012": Label(_KLOE, (10.0, 2.2e-3), "KLOE", alpha=0.12, linewidth=0.7),
    "kloe-2014": Label(_KLOE, alpha=0.12, linewidth=0.7),
    "kloe-2015": Label(_KLOE, alpha=0.12, linewidth=0.7),
    "kloe-2018": Label(_KLOE, alpha=0.12, linewidth=0.7),
    "na48-2-2015": Label("#aa8800", (22.0, 1.2e-4), "NA48/2", (25.0, 3.0e-4), alpha=0.15, linewidth=0.6),
    "mami-a1-2011": Label(_MAMI, alpha=0.12, linewidth=0.7),
    "mami-a1-2014": Label(_MAMI, (170.0, 2e-2), "A1/MAMI", (170.0, 6.0e-4), alpha=0.12, linewidth=0.7),
    "phenix-2014": Label("#bb4400", (70.0, 8e-3), "PHENIX", (70.0, 7.4e-4), alpha=0.12),
    "e774": Label(place=(1.75, 9e-4), text="E774", **_TARGET),
    "e141": Label(place=(22.0, 2.7e-5), text="E141", **_TARGET),
    "orsay": Label(place=(110.0, 8e-6), text="Orsay", anchor=(63.4, 1.0e-6), **_TARGET),
    "u70-nucal": Label(place=(330.0, 2.2e-6), text="U70", anchor=(138.0, 5e-7), **_TARGET),
    "charm": Label(place=(680.0, 1.6e-7), text="CHARM", anchor=(336.0, 7e-8), **_TARGET),
    "e137": Label(place=(600.0, 1.8e-8), text="E137", anchor=(235.0, 3.0e-8), **_TARGET),
    "lsnd": Label(place=(330.0, 5e-9), text="LSND", anchor=(150.0, 8.1e-9), **_TARGET),
    "g-2-mu": Label("#551177", (2700.0, 5.8e-3), r"$(g-2)_\mu$", alpha=0.3, linewidth=0.7),
    "g-2-e": Label("#0088aa", (1100.0, 2.8e-2), "$(g-2)_e$", alpha=0.0, linewidth=1.0),
}


def panels(analysis):
    """Return the excluded regions (a) and their comparison with other experiments (b)."""
    return (
        excluded_panel("4a", analysis, "b-l", mass=(0.1, 1e4), coupling=(1e-5, 1e-1)),
        compared_panel(
            "4b", analysis, "b-l", 0.90, _LABELS, mass=(1.0, 1e4), coupling=(2e-9, 1e-1), coherent=(2.8, 2.5e-2)
        ),
    )
