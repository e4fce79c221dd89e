"""What toys look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.inference.ensembles.result import Toys
from cevns.inference.levels import survival
from cevns.plotting.canvas import draws, is_empty, label_or_none, new_figure
from cevns.plotting.plane import with_legend
from cevns.plotting.quantities import DELTA_CHI2, Quantity, check_shown, name_axis

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

__all__ = ["plot_toys"]

#: What is drawn of toys.
SHARE = Quantity("share of toys", "", "share of toys above", "share of toys")


@draws
def plot_toys(
    toys: Toys, ax: Axes | None = None, *, wilks: bool = True, label: str | None = None, **options: Any
) -> Axes:
    """Draw the share of toys with more than each delta chi2, beside what Wilks' theorem says, and the observed one.

    Parameters
    ----------
    toys : Toys
        What is drawn.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those without data get a logarithmic axis of the share.
    wilks : bool
        Whether the curve of Wilks' theorem and the observed value are drawn, too.
    label : str, optional
        For the legend; model and experiments unless given.
    **options
        Of the line.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If `toys` are none, or an option is none of Matplotlib's.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> ax = plot_toys(argon.toys("b-l", 300, free="coupling", mass=10.0, coupling=3e-5))
    >>> ax.get_xlabel(), ax.get_yscale()
    ('$\\\\Delta\\\\chi^2$', 'log')
    """
    checks.instance("toys", toys, Toys)
    label = label_or_none(f"{toys.title}, {len(toys)} toys" if label is None else label)
    legend, own = is_empty(ax), ax is None
    if not legend:
        check_shown(ax, DELTA_CHI2, SHARE)
    ax = new_figure().add_subplot() if ax is None else ax
    x = np.sort(toys.delta_chi2)
    share = 1 - np.arange(x.size) / x.size
    ax.plot(x, share, label=label or None, **({"color": "black", "drawstyle": "steps-pre"} | options))
    if wilks:
        grid = np.linspace(0.0, max(float(x[-1]), 1.0), 200)
        ax.plot(grid, survival(grid, toys.dof), color="0.5", ls="--", label=f"Wilks, {toys.dof} d.o.f.")
        ax.axvline(toys.observed_delta_chi2, color="C3", lw=1.0, label="observed")
    if legend:
        ax.set_yscale("log")
        name_axis(ax.xaxis, DELTA_CHI2)
        name_axis(ax.yaxis, SHARE)
        ax.set_xlim(0.0, None)
        ax.set_ylim(0.5 / x.size, 1.5)
    return with_legend(ax, new=legend, above=own)
