"""What constructors do not offer in the form in which a configuration file gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.detectors import Efficiency, Response
from cevns.errors import InputError
from cevns.experiments import Experiment
from cevns.experiments import load as _load_experiment
from cevns.fluxes import Flux
from cevns.fluxes import tabulated as _tabulated
from cevns.interactions import Interaction, contact
from cevns.interactions import mediated as _mediated
from cevns.nuclei import Nucleus, Target
from cevns.tables import join_bins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["experiment", "known_experiment", "steps", "tabulated", "target", "vector"]


def _edges(name: str, edges: Any, low_name: str, low: Any, high_name: str, high: Any) -> Any:
    """Return the edges of bins, which are given, or follow from those of each bin."""
    if (edges is None) == (low is None) or (low is None) != (high is None):
        raise InputError(f"give either {name}, or {low_name} and {high_name} of each bin")
    return join_bins(low, high) if edges is None else edges


def tabulated(
    *,
    energy_mev: Any = None,
    energy_low_mev: Any = None,
    energy_high_mev: Any = None,
    histogram: bool | None = None,
    exposure_s: float | None = None,
    antineutrino: Any = None,
    **densities: Any,
) -> Flux:
    """Densities are per second where their key says so, and an exposure then turns them into those over it."""
    energy = _edges("energy_mev", energy_mev, "energy_low_mev", energy_low_mev, "energy_high_mev", energy_high_mev)
    if histogram is False and energy_mev is None:
        raise InputError("histogram = false does not go with energy_low_mev and energy_high_mev: leave it out")
    histogram = energy_mev is None if histogram is None else histogram
    rates = [key for key in densities if key.endswith("_per_s")]
    if bool(rates) != (exposure_s is not None) or len(rates) not in (0, len(densities)):
        raise InputError("densities in _per_s, all of them, need exposure_s, and the others must not have it")
    scale = 1.0 if exposure_s is None else checks.real("exposure_s", exposure_s, unit="s", above=0)
    scaled = {}
    for key, values in densities.items():
        if len(values) != len(energy) - histogram:
            raise InputError(
                f"{key} has {len(values)} values for {len(energy)} energies: a histogram needs one value less than "
                "edges, straight lines as many as energies; correct one of them, or histogram = true or false"
            )
        scaled[key.partition("_")[0]] = scale * checks.array(key, values, low=0, ndim=1)
    return _tabulated(energy, scaled, histogram=histogram, antineutrino=antineutrino)


def steps(*, values: Any, edges: Any = None, low: Any = None, high: Any = None, beyond: str = "constant") -> Efficiency:
    edges = _edges("edges", edges, "low", low, "high", high)
    return Efficiency(edges, values, beyond, kind="steps")


def target(
    *,
    composition: Any,
    mass: float,
    molar_mass: float | None = None,
    left_out: Any = None,
    nuclei: Sequence[Nucleus] = (),
) -> Target:
    return Target.of(composition, mass=mass, molar_mass=molar_mass, left_out=left_out, nuclei=nuclei)


def known_experiment(*, name: str, nuisances: Any = (), electrons: Any = None, **options: Any) -> Experiment:
    """A built-in experiment, which may share nuisances and count electrons."""
    return _load_experiment(name, **options).replace(nuisances=nuisances, electrons=electrons)


def experiment(
    *,
    name: str,
    flux: Flux,
    target: Target,
    response: Response,
    data: Mapping[str, Any],
    signal_sigma: float,
    references: Any = (),
    **parts: Any,
) -> Experiment:
    parts |= {"name": name, "flux": flux, "target": target, "response": response, "signal_sigma": signal_sigma}
    return Experiment(references=tuple(references), **data, **parts)


def vector(*, name: str, proton: Any = (), neutron: Any = (), mediated: bool = True, **parts: Any) -> Interaction:
    return (_mediated if mediated else contact)(name, proton=dict(proton), neutron=dict(neutron), **parts)
