"""References as BibTeX: by their numbers, under which services such as INSPIRE give authors and journals."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["bibtex"]

_ARXIV = re.compile(r"(?:arXiv:)?(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)")
_DOI = re.compile(r"(?:doi:|https?://(?:dx\.)?doi\.org/)(10\.\d{4,9}/[^\s{}]+)")
#: What TeX reads as commands, or BibTeX as ends of a field.
_SPECIAL = {
    **{letter: rf"\{letter}" for letter in "&%$#_"},
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def bibtex(references: Iterable[Mapping[str, Any]]) -> str:
    """Return entries, cevns itself first.

    Parameters
    ----------
    references : iterable of mapping
        As ``cevns cite --json`` prints them, without that of cevns.

    Examples
    --------
    >>> print(bibtex([{"reference": "arXiv:2008.05022", "for": "the analysis"}]).partition("\\n\\n")[2])
    @misc{arXiv:2008.05022,
      eprint = {2008.05022},
      archivePrefix = {arXiv},
      url = {https://arxiv.org/abs/2008.05022},
      note = {the analysis}
    }
    """
    from cevns import __version__

    own = {
        "author": "{cevns developers}",
        "title": "{cevns: coherent elastic neutrino-nucleus scattering}",
        "howpublished": "Python package",
        "note": f"version {__version__}",
    }
    entries, keys = [_entry("cevns", own)], {"cevns"}
    for reference in references:
        key = re.sub(r"[^A-Za-z0-9.:-]+", "-", reference["reference"]).strip("-")[:60] or "reference"
        while key.lower() in keys:
            key += "+"
        keys.add(key.lower())
        entries.append(_entry(key, _fields(reference["reference"], reference["for"])))
    return "\n\n".join(entries)


def _fields(reference: str, purpose: str) -> dict[str, str]:
    note = {"note": _plain(purpose)} if purpose else {}
    if found := _ARXIV.fullmatch(reference):
        return {"eprint": found[1], "archivePrefix": "arXiv", "url": f"https://arxiv.org/abs/{found[1]}", **note}
    if found := _DOI.fullmatch(reference):
        return {"doi": found[1], "url": f"https://doi.org/{found[1]}", **note}
    # a reference of one's own, in whatever words
    return {"title": f"{{{_plain(reference)}}}", **note}


def _plain(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in " ".join(text.split()))


def _entry(key: str, fields: Mapping[str, str]) -> str:
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{key},\n{lines}\n}}"
