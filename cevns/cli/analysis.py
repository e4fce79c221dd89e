"""Commands that predict, compare with data and exclude."""

from __future__ import annotations

from cevns.cli.arguments import LARGEST_GRID
from cevns.cli.output import Result, number, table
from cevns.cli.progress import progress_bar
from cevns.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from cevns import _types
    from cevns.experiments import Experiment
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood

__all__ = ["chi2", "limit", "plot", "predict", "scan"]


def predict(args: Namespace) -> Result:
    """Expected counts in the bins of one experiment."""
    likelihood, model = _inputs(args)
    if len(likelihood.experiments) > 1:
        names = ", ".join(e.name for e in likelihood.experiments)
        raise InputError(f"predict takes one EXPERIMENT, got {len(likelihood.experiments)}: {names}")
    found = likelihood.experiments[0].predict(model, args.mass, args.coupling)
    mass, coupling = _point(model, args)
    data = {
        "experiment": found.experiment,
        "model": found.model,
        "mass": mass,
        "coupling": coupling,
        "bin_edges": found.bin_edges,
        "bin_unit": found.bin_unit,
        "signal": found.signal,
        "backgrounds": found.backgrounds,
        "observed": found.observed,
        "uncertainty": found.uncertainty,
    }
    counts = [found.signal, *found.backgrounds.values(), found.observed]
    rows = [*zip(found.bin_edges[:-1], found.bin_edges[1:], *counts, found.uncertainty, strict=True)]
    total = ("all", "", *(c.sum() for c in counts), (found.uncertainty**2).sum() ** 0.5)
    head = (f"low [{found.bin_unit}]", "high", "signal", *found.backgrounds, "observed", "uncertainty")
    return Result(data, f"{found.experiment}  {_describe(model, mass, coupling)}\n\n{table(head, [*rows, total])}")


def chi2(args: Namespace) -> Result:
    """chi2 and pulls at one point."""
    likelihood, model = _inputs(args)
    profile = likelihood.pulls(model, args.mass, args.coupling)
    rows = []
    for name, part in profile.experiments.items():
        for i, (pull, value) in enumerate(part["pulls"].items()):
            rows.append(("" if i else name, "" if i else part["chi2"], pull, value))
    title = f"chi2 {number(profile.chi2)}  {_describe(model, *_point(model, args))}"
    warnings = [f"the quenching scale of {name} is at an end of its range, 5 sigma from 1" for name in profile.at_edge]
    data = {"chi2": profile.chi2, "experiments": profile.experiments}
    return _result(data, title, table(("experiment", "chi2", "pull", "relative shift"), rows), warnings)


def limit(args: Namespace) -> Result:
    """Exactly excluded intervals of the coupling at each mass."""
    likelihood, model = _inputs(args)
    masses = None if args.mass is None else [m for part in args.mass for m in part]
    drawn = args.output is not None and args.output.suffix != ".csv"
    if drawn and model.parameters and "mass" not in model.own_names:
        raise InputError(
            f"{args.output} would be a figure, but model {model.name!r} is a contact interaction, which has no mass "
            "axis: leave --output out to print the intervals, or give a .csv file"
        )
    if drawn and len(masses or ()) < 2:
        raise InputError(
            f"{args.output} would be a figure, which needs at least two masses: give --mass, or a .csv file"
        )
    level = {} if args.cl is None else {"cl": args.cl}
    found = likelihood.limit(model, masses, **level, dof=args.dof, num_threads=args.threads)
    if drawn:
        from cevns.plotting import file_figure

        _save_figure(found.plot(file_figure().add_subplot()), args.output)
    elif args.output is not None:
        found.save(args.output)
    limits = [
        {"mass": m, "excluded": intervals}
        for m, intervals in zip([None] if found.mass is None else found.mass, found.excluded, strict=True)
    ]
    best = {"mass": found.best_fit.mass, "coupling": found.best_fit.coupling}
    data = {
        "model": found.model,
        "weak": _weak_name(model),
        "experiments": found.experiments,
        "cl": found.cl,
        "dof": found.dof,
        "units": {"mass": "MeV", "coupling": "dimensionless"},
        "chi2_min": found.chi2_min,
        "best_fit": best,
        "delta_chi2": found.delta_chi2,
        "excludes_standard_model": found.excludes_standard_model,
        "limits": limits,
    }
    if args.output is not None:
        data["file"] = str(args.output)
    rows = [
        (number(entry["mass"]), ", ".join(f"({low:.6g}, {high:.6g})" for low, high in entry["excluded"]) or "none")
        for entry in limits
    ]
    threshold = number(found.chi2_min + found.delta_chi2)
    freedom = f"{found.dof} degree{'s' if found.dof > 1 else ''} of freedom"
    title = (
        f"{found.model}, {' + '.join(found.experiments)}, confidence level {found.cl:g} for {freedom}\n"
        f"excluded where chi2 > {threshold}, {number(found.delta_chi2)} above the best fit: "
        f"{_describe(model, **best)}"
    )
    if args.output is not None:
        title += f"\nwritten to {args.output}"
    warnings = []
    if found.best_fit.at_edge:
        warnings.append(
            "the best fit lies at an end of the masses that are searched, up to 10 GeV: chi2 may fall further beyond"
        )
    if found.excludes_standard_model:
        warnings.append(
            f"coupling 0, the standard model, is excluded too, since chi2 falls to {number(found.chi2_min)} elsewhere: "
            "check the data, or count from its chi2 with limit(reference=likelihood.chi2('sm')) in Python"
        )
    return _result(data, title, table(("mass [MeV]", "excluded couplings"), rows), warnings)


def scan(args: Namespace) -> Result:
    """chi2 on a grid, saved to a file."""
    likelihood, model = _inputs(args)
    if "mass" not in model.own_names:
        instead = "cevns limit or cevns chi2" if model.parameters else "cevns chi2"
        raise InputError(f"model {model.name!r} has no mediator mass to scan; use {instead}")
    shape = len(args.mass), len(args.coupling)
    if shape[0] * shape[1] > LARGEST_GRID:
        raise InputError(
            f"--mass and --coupling make {shape[0]} x {shape[1]} points: at most {LARGEST_GRID:.0e} fit in one scan"
        )
    with progress_bar("scan") as progress:
        found = likelihood.scan(model, args.mass, args.coupling, num_threads=args.threads, progress=progress)
    found.save(args.output)
    i, j = divmod(int(found.chi2.argmin()), shape[1])
    best = {"mass": found.mass[i], "coupling": found.coupling[j]}
    data = {
        "file": str(args.output),
        "experiments": found.experiments,
        "model": found.model,
        "weak": _weak_name(model),
        "units": {"mass": "MeV", "coupling": "dimensionless"},
        "shape": shape,
        "chi2_min": found.chi2[i, j],
        "best_fit": best,
    }
    text = (
        f"{args.output}: {shape[0]} masses x {shape[1]} couplings, {' + '.join(found.experiments)}\n"
        f"lowest chi2 on the grid {number(found.chi2[i, j])}  {_describe(model, **best)}"
    )
    return Result(data, text)


def plot(args: Namespace) -> Result:
    """Draw a saved scan or limit."""
    from cevns.inference import Limit, Scan
    from cevns.plotting import file_figure

    if args.scan.endswith(".csv"):
        if args.cl or args.dof:
            raise InputError("--cl and --dof are for scans: a limit was computed at a level of its own")
        ax = Limit.load(args.scan).plot(file_figure().add_subplot())
    else:
        options = {"cl": args.cl, "dof": args.dof}
        ax = Scan.load(args.scan).plot(
            file_figure().add_subplot(), **{key: value for key, value in options.items() if value is not None}
        )
    _save_figure(ax, args.output)
    return Result({"file": str(args.output)}, str(args.output))


def _result(data: dict[str, Any], title: str, rows: str, warnings: Sequence[str]) -> Result:
    """Return a result with warnings below the title, and under a key of their own if there are any."""
    if warnings:
        data["warnings"] = warnings
    head = "\n".join([title, *(f"warning: {warning}" for warning in warnings)])
    return Result(data, f"{head}\n\n{rows}")


def _save_figure(ax: Axes, path: _types.Path) -> None:
    from cevns.plotting import save

    ax.legend()
    save(ax, path)


def _inputs(args: Namespace) -> tuple[Likelihood, Interaction]:
    """Return the likelihood and the model that the arguments name."""
    from cevns import checks
    from cevns.interactions import WEAK_COUPLINGS, get_interaction, known_interactions
    from cevns.likelihoods import Likelihood

    experiments, of_file = _from_config(args) if args.config else (_from_registry(args), None)
    if not args.model and of_file is None:
        raise InputError(f"--model is missing: give one of {', '.join(known_interactions())}")
    model = get_interaction(args.model or of_file)  # type: ignore[arg-type]  # one of them is there
    if args.weak:
        model = model.replace(weak=WEAK_COUPLINGS[checks.known("weak couplings", args.weak, WEAK_COUPLINGS)])
    elif of_file is not None:
        # the standard-model part belongs to the analysis, not to the interaction that --model exchanges
        model = model.replace(weak=of_file.weak)
    return Likelihood(experiments), model


def _weak_name(model: Interaction) -> str:
    from cevns.interactions import WEAK_COUPLINGS

    return next((name for name, weak in WEAK_COUPLINGS.items() if weak == model.weak), model.weak.source)


def _from_registry(args: Namespace) -> list[Experiment]:
    from cevns.experiments import known_experiments, load

    if not args.experiments:
        raise InputError(f"EXPERIMENT is missing: give {' or '.join(known_experiments())}, or --config FILE")
    options: dict[str, dict[str, str]] = {name: {} for name in args.experiments}
    for option in args.quenching or ():
        name, _, quenching = option.rpartition("=")
        if not name and len(options) > 1:
            raise InputError(
                f"--quenching {option}: several experiments, say for which: --quenching EXPERIMENT={option}"
            )
        name = name or args.experiments[0]
        if name not in options:
            raise InputError(f"--quenching {option}: {name!r} is not among the experiments {', '.join(options)}")
        options[name]["quenching"] = quenching
    if args.form_factor:
        for choice in options.values():
            choice["form_factor"] = args.form_factor
    return [load(name, **options[name]) for name in args.experiments]


def _from_config(args: Namespace) -> tuple[list[Experiment], Interaction | None]:
    from cevns import checks
    from cevns.config import load_config

    if args.quenching or args.form_factor:
        raise InputError("--quenching and --form-factor do not go with --config: set them in the file")
    config = load_config(args.config)
    known = {e.name: e for e in config.likelihood.experiments}
    names = [checks.known(f"experiment of {args.config}", name, known) for name in args.experiments]
    return [known[name] for name in names or known], config.model


def _point(model: Interaction, args: Namespace) -> tuple[Any, Any]:
    """Return mass and coupling as they are used, None where the model has none."""
    given = {"mass": args.mass, "coupling": args.coupling}
    point = {p.name: p.number(given[p.name]) for p in model.parameters if p.name in given}
    return point.get("mass"), point.get("coupling")


def _describe(model: Interaction, mass: float | None, coupling: float | None) -> str:
    weak = _weak_name(model)
    parts = [model.name] if weak == "radiative" else [model.name, f"{weak} weak couplings"]
    if mass is not None:
        parts.append(f"mass {number(mass)} MeV")
    if coupling is not None:
        parts.append(f"coupling {number(coupling)}")
    return ", ".join(parts)
