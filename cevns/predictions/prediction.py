"""Predicted counts beside the data of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.arrays import ByValue, span
from cevns.errors import InputError
from cevns.interactions import VECTOR, Amplitude, get_interaction, monomials
from cevns.interactions.kinematics import ELECTRONS, NUCLEI
from cevns.parameters import needed
from cevns.plotting.pictures import Pictured
from cevns.predictions.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from cevns._types import Array, Model
    from cevns.experiments import Experiment
    from cevns.parameters import Parameter

__all__ = ["Prediction", "nsi_quadratic_form", "predict"]


@dataclass(frozen=True, eq=False)
class Prediction(ByValue, Pictured):
    """Predicted and observed counts of an experiment.

    Attributes
    ----------
    experiment, model : str
        Names.
    values : dict of str to (float or ndarray)
        Parameters as they were given; ``mass`` and ``coupling`` are attributes too, None where there is none.
    bin_edges : ndarray, shape (bins + 1,)
        Of the observable.
    bin_unit : str
        Unit of `bin_edges`.
    signal : ndarray, shape (..., bins)
        CEvNS counts; the leading shape is that to which the values broadcast.
    electrons : ndarray, shape (..., bins), or None
        Counts of elastic scattering on electrons, None where the experiment leaves it out.
    backgrounds : dict of str to ndarray
        Beam-related backgrounds.
    observed, uncertainty : ndarray, shape (bins,)
        Data and standard deviations.
    label : str
        The model's name in figures.
    parameters : tuple of Parameter
        Those of `values`, with their units and labels.
    expected : bool
        Whether `observed` are no data, but the counts of `Experiment.asimov`.
    """

    experiment: str
    model: str
    values: dict[str, Any]
    bin_edges: np.ndarray
    bin_unit: str
    signal: np.ndarray
    backgrounds: dict[str, np.ndarray]
    observed: np.ndarray
    uncertainty: np.ndarray
    electrons: np.ndarray | None = None
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
    def neutrinos(self) -> Array:
        """Counts of neutrinos on nuclei and electrons, shape (..., bins)."""
        counts: Array = self.signal if self.electrons is None else self.signal + self.electrons
        return counts

    @property
    def total(self) -> Array:
        """Neutrinos and all backgrounds, shape (..., bins)."""
        total: Array = self.neutrinos + sum(self.backgrounds.values(), np.zeros(self.observed.size))
        return total

    def __repr__(self) -> str:
        units = {"mass": "MeV"}
        point = [span(name, value, units.get(name, "")) for name, value in self.values.items()]
        bins = f"{self.observed.size} bins from {self.bin_edges[0]:.4g} to {self.bin_edges[-1]:.4g} {self.bin_unit}"
        single = self.signal.ndim == 1
        counts = f"signal {self.signal.sum():.4g}" if single else f"signal of shape {self.signal.shape}"
        if self.electrons is not None:
            counts += f", electrons {self.electrons.sum():.4g}" if single else " and electrons"
        return f"<Prediction: {', '.join([self.model, self.experiment, *point, bins, counts])}>"

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the counts beside the data; see `cevns.plotting.plot_prediction`."""
        from cevns.predictions.drawing import plot_prediction

        return plot_prediction(self, ax=ax, **options)

    def _repr_html_(self) -> str:
        from cevns.tabular import html

        single = self.signal.ndim == 1
        parts = {"signal": self.signal} if single else {}
        if single and self.electrons is not None:
            parts["electrons"] = self.electrons
        head = ("low", "high", *parts, *self.backgrounds, "expected (Asimov)" if self.expected else "observed")
        head += ("uncertainty",)
        columns = [*parts.values(), *self.backgrounds.values(), self.observed, self.uncertainty]
        rows = zip(self.bin_edges[:-1], self.bin_edges[1:], *columns, strict=True)
        caption = f"{self.experiment}, {self.model}: counts in bins of {self.bin_unit}"
        return html(head, rows, caption if single else f"{caption}, signal of shape {self.signal.shape}")


def predict(
    experiment: Experiment, interaction: Model, values: Mapping[str, Any] | None = None, *, eta: float = 1.0
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

    Returns
    -------
    Prediction
    """
    _check_experiment(experiment)
    interaction = get_interaction(interaction)
    given = needed(values or {}, interaction.own_names, interaction.name)
    signal = experiment.signal
    nuclei, electrons = (signal, None) if signal.electrons is None else (signal.of(NUCLEI), signal.of(ELECTRONS))
    return Prediction(
        experiment=experiment.name,
        model=interaction.name,
        values=given,
        bin_edges=np.array(experiment.response.edges),
        bin_unit=experiment.response.unit,
        signal=nuclei.counts(interaction, eta=eta, **given),
        backgrounds={b.name: np.array(b.counts) for b in experiment.backgrounds},
        observed=np.array(experiment.observed),
        uncertainty=np.array(experiment.uncertainty),
        electrons=None if electrons is None else electrons.counts(interaction, eta=eta, **given),
        label=interaction.label,
        parameters=tuple(p for p in signal.parameters(interaction) if p.name in given),
        expected=getattr(experiment, "expected", False),
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
    fold = experiment.signal.folds.at()
    flavours = fold.nodes.flavours
    names = ("1", *(f"eps_{quark}_{f}" for f in flavours for quark in "ud"))
    amplitudes = [get_interaction("sm").weak.amplitudes(f)[0] for f in flavours]
    for flavour in flavours:
        for quark, (proton, neutron) in (("u", (2.0, 1.0)), ("d", (1.0, 2.0))):
            amplitudes.append(Amplitude((flavour, flavour), proton, neutron, ((f"eps_{quark}_{flavour}", 1),)))
    form = np.zeros((experiment.response.bins, len(names), len(names)))
    for monomial in monomials(amplitudes, flavours):
        pair = [names.index(name) for name, power in monomial.couplings for _ in range(power)]
        i, j = [0] * (2 - len(pair)) + pair
        counts = monomial.coefficients @ fold.counts(VECTOR)
        form[:, i, j] += 0.5 * counts
        form[:, j, i] += 0.5 * counts
    if experiment.signal.electrons is not None:
        # which know nothing of quarks
        form[:, 0, 0] += experiment.signal.of(ELECTRONS).counts("sm")
    return names, form


def _check_experiment(experiment: object) -> None:
    if not isinstance(getattr(experiment, "signal", None), Signal):
        raise InputError(
            f"experiment must be an Experiment, got {experiment!r}; take one of the experiments of a joint likelihood, "
            "which are its .experiments"
        )
