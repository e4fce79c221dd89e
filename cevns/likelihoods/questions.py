"""What a likelihood says of an interaction before any chi2, as methods; its experiments' signals know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cevns._types import Model
    from cevns.experiments import Experiment

__all__ = ["Questions"]


class Questions:
    """Base of a likelihood, beside `Inference`."""

    experiments: tuple[Experiment, ...]

    @property
    def smallest_mass(self) -> float:
        """Least mediator mass [MeV] that every experiment resolves: 0, unless recoils are observed down to 0."""
        return max(e.signal.smallest_mass for e in self.experiments)

    def omissions(self, interaction: Model) -> tuple[str, ...]:
        """Return what experiments leave out that would matter for an interaction, in plain sentences."""
        return tuple(dict.fromkeys(text for e in self.experiments for text in e.omissions(interaction)))

    def unseen(self, interaction: Model) -> tuple[str, ...]:
        """Return the names of an interaction's own parameters on which the counts of no experiment depend."""
        found = [e.signal.unseen(interaction) for e in self.experiments]
        return tuple(name for name in found[0] if all(name in names for names in found))

    def describe(self, interaction: Model) -> tuple[str, str]:
        """Return the name of an interaction, and its name in figures."""
        return self.experiments[0].signal.describe(interaction)

    def mediators(self, interaction: Model) -> frozenset[str]:
        """Return the names of the parameters that are masses, of mediators or of final leptons."""
        return self.experiments[0].signal.mediators(interaction)

    def heaviest(self, interaction: Model) -> dict[str, tuple[float, ...]]:
        """Return the masses [MeV] of each final lepton at which parts of a flux cease to be observed, ascending.

        Above the last one no experiment observes a recoil.
        """
        found = [e.signal.heaviest(interaction) for e in self.experiments]
        return {name: tuple(sorted({mass for one in found for mass in one[name]})) for name in found[0]}

    def propagators(self, interaction: Model) -> Mapping[str, tuple[str, int]]:
        """Return the mass of the mediator of each coupling, and the power in which the coupling multiplies it."""
        return self.experiments[0].signal.propagators(interaction)

    def own_parameters(self, interaction: Model) -> tuple[str, ...]:
        """Return the names of the parameters that functions of an interaction take unless others are asked for."""
        return self.experiments[0].signal.own_parameters(interaction)
