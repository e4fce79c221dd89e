"""Commands that predict, compare with data and exclude."""

from __future__ import annotations

from cevns.arrays import below
from cevns.cli.arguments import LARGEST_GRID
from cevns.cli.inputs import assumed, described, inputs, point, save_figure, settings, weak_name, with_warnings
from cevns.cli.output import Result, described_axis, number, table
from cevns.cli.progress import progress_bar
from cevns.errors import InputError
from cevns.inference.unseen import unseen_at
from cevns.tabular import chi2_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import Any

    from cevns.inference import Limit
    from cevns.inference import Result as AnyResult
    from cevns.interactions import Interaction
    from cevns.likelihoods import Likelihood
    from cevns.predictions import Prediction


__all__ = ["chi2", "limit", "plot", "predict", "scan"]


def predict(args: Namespace) -> Result:
    """Expected counts in the bins of each experiment."""
    likelihood, model = inputs(args)
    values = point(likelihood, model, args)
    title = described(model, values, likelihood.parameters(model))
    if args.output is not None and len(likelihood.experiments) > 1:
        names = ", ".join(e.name for e in likelihood.experiments)
        raise InputError(f"{args.output} would show one experiment, but there are {names}: name one of them")
    pulls = likelihood.pulls(model, **values) if args.fitted else None
    predictions = likelihood.predict(model, **values, pulls=pulls)
    warnings = {e.name: (*e.omissions(model), *unseen_at(e, model, values, "signal")) for e in likelihood.experiments}
    found = [
        _predicted(predictions[e.name], values, title, bool(args.set), warnings[e.name], e.differs)
        for e in likelihood.experiments
    ]
    if args.output is not None:
        from cevns.plotting import save

        (prediction,) = predictions.values()
        save(prediction.picture(), args.output)
        written = found[0]
        return Result(
            {**written.data, "file": str(args.output)}, f"{written.text}\n\nwritten to {args.output}", written.code
        )
    if len(found) == 1:
        return found[0]
    data = {"model": model.name, "predictions": {part.data["experiment"]: part.data for part in found}}
    return Result(data, "\n\n".join(part.text for part in found))


def _predicted(
    found: Prediction,
    values: dict[str, float],
    title: str,
    every: bool,
    warnings: Sequence[str],
    differs: Sequence[str],
) -> Result:
    """Return one prediction, with the values of all parameters if these are asked for."""
    import numpy as np

    single, by_axes = len(found.axes) == 1, found.binning.shaped
    data: dict[str, Any] = {
        "experiment": found.experiment,
        "model": found.model,
        **({"assumptions": differs} if differs else {}),
        "mass": values.get("mass"),
        "coupling": values.get("coupling"),
        "axes": [described_axis(axis) for axis in found.axes],
        **({"bin_edges": found.bin_edges, "bin_unit": found.bin_unit} if single else {}),
        "signal": by_axes(found.signal),
        **({} if found.electrons is None else {"electrons": by_axes(found.electrons)}),
        "components": {name: by_axes(counts) for name, counts in found.components.items()},
        "backgrounds": {name: by_axes(counts) for name, counts in found.backgrounds.items()},
        "observed": by_axes(found.observed),
        "uncertainty": None if found.uncertainty is None else by_axes(found.uncertainty),
    }
    if every:
        data["values"] = values
    if found.pulls is not None:
        data["pulls"] = found.pulls
        title += ", nuisances at their best fit"
    data["totals"] = found.totals
    shown = found.table()
    said = f" ({', '.join(differs)})" if differs else ""
    head = f"{found.experiment}{said}  {title}"
    if not single:
        sums = table(("all bins", "counts"), found.rows_of_totals)
        return with_warnings(data, head, f"{sums}\n\n{table(shown.names, shown)}", warnings)
    counts = {column.name: np.asarray(column.values) for column in shown.columns[2:]}
    # uncertainties of bins are independent
    ends = [float((v**2).sum() ** 0.5 if name == "uncertainty" else v.sum()) for name, v in counts.items()]
    unit = f" [{found.bin_unit}]" if found.bin_unit else ""
    rows = [*shown, ("all", "", *ends)]
    return with_warnings(data, head, table((f"low{unit}", "high", *counts), rows), warnings)


def chi2(args: Namespace) -> Result:
    """chi2 and pulls at one point."""
    likelihood, model = inputs(args)
    values = point(likelihood, model, args)
    found = likelihood.pulls(model, **values)
    units: dict[str, str] = {}
    for experiment in likelihood.experiments:
        units |= experiment.statistic.pull_units
    rows: list[tuple[Any, ...]] = []
    for name, part in found.experiments.items():
        own = {pull: value for pull, value in part["pulls"].items() if pull not in found.shared}
        cells = [(pull, value, units[pull]) for pull, value in own.items()] or [("", "", "")]
        rows += [("" if i else name, "" if i else part["chi2"], *cell) for i, cell in enumerate(cells)]
    rows += [
        ("" if i else "shared", "", name, pull, units[name]) for i, (name, pull) in enumerate(found.shared.items())
    ]
    title = f"chi2 {chi2_text(found.chi2)}  {described(model, values, likelihood.parameters(model))}"
    names = [e.name + (f" ({', '.join(e.differs)})" if e.differs else "") for e in likelihood.experiments]
    title += f", {' + '.join(names)}" if any(e.differs for e in likelihood.experiments) else ""
    warnings = [*likelihood.omissions(model), *unseen_at(likelihood, model, values, "chi2"), *found.remarks]
    data: dict[str, Any] = {
        "chi2": found.chi2,
        "experiments": found.experiments,
        "shared": found.shared,
        "at_edge": found.at_edge,
        "units": units,
        **assumed(likelihood, model),
    }
    if args.set:
        data["values"] = values
    if found.priors:
        data["priors"] = found.priors
        pulls = enumerate(found.priors.items())
        rows += [("" if i else "priors", "", name, pull, "sigma") for i, (name, pull) in pulls]
    head: tuple[str, ...] = ("experiment", "chi2", "pull", "shift", "in")
    if {row[-1] for row in rows} <= {"", "relative"}:
        head, rows = (*head[:3], "relative shift"), [row[:-1] for row in rows]
    return with_warnings(data, title, table(head, rows), warnings)


def limit(args: Namespace) -> Result:
    """Exactly excluded intervals of the coupling at each mass."""
    likelihood, model = inputs(args)
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
    level: dict[str, Any] = {} if args.cl is None else {"cl": args.cl}
    fixed = settings(likelihood, model, args)
    level |= {"dof": args.dof, "parameter": args.parameter}
    found = likelihood.limit(model, masses, **level, num_threads=args.threads, **fixed)
    if drawn:
        from cevns.plotting import file_axes

        save_figure(found.plot(file_axes()), args.output)
    elif args.output is not None:
        found.save(args.output)
    limits = [
        {"mass": m, "excluded": intervals}
        for m, intervals in zip([None] if found.mass is None else found.mass, found.excluded, strict=True)
    ]
    moved = found.parameters[-1]
    about, best = _about(found, found.best_fit.mass, found.best_fit.coupling, likelihood, model)
    data = {
        **about,
        "cl": found.cl,
        "dof": found.dof,
        "chi2_min": found.chi2_min,
        "delta_chi2": found.delta_chi2,
        "excludes_standard_model": found.excludes_standard_model,
        "limits": limits,
    }
    if args.output is not None:
        data["file"] = str(args.output)
    excluded = [found.text(some) for some in found.excluded]
    head: tuple[str, ...] = (f"excluded {moved.name}{f' [{moved.unit}]' if moved.unit else ''}",)
    rows: list[tuple[str, ...]] = [(entry,) for entry in excluded]
    if found.mass is not None:
        head = ("mass [MeV]", *head)
        rows = [(number(m), entry) for m, entry in zip(found.mass, excluded, strict=True)]
    threshold = number(found.chi2_min + found.delta_chi2)
    freedom = f"{found.dof} degree{'s' if found.dof > 1 else ''} of freedom"
    title = (
        f"{found.subject}, confidence level {below(found.cl, 1, 6)} for {freedom}\n"
        f"excluded where chi2 > {threshold}, {number(found.delta_chi2)} above the best fit: {best}"
    )
    if args.output is not None:
        title += f"\nwritten to {args.output}"
    warnings = list(found.remarks)
    if found.excludes_origin:
        warnings.append(_of_origin(found))
    return with_warnings(data, title, table(head, rows), warnings)


def _of_origin(found: Limit) -> str:
    """Return the warning of a limit that excludes even the coupling at which nothing is added."""
    coupling = found.parameters[-1]
    there = f"{coupling.name} {coupling.origin:g}{f' {coupling.unit}' if coupling.unit else ''}"
    since = f"is excluded too, since chi2 falls to {chi2_text(found.chi2_min)} elsewhere: check the data"
    if found.not_standard:
        given = ", ".join(f"{name} = {found.fixed[name]:.6g}" for name in found.not_standard)
        return f"{there} with {given} {since}"
    return (
        f"{there}, the standard model, {since}, or count from its chi2 with "
        "limit(reference=likelihood.chi2('sm')) in Python"
    )


def scan(args: Namespace) -> Result:
    """chi2 on a grid, saved to a file."""
    likelihood, model = inputs(args)
    if "mass" not in model.own_names:
        instead = "cevns limit or cevns chi2" if model.parameters else "cevns chi2"
        raise InputError(f"model {model.name!r} has no mediator mass to scan; use {instead}")
    shape = len(args.mass), len(args.coupling)
    if shape[0] * shape[1] > LARGEST_GRID:
        raise InputError(
            f"--mass and --coupling make {shape[0]} x {shape[1]} points: at most {LARGEST_GRID:.0e} fit in one scan"
        )
    fixed = settings(likelihood, model, args)
    with progress_bar("scan") as progress:
        found = likelihood.scan(model, args.mass, args.coupling, num_threads=args.threads, progress=progress, **fixed)
    found.save(args.output)
    i, j = divmod(int(found.chi2.argmin()), shape[1])
    about, best = _about(found, found.mass[i], found.coupling[j], likelihood, model)
    data = {"file": str(args.output), **about, "shape": shape, "chi2_min": found.chi2[i, j]}
    text = (
        f"{args.output}: {shape[0]} masses x {shape[1]} couplings, {found.subject}\n"
        f"lowest chi2 on the grid {chi2_text(found.chi2[i, j])}  {best}"
    )
    head, _, rest = text.partition("\n")
    return with_warnings(data, head, rest, found.remarks) if found.remarks else Result(data, text)


def _about(
    found: AnyResult, mass: float | None, coupling: float, likelihood: Likelihood, model: Interaction
) -> tuple[dict[str, Any], str]:
    """Return what a result in mass and coupling is about, its best point included, and that point as a text."""
    moved = found.parameters[-1]
    data = {
        "model": found.model,
        "weak": weak_name(model),
        "experiments": found.experiments,
        "parameter": moved.name,
        "units": {"mass": "MeV", moved.name: moved.unit or "dimensionless"},
        "fixed": found.fixed,
        **({"assumptions": found.assumptions} if found.assumptions else {}),
        "best_fit": {"mass": mass, moved.name: coupling},
    }
    at = {"mass": mass, moved.name: coupling, **found.fixed}
    return data, described(model, at, likelihood.parameters(model))


def plot(args: Namespace) -> Result:
    """Draw saved results, several on one picture."""
    from cevns import inference
    from cevns.inference.files import kind_of
    from cevns.plotting import file_axes

    options = {key: value for key, value in {"cl": args.cl, "dof": args.dof}.items() if value is not None}
    found: list[AnyResult] = []
    for path in args.files:
        # a table that does not say what it is, is taken for a limit
        limits = path.endswith(".csv") and kind_of(path) in ("", inference.Limit.kind)
        kind: Any = inference.Limit if limits else inference.Result
        found.append(kind.load(path))
    if options and not any(isinstance(one, inference.Scan) for one in found):
        saved = f"{args.files[0]}, written by {found[0].made_by}"
        raise InputError(f"--cl and --dof are for scans: {saved}, has levels of its own")
    ax = file_axes()
    for path, one in zip(args.files, found, strict=True):
        try:
            one.plot(ax, **(options if isinstance(one, inference.Scan) else {}))
        except InputError as error:
            said, others, _ = str(error).partition(": give axes of its own")
            if not others:
                raise
            said = said.replace("ax shows", "the picture shows")
            raise InputError(f"{path}: {said}: give it a picture of its own") from error
    save_figure(ax, args.output)
    return Result({"file": str(args.output)}, str(args.output))
