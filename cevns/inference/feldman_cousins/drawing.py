"""What regions by toys look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.inference.feldman_cousins.result import FeldmanCousins
from cevns.inference.grids import grid_corners
from cevns.plotting.canvas import draws, is_empty, label_or_none
from cevns.plotting.frames import chi2_axes, mark, parameter_axes
from cevns.plotting.plane import once, percent, with_legend
from cevns.plotting.ranges import held
from cevns.plotting.regions import draw_lines, is_none

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

__all__ = ["plot_feldman_cousins"]

#: Share of a critical value below which delta chi2 is next to nothing.
LEAST = 1e-2


@draws
def plot_feldman_cousins(
    region: FeldmanCousins,
    ax: Axes | None = None,
    *,
    color: Any = "black",
    facecolor: Any = "0.85",
    wilks: bool = True,
    label: str | None = None,
) -> Axes:
    """Draw what is excluded by toys, and where Wilks' theorem would have it end.

    Parameters
    ----------
    region : FeldmanCousins
        Of one or two parameters. With one, delta chi2 is drawn beside its critical value, with the error of that.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes without data get the names of the parameters.
    color, facecolor : color
        Of the outline, and of what is excluded; ``"none"`` leaves that empty.
    wilks : bool
        Whether that of Wilks' theorem is drawn, dashed.
    label : str, optional
        Start of the legend's text; model and experiments unless given.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If `region` is no such result, or an option is none of Matplotlib's.
    """
    checks.instance("region", region, FeldmanCousins)
    label = label_or_none(region.title if label is None else label)
    legend, own = is_empty(ax), ax is None
    level = f"{percent(region.cl)} C.L."
    if len(region.parameters) == 1:
        ax = _along(region, ax, color, wilks, label, level)
        return with_legend(ax, new=legend, above=own)
    ax = parameter_axes(ax, region.parameters, [grid_corners(region.parameters, region.x, region.y)])
    with held(ax):
        # between points both go like powers of what is on logarithmic axes
        excess, above = (np.log(np.maximum(v.T, LEAST)) for v in (region.excess, region.delta_chi2 / region.wilks))
        if excess.min() < 0 < excess.max():
            if not is_none(facecolor):
                ax.contourf(region.x, region.y, excess, [0.0, np.inf], colors=[facecolor])
            ax.contour(region.x, region.y, excess, [0.0], colors=[color])
        if wilks and above.min() < 0 < above.max():
            ax.contour(region.x, region.y, above, [0.0], colors=["0.45"], linestyles=["--"])
    draw_lines(ax, [], f"{label}, {level} excluded (Feldman-Cousins)" if label else None, color=color)
    if wilks:
        draw_lines(ax, [], once(ax, f"{level} (Wilks, 2 d.o.f.)" if label else ""), color="0.45", linestyle="--")
    best = np.array([region.best_fit[p.name] for p in region.parameters])
    if all(axis[0] <= at <= axis[-1] for at, (_, axis) in zip(best, _axes(region), strict=True)):
        mark(ax, best, region.parameters, f"{label}, best fit" if label else "", color=color)
    return with_legend(ax, new=legend, above=own)


def _axes(region: FeldmanCousins) -> list[tuple[Any, Any]]:
    return list(zip(region.parameters, (region.x, region.y), strict=True))


def _along(region: FeldmanCousins, ax: Axes | None, color: Any, wilks: bool, label: str | None, level: str) -> Axes:
    critical, error = region.critical[:, 0], region.error[:, 0]
    height = 2.0 * max(region.wilks, float(np.nanmax(critical)) if np.isfinite(critical).any() else 0.0)
    ax = chi2_axes(ax, region.parameters[0], region.x, height)
    with held(ax):
        ax.plot(region.x, region.delta_chi2[:, 0], color=color, label=label or None)
        text = f"critical value, {level} (Feldman-Cousins)" if label else None
        ax.plot(region.x, critical, color="C0", linestyle="-.", label=once(ax, text or ""))
        ax.fill_between(region.x, critical - error, critical + error, color="C0", alpha=0.3, linewidth=0)
        if wilks:
            named = once(ax, f"critical value, {level} (Wilks, 1 d.o.f.)" if label else "")
            ax.axhline(region.wilks, color="0.45", linestyle="--", label=named)
    return ax
