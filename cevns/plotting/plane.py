"""Axes for the plane of mediator mass and coupling."""

from __future__ import annotations

import numpy as np

from cevns import checks, parameters
from cevns.arrays import below
from cevns.parameters import LARGEST_COUPLING
from cevns.plotting.canvas import draws, is_empty, new_figure
from cevns.plotting.legends import letters_beside, lines_of, shortened
from cevns.plotting.quantities import Quantity, check_shown, name_axis, quantity_of
from cevns.plotting.ranges import is_new, show
from cevns.plotting.signs import signed_end, signed_scale

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from cevns._types import Array, ArrayLike

__all__ = [
    "COUPLING",
    "COUPLING_LABEL",
    "LINE_STYLES",
    "MASS",
    "MASS_LABEL",
    "MIXING",
    "MIXING_LABEL",
    "OPEN_ABOVE",
    "OPEN_BELOW",
    "level_text",
    "line_style",
    "log_ticks",
    "mass_coupling_axes",
    "once",
    "percent",
    "scientific",
    "set_up_plane",
    "with_legend",
]

MASS, COUPLING = quantity_of(parameters.mass()), quantity_of(parameters.coupling())
#: A coupling too, but in units of another one, so that axes of couplings do not show it.
MIXING = Quantity("epsilon", "", r"$\epsilon$", "kinetic mixing")
MASS_LABEL, COUPLING_LABEL, MIXING_LABEL = MASS.text, COUPLING.text, MIXING.text
#: More than anybody tells apart at a glance; what has more lines than these has them wider.
LINE_STYLES: tuple[Any, ...] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (9, 3)),
    (0, (5, 1.5, 1, 1.5, 1, 1.5)),
    (0, (1, 3)),
    (0, (9, 2, 3, 2)),
)

#: The attribute of axes that holds the legend that a plot function made, and whether it stands above them.
_LEGEND = "_cevns_legend"

#: Couplings at which regions that do not end are cut for drawing: outside any axes, so that they stay open on zooming.
OPEN_BELOW, OPEN_ABOVE = 1e-20, LARGEST_COUPLING


def scientific(value: float, digits: int = 2) -> str:
    """Return a number in Matplotlib's mathtext with at most `digits` significant digits, without dollar signs.

    Examples
    --------
    >>> scientific(8e-5), scientific(1e-3), scientific(25.0)
    ('8 \\\\times 10^{-5}', '10^{-3}', '25')
    """
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \times {power}"


def level_text(cl: float, dof: int | None, verdict: str) -> str:
    """Return what a legend says of a region.

    Examples
    --------
    >>> level_text(0.9, 2, "excluded")
    '90% C.L. excluded (2 d.o.f.)'
    """
    return f"{percent(cl)} C.L. {verdict} ({dof} d.o.f.)"


def line_style(number: int) -> dict[str, Any]:
    """Return how one of many lines is drawn, so that they differ without their colours.

    Examples
    --------
    >>> line_style(0), line_style(8)
    ({'linestyle': '-'}, {'linestyle': '-', 'linewidth': 3.0})
    """
    widths, style = divmod(number, len(LINE_STYLES))
    return {"linestyle": LINE_STYLES[style]} | ({"linewidth": 1.5 * (1 + widths)} if widths else {})


def percent(level: float) -> str:
    """Return a confidence level as it stands in a legend.

    Examples
    --------
    >>> percent(0.9), percent(0.9545), percent(0.999999)
    ('90%', '95.45%', '99.9999%')
    """
    return f"{below(100 * level, 100)}%"


@draws
def mass_coupling_axes(
    ax: Axes | None = None, *, mass: ArrayLike = (0.1, 1e4), coupling: ArrayLike = (1e-6, 1e-1)
) -> Axes:
    """Set up logarithmic axes of mediator mass and coupling.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, optional
        Axes to set up; new ones unless given.
    mass : (float, float)
        Range of the mass [MeV].
    coupling : (float, float)
        Range of the coupling.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If a range does not ascend or is not positive.

    Examples
    --------
    >>> ax = mass_coupling_axes(mass=(1.0, 1e3))
    >>> ax.get_xscale(), [float(end) for end in ax.get_xlim()]  # MeV
    ('log', [1.0, 1000.0])
    """
    mass = checks.ascending("mass", mass, unit="MeV", above=0, least=2)
    coupling = checks.ascending("coupling", coupling, above=0, least=2)
    ax = new_figure().add_subplot() if ax is None else ax
    ax.set(xscale="log", yscale="log", xlim=(mass[0], mass[-1]), ylim=(coupling[0], coupling[-1]))
    for axis, quantity in ((ax.xaxis, MASS), (ax.yaxis, COUPLING)):
        log_ticks(axis)
        name_axis(axis, quantity)
    return ax


def log_ticks(axis: Axis, labelled: Sequence[float] = (1,)) -> None:
    """Give a logarithmic Matplotlib axis labelled ticks in every decade and small ones between.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        ``ax.xaxis`` or ``ax.yaxis``.
    labelled : sequence of int
        Which multiples of a power of ten have labels; more than 1 itself, as in ``(1, 2, 5)`` for a range of few
        decades, are written as plain numbers.

    Examples
    --------
    >>> ax = mass_coupling_axes(mass=(1.0, 1e3))
    >>> log_ticks(ax.xaxis, labelled=(1, 3))
    >>> len(ax.xaxis.get_ticklocs()) > 6
    True
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_major_locator(LogLocator(subs=labelled, numticks=30))
    axis.set_minor_locator(LogLocator(subs=range(2, 10), numticks=300))
    if tuple(labelled) != (1,):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def set_up_plane(
    ax: Axes | None,
    mass: Array,
    coupling: Array,
    *,
    quantities: tuple[Quantity, Quantity],
    exact: bool = False,
    grow: bool = True,
) -> Axes:
    """Return axes for the plane that show some masses and couplings.

    New axes get its scales and labels; others grow, unless their limits were set by somebody else or `grow` is false.
    Couplings of both signs have an axis that is linear around 0. Axes named by other quantities are refused.
    """
    low, high = coupling.min(), coupling.max()
    scale: dict[str, Any] = {"value": "log"}
    if low < 0:
        scale = signed_scale(coupling)
        if not exact:
            low, high = signed_end(low, scale), signed_end(max(high, 0.0), scale)
    elif not exact:
        low, high = 10.0 ** np.floor(np.log10(low / 2)), 10.0 ** np.ceil(np.log10(min(high, 0.1 * OPEN_ABOVE) * 2))
    if ax is not None and not is_empty(ax):
        check_shown(ax, *quantities)
        if grow:
            show(ax.xaxis, mass.min(), mass.max())
            show(ax.yaxis, low, high)
        return ax
    ax = new_figure().add_subplot() if ax is None else ax
    new = is_new(ax.xaxis), is_new(ax.yaxis)
    show(ax.xaxis, mass.min(), mass.max(), scale="log", new=new[0])
    show(ax.yaxis, low, high, scale=scale["value"], linthresh=scale.get("linthresh"), new=new[1])
    for axis, quantity in zip((ax.xaxis, ax.yaxis), quantities, strict=True):
        if axis.get_scale() == "log":
            log_ticks(axis)
        name_axis(axis, quantity)
    if scale["value"] != "log":
        # what is on either side of it is told apart
        ax.axhline(0, color="0.6", linewidth=0.4, zorder=0.5)
    return ax


def once(ax: Axes, text: str) -> str | None:
    """Return an entry of a legend that says nothing of one result alone, or None where it stands already."""
    return text if text and text not in ax.get_legend_handles_labels()[1] else None


def with_legend(ax: Axes, *, new: bool = True, above: bool = False, title: str = "") -> Axes:
    """Return axes with a legend, if there is anything to be named.

    Above axes that nothing else shares, it hides nothing, and its samples are not taken for data; in axes of somebody
    else's figure it stands where there is most room, since what is above them is not ours. Axes that are not new keep
    the legend that they have, or none; one that was made here names what has been drawn since, below its title. Long
    entries take several lines.
    """
    if not new:
        legend, above = getattr(ax, _LEGEND, (None, False))
        if legend is None or ax.get_legend() is not legend:
            return ax
    handles, texts = ax.get_legend_handles_labels()
    if not handles:
        return ax
    former = ax.get_legend()
    title = title or (" ".join(former.get_title().get_text().split("\n")) if former else "")
    usual: dict[str, Any] = {"fontsize": "small", "handlelength": 3.0}
    place = usual | {"framealpha": 0.6, "edgecolor": "none"}
    if above:
        place = usual | {"frameon": False, "loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.3}
    letters = letters_beside(ax, whole=above)
    if title:
        place |= {"title": lines_of(title, letters), "title_fontsize": "small", "alignment": "left"}
    setattr(ax, _LEGEND, (ax.legend(handles, shortened(texts, letters), **place), above))
    return ax
