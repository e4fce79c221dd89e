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

__all__ = ["columns", "confidence_level", "coupling", "grid", "mass", "mass_or_grid", "output", "whole"]

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


def mass_or_grid(text: str) -> Array | tuple[float]:
    """Return masses [MeV] for one number or ``LOW:HIGH:N``."""
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


def _float(name: str, text: str) -> float:
    from cevns import checks

    return checks.number(name, text)


def _int(name: str, text: str) -> int:
    from cevns import checks

    return checks.whole_number(name, text)
