"""The sections of a configuration file that describe a detector's response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.binning import Axis, Binning
from cevns.config import readers as read
from cevns.config.columns import joined_edges
from cevns.config.readers import Reader, Section
from cevns.detectors import (
    BirksQuenching,
    Efficiency,
    ElectronResponse,
    GammaResolution,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    LogisticEfficiency,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    TabulatedQuenching,
    TabulatedResolution,
    TemplateResponse,
    read_templates,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["EFFICIENCIES", "OBSERVABLE", "axes", "efficiency", "electrons", "quenching", "resolution", "response"]

#: Name and unit of the axis of a response that gives none.
OBSERVABLE, UNIT = "energy", "keVee"


@read.takes(lambda of: of.one_or_by_name(read.one_of(_QUENCHINGS, "quenching-factor")), "quenching")
def quenching(reader: Reader, value: Any, where: str) -> Any:
    """One quenching factor, or one for each isotope or element, told by tables without a kind of their own."""
    by_nucleus = isinstance(value, dict) and value and "kind" not in value
    if by_nucleus and all(isinstance(entry, dict) for entry in value.values()):
        return read.by_name(read.one_of(_QUENCHINGS))(reader, value, where)
    return read.one_of(_QUENCHINGS)(reader, value, where)


@read.takes(
    lambda of: of.first(
        [({"properties": {"kind": {"const": "templates"}}, "required": ["kind"]}, of.table(_TEMPLATES, "templates"))],
        of.table(_RESPONSE, "quenching", usual=True),
    ),
    "response",
)
def response(reader: Reader, value: Any, where: str) -> Any:
    """A response by its quenching factor, or by templates if its kind says so."""
    table = read.mapping(reader, value, where)
    if table is None:
        return None
    if table.get("kind", "quenching") == "quenching":
        unit = table.get("unit", UNIT)
        reader.units |= {where: unit} if isinstance(unit, str) else {}
    kinds = {"quenching": _RESPONSE, "templates": _TEMPLATES}
    return read.one_of(kinds)(reader, {"kind": "quenching"} | table, where)


def _build_response(*, quenching: Any, edges: Any, axis: str = OBSERVABLE, unit: str = UNIT, **parts: Any) -> Response:
    return Response(quenching, Axis(axis, edges, unit), **parts)


def _build_steps(
    *, values: Any, edges: Any = None, low: Any = None, high: Any = None, beyond: str = "constant"
) -> Efficiency:
    edges = joined_edges("edges", edges, "low", low, "high", high)
    return Efficiency(edges, values, beyond, kind="steps")


def _build_templates(
    *, file: Path, axes: Sequence[Axis], rows: str | None = None, beyond: str = "constant"
) -> TemplateResponse:
    # whatever is wrong with the file
    checks.known("beyond", beyond, ("constant", "zero"))
    if rows is not None:
        checks.known("kind of templates", rows, ("steps", "points"))
    return read_templates(file, Binning(axes), kind=rows, beyond=beyond)


_QUENCHINGS: dict[str, Section] = {
    "constant": Section(
        lambda factor: PolynomialQuenching((factor,)),
        {"factor": ("factor", read.number)},
        means={"factor": "f_Q at all energies."},
    ),
    "linear": Section(
        LinearQuenching,
        {
            "offset": ("offset", read.number),
            "slope_per_kev": ("slope", read.number),
            "constant_above_kev": ("constant_above", read.number),
        },
        {"offset": 0.1, "slope": 0.0, "constant_above": 1.0},
    ),
    "polynomial": Section(
        PolynomialQuenching,
        {"coefficients_per_kev_n": ("coefficients", read.numbers), "maximum_kev": ("maximum", read.number)},
        {"coefficients": (0.1,)},
        {"coefficients": frozenset({"maximum"})},
    ),
    "polynomial-mev": Section(
        PolynomialQuenching.of_mev,
        {"coefficients_per_mev_n": ("coefficients", read.numbers), "maximum_kev": ("maximum", read.number)},
        {"coefficients": (0.1,)},
        {"coefficients": frozenset({"maximum"})},
    ),
    "birks": Section(
        BirksQuenching,
        {
            "onset_kev": ("onset_kev", read.number),
            "birks_g_per_mev_cm2": ("birks", read.number),
            "recoil_kev": ("recoil_kev", read.ascending),
            "stopping_power_mev_cm2_per_g": ("stopping_power", read.numbers),
            "degree": ("degree", read.whole),
        },
        {"onset_kev": 10.0, "birks": 1.0, "recoil_kev": (1.0, 10.0), "stopping_power": (1.0, 1.0), "degree": 1},
        {"degree": frozenset({"recoil_kev", "stopping_power", "onset_kev"})},
    ),
    "lindhard": Section(
        LindhardQuenching,
        {"protons": ("protons", read.whole), "nucleons": ("nucleons", read.number), "k": ("k", read.number)},
        {"protons": 18, "nucleons": 500.0},
        {"nucleons": frozenset({"protons"})},
    ),
    "tabulated": Section(
        TabulatedQuenching,
        {"recoil_kev": ("recoil_kev", read.ascending), "factors": ("factors", read.numbers)},
        {"recoil_kev": (1.0, 2.0), "factors": (0.1, 0.1)},
    ),
}
_LOGISTIC = Section(
    LogisticEfficiency,
    {name: (name, read.number) for name in "abcd"},
    {"a": 1.0, "b": 1.0, "c": 1.0},
    {"d": frozenset({"a"})},
)
EFFICIENCIES = {
    "constant": Section(
        lambda value: Efficiency((0.0, 1.0), (value,), kind="steps"),
        {"value": ("value", read.number)},
        means={"value": "Share of events that are accepted, from 0 to 1."},
    ),
    "steps": Section(
        _build_steps,
        {
            "edges": ("edges", read.ascending),
            "low": ("low", read.ascending),
            "high": ("high", read.ascending),
            "values": ("values", read.numbers),
            "beyond": ("beyond", read.text),
        },
        {"values": (1.0,)},
        means={
            "edges": "Where steps begin, and where the last one ends.",
            "low": "Where steps begin.",
            "high": "Where steps end.",
        },
    ),
    "points": Section(
        lambda x, values, beyond="constant": Efficiency(x, values, beyond, kind="points"),
        {"observable": ("x", read.ascending), "values": ("values", read.numbers), "beyond": ("beyond", read.text)},
        {"x": (0.0, 1.0), "values": (1.0, 1.0)},
        told_by=(Efficiency,),
    ),
    "logistic": _LOGISTIC,
}
#: As functions of the recoil energy.
_RECOIL_EFFICIENCIES = {
    "steps": Section(
        lambda edges, values, beyond="constant": Efficiency(edges, values, beyond, kind="steps"),
        {"edges_kev": ("edges", read.ascending), "values": ("values", read.numbers), "beyond": ("beyond", read.text)},
        {"edges": (0.0, 1.0), "values": (1.0,)},
        told_by=(Efficiency,),
        means={"edges_kev": "Recoil energies where steps begin, and where the last one ends."},
    ),
    "points": Section(
        lambda x, values, beyond="constant": Efficiency(x, values, beyond, kind="points"),
        {"recoil_kev": ("x", read.ascending), "values": ("values", read.numbers), "beyond": ("beyond", read.text)},
        {"x": (0.0, 1.0), "values": (1.0, 1.0)},
        told_by=(Efficiency,),
        means={"recoil_kev": "Ascending recoil energies."},
    ),
    "logistic": _LOGISTIC,
}
RESOLUTIONS = {
    "gaussian": Section(
        GaussianResolution,
        {
            "sigma_at_one": ("a", read.number),
            "constant": ("constant", read.number),
            "linear": ("linear", read.number),
        },
    ),
    "gaussian-table": Section(
        TabulatedResolution,
        {"observable": ("x", read.ascending), "sigma": ("sigma", read.numbers)},
        {"x": (1.0, 2.0), "sigma": (1.0, 1.0)},
    ),
    "gamma": Section(
        GammaResolution,
        {"shape_slope": ("shape_slope", read.number), "shape_offset": ("shape_offset", read.number)},
        {"shape_slope": 1.0},
    ),
    "poisson": Section(PoissonResolution, {}),
}
#: Readers of tables of efficiencies and of resolutions.
efficiency, resolution = read.one_of(EFFICIENCIES, "efficiency"), read.one_of(RESOLUTIONS, "resolution")
_RESPONSE: Section = Section(
    _build_response,
    {
        "quenching": ("quenching", quenching),
        "edges": ("edges", read.ascending),
        "axis": ("axis", read.text),
        "unit": ("unit", read.text),
        "light_yield_per_kevee": ("light_yield", read.number),
        "efficiency": ("efficiency", efficiency),
        "resolution": ("resolution", resolution),
        "recoil_efficiency": ("recoil_efficiency", read.one_of(_RECOIL_EFFICIENCIES)),
    },
    # of every recoil there is, so that a factor that is refused here would be with any edges
    {"quenching": PolynomialQuenching((0.1,)), "edges": tuple(10.0**n for n in range(-6, 7))},
    {
        "quenching": frozenset({"light_yield", "unit"}),
        "efficiency": frozenset({"edges"}),
    },
    means={"axis": "Name of the observable, by which projections are given."},
)
_AXIS = Section(
    Axis,
    {"name": ("name", read.text), "edges": ("edges", read.ascending), "unit": ("unit", read.text)},
    {"name": "x", "edges": (0.0, 1.0)},
)
#: The reader of one axis, or of several.
axes = read.one_or_more(read.a(_AXIS, "axis"))
_TEMPLATES: Section = Section(
    _build_templates,
    {
        "file": ("file", read.file),
        "axes": ("axes", axes),
        "rows": ("rows", read.text),
        "beyond": ("beyond", read.text),
    },
    {"axes": (Axis("x", (0.0, 1.0)),)},
    told_by=(read_templates,),
    means={
        "file": "An archive of NumPy with recoil_kev and templates, or a text file with one row for each template.",
        "axes": "Axes of the bins, the last one fastest.",
        "rows": '"points", with straight lines between energies, or "steps", bins of recoil energy.',
    },
)
_ELECTRONS = Section(
    ElectronResponse,
    {
        "binding": ("binding", read.text),
        "shells": ("shells", read.by_name(read.each(read.numbers))),
        "light_yield_per_kev": ("light_yield", read.number),
        "efficiency": ("efficiency", efficiency),
        "resolution": ("resolution", resolution),
    },
)
#: The reader of a response to electrons, or of how they are bound.
electrons = read.text_or(read.a(_ELECTRONS), "electrons")
