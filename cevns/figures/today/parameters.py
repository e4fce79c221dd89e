"""What one number of caesium iodide says: its cross section, its neutron radius and the weak mixing angle."""

from __future__ import annotations

import math

import numpy as np

from cevns.figures.parameter_panels import Line, profile_panel
from cevns.figures.styles import YEAR_LINES
from cevns.figures.today.analysis import DELAY
from cevns.figures.today.numbers import PUBLISHED
from cevns.interactions import RADIATIVE_COUPLINGS
from cevns.units import axis_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.figures.panels import Panel
    from cevns.figures.today.analysis import Today

__all__ = ["UNIT", "cross_section", "mixing_angle", "neutron_radius"]

#: Of cross sections [cm^2].
UNIT = 1e-40
_LEVELS = {rf"{n}$\sigma$": float(n**2) for n in (1, 2, 3)}
_DOTS = (0, (3, 1.5, 1, 1.5, 1, 1.5))
#: Beside the axes, since curves go up to the top.
_BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
_SMALL: dict[str, Any] = {"fontsize": 6, "title_fontsize": 6, "handlelength": 2.2, "alignment": "left"}


def _draw_published(ax: Axes, place: float, published: tuple[float, float, float], text: str) -> None:
    """Draw a published value with its interval at a height of delta chi2."""
    value, up, down = published
    style: dict[str, Any] = {"fmt": "s", "color": "0.25", "markersize": 3, "capsize": 2, "linewidth": 0.9}
    ax.errorbar([value], [place], xerr=[[down], [up]], label=text, zorder=4, **style)


def _draw_standard(ax: Axes, value: float) -> None:
    ax.axvline(value, color="0.35", linestyle=_DOTS, linewidth=0.8)
    options: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "top", "fontsize": 6, "color": "0.2"}
    ax.annotate("standard model", (value, 1), (-1.5, -3), ax.get_xaxis_transform(), "offset points", **options)


def cross_section(analysis: Today) -> tuple[Panel, ...]:
    """Return -2 delta ln L against the cross section averaged over the flux."""
    average = analysis.average_cross_section() / UNIT
    values = np.linspace(90.0, 310.0, 111)
    above = analysis.normalisations("CsI 2021", values / average)
    fit = analysis.free("CsI 2021")
    about = (
        "COHERENT CsI 2021, flux to 10 % and all shapes profiled; counted from the least chi2, "
        f"{fit.chi2:.4f} at {average * fit.factor:.2f}"
    )
    lines = (Line("CsI 2021", "CsI 2021", about, values, above, YEAR_LINES["CsI 2021"]),)

    def also(ax: Axes) -> None:
        _draw_published(ax, 1.0, PUBLISHED["cross section"], "published,\narXiv:2110.07730")
        _draw_standard(ax, average)

    return (
        profile_panel(
            "cross-section",
            "cross section of CsI",
            "-2 delta ln L against the cross section averaged over the flux, one degree of freedom, beside the "
            f"published interval; standard model: {average:.1f}e-40 cm^2",
            "cross_section_1e-40_cm2",
            lines,
            xlabel=axis_label(r"$\langle\sigma\rangle_\Phi$", "1e-40 cm2"),
            top=14.0,
            levels=_LEVELS,
            legend={
                **_BESIDE,
                "title": "COHERENT, 1 d.o.f.,\n" + r"$\Delta\chi^2 = -2\,\Delta\ln L$",
                **_SMALL,
            },
            also=also,
        ),
    )


def neutron_radius(analysis: Today) -> tuple[Panel, ...]:
    """Return delta chi2 along a common neutron radius of Cs and I, with the data of 2017 and of 2021."""
    values = np.linspace(3.0, 8.0, 101)
    lines = []
    for year in ("CsI 2017", "CsI 2021"):
        found = analysis.radius(year)
        curve = analysis.for_radius(year).profile("sm", "rn_csi", values)
        about = f"COHERENT {year}, without the uncertainty of form factors; counted from the least chi2, "
        about += f"{found.chi2_min:.4f} at {found.best_fit:.4f} fm"
        lines.append(Line(year, year, about, values, curve.chi2 - found.chi2_min, YEAR_LINES[year]))
    point = analysis.suppression()

    def also(ax: Axes) -> None:
        _draw_published(ax, 1.0, PUBLISHED["radius"], "arXiv:2303.09360\n(from memory)")
        text = f"data of 2021 without\nsuppression, $F = 1$:\n{math.sqrt(point):.1f}$\\sigma$"
        ax.text(0.53, 0.96, text, transform=ax.transAxes, fontsize=6, va="top", ha="center")

    return (
        profile_panel(
            "neutron-radius",
            r"neutron radius of CsI",
            "delta chi2 along a common neutron radius of Cs and I, one degree of freedom, with data of 2017 (energies) "
            f"and 2021 (energies and times); F = 1 lies {point:.3f} above the least chi2 of 2021",
            "rn_csi_fm",
            tuple(lines),
            xlabel=axis_label(r"$R_n(\mathrm{CsI})$", "fm"),
            top=18.0,
            levels=_LEVELS,
            side="left",
            legend={**_BESIDE, "title": "COHERENT, 1 d.o.f.", **_SMALL},
            also=also,
        ),
    )


def mixing_angle(analysis: Today) -> tuple[Panel, ...]:
    """Return delta chi2 along the weak mixing angle, with the data of 2017 and of 2021."""
    values = np.linspace(0.10, 0.42, 129)
    standard = RADIATIVE_COUPLINGS.sin2_theta_w
    lines = []
    for kind in YEAR_LINES:
        found = analysis.angle(kind)
        curve = analysis.for_angle(kind).profile("sm", "sin2_theta_w", values)
        about = f"COHERENT {kind}; from the least chi2, {found.chi2_min:.4f}, at {found.best_fit:.4f}"
        about += f"; neutrinos {DELAY:g} us late" if kind.endswith("core") else ""
        label = kind.replace(", core", ",\ncore nuisances,\n" + rf"$\nu$ {DELAY:g} $\mu$s late")
        lines.append(Line(kind, label, about, values, curve.chi2 - found.chi2_min, YEAR_LINES[kind]))

    def also(ax: Axes) -> None:
        _draw_published(ax, 1.0, PUBLISHED["mixing angle"], "published,\narXiv:2110.07730")
        _draw_standard(ax, standard)

    return (
        profile_panel(
            "mixing-angle",
            "weak mixing angle",
            "delta chi2 along sin^2 theta_W, one degree of freedom, with data of 2017 and 2021, the latter with all "
            f"nuisances and with the core alone; standard model: {standard}",
            "sin2_theta_w",
            tuple(lines),
            xlabel=r"$\sin^2\theta_W$",
            top=14.0,
            levels=_LEVELS,
            legend={**_BESIDE, "title": "COHERENT, 1 d.o.f.", **_SMALL},
            also=also,
        ),
    )
