"""Fluxes of neutrinos at a detector, with exact moments.

A flux here is integrated over the exposure: neutrinos per cm^2 (and MeV) for each flavour. Neutrinos and antineutrinos
of a flavour add up for nuclei, since all vector couplings change sign together. Electrons tell them apart, so that a
component may say which it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import Value, unique
from cevns.constants import FLAVOURS
from cevns.errors import InputError
from cevns.fluxes.timing import Timing
from cevns.kernels.fluxes import Spectrum

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns._types import Array, ArrayLike, Values

__all__ = ["DISTANCES", "LARGEST_FLUENCE", "Component", "Flux"]

#: Largest fluence [cm^-2] and distances [m] that are accepted.
LARGEST_FLUENCE = 1e40
DISTANCES = {"low": 1e-3, "high": 1e15}


@dataclass(frozen=True, eq=False, repr=False)
class Component(Value):
    """One part of a flux: neutrinos of one flavour and one origin.

    Parameters
    ----------
    flavour : str
        One of `FLAVOURS`.
    spectrum : Spectrum
        [cm^-2 MeV^-1].
    name : str
        What it is called in reports.
    antineutrino : bool, optional
        Whether these are antineutrinos, which scatter on electrons otherwise than neutrinos; None where it is not said.
    timing : Timing, optional
        When they arrive after the source's pulse; None where it is not said.

    Raises
    ------
    UnknownNameError
        If there is no such flavour.
    InputError
        If `spectrum` is no spectrum, or holds more neutrinos than any source has.

    Examples
    --------
    >>> line = Spectrum([], [], [29.8], [1e12])
    >>> Component("mu", line, "prompt", antineutrino=False)
    <Component prompt: neutrinos of flavour mu>
    """

    flavour: str
    spectrum: Spectrum
    name: str
    antineutrino: bool | None = None
    timing: Timing | None = None

    def __repr__(self) -> str:
        kind = {True: "antineutrinos", False: "neutrinos", None: "neutrinos or antineutrinos"}[self.antineutrino]
        return f"<Component {self.name}: {kind} of flavour {self.flavour}>"

    def __post_init__(self) -> None:
        checks.flavour("neutrino flavour", self.flavour, FLAVOURS)
        checks.instance(f"spectrum of flavour {self.flavour!r}", self.spectrum, Spectrum, "see cevns.fluxes.tabulated")
        checks.text("name of a component", self.name)
        checks.instance(
            "antineutrino", self.antineutrino, (bool, type(None)), "True, False, or None if it is not known"
        )
        checks.instance("timing", self.timing, (Timing, type(None)), "see cevns.fluxes.PulseTiming")
        fluence = np.empty(1)
        self.spectrum.moment(np.zeros(1), 0, fluence)
        if not 0 <= fluence[0] <= LARGEST_FLUENCE:
            raise InputError(
                f"the fluence of flavour {self.flavour!r} is {fluence[0]:g} cm^-2: it must be from 0 to "
                f"{LARGEST_FLUENCE:g} cm^-2"
            )


@dataclass(frozen=True, eq=False, repr=False)
class Flux(Value):
    """Spectra of neutrinos at a detector, by flavour. Fluxes add with ``+``.

    Parameters
    ----------
    name : str
        What the flux is called in reports.
    spectra : sequence of (str, Spectrum) or of Component
        Flavour (one of `FLAVOURS`) and its spectrum [cm^-2 MeV^-1]; a flavour may come more than once. Pairs make
        components of the flux's own name.

    Attributes
    ----------
    components : tuple of Component
        What adds up.
    antineutrinos : tuple of (bool or None)
        Which components are antineutrinos.
    timings : tuple of (Timing or None)
        When the neutrinos of each component arrive.

    Raises
    ------
    InputError
        If there are no spectra, or they are no pairs of a flavour and a `Spectrum`.
    UnknownNameError
        If there is no such flavour.

    Examples
    --------
    >>> from cevns.fluxes import pion_decay_at_rest
    >>> flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=17.6e22, distance=19.3)
    >>> flux.flavours
    ('e', 'mu')
    >>> f"{flux.moment('mu', 0.0):.4e}"  # both muon (anti)neutrinos, cm^-2
    '6.0160e+14'
    >>> [component.name for component in flux.components]
    ['nu_e', 'anti-nu_mu', 'prompt nu_mu']
    """

    name: str
    spectra: Values
    components: tuple[Component, ...] = field(init=False, repr=False, compare=False)
    antineutrinos: tuple[bool | None, ...] = field(init=False, repr=False)
    timings: tuple[Timing | None, ...] = field(init=False, repr=False)

    def __repr__(self) -> str:
        parts = ", ".join(component.name for component in self.components)
        return f"<Flux {self.name}: {parts}; {', '.join(self.flavours)} up to {self.maximum_energy:.4g} MeV>"

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        given = checks.sequence("spectra", self.spectra, hint="it holds pairs of (flavour, Spectrum)")
        marks: list[Any] = [
            (p.name, p.antineutrino, p.timing) if isinstance(p, Component) else (self.name, None, None) for p in given
        ]
        pairs = [(part.flavour, part.spectrum) if isinstance(part, Component) else part for part in given]
        spectra = checks.pairs("spectra", pairs, "(flavour, Spectrum)")
        if not spectra:
            raise InputError("spectra is empty: a flux needs at least one flavour")
        components = tuple(Component(*pair, *mark) for pair, mark in zip(spectra, marks, strict=True))
        checks.put(self, spectra=spectra, components=components)
        checks.put(
            self,
            antineutrinos=tuple(component.antineutrino for component in components),
            timings=tuple(component.timing for component in components),
        )

    def __add__(self, other: Flux) -> Flux:
        if not isinstance(other, Flux):
            return NotImplemented
        return Flux(f"{self.name} + {other.name}", self.components + other.components)

    @cached_property
    def flavours(self) -> tuple[str, ...]:
        """The flavours present, in the order of `FLAVOURS`."""
        return tuple(f for f in FLAVOURS if any(f == g for g, _ in self.spectra))

    def by_timing(self) -> tuple[tuple[Timing | None, Flux], ...]:
        """Return the fluxes of components that arrive alike, with their timing, in the order of the components.

        Examples
        --------
        >>> from cevns.fluxes import PulseTiming, pion_decay_at_rest
        >>> pulse = PulseTiming(0.47, 0.15, [0.026])
        >>> flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0, timing=pulse)
        >>> [[component.name for component in part.components] for _, part in flux.by_timing()]
        [['nu_e', 'anti-nu_mu'], ['prompt nu_mu']]
        """
        members: dict[Timing | None, list[Component]] = {}
        for component in self.components:
            members.setdefault(component.timing, []).append(component)
        return tuple((timing, Flux(self.name, some)) for timing, some in members.items())

    def by_component(self) -> tuple[tuple[str, Flux], ...]:
        """Return the flux of each component, with a name that no other has.

        Components that share one are told apart by their neutrinos.

        Examples
        --------
        >>> from cevns.fluxes import solar_neutrinos
        >>> [name for name, _ in solar_neutrinos("8B", exposure=365.25).by_component()]
        ['8B nu_e', '8B nu_mu', '8B nu_tau']
        """
        given = [component.name for component in self.components]
        names = [
            f"{c.name} {'anti-' * bool(c.antineutrino)}nu_{c.flavour}" if given.count(c.name) > 1 else c.name
            for c in self.components
        ]
        names = [f"{name} {i + 1}" if names.count(name) > 1 else name for i, name in enumerate(names)]
        return tuple((name, Flux(self.name, (c,))) for name, c in zip(names, self.components, strict=True))

    def with_timing(self, timing: Timing | Mapping[str, Timing]) -> Flux:
        """Return the flux with other arrival times.

        Parameters
        ----------
        timing : Timing, or mapping of str to Timing
            Of all components, or by the name of a component or else by flavour; the others keep theirs.

        Raises
        ------
        InputError
            If it is neither.
        UnknownNameError
            If there is no such component or flavour in the flux.

        Examples
        --------
        >>> from cevns.fluxes import TabulatedTiming, pion_decay_at_rest
        >>> flux = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e22, distance=20.0)
        >>> flux = flux.with_timing({"prompt nu_mu": TabulatedTiming([0.0, 1.0], [1.0])})
        >>> [timing is None for timing in flux.timings]
        [True, True, False]
        """
        if isinstance(timing, Timing):
            return Flux(self.name, tuple(replace(component, timing=timing) for component in self.components))
        checks.instance("timing", timing, (Timing, Mapping), "one for all components, or by their names")
        for name, law in timing.items():
            checks.known("component", name, [*(component.name for component in self.components), *self.flavours])
            checks.instance(f"timing[{name!r}]", law, Timing, "see cevns.fluxes.PulseTiming")
        laws = [timing.get(c.name, timing.get(c.flavour, c.timing)) for c in self.components]
        return Flux(self.name, tuple(replace(c, timing=law) for c, law in zip(self.components, laws, strict=True)))

    @property
    def maximum_energy(self) -> float:
        """Highest neutrino energy [MeV]."""
        return float(max(np.concatenate([s.breaks, s.line_energies]).max() for _, s in self.spectra))

    @property
    def end_energies(self) -> Array:
        """Energies [MeV] of lines and of the spectra's upper ends, where recoil spectra kink most."""
        ends = [[*s.line_energies, *s.breaks[-1:]] for _, s in self.spectra]
        return unique(np.concatenate(ends))

    @property
    def sharp_energies(self) -> Array:
        """Energies [MeV] of lines, of jumps and of the spectra's ends: recoil spectra kink where E_min reaches them."""
        sharp = []
        for _, s in self.spectra:
            sharp.extend(s.line_energies)
            if s.breaks.size:
                inner = s.breaks[1:-1]
                powers = inner[:, None] ** np.arange(4)
                below = (powers * s.coefficients[:-1]).sum(axis=1)
                above = (powers * s.coefficients[1:]).sum(axis=1)
                jumps = np.abs(above - below) > 1e-9 * (np.abs(above) + np.abs(below))
                sharp.extend([s.breaks[0], *inner[jumps], s.breaks[-1]])
        return unique([e for e in sharp if e > 0])

    @property
    def break_energies(self) -> Array:
        """All energies [MeV] at which some spectrum is not analytic, `sharp_energies` included."""
        parts = [np.concatenate([s.breaks, s.line_energies]) for _, s in self.spectra]
        energies = unique(np.concatenate(parts))
        return energies[energies > 0]

    def density(self, flavour: str, energy: ArrayLike) -> Any:
        """Return phi(E) [cm^-2 MeV^-1] of a flavour without its lines; `energy` [MeV] of any shape.

        Examples
        --------
        >>> from cevns.fluxes import pion_decay_at_rest
        >>> flux = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0)
        >>> f"{float(flux.density('e', 30.0)):.3e}"  # per cm^2 and MeV
        '5.667e+12'
        """
        return self._sum(flavour, _energy(energy), Spectrum.density)

    def moment(self, flavour: str, e_min: ArrayLike, k: int = 0) -> Any:
        """Return I_k(E_min) = Int_{E_min} dE phi(E) E^-k.

        Parameters
        ----------
        flavour : str
            One of `FLAVOURS`.
        e_min : array_like
            Lower energies [MeV], any shape.
        k : {0, 1, 2}
            Negative power of the energy.

        Returns
        -------
        ndarray or float
            cm^-2 MeV^-k. Infinite at ``e_min = 0`` where the integral diverges.

        Raises
        ------
        InputError
            If `k` is not 0, 1 or 2 or an energy is negative or not finite.

        Examples
        --------
        >>> from cevns.fluxes import pion_decay_at_rest
        >>> flux = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0)
        >>> f"{float(flux.moment('mu', 0.0)):.3e}"  # neutrinos per cm^2
        '3.581e+14'
        """
        k = checks.whole("k", k, low=0, high=2)
        return self._sum(flavour, _energy(e_min), lambda spectrum, flat, out: spectrum.moment(flat, k, out))

    def kinematic_moment(self, flavour: str, e_min: ArrayLike) -> Any:
        """Return Int_{E_min} dE phi(E) (1 - E_min^2/E^2) [cm^-2]: the flux's whole part in a recoil spectrum.

        Examples
        --------
        >>> from cevns.fluxes import pion_decay_at_rest
        >>> flux = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0)
        >>> f"{float(flux.kinematic_moment('e', 20.0)):.3e}"  # per cm^2
        '9.177e+13'
        """
        return self._sum(flavour, _energy(e_min), Spectrum.kinematic_moment)

    def _sum(self, flavour: str, values: Array, write: Callable[[Spectrum, Array, Array], None]) -> Any:
        """Return what `write` says of all spectra of a flavour at some values."""
        checks.flavour("neutrino flavour", flavour, FLAVOURS)
        flat, part = np.ascontiguousarray(values.ravel()), np.empty(values.size)
        total = np.zeros(values.size)
        for name, spectrum in self.spectra:
            if name == flavour:
                write(spectrum, flat, part)
                total += part
        return total.reshape(values.shape) if values.ndim else float(total[0])


def _energy(value: ArrayLike) -> Array:
    return checks.array("energy", value, unit="MeV", low=0)
