"""Planes of mass and coupling: what each data set of today excludes, and all together beside the world's limits."""

from __future__ import annotations

from cevns.bounds import bounds_for
from cevns.figures import figure3, figure4, figure5
from cevns.figures.regions import Label, Note, compared_panel, excluded_panel
from cevns.figures.today.analysis import DATA, LEVEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cevns.figures.panels import Panel
    from cevns.figures.today.analysis import Today

__all__ = ["b_l", "lmu_ltau", "scalar", "universal"]

MASS = (0.1, 1e4)
_TOGETHER = DATA[-1]
#: Whose data they are, in captions, and on top of what all together exclude.
_WHO = "COHERENT and XENONnT"
_LEGEND: dict[str, Any] = {"title": f"{LEVEL:.0%} C.L., 2 d.o.f."}

_UNIVERSAL = Note((0.5, 0.03), "limits at 90% C.L. unless said\ngraded shading: excluded side\ndashed: recast")
_B_L_BEYOND = {
    "texono": Label("0.35", (2.2, 1.3e-5), "TEXONO", linewidth=1.0, linestyle="-.", opacity=0.0),
    "charm-ii": Label("0.35", (2.0, 3e-4), "CHARM-II", linewidth=1.0, linestyle=":", opacity=0.0),
    "borexino": Label("0.35", (1.6, 3e-6), "Borexino", linewidth=1.0, linestyle="--", opacity=0.0),
}
_B_L = Note(
    (0.668, 0.02),
    "circles: BaBar, squares: LHCb\n"
    "limits and band at 90% C.L.; of fixed\ntargets (orange), TEXONO, CHARM-II and\nBorexino the C.L. is not stated\n"
    "shading: excluded side; fades where a\npublished curve ends, which is no limit\n"
    "dashed: converted from kinetic mixing\n"
    "hatched band: favoured, not excluded",
)
_LMU_LTAU_BEYOND = {
    "charm-ii": Label("0.35", linewidth=1.0, linestyle=":", opacity=0.0),
    "white-dwarf": Label("0.35", linewidth=1.0, linestyle="-.", opacity=0.0),
    "bbn": Label("0.35", linewidth=1.4, opacity=0.0),
    "na64": Label("0.35", linewidth=1.0, linestyle="--", opacity=0.0),
}
_LMU_LTAU = Note(
    (0.38, 0.02),
    "hatched band: favoured, not excluded\n"
    "shading: excluded side; fades where a\npublished curve ends, which is no limit\n"
    "grey, C.L. not stated: CHARM-II (dotted),\nwhite dwarfs (dash-dotted), BBN, NA64",
)


def universal(analysis: Today) -> tuple[Panel, ...]:
    """Return the excluded regions (a), and all data beside CONNIE and the muon's magnetic moment (b)."""
    coupling = figure3.COUPLING
    return (
        _each("universal-a", analysis, "universal", coupling),
        _compared(
            "universal-b",
            analysis,
            "universal",
            figure3.WORLD,
            coupling=coupling,
            coherent=(30.0, 6e-3),
            note=_UNIVERSAL,
        ),
    )


def b_l(analysis: Today) -> tuple[Panel, ...]:
    """Return the excluded regions (a), and all data beside other experiments (b)."""
    return (
        _each("b-l-a", analysis, "b-l", (1e-5, 1e-1)),
        _compared(
            "b-l-b",
            analysis,
            "b-l",
            figure4.WORLD | _B_L_BEYOND,
            mass=(1.0, 1e4),
            coupling=(2e-9, 1e-1),
            coherent=(3.2, 2.0e-2),
            note=_B_L,
            levels=False,
            remarks=(figure4.BABAR,),
            inset=figure4.details,
        ),
    )


def lmu_ltau(analysis: Today) -> tuple[Panel, ...]:
    """Return the excluded regions (a), and all data beside other experiments (b)."""
    return (
        _each("lmu-ltau-a", analysis, "lmu-ltau", (1e-4, 1.0)),
        _compared(
            "lmu-ltau-b",
            analysis,
            "lmu-ltau",
            figure5.WORLD | _LMU_LTAU_BEYOND,
            mass=(0.1, 1e5),
            coupling=(1e-5, 1.0),
            coherent=(1.7, 3e-2),
            note=_LMU_LTAU,
        ),
    )


def scalar(analysis: Today) -> tuple[Panel, ...]:
    """Return the excluded regions; no published limit on the model comes with the package."""
    return (_each("scalar", analysis, "scalar", (3e-6, 1e-1)),)


def _each(name: str, analysis: Today, model: str, coupling: tuple[float, float]) -> Panel:
    found: Any = analysis
    return excluded_panel(name, found, model, mass=MASS, coupling=coupling, data=DATA, who=_WHO, legend=_LEGEND)


def _compared(name: str, analysis: Today, model: str, labels: Any, *, mass: Any = MASS, **options: Any) -> Panel:
    found: Any = analysis
    return compared_panel(
        name, found, model, LEVEL, labels, mass=mass, data=_TOGETHER, who=_WHO, bounds=bounds_for(model), **options
    )
