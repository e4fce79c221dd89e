"""What a reader of values takes, as a JSON schema that stands beside it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns.config.readers import Reader
    from cevns.config.schemas import Schemas

__all__ = ["NESTED", "Read", "Taking", "takes"]

#: A reader of values: takes the `Reader` of the file, a value, and the path to its key.
Read = Callable[["Reader", Any, str], Any]
#: Numbers in lists as deep as there are axes; `cevns.config.schemas` defines it.
NESTED = {"$ref": "#/$defs/numbers"}


class Taking:
    """A reader of values that says what it takes.

    Parameters
    ----------
    read : callable
        The reader itself.
    taken : mapping or callable
        A schema, or what makes it of those of its parts.
    name : str
        Of the schema, if it stands in many places.
    """

    def __init__(self, read: Read, taken: Mapping[str, Any] | Callable[[Schemas], Mapping[str, Any]], name: str):
        functools.update_wrapper(self, read)
        self._read, self._taken, self.name = read, taken, name

    def __call__(self, reader: Reader, value: Any, where: str) -> Any:
        """Return what the value stands for, None if it is refused."""
        return self._read(reader, value, where)

    def takes(self, of: Schemas) -> dict[str, Any]:
        """Return the schema."""
        return dict(self._taken(of) if callable(self._taken) else self._taken)


def takes(
    taken: Mapping[str, Any] | Callable[[Schemas], Mapping[str, Any]], name: str = ""
) -> Callable[[Read], Taking]:
    """Return the decorator of a reader of values that says what it takes."""
    return lambda read: Taking(read, taken, name)
