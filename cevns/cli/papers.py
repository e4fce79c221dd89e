"""The references of what is built in: what each gives, and what an entry for BibTeX says of it."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["ARXIV", "DOI", "PAPERS", "Paper", "known_numbers"]

#: How numbers of papers are written.
ARXIV = re.compile(r"(?:arXiv:)?(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)")
DOI = re.compile(r"(?:doi:|https?://(?:dx\.)?doi\.org/)(10\.\d{4,9}/[^\s{}]+)")

_COHERENT = "{COHERENT Collaboration}"


class Paper(NamedTuple):
    """What is known of a reference; of one that no journal has, the fields of a journal are empty."""

    purpose: str
    author: str
    title: str
    year: int
    journal: str = ""
    volume: str = ""
    pages: str = ""

    def fields(self) -> dict[str, str]:
        """Return the fields of an entry, for BibTeX."""
        found = self._asdict() | {"title": f"{{{self.title}}}", "year": str(self.year)}
        return {name: value for name, value in found.items() if value and name != "purpose"}


PAPERS = {
    "arXiv:1708.01294": Paper(
        "first observation of CEvNS: the CsI measurement",
        _COHERENT,
        "Observation of Coherent Elastic Neutrino-Nucleus Scattering",
        *(2017, "Science", "357", "1123--1126"),
    ),
    "arXiv:1804.09459": Paper(
        "data release of the CsI measurement",
        _COHERENT,
        "COHERENT Collaboration data release from the first observation of coherent elastic neutrino-nucleus "
        "scattering",
        2018,
    ),
    "arXiv:1907.04828": Paper(
        "quenching factor of CsI (Chicago-3)",
        "Collar, J. I. and Kavner, A. R. L. and Lewis, C. M.",
        "Response of CsI[Na] to Nuclear Recoils: Impact on Coherent Elastic Neutrino-Nucleus Scattering (CEvNS)",
        *(2019, "Phys. Rev. D", "100", "033003"),
    ),
    "arXiv:2003.10630": Paper(
        "first detection of CEvNS on argon",
        _COHERENT,
        "First Measurement of Coherent Elastic Neutrino-Nucleus Scattering on Argon",
        *(2021, "Phys. Rev. Lett.", "126", "012002"),
    ),
    "arXiv:2006.12659": Paper(
        "data release of the argon measurement",
        _COHERENT,
        "COHERENT Collaboration data release from the first detection of coherent elastic neutrino-nucleus scattering "
        "on argon",
        2020,
    ),
    "arXiv:1802.05171": Paper(
        "light scalars in CEvNS",
        "Farzan, Yasaman and Lindner, Manfred and Rodejohann, Werner and Xu, Xun-Jie",
        "Probing neutrino coupling to a light scalar with coherent neutrino scattering",
        *(2018, "JHEP", "05", "066"),
    ),
    "arXiv:1803.03262": Paper(
        "dipole portals",
        "Magill, Gabriel and Plestid, Ryan and Pospelov, Maxim and Tsai, Yu-Dai",
        "Dipole Portal to Heavy Neutral Leptons",
        *(2018, "Phys. Rev. D", "98", "115015"),
    ),
    "arXiv:2005.01645": Paper(
        "electromagnetic properties of neutrinos, R_n and the weak mixing angle from CsI and argon",
        "Cadeddu, M. and Dordei, F. and Giunti, C. and Li, Y. F. and Picciau, E. and Zhang, Y. Y.",
        "Physics results from the first COHERENT observation of coherent elastic neutrino-nucleus scattering in argon "
        "and their combination with cesium-iodide data",
        *(2020, "Phys. Rev. D", "102", "015030"),
    ),
    "arXiv:2202.11002": Paper(
        "mediators without anomalies, loops with the right sign",
        "Atzori Corona, M. and Cadeddu, M. and Cargioli, N. and Dordei, F. and Giunti, C. and Li, Y. F. and "
        "Picciau, E. and Ternes, C. A. and Zhang, Y. Y.",
        r"Probing light mediators and $(g-2)_{\mu}$ through detection of coherent elastic neutrino nucleus scattering "
        "at COHERENT",
        *(2022, "JHEP", "05", "109"),
    ),
    "arXiv:2008.05022": Paper(
        "the analysis: couplings, chi2, light-mediator models",
        "Cadeddu, M. and Cargioli, N. and Dordei, F. and Giunti, C. and Li, Y. F. and Picciau, E. and Zhang, Y. Y.",
        "Constraints on light vector mediators through coherent elastic neutrino nucleus scattering data from COHERENT",
        *(2021, "JHEP", "01", "116"),
    ),
    "arXiv:2110.07730": Paper(
        "CsI measurement of the full exposure, with its data release",
        _COHERENT,
        "Measurement of the Coherent Elastic Neutrino-Nucleus Scattering Cross Section on CsI by COHERENT",
        *(2022, "Phys. Rev. Lett.", "129", "081801"),
    ),
    "arXiv:2406.13806": Paper(
        "first detection of CEvNS on germanium",
        _COHERENT,
        "First detection of coherent elastic neutrino-nucleus scattering on germanium",
        2024,
    ),
    "doi:10.5281/zenodo.20576156": Paper(
        "data release of solar 8B neutrinos in XENONnT",
        "{XENON Collaboration}",
        "XENONnT data release on solar boron-8 neutrinos",
        2026,
    ),
    "arXiv:1106.0687": Paper(
        "antineutrino spectra of U-235, Pu-239 and Pu-241",
        "Huber, Patrick",
        "On the determination of anti-neutrino spectra from nuclear reactors",
        *(2011, "Phys. Rev. C", "84", "024617"),
    ),
    "arXiv:1101.2663": Paper(
        "antineutrino spectrum of U-238",
        "Mueller, Th. A. and others",
        "Improved Predictions of Reactor Antineutrino Spectra",
        *(2011, "Phys. Rev. C", "83", "054615"),
    ),
    "arXiv:1109.0763": Paper(
        "total flux of solar 8B neutrinos",
        "{SNO Collaboration}",
        "Combined Analysis of all Three Phases of Solar Neutrino Data from the Sudbury Neutrino Observatory",
        *(2013, "Phys. Rev. C", "88", "025501"),
    ),
    "arXiv:1611.09867": Paper(
        "solar model B16-GS98",
        "Vinyoles, N. and others",
        "A new Generation of Standard Solar Models",
        *(2017, "Astrophys. J.", "835", "202"),
    ),
    "hep-ph/9710491": Paper(
        "spectra of solar neutrinos",
        "Bahcall, John N.",
        "Gallium solar neutrino experiments: Absorption cross sections, neutrino spectra, and predicted event rates",
        *(1997, "Phys. Rev. C", "56", "3391--3409"),
    ),
    "nucl-ex/0406019": Paper(
        "spectrum of solar 8B neutrinos",
        "Winter, W. T. and Freedman, S. J. and Rehm, K. E. and Schiffer, J. P.",
        r"The $^8$B neutrino spectrum",
        *(2006, "Phys. Rev. C", "73", "025503"),
    ),
}


def known_numbers(reference: str) -> list[str]:
    """Return the numbers of the papers that a reference gives, without places in them; other words as they are.

    Examples
    --------
    >>> known_numbers("arXiv:2008.05022, eqs. 3.1 and 3.2; arXiv:2005.01645")
    ['arXiv:2008.05022', 'arXiv:2005.01645']
    >>> known_numbers("A. Author, B. Author, to appear")
    ['A. Author, B. Author, to appear']
    """
    if not reference:
        return []
    heads = [part.partition(", ")[0] for part in reference.split("; ")]
    return heads if all(ARXIV.fullmatch(head) or DOI.fullmatch(head) for head in heads) else [reference]
