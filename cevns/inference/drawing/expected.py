"""What expected regions look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.inference.drawing.bands import COLORS
from cevns.inference.expected_regions import ExpectedRegion
from cevns.inference.grids import grid_corners
from cevns.parameters import Parameter
from cevns.plotting.canvas import draws, is_empty, label_or_none
from cevns.plotting.frames import mark, parameter_axes
from cevns.plotting.plane import once, percent, with_legend
from cevns.plotting.ranges import held
from cevns.plotting.regions import draw_lines

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array

__all__ = ["plot_expected_region"]

#: Beyond how many standard deviations shares are as good as 0 and 1.
FAR = 5.0
#: What is drawn along one parameter.
SHARE = Parameter("share", label="share of data that exclude", low=0.0, high=1.0)


@draws
def plot_expected_region(
    region: ExpectedRegion,
    ax: Axes | None = None,
    *,
    color: Any = "black",
    facecolors: Any = COLORS,
    label: str | None = None,
) -> Axes:
    """Draw where half of data exclude, and the bands of 16 to 84 % and of 2.3 to 97.7 % of data.

    With one parameter the share is drawn along it.

    Parameters
    ----------
    region : ExpectedRegion
        Of one or two parameters.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes without data get the names of the parameters.
    color : color
        Of the line where half of data exclude, and of the mark where the true values are.
    facecolors : (color, color)
        Of the bands of 1 and 2 standard deviations.
    label : str, optional
        Start of the legend's text; model and experiments unless given.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If `region` is no such result, or an option is none of Matplotlib's.

    Examples
    --------
    >>> import cevns
    >>> import numpy as np
    >>> argon = cevns.load("coherent-argon-2020")
    >>> found = argon.expected_region("sm", {"sin2_theta_w": np.linspace(0.05, 0.5, 10)})
    >>> plot_expected_region(found).get_ylabel()
    'share of data that exclude'
    """
    checks.instance("region", region, ExpectedRegion)
    label = label_or_none(region.title if label is None else label)
    legend, own = is_empty(ax), ax is None
    level = f"{percent(region.cl)} C.L."
    if len(region.parameters) == 1:
        ax = _along(region, ax, color, facecolors, f"{label}, {level}" if label else "")
        return with_legend(ax, new=legend, above=own)
    ax = parameter_axes(ax, region.parameters, [grid_corners(region.parameters, region.x, region.y)])
    with held(ax):
        deviations = _deviations(region).T
        for n, face in ((2, facecolors[1]), (1, facecolors[0])):
            ax.contourf(region.x, region.y, deviations, [-n, n], colors=[face], zorder=1.5 - 0.1 * n)
        if deviations.min() < 0 < deviations.max():
            ax.contour(region.x, region.y, deviations, [0.0], colors=[color], linestyles=["--"])
    for n, face in ((1, facecolors[0]), (2, facecolors[1])):
        text = once(ax, f"expected, {68 if n == 1 else 95} % of data" if label else "")
        ax.fill([], [], color=face, linewidth=0, label=text or None)
    draw_lines(ax, [], f"{label}, {level}, expected contour" if label else None, color=color, linestyle="--")
    at = np.array([region.truth[p.name] for p in region.parameters])
    if all(axis[0] <= value <= axis[-1] for value, axis in zip(at, (region.x, region.y), strict=True)):
        mark(ax, at, region.parameters, f"{label}, true values" if label else "", color=color)
    return with_legend(ax, new=legend, above=own)


def _deviations(region: ExpectedRegion) -> Array:
    """Return with how many standard deviations data exclude each point, on a scale that goes on where all do.

    By Asimov data they are a function of the root of delta chi2, which is nearly straight between points.
    """
    from scipy.stats import norm

    found: Array = norm.ppf(region.excluded.clip(1e-300, 1.0 - 1e-16)).clip(-FAR, FAR)
    if region.method != "asimov":
        return found
    roots = np.linspace(0.0, FAR + np.sqrt(region.level), 400)
    known = norm.ppf(region.share(roots**2).clip(1e-300, 1.0 - 1e-16))
    at = np.sqrt(region.delta_chi2)
    end = float(np.interp(FAR - 1.0, known, roots))
    return np.where(at < end, np.interp(at, roots, known), FAR - 1.0 + at - end)


def _along(region: ExpectedRegion, ax: Axes | None, color: Any, facecolors: Any, label: str) -> Axes:
    from scipy.stats import norm

    (parameter,), share = region.parameters, region.excluded[:, 0]
    points = np.column_stack([region.x, share])
    ax = parameter_axes(ax, (parameter, SHARE), [points])
    with held(ax):
        for n, face in ((2, facecolors[1]), (1, facecolors[0])):
            text = once(ax, f"{100 * norm.cdf(-n):.3g} to {100 * norm.cdf(n):.3g} %" if label else "")
            ax.axhspan(norm.cdf(-n), norm.cdf(n), color=face, alpha=0.4, linewidth=0, label=text or None)
        ax.plot(region.x, share, color=color, label=label or None)
    ax.set_ylim(0.0, 1.0)
    return ax
