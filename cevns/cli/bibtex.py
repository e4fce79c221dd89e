"""References as BibTeX: with authors and titles where these are known, and by their numbers."""

from __future__ import annotations

import re

from cevns.cli.papers import ARXIV, DOI, PAPERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["bibtex"]

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
    >>> print(bibtex([{"reference": "arXiv:1106.0687", "for": "spectra"}]).partition("\\n\\n")[2])
    @article{arXiv:1106.0687,
      author = {Huber, Patrick},
      title = {{On the determination of anti-neutrino spectra from nuclear reactors}},
      year = {2011},
      journal = {Phys. Rev. C},
      volume = {84},
      pages = {024617},
      eprint = {1106.0687},
      archivePrefix = {arXiv},
      url = {https://arxiv.org/abs/1106.0687},
      note = {spectra}
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
    known = PAPERS[reference].fields() if reference in PAPERS else {}
    note = {"note": _plain(purpose)} if purpose else {}
    if found := ARXIV.fullmatch(reference):
        number = {"eprint": found[1], "archivePrefix": "arXiv", "url": f"https://arxiv.org/abs/{found[1]}"}
    elif found := DOI.fullmatch(reference):
        number = {"doi": found[1], "url": f"https://doi.org/{found[1]}"}
    else:
        # a reference of one's own, in whatever words
        number = {"title": f"{{{_plain(reference)}}}"}
    return {**known, **number, **note}


def _plain(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in " ".join(text.split()))


def _entry(key: str, fields: Mapping[str, str]) -> str:
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    kind = "article" if "journal" in fields else "misc"
    return f"@{kind}{{{key},\n{lines}\n}}"
