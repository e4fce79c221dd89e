"""Which quantities axes show: what belongs to others is not drawn on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cevns.errors import InputError
from cevns.plotting.canvas import checked_label

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.parameters import Parameter

__all__ = ["DELTA_CHI2", "Quantity", "check_shown", "name_axis", "quantity_of"]

#: The attribute of axes that holds the quantities that plot functions named them by, by the name of the axis.
_SHOWN = "_cevns_quantities"
#: What the sizes of different couplings, or of different masses, have in common.
_SIZE = "size"


class Quantity(NamedTuple):
    """What an axis shows.

    Parameters
    ----------
    name, unit : str
        For messages; quantities of different units never share an axis.
    text : str
        What stands at the axis.
    kind : str
        Quantities of one unit share an axis if this is the same.
    """

    name: str
    unit: str
    text: str
    kind: str

    def __str__(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


DELTA_CHI2 = Quantity("delta chi2", "", r"$\Delta\chi^2$", "delta chi2")


def quantity_of(parameter: Parameter) -> Quantity:
    """Return a parameter as what an axis shows.

    Masses share one, and so do couplings of which only the square counts, whatever mediates them. What has both signs,
    an angle or a radius, shares it with its like alone.

    Examples
    --------
    >>> from cevns.parameters import Parameter, coupling, coupling_squared
    >>> quantity_of(coupling("g_x")).kind == quantity_of(coupling()).kind
    True
    >>> quantity_of(coupling_squared()).kind
    'coupling_squared'
    """
    size = parameter.scale == "log" and parameter.low >= parameter.origin
    return Quantity(parameter.name, parameter.unit, parameter.axis_label, _SIZE if size else parameter.name)


def name_axis(axis: Any, quantity: Quantity) -> None:
    """Write what an axis shows at it, and remember it."""
    axis.set_label_text(checked_label(quantity.text))
    ax = axis.axes
    setattr(ax, _SHOWN, getattr(ax, _SHOWN, {}) | {axis.axis_name: quantity})


def check_shown(ax: Axes | None, x: Quantity, y: Quantity) -> None:
    """Refuse axes that a plot function named by other quantities; those that somebody else has labelled take anything.

    Raises
    ------
    InputError
        If x or y is another quantity than the axes show, or has another unit.
    """
    if ax is None:
        return
    known = [_shown(axis) for axis in (ax.xaxis, ax.yaxis)]
    wanted = x, y
    if all(old is None or (old.kind, old.unit) == (new.kind, new.unit) for old, new in zip(known, wanted, strict=True)):
        return
    old = " x ".join("something else" if q is None else str(q) for q in known)
    new = " x ".join(map(str, wanted))
    raise InputError(
        f"ax shows {old}, and what is to be drawn is {new}: give axes of its own, or, if it belongs there, label them "
        "yourself with ax.set_xlabel and ax.set_ylabel before it is drawn"
    )


def _shown(axis: Any) -> Quantity | None:
    """Return what an axis was named by, None if its label is not that any more."""
    found: Quantity | None = getattr(axis.axes, _SHOWN, {}).get(axis.axis_name)
    return found if found is not None and axis.get_label_text() == found.text else None
