"""How a configuration file is read: sections with their keys, and readers of tables; those of values are `values`."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.config.columns import Cells, read_columns
from cevns.config.taking import takes
from cevns.config.values import (
    Read,
    Word,
    among,
    array,
    ascending,
    by_name,
    couplings,
    each,
    file,
    flag,
    flag_by_name,
    join,
    mapping,
    named,
    number,
    number_or_inf,
    numbers,
    of_type,
    one_or_more,
    sequence,
    text,
    text_or,
    texts,
    whole,
)
from cevns.constants import FLAVOURS
from cevns.errors import CevnsError
from cevns.files import checked_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

__all__ = [
    "Reader",
    "Section",
    "Word",
    "a",
    "among",
    "array",
    "ascending",
    "by_name",
    "choice",
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
    "one_of",
    "one_or_more",
    "sequence",
    "takes",
    "text",
    "text_or",
    "texts",
    "whole",
]


@dataclass(frozen=True)
class Section:
    """A table of the file: what it builds, and for each key the parameter and the reader of its value.

    A key is required if its parameter has no default.

    Attributes
    ----------
    example : mapping
        Right values of required parameters, which stand in for those that cannot be read or are wrong.
    needs : mapping of str to set of str
        For parameters on whose complaints others have a say, these; columns have it on each other in any case.
    told_by : tuple of callable
        What tells in docstrings of parameters of which that of `build` says nothing, the first one before others.
    means : mapping of str to str
        What keys mean of which no docstring tells.
    """

    build: Callable[..., Any]
    keys: Mapping[str, tuple[str, Read]]
    example: Mapping[str, Any] = field(default_factory=dict)
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    told_by: tuple[Callable[..., Any], ...] = ()
    means: Mapping[str, str] = field(default_factory=dict)

    def unsure(self, bad: Collection[str]) -> set[str]:
        """Return the parameters whose complaints mean nothing while some are bad."""
        columns = {self.keys[key][0] for key in self.columns}
        found = {name for name, others in self.needs.items() if others & set(bad)}
        return found | (columns if columns & set(bad) else set())

    def stand_in(self, name: str, value: Any) -> Any:
        """Return a right value for one that is wrong, None if none is known: of columns one of the same length."""
        columns = [self.keys[key][0] for key in self.columns]
        if name in columns and len(columns) > 1 and isinstance(value, list):
            ascend = name in {self.keys[key][0] for key in self.ascending}
            return [float(i + 1) if ascend else 0.5 for i in range(len(value))]
        if name in self.example:
            return self.example[name]
        if name in self.required_parameters and isinstance(value, (int, float)):
            return 1 if isinstance(value, int) else 0.5
        return None

    @property
    def required_parameters(self) -> set[str]:
        return {name for name, p in inspect.signature(self.build).parameters.items() if _has_no_default(p)}

    @property
    def required(self) -> list[str]:
        parameters = self.required_parameters
        return [key for key, (name, _) in self.keys.items() if name in parameters]

    @property
    def ascending(self) -> list[str]:
        return [key for key, (_, read) in self.keys.items() if read is ascending]

    @property
    def columns(self) -> list[str]:
        return [
            key for key, (_, read) in self.keys.items() if read in (numbers, ascending, array) or isinstance(read, Word)
        ]


def _has_no_default(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD


#: Stands for a list whose file could not be read, which is neither missing nor wrong.
_UNREAD = object()


class Reader:
    """Reads one file and collects its problems; a method that met one returns None."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.problems: list[str] = []
        self.nuclei: dict[str, Any] = {}
        self.models: dict[str, Any] = {}
        # what was read of each table, by its path, whether or not something could be built of it
        self.parts: dict[str, dict[str, Any]] = {}
        # what came of files, by the path to the key that it stands for
        self.cells: dict[str, Cells] = {}
        # of the observables of each response, by its path
        self.units: dict[str, str] = {}

    def problem(self, where: str, message: object, place: str | None = None) -> Any:
        """Note what is wrong, and where in a file it stands; return None, which stands for the value."""
        if place is None:
            place = self.place(where, message, getattr(message, "at", None))
        listed = ": ".join(str(part) for part in (where, place, message) if part)
        if listed not in self.problems:
            self.problems.append(listed)

    def place(self, where: str, message: object, at: tuple[int, float] | None) -> str:
        """Return the place in a file of the value that a constructor of this table, or of a part of it, refused.

        Parameters
        ----------
        where : str
            Path to the table, or to a value of it.
        message : object
            What was said, which begins with the name of the argument.
        at : (int, float), optional
            Place of the value in the argument, and the value.
        """
        if at is None:
            return ""
        index, value = at
        for key, cells in self.cells.items():
            name = key.rpartition(".")[2]
            # a key may have the unit behind the name of its parameter
            own = _subject(str(message), {name: None, name.partition("_")[0]: None})
            inside = key == where or (own and key.startswith((f"{where}.", f"{where}[")))
            if inside and index < len(cells.values) and cells.values[index] == value:
                return cells.place(index)
        return ""

    def section(self, section: Section, table: dict[str, Any], where: str, **fixed: Any) -> Any:
        """Return what a table builds, with arguments that the table does not hold as keys."""
        before = len(self.problems)
        arguments, bad = self._read(section, table, where, **fixed)
        return self.build(section, arguments, where, bad=None if len(self.problems) == before and not bad else bad)

    def arguments(self, section: Section, table: dict[str, Any], where: str, **fixed: Any) -> dict[str, Any] | None:
        """Return the arguments that a table holds, None if there is a problem."""
        before = len(self.problems)
        arguments, bad = self._read(section, table, where, **fixed)
        return None if len(self.problems) > before or bad else arguments

    def _read(
        self, section: Section, table: dict[str, Any], where: str, **fixed: Any
    ) -> tuple[dict[str, Any], set[str]]:
        """Return the arguments of a table that could be read, and the names of the others."""
        table = self.with_columns(section, table, where)
        allowed = [*section.keys, "file", "columns"] if section.columns else list(section.keys)
        bad = set()
        for key in table:
            if key not in allowed:
                close = difflib.get_close_matches(key, [] if _names_a_flavour(key) else allowed, n=1, cutoff=0.5)
                hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(allowed)}"
                if _names_a_flavour(key):
                    hint += f"; {checks.ALIKE}"
                self.problem(join(where, key), f"unknown key; {hint}")
                bad |= {section.keys[name][0] for name in close if name in section.keys and name not in table}
        for key in section.required:
            if key not in table:
                self.problem(join(where, key), "missing")
                bad.add(section.keys[key][0])
        self.parts[where] = fixed
        for key, (name, read) in section.keys.items():
            if key in table and table[key] is not _UNREAD:
                fixed[name] = read(self, table[key], join(where, key))
            elif key in table:
                bad.add(name)
        # a part may be missing for a problem that is listed elsewhere, as a nucleus
        bad |= {name for name, value in fixed.items() if _is_unread(value)}
        return {name: value for name, value in fixed.items() if name not in bad}, bad

    def build(
        self, section: Section, arguments: dict[str, Any], where: str, *, bad: Collection[str] | None = None
    ) -> Any:
        """Return what the constructor makes; list what it refuses, and what it would refuse once that is mended.

        Parameters
        ----------
        section : Section
            What is made.
        arguments : dict
            Arguments that could be read.
        where : str
            Path to the table.
        bad : collection of str, optional
            Names of the others, if anything is wrong with the table: then nothing is made.
        """
        rest, stand_ins, refused = dict(arguments), dict[str, Any](), bad is not None
        bad = set(bad or ())
        for name in section.required_parameters - rest.keys():
            if section.example.get(name) is None:
                return None
            stand_ins[name] = section.example[name]
        while True:
            try:
                made = section.build(**rest, **stand_ins)
            except CevnsError as error:
                complaint = error
            else:
                return None if refused else made
            if _begins_with(str(complaint), stand_ins):
                return None
            wrong = _subject(str(complaint), rest)
            # of a number in a list that is out of its range no other value has a say
            sure = wrong is not None and (wrong not in section.unsure(bad) or getattr(complaint, "at", None))
            # it may be about a stand-in
            if not refused or sure:
                self.problem(where, complaint)
            refused = True
            if wrong is None:
                return None
            bad.add(wrong)
            found = section.stand_in(wrong, rest.pop(wrong))
            if found is not None:
                stand_ins[wrong] = found
            elif wrong in section.required_parameters:
                return None

    def unit_at(self, where: str, table: Mapping[str, Any]) -> str | None:
        """Return the unit of observables in a table: its own, or that of the response to which it belongs."""
        own = table.get("unit")
        if isinstance(own, str):
            return own
        return next((unit for at, unit in self.units.items() if where == at or where.startswith(f"{at}.")), None)

    def with_columns(self, section: Section, table: dict[str, Any], where: str) -> dict[str, Any]:
        """Return a table with the columns of its file in the place of the keys that they stand for."""
        if not section.columns or "file" not in table:
            if section.columns and "columns" in table:
                self.problem(join(where, "columns"), "needs file")
            return table
        before = len(self.problems)
        wanted = choice(self, table.get("columns", {}), join(where, "columns"))
        name = text(self, table["file"], join(where, "file"))
        for key in wanted or ():
            if key not in section.columns:
                hint = difflib.get_close_matches(key, section.columns, n=1, cutoff=0.5)
                advice = f"Did you mean {hint[0]!r}?" if hint else f"known: {', '.join(section.columns)}"
                self.problem(join(where, "columns"), f"unknown column {key!r}. {advice}")
        rest = {key: value for key, value in table.items() if key not in ("file", "columns")}
        found: dict[str, Any] = {}
        if name is not None and wanted is not None:
            # one that is no column is listed already
            wanted = {key: column for key, column in wanted.items() if key in section.columns and column is not None}
            try:
                # what is wrong with the choice does not hide what is wrong with the file
                if wanted or "columns" not in table:
                    cells = read_columns(
                        self.folder / checked_path(name, "file"),
                        wanted,
                        section,
                        rest.get("histogram"),
                        self.unit_at(where, rest),
                    )
                    found = {key: part.values for key, part in cells.items()}
                    self.cells |= {join(where, key): part for key, part in cells.items()}
            except CevnsError as error:
                self.problem(join(where, "file"), error)
        for key in found.keys() & rest.keys():
            self.problem(join(where, key), f"given twice, here and in {name}")
        if len(self.problems) > before:
            # the keys are not missing, their file is
            found = dict.fromkeys(section.columns, _UNREAD)
        return found | rest


def _is_unread(value: Any) -> bool:
    """Return whether a value, or an entry of a list or table, could not be read."""
    if isinstance(value, (list, dict)):
        return any(_is_unread(entry) for entry in (value.values() if isinstance(value, dict) else value))
    return value is None


def _subject(message: str, arguments: Mapping[str, Any]) -> str | None:
    """Return the argument with which a constructor's complaint begins, or else a text of which it shows, or None."""
    if found := _begins_with(message, arguments):
        return found
    for name, value in arguments.items():
        given = value if isinstance(value, (dict, list)) else [value]
        if any(isinstance(one, str) and one and repr(one) in message for one in given):
            return name
    return None


def _begins_with(message: str, names: Iterable[str]) -> str | None:
    """Return the argument with whose name a complaint begins."""
    return next((name for name in names if re.match(rf"{re.escape(name.removesuffix('s'))}s?\b", message)), None)


def _names_a_flavour(key: str) -> bool:
    # the closest key would be that of another flavour, and so other physics
    return "_per_cm2_per_mev" in key and key.partition("_")[0] not in FLAVOURS


def a(section: Section, name: str = "") -> Read:
    """Return the reader of tables that `section` describes."""

    @takes(lambda of: of.table(section), name)
    def read(reader: Reader, value: Any, where: str) -> Any:
        table = mapping(reader, value, where)
        return None if table is None else reader.section(section, table, where)

    return read


def one_of(kinds: Mapping[str, Section], name: str = "") -> Read:
    """Return the reader of tables whose key ``kind`` chooses the section."""

    @takes(lambda of: of.one_of(kinds), name)
    def read(reader: Reader, value: Any, where: str) -> Any:
        table = mapping(reader, value, where)
        if table is None:
            return None
        if "kind" not in table:
            reader.problem(join(where, "kind"), f"missing; give one of {', '.join(kinds)}")
            return None
        try:
            section = kinds[checks.known("kind", table["kind"], kinds)]
        except CevnsError as error:
            reader.problem(join(where, "kind"), error)
            return None
        return reader.section(section, {key: value for key, value in table.items() if key != "kind"}, where)

    return read


#: The reader of what chooses columns of a file.
choice = by_name(of_type((int, str), "a number or a title of a column", type=["integer", "string"]))
