"""What all pictures of a page have in common."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import (
    BasicTickFormatter,
    ColumnDataSource,
    FixedTicker,
    GlyphRenderer,
    Legend,
    LegendItem,
    LogAxis,
    LogTicker,
    Range1d,
)
from bokeh.plotting import figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns.explore.page.looks import Look

__all__ = ["draw", "fill", "legend", "new_figure", "source_of"]


#: Ratio of the ends of a logarithmic axis below which it has ticks of its own.
FEW = 10**2.1
#: Numbers that are written with exponents.
SMALL = 1e-3


def new_figure(look: Look, height: int, x: str, y: str, **options: Any) -> Any:
    """Return an empty picture as wide as its place."""
    tools = options.pop("tools", "pan,box_zoom,wheel_zoom,reset,save")
    fig = figure(
        height=height,
        sizing_mode="stretch_width",
        tools=tools,
        active_scroll=None,
        active_drag=None,
        toolbar_location="above",
        x_axis_label=x,
        y_axis_label=y,
        background_fill_color=look.panel,
        border_fill_color=look.panel,
        outline_line_color=look.line,
        **options,
    )
    fig.toolbar.logo = None
    fig.grid.grid_line_color = look.line
    fig.grid.grid_line_alpha = 0.6
    for axis, drawn in ((fig.xaxis[0], fig.x_range), (fig.yaxis[0], fig.y_range)):
        if isinstance(axis, LogAxis):
            # powers of ten alone, however few fit
            axis.ticker = LogTicker(mantissas=[1]) if drawn.end / drawn.start > FEW else _decades(drawn)
        elif isinstance(drawn, Range1d) and max(abs(drawn.start), abs(drawn.end)) < SMALL:
            # or three zeros each, which collide on a narrow screen
            axis.formatter = BasicTickFormatter(precision=1)
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = look.ink
        axis.axis_label_text_color = axis.major_label_text_color = look.ink
        axis.axis_label_text_font_style = "normal"
    return fig


def _decades(drawn: Any) -> Any:
    """Return ticks at powers of ten; `LogTicker` puts evenly spaced ones into less than two decades, which collide."""
    powers = range(math.floor(math.log10(drawn.start)) - 1, math.ceil(math.log10(drawn.end)) + 1)
    ticks = [10.0**power for power in powers]
    return FixedTicker(ticks=ticks, minor_ticks=[digit * tick for tick in ticks for digit in range(2, 10)])


def draw(fig: Any, source: Any, glyph: Any) -> Any:
    """Put a glyph into a picture, and return its renderer.

    `figure.line` and its like add three more of each, for a selection and for what is muted, which no picture here has.
    """
    renderer = GlyphRenderer(data_source=source, glyph=glyph, nonselection_glyph=None, muted_glyph=None)
    fig.renderers.append(renderer)
    return renderer


def source_of(*columns: str) -> Any:
    """Return an empty source of some columns."""
    return ColumnDataSource({name: [] for name in columns})


def fill(source: Any, columns: Mapping[str, Any]) -> None:
    """Put numbers into a source, all at once; those that are there are not sent again."""
    old = source.data
    if old.keys() != columns.keys() or any(not _same(old[name], column) for name, column in columns.items()):
        source.data = dict(columns)


def _same(old: Any, new: Any) -> bool:
    """Return whether two columns, of numbers, words or arrays, are equal."""
    if len(old) != len(new):
        return False
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        return bool(np.array_equal(old, new, equal_nan=new.dtype.kind == "f"))
    pairs = zip(old, new, strict=True)
    return all(_same(a, b) if isinstance(b, np.ndarray) else bool(np.all(a == b)) for a, b in pairs)


def legend(fig: Any, look: Look, place: str, items: list[tuple[Any, ...]], **options: Any) -> None:
    """Put a legend beside or into a picture: of labels, what they are of, and of which row of it unless of all."""
    fig.add_layout(
        Legend(
            items=[
                LegendItem(label={"value": label}, renderers=renderers, index=row[0] if row else None)
                for label, renderers, *row in items
            ],
            background_fill_color=look.panel,
            background_fill_alpha=0.8,
            border_line_color=None,
            label_text_color=look.ink,
            label_text_font_size="11px",
            spacing=12,
            padding=4,
            margin=4,
            **options,
        ),
        place,
    )
