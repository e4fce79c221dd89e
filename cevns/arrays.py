"""What NumPy lacks, or does at a price."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cevns._types import Array, ArrayLike


__all__ = ["ByValue", "alike", "equal", "span", "unique"]


class ByValue:
    """Base of results that hold arrays: equal if all their fields are, and not hashable, since arrays can change."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return equal(self, other)


def equal(a: object, b: object) -> bool:
    """Return whether two values are equal, arrays inside sequences and mappings element by element, NaN to NaN.

    Examples
    --------
    >>> equal({"x": np.array([1.0, np.nan])}, {"x": np.array([1.0, np.nan])})
    True
    """
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = np.asarray(a), np.asarray(b)
        return bool(
            a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc")
        )
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(equal, a, b))
    if dataclasses.is_dataclass(a) and type(a) is type(b):
        return all(equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(value, b[key]) for key, value in a.items())
    return bool(a == b) or (isinstance(a, float) and isinstance(b, float) and a != a and b != b)


def alike(rows: Array) -> Iterator[tuple[tuple[float, ...], list[int]]]:
    """Yield the different rows of a table in the order in which they come, and where they stand.

    Examples
    --------
    >>> list(alike(np.array([[1.0], [3.0], [1.0]])))
    [((1.0,), [0, 2]), ((3.0,), [1])]
    """
    found: dict[tuple[float, ...], list[int]] = {}
    for i, row in enumerate(rows.tolist()):
        found.setdefault(tuple(row), []).append(i)
    yield from found.items()


def span(name: str, values: ArrayLike, unit: str = "") -> str:
    """Return in a few words what an array, or a single number, holds.

    Examples
    --------
    >>> span("mass", [1.0, 30.0, 1000.0], "MeV")
    '3 values of mass from 1 to 1000 MeV'
    >>> span("coupling", 1e-5)
    'coupling 1e-05'
    """
    values, unit = np.asarray(values, dtype=float), f" {unit}" if unit else ""
    if values.size == 1:
        return f"{name} {values.item():.4g}{unit}"
    if not values.size:
        return f"no values of {name}"
    return f"{values.size} values of {name} from {values.min():.4g} to {values.max():.4g}{unit}"


def unique(values: ArrayLike) -> Array:
    """Return the different values in ascending order.

    `numpy.unique` imports `numpy.ma` when it is first called, a tenth of the time from a cold interpreter to a result.

    Examples
    --------
    >>> unique([3.0, 1.0, 3.0]).tolist()
    [1.0, 3.0]
    """
    ordered = np.sort(np.asarray(values, dtype=float), axis=None)
    return ordered[np.concatenate([[True], ordered[1:] > ordered[:-1]])] if ordered.size else ordered
