"""Names of a package that are found when they are first used: what nobody uses costs no import."""

import importlib
from collections.abc import Callable, Mapping

__all__ = ["door"]


def door(package: str, public: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its name.
    public : mapping of str to str
        Module of each name.

    Examples
    --------
    >>> find, names = door("mine", {"sqrt": "math"})
    >>> find("sqrt")(4.0), names()
    (2.0, ['sqrt'])
    """

    def find(name: str) -> object:
        if name in public:
            return getattr(importlib.import_module(public[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find, lambda: sorted(public)
