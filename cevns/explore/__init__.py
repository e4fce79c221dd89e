"""A live view of a likelihood in a browser: ``cevns explore``, or `show` in a notebook.

What is seen is computed in `numbers`, `regions` and `texts`, which know no page; `page` draws it with Bokeh, and
`serving` sends it to the browser of this machine alone.
"""

from typing import TYPE_CHECKING

from cevns.lazy import door

if TYPE_CHECKING:
    from cevns.explore.showing import Shown, show

__all__ = ["Shown", "show"]

__getattr__, __dir__ = door(__name__, {"Shown": "cevns.explore.showing", "show": "cevns.explore.showing"})
