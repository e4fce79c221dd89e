"""Fits beside their data: counts in each axis with signal and backgrounds on top of each other."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from cevns.figures.panels import Curve, Panel
from cevns.plotting import plot_prediction
from cevns.plotting.counts import central_interval

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.figures.today.analysis import Free, Today
    from cevns.predictions import Prediction

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
TITLES = {"energy": "energy", "time": "arrival time", "F90": "pulse shape"}


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
        # one legend is enough
        _draw(ax, shown, steady if less else None, legend=name.endswith("-a"), total=fit.prediction)

    unit = shown.axes[0].unit or axis
    caption = (
        f"counts of COHERENT {data} by {TITLES[axis]}, all other axes added up{without}, beside the fit with a free "
        f"normalisation of the signal ({parts['CEvNS'].sum():.1f} CEvNS)"
    )
    title = f"{data}, {TITLES[axis]}{', less steady state' if less else ''}"
    return Panel(name, title, caption, (f"low_{unit}", f"high_{unit}", "counts", "down_to", "up_to"), curves, draw)


def _draw(ax: Axes, shown: Prediction, steady: str | None, *, legend: bool, total: Prediction) -> None:
    observed = shown.observed
    low, high = central_interval(observed)
    counts = shown.backgrounds[steady] if steady else np.zeros(observed.size)
    rest = {NAMES[name]: found for name, found in shown.backgrounds.items() if name != steady}
    drawn = dataclasses.replace(shown, backgrounds=rest)
    plot_prediction(drawn, ax, data=False, backgrounds=True, subtract=False, styles=[{"label": r"CE$\nu$NS, fitted"}])
    edges = np.array(shown.axes[0].edges)
    widths = np.diff(edges)
    per = np.ones(widths.size) if np.allclose(widths, widths[0], rtol=1e-9) else widths
    centre = 0.5 * (edges[1:] + edges[:-1])
    bars = np.array([observed - low, high - observed]) / per
    style: dict[str, Any] = {"fmt": "o", "color": "black", "markersize": 2.2, "linewidth": 0.7, "zorder": 3}
    ax.errorbar(centre, (observed - counts) / per, bars, label="data", **style)
    tops = (high - counts) / per
    ax.set_ylim(min(0.0, 1.1 * float(((low - counts) / per).min())), 1.1 * float(tops.max()))
    if steady:
        ax.axhline(0, color="0.5", linewidth=0.4, zorder=0)
    if legend:
        handles, labels = ax.get_legend_handles_labels()
        ax.set_ylim(top=1.35 * ax.get_ylim()[1])
        ax.legend(handles, labels, loc="upper right", fontsize=6, handlelength=1.8)
    elif ax.get_legend() is not None:
        ax.get_legend().remove()
