"""What the file of a result says of its numbers: one header for all kinds, which must not contradict itself."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import below
from cevns.errors import CevnsError, InputError
from cevns.inference.levels import delta_chi2
from cevns.parameters import LARGEST_COUPLING, LARGEST_MASS, Parameter, coupling, mass
from cevns.units import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cevns._types import Array
    from cevns.inference.results import Result

__all__ = [
    "HeaderError",
    "array",
    "check_chi2",
    "check_range",
    "checked",
    "entry",
    "fields",
    "finite",
    "header",
    "intervals",
    "level",
    "names",
    "number",
    "numbers",
]

#: Format that is written; that of version 0.1 is read too, whose header does not have the parameters.
FORMAT, FIRST_FORMAT = 2, 1
#: What the parameters of every format are measured in, by the names that the first format knows.
UNITS = {"mass": "MeV", "coupling": "dimensionless"}
#: How far chi2, a difference, may fall below 0 by rounding, relative to the largest and to 1.
ROUNDING = 1e-6
_MOST_PARAMETERS, _MOST_FREE = 2, 24
#: Fields of a parameter that are always written, and that never are: what messages say is no result.
_WRITTEN, _UNWRITTEN = ("name", "unit"), ("reason",)


class HeaderError(Exception):
    """Carries what is wrong with a file."""


# --- writing ---------------------------------------------------------------------------------------------------------


def header(result: Result) -> dict[str, Any]:
    """Return what a file says of any result, for JSON."""
    from cevns import __version__

    fixed = [_described(parameter) for parameter in result.fixed_parameters]
    more = {"fixed": result.fixed, "fixed_parameters": fixed, "remarks": list(result.remarks)}
    more |= {"assumptions": list(result.assumptions), "symbols": result.symbols}
    return {
        "format": FORMAT,
        "kind": result.kind,
        "cevns": __version__,
        "model": result.model,
        "label": result.label,
        "experiments": list(result.experiments),
        "labels": list(result.labels),
        "parameters": [_described(parameter) for parameter in result.parameters],
        **{key: value for key, value in more.items() if value},
    }


def _described(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter without what has its default, which an infinite range does."""
    values = {f.name: (getattr(parameter, f.name), f.default) for f in dataclasses.fields(parameter)}
    return {
        name: value
        for name, (value, default) in values.items()
        if name in _WRITTEN or (value != default and name not in _UNWRITTEN)
    }


# --- reading ---------------------------------------------------------------------------------------------------------


def checked(about: Any, kind: str) -> tuple[Mapping[str, Any], str]:
    """Return the header of a file and the kind of its result, with format, names and units checked.

    Parameters
    ----------
    about : object
        What JSON holds.
    kind : str
        Kind of the first format, whose header does not say it, and of which a later header must not say otherwise;
        empty where the file alone does not tell.

    Raises
    ------
    HeaderError
        If something is missing, of another kind or unknown.
    """
    if not isinstance(about, Mapping):
        raise HeaderError("the text about it is no JSON object")
    found = about.get("format")
    if type(found) is not int or found not in (FIRST_FORMAT, FORMAT):
        said = f"format {checks.shown(found)}" if type(found) is int else "no number of a format"
        raise HeaderError(f"it has {said}, this version of cevns reads formats {FIRST_FORMAT} and {FORMAT}")
    if found != FIRST_FORMAT:
        said = _text("kind", about.get("kind"))
        if kind and said != kind:
            raise HeaderError(f"it begins as a {kind}, but its kind is {_json(said)}")
        kind = said
    # limits of the first format have none
    if found != FIRST_FORMAT or kind == "scan":
        _words("label", about.get("label"))
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
    return about, kind


def fields(about: Mapping[str, Any], masses: bool | None, *, any_names: bool = False) -> dict[str, Any]:
    """Return the fields that every result has.

    Parameters
    ----------
    about : mapping
        Checked header.
    masses : bool or None
        Whether the file has masses; None where that alone does not tell.
    any_names : bool
        Whether the parameters may be any, not a coupling with or without a mass.

    Raises
    ------
    HeaderError
        If the parameters are not what they must be, or do not go with the masses.
    """
    if about["format"] == FIRST_FORMAT:
        both_signs = Parameter("coupling", default=1.0, low=-LARGEST_COUPLING, high=LARGEST_COUPLING)
        parameters: tuple[Parameter, ...] = (mass(), coupling()) if masses else (both_signs,)
    else:
        parameters = _parameters(entry(about, "parameters", list, "list"), any_names)
        names = " and ".join(parameter.name for parameter in parameters)
        if masses and len(parameters) == 1:
            raise HeaderError(f"it has masses, but its only parameter is {names}")
        if masses is False and len(parameters) > 1:
            raise HeaderError(f"it has no masses, but its parameters are {names}")
    return {
        "model": about["model"],
        "label": about.get("label", plain(about["model"])),
        "experiments": tuple(about["experiments"]),
        "labels": tuple(about["labels"]),
        "parameters": parameters,
        "fixed": (fixed := _fixed(about.get("fixed", {}))),
        "fixed_parameters": _fixed_parameters(about.get("fixed_parameters", []), fixed),
        "remarks": _texts(about, "remarks"),
        "assumptions": _texts(about, "assumptions"),
        "symbols": _symbols(about.get("symbols", {})),
    }


def _fixed(values: Any) -> dict[str, float]:
    if not isinstance(values, Mapping):
        raise HeaderError(f"its fixed parameters are no JSON object, but {_json(values)}")
    return {_text("name of a fixed parameter", name): number(values, name) for name in values}


def _fixed_parameters(entries: Any, values: Mapping[str, float]) -> tuple[Parameter, ...]:
    if not isinstance(entries, list):
        raise HeaderError(f"its fixed_parameters are no list, but {_json(entries)}")
    found = tuple(map(_parameter, entries))
    if found and [p.name for p in found] != list(values):
        names = ", ".join(p.name for p in found)
        raise HeaderError(f"its fixed_parameters are {names}, but values have {', '.join(values) or 'none'}")
    for p in found:
        check_range(p, values[p.name], LARGEST_MASS)
    return found


def _symbols(texts: Any) -> dict[str, str]:
    if not isinstance(texts, Mapping):
        raise HeaderError(f"its symbols are no JSON object, but {_json(texts)}")
    return {_text("name of a symbol", name): _words("symbol", text) for name, text in texts.items()}


def _texts(about: Mapping[str, Any], key: str) -> tuple[str, ...]:
    texts = about.get(key, [])
    if not isinstance(texts, list):
        raise HeaderError(f"its {key} are no list of texts, but {_json(texts)}")
    return tuple(_text(key[:-1], text) for text in texts)


def _parameters(entries: Any, any_names: bool) -> tuple[Parameter, ...]:
    most = _MOST_FREE if any_names else _MOST_PARAMETERS
    if not 1 <= len(entries) <= most:
        many = f"it has {len(entries)} parameters, at most {most} are possible"
        raise HeaderError(many if entries else "its list of parameters has no coupling")
    found = tuple(map(_parameter, entries))
    names = [parameter.name for parameter in found]
    # what is called by a name of the first format is that, and in its place
    for i, name in enumerate(names):
        if names.count(name) > 1:
            raise HeaderError(f"its parameter {name!r} comes more than once")
        unit = {"mass": "MeV", "coupling": ""}.get(name, found[i].unit)
        if found[i].unit != unit and not any_names:
            raise HeaderError(f"its {name} has the unit {_json(found[i].unit)}, where {_json(unit)} is needed")
    if not any_names and ("mass" in names[-1:] or "coupling" in names[:-1]):
        raise HeaderError(f"its parameters are {', '.join(names)}: the coupling comes last")
    return found


def _parameter(about: Mapping[str, Any]) -> Parameter:
    if not isinstance(about, Mapping):
        raise HeaderError(f"a parameter is no JSON object, but {_json(about)}")
    unknown = about.keys() - {f.name for f in dataclasses.fields(Parameter)}
    if unknown or "name" not in about:
        raise HeaderError(f"a parameter has {_json(sorted(unknown))}" if unknown else "a parameter has no name")
    values: dict[str, Any] = {key: about[key] for key in ("name", "unit", "label", "scale") if key in about}
    for key in about.keys() & {"default", "low", "high", "origin"}:
        values[key] = checks.real(f"{key} of a parameter", entry(about, key, *_NUMBER))
    if "prior" in about:
        prior = about["prior"]
        if not isinstance(prior, list) or len(prior) != 2:
            raise HeaderError(f"the prior of a parameter is no pair of numbers, but {_json(prior)}")
        values["prior"] = tuple(checks.real("prior of a parameter", value) for value in prior)
    try:
        parameter = Parameter(**values)
    except CevnsError as error:
        raise HeaderError(f"a parameter is wrong: {error}") from error
    if not parameter.low < parameter.high:
        raise HeaderError(f"the range of its {parameter.name} is from {parameter.low:g} to {parameter.high:g}")
    return parameter


_NUMBER = ((int, float), "number")


def number(about: Mapping[str, Any], key: str, of: str = "") -> float:
    """Return a finite number of a header.

    Raises
    ------
    HeaderError, InputError
        If it is none.
    """
    return checks.real(f"{key}{of}", entry(about, key, *_NUMBER))


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


def numbers(about: Mapping[str, Any], key: str, names: Sequence[str]) -> dict[str, float]:
    """Return finite numbers of a header, one for each of some names.

    Raises
    ------
    HeaderError, InputError
        If there are others, or one is none.
    """
    found = entry(about, key, dict, "JSON object")
    if list(found) != list(names):
        raise HeaderError(f"its {key} are of {', '.join(found) or 'nothing'}, not of {', '.join(names)}")
    return {name: number(found, name, f" of {key}") for name in names}


def finite(values: Any) -> Any:
    """Return an array as lists in which None stands for what is not finite, as JSON needs it."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, list):
        return [finite(value) for value in values]
    return values if math.isfinite(values) else None


def array(about: Mapping[str, Any], key: str, nothing: float) -> Array:
    """Return an array that `finite` wrote, with a number in the place of None.

    Raises
    ------
    HeaderError
        If it is no list of numbers, or of lists of the same length.
    """

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(part) for part in value]
        if value is None:
            return nothing
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise HeaderError(f"its {key} has {_json(value)}, which is no number")
        return float(value)

    try:
        return np.array(filled(entry(about, key, list, "list")), dtype=float)
    except (ValueError, OverflowError):
        raise HeaderError(f"its {key} is no array of numbers") from None


def intervals(about: Mapping[str, Any], key: str) -> Array:
    """Return intervals that `finite` wrote, shape (k, 2), open where null stands.

    Raises
    ------
    HeaderError
        If they are no pairs, or do not ascend.
    """
    found = array(about, key, math.nan)
    if not found.size:
        return np.empty((0, 2))
    if found.ndim != 2 or found.shape[1] != 2:
        raise HeaderError(f"its {key} are no pairs")
    low, high = np.where(np.isnan(found), [-math.inf, math.inf], found).T
    ends = np.column_stack([low, high])
    if not (low <= high).all() or not (high[:-1] < low[1:]).all():
        raise HeaderError(f"its {key} do not ascend")
    return ends


def names(about: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return different names of a header.

    Raises
    ------
    HeaderError
        If they are no list of texts, or one comes more than once.
    """
    found = entry(about, key, list, "list")
    texts = tuple(_text(f"entry of {key}", text) for text in found)
    if len(set(texts)) < len(texts):
        raise HeaderError(f"an entry of {key} comes more than once in {_json(found)}")
    return texts


def level(about: Mapping[str, Any], cl: float, dof: int) -> float:
    """Return the delta chi2 of a header, which must be that of its confidence level.

    Raises
    ------
    HeaderError, InputError
        If it is not.
    """
    found, expected = number(about, "delta_chi2"), delta_chi2(cl, dof)
    # other versions of SciPy may differ in the last digits
    if not math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-300):
        raise HeaderError(
            f"its delta_chi2 {found:.6g} is not that of cl {below(cl, 1, 6)} and dof {dof}, which is {expected:.6g}"
        )
    return found


def check_range(parameter: Parameter, values: Array | float, largest: float, *, ends: bool = False) -> None:
    """Refuse values of a parameter outside its range, or larger than `largest`, up to which all ranges reach at most.

    Parameters
    ----------
    parameter : Parameter
        Of the header, whose range may be any.
    values : array_like
        What the file says.
    largest : float
        What the library accepts of any parameter of its kind.
    ends : bool
        Whether they are ends of intervals, which are infinite where the range ends but for where a parameter begins.

    Raises
    ------
    HeaderError
        If there is one.
    """
    values = np.asarray(values, dtype=float)
    low, high = max(parameter.low, -largest), min(parameter.high, largest)
    unit = f" {parameter.unit}" if parameter.unit else ""
    below, above = values < low, values > high
    if ends:
        below &= ~((values == -math.inf) & (low < parameter.origin))
        above &= ~((values == math.inf) & (high > parameter.origin))
    for wrong, end, where in ((below, low, "below"), (above, high, "above")):
        if wrong.any():
            raise HeaderError(
                f"a {parameter.name} is {values[wrong].flat[0]:g}, {where} the {end:g}{unit} at which its range ends"
            )


def check_inside(parameter: Parameter, values: Array | float) -> None:
    """Refuse values outside the range of a parameter; what is infinite stands for an end that is open.

    Raises
    ------
    HeaderError
        If there is one.
    """
    values = np.asarray(values, dtype=float)
    # a search in another scale comes to the ends of a range by rounding
    beside = ROUNDING * np.abs(values)
    outside = np.isfinite(values) & ((values < parameter.low - beside) | (values > parameter.high + beside))
    if outside.any():
        raise HeaderError(
            f"a {parameter.name} is {values[outside].flat[0]:g}, outside its range from {parameter.low:g} to "
            f"{parameter.high:g}"
        )


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


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise HeaderError(f"its {name} is no text, but {_json(value)}")
    return _told(checks.text, name, value)


def _words(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise HeaderError(f"its {name} is no text")
    return _told(checks.words, name, value)


def _told(check: Callable[[str, Any], str], name: str, value: Any) -> str:
    try:
        return check(name, value)
    except InputError as error:
        raise HeaderError(f"its {error}") from error


def _json(value: Any) -> str:
    """Return a value as it stands in the file, cut where it is long."""
    import json

    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
