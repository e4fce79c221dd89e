"""Names among those that are known."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from cevns.checks.values import shown
from cevns.errors import InputError, MissingDependencyError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

__all__ = ["ALIKE", "differ", "flavour", "known", "optional_module"]

_EXTRAS = {"matplotlib": "plot", "tqdm": "progress", "iminuit": "fit", "distributed": "cluster", "bokeh": "explore"}
_EXTRAS |= dict.fromkeys(("hepdata_lib", "hepdata_validator", "hist", "pandas", "xarray", "yaml"), "exchange")
#: Flavours are not told apart further, since all vector couplings change sign together.
ALIKE = "neutrinos and antineutrinos of a flavour both go under e, mu or tau"


def known(
    kind: str,
    name: object,
    names: Iterable[str],
    hint: str = "",
    closest: Callable[[str, Iterable[str]], str | None] | None = None,
) -> Any:
    """Return `name` if it is among `names`.

    Parameters
    ----------
    kind : str
        What the name is of.
    name : object
        What was given.
    names : iterable of str
        What is known.
    hint : str
        What to do about a name that is not.
    closest : callable, optional
        Finds the known name that is meant by another; one that is spelled nearly alike, and with the same numbers,
        unless given.

    Raises
    ------
    UnknownNameError
        Listing the known names and the closest match.

    Examples
    --------
    >>> known("element", "Ar", ("Ar", "Xe"))
    'Ar'
    """
    if isinstance(name, str) and name in names:
        return name
    names = sorted(names)
    close = (closest or _closest)(name, names) if isinstance(name, str) else None
    meant = f" Did you mean {close!r}?" if close else ""
    listed = f"known: {', '.join(names)}" if names else "there is none"
    raise UnknownNameError(f"unknown {kind} {shown(name)}; {listed}.{meant}{hint and ' '}{hint}")


def differ(what: str, names: Sequence[str]) -> None:
    """Refuse names of which two are the same.

    Raises
    ------
    InputError
        Naming the first one that comes more than once.

    Examples
    --------
    >>> differ("names of axes", ["energy", "time"])
    """
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{what} must differ, but {shown(name)} comes more than once")


def _closest(name: str, names: Iterable[str]) -> str | None:
    import difflib

    # another number is another thing: a year, a figure
    numbers = set(re.findall(r"\d+", name))
    likely = [known for known in names if numbers <= set(re.findall(r"\d+", known))]
    # letters that have changed places are the likeliest slip
    swapped = [known for known in likely if sorted(known) == sorted(name.lower())]
    if swapped:
        return swapped[0]
    return next(iter(difflib.get_close_matches(name.lower(), likely, n=1, cutoff=0.5)), None)


def flavour(kind: str, name: object, flavours: Iterable[str], changing: str = "") -> Any:
    """Return `name` if it is one of the `flavours`.

    Parameters
    ----------
    kind : str
        What the name is of.
    name : object
        What was given.
    flavours : iterable of str
        What is known.
    changing : str
        Where two flavours go, if both may have been meant at once, for the message.

    Raises
    ------
    UnknownNameError
        Without a closest match, which would be another flavour and so other physics.

    Examples
    --------
    >>> flavour("flavour", "mu", ("e", "mu", "tau"))
    'mu'
    """
    flavours = tuple(flavours)
    if isinstance(name, str) and name in flavours:
        return name
    two = isinstance(name, str) and any(
        name.lower().replace("-", "").replace("_", "") == a + b for a in flavours for b in flavours
    )
    hint = changing if two and changing else ALIKE
    raise UnknownNameError(f"unknown {kind} {shown(name)}; known: {', '.join(flavours)}; {hint}")


def optional_module(module: str, purpose: str) -> ModuleType:
    """Import an optional package, or say in one sentence what to install.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.

    Examples
    --------
    >>> optional_module("math", "square roots").sqrt(4.0)
    2.0
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        top = module.partition(".")[0]
        raise MissingDependencyError(
            f"{purpose} needs {top}, which is not installed: pip install 'cevns[{_EXTRAS.get(top, 'all')}]'"
        ) from error
