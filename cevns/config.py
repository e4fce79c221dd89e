"""Configuration files: experiments and a model of one's own in TOML, without Python.

Every key is listed below with the parameter of the public constructor that takes its value. That constructor checks the
value; this module checks what a constructor cannot see: unknown and missing keys, and the kind of a value. All problems
of a file are reported together, each with the path to its key, entries of lists counted from 1.

`template` returns a commented example. Any list of numbers may stand in a table beside the configuration file instead:
with ``file = "name.csv"`` the columns, named in the table's first line, take the place of the keys of the same names.
``columns = {recoil_kev = 1, factors = "QF"}`` picks columns by number or by other names.
"""

from __future__ import annotations

import difflib
import inspect
import reprlib
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from cevns import checks
from cevns.detectors import (
    BirksQuenching,
    Efficiency,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    PoissonResolution,
    PolynomialQuenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import CevnsError, DataError, InputError
from cevns.experiments import Background, Experiment, load
from cevns.experiments.files import read_table
from cevns.fluxes import FLAVOURS, monochromatic, pion_decay_at_rest, tabulated
from cevns.form_factors import FormFactor
from cevns.likelihoods import Likelihood
from cevns.models import (
    WEAK_COUPLINGS,
    NonStandardInteractions,
    VectorMediator,
    VectorModel,
    get_model,
)
from cevns.nuclei import MAKE_ONE, Nucleus, Target, known_nuclei, nucleus
from cevns.reactors import reactor_antineutrinos

__all__ = ["Config", "load_config", "template"]

SCHEMA = 1


@dataclass(frozen=True)
class Config:
    """What a configuration file describes.

    Attributes
    ----------
    likelihood : Likelihood
        Of its experiments.
    model : VectorModel or None
        None if the file has no ``[model]``.
    """

    likelihood: Likelihood
    model: VectorModel | None


def load_config(path: Path) -> Config:
    """Return the experiments and the model that a TOML file describes.

    Parameters
    ----------
    path : str or path
        File; the tables that it names are looked for beside it.

    Returns
    -------
    Config

    Raises
    ------
    DataError
        If the file cannot be read or anything in it is wrong, with all problems that were found.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.toml"
    >>> _ = path.write_text(template())
    >>> config = load_config(path)
    >>> round(config.likelihood.chi2(config.model, mass=10, coupling=1e-5), 3)
    0.765
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{path} is not TOML: {error}") from error
    except ValueError as error:
        # a zero byte or half of a surrogate pair in the name
        raise DataError(f"cannot read {str(path)!a}: {error}") from error
    reader = _Reader(path.parent)
    config = reader.section(_DOCUMENT, document, "")
    if reader.problems:
        listed = "".join(f"\n  ({i}) {problem}" for i, problem in enumerate(reader.problems, start=1))
        raise DataError(f"{path} has {len(reader.problems)} problem(s):{listed}")
    return config


def template() -> str:
    """Return a commented example of a configuration file that works as it is."""
    return (resources.files("cevns") / "config_template.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class _Section:
    """A table of the file: what it builds, and for each key the parameter and the reader of its value.

    A key is required if its parameter has no default.
    """

    build: Callable
    keys: dict

    @property
    def required(self):
        parameters = inspect.signature(self.build).parameters
        return [k for k, (name, _) in self.keys.items() if name in parameters and _has_no_default(parameters[name])]

    @property
    def columns(self):
        return [key for key, (_, read) in self.keys.items() if read is _numbers]


def _has_no_default(parameter):
    return parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD


class _Reader:
    """Reads one file and collects its problems; a method that met one returns None."""

    def __init__(self, folder):
        self.folder = folder
        self.problems = []
        self.nuclei = {}

    def problem(self, where, message):
        self.problems.append(f"{where}: {message}" if where else str(message))

    def section(self, section, table, where, **fixed):
        """Return what a table builds, with arguments that the table does not hold as keys."""
        before = len(self.problems)
        table = self.with_columns(section, table, where)
        allowed = [*section.keys, "file", "columns"] if section.columns else list(section.keys)
        for key in table:
            if key not in allowed:
                close = difflib.get_close_matches(key, [] if _names_a_flavour(key) else allowed, n=1, cutoff=0.5)
                hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(allowed)}"
                self.problem(_join(where, key), f"unknown key; {hint}")
        for key in section.required:
            if key not in table:
                self.problem(_join(where, key), "missing")
        for key, (name, read) in section.keys.items():
            if key in table:
                fixed[name] = read(self, table[key], _join(where, key))
        if len(self.problems) > before:
            return None
        try:
            return section.build(**fixed)
        except CevnsError as error:
            return self.problem(where, error)

    def with_columns(self, section, table, where):
        """Return a table with the columns of its file in the place of the keys that they stand for."""
        if not section.columns or "file" not in table:
            if section.columns and "columns" in table:
                self.problem(_join(where, "columns"), "needs file")
            return table
        wanted = _mapping_to_columns(self, table.get("columns", {}), _join(where, "columns"))
        name = _text(self, table["file"], _join(where, "file"))
        rest = {key: value for key, value in table.items() if key not in ("file", "columns")}
        if name is None or wanted is None:
            return rest
        try:
            for key in wanted:
                checks.known("column", key, section.columns)
            found = _read_columns(self.folder / name, wanted, section.columns)
        except CevnsError as error:
            self.problem(_join(where, "file"), error)
            # the keys are not missing, their file is
            return {key: [] for key in section.columns} | rest
        for key in found.keys() & rest.keys():
            self.problem(_join(where, key), f"given twice, here and in {name}")
        return found | rest


def _read_columns(path, wanted, keys):
    """Return lists of numbers by key from a table with or without a line of titles."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        # ValueError: not UTF-8, or a zero byte in the name
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    first = next((text for line in lines if (text := line.partition("#")[0].strip())), "")
    delimiter = "," if "," in first else None
    if not first:
        raise DataError(f"{path} holds no rows of numbers")
    titles = [cell.strip() for cell in first.split(delimiter)]
    titled = not all(_is_number(title) for title in titles)
    if not wanted:
        if not titled:
            raise DataError(f"{path} has no line of titles: give columns, for example {{{keys[0]} = 1}}")
        for title in titles:
            checks.known(f"column of {path.name}", title, keys)
        wanted = {title: title for title in titles}
    table = read_table(None, path, columns=len(titles), delimiter=delimiter, skip_header=titled)
    found = {}
    for key, column in wanted.items():
        if isinstance(column, str):
            column = titles.index(checks.known(f"column of {path.name}", column, titles if titled else ())) + 1
        found[key] = table[:, checks.whole(f"column of {path.name}", column, low=1, high=len(titles)) - 1].tolist()
    return found


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _names_a_flavour(key):
    # the closest key would be that of another flavour, and so other physics
    return "_per_cm2_per_mev" in key and key.partition("_")[0] not in FLAVOURS


def _join(where, key):
    return f"{where}.{key}" if where else key


# Readers: from a value of the file to an argument of a constructor. Each takes (reader, value, where).


def _of_type(types, what):
    def read(reader, value, where):
        if isinstance(value, types) and (types is bool or not isinstance(value, bool)):
            return value
        return reader.problem(where, f"must be {what}, got {reprlib.repr(value)}")

    return read


_text = _of_type(str, "a text")
_flag = _of_type(bool, "true or false")
_table = _of_type(dict, "a table")
_list = _of_type(list, "a list")


def _number(reader, value, where):
    # whole numbers of any length are valid TOML, and so are inf and nan
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return value
    return reader.problem(where, f"must be a finite number, got {reprlib.repr(value)}")


def _whole(reader, value, where):
    if isinstance(value, int):
        return _number(reader, value, where)
    return reader.problem(where, f"must be a whole number, got {reprlib.repr(value)}")


def _schema(reader, value, where):
    if value != SCHEMA:
        reader.problem(where, f"must be {SCHEMA}, the version that this cevns reads, got {reprlib.repr(value)}")


def _each(read):
    """Return the reader of lists whose entries `read` takes."""

    def read_list(reader, value, where):
        entries = _list(reader, value, where)
        return None if entries is None else [read(reader, e, f"{where}[{i}]") for i, e in enumerate(entries, start=1)]

    return read_list


def _one_or_more(read):
    """Return the reader of lists that takes a single entry for a list of one."""
    return lambda reader, value, where: (
        _each(read)(reader, value, where) if isinstance(value, list) else [read(reader, value, where)]
    )


def _by_name(read):
    """Return the reader of tables whose values `read` takes, whatever their keys."""

    def read_table_of(reader, value, where):
        entries = _table(reader, value, where)
        return None if entries is None else {key: read(reader, e, _join(where, key)) for key, e in entries.items()}

    return read_table_of


def _a(section):
    """Return the reader of tables that `section` describes."""

    def read(reader, value, where):
        table = _table(reader, value, where)
        return None if table is None else reader.section(section, table, where)

    return read


def _one_of(kinds):
    """Return the reader of tables whose key ``kind`` chooses the section."""

    def read(reader, value, where):
        table = _table(reader, value, where)
        if table is None:
            return None
        if "kind" not in table:
            return reader.problem(_join(where, "kind"), f"missing; give one of {', '.join(kinds)}")
        try:
            section = kinds[checks.known("kind", table["kind"], kinds)]
        except CevnsError as error:
            return reader.problem(_join(where, "kind"), error)
        return reader.section(section, {key: value for key, value in table.items() if key != "kind"}, where)

    return read


def _text_or(read):
    """Return the reader of a name, or of the table that `read` takes."""
    return lambda reader, value, where: value if isinstance(value, str) else read(reader, value, where)


def _named(choices, what):
    """Return the reader of names that stand for objects."""

    def read(reader, value, where):
        try:
            return choices[checks.known(what, value, choices)]
        except CevnsError as error:
            return reader.problem(where, error)

    return read


def _mapping_to_columns(reader, value, where):
    return _by_name(_of_type((int, str), "a number or a title of a column"))(reader, value, where)


_numbers = _each(_number)
_texts = _each(_text)
_couplings = _by_name(_number)


def _flux(reader, value, where):
    """One flux, or several that add up."""
    before = len(reader.problems)
    parts = _one_or_more(_one_of(_FLUXES))(reader, value, where)
    if not parts:
        reader.problem(where, "is empty: give at least one flux")
    return None if len(reader.problems) > before else sum(parts[1:], parts[0])


def _composition(reader, value, where):
    before = len(reader.problems)
    counts = _couplings(reader, value, where)
    if len(reader.problems) > before:
        return None
    try:
        own, names = reader.nuclei, {*known_nuclei(), *reader.nuclei}
        chosen = [checks.known("nucleus", name, names, MAKE_ONE) for name in counts]
        return tuple((own[name] if name in own else nucleus(name), counts[name]) for name in chosen)
    except CevnsError as error:
        return reader.problem(where, error)


def _nuclei(reader, value, where):
    """Nuclei of the file; those of `_composition` come from here first."""
    for name, table in (_by_name(_table)(reader, value, where) or {}).items():
        if table is not None:
            reader.nuclei[name] = reader.section(_NUCLEUS, table, _join(where, name), name=name)


def _experiment(reader, value, where):
    """An experiment by name, or one of the file's own if any of its parts is given."""
    table = _table(reader, value, where)
    if table is None:
        return None
    own = table.keys() & {"flux", "target", "response", "data"}
    return reader.section(_OWN_EXPERIMENT if own else _KNOWN_EXPERIMENT, table, where)


def _model(reader, value, where):
    """A model by name, or one of the file's own, told by the keys that only one kind has."""
    table = _table(reader, value, where)
    if table is None:
        return None
    kinds = [section for marks, section in _MODELS if table.keys() & marks]
    if len(kinds) > 1:
        marks = " or ".join("/".join(sorted(marks)) for marks, section in _MODELS if section in kinds)
        return reader.problem(where, f"give {marks}, not several of them")
    return reader.section(kinds[0] if kinds else _KNOWN_MODEL, table, where)


# What the constructors do not offer in this form.


def _build_document(*, schema, experiment, nuclei=None, model=None):
    return Config(Likelihood(experiment), model)


def _build_tabulated(*, energy_mev, histogram=False, exposure_s=None, **densities):
    """Densities are per second where their key says so, and an exposure then turns them into those over it."""
    rates = [key for key in densities if key.endswith("_per_s")]
    if bool(rates) != (exposure_s is not None) or len(rates) not in (0, len(densities)):
        raise InputError("densities in _per_s, all of them, need exposure_s, and the others must not have it")
    scale = 1.0 if exposure_s is None else checks.real("exposure_s", exposure_s, unit="s", above=0)
    scaled = {}
    for key, values in densities.items():
        scaled[key.partition("_")[0]] = scale * checks.array(key, values, ndim=1)
    return tabulated(energy_mev, scaled, histogram=histogram)


def _build_experiment(*, name, flux, target, response, data, signal_sigma, references=(), **parts):
    parts |= {"name": name, "flux": flux, "target": target, "response": response, "signal_sigma": signal_sigma}
    return Experiment(references=tuple(references), **data, **parts)


def _build_vector_model(*, name, proton=(), neutron=(), **parts):
    return VectorModel(name, proton=proton, neutron=neutron, **parts)


_FLUXES = {
    "pion-decay-at-rest": _Section(
        pion_decay_at_rest,
        {
            "neutrinos_per_proton": ("neutrinos_per_proton", _number),
            "protons": ("protons", _number),
            "distance_m": ("distance", _number),
        },
    ),
    "monochromatic": _Section(
        monochromatic,
        {
            "energy_mev": ("energy", _number),
            "fluence_per_cm2": ("fluence", _number),
            "flavour": ("flavour", _text),
        },
    ),
    "reactor": _Section(
        reactor_antineutrinos,
        {
            "thermal_power_gw": ("thermal_power", _number),
            "distance_m": ("distance", _number),
            "exposure_days": ("exposure", _number),
            "fission_fractions": ("fission_fractions", _couplings),
            "energy_per_fission_mev": ("energy_per_fission", _couplings),
        },
    ),
    "tabulated": _Section(
        _build_tabulated,
        {
            "energy_mev": ("energy_mev", _numbers),
            **{
                f"{flavour}_per_cm2_per_mev{per_s}": (f"{flavour}_per_cm2_per_mev{per_s}", _numbers)
                for flavour in FLAVOURS
                for per_s in ("", "_per_s")
            },
            "histogram": ("histogram", _flag),
            "exposure_s": ("exposure_s", _number),
        },
    ),
}

_QUENCHINGS = {
    "constant": _Section(lambda factor: PolynomialQuenching((factor,)), {"factor": ("factor", _number)}),
    "linear": _Section(
        LinearQuenching,
        {
            "offset": ("offset", _number),
            "slope_per_kev": ("slope", _number),
            "constant_above_kev": ("constant_above", _number),
        },
    ),
    "polynomial": _Section(
        PolynomialQuenching,
        {"coefficients_per_kev_n": ("coefficients", _numbers), "maximum_kev": ("maximum", _number)},
    ),
    "birks": _Section(
        BirksQuenching,
        {
            "onset_kev": ("onset_kev", _number),
            "birks_g_per_mev_cm2": ("birks", _number),
            "recoil_kev": ("recoil_kev", _numbers),
            "stopping_power_mev_cm2_per_g": ("stopping_power", _numbers),
            "degree": ("degree", _whole),
        },
    ),
    "lindhard": _Section(
        LindhardQuenching, {"protons": ("protons", _whole), "nucleons": ("nucleons", _whole), "k": ("k", _number)}
    ),
    "tabulated": _Section(
        TabulatedQuenching, {"recoil_kev": ("recoil_kev", _numbers), "factors": ("factors", _numbers)}
    ),
}

_EFFICIENCIES = {
    "constant": _Section(lambda value: Efficiency((0.0, 1.0), (value,), kind="steps"), {"value": ("value", _number)}),
    "steps": _Section(
        lambda edges, values, beyond="constant": Efficiency(edges, values, beyond, kind="steps"),
        {"edges": ("edges", _numbers), "values": ("values", _numbers), "beyond": ("beyond", _text)},
    ),
    "points": _Section(
        lambda x, values, beyond="constant": Efficiency(x, values, beyond, kind="points"),
        {"observable": ("x", _numbers), "values": ("values", _numbers), "beyond": ("beyond", _text)},
    ),
}

_RESOLUTIONS = {
    "gaussian": _Section(GaussianResolution, {"sigma_at_one": ("a", _number)}),
    "poisson": _Section(PoissonResolution, {}),
}

_FORM_FACTOR = _text_or(_a(_Section(FormFactor, {"name": ("name", _text), "thickness_fm": ("thickness", _number)})))

_NUCLEUS = _Section(
    Nucleus.from_atomic_mass,
    {
        "protons": ("protons", _whole),
        "neutrons": ("neutrons", _whole),
        "atomic_mass_u": ("atomic_mass_u", _number),
        "proton_radius_fm": ("proton_radius", _number),
        "neutron_radius_fm": ("neutron_radius", _number),
    },
)

_TARGET = _Section(
    Target,
    {
        "composition": ("components", _composition),
        "molar_mass_g_per_mol": ("molar_mass", _number),
        "mass_kg": ("mass", _number),
        "left_out_g_per_mol": ("left_out", _number),
    },
)

_RESPONSE = _Section(
    Response,
    {
        "quenching": ("quenching", _one_of(_QUENCHINGS)),
        "edges": ("edges", _numbers),
        "unit": ("unit", _text),
        "light_yield_per_kevee": ("light_yield", _number),
        "efficiency": ("efficiency", _one_of(_EFFICIENCIES)),
        "resolution": ("resolution", _one_of(_RESOLUTIONS)),
    },
)

_DATA = _Section(
    lambda observed, uncertainty: {"observed": observed, "uncertainty": uncertainty},
    {"observed": ("observed", _numbers), "uncertainty": ("uncertainty", _numbers)},
)

_BACKGROUND = _Section(
    Background, {"name": ("name", _text), "counts": ("counts", _numbers), "sigma": ("sigma", _number)}
)

_KNOWN_EXPERIMENT = _Section(
    load,
    {
        "name": ("name", _text),
        "quenching": ("quenching", _text_or(_one_of(_QUENCHINGS))),
        "form_factor": ("form_factor", _FORM_FACTOR),
    },
)

_OWN_EXPERIMENT = _Section(
    _build_experiment,
    {
        "name": ("name", _text),
        "label": ("label", _text),
        "description": ("description", _text),
        "references": ("references", _texts),
        "flux": ("flux", _flux),
        "target": ("target", _a(_TARGET)),
        "response": ("response", _a(_RESPONSE)),
        "data": ("data", _a(_DATA)),
        "background": ("backgrounds", _one_or_more(_a(_BACKGROUND))),
        "signal_sigma": ("signal_sigma", _number),
        "quenching_sigma": ("quenching_sigma", _number),
        "form_factor": ("form_factor", _FORM_FACTOR),
    },
)

_ABOUT_MODEL = {
    "name": ("name", _text),
    "label": ("label", _text),
    "description": ("description", _text),
    "reference": ("reference", _text),
    "weak": ("weak", _named(WEAK_COUPLINGS, "weak couplings")),
}

_KNOWN_MODEL = _Section(lambda name, **changes: get_model(name).replace(**changes), _ABOUT_MODEL)

#: Keys that tell a kind of model, and its section.
_MODELS = (
    (
        {"quarks"},
        _Section(VectorMediator, {**_ABOUT_MODEL, "quarks": ("quarks", _numbers), "leptons": ("leptons", _couplings)}),
    ),
    (
        {"up", "down"},
        _Section(NonStandardInteractions, {**_ABOUT_MODEL, "up": ("up", _couplings), "down": ("down", _couplings)}),
    ),
    (
        {"proton", "neutron"},
        _Section(
            _build_vector_model,
            {
                **_ABOUT_MODEL,
                "proton": ("proton", _couplings),
                "neutron": ("neutron", _couplings),
                "leptons": ("leptons", _couplings),
                "mediated": ("mediated", _flag),
            },
        ),
    ),
)

_DOCUMENT = _Section(
    _build_document,
    {
        "schema": ("schema", _schema),
        # before the experiments, whose targets name them
        "nuclei": ("nuclei", _nuclei),
        "experiment": ("experiment", _one_or_more(_experiment)),
        "model": ("model", _model),
    },
)
