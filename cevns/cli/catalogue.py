"""Commands that tell what there is and whom to cite."""

from __future__ import annotations

from cevns.cli.inputs import configured
from cevns.cli.output import Result, described_axis, table

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
    "arXiv:1802.05171": "light scalars in CEvNS",
    "arXiv:1803.03262": "dipole portals",
    "arXiv:2005.01645": "electromagnetic properties of neutrinos, R_n and the weak mixing angle from CsI and argon",
    "arXiv:2202.11002": "mediators without anomalies, loops with the right sign",
    "arXiv:2008.05022": "the analysis: couplings, chi2, light-mediator models",
    "arXiv:2110.07730": "CsI measurement of the full exposure, with its data release",
    "arXiv:2406.13806": "first detection of CEvNS on germanium",
    "doi:10.5281/zenodo.20576156": "data release of solar 8B neutrinos in XENONnT",
    "arXiv:1106.0687": "antineutrino spectra of U-235, Pu-239 and Pu-241",
    "arXiv:1101.2663": "antineutrino spectrum of U-238",
    "arXiv:1109.0763": "total flux of solar 8B neutrinos",
    "arXiv:1611.09867": "solar model B16-GS98",
    "hep-ph/9710491": "spectra of solar neutrinos",
    "nucl-ex/0406019": "spectrum of solar 8B neutrinos",
}
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
    from cevns.interactions import get_interaction, known_interactions

    used: dict[str, list[str]] = {}
    experiments, of_file = configured(args.config, args.experiments) if args.config else (None, {})
    names = [args.model] if args.model else of_file if args.config else known_interactions()
    for model in [of_file.get(name) or get_interaction(name) for name in names]:
        if reference := model.reference.partition(",")[0]:
            used.setdefault(reference, []).append(model.name)
    pieces = _pieces(args.config) if args.config else {}
    for experiment in _experiments(args.experiments) if experiments is None else experiments:
        for reference in dict.fromkeys([*experiment.references, *pieces.get(experiment.name, ())]):
            used.setdefault(reference, []).append(experiment.name)
    references = [
        {"reference": f"cevns developers, cevns, version {__version__}", "for": "this software", "used_by": []}
    ]
    references += [
        {"reference": reference, "for": PURPOSES.get(reference, ""), "used_by": used[reference]}
        for reference in sorted(used)
    ]
    if args.bibtex:
        from cevns.cli.bibtex import bibtex

        entries = bibtex(references[1:])
        return Result({"references": references, "bibtex": entries}, entries)
    rows = [(entry["reference"], entry["for"], ", ".join(entry["used_by"])) for entry in references]
    return Result({"references": references}, table(("reference", "for", "used by"), rows))


def _pieces(path: str) -> dict[str, list[str]]:
    """Return the references of the fluxes of experiments of one's own, by their names, from a file that was read."""
    import tomllib

    with open(path, "rb") as file:
        written = tomllib.load(file).get("experiment", [])
    found: dict[str, list[str]] = {}
    for experiment in written:
        fluxes = experiment.get("flux", [])
        kinds = [one.get("kind") for one in (fluxes if isinstance(fluxes, list) else [fluxes])]
        found[experiment["name"]] = [reference for kind in kinds for reference in PIECES.get(kind, ())]
    return found


def _experiments(names: Sequence[str] = ()) -> list[Experiment]:
    from cevns.experiments import known_experiments, load

    return [load(name) for name in names or known_experiments()]
