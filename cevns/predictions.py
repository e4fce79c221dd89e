"""Predicted counts and recoil spectra (eqs. 2.9 and 3.2-3.6 of arXiv:2008.05022)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns._rates import RecoilRate
from cevns.arrays import ByValue, span, unique
from cevns.errors import InputError
from cevns.fluxes import Flux
from cevns.folding import rate_scales, recoil_end_kev
from cevns.form_factors import get_form_factor
from cevns.models import get_model
from cevns.models.vector import broadcast_shape, propagator_scale
from cevns.nuclei import Target
from cevns.pictures import Pictured
from cevns.threads import checked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns._types import Array, ArrayLike, Model
    from cevns.experiments import Experiment
    from cevns.form_factors import FormFactor


__all__ = ["Prediction", "nsi_quadratic_form", "predict", "recoil_events", "recoil_spectrum"]


@dataclass(frozen=True, eq=False)
class Prediction(ByValue, Pictured):
    """Predicted and observed counts of an experiment.

    Attributes
    ----------
    experiment, model : str
        Names.
    mass, coupling : float, ndarray or None
        As they were given [MeV, dimensionless].
    bin_edges : ndarray, shape (bins + 1,)
        Of the observable.
    bin_unit : str
        Unit of `bin_edges`.
    signal : ndarray, shape (..., bins)
        CEvNS counts; the leading shape is that of mass and coupling broadcast.
    backgrounds : dict of str to ndarray
        Beam-related backgrounds.
    observed, uncertainty : ndarray, shape (bins,)
        Data and standard deviations.
    """

    experiment: str
    model: str
    mass: object
    coupling: object
    bin_edges: np.ndarray
    bin_unit: str
    signal: np.ndarray
    backgrounds: dict
    observed: np.ndarray
    uncertainty: np.ndarray

    @property
    def total(self) -> Array:
        """Signal and all backgrounds, shape (..., bins)."""
        return self.signal + sum(self.backgrounds.values(), np.zeros(self.observed.size))

    def __repr__(self):
        point = [
            span(name, value, unit)
            for name, value, unit in (("mass", self.mass, "MeV"), ("coupling", self.coupling, ""))
            if value is not None
        ]
        bins = f"{self.observed.size} bins from {self.bin_edges[0]:.4g} to {self.bin_edges[-1]:.4g} {self.bin_unit}"
        counts = f"signal {self.signal.sum():.4g}" if self.signal.ndim == 1 else f"signal of shape {self.signal.shape}"
        return f"<Prediction: {', '.join([self.model, self.experiment, *point, bins, counts])}>"

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the counts beside the data; see `cevns.plotting.plot_prediction`."""
        from cevns.plotting import plot_prediction

        return plot_prediction(self, ax=ax, **options)

    def _repr_html_(self):
        from cevns.tabular import html

        single = self.signal.ndim == 1
        head = ("low", "high", *(("signal",) if single else ()), *self.backgrounds, "observed", "uncertainty")
        columns = [*((self.signal,) if single else ()), *self.backgrounds.values(), self.observed, self.uncertainty]
        rows = zip(self.bin_edges[:-1], self.bin_edges[1:], *columns, strict=True)
        caption = f"{self.experiment}, {self.model}: counts in bins of {self.bin_unit}"
        return html(head, rows, caption if single else f"{caption}, signal of shape {self.signal.shape}")


def predict(
    experiment: Experiment,
    model: Model,
    mass: ArrayLike | None = None,
    coupling: ArrayLike | None = None,
    *,
    eta: float = 1.0,
) -> Prediction:
    """Return the predicted counts of an experiment.

    Parameters
    ----------
    experiment : Experiment
        What is predicted.
    model : str or VectorModel
        Interaction.
    mass, coupling : array_like, optional
        Mediator mass [MeV] and coupling; see `Likelihood.chi2`.
    eta : float
        Quenching scale, 0.1 to 10, for every experiment: its response is computed anew where need be.

    Returns
    -------
    Prediction

    Raises
    ------
    InputError
        If a parameter is missing, out of range, or not one that the model takes, or `experiment` is a joint likelihood.

    Examples
    --------
    >>> import cevns
    >>> argon = cevns.load("coherent-argon-2020")
    >>> float(predict(argon, "universal", mass=10, coupling=3e-5).signal.sum().round(1))
    64.6
    """
    _check_experiment(experiment)
    model = get_model(model)
    checked_mass, checked_coupling = model.check_mass(mass, experiment.smallest_mass), model.check_coupling(coupling)
    shape = broadcast_shape(checked_mass, checked_coupling)
    mass_squared = np.square(checked_mass) if model.has_mass else 1.0
    y = model.strength(checked_coupling)
    pairs = [np.ascontiguousarray(np.broadcast_to(x, shape).ravel(), dtype=float) for x in (mass_squared, y)]
    signal = np.empty((pairs[0].size, experiment.response.bins))
    experiment.predictor(model, eta=eta).pairs(*pairs, signal)
    return Prediction(
        experiment=experiment.name,
        model=model.name,
        mass=mass,
        coupling=coupling,
        bin_edges=np.array(experiment.response.edges),
        bin_unit=experiment.response.unit,
        signal=signal.reshape(*shape, experiment.response.bins),
        backgrounds={b.name: np.array(b.counts) for b in experiment.backgrounds},
        observed=np.array(experiment.observed),
        uncertainty=np.array(experiment.uncertainty),
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

    Raises
    ------
    InputError
        If `experiment` is something else, such as a joint likelihood.

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
    nodes, weak = experiment.nodes, get_model("sm").weak
    names = ("1", *(f"eps_{quark}_{f}" for f in nodes.flavours for quark in "ud"))
    form = np.zeros((experiment.response.bins, len(names), len(names)))
    for i, flavour in enumerate(nodes.flavours):
        g_p, g_n = weak.of(flavour)
        z, n = nodes.proton_charge, nodes.neutron_charge
        charges = np.zeros((len(names), *z.shape))
        charges[0] = g_p * z + g_n * n
        charges[1 + 2 * i] = 2 * z + n
        charges[2 + 2 * i] = z + 2 * n
        rates = np.einsum("anj,bnj,nj->abj", charges, charges, nodes.kinematic[:, i])
        form += np.moveaxis(rates @ experiment.weights.T, -1, 0)
    return names, form


def recoil_spectrum(
    model: Model,
    flux: Flux,
    target: Target,
    recoil_kev: ArrayLike,
    mass: float | None = None,
    coupling: float | None = None,
    *,
    form_factor: FormFactor | str = "helm",
) -> Array:
    """Return the recoil spectrum dN/dT before any detector response.

    Parameters
    ----------
    model : str or VectorModel
        Interaction.
    flux : Flux
        Neutrinos over the exposure.
    target : Target
        Nuclei.
    recoil_kev : array_like
        Recoil energies T [keV], above 0, any shape.
    mass, coupling : float, optional
        Mediator mass [MeV] and coupling.
    form_factor : FormFactor or str
        Nuclear form factor.

    Returns
    -------
    ndarray
        Events per keV, shape of `recoil_kev`.

    Raises
    ------
    InputError
        If a parameter is out of range.
    """
    _check_source(flux, target)
    recoil = checks.array("recoil_kev", recoil_kev, unit="keV", above=0) * 1e-3
    out = np.empty(recoil.size)
    rate, point = _recoil_rate(model, flux, target, form_factor), _kernel_point(model, mass, coupling)
    rate.differential(np.ascontiguousarray(recoil.ravel()), *point, out)
    return out.reshape(recoil.shape) * 1e-3


def recoil_events(
    model: Model,
    flux: Flux,
    target: Target,
    edges_kev: ArrayLike,
    mass: float | None = None,
    coupling: float | None = None,
    *,
    form_factor: FormFactor | str = "helm",
    num_threads: int = 1,
    nodes: int = 16,
) -> Array:
    """Return the events in bins of recoil energy: the double integral over recoil and neutrino energy of eq. 2.9.

    Parameters
    ----------
    model, flux, target, mass, coupling, form_factor
        As in `recoil_spectrum`.
    edges_kev : array_like, shape (n + 1,)
        Ascending bin edges [keV], at least 0.
    num_threads : int
        Threads; the result does not depend on them.
    nodes : int
        Most Gauss-Legendre nodes in an interval between kinks of the flux; narrow intervals need fewer.

    Returns
    -------
    ndarray, shape (n,)
        Events in each bin, without efficiency.

    Raises
    ------
    InputError
        If a parameter is out of range, or the lowest edge is 0 for a massless mediator, where the integral diverges.

    Examples
    --------
    >>> from cevns.fluxes import monochromatic
    >>> from cevns.nuclei import Target
    >>> flux = monochromatic(30.0, fluence=1e14, flavour="e")
    >>> argon = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=1.0)
    >>> recoil_events("sm", flux, argon, [5.0, 10.0, 20.0]).round(3)
    array([0.414, 0.637])
    """
    _check_source(flux, target)
    edges = checks.ascending("edges_kev", edges_kev, unit="keV", low=0, least=2)
    num_threads = checked(num_threads)
    nodes = checks.whole("nodes", nodes, low=2, high=200)
    strength, mass_squared, contact = _kernel_point(model, mass, coupling)
    if edges[0] == 0 and not contact and mass_squared == 0:
        raise InputError("edges_kev starts at 0, where the events of a massless mediator diverge; start above 0")
    kinks = unique([recoil_end_kev(n, flux.break_energies) for n in target.nuclei])
    # spectra of light mediators fall like T^-2, which needs intervals of at most an octave
    top = min(edges[-1], kinks[-1])
    # and from 0 on the first interval has to end before the mediator's mass matters
    heaviest = max(n.mass for n in target.nuclei)
    soft = np.inf if contact else 500 * mass_squared / heaviest
    bottom = edges[0] if edges[0] > 0 else min(edges[1], 1e-6 * top, soft)
    octaves = bottom * 2.0 ** np.arange(np.ceil(np.log2(max(top / bottom, 1.0))))
    cuts = unique(np.concatenate([edges, kinks[(kinks > edges[0]) & (kinks < edges[-1])], octaves]))
    out = np.empty(cuts.size - 1)
    rate = _recoil_rate(model, flux, target, form_factor)
    orders = _orders(cuts, nodes)
    for order in unique(orders):
        chosen = np.flatnonzero(orders == order)
        part = np.empty(chosen.size)
        low, high = cuts[chosen] * 1e-3, cuts[chosen + 1] * 1e-3
        rate.integrate(low, high, *_rule(int(order)), strength, mass_squared, contact, part, num_threads)
        out[chosen] = part
    if not np.isfinite(out).all():
        raise InputError(
            f"edges_kev starts at 0, where the events for mass = {mass:g} MeV are beyond numbers; start above 0"
        )
    return np.add.reduceat(out, np.searchsorted(cuts, edges[:-1]))


def _orders(cuts, most):
    """Return how many Gauss-Legendre nodes an interval needs to reach rounding.

    The nearest singularity is a pole at T = 0 or below, so the error falls like rho^-2n with rho from the
    interval's ends.
    """
    ratio = cuts[1:] / np.maximum(cuts[:-1], 1e-300)
    z = (ratio + 1) / (ratio - 1)
    rho = z + np.sqrt(z * z - 1)
    return np.clip(np.ceil(36 / (2 * np.log(np.maximum(rho, 1.1)))) + 1, 2, most).astype(int)


@functools.cache
def _rule(order):
    return np.polynomial.legendre.leggauss(order)


def _recoil_rate(model, flux, target, form_factor):
    model, form_factor = get_model(model), get_form_factor(form_factor)
    table = []
    for nucleus, scale in zip(target.nuclei, rate_scales(target), strict=True):
        # a radius below the form factor's limit is refused here, before the kernel takes its root
        form_factor(0.0, np.array([nucleus.proton_radius, nucleus.neutron_radius]))
        table.append(
            (
                nucleus.mass,
                nucleus.protons,
                nucleus.neutrons,
                nucleus.proton_radius,
                nucleus.neutron_radius,
                form_factor.thickness,
                scale,
                form_factor.code,
            )
        )
    couplings = [(*model.weak.of(f), *model.couplings(f)) for f, _ in flux.spectra]
    return RecoilRate(table, [s for _, s in flux.spectra], couplings)


def _check_experiment(experiment):
    from cevns.experiments.base import Experiment

    hint = "take one of the experiments of a joint likelihood, which are its .experiments"
    checks.instance("experiment", experiment, Experiment, hint)


def _check_source(flux, target):
    checks.instance("flux", flux, Flux, "see cevns.fluxes")
    checks.instance("target", target, Target, "see cevns.nuclei.Target.of")


def _kernel_point(model, mass, coupling):
    """Return strength, mass squared and whether the interaction is a contact one, as the kernels take them."""
    model = get_model(model)
    mass, coupling = model.check_mass(mass, single=True), model.check_coupling(coupling, single=True)
    return propagator_scale(model) * model.strength(coupling), mass * mass, not model.has_mass
