"""Systematic uncertainties that experiments may share: what scales counts, with a Gaussian pull."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cevns import checks
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns.likelihoods.channel import Channel

__all__ = ["Nuisance", "shared"]


@dataclass(frozen=True)
class Nuisance:
    """A nuisance that scales the signal, in addition to the experiment's own normalisation.

    Nuisances of equal name are one, also across experiments: the flux of a source, for example, that two detectors
    see. The signal is multiplied by 1 plus the sum of all pulls.

    Parameters
    ----------
    name : str
        Key of its pull.
    sigma : float
        Relative uncertainty, a fraction from 1e-6 to 2.

    Examples
    --------
    >>> import cevns
    >>> flux = Nuisance("SNS flux", 0.1)
    >>> csi = cevns.load("coherent-csi-2017").replace(nuisances=[flux])
    >>> argon = cevns.load("coherent-argon-2020").replace(nuisances=[flux])
    >>> profile = (csi + argon).pulls("sm")
    >>> {name: round(pull, 3) for name, pull in profile.shared.items()}
    {'SNS flux': 0.024}
    """

    name: str
    sigma: float

    def __post_init__(self) -> None:
        checks.text("name of a nuisance", self.name)
        checks.put(self, sigma=checks.relative(f"sigma of {self.name!r}", self.sigma))


def shared(experiments: Sequence[Channel]) -> dict[str, tuple[float, tuple[int, ...]]]:
    """Return the nuisances of experiments by name: sigma, and the indices of the experiments that have them.

    Raises
    ------
    InputError
        If two of one name have different uncertainties.
    """
    found: dict[str, tuple[float, tuple[int, ...]]] = {}
    for i, experiment in enumerate(experiments):
        for nuisance in experiment.nuisances:
            sigma, members = found.get(nuisance.name, (nuisance.sigma, ()))
            if sigma != nuisance.sigma:
                raise InputError(
                    f"nuisance {checks.shown(nuisance.name)} has the uncertainty {sigma:g} in one experiment and "
                    f"{nuisance.sigma:g} in another: equal names are one nuisance, rename one or correct it"
                )
            found[nuisance.name] = sigma, (*members, i)
    return found
