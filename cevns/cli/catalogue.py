"""Commands that tell what there is and whom to cite."""

from __future__ import annotations

from cevns.cli.output import Result, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence
    from typing import Any

    from cevns.experiments import Experiment

__all__ = ["cite", "list_all"]

#: What each reference of the built-in experiments and models gives.
PURPOSES = {
    "arXiv:1708.01294": "first observation of CEvNS: the CsI measurement",
    "arXiv:1804.09459": "data release of the CsI measurement",
    "arXiv:1907.04828": "quenching factor of CsI (Chicago-3)",
    "arXiv:2003.10630": "first detection of CEvNS on argon",
    "arXiv:2006.12659": "data release of the argon measurement",
    "arXiv:2110.07730": "CEvNS on CsI with all data",
    "arXiv:2406.13806": "first detection of CEvNS on germanium",
    "doi:10.5281/zenodo.20576156": "data release of the solar 8B measurement on xenon",
    "arXiv:1802.05171": "light scalars in CEvNS",
    "arXiv:1803.03262": "dipole portals",
    "arXiv:2005.01645": "electromagnetic properties of neutrinos, R_n and the weak mixing angle from CsI and argon",
    "arXiv:2202.11002": "mediators without anomalies, loops with the right sign",
    "arXiv:2008.05022": "the analysis: couplings, chi2, light-mediator models",
}


def list_all(args: Namespace) -> Result:
    """Models, experiments and form factors."""
    from cevns.interactions import get_interaction, known_interactions
    from cevns.nuclei.form_factors import get_form_factor, known_form_factors

    models = [get_interaction(name) for name in known_interactions()]
    data = {
        "models": [
            {
                "name": m.name,
                "description": m.description,
                "references": [m.reference],
                "parameters": [{"name": p.name, "unit": p.unit, "default": p.default} for p in m.parameters],
            }
            for m in models
        ],
        "experiments": [
            {"name": e.name, "description": e.description, "references": e.references} for e in _experiments()
        ],
        "form_factors": [
            {"name": name, "description": "", "references": [get_form_factor(name).reference]}
            for name in known_form_factors()
        ],
    }
    parts = []
    for title, entries in data.items():
        rows = [(e["name"], "; ".join(filter(None, (e["description"], _listed(e), *e["references"])))) for e in entries]
        parts.append(table((title.replace("_", " "), ""), rows))
    return Result(data, "\n\n".join(parts))


def _listed(entry: Mapping[str, Any]) -> str:
    """Return the parameters of a model with their units."""
    own = entry.get("parameters", [])
    return ", ".join(f"{p['name']} [{p['unit']}]" if p["unit"] else p["name"] for p in own)


def cite(args: Namespace) -> Result:
    """References of what a command would use, cevns itself first."""
    from cevns import __version__
    from cevns.interactions import get_interaction, known_interactions

    used: dict[str, list[str]] = {}
    for model in [get_interaction(name) for name in ([args.model] if args.model else known_interactions())]:
        used.setdefault(model.reference.partition(",")[0], []).append(model.name)
    for experiment in _experiments(args.experiments):
        for reference in experiment.references:
            used.setdefault(reference, []).append(experiment.name)
    references = [
        {"reference": f"cevns developers, cevns, version {__version__}", "for": "this software", "used_by": []}
    ]
    references += [
        {"reference": reference, "for": PURPOSES.get(reference, ""), "used_by": used[reference]}
        for reference in sorted(used)
    ]
    rows = [(entry["reference"], entry["for"], ", ".join(entry["used_by"])) for entry in references]
    return Result({"references": references}, table(("reference", "for", "used by"), rows))


def _experiments(names: Sequence[str] = ()) -> list[Experiment]:
    from cevns.experiments import known_experiments, load

    return [load(name) for name in names or known_experiments()]
