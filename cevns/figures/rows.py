"""The rows of a summary: a paper's numbers and statements beside ours, with the criterion that decides."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from typing import Any

__all__ = ["INDEPENDENT", "PublishedRow", "Row", "compared", "format_table", "near", "rows_of"]

#: Source of numbers that no part of the package but the data files has made.
INDEPENDENT = "independent calculation from the same data files"


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes
    ----------
    quantity : str
        What is compared, with its unit.
    expected : float or str
        The number or the statement.
    computed : float or list of float
        Our number, or the lower and upper end of its range.
    criterion : str
        What decides, in short.
    met : bool
        Whether `computed` and `values` meet the criterion.
    source : str
        Of the expected value.
    note : str
        What exactly is tested, and what the paper says.
    values : dict of str to float
        Further numbers that enter the criterion or help to judge it.
    """

    quantity: str
    expected: object
    computed: object
    criterion: str
    met: bool
    source: str
    note: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON, which has no infinity: such numbers become None."""
        return {name: _finite(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class PublishedRow(Row):
    """A comparison with what an independent calculation expects, beside a published value and its standing.

    Attributes
    ----------
    published : float or list of float, optional
        The published value, or the lower and upper end of its range; None where none is at hand.
    standing : str
        How the published value is known: ``"checked"`` against the text, from its ``"abstract"``, ``"second hand"``
        from what others wrote, ``"from memory"`` of those who wrote the reference down, or ``"not at hand"``.
    """

    published: object = None
    standing: str = "not at hand"


def compared(
    quantity: str,
    expected: Any,
    computed: Any,
    within: float,
    *,
    published: Any = None,
    standing: str = "not at hand",
    apart: float | None = None,
    paper: str = "",
    note: str = "",
    source: str = INDEPENDENT,
    errors: dict[str, Any] | None = None,
) -> PublishedRow:
    """Return a row that is met if ours is near the expected value and, where `apart` is given, the published one."""
    met, criterion = near(expected, computed, within), f"within {within:g}"
    if apart is not None:
        met, criterion = met and near(published, computed, apart), f"{criterion}, published within {apart:g}"
    source += f"; published: {paper}" if paper else ""
    return PublishedRow(quantity, expected, computed, criterion, met, source, note, errors or {}, published, standing)


def near(expected: Any, computed: Any, within: float) -> bool:
    """Return whether all numbers are as many as expected, and within a distance of these."""
    return np.shape(expected) == np.shape(computed) and bool((abs(np.subtract(computed, expected)) <= within).all())


def rows_of(analysis: Any, makers: Iterable[tuple[Any, Iterable[str]]], figures: Container[str] | None) -> list[Any]:
    """Return the rows that makers make of an analysis, all or those of some figures.

    Parameters
    ----------
    analysis : object
        What the makers take.
    makers : sequence of (callable, sequence of str)
        With the figures that show what their rows compare.
    figures : collection of str, optional
        Names of figures.
    """
    some = [maker for maker, shown in makers if figures is None or any(name in figures for name in shown)]
    return [row for maker in some for row in maker(analysis)]


def format_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows, as `reproduce` gives them, as a table for a terminal, with numbered notes below.

    A star marks what an independent calculation expects; the source of all else is named below the table.

    Parameters
    ----------
    rows : sequence of dict
        With the fields of `Row`.
    """
    beside = any("published" in row for row in rows)
    head = "quantity", "expected", "computed", *(["published"] if beside else []), "met", "criterion"
    cells, notes, others, starred = [head], [], [], False
    for row in rows:
        source = row.get("source", "")
        independent = source.startswith(INDEPENDENT)
        starred |= independent
        others += [] if independent or source.partition(",")[0] in others else [source.partition(",")[0]]
        numbers = _text(row["expected"]) + (" *" if independent else ""), _text(row["computed"])
        published = [_published(row)] if beside else []
        criterion = row["criterion"]
        if row["note"]:
            notes += [] if row["note"] in notes else [row["note"]]
            criterion += f" ({notes.index(row['note']) + 1})"
        cells.append((row["quantity"], *numbers, *published, "yes" if row["met"] else "NO", criterion))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    table = "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
    without = f"; without a star: {', '.join(others)}" if others else ""
    listed = [f"* {INDEPENDENT}{without}"] if starred else []
    listed += [f"({i}) {note}" for i, note in enumerate(notes, start=1)]
    return "\n\n".join([table, "\n".join(listed)]) if listed else table


def _published(row: Mapping[str, Any]) -> str:
    value = row.get("published")
    return "-" if value is None else f"{_text(value)} ({row['standing']})"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        if value and isinstance(value[0], (list, tuple)):
            return " or ".join(map(_text, value))
        return " to ".join(f"{v:.3g}" for v in value)
    return f"{value:.4g}"
