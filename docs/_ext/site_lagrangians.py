"""Lagrangians in plain letters, as interactions say them, as formulas."""

import re

#: Words of plain letters and what they are in LaTeX; indices follow in the same way.
_WORDS = {
    "h.c.": r"\text{h.c.}",
    "nubar": r"\bar\nu",
    "fbar": r"\bar f",
    "qbar": r"\bar q",
    "Nbar": r"\bar N",
    "nu": r"\nu",
    "mu": r"\mu",
    "tau": r"\tau",
    "phi": r"\phi",
    "eps": r"\varepsilon",
    "gamma": r"\gamma",
    "gamma5": r"\gamma_5",
    "sigma": r"\sigma",
    "sum": r"\sum",
    "sqrt2": r"\sqrt 2",
    "d": r"\partial",
    "<r^2>": r"\langle r^2\rangle",
    **{name: name for name in ("A", "F", "G", "N", "P", "Q", "Z'", "a", "b", "e", "f", "g", "l", "q", "u")},
}
#: Letters of Lorentz indices, which others do not share.
_LORENTZ = {"m": r"\mu", "n": r"\nu", "mn": r"\mu\nu", "nm": r"\nu\mu"}
#: Symbols whose indices are Lorentz indices.
_TENSORS = ("A", "F", "Z'", "d", "gamma", "sigma")
_TOKEN = re.compile(r"h\.c\.|<r\^2>|[A-Za-z]+\d*'?|\d+|[-+=/(),]")
_INDEX = re.compile(r"([_^])([A-Za-z,]+?)(?=[_^\s()]|,?\s|$)")


def formulas(lagrangian):
    """Return the paragraphs of a Lagrangian in Markdown: the formula, and the charges and words behind it."""
    whole, _, charges = lagrangian.removeprefix("L = ").partition(", Q = ")
    parts = [f"$$\n\\mathcal{{L}} = {latex(whole)}\n$$"]
    if charges:
        charges, _, words = charges.partition(", mixed ")
        spaced = latex(charges).replace(" (", r" \;(")
        parts.append(f"with $Q = {spaced}${', mixed ' + words if words else ''}.")
    return "\n\n".join(parts)


def latex(plain):
    """Return a formula of plain letters in LaTeX, and refuse a word that has no entry."""
    out, place = [], 0
    while place < len(plain):
        if plain[place] == " ":
            place += 1
            continue
        found = _TOKEN.match(plain, place)
        if not found:
            raise ValueError(f"no formula of {plain[place:]!r}")
        word, place = found[0], found.end()
        below, above = [], []
        while index := _INDEX.match(plain, place):
            place = index.end()
            (below if index[1] == "_" else above).append(_index(word, index[2]))
        if len(below) == 2:
            # as of epsilon, whose fermion stands above its flavours
            above.insert(0, below.pop(0))
        out.append(_symbol(word, bool(above)) + _scripts("_", below) + _scripts("^", above))
    return " ".join(out)


def _symbol(word, raised):
    """Return a word in LaTeX; a d is a derivative if it has an index, and else a quark."""
    if word == "d" and not raised:
        return "d"
    return _WORDS[word] if word[0].isalpha() or word[0] == "<" else word


def _index(word, text):
    if word in _TENSORS and text in _LORENTZ:
        return _LORENTZ[text]
    return ", ".join(_WORDS.get(name, name) for name in text.split(","))


def _scripts(mark, indices):
    return f"{mark}{{{' '.join(indices)}}}" if indices else ""
