"""Parameters for whose every value there is work to do anew, apart from those along which one piece of work serves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cevns.arrays import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cevns._types import Array
    from cevns.parameters import Parameter

__all__ = ["Steps"]


@dataclass(frozen=True, eq=False, repr=False)
class Steps(Value):
    """Parameters of a function, some of which are steps: every value of these needs work of its own.

    Parameters
    ----------
    parameters : tuple of Parameter
        All of them, in the order in which rows hold their values.
    names : frozenset of str
        Names of steps, which need not be among them.

    Examples
    --------
    >>> from cevns.parameters import coupling, mass
    >>> steps = Steps((mass(), coupling()), frozenset({"mass"}))
    >>> [(values, where, others.tolist()) for values, where, others in steps.groups(np.array([[1.0, 2.0], [1.0, 3.0]]))]
    [((1.0,), [0, 1], [[2.0], [3.0]])]
    """

    parameters: tuple[Parameter, ...]
    names: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.places)

    @cached_property
    def places(self) -> list[int]:
        """Where steps stand in a row."""
        return [i for i, p in enumerate(self.parameters) if p.name in self.names]

    @cached_property
    def rest(self) -> list[int]:
        """Where the others stand."""
        return [i for i, p in enumerate(self.parameters) if p.name not in self.names]

    @cached_property
    def stepped(self) -> tuple[str, ...]:
        """Names of the steps that are parameters."""
        return tuple(self.parameters[i].name for i in self.places)

    @cached_property
    def others(self) -> tuple[Parameter, ...]:
        """The parameters that are no steps."""
        return tuple(self.parameters[i] for i in self.rest)

    def given(self, values: tuple[float, ...]) -> dict[str, float]:
        """Return values of the steps by name."""
        return dict(zip(self.stepped, values, strict=True))

    def groups(self, rows: Array) -> Iterator[tuple[tuple[float, ...], list[int], Array]]:
        """Yield the different values of the steps in rows as they come: these, which rows, and the others' values."""
        found: dict[tuple[float, ...], list[int]] = {}
        for i, row in enumerate(rows[:, self.places].tolist()):
            found.setdefault(tuple(row), []).append(i)
        for values, where in found.items():
            yield values, where, np.ascontiguousarray(rows[where][:, self.rest])
