"""Whole experiments of a configuration file: built-in ones by name, and those of the file's own."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.binning import Axis, Binning
from cevns.config import readers as read
from cevns.config.axes import Axes, Shares, arrival, distribution
from cevns.config.counts import BackgroundTable, DataTable, Expected, background, data, data_in_part
from cevns.config.fluxes import flux
from cevns.config.readers import Reader, Section, join
from cevns.config.responses import electrons, quenching, response
from cevns.config.systematics import (
    SIGNAL,
    DeformationTable,
    check_names,
    correlations,
    nuisances,
    shapes,
)
from cevns.config.targets import form_factor, target
from cevns.detectors import DetectorResponse, PolynomialQuenching, Response, ResponseShape, TimeOffset, shaped
from cevns.detectors.electrons import electron_response
from cevns.errors import CevnsError
from cevns.experiments import Experiment, known_experiments, known_options
from cevns.experiments import load as _load_experiment
from cevns.fluxes import PulseTiming, monochromatic
from cevns.likelihoods.nuisances import check_differ
from cevns.nuclei import Target
from cevns.predictions import Signal, SpreadSignal

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns.config.schemas import Schemas

__all__ = ["experiments"]

#: Keys that a built-in experiment does not have, and its options.
_OWN = {"flux", "target", "response"}
_OPTIONS = {"quenching", "form_factor", "systematics", "shapes", "runs"}


def _taken(of: Schemas) -> dict[str, Any]:
    """Return what an experiment is: a built-in one, with the options that it has, or one of the file's own."""
    known = of.table(_KNOWN_EXPERIMENT)
    has = {name: known_options(name) for name in known_experiments()}
    known["dependentSchemas"] = {
        option: {"properties": {"name": {"enum": [name for name, options in has.items() if option in options]}}}
        for option in _KNOWN_EXPERIMENT.keys
        if option in _OPTIONS
    }
    named = {"properties": {"name": {"enum": [*has]}}, "required": ["name"]}
    own = [{"required": [part]} for part in sorted(_OWN)] + [{"required": ["data"], "not": named}]
    return of.first([({"anyOf": own}, of.table(_OWN_EXPERIMENT))], known)


@read.takes(_taken, "experiment")
def _experiment(reader: Reader, value: Any, where: str) -> Any:
    """An experiment by name, or one of the file's own if any of its parts is given."""
    table = read.mapping(reader, value, where)
    if table is None:
        return None
    if not table.keys() & _OWN and ("data" not in table or table.get("name") in known_experiments()):
        return _known(reader, table, where)
    return _Own(reader, table, where).made()


@read.takes(lambda of: of.value(read.one_or_more(_experiment)))
def experiments(reader: Reader, value: Any, where: str) -> list[Experiment | None]:
    """Experiments, whose names must differ."""
    names = [e.get("name") for e in value if isinstance(e, dict)] if isinstance(value, list) else []
    for name in dict.fromkeys(n for n in names if isinstance(n, str) and names.count(n) > 1):
        reader.problem(where, f"the name {reprlib.repr(name)} is given more than once")
    found: list[Experiment | None] = read.one_or_more(_experiment)(reader, value, where)
    return found


def _known(reader: Reader, table: dict[str, Any], where: str) -> Experiment | None:
    """A built-in experiment, which may share more nuisances, count electrons, and have other data."""
    name = table.get("name")
    if name in known_experiments():
        allowed = tuple(known_options(name))
        for key in sorted(table.keys() & _OPTIONS - set(allowed)):
            reader.problem(join(where, key), f"is no option of {name}; it has {', '.join(allowed)}")
    before = len(reader.problems)
    found: Experiment | None = reader.section(_KNOWN_EXPERIMENT, table, where)
    if found is None and name in known_experiments() and not table.keys() & {"systematics", "shapes", "runs"}:
        # whatever else is wrong; these decide on the components
        _check_nuisances(reader, _load_experiment(name), where, before)
    given = reader.parts[where].get("data")
    if found is None and "data" in table and name in known_experiments() and "runs" not in table:
        # whatever else is wrong; which runs there are decides on the bins
        axes = Axes.of_binning(_load_experiment(name).signal.binning)
        (given or data_in_part(reader, join(where, "data"))).fitted(reader, axes, join(where, "data"))
    if found is None or given is None:
        return found
    before, axes = len(reader.problems), Axes.of_binning(found.signal.binning)
    given = given.fitted(reader, axes, join(where, "data"))
    return None if len(reader.problems) > before else given.put_into(reader, found, axes, join(where, "data"))


def _check_nuisances(reader: Reader, experiment: Experiment, where: str, before: int) -> None:
    """List what nuisances of a built-in experiment are of that it does not have, unless they are listed since."""
    said = reader.problems[before:]
    components = [SIGNAL, *(background.name for background in experiment.backgrounds)]
    for at, _ in _entries(reader, where, "nuisance", "nuisances"):
        of = _names(reader.parts.get(at, {}).get("of"))
        unsaid = [name for name in of if not any(f"is of {checks.shown(name)}," in problem for problem in said)]
        check_names(reader, "component", [(join(at, "of"), name) for name in unsaid], components)


def _build_known(*, name: str, data: Any = None, **options: Any) -> Experiment:
    own = {key: options.pop(key) for key in ("nuisances", "correlations", "electrons", "floor") if key in options}
    found = _load_experiment(name, **options)
    for key in ("nuisances", "correlations"):
        own[key] = (*getattr(found, key), *own.get(key, ()))
    return found.replace(**own)


class _Own:
    """An experiment of the file's own.

    Parameters
    ----------
    reader : Reader
        Of the file.
    table : dict
        Of the experiment.
    where : str
        Path to it.
    """

    def __init__(self, reader: Reader, table: dict[str, Any], where: str) -> None:
        self.reader, self.where, self.before = reader, where, len(reader.problems)
        # a part may be missing for a problem that is listed elsewhere, as a nucleus
        self.complete = reader.arguments(_OWN_EXPERIMENT, table, where) is not None
        self.parts = {name: value for name, value in reader.parts[where].items() if value is not None}
        self.axes = Axes.of(reader, where)

    def made(self) -> Experiment | None:
        """Return the experiment, or list all that is wrong with it."""
        reader, refused = self.reader, None
        given = self.parts.get("data") or data_in_part(reader, self._at("data"))
        fitted = given.fitted(reader, self.axes, self._at("data"))
        self._check_counts(fitted)
        backgrounds = self._each("background", "backgrounds", BackgroundTable)
        moved = self._each("shape", "shapes", DeformationTable)
        if "distribution" in self.parts:
            self.parts["distribution"].check(reader, self.axes, self._at("distribution"))
        self._check_names()
        fields = {key: value for key, value in self.parts.items() if key != "data"}
        if self.complete and not self._failed:
            # numbers of all bins are put into their shape next
            self._try(self.where, Binning, {"axes": self.axes.axes})
        if self.complete and not self._failed:
            fields |= {"backgrounds": backgrounds, "shapes": moved}
            if self._resolve(fields):
                try:
                    return self._built(fields, fitted)
                except CevnsError as error:
                    refused = error
        self._trials()
        if refused is not None and not self._is_listed(refused):
            self._refused(refused)
        return None

    def _at(self, key: str) -> str:
        return join(self.where, key)

    @property
    def _failed(self) -> bool:
        return len(self.reader.problems) > self.before

    def _entries(self, key: str, name: str) -> list[tuple[str, Any]]:
        return _entries(self.reader, self.where, key, name)

    def _each(self, key: str, name: str, kind: Any) -> list[Any]:
        """Return the entries of a list, tables of one kind made into what they stand for."""
        return [
            entry.made(self.reader, self.axes, at) if isinstance(entry, kind) else entry
            for at, entry in self._entries(key, name)
            if entry is not None
        ]

    def _check_counts(self, given: DataTable) -> None:
        """List wrong numbers of counts of what is refused, or what nothing but the data counts."""
        observed = given.observed if isinstance(given.observed, np.ndarray) else None
        for at, entry in self._entries("background", "backgrounds"):
            counts = self.reader.parts.get(at, {}).get("counts")
            if not isinstance(counts, np.ndarray):
                continue
            if entry is None:
                self.axes.flat(self.reader, counts, join(at, "counts"))
            self._check_size(observed, counts, join(at, "counts"))
        for at, entry in self._entries("shape", "shapes"):
            if isinstance(entry, DeformationTable):
                self._check_size(observed, entry.up, join(at, "up"))

    def _check_size(self, observed: Any, values: np.ndarray, where: str) -> None:
        if not self.axes.whole and observed is not None and values.size != observed.size:
            self.axes.unlike_observed(self.reader, observed.size, values.size, where)

    def _check_names(self) -> None:
        """List components and nuisances that are none."""
        reader, parts = self.reader, self.reader.parts
        named: dict[str, Any] = {}
        lists = [("background", "backgrounds"), ("nuisance", "nuisances"), ("shape", "shapes")]
        for keys in lists:
            for at, entry in self._entries(*keys):
                named[at] = getattr(entry, "name", None) or parts.get(at, {}).get("name")
        backgrounds, nuisances, moved = ([at for at, _ in self._entries(*keys)] for keys in lists)
        # whatever else of an entry is wrong, it says of what it is; one without a name may be of any
        components, names = [SIGNAL, *(named[at] for at in backgrounds)], [named[at] for at in (*nuisances, *moved)]
        of = [(join(at, "of"), name) for at in (*nuisances, *moved) for name in _names(parts.get(at, {}).get("of"))]
        check_names(reader, "component", [] if None in components else of, components)
        correlated = [at for at, _ in self._entries("correlations", "correlations")]
        pairs = [(join(at, "of"), name) for at in correlated for name in _names(parts.get(at, {}).get("of"))]
        check_names(reader, "nuisance", [] if None in names else pairs, names)
        pulled: list[str] = []
        for key, what, some in (
            ("background", "background names", backgrounds),
            ("nuisance", "names of nuisances", nuisances),
        ):
            given = [named[at] for at in some if named[at] is not None]
            self._try(self._at(key), checks.differ, {"what": what, "names": given})
            # a background without an uncertainty has no pull
            pulled += dict.fromkeys(named[at] for at in some if named[at] and parts.get(at, {}).get("sigma") != 0)
        pulled += [named[at] for at in moved if named[at] is not None]
        self._try(self._at("nuisance"), check_differ, {"names": pulled})

    def _resolve(self, fields: dict[str, Any]) -> bool:
        """Put in the place of templates what they are of the response's own counts; return whether that went well."""
        shares = fields.get("distribution")
        if not isinstance(shares, Shares):
            return True
        try:
            own = {name: fields[name] for name in ("flux", "target", "response", "form_factor") if name in fields}
            signal = Signal(**own)
        except CevnsError:
            # refused by the experiment, too
            return False
        fields["distribution"] = shares.made(self.reader, signal, self._at("distribution"))
        moved: list[Any] = []
        for (at, table), entry in zip(self._entries("shape", "shapes"), fields["shapes"], strict=True):
            template = isinstance(table, DeformationTable) and table.of == SIGNAL and shares.template is not None
            moved.append(table.of_templates(self.reader, signal, shares, at) if template else entry)
        fields["shapes"] = moved
        return not self._failed

    def _built(self, fields: dict[str, Any], given: DataTable) -> Experiment | None:
        """Return the experiment with its data, None if these are refused."""
        observed, uncertainty = given.observed, given.uncertainty
        known = isinstance(observed, np.ndarray)
        if not known:
            # counts that any other may follow, whatever the backgrounds are
            observed = np.zeros(self.axes.bins)
            if uncertainty is not None:
                uncertainty = 1.0 + sum((np.array(b.counts) for b in fields["backgrounds"]), observed)
        found = Experiment(observed=observed, uncertainty=uncertainty, **fields)
        return found if known else given.put_into(self.reader, found, self.axes, self._at("data"))

    def _refused(self, error: CevnsError) -> None:
        """List what the whole experiment refuses, with the path to what it is about."""
        message = str(error)
        if message.startswith("signal_sigma = 0.0") and "signal_sigma" not in self.parts:
            self.reader.problem(
                self._at("signal_sigma"),
                "missing, which Gaussian data need: give a fraction, or leave uncertainty out for Poisson counts",
            )
            return
        if message.startswith("floor = "):
            self.reader.problem(self._at("floor"), message)
            return
        for word, key, name in _ABOUT:
            if word in message.partition(",")[0].partition(":")[0]:
                named = [at for at, e in self._entries(key, name) if checks.shown(getattr(e, "name", "")) in message]
                self.reader.problem(named[0] if named else self._at(key), message)
                return
        self.reader.problem(self.where, message)

    def _trials(self) -> None:
        """List what is refused of each part beside others that are right, unless it is listed already."""
        parts = self.parts
        signal: dict[str, Any] = _stand_ins(self.axes)
        whole: dict[str, Any] = {name: parts[name] for name in ("flux", "target", "response") if name in parts}
        try:
            Signal(**signal | whole | self._mended(signal))
        except CevnsError as error:
            self._listed(self.where, error)
            whole = {}
        signal |= whole
        alone = {key: parts[key] for key in _ALONE if key in parts and parts[key] != 0}
        if len(whole) < len(signal) and "electrons" in alone:
            # a target that is none may lack their shells
            self._try(self._at("electrons"), electron_response, {"given": alone.pop("electrons")})
        bins = signal["response"].bins
        plain = {"name": "x", **signal, "observed": np.zeros(bins), "uncertainty": np.ones(bins), "signal_sigma": 0.1}
        given = parts.get("data")
        for key, value in alone.items():
            # what is said of this one depends on the kind of data
            poisson = key in ("signal_sigma", "floor") and given is not None and given.uncertainty is None
            self._try(self._at(key), Experiment, plain | {key: value} | ({"uncertainty": None} if poisson else {}))
        if given is not None and isinstance(given.observed, Expected) and whole.keys() == signal.keys():
            asimov = Experiment(**plain).asimov
            self._try(self._at("data.asimov"), asimov, {"interaction": given.observed.model, **given.observed.values})
        if "arrival" in parts:
            if "flux" not in whole:
                signal["flux"] = signal["flux"].with_timing(PulseTiming(0.0, 1.0))
            self._try(self._at("arrival"), SpreadSignal, signal | {"arrival": parts["arrival"]})
        for at, shape in self._entries("shape", "shapes"):
            if isinstance(shape, ResponseShape) and "response" in whole:
                self._try(at, shaped, {"response": whole["response"], "shapes": [shape], "z": {}})
            elif isinstance(shape, TimeOffset) and "arrival" not in parts:
                self._try(at, SpreadSignal, signal | {"offset": shape})

    def _mended(self, stand_ins: dict[str, Any]) -> dict[str, Any]:
        """Return what is like a target and a response that are refused in what the one says of the other."""
        found: dict[str, Any] = {}
        target, response = (self.reader.parts.get(self._at(name), {}) for name in ("target", "response"))
        if "target" not in self.parts and target.get("composition") is None:
            # a quenching factor may be for any nucleus
            return found
        if "target" not in self.parts:
            found["target"] = Target.of(target["composition"], mass=1.0, nuclei=target["nuclei"])
        if "response" not in self.parts and response.get("quenching") is not None:
            # of what is observed per keVee, any factor may be
            bins = Axis("x", range(stand_ins["response"].bins + 1))
            found["response"] = Response(response["quenching"], bins)
        return found

    def _try(self, where: str, build: Callable[..., Any], arguments: dict[str, Any]) -> None:
        try:
            build(**arguments)
        except CevnsError as error:
            self._listed(where, error)

    def _listed(self, where: str, error: CevnsError) -> None:
        """List a problem once."""
        if not self._is_listed(error):
            self.reader.problem(where, error)

    def _is_listed(self, error: CevnsError) -> bool:
        return any(str(error) in problem for problem in self.reader.problems[self.before :])


def _entries(reader: Reader, where: str, key: str, name: str) -> list[tuple[str, Any]]:
    """Return paths and values of the entries of a list, which may be a single table."""
    values, at = reader.parts[where].get(name) or (), join(where, key)
    single = len(values) == 1 and at in reader.parts
    return [(at if single else f"{at}[{i}]", v) for i, v in enumerate(values, start=1)]


def _names(of: Any) -> list[str]:
    """Return the names that a key is of, one or several, with or without factors."""
    return [of] if isinstance(of, str) else [name for name in of or () if isinstance(name, str)]


def _stand_ins(axes: Axes) -> dict[str, Any]:
    """Return what an experiment needs, with as many bins of energy as are known."""
    bins = axes.axes[0].bins if axes.axes else 1
    return {
        "flux": monochromatic(10.0, fluence=1.0, flavour="e", antineutrino=False),
        "target": Target.of("Ar-40", mass=1.0),
        "response": Response(PolynomialQuenching((0.1,)), range(bins + 1)),
    }


def _required(
    *, name: str, flux: Any, target: Target, response: DetectorResponse, data: DataTable, **parts: Any
) -> None:
    """What an experiment of the file's own needs."""


#: Parts that may be refused whatever the others are.
_ALONE = ("quenching_sigma", "signal_sigma", "form_factor", "electrons", "name", "label", "description", "floor")
#: Words of an experiment's complaints, with the key and the argument that they are about.
_ABOUT = (
    ("covariance", "correlations", "correlations"),
    ("correlation", "correlations", "correlations"),
    ("deformation", "shape", "shapes"),
    ("shape", "shape", "shapes"),
    ("time offset", "shape", "shapes"),
    ("nuisance", "nuisance", "nuisances"),
    ("background", "background", "backgrounds"),
)
_KNOWN_EXPERIMENT = Section(
    _build_known,
    {
        "name": ("name", read.among(known_experiments)),
        "nuisance": ("nuisances", nuisances),
        "quenching": ("quenching", read.text_or(quenching)),
        "form_factor": ("form_factor", form_factor),
        "systematics": ("systematics", read.text),
        "shapes": ("shapes", read.texts),
        "runs": ("runs", read.texts),
        "electrons": ("electrons", electrons),
        "correlations": ("correlations", correlations),
        "floor": ("floor", read.number),
        "data": ("data", data),
    },
    needs=dict.fromkeys(_OPTIONS, frozenset({"name"})),
    means={
        "quenching": "A name that the experiment knows, or a factor of one's own.",
        "systematics": '"core" or "full".',
        "shapes": "Released excursions that are nuisances.",
        "runs": "Which of its runs.",
    },
)
_OWN_EXPERIMENT = Section(
    _required,
    {
        "name": ("name", read.text),
        "label": ("label", read.text),
        "description": ("description", read.text),
        "references": ("references", read.texts),
        "flux": ("flux", flux),
        "target": ("target", target),
        "response": ("response", response),
        # before the backgrounds, whose projections are named after axes
        "arrival": ("arrival", arrival),
        "distribution": ("distribution", distribution),
        "data": ("data", data),
        "background": ("backgrounds", read.one_or_more(background)),
        "signal_sigma": ("signal_sigma", read.number),
        "nuisance": ("nuisances", nuisances),
        "shape": ("shapes", shapes),
        "correlations": ("correlations", correlations),
        "floor": ("floor", read.number),
        "quenching_sigma": ("quenching_sigma", read.number),
        "form_factor": ("form_factor", form_factor),
        "electrons": ("electrons", electrons),
    },
    told_by=(Experiment,),
)
