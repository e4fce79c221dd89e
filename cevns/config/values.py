"""Readers of values of a configuration file: texts, numbers, and lists and tables of them.

A reader takes (reader, value, where) and returns an argument of a constructor; it lists what is wrong and returns None.
What it takes stands beside it as a JSON schema, of which `cevns.config.schemas` makes that of the whole file.
"""

from __future__ import annotations

import math
import reprlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.config.columns import read_array
from cevns.config.taking import NESTED, Read, takes
from cevns.errors import CevnsError
from cevns.files import checked_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cevns.config.readers import Reader
    from cevns.config.schemas import Schemas

__all__ = [
    "Read",
    "Word",
    "among",
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

#: Largest number of axes that lists may have.
MOST_AXES = 8


def join(where: str, key: str) -> str:
    """Return the path to a key of a table."""
    return f"{where}.{key}" if where else key


def of_type(types: Any, what: str, **taken: Any) -> Read:
    """Return the reader of values of some types, which as a schema are `taken`."""

    @takes(taken)
    def read(reader: Reader, value: Any, where: str) -> Any:
        if isinstance(value, types) and (types is bool or not isinstance(value, bool)):
            return value
        reader.problem(where, f"must be {what}, got {reprlib.repr(value)}")
        return None

    return read


text = of_type(str, "a text", type="string")
flag = of_type(bool, "true or false", type="boolean")
mapping = of_type(dict, "a table", type="object")
sequence = of_type(list, "a list", type="array")


@takes({"type": "number"})
def number(reader: Reader, value: Any, where: str) -> Any:
    """A finite number."""
    # whole numbers of any length are valid TOML, and so are inf and nan
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return value
    reader.problem(where, f"must be a finite number, got {reprlib.repr(value)}")
    return None


# editors take inf for null, which no such file holds
@takes({"type": ["number", "null"]})
def number_or_inf(reader: Reader, value: Any, where: str) -> Any:
    """A number, or inf for an uncertainty without an end."""
    return value if isinstance(value, float) and value == math.inf else number(reader, value, where)


@takes({"type": "integer"})
def whole(reader: Reader, value: Any, where: str) -> Any:
    """A whole number."""
    if isinstance(value, int):
        return number(reader, value, where)
    reader.problem(where, f"must be a whole number, got {reprlib.repr(value)}")
    return None


def each(read: Read) -> Read:
    """Return the reader of lists whose entries `read` takes."""

    @takes(lambda of: {"type": "array", "items": of.value(read)})
    def read_list(reader: Reader, value: Any, where: str) -> Any:
        entries = sequence(reader, value, where)
        return None if entries is None else [read(reader, e, f"{where}[{i}]") for i, e in enumerate(entries, start=1)]

    return read_list


def one_or_more(read: Read) -> Read:
    """Return the reader of lists of tables that takes a single one for a list of one."""
    several = each(read)

    @takes(lambda of: of.one_or_more(read))
    def read_all(reader: Reader, value: Any, where: str) -> Any:
        return (several if isinstance(value, list) else single)(reader, value, where)

    def single(reader: Reader, value: Any, where: str) -> Any:
        return [read(reader, value, where)]

    return read_all


def by_name(read: Read) -> Read:
    """Return the reader of tables whose values `read` takes, whatever their keys."""

    @takes(lambda of: {"type": "object", "additionalProperties": of.value(read)})
    def read_table_of(reader: Reader, value: Any, where: str) -> Any:
        entries = mapping(reader, value, where)
        return None if entries is None else {key: read(reader, e, join(where, key)) for key, e in entries.items()}

    return read_table_of


@takes(lambda of: {"anyOf": [of.value(flag), of.value(by_name(flag))]})
def flag_by_name(reader: Reader, value: Any, where: str) -> Any:
    """True or false, or a table of them."""
    return (by_name(flag) if isinstance(value, dict) else flag)(reader, value, where)


def among(names: Callable[[], Iterable[str]]) -> Read:
    """Return the reader of a text that a constructor refuses unless it is one of these."""
    return takes(lambda of: {"enum": [*names()]})(text)


def text_or(read: Read, name: str = "", *, names: Callable[[], Iterable[str]] | None = None) -> Read:
    """Return the reader of a name, one of `names` if these are all, or of the table that `read` takes."""

    @takes(lambda of: {"anyOf": [of.value(among(names) if names else text), of.value(read)]}, name)
    def read_either(reader: Reader, value: Any, where: str) -> Any:
        return value if isinstance(value, str) else read(reader, value, where)

    return read_either


def named(choices: Mapping[str, Any], what: str) -> Read:
    """Return the reader of names that stand for objects."""

    @takes({"enum": [*choices]})
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


@takes({"type": "string"})
def file(reader: Reader, value: Any, where: str) -> Any:
    """A file beside the configuration."""
    name = text(reader, value, where)
    try:
        return None if name is None else reader.folder / checked_path(name, "file")
    except CevnsError as error:
        return reader.problem(where, error)


@takes({"anyOf": [{"type": "string"}, NESTED]})
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

    def takes(self, of: Schemas) -> dict[str, Any]:
        """Return what it takes."""
        return {"anyOf": [{"const": self.word}, {"type": "string", "pattern": "[.]"}, NESTED]}

    def __call__(self, reader: Reader, value: Any, where: str) -> Any:
        """Return the word or an array."""
        if isinstance(value, str) and "." not in value:
            # what has no dot is hardly a file
            if value == self.word:
                return value
            return reader.problem(where, f"must be {self.word!r}, numbers or a file, got {checks.shown(value)}")
        return array(reader, value, where)
