"""The sections of a configuration file that describe models: names, or kinds with their charges."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.config import readers as read
from cevns.config.readers import Reader, Section, join
from cevns.errors import CevnsError, InputError
from cevns.interactions import (
    SCALAR_CHARGE,
    WEAK_COUPLINGS,
    Interaction,
    NonStandardInteractions,
    PseudoscalarMediator,
    ScalarMediator,
    TensorMediator,
    Upscattering,
    VectorMediator,
    contact,
    get_interaction,
    known_interactions,
)
from cevns.interactions import mediated as _mediated
from cevns.interactions.upscattering import EXCHANGES

if TYPE_CHECKING:
    from cevns.config.schemas import Schemas

__all__ = ["model", "models"]


def _taken(of: Schemas) -> dict[str, Any]:
    """Return what a model is: one by name, a kind, or a vector, told by its keys and maybe by its kind."""
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"properties": {"kind": {"const": kind}}, "required": ["kind"]}, of.table(section, kind))
        for kind, section in _KINDS.items()
        if section is not None
    ]
    for marks, section in _MODELS:
        marked = {"anyOf": [{"required": [mark]} for mark in section.keys if mark in marks]}
        cases.append((marked, of.table(section, "vector" if marks <= _VECTORS else "", usual=True)))
    return of.first(cases, of.table(_KNOWN_MODEL))


@read.takes(_taken, "model")
def model(reader: Reader, value: Any, where: str) -> Interaction | None:
    """A model by name, or one of the file's own, told by its kind or by the keys that only one has."""
    table = read.mapping(reader, value, where)
    if table is None:
        return None
    if "kind" in table:
        try:
            of_kind = _KINDS[checks.known("kind of a model", table["kind"], _KINDS)]
        except CevnsError as error:
            reader.problem(join(where, "kind"), error)
            return None
        table = {key: entry for key, entry in table.items() if key != "kind"}
        if of_kind is not None:
            made: Interaction | None = reader.section(of_kind, table, where)
            return made
        if not table.keys() & _VECTORS:
            if _slipped(reader, table, where):
                return None
            reader.problem(where, f"a vector has quarks and leptons, or {', '.join(sorted(_VECTORS - {'quarks'}))}")
            return None
    elif plain := [
        key for key in table if key in _OF_KINDS or (key in _NUMBERS and isinstance(table[key], float | int))
    ]:
        others = ", ".join(f'"{kind}"' for kind in _KINDS if kind != "vector")
        reader.problem(join(where, "kind"), f"missing: {plain[0]} goes in this form with one of {others}; give it")
        return None
    kinds = [section for marks, section in _MODELS if table.keys() & marks]
    if len(kinds) > 1:
        marks = " or ".join("/".join(sorted(marks)) for marks, section in _MODELS if section in kinds)
        reader.problem(where, f"give {marks}, not several of them")
        return None
    if not kinds and _slipped(reader, table, where):
        return None
    found: Interaction | None = reader.section(kinds[0] if kinds else _KNOWN_MODEL, table, where)
    return found


def _slipped(reader: Reader, table: Mapping[str, Any], where: str) -> bool:
    """Return whether a key is nearly one of those that only a model of the file's own has, which then is a problem."""
    for key in table.keys() - _KNOWN_MODEL.keys.keys():
        if close := difflib.get_close_matches(key, _VECTORS, n=1, cutoff=0.75):
            reader.problem(join(where, key), f"unknown key; did you mean {close[0]!r}?")
            return True
    return False


@read.takes(lambda of: of.value(read.one_or_more(model)))
def models(reader: Reader, value: Any, where: str) -> dict[str, Interaction] | None:
    """One model, or several with names of their own."""
    before = len(reader.problems)
    tables = [table for table in (value if isinstance(value, list) else [value]) if isinstance(table, Mapping)]
    # of those that cannot be read the names are known
    reader.models = {name: None for table in tables if isinstance(name := table.get("name"), str)}
    found = read.one_or_more(model)(reader, value, where)
    if len(reader.problems) > before or not found:
        if not found:
            reader.problem(where, "is empty: give at least one model, or leave it out")
        return None
    by_name = {one.name: one for one in found}
    for i, one in enumerate(found, start=1):
        if by_name[one.name] is not one:
            reader.problem(f"{where}[{i}].name", f"is {one.name!r} more than once: give each model a name of its own")
    reader.models |= by_name
    return by_name


# What the constructors do not ask for: in a file a model has a name of its own.


def _build_vector(
    *, name: str, proton: Any = (), neutron: Any = (), mediated: bool = True, signed: bool = False, **parts: Any
) -> Interaction:
    if signed and not mediated:
        raise InputError("signed = true is for mediators: a contact coupling has either sign as it is, leave it out")
    if mediated:
        parts["signed"] = signed
    return (_mediated if mediated else contact)(name, proton=dict(proton), neutron=dict(neutron), **parts)


def _build_scalar(
    *, name: str, proton: float = SCALAR_CHARGE, neutron: float = SCALAR_CHARGE, **parts: Any
) -> Interaction:
    return ScalarMediator(name, proton=proton, neutron=neutron, **parts)


def _build_pseudoscalar(*, name: str, electron: float = 1.0, **parts: Any) -> Interaction:
    return PseudoscalarMediator(name, electron=electron, **parts)


def _build_tensor(*, name: str, proton: float, neutron: float, **parts: Any) -> Interaction:
    return TensorMediator(name, proton=proton, neutron=neutron, **parts)


def _build_upscattering(*, name: str, exchange: str, proton: float, neutron: float, **parts: Any) -> Interaction:
    return Upscattering(name, exchange=exchange, proton=proton, neutron=neutron, **parts)


_ABOUT_MODEL = {
    "name": ("name", read.text),
    "label": ("label", read.text),
    "description": ("description", read.text),
    "reference": ("reference", read.text),
    "lagrangian": ("lagrangian", read.text),
    "weak": ("weak", read.named(WEAK_COUPLINGS, "weak couplings")),
}
_KNOWN_MODEL = Section(
    lambda name, **changes: get_interaction(name).replace(**changes),
    {**_ABOUT_MODEL, "name": ("name", read.among(known_interactions))},
    {"name": "sm"},
    told_by=(Interaction,),
    means={"name": "Of `cevns list`."},
)
#: Keys that tell a kind of model, and its section.
_MODELS = (
    (
        {"quarks"},
        Section(
            VectorMediator,
            {
                **_ABOUT_MODEL,
                "quarks": ("quarks", read.numbers),
                "leptons": ("leptons", read.couplings),
                "signed": ("signed", read.flag),
            },
            {"name": "x", "quarks": (1.0, 1.0), "leptons": {"e": 1.0}},
            told_by=(Interaction,),
        ),
    ),
    (
        {"up", "down"},
        Section(
            NonStandardInteractions,
            {**_ABOUT_MODEL, "up": ("up", read.couplings), "down": ("down", read.couplings)},
            {"name": "x"},
            told_by=(Interaction,),
        ),
    ),
    (
        {"proton", "neutron", "electron"},
        Section(
            _build_vector,
            {
                **_ABOUT_MODEL,
                "proton": ("proton", read.couplings),
                "neutron": ("neutron", read.couplings),
                "electron": ("electron", read.couplings),
                "leptons": ("leptons", read.couplings),
                "mediated": ("mediated", read.flag),
                "signed": ("signed", read.flag),
            },
            {"name": "x"},
            told_by=(_mediated,),
            means={"mediated": "Whether a mediator with a mass is exchanged; a contact interaction if not."},
        ),
    ),
)
#: Keys of a vector, one of which it has.
_VECTORS = frozenset({"quarks", "proton", "neutron", "electron"})
#: Keys that no vector has, and those that are numbers where a vector has tables by flavour.
_OF_KINDS, _NUMBERS = frozenset({"neutrinos", "exchange"}), frozenset({"proton", "neutron", "electron"})
_NUCLEONS = {"proton": ("proton", read.number), "neutron": ("neutron", read.number)}
_ELECTRON = {"electron": ("electron", read.number)}
_NEUTRINOS = {"neutrinos": ("neutrinos", read.couplings)}
#: Sections by kind; vectors are told by their keys.
_KINDS = {
    "vector": None,
    "scalar": Section(
        _build_scalar,
        {**_ABOUT_MODEL, **_NUCLEONS, **_ELECTRON, **_NEUTRINOS},
        {"name": "x"},
        told_by=(ScalarMediator,),
    ),
    "pseudoscalar": Section(
        _build_pseudoscalar,
        {**_ABOUT_MODEL, **_ELECTRON, **_NEUTRINOS},
        {"name": "x"},
        told_by=(PseudoscalarMediator,),
    ),
    "tensor": Section(
        _build_tensor,
        {**_ABOUT_MODEL, **_NUCLEONS, **_NEUTRINOS},
        {"name": "x", "proton": 1.0, "neutron": 1.0},
        told_by=(TensorMediator,),
    ),
    "upscattering": Section(
        _build_upscattering,
        {
            **_ABOUT_MODEL,
            "exchange": ("exchange", read.named({name: name for name in EXCHANGES}, "exchange")),
            **_NUCLEONS,
            **_NEUTRINOS,
        },
        {"name": "x", "exchange": "scalar", "proton": 1.0, "neutron": 1.0},
        told_by=(Upscattering,),
    ),
}
