"""What data say nothing about: parameters on which no counts depend, as the charge of a flavour that a source lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cevns._types import Model
    from cevns.likelihoods import Likelihood

__all__ = ["unseen_at", "without_effect"]


def unseen_at(likelihood: Likelihood, interaction: Model, values: Mapping[str, float], what: str) -> tuple[str, ...]:
    """Return what to say of a point at which a coupling has a value, but no counts depend on it; nothing elsewhere.

    No flavour may have it, or a final lepton be too heavy.

    Parameters
    ----------
    likelihood : Likelihood
        Whose counts.
    interaction : str or Interaction
        Interaction.
    values : mapping of str to float
        Its parameters.
    what : str
        What does not depend on it, for the sentence.
    """
    masses, known = likelihood.mediators(interaction), {p.name: p for p in likelihood.parameters(interaction)}
    names = [n for n in likelihood.unseen(interaction) if n in values and values[n] != known[n].origin]
    couplings = [name for name in likelihood.own_parameters(interaction) if name in values and name not in masses]
    if all(values[name] == known[name].origin for name in couplings):
        return ()
    experiments = [e.name for e in likelihood.experiments]
    out = [
        f"with {name} = {values[name]:g} {known[name].unit} no recoil is observed in {' + '.join(experiments)}, as "
        f"some are up to {ends[-1]:.6g} {known[name].unit}: {what} does not depend on the couplings that come with it"
        for name, ends in likelihood.heaviest(interaction).items()
        if name in values and values[name] > ends[-1]
    ]
    if not masses.issuperset(names):
        out.append(without_effect(experiments, likelihood.describe(interaction)[0], names, what))
    return tuple(out)


def without_effect(experiments: Iterable[str], model: str, names: Sequence[str], what: str = "chi2") -> str:
    """Return what to say of parameters on which nothing depends.

    Examples
    --------
    >>> without_effect(["mine"], "b-3ltau", ["mass", "coupling"])
    "chi2 of mine does not depend on mass, coupling of 'b-3ltau': the data say nothing about it"
    """
    data = " + ".join(experiments)
    return f"{what} of {data} does not depend on {', '.join(names)} of {model!r}: the data say nothing about it"
