"""The section of a configuration file that describes a model: a name, or charges."""

from __future__ import annotations

from typing import Any

from cevns.config import readers as read
from cevns.config.readers import Reader, Section
from cevns.interactions import (
    WEAK_COUPLINGS,
    Interaction,
    NonStandardInteractions,
    VectorMediator,
    contact,
    get_interaction,
)
from cevns.interactions import mediated as _mediated

__all__ = ["model"]


def model(reader: Reader, value: Any, where: str) -> Interaction | None:
    """A model by name, or one of the file's own, told by the keys that only one kind has."""
    table = read.mapping(reader, value, where)
    if table is None:
        return None
    kinds = [section for marks, section in _MODELS if table.keys() & marks]
    if len(kinds) > 1:
        marks = " or ".join("/".join(sorted(marks)) for marks, section in _MODELS if section in kinds)
        reader.problem(where, f"give {marks}, not several of them")
        return None
    found: Interaction | None = reader.section(kinds[0] if kinds else _KNOWN_MODEL, table, where)
    return found


# What the constructors do not offer in this form.


def _build_vector(
    *, name: str, proton: Any = (), neutron: Any = (), mediated: bool = True, **parts: Any
) -> Interaction:
    return (_mediated if mediated else contact)(name, proton=dict(proton), neutron=dict(neutron), **parts)


_ABOUT_MODEL = {
    "name": ("name", read.text),
    "label": ("label", read.text),
    "description": ("description", read.text),
    "reference": ("reference", read.text),
    "weak": ("weak", read.named(WEAK_COUPLINGS, "weak couplings")),
}
_KNOWN_MODEL = Section(lambda name, **changes: get_interaction(name).replace(**changes), _ABOUT_MODEL, {"name": "sm"})
#: Keys that tell a kind of model, and its section.
_MODELS = (
    (
        {"quarks"},
        Section(
            VectorMediator,
            {**_ABOUT_MODEL, "quarks": ("quarks", read.numbers), "leptons": ("leptons", read.couplings)},
            {"name": "x", "quarks": (1.0, 1.0), "leptons": {"e": 1.0}},
        ),
    ),
    (
        {"up", "down"},
        Section(
            NonStandardInteractions,
            {**_ABOUT_MODEL, "up": ("up", read.couplings), "down": ("down", read.couplings)},
            {"name": "x"},
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
            },
            {"name": "x"},
        ),
    ),
)
