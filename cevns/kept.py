"""A small store of what was computed, so that it is computed once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Kept"]

Kind = TypeVar("Kind")


class Kept:
    """Values by key, the oldest of which go when there are too many. Safe to use from several threads.

    Parameters
    ----------
    most : int
        Number of values that are kept.

    Examples
    --------
    >>> squares = Kept(2)
    >>> squares.get(3, lambda: 9), squares.get(3, lambda: "not called")
    (9, 9)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Hashable, Any] = {}
        self._made = 0
        # a value may need another one of the same store
        self._lock = threading.RLock()

    def known(self, key: Hashable) -> Any:
        """Return the value of a key, or None if there is none yet."""
        return self._values.get(key)

    def get(self, key: Hashable, make: Callable[[], Kind]) -> Kind:
        """Return the value of a key, from `make` if there is none yet."""
        made = self._made
        found = self._values.get(key)
        if found is None:
            with self._lock:
                # somebody else may have made it meanwhile
                found = self._values.get(key) if self._made != made else None
                if found is None:
                    found = self._values[key] = make()
                    self._made += 1
                    while len(self._values) > self._most:
                        del self._values[next(iter(self._values))]
        return found
