"""Plain numbers, one or many, in their ranges."""

from __future__ import annotations

import array as _stdlib_array
import math
import numbers
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cevns.checks.values import shown
from cevns.errors import InputError

if TYPE_CHECKING:
    from typing import Any

    from cevns._types import Array

__all__ = [
    "LARGEST_SIGMA",
    "SCALARS",
    "SMALLEST_SIGMA",
    "array",
    "ascending",
    "confidence_level",
    "floats",
    "number",
    "real",
    "relative",
    "vanishes",
    "whole",
    "whole_number",
]

_NUMBER = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf|nan)", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d{1,18}", re.ASCII)
# astropy and unyt, pint and xarray, quantities
_UNIT_ATTRIBUTES = ("unit", "units", "dimensionality")

_DOUBLE = np.dtype(float)
#: Types of NumPy's numbers that a double holds, or rounds: not the longest, which may lie beyond all doubles, and no
#: subclasses, which may carry a unit. The kernels, which import nothing, know them too.
SCALARS = frozenset([np.dtype(code).type for code in "efd" + np.typecodes["AllInteger"]])
#: Whole numbers up to this one are floats too.
LARGEST_EXACT = 2**53

#: Largest and smallest relative uncertainty: above, per cent were given for a fraction; below, chi2 loses its digits.
LARGEST_SIGMA, SMALLEST_SIGMA = 2.0, 1e-6


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
    if type(values) is np.ndarray and values.dtype is _DOUBLE and values.flags.c_contiguous and values.flags.aligned:
        return values
    return np.require(_converted(name, values, unit, "an array of numbers"), requirements=["C", "A"])


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

    Examples
    --------
    >>> real("distance", 19, unit="m", above=0)
    19.0
    """
    if type(value) is float:
        number = value
    elif type(value) is int and -LARGEST_EXACT <= value <= LARGEST_EXACT:
        number = float(value)
    elif type(value) in SCALARS:
        number = float(value)  # type: ignore[arg-type]  # a number of NumPy's
    else:
        found = _converted(name, value, unit, "one number")
        if found.ndim:
            raise InputError(f"{name} must be one number, got {shown(value)}")
        number = float(found)
    if not (low <= number <= high and math.isfinite(number)) or (above is not None and number <= above):
        raise InputError(f"{name} = {shown(value)} is not allowed: it must be {_range(unit, low, high, above)}")
    return number


def relative(name: str, value: object, *, high: float = LARGEST_SIGMA, or_none: bool = False) -> float:
    """Return a relative uncertainty, refusing per cent.

    Parameters
    ----------
    name : str
        What the caller's user calls the quantity.
    value : object
        What was given.
    high : float
        Largest that is accepted.
    or_none : bool
        Whether 0 stands for none.

    Raises
    ------
    InputError
        If `value` is not a number from 1e-6 to `high`, or 0 where that stands for none.

    Examples
    --------
    >>> relative("signal_sigma", 0.12)
    0.12
    """
    number = real(name, value)
    if not (SMALLEST_SIGMA <= number <= high or (or_none and number == 0)):
        example = "0.05 for 5 %" if or_none else "0.12 for 12 %"
        hint = f"; give a fraction, {example}" if number > high else ""
        zero = "0 for none, or " if or_none else ""
        raise InputError(
            f"{name} = {shown(value)} is not allowed: a relative uncertainty must be {zero}at least "
            f"{SMALLEST_SIGMA:g} and at most {high:g}{hint}"
        )
    return number


def number(name: str, text: str) -> float:
    """Return the number that a text is, written in ASCII as ``1``, ``-.5``, ``1.5e-3``, ``inf`` or ``nan``.

    Python's own `float` takes digits of other scripts too, and groups of digits with ``_`` between them.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> number("mass", "1e3")
    1000.0
    """
    if not _NUMBER.fullmatch(text):
        raise InputError(f"{name} must be one number, got {text!a:.60}")
    found = float(text)
    if vanishes(text, found):
        raise InputError(f"{name} = {text:.60} is too small to be told from 0: write 0, or choose another unit")
    return found


def vanishes(text: str, found: float) -> bool:
    """Return whether the text of a number has a digit other than 0 before its exponent, but its double is 0.

    Examples
    --------
    >>> vanishes("1e-400", 0.0), vanishes("0e5", 0.0), vanishes("1e-5", 1e-5)
    (True, False, False)
    """
    return found == 0 and re.search(r"[1-9]", re.split(r"[eE]", text, maxsplit=1)[0]) is not None


def whole_number(name: str, text: str) -> int:
    """Return the whole number that a text is, written in at most 18 ASCII digits; errors as in `number`.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> whole_number("seed", "12")
    12
    """
    if not _WHOLE.fullmatch(text):
        raise InputError(f"{name} must be a whole number, got {text!a:.60}")
    return int(text)


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

    Examples
    --------
    >>> array("edges", [1, 2], low=0)
    array([1., 2.])
    """
    out = floats(name, values, unit=unit)
    if ndim is not None and out.ndim != ndim:
        raise InputError(f"{name} must have {ndim} dimension(s), got shape {out.shape}")
    if length is not None and (out.ndim == 0 or out.shape[-1] != length):
        raise InputError(f"{name} must have length {length}, got shape {out.shape}")
    if not out.size:
        return out
    # NaN passes no comparison; which of them is refused is looked for if one is
    least, most = np.minimum.reduce(out, axis=None), np.maximum.reduce(out, axis=None)
    if not (low <= least and most <= high and -np.inf < least and most < np.inf and (above is None or least > above)):
        bad = ~np.isfinite(out) | (out < low) | (out > high)
        if above is not None:
            bad |= out <= above
        worst = out[bad].flat[0] if out.ndim else float(out)
        error = InputError(f"{name} contains {worst!s}: every value must be {_range(unit, low, high, above)}")
        error.at = int(bad.argmax()), float(worst)
        raise error
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

    Examples
    --------
    >>> ascending("edges", [0, 1, 3], unit="keV", low=0)
    array([0., 1., 3.])
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

    Examples
    --------
    >>> whole("n", 3, low=1)
    3
    """
    if type(value) is np.ndarray and value.ndim == 0:
        value = value[()]
    # a duration is one of NumPy's integers
    if isinstance(value, (bool, np.timedelta64)) or not isinstance(value, (int, np.integer)):
        raise InputError(f"{name} must be a whole number, got {shown(value)}")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"from {low} to {high}"
        raise InputError(f"{name} = {shown(value)} is not allowed: it must be {limits}")
    return int(value)


def confidence_level(value: object) -> float:
    """Return a confidence level, refusing anything outside the open interval (0, 1).

    Raises
    ------
    InputError
        If it is no number, or out of range.

    Examples
    --------
    >>> confidence_level(0.9)
    0.9
    """
    level = real("confidence level", value)
    if not 0 < level < 1:
        hint = "; give a fraction, 0.90 for 90 %" if 1 <= level < 100 else ""
        raise InputError(
            f"confidence level = {shown(value)} is not allowed: it must lie between 0 and 1, both excluded{hint}"
        )
    return level


def _converted(name: str, values: Any, unit: str, wanted: str) -> np.ndarray:
    """Return a float array of the values' own alignment, or refuse what is not plain numbers."""
    try:
        _refuse_losses(name, values, unit, wanted)
        # a long double may be beyond the largest double: an infinity, which the caller refuses
        with np.errstate(over="ignore"):
            return np.asarray(values, dtype=float)
    except (InputError, MemoryError):
        raise
    except OverflowError:
        raise InputError(f"{name} must be {wanted} up to 1.8e308, got {shown(values)}") from None
    except Exception:
        # whatever the conversions of other packages raise
        raise InputError(f"{name} must be {wanted}, got {shown(values)}") from None


def _refuse_losses(name: str, values: Any, unit: str, wanted: str) -> None:
    """Refuse what a conversion to float would take and falsify, inside lists and arrays of objects too."""
    kind = type(values)
    if kind is float or kind is int or kind in SCALARS:
        return
    if kind is not np.ndarray:
        carried = next((u for u in (getattr(values, a, None) for a in _UNIT_ATTRIBUTES) if u is not None), None)
        if carried is not None:
            raise InputError(
                f"{name} carries a unit ({shown(carried)}), which would be lost: give plain numbers"
                f"{unit and ' in '}{unit}"
            )
        # told by their attributes, because importing numpy.ma takes long
        if hasattr(values, "mask") and hasattr(values, "filled") and np.any(values.mask):
            raise InputError(f"{name} is masked, and the mask would be lost: give the values that count alone")
        if kind is memoryview:
            # single bytes are numbers only where an array owns them
            if values.itemsize == 1 and not isinstance(values.obj, (np.ndarray, _stdlib_array.array)):
                raise InputError(f"{name} must be {wanted}, got {shown(values)}")
            values = np.asarray(values)
        elif hasattr(values, "__array__") and not isinstance(values, (np.ndarray, np.generic)):
            # not asarray, which takes masks and units off
            _refuse_losses(name, np.asanyarray(values), unit, wanted)
            return
    dtype = getattr(values, "dtype", None)
    if dtype is not None:
        letter = getattr(dtype, "kind", "f")
        if letter == "O":
            for value in np.asarray(values).flat:
                _refuse_losses(name, value, unit, wanted)
        elif letter == "c":
            raise InputError(f"{name} must be {wanted}, not complex: got {shown(values)}")
        elif letter not in "iuf":
            raise InputError(f"{name} must be {wanted}, got {shown(values)}")
    elif isinstance(values, (Sequence, _stdlib_array.array)) and not isinstance(values, (str, bytes, bytearray)):
        # a long list holds few types, so that one look at them is enough for most
        if not set(map(type, values)) <= {float, int}:
            for value in values:
                _refuse_losses(name, value, unit, wanted)
    elif isinstance(values, bool) or not (isinstance(values, numbers.Real) or _is_decimal(values)):
        unordered = isinstance(values, Iterable) and not isinstance(values, (str, bytes, bytearray, Mapping))
        hint = "; make a list of it" if unordered else ""
        raise InputError(f"{name} must be {wanted}, got {shown(values)}{hint}")


def _is_decimal(value: object) -> bool:
    # nobody has a Decimal without its module
    module = sys.modules.get("decimal")
    return module is not None and isinstance(value, module.Decimal)


def _range(unit: str, low: float, high: float, above: float | None) -> str:
    unit = f" {unit}" if unit else ""
    parts = ["finite"]
    if above is not None:
        parts.append(f"greater than {above:g}{unit}")
    elif low > -np.inf:
        parts.append(f"at least {low:g}{unit}")
    if high < np.inf:
        parts.append(f"at most {high:g}{unit}")
    return " and ".join(parts)
