"""Matplotlib's figure with the method by which notebooks show an object; imported only where one is made."""

from __future__ import annotations

import matplotlib.figure

__all__ = ["Figure"]


class Figure(matplotlib.figure.Figure):
    """A figure unknown to pyplot that is a picture where a cell of a notebook ends with it."""

    def _repr_png_(self) -> bytes | None:
        from cevns.plotting.canvas import png

        return png(self)
