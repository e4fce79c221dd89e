"""The figures of arXiv:2008.05022, drawn from the data sets that come with the package."""

from cevns.figures.registry import known_figures
from cevns.figures.reproduce import reproduce

__all__ = ["known_figures", "reproduce"]
