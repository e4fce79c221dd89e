"""How results that share axes are told apart, without their colours too: line styles, tones of fillings and marks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from cevns.plotting.plane import LINE_STYLES, line_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Look", "look", "normal"]

#: The attribute of axes that holds the numbers of the line styles of results on them, and how many results there are.
_DRAWN = "_cevns_looks"
#: Marks of best fits, one result after another.
_MARKS = ("*", "P", "X", "D", "s", "p")


class Look(NamedTuple):
    """How one result is drawn.

    Parameters
    ----------
    color : color
        Of lines and marks.
    lines : list of dict
        Options of each of its lines.
    facecolor : color
        Of what is filled.
    marker : str
        Of a best fit.
    """

    color: Any
    lines: list[dict[str, Any]]
    facecolor: Any
    marker: str

    @property
    def mark(self) -> dict[str, Any]:
        """Options of a mark; none for the usual one, in whose place an arrow may stand."""
        return {} if self.marker == _MARKS[0] else {"marker": self.marker}


def normal(options: dict[str, Any]) -> dict[str, Any]:
    """Return options of a line by their full names, ``linestyle`` for ``ls``."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    found: dict[str, Any] = normalize_kwargs(options, Line2D)
    return found


def look(
    ax: Axes,
    *,
    color: Any = None,
    linestyle: Any = None,
    facecolor: Any = None,
    face: str = "0.85",
    count: int = 1,
    first: Any = "-",
) -> Look:
    """Return how the next result on axes is drawn, and remember it.

    The first one has lines as ever; others have the next styles and other tones, unless the caller chose a colour or a
    style.

    Parameters
    ----------
    ax : Axes
        Set up, before the result is drawn.
    color, linestyle, facecolor : optional
        What the caller chose; None where nothing.
    face : str
        Of the first filling, a grey.
    count : int
        Number of lines.
    first : str
        Style of the first line if no other result has it.
    """
    nothing: tuple[frozenset[int], int] = frozenset(), 0
    used, results = nothing if _cleared(ax) else getattr(ax, _DRAWN, nothing)
    number = LINE_STYLES.index(first)
    if linestyle is not None:
        numbers = [LINE_STYLES.index(linestyle)] if linestyle in LINE_STYLES else []
        lines = [{"linestyle": linestyle}] * count
    else:
        # a colour of its own tells it apart
        free = itertools.chain([number], itertools.count())
        taken = frozenset() if color is not None else used
        unused = dict.fromkeys(k for k in itertools.islice(free, count + len(taken) + 1) if k not in taken)
        numbers = list(itertools.islice(unused, count))
        lines = [line_style(k) for k in numbers]
    setattr(ax, _DRAWN, (used | {*numbers}, results + 1))
    return Look(
        "black" if color is None else color,
        lines,
        _tone(face, results) if facecolor is None else facecolor,
        _MARKS[0 if color is not None else results % len(_MARKS)],
    )


def _cleared(ax: Axes) -> bool:
    """Return whether nothing is drawn on axes, whatever they held before."""
    return not (ax.lines or ax.collections or ax.patches or ax.artists)


def _tone(face: str, results: int) -> Any:
    """Return a tone that shows what is filled below it, where that is another result's."""
    if not results:
        return face
    from matplotlib.colors import to_rgba

    # on white darker than the first, and than each other
    return to_rgba(str(max(0.0, 0.45 - 0.2 * results)), 0.3)
