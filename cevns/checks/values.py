"""Kinds of values, and how messages show them."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Mapping, Set
from typing import Any

from cevns.errors import InputError

__all__ = ["function", "instance", "pairs", "put", "sequence", "shown", "text", "words"]

_KINDS = {str: "a string", bool: "True or False", Mapping: "a mapping", type(None): "None"}


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

    Examples
    --------
    >>> instance("name", "argon", str)
    'argon'
    """
    if isinstance(value, kind):
        return value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    named = [_KINDS.get(k) or f"{'an' if k.__name__[0] in 'AEIOU' else 'a'} {k.__name__}" for k in kinds]
    allowed = " or ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
    raise InputError(f"{name} must be {allowed}, got {shown(value)}{hint and '; '}{hint}")


def function(name: str, value: Any) -> Any:
    """Return `value` if it can be called, or is None.

    Raises
    ------
    InputError
        If it is something else.

    Examples
    --------
    >>> function("progress", None) is None
    True
    """
    if value is not None and not callable(value):
        raise InputError(f"{name} must be a function or None, got {shown(value)}")
    return value


def text(name: str, value: object) -> str:
    """Return `value` if it is a string that is not empty.

    Raises
    ------
    InputError
        If it is not.

    Examples
    --------
    >>> text("name", "argon")
    'argon'
    """
    if not isinstance(value, str) or not value:
        raise InputError(f"{name} must be a non-empty string, got {shown(value)}")
    return words(name, value)


def words(name: str, value: object) -> str:
    """Return `value` if it is a string, maybe an empty one, that files and figures can hold.

    Raises
    ------
    InputError
        If it is not, or holds half of a surrogate pair or a control character other than the end of a line.

    Examples
    --------
    >>> words("label", "")
    ''
    """
    found: str = instance(name, value, str)
    if not found.isprintable() and any(map(_is_no_text, found)):
        raise InputError(f"{name} must be text that files and figures can hold, got {found!a}")
    return found


def _is_no_text(character: str) -> bool:
    """Return whether a character is a control, but for the end of a line, or half of a surrogate pair."""
    return (character < " " and character != "\n") or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"


def sequence(name: str, values: object, kind: Any = object, hint: str = "") -> tuple[Any, ...]:
    """Return `values` as a tuple, all of whose entries are of one type.

    Parameters are those of `instance`.

    Raises
    ------
    InputError
        If `values` cannot be iterated over, is a string, has no order, or holds something else.

    Examples
    --------
    >>> sequence("names", ["e", "mu"], str)
    ('e', 'mu')
    """
    if type(values) is not tuple:
        single = isinstance(values, (str, bytes, Mapping, Set)) or getattr(values, "ndim", 1) == 0
        if single or not isinstance(values, Iterable):
            raise InputError(f"{name} must be a sequence, got {shown(values)}{hint and '; '}{hint}")
        values = tuple(values)
    for i, value in enumerate(values):
        if not isinstance(value, kind):
            instance(f"{name}[{i}]", value, kind, hint)
    return values


def pairs(name: str, values: object, meaning: str) -> tuple[tuple[Any, Any], ...]:
    """Return `values` as a tuple of pairs; `meaning` says of what.

    Raises
    ------
    InputError
        If `values` is not a sequence of pairs.

    Examples
    --------
    >>> pairs("spans", [[0.5, 1.0], [2.0, 5.0]], "edges of bins")
    ((0.5, 1.0), (2.0, 5.0))
    """
    found = sequence(name, values, hint=f"it holds pairs of {meaning}")
    for i, pair in enumerate(found):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InputError(f"{name}[{i}] must be a pair of {meaning}, got {shown(pair)}")
    return tuple(map(tuple, found))


def put(instance: object, **values: object) -> None:
    """Set fields of a frozen dataclass to their checked values, from its ``__post_init__``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Source:
    ...     distance: float
    ...     def __post_init__(self):
    ...         put(self, distance=float(self.distance))
    >>> Source(19)
    Source(distance=19.0)
    """
    for field, value in values.items():
        object.__setattr__(instance, field, value)


def shown(value: object) -> str:
    """Return a value as messages show it: in at most 60 characters, and without the address of an object.

    Examples
    --------
    >>> shown("b-l"), shown(10**400), shown(3.0)
    ("'b-l'", 'a whole number of 401 digits', '3.0')
    """
    if isinstance(value, int) and abs(value) >= 10**20:
        # Python does not write those of thousands of digits
        return f"a whole number of {int(math.log10(abs(value))) + 1} digits"
    try:
        text = str(value) if isinstance(value, numbers.Number) else repr(value)
    except Exception:
        return f"an object of type {type(value).__name__}"
    text = re.sub(r" at 0x[0-9a-fA-F]+(?=>)", "", text)
    return text if len(text) <= 60 else text[:57] + "..."
