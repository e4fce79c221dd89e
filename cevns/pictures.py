"""Results that show themselves as a picture at the end of a cell of a notebook."""

import base64
import contextlib

from cevns.errors import CevnsError

__all__ = ["Pictured", "figures_hint"]


def figures_hint(name: str) -> str:
    """Return how a result called `name` is drawn into a file, for messages."""
    return f"a figure is drawn with {name}.plot() and written with cevns.plotting.save(figure, path)"


class Pictured:
    """A class whose method ``plot(ax)`` draws its objects, which notebooks then show as a picture.

    What cannot be drawn, such as a limit at a single mass, or without Matplotlib, stays a text. A notebook shows only
    one of several forms of an object, so where a class has ``_repr_html_`` as well, the picture stands below its table.
    """

    __slots__ = ()

    def _repr_png_(self):
        from cevns.plotting import file_figure, png

        with contextlib.suppress(CevnsError):
            ax = self.plot(ax=file_figure().add_subplot())
            if ax.get_legend_handles_labels()[0]:
                ax.legend(fontsize="small", frameon=False)
            return png(ax.figure)
        return None

    def _repr_mimebundle_(self, include=None, exclude=None):
        content = self._repr_png_()
        if content is None:
            return {}
        encoded = base64.b64encode(content).decode("ascii")
        bundle = {"image/png": encoded}
        if hasattr(self, "_repr_html_"):
            bundle["text/html"] = f'{self._repr_html_()}<img src="data:image/png;base64,{encoded}">'
        return bundle
