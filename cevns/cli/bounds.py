"""Commands for the limits of other experiments."""

from cevns.cli.output import Result, table

__all__ = ["list_all", "plot", "show"]

_FIELDS = ("model", "name", "label", "kind", "confidence_level", "figure", "reference", "origin", "note", "approximate")
_OMITTED = ("model", "label", "figure", "reference", "reason")
# for the second and third turn through the ten colours
_STYLES = (None, "-.", ":")


def list_all(args):
    """Limits that are known, and those that are left out with the reason."""
    from cevns.bounds import NOT_DRAWN, get_bound, known_bounds

    bounds = [_about(get_bound(*key)) for key in known_bounds(args.model)]
    omitted = [{f: getattr(o, f) for f in _OMITTED} for o in NOT_DRAWN if args.model in (None, o.model)]
    rows = [
        (
            b["model"],
            b["name"],
            b["kind"],
            "{:.4g} to {:.4g}".format(*b["mass_range"]),
            _level(b),
            b["figure"],
            b["reference"],
        )
        for b in bounds
    ]
    text = table(("model", "name", "kind", "mass [MeV]", "C.L.", "figure", "reference"), rows)
    text += "".join(f"\n\nnot available: {o['label']} ({o['model']}, {o['reference']}): {o['reason']}" for o in omitted)
    return Result({"bounds": bounds, "not_available": omitted}, text)


def show(args):
    """One limit with its numbers."""
    from cevns.bounds import get_bound
    from cevns.bounds.curves import KINDS

    bound = get_bound(args.model, args.name)
    columns = KINDS[bound.kind]
    segments = [dict(zip(columns, segment, strict=True)) for segment in bound.segments]
    about = _about(bound) | {"coupling": bound.coupling}
    shown = about | {"confidence_level": _level(about), "mass_range": "{:.6g} to {:.6g} MeV".format(*bound.mass_range)}
    head = table(("", ""), [(key, str(value)) for key, value in shown.items() if value != ""]).strip()
    parts = [table((f"{columns[0]} [MeV]", *columns[1:]), zip(*segment, strict=True)) for segment in bound.segments]
    return Result(about | {"segments": segments}, "\n\n".join([head, *parts]))


def plot(args):
    """Draw the limits on a model."""
    import numpy as np

    from cevns.bounds import get_bound, known_bounds
    from cevns.plotting import mass_coupling_axes, new_figure, plot_bound, save

    names = args.names or [name for _, name in known_bounds(args.model)]
    bounds = [get_bound(args.model, name) for name in dict.fromkeys(names)]
    couplings = np.concatenate([column for b in bounds for segment in b.segments for column in segment[1:]])
    couplings = np.log10(couplings[couplings > 0])
    ax = mass_coupling_axes(
        new_figure(figsize=(8.0, 5.0)).add_subplot(),
        mass=(min(b.mass_range[0] for b in bounds), max(b.mass_range[1] for b in bounds)),
        coupling=(10 ** np.floor(couplings.min() - 0.3), 10 ** np.ceil(couplings.max() + 0.3)),
    )
    for i, bound in enumerate(bounds):
        plot_bound(bound, ax, color=f"C{i % 10}", linestyle=_STYLES[i // 10 % len(_STYLES)])
    ax.set_ylabel(bounds[0].coupling)
    ax.figure.legend(loc="outside right upper", fontsize="small")
    save(ax.figure, args.output)
    return Result({"file": str(args.output), "bounds": [b.name for b in bounds]}, str(args.output))


def _about(bound):
    return {field: getattr(bound, field) for field in _FIELDS} | {"mass_range": bound.mass_range}


def _level(about):
    level = about["confidence_level"]
    return "not stated" if level is None else f"{100 * level:.4g} %"
