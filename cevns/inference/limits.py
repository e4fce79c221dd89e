"""Exact excluded intervals of the coupling, by root finding at each mass."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns._engine import crossings_limit
from cevns.arrays import ByValue, span
from cevns.errors import ConvergenceError, InputError
from cevns.inference.fits import SEARCH_POINTS, BestFit, best_fit
from cevns.inference.levels import default_dof, delta_chi2
from cevns.models import get_model
from cevns.models.vector import broadcast_shape
from cevns.pictures import Pictured
from cevns.threads import checked, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns._types import Array, ArrayLike, Model, Path
    from cevns.likelihoods import Likelihood

__all__ = ["Limit", "limit"]


@dataclass(frozen=True, eq=False)
class Limit(ByValue, Pictured):
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
    def lowest(self) -> Array:
        """Lowest excluded coupling at each mass, shape (m,); infinite where nothing is excluded.

        It is 0 where the standard model is excluded; see `excludes_standard_model`. For a contact interaction, whose
        coupling has two signs, it is the lowest positive one: negative ones may be excluded nearer to 0, and `excluded`
        holds both.
        """
        return np.array([min((low for low, high in i if high > 0), default=np.inf) for i in self.excluded])

    @property
    def excludes_standard_model(self) -> bool:
        """Whether coupling 0, and with it the standard model, is among what is excluded.

        Its chi2 is the same for all masses. It lies above the level if another point describes the data so much better:
        `best_fit` says which. Check the data then, or count from the standard model with
        ``reference=likelihood.chi2("sm")``.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020")
        >>> argon.limit("universal", mass=10.0).excludes_standard_model
        False
        >>> many = argon.replace(observed=[3 * count for count in argon.observed])
        >>> many.limit("universal", mass=10.0).excludes_standard_model
        True
        """
        return any(self._holds_zero(intervals) for intervals in self.excluded)

    def _holds_zero(self, intervals):
        # the couplings of a mediator begin at 0, which is then no end of what is excluded
        return any(low < 0 < high or (low == 0 and self.mass is not None) for low, high in intervals)

    def excludes(self, mass: ArrayLike | None, coupling: ArrayLike) -> Any:
        """Return whether points are excluded, with the arguments of `Bound.excludes` of the published limits.

        Parameters
        ----------
        mass : array_like or None
            Masses [MeV] at which the limit was computed, to a relative 1e-9; None for models without one.
        coupling : array_like
            Couplings; they broadcast with `mass`. The ends of an excluded interval are allowed, except 0 for a
            mediator, where couplings begin.

        Returns
        -------
        ndarray of bool, or bool

        Raises
        ------
        InputError
            If a mass is not among those that were computed: nothing is interpolated, since intervals come and go from
            one mass to the next. Or if `mass` and `coupling` do not broadcast.

        Examples
        --------
        >>> import cevns
        >>> curve = cevns.load("coherent-argon-2020").limit("universal", mass=[10.0, 300.0])
        >>> curve.excludes([10.0, 300.0], 1e-4)
        array([ True, False])
        """
        coupling = checks.floats("coupling", coupling)
        if np.isnan(coupling).any():
            raise InputError("coupling contains nan")
        index = self._index(mass)
        broadcast_shape(index, coupling)
        index, coupling = np.broadcast_arrays(index, coupling)
        out = np.zeros(index.shape, dtype=bool)
        for i in set(index.flat):
            low, high = self.excluded[i].T
            here = index == i
            out[here] = ((low < coupling[here, None]) & (coupling[here, None] < high)).any(axis=1)
            if self._holds_zero(self.excluded[i]):
                out[here] |= coupling[here] == 0
        return out if out.ndim else bool(out)

    def _index(self, mass):
        """Return where masses stand among those of the limit."""
        if self.mass is None:
            if mass is not None:
                raise InputError(f"mass is given, but model {checks.shown(self.model)} has no mediator: give None")
            return np.array(0)
        if mass is None:
            raise InputError(f"mass is missing: model {checks.shown(self.model)} has a mediator, give its mass in MeV")
        wanted = checks.array("mass", mass, unit="MeV", low=0)
        nearest = np.abs(self.mass - wanted[..., None]).argmin(axis=-1)
        missed = np.abs(self.mass[nearest] - wanted) > 1e-9 * wanted
        if missed.any():
            first, close = wanted[missed].flat[0], self.mass[nearest][missed].flat[0]
            raise InputError(
                f"mass = {first:g} MeV is not among the {self.mass.size} masses of the limit, the nearest is "
                f"{float(close)!r}: compute the limit there"
            )
        return nearest

    def ascending(self) -> Limit:
        """Return the limit with its masses in ascending order; itself where they are."""
        if self.mass is None or (np.diff(self.mass) >= 0).all():
            return self
        order = np.argsort(self.mass, kind="stable")
        return dataclasses.replace(self, mass=self.mass[order], excluded=tuple(self.excluded[i] for i in order))

    def save(self, path: Path) -> None:
        """Write the limit to a ``.csv`` file, which `load` and ``cevns plot`` read, by ascending mass.

        A line for each excluded interval: mass [MeV], and where the interval begins and ends; the last two are empty
        for a mass at which nothing is excluded.

        Raises
        ------
        InputError
            If the name ends otherwise, or a mass comes more than once.
        DataError
            If the file cannot be written.
        """
        from cevns.inference.files import save_limit

        save_limit(self, path)

    @classmethod
    def load(cls, path: Path) -> Limit:
        """Read a limit that `save` wrote.

        Raises
        ------
        DataError
            If the file cannot be read, is not such a limit or contradicts itself: level and degrees of freedom, model
            and masses, signs of a mediator's couplings, minimum and best fit.
        """
        from cevns.inference.files import load_limit

        return load_limit(path)

    def __repr__(self):
        masses = "" if self.mass is None else f", {span('mass', self.mass, 'MeV')}"
        warning = ", standard model excluded" if self.excludes_standard_model else ""
        return f"<Limit: {self._title()}{masses}{warning}>"

    def _title(self):
        return f"{self.model}, {' + '.join(self.experiments)}, {self.cl:.4g} C.L. for {self.dof} d.o.f."

    def _repr_html_(self):
        from cevns.tabular import html

        rows = [
            (mass, ", ".join(f"({low:.4g}, {high:.4g})" for low, high in intervals) or "none")
            for mass, intervals in zip([None] if self.mass is None else self.mass, self.excluded, strict=True)
        ]
        caption = self._title() + ("; the standard model is excluded" if self.excludes_standard_model else "")
        return html(("mass [MeV]", "excluded couplings"), rows, caption)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the excluded region; see `cevns.plotting.plot_limit`."""
        from cevns.plotting import plot_limit

        return plot_limit(self, ax=ax, **options)


def limit(
    likelihood: Likelihood,
    model: Model,
    mass: ArrayLike | None = None,
    *,
    cl: float = 0.90,
    dof: int | None = None,
    reference: BestFit | float | None = None,
    mass_range: tuple[float, float] | None = None,
    num_threads: int = 1,
) -> Limit:
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
        Degrees of freedom of the level; those of `default_dof` unless given: 2 for a mediator, 1 for a contact
        interaction.
    reference : BestFit or float, optional
        Minimum from which delta chi2 counts; the best fit over `mass_range` and all couplings unless given. For the
        standard model, the number ``likelihood.chi2("sm")``.
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
        If a parameter is out of range, or the model has no coupling, or one is given that nothing depends on: a mass
        for a model without one, a range of masses beside a reference.
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
    dof = default_dof(model) if dof is None else dof
    above_minimum, dof = delta_chi2(cl, dof), int(dof)
    num_threads = checked(num_threads)
    if not model.interacting:
        raise InputError(f"model {checks.shown(model.name)} has no coupling to limit")
    if mass is not None and not model.has_mass:
        raise InputError(f"mass is given, but model {checks.shown(model.name)} has no mediator: leave it out")
    if mass_range is not None and reference is not None:
        raise InputError("mass_range is given, but so is the reference that it would be searched for: leave one out")
    masses = model.check_mass(mass, likelihood.smallest_mass) if model.has_mass else 1.0
    masses = np.atleast_1d(np.asarray(masses, dtype=float))
    if masses.ndim != 1:
        raise InputError(f"mass must be one number or a one-dimensional array, got shape {masses.shape}")
    if not masses.size:
        raise InputError("mass is empty: give at least one mediator mass in MeV")
    if reference is None:
        reference = best_fit(likelihood, model, mass_range=mass_range, num_threads=num_threads)
    elif not isinstance(reference, BestFit):
        if isinstance(reference, str):
            raise InputError(
                f"reference must be a chi2 or a BestFit, got {reference!r}; give a number, for the standard model "
                'likelihood.chi2("sm")'
            )
        reference = BestFit(checks.real("reference", reference), None, np.nan)
    else:
        _check_reference(reference, model)
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


def _check_reference(fit, model):
    """Refuse a best fit of what cannot be this model; its chi2 alone would do."""
    checks.real("chi2 of the reference", fit.chi2)
    remedy = "give its chi2 alone, reference=fit.chi2"
    if fit.mass is None and model.has_mass and not np.isnan(fit.coupling):
        raise InputError(
            f"reference has a coupling without a mass, but model {checks.shown(model.name)} has a mediator: {remedy}"
        )
    if fit.mass is not None and not model.has_mass:
        raise InputError(f"reference has a mass, but model {checks.shown(model.name)} has no mediator: {remedy}")
    if model.mediated and fit.coupling < 0:
        raise InputError(
            f"reference has the coupling {fit.coupling:g}, but that of model {checks.shown(model.name)}, a mediator's, "
            f"is not negative: {remedy}"
        )
