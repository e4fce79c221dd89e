"""Texts of legends in lines that figures have room for."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["letters_beside", "lines_of", "shortened"]

#: Width of a letter of a text, on average, and of what stands beside it in a legend, in units of the font's size.
LETTER, BESIDE = 0.6, 5.0
#: What stands to the left of axes that fill their figure [points].
MARGIN = 50.0
#: Fewest letters in a line, however narrow a figure is.
FEWEST = 20
#: What stands for what an entry has in common with the one above it.
SAME = "the same"
#: A word with the blanks behind it; mathematics is not broken.
_WORD = r"(?:\\.|\$(?:\\.|[^$\\])*\$|[^\s$\\]|\$|\\)+\s*"


def letters_beside(ax: Axes, share: float = 1.0, *, whole: bool = False) -> int:
    """Return how many letters a line of a legend may have.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes of the legend.
    share : float
        Of their width that it may take.
    whole : bool
        Whether the width is that of the figure beside the axes' labels, not of the axes, which are narrower still.

    Examples
    --------
    >>> from cevns.plotting import file_axes
    >>> letters_beside(file_axes(figsize=(6.4, 4.8)), whole=True)
    73
    """
    from matplotlib.font_manager import FontProperties

    size = FontProperties(size="small").get_size_in_points()
    width = 72 * ax.figure.bbox.width / ax.figure.dpi
    width = width - MARGIN if whole else width * ax.get_position().width
    return max(int((share * width / size - BESIDE) / LETTER), FEWEST)


def shortened(texts: Sequence[str], width: int) -> list[str]:
    """Return the entries of a legend in lines that are short enough.

    A long one that begins as the one above it does, with the same model, data and settings, says only what differs.

    Parameters
    ----------
    texts : sequence of str
        Entries from the top.
    width : int
        Most letters in a line.

    Examples
    --------
    >>> shortened(["SM: Ar (profiled: x, y), 68%", "SM: Ar (profiled: x, y), 90%", "data"], 20)
    ['SM: Ar (profiled: x,\\ny), 68%', 'the same, 90%', 'data']
    """
    found, above = [], ""
    for text in texts:
        head = _head(above, text) if _length(text) > width else ""
        found.append(lines_of(f"{SAME}{text[len(head) :]}" if head else text, width))
        above = text
    return found


def lines_of(text: str, width: int) -> str:
    """Return a text in lines, broken behind commas and semicolons where that is enough, never in mathematics.

    Examples
    --------
    >>> print(lines_of(r"SM: Ar (profiled: $R_n(Cs)$, $R_n(I)$; prior a = 4 +- 1)", 24))
    SM: Ar (profiled:
    $R_n(Cs)$, $R_n(I)$;
    prior a = 4 +- 1)
    """
    return "\n".join("\n".join(_broken(line, width)) for line in text.split("\n"))


def _head(above: str, text: str) -> str:
    """Return what two entries begin with, up to a comma outside of brackets; nothing if that is little."""
    ends = [m.start() for m in re.finditer(", ", text)]
    heads = [text[:end] for end in ends if above == text[:end] or above.startswith(text[: end + 2])]
    heads = [head for head in heads if head.count("(") == head.count(")") and len(head) > len(SAME)]
    return heads[-1] if heads else ""


def _broken(line: str, width: int) -> list[str]:
    if _length(line) <= width:
        return [line]
    phrases: list[str] = []
    for word in re.findall(_WORD, line.strip()):
        if phrases and not re.search(r"[,;:]\s*$", phrases[-1]):
            phrases[-1] += word
        else:
            phrases.append(word)
    parts = [part for phrase in phrases for part in _fitting(phrase, width)]
    found = [""]
    for part in parts:
        if found[-1] and _length((found[-1] + part).rstrip()) > width:
            found.append("")
        found[-1] += part
    return [one.rstrip() for one in found]


def _fitting(phrase: str, width: int) -> list[str]:
    if _length(phrase) <= width:
        return [phrase]
    found, short = [], max(9 * width // 10, 1)
    for word in re.findall(_WORD, phrase):
        # a name without blanks breaks anywhere
        parts = range(0, len(word), short) if _length(word) > width and not re.search(r"[$\\]", word) else ()
        found += [word[i : i + short] for i in parts] or [word]
    return found


def _length(text: str) -> int:
    """Return how many letters a text shows: a command of mathematics is about one, but for changes of the font."""
    shown = re.sub(r"\\(?:math|text|oper)[a-z]*", "", text)
    return len(re.sub(r"[${}^_]", "", re.sub(r"\\(?:[A-Za-z]+|.)", "x", shown)))
