"""COHERENT argon (CENNS-10), analysis A of the release arXiv:2006.12659, in energy, F90 and arrival time.

Twelve bins of 10 keVee from 0 to 120, eight of F90 and ten of time. The release's own prediction is the signal of the
standard model; another interaction multiplies it in each bin of energy by the ratio of its counts and the standard
model's of `cevns.experiments.coherent_argon_2020`, while shares of F90 and time stay.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cevns import checks
from cevns.binning import Axis
from cevns.detectors import Distribution
from cevns.experiments import coherent_argon_2020, spallation
from cevns.experiments.coherent_argon_2020_3d import release
from cevns.experiments.experiment import Experiment
from cevns.likelihoods import Background, Deformation, Nuisance
from cevns.predictions import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, ArrayLike, Values
    from cevns.detectors import Quenching
    from cevns.nuclei.form_factors import FormFactor

__all__ = ["OPTIONS", "load", "with_excursion"]

OPTIONS = ("quenching", "form_factor", "shapes")

#: What is left of the 13.4 % of the signal beside the flux's.
SIGNAL_SIGMA = 0.0892
#: Relative uncertainties of the backgrounds.
SIGMAS = {"PBRN": 160 / 497, "LBRN": 1.0, "SS": 25 / 3154}
#: Least expectation: some bins of the templates are empty.
FLOOR = 1e-6


def load(
    *,
    quenching: Quenching | Mapping[str, Quenching] | str = "release",
    form_factor: FormFactor | str = "helm",
    shapes: Sequence[str] = (),
) -> Experiment:
    """Return the argon experiment in three dimensions.

    Parameters
    ----------
    quenching, form_factor
        As of `cevns.experiments.coherent_argon_2020.load`.
    shapes : sequence of str
        Released excursions that are nuisances: ``"F90"``, ``"signal-time"``, ``"PBRN-energy"``, ``"PBRN-time"`` and
        ``"PBRN-width"``; the published fit has none. Templates follow them linearly.

    Returns
    -------
    Experiment
        Poisson counts in 12 bins of energy [keVee], 8 of F90 and 10 of time [us]; ``sns-flux`` is a nuisance that other
        experiments at the source share.

    Raises
    ------
    UnknownNameError
        If the quenching, the form factor or a shape is not known.
    InputError
        If shapes are no sequence of names, or one comes twice.

    Examples
    --------
    >>> argon = load(shapes=["F90"])
    >>> argon.signal.binning.shape, sum(argon.observed), round(float(argon.predict("sm").signal.sum()))
    ((12, 8, 10), 3752.0, 128)
    """
    plain = coherent_argon_2020.load(quenching=quenching, form_factor=form_factor)
    counts, template = plain.signal.counts("sm"), release.template("signal")
    chosen = checks.sequence("shapes", shapes, str)
    return Experiment(
        name="coherent-argon-2020-3d",
        flux=plain.flux,
        target=plain.target,
        response=plain.response,
        observed=release.observed(),
        signal_sigma=SIGNAL_SIGMA,
        backgrounds=[Background(name, release.template(name).ravel(), sigma) for name, sigma in SIGMAS.items()],
        form_factor=form_factor,
        label="Ar",
        description="COHERENT CENNS-10 liquid argon, 24 kg, analysis A, in energy, F90 and time",
        references=("arXiv:2003.10630", "arXiv:2006.12659"),
        nuisances=[Nuisance("sns-flux", spallation.FLUX_SIGMA)],
        distribution=_shares(template, counts),
        shapes=[_deformation(checks.known("shape", name, release.EXCURSIONS), counts) for name in chosen],
        floor=FLOOR,
    )


def with_excursion(argon: Experiment, name: str, which: int = 0) -> Experiment:
    """Return the experiment with a template as an excursion has it, in the place of the nominal one.

    Parameters
    ----------
    argon : Experiment
        As `load` returns it.
    name : str
        As in `load`.
    which : int
        0 for the first of the excursion's files, at +1 sigma where there are two, and 1 for the second.

    Raises
    ------
    UnknownNameError
        If the excursion is not known.
    InputError
        If it has no such file.

    Examples
    --------
    >>> wide = with_excursion(load(), "PBRN-width")
    >>> round(sum(wide.backgrounds[0].counts))
    497
    """
    of, *files = release.EXCURSIONS[checks.known("excursion", name, release.EXCURSIONS)]
    table = release.excursions(name)[checks.whole("which", which, high=len(files) - 1)]
    if of == "signal":
        plain = Signal(argon.flux, argon.target, argon.response, argon.form_factor)
        return argon.replace(distribution=_shares(table, plain.counts("sm")))
    changed = [dataclasses.replace(b, counts=table.ravel()) if b.name == of else b for b in argon.backgrounds]
    return argon.replace(backgrounds=changed)


def _shares(table: Array, counts: ArrayLike) -> Distribution:
    """Return a template of the signal as shares of F90 and time of its counts by energy."""
    return Distribution.of_template([Axis("F90", release.F90), Axis("time", release.TIME, "us")], table, counts)


def _deformation(name: str, counts: ArrayLike) -> Deformation:
    """Return an excursion as a nuisance of the templates, or of the signal's shares."""
    of = release.EXCURSIONS[name][0]
    tables: Sequence[Values] = release.excursions(name)
    if of == "signal":
        tables = tuple(_shares(table, counts).shares for table in tables)
    return Deformation(f"argon {name}", of, *tables)
