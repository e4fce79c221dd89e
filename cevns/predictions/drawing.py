"""What predictions look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.interactions import get_interaction, known_interactions
from cevns.plotting.canvas import checked_label, draws, listed, new_figure
from cevns.plotting.plane import scientific
from cevns.predictions.prediction import Prediction
from cevns.units import axis_label

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Model

__all__ = ["plot_prediction", "point_label"]


@draws
def plot_prediction(predictions: Any, ax: Axes | None = None, *, data: bool = True, styles: Any = ()) -> Axes:
    """Draw predicted counts in the bins of an experiment, with the data.

    Parameters
    ----------
    predictions : Prediction or sequence of Prediction
        Of the same experiment.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.
    data : bool
        Whether to draw the observed counts minus the nominal beam-related backgrounds, with their uncertainties.
    styles : sequence of dict
        Line options for each prediction, for example ``label``, ``color`` and ``linestyle``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no prediction, they have different bins, or one is not for a single mass and coupling.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> ax = plot_prediction([argon.predict("sm"), argon.predict("b-l", 10, 5e-5)])
    >>> ax.get_legend_handles_labels()[1][0]
    'SM'
    """
    predictions = listed("predictions", predictions, Prediction)
    styles = checks.sequence("styles", styles, Mapping, "it holds line options for each prediction")
    if styles and len(styles) != len(predictions):
        raise InputError(f"styles are {len(styles)} for {len(predictions)} predictions: give one for each, or none")
    if not predictions:
        raise InputError("predictions is empty: give at least one")
    first = predictions[0]
    ax = new_figure().add_subplot() if ax is None else ax
    for i, prediction in enumerate(predictions):
        if not np.array_equal(prediction.bin_edges, first.bin_edges):
            raise InputError(f"predictions have different bins: {first.experiment} and {prediction.experiment}")
        if prediction.signal.ndim != 1:
            raise InputError(
                f"a prediction must be for one mass and coupling, got signal of shape {prediction.signal.shape}"
            )
        style: dict[str, Any] = {"label": point_label(prediction.model, prediction.mass, prediction.coupling)}
        style |= dict(styles[i] if styles else {})
        style["label"] = checked_label(style["label"])
        ax.stairs(prediction.neutrinos, prediction.bin_edges, baseline=None, **style)
    if data:
        centre = 0.5 * (first.bin_edges[1:] + first.bin_edges[:-1])
        excess = first.observed - sum(first.backgrounds.values())
        options: dict[str, Any] = {"fmt": "o", "color": "black", "markersize": 2.5, "linewidth": 0.8, "zorder": 3}
        ax.errorbar(centre, excess, first.uncertainty, label="data $-$ backgrounds", **options)
    observable = "number of photoelectrons" if first.bin_unit == "PE" else "observed energy"
    ax.set(
        xlabel=axis_label(observable, first.bin_unit),
        ylabel="counts per bin",
        xlim=(first.bin_edges[0], first.bin_edges[-1]),
    )
    return ax


def point_label(model: Model, mass: Any = None, coupling: Any = None) -> str:
    """Return the text that names a model and its parameters in a legend.

    Examples
    --------
    >>> print(point_label("b-l", 10, 5e-5))
    $B-L$, $M_{Z'} = 10$ MeV, $g_{Z'} = 5 \\times 10^{-5}$
    """
    parts = [get_interaction(model).label if model in known_interactions() else str(model)]
    if mass is not None:
        parts.append(f"$M_{{Z'}} = {scientific(mass)}$ MeV")
    if coupling is not None:
        parts.append(f"$g_{{Z'}} = {scientific(coupling)}$")
    return ", ".join(parts)
