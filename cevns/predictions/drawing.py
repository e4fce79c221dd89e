"""What predictions look like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.interactions import Interaction, get_interaction, known_interactions
from cevns.nuclei.elements import separated
from cevns.parameters import Parameter
from cevns.parameters import coupling as coupling_of_mediator
from cevns.parameters import mass as mass_of_mediator
from cevns.plotting.canvas import checked_label, draws, file_figure, is_empty, listed, new_figure
from cevns.plotting.counts import STACK_STYLES, central_interval
from cevns.plotting.legends import letters_beside, lines_of, shortened
from cevns.plotting.plane import line_style, scientific, with_legend
from cevns.plotting.quantities import Quantity, check_shown, name_axis
from cevns.plotting.ranges import is_new, show
from cevns.predictions.prediction import Prediction
from cevns.units import axis_label, typeset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns._types import Array, Model

__all__ = ["picture", "plot_prediction", "point_label"]

#: Face colours and hatches of signals in a stack, darker than all that is below.
SIGNAL_STYLE, ELECTRON_STYLE = ("#e9806a", ""), ("#6f9fd0", "++")
#: Panels beside each other.
MOST_COLUMNS = 3

#: Of models that are not known here by their names.
_USUAL = {"mass": mass_of_mediator(), "coupling": coupling_of_mediator()}


@draws
def plot_prediction(
    predictions: Any,
    ax: Axes | None = None,
    *,
    axis: str | int | None = None,
    data: bool = True,
    backgrounds: bool | None = None,
    subtract: bool | None = None,
    styles: Any = (),
) -> Any:
    """Draw predicted counts in the bins of an experiment beside the data: one panel for each axis of several.

    In a panel of several axes all others are added up. Where widths of bins differ, counts are divided by them. Poisson
    data have central intervals of 68 % as error bars (Garwood).

    Parameters
    ----------
    predictions : Prediction or sequence of Prediction
        Of the same experiment.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; axes that were empty get a legend. Of several axes an `axis` is needed with it.
    axis : str or int, optional
        The one axis that is drawn, by name or number; all unless given.
    data : bool
        Whether to draw the observed counts with their uncertainties; those of `Experiment.asimov` are named as what is
        expected.
    backgrounds : bool, optional
        Whether to show backgrounds. Unless given they are with the data, but where Poisson data are less them.
    subtract : bool, optional
        True for observed counts less the backgrounds of the first prediction, which are a grey area, and signals as
        lines. False for backgrounds on top of each other, the first prediction's signal above them, and sums with the
        signals of others as lines. That of Gaussian data is True unless given, that of Poisson data False.
    styles : sequence of dict
        Line options for each prediction, for example ``label``, ``color`` and ``linestyle``. Without, labels name the
        models with their parameters, and line styles differ.

    Returns
    -------
    matplotlib.axes.Axes, or tuple of them
        Of several axes all panels, one for each axis that has more than one bin.

    Raises
    ------
    InputError
        If there is no prediction, they have different bins, or one is not for a single mass and coupling; or `ax` is
        given for several panels.
    UnknownNameError
        If there is no axis of this name.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> ax = plot_prediction([argon.predict("sm"), argon.predict("b-l", 10, 5e-5)])
    >>> ax.get_legend_handles_labels()[1]  # doctest: +ELLIPSIS
    ['SM', "$B-L$, ...", 'backgrounds (PBRN, LBRN), subtracted', 'data $-$ backgrounds']
    >>> energy, pulse, time = cevns.load("coherent-argon-2020-3d").predict("sm").plot()
    >>> time.get_xlabel(), time.get_ylabel()
    ('arrival time [$\\\\mu$s]', 'counts per bin')
    """
    found, options = _checked(predictions, data, backgrounds, subtract, styles)
    if axis is not None:
        found = [one.projection(axis) for one in found]
    if len(found[0].axes) > 1:
        if ax is not None:
            names = " or ".join(repr(a.name) for a in found[0].axes)
            raise InputError(f"ax is one panel, but there are several axes: give axis={names} too, or leave ax out")
        return _panels(new_figure(figsize=_size(found[0])), found, options)
    legend, own = is_empty(ax), ax is None
    ax = new_figure().add_subplot() if ax is None else ax
    _draw(ax, found, options)
    return with_legend(ax, new=legend, above=own, title=_title(found[0]))


def picture(prediction: Prediction) -> Figure:
    """Return the figure that a notebook shows of a prediction in several axes."""
    figure = file_figure(figsize=_size(prediction))
    _panels(figure, *_checked(prediction, True, None, None, ()))
    return figure


class _Options(NamedTuple):
    """How predictions are drawn."""

    data: bool
    backgrounds: bool
    subtract: bool
    styles: list[dict[str, Any]]


def _checked(
    predictions: Any, data: bool, backgrounds: bool | None, subtract: bool | None, styles: Any
) -> tuple[list[Prediction], _Options]:
    found: list[Prediction] = list(listed("predictions", predictions, Prediction))
    styles = checks.sequence("styles", styles, Mapping, "it holds line options for each prediction")
    if styles and len(styles) != len(found):
        raise InputError(f"styles are {len(styles)} for {len(found)} predictions: give one for each, or none")
    if not found:
        raise InputError("predictions is empty: give at least one")
    first = found[0]
    for one in found:
        if [a.edges for a in one.axes] != [a.edges for a in first.axes]:
            raise InputError(f"predictions have different bins: {first.experiment} and {one.experiment}")
        if one.signal.ndim != 1:
            raise InputError(f"a prediction must be for one mass and coupling, got signal of shape {one.signal.shape}")
    gaussian = first.uncertainty is not None
    less = gaussian if subtract is None else bool(subtract)
    # beside those of Poisson data, which nobody has subtracted before, signals would not be seen
    shown = bool((data and (gaussian or not less)) if backgrounds is None else backgrounds)
    made = []
    for i, one in enumerate(found):
        label = _label(one)
        if not less:
            label = f"sum with {label}" if i else f"signal, {label}"
        style: dict[str, Any] = {"label": label} | line_style(i)
        style |= dict(styles[i] if styles else {})
        style["label"] = checked_label(style["label"])
        made.append(style)
    return found, _Options(bool(data), shown, less, made)


def _drawn_axes(prediction: Prediction) -> list[int]:
    """Return which axes have a panel: an axis of one bin tells nothing, unless all are."""
    return [i for i, axis in enumerate(prediction.axes) if axis.bins > 1] or [0]


def _size(prediction: Prediction) -> tuple[float, float]:
    """Return width and height in inches of a figure with all panels and room for its legend."""
    panels = len(_drawn_axes(prediction))
    columns = min(panels, MOST_COLUMNS)
    return max(3.1 * columns, 4.8), 2.7 * math.ceil(panels / columns) + 1.1


def _panels(figure: Figure, found: list[Prediction], options: _Options) -> tuple[Axes, ...]:
    """Draw a panel for each axis, with one legend above all."""
    places = _drawn_axes(found[0])
    columns = min(len(places), MOST_COLUMNS)
    grid = figure.add_gridspec(math.ceil(len(places) / columns), columns)
    panels = tuple(figure.add_subplot(grid[divmod(k, columns)]) for k in range(len(places)))
    for place, panel in zip(places, panels, strict=True):
        _draw(panel, [one.projection(place) for one in found], options)
    handles, labels = panels[0].get_legend_handles_labels()
    for panel in panels:
        if panel.get_ylim()[0] >= 0:
            panel.set_ylim(bottom=0)
        elif options.subtract:
            panel.axhline(0, color="0.6", linewidth=0.4, zorder=0)
    entries = 2 if columns < MOST_COLUMNS else MOST_COLUMNS
    figure.legend(
        handles,
        shortened(labels, letters_beside(panels[0], 1 / entries, whole=True)),
        loc="outside upper left",
        ncols=entries,
        title=lines_of(_title(found[0]), letters_beside(panels[0], whole=True)),
        alignment="left",
        fontsize="small",
        title_fontsize="small",
        frameon=False,
    )
    return panels


def _draw(ax: Axes, found: list[Prediction], options: _Options) -> None:
    """Draw predictions in one axis."""
    axis = found[0].axes[0]
    edges, widths = np.array(axis.edges), np.diff(axis.edges)
    # bins that have names have no width
    new = is_new(ax.xaxis)
    even = bool(axis.names) or np.allclose(widths, widths[0], rtol=1e-9)
    per = np.ones(widths.size) if even else widths
    names = {"observable": "observed energy", "energy": "observed energy", "time": "arrival time"}
    observable = "number of photoelectrons" if axis.unit == "PE" else names.get(axis.name, axis.name)
    counts = "counts per bin" if even else f"counts / {typeset(axis.unit) or 'unit'}"
    quantities = (
        Quantity(observable, axis.unit, axis_label(observable, axis.unit), observable),
        Quantity(counts, "", counts, counts),
    )
    if not is_empty(ax):
        check_shown(ax, *quantities)
    (_draw_subtracted if options.subtract else _draw_stack)(ax, found, options, edges, per)
    show(ax.xaxis, edges[0], edges[-1], new=new)
    for drawn, quantity in zip((ax.xaxis, ax.yaxis), quantities, strict=True):
        name_axis(drawn, quantity)
    if axis.names:
        ax.set_xticks(0.5 * (edges[1:] + edges[:-1]), labels=[name.replace("$", r"\$") for name in axis.names])
        ax.tick_params(axis="x", which="minor", bottom=False, top=False)


def _draw_subtracted(ax: Axes, found: list[Prediction], options: _Options, edges: Array, per: Array) -> None:
    """Draw signals, and data less backgrounds."""
    first = found[0]
    for one, style in zip(found, options.styles, strict=True):
        ax.stairs(one.neutrinos / per, edges, baseline=None, **style)
    subtracted = sum(first.backgrounds.values(), np.zeros(first.observed.size))
    if first.backgrounds and options.backgrounds:
        names = ", ".join(name.replace("$", r"\$") for name in first.backgrounds)
        area: dict[str, Any] = {"fill": True, "facecolor": "0.87", "zorder": 0.5}
        ax.stairs(subtracted / per, edges, label=f"backgrounds ({names}), subtracted", **area)
    if options.data:
        text = _named(first) + (" $-$ backgrounds" if first.backgrounds else "")
        _points(ax, first, subtracted, edges, per, text)


def _draw_stack(ax: Axes, found: list[Prediction], options: _Options, edges: Array, per: Array) -> None:
    """Draw backgrounds on top of each other, the largest first, and signals above them."""
    first, below = found[0], np.zeros(edges.size - 1)
    ordered = sorted(first.backgrounds.items(), key=lambda item: -item[1].sum()) if options.backgrounds else []
    parts: list[tuple[str, Array, tuple[str, str]]] = [
        (name.replace("$", r"\$"), counts, STACK_STYLES[i % len(STACK_STYLES)])
        for i, (name, counts) in enumerate(ordered)
    ]
    parts.append((options.styles[0]["label"], first.signal, SIGNAL_STYLE))
    if first.electrons is not None:
        parts.append(("on electrons", first.electrons, ELECTRON_STYLE))
    ends = [below := below + counts for _, counts, _ in parts]
    area: dict[str, Any] = {"fill": True, "edgecolor": "0.25", "linewidth": 0.5}
    # from the top, as a legend is read
    for (label, counts, (face, hatch)), end in zip(parts[::-1], ends[::-1], strict=True):
        ax.stairs(end / per, edges, baseline=(end - counts) / per, facecolor=face, hatch=hatch, label=label, **area)
    for i, (one, style) in enumerate(zip(found, options.styles, strict=True)):
        sums = one.total if options.backgrounds else one.neutrinos
        text: dict[str, Any] = {} if i else {"label": "_nolegend_"}
        ax.stairs(
            sums / per, edges, baseline=None, **{"color": "black", "linewidth": 1.0, "zorder": 2, **style, **text}
        )
    if options.data:
        _points(ax, first, np.zeros(edges.size - 1), edges, per, _named(first))
    if not ax.get_ylim()[0] < 0 or first.uncertainty is None:
        ax.set_ylim(bottom=0)


def _points(ax: Axes, first: Prediction, subtracted: Array, edges: Array, per: Array, text: str) -> None:
    """Draw the data as points with error bars."""
    if first.uncertainty is None:
        low, high = central_interval(first.observed)
        bars = np.array([first.observed - low, high - first.observed]) / per
    else:
        bars = first.uncertainty / per
    options: dict[str, Any] = {"fmt": "o", "color": "black", "markersize": 2.5, "linewidth": 0.8, "zorder": 3}
    centre = 0.5 * (edges[1:] + edges[:-1])
    ax.errorbar(centre, (first.observed - subtracted) / per, bars, label=text, **options)


def _title(first: Prediction) -> str:
    """Return what stands above a legend: whose counts, and where their nuisances are."""
    fitted = "central values" if first.pulls is None else "best fit"
    return f"{first.experiment}, nuisances at their {fitted}".replace("$", r"\$")


def _named(prediction: Prediction) -> str:
    return "expected (Asimov)" if prediction.expected else "data"


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
