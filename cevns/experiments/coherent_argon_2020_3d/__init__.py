"""COHERENT argon (CENNS-10), analysis A of the release arXiv:2006.12659, in energy, F90 and arrival time.

Twelve bins of 10 keVee from 0 to 120, eight of F90 and ten of time. The release's own prediction is the signal of the
standard model; another interaction multiplies it in each bin of energy by the ratio of its counts and the standard
model's of `cevns.experiments.coherent_argon_2020`, while shares of F90 and time stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns import checks
from cevns.binning import Axis
from cevns.detectors import Distribution
from cevns.experiments import coherent_argon_2020, spallation
from cevns.experiments.coherent_argon_2020_3d import release
from cevns.experiments.experiment import Experiment
from cevns.likelihoods import Background, Deformation, Nuisance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import ArrayLike, Values
    from cevns.detectors import Quenching
    from cevns.nuclei.form_factors import FormFactor

__all__ = ["OPTIONS", "load"]

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
    axes = [Axis("F90", release.F90), Axis("time", release.TIME, "us")]
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
        distribution=Distribution.of_template(axes, template, counts),
        shapes=[_deformation(checks.known("shape", name, release.EXCURSIONS), counts) for name in chosen],
        floor=FLOOR,
    )


def _deformation(name: str, counts: ArrayLike) -> Deformation:
    """Return an excursion as a nuisance of the templates, or of the signal's shares."""
    of = release.EXCURSIONS[name][0]
    tables: Sequence[Values] = release.excursions(name)
    if of == "signal":
        axes = [Axis("F90", release.F90), Axis("time", release.TIME, "us")]
        tables = tuple(Distribution.of_template(axes, table, counts).shares for table in tables)
    return Deformation(f"argon {name}", of, *tables)
