"""Figure 4: the B-L model."""

from __future__ import annotations

import numpy as np

from cevns.bounds.drawing import COLORS, FIXED_TARGETS
from cevns.figures.regions import Label, Note, compared_panel, excluded_panel, legible
from cevns.plotting import label_region, log_ticks, plot_published

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.bounds.bound import Bound
    from cevns.figures.analysis import Analysis
    from cevns.figures.panels import Panel

__all__ = ["BABAR", "WORLD", "details", "panels"]

_DASHES = (0, (2.2, 1.0))


def _collider(family: str, *place: Any, **options: Any) -> Label:
    return Label(COLORS[family], *place, **({"rise": 2.2} | options))


def _target(*place: Any) -> Label:
    return Label(COLORS[FIXED_TARGETS], *place)


#: How the limits of other experiments are drawn, and where their names stand.
WORLD = {
    "babar-2014": _collider("BaBar", (3500.0, 1.1e-4), "BaBar", linewidth=0.4, rise=4.0),
    "lhcb-2019": _collider("LHCb", (268.0, 6.5e-5), "LHCb", linewidth=0.4, rise=4.0),
    "kloe-2012": _collider("KLOE", (10.0, 2.2e-3), "KLOE"),
    "kloe-2014": _collider("KLOE"),
    "kloe-2015": _collider("KLOE"),
    "kloe-2018": _collider("KLOE", (620.0, 8e-3), "KLOE", (690.0, 1.1e-3)),
    "na48-2-2015": _collider("NA48/2", (22.0, 1.2e-4), "NA48/2", (25.0, 3.0e-4), linewidth=0.6),
    "mami-a1-2011": _collider("A1/MAMI"),
    "mami-a1-2014": _collider("A1/MAMI", (170.0, 2e-2), "A1/MAMI", (170.0, 6.0e-4)),
    "phenix-2014": _collider("PHENIX", (70.0, 8e-3), "PHENIX", (70.0, 7.4e-4), linewidth=1.1, linestyle=_DASHES),
    "e774": _target((3.0, 6.5e-3), "E774", (2.36, 1.55e-3)),
    "e141": _target((36.0, 2.8e-5), "E141", (13.3, 2.75e-5)),
    "orsay": _target((110.0, 8e-6), "Orsay", (63.4, 1.0e-6)),
    "u70-nucal": _target((190.0, 2.4e-6), "U70", (138.0, 7e-7)),
    "charm": _target((235.0, 4.5e-7), "CHARM", (318.0, 1.0e-7)),
    "e137": _target((320.0, 1.7e-8), "E137", (235.0, 3.0e-8)),
    "lsnd": _target((270.0, 4.5e-9), "LSND", (150.0, 8.1e-9)),
    "g-2-mu": _collider(
        r"$(g-2)_\mu$", (2400.0, 5.4e-3), r"$(g-2)_\mu$ favoured", opacity=0.3, hatch="////", rotation=24
    ),
    "g-2-e": _collider("$(g-2)_e$", (1100.0, 2.8e-2), "$(g-2)_e$", opacity=0.2, linewidth=1.0),
}
BABAR = Label(COLORS["BaBar"], (125.0, 4.2e-5), "BaBar", (150.0, 2.9e-4))
_NOTE = Note(
    (0.668, 0.02),
    "circles: BaBar, squares: LHCb\n"
    "limits and band at 90% C.L.; of fixed\ntargets (orange) the C.L. is not stated\n"
    "shading: excluded side; fades where a\npublished curve ends, which is no limit\n"
    "dashed: converted from kinetic mixing\n"
    "hatched band: favoured, not excluded\n"
    "not drawn, nor in the paper's figure:\nTEXONO, CHARM-II, Borexino",
)
#: Marks that tell two noisy curves apart in grey too: shapes, and masses [MeV] next to which they stand.
_MARKED: dict[str, tuple[str, Any]] = {
    "babar-2014": ("o", np.geomspace(24.0, 9000.0, 21)),
    "lhcb-2019": ("s", np.geomspace(228.0, 7800.0, 13)),
}
#: How far from these masses the lowest value is looked for, as a share.
_BESIDE = 0.05
#: The crossing curves of the inset: masses [MeV], couplings, and lines that differ without colours too.
_INSET_MASS, _INSET_COUPLING = (18.0, 205.0), (1.4e-4, 6e-3)
_INSET_LINES: dict[str, dict[str, Any]] = {
    "kloe-2012": {"linewidth": 1.5},
    "kloe-2015": {"linewidth": 1.5},
    "na48-2-2015": {"linewidth": 1.1},
    "phenix-2014": {"linewidth": 1.3, "linestyle": (0, (3.0, 1.0))},
    "mami-a1-2014": {"linewidth": 1.3, "linestyle": (0, (0.9, 1.2))},
    "babar-2014": {"linewidth": 0.45},
}
_INSET_NAMES = (
    Label(COLORS["KLOE"], (80.0, 3.9e-3), "KLOE", (36.0, 1.9e-3)),
    Label(COLORS["KLOE"], (80.0, 3.9e-3), "KLOE", (110.0, 1.2e-3)),
    Label(COLORS["NA48/2"], (29.0, 1.8e-4), "NA48/2", (35.5, 2.4e-4)),
    Label(COLORS["PHENIX"], (26.5, 1.5e-3), "PHENIX", (38.0, 7.8e-4)),
    Label(COLORS["A1/MAMI"], (160.0, 3.2e-3), "A1", (145.0, 4.6e-4)),
    Label(COLORS["BaBar"], (85.0, 1.8e-4), "BaBar", (117.0, 3.1e-4)),
)


def panels(analysis: Analysis) -> tuple[Panel, ...]:
    """Return the excluded regions (a) and their comparison with other experiments (b)."""
    return (
        excluded_panel("4a", analysis, "b-l", mass=(0.1, 1e4), coupling=(1e-5, 1e-1)),
        compared_panel(
            "4b",
            analysis,
            "b-l",
            0.90,
            WORLD,
            mass=(1.0, 1e4),
            coupling=(2e-9, 1e-1),
            coherent=(2.8, 2.5e-2),
            note=_NOTE,
            levels=False,
            remarks=(BABAR,),
            inset=details,
        ),
    )


def details(ax: Axes, bounds: Mapping[str, Bound]) -> None:
    """Add what tells crossing curves apart: marks, and an inset."""
    for name, (shape, masses) in _MARKED.items():
        points = np.concatenate([np.column_stack(segment) for segment in bounds[name].segments])
        near = [points[np.abs(np.log(points[:, 0] / mass)) < _BESIDE] for mass in masses]
        x, y = np.array([some[some[:, 1].argmin()] for some in near if len(some)]).T
        color = legible(WORLD[name].color)
        marks: dict[str, Any] = {"markersize": 3.0, "markerfacecolor": "white", "markeredgewidth": 0.7, "zorder": 4}
        ax.plot(x, y, shape, color=color, scalex=False, scaley=False, **marks)
    _crossing_curves(ax, bounds)


def _crossing_curves(ax: Axes, bounds: Mapping[str, Bound]) -> None:
    """Add axes in which the curves between 20 and 200 MeV come apart, as lines alone."""
    inset = ax.inset_axes((0.71, 0.265, 0.275, 0.285))
    inset.set(xscale="log", yscale="log", xlim=_INSET_MASS, ylim=_INSET_COUPLING)
    for name, line in _INSET_LINES.items():
        plot_published(bounds[name], inset, color=WORLD[name].color, opacity=0, label="", **line)
    for label in _INSET_NAMES:
        place: tuple[float, float] = label.place  # type: ignore[assignment]  # each has one
        label_region(inset, *place, label.text, color=legible(label.color), anchor=label.anchor, fontsize=5.5)
    log_ticks(inset.xaxis, (2, 5, 10))
    log_ticks(inset.yaxis, (2, 5, 10))
    inset.tick_params(labelsize=5.5, pad=1.5)
    inset.set_title("20-200 MeV, without shading", fontsize=5.5, pad=2)
