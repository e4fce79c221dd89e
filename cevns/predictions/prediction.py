"""Predicted counts beside the data of an experiment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.arrays import ByValue, span
from cevns.binning import Axis, Binning
from cevns.errors import InputError
from cevns.interactions import VECTOR, Amplitude, get_interaction, monomials
from cevns.interactions.kinematics import ELECTRONS, NUCLEI
from cevns.parameters import needed
from cevns.plotting.pictures import Pictured
from cevns.predictions.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cevns._types import Array, Model
    from cevns.experiments import Experiment
    from cevns.interactions import Interaction
    from cevns.parameters import Parameter
    from cevns.tabular import Table

__all__ = ["Prediction", "nsi_quadratic_form", "predict"]


@dataclass(frozen=True, eq=False)
class _Origin(ByValue):
    """What a prediction was made from, for what is asked of it later."""

    experiment: Experiment
    interaction: Interaction
    eta: float


@dataclass(frozen=True, eq=False)
class Prediction(ByValue, Pictured):
    """Predicted and observed counts of an experiment, in bins of one axis or of several.

    Counts are flat, the last axis fastest; ``found.binning.shaped(found.signal)`` has an array axis for each axis, and
    `projection` adds up all axes but one.

    Attributes
    ----------
    experiment, model : str
        Names.
    values : dict of str to (float or ndarray)
        Parameters as they were given; ``mass`` and ``coupling`` are attributes too, None where there is none.
    axes : tuple of Axis
        Names, units and edges of the bins.
    signal : ndarray, shape (..., bins)
        CEvNS counts; the leading shape is that to which the values broadcast.
    backgrounds : dict of str to ndarray, shape (bins,)
        Other components.
    observed : ndarray, shape (bins,)
        Data.
    uncertainty : ndarray, shape (bins,), or None
        Standard deviations; None for Poisson data.
    electrons : ndarray, shape (..., bins), or None
        Counts of elastic scattering on electrons, None where the experiment leaves it out.
    pulls : dict of str to float, or None
        Shifts of nuisances with which signal and backgrounds are scaled and deformed, see `cevns.likelihoods.Pulls`;
        None for all at their central values.
    label : str
        The model's name in figures.
    parameters : tuple of Parameter
        Those of `values`, with their units and labels.
    expected : bool
        Whether `observed` are no data, but the counts of `Experiment.asimov`.

    Examples
    --------
    >>> import cevns
    >>> found = cevns.load("coherent-argon-2020").predict("sm")
    >>> found.signal.shape, round(float(found.signal.sum()), 1)
    ((12,), 131.4)
    """

    experiment: str
    model: str
    values: dict[str, Any]
    axes: tuple[Axis, ...]
    signal: np.ndarray
    backgrounds: dict[str, np.ndarray]
    observed: np.ndarray
    uncertainty: np.ndarray | None
    electrons: np.ndarray | None = None
    pulls: dict[str, float] | None = None
    _origin: _Origin | None = field(default=None, repr=False)
    label: str = ""
    parameters: tuple[Parameter, ...] = ()
    expected: bool = False

    @property
    def mass(self) -> Any:
        """Mediator mass [MeV] as it was given, or None."""
        return self.values.get("mass")

    @property
    def coupling(self) -> Any:
        """Coupling as it was given, or None."""
        return self.values.get("coupling")

    @property
    def binning(self) -> Binning:
        """All axes together: what has a shape, and brings flat counts into it."""
        return Binning(self.axes)

    @property
    def bin_edges(self) -> Array:
        """Edges of the bins of the only axis, shape (bins + 1,).

        Raises
        ------
        InputError
            If there are several axes.
        """
        return np.array(self._axis.edges)

    @property
    def bin_unit(self) -> str:
        """Unit of `bin_edges`.

        Raises
        ------
        InputError
            If there are several axes.
        """
        return self._axis.unit

    @property
    def _axis(self) -> Axis:
        if len(self.axes) > 1:
            names = ", ".join(axis.name for axis in self.axes)
            raise InputError(
                f"the prediction of {self.experiment} has the axes {names}: take .axes, or those of .projection(...)"
            )
        return self.axes[0]

    @property
    def neutrinos(self) -> Array:
        """Counts of neutrinos on nuclei and electrons, shape (..., bins)."""
        counts: Array = self.signal if self.electrons is None else self.signal + self.electrons
        return counts

    @property
    def total(self) -> Array:
        """Neutrinos and all backgrounds, shape (..., bins)."""
        total: Array = self.neutrinos + sum(self.backgrounds.values(), np.zeros(self.observed.size))
        return total

    @cached_property
    def components(self) -> dict[str, Array]:
        """Counts of `neutrinos` of each component of the flux, shape (..., bins), which add up to them.

        Examples
        --------
        >>> import cevns
        >>> found = cevns.load("coherent-argon-2020").predict("sm").components
        >>> {name: float(counts.sum().round(1)) for name, counts in found.items()}
        {'nu_e': 41.3, 'anti-nu_mu': 60.4, 'prompt nu_mu': 29.7}
        """
        if self._origin is None:
            return {}
        experiment, pulls = self._origin.experiment, self.pulls or {}
        signal, eta = experiment.signal.moved(pulls)
        eta *= self._origin.eta
        found = {}
        for name, (group, part) in signal.components.items():
            counts = part.counts(self._origin.interaction, eta=eta, **self.values)
            found[name] = experiment.statistic.expected_signal({group: counts}, pulls)
        return found

    @property
    def totals(self) -> dict[str, Any]:
        """Counts in all bins: of ``signal``, ``electrons`` if they are counted, each of ``components`` and of
        ``backgrounds``, their ``total``, and ``observed``; floats, or of the shape to which the values broadcast.

        Examples
        --------
        >>> import cevns
        >>> totals = cevns.load("coherent-argon-2020").predict("sm").totals
        >>> round(totals["signal"], 1), round(totals["backgrounds"]["PBRN"], 1), round(totals["total"], 1)
        (131.4, 497.0, 661.4)
        """

        def whole(counts: Array) -> Any:
            found = counts.sum(axis=-1)
            return float(found) if found.ndim == 0 else found

        electrons = {} if self.electrons is None else {"electrons": whole(self.electrons)}
        return {
            "signal": whole(self.signal),
            **electrons,
            "components": {name: whole(counts) for name, counts in self.components.items()},
            "backgrounds": {name: whole(counts) for name, counts in self.backgrounds.items()},
            "total": whole(self.total),
            "observed": whole(self.observed),
        }

    @property
    def rows_of_totals(self) -> list[tuple[str, Any]]:
        """Names and counts of `totals` one by one, for tables."""
        rows: list[tuple[str, Any]] = []
        for name, value in self.totals.items():
            if isinstance(value, dict):
                rows += [(f"of {part}" if name == "components" else part, counts) for part, counts in value.items()]
            else:
                rows.append((name, value))
        return rows

    def projection(self, axis: str | int) -> Prediction:
        """Return the same in the bins of one axis, those of all others added up.

        Parameters
        ----------
        axis : str or int
            Name of the axis, or its number.

        Raises
        ------
        InputError
            If there is no axis of this number.
        UnknownNameError
            If there is no axis of this name.

        Examples
        --------
        >>> import cevns
        >>> argon = cevns.load("coherent-argon-2020-3d").predict("sm")
        >>> argon.projection("F90").signal.shape, argon.binning.shape
        ((8,), (12, 8, 10))
        """
        binning = self.binning

        def of(counts: Array) -> Array:
            return binning.projected(counts, axis)

        out = replace(
            self,
            axes=(self.axes[binning.place(axis)],),
            signal=of(self.signal),
            backgrounds={name: of(counts) for name, counts in self.backgrounds.items()},
            observed=of(self.observed),
            uncertainty=None if self.uncertainty is None else np.sqrt(of(self.uncertainty**2)),
            electrons=None if self.electrons is None else of(self.electrons),
            _origin=None,
        )
        out.__dict__["components"] = {name: of(counts) for name, counts in self.components.items()}
        return out

    def __repr__(self) -> str:
        units = {"mass": "MeV"}
        point = [span(name, value, units.get(name, "")) for name, value in self.values.items()]
        single = self.signal.ndim == 1
        counts = f"signal {self.signal.sum():.4g}" if single else f"signal of shape {self.signal.shape}"
        if self.electrons is not None:
            counts += f", electrons {self.electrons.sum():.4g}" if single else " and electrons"
        fitted = [] if self.pulls is None else ["fitted"]
        return f"<Prediction: {', '.join([self.model, self.experiment, *point, *fitted, str(self.binning), counts])}>"

    def plot(self, ax: Axes | None = None, **options: Any) -> Any:
        """Draw the counts beside the data; options of `cevns.plotting.plot_prediction`."""
        from cevns.predictions.drawing import plot_prediction

        return plot_prediction(self, ax=ax, **options)

    def picture(self) -> Figure:
        """Return the figure that a notebook shows: of several axes, each in a panel of its own."""
        if len(self.axes) == 1:
            return super().picture()
        from cevns.predictions.drawing import picture

        return picture(self)

    def table(self) -> Table:
        """Return counts as a table, by bin or, of several axes, by bin of each; see `Binning.table`.

        Counts of the signal are left out where there are those of several points.
        """
        single = self.signal.ndim == 1
        return self.binning.table(
            ({"signal": self.signal} if single else {})
            | ({"electrons": self.electrons} if single and self.electrons is not None else {})
            | self.backgrounds
            | {"expected (Asimov)" if self.expected else "observed": self.observed}
            | ({} if self.uncertainty is None else {"uncertainty": self.uncertainty})
        )

    def to_hist(self, counts: str = "total") -> Any:
        """Return counts as a histogram of the package hist, over all axes.

        Parameters
        ----------
        counts : str
            ``"total"``, ``"signal"``, ``"observed"``, which has the squares of its uncertainties as variances where
            there are these, or the name of a background.

        Raises
        ------
        UnknownNameError
            If there are no such counts.
        InputError
            If they are those of several points.
        MissingDependencyError
            If hist is not installed.

        Examples
        --------
        >>> import cevns
        >>> found = cevns.load("coherent-argon-2020").predict("sm").to_hist("signal")
        >>> found.axes[0].size, round(found.sum(), 1)
        (12, 131.4)
        """
        from cevns.exchange import counts_histogram

        return counts_histogram(self, counts)

    def to_xarray(self) -> Any:
        """Return the counts in the middles of all bins as an xarray Dataset, those of one point.

        Raises
        ------
        InputError
            If they are those of several points.
        MissingDependencyError
            If xarray is not installed.
        """
        from cevns.exchange import counts_dataset

        return counts_dataset(self)

    def _repr_html_(self) -> str:
        from cevns.tabular import html

        found, single = self.table(), self.signal.ndim == 1
        caption = f"{self.experiment}, {self.model}{', fitted' * (self.pulls is not None)}: counts in bins of "
        caption += " x ".join(axis.label for axis in self.axes) if len(self.axes) > 1 else self.axes[0].unit or "1"
        if not single:
            return html(found.names, found, f"{caption}, signal of shape {self.signal.shape}")
        if len(self.axes) == 1:
            return html(found.names, found, caption)
        return html(("all bins", "counts"), self.rows_of_totals, caption) + html(
            found.names, found, "in the bins of each axis"
        )


def predict(
    experiment: Experiment,
    interaction: Model,
    values: Mapping[str, Any] | None = None,
    *,
    eta: float = 1.0,
    pulls: Mapping[str, float] | None = None,
) -> Prediction:
    """Return the predicted counts of an experiment; `Experiment.predict` calls this.

    Parameters
    ----------
    experiment : Experiment
        What is predicted.
    interaction : str or Interaction
        Interaction.
    values : mapping of str to array_like
        Parameters by name; None stands for one that is not given. ``mass`` and ``coupling`` of an interaction that has
        none may be 0.
    eta : float
        Quenching scale, 0.1 to 10.
    pulls : mapping of str to float, optional
        Shifts of the experiment's nuisances, as of `cevns.likelihoods.Pulls`; those that it does not have are left out.

    Returns
    -------
    Prediction

    Raises
    ------
    InputError
        If `eta` is out of range of the response, or given where its pull is.

    Examples
    --------
    >>> import cevns
    >>> found = predict(cevns.load("coherent-argon-2020"), "b-l", {"mass": 10.0, "coupling": 5e-5})
    >>> round(float(found.signal.sum()), 1)
    229.5
    """
    _check_experiment(experiment)
    interaction = get_interaction(interaction)
    given = needed(values or {}, interaction.own_names, interaction.name)
    signal, statistic = experiment.signal, experiment.statistic
    if pulls is not None:
        if eta != 1:
            raise InputError(f"eta = {eta:g} is given with pulls, which say what the quenching scale is: leave eta out")
        pulls = {name: pull for name, pull in pulls.items() if name in statistic.pull_units}
        signal, scale = signal.moved(pulls)

    def counts(of: Signal) -> Array:
        if pulls is None:
            return of.counts(interaction, eta=eta, **given)
        by_energy = [part.counts(interaction, eta=scale, **given) for part in of.parts]
        return statistic.expected_signal(dict(enumerate(by_energy)), pulls)

    fixed: Any = {b.name: np.array(b.counts) for b in experiment.backgrounds}
    return Prediction(
        experiment=experiment.name,
        model=interaction.name,
        values=given,
        axes=tuple(experiment.signal.binning.axes),
        signal=counts(signal if signal.electrons is None else signal.of(NUCLEI)),
        backgrounds=fixed if pulls is None else statistic.expected_backgrounds(pulls),
        observed=np.array(experiment.observed),
        uncertainty=None if experiment.uncertainty is None else np.array(experiment.uncertainty),
        electrons=None if signal.electrons is None else counts(signal.of(ELECTRONS)),
        label=interaction.label,
        parameters=tuple(p for p in signal.parameters(interaction) if p.name in given),
        expected=getattr(experiment, "expected", False),
        pulls=None if pulls is None else dict(pulls),
        _origin=_Origin(experiment, interaction, eta),
    )


def nsi_quadratic_form(experiment: Experiment) -> tuple[tuple[str, ...], Array]:
    """Return counts as a quadratic form in the contact non-standard interactions of eqs. 3.1 and 3.2.

    Parameters
    ----------
    experiment : Experiment
        What is predicted.

    Returns
    -------
    names : tuple of str
        ``"1"`` and ``"eps_u_e"``, ``"eps_d_e"``, ... for each flavour of the flux: n entries.
    form : ndarray, shape (bins, n, n)
        Symmetric in the last two axes: ``counts[i] = e @ form[i] @ e`` with ``e = (1, eps_u_e, eps_d_e, ...)``.

    Examples
    --------
    >>> import cevns
    >>> names, form = nsi_quadratic_form(cevns.load("coherent-argon-2020"))
    >>> names
    ('1', 'eps_u_e', 'eps_d_e', 'eps_u_mu', 'eps_d_mu')
    >>> float(form[:, 0, 0].sum().round(1))  # the standard model
    131.4
    """
    _check_experiment(experiment)
    signal = experiment.signal
    names = ("1", *(f"eps_{quark}_{f}" for f in signal.flux.flavours for quark in "ud"))
    form = np.moveaxis(signal.joined([_form_by_energy(part, names) for part in signal.parts]), -1, 0)
    if signal.electrons is not None:
        # which know nothing of quarks
        form[:, 0, 0] += signal.of(ELECTRONS).counts("sm")
    return names, form


def _form_by_energy(signal: Signal, names: Sequence[str]) -> Array:
    """Return the quadratic form of counts on nuclei by energy, shape (n, n, energy bins)."""
    fold = signal.folds.at()
    flavours = fold.nodes.flavours
    amplitudes = [get_interaction("sm").weak.amplitudes(f)[0] for f in flavours]
    for flavour in flavours:
        for quark, (proton, neutron) in (("u", (2.0, 1.0)), ("d", (1.0, 2.0))):
            amplitudes.append(Amplitude((flavour, flavour), proton, neutron, ((f"eps_{quark}_{flavour}", 1),)))
    form = np.zeros((len(names), len(names), fold.bins))
    for monomial in monomials(amplitudes, flavours):
        pair = [names.index(name) for name, power in monomial.couplings for _ in range(power)]
        i, j = [0] * (2 - len(pair)) + pair
        counts = monomial.coefficients @ fold.counts(VECTOR)
        form[i, j] += 0.5 * counts
        form[j, i] += 0.5 * counts
    return form


def _check_experiment(experiment: object) -> None:
    if not isinstance(getattr(experiment, "signal", None), Signal):
        raise InputError(
            f"experiment must be an Experiment, got {experiment!r}; take one of the experiments of a joint likelihood, "
            "which are its .experiments"
        )
