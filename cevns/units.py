"""Units as figures show them: texts and tables have them in plain letters, axes and legends typeset."""

from __future__ import annotations

import re

__all__ = ["axis_label", "plain", "symbol", "typeset"]

_NAMES = {"mu_B": r"$\mu_B$", "mu_N": r"$\mu_N$", "e": "$e$", "us": r"$\mu$s"}
#: Patterns are compiled when somebody needs them: that takes as long as three modules of the package.
_PARTS = (
    r"(?<![\w.^$\\-])(?:"
    r"(?P<mantissa>\d+(?:\.\d+)?)[eE](?P<exponent>[+-]?\d+)"
    r"|(?P<name>" + "|".join(_NAMES) + ")"
    r"|(?P<electronvolt>[kMGT]?eV)(?P<index>ee|nr)"
    r"|(?P<base>[kMGTcmunpf]?(?:eV|m|g|s|b))\^?(?P<power>-?\d+)"
    r")(?![\w.^$])"
)

_GREEK = "alpha|beta|gamma|delta|epsilon|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|omega"
#: Names that are symbols: a letter, Latin or Greek by its name, with a number or indices.
_SYMBOL = rf"(?:(?P<greek>{_GREEK})|(?P<letter>[A-Za-z]))(?P<number>\d*)(?P<rest>(?:_[A-Za-z0-9]+)*)"


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
    return unit if "$" in unit else re.sub(_PARTS, _part, unit)


def axis_label(text: str, unit: str = "") -> str:
    """Return what stands at an axis: a quantity, with its unit in brackets if it has one.

    Examples
    --------
    >>> axis_label("charge", "PE"), axis_label("charge")
    ('charge [PE]', 'charge')
    """
    return f"{text} [{typeset(unit)}]" if unit else text


def plain(text: str) -> str:
    """Return a text as mathtext that shows it as it is."""
    return text.replace("$", r"\$")


def symbol(name: str) -> str:
    """Return the name of a parameter as it is set in figures: a letter with an index if it is one, words otherwise.

    Examples
    --------
    >>> print(symbol("g_x"), symbol("m2"), symbol("mu_e"), symbol("g_dark"), symbol("my_own"), sep=", ")
    $g_{x}$, $m_{2}$, $\\mu_{e}$, $g_{\\mathrm{dark}}$, my own
    """
    found = re.fullmatch(_SYMBOL, name)
    if not found:
        return name.replace("_", " ")
    letter = rf"\{found['greek']}" if found["greek"] else found["letter"]
    index = [part for part in (found["number"], *(found["rest"] or "").split("_")) if part]
    parts = [part if len(part) == 1 or part.isdigit() else rf"\mathrm{{{part}}}" for part in index]
    return f"${letter}_{{{','.join(parts)}}}$" if parts else f"${letter}$"


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
