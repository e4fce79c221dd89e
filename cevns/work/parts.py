"""Which shards: those of one job among many, and how a set of them is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["chosen", "part", "rows", "spans"]

_MOST_SPANS = 8


def part(text: Any) -> tuple[int, int]:
    """Return number and count of a part, for ``"3/100"`` or ``(3, 100)``.

    Raises
    ------
    InputError
        If it is neither, or the number is not from 1 to the count.

    Examples
    --------
    >>> part("3/100")
    (3, 100)
    """
    words = text.split("/") if isinstance(text, str) else text
    if not isinstance(words, (tuple, list)) or len(words) != 2:
        raise InputError(f"part {checks.shown(text)} is not allowed: give K/N, for example 3/100 for the third of 100")
    numbers = [checks.whole_number("part", word) if isinstance(word, str) else word for word in words]
    count = checks.whole("number of parts", numbers[1], low=1, high=10**9)
    return checks.whole("part", numbers[0], low=1, high=count), count


def chosen(shards: int, given: Any) -> range:
    """Return the shards of a part, every N-th of them, so that parts take alike long; all unless one is given."""
    if given is None:
        return range(shards)
    number, count = part(given)
    return range(number - 1, shards, count)


def rows(shard: int, total: int, each: int) -> range:
    """Return the rows of a shard.

    Examples
    --------
    >>> rows(2, 2500, 1000)
    range(2000, 2500)
    """
    return range(shard * each, min((shard + 1) * each, total))


def spans(numbers: Iterable[int]) -> str:
    """Return ascending numbers as people write them.

    Examples
    --------
    >>> spans([1, 2, 3, 7])
    '1-3, 7'
    """
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    shown = [f"{low}-{high}" if low < high else f"{low}" for low, high in found[:_MOST_SPANS]]
    rest = sum(high - low + 1 for low, high in found[_MOST_SPANS:])
    return ", ".join([*shown, *([f"and {rest} more"] if rest else [])])
