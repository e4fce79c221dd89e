"""What commands have in common: experiments, model and values from the arguments, and how results are told."""

from __future__ import annotations

from cevns.cli.output import Result, number
from cevns.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns import _types
    from cevns.config import Config
    from cevns.experiments import Experiment
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood
    from cevns.parameters import Parameter

__all__ = [
    "assumed",
    "chosen",
    "described",
    "given",
    "inputs",
    "pairs",
    "point",
    "save_figure",
    "settings",
    "weak_name",
    "with_warnings",
]


def with_warnings(data: dict[str, Any], title: str, rows: str, warnings: Sequence[str]) -> Result:
    """Return a result with warnings below the title, and under a key of their own if there are any."""
    if warnings:
        data["warnings"] = warnings
    head = "\n".join([title, *(f"warning: {warning}" for warning in warnings)])
    return Result(data, f"{head}\n\n{rows}")


def save_figure(ax: Axes, path: _types.Path) -> None:
    """Write the figure of a result, with a legend that hides nothing of it."""
    from cevns.plotting import save
    from cevns.plotting.plane import with_legend

    save(with_legend(ax, above=True), path)


def inputs(args: Namespace) -> tuple[Likelihood, Interaction]:
    """Return the likelihood and the model that the arguments name."""
    from cevns import checks
    from cevns.interactions import WEAK_COUPLINGS, get_interaction, known_interactions
    from cevns.likelihoods import Likelihood

    experiments, of_file = _from_config(args) if args.config else (_from_registry(args), {})
    if not args.model and len(of_file) != 1:
        known = of_file or known_interactions()
        raise InputError(f"--model is missing: give one of {', '.join(known)}")
    model = of_file.get(args.model) or get_interaction(args.model or next(iter(of_file.values())))
    if args.weak:
        model = model.replace(weak=WEAK_COUPLINGS[checks.known("weak couplings", args.weak, WEAK_COUPLINGS)])
    elif of_file and model.name not in of_file:
        # the standard-model part belongs to the analysis, not to the interaction that --model exchanges
        weak, *others = dict.fromkeys(one.weak for one in of_file.values())
        if others:
            raise InputError(f"models of {args.config} have different weak couplings: say which by --weak")
        model = model.replace(weak=weak)
    likelihood = Likelihood(experiments)
    return likelihood.constrained(pairs("prior", getattr(args, "prior", None))), model


def assumed(likelihood: Likelihood, model: Interaction) -> dict[str, Any]:
    """Return what JSON says of what is not as it is unless something else is asked for; nothing if nothing is."""
    from cevns.inference.assumptions import assumptions

    found = assumptions(likelihood, model)
    return {"assumptions": found} if found else {}


def weak_name(model: Interaction) -> str:
    from cevns.interactions.standard_model import weak_name

    return weak_name(model.weak)


def _from_registry(args: Namespace) -> list[Experiment]:
    from cevns.experiments import known_experiments, load
    from cevns.experiments.registry import known_options

    if not args.experiments:
        raise InputError(f"EXPERIMENT is missing: give {' or '.join(known_experiments())}, or --config FILE")
    options: dict[str, dict[str, Any]] = {name: {} for name in args.experiments}
    for option in args.quenching or ():
        name, _, quenching = option.rpartition("=")
        if not name and len(options) > 1:
            raise InputError(
                f"--quenching {option}: several experiments, say for which: --quenching EXPERIMENT={option}"
            )
        name = name or args.experiments[0]
        if name not in options:
            raise InputError(f"--quenching {option}: {name!r} is not among the experiments {', '.join(options)}")
        _check_text(name, "quenching")
        options[name]["quenching"] = quenching
    if args.form_factor:
        for choice in options.values():
            choice["form_factor"] = args.form_factor
    for experiment, name, value in args.option or ():
        for one in _that_know(experiment, name, options):
            if name in options[one]:
                raise InputError(f"{name} of {one} is given twice: give one value")
            _check_text(one, name)
            several = isinstance(known_options(one)[name], tuple)
            options[one][name] = tuple(filter(None, value.split(","))) if several else value
    found = [load(name, **options[name]) for name in args.experiments]
    return [e.replace(electrons=args.electrons) for e in found] if args.electrons else found


def _check_text(experiment: str, option: str) -> None:
    """Refuse an option that no name stands for."""
    from cevns.experiments.registry import known_options

    if known_options(experiment).get(option, "") is None:
        raise InputError(
            f"{option} of {experiment} has no names: set it in a file, {option} = {{...}} in [[experiment]], or in "
            f"Python, cevns.load({experiment!r}, {option}=...)"
        )


def _that_know(experiment: str, option: str, among: Collection[str]) -> list[str]:
    """Return the experiments that an option is for: the one that is named, or all that know it."""
    from cevns import checks
    from cevns.experiments.registry import known_options

    if experiment and experiment not in among:
        raise InputError(
            f"--option {experiment}:{option}: {experiment!r} is not among the experiments {', '.join(among)}"
        )
    known = {name: known_options(name) for name in ([experiment] if experiment else among)}
    checks.known("option", option, sorted({name for names in known.values() for name in names}))
    return [name for name, names in known.items() if option in names]


def _from_config(args: Namespace) -> tuple[list[Experiment], Mapping[str, Interaction]]:
    from cevns.config import load_config

    for name in ("quenching", "form_factor", "electrons", "option"):
        if getattr(args, name):
            key = "it" if name == "option" else name
            raise InputError(
                f"--{name.replace('_', '-')} does not go with --config: data that a file expects of a model depend on "
                f"it, too; set {key} in [[experiment]] of {args.config}"
            )
    config = load_config(args.config)
    return chosen(config, args), config.models


def chosen(config: Config, args: Namespace) -> list[Experiment]:
    """Return the experiments of a configuration file, all unless some are named."""
    from cevns import checks
    from cevns.experiments import known_experiments

    known = {e.name: e for e in config.likelihood.experiments}
    for name in args.experiments:
        if name not in known and name in known_experiments():
            raise InputError(
                f"experiment {name!r} is built in, but not in {args.config}: add a table [[experiment]] with "
                f'name = "{name}" alone to the file'
            )
    names = [checks.known(f"experiment of {args.config}", name, known) for name in args.experiments]
    return [known[name] for name in names or known]


def settings(likelihood: Likelihood, model: Interaction, args: Namespace) -> dict[str, Any]:
    """Return the values of parameters that --set gives, by name; others are no parameters of the model."""
    found = pairs("set", args.set)
    _known(likelihood, model, found)
    return found


def _given(args: Namespace) -> dict[str, float]:
    """Return the values of parameters that --mass, --coupling and --set give, by name."""
    found = {name: value for name in ("mass", "coupling") if (value := getattr(args, name, None)) is not None}
    for name, value in args.set or ():
        if name in found:
            options = f"by --{name} and by --set" if getattr(args, name, None) is not None else "both times by --set"
            raise InputError(f"{name} is given twice, {options}: give one value")
        found[name] = value
    return found


def point(likelihood: Likelihood, model: Interaction, args: Namespace) -> dict[str, float]:
    """Return the values of parameters as they are used: the model's own, and others that are given."""
    from cevns.parameters import needed

    values = needed(_given(args), model.own_names, model.name)
    known = _known(likelihood, model, values)
    return {name: known[name].number(values.get(name)) for name in dict.fromkeys([*model.own_names, *values])}


def given(likelihood: Likelihood, model: Interaction, args: Namespace) -> dict[str, float]:
    """Return the values that --mass, --coupling and --set give, checked, by name."""
    values = _given(args)
    known = _known(likelihood, model, values)
    return {name: known[name].number(value) for name, value in values.items()}


def _known(likelihood: Likelihood, model: Interaction, names: Iterable[str]) -> dict[str, Parameter]:
    """Return the parameters by name, if some names are all among them."""
    from cevns import checks

    known = {p.name: p for p in likelihood.parameters(model)}
    for name in names:
        checks.known("parameter", name, known)
    return known


def pairs(name: str, found: Sequence[tuple[str, Any]] | None) -> dict[str, Any]:
    """Return what an option gives by name, each once."""
    out: dict[str, Any] = {}
    for key, value in found or ():
        if key in out:
            raise InputError(f"--{name} gives {key} twice")
        out[key] = value
    return out


def described(model: Interaction, values: Mapping[str, float | None], parameters: Sequence[Parameter] = ()) -> str:
    """Return the name of a model with values of parameters, as they stand above a table."""
    weak = weak_name(model)
    parts = [model.name] if weak == "radiative" else [model.name, f"{weak} weak couplings"]
    units = {p.name: p.unit for p in (*model.parameters, *parameters)}
    for name, value in values.items():
        if value is not None:
            unit = units.get(name) or ""
            parts.append(f"{name} {number(value)}{f' {unit}' if unit else ''}")
    return ", ".join(parts)
