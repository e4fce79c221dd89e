"""What predictions look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.interactions import Interaction, get_interaction, known_interactions
from cevns.nuclei.elements import separated
from cevns.parameters import Parameter
from cevns.parameters import coupling as coupling_of_mediator
from cevns.parameters import mass as mass_of_mediator
from cevns.plotting.canvas import checked_label, draws, is_empty, listed, new_figure
from cevns.plotting.plane import line_style, scientific, with_legend
from cevns.plotting.ranges import is_new, show
from cevns.predictions.prediction import Prediction
from cevns.units import axis_label, typeset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Model

__all__ = ["plot_prediction", "point_label"]

#: Of models that are not known here by their names.
_USUAL = {"mass": mass_of_mediator(), "coupling": coupling_of_mediator()}


@draws
def plot_prediction(
    predictions: Any, ax: Axes | None = None, *, data: bool = True, backgrounds: bool | None = None, styles: Any = ()
) -> Axes:
    """Draw predicted counts in the bins of an experiment, with the data and what was subtracted from them.

    Parameters
    ----------
    predictions : Prediction or sequence of Prediction
        Of the same experiment.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes that were empty get a legend.
    data : bool
        Whether to draw the observed counts minus the nominal beam-related backgrounds, with their uncertainties; those
        of `Experiment.asimov` are named as what is expected.
    backgrounds : bool, optional
        Whether to show these backgrounds, as a grey area; with the data unless given.
    styles : sequence of dict
        Line options for each prediction, for example ``label``, ``color`` and ``linestyle``. Without, labels name the
        models with their parameters, and line styles differ.

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
    >>> ax.get_legend_handles_labels()[1]  # doctest: +ELLIPSIS
    ['SM', "$B-L$, ...", 'backgrounds (PBRN, LBRN), subtracted', 'data $-$ backgrounds']
    """
    predictions = listed("predictions", predictions, Prediction)
    styles = checks.sequence("styles", styles, Mapping, "it holds line options for each prediction")
    if styles and len(styles) != len(predictions):
        raise InputError(f"styles are {len(styles)} for {len(predictions)} predictions: give one for each, or none")
    if not predictions:
        raise InputError("predictions is empty: give at least one")
    first = predictions[0]
    legend, own = is_empty(ax), ax is None
    ax = new_figure().add_subplot() if ax is None else ax
    new = is_new(ax.xaxis)
    for i, prediction in enumerate(predictions):
        if not np.array_equal(prediction.bin_edges, first.bin_edges):
            raise InputError(f"predictions have different bins: {first.experiment} and {prediction.experiment}")
        if prediction.signal.ndim != 1:
            raise InputError(
                f"a prediction must be for one mass and coupling, got signal of shape {prediction.signal.shape}"
            )
        style: dict[str, Any] = {"label": _label(prediction)} | line_style(i)
        style |= dict(styles[i] if styles else {})
        style["label"] = checked_label(style["label"])
        ax.stairs(prediction.neutrinos, prediction.bin_edges, baseline=None, **style)
    subtracted = sum(first.backgrounds.values(), np.zeros(first.observed.size))
    if first.backgrounds and (data if backgrounds is None else backgrounds):
        names = ", ".join(name.replace("$", r"\$") for name in first.backgrounds)
        area: dict[str, Any] = {"fill": True, "facecolor": "0.87", "zorder": 0.5}
        ax.stairs(subtracted, first.bin_edges, label=f"backgrounds ({names}), subtracted", **area)
    if data:
        centre = 0.5 * (first.bin_edges[1:] + first.bin_edges[:-1])
        excess = first.observed - subtracted
        text = "expected (Asimov)" if first.expected else "data"
        text += " $-$ backgrounds" if first.backgrounds else ""
        options: dict[str, Any] = {"fmt": "o", "color": "black", "markersize": 2.5, "linewidth": 0.8, "zorder": 3}
        ax.errorbar(centre, excess, first.uncertainty, label=text, **options)
    observable = "number of photoelectrons" if first.bin_unit == "PE" else "observed energy"
    show(ax.xaxis, first.bin_edges[0], first.bin_edges[-1], new=new)
    ax.set(xlabel=axis_label(observable, first.bin_unit), ylabel="counts per bin")
    return with_legend(ax, new=legend, above=own)


def point_label(interaction: Model, mass: Any = None, coupling: Any = None, **values: Any) -> str:
    """Return the text that names a model and its parameters in a legend, with their labels and units.

    Examples
    --------
    >>> print(point_label("b-l", 10, 5e-5))
    $B-L$, $M_{Z'} = 10$ MeV, $g_{Z'} = 5 \\times 10^{-5}$
    >>> print(point_label("sm", rn_ar=3.5))
    SM, $R_n(\\mathrm{Ar}) = 3.5$ fm
    >>> print(point_label("charge-radius", r2_ee=-60))
    charge radius, $\\langle r^2\\rangle_{ee} = -60$ $\\times$ $10^{-32}$ cm$^2$
    """
    known = (
        get_interaction(interaction)
        if isinstance(interaction, Interaction) or interaction in known_interactions()
        else None
    )
    parameters = known.all_parameters if known else ()
    given = {"mass": mass, "coupling": coupling, **values}
    return _point(known.label if known else str(interaction), parameters, given)


def _label(prediction: Prediction) -> str:
    """Return the text that names a prediction, whose parameters it knows."""
    if not prediction.label:
        return point_label(prediction.model, **prediction.values)
    return _point(prediction.label, prediction.parameters, prediction.values)


def _point(label: str, parameters: Sequence[Parameter], values: Mapping[str, Any]) -> str:
    known = {p.name: p for p in parameters}
    settings = [
        _setting(known.get(name) or _USUAL.get(name) or _radius(name) or Parameter(name), value)
        for name, value in values.items()
        if value is not None
    ]
    return ", ".join([label, *settings])


def _radius(name: str) -> Parameter | None:
    """Return a neutron radius, whose name says the elements."""
    symbols = separated(name.removeprefix("rn_")) if name.startswith("rn_") else ()
    return Parameter(name, "fm", rf"$R_n(\mathrm{{{''.join(symbols)}}})$") if symbols else None


def _setting(parameter: Parameter, value: Any) -> str:
    """Return a parameter with its value: mathematics that ends the label goes on."""
    label, number, unit = parameter.label, scientific(float(value), 3), typeset(parameter.unit)
    text = f"{label[:-1]} = {number}$" if label.endswith("$") else f"{label} = ${number}$"
    if not unit:
        return text
    return rf"{text} $\times$ {unit}" if unit.startswith("$10^") else f"{text} {unit}"
