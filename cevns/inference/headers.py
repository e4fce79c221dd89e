"""What the files of scans and limits say of their numbers, which must be whole and must not contradict itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.models import get_model, known_models

if TYPE_CHECKING:
    from cevns._types import Array

__all__ = ["HeaderError", "check_chi2", "check_couplings", "check_mediator", "checked", "entry"]

#: Units of the numbers, of which a file may say one or both.
UNITS = {"mass": "MeV", "coupling": "dimensionless"}
#: How far chi2, a difference, may fall below 0 by rounding, relative to the largest and to 1.
ROUNDING = 1e-6


class HeaderError(Exception):
    """Carries what is wrong with a file."""


def checked(about: Any, version: int) -> Mapping[str, Any]:
    """Return the header of a file, with its format, names and units checked.

    Parameters
    ----------
    about : object
        What JSON holds.
    version : int
        Of the format.

    Raises
    ------
    HeaderError
        If something is missing, of another kind or unknown.
    """
    if not isinstance(about, Mapping):
        raise HeaderError("the text about it is no JSON object")
    found = about.get("format")
    if type(found) is not int or found != version:
        said = f"format {checks.shown(found)}" if type(found) is int else "no number of a format"
        raise HeaderError(f"it has {said}, this version of cevns reads format {version}")
    _text("model", about.get("model"))
    for key in ("experiments", "labels"):
        texts = about.get(key)
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise HeaderError(f"its {key} is no list of texts, but {_json(texts)}")
        for text in texts:
            _text(f"entry of {key}", text)
    names = about["experiments"]
    if not names or len(names) != len(about["labels"]):
        raise HeaderError("it has not one label for each experiment")
    if len(set(names)) < len(names):
        raise HeaderError(f"an experiment comes more than once in {_json(names)}")
    units = about.get("units", {})
    if not isinstance(units, Mapping) or any(UNITS.get(key) != unit for key, unit in units.items()):
        raise HeaderError(f"its units are {_json(units)}, where {_json(UNITS)} are needed")
    return about


def entry(about: Mapping[str, Any], key: str, kind: Any, what: str) -> Any:
    """Return an entry of a header if it is of a kind, which `what` names; a truth value is no number.

    Raises
    ------
    HeaderError
        If it is missing or of another kind.
    """
    if key not in about:
        raise HeaderError(f"it has no {key}")
    value = about[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise HeaderError(f"its {key} is no {what}, but {_json(value)}")
    return value


def check_mediator(name: str, has_mass: bool) -> None:
    """Refuse masses for a built-in model without a mediator, and none for one with a mediator.

    Raises
    ------
    HeaderError
        If the model and the masses contradict each other.
    """
    if name not in known_models():
        return
    model = get_model(name)
    if not model.interacting:
        raise HeaderError(f"its model {name!r} has no coupling")
    if model.has_mass != has_mass:
        wanted = "a mediator, but it has no masses" if model.has_mass else "no mediator, but it has masses"
        raise HeaderError(f"its model {name!r} has {wanted}")


def check_couplings(coupling: Array) -> None:
    """Refuse negative couplings of a mediator: counts depend on their square.

    Raises
    ------
    HeaderError
        If there is one.
    """
    if (np.asarray(coupling) < 0).any():
        raise HeaderError(f"a coupling is negative, {np.min(coupling):g}, which that of a mediator cannot be")


def check_chi2(name: str, chi2: Array | float) -> None:
    """Refuse chi2 below 0, beyond rounding.

    Raises
    ------
    HeaderError
        If there is one.
    """
    least = np.min(chi2)
    if least < -ROUNDING * max(1.0, np.max(np.abs(chi2))):
        raise HeaderError(f"{name} is negative, {least:g}")


def _text(name, value):
    if not isinstance(value, str):
        raise HeaderError(f"its {name} is no text, but {_json(value)}")
    try:
        checks.text(name, value)
    except InputError as error:
        raise HeaderError(f"its {error}") from error


def _json(value):
    """Return a value as it stands in the file, cut where it is long."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
