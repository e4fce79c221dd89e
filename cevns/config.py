"""Configuration files: experiments and a model of one's own in TOML, without Python.

Every key is listed below with the parameter of the public constructor that takes its value. That constructor checks the
value; this module checks what a constructor cannot see: unknown and missing keys, and the kind of a value. All problems
of a file are reported together, each with the path to its key, entries of lists counted from 1.

`template` returns a commented example. Any list of numbers may stand in a table beside the configuration file instead:
with ``file = "name.csv"`` the columns, named in the table's titles, take the place of the keys of the same names.
``columns = {recoil_kev = 1, factors = "QF"}`` picks columns by number or by other names, and leaves out the others;
without it every title must be a key. `cevns.tables` says which tables are understood.
"""

from __future__ import annotations

import difflib
import inspect
import re
import reprlib
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

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
from cevns.elements import closest_isotope
from cevns.errors import CevnsError, DataError, InputError
from cevns.experiments import Background, Experiment
from cevns.experiments import load as _load_experiment
from cevns.files import checked_path, read_bytes
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
from cevns.tables import Table, close_match, energy_unit, join_bins, order_problem

if TYPE_CHECKING:
    from cevns._types import Path

__all__ = ["Config", "load_config", "template"]

SCHEMA = 1
#: Bytes of the longest configuration file that is read.
LARGEST_CONFIG = 2**20
#: Lists of low edges, which the lists of high edges must join.
_BINS = {"energy_low_mev": "energy_high_mev", "low": "high"}
#: What else two equal energies may be.
_REPEATED = {"energy_mev": ", take the line out and add a monochromatic flux, or write a jump as a histogram"}


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

    def check_folding(self, name: str = "the configuration") -> None:
        """Fold each experiment with the model, or with the standard model if there is none.

        Parameters
        ----------
        name : str
            What the configuration is called in messages.

        Raises
        ------
        DataError
            If an experiment cannot be folded, with the problems of all of them.
        """
        problems = []
        for experiment in self.likelihood.experiments:
            try:
                Likelihood([experiment]).engine(self.model or "sm")
            except CevnsError as error:
                problems.append(f"experiment {checks.shown(experiment.name)}: {error}")
        if problems:
            raise DataError(_listed(name, problems))


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
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "mine.toml"
    >>> _ = path.write_text(template())
    >>> config = load_config(path)
    >>> round(config.likelihood.chi2(config.model, mass=10, coupling=1e-5), 3)
    0.28
    """
    path = checked_path(path)
    try:
        document = tomllib.loads(read_bytes(path, most=LARGEST_CONFIG).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}") from error
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        # a whole number of thousands of digits is no TOMLDecodeError
        raise DataError(f"{path} is not TOML: {error}") from error
    reader = _Reader(path.parent)
    config = reader.section(_DOCUMENT, document, "")
    if reader.problems:
        raise DataError(_listed(path, reader.problems))
    return config


def _listed(name, problems):
    listed = "".join(f"\n  ({i}) {problem}" for i, problem in enumerate(problems, start=1))
    return f"{name} has {len(problems)} problem(s):{listed}"


def template() -> str:
    """Return a commented example of a configuration file that works as it is."""
    return (resources.files("cevns") / "config_template.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class _Section:
    """A table of the file: what it builds, and for each key the parameter and the reader of its value.

    A key is required if its parameter has no default. What a constructor says of one value of a table does not depend
    on the others, unless `independent` is False.
    """

    build: Callable
    keys: dict
    independent: bool = True

    @property
    def required_parameters(self):
        return {name for name, p in inspect.signature(self.build).parameters.items() if _has_no_default(p)}

    @property
    def required(self):
        parameters = self.required_parameters
        return [key for key, (name, _) in self.keys.items() if name in parameters]

    @property
    def ascending(self):
        return [key for key, (_, read) in self.keys.items() if read is _ascending]

    @property
    def columns(self):
        return [key for key, (_, read) in self.keys.items() if read in (_numbers, _ascending)]


def _has_no_default(parameter):
    return parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD


#: Stands for a list whose file could not be read, which is neither missing nor wrong.
_UNREAD = object()


class _Reader:
    """Reads one file and collects its problems; a method that met one returns None."""

    def __init__(self, folder):
        self.folder = folder
        self.problems = []
        self.nuclei = {}
        # what was read of each table, by its path, whether or not something could be built of it
        self.parts = {}

    def problem(self, where, message):
        self.problems.append(f"{where}: {message}" if where else str(message))

    def section(self, section, table, where, **fixed):
        """Return what a table builds, with arguments that the table does not hold as keys."""
        arguments = self.arguments(section, table, where, **fixed)
        return None if arguments is None else self.build(section, arguments, where)

    def arguments(self, section, table, where, **fixed):
        """Return the arguments that a table holds."""
        before = len(self.problems)
        table = self.with_columns(section, table, where)
        allowed = [*section.keys, "file", "columns"] if section.columns else list(section.keys)
        for key in table:
            if key not in allowed:
                close = difflib.get_close_matches(key, [] if _names_a_flavour(key) else allowed, n=1, cutoff=0.5)
                hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(allowed)}"
                if _names_a_flavour(key):
                    hint += f"; {checks.ALIKE}"
                self.problem(_join(where, key), f"unknown key; {hint}")
        for key in section.required:
            if key not in table:
                self.problem(_join(where, key), "missing")
        self.parts[where] = fixed
        for key, (name, read) in section.keys.items():
            if key in table and table[key] is not _UNREAD:
                fixed[name] = read(self, table[key], _join(where, key))
        # a part may be missing for a problem that is listed elsewhere, as a nucleus
        return None if len(self.problems) > before or any(v is None for v in fixed.values()) else fixed

    def build(self, section, arguments, where):
        """Return what the constructor makes; list what it refuses, and what it would refuse once that is mended."""
        rest, stand_ins, refused = dict(arguments), {}, False
        while True:
            try:
                made = section.build(**rest, **stand_ins)
            except CevnsError as error:
                message = str(error)
            else:
                return None if refused else made
            if refused and not _is_about(message, rest):
                # it may be about a stand-in
                return None
            self.problem(where, message)
            refused = True
            wrong = next((name for name, value in rest.items() if _is_about(message, {name: value})), None)
            value = rest.pop(wrong, None)
            if not section.independent or not isinstance(value, (int, float)):
                return None
            if wrong in section.required_parameters:
                stand_ins[wrong] = 1 if isinstance(value, int) else 0.5

    def with_columns(self, section, table, where):
        """Return a table with the columns of its file in the place of the keys that they stand for."""
        if not section.columns or "file" not in table:
            if section.columns and "columns" in table:
                self.problem(_join(where, "columns"), "needs file")
            return table
        before = len(self.problems)
        wanted = _mapping_to_columns(self, table.get("columns", {}), _join(where, "columns"))
        name = _text(self, table["file"], _join(where, "file"))
        for key in wanted or ():
            if key not in section.columns:
                hint = difflib.get_close_matches(key, section.columns, n=1, cutoff=0.5)
                hint = f"Did you mean {hint[0]!r}?" if hint else f"known: {', '.join(section.columns)}"
                self.problem(_join(where, "columns"), f"unknown column {key!r}. {hint}")
        rest = {key: value for key, value in table.items() if key not in ("file", "columns")}
        found = {}
        if name is not None and wanted is not None:
            wanted = {key: column for key, column in wanted.items() if key in section.columns}
            try:
                # what is wrong with the choice does not hide what is wrong with the file
                if wanted or "columns" not in table:
                    found = _read_columns(
                        self.folder / checked_path(name, "file"), wanted, section, rest.get("histogram")
                    )
            except CevnsError as error:
                self.problem(_join(where, "file"), error)
        for key in found.keys() & rest.keys():
            self.problem(_join(where, key), f"given twice, here and in {name}")
        if len(self.problems) > before:
            # the keys are not missing, their file is
            found = dict.fromkeys(section.columns, _UNREAD)
        return found | rest


def _is_about(message, arguments):
    """Return whether a constructor's complaint begins with one of its arguments, or shows a text among them."""
    return any(
        re.match(rf"{re.escape(name.removesuffix('s'))}s?\b", message)
        or (isinstance(value, str) and value and repr(value) in message)
        for name, value in arguments.items()
    )


def _read_columns(path, wanted, section, histogram):
    """Return lists of numbers by key; edges may be one more than what lies between them."""
    table = Table.read(path)
    wanted = wanted or _titled_columns(table, path, section.columns)
    indices = {key: table.index(column) for key, column in wanted.items()}
    table.check_distinct(indices)
    for key, index in indices.items():
        unit, said = energy_unit(key), energy_unit(table.titles[index]) if table.titles else None
        if unit and said and "_per_" not in key and unit != said:
            raise DataError(
                f"{path}: column {index + 1} is chosen for {key}, but its title says {said}; convert it, or "
                "choose another"
            )
    columns = {key: table.values(index) for key, index in indices.items()}
    length = max(map(len, columns.values()))
    if not length:
        raise DataError(f"{path}: the chosen columns hold no numbers; choose others")
    edges = [key for key in ("edges", *(["energy_mev"] if histogram else [])) if len(columns.get(key, ())) == length]
    for key, index in indices.items():
        if key in edges or not edges or len(columns[key]) != length - 1:
            columns[key] = table.values(index, length)
    places = [f"{path}, line {line}" for line in table.lines]
    for key, values in columns.items():
        wrong = order_problem(values, _REPEATED.get(key, "")) if key in section.ascending else None
        if wrong:
            i, remedy = wrong
            raise DataError(f"{places[i]}: {key} {values[i]:g} follows {values[i - 1]:g}, but must ascend; {remedy}")
        if key in _BINS and _BINS[key] in columns:
            join_bins(values, columns[_BINS[key]], places)
    return {key: values.tolist() for key, values in columns.items()}


def _titled_columns(table, path, keys):
    """Return the titles of a table, all of which must be keys: one that is not may be a key misspelled."""
    if not table.titles:
        table.check_titles(keys)
        raise DataError(
            f"{path} has no line of titles, without # before it, with a title for each of its {table.width} columns: "
            f"give columns, for example {{{keys[0]} = 1}}"
        )
    numbers = {title: table.index(title) + 1 for title in table.titles if title in keys}
    for i, title in enumerate(table.titles, start=1):
        if title not in keys:
            close = close_match(title, [key for key in keys if key not in numbers])
            if close:
                hint = f"the title {title!r}. Did you mean {close!r}? Correct it, or choose with columns"
            elif numbers:
                line = ", ".join(f"{key} = {number}" for key, number in numbers.items())
                hint = f"the title {reprlib.repr(title)}, which is no key; to leave it out, add columns = {{{line}}}"
            else:
                # not shown: a configuration may name any file of its reader's
                hint = f"a title that is none of {', '.join(keys)}; correct it, or choose with columns"
            raise DataError(f"{path}: column {i} has {hint}")
    return {title: title for title in table.titles}


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
    return SCHEMA


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
_ascending = _each(_number)
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
    counts, known = _couplings(reader, value, where) or {}, {*known_nuclei(), *reader.nuclei}
    for name in counts:
        try:
            checks.known("nucleus", name, known, MAKE_ONE, closest_isotope)
        except CevnsError as error:
            reader.problem(where, error)
    # a nucleus of the file that could not be built is a problem already
    if len(reader.problems) > before or any(reader.nuclei.get(name, "") is None for name in counts):
        return None
    return tuple((reader.nuclei.get(name) or nucleus(name), count) for name, count in counts.items())


def _nuclei(reader, value, where):
    """Nuclei of the file; those of `_composition` come from here first."""
    for name, table in (_by_name(_table)(reader, value, where) or {}).items():
        if table is not None:
            reader.nuclei[name] = reader.section(_NUCLEUS, table, _join(where, name), name=name)
    return reader.nuclei


def _experiment(reader, value, where):
    """An experiment by name, or one of the file's own if any of its parts is given."""
    table = _table(reader, value, where)
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
            return _build_experiment(**arguments)
        except CevnsError as refused:
            error = refused
    # what the experiment refuses is listed beside the problems of its parts
    found = len(reader.problems)
    for trial in _trials(reader, where):
        reader.build(_OWN_EXPERIMENT, trial, where)
    if error is not None and len(reader.problems) == found:
        reader.problem(where, error)
    return None


def _check_bins(reader, where):
    """List the wrong numbers of counts, whatever else is wrong."""
    edges = reader.parts.get(_join(where, "response"), {}).get("edges")
    counts = {_join(where, f"data.{name}"): values for name, values in _data_of(reader, where).items()}
    for path, part in reader.parts.items():
        if re.fullmatch(re.escape(where) + r"\.background(\[\d+\])?", path):
            counts[_join(path, "counts")] = part.get("counts")
    if edges:
        for path, values in counts.items():
            if values is not None and len(values) != len(edges) - 1:
                reader.problem(
                    path,
                    f"must have length {len(edges) - 1}, one number for each bin of response.edges, which are "
                    f"{len(edges)}; got {len(values)}",
                )


def _data_of(reader, where):
    part = reader.parts.get(_join(where, "data"), {})
    return {name: part.get(name) for name in ("observed", "uncertainty")}


def _trials(reader, where):
    """Return the arguments of experiments that are right but for the data, or but for the rest, of the one given."""
    given = {name: value for name, value in reader.parts[where].items() if value is not None}
    observed, uncertainty = (
        [number for number in values or () if number is not None] for values in _data_of(reader, where).values()
    )
    bins = max(len(observed), len(uncertainty), 1)
    parts = {
        "flux": monochromatic(10.0, fluence=1.0, flavour="e"),
        "target": Target.of({"Ar-40": 1}, molar_mass=39.96, mass=1.0),
        "response": Response(quenching=PolynomialQuenching((0.1,)), edges=range(bins + 1)),
    }
    ones, numbers = [1.0] * bins, {"name": where, "signal_sigma": 0.1}
    backgrounds = [Background(b.name, ones, b.sigma) for b in given.pop("backgrounds", ()) if b is not None]
    padded = {
        "observed": observed + ones[len(observed) :],
        "uncertainty": uncertainty + ones[len(uncertainty) :],
    }
    return (
        parts | numbers | {"data": padded},
        numbers | given | parts | {"data": {"observed": ones, "uncertainty": ones}, "backgrounds": backgrounds},
    )


def _experiments(reader, value, where):
    """Experiments, whose names must differ."""
    names = [e.get("name") for e in value if isinstance(e, dict)] if isinstance(value, list) else []
    for name in dict.fromkeys(n for n in names if isinstance(n, str) and names.count(n) > 1):
        reader.problem(where, f"the name {reprlib.repr(name)} is given more than once")
    return _one_or_more(_experiment)(reader, value, where)


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


def _build_tabulated(
    *, energy_mev=None, energy_low_mev=None, energy_high_mev=None, histogram=None, exposure_s=None, **densities
):
    """Densities are per second where their key says so, and an exposure then turns them into those over it."""
    energy = _edges("energy_mev", energy_mev, "energy_low_mev", energy_low_mev, "energy_high_mev", energy_high_mev)
    if histogram is False and energy_mev is None:
        raise InputError("histogram = false does not go with energy_low_mev and energy_high_mev: leave it out")
    histogram = energy_mev is None if histogram is None else histogram
    rates = [key for key in densities if key.endswith("_per_s")]
    if bool(rates) != (exposure_s is not None) or len(rates) not in (0, len(densities)):
        raise InputError("densities in _per_s, all of them, need exposure_s, and the others must not have it")
    scale = 1.0 if exposure_s is None else checks.real("exposure_s", exposure_s, unit="s", above=0)
    scaled = {}
    for key, values in densities.items():
        if len(values) != len(energy) - histogram:
            raise InputError(
                f"{key} has {len(values)} values for {len(energy)} energies: a histogram needs one value less than "
                "edges, straight lines as many as energies; correct one of them, or histogram = true or false"
            )
        scaled[key.partition("_")[0]] = scale * checks.array(key, values, ndim=1)
    return tabulated(energy, scaled, histogram=histogram)


def _edges(name, edges, low_name, low, high_name, high):
    """Return the edges of bins, which are given, or follow from those of each bin."""
    if (edges is None) == (low is None) or (low is None) != (high is None):
        raise InputError(f"give either {name}, or {low_name} and {high_name} of each bin")
    return join_bins(low, high) if edges is None else edges


def _build_steps(*, values, edges=None, low=None, high=None, beyond="constant"):
    edges = _edges("edges", edges, "low", low, "high", high)
    return Efficiency(edges, values, beyond, kind="steps")


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
            "energy_mev": ("energy_mev", _ascending),
            "energy_low_mev": ("energy_low_mev", _ascending),
            "energy_high_mev": ("energy_high_mev", _ascending),
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
            "recoil_kev": ("recoil_kev", _ascending),
            "stopping_power_mev_cm2_per_g": ("stopping_power", _numbers),
            "degree": ("degree", _whole),
        },
    ),
    "lindhard": _Section(
        LindhardQuenching, {"protons": ("protons", _whole), "nucleons": ("nucleons", _whole), "k": ("k", _number)}
    ),
    "tabulated": _Section(
        TabulatedQuenching, {"recoil_kev": ("recoil_kev", _ascending), "factors": ("factors", _numbers)}
    ),
}

_EFFICIENCIES = {
    "constant": _Section(lambda value: Efficiency((0.0, 1.0), (value,), kind="steps"), {"value": ("value", _number)}),
    "steps": _Section(
        _build_steps,
        {
            "edges": ("edges", _ascending),
            "low": ("low", _ascending),
            "high": ("high", _ascending),
            "values": ("values", _numbers),
            "beyond": ("beyond", _text),
        },
    ),
    "points": _Section(
        lambda x, values, beyond="constant": Efficiency(x, values, beyond, kind="points"),
        {"observable": ("x", _ascending), "values": ("values", _numbers), "beyond": ("beyond", _text)},
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
    independent=False,
)

_TARGET = _Section(
    Target,
    {
        "composition": ("components", _composition),
        "molar_mass_g_per_mol": ("molar_mass", _number),
        "mass_kg": ("mass", _number),
        "left_out_g_per_mol": ("left_out", _number),
    },
    independent=False,
)

_RESPONSE = _Section(
    Response,
    {
        "quenching": ("quenching", _one_of(_QUENCHINGS)),
        "edges": ("edges", _ascending),
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
    _load_experiment,
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
        "experiment": ("experiment", _experiments),
        "model": ("model", _model),
    },
)
