"""Colours and line styles of the figures; every pair that meets in a panel differs in more than its colour."""

from __future__ import annotations

from importlib import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "BEST_MARKS",
    "CHANGE_LINES",
    "EXPERIMENT_LINES",
    "MODEL_LINES",
    "RADIUS_LINES",
    "TODAY_LINES",
    "YEAR_LINES",
    "style_sheet",
]

#: The models in figures 1 and 2, with the line styles that their captions name.
MODEL_LINES: dict[str, dict[str, Any]] = {
    "sm": {"color": "black", "linestyle": "-", "linewidth": 1.3},
    "universal": {"color": "#cc3311", "linestyle": (0, (4, 2)), "linewidth": 0.8},
    "b-l": {"color": "#117733", "linestyle": (0, (5, 2)), "linewidth": 1.5},
    "lmu-ltau": {"color": "#0055aa", "linestyle": (0, (6, 2, 1.2, 2)), "linewidth": 1.4},
}
#: The data sets in figures 3a, 4a and 5a.
EXPERIMENT_LINES: dict[str, dict[str, Any]] = {
    "Ar": {"color": "#0055aa", "linestyle": (0, (1, 1.4)), "linewidth": 1.1, "facecolor": "none"},
    "CsI": {"color": "#cc3311", "linestyle": (0, (5, 2)), "linewidth": 0.9, "facecolor": "none"},
    "CsI + Ar": {"color": "black", "linestyle": "-", "linewidth": 0.8, "facecolor": "0.85"},
}
#: The data sets of today, in the order in which legends name them.
TODAY_LINES: dict[str, dict[str, Any]] = {
    "CsI 2021": {"color": "#cc3311", "linestyle": (0, (5, 2)), "linewidth": 0.9, "facecolor": "none"},
    "Ar 3-D": {"color": "#0055aa", "linestyle": (0, (1, 1.4)), "linewidth": 1.1, "facecolor": "none"},
    "Ge": {"color": "#117733", "linestyle": (0, (7, 2, 1.5, 2)), "linewidth": 0.9, "facecolor": "none"},
    "Xe 8B": {"color": "#aa4499", "linestyle": (0, (2.5, 1.5)), "linewidth": 1.5, "facecolor": "none"},
    "all four": {"color": "black", "linestyle": "-", "linewidth": 0.8, "facecolor": "0.85"},
}
EXPERIMENT_LINES |= TODAY_LINES
#: What is measured with one detector's data of two years.
YEAR_LINES: dict[str, dict[str, Any]] = {
    "CsI 2017": {"color": "#0055aa", "linestyle": (0, (1, 1.4)), "linewidth": 1.2},
    "CsI 2021": {"color": "#cc3311", "linestyle": "-", "linewidth": 1.3},
    "CsI 2021, core": {"color": "black", "linestyle": (0, (5, 2)), "linewidth": 0.9},
}
#: What marks their best fits, which lie apart from their lines.
BEST_MARKS = {"Ar": "s", "CsI": "x", "CsI + Ar": "D"}
#: What delta chi2 of argon's neutron radius counts from.
RADIUS_LINES: dict[str, dict[str, Any]] = {
    "proton radius": {"color": "#0055aa", "linestyle": "-", "linewidth": 1.3},
    "global minimum": {"color": "#cc6600", "linestyle": (0, (5, 2)), "linewidth": 0.9},
}
#: Charge radii that change the flavour.
CHANGE_LINES: dict[str, dict[str, Any]] = {
    "r2_emu": {"color": "#cc3311", "linestyle": (0, (5, 2)), "linewidth": 0.9},
    "r2_etau": {"color": "black", "linestyle": "-", "linewidth": 1.3},
    "r2_mutau": {"color": "#0055aa", "linestyle": (0, (1, 1.4)), "linewidth": 1.3},
}


def style_sheet() -> Any:
    """Return the path of the Matplotlib style of the figures."""
    return resources.files("cevns.figures") / "cevns.mplstyle"
