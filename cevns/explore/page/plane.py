"""The plane of two parameters: what is excluded or allowed, the best fit, the point, and limits of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.events import Tap
from bokeh.models import HoverTool, MultiLine, Patches, Range1d, Scatter

from cevns.arrays import below
from cevns.errors import UnknownNameError
from cevns.explore.page.figures import draw, fill, legend, new_figure, source_of
from cevns.explore.shapes import joined, smoothed, thinned
from cevns.explore.texts import plain
from cevns.plotting.regions import outlines

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns.bounds import Bound
    from cevns.explore.numbers import Setting
    from cevns.explore.page.looks import Look
    from cevns.explore.regions import Region

__all__ = ["Plane"]

#: How far beyond the picture regions reach that do not end.
BEYOND = 1e3
HEIGHT = 460
#: Points, thinned, from which a published limit follows fluctuations that a screen shows as a smear.
WIGGLY = 25


class Plane:
    """The picture of the plane of a setting.

    Parameters
    ----------
    of : Setting
        Which plane.
    look : Look
        Colours.
    moved : callable
        Is told the two values at which the picture was tapped.
    """

    def __init__(self, of: Setting, look: Look, moved: Callable[[float, float], None]) -> None:
        x, y = of.spans[of.x], of.spans[of.y]
        self._x, self._y, self._mediator = x, y, of.x == of.mediator
        axes = {f"{axis}_axis_type": "log" if span.logarithmic else "linear" for axis, span in (("x", x), ("y", y))}
        ranges = {f"{axis}_range": Range1d(span.low, span.high) for axis, span in (("x", x), ("y", y))}
        fig = new_figure(look, HEIGHT, x.title, y.title, **axes, **ranges)
        self.figure = fig
        self._others = source_of("xs", "ys", "name", "color", "about")
        self._area, self._edges = source_of("xs", "ys"), source_of("xs", "ys")
        self._best, self._point = source_of("x", "y"), source_of("x", "y")
        style = {"fill_color": "color", "fill_alpha": 0.07, "line_color": "color", "line_alpha": 0.9}
        patches = draw(fig, self._others, Patches(xs="xs", ys="ys", **style))
        color = look.excluded if self._mediator else look.best
        area = draw(fig, self._area, Patches(xs="xs", ys="ys", fill_color=color, fill_alpha=0.45, line_color=None))
        draw(fig, self._edges, MultiLine(xs="xs", ys="ys", line_color=look.ink, line_width=2))
        style = {"marker": "star", "size": 15, "fill_color": look.best, "line_color": look.best}
        best = draw(fig, self._best, Scatter(x="x", y="y", **style))
        style = {"size": 13, "fill_color": None, "line_color": look.point, "line_width": 3}
        point = draw(fig, self._point, Scatter(x="x", y="y", **style))
        fig.add_tools(HoverTool(renderers=[patches], tooltips=[("limit", "@name"), ("from", "@about")]))
        word = "excluded" if self._mediator else "allowed"
        legend(fig, look, "above", [(word, [area]), ("best fit", [best]), ("point", [point])], orientation="horizontal")
        fig.on_event(Tap, lambda event: moved(event.x, event.y))
        self._colors = look.others
        self._others_of = ""

    def show_point(self, of: Setting) -> None:
        """Put the mark of the point where it is."""
        places = [span.value(span.place(of.values[span.name])) for span in (self._x, self._y)]
        # what is 0 has no place on a logarithmic axis but its end
        x, y = (max(v, s.low) if s.logarithmic else v for v, s in zip(places, (self._x, self._y), strict=True))
        fill(self._point, {"x": [x], "y": [y]})

    def show_others(self, model: str) -> None:
        """Draw the limits of other experiments on a model, or none."""
        if model == self._others_of:
            return
        self._others_of = model
        found = _published(model) if model and self._mediator and self._x.logarithmic else []
        columns: dict[str, list[Any]] = {"xs": [], "ys": [], "name": [], "color": [], "about": []}
        for i, bound in enumerate(found):
            x, y = self._outline(bound)
            about = "favoured, not excluded" if bound.kind == "band" else bound.reference or "not stated"
            level = "" if bound.confidence_level is None else f" ({below(100 * bound.confidence_level, 100)} % C.L.)"
            columns["xs"].append(x)
            columns["ys"].append(y)
            columns["name"].append(plain(bound.label) + level)
            columns["color"].append(self._colors[i % len(self._colors)])
            columns["about"].append(about)
        fill(self._others, columns)

    def _outline(self, bound: Bound) -> tuple[Any, Any]:
        """Return the outline of a published limit, with the points that a screen shows."""
        pieces = []
        for mass, low, *high in bound.outlines(self._y.high * BEYOND):
            curves = self._thinned(mass, low, *high)
            if bound.kind == "lower" and len(curves[0]) > WIGGLY:
                mass, low = smoothed(mass, low)
                curves = self._thinned(mass, low, np.full(mass.size, float(high[0].max())))
            pieces.append(np.concatenate(curves))
        return joined(pieces)

    def _thinned(self, mass: Any, *couplings: Any) -> list[Any]:
        """Return one curve, or two that enclose a region, with the points that a screen shows."""
        sizes = [np.log10(s.high / s.low) for s in (self._x, self._y)]
        lows = [np.log10(np.maximum(coupling, self._y.low / BEYOND)) for coupling in couplings]
        found = [np.column_stack(thinned(np.log10(mass), low, *sizes)) for low in lows]
        return [10.0 ** (curve[::-1] if i else curve) for i, curve in enumerate(found)]

    def show_region(self, region: Region | None) -> None:
        """Draw a region; none where there is nothing to draw yet."""
        regions: list[Any] = []
        edges: list[Any] = []
        best: dict[str, list[float]] = {"x": [], "y": []}
        if region is not None:
            ends = [(v if not s.logarithmic else max(v, s.low)) for v, s in self._places(region)]
            best = {"x": [ends[0]], "y": [ends[1]]}
            if region.result is not None and self._mediator:
                result: Any = region.result
                signed = None if self._y.logarithmic else abs(self._y.high)
                regions, edges = outlines(result.excluded, result.mass, unit=signed)
            elif region.result is not None:
                contour: Any = region.result
                regions = edges = list(contour.curves[0])
                self._look_at(edges, ends)
        fill(self._best, best)
        x, y = joined([self._inside(curve) for curve in regions])
        fill(self._area, {"xs": [x], "ys": [y]} if regions else {"xs": [], "ys": []})
        lines = [self._inside(curve) for curve in edges]
        fill(self._edges, {"xs": [line[:, 0] for line in lines], "ys": [line[:, 1] for line in lines]})

    def _look_at(self, curves: list[Any], best: list[float]) -> None:
        """Let the picture show all of what is allowed, where its axes are linear."""
        points = np.concatenate([*curves, [best]])
        axes = (self.figure.x_range, self.figure.y_range)
        for k, (drawn, span) in enumerate(zip(axes, (self._x, self._y), strict=True)):
            low, high = points[:, k].min(), points[:, k].max()
            margin = 0.1 * (high - low)
            if not span.logarithmic and margin > 0:
                drawn.update(start=low - margin, end=high + margin)

    def _places(self, region: Region) -> list[tuple[float, Any]]:
        return [(region.best[span.name], span) for span in (self._x, self._y)]

    def _inside(self, curve: Any) -> Any:
        """Return a curve without coordinates that a screen cannot hold."""
        lows = [s.low / BEYOND if s.logarithmic else s.low - BEYOND * (s.high - s.low) for s in (self._x, self._y)]
        highs = [s.high * BEYOND if s.logarithmic else s.high + BEYOND * (s.high - s.low) for s in (self._x, self._y)]
        return np.clip(curve, lows, highs)


def _published(model: str) -> list[Bound]:
    from cevns.bounds import bounds_for

    try:
        return list(bounds_for(model))
    except UnknownNameError:
        return []
