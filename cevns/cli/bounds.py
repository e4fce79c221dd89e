"""Commands for the limits of other experiments."""

from __future__ import annotations

from cevns.arrays import below
from cevns.cli.output import Result, table
from cevns.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from typing import Any

    from cevns import _types
    from cevns.bounds.bound import Bound
    from cevns.inference import Limit

__all__ = ["list_all", "plot", "show"]

_FIELDS = ("model", "name", "label", "kind", "confidence_level", "figure", "reference", "origin", "note", "approximate")
_OMITTED = ("model", "label", "figure", "reference", "reason")


def list_all(args: Namespace) -> Result:
    """Limits that are known, and those that are left out with the reason."""
    from cevns.bounds import NOT_DRAWN, get_bound, known_bounds

    if args.model and args.model_option and args.model != args.model_option:
        raise InputError(f"two models are given, {args.model!r} and {args.model_option!r}: give one")
    model = args.model or args.model_option
    bounds = [_about(get_bound(*key)) for key in known_bounds(model)]
    omitted = [{f: getattr(o, f) for f in _OMITTED} for o in NOT_DRAWN if model in (None, o.model)]
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


def show(args: Namespace) -> Result:
    """One limit with its numbers."""
    from cevns.bounds import get_bound
    from cevns.bounds.bound import KINDS

    bound = get_bound(args.model, args.name)
    columns = KINDS[bound.kind]
    segments = [dict(zip(columns, segment, strict=True)) for segment in bound.segments]
    about = _about(bound) | {"coupling": bound.coupling}
    shown = about | {"confidence_level": _level(about), "mass_range": "{:.6g} to {:.6g} MeV".format(*bound.mass_range)}
    head = table(("", ""), [(key, str(value)) for key, value in shown.items() if value != ""]).strip()
    parts = [table((f"{columns[0]} [MeV]", *columns[1:]), zip(*segment, strict=True)) for segment in bound.segments]
    return Result(about | {"segments": segments}, "\n\n".join([head, *parts]))


def plot(args: Namespace) -> Result:
    """Draw the limits on a model, with curves from files over them."""
    from cevns.bounds import get_bound, known_bounds
    from cevns.bounds.bound import DARK_PHOTON
    from cevns.plotting import file_axes, plot_bounds, save

    if not args.add and (args.mass_unit or args.coupling or args.columns):
        raise InputError("--mass-unit, --coupling and --columns are for the curve of a file: give --add FILE too")
    names = args.names or [name for _, name in known_bounds(args.model)]
    bounds = [get_bound(args.model, name) for name in dict.fromkeys(names)]
    coupling = args.coupling or ("epsilon" if args.model == DARK_PHOTON else "g")
    options = {"mass_unit": args.mass_unit or "MeV", "coupling": coupling, "columns": args.columns}
    own = [_own(path, args.model, options) for path in args.add]
    if (args.mass_unit or args.coupling or args.columns) and not any(hasattr(curve, "segments") for curve in own):
        raise InputError(
            "--mass-unit, --coupling and --columns are for tables of other programs: a limit that cevns wrote says "
            "them itself, leave them out"
        )
    ax = plot_bounds(bounds, file_axes(figsize=(9.0, 5.5)), own=own)
    save(ax, args.output)
    data = {"file": str(args.output), "bounds": [b.name for b in bounds], "added": args.add}
    return Result(data, str(args.output))


def _own(path: _types.Path, model: str, options: Any) -> Bound | Limit:
    """Return what a file holds: a limit that cevns wrote, or a table of masses and couplings."""
    from cevns.bounds import load_bound
    from cevns.inference import Limit
    from cevns.inference.files import kind_of

    if kind_of(path) != "limit":
        return load_bound(path, model=model, **options)
    limit = Limit.load(path)
    if limit.model != model:
        raise InputError(
            f"{path} is a limit on model {limit.model!r}, not on {model!r}: couplings of different models cannot be "
            f"compared; compute it with --model {model}, or draw it with cevns bounds plot {limit.model}"
        )
    return limit


def _about(bound: Bound) -> dict[str, Any]:
    return {field: getattr(bound, field) for field in _FIELDS} | {"mass_range": bound.mass_range}


def _level(about: Mapping[str, Any]) -> str:
    level = about["confidence_level"]
    return "not stated" if level is None else f"{below(100 * level, 100)} %"
