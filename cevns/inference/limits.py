"""Exact excluded intervals of the coupling, by root finding at each mass."""

from dataclasses import dataclass

import numpy as np

from cevns import checks
from cevns._engine import crossings_limit
from cevns.errors import ConvergenceError, InputError
from cevns.inference.fits import SEARCH_POINTS, BestFit, best_fit
from cevns.inference.levels import delta_chi2
from cevns.models import get_model
from cevns.pictures import Pictured
from cevns.threads import checked, share

__all__ = ["Limit", "limit"]


@dataclass(frozen=True)
class Limit(Pictured):
    """Excluded intervals of the coupling at each mass.

    Attributes
    ----------
    model : str
        Name of the model.
    experiments, labels : tuple of str
        Names of the experiments, and their names in figures.
    cl : float
        Confidence level.
    dof : int
        Degrees of freedom of the level.
    delta_chi2 : float
        Level above the minimum.
    chi2_min : float
        The chi2 from which it counts.
    best_fit : BestFit
        Where the minimum lies.
    mass : ndarray, shape (m,) or None
        Mediator masses [MeV]; None for models without one.
    excluded : tuple of ndarray, each of shape (k, 2)
        For each mass the excluded intervals of the coupling, ascending and disjoint; infinite where they do not end.
    """

    model: str
    experiments: tuple
    labels: tuple
    cl: float
    dof: int
    delta_chi2: float
    chi2_min: float
    best_fit: BestFit
    mass: np.ndarray | None
    excluded: tuple

    @property
    def lowest(self):
        """Lowest excluded coupling at each mass, shape (m,); infinite where nothing is excluded.

        For a contact interaction, the lowest positive one.
        """
        return np.array([min((low for low, high in i if high > 0), default=np.inf) for i in self.excluded])

    def excludes(self, index, coupling):
        """Whether a coupling is excluded at the mass with this index."""
        return bool(((self.excluded[index][:, 0] < coupling) & (coupling < self.excluded[index][:, 1])).any())

    def plot(self, ax=None, **options):
        """Draw the excluded region; see `cevns.plotting.plot_limit`."""
        from cevns.plotting import plot_limit

        return plot_limit(self, ax=ax, **options)


def limit(likelihood, model, mass=None, *, cl=0.90, dof=None, reference=None, mass_range=None, num_threads=1):
    """Return the exactly excluded intervals of the coupling at each mass.

    Parameters
    ----------
    likelihood : Likelihood
        What excludes.
    model : str or VectorModel
        Interaction.
    mass : array_like, optional
        Mediator masses [MeV]; not needed for models without one.
    cl : float
        Confidence level.
    dof : int, optional
        Degrees of freedom of the level. Unless given: 2 for a mediator, regions in the plane of mass and coupling as in
        arXiv:2008.05022; 1 for a contact interaction, which has the coupling alone.
    reference : BestFit or float, optional
        Minimum from which delta chi2 counts; the best fit over `mass_range` and all couplings unless given.
    mass_range : (float, float), optional
        Lowest and highest mass of that best fit [MeV]; see `best_fit`.
    num_threads : int
        Threads over the masses; the result does not depend on them.

    Returns
    -------
    Limit

    Raises
    ------
    InputError
        If a parameter is out of range, or the model has no coupling.
    ConvergenceError
        If chi2 crosses the level more often than can be true.

    Examples
    --------
    >>> import cevns
    >>> both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
    >>> curve = limit(both, "universal", mass=[10.0, 200.0])
    >>> [len(intervals) for intervals in curve.excluded]  # above 100 MeV a strip is allowed
    [1, 2]
    >>> f"{curve.lowest[0]:.2g}"
    '2.4e-05'
    """
    from cevns.likelihoods import Likelihood

    checks.instance("likelihood", likelihood, Likelihood, "an Experiment has one as .likelihood")
    model = get_model(model)
    dof = (2 if model.has_mass else 1) if dof is None else dof
    above_minimum = delta_chi2(cl, dof)
    num_threads = checked(num_threads)
    if not model.interacting:
        raise InputError(f"model {model.name!r} has no coupling to limit")
    if mass is not None and not model.has_mass:
        raise InputError(f"mass is given, but model {model.name!r} has no mediator: leave it out")
    masses = model.check_mass(mass, likelihood.smallest_mass) if model.has_mass else 1.0
    masses = np.atleast_1d(np.asarray(masses, dtype=float))
    if masses.ndim != 1:
        raise InputError(f"mass must be one number or a one-dimensional array, got shape {masses.shape}")
    if not masses.size:
        raise InputError("mass is empty: give at least one mediator mass in MeV")
    if reference is None:
        reference = best_fit(likelihood, model, mass_range=mass_range, num_threads=num_threads)
    elif not isinstance(reference, BestFit):
        reference = BestFit(checks.real("reference", reference), None, np.nan)
    roots = np.empty((masses.size, crossings_limit()))
    counts, above = np.empty(masses.size, dtype=np.intp), np.empty(masses.size, dtype=np.int8)
    engine, squares, level = likelihood.engine(model), np.square(masses), reference.chi2 + above_minimum
    share(
        lambda part: engine.crossings(squares[part], not model.mediated, level, roots[part], counts[part], above[part]),
        masses.size,
        SEARCH_POINTS * masses.size,
        num_threads,
    )
    if counts.min() < 0:
        where = f" at {masses[counts.argmin()]:g} MeV" if model.has_mass else ""
        raise ConvergenceError(
            f"chi2 crosses the level more than {crossings_limit()} times{where}: its intervals cannot all be returned; "
            "check the uncertainties of the data, or use chi2() on a line of couplings"
        )
    excluded = []
    for found, n, starts_above in zip(roots, counts, above, strict=True):
        ends = np.sqrt(found[:n]) if model.mediated else found[:n]
        start = [0.0 if model.mediated else -np.inf] if starts_above else []
        ends = np.concatenate([start, ends])
        if ends.size % 2:
            ends = np.append(ends, np.inf)
        excluded.append(ends.reshape(-1, 2))
    return Limit(
        model=model.name,
        experiments=tuple(e.name for e in likelihood.experiments),
        labels=tuple(e.label for e in likelihood.experiments),
        cl=float(cl),
        dof=dof,
        delta_chi2=above_minimum,
        chi2_min=reference.chi2,
        best_fit=reference,
        mass=masses if model.has_mass else None,
        excluded=tuple(excluded),
    )
