"""XENONnT: neutrinos of the Sun's 8B scattering on xenon, the release DOI 10.5281/zenodo.20576156."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.binning import Axis, Binning
from cevns.detectors import TemplateResponse
from cevns.errors import InputError
from cevns.experiments.experiment import Experiment
from cevns.experiments.xenonnt_8b_2026 import release
from cevns.fluxes import solar_neutrinos
from cevns.likelihoods import Background, Nuisance
from cevns.nuclei import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array
    from cevns.nuclei.form_factors import FormFactor

__all__ = ["OPTIONS", "load"]

OPTIONS = ("form_factor", "runs")

#: Relative uncertainty of accidental coincidences of each run, and of the signal's yields.
ACCIDENTAL_SIGMA = {"sr0": 0.09, "sr1": 0.058, "sr2": 0.05}
YIELD_SIGMA = 0.35
#: Days of a year, in which exposures are.
YEAR = 365.25
#: Least expectation of a bin.
FLOOR = 1e-6
#: What is observed of an event, and its bins where each run has edges of its own.
OBSERVABLES = {
    "cs2": "cS2",
    "s2_shadow_s2_time_shadow_quantile": "shadow quantile",
    "s1_bdt_score": "S1 score",
    "s2_bdt_score": "S2 score",
}
THIRDS = ("low", "middle", "high")


def load(*, form_factor: FormFactor | str = "helm", runs: Sequence[str] = ("sr0", "sr1")) -> Experiment:
    """Return the xenon experiment.

    Parameters
    ----------
    form_factor : str or FormFactor
        Nuclear form factor.
    runs : sequence of str
        ``"sr0"``, ``"sr1"`` and ``"sr2"``, or some of them.

    Returns
    -------
    Experiment
        Its bins are those of one run after the other, three of each of four observables. Where their edges differ
        between runs they are but counted; see `cevns.experiments.xenonnt_8b_2026.release.edges`.

    Raises
    ------
    UnknownNameError
        If the form factor or a run is not known.
    InputError
        If there is no run, or one comes twice.

    Examples
    --------
    >>> xenon = load(runs=["sr0"])
    >>> xenon.signal.binning.shape, sum(xenon.observed)
    ((1, 3, 3, 3, 3), 9.0)
    """
    names = checks.sequence("runs", runs, str)
    if not names or len(set(names)) < len(names):
        raise InputError(f"runs must be different ones of {', '.join(release.RUNS)}, at least one")
    found = [release.run(checks.known("run", name, release.RUNS)) for name in names]
    exposure = sum(run.exposure for run in found)
    bins = [run.observed.size for run in found]
    runs_of = Axis("run", range(len(names) + 1), names=[name.upper() for name in names])
    axes = Binning([runs_of, *_observables(names)])
    templates = np.concatenate([run.response * (run.exposure / exposure) for run in found]).T

    def beside(kind: str, which: int | None = None) -> Array:
        parts = [
            getattr(run, kind) if which in (None, i) else np.zeros(n)
            for i, (run, n) in enumerate(zip(found, bins, strict=True))
        ]
        return np.concatenate(parts)

    return Experiment(
        name="xenonnt-8b-2026",
        flux=solar_neutrinos("8B", exposure=YEAR * exposure),
        target=Target.of("Xe", mass=1000.0),
        response=TemplateResponse(found[0].energies, templates, axes, beyond="zero"),
        observed=beside("observed"),
        backgrounds=[
            *(Background(f"AC {n}", beside("accidental", i), ACCIDENTAL_SIGMA[n]) for i, n in enumerate(names)),
            Background("ER", beside("electronic"), 0.0),
            Background("neutrons", beside("neutron"), 0.0),
        ],
        form_factor=form_factor,
        label="Xe",
        description=f"XENONnT {' + '.join(name.upper() for name in names)}, 8B neutrinos, {exposure:.3g} t yr",
        references=("doi:10.5281/zenodo.20576156",),
        nuisances=[Nuisance("xenon yields", YIELD_SIGMA)],
        floor=FLOOR,
    )


def _observables(runs: Sequence[str]) -> list[Axis]:
    """Return the axes of what is observed of an event, in the order of the bins."""
    found = []
    for observable, edges in release.edges(runs[0]).items():
        if all(np.array_equal(edges, release.edges(run)[observable]) for run in runs[1:]):
            found.append(Axis(OBSERVABLES[observable], edges))
        else:
            found.append(Axis(OBSERVABLES[observable], range(edges.size), names=THIRDS))
    return found
