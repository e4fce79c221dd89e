"""Coherent elastic neutrino-nucleus scattering: exact, fast predictions and limits on light mediators.

Start with `load`, which returns an experiment:

>>> import cevns
>>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
>>> round(both.chi2("b-l", mass=10, coupling=5e-5), 2)
14.58
"""

import importlib

# not from typing, whose import would take longer than that of all the rest here
TYPE_CHECKING = False
if TYPE_CHECKING:
    # what __getattr__ finds at run time, for type checkers and editors
    from cevns import (
        bounds,
        config,
        constants,
        detectors,
        errors,
        experiments,
        explore,
        figures,
        fluxes,
        inference,
        interactions,
        likelihoods,
        nuclei,
        plotting,
        predictions,
        reference,
        tables,
        work,
    )
    from cevns.errors import CevnsError
    from cevns.experiments import Background, Experiment, known_experiments, load
    from cevns.interactions import get_interaction, known_interactions
    from cevns.likelihoods import Likelihood

#: Of this tree, whatever is installed beside it; a build reads it here.
__version__ = "0.2.0"

# name -> module; imported on first use, so that importing cevns costs little more than NumPy
_PUBLIC = {
    "Background": "cevns.experiments",
    "CevnsError": "cevns.errors",
    "Experiment": "cevns.experiments",
    "Likelihood": "cevns.likelihoods",
    "get_interaction": "cevns.interactions",
    "known_experiments": "cevns.experiments",
    "known_interactions": "cevns.interactions",
    "load": "cevns.experiments",
}

__all__ = [
    "Background",
    "CevnsError",
    "Experiment",
    "Likelihood",
    "__version__",
    "bounds",
    "config",
    "constants",
    "detectors",
    "errors",
    "experiments",
    "explore",
    "figures",
    "fluxes",
    "get_interaction",
    "inference",
    "interactions",
    "known_experiments",
    "known_interactions",
    "likelihoods",
    "load",
    "nuclei",
    "plotting",
    "predictions",
    "reference",
    "tables",
    "work",
]
_MODULES = {*__all__} - {*_PUBLIC} - {"__version__"}


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"cevns.{name}")
    raise AttributeError(f"module 'cevns' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
