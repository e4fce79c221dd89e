"""Units as figures show them: texts and tables have them in plain letters, axes and legends typeset."""

from __future__ import annotations

import re

__all__ = ["axis_label", "typeset"]

_NAMES = {"mu_B": r"$\mu_B$", "mu_N": r"$\mu_N$", "e": "$e$", "us": r"$\mu$s"}
_PARTS = re.compile(
    r"(?<![\w.^$\\-])(?:"
    r"(?P<mantissa>\d+(?:\.\d+)?)[eE](?P<exponent>[+-]?\d+)"
    r"|(?P<name>" + "|".join(_NAMES) + ")"
    r"|(?P<electronvolt>[kMGT]?eV)(?P<index>ee|nr)"
    r"|(?P<base>[kMGTcmunpf]?(?:eV|m|g|s|b))\^?(?P<power>-?\d+)"
    r")(?![\w.^$])"
)


def typeset(unit: str) -> str:
    """Return a unit in Matplotlib's mathtext: powers raised, indices lowered, Greek letters as such.

    What is not known stays as it is, and so does a unit that has mathematics already.

    Parameters
    ----------
    unit : str
        As of `Parameter` and `Response`.

    Examples
    --------
    >>> print(typeset("1e-32 cm2"), typeset("keVee"), typeset("1e-9 mu_B"), typeset("MeV^-1"), typeset("PE"), sep=", ")
    $10^{-32}$ cm$^2$, keV$_\\mathrm{ee}$, $10^{-9}$ $\\mu_B$, MeV$^{-1}$, PE
    """
    return unit if "$" in unit else _PARTS.sub(_part, unit)


def axis_label(text: str, unit: str = "") -> str:
    """Return what stands at an axis: a quantity, with its unit in brackets if it has one.

    Examples
    --------
    >>> axis_label("charge", "PE"), axis_label("charge")
    ('charge [PE]', 'charge')
    """
    return f"{text} [{typeset(unit)}]" if unit else text


def _part(found: re.Match[str]) -> str:
    if found["name"]:
        return _NAMES[found["name"]]
    if found["electronvolt"]:
        return rf"{found['electronvolt']}$_\mathrm{{{found['index']}}}$"
    if found["base"]:
        return f"{found['base']}$^{_group(found['power'])}$"
    factor = "" if float(found["mantissa"]) == 1.0 else rf"{found['mantissa']} \times "
    return f"${factor}10^{_group(str(int(found['exponent'])))}$"


def _group(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"
