"""The registry of experiments by name; nothing is read before it is asked for."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError

if TYPE_CHECKING:
    from cevns.experiments.experiment import Experiment


__all__ = ["known_experiments", "load", "options"]

_MODULES = {
    "coherent-csi-2017": "cevns.experiments.coherent_csi_2017",
    "coherent-argon-2020": "cevns.experiments.coherent_argon_2020",
    "coherent-argon-2020-3d": "cevns.experiments.coherent_argon_2020_3d",
    "coherent-csi-2021": "cevns.experiments.coherent_csi_2021",
    "xenonnt-8b-2026": "cevns.experiments.xenonnt_8b_2026",
    "coherent-ge-2024": "cevns.experiments.coherent_ge_2024",
}


def known_experiments() -> tuple[str, ...]:
    """Return the names of the built-in experiments."""
    return tuple(_MODULES)


def options(name: str) -> tuple[str, ...]:
    """Return the options of a built-in experiment, which `load` takes.

    Raises
    ------
    UnknownNameError
        If the name is not known.

    Examples
    --------
    >>> options("xenonnt-8b-2026")
    ('form_factor', 'runs')
    """
    module = importlib.import_module(_MODULES[checks.known("experiment", name, _MODULES, _hint(name))])
    found: tuple[str, ...] = module.OPTIONS
    return found


def load(name: str, **options: Any) -> Experiment:
    """Return a built-in experiment.

    Parameters
    ----------
    name : str
        One of `known_experiments`.
    **options
        ``form_factor``, and what `options` lists besides; see the experiment's module.

    Returns
    -------
    Experiment

    Raises
    ------
    UnknownNameError
        If the name, the quenching or the form factor is not known.
    InputError
        If an option is not known.

    Examples
    --------
    >>> load("coherent-argon-2020").response.bins
    12
    """
    module = importlib.import_module(_MODULES[checks.known("experiment", name, _MODULES, _hint(name))])
    unknown = set(options) - set(module.OPTIONS)
    if unknown:
        raise InputError(f"unknown option {sorted(unknown)[0]!r}; allowed: {', '.join(module.OPTIONS)}")
    experiment: Experiment = module.load(**options)
    return experiment


def _hint(name: object) -> str:
    """Return what to do about a file in the place of a name."""
    if not isinstance(name, (str, os.PathLike)) or not str(name).lower().endswith(".toml"):
        return ""
    name = str(name)
    return f"Read a configuration file with cevns.config.load_config({name!r}), or give --config {name} to a command"
