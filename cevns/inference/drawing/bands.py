"""What expected limits look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.sensitivities import SIGMAS, Sensitivity
from cevns.plotting.canvas import draws, is_empty, label_or_none
from cevns.plotting.frames import parameter_axes
from cevns.plotting.looks import look, normal
from cevns.plotting.plane import level_text, once, with_legend
from cevns.plotting.ranges import held

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array

__all__ = ["plot_sensitivity"]

#: Of the bands of 1 and 2 standard deviations, dark and pale in grey too.
COLORS = ("#7fbf7f", "#ffe58a")
#: Along what experiments are varied.
VARIED = ("exposure", "threshold")


@draws
def plot_sensitivity(
    sensitivity: Sensitivity,
    ax: Axes | None = None,
    *,
    color: Any = None,
    facecolors: Any = COLORS,
    label: str | None = None,
    **options: Any,
) -> Axes:
    """Draw an expected limit: its median and the bands of 1 and 2 standard deviations.

    A coupling that has both signs has a limit on either side of 0, and an axis that is linear around it and logarithmic
    beyond if the limits differ much in size.

    Parameters
    ----------
    sensitivity : Sensitivity
        For at least two masses, exposures or thresholds.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes without data get the names of the parameters. Others grow, unless their limits were set by
        somebody else.
    color : color, optional
        Of the median; black unless given, and dashed, or in the next style where another result has that.
    facecolors : (color, color)
        Of the bands of 1 and 2 standard deviations.
    label : str, optional
        Start of the legend's text; model and experiments unless given.
    **options
        Of the median, for example ``linewidth``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is one value only, or none.

    Examples
    --------
    >>> import cevns
    >>> found = cevns.load("coherent-argon-2020").sensitivity("b-l", mass=[1.0, 10.0, 100.0])
    >>> plot_sensitivity(found).get_legend_handles_labels()[1][:2]
    ['expected, 95 % of data', 'expected, 68 % of data']
    """
    checks.instance("sensitivity", sensitivity, Sensitivity)
    values = sensitivity.values
    if values is None or len(values) < 2:
        raise InputError(
            f"a sensitivity to model {checks.shown(sensitivity.model)} needs two values to be drawn, masses of a "
            "mediator, exposures or thresholds: compute it at more, or print sensitivity.table()"
        )
    label = label_or_none(sensitivity.title if label is None else label)
    legend, own = is_empty(ax), ax is None
    order = np.argsort(values, kind="stable")
    x = values[order]
    sides = [ends[order] for ends in (sensitivity.upper, sensitivity.lower) if ends is not None]
    points = np.concatenate([np.column_stack([x, y]) for side in sides for y in side.T])
    finite = points[np.isfinite(points).all(axis=1)]
    # along masses limits vary by powers of ten
    signed = sensitivity.lower is not None and sensitivity.parameters[0].name not in VARIED
    ax = parameter_axes(ax, sensitivity.parameters, [finite], signed=signed)
    options = normal(options)
    drawn = look(ax, color=color, linestyle=options.get("linestyle"), first="--")
    with held(ax):
        for n, face in ((2, facecolors[1]), (1, facecolors[0])) if sensitivity.method != "none" else ():
            text = once(ax, f"expected, {68 if n == 1 else 95} % of data" if label else "")
            for side in sides:
                low, high = (side[:, SIGMAS.index(sign * n)] for sign in (-1, 1))
                ax.fill_between(x, *_shown(ax, low, high), color=face, linewidth=0, label=text, zorder=1.5 - 0.1 * n)
                text = None
        what = "expected limit" if sensitivity.lower is None else "expected interval"
        text = f"{label}, {level_text(sensitivity.cl, sensitivity.dof, what)}" if label else None
        for side in sides:
            line = {"color": drawn.color, "zorder": 2.1} | drawn.lines[0] | options
            ax.plot(x, side[:, SIGMAS.index(0)], label=text, **line)
            text = None
    return with_legend(ax, new=legend, above=own)


def _shown(ax: Axes, low: Array, high: Array) -> tuple[Array, Array]:
    """Return the ends of a band with those that are open far beyond what is shown."""
    most = 1e3 * max(map(abs, ax.get_ylim()))
    return np.clip(low, -most, most), np.clip(high, -most, most)
