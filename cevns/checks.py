"""Checks of user input: one place for every rule and its message."""

import importlib
from collections.abc import Iterable, Mapping

import numpy as np

from cevns.errors import InputError, MissingDependencyError, UnknownNameError

_EXTRAS = {"matplotlib": "plot", "tqdm": "progress", "iminuit": "fit"}
_KINDS = {str: "a string", bool: "True or False", Mapping: "a mapping", type(None): "None"}


def instance(name, value, kind, hint=""):
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


def text(name, value):
    """Return `value` if it is a string that is not empty.

    Raises
    ------
    InputError
        If it is not.
    """
    if not isinstance(value, str) or not value:
        raise InputError(f"{name} must be a non-empty string, got {_short(value)}")
    return value


def sequence(name, values, kind=object, hint=""):
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


def pairs(name, values, meaning):
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


def real(name, value, *, unit="", low=-np.inf, high=np.inf, above=None):
    """Return `value` as a float, refusing anything that is not a finite number in [low, high].

    Parameters
    ----------
    name : str
        What the caller's user calls the quantity.
    value : object
        Anything that `float` takes.
    unit : str
        Unit for the message.
    low, high : float
        Inclusive bounds.
    above : float, optional
        Exclusive lower bound, used instead of `low`.

    Raises
    ------
    InputError
        If `value` is not a number, not finite or out of range.
    """
    try:
        # float would take an array of one number, and drop an imaginary part with no more than a warning
        if np.ndim(value) or np.iscomplexobj(value):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be one number, got {_short(value)}") from None
    if not (low <= number <= high and np.isfinite(number)) or (above is not None and number <= above):
        raise InputError(f"{name} = {value!s} is not allowed: it must be {_range(unit, low, high, above)}")
    return number


def array(name, values, *, unit="", low=-np.inf, high=np.inf, above=None, ndim=None, length=None):
    """Return `values` as a contiguous, aligned float array of finite numbers in [low, high].

    Parameters are those of `real`; `ndim` and `length` fix the shape where they are given.

    Raises
    ------
    InputError
        If `values` are not numbers, not finite, out of range or of the wrong shape.
    """
    if getattr(values, "dtype", None) is not None and np.iscomplexobj(values):
        raise InputError(f"{name} must be real, got complex numbers")
    try:
        out = np.require(values, float, "CAE") if np.ndim(values) else np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be an array of numbers, got {_short(values)}") from None
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


def ascending(name, values, *, unit="", low=-np.inf, high=np.inf, above=None, least=1, length=None):
    """Return `values` as a strictly ascending 1-d array with at least `least` entries, or with exactly `length`.

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
        raise InputError(
            f"{name} must ascend strictly, but value {i + 1} is {out[i]:g} and the next is {out[i + 1]:g}; sort it"
        )
    return out


def whole(name, value, *, low=0, high=None):
    """Return `value` as an int in [low, high].

    Raises
    ------
    InputError
        If `value` is not a whole number or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InputError(f"{name} must be a whole number, got {value!r}")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"from {low} to {high}"
        raise InputError(f"{name} = {value} is not allowed: it must be {limits}")
    return int(value)


def confidence_level(value):
    """Return a confidence level, refusing anything outside the open interval (0, 1)."""
    level = real("confidence level", value)
    if not 0 < level < 1:
        hint = "; give a fraction, 0.90 for 90 %" if 1 <= level < 100 else ""
        raise InputError(f"confidence level = {value} is not allowed: it must lie between 0 and 1, both excluded{hint}")
    return level


def known(kind, name, names: Iterable[str]):
    """Return `name` if it is among `names`.

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
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise UnknownNameError(f"unknown {kind} {name!r}; known: {', '.join(names)}.{hint}")


def optional_module(module, purpose):
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
    text = repr(values)
    return text if len(text) <= 60 else text[:57] + "..."
