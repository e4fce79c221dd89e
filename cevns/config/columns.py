"""Numbers that stand in a file beside the configuration: columns of a table by name, or a whole array."""

from __future__ import annotations

import io
import math
import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cevns.errors import DataError, InputError
from cevns.files import read_bytes
from cevns.tables import LARGEST_TABLE, OBSERVABLE_KEYS, Table, close_match, contradiction, join_bins, order_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from cevns._types import Array
    from cevns.config.readers import Section

__all__ = ["Cells", "joined_edges", "read_array", "read_columns"]

#: Lists of low edges, which the lists of high edges must join.
_BINS = {"energy_low_mev": "energy_high_mev", "low": "high", "low_us": "high_us"}
#: Lists of edges, which may be one more than what lies between them.
_EDGES = ("edges", "edges_us")
#: What else two equal energies may be.
_REPEATED = {"energy_mev": ", take the line out and add a monochromatic flux, or write a jump as a histogram"}


@dataclass(frozen=True)
class Cells:
    """Numbers of a file, and where they stand.

    Attributes
    ----------
    path : path
        The file.
    values : sequence of float
        The numbers, row by row.
    shape : tuple of int
        Of the array that they are.
    columns : sequence of int
        Number of the column, from 1, of each number of a row; empty for an array of NumPy.
    lines : sequence of int
        Line of each row.
    """

    path: Path
    values: Sequence[float]
    shape: tuple[int, ...]
    columns: Sequence[int] = ()
    lines: Sequence[int] = ()

    def place(self, index: int) -> str:
        """Return where one of them stands, for messages."""
        if not self.columns:
            return f"{self.path}, element {[int(i) for i in np.unravel_index(index, self.shape)]}"
        row, column = divmod(index, len(self.columns))
        return f"{self.path}, line {self.lines[row]}, column {self.columns[column]}"


def read_columns(
    path: Path, wanted: Mapping[str, int | str], section: Section, histogram: bool | None, unit: str | None = None
) -> dict[str, Cells]:
    """Return lists of numbers by key; edges may be one more than what lies between them.

    `unit` is that of the axis of observables, where there is one.
    """
    table = Table.read(path)
    wanted = wanted or _titled_columns(table, path, section.columns)
    indices = {key: table.index(column) for key, column in wanted.items()}
    table.check_distinct(indices)
    for key, index in indices.items():
        said = contradiction(key, table.titles[index], unit) if table.titles else None
        if said:
            of = f" in {unit}" if unit and key in OBSERVABLE_KEYS else ""
            raise DataError(
                f"{path}: column {index + 1} is chosen for {key}{of}, but its title says {said}; convert it, correct "
                "the title, or choose another"
            )
    columns = {key: table.values(index) for key, index in indices.items()}
    length = max(map(len, columns.values()))
    if not length:
        raise DataError(f"{path}: the chosen columns hold no numbers; choose others")
    edges = [key for key in (*_EDGES, *(["energy_mev"] if histogram else [])) if len(columns.get(key, ())) == length]
    for key, index in indices.items():
        if key in edges or not edges or len(columns[key]) != length - 1:
            columns[key] = table.values(index, length)
    places = [f"{path}, line {line}" for line in table.lines]
    for key, values in columns.items():
        wrong = order_problem(values, _REPEATED.get(key, "")) if key in section.ascending else None
        if wrong:
            i, remedy = wrong
            raise DataError(f"{places[i]}: {key} {values[i]:g} follows {values[i - 1]:g}, but must ascend; {remedy}")
        if key in _BINS and _BINS[key] in columns:
            join_bins(values, columns[_BINS[key]], places)
    return {
        key: Cells(path, values.tolist(), values.shape, (indices[key] + 1,), table.lines)
        for key, values in columns.items()
    }


def _titled_columns(table: Table, path: Path, keys: Sequence[str]) -> dict[str, str]:
    """Return the titles of a table, all of which must be keys: one that is not may be a key misspelled."""
    if not table.titles:
        table.check_titles(keys)
        raise DataError(
            f"{path} has no line of titles, without # before it, with a title for each of its {table.width} columns: "
            f"give columns, for example {{{keys[0]} = 1}}"
        )
    numbers = {title: table.index(title) + 1 for title in table.titles if title in keys}
    for i, title in enumerate(table.titles, start=1):
        if title not in keys:
            close = close_match(title, [key for key in keys if key not in numbers])
            if close:
                hint = f"the title {title!r}. Did you mean {close!r}? Correct it, or choose with columns"
            elif numbers:
                line = ", ".join(f"{key} = {number}" for key, number in numbers.items())
                hint = f"the title {reprlib.repr(title)}, which is no key; to leave it out, add columns = {{{line}}}"
            else:
                # not shown: a configuration may name any file of its reader's
                hint = f"a title that is none of {', '.join(keys)}; correct it, or choose with columns"
            raise DataError(f"{path}: column {i} has {hint}")
    return {title: title for title in table.titles}


def joined_edges(name: str, edges: Any, low_name: str, low: Any, high_name: str, high: Any) -> Any:
    """Return the edges of bins, which are given, or follow from those of each bin."""
    if (edges is None) == (low is None) or (low is None) != (high is None):
        raise InputError(f"give either {name}, or {low_name} and {high_name} of each bin")
    return join_bins(low, high) if edges is None else edges


def read_array(path: Path) -> Cells:
    """Return the numbers of a whole file: an array of NumPy (``.npy``) of any shape, or the rows of a text.

    Raises
    ------
    DataError
        If the file cannot be read, or holds anything but finite numbers.
    """
    if path.suffix == ".npy":
        found = _numpy_array(path)
        return Cells(path, found.ravel().tolist(), found.shape)
    table = Table.read(path)
    rows: Array = table.select()
    shape = rows.shape[:1] if rows.shape[1] == 1 else rows.shape
    return Cells(path, rows.ravel().tolist(), shape, range(1, rows.shape[1] + 1), table.lines)


def _numpy_array(path: Path) -> Array:
    content = read_bytes(path, most=LARGEST_TABLE)
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, _, kind = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, _, kind = np.lib.format.read_array_header_2_0(stream)
        # before anything is allocated for what a header promises
        if kind.kind not in "fiu" or math.prod(shape) * kind.itemsize != len(content) - stream.tell():
            raise ValueError(f"it holds {len(content)} bytes of {kind} in the shape {shape}")
        stream.seek(0)
        found: Array = np.lib.format.read_array(stream, allow_pickle=False).astype(float)
    except (ValueError, TypeError, EOFError, OverflowError, SyntaxError, MemoryError, RecursionError) as error:
        raise DataError(f"{path} is no array of numbers: {error}; write it with the function save of NumPy") from error
    if not np.isfinite(found).all():
        bad = found[~np.isfinite(found)].flat[0]
        raise DataError(f"{path} holds {bad}: every number must be finite")
    return found
