"""What commands return: data for ``--json`` and a text for people."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from cevns.binning import Axis

__all__ = ["Result", "described_axis", "number", "table"]


@dataclass(frozen=True)
class Result:
    """The outcome of a command.

    Parameters
    ----------
    data : dict
        For ``--json``; NumPy arrays and numbers allowed, infinities become null.
    text : str
        For people.
    code : int
        Exit code.
    """

    data: dict[str, Any]
    text: str
    code: int = 0

    def rendered(self, *, as_json: bool) -> str:
        """Return what goes to stdout."""
        return json.dumps(_plain(self.data), allow_nan=False) if as_json else self.text


def described_axis(axis: Axis) -> dict[str, Any]:
    """Return name, unit and edges of an axis, and the names of its bins where they have some."""
    names = {"names": axis.names} if axis.names else {}
    return {"name": axis.name, "unit": axis.unit, "edges": axis.edges, **names}


def number(value: float) -> str:
    """Return a number as short text; a dash stands for none."""
    return "-" if value is None else f"{value:.6g}"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return aligned columns, two blanks apart.

    Examples
    --------
    >>> print(table(("name", "value"), [("a", 1.5), ("bcdef", None)]))
    name   value
    a      1.5
    bcdef  -
    """
    cells = [[cell if isinstance(cell, str) else number(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value
