"""Small tables for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["html"]

#: Rows beyond which a table is cut: a notebook keeps what it shows.
MOST_ROWS = 60


def html(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """Return a table in HTML; everything in it is escaped.

    Parameters
    ----------
    head : sequence of str
        Titles of the columns.
    rows : iterable of sequences
        Cells: texts, or numbers, which get six digits.
    caption : str
        Above the table.

    Examples
    --------
    >>> html(("name", "value"), [("<a>", 1 / 3)])
    '<table><tr><th>name</th><th>value</th></tr><tr><td>&lt;a&gt;</td><td>0.333333</td></tr></table>'
    """
    rows = list(rows)
    shown = [_row("td", cells) for cells in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        shown.append(_row("td", (f"... {len(rows) - MOST_ROWS} more", *("" for _ in head[1:]))))
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}{_row('th', head)}{''.join(shown)}</table>"


def _row(tag, cells):
    return f"<tr>{''.join(f'<{tag}>{escape(_text(cell))}</{tag}>' for cell in cells)}</tr>"


def _text(cell):
    if cell is None:
        return "-"
    return cell if isinstance(cell, str) else f"{cell:.6g}"
