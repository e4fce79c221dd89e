"""Lists of numbers that stand in a table beside the configuration file."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cevns.errors import DataError
from cevns.tables import Table, close_match, energy_unit, join_bins, order_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cevns.config.readers import Section

__all__ = ["Cells", "read_columns"]

#: Lists of low edges, which the lists of high edges must join.
_BINS = {"energy_low_mev": "energy_high_mev", "low": "high"}
#: What else two equal energies may be.
_REPEATED = {"energy_mev": ", take the line out and add a monochromatic flux, or write a jump as a histogram"}


@dataclass(frozen=True)
class Cells:
    """Numbers of a column, and where they stand: file, number of the column from 1, and line of each."""

    path: Path
    column: int
    lines: Sequence[int]
    values: Sequence[float]

    def place(self, index: int) -> str:
        """Return where one of them stands, for messages."""
        return f"{self.path}, line {self.lines[index]}, column {self.column}"


def read_columns(
    path: Path, wanted: Mapping[str, int | str], section: Section, histogram: bool | None
) -> dict[str, Cells]:
    """Return lists of numbers by key; edges may be one more than what lies between them."""
    table = Table.read(path)
    wanted = wanted or _titled_columns(table, path, section.columns)
    indices = {key: table.index(column) for key, column in wanted.items()}
    table.check_distinct(indices)
    for key, index in indices.items():
        unit, said = energy_unit(key), energy_unit(table.titles[index]) if table.titles else None
        if unit and said and "_per_" not in key and unit != said:
            raise DataError(
                f"{path}: column {index + 1} is chosen for {key}, but its title says {said}; convert it, or "
                "choose another"
            )
    columns = {key: table.values(index) for key, index in indices.items()}
    length = max(map(len, columns.values()))
    if not length:
        raise DataError(f"{path}: the chosen columns hold no numbers; choose others")
    edges = [key for key in ("edges", *(["energy_mev"] if histogram else [])) if len(columns.get(key, ())) == length]
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
    return {key: Cells(path, indices[key] + 1, table.lines, values.tolist()) for key, values in columns.items()}


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
