"""The schema of configuration files, of which editors complete keys and check values: made of what the readers take.

What keys mean comes from docstrings of what is built, and units from their names.
"""

from __future__ import annotations

import inspect
import math
import re
from typing import TYPE_CHECKING, Any

from cevns.config import readers as read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cevns.config.readers import Section
    from cevns.config.taking import Read

__all__ = ["Schemas", "unit_of"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: Units as keys have them.
_UNITS = {"gw": "GW", "kev": "keV", "kevee": "keVee", "mev": "MeV"} | {
    unit: unit for unit in ("cm2", "days", "fm", "g", "kg", "m", "mol", "s", "u", "us")
}
_UNIT = re.compile(rf"_((?:(?:per_)?(?:{'|'.join(sorted(_UNITS, key=len, reverse=True))})(?:_|$))+)$")
#: Names with a type, and below them, indented, what they mean.
_ENTRY = re.compile(r"^(\S[^:\n]*?)(?: ?: ([^\n]*))?\n((?:(?:[ ]+[^\n]*)?\n?)*)", re.MULTILINE)


def unit_of(key: str) -> str:
    """Return the unit that a key has at its end, empty if it has none.

    Examples
    --------
    >>> unit_of("distance_m"), unit_of("e_per_cm2_per_mev_per_s"), unit_of("sigma")
    ('m', '1/(cm2 MeV s)', '')
    """
    found = _UNIT.search(key)
    parts = re.split(r"_?per_", found[1]) if found else [""]
    above, below = ([_UNITS[word] for word in part.split("_") if word] for part in (parts[0], "_".join(parts[1:])))
    bracketed = f"({' '.join(below)})" if len(below) > 1 else " ".join(below)
    return f"{' '.join(above) or 1}/{bracketed}" if below else " ".join(above)


class Schemas:
    """Makes the schemas of tables and values; those that stand in many places are defined once.

    Attributes
    ----------
    definitions : dict of str to dict
        Those that have names, by name.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Any]] = {
            # as deep as there are axes
            "numbers": {"type": "array", "items": {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/numbers"}]}}
        }

    def whole(self, section: Section, title: str) -> dict[str, Any]:
        """Return the schema of a file."""
        found = self.table(section)
        return {"$schema": DIALECT, "title": title, **found, "$defs": dict(sorted(self.definitions.items()))}

    def value(self, reader: Read) -> dict[str, Any]:
        """Return the schema of what a reader takes."""
        name: str = getattr(reader, "name", "")
        taken: dict[str, Any] = reader.takes(self)  # type: ignore[attr-defined]
        if not name:
            return taken
        # the type stands beside it, so that it holds of the tables of a list, too
        kind = {"type": taken.pop("type")} if "type" in taken else {}
        self.definitions[name] = taken
        return {**kind, "$ref": f"#/$defs/{name}"}

    def one_or_more(self, reader: Read) -> dict[str, Any]:
        """Return the schema of a table, or of a list of such tables."""
        one = self.value(reader)
        # no alternatives, of which an editor could not say which one is meant and what is wrong with it
        whatever = {key: part for key, part in one.items() if key != "type"}
        return {"type": ["object", "array"], "items": one, "allOf": [whatever]}

    def one_of(self, kinds: Mapping[str, Section]) -> dict[str, Any]:
        """Return the schema of a table whose key ``kind`` chooses the section."""
        cases = [
            ({"properties": {"kind": {"const": kind}}}, self.table(section, kind)) for kind, section in kinds.items()
        ]
        return self.first(cases, {}) | {"required": ["kind"]}

    def first(self, cases: Sequence[tuple[dict[str, Any], dict[str, Any]]], rest: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of a table that is the first one whose condition it fulfils.

        Editors complete the keys that stand outside of conditions: those of all tables.

        Parameters
        ----------
        cases : sequence of (dict, dict)
            Conditions, and schemas of tables.
        rest : dict
            Schema of the table if it fulfils none.
        """
        tables = [*(table for _, table in cases), *([rest] if rest else [])]
        known: dict[str, dict[str, Any]] = {}
        for key in dict.fromkeys(key for table in tables for key in table["properties"]):
            known[key] = _any_of([table["properties"][key] for table in tables if key in table["properties"]])
        chosen = []
        for table in tables:
            own = {key: _same(part, known[key]) or part for key, part in table["properties"].items()}
            chosen.append({key: part for key, part in table.items() if key != "type"} | {"properties": own})
        found = chosen.pop() if rest else {}
        for (condition, _), table in reversed([*zip(cases, chosen, strict=True)]):
            found = {"if": condition, "then": table, **({"else": found} if found else {})}
        return {"type": "object", "properties": known, **found}

    def one_or_by_name(self, reader: Read) -> dict[str, Any]:
        """Return the schema of a table with a kind, or of several of them by name."""
        one = self.value(reader)
        by_name = {"type": "object", "not": {"required": ["kind"]}, "minProperties": 1, "additionalProperties": one}
        return {"anyOf": [one, by_name]}

    def table(
        self, section: Section, kind: str = "", *, usual: bool = False, others: Read | None = None
    ) -> dict[str, Any]:
        """Return the schema of a table.

        Parameters
        ----------
        section : Section
            What the table holds.
        kind : str
            What its key ``kind`` must be.
        usual : bool
            Whether that may be left out.
        others : callable, optional
            Reader of columns by names that the section does not know.
        """
        told = _told(section)
        keys = {key: self._key(section, key, told) for key in section.keys}
        columns = [] if others is None and not section.columns else section.columns
        required = [key for key in section.required if key not in columns]
        found: dict[str, Any] = {"type": "object", "properties": keys}
        if about := _first_sentence(section):
            found["description"] = about
        if kind:
            found["properties"] = {"kind": {"const": kind}} | keys
            required = required if usual else ["kind", *required]
        if required:
            found["required"] = required
        found["additionalProperties"] = False if others is None else self.value(others)
        if section.columns or others is not None:
            beside = {
                "file": {"description": "A table beside this file whose columns stand for lists.", "type": "string"},
                "columns": {
                    "description": "Columns of the file by key: their numbers, from 1, or titles.",
                    **self.value(read.choice),
                },
            }
            found["properties"] = found["properties"] | beside
            found["dependentRequired"] = {"columns": ["file"]}
            if lists := [key for key in section.required if key in columns]:
                found |= {"if": {"not": {"required": ["file"]}}, "then": {"required": lists}}
        return found

    def _key(self, section: Section, key: str, told: dict[str, tuple[str, str]]) -> dict[str, Any]:
        """Return the schema of a value, with what it means and what it is unless given."""
        parameter, reader = section.keys[key]
        kind, meaning = told.get(parameter, ("", ""))
        meaning, unit = section.means.get(key, meaning), unit_of(key)
        if not meaning and reader.__module__ != read.number.__module__:
            # of what is no plain value, what its reader says
            meaning = _plain(inspect.getdoc(reader) or "")
        said = meaning.replace("^", "").replace(" / ", "/")
        if unit and f"[{unit}]" not in said and f"[{unit.partition('/(')[2].partition(' ')[0]}-" not in said:
            meaning = f"{meaning} [{unit}]".strip()
        found: dict[str, Any] = {"description": meaning} if meaning else {}
        words = re.findall(r'"([^"]*)"', kind.partition("}")[0]) if kind.startswith("{") else []
        taken = {"enum": words} if words and reader is read.text else self.value(reader)
        found |= taken
        usual = _usual(section.build, parameter)
        return found if usual is None else found | {"default": usual}


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in schema.items() if key not in ("default", "description")}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether schemas differ in what they say alone."""
    return _bare(one) == _bare(other)


def _any_of(schemas: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of what one of some takes."""
    different = [one for i, one in enumerate(schemas) if not any(_same(one, other) for other in schemas[:i])]
    if all(one.keys() == {"const"} for one in different):
        return {"enum": [one["const"] for one in different]}
    return different[0] if len(different) == 1 else {"anyOf": different}


def _usual(build: Callable[..., Any], parameter: str) -> Any:
    """Return what a parameter is unless given, None if no file could say it."""
    known = inspect.signature(build).parameters.get(parameter)
    usual = None if known is None or known.default is known.empty else known.default
    return usual if isinstance(usual, (bool, int, str)) or (isinstance(usual, float) and math.isfinite(usual)) else None


def _first_sentence(section: Section) -> str:
    """Return what is said of a table: by what builds it, or by what tells of its parameters."""
    for source in (section.build, *section.told_by):
        if lines := (inspect.getdoc(source) or "").partition("\n\n")[0]:
            return _plain(lines)
    return ""


def _told(section: Section) -> dict[str, tuple[str, str]]:
    """Return the types and meanings of parameters, from the docstrings of what is built."""
    made = inspect.get_annotations(section.build).get("return")
    made = getattr(section.build, "__globals__", {}).get(made) if isinstance(made, str) else made
    found: dict[str, tuple[str, str]] = {}
    for source in (section.build, made if inspect.isclass(made) else None, *section.told_by):
        found = _parameters(inspect.getdoc(source) or "") | found if source else found
    return found


def _parameters(doc: str) -> dict[str, tuple[str, str]]:
    """Return the types and meanings of parameters that a numpydoc docstring describes."""
    listed = re.search(r"^Parameters\n-+\n(.*?)(?=^[A-Z][\w ]*\n-+$|\Z)", doc, re.MULTILINE | re.DOTALL)
    entries = _ENTRY.findall(listed[1]) if listed else ()
    return {name.strip("* "): (kind, _plain(text)) for names, kind, text in entries for name in names.split(",")}


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())
