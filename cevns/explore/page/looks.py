"""Colours of a page, and what widgets have of them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DARK", "LIGHT", "WIDGETS", "Look", "look"]


class Look(NamedTuple):
    """The colours of a theme, apart in lightness too.

    Parameters
    ----------
    ink, paper, panel, line : color
        Of text, page, panels, and rules and grids.
    model, standard, data : color
        Of the interaction, the standard model and the data.
    excluded, best, point : color
        Of the region, the best fit and the point.
    stack : tuple of color
        Of backgrounds, from the bottom.
    others : tuple of color
        Of limits of other experiments.
    """

    ink: str
    paper: str
    panel: str
    line: str
    model: str
    standard: str
    data: str
    excluded: str
    best: str
    point: str
    stack: tuple[str, ...]
    others: tuple[str, ...]


LIGHT = Look(
    *("#1b1f24", "#f4f5f7", "#ffffff", "#d5d9de"),
    *("#c2391c", "#1f5fa8", "#111111"),
    *("#8a929c", "#0f7b47", "#c2391c"),
    ("#d9dce0", "#f2d9a8", "#a9cfe8", "#d9bcd8", "#b8dccd", "#b5b9bf"),
    ("#7b2d9b", "#b8410b", "#2a7d57", "#6b4016", "#8a7400", "#a0357a", "#4a56c8", "#007f8c"),
)
DARK = Look(
    *("#e6e9ed", "#14171b", "#1d2126", "#3a4048"),
    *("#ff8f6b", "#7db8ff", "#f5f5f5"),
    *("#7f8893", "#5fd69a", "#ff8f6b"),
    ("#4b525b", "#77602d", "#2f6484", "#6d4a6c", "#3a6b57", "#5f666e"),
    ("#d39bf0", "#ffab7a", "#7fe0b0", "#d0a070", "#e0cc55", "#f49acb", "#a3acff", "#5fd6e0"),
)

#: Colours of widgets come from the page, whose properties reach into them.
WIDGETS = """
:host { color: var(--ink); font-family: inherit; font-size: 0.92rem; }
.bk-input { background-color: var(--panel); color: var(--ink); border-color: var(--strong); }
.bk-input:focus { border-color: var(--accent); outline: 2px solid var(--accent); }
.bk-input-group label, label { color: var(--ink); }
.bk-slider-title { white-space: normal; color: var(--ink); }
.noUi-target { background-color: var(--line); border-color: var(--strong); }
.noUi-handle { background-color: var(--panel); border-color: var(--strong); }
.noUi-handle:focus { outline: 2px solid var(--accent); }
.bk-btn { background-color: var(--panel); color: var(--ink); border-color: var(--strong); }
.bk-btn.bk-active { background-color: var(--accent); color: var(--panel); }
input:focus-visible { outline: 2px solid var(--accent); }
table { border-collapse: collapse; }
td { padding: 1px 12px 1px 0; vertical-align: top; }
td + td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
a { color: var(--accent); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--paper); padding: 8px; margin: 4px 0 10px;
  border-radius: 4px; font-size: 0.82rem; user-select: all; }
.verdict { font-size: 1.1rem; margin: 0 0 8px; }
"""


def look(theme: str) -> Look:
    """Return the colours of a theme.

    Examples
    --------
    >>> look("dark").paper, look("light").paper
    ('#14171b', '#f4f5f7')
    """
    return DARK if theme == "dark" else LIGHT
