"""The panels of a view as files: tables with all digits, and pictures as the library draws its results."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.explore.numbers import axes_of, line, point, pull_rows, setting
from cevns.explore.regions import question
from cevns.tabular import Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cevns.explore.numbers import Point, Setting
    from cevns.explore.sources import Source
    from cevns.explore.state import State
    from cevns.explore.workers import Regions

__all__ = ["KINDS", "PANELS", "export"]

PANELS = ("plane", "lines", "spectra", "pulls")
KINDS = {"csv": "text/csv; charset=utf-8", "svg": "image/svg+xml", "png": "image/png"}
#: Pictures are drawn one after another: their styles are for all threads.
_DRAWING = threading.Lock()


def export(source: Source, regions: Regions, state: State, panel: str, kind: str) -> bytes:
    """Return a panel as the content of a file.

    Parameters
    ----------
    source : Source
        Data sets and interactions.
    regions : Regions
        Where the region is, if it has been computed.
    state : State
        Of the view.
    panel, kind : str
        One of `PANELS` and of `KINDS`.

    Raises
    ------
    CevnsError
        If there is nothing to show, or not yet.

    Examples
    --------
    >>> from cevns.explore.sources import Source
    >>> from cevns.explore.workers import Regions
    >>> source = Source()
    >>> text = export(source, Regions(), source.start(["coherent-argon-2020"], "sm"), "pulls", "csv")
    >>> text.decode().splitlines()[0]
    'of,pull,shift,width'
    """
    checks.known("panel", panel, PANELS)
    checks.known("kind of file", kind, KINDS)
    of = setting(source, state)
    region = _region(of, regions) if panel == "plane" else None
    if kind == "csv":
        return _table(of, panel, region).encode()
    with _DRAWING:
        return _written(_picture(of, panel, region), kind)


def _region(of: Setting, regions: Regions) -> Any:
    asked = question(of)
    if asked is None:
        raise InputError(f"{of.model.name} has no plane")
    found = regions.known(of, asked)
    if found is None:
        raise InputError("the region is not computed yet: wait until the view shows it")
    return found.result


def _table(of: Setting, panel: str, result: Any) -> str:
    if panel == "plane":
        return str(result.table().csv())
    if panel == "lines":
        return "\n".join(found.table().csv() for found in _lines(of))
    found = point(of)
    if panel == "pulls":
        return found.pulls.table().csv()
    parts = []
    for name, prediction in found.predictions.items():
        table = prediction.table()
        standard = found.standard_predictions[name]
        more = [
            Column("total", "", prediction.total),
            Column("signal of the standard model", "", standard.signal),
            Column("total of the standard model", "", standard.total),
        ]
        whole = Table((Column("experiment", "", [name] * len(table)), *table.columns, *more), keys=table.keys + 1)
        parts.append(whole.csv())
    return "\n".join(parts)


def _lines(of: Setting) -> list[Any]:
    names = of.through
    if not names:
        raise InputError(f"{of.model.name} has no parameter along which chi2 changes")
    return [list(line(of, name))[-1] for name in names]


def _picture(of: Setting, panel: str, result: Any) -> Figure:
    from cevns.plotting.canvas import file_figure
    from cevns.plotting.plane import with_legend

    figure = file_figure()
    if panel == "plane":
        with_legend(result.plot(figure.add_subplot()), above=True)
        return figure
    if panel == "lines":
        lines = _lines(of)
        figure.set_size_inches(4.5 * len(lines), 3.5)
        for axes, found in zip(figure.subplots(1, len(lines), squeeze=False)[0], lines, strict=True):
            axes.plot(found.values, found.chi2, color="black")
            axes.set_xscale("log" if found.span.logarithmic else "linear")
            axes.set_xlabel(found.span.title)
            axes.set_ylabel(r"$\chi^2$")
            axes.axvline(found.at, linestyle="--", color="0.4")
        return figure
    found = point(of)
    return _bars(figure, found) if panel == "pulls" else _spectra(figure, found)


def _bars(figure: Figure, found: Point) -> Figure:
    rows = [(name, shift / width) for name, shift, width, _ in pull_rows(found)]
    figure.set_size_inches(6.5, 1 + 0.25 * len(rows))
    axes = figure.add_subplot()
    axes.barh([name for name, _ in rows][::-1], [shift for _, shift in rows][::-1], color="0.5")
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_xlabel("standard deviations")
    return figure


def _spectra(figure: Figure, found: Point) -> Figure:
    from cevns.plotting import plot_prediction

    pairs = [(found.predictions[name], found.standard_predictions[name]) for name in found.predictions]
    panels = [(pair, axis.name) for pair in pairs for axis in axes_of(pair[0])]
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure.set_size_inches(5.0 * columns, 4.2 * rows)
    for k, (pair, axis) in enumerate(panels):
        plot_prediction(pair, figure.add_subplot(rows, columns, k + 1), axis=axis)
    return figure


def _written(figure: Figure, kind: str) -> bytes:
    content = io.BytesIO()
    options: dict[str, Any] = {"metadata": {"Date": None}} if kind == "svg" else {"dpi": 150}
    figure.savefig(content, format=kind, bbox_inches="tight", **options)
    return content.getvalue()
