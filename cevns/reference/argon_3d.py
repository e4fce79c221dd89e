"""Argon in energy, F90 and arrival time, analysis A of the release arXiv:2006.12659: 12 x 8 x 10 bins, and their chi2.

The release's own prediction is the signal of the standard model; another interaction multiplies it, in each of the
twelve bins of energy, by the ratio of the counts of `events_argon`.
"""

from __future__ import annotations

import functools
import importlib.resources
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from cevns.reference.events import events_argon
from cevns.reference.poisson import fit_normalisations, fit_shapes, precision_of

if TYPE_CHECKING:
    from typing import Any

SHAPE = (12, 8, 10)
#: Flux, and what is left of 13.4 %; their shifts add.
SIGNAL_SIGMA = float(np.hypot(0.10, 0.0892))
SIGMAS = {"PBRN": 160 / 497, "LBRN": 1.0, "SS": 25 / 3154}
#: Template that each excursion replaces, and its files at +1 and -1 sigma; one file where the release has one.
EXCURSIONS = {
    "F90": ("signal", "cevnspdf+1sigF90", "cevnspdf-1sigF90"),
    "signal-time": ("signal", "cevnspdfCEvNSTimingMeanSyst"),
    "PBRN-energy": ("PBRN", "brnpdf+1sigEnergy", "brnpdf-1sigEnergy"),
    "PBRN-time": ("PBRN", "brnpdf+1sigBRNTimingMean", "brnpdf-1sigBRNTimingMean"),
    "PBRN-width": ("PBRN", "brnpdfBRNTimingWidthSyst"),
}


@functools.cache
def load_argon_3d(folder: Any = None) -> SimpleNamespace:
    """Counts, the four templates by name, and the excursions, of the total of the template; each of shape (12, 8, 10).

    `folder` is a path object, beside which ``coherent_argon_2020`` lies.

    Examples
    --------
    >>> load_argon_3d().observed.shape
    (12, 8, 10)
    """
    root: Any = importlib.resources.files("cevns") / "experiments"
    folder, shared = (root / "coherent_argon_2020_3d" if folder is None else folder), root / "coherent_argon_2020"

    def table(path: Any) -> Any:
        *axes, counts = np.loadtxt(path).T
        # time runs fastest, then F90
        assert np.array_equal(np.lexsort(axes[::-1]), np.arange(counts.size))
        return counts.reshape(SHAPE)

    templates = {
        "signal": table(shared / "cevnspdf.txt"),
        "PBRN": table(shared / "brnpdf.txt"),
        "LBRN": table(shared / "delbrnpdf.txt"),
        "SS": table(folder / "bkgpdf.txt"),
    }
    excursions = {}
    for name, (of, *files) in EXCURSIONS.items():
        tables = [table(folder / f"{file}.txt") for file in files]
        excursions[name] = [t * templates[of].sum() / t.sum() for t in tables]
    return SimpleNamespace(observed=table(folder / "datanobkgsub.txt"), templates=templates, excursions=excursions)


def signal_ratio(
    model: Any, mass: float = 0.0, coupling: float = 0.0, form_factor: str = "helm", method: str = "fixed"
) -> Any:
    """Counts of a model over those of the standard model in the bins of energy; 1 where the latter has none.

    Arguments as `events_argon`.

    Examples
    --------
    >>> signal_ratio("sm").tolist() == [1.0] * 12
    True
    """
    standard = events_argon("sm", form_factor=form_factor, method=method)
    other = events_argon(model, mass, coupling, form_factor, method)
    return np.divide(other, standard, out=np.ones(len(standard)), where=standard > 0)


def events_argon_3d(
    model: Any, mass: float = 0.0, coupling: float = 0.0, form_factor: str = "helm", method: str = "fixed"
) -> Any:
    """Signal counts in 12 bins of energy, 8 of F90 and 10 of time; arguments as `events_argon`.

    Examples
    --------
    >>> round(float(events_argon_3d("sm").sum()), 1)
    128.0
    """
    ratio = signal_ratio(model, mass, coupling, form_factor, method)
    return ratio[:, None, None] * load_argon_3d().templates["signal"]


def chi2_argon_3d(
    model: Any,
    mass: float = 0.0,
    coupling: float = 0.0,
    form_factor: str = "helm",
    *,
    signal_sigma: float = SIGNAL_SIGMA,
    scale: float = 1.0,
    excursion: tuple[str, int] | None = None,
    morphed: tuple[str, ...] = (),
) -> tuple[float, dict[str, float]]:
    """chi2 of Baker and Cousins, minimised over the normalisations and the shapes that are morphed.

    Parameters
    ----------
    model, mass, coupling, form_factor
        As `events_argon`.
    signal_sigma : float
        Of the signal's normalisation; infinite for a free one.
    scale : float
        Factor on the signal.
    excursion : (str, int), optional
        Name among `EXCURSIONS` and number of its file, which takes the place of the template.
    morphed : tuple of str
        Names among `EXCURSIONS` whose templates follow t + z (t_+ - t_-) / 2, or t + z (t_+ - t) where there is one
        file, zero where that is negative, with a pull of unit width.

    Returns
    -------
    chi2 : float
    pulls : dict
        Relative shifts ``signal``, ``PBRN``, ``LBRN`` and ``SS``, and z by name; ``counts`` is the fitted signal.

    Examples
    --------
    >>> round(chi2_argon_3d("sm", signal_sigma=np.inf)[1]["counts"], 1)
    160.2
    """
    data, ratio = load_argon_3d(), signal_ratio(model, mass, coupling, form_factor)
    nominal = dict(data.templates)
    if excursion is not None:
        name, number = excursion
        nominal[EXCURSIONS[name][0]] = data.excursions[name][number]

    def templates(z: Any) -> Any:
        out = dict(nominal)
        for name, value in zip(morphed, z, strict=True):
            of, tables = EXCURSIONS[name][0], data.excursions[name]
            step = (tables[0] - tables[1]) / 2 if len(tables) == 2 else tables[0] - data.templates[of]
            out[of] = out[of] + value * step
        out["signal"] = scale * ratio[:, None, None] * out["signal"]
        # a straight line through two shapes leaves the positive numbers somewhere
        return np.array([np.maximum(template, 0.0).ravel() for template in out.values()])

    observed, precision = data.observed.ravel(), precision_of([signal_sigma, *SIGMAS.values()])
    if morphed:
        m = len(morphed)
        starts = [np.zeros(m), np.full(m, 0.5), np.full(m, -0.5)]
        chi2, pulls, z = fit_shapes(observed, templates, precision, np.eye(m), [(-3.0, 3.0)] * m, starts)
    else:
        z = np.zeros(0)
        chi2, pulls = fit_normalisations(observed, templates(z), precision)
    counts = float((1 + pulls[0]) * templates(z)[0].sum())
    found = dict(zip(("signal", *SIGMAS), pulls.tolist(), strict=True)) | dict(zip(morphed, z.tolist(), strict=True))
    return chi2, found | {"counts": counts}
