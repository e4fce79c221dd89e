"""Pairs of flavours, before and after: the names of parameters that belong to them, and how they are set in figures."""

from __future__ import annotations

from cevns.constants import FLAVOURS

__all__ = ["CHANGES", "SAME", "pairs", "subscript"]

#: Pairs of one flavour, and changes of flavour, by the end of a parameter's name.
SAME = {2 * f: (f, f) for f in FLAVOURS}
CHANGES = {"emu": ("e", "mu"), "etau": ("e", "tau"), "mutau": ("mu", "tau")}


def pairs(name: str) -> tuple[tuple[str, str], ...]:
    """Return what a name stands for: one flavour twice, or a change of flavour both ways.

    Examples
    --------
    >>> pairs("ee"), pairs("emu")
    ((('e', 'e'),), (('e', 'mu'), ('mu', 'e')))
    """
    return (SAME[name],) if name in SAME else (CHANGES[name], CHANGES[name][::-1])


def subscript(name: str) -> str:
    """Return a flavour, or a pair of them, in Matplotlib's mathtext.

    Examples
    --------
    >>> subscript("mutau")
    '\\\\mu \\\\tau '
    """
    return name.replace("mu", r"\mu ").replace("tau", r"\tau ")
