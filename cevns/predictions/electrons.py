"""Energies of electrons at which rates of neutrino-electron scattering are computed: a channel beside the nuclei.

Electrons have their own response, which no quenching scale moves, and their own kinematics; all else, from amplitudes
to counts, is that of nuclei. Of an atom those electrons take part that are bound by less than the energy they get: a
factor of the response, since all electrons have the same rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.arrays import unique
from cevns.constants import ELECTRON_MASS, FERMI_CONSTANT, HBAR_C_SQUARED_CM2
from cevns.errors import InputError
from cevns.interactions.kinematics import electron_ends
from cevns.kernels.kinematics import ELECTRON_KINDS, rate_moments
from cevns.predictions.panels import LOWEST_RECOIL, NODES, Panels, panel_edges

if TYPE_CHECKING:
    from cevns._types import Array
    from cevns.detectors import DetectorResponse, ElectronResponse
    from cevns.fluxes import Flux
    from cevns.interactions import Kind
    from cevns.nuclei import Nucleus, Target

__all__ = ["ElectronNodes", "check_electrons"]

#: G_F^2 m_e / pi [cm^2/keV].
_SCALE = FERMI_CONSTANT**2 * ELECTRON_MASS / np.pi * HBAR_C_SQUARED_CM2 * 1e-3
#: Share of the molar mass that may belong to atoms whose electrons are not known.
_LARGEST_LEFT_OUT = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class ElectronNodes:
    """Nodes of electron energy of a target in a flux, with all that the rates at them need; see `RecoilNodes`.

    Attributes
    ----------
    panels : tuple of Panels
        One for all atoms.
    recoil : ndarray, shape (cols,)
        Energies of electrons [keV], ascending.
    q2 : ndarray, shape (nuclei, cols)
        Squared momentum transfer [MeV^2], the same for all atoms.
    flux : Flux
        Neutrinos.
    nuclei : tuple of Nucleus
        Of the target.
    """

    panels: tuple[Panels, ...]
    recoil: np.ndarray
    q2: np.ndarray
    flux: Flux
    nuclei: tuple[Nucleus, ...]

    @property
    def flavours(self) -> tuple[str, ...]:
        """Flavours of the flux."""
        return self.flux.flavours

    @cached_property
    def neutrons(self) -> Array:
        """N of each nucleus as electrons know it: 0."""
        return np.zeros(len(self.nuclei))

    @cached_property
    def neutron_charge(self) -> Array:
        """N F_N as electrons know it: 0."""
        return np.zeros_like(self.q2)

    @cached_property
    def smallest_mass(self) -> float:
        """Least mediator mass [MeV] that the nodes follow: 0, unless electrons are observed down to 0."""
        lowest = LOWEST_RECOIL * self.panels[0].edges[-1]
        return float(np.sqrt(2e-3 * ELECTRON_MASS * lowest)) if self.from_zero else 0.0

    @property
    def from_zero(self) -> bool:
        """Whether electrons of 0 are as probable to be observed as others."""
        return bool(self.panels[0].edges[0] == 0)

    @classmethod
    def build(
        cls,
        flux: Flux,
        target: Target,
        response: DetectorResponse,
        electrons: ElectronResponse,
        final_mass: float = 0.0,
    ) -> ElectronNodes | None:
        """Place nodes wherever electrons are observed; None if they are nowhere.

        Parameters
        ----------
        flux, target
            What is seen.
        response : Response
            To electrons.
        electrons : ElectronResponse
            How they are bound.
        final_mass : float
            Of the neutral lepton that leaves [MeV].
        """
        numbers: dict[float, float] = {}
        for nucleus, count in zip(target.nuclei, target.numbers, strict=True):
            for n, energy in electrons.atom(nucleus):
                numbers[energy] = numbers.get(energy, 0.0) + n * count
        bindings = np.array(sorted(numbers))
        taking_part = np.cumsum([numbers[energy] for energy in bindings.tolist()])
        low, high = response.recoil_range()
        ends = 1e3 * np.array(electron_ends(unique([*flux.break_energies]), final_mass))
        opened = ends[1] > 0
        if not opened.any():
            return None
        low, high = max(low, bindings[0], ends[0][opened].min()), min(high, ends[1].max())
        if not low < high:
            return None
        sharp = 1e3 * np.concatenate(electron_ends(flux.sharp_energies, final_mass))
        kinds = ELECTRON_KINDS if final_mass == 0.0 else {"magnetic": ELECTRON_KINDS["magnetic"]}

        def probe(recoil: Array) -> Array:
            rates = [_moments(flux, recoil, codes, final_mass) for codes in kinds.values()]
            return np.concatenate(rates).reshape(-1, recoil.size)

        edges = panel_edges(probe, low, high, sharp, ends.ravel())
        half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        recoil = (middle[:, None] + half[:, None] * NODES).ravel()
        q2 = np.repeat(2e-3 * ELECTRON_MASS * recoil[None, :], len(target.nuclei), axis=0)
        members = tuple(range(len(target.nuclei)))
        return cls((Panels(edges, response, members, bindings, taking_part),), recoil, q2, flux, target.nuclei)

    def channels(self, kind: Kind, neutron_charge: Array | None = None) -> Array:
        """Return rates of g_V^2, 2 g_V g_A and g_A^2 for one electron [1/keV], shape (3 flavours, nuclei, cols).

        Amplitudes that are no vector's have the first of them alone. All of it stands in the place of the first
        nucleus. `neutron_charge` is that of nuclei.
        """
        found = _moments(self.flux, self.recoil, ELECTRON_KINDS[kind.kinematics], kind.final_mass) * _SCALE
        out = np.zeros((3, *found.shape[1:2], *self.q2.shape))
        out[: len(found), :, 0] = found
        return out.reshape(-1, *self.q2.shape)


def _moments(flux: Flux, energy: Array, codes: tuple[int, ...], final_mass: float) -> Array:
    """Return flux moments, shape (codes, flavours, cols), that of g_V g_A with its sign for antineutrinos."""
    energy, part = 1e-3 * energy, np.empty(energy.size)
    out = np.zeros((len(codes), len(flux.flavours), energy.size))
    for component in flux.components:
        row = flux.flavours.index(component.flavour)
        for i, code in enumerate(codes):
            rate_moments(component.spectrum, code, energy, ELECTRON_MASS, final_mass, part)
            out[i, row] += -part if i == 1 and component.antineutrino else part
    return out


def check_electrons(flux: Flux, target: Target, electrons: ElectronResponse) -> None:
    """Refuse what scattering on electrons cannot be told of.

    Raises
    ------
    InputError
        If a component of the flux does not say whether it is antineutrinos, or electrons are not known.
    """
    for component in flux.components:
        if component.antineutrino is None:
            raise InputError(
                f"flux {checks.shown(flux.name)} does not say whether its component {checks.shown(component.name)} of "
                f"flavour {component.flavour!r} is antineutrinos, which scatter on electrons otherwise than neutrinos: "
                "give antineutrino=True or False where it is made, or leave electrons out"
            )
    if target.left_out > _LARGEST_LEFT_OUT * target.molar_mass:
        raise InputError(
            f"left_out = {target.left_out:g} g/mol of the target, hydrogen for example, has electrons of which nothing "
            "is known: leave electrons out, or describe a target whose nuclei are all named"
        )
    for nucleus in target.nuclei:
        electrons.atom(nucleus)
