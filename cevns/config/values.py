"""Readers of values of a configuration file: texts, numbers, and lists and tables of them.

A reader takes (reader, value, where) and returns an argument of a constructor; it lists what is wrong and returns None.
"""

from __future__ import annotations

import math
import reprlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.config.columns import read_array
from cevns.errors import CevnsError
from cevns.files import checked_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns.config.readers import Reader

__all__ = [
    "Read",
    "Word",
    "array",
    "ascending",
    "by_name",
    "couplings",
    "each",
    "file",
    "flag",
    "flag_by_name",
    "join",
    "mapping",
    "named",
    "number",
    "number_or_inf",
    "numbers",
    "of_type",
    "one_or_more",
    "sequence",
    "text",
    "text_or",
    "texts",
    "whole",
]

#: A reader of values: takes the `Reader` of the file, a value, and the path to its key.
Read = Callable[["Reader", Any, str], Any]
#: Largest number of axes that lists may have.
MOST_AXES = 8


def join(where: str, key: str) -> str:
    """Return the path to a key of a table."""
    return f"{where}.{key}" if where else key


def of_type(types: Any, what: str) -> Read:
    """Return the reader of values of some types."""

    def read(reader: Reader, value: Any, where: str) -> Any:
        if isinstance(value, types) and (types is bool or not isinstance(value, bool)):
            return value
        reader.problem(where, f"must be {what}, got {reprlib.repr(value)}")
        return None

    return read


text = of_type(str, "a text")
flag = of_type(bool, "true or false")
mapping = of_type(dict, "a table")
sequence = of_type(list, "a list")


def number(reader: Reader, value: Any, where: str) -> Any:
    """A finite number."""
    # whole numbers of any length are valid TOML, and so are inf and nan
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return value
    reader.problem(where, f"must be a finite number, got {reprlib.repr(value)}")
    return None


def number_or_inf(reader: Reader, value: Any, where: str) -> Any:
    """A number, or inf for an uncertainty without an end."""
    return value if isinstance(value, float) and value == math.inf else number(reader, value, where)


def whole(reader: Reader, value: Any, where: str) -> Any:
    """A whole number."""
    if isinstance(value, int):
        return number(reader, value, where)
    reader.problem(where, f"must be a whole number, got {reprlib.repr(value)}")
    return None


def each(read: Read) -> Read:
    """Return the reader of lists whose entries `read` takes."""

    def read_list(reader: Reader, value: Any, where: str) -> Any:
        entries = sequence(reader, value, where)
        return None if entries is None else [read(reader, e, f"{where}[{i}]") for i, e in enumerate(entries, start=1)]

    return read_list


def one_or_more(read: Read) -> Read:
    """Return the reader of lists that takes a single entry for a list of one."""
    return lambda reader, value, where: (
        each(read)(reader, value, where) if isinstance(value, list) else [read(reader, value, where)]
    )


def by_name(read: Read) -> Read:
    """Return the reader of tables whose values `read` takes, whatever their keys."""

    def read_table_of(reader: Reader, value: Any, where: str) -> Any:
        entries = mapping(reader, value, where)
        return None if entries is None else {key: read(reader, e, join(where, key)) for key, e in entries.items()}

    return read_table_of


def flag_by_name(reader: Reader, value: Any, where: str) -> Any:
    """True or false, or a table of them."""
    return (by_name(flag) if isinstance(value, dict) else flag)(reader, value, where)


def text_or(read: Read) -> Read:
    """Return the reader of a name, or of the table that `read` takes."""
    return lambda reader, value, where: value if isinstance(value, str) else read(reader, value, where)


def named(choices: Mapping[str, Any], what: str) -> Read:
    """Return the reader of names that stand for objects."""

    def read(reader: Reader, value: Any, where: str) -> Any:
        try:
            return choices[checks.known(what, value, choices)]
        except CevnsError as error:
            reader.problem(where, error)
            return None

    return read


numbers = each(number)
ascending = each(number)
texts = each(text)
couplings = by_name(number)


def file(reader: Reader, value: Any, where: str) -> Any:
    """A file beside the configuration."""
    name = text(reader, value, where)
    try:
        return None if name is None else reader.folder / checked_path(name, "file")
    except CevnsError as error:
        return reader.problem(where, error)


def array(reader: Reader, value: Any, where: str) -> Any:
    """Numbers in lists, as deep as there are axes, or in a file; nan stands for one that is wrong, which is listed."""
    if isinstance(value, str):
        path = file(reader, value, where)
        try:
            cells = None if path is None else read_array(path)
        except CevnsError as error:
            return reader.problem(where, error)
        if cells is None:
            return None
        reader.cells[where] = cells
        return np.array(cells.values).reshape(cells.shape)
    if sequence(reader, value, where) is None:
        return None
    shape = _shape(value)
    if len(shape) > MOST_AXES:
        return reader.problem(where, f"has {len(shape)} lists within each other, at most {MOST_AXES} can be")
    found: list[float] = []
    _flatten(reader, value, where, shape, found)
    return np.array(found).reshape(shape) if len(found) == math.prod(shape) else None


def _shape(value: Any) -> tuple[int, ...]:
    """Return the lengths of lists within lists, by the first of each."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def _flatten(reader: Reader, value: Any, where: str, shape: tuple[int, ...], found: list[float]) -> None:
    """Gather the numbers of lists, all of which have one length at each depth."""
    if not shape:
        checked = number(reader, value, where)
        found.append(math.nan if checked is None else float(checked))
    elif not isinstance(value, list) or len(value) != shape[0]:
        got = f"one of {len(value)}" if isinstance(value, list) else reprlib.repr(value)
        reader.problem(where, f"must be a list of {shape[0]} as the first one beside it, got {got}")
    else:
        for i, entry in enumerate(value, start=1):
            _flatten(reader, entry, f"{where}[{i}]", shape[1:], found)


@dataclass(frozen=True)
class Word:
    """The reader of numbers as `array` takes them, or of one word in their place."""

    word: str

    def __call__(self, reader: Reader, value: Any, where: str) -> Any:
        """Return the word or an array."""
        if isinstance(value, str) and "." not in value:
            # what has no dot is hardly a file
            if value == self.word:
                return value
            return reader.problem(where, f"must be {self.word!r}, numbers or a file, got {checks.shown(value)}")
        return array(reader, value, where)
