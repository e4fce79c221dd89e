"""The sections of a configuration file: for each key the parameter of the constructor that takes its value."""

from __future__ import annotations

import itertools
import re
import reprlib
from typing import TYPE_CHECKING, Any

from cevns.config import build
from cevns.config import readers as read
from cevns.config.readers import Reader, Section, join
from cevns.constants import FLAVOURS
from cevns.detectors import (
    BirksQuenching,
    Efficiency,
    ElectronResponse,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import CevnsError
from cevns.experiments import Background, Experiment
from cevns.fluxes import monochromatic, pion_decay_at_rest, reactor_antineutrinos
from cevns.interactions import (
    WEAK_COUPLINGS,
    Interaction,
    NonStandardInteractions,
    VectorMediator,
    get_interaction,
)
from cevns.likelihoods import Nuisance
from cevns.nuclei import FormFactor, Nucleus, Target

if TYPE_CHECKING:
    pass

__all__ = ["experiments", "model", "nuclei"]


def _flux(reader: Reader, value: Any, where: str) -> Any:
    """One flux, or several that add up."""
    before = len(reader.problems)
    parts = read.one_or_more(read.one_of(_FLUXES))(reader, value, where)
    if not parts:
        reader.problem(where, "is empty: give at least one flux")
    return None if len(reader.problems) > before else sum(parts[1:], parts[0])


def _quenching(reader: Reader, value: Any, where: str) -> Any:
    """One quenching factor, or one for each isotope or element, told by tables without a kind of their own."""
    by_nucleus = isinstance(value, dict) and value and "kind" not in value
    if by_nucleus and all(isinstance(entry, dict) for entry in value.values()):
        return read.by_name(read.one_of(_QUENCHINGS))(reader, value, where)
    return read.one_of(_QUENCHINGS)(reader, value, where)


def _composition(reader: Reader, value: Any, where: str) -> Any:
    """A formula, or numbers by formula or nucleus; each is tried beside oxygen, so that no problem is withheld."""
    before, own = len(reader.problems), [n for n in reader.nuclei.values() if n is not None]
    counts = {value: 1} if isinstance(value, str) else read.couplings(reader, value, where) or {}
    for name in counts:
        # a nucleus of the file that could not be built is a problem already
        if reader.nuclei.get(name, "") is not None:
            try:
                Target.of({name: 1, "O": 1}, mass=1.0, nuclei=own)
            except CevnsError as error:
                reader.problem(where, error)
    return None if len(reader.problems) > before or None in reader.nuclei.values() else value


def _target(reader: Reader, value: Any, where: str) -> Any:
    """A target, whose composition may name nuclei of the file."""
    table = read.mapping(reader, value, where)
    own = [n for n in reader.nuclei.values() if n is not None]
    return None if table is None else reader.section(_TARGET, table, where, nuclei=own)


def nuclei(reader: Reader, value: Any, where: str) -> dict[str, Nucleus | None]:
    """Nuclei of the file; those of `_composition` come from here first."""
    for name, table in (read.by_name(read.mapping)(reader, value, where) or {}).items():
        if table is not None:
            reader.nuclei[name] = reader.section(_NUCLEUS, table, join(where, name), name=name)
    return reader.nuclei


def _experiment(reader: Reader, value: Any, where: str) -> Any:
    """An experiment by name, or one of the file's own if any of its parts is given."""
    table = read.mapping(reader, value, where)
    if table is None:
        return None
    if not table.keys() & {"flux", "target", "response", "data"}:
        return reader.section(_KNOWN_EXPERIMENT, table, where)
    before = len(reader.problems)
    arguments = reader.arguments(_OWN_EXPERIMENT, table, where)
    _check_bins(reader, where)
    error = None
    if arguments is not None and len(reader.problems) == before:
        try:
            return build.experiment(**arguments)
        except CevnsError as refused:
            error = refused
    # what the experiment refuses is listed beside the problems of its parts
    found = len(reader.problems)
    for trial in _trials(reader, where):
        reader.build(_OWN_EXPERIMENT, trial, where)
    if error is not None and len(reader.problems) == found:
        reader.problem(where, error)
    return None


def _check_bins(reader: Reader, where: str) -> None:
    """List the wrong numbers of counts, whatever else is wrong."""
    edges = reader.parts.get(join(where, "response"), {}).get("edges")
    counts = {join(where, f"data.{name}"): values for name, values in _data_of(reader, where).items()}
    for path, part in reader.parts.items():
        if re.fullmatch(re.escape(where) + r"\.background(\[\d+\])?", path):
            counts[join(path, "counts")] = part.get("counts")
    if edges and not any(a is None or b is None or a >= b for a, b in itertools.pairwise(edges)):
        for path, values in counts.items():
            if values is not None and len(values) != len(edges) - 1:
                reader.problem(
                    path,
                    f"must have length {len(edges) - 1}, one number for each bin of response.edges, which are "
                    f"{len(edges)}; got {len(values)}",
                )
        return
    # without edges that count bins the data do
    (first, observed), *others = counts.items()
    for path, values in others:
        if observed is not None and values is not None and len(values) != len(observed):
            reader.problem(path, f"must have length {len(observed)}, as {first.rpartition('.')[2]}; got {len(values)}")


def _data_of(reader: Reader, where: str) -> dict[str, Any]:
    part = reader.parts.get(join(where, "data"), {})
    return {name: part.get(name) for name in ("observed", "uncertainty")}


def _trials(reader: Reader, where: str) -> tuple[dict[str, Any], ...]:
    """Return the arguments of experiments that are right but for the data, or but for the rest, of the one given."""
    given = {name: _read_of(value) for name, value in reader.parts[where].items() if value is not None}
    observed, uncertainty = (
        [number for number in values or () if number is not None] for values in _data_of(reader, where).values()
    )
    bins = max(len(observed), len(uncertainty), 1)
    parts = {
        "flux": monochromatic(10.0, fluence=1.0, flavour="e", antineutrino=False),
        "target": Target.of("Ar-40", mass=1.0),
        "response": Response(quenching=PolynomialQuenching((0.1,)), edges=range(bins + 1)),
    }
    ones, numbers = [1.0] * bins, {"name": where, "signal_sigma": 0.1}
    backgrounds = [Background(b.name, ones, b.sigma) for b in given.pop("backgrounds", ())]
    padded = {
        "observed": observed + ones[len(observed) :],
        "uncertainty": uncertainty + ones[len(uncertainty) :],
    }
    return (
        parts | numbers | {"data": padded},
        numbers | given | parts | {"data": {"observed": ones, "uncertainty": ones}, "backgrounds": backgrounds},
    )


def _read_of(value: Any) -> Any:
    """Return a value without the entries of a list that could not be read, whose problems are listed."""
    return [entry for entry in value if entry is not None] if isinstance(value, list) else value


def experiments(reader: Reader, value: Any, where: str) -> list[Experiment | None]:
    """Experiments, whose names must differ."""
    names = [e.get("name") for e in value if isinstance(e, dict)] if isinstance(value, list) else []
    for name in dict.fromkeys(n for n in names if isinstance(n, str) and names.count(n) > 1):
        reader.problem(where, f"the name {reprlib.repr(name)} is given more than once")
    found: list[Experiment | None] = read.one_or_more(_experiment)(reader, value, where)
    return found


def model(reader: Reader, value: Any, where: str) -> Interaction | None:
    """A model by name, or one of the file's own, told by the keys that only one kind has."""
    table = read.mapping(reader, value, where)
    if table is None:
        return None
    kinds = [section for marks, section in _MODELS if table.keys() & marks]
    if len(kinds) > 1:
        marks = " or ".join("/".join(sorted(marks)) for marks, section in _MODELS if section in kinds)
        reader.problem(where, f"give {marks}, not several of them")
        return None
    found: Interaction | None = reader.section(kinds[0] if kinds else _KNOWN_MODEL, table, where)
    return found


_FLUXES = {
    "pion-decay-at-rest": Section(
        pion_decay_at_rest,
        {
            "neutrinos_per_proton": ("neutrinos_per_proton", read.number),
            "protons": ("protons", read.number),
            "distance_m": ("distance", read.number),
        },
        {"neutrinos_per_proton": 0.08, "protons": 1e23, "distance": 20.0},
    ),
    "monochromatic": Section(
        monochromatic,
        {
            "energy_mev": ("energy", read.number),
            "fluence_per_cm2": ("fluence", read.number),
            "flavour": ("flavour", read.text),
            "antineutrino": ("antineutrino", read.flag),
        },
        {"energy": 10.0, "fluence": 1.0, "flavour": "e"},
    ),
    "reactor": Section(
        reactor_antineutrinos,
        {
            "thermal_power_gw": ("thermal_power", read.number),
            "distance_m": ("distance", read.number),
            "exposure_days": ("exposure", read.number),
            "fission_fractions": ("fission_fractions", read.couplings),
            "energy_per_fission_mev": ("energy_per_fission", read.couplings),
        },
        {"thermal_power": 1.0, "distance": 20.0, "exposure": 1.0},
        {"energy_per_fission": frozenset({"fission_fractions"})},
    ),
    "tabulated": Section(
        build.tabulated,
        {
            "energy_mev": ("energy_mev", read.ascending),
            "energy_low_mev": ("energy_low_mev", read.ascending),
            "energy_high_mev": ("energy_high_mev", read.ascending),
            **{
                f"{flavour}_per_cm2_per_mev{per_s}": (f"{flavour}_per_cm2_per_mev{per_s}", read.numbers)
                for flavour in FLAVOURS
                for per_s in ("", "_per_s")
            },
            "histogram": ("histogram", read.flag),
            "exposure_s": ("exposure_s", read.number),
            "antineutrino": ("antineutrino", read.flag_by_name),
        },
    ),
}
_QUENCHINGS = {
    "constant": Section(lambda factor: PolynomialQuenching((factor,)), {"factor": ("factor", read.number)}),
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
_EFFICIENCIES = {
    "constant": Section(
        lambda value: Efficiency((0.0, 1.0), (value,), kind="steps"), {"value": ("value", read.number)}
    ),
    "steps": Section(
        build.steps,
        {
            "edges": ("edges", read.ascending),
            "low": ("low", read.ascending),
            "high": ("high", read.ascending),
            "values": ("values", read.numbers),
            "beyond": ("beyond", read.text),
        },
        {"values": (1.0,)},
    ),
    "points": Section(
        lambda x, values, beyond="constant": Efficiency(x, values, beyond, kind="points"),
        {"observable": ("x", read.ascending), "values": ("values", read.numbers), "beyond": ("beyond", read.text)},
        {"x": (0.0, 1.0), "values": (1.0, 1.0)},
    ),
}
_RESOLUTIONS = {
    "gaussian": Section(GaussianResolution, {"sigma_at_one": ("a", read.number)}),
    "poisson": Section(PoissonResolution, {}),
}
_FORM_FACTOR = read.text_or(
    read.a(Section(FormFactor, {"name": ("name", read.text), "thickness_fm": ("thickness", read.number)}))
)
_OF_NUCLEUS = frozenset({"protons", "neutrons", "atomic_mass_u", "proton_radius", "neutron_radius"})
_NUCLEUS = Section(
    Nucleus.from_atomic_mass,
    {
        "protons": ("protons", read.whole),
        "neutrons": ("neutrons", read.whole),
        "atomic_mass_u": ("atomic_mass_u", read.number),
        "proton_radius_fm": ("proton_radius", read.number),
        "neutron_radius_fm": ("neutron_radius", read.number),
    },
    {"protons": 18, "neutrons": 22, "atomic_mass_u": 40.0},
    dict.fromkeys(_OF_NUCLEUS, _OF_NUCLEUS),
)
_TARGET = Section(
    build.target,
    {
        "composition": ("composition", _composition),
        "molar_mass_g_per_mol": ("molar_mass", read.number),
        "mass_kg": ("mass", read.number),
        "left_out_g_per_mol": ("left_out", read.number),
    },
    {"composition": "Ar", "mass": 1.0},
    {"molar_mass": frozenset({"composition", "left_out"}), "left_out": frozenset({"composition", "molar_mass"})},
)
_RESPONSE = Section(
    Response,
    {
        "quenching": ("quenching", _quenching),
        "edges": ("edges", read.ascending),
        "unit": ("unit", read.text),
        "light_yield_per_kevee": ("light_yield", read.number),
        "efficiency": ("efficiency", read.one_of(_EFFICIENCIES)),
        "resolution": ("resolution", read.one_of(_RESOLUTIONS)),
    },
    {"quenching": PolynomialQuenching((0.1,)), "edges": (1.0, 2.0)},
    {"quenching": frozenset({"edges", "light_yield", "unit"})},
)
_ELECTRONS = Section(
    ElectronResponse,
    {
        "binding": ("binding", read.text),
        "shells": ("shells", read.by_name(read.each(read.numbers))),
        "light_yield_per_kev": ("light_yield", read.number),
        "efficiency": ("efficiency", read.one_of(_EFFICIENCIES)),
        "resolution": ("resolution", read.one_of(_RESOLUTIONS)),
    },
)
_DATA = Section(
    lambda observed, uncertainty: {"observed": observed, "uncertainty": uncertainty},
    {"observed": ("observed", read.numbers), "uncertainty": ("uncertainty", read.numbers)},
)
_BACKGROUND = Section(
    Background,
    {"name": ("name", read.text), "counts": ("counts", read.numbers), "sigma": ("sigma", read.number)},
    {"name": "x", "counts": (1.0,), "sigma": 0.1},
)
_NUISANCE = Section(
    Nuisance, {"name": ("name", read.text), "sigma": ("sigma", read.number)}, {"name": "x", "sigma": 0.1}
)
_KNOWN_EXPERIMENT = Section(
    build.known_experiment,
    {
        "name": ("name", read.text),
        "nuisance": ("nuisances", read.one_or_more(read.a(_NUISANCE))),
        "quenching": ("quenching", read.text_or(_quenching)),
        "form_factor": ("form_factor", _FORM_FACTOR),
        "electrons": ("electrons", read.text_or(read.a(_ELECTRONS))),
    },
    needs={"quenching": frozenset({"name"})},
)
_OWN_EXPERIMENT = Section(
    build.experiment,
    {
        "name": ("name", read.text),
        "label": ("label", read.text),
        "description": ("description", read.text),
        "references": ("references", read.texts),
        "flux": ("flux", _flux),
        "target": ("target", _target),
        "response": ("response", read.a(_RESPONSE)),
        "data": ("data", read.a(_DATA)),
        "background": ("backgrounds", read.one_or_more(read.a(_BACKGROUND))),
        "signal_sigma": ("signal_sigma", read.number),
        "nuisance": ("nuisances", read.one_or_more(read.a(_NUISANCE))),
        "quenching_sigma": ("quenching_sigma", read.number),
        "form_factor": ("form_factor", _FORM_FACTOR),
        "electrons": ("electrons", read.text_or(read.a(_ELECTRONS))),
    },
)
_ABOUT_MODEL = {
    "name": ("name", read.text),
    "label": ("label", read.text),
    "description": ("description", read.text),
    "reference": ("reference", read.text),
    "weak": ("weak", read.named(WEAK_COUPLINGS, "weak couplings")),
}
_KNOWN_MODEL = Section(lambda name, **changes: get_interaction(name).replace(**changes), _ABOUT_MODEL, {"name": "sm"})
#: Keys that tell a kind of model, and its section.
_MODELS = (
    (
        {"quarks"},
        Section(
            VectorMediator,
            {**_ABOUT_MODEL, "quarks": ("quarks", read.numbers), "leptons": ("leptons", read.couplings)},
            {"name": "x", "quarks": (1.0, 1.0), "leptons": {"e": 1.0}},
        ),
    ),
    (
        {"up", "down"},
        Section(
            NonStandardInteractions,
            {**_ABOUT_MODEL, "up": ("up", read.couplings), "down": ("down", read.couplings)},
            {"name": "x"},
        ),
    ),
    (
        {"proton", "neutron", "electron"},
        Section(
            build.vector,
            {
                **_ABOUT_MODEL,
                "proton": ("proton", read.couplings),
                "neutron": ("neutron", read.couplings),
                "electron": ("electron", read.couplings),
                "leptons": ("leptons", read.couplings),
                "mediated": ("mediated", read.flag),
            },
            {"name": "x"},
        ),
    ),
)
