"""Objects that show themselves as a picture at the end of a cell of a notebook."""

from __future__ import annotations

import contextlib

from cevns.errors import CevnsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Pictured"]


class Pictured:
    """A class whose method ``plot(ax)`` draws its objects, which notebooks then show as a picture.

    What cannot be drawn, such as a limit at a single mass, or without Matplotlib, stays a text. A notebook shows only
    one of several forms of an object, so where a class has ``_repr_html_`` as well, the picture stands below its table.
    """

    __slots__ = ()

    def _repr_png_(self) -> bytes | None:
        from cevns.plotting.canvas import file_axes, png
        from cevns.plotting.plane import with_legend

        plot: Any = self.plot  # type: ignore[attr-defined]
        with contextlib.suppress(CevnsError):
            ax = plot(ax=file_axes())
            if ax.get_legend_handles_labels()[0]:
                with_legend(ax, above=True)
            return png(ax.figure)
        return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        content = self._repr_png_()
        if content is None:
            return {}
        import base64

        encoded = base64.b64encode(content).decode("ascii")
        bundle = {"image/png": encoded}
        if hasattr(self, "_repr_html_"):
            bundle["text/html"] = f'{self._repr_html_()}<img src="data:image/png;base64,{encoded}">'
        return bundle
