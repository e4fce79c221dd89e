"""Fingerprints of values: SHA-256 of canonical bytes, the same in every process, on every machine and for every copy.

They are of numbers and texts, as dataclasses hold them in their fields: what an object has computed and kept is no part
of it, nor is how it was made. Numbers that are equal have one fingerprint, 1 and 1.0, 0.0 and -0.0.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import inspect
import math
import struct
import sys
import types
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["described", "fingerprint"]

#: Levels of names that a description goes down, and the longest value that it shows itself.
_LEVELS, _LONGEST = 4, 60


def fingerprint(value: object) -> str:
    """Return a fingerprint of what a value holds.

    Parameters
    ----------
    value : object
        Experiment, likelihood, interaction or parameter; number, text, bytes, None, array; sequence, set or mapping of
        them; function, or object of a class, of which the name and the source count (the name alone where cevns, Python
        or a compiled module has it).

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Raises
    ------
    InputError
        If the value, or something in it, is of another kind.

    Examples
    --------
    >>> fingerprint({"mass": 1.0, "counts": (3, 4)})[:16]
    '6eaf4e57b79e0f5f'
    >>> fingerprint((1, 2)) == fingerprint([1.0, 2.0])
    True
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> fingerprint(argon) == fingerprint(argon.replace(signal_sigma=0.2))
    False
    """
    return hashlib.sha256(_checked(value)).hexdigest()


def described(inputs: Mapping[str, object]) -> dict[str, str]:
    """Return what people can tell inputs apart by: numbers and short texts themselves, else fingerprints.

    Parameters
    ----------
    inputs : mapping of str to object
        Values by name.

    Returns
    -------
    dict of str to str
        By dotted names that go down to the fields of objects, at most four of them.

    Examples
    --------
    >>> described({"seed": 1, "values": {"mass": 10.0}})
    {'seed': '1', 'values.mass': '10.0'}
    """
    return dict(_described(inputs, (), _LEVELS))


def _described(inputs: Mapping[str, object], above: tuple[str, ...], levels: int) -> Iterable[tuple[str, str]]:
    for name, value in inputs.items():
        path = (*above, name)
        parts = _parts(value) if levels > 1 else {}
        if parts:
            yield from _described(parts, path, levels - 1)
            continue
        shown = repr(value) if value is None or isinstance(value, (bool, int, float, str)) else ""
        yield ".".join(path), shown if 0 < len(shown) <= _LONGEST else f"sha256:{fingerprint(value)}"


def _parts(value: object) -> Mapping[str, object]:
    """Return what a value is made of, by names; nothing where it has no names."""
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return value
    if isinstance(value, (tuple, list)):
        names = [getattr(part, "name", None) for part in value]
        named = {name: part for name, part in zip(names, value, strict=True) if isinstance(name, str)}
        return named if len(named) == len(value) else {}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    made = _made(value)
    if made and made[0].__module__.startswith("cevns."):
        try:
            taken = tuple(inspect.signature(made[0]).parameters)
        except ValueError:
            return {}
        return dict(zip(taken, made[1], strict=False))
    return {}


def _checked(value: object) -> bytes:
    try:
        return _encoded(value)
    except RecursionError:
        raise InputError(f"no fingerprint can be made of a {type(value).__name__} that holds itself") from None


def _item(mark: bytes, *parts: bytes) -> bytes:
    """Return parts with their lengths, so that no two values share their bytes."""
    return b"".join([mark, struct.pack(">Q", len(parts)), *(struct.pack(">Q", len(p)) + p for p in parts)])


def _encoded(value: Any) -> bytes:
    if isinstance(value, np.generic):
        value = value.item()
    for kinds, encode in _KINDS:
        if isinstance(value, kinds):
            return encode(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = _fields(value).items()
        return _item(b"object", _class(type(value)), *(_item(b"", _text(n), _encoded(v)) for n, v in fields))
    made = _made(value)
    if made:
        return _item(b"object", _class(made[0]), *map(_encoded, made[1]))
    raise InputError(
        f"no fingerprint can be made of a {type(value).__module__}.{type(value).__qualname__}: give numbers, texts, "
        "arrays, dataclasses, functions, or what cevns makes of them"
    )


def _fields(value: Any) -> dict[str, object]:
    """Return the fields of a dataclass that make it equal to another one."""
    return {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.compare}


def _made(value: object) -> tuple[type, tuple[object, ...]] | None:
    """Return the class and the arguments that make an object anew, where it says so itself."""
    if type(value).__reduce__ is object.__reduce__:
        return None
    made = value.__reduce__()
    if isinstance(made, tuple) and len(made) == 2 and isinstance(made[0], type) and isinstance(made[1], tuple):
        return made
    return None


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _name(named: Any) -> bytes:
    """Return the name of a class or a function: without its module inside of cevns, where it may move."""
    module = named.__module__ or ""
    # the main program has another name in the processes that it starts
    shown = "" if module.partition(".")[0] in ("cevns", "__main__", "__mp_main__") else module
    return _text(f"{shown}:{named.__qualname__}")


def _integer(value: int) -> bytes:
    exact = abs(value) <= 2**53
    return _number(float(value)) if exact else _item(b"integer", b"%d" % value)


def _number(value: float) -> bytes:
    # one zero, and one NaN
    return b"number" + struct.pack(">d", math.nan if value != value else value + 0.0)


def _array(value: np.ndarray) -> bytes:
    kind, shape = value.dtype.kind, b"%r" % (tuple(map(int, value.shape)),)
    if kind in "OUS" and value.dtype.fields is None:
        return _item(b"objects", shape, *map(_encoded, value.ravel().tolist()))
    if kind == "f" and value.dtype.itemsize <= 8:
        found = np.asarray(value, ">f8") + 0.0
        content = np.where(np.isnan(found), np.nan, found).astype(">f8")
    elif kind == "c" and value.dtype.itemsize <= 16:
        return _item(b"complex array", _array(value.real), _array(value.imag))
    elif kind in "iu":
        large = value.size and max(abs(int(value.min())), abs(int(value.max()))) > 2**53
        if large:
            return _item(b"objects", shape, *map(_encoded, value.ravel().tolist()))
        content = value.astype(">f8")
    elif kind == "b":
        content = value.astype("u1")
    else:
        raise InputError(f"no fingerprint can be made of an array of {value.dtype}: give numbers, texts or objects")
    return _item(b"array" if kind != "b" else b"truths", shape, content.tobytes())


def _function(value: types.FunctionType) -> bytes:
    name = _name(value)
    if _versioned(value):
        return _item(b"function", name)
    body = _source(value) or _code(value.__code__)
    inside = [cell.cell_contents for cell in value.__closure__ or ()]
    return _item(b"function", name, body, _encoded((value.__defaults__, value.__kwdefaults__, inside)))


def _class(value: type) -> bytes:
    """Return the name of a class, and what it does, methods that it inherits included."""
    bodies = []
    for kind in value.__mro__:
        if not _versioned(kind):
            functions = [(n, f) for n, f in sorted(vars(kind).items()) if isinstance(f, types.FunctionType)]
            bodies.append(_source(kind) or _item(b"", *(_text(n) + _code(f.__code__) for n, f in functions)))
    return _item(b"", _name(value), *bodies)


def _versioned(named: Any) -> bool:
    """Return whether the version of cevns, or of Python, stands for what a class or function does."""
    top = (named.__module__ or "").partition(".")[0]
    return top == "cevns" or (top != "__main__" and top in sys.stdlib_module_names)


def _source(named: Any) -> bytes:
    """Return the source of a class or function; nothing where it has none, as at a prompt."""
    try:
        return _text(inspect.getsource(named))
    except (OSError, TypeError):
        return b""


def _code(code: types.CodeType) -> bytes:
    constants = [_code(c) if isinstance(c, types.CodeType) else _encoded(c) for c in code.co_consts]
    return _item(b"code", code.co_code, _encoded(code.co_names), *constants)


def _partial(value: functools.partial[Any]) -> bytes:
    return _item(b"partial", _encoded(value.func), _encoded(value.args), _encoded(value.keywords))


#: How values of each kind become bytes; the first that fits.
_KINDS: tuple[tuple[Any, Callable[[Any], bytes]], ...] = (
    (type(None), lambda value: b"none"),
    (bool, lambda value: b"true" if value else b"false"),
    (enum.Enum, lambda value: _item(b"enum", _name(type(value)), _text(value.name))),
    (int, _integer),
    (float, _number),
    (complex, lambda value: _item(b"complex", _number(value.real), _number(value.imag))),
    (str, lambda value: _item(b"text", _text(value))),
    (bytes, lambda value: _item(b"bytes", value)),
    (np.ndarray, _array),
    ((tuple, list), lambda value: _item(b"sequence", *map(_encoded, value))),
    (Set, lambda value: _item(b"set", *sorted(map(_encoded, value)))),
    (Mapping, lambda value: _item(b"mapping", *sorted(_item(b"", _encoded(k), _encoded(v)) for k, v in value.items()))),
    (types.FunctionType, _function),
    ((types.BuiltinFunctionType, np.ufunc), lambda value: _item(b"compiled", _compiled(value))),
    (types.MethodType, lambda value: _item(b"method", _encoded(value.__self__), _text(value.__name__))),
    (functools.partial, _partial),
    (type, lambda value: _item(b"class", _class(value))),
)


def _compiled(value: Any) -> bytes:
    """Return the name of a compiled function; those of NumPy and SciPy are told apart by name alone."""
    return _text(f"{getattr(value, '__module__', None) or ''}:{value.__name__}")
