"""Planes of mass and coupling: what each data set of today excludes, and all together beside the world's limits."""

from __future__ import annotations

import dataclasses

from cevns.bounds import bounds_for
from cevns.figures import figure3, figure4, figure5
from cevns.figures.regions import Label, Note, compared_panel, excluded_panel
from cevns.figures.today.analysis import DATA, LEVEL
from cevns.interactions import get_interaction
from cevns.units import axis_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.figures.panels import Panel
    from cevns.figures.today.analysis import Today

__all__ = ["b_l", "lmu_ltau", "scalar", "universal"]

MASS = (0.1, 1e4)
_TOGETHER = DATA[-1]
#: Whose data they are, in captions, and on top of what all together exclude.
_WHO = "COHERENT and XENONnT"
_LEGEND: dict[str, Any] = {"title": f"excluded at {LEVEL:.0%} C.L., 2 d.o.f."}

_UNIVERSAL = Note((0.6, 0.03), "shading: excluded side\ndashed: recast")
#: The strips that data sets allow: masses [MeV], and couplings over mass [1e-6 / MeV].
_STRIP_MASS, _STRIP_RATIO = (30.0, 1e4), (1.3, 2.6)
_STRIP = Label("black", (2500.0, 5e-4), "allowed", (900.0, 1.6e-3))


def _grey(linestyle: Any, place: tuple[float, float] | None = None, text: str = "") -> Label:
    return Label("0.35", place, text, level="", linewidth=1.1, linestyle=linestyle, opacity=0.0)


#: Limits that came after the paper's figures, or were left out of them: lines alone.
_B_L_BEYOND = {
    "texono": _grey("-."),
    "charm-ii": _grey(":"),
    "borexino": _grey((0, (6, 1.5, 1, 1.5, 1, 1.5))),
}
_B_L = Note(
    (0.668, 0.02),
    "circles: BaBar, squares: LHCb\n"
    "grey: TEXONO (dash-dotted), CHARM-II\n(dotted), Borexino (dash-dot-dotted)\n"
    "limits and band at 90% C.L.; not stated\nfor grey ones and fixed targets\n"
    "shading: excluded side; fades where a\npublished curve ends, which is no limit\n"
    "dashed: converted from kinetic mixing\n"
    "hatched band: favoured, not excluded",
)
_LMU_LTAU_BEYOND = {
    "charm-ii": _grey(":", (3.5, 1.65e-3), "CHARM-II"),
    "white-dwarf": _grey("-.", (11.0, 7e-5), "white dwarfs"),
    "bbn": _grey("-", (3.5, 8.5e-6), "BBN"),
    "na64": _grey((0, (6, 1.5, 1, 1.5, 1, 1.5)), (80.0, 1.9e-1), "NA64"),
    "g-2-mu": dataclasses.replace(figure5.WORLD["g-2-mu"], place=(1.1, 4.3e-4)),
    "borexino": dataclasses.replace(figure5.WORLD["borexino"], place=(0.95, 2.4e-5)),
}
_LMU_LTAU = Note(
    (0.38, 0.02),
    "hatched band: favoured, not excluded\n"
    "shading: excluded side; fades where a\npublished curve ends, which is no limit\n"
    "grey lines: C.L. not stated",
)


def universal(analysis: Today) -> tuple[Panel, ...]:
    """Return the excluded regions (a), and all data beside CONNIE and the muon's magnetic moment (b)."""
    coupling = figure3.COUPLING
    return (
        _each("universal-a", analysis, "universal", coupling, inset=_strips),
        _compared(
            "universal-b",
            analysis,
            "universal",
            figure3.WORLD,
            coupling=coupling,
            coherent=(30.0, 6e-3),
            note=_UNIVERSAL,
            remarks=(_STRIP,),
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
            coupling=(2e-6, 1.0),
            coherent=(1.7, 5e-2),
            note=_LMU_LTAU,
        ),
    )


def scalar(analysis: Today) -> tuple[Panel, ...]:
    """Return the excluded regions; no published limit on the model comes with the package."""
    panel = _each("scalar", analysis, "scalar", (3e-6, 1e-1))
    mass, coupling = get_interaction("scalar").parameters

    def draw(ax: Axes) -> None:
        panel.draw(ax)
        ax.set(xlabel=axis_label(mass.label, mass.unit), ylabel=coupling.label)

    caption = f"{panel.caption}; no published limit on it comes with the package"
    return (dataclasses.replace(panel, caption=caption, draw=draw),)


def _strips(ax: Axes, draw: Callable[..., None]) -> None:
    figure3.strip_axes(ax, draw, (0.13, 0.36, 0.4, 0.25), _STRIP_MASS, _STRIP_RATIO, (1.5, 2))


def _each(name: str, analysis: Today, model: str, coupling: tuple[float, float], inset: Any = None) -> Panel:
    found: Any = analysis
    return excluded_panel(
        name,
        found,
        model,
        mass=MASS,
        coupling=coupling,
        data=DATA,
        who=_WHO,
        legend=_LEGEND,
        inset=inset,
    )


def _compared(name: str, analysis: Today, model: str, labels: Any, *, mass: Any = MASS, **options: Any) -> Panel:
    found: Any = analysis
    return compared_panel(
        name, found, model, LEVEL, labels, mass=mass, data=_TOGETHER, who=_WHO, bounds=bounds_for(model), **options
    )
