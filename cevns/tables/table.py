"""Tables: the cells of a file, of which columns become numbers."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field

import numpy as np

from cevns import checks
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.files import read_bytes
from cevns.tables.cells import NUMBER, complaint_about, number_in
from cevns.tables.parsing import TITLES_HINT, decoded, parsed, plain_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from cevns import _types
    from cevns._types import Array, ArrayLike

__all__ = ["LARGEST_TABLE", "Table", "close_match", "join_bins", "order_problem", "read_histogram", "read_table"]

#: Bytes of the longest file that is read.
LARGEST_TABLE = 16 * 2**20


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a text file, before columns are chosen.

    Attributes
    ----------
    name : str
        The file, for messages.
    titles : tuple of str
        Of the columns; empty if they have none.
    width : int
        Number of columns.
    rows : list of list of str
        Cells, fewer than `width` where the others are empty.
    lines : list of int
        Line of each row in the file, from 1.
    segments : list of int
        Number of the segment to which each row belongs, from 0.
    decimal : {".", ","}
        Decimal sign.
    misfit : (int, tuple of str)
        Line and cells of the last line of titles if they are not as many as the rows have; 0 and none otherwise.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "efficiency.csv"
    >>> _ = path.write_text("energy [keV],efficiency\\n1,0.5\\n2,0.75\\n")
    >>> table = Table.read(path)
    >>> table.titles, table.select(["efficiency"]).ravel()
    (('energy [keV]', 'efficiency'), array([0.5 , 0.75]))
    """

    name: str
    titles: tuple[str, ...]
    width: int
    rows: list[list[str]] = field(repr=False)
    lines: list[int] = field(repr=False)
    segments: list[int] = field(repr=False)
    decimal: str = "."
    misfit: tuple[int, tuple[str, ...]] = (0, ())

    @classmethod
    def read(cls, path: _types.Path) -> Table:
        """Read the cells of a file.

        Raises
        ------
        DataError
            If it cannot be read, holds no rows of numbers, or a row does not fit the others.
        """
        return cls(str(path), **parsed(decoded(read_bytes(path, most=LARGEST_TABLE), path), str(path)))

    def select(self, columns: Sequence[int | str] | None = None, *, distinct: bool = False) -> Array:
        """Return columns as an array of shape (rows, columns); parameters and errors as in `read_table`.

        Rows at the end in which none of the chosen columns has a number are left out. `distinct` says that no column
        may be chosen twice.

        Raises
        ------
        InputError, UnknownNameError
            If there is no such column, or none or one twice is chosen where that is not allowed.
        DataError
            If they hold no numbers.
        """
        if columns is None:
            indices, length = [*range(self.width)], len(self.rows)
        else:
            indices = [self.index(column) for column in checks.sequence("columns", columns)]
            if not indices:
                raise InputError("columns is empty: give numbers from 1 or titles")
            if distinct:
                self.check_distinct(dict(enumerate(indices, start=1)))
            length = max(self._length(i) for i in indices)
            if not length:
                raise DataError(f"{self.name}: the chosen columns hold no numbers; choose others")
        out = np.empty((length, len(indices)))
        for j, index in enumerate(indices):
            out[:, j] = self.values(index, length)
        return out

    def index(self, column: Any) -> int:
        """Return the index from 0 of a column that is given by its number from 1 or its title.

        Raises
        ------
        InputError, UnknownNameError
            If there is no such column, or several.
        """
        name = f"column of {self.name}"
        if not isinstance(column, str):
            number = checks.whole(name, column, low=1)
            if number > self.width:
                raise InputError(f"{name} = {number} is not allowed: {self._columns}")
            return number - 1
        found = [i for i, title in enumerate(self.titles) if title == column.strip()]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = " and ".join(str(i + 1) for i in found)
            raise InputError(f"{name}: the title {column!r} stands over columns {numbers}; choose one by its number")
        self.check_titles([column.strip()])
        # a title that is not close is not shown, since a configuration may name any file of its reader's
        close = close_match(column, self.titles)
        hint = f"; did you mean {close!r}?" if close else f"; choose by number, from 1 to {self.width}"
        reason = "" if self.titles else f", since no line of titles with {self.width} cells stands above the rows"
        raise UnknownNameError(f"unknown {name} {column!r}{reason}{hint}")

    @property
    def _columns(self) -> str:
        """How many columns there are, and what seems to be between them where there is one."""
        if self.width > 1:
            return f"it must be from 1 to {self.width}"
        inside = {c for row in self.rows for cell in row for c in cell if c.isspace() or c in "|:\u200b"}
        if not inside:
            return "the table has one column"
        between = ", ".join(f"U+{ord(c):04X} ({unicodedata.name(c, 'no name')})" for c in sorted(inside))
        return f"the table has one column, since {between} separates none; write commas, tabs or blanks"

    def check_distinct(self, indices: Mapping[Any, int]) -> None:
        """Refuse one column for two quantities, which `indices` names.

        Raises
        ------
        InputError
            If there is one.
        """
        first: dict[int, Any] = {}
        for name, index in indices.items():
            if first.setdefault(index, name) != name:
                raise InputError(
                    f"column {index + 1} of {self.name} is chosen twice, for {first[index]} and for {name}: choose "
                    "another, or copy the column if both are meant"
                )

    def check_titles(self, names: Iterable[str]) -> None:
        """Refuse a line of titles that holds one of the `names`, but not one title for each column.

        Raises
        ------
        DataError
            If there is such a line.
        """
        line, cells = self.misfit
        found = next((name for name in names if name in cells), None)
        if found is not None:
            raise DataError(
                f"{self.name}, line {line}: {len(cells)} title{'' if len(cells) == 1 else 's'}, {found!r} among them, "
                f"over {self.width} columns; give each column one, separated like the rows, or choose by number"
            )

    def values(self, index: int, length: int | None = None) -> Array:
        """Return the first numbers of a column, counted from 0; up to its last one unless `length` is given.

        Raises
        ------
        DataError
            Naming the first line with a cell that is empty or not a finite number, and how many more there are.
        """
        length = self._length(index) if length is None else length
        values, bad = np.zeros(length), []
        for i, row in enumerate(self.rows[:length]):
            number = number_in(row[index], self.decimal) if index < len(row) else None
            if number is None:
                bad.append(i)
            else:
                values[i] = number
        if bad:
            row = self.rows[bad[0]]
            complaint = complaint_about(row[index] if index < len(row) else "", self.decimal)
            if bad[0] == 0 and not any(map(NUMBER.fullmatch, row)):
                complaint += TITLES_HINT
            more = f"; {len(bad) - 1} more below" if len(bad) > 1 else ""
            raise DataError(f"{self.name}, line {self.lines[bad[0]]}: column {index + 1} {complaint}{more}")
        return values

    def _length(self, index: int) -> int:
        """Return the number of rows up to the last one in which a column is not empty."""
        rows = self.rows
        return next((i + 1 for i in reversed(range(len(rows))) if index < len(rows[i]) and rows[i][index]), 0)


def close_match(name: str, names: Iterable[str]) -> str | None:
    """Return the entry of `names` that is nearest to `name`, None if none is near.

    Examples
    --------
    >>> close_match("efficient", ["energy", "efficiency"])
    'efficiency'
    """
    import difflib

    return next(iter(difflib.get_close_matches(name, names, n=1)), None)


def read_table(path: _types.Path, columns: Sequence[int | str] | None = None) -> Array:
    """Read columns of numbers from a text file.

    Parameters
    ----------
    path : str or path
        The file; the formats are those of this module.
    columns : sequence of int or str, optional
        Numbers of columns, from 1, or their titles. All columns unless given.

    Returns
    -------
    ndarray, shape (rows, columns)

    Raises
    ------
    DataError
        If the file cannot be read or a row is not understood: the message names file, line, column and remedy.
    InputError, UnknownNameError
        If there is no such column.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "quenching.csv"
    >>> _ = path.write_text("recoil [keV];f_Q;error\\n5;0,09;0,01\\n20;0,11;0,01\\n")
    >>> recoil, factor = read_table(path, columns=["recoil [keV]", 2]).T
    >>> recoil, factor
    (array([ 5., 20.]), array([0.09, 0.11]))
    """
    text = decoded(read_bytes(path, most=LARGEST_TABLE), path)
    # most tables are plain, and long ones would take their time
    found = plain_numbers(text) if columns is None else None
    return Table(str(path), **parsed(text, str(path))).select(columns) if found is None else found


def read_histogram(path: _types.Path, columns: Sequence[int | str] | None = None) -> tuple[Array, Array]:
    """Read a histogram: low edge, high edge and one or more values in each row.

    Parameters
    ----------
    path : str or path
        The file.
    columns : sequence of int or str, optional
        Columns of low edge, high edge and values, by number or title. The first is the low edge, the second the high
        edge, and all others are values unless given.

    Returns
    -------
    tuple of ndarray
        The n + 1 edges, then n values for each column of values.

    Raises
    ------
    DataError
        As `read_table`, and if bins are empty, overlap or leave gaps.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cevns.fluxes import tabulated
    >>> path = Path(tempfile.mkdtemp()) / "flux.txt"
    >>> _ = path.write_text("% MeV MeV cm^-2/MeV\\n 0 10 1e12\\n10 20 3e12\\n20 30 2e12\\n")
    >>> edges, density = read_histogram(path)
    >>> tabulated(edges, {"mu": density}, histogram=True).moment("mu", 0.0)
    60000000000000.0
    """
    table = Table.read(path)
    found = table.select(columns, distinct=True)
    if found.shape[1] < 3:
        raise InputError(
            f"a histogram needs three columns or more, low edge, high edge and values; {table.name} gives "
            f"{found.shape[1]}: choose them with columns"
        )
    low, high, *values = found.T
    return join_bins(low, high, [f"{table.name}, line {line}" for line in table.lines]), *values


def join_bins(low: ArrayLike, high: ArrayLike, places: Sequence[str] | None = None) -> Array:
    """Return the n + 1 edges of n bins that follow each other.

    Parameters
    ----------
    low, high : array_like, shape (n,)
        Edges of each bin.
    places : sequence of str, optional
        Where each bin comes from, for messages.

    Raises
    ------
    DataError
        If a bin is empty, or does not begin where the one before it ends.

    Examples
    --------
    >>> join_bins([0, 10], [10, 30])
    array([ 0., 10., 30.])
    """
    low, high = (checks.array(name, v, ndim=1) for name, v in (("low edges", low), ("high edges", high)))
    if low.size != high.size or low.size == 0:
        raise DataError(f"there are {low.size} low and {high.size} high edges: give one of each for every bin")
    places = [f"bin {i + 1}" for i in range(low.size)] if places is None else places
    for i in range(low.size):
        if not low[i] < high[i]:
            raise DataError(
                f"{places[i]}: the low edge {low[i]:g} is not below the high edge {high[i]:g}; correct or swap them"
            )
        if i and not math.isclose(low[i], high[i - 1], rel_tol=1e-12):
            what = "leaves a gap after" if low[i] > high[i - 1] else "overlaps"
            raise DataError(
                f"{places[i]}: the bin from {low[i]:g} to {high[i]:g} {what} the one before, from {low[i - 1]:g} to "
                f"{high[i - 1]:g}; give bins that follow each other, with 0 for one without content"
            )
    return np.append(low, high[-1])


def order_problem(values: Array, repeated: str = "") -> tuple[int, str] | None:
    """Return the index of the first value that does not exceed the one before, and what to do about it.

    Parameters
    ----------
    values : array_like, shape (n,)
        What should ascend strictly.
    repeated : str
        What else a repeated value may be, for the message.

    Returns
    -------
    tuple of (int, str) or None
        None if the values ascend.

    Examples
    --------
    >>> order_problem([1.0, 3.0, 2.0])
    (2, 'sort the rows')
    """
    steps = np.diff(values)
    if (steps > 0).all():
        return None
    i = int(np.argmin(steps > 0))
    if steps[i] == 0:
        return i + 1, f"drop the repeated row{repeated}"
    return i + 1, "reverse the rows" if (steps < 0).all() else "sort the rows"
