"""The registry of papers and their figures: names, modules and sizes; nothing is computed before it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from cevns import checks
from cevns.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from cevns.figures.analysis import Analysis
    from cevns.figures.panels import Panel

__all__ = ["DEFAULT", "Layout", "Paper", "known_figures", "known_papers", "layout", "panels", "paper", "selected"]

#: The paper whose figures are meant unless another is named.
DEFAULT = "2008.05022"


@dataclass(frozen=True)
class Layout:
    """Where a figure is made and how large it is printed.

    Parameters
    ----------
    module : str
        Has ``panels(analysis)``, which returns the panels; or ``module:function`` for one of another name.
    endings : tuple of str
        What the names of the panels add to that of the figure; one empty ending for a figure that is one panel.
    columns : int
        Panels beside each other.
    heights : tuple of float, optional
        Relative heights of panels above each other.
    size : (float, float)
        Width and height [mm] of all panels together.
    single : (float, float)
        Width and height [mm] of a panel alone.
    """

    module: str
    endings: tuple[str, ...] = ("a", "b")
    columns: int = 2
    heights: tuple[float, ...] | None = None
    size: tuple[float, float] = (170.0, 80.0)
    single: tuple[float, float] = (85.0, 78.0)


@dataclass(frozen=True)
class Paper:
    """A paper that is reproduced, or what today's data say of the same questions.

    Parameters
    ----------
    name : str
        arXiv number, or ``"today"``.
    figures : mapping of str to Layout
        By name: numbers where the figures are the paper's own, words where they show its results in our way.
    analysis : str
        ``module:class`` of its data sets and results.
    summary : str
        Module whose ``summary(analysis, figures)`` compares its numbers with ours.
    others : tuple of str
        arXiv numbers of papers whose results are among these figures.
    quick : str
        ``module:function`` of an analysis of the same that takes seconds, where there is one.
    words : str
        What figures say that they are of, where that is not the arXiv number.
    """

    name: str
    figures: Mapping[str, Layout]
    analysis: str
    summary: str
    others: tuple[str, ...] = ()
    quick: str = ""
    words: str = ""

    @property
    def title(self) -> str:
        """What figures say that they are of."""
        return self.words or f"arXiv:{self.name}"

    def make_analysis(self, *, quick: bool = False) -> Any:
        """Return an analysis that has computed nothing yet, of less precision if it is to be quick.

        Raises
        ------
        InputError
            If there is no quick one.
        """
        if quick and not self.quick:
            able = ", ".join(name for name, paper in _PAPERS.items() if paper.quick)
            raise InputError(f"quick is for {able}: all other figures of {self.name} take what they take")
        module, _, function = (self.quick if quick else self.analysis).partition(":")
        return getattr(importlib.import_module(module), function)()

    def rows(self, analysis: Any, figures: Iterable[str] | None = None) -> Any:
        """Return the rows of the summary, all or those of some figures and panels."""
        some = None if figures is None else {self.figure_of(name) for name in figures}
        return importlib.import_module(self.summary).summary(analysis, some)

    def figure_of(self, name: str) -> str:
        """Return the figure that a figure or panel belongs to."""
        return next(f for f, kind in self.figures.items() if name in (f, *(f + end for end in kind.endings)))


#: Width and height [mm] of a panel with its legend beside it.
_WITH_LEGEND = (115.0, 78.0)
_PAPERS = {
    paper.name: paper
    for paper in (
        Paper(
            DEFAULT,
            {
                "1": Layout("cevns.figures.figure1"),
                "2": Layout("cevns.figures.figure2"),
                "3": Layout("cevns.figures.figure3"),
                "4": Layout(
                    "cevns.figures.figure4", columns=1, heights=(0.58, 1), size=(140.0, 200.0), single=(140.0, 122.0)
                ),
                "5": Layout("cevns.figures.figure5"),
            },
            "cevns.figures.analysis:Analysis",
            "cevns.figures.summary",
        ),
        Paper(
            "2005.01645",
            {
                "neutron-radii": Layout("cevns.figures.neutron_radii", ("-a", "-b")),
                "weak-angle": Layout("cevns.figures.weak_angle", ("",)),
                "charge-radii": Layout("cevns.figures.charge_radii", ("-a", "-b")),
                "magnetic-moments": Layout("cevns.figures.magnetic_moments", ("",)),
            },
            "cevns.figures.measurements:Measurements",
            "cevns.figures.measured",
            ("1908.06045",),
        ),
        Paper(
            "today",
            {
                "universal": Layout("cevns.figures.today.planes:universal", ("-a", "-b")),
                "b-l": Layout(
                    "cevns.figures.today.planes:b_l",
                    ("-a", "-b"),
                    columns=1,
                    heights=(0.58, 1),
                    size=(140.0, 200.0),
                    single=(140.0, 122.0),
                ),
                "lmu-ltau": Layout("cevns.figures.today.planes:lmu_ltau", ("-a", "-b")),
                "scalar": Layout("cevns.figures.today.planes:scalar", ("",)),
                "neutron-radius": Layout("cevns.figures.today.parameters:neutron_radius", ("",), single=_WITH_LEGEND),
                "mixing-angle": Layout("cevns.figures.today.parameters:mixing_angle", ("",), single=_WITH_LEGEND),
                "cross-section": Layout("cevns.figures.today.parameters:cross_section", ("",), single=_WITH_LEGEND),
                "csi-2021": Layout("cevns.figures.today.fits:csi", ("-a", "-b", "-c", "-d"), size=(170.0, 150.0)),
                "argon-3d": Layout(
                    "cevns.figures.today.fits:argon",
                    ("-a", "-b", "-c", "-d", "-e", "-f"),
                    columns=3,
                    size=(170.0, 125.0),
                    single=(70.0, 72.0),
                ),
            },
            "cevns.figures.today.analysis:Today",
            "cevns.figures.today.numbers",
            words="today's data",
        ),
        Paper(
            "feldman-cousins",
            {
                name: Layout(
                    f"cevns.figures.by_toys:{name.replace('-', '_')}", ("-a", "-b", "-c"), columns=3, size=(240.0, 80.0)
                )
                for name in ("universal", "b-l", "lmu-ltau")
            },
            "cevns.figures.by_toys:ByToys",
            "cevns.figures.by_toys",
            quick="cevns.figures.by_toys:quick",
            words=f"arXiv:{DEFAULT}, by toys",
        ),
    )
}


def known_papers() -> tuple[str, ...]:
    """Return what is reproduced, the default first: arXiv numbers, ``"today"``, and ``"feldman-cousins"``.

    Examples
    --------
    >>> known_papers()
    ('2008.05022', '2005.01645', 'today', 'feldman-cousins')
    """
    return tuple(_PAPERS)


def paper(name: str = DEFAULT) -> Paper:
    """Return a paper by its arXiv number, or what is called ``"today"``.

    Raises
    ------
    UnknownNameError
        If it is not reproduced here.

    Examples
    --------
    >>> list(paper("2005.01645").figures)
    ['neutron-radii', 'weak-angle', 'charge-radii', 'magnetic-moments']
    """
    among = next((paper.name for paper in _PAPERS.values() if name in paper.others), None)
    hint = f"What arXiv:{name} measures is among the figures of {among}." if among else ""
    found: Paper = _PAPERS[checks.known("paper", name, _PAPERS, hint)]
    return found


def known_figures(of: str = DEFAULT) -> tuple[str, ...]:
    """Return the names of a paper's figures; ``"3"`` has the two panels ``"3a"`` and ``"3b"``.

    Examples
    --------
    >>> known_figures()
    ('1', '2', '3', '4', '5')
    """
    return tuple(paper(of).figures)


def selected(figures: Iterable[str] | None = None, of: str = DEFAULT) -> tuple[str, ...]:
    """Return the checked names of figures and panels, each once, in the order in which they were given.

    Parameters
    ----------
    figures : str or sequence of str, optional
        Figures (``"3"``, both panels in one file) or panels (``"3a"``); all figures unless given.
    of : str
        Paper.

    Raises
    ------
    UnknownNameError
        If there is no such paper or figure.

    Examples
    --------
    >>> selected(["3b", "1", "3b"])
    ('3b', '1')
    """
    all_of = paper(of).figures
    if figures is None:
        return tuple(all_of)
    names = [figures] if isinstance(figures, (str, int)) else list(figures)
    known = dict.fromkeys([*all_of, *(name + end for name, kind in all_of.items() for end in kind.endings)])
    others = ", ".join(f"{other} ({', '.join(_PAPERS[other].figures)})" for other in _PAPERS if other != of)
    hint = f"These are figures of {of}; others: {others}."
    return tuple(dict.fromkeys(checks.known("figure", str(name), known, hint) for name in names))


def layout(name: str, of: str = DEFAULT) -> Any:
    """Return the layout of a figure or of the figure of a panel."""
    return paper(of).figures[paper(of).figure_of(name)]


def panels(name: str, analysis: Analysis, of: str = DEFAULT) -> tuple[Panel, ...]:
    """Return the panels of a figure, or one panel, computed from the paper's analysis."""
    module, _, function = layout(name, of).module.partition(":")
    every = getattr(importlib.import_module(module), function or "panels")(analysis)
    return tuple(panel for panel in every if panel.name.startswith(name))
