"""Fits beside their data: counts in each axis with signal and backgrounds on top of each other."""

from __future__ import annotations

import itertools

import numpy as np

from cevns.figures.panels import Curve, Panel
from cevns.plotting.counts import STACK_STYLES, central_interval
from cevns.units import axis_label, typeset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from matplotlib.axes import Axes

    from cevns._types import Array
    from cevns.binning import Axis
    from cevns.figures.today.analysis import Free, Today

__all__ = ["argon", "csi"]

#: What legends call the backgrounds.
NAMES = {
    "SSB": "steady state",
    "SS": "steady state",
    "BRN": "beam-related neutrons",
    "NIN": "neutrino-induced n",
    "PBRN": "prompt neutrons",
    "LBRN": "delayed neutrons",
}
TITLES = {"energy": "observed energy", "time": "arrival time", "F90": "pulse shape F90"}
LABELS = {"PE": "number of photoelectrons"}
SIGNAL_STYLE = ("#e8806a", "")


def csi(analysis: Today) -> tuple[Panel, ...]:
    """Return CsI of 2021 in photoelectrons and time: everything (a, b), and less the steady state (c, d)."""
    return _panels("csi-2021", "CsI 2021", analysis.free("CsI 2021"), "SSB")


def argon(analysis: Today) -> tuple[Panel, ...]:
    """Return argon in energy, pulse shape and time: everything (a to c), and less the steady state (d to f)."""
    return _panels("argon-3d", "Ar", analysis.statistical(), "SS")


def _panels(name: str, data: str, fit: Free, steady: str) -> tuple[Panel, ...]:
    axes = [axis.name for axis in fit.prediction.axes]
    ways = [(axis, less) for less in (False, True) for axis in axes]
    return tuple(_panel(f"{name}-{'abcdef'[k]}", data, fit, axis, steady, less) for k, (axis, less) in enumerate(ways))


def _panel(name: str, data: str, fit: Free, axis: str, steady: str, less: bool) -> Panel:
    shown = fit.prediction.projection(axis)
    parts = {"CEvNS": shown.signal, **shown.backgrounds}
    subtracted = shown.backgrounds[steady] if less else np.zeros(shown.observed.size)
    low, high = central_interval(shown.observed)
    observed = (shown.observed - subtracted, low - subtracted, high - subtracted)
    bins = list(itertools.pairwise(shown.axes[0].edges))
    blank = [""] * len(bins)
    table: list[tuple[str, str, Any, Any, Any]] = [
        (part, f"fitted counts, {counts.sum():.1f} in all", counts, blank, blank)
        for part, counts in parts.items()
        if not (less and part == steady)
    ]
    without = f" less the fitted {NAMES[steady]} background" if less else ""
    table.append(("data", f"observed counts{without}, central intervals of 68 %", *observed))
    curves = tuple(
        Curve(part, about, tuple((*edges, *row) for edges, *row in zip(bins, *numbers, strict=True)))
        for part, about, *numbers in table
    )

    def draw(ax: Axes) -> None:
        label = rf"CE$\nu$NS: {fit.factor:.2f} $\times$ SM, fitted"
        _draw(ax, shown.axes[0], parts, steady if less else "", observed, label)
        if name.endswith("-a"):
            # one legend is enough; it stands above the data
            ax.set_ylim(top=1.35 * ax.get_ylim()[1])
            ax.legend(loc="upper right", fontsize=6, handlelength=1.8)

    unit = shown.axes[0].unit or axis
    caption = (
        f"counts of COHERENT {data} by {TITLES[axis]}, all other axes added up{without}, beside the fit with a free "
        f"normalisation of the signal ({parts['CEvNS'].sum():.1f} CEvNS)"
    )
    title = f"{data} less steady state" if less else f"{data}, {TITLES[axis]}"
    return Panel(name, title, caption, (f"low_{unit}", f"high_{unit}", "counts", "down_to", "up_to"), curves, draw)


def _draw(
    ax: Axes,
    axis: Axis,
    parts: Mapping[str, Array],
    left_out: str,
    observed: tuple[Array, Array, Array],
    label: str,
) -> None:
    """Draw parts on top of each other, the largest background below, and data; what is left out is no part."""
    edges = np.array(axis.edges)
    widths = np.diff(edges)
    even = np.allclose(widths, widths[0], rtol=1e-9)
    per = np.ones(widths.size) if even else widths
    signal, *backgrounds = parts.items()
    backgrounds.sort(key=lambda item: -item[1].sum())
    looks = [(NAMES[name], name, counts, *STACK_STYLES[i]) for i, (name, counts) in enumerate(backgrounds)]
    looks = [look for look in looks if look[1] != left_out] + [(label, signal[0], signal[1], *SIGNAL_STYLE)]
    ends = np.cumsum([counts for _, _, counts, *_ in looks], axis=0) / per
    area: dict[str, Any] = {"fill": True, "edgecolor": "0.25", "linewidth": 0.5}
    # from the top, as a legend is read
    for (text, _, counts, face, hatch), end in zip(looks[::-1], ends[::-1], strict=True):
        ax.stairs(end, edges, baseline=end - counts / per, facecolor=face, hatch=hatch, label=text, **area)
    ax.stairs(ends[-1], edges, baseline=None, color="black", linewidth=1.0, zorder=2)
    points, low, high = (counts / per for counts in observed)
    style: dict[str, Any] = {"fmt": "o", "color": "black", "markersize": 2.2, "linewidth": 0.7, "zorder": 3}
    style["label"] = "data, 68% intervals"
    ax.errorbar(0.5 * (edges[1:] + edges[:-1]), points, (points - low, high - points), **style)
    top, bottom = max(high.max(), ends.max()), min(0.0, low.min())
    ax.set(xlim=(edges[0], edges[-1]), ylim=(1.1 * bottom, 1.1 * top))
    if bottom < 0:
        ax.axhline(0, color="0.5", linewidth=0.4, zorder=0)
    ax.set_xlabel(axis_label(LABELS.get(axis.unit, TITLES[axis.name]), axis.unit))
    ax.set_ylabel("counts per bin" if even else f"counts / {typeset(axis.unit)}")
