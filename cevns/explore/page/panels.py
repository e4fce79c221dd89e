"""Spectra, chi2 through the point, and pulls."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import FactorRange, HBar, HoverTool, Line, Quad, Range1d, Scatter, Segment, Span

from cevns.explore.numbers import pull_rows
from cevns.explore.page.figures import draw, fill, legend, new_figure, source_of
from cevns.explore.shapes import stairs
from cevns.plotting.counts import central_interval

if TYPE_CHECKING:
    from cevns.binning import Axis
    from cevns.explore.numbers import Line, Point
    from cevns.explore.page.looks import Look
    from cevns.explore.regions import Region
    from cevns.explore.spans import Span as Range
    from cevns.predictions import Prediction

__all__ = ["Pulls", "Spectrum", "Through"]

#: How much of chi2 a line shows, in units of the rise at which the region ends.
SHOWN = 4.0


class Spectrum:
    """Counts of one data set along one axis.

    Parameters
    ----------
    prediction : Prediction
        Of the data set.
    axis : Axis
        Along which.
    look : Look
        Colours.
    label : str
        What the interaction is called.
    """

    def __init__(self, prediction: Prediction, axis: Axis, look: Look, label: str) -> None:
        self._axis, self._several = axis, len(prediction.axes) > 1
        self._edges = np.array(axis.edges, dtype=float)
        widths = np.diff(self._edges)
        even = bool(axis.names) or np.allclose(widths, widths[0], rtol=1e-9)
        self._per = np.ones(widths.size) if even else widths
        unit = f" [{axis.unit}]" if axis.unit else ""
        y = "counts per bin" if even else f"counts / {axis.unit or 'unit'}"
        fig = new_figure(look, 260, f"{axis.name}{unit}", y, tools="box_zoom,reset,save", title=prediction.experiment)
        self.figure = fig
        fig.title.text_color = look.ink
        fig.styles = {"flex": "1 1 300px", "min-width": "0"}
        if axis.names:
            centres = 0.5 * (self._edges[1:] + self._edges[:-1])
            fig.xaxis.ticker = centres.tolist()
            fig.xaxis.major_label_overrides = dict(zip(centres.tolist(), axis.names, strict=True))
        names = list(prediction.backgrounds)
        self._names = sorted(names, key=lambda name: -float(prediction.backgrounds[name].sum()))
        colors = [look.stack[i % len(look.stack)] for i in range(len(names))]
        self._colors = np.repeat(colors, widths.size).tolist()
        self._stack, self._lines = (
            source_of("left", "right", "bottom", "top", "color"),
            source_of("x", "model", "standard"),
        )
        columns = ("x", "y", "low", "high", "range", "observed", "model", "standard", "backgrounds")
        self._data = source_of(*columns)
        quads = draw(fig, self._stack, Quad(fill_color="color", line_color=None))
        style = {"line_color": look.standard, "line_width": 2, "line_dash": "dashed"}
        standard = draw(fig, self._lines, Line(x="x", y="standard", **style))
        model = draw(fig, self._lines, Line(x="x", y="model", line_color=look.model, line_width=2.5))
        style = {"line_color": look.data, "line_width": 1.5}
        bars = draw(fig, self._data, Segment(x0="x", y0="low", x1="x", y1="high", **style))
        points = draw(fig, self._data, Scatter(x="x", y="y", size=6, fill_color=look.data, line_color=look.data))
        told = [(name, f"@{name}") for name in ("range", "observed", "model", "standard", "backgrounds")]
        fig.add_tools(HoverTool(renderers=[points], tooltips=told))
        items: list[tuple[Any, ...]] = [("data", [points, bars]), (label, [model]), ("standard model", [standard])]
        items += [(name, [quads], i * widths.size) for i, name in enumerate(self._names)]
        legend(fig, look, "below", items, orientation="horizontal", ncols=3)

    def show(self, model: Prediction, standard: Prediction) -> None:
        """Draw the counts at a point, and those of the standard model."""
        if self._several:
            model, standard = model.projection(self._axis.name), standard.projection(self._axis.name)
        tops = np.cumsum([np.zeros(self._per.size), *(model.backgrounds[name] for name in self._names)], axis=0)
        count, below = len(self._names), tops[-1]
        ends = {"left": np.tile(self._edges[:-1], count), "right": np.tile(self._edges[1:], count)}
        heights = {"bottom": (tops[:-1] / self._per).ravel(), "top": (tops[1:] / self._per).ravel()}
        fill(self._stack, {**ends, **heights, "color": self._colors})
        x, y = stairs(self._edges, model.total / self._per)
        fill(self._lines, {"x": x, "model": y, "standard": stairs(self._edges, standard.total / self._per)[1]})
        if model.uncertainty is None:
            low, high = central_interval(model.observed)
        else:
            low, high = model.observed - model.uncertainty, model.observed + model.uncertainty
        labels = model.axes[0].labels
        fill(
            self._data,
            {
                "x": 0.5 * (self._edges[1:] + self._edges[:-1]),
                "y": model.observed / self._per,
                "low": low / self._per,
                "high": high / self._per,
                "range": list(labels),
                "observed": model.observed,
                "model": model.total,
                "standard": standard.total,
                "backgrounds": below,
            },
        )


class Through:
    """chi2 along one parameter through the point.

    Parameters
    ----------
    along : Span
        Range of the parameter.
    look : Look
        Colours.
    """

    def __init__(self, along: Range, look: Look) -> None:
        kind, title = "log" if along.logarithmic else "linear", along.title
        ranges = {"x_range": Range1d(along.low, along.high), "y_range": Range1d(0, 1)}
        fig = new_figure(look, 215, title, "χ²", tools="box_zoom,reset,save", x_axis_type=kind, **ranges)
        self.figure, self._logarithmic = fig, along.logarithmic
        self._line, self._point = source_of("x", "y"), source_of("x", "y")
        line = draw(fig, self._line, Line(x="x", y="y", line_color=look.model, line_width=2.5))
        draw(fig, self._point, Scatter(x="x", y="y", size=12, fill_color=None, line_color=look.point, line_width=3))
        self._level = Span(dimension="width", line_color=look.ink, line_dash="dashed", visible=False)
        fig.add_layout(self._level)
        fig.add_tools(HoverTool(renderers=[line], tooltips=[(title, "$snap_x{0.0000e+0}"), ("χ²", "@y{0.000}")]))

    def show(self, line: Line, point: Point, region: Region | None) -> None:
        """Draw chi2, and the level above which is excluded if it is known."""
        fill(self._line, {"x": line.values, "y": line.chi2})
        at = max(line.at, line.span.low) if self._logarithmic else line.at
        fill(self._point, {"x": [at], "y": [point.chi2]})
        least = float(np.nanmin(line.chi2)) if region is None else min(region.chi2_min, float(np.nanmin(line.chi2)))
        rise = 6.0 if region is None else region.level - region.chi2_min
        top = least + SHOWN * rise
        if math.isfinite(point.chi2) and point.chi2 < least + 10 * SHOWN * rise:
            top = max(top, point.chi2 + rise)
        self.figure.y_range.update(start=least - 0.25 * rise, end=top)
        self._level.visible = region is not None
        if region is not None:
            self._level.location = region.level


class Pulls:
    """Nuisances as bars, in units of their standard deviations.

    Parameters
    ----------
    point : Point
        Of which data sets.
    look : Look
        Colours.
    """

    def __init__(self, point: Point, look: Look) -> None:
        names = [name for name, *_ in pull_rows(point)]
        factors = FactorRange(*reversed(names))
        fig = new_figure(look, 80 + 24 * max(len(names), 1), "standard deviations", "", tools="save", y_range=factors)
        fig.x_range = Range1d(-3, 3)
        self.figure = fig
        self._bars = source_of("name", "left", "right", "shift", "width", "standard")
        colors = {"fill_color": look.model, "line_color": look.model}
        bars = draw(fig, self._bars, HBar(y="name", left="left", right="right", height=0.55, **colors))
        style: dict[str, Any] = {"marker": "dash", "angle": math.pi / 2, "size": 16}
        dash = Scatter(x="standard", y="name", line_color=look.standard, line_width=3, **style)
        standard = draw(fig, self._bars, dash)
        for place in (-1, 0, 1):
            rule = "solid" if place == 0 else "dotted"
            fig.add_layout(Span(location=place, dimension="height", line_color=look.ink, line_dash=rule))
        fig.add_tools(HoverTool(renderers=[bars], tooltips=[("", "@name"), ("shift", "@shift"), ("width", "@width")]))
        legend(fig, look, "above", [("point", [bars]), ("standard model", [standard])], orientation="horizontal")

    def show(self, point: Point) -> None:
        """Draw the nuisances at a point."""
        rows = pull_rows(point)
        names, shifts, widths, standard = (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 4
        places = [shift / width for shift, width in zip(shifts, widths, strict=True)]
        others = [shift / width for shift, width in zip(standard, widths, strict=True)]
        end = max([3.0, *(1.1 * abs(place) for place in (*places, *others))])
        self.figure.x_range.update(start=-end, end=end)
        left, right = [min(p, 0.0) for p in places], [max(p, 0.0) for p in places]
        columns = {"name": names, "left": left, "right": right, "shift": shifts, "width": widths, "standard": others}
        fill(self._bars, columns)
