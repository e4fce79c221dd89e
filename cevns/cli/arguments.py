"""Types of command-line arguments: text in, checked values out, and errors that argparse puts the option's name before.

The checks are imported when the first argument is converted, since they bring NumPy with them.
"""

from __future__ import annotations

import argparse
import functools

from cevns.errors import CevnsError, DataError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable
    from typing import Any

    from cevns._types import Array

__all__ = [
    "axis",
    "bound",
    "columns",
    "confidence_level",
    "coupling",
    "folder",
    "grid",
    "mass",
    "mass_or_grid",
    "option",
    "output",
    "prior",
    "seed",
    "setting",
    "shard",
    "share",
    "signed_grid",
    "values",
    "whole",
]

#: Most points on an axis, and in a whole scan (8 bytes each).
LONGEST_AXIS, LARGEST_GRID = 100_000, 100_000_000


def _argument(convert: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(convert)
    def typed(text: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return convert(text, *args, **kwargs)
        except CevnsError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return typed


@_argument
def mass(text: str) -> float:
    """Return a mass [MeV]."""
    from cevns import checks

    return checks.real("mass", _float("mass", text), unit="MeV", low=0)


@_argument
def coupling(text: str) -> float:
    """Return a coupling; only contact interactions take a negative one, which the model decides."""
    from cevns import checks

    return checks.real("coupling", _float("coupling", text))


def _named(text: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise InputError(f"{text!r} is not {example.partition(',')[0]}: give {example.partition(', ')[2]}")
    return name, value


@_argument
def setting(text: str) -> tuple[str, float]:
    """Return name and value of a parameter, for ``NAME=VALUE``."""
    from cevns import checks

    name, value = _named(text, "NAME=VALUE, for example sin2_theta_w=0.24")
    return name, checks.real(name, _float(name, value))


@_argument
def option(text: str) -> tuple[str, str, str]:
    """Return experiment, empty for any, name and value of an option, for ``[EXPERIMENT:]NAME=VALUE``."""
    head, equals, value = text.partition("=")
    experiment, _, name = head.rpartition(":")
    if not equals or not name.isidentifier():
        raise InputError(f"{text!r} is not [EXPERIMENT:]NAME=VALUE: give, for example, systematics=core")
    return experiment, name, value


@_argument
def bound(text: str) -> tuple[str, tuple[float, float]]:
    """Return name and range of a parameter, for ``NAME=LOW:HIGH``."""
    name, value = _named(text, "NAME=LOW:HIGH, for example rn_ar=2:8")
    return name, _two(name, value, "LOW:HIGH")


@_argument
def prior(text: str) -> tuple[str, tuple[float, float]]:
    """Return name, mean and standard deviation of a parameter, for ``NAME=MEAN:SIGMA``."""
    name, value = _named(text, "NAME=MEAN:SIGMA, for example rn_csi=4.9:0.1")
    return name, _two(name, value, "MEAN:SIGMA")


def _two(name: str, text: str, what: str) -> tuple[float, float]:
    from cevns import checks

    parts = text.split(":")
    if len(parts) != 2:
        raise InputError(f"{name}={text} is not {name}={what}: give two numbers with a colon between")
    first, second = (checks.real(name, _float(name, part)) for part in parts)
    return first, second


@_argument
def values(text: str) -> tuple[float, ...] | tuple[float, float, int]:
    """Return one value, or ends and number of points for ``LOW:HIGH:N``."""
    from cevns import checks

    parts = text.split(":")
    if len(parts) == 1:
        return (checks.real("value", _float("value", text)),)
    if len(parts) != 3:
        raise InputError(f"{text!r} is not a grid: give LOW:HIGH:N, for example 3:7:50")
    low, high = (checks.real(n, _float(n, part)) for n, part in zip(("LOW", "HIGH"), parts, strict=False))
    if not low < high:
        raise InputError(f"{text!r} is not a grid: LOW must be below HIGH")
    return low, high, checks.whole("N", _int("N", parts[2]), low=2, high=LONGEST_AXIS)


@_argument
def share(text: str) -> float:
    """Return a relative error."""
    from cevns import checks

    return checks.real("precision", _float("precision", text), low=1e-4, high=1)


@_argument
def axis(text: str) -> tuple[str, list[tuple[float, ...]]]:
    """Return a parameter and its values, for ``NAME=LOW:HIGH:N`` or ``NAME=VALUE,VALUE``."""
    name, given = _named(text, "NAME=LOW:HIGH:N, for example coupling=1e-5:1e-3:30")
    return name, [values(part) for part in given.split(",")]


@_argument
def confidence_level(text: str) -> float:
    """Return a confidence level."""
    from cevns import checks

    return checks.confidence_level(_float("confidence level", text))


def columns(text: str) -> tuple[int | str, ...]:
    """Return columns of a table, given by numbers or titles with commas between them."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(int(part) if part.isascii() and part.isdigit() else part for part in parts)


def whole(name: str, high: int) -> Callable[[str], int]:
    """Return the type of whole numbers from 1 to `high`."""

    @_argument
    def convert(text: str) -> int:
        from cevns import checks

        return checks.whole(name, _int(name, text), low=1, high=high)

    return convert


@_argument
def signed_grid(text: str) -> Array:
    """Return values as of `grid`, or, from a LOW below 0, evenly spaced ones."""
    import numpy as np

    parts = text.split(":")
    if len(parts) == 3 and _float("LOW", parts[0]) < 0:
        low, high, count = values(text)
        return np.linspace(low, high, int(count))
    return grid(text)  # type: ignore[no-any-return]


@_argument
def grid(text: str) -> Array:
    """Return N values from LOW to HIGH, evenly spaced in their logarithms, for ``LOW:HIGH:N``."""
    import numpy as np

    from cevns import checks

    parts = text.split(":")
    if len(parts) != 3:
        raise InputError(f"{text!r} is not a grid: give LOW:HIGH:N, for example 1:1000:50")
    low, high = (checks.real(n, _float(n, part), above=0) for n, part in zip(("LOW", "HIGH"), parts, strict=False))
    points = checks.whole("N", _int("N", parts[2]), low=2, high=LONGEST_AXIS)
    if not low < high:
        raise InputError(f"{text!r} is not a grid: LOW must be below HIGH")
    return np.geomspace(low, high, points)


@_argument
def mass_or_grid(text: str) -> Array | tuple[float]:
    """Return masses [MeV] for one number or ``LOW:HIGH:N``."""
    if "," in text:
        raise InputError(
            f"{text!r} is not a mass: give several with blanks between them, {' '.join(text.replace(',', ' ').split())}"
            ", or LOW:HIGH:N for N of them"
        )
    return grid(text) if ":" in text else (mass(text),)


def output(*suffixes: str) -> Callable[[str], pathlib.Path]:
    """Return the type of paths to write, which fails before any work is done if the path cannot be right."""

    @_argument
    def convert(text: str) -> pathlib.Path:
        from cevns.files import checked_path

        path = checked_path(text)
        if path.suffix not in suffixes:
            raise InputError(f"{text!r} must end in {' or '.join(suffixes)}")
        if path.is_dir():
            raise DataError(f"cannot write {text}: it is a folder")
        if not path.parent.is_dir():
            raise DataError(f"cannot write {text}: there is no folder {path.parent}")
        return path

    return convert


@_argument
def folder(text: str) -> pathlib.Path:
    """Return the path of a folder, which need not exist."""
    from cevns.files import checked_path

    path = checked_path(text, "folder")
    if path.exists() and not path.is_dir():
        raise DataError(f"{text} is no folder: give another name")
    return path


@_argument
def shard(text: str) -> tuple[int, int]:
    """Return number and count for ``K/N``."""
    from cevns.work import part

    return part(text)


@_argument
def seed(text: str) -> int:
    """Return a seed of random numbers."""
    from cevns import checks
    from cevns.work.tasks import LARGEST_SEED

    return checks.whole("seed", _int("seed", text), low=0, high=LARGEST_SEED)


def _float(name: str, text: str) -> float:
    from cevns import checks

    return checks.number(name, text)


def _int(name: str, text: str) -> int:
    from cevns import checks

    return checks.whole_number(name, text)
