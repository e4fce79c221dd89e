"""The registry of experiments by name; nothing is read before it is asked for."""

from __future__ import annotations

import importlib
import inspect
import os
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.experiments.changes import text_of, with_changes

if TYPE_CHECKING:
    from cevns.experiments.experiment import Experiment


__all__ = ["known_experiments", "known_options", "load", "overlapping"]

_MODULES = {
    "coherent-csi-2017": "cevns.experiments.coherent_csi_2017",
    "coherent-argon-2020": "cevns.experiments.coherent_argon_2020",
    "coherent-argon-2020-3d": "cevns.experiments.coherent_argon_2020_3d",
    "coherent-csi-2021": "cevns.experiments.coherent_csi_2021",
    "xenonnt-8b-2026": "cevns.experiments.xenonnt_8b_2026",
    "coherent-ge-2024": "cevns.experiments.coherent_ge_2024",
}
#: Names of data sets that hold the same events, of which no likelihood may hold two.
_SAME_EVENTS = (
    frozenset({"coherent-csi-2017", "coherent-csi-2021"}),
    frozenset({"coherent-argon-2020", "coherent-argon-2020-3d"}),
)


def overlapping(name: str) -> frozenset[str]:
    """Return the names of the built-in experiments that hold the same events as another one of them."""
    return frozenset[str]().union(*(names - {name} for names in _SAME_EVENTS if name in names))


def known_experiments() -> tuple[str, ...]:
    """Return the names of the built-in experiments, each of which has a page in ``docs/data-sets``.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> known_experiments()[:2]
    ('coherent-csi-2017', 'coherent-argon-2020')
    """
    return tuple(_MODULES)


def known_options(name: str) -> dict[str, Any]:
    """Return the options of `load` for an experiment with what they are unless given; a tuple for several choices.

    Parameters
    ----------
    name : str
        One of `known_experiments`.

    Returns
    -------
    dict of str to object
        Defaults by name, as the experiment's own ``load`` documents them.

    Raises
    ------
    UnknownNameError
        If the experiment is not known.

    Examples
    --------
    >>> known_options("coherent-csi-2021")
    {'form_factor': 'helm', 'systematics': 'full'}
    """
    module = _module(name)
    given = inspect.signature(module.load).parameters
    return {option: given[option].default for option in module.OPTIONS}


def load(name: str, **options: Any) -> Experiment:
    """Return a built-in experiment.

    Parameters
    ----------
    name : str
        One of `known_experiments`.
    **options
        Those of the experiment, such as ``form_factor`` or ``systematics``; see its module, or `known_options`.

    Returns
    -------
    Experiment
        With its released counts, flat over all bins, as ``observed``; ``signal.binning`` has the axes with their units,
        ``references`` what to cite. Poisson data have no ``uncertainty``.

    Raises
    ------
    UnknownNameError
        If the name, the quenching, the form factor or another choice is not known.
    InputError
        If an option is not known, or its value is not allowed.

    Examples
    --------
    >>> load("coherent-argon-2020").response.bins
    12
    >>> print(load("coherent-csi-2021", systematics="core").signal.binning)
    99 bins of energy 0 to 60 PE x time 0 to 6 us
    """
    module = _module(name)
    unknown = set(options) - set(module.OPTIONS)
    if unknown:
        raise InputError(f"unknown option {sorted(unknown)[0]!r}; allowed: {', '.join(module.OPTIONS)}")
    experiment: Experiment = module.load(**options)
    if options:
        usual = known_options(name)
        other = [
            (option, text_of(option, value)) for option, value in options.items() if _differs(value, usual[option])
        ]
        checks.put(experiment, changes=with_changes(experiment.changes, *other))
    return experiment


def _differs(value: Any, usual: Any) -> bool:
    several = isinstance(usual, tuple) and isinstance(value, (list, tuple))
    return tuple(value) != usual if several else bool(value != usual)


def _module(name: str) -> Any:
    return importlib.import_module(_MODULES[checks.known("experiment", name, _MODULES, _hint(name))])


def _hint(name: object) -> str:
    """Return what to do about a file in the place of a name."""
    if not isinstance(name, (str, os.PathLike)) or not str(name).lower().endswith(".toml"):
        return ""
    name = str(name)
    return f"Read a configuration file with cevns.config.load_config({name!r}), or give --config {name} to a command"
