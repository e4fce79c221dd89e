"""What an experiment leaves out that would matter for an interaction, and what interactions take for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.experiments.registry import known_experiments
from cevns.interactions import get_interaction

if TYPE_CHECKING:
    from cevns._types import Model
    from cevns.experiments.experiment import Experiment

__all__ = ["omissions"]


def omissions(experiment: Experiment, interaction: Model) -> tuple[str, ...]:
    """Return what has to be said, in plain sentences; see `Experiment.omissions`."""
    model = get_interaction(interaction)
    said = model.caveats
    if experiment.blind:
        said = (
            f"{experiment.name} counts no recoil in any bin, whatever the model: its efficiency is 0 there, or its "
            "threshold too high; take a lower one",
            *said,
        )
    missing = [f"nu_{flavour}" for flavour in model.silent if flavour in experiment.signal.flux.flavours]
    if missing:
        names = " and ".join(missing)
        said += (
            f"{model.name} says nothing of {names}, though of their charge: those of {experiment.name} feel the "
            "standard model alone",
        )
    if not experiment.signal.misses_electrons(interaction, massless=experiment.name in known_experiments()):
        return said
    how = "electrons='shells' adds them, --electrons shells of a command, electrons = \"shells\" in a file"
    return (f"electrons of {experiment.name} are left out; {how}", *said)
