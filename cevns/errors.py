"""Every error that cevns raises.

All of them derive from `CevnsError`, and each is also the builtin exception that it refines, so both
``except CevnsError`` and ``except ValueError`` work.
"""

from __future__ import annotations

import sys

__all__ = [
    "CevnsError",
    "ConvergenceError",
    "DataError",
    "InputError",
    "MissingDependencyError",
    "TooManyFreeError",
    "UnknownNameError",
    "WorkError",
]


class CevnsError(Exception):
    """Root of all errors raised by cevns."""


class InputError(CevnsError, ValueError):
    """A value is of the wrong kind, sign, range or shape.

    Attributes
    ----------
    at : (int, float) or None
        Of an array the place and the value that is out of range, for whoever knows the file that it comes from.
    """

    at: tuple[int, float] | None = None


class TooManyFreeError(InputError):
    """More parameters, or more masses, are arguments of a function at once than its kernels take."""


class UnknownNameError(CevnsError, KeyError):
    """A name is not registered."""

    # KeyError shows the repr of its argument, which would put the whole message in quotes
    __str__ = Exception.__str__


class DataError(CevnsError, ValueError):
    """A data file cannot be read, is malformed or fails its checksum."""


class MissingDependencyError(CevnsError, ImportError):
    """An optional package, or the compiled part of this one, is needed for what was asked."""


class ConvergenceError(CevnsError, RuntimeError):
    """A minimisation or root search did not converge."""


class WorkError(CevnsError, RuntimeError):
    """Work in shards did not end: a shard raised an error, or a worker died.

    Attributes
    ----------
    shards : tuple of int
        Which were under way.
    """

    shards: tuple[int, ...] = ()


def kernels_broken(module: str, reason: str) -> MissingDependencyError:
    """Return the error for a compiled module that cannot be loaded, as one of which a part is missing."""
    return MissingDependencyError(
        f"the compiled kernels of cevns ({module}) cannot be loaded: {reason}; install cevns again, or run "
        "`pip install -e .` with it in the folder that holds its pyproject.toml"
    )


def kernels_not_built(module: str) -> MissingDependencyError:
    """Return the error for a compiled module that does not exist for the running Python."""
    version = ".".join(map(str, sys.version_info[:2]))
    return MissingDependencyError(
        f"the compiled kernels of cevns ({module}) are not built for this Python {version}: run `pip install -e .` "
        "with it in the folder that holds cevns's pyproject.toml, which needs a C compiler"
    )
