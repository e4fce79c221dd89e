"""Checks of user input: one place for every rule and its message."""

from __future__ import annotations

import array as _stdlib_array
import importlib
import numbers
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.errors import InputError, MissingDependencyError, UnknownNameError

if TYPE_CHECKING:
    from types import ModuleType

    from cevns._types import Array


_EXTRAS = {"matplotlib": "plot", "tqdm": "progress", "iminuit": "fit"}
_KINDS = {str: "a string", bool: "True or False", Mapping: "a mapping", type(None): "None"}
# astropy and unyt, pint and xarray, quantities
_UNIT_ATTRIBUTES = ("unit", "units", "dimensionality")

#: Largest and smallest relative uncertainty: above, per cent were given for a fraction; below, chi2 loses its digits.
LARGEST_SIGMA, SMALLEST_SIGMA = 2.0, 1e-6


#: Flavours are not told apart further, since all vector couplings change sign together.
ALIKE = "neutrinos and antineutrinos of a flavour both go under e, mu or tau"


def instance(name: str, value: Any, kind: Any, hint: str = "") -> Any:
    """Return `value` if it is of a type, or of one of several.

    Parameters
    ----------
    name : str
        What the caller's user calls the quantity.
    value : object
        What was given.
    kind : type or tuple of type
        What is allowed.
    hint : str
        What to do instead, for the message.

    Raises
    ------
    InputError
        If `value` is of another type.
    """
    if isinstance(value, kind):
        return value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    kinds = [_KINDS.get(k) or f"{'an' if k.__name__[0] in 'AEIOU' else 'a'} {k.__name__}" for k in kinds]
    allowed = " or ".join([", ".join(kinds[:-1]), kinds[-1]] if kinds[1:] else kinds)
    raise InputError(f"{name} must be {allowed}, got {_short(value)}{hint and '; '}{hint}")


def text(name: str, value: object) -> str:
    """Return `value` if it is a string that is not empty.

    Raises
    ------
    InputError
        If it is not.
    """
    if not isinstance(value, str) or not value:
        raise InputError(f"{name} must be a non-empty string, got {_short(value)}")
    return words(name, value)


def words(name: str, value: object) -> str:
    """Return `value` if it is a string, maybe an empty one, that files and figures can hold.

    Raises
    ------
    InputError
        If it is not, or holds a zero byte or half of a surrogate pair.
    """
    instance(name, value, str)
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(f"{name} must be text that can be written to a file, got {value!a}")
    return value


def sequence(name: str, values: object, kind: Any = object, hint: str = "") -> tuple[Any, ...]:
    """Return `values` as a tuple, all of whose entries are of one type.

    Parameters are those of `instance`.

    Raises
    ------
    InputError
        If `values` cannot be iterated over, is a string, or holds something else.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"{name} must be a sequence, got {_short(values)}{hint and '; '}{hint}")
    return tuple(instance(f"{name}[{i}]", value, kind, hint) for i, value in enumerate(values))


def pairs(name: str, values: object, meaning: str) -> tuple[tuple[Any, Any], ...]:
    """Return `values` as a tuple of pairs; `meaning` says of what.

    Raises
    ------
    InputError
        If `values` is not a sequence of pairs.
    """
    found = sequence(name, values, hint=f"it holds pairs of {meaning}")
    for i, pair in enumerate(found):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InputError(f"{name}[{i}] must be a pair of {meaning}, got {_short(pair)}")
    return tuple(map(tuple, found))


def floats(name: str, values: object, *, unit: str = "") -> Array:
    """Return `values` as a float array, contiguous, aligned and in native byte order, refusing all but plain numbers.

    Integers, floats of any width, `decimal.Decimal`, fractions, and arrays and sequences of them are plain numbers.
    What would lose a part of its meaning on the way is not: a unit, a mask, an imaginary part, a date, text, a truth
    value. Neither range nor shape is checked; `real` and `array` do that.

    Parameters
    ----------
    name : str
        What the caller's user calls the quantity.
    values : object
        What was given.
    unit : str
        Unit for the message.

    Raises
    ------
    InputError
        If `values` hold anything else.

    Examples
    --------
    >>> floats("energy", [1, 2.5]).tolist()
    [1.0, 2.5]
    """
    return np.require(_converted(name, values, unit, "an array of numbers"), requirements="CA")


def real(
    name: str, value: object, *, unit: str = "", low: float = -np.inf, high: float = np.inf, above: float | None = None
) -> float:
    """Return `value` as a float, refusing anything that is not a finite number in [low, high].

    Parameters
    ----------
    name : str
        What the caller's user calls the quantity.
    value : object
        A number of any type, or an array without axes.
    unit : str
        Unit for the message.
    low, high : float
        Inclusive bounds.
    above : float, optional
        Exclusive lower bound, used instead of `low`.

    Raises
    ------
    InputError
        If `value` is not a plain number (see `floats`), not finite or out of range.
    """
    if type(value) is float:
        number = value
    else:
        found = _converted(name, value, unit, "one number")
        if found.ndim:
            raise InputError(f"{name} must be one number, got {_short(value)}")
        number = float(found)
    if not (low <= number <= high and np.isfinite(number)) or (above is not None and number <= above):
        raise InputError(f"{name} = {value!s} is not allowed: it must be {_range(unit, low, high, above)}")
    return number


def relative(name: str, value: object) -> float:
    """Return a relative uncertainty, refusing per cent.

    Raises
    ------
    InputError
        If `value` is not a number from 1e-6 to 2.

    Examples
    --------
    >>> relative("signal_sigma", 0.12)
    0.12
    """
    number = real(name, value, above=0)
    if not SMALLEST_SIGMA <= number <= LARGEST_SIGMA:
        hint = "; give a fraction, 0.12 for 12 %" if number > LARGEST_SIGMA else ""
        raise InputError(
            f"{name} = {value!s} is not allowed: a relative uncertainty must be at least {SMALLEST_SIGMA:g} and at "
            f"most {LARGEST_SIGMA:g}{hint}"
        )
    return number


def array(
    name: str,
    values: object,
    *,
    unit: str = "",
    low: float = -np.inf,
    high: float = np.inf,
    above: float | None = None,
    ndim: int | None = None,
    length: int | None = None,
) -> Array:
    """Return `values` as a float array, contiguous and aligned, of finite numbers in [low, high].

    Parameters are those of `real`; `ndim` and `length` fix the shape where they are given.

    Raises
    ------
    InputError
        If `values` are not plain numbers (see `floats`), not finite, out of range or of the wrong shape.
    """
    out = floats(name, values, unit=unit)
    if ndim is not None and out.ndim != ndim:
        raise InputError(f"{name} must have {ndim} dimension(s), got shape {out.shape}")
    if length is not None and (out.ndim == 0 or out.shape[-1] != length):
        raise InputError(f"{name} must have length {length}, got shape {out.shape}")
    bad = ~np.isfinite(out) | (out < low) | (out > high)
    if above is not None:
        bad |= out <= above
    if bad.any():
        worst = out[bad].flat[0] if out.ndim else float(out)
        raise InputError(f"{name} contains {worst!s}: every value must be {_range(unit, low, high, above)}")
    return out


def ascending(
    name: str,
    values: object,
    *,
    unit: str = "",
    low: float = -np.inf,
    high: float = np.inf,
    above: float | None = None,
    least: int = 1,
    length: int | None = None,
    repeated: str = "",
) -> Array:
    """Return `values` as a strictly ascending 1-d array with at least `least` entries, or with exactly `length`.

    `repeated` says what else two equal values may be, for the message.

    Raises
    ------
    InputError
        If there are too few values, or they do not ascend, or one is out of range.
    """
    out = array(name, values, unit=unit, low=low, high=high, above=above, ndim=1, length=length)
    if out.size < least:
        raise InputError(f"{name} must have at least {least} value(s), got {out.size}")
    steps = np.diff(out)
    if (steps <= 0).any():
        i = int(np.argmax(steps <= 0))
        remedy = f"drop the repeated one{repeated}" if steps[i] == 0 else "sort it"
        raise InputError(
            f"{name} must ascend strictly, but value {i + 1} is {out[i]:g} and the next is {out[i + 1]:g}; {remedy}"
        )
    return out


def whole(name: str, value: object, *, low: int = 0, high: int | None = None) -> int:
    """Return `value` as an int in [low, high].

    Raises
    ------
    InputError
        If `value` is not a whole number or out of range.
    """
    if type(value) is np.ndarray and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InputError(f"{name} must be a whole number, got {_short(value)}")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"from {low} to {high}"
        raise InputError(f"{name} = {_short(value)} is not allowed: it must be {limits}")
    return int(value)


def confidence_level(value: object) -> float:
    """Return a confidence level, refusing anything outside the open interval (0, 1)."""
    level = real("confidence level", value)
    if not 0 < level < 1:
        hint = "; give a fraction, 0.90 for 90 %" if 1 <= level < 100 else ""
        raise InputError(f"confidence level = {value} is not allowed: it must lie between 0 and 1, both excluded{hint}")
    return level


def known(kind: str, name: object, names: Iterable[str], hint: str = "") -> Any:
    """Return `name` if it is among `names`.

    Parameters
    ----------
    kind : str
        What the name is of.
    name : object
        What was given.
    names : iterable of str
        What is known.
    hint : str
        What to do about a name that is not.

    Raises
    ------
    UnknownNameError
        Listing the known names and the closest match.
    """
    if isinstance(name, str) and name in names:
        return name
    import difflib

    names = sorted(names)
    close = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    closest = f" Did you mean {close[0]!r}?" if close else ""
    raise UnknownNameError(f"unknown {kind} {_short(name)}; known: {', '.join(names)}.{closest}{hint and ' '}{hint}")


def flavour(kind: str, name: object, flavours: Iterable[str]) -> Any:
    """Return `name` if it is one of the `flavours`.

    Raises
    ------
    UnknownNameError
        Without a closest match, which would be another flavour and so other physics.
    """
    if isinstance(name, str) and name in flavours:
        return name
    changing = isinstance(name, str) and any(
        name.lower().replace("-", "").replace("_", "") == a + b for a in flavours for b in flavours
    )
    hint = ". Couplings that change the flavour are not carried yet" if changing else f"; {ALIKE}"
    raise UnknownNameError(f"unknown {kind} {_short(name)}; known: {', '.join(flavours)}{hint}")


def optional_module(module: str, purpose: str) -> ModuleType:
    """Import an optional package, or say in one sentence what to install.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        top = module.partition(".")[0]
        raise MissingDependencyError(
            f"{purpose} needs {top}, which is not installed: pip install 'cevns[{_EXTRAS.get(top, 'all')}]'"
        ) from error


def _converted(name, values, unit, wanted):
    """Return a float array of the values' own alignment, or refuse what is not plain numbers."""
    try:
        _refuse_losses(name, values, unit, wanted)
        # a long double may be beyond the largest double: an infinity, which the caller refuses
        with np.errstate(over="ignore"):
            return np.asarray(values, dtype=float)
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InputError(f"{name} must be {wanted}, got {_short(values)}") from None


def _refuse_losses(name, values, unit, wanted):
    """Refuse what a conversion to float would take and falsify, inside lists and arrays of objects too."""
    kind = type(values)
    if kind is float or kind is int:
        return
    if kind is not np.ndarray:
        carried = next((u for u in (getattr(values, a, None) for a in _UNIT_ATTRIBUTES) if u is not None), None)
        if carried is not None:
            raise InputError(
                f"{name} carries a unit ({_short(carried)}), which would be lost: give plain numbers"
                f"{unit and ' in '}{unit}"
            )
        # told by their attributes, because importing numpy.ma takes long
        if hasattr(values, "mask") and hasattr(values, "filled"):
            raise InputError(f"{name} is masked, and the mask would be lost: give the values that count alone")
        if not hasattr(values, "dtype") and hasattr(values, "__array__"):
            values = np.asarray(values)
    dtype = getattr(values, "dtype", None)
    if dtype is not None:
        letter = getattr(dtype, "kind", "f")
        if letter == "O":
            for value in np.asarray(values).flat:
                _refuse_losses(name, value, unit, wanted)
        elif letter == "c":
            raise InputError(f"{name} must be {wanted}, not complex: got {_short(values)}")
        elif letter not in "iuf":
            raise InputError(f"{name} must be {wanted}, got {_short(values)}")
    elif isinstance(values, (Sequence, _stdlib_array.array)) and not isinstance(values, (str, bytes, bytearray)):
        # a long list holds few types, so that one look at them is enough for most
        if not set(map(type, values)) <= {float, int}:
            for value in values:
                _refuse_losses(name, value, unit, wanted)
    elif isinstance(values, bool) or not (isinstance(values, numbers.Real) or _is_decimal(values)):
        raise InputError(f"{name} must be {wanted}, got {_short(values)}")


def _is_decimal(value):
    # nobody has a Decimal without its module
    module = sys.modules.get("decimal")
    return module is not None and isinstance(value, module.Decimal)


def put(instance: object, **values: object) -> None:
    """Set fields of a frozen dataclass to their checked values, from its ``__post_init__``."""
    for field, value in values.items():
        object.__setattr__(instance, field, value)


def _range(unit, low, high, above):
    unit = f" {unit}" if unit else ""
    parts = ["finite"]
    if above is not None:
        parts.append(f"greater than {above:g}{unit}")
    elif low > -np.inf:
        parts.append(f"at least {low:g}{unit}")
    if high < np.inf:
        parts.append(f"at most {high:g}{unit}")
    return " and ".join(parts)


def _short(values):
    try:
        text = repr(values)
    except ValueError:
        # Python does not write whole numbers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
