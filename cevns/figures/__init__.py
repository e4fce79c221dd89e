"""The figures of arXiv:2008.05022, drawn from the data sets that come with the package."""

from cevns.figures.drawing import draw, reproduce
from cevns.figures.registry import known_figures

__all__ = ["draw", "known_figures", "reproduce"]
