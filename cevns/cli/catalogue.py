"""Commands that tell what there is and whom to cite."""

from __future__ import annotations

from cevns.cli.inputs import chosen
from cevns.cli.output import Result, described_axis, table
from cevns.cli.papers import PAPERS, known_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence
    from typing import Any

    from cevns.experiments import Experiment

__all__ = ["cite", "list_all"]

#: References of what an experiment of one's own is made of, by the kind of its flux.
PIECES = {
    "pion-decay-at-rest": ("arXiv:2008.05022",),
    "reactor": ("arXiv:1106.0687", "arXiv:1101.2663"),
    "solar": ("nucl-ex/0406019", "arXiv:1109.0763", "arXiv:1611.09867", "hep-ph/9710491"),
}


def list_all(args: Namespace) -> Result:
    """Models, experiments and form factors."""
    from cevns.experiments.registry import known_options
    from cevns.interactions import get_interaction, known_interactions
    from cevns.nuclei.form_factors import get_form_factor, known_form_factors

    experiments = _experiments()
    bins = {e.name: str(e.signal.binning) for e in experiments}
    models = [get_interaction(name) for name in known_interactions()]
    data = {
        "models": [
            {
                "name": m.name,
                "description": m.description,
                "lagrangian": m.lagrangian,
                "references": [m.reference],
                "parameters": [{"name": p.name, "unit": p.unit, "default": p.default} for p in m.parameters],
            }
            for m in models
        ],
        "experiments": [
            {
                "name": e.name,
                "description": e.description,
                "references": e.references,
                "axes": [described_axis(axis) for axis in e.signal.binning.axes],
                "options": known_options(e.name),
            }
            for e in experiments
        ],
        "form_factors": [
            {"name": name, "description": "", "references": [get_form_factor(name).reference]}
            for name in known_form_factors()
        ],
    }
    parts = []
    for title, entries in data.items():
        rows = []
        for e in entries:
            about = e["description"], e.get("lagrangian"), bins.get(e["name"], ""), _listed(e), *e["references"]
            rows.append((e["name"], "; ".join(filter(None, about))))
        parts.append(table((title.replace("_", " "), ""), rows))
    return Result(data, "\n\n".join(parts))


def _listed(entry: Mapping[str, Any]) -> str:
    """Return the parameters of a model with their units, or the options of an experiment with what they are."""
    if "options" in entry:
        chosen = {name: ",".join(v) if isinstance(v, tuple) else v for name, v in entry["options"].items()}
        # what has no names is for files and Python
        listed = {name: f"{name} (in files and Python)" for name, value in chosen.items() if value is None}
        listed |= {name: f"{name}={value}" for name, value in chosen.items() if value}
        return "options " + ", ".join(listed.get(name, name) for name in chosen)
    own = entry.get("parameters", [])
    return ", ".join(f"{p['name']} [{p['unit']}]" if p["unit"] else p["name"] for p in own)


def cite(args: Namespace) -> Result:
    """References of what a command would use, cevns itself first."""
    from cevns import __version__
    from cevns.config import load_config
    from cevns.interactions import get_interaction, known_interactions

    used: dict[str, list[str]] = {}
    config = load_config(args.config) if args.config else None
    of_file = config.models if config else {}
    names = [args.model] if args.model else of_file if config else known_interactions()
    for model in [of_file.get(name) or get_interaction(name) for name in names]:
        for reference in known_numbers(model.reference):
            used.setdefault(reference, []).append(model.name)
    kinds = config.fluxes if config else {}
    for experiment in chosen(config, args) if config else _experiments(args.experiments):
        pieces = [reference for kind in kinds.get(experiment.name, ()) for reference in PIECES.get(kind, ())]
        for reference in dict.fromkeys([*experiment.references, *pieces]):
            used.setdefault(reference, []).append(experiment.name)
    references = [
        {"reference": f"cevns developers, cevns, version {__version__}", "for": "this software", "used_by": []}
    ]
    references += [
        {
            "reference": reference,
            "for": PAPERS[reference].purpose if reference in PAPERS else "",
            "used_by": used[reference],
        }
        for reference in sorted(used)
    ]
    if args.bibtex:
        from cevns.cli.bibtex import bibtex

        entries = bibtex(references[1:])
        return Result({"references": references, "bibtex": entries}, entries)
    rows = [(entry["reference"], entry["for"], ", ".join(entry["used_by"])) for entry in references]
    return Result({"references": references}, table(("reference", "for", "used by"), rows))


def _experiments(names: Sequence[str] = ()) -> list[Experiment]:
    from cevns.experiments import known_experiments, load

    return [load(name) for name in names or known_experiments()]
