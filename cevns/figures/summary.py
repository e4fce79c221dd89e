"""The paper's numbers and statements beside ours: a row for each, with the criterion that decides whether it is met."""

from __future__ import annotations

import functools

import numpy as np

from cevns.bounds import MUON_ANOMALY, bounds_for
from cevns.experiments import load
from cevns.figures.analysis import MASSES
from cevns.figures.rows import INDEPENDENT, Row, format_table, rows_of
from cevns.inference import TWO_SIGMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from typing import Any

    from cevns._types import Array
    from cevns.figures.analysis import Analysis
    from cevns.inference import Limit

__all__ = ["Row", "format_table", "summary"]

_PAPER = "arXiv:2008.05022"
#: Highest mass [MeV] of the plane in which the paper's statements are made.
_HIGHEST = 1e4


def summary(analysis: Analysis, figures: Container[str] | None = None) -> list[Row]:
    """Return all rows, or those of some figures.

    Parameters
    ----------
    analysis : Analysis
        Data sets and limits.
    figures : collection of str, optional
        Names of figures that show what the rows compare.

    Returns
    -------
    list of Row
    """
    makers: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (_events, ("2",)),
        (_standard_chi2, ("3", "4", "5")),
        (_universal, ("3",)),
        (_connie, ("3",)),
        (_muon_anomaly, ("3",)),
        (_argon_and_csi, ("3",)),
        (functools.partial(_dominance, model="b-l", name="B-L"), ("4",)),
        (functools.partial(_dominance, model="lmu-ltau", name="L_mu-L_tau"), ("5",)),
        (_gap, ("4",)),
        (_untouched, ("5",)),
    )
    return rows_of(analysis, makers, figures)


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _near(quantity: str, expected: float, computed: float, tolerance: float, source: str) -> Row:
    met = abs(computed - expected) <= tolerance
    return Row(quantity, expected, float(computed), f"within {tolerance:g}", bool(met), source)


def _range(values: Any) -> Any:
    return [float(np.min(values)), float(np.max(values))]


def _events(analysis: Analysis) -> Iterator[Row]:
    argon, csi = analysis.experiments["Ar"], analysis.experiments["CsI"]
    constant = load("coherent-csi-2017", quenching="constant")
    for quantity, experiment, expected, source in (
        ("SM events, CsI, 6-30 PE, Chicago-3 quenching", csi, 131.4, ""),
        ("SM events, CsI, 6-30 PE, quenching 0.0878", constant, 164.7, "; COHERENT 173 +- 48 (arXiv:1708.01294)"),
        ("SM events, Ar, 0-120 keVee", argon, 131.4, "; COHERENT 128 +- 17 (arXiv:2003.10630)"),
    ):
        yield _near(quantity, expected, experiment.predict("sm").signal.sum(), 0.05, INDEPENDENT + source)


def _standard_chi2(analysis: Analysis) -> Iterator[Row]:
    for data, expected in (("CsI", 2.83), ("Ar", 8.86)):
        yield _near(f"chi2 of the SM, {data}", expected, analysis.likelihoods[data].chi2("sm"), 0.01, INDEPENDENT)


def _universal(analysis: Analysis) -> Iterator[Row]:
    limit = analysis.limit("universal", "CsI + Ar", TWO_SIGMA)
    light = limit.lowest[limit.mass <= 10]
    met = bool((abs(light / 3e-5 - 1) <= 0.2).all())
    yield Row(
        "universal, lowest excluded coupling, 2 sigma, M up to 10 MeV",
        3e-5,
        _range(light),
        "within 20 % at every mass",
        met,
        f"{_PAPER}, section 5",
    )
    limit = analysis.limit("universal", "CsI + Ar", 0.90)
    strips = {m: _strip(i) for m, i in zip(limit.mass.tolist(), limit.excluded, strict=True)}
    begin = min(m for m, strip in strips.items() if strip)
    heavy = {m: strip for m, strip in strips.items() if 100 <= m <= _HIGHEST}
    ratios = [(strip[0] * strip[1]) ** 0.5 / m for m, strip in heavy.items() if strip]
    met = len(ratios) == len(heavy) and all(abs(ratio / 2e-6 - 1) <= 0.2 for ratio in ratios)
    yield Row(
        "universal, allowed strip, g/M [1/MeV], M above 100 MeV",
        2e-6,
        _range(ratios),
        "within 20 % at every mass",
        met,
        f"{_PAPER}, eq. 5.2",
        "There is an allowed strip at every mass; compared is the geometric middle of its two edges at 90 % C.L.",
        {"lowest_mass_of_the_strip_MeV": begin},
    )


def _strip(intervals: Any) -> Any:
    """Return the allowed couplings between two excluded intervals, or None."""
    return (intervals[0, 1], intervals[1, 0]) if len(intervals) == 2 else None


def _connie(analysis: Analysis) -> Iterator[Row]:
    limit = analysis.limit("universal", "CsI + Ar", TWO_SIGMA)
    (connie,) = (b for b in bounds_for("universal", "3b") if b.name == "connie")
    plane = limit.mass <= _HIGHEST
    mass, ratio = limit.mass[plane], limit.lowest[plane] / connie.lowest(limit.mass[plane])
    crossing = _crossing(mass, ratio)
    met = 2.5 <= crossing <= 10 and bool((ratio[mass > crossing] < 1).all() and (ratio[mass < crossing] > 1).all())
    yield Row(
        "universal, mass above which COHERENT improves on CONNIE [MeV]",
        5.0,
        crossing,
        "within a factor 2, a single crossing",
        met,
        f"{_PAPER}, section 5; CONNIE is a recast",
        "COHERENT is stronger at every mass above the crossing and CONNIE below; 2 sigma against 95 % C.L.",
        {"coupling": float(np.interp(np.log(crossing), np.log(limit.mass), limit.lowest))},
    )


def _muon_anomaly(analysis: Analysis) -> Iterator[Row]:
    chi2, least = analysis.likelihoods["CsI + Ar"].chi2, analysis.best_fit("universal").chi2
    mass = MASSES[MASSES <= _HIGHEST]
    low, high = MUON_ANOMALY.band(mass, model="universal", confidence_level=TWO_SIGMA)
    couplings = np.geomspace(low, high, 41)
    excess = chi2("universal", mass, couplings) - least
    saturated = chi2("universal", 10.0, 1.0) - least
    yield Row(
        "universal, delta chi2 over the (g-2)_mu 2 sigma band",
        "above 120",
        _range(excess),
        "above 120 everywhere in the band",
        bool((excess > 120).all()),
        f"{_PAPER}, section 5",
        "Counted from the least chi2 of the plane, CsI and Ar together.",
        {
            "mass_of_the_least_MeV": float(mass[excess.min(axis=0).argmin()]),
            "delta_chi2_of_a_huge_coupling": float(saturated),
        },
    )


def _argon_and_csi(analysis: Analysis) -> Iterator[Row]:
    argon, csi = (analysis.limit("universal", data, 0.90) for data in ("Ar", "CsI"))
    mass = MASSES[MASSES <= _HIGHEST]
    ratio = _at(argon, mass) / _at(csi, mass)
    light = ratio[mass <= 100]
    upper = [_above_strip(limit) for limit in (argon, csi)]
    both = mass[mass >= max(u[0][0] for u in upper)]
    edges = [np.exp(np.interp(np.log(both), np.log(m), np.log(g))) for m, g in upper]
    yield Row(
        "universal, Ar limit / CsI limit, M up to 100 MeV",
        "slightly below 1",
        _range(light),
        "between 0.5 and 1 at every mass",
        bool((light < 1).all() and (light > 0.5).all()),
        f"{_PAPER}, section 5",
        "Tested is the lowest coupling that Ar excludes over the lowest that CsI does, 90 % C.L. The paper: Ar is "
        "slightly more stringent for M up to about 100 MeV; above, nothing is tested.",
        {
            "ratio_at_10_GeV": float(ratio[-1]),
            "mass_above_which_CsI_is_stronger_over_the_strip_MeV": _crossing(both, edges[1] / edges[0]),
        },
    )


def _above_strip(limit: Limit) -> Any:
    """Return masses with an allowed strip, and the coupling from which on everything is excluded again."""
    pairs = [(m, i[1, 0]) for m, i in zip(limit.mass, limit.excluded, strict=True) if len(i) == 2]
    return tuple(np.array(pairs).T)


def _dominance(analysis: Analysis, model: str, name: str) -> Iterator[Row]:
    mass = MASSES[MASSES <= _HIGHEST]
    argon, csi, both = (_at(analysis.limit(model, data, 0.90), mass) for data in ("Ar", "CsI", "CsI + Ar"))
    crossing = _crossing(mass, csi / argon)
    heavy = mass >= 50
    share = (both / csi)[heavy]
    met = 10 <= crossing <= 50 and bool((csi < argon)[mass > crossing].all() and (abs(share - 1) <= 0.1).all())
    yield Row(
        f"{name}, mass above which CsI is stronger than Ar [MeV]",
        ">~ 10; some tens",
        crossing,
        "between 10 and 50, then CsI dominates",
        met,
        f"{_PAPER}, section 5, and the requirement of some tens of MeV",
        "The paper: CsI is more stringent for M >~ 10 MeV and dominates the combination. Required here: from some "
        "tens of MeV on, CsI stronger at every mass above, and the combination within 10 % of CsI above 50 MeV.",
        {"least_combined_over_csi": float(share.min()), "largest_combined_over_csi": float(share.max())},
    )


def _gap(analysis: Analysis) -> Iterator[Row]:
    limit = analysis.limit("b-l", "CsI + Ar", 0.90)
    drawn = {b.name: b for b in bounds_for("b-l", "4b")}
    others = [b for b in drawn.values() if b.kind != "band"]
    beyond = [b for b in bounds_for("b-l") if b.name not in drawn]
    targets = [b for b in others if b.kind in ("region", "contour")]
    low, high = min(b.mass_range[0] for b in targets), max(b.mass_range[1] for b in targets)
    mass = MASSES[(low <= MASSES) & (high >= MASSES)]
    coupling = np.geomspace(1e-5, 1e-2, 301)
    new = coupling > _at(limit, mass)[:, None]
    for bound in others:
        new &= ~bound.excludes(mass[:, None], coupling)
    # the masses that hang together with the widest range of couplings
    width = new.sum(axis=1)
    widest = int(width.argmax())
    closed = np.flatnonzero(width == 0)
    first = closed[closed < widest].max(initial=-1) + 1
    last = closed[closed > widest].min(initial=mass.size) - 1
    gap = new[first : last + 1]
    inside = coupling[gap.any(axis=0)]
    covered = np.zeros_like(gap)
    for bound in beyond:
        covered |= bound.excludes(mass[first : last + 1, None], coupling)
    at_widest = coupling[new[widest]]
    above = min(b.lowest(mass[widest]) for b in others if b.kind == "lower")
    below = max((coupling[b.excludes(mass[widest], coupling)].max(initial=0.0) for b in targets), default=0.0)
    met = width[widest] > 0 and below < at_widest.min() and at_widest.max() < above
    yield Row(
        "B-L, masses with couplings that COHERENT alone excludes [MeV]",
        "a gap",
        [float(mass[first]), float(mass[last])],
        "exists between the two kinds of limits",
        bool(met),
        f"{_PAPER}, section 5",
        "Alone among the limits drawn in figure 4b: where the gap is widest, it lies above every fixed-target region "
        f"and below every accelerator limit. {_and([b.label for b in beyond])} have B-L limits too, which come with "
        f"the package but are not in the paper's figure; they exclude {(covered & gap).sum() / gap.sum():.0%} of it.",
        {
            "lowest_coupling": float(inside.min()),
            "largest_coupling": float(inside.max()),
            "mass_where_widest_MeV": float(mass[widest]),
            "share_excluded_by_limits_beyond_the_figure": float((covered & gap).sum() / gap.sum()),
            "lowest_coupling_where_widest": float(at_widest.min()),
            "largest_coupling_where_widest": float(at_widest.max()),
        },
    )


def _untouched(analysis: Analysis) -> Iterator[Row]:
    limit = analysis.limit("lmu-ltau", "CsI + Ar", TWO_SIGMA)
    inside = (limit.mass >= 10) & (limit.mass <= 400)
    _, high = MUON_ANOMALY.band(limit.mass[inside], model="lmu-ltau", confidence_level=TWO_SIGMA)
    ratio = limit.lowest[inside] / high
    yield Row(
        "L_mu-L_tau, limit / upper end of the (g-2)_mu band, 2 sigma, 10-400 MeV",
        "above 1",
        _range(ratio),
        "above 1 at every mass",
        bool((ratio > 1).all()),
        f"{_PAPER}, section 5",
        "No part of the band is excluded.",
    )


def _at(limit: Limit, mass: Any) -> Any:
    """Return the lowest excluded coupling at masses that the limit holds."""
    return limit.lowest[np.searchsorted(limit.mass, mass)]


def _crossing(mass: Array, ratio: Array) -> float:
    """Return the highest mass at which a ratio passes 1, or infinity."""
    with np.errstate(divide="ignore"):
        logs = np.log(ratio)
    sign = np.sign(logs)
    change = np.flatnonzero(sign[1:] != sign[:-1])
    if not change.size:
        return float("inf")
    i = change[-1]
    x, y = np.log(mass[i : i + 2]), logs[i : i + 2]
    return float(np.exp(x[0] - y[0] * (x[1] - x[0]) / (y[1] - y[0])))
