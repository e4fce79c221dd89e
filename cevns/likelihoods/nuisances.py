"""Systematic uncertainties that experiments may share: what scales counts, with a Gaussian pull; and deformations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns._types import Array, Values
    from cevns.likelihoods.channel import Channel

__all__ = ["Deformation", "Nuisance", "Pull", "check_differ", "check_floors", "places_along", "shared"]

#: What nuisances call the signal, and the pull of the quenching scale.
SIGNAL, QUENCHING = "signal", "quenching"
#: Largest range of a deformation, in standard deviations.
LARGEST_RANGE = 20.0
#: Counts up to which a floor beside deformations hides no minimum of generated experiments.
HIGHEST_FLOOR = 0.01
#: Distance of places along a deformation between which minima are looked for, in standard deviations.
_APART = 0.5
#: Distance of places where templates vanish that are looked at once.
_SAME = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class Pull(Value):
    """A nuisance as the kernels take it.

    Attributes
    ----------
    name : str
        Key of its pull.
    unit : float
        What one unit of the kernels' is: a relative shift, a standard deviation, or a microsecond.
    sigma : float
        Standard deviation in the kernels' units; infinite for none.
    low, high : float
        Range in the kernels' units.
    shared : bool
        Whether another experiment's of equal name is the same.
    scales : bool
        Whether it scales components alone.
    told_in : str
        In what its shift is told: ``"relative"``, ``"sigma"`` or a unit.
    looks : tuple of float
        Values from where descents start besides.
    places : tuple of float
        Values between each two of which the counts are smooth, if all minima along it are looked for. Of a nuisance
        that experiments share each may have its own.
    """

    name: str
    unit: float = 1.0
    sigma: float = 1.0
    low: float = -math.inf
    high: float = math.inf
    shared: bool = False
    scales: bool = True
    told_in: str = "relative"
    looks: tuple[float, ...] = ()
    places: tuple[float, ...] = field(default=(), compare=False)


@dataclass(frozen=True, eq=False, repr=False)
class Nuisance(Value):
    """A nuisance that scales the signal, or backgrounds, in addition to the experiment's own normalisations.

    Nuisances of equal name are one, also across experiments: the flux of a source, for example, that two detectors
    see. A component is multiplied by 1 plus the sum of all its pulls.

    Parameters
    ----------
    name : str
        Key of its pull.
    sigma : float
        Relative uncertainty, a fraction from 1e-6 to 2; infinite for a normalisation that is free.
    of : sequence of str, or mapping of str to float
        What it scales: ``"signal"``, or names of backgrounds; a mapping says how much of its pull each one takes.

    Raises
    ------
    InputError
        If it scales nothing, or `sigma` or a factor is out of range.

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
    of: Values = (SIGNAL,)

    def __post_init__(self) -> None:
        checks.text("name of a nuisance", self.name)
        free = isinstance(self.sigma, float) and self.sigma == math.inf
        pairs = _components(self.of)
        if not pairs:
            raise InputError(f"of is empty: nuisance {checks.shown(self.name)} would scale nothing")
        of = f"of nuisance {checks.shown(self.name)}"
        checks.put(
            self,
            sigma=math.inf if free else checks.relative(f"sigma of {self.name!r}", self.sigma),
            of=tuple((checks.text("of", name), checks.real(f"factor {of}", f, low=-10, high=10)) for name, f in pairs),
        )

    @property
    def plain(self) -> bool:
        """Whether it scales the signal alone, with a Gaussian pull."""
        return self.of == ((SIGNAL, 1.0),) and self.sigma < math.inf


@dataclass(frozen=True, eq=False, repr=False)
class Deformation(Value):
    """A nuisance that moves the expected counts of one component linearly: a vertical morphing of its template.

    Parameters
    ----------
    name : str
        Key of its pull, in standard deviations. Equal names are one nuisance, also across experiments.
    of : str
        Name of a background, or ``"signal"``.
    up, down : array_like
        Template one standard deviation up and down: counts of a background in all bins; of the signal, its distribution
        over the bins, shape (energy bins, other bins) or flat, whose rows are normalised as that of the experiment.
        Without `down`, what is opposite to `up`.
    reach : float
        Where its range ends, in standard deviations.

    Attributes
    ----------
    axes : tuple of int
        Bins of each axis, if `up` was given in the shape of several: an experiment has to have the same.

    Raises
    ------
    InputError
        If counts are negative or not finite, or the two templates have different bins.

    Examples
    --------
    >>> late = Deformation("late", "flat", [8, 12], [12, 8])
    >>> late.change(np.array([10.0, 10.0])).tolist()
    [-2.0, 2.0]
    """

    name: str
    of: str
    up: Values
    down: Values | None = None
    reach: float = 5.0
    axes: tuple[int, ...] = field(default=(), init=False, compare=False)

    def __post_init__(self) -> None:
        checks.text("name of a nuisance", self.name)
        checks.text("of", self.of)
        of = f"of deformation {checks.shown(self.name)}"
        up = checks.array(f"up {of}", self.up, low=0, high=1e30)
        down = None if self.down is None else checks.array(f"down {of}", self.down, low=0, high=1e30)
        if down is not None and down.size != up.size:
            raise InputError(f"up {of} has {up.size} bins, down has {down.size}: they are those of one template")
        if down is not None and down.shape != up.shape:
            raise InputError(f"up {of} has the shape {up.shape}, down {down.shape}: they are those of one template")
        checks.put(
            self,
            up=tuple(up.ravel().tolist()),
            down=None if down is None else tuple(down.ravel().tolist()),
            axes=up.shape[up.ndim == 1 :],
            reach=checks.real(f"reach {of}", self.reach, low=0.1, high=LARGEST_RANGE),
        )

    def change(self, nominal: Array) -> Array:
        """Return the change of a template, shape (bins,), by one standard deviation.

        Raises
        ------
        InputError
            If the template has other bins.
        """
        if len(self.up) != nominal.size:
            raise InputError(
                f"deformation {checks.shown(self.name)} of {checks.shown(self.of)} has {len(self.up)} bins, its "
                f"component has {nominal.size}"
            )
        up = np.array(self.up)
        return up - nominal if self.down is None else 0.5 * (up - np.array(self.down))


def places_along(deformation: Deformation, wide: Mapping[str, Array]) -> tuple[float, ...]:
    """Return places along a deformation between which minima are looked for, none unless it is of what is wide.

    chi2 may have a minimum for either sign of that, and a narrow one where the template vanishes in a bin, which no
    longer keeps it from growing.
    """
    if deformation.of not in wide:
        return ()
    reach, nominal = deformation.reach, wide[deformation.of]
    change = deformation.change(nominal)
    moved = change != 0.0
    zeros = np.unique(-nominal[moved] / change[moved])
    zeros = zeros[(np.abs(zeros) < reach) & (np.diff(zeros, prepend=-np.inf) > _SAME)]
    out = np.union1d(np.linspace(-reach, reach, math.ceil(2 * reach / _APART) + 1), zeros)
    # a valley may be as narrow as zeros are apart
    out = np.union1d(out, [0.5 * (a + b) for a, b in itertools.pairwise(out) if np.isin([a, b], zeros).any()])
    return tuple(out.tolist())


def check_differ(names: Sequence[str]) -> None:
    """Refuse nuisances of one experiment of which two have one name: pulls go by it.

    Raises
    ------
    InputError
        Naming them.
    """
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two nuisances of one experiment are called {checks.shown(name)}: rename one of them")


def _components(of: Any) -> list[tuple[Any, Any]]:
    """Return pairs of component and factor, whichever way they are given."""
    if isinstance(of, str):
        of = (of,)
    if isinstance(of, Mapping):
        of = tuple(of.items())
    elif all(isinstance(one, str) for one in checks.sequence("of", of)):
        of = tuple((one, 1.0) for one in of)
    return list(checks.pairs("of", of, "(component, factor)"))


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


def checked_correlations(given: Any) -> tuple[tuple[tuple[str, str], float], ...]:
    """Return pairs of names with their correlation."""
    if isinstance(given, Mapping):
        given = tuple(given.items())
    found = []
    for pair, value in checks.pairs("correlations", given, "((name, name), correlation)"):
        names = checks.sequence("correlations", pair, str, "each is of two names")
        if len(names) != 2:
            raise InputError(f"correlations hold pairs of names, got {checks.shown(pair)}")
        of = f"correlation of {names[0]!r} and {names[1]!r}"
        found.append(((names[0], names[1]), checks.real(of, value, low=-1, high=1)))
    return tuple(found)


def check_floors(names: Sequence[str], statistics: Sequence[Any], places: Sequence[Sequence[int]]) -> None:
    """Refuse floors that are high in experiments that share nuisances with one that has deformations.

    Parameters
    ----------
    names : sequence of str
        Of the experiments.
    statistics : sequence
        Theirs, with `floor` and `pulls`.
    places : sequence of sequence of int
        Numbers of the nuisances that each has.
    """
    for name, statistic, own in zip(names, statistics, places, strict=True):
        if not statistic.floor > HIGHEST_FLOOR:
            continue
        tied, before = set(own), 0
        while len(tied) > before:
            before = len(tied)
            tied.update(*(other for other in places if tied & set(other)))
        for other, there, deformed in zip(names, places, statistics, strict=True):
            if tied & set(there) and not all(pull.scales for pull in deformed.pulls):
                raise InputError(
                    f"the floor {statistic.floor:g} of {checks.shown(name)} is not allowed together with "
                    f"{checks.shown(other)}, which has deformations or a quenching scale and shares nuisances with it: "
                    f"there it is at most {HIGHEST_FLOOR:g} counts, since chi2 may have minima below higher ones that "
                    "no search is sure to find; 1e-6 does what a floor is for"
                )
