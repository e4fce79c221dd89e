"""The numbers of arXiv:2005.01645 and arXiv:1908.06045 beside ours.

What decides is an independent calculation with the data and conventions of the package. Published values decide where
their analysis is comparable; none of them could be checked against the text of its paper, and each row says so.
"""

from __future__ import annotations

import math

import numpy as np

from cevns.figures import charge_radii, magnetic_moments
from cevns.figures.analysis import LABELS
from cevns.figures.measurements import sigmas
from cevns.figures.rows import INDEPENDENT, compared, rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from typing import Any

    from cevns.figures.measurements import Measurements
    from cevns.figures.rows import PublishedRow, Row

__all__ = ["summary"]

_SCAN = "least chi2 of a dense grid"
_MEMORY, _ABSTRACT = "from memory", "abstract"
_TIMES = (
    "No published value is at hand. The published limits use the arrival times of CsI, which tell flavours apart; "
    "these use energies alone, so that they are no test of one another."
)
_PROFILED = "The two radii that keep the flavour are profiled, those that change it are 0 unless they are the one."
_SKIN = "Counted from the least chi2 for R_n not below R_p = 3.448 fm, as in the paper."
_GLOBAL = (
    "Counted from the least chi2 for any R_n, which lies at the least radius of the Helm form factor; not in the paper."
)
_FREE = "With a free radius the uncertainty of the signal is 11.2 % in CsI and 13.2 % in argon."
_SUPPRESSION = "The root of how far chi2 with F = 1 for all nucleons lies above the least one for any R_n(CsI)."

#: Charge radii that are allowed at 90 % C.L., all others being those of the standard model [1e-32 cm^2]; of those that
#: change the flavour the largest size.
_RADII: dict[str, dict[str, Any]] = {
    "CsI": {
        "r2_ee": [[-71.24, 14.83]],
        "r2_mumu": [[-65.26, -46.98], [-9.91, 8.75]],
        "r2_emu": 19.72,
        "r2_etau": 33.21,
        "r2_mutau": 24.46,
    },
    "Ar": {
        "r2_ee": [[-84.09, -42.86], [-7.25, 33.60]],
        "r2_mumu": [[-68.49, -45.60], [-4.56, 17.98]],
        "r2_emu": 29.72,
        "r2_etau": 53.69,
        "r2_mutau": 35.61,
    },
    "CsI + Ar": {
        "r2_ee": [[-72.02, -45.09], [-7.96, 16.01]],
        "r2_mumu": [[-63.95, -49.86], [-3.64, 8.77]],
        "r2_emu": 20.99,
        "r2_etau": 36.38,
        "r2_mutau": 25.65,
    },
}
#: The same for CsI and argon, the two that keep the flavour being profiled.
_PROFILED_RADII: dict[str, Any] = {
    "r2_ee": [[-85.45, 29.86]],
    "r2_mumu": [[-68.03, 13.12]],
    "r2_emu": 33.48,
    "r2_etau": 57.83,
    "r2_mutau": 40.79,
}
#: Where profiled radii are searched [1e-32 cm^2].
_SEARCHED = (-200.0, 200.0)
#: Upper limits on moments at 90 % C.L., the other being 0 [1e-9 mu_B].
_MOMENTS = {
    "CsI": {"mu_e": 5.258, "mu_mu": 3.759},
    "Ar": {"mu_e": 6.649, "mu_mu": 4.387},
    "CsI + Ar": {"mu_e": 5.199, "mu_mu": 3.558},
}


def summary(analysis: Measurements, figures: Container[str] | None = None) -> list[Row]:
    """Return all rows, or those of some figures.

    Parameters
    ----------
    analysis : Measurements
        Data sets and results.
    figures : collection of str, optional
        Names of figures that show what the rows compare.

    Returns
    -------
    list of PublishedRow
    """
    radii, charges = ("neutron-radii",), ("charge-radii",)
    makers: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (_cesium_iodide, radii),
        (_argon, radii),
        (_weak_angle, ("weak-angle",)),
        (_charge_radii, charges),
        (_profiled_radii, charges),
        (_magnetic_moments, ("magnetic-moments",)),
    )
    return rows_of(analysis, makers, figures)


def _cesium_iodide(analysis: Measurements) -> Iterator[PublishedRow]:
    paper: dict[str, Any] = {"paper": "arXiv:1908.06045", "standing": _MEMORY, "note": _FREE}
    found = analysis.radius("CsI", sigmas(1))
    yield compared("R_n(CsI) [fm]", 5.01, found.best_fit, 0.01, published=5.0, apart=0.05, **paper)
    error = float(np.ptp(found.allowed)) / 2
    yield compared("R_n(CsI), 1 sigma [fm]", 0.74, error, 0.01, published=0.7, apart=0.05, **paper)
    yield compared("chi2 at that R_n(CsI)", 2.83, found.chi2_min, 0.01, note=_FREE)
    paper |= {"standing": _ABSTRACT, "note": _SUPPRESSION}
    sigma = math.sqrt(analysis.suppression())
    yield compared("CsI, suppression by form factors [sigma]", 3.88, sigma, 0.01, published=3.7, apart=0.25, **paper)


def _argon(analysis: Measurements) -> Iterator[PublishedRow]:
    paper: dict[str, Any] = {"paper": "arXiv:2005.01645", "standing": _MEMORY}
    for n, expected, published in ((1, 4.23, 4.2), (2, 6.20, 6.2), (3, 10.77, 10.8)):
        upper = float(analysis.radius("Ar", sigmas(n), skin=True).allowed[-1, 1])
        name = f"R_n(Ar) below, {n} sigma, R_n >= R_p [fm]"
        yield compared(name, expected, upper, 0.01, published=published, apart=0.05, note=_SKIN, **paper)
    for n, expected in ((1, 2.95), (2, 5.23), (3, 8.81)):
        upper = float(analysis.radius("Ar", sigmas(n)).allowed[-1, 1])
        yield compared(f"R_n(Ar) below, {n} sigma, any R_n [fm]", expected, upper, 0.01, note=_GLOBAL)


def _weak_angle(analysis: Measurements) -> Iterator[PublishedRow]:
    paper: dict[str, Any] = {"paper": "arXiv:2005.01645", "standing": _MEMORY, "apart": 0.01}
    for label, best, low, high, published, one in (
        ("CsI", 0.242, 0.199, 0.285, 0.24, [0.20, 0.28]),
        ("Ar", 0.310, 0.250, 0.367, 0.31, [0.25, 0.37]),
        ("CsI + Ar", 0.265, 0.229, 0.301, 0.26, [0.23, 0.30]),
    ):
        found = analysis.interval(label, "sm", "sin2_theta_w", sigmas(1))
        yield compared(f"sin2_theta_w, {label}", best, found.best_fit, 0.001, published=published, **paper)
        name = f"sin2_theta_w, {label}, 1 sigma"
        yield compared(name, [low, high], found.allowed[0].tolist(), 0.0015, published=one, **paper)


def _charge_radii(analysis: Measurements) -> Iterator[PublishedRow]:
    for label in LABELS:
        for name, expected in _RADII[label].items():
            found = analysis.interval(label, charge_radii.MODEL, name)
            yield _radius(f"{name}, {label}", expected, found, _TIMES, INDEPENDENT)


def _profiled_radii(analysis: Measurements) -> Iterator[PublishedRow]:
    label, both = "CsI + Ar", ("r2_ee", "r2_mumu")
    for name, expected in _PROFILED_RADII.items():
        profiled = tuple(other for other in both if other != name)
        # signs of those that change the flavour mean nothing, and the images of minima take time to find
        bounds = dict.fromkeys(both, _SEARCHED) | ({} if name in both else {name: (0.0, _SEARCHED[1])})
        found = analysis.interval(label, charge_radii.MODEL, name, profiled=profiled, bounds=bounds)
        yield _radius(f"{name}, {label}, others profiled", expected, found, f"{_PROFILED} {_TIMES}", _SCAN)


def _radius(quantity: str, expected: Any, found: Any, note: str, source: str) -> PublishedRow:
    computed = found.allowed.tolist()
    if not isinstance(expected, list):
        # only the square of what changes the flavour counts
        quantity, computed = f"|{found.name}|{quantity.removeprefix(found.name)}", computed[-1][1]
    return compared(f"{quantity} [1e-32 cm2]", expected, computed, 0.02, note=note, source=source)


def _magnetic_moments(analysis: Measurements) -> Iterator[PublishedRow]:
    for label in LABELS:
        for name, expected in _MOMENTS[label].items():
            found = analysis.interval(label, magnetic_moments.MODEL, name)
            upper = float(found.allowed[-1, 1]) / magnetic_moments.UNIT
            yield compared(f"{name} below, {label} [1e-9 mu_B]", expected, upper, 0.002, note=_TIMES)
    label = "CsI + Ar"
    for name, other, expected in (("mu_e", "mu_mu", 5.126), ("mu_mu", "mu_e", 3.558)):
        found = analysis.interval(label, magnetic_moments.MODEL, name, profiled=(other,))
        upper = float(found.allowed[-1, 1]) / magnetic_moments.UNIT
        quantity = f"{name} below, {label}, {other} profiled [1e-9 mu_B]"
        yield compared(quantity, expected, upper, 0.002, note=_TIMES, source=_SCAN)
