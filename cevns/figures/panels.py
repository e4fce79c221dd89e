"""A panel of a figure: the curves that it shows, as numbers, and how they are drawn."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from cevns.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

__all__ = ["Curve", "Panel", "describe"]


@dataclass(frozen=True)
class Curve:
    """The numbers of one drawn curve or region.

    Attributes
    ----------
    name : str
        First column of the table.
    about : str
        Model, parameters, confidence level, source.
    rows : sequence of tuples
        As many entries as the panel has columns.
    """

    name: str
    about: str
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Panel:
    """One panel of a figure.

    Attributes
    ----------
    name : str
        Figure and panel, ``"3a"``.
    title : str
        Short title over the axes, in mathtext.
    caption : str
        What it shows, in words.
    columns : tuple of str
        Names of the numbers in each row, with units.
    curves : tuple of Curve
        What is drawn.
    draw : callable
        ``draw(ax)`` draws it on Matplotlib axes.
    """

    name: str
    title: str
    caption: str
    columns: tuple[str, ...]
    curves: tuple[Curve, ...]
    draw: Callable[[Axes], None]

    def __post_init__(self) -> None:
        names = [curve.name for curve in self.curves]
        if len(set(names)) < len(names):
            raise InputError(f"curves of panel {self.name} must have different names, got {names}")

    def csv(self) -> str:
        """Return the numbers as comma-separated values with a header of ``#`` lines; floats keep all digits."""
        text = io.StringIO()
        text.write(f"# figure {self.name}: {self.caption}\n")
        for curve in self.curves:
            text.write(f"# {curve.name}: {curve.about}\n")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["curve", *self.columns])
        for curve in self.curves:
            writer.writerows([curve.name, *(_cell(value) for value in row)] for row in curve.rows)
        return text.getvalue()


def describe(model: str, mass: Any = None, coupling: Any = None) -> str:
    """Return a model and its parameters in plain text.

    Examples
    --------
    >>> describe("b-l", 10, 5e-5), describe("sm")
    ("model b-l, M_Z' = 10 MeV, g_Z' = 5e-05", 'model sm')
    """
    text = f"model {model}"
    if mass is not None:
        text += f", M_Z' = {mass:g} MeV"
    return text if coupling is None else f"{text}, g_Z' = {coupling:g}"


def _cell(value: Any) -> str:
    return repr(float(value)) if not isinstance(value, (int, str)) else str(value)
