"""Tables: plain numbers in named columns with units, and how notebooks show them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.arrays import ByValue
from cevns.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from cevns import _types

__all__ = ["Column", "Table", "chi2_text", "html", "without_rounding"]

#: Rows beyond which a table is cut: a notebook keeps what it shows.
MOST_ROWS = 60
#: And beyond which its text is.
SHORT = 20
#: chi2 below this is 0 but for the rounding of sums of many terms; nothing is learned from so little.
CHI2_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Column(ByValue):
    """One quantity.

    Attributes
    ----------
    name, unit : str
        What it is; the unit is empty for a pure number.
    values : sequence or ndarray
        Numbers, texts, or None where there is nothing.
    """

    name: str
    unit: str
    values: Sequence[Any] | np.ndarray

    @property
    def head(self) -> str:
        """Name and unit, as they stand above the column: ``"mass [MeV]"``."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True, eq=False, repr=False)
class Table(ByValue):
    """Columns of equal length; iterating over it gives the rows as tuples of plain numbers and texts.

    Parameters
    ----------
    columns : tuple of Column
        With different names.
    keys : int
        How many of the first columns say what a row is of.

    Examples
    --------
    >>> table = Table((Column("mass", "MeV", [1.0, 10.0]), Column("chi2", "", [7.5, 8.0])))
    >>> table
    <Table: 2 rows of mass [MeV], chi2>
    >>> list(table)
    [(1.0, 7.5), (10.0, 8.0)]
    >>> print(table)
    mass [MeV]  chi2
    1           7.5
    10          8
    >>> table["mass"]
    [1.0, 10.0]
    >>> dict(zip(table.names, next(iter(table))))
    {'mass': 1.0, 'chi2': 7.5}
    """

    columns: tuple[Column, ...]
    keys: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the columns, empty for pure numbers."""
        return tuple(column.unit for column in self.columns)

    @property
    def heads(self) -> tuple[str, ...]:
        """Names with units, as they stand above the columns."""
        return tuple(column.head for column in self.columns)

    @property
    def file_heads(self) -> tuple[str, ...]:
        """Names with units in one word, as they stand in files: ``mass_MeV``."""
        return tuple(f"{c.name}_{c.unit}".replace(" ", "_") if c.unit else c.name for c in self.columns)

    def __getitem__(self, name: str) -> Sequence[Any] | np.ndarray:
        """Return the values of a column by its name, or raise an `UnknownNameError` that lists those there are."""
        return self.columns[self.names.index(checks.known("column", name, self.names))].values

    def __len__(self) -> int:
        return len(self.columns[0].values) if self.columns else 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return zip(*(getattr(c.values, "tolist", lambda c=c: c.values)() for c in self.columns), strict=True)

    def __repr__(self) -> str:
        return f"<Table: {len(self)} row{'' if len(self) == 1 else 's'} of {', '.join(self.heads)}>"

    def __str__(self) -> str:
        rows = [[_text(cell) for cell in row] for row in itertools.islice(self, SHORT)]
        widths = [max(map(len, column)) for column in zip(self.heads, *rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (self.heads, *rows)]
        return "\n".join([*lines, *([f"... {len(self) - SHORT} more"] if len(self) > SHORT else [])])

    def _repr_html_(self) -> str:
        return html(self.heads, self)

    def save(self, path: _types.Path) -> None:
        """Write the rows to a CSV file, whole or not at all; the first line names columns and units.

        Raises
        ------
        InputError
            If `path` is no path or does not end in ``.csv``.
        DataError
            If the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "table.csv"
        >>> Table((Column("mass", "MeV", [1.0, 10.0]),)).save(path)
        >>> path.read_text().split()
        ['mass_MeV', '1.0', '10.0']
        """
        from cevns.files import checked_path, write_text

        path = checked_path(path)
        if path.suffix != ".csv":
            raise InputError(f"a table is written to a file that ends in .csv, got {checks.shown(path.name)}")
        write_text(path, self.csv())

    def csv(self) -> str:
        """Return the rows as comma-separated values below `file_heads`.

        Examples
        --------
        >>> Table((Column("mass", "MeV", [1.0, None]),)).csv().splitlines()
        ['mass_MeV', '1.0', '""']
        """
        import csv
        import io

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.file_heads)
        # None becomes an empty cell, and floats are written with all their digits
        writer.writerows(self)
        return text.getvalue()

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame, whose ``attrs["units"]`` are the units by column.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.

        Examples
        --------
        >>> found = Table((Column("mass", "MeV", [1.0, 10.0]), Column("chi2", "", [7.5, 8.0]))).to_pandas()
        >>> found.shape, found.attrs["units"]["mass"]
        ((2, 2), 'MeV')
        """
        pandas = checks.optional_module("pandas", "a DataFrame")
        made = pandas.DataFrame({column.name: column.values for column in self.columns})
        made.attrs["units"] = dict(zip(self.names, self.units, strict=True))
        return made


def chi2_text(chi2: float) -> str:
    """Return chi2 with six digits, 0 where it is that but for rounding.

    Examples
    --------
    >>> chi2_text(-5.9e-14), chi2_text(7.4381953)
    ('0', '7.4382')
    """
    return f"{0.0 if abs(chi2) < CHI2_ROUNDING else chi2:.6g}"


def without_rounding(table: Table) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a table as they are shown: chi2 that is 0 but for rounding is 0.

    Examples
    --------
    >>> list(without_rounding(Table((Column("mass", "MeV", [1e-12]), Column("chi2", "", [-5.9e-14])))))
    [(1e-12, 0.0)]
    """
    small = [name in ("chi2", "delta_chi2") for name in table.names]
    for row in table:
        yield tuple(0.0 if s and abs(cell) < CHI2_ROUNDING else cell for s, cell in zip(small, row, strict=True))


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
    title = f"<caption>{_escaped(caption)}</caption>" if caption else ""
    return f"<table>{title}{_row('th', head)}{''.join(shown)}</table>"


def _row(tag: str, cells: Iterable[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_escaped(_text(cell))}</{tag}>' for cell in cells)}</tr>"


def _escaped(text: str) -> str:
    # imported here, since few that import a result show it in a notebook
    from html import escape

    return escape(text)


def _text(cell: Any) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell if isinstance(cell, str) else f"{cell:.6g}"
