"""The registry of figures: numbers, modules and sizes; nothing is computed before it is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from cevns import checks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from cevns.figures.analysis import Analysis
    from cevns.figures.panels import Panel

__all__ = ["Layout", "known_figures", "layout", "panels", "selected"]


@dataclass(frozen=True)
class Layout:
    """Where a figure is made and how large it is printed.

    Parameters
    ----------
    module : str
        Has ``panels(analysis)``, which returns the panels (a) and (b).
    columns : int
        Panels beside each other.
    heights : tuple of float, optional
        Relative heights of panels above each other.
    size : (float, float)
        Width and height [mm] of both panels together.
    single : (float, float)
        Width and height [mm] of a panel alone.
    """

    module: str
    columns: int = 2
    heights: tuple[float, ...] | None = None
    size: tuple[float, float] = (170.0, 80.0)
    single: tuple[float, float] = (85.0, 78.0)


_FIGURES = {
    "1": Layout("cevns.figures.figure1"),
    "2": Layout("cevns.figures.figure2"),
    "3": Layout("cevns.figures.figure3"),
    "4": Layout("cevns.figures.figure4", columns=1, heights=(0.58, 1), size=(140.0, 200.0), single=(140.0, 122.0)),
    "5": Layout("cevns.figures.figure5"),
}
_PANELS = "ab"


def known_figures() -> tuple[str, ...]:
    """Return the names of the figures; ``"3"`` has the two panels ``"3a"`` and ``"3b"``.

    Examples
    --------
    >>> known_figures()
    ('1', '2', '3', '4', '5')
    """
    return tuple(_FIGURES)


def selected(figures: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the checked names of figures and panels, each once, in the order in which they were given.

    Parameters
    ----------
    figures : str or sequence of str, optional
        Figures (``"3"``, both panels in one file) or panels (``"3a"``); all figures unless given.

    Raises
    ------
    UnknownNameError
        If there is no such figure.

    Examples
    --------
    >>> selected(["3b", "1", "3b"])
    ('3b', '1')
    """
    if figures is None:
        return known_figures()
    names = [figures] if isinstance(figures, (str, int)) else list(figures)
    known = [*_FIGURES, *(number + panel for number in _FIGURES for panel in _PANELS)]
    return tuple(dict.fromkeys(checks.known("figure", str(name), known) for name in names))


def layout(name: str) -> Any:
    """Return the layout of a figure or of the figure of a panel."""
    return _FIGURES[name[0]]


def panels(name: str, analysis: Analysis) -> tuple[Panel, ...]:
    """Return the panels of a figure, or one panel, computed from an `Analysis`."""
    both = importlib.import_module(layout(name).module).panels(analysis)
    return tuple(panel for panel in both if panel.name.startswith(name))
