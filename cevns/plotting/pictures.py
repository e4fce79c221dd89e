"""Objects that show themselves as a picture at the end of a cell of a notebook."""

from __future__ import annotations

import contextlib

from cevns.errors import CevnsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.figure import Figure

__all__ = ["Pictured"]


class Pictured:
    """A class whose method ``plot(ax)`` draws its objects, which notebooks then show as a picture.

    What cannot be drawn, such as a limit at a single mass, or without Matplotlib, stays a text. A notebook shows only
    one of several forms of an object, so where a class has ``_repr_html_`` as well, the picture stands below its table.
    """

    __slots__ = ()

    def picture(self) -> Figure:
        """Return the figure that a notebook shows; what needs several axes has its own."""
        from cevns.plotting.canvas import file_axes
        from cevns.plotting.plane import with_legend

        plot: Any = self.plot  # type: ignore[attr-defined]
        ax = plot(ax=file_axes())
        if ax.get_legend_handles_labels()[0]:
            with_legend(ax, above=True)
        figure: Figure = ax.figure
        return figure

    def _repr_png_(self) -> bytes | None:
        from cevns.plotting.canvas import png

        with contextlib.suppress(CevnsError):
            return png(self.picture())
        return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        content = self._repr_png_()
        if content is None:
            return {}
        import base64

        encoded = base64.b64encode(content).decode("ascii")
        bundle = {"image/png": encoded}
        if hasattr(self, "_repr_html_"):
            # for those who do not see it, the table above has the numbers
            picture = f'<img alt="the numbers of the table as a picture" src="data:image/png;base64,{encoded}">'
            bundle["text/html"] = f"{self._repr_html_()}{picture}"
        return bundle
