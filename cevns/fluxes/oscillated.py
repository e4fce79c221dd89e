"""Neutrinos that change flavour on their way: a flux whose components are shared among flavours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import unique
from cevns.constants import FLAVOURS
from cevns.errors import InputError
from cevns.fluxes.flux import Component, Flux
from cevns.fluxes.tables import LARGEST_ENERGY
from cevns.kernels.fluxes import Spectrum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array, ArrayLike

__all__ = ["oscillated"]


def oscillated(
    flux: Flux,
    shares: Mapping[str, float | tuple[ArrayLike, ArrayLike]],
    *,
    rest: Sequence[str] = (),
    name: str | None = None,
) -> Flux:
    """Return a flux whose neutrinos arrive with other flavours than they have in another one.

    It is an incoherent mixture of these: what interactions that change the flavour make of their interference is left
    out; see docs/physics.md.

    Parameters
    ----------
    flux : Flux
        What would arrive without oscillations. Of each of its components, whatever its flavour, the same shares arrive.
    shares : mapping of str to float, or to pair of array_like
        Share of neutrinos that arrive with each flavour, from 0 to 1: one number, or energies [MeV], which ascend, and
        the shares there, with straight lines in between and the first and the last one beyond.
    rest : sequence of str
        Flavours that have in equal parts what is left. If there are none, that is lost.
    name : str, optional
        Name for reports; that of `flux` unless given.

    Returns
    -------
    Flux
        Exact: products of polynomials. Components keep their names, timing, and whether they are antineutrinos.

    Raises
    ------
    InputError
        If shares are out of [0, 1] or more than 1 together, or nothing is left, or a spectrum is a cubic polynomial,
        as that of muon decay, and its shares depend on energy.
    UnknownNameError
        If there is no such flavour.

    Examples
    --------
    >>> from cevns.fluxes import monochromatic, tabulated
    >>> line = monochromatic(0.862, fluence=100.0, flavour="e")
    >>> flux = oscillated(line, {"e": 0.5}, rest=("mu", "tau"))
    >>> [flux.moment(flavour, 0.0) for flavour in flux.flavours]
    [50.0, 25.0, 25.0]
    >>> flat = tabulated([0.0, 10.0], {"e": [1.0, 1.0]})
    >>> oscillated(flat, {"e": ([0.0, 10.0], [1.0, 0.0])}).moment("e", 0.0)
    5.0
    """
    checks.instance("flux", flux, Flux)
    checks.instance("shares", shares, Mapping, 'for example {"e": 0.33}')
    laws = {checks.flavour("neutrino flavour", f, FLAVOURS): _law(f, share) for f, share in shares.items()}
    rest = checks.sequence("rest", rest, str, hint='flavours, for example ("mu", "tau")')
    for flavour in rest:
        if checks.flavour("neutrino flavour", flavour, FLAVOURS) in laws or rest.count(flavour) > 1:
            raise InputError(f"flavour {flavour!r} has a share already: take it out of shares or rest")
    energies = unique(np.concatenate([x for x, _ in laws.values()])) if laws else np.ones(1)
    left = 1 - sum((np.interp(energies, *law) for law in laws.values()), np.zeros(energies.size))
    if left.min() < -1e-9:
        raise InputError(f"shares are {1 - left.min():g} together: they must be at most 1")
    laws |= {flavour: (energies, np.maximum(left, 0.0) / len(rest)) for flavour in rest}
    components = []
    for component in flux.components:
        for flavour, law in laws.items():
            spectrum = _product(component, *law)
            if spectrum is not None:
                parts = component.name, component.antineutrino, component.timing
                components.append(Component(flavour, spectrum, *parts))
    if not components:
        raise InputError("shares leave no neutrinos: give one that is above 0")
    return Flux(flux.name if name is None else name, tuple(components))


def _law(flavour: str, share: Any) -> tuple[Array, Array]:
    """Return energies and shares there."""
    what = f"shares[{flavour!r}]"
    if not isinstance(share, tuple):
        return np.ones(1), np.array([checks.real(what, share, low=0, high=1)])
    if len(share) != 2:
        raise InputError(f"{what} must be a number, or a pair of energies and shares, got {len(share)} of them")
    energies = checks.ascending(f"energies of {what}", share[0], unit="MeV", low=0, high=LARGEST_ENERGY)
    return energies, checks.array(what, share[1], low=0, high=1, ndim=1, length=energies.size)


def _product(component: Component, energies: Array, values: Array) -> Spectrum | None:
    """Return a spectrum times a share, None where nothing is left."""
    spectrum = component.spectrum
    breaks, coefficients = spectrum.breaks, spectrum.coefficients
    if breaks.size:
        inner = energies[(energies > breaks[0]) & (energies < breaks[-1])]
        edges = unique([*breaks, *inner])
        coefficients = coefficients[np.searchsorted(breaks, edges[:-1], side="right") - 1]
        at = np.interp(edges, energies, values)
        slope = np.diff(at) / np.diff(edges)
        if (coefficients[:, 3] * slope).any():
            raise InputError(
                f"component {component.name!r} has a spectrum of third order, which shares that depend on energy make "
                "one of fourth: give one number, or the flux as a table"
            )
        product = coefficients * (at[:-1] - slope * edges[:-1])[:, None]
        product[:, 1:] += coefficients[:, :3] * slope[:, None]
        breaks, coefficients = edges, product
    weights = spectrum.line_weights * np.interp(spectrum.line_energies, energies, values)
    if not (coefficients.any() or weights.any()):
        return None
    return Spectrum(breaks, coefficients, spectrum.line_energies, weights)
