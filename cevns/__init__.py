"""Coherent elastic neutrino-nucleus scattering: exact, fast predictions and limits on light mediators.

Start with `load`, which returns an experiment:

>>> import cevns
>>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
>>> round(both.chi2("b-l", mass=10, coupling=5e-5), 2)
14.58
"""

import importlib

# name -> module; imported on first use, so that importing cevns costs little more than NumPy
_PUBLIC = {
    "Background": "cevns.experiments",
    "CevnsError": "cevns.errors",
    "Experiment": "cevns.experiments",
    "Likelihood": "cevns.likelihoods",
    "get_model": "cevns.models",
    "known_experiments": "cevns.experiments",
    "known_models": "cevns.models",
    "load": "cevns.experiments",
}
_MODULES = (
    "bounds",
    "config",
    "constants",
    "detectors",
    "errors",
    "experiments",
    "figures",
    "fluxes",
    "form_factors",
    "inference",
    "likelihoods",
    "models",
    "nuclei",
    "plotting",
    "predictions",
    "reactors",
    "reference",
    "tables",
)

__all__ = [*_PUBLIC, *_MODULES, "__version__"]


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"cevns.{name}")
    if name == "__version__":
        from importlib.metadata import version

        return version("cevns")
    raise AttributeError(f"module 'cevns' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
