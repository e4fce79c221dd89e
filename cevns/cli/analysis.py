"""Commands that predict, compare with data and exclude."""

from cevns.cli.arguments import LARGEST_GRID
from cevns.cli.output import Result, number, table
from cevns.cli.progress import progress_bar
from cevns.errors import InputError

__all__ = ["chi2", "limit", "plot", "predict", "scan"]


def predict(args):
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


def chi2(args):
    """chi2 and pulls at one point."""
    likelihood, model = _inputs(args)
    profile = likelihood.pulls(model, args.mass, args.coupling)
    rows = []
    for name, part in profile.experiments.items():
        for i, (pull, value) in enumerate(part["pulls"].items()):
            rows.append(("" if i else name, "" if i else part["chi2"], pull, value))
    title = f"chi2 {number(profile.chi2)}  {_describe(model, *_point(model, args))}"
    data = {"chi2": profile.chi2, "experiments": profile.experiments}
    return Result(data, f"{title}\n\n{table(('experiment', 'chi2', 'pull', 'relative shift'), rows)}")


def limit(args):
    """Exactly excluded intervals of the coupling at each mass."""
    likelihood, model = _inputs(args)
    masses = None if args.mass is None else [m for part in args.mass for m in part]
    found = likelihood.limit(model, masses, cl=args.cl, dof=args.dof, num_threads=args.threads)
    limits = [
        {"mass": m, "excluded": intervals}
        for m, intervals in zip([None] if found.mass is None else found.mass, found.excluded, strict=True)
    ]
    best = {"mass": found.best_fit.mass, "coupling": found.best_fit.coupling}
    data = {"chi2_min": found.chi2_min, "best_fit": best, "delta_chi2": found.delta_chi2, "limits": limits}
    rows = [
        (number(entry["mass"]), ", ".join(f"({low:.6g}, {high:.6g})" for low, high in entry["excluded"]) or "none")
        for entry in limits
    ]
    level = number(found.chi2_min + found.delta_chi2)
    title = (
        f"{found.model}, {' + '.join(found.experiments)}, confidence level {found.cl:g}\n"
        f"excluded where chi2 > {level}, {number(found.delta_chi2)} above the best fit: "
        f"{_describe(model, **best)}"
    )
    return Result(data, f"{title}\n\n{table(('mass [MeV]', 'excluded couplings'), rows)}")


def scan(args):
    """chi2 on a grid, saved to a file."""
    likelihood, model = _inputs(args)
    if not model.has_mass:
        instead = "cevns limit or cevns chi2" if model.interacting else "cevns chi2"
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
        "shape": shape,
        "chi2_min": found.chi2[i, j],
        "best_fit": best,
    }
    text = (
        f"{args.output}: {shape[0]} masses x {shape[1]} couplings, {' + '.join(found.experiments)}\n"
        f"lowest chi2 on the grid {number(found.chi2[i, j])}  {_describe(model, **best)}"
    )
    return Result(data, text)


def plot(args):
    """Draw a saved scan."""
    from cevns.inference import Scan
    from cevns.plotting import file_figure, save

    ax = Scan.load(args.scan).plot(file_figure().add_subplot(), cl=args.cl, dof=args.dof)
    ax.legend()
    save(ax.figure, args.output)
    return Result({"file": str(args.output)}, str(args.output))


def _inputs(args):
    """Return the likelihood and the model that the arguments name."""
    from cevns.likelihoods import Likelihood
    from cevns.models import get_model, known_models

    experiments, model = _from_config(args) if args.config else (_from_registry(args), None)
    model = args.model or model
    if model is None:
        raise InputError(f"--model is missing: give one of {', '.join(known_models())}")
    return Likelihood(experiments), get_model(model)


def _from_registry(args):
    from cevns.experiments import known_experiments, load

    if not args.experiments:
        raise InputError(f"EXPERIMENT is missing: give {' or '.join(known_experiments())}, or --config FILE")
    options = {name: {} for name in args.experiments}
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


def _from_config(args):
    from cevns import checks
    from cevns.config import load_config

    if args.quenching or args.form_factor:
        raise InputError("--quenching and --form-factor do not go with --config: set them in the file")
    config = load_config(args.config)
    known = {e.name: e for e in config.likelihood.experiments}
    names = [checks.known(f"experiment of {args.config}", name, known) for name in args.experiments]
    return [known[name] for name in names or known], config.model


def _point(model, args):
    """Return mass and coupling as they are used, None where the model has none."""
    mass = args.mass if model.has_mass else None
    return mass, float(model.check_coupling(args.coupling)) if model.interacting else None


def _describe(model, mass, coupling):
    parts = [model.name]
    if mass is not None:
        parts.append(f"mass {number(mass)} MeV")
    if coupling is not None:
        parts.append(f"coupling {number(coupling)}")
    return ", ".join(parts)
