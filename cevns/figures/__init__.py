"""The figures of papers, drawn from the data sets that come with the package: arXiv:2008.05022 and arXiv:2005.01645."""

from cevns.figures.drawing import draw, reproduce
from cevns.figures.registry import known_figures, known_papers

__all__ = ["draw", "known_figures", "known_papers", "reproduce"]
