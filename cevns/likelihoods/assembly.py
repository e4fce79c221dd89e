"""Experiments put together: which of them profile their nuisances alone, which together, and what they share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError
from cevns.kernels.engine import Engine
from cevns.kernels.joint import lifted
from cevns.likelihoods.nuisances import shared

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cevns._types import Array, Model
    from cevns.likelihoods.centres import Centres
    from cevns.likelihoods.channel import Channel
    from cevns.likelihoods.joint import Joined
    from cevns.parameters import Parameter

__all__ = ["Assembly", "Ends", "check_apart", "check_radii"]

_BEYOND = "chi2 may fall further beyond"
#: Share of the range of a nuisance that counts as its end.
EDGE = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Ends(Value):
    """What of nuisances lies at an end of its range.

    Attributes
    ----------
    experiments : tuple of str
        Those of which a nuisance does.
    remarks : tuple of str
        A sentence for each nuisance.
    """

    experiments: tuple[str, ...]
    remarks: tuple[str, ...]


_INSIDE = Ends((), ())


class Assembly:
    """How experiments make one chi2.

    Those with Gaussian data whose nuisances scale the signal, and their own backgrounds, profile these in closed form.
    All others are profiled together.

    Parameters
    ----------
    experiments : sequence of Experiment
        With different names.

    Raises
    ------
    InputError
        If nuisances do not fit together.
    """

    def __init__(self, experiments: Sequence[Channel]) -> None:
        self.experiments = tuple(experiments)
        self.alone = tuple(e for e in experiments if not e.together)
        self.together: tuple[Any, ...] = tuple(e for e in experiments if e.together)
        # refuses what does not fit together here and now
        if self.together:
            _ = self.joined
        for name, (sigma, _) in self.shared.items():
            k = self.joined.index(name)
            if k >= 0 and self.joined.pulls[k].unit != sigma:
                raise InputError(
                    f"nuisance {checks.shown(name)} has the uncertainty {sigma:g} in one experiment and "
                    f"{self.joined.pulls[k].unit:g} in another: equal names are one nuisance, rename one or correct it"
                )

    def with_data(self, experiment: Channel) -> Assembly:
        """Return the same of its one experiment with other data."""
        out = object.__new__(Assembly)
        out.__dict__.update(self.__dict__, experiments=(experiment,))
        out.__dict__["together" if experiment.together else "alone"] = (experiment,)
        for name in ("joined", "centres", "widths", "_eta_ranges"):
            out.__dict__.pop(name, None)
        return out

    @cached_property
    def shared(self) -> dict[str, tuple[float, tuple[int, ...]]]:
        """Nuisances of the experiments that are alone: sigma, and which of these have each."""
        return shared(self.alone)

    @cached_property
    def widths(self) -> dict[str, dict[str, float]]:
        """The standard deviations of the nuisances of experiments, by their names; see `Pulls.widths`."""
        return {e.name: {n.name: n.sigma for n in e.nuisances} | e.statistic.pull_widths for e in self.experiments}

    @cached_property
    def joined(self) -> Joined:
        """Nuisances of the others."""
        # of what Gaussian experiments do without nothing is imported
        from cevns.likelihoods.joint import join

        statistics: list[Any] = [e.statistic for e in self.together]
        correlations: dict[tuple[str, str], float] = {}
        for experiment in self.together:
            for pair, value in experiment.correlations:
                known = correlations.setdefault((min(pair), max(pair)), value)
                if known != value:
                    raise InputError(
                        f"the correlation of {pair[0]!r} and {pair[1]!r} is {known:g} in one experiment and {value:g} "
                        "in another: correct one of them"
                    )
        return join([e.name for e in self.together], statistics, correlations, self.shared)

    @cached_property
    def centres(self) -> Centres:
        """Where all pulls are centred if constraints are measured anew."""
        from cevns.likelihoods.centres import Centres

        return Centres(self)

    @property
    def data_scales(self) -> list[tuple[Array, Array, Array]]:
        """What leads from counts to data of each that is alone; see `GaussianStatistic.reference`."""
        return [e.statistic.reference for e in self.alone]

    @cached_property
    def _eta_ranges(self) -> list[tuple[Any, float, float, float]]:
        """Experiments, the ends of their quenching scales, and how near to these is at an end: never for one scale."""
        ranges = [(e, *e.signal.eta_range) for e in self.alone]
        return [(e, low, high, EDGE * (high - low) if high > low else -1.0) for e, low, high in ranges]

    def engine(
        self,
        interaction: Model,
        parameters: tuple[Parameter, ...],
        fixed: Mapping[str, float],
        priors: Sequence[tuple[int, float, float]],
    ) -> Engine:
        """Return what computes chi2 as a function of some parameters; see `Likelihood.engine`."""
        terms = [
            e.statistic.term(
                e.signal.profiled(interaction, parameters, fixed, e.statistic.precision, e.statistic.units)
            )
            for e in self.alone
        ]
        if not self.together:
            found = [(sigma, members, -1) for sigma, members in self.shared.values()]
            return Engine(terms, found, priors)
        others = [
            e.statistic.term(
                *e.signal.grouped(interaction, parameters, fixed),
                places,
                self.joined.turned(i),
                self.joined.bases(i),
            )
            for i, (e, places) in enumerate(zip(self.together, self.joined.places, strict=True))
        ]
        found = [(sigma, members, self.joined.index(name)) for name, (sigma, members) in self.shared.items()]
        return Engine(terms, found, priors, self.joined.make(others))

    def ends(self, profile: Any) -> Ends:
        """Return which experiments have a nuisance at an end of its range, and what has to be said.

        Parameters
        ----------
        profile : tuple
            What `Engine.profile` returns.
        """
        terms, _, (_, x) = profile
        found: dict[str, list[str]] = {}
        for (experiment, low, high, edge), term in zip(self._eta_ranges, terms, strict=True):
            eta = term[1]
            if eta - low <= edge or high - eta <= edge:
                end, side = (low, "below") if eta - low < high - eta else (high, "above")
                sigmas = abs(end - 1) / experiment.statistic.eta_sigma
                said = f"the quenching scale of {experiment.name} is at an end of its range, {end:.4g}, {sigmas:.3g} "
                found[experiment.name] = [f"{said}sigma {side} 1: {_BEYOND}"]
        if self.together:
            joined = self.joined
            x = (joined.turn @ x).tolist()
            for experiment, places in zip(self.together, joined.places, strict=True):
                for k in places:
                    pull = joined.pulls[k]
                    if _at_end(x[k], pull.low, pull.high):
                        end, side = (pull.low, "lower") if x[k] - pull.low < pull.high - x[k] else (pull.high, "upper")
                        unit = "" if pull.told_in == "relative" else f" {pull.told_in}"
                        owner = "" if joined.shared_by(k) > 1 else f" of {experiment.name}"
                        said = f"nuisance {pull.name}{owner} is at the {side} end of its range, {pull.unit * end:.4g}"
                        found.setdefault(experiment.name, []).append(f"{said}{unit}: {_BEYOND}")
        if not found:
            return _INSIDE
        names = [e.name for e in self.experiments if e.name in found]
        # what several share is said once
        return Ends(tuple(names), tuple(dict.fromkeys(said for name in names for said in found[name])))

    def pulls(self, profile: Any) -> tuple[float, dict[str, dict[str, Any]], Ends, dict[str, float]]:
        """Return chi2 without priors of parameters, chi2 and pulls by experiment, those at an end, and shared pulls.

        Parameters
        ----------
        profile : tuple
            What `Engine.profile` returns.
        """
        terms, values, (chi2, x) = profile
        out: dict[str, dict[str, Any]] = {}
        pulls = dict(zip(self.shared, values, strict=True))
        total = 0.0
        for experiment, (value, eta, signal, shifts) in zip(self.alone, terms, strict=True):
            centre = 1.0
            for nuisance in experiment.nuisances:
                centre += pulls[nuisance.name]
            out[experiment.name] = {"chi2": value, "pulls": experiment.statistic.pulls(eta, signal - centre, shifts)}
            total += value
        for name, (sigma, _) in self.shared.items():
            if not self.together or self.joined.index(name) < 0:
                total += (pulls[name] / sigma) ** 2
        if self.together:
            total += self._add_joint(chi2, x, out, pulls)
            out = {e.name: out[e.name] for e in self.experiments}
        return total, out, self.ends(profile), pulls

    def _add_joint(
        self,
        chi2: Sequence[float],
        x: Array,
        out: dict[str, dict[str, Any]],
        pulls: dict[str, float],
    ) -> float:
        """Add the experiments that are profiled together, and return their chi2 with all pulls that are theirs."""
        joined = self.joined
        x = joined.turn @ x
        for (owner, _), pull, value in zip(joined.names, joined.pulls, x.tolist(), strict=True):
            if owner is None:
                pulls.setdefault(pull.name, pull.unit * value)
        for experiment, places, value in zip(self.together, joined.places, chi2, strict=True):
            own: dict[str, float] = {}
            alone = 0.0
            for pull, k in zip(experiment.statistic.pulls, places, strict=True):
                own[pull.name] = pull.unit * float(x[k])
                if joined.names[k][0] is not None:
                    alone += joined.precision[k, k] * float(x[k]) ** 2
            out[experiment.name] = {"chi2": lifted(value + float(alone)), "pulls": own}
        return lifted(float(sum(chi2) + x @ joined.precision @ x))


def _at_end(value: float, low: float, high: float) -> bool:
    """Return whether a nuisance lies at an end of its range."""
    return 0 < high - low < math.inf and min(value - low, high - value) <= EDGE * (high - low)


def check_apart(experiments: Sequence[Any]) -> None:
    """Refuse experiments that hold the same events.

    Raises
    ------
    InputError
        Naming them.
    """
    names = [e.name for e in experiments]
    for i, experiment in enumerate(experiments):
        if experiment.name in names[:i]:
            raise InputError(
                f"experiment {checks.shown(experiment.name)} comes more than once: data must not be counted twice"
            )
        for other in experiment.overlaps.intersection(names):
            raise InputError(f"experiments {experiment.name} and {other} hold the same events: leave one of them out")


def check_radii(experiments: Sequence[Channel], given: Collection[str]) -> None:
    """Refuse a radius of several elements that in one of several experiments sets an element, and not in another.

    Parameters
    ----------
    experiments : sequence of Experiment
        All of them.
    given : collection of str
        Names of the parameters that have values, or may have.

    Raises
    ------
    InputError
        Naming the experiments, and what to give instead.
    """
    if len(experiments) == 1:
        return
    every = [e.signal.radii for e in experiments]
    for i, radii in enumerate(every):
        for name in given:
            parts = radii.get(name, ())
            for part in parts if len(parts) > 1 else ():
                for other, known in zip(experiments, every, strict=True):
                    if part in known and name not in known:
                        raise InputError(
                            f"{name} sets {part} of {experiments[i].name}, but not that of {other.name}: give "
                            f"{' and '.join(parts)} instead, which are the same in all experiments"
                        )


def replaced(experiments: Sequence[Any], observed: Any, uncertainty: Any) -> list[Any]:
    """Return experiments with other data, those that are named; see `Likelihood.with_data`."""
    names = [e.name for e in experiments]
    for what, given in (("observed", observed), ("uncertainty", uncertainty)):
        if not isinstance(given, Mapping):
            raise InputError(f"{what} must be a mapping of the names {', '.join(names)} to numbers of each")
        for name in given:
            checks.known("experiment", name, names)
    if alone := next((name for name in uncertainty if name not in observed), None):
        raise InputError(f"uncertainty is of {checks.shown(alone)}, which observed leaves out: give its counts too")
    out = []
    for experiment in experiments:
        if experiment.name not in observed:
            out.append(experiment)
            continue
        try:
            out.append(experiment.with_data(observed[experiment.name], uncertainty.get(experiment.name)))
        except InputError as error:
            raise InputError(f"data of {checks.shown(experiment.name)}: {error}") from None
    return out
