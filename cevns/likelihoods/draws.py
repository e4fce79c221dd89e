"""Data drawn at a point of any model, with nuisances fixed or constraints measured anew: toys.

Toys come in blocks of 256. Block b of the stream (seed, key...) has NumPy's generator
``Generator(Philox(SeedSequence(seed, spawn_key=(*key, b))))``, so that a toy depends on seed, key and its own number
alone, whoever draws which of them. What NumPy's distributions make of a stream may change with its version.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.inference.ensembles.result import MODES
from cevns.likelihoods.pulls import Pulls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, Model
    from cevns.likelihoods.likelihood import Likelihood

__all__ = ["BLOCK", "Drawn", "Draws", "observed"]

#: Toys that one generator draws.
BLOCK = 256
#: Most toys of one stream, and largest seed.
MOST_TOYS, LARGEST_SEED = 2**40, 2**64 - 1


@dataclass(frozen=True, eq=False, repr=False)
class Drawn:
    """Toys, as rows.

    Attributes
    ----------
    data : ndarray, shape (n, bins of all experiments)
        Counts; experiments in the order of `Draws.slices`.
    centres : ndarray, shape (n, pulls), or None
        Where the pulls of nuisances are centred, as `cevns.kernels.refits.Refits` takes them, those of priors left out;
        None for where the likelihood has them.
    priors : dict of str to ndarray, shape (n,)
        Means of the priors of parameters that were measured anew, by name.
    """

    data: Array
    centres: Array | None
    priors: dict[str, Array]

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"<Drawn: {len(self)} toys of {self.data.shape[1]} bins>"

    def __getitem__(self, part: slice | np.ndarray) -> Drawn:
        centres = None if self.centres is None else self.centres[part]
        return Drawn(self.data[part], centres, {name: means[part] for name, means in self.priors.items()})


def observed(likelihood: Likelihood) -> Drawn:
    """Return what was observed as one row, as if it had been drawn."""
    assembly = likelihood._assembly
    rows = [np.array(e.observed, dtype=float).ravel() for e in (*assembly.alone, *assembly.together)]
    return Drawn(np.concatenate(rows)[None], None, {})


class Draws:
    """Data vectors drawn at one point.

    Poisson data are drawn from Poisson distributions, Gaussian ones from normal distributions with the uncertainties of
    the data, about the counts that the model expects there.

    Parameters
    ----------
    likelihood : Likelihood
        Of which data are drawn.
    interaction : str or Interaction
        Interaction.
    values : mapping of str to float
        The point: values of its parameters by name; the rest have their defaults.
    nuisances : str
        ``"fixed"``: nuisances have the values of `pulls`, and constraints stay as they are. ``"fluctuated"``: each
        constraint is a measurement of its own, drawn around these values with its uncertainty; those of the quenching
        scale and of shapes end at the ends of their ranges.
    pulls : Pulls or str, optional
        The values of nuisances: ``"best fit"`` to the observed data at the point, ``"central"``, or those of a `Pulls`.
    seed : int
        Of the stream.
    key : sequence of int
        Which of the seed's streams it is.

    Raises
    ------
    InputError
        If the point is incomplete, or something else is none of what is allowed.

    Examples
    --------
    >>> import cevns
    >>> draws = Draws(cevns.load("coherent-argon-2020"), "sm", {}, seed=1)
    >>> draws.take(0, 3)
    <Drawn: 3 toys of 12 bins>
    """

    def __init__(
        self,
        likelihood: Likelihood,
        interaction: Model,
        values: Mapping[str, Any],
        *,
        nuisances: str = "fluctuated",
        pulls: Pulls | str = "best fit",
        seed: int = 0,
        key: Sequence[int] = (),
    ) -> None:
        self.likelihood = likelihood
        if not isinstance(nuisances, str) or nuisances not in MODES:
            raise InputError(f"nuisances must be one of {', '.join(MODES)}, got {checks.shown(nuisances)}")
        if not isinstance(pulls, Pulls) and not (isinstance(pulls, str) and pulls in ("best fit", "central")):
            raise InputError(f"pulls must be 'best fit', 'central' or a Pulls, got {checks.shown(pulls)}")
        self.nuisances, self.fluctuated = nuisances, nuisances == "fluctuated"
        self.seed = checks.whole("seed", seed, low=0, high=LARGEST_SEED)
        self.key = tuple(checks.whole("key", k, low=0, high=2**32 - 1) for k in checks.sequence("key", key))
        self.values = {name: value for name, value in values.items() if value is not None}
        if isinstance(pulls, str) and pulls == "best fit":
            pulls = likelihood.pulls(interaction, **self.values)
        self.pulls = None if isinstance(pulls, str) else pulls
        assembly = likelihood._assembly
        self._experiments = (*assembly.alone, *assembly.together)
        given = {e.name: of for e, of in likelihood._own_values(interaction, self.values)}
        found = [e.predict(interaction, pulls=self.pulls, **given[e.name]).total for e in self._experiments]
        if any(counts.ndim > 1 for counts in found):
            raise InputError("data are drawn at one point: give one value of each parameter")
        #: Expected counts of each experiment.
        self.expected = {e.name: np.ravel(counts) for e, counts in zip(self._experiments, found, strict=True)}
        known = {p.name: p for p in likelihood.parameters(interaction) if p.prior is not None}
        self._priors = {
            name: (float(p.number(self.values.get(name))), p.prior[1])
            for name, p in known.items()
            if self.fluctuated and p.prior is not None
        }

    def __repr__(self) -> str:
        names = " + ".join(self.expected)
        return f"<Draws of {names}: nuisances {self.nuisances}, seed {self.seed}>"

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Which columns of the data belong to each experiment."""
        ends = np.cumsum([0, *(counts.size for counts in self.expected.values())]).tolist()
        return {name: slice(a, b) for name, a, b in zip(self.expected, ends, ends[1:], strict=False)}

    def take(self, start: int, stop: int) -> Drawn:
        """Return toys from number `start` to below `stop`.

        Raises
        ------
        InputError
            If these are no whole numbers from 0 on, ascending.
        """
        start = checks.whole("start", start, low=0, high=MOST_TOYS)
        stop = checks.whole("stop", stop, low=start + 1, high=MOST_TOYS)
        first = start // BLOCK
        blocks = [self._block(b) for b in range(first, (stop - 1) // BLOCK + 1)]
        part = slice(start - first * BLOCK, stop - first * BLOCK)
        if len(blocks) == 1:
            return blocks[0][part]
        centres = None if blocks[0].centres is None else np.concatenate([b.centres for b in blocks])
        priors = {name: np.concatenate([b.priors[name] for b in blocks]) for name in self._priors}
        return Drawn(np.concatenate([b.data for b in blocks]), centres, priors)[part]

    @property
    def whitened(self) -> Array:
        """What is expected in units in which data scatter by 1, and so do measurements of constraints."""
        columns = []
        for experiment in self._experiments:
            expected, uncertainty = self.expected[experiment.name], experiment.statistic.data.arrays[1]
            # roots of Poisson counts scatter by 1/2 (F. J. Anscombe, Biometrika 35 (1948) 246)
            poisson = uncertainty is None
            columns.append(2.0 * np.sqrt(np.maximum(expected, 0.0) + 0.375) if poisson else expected / uncertainty)
        if self.fluctuated:
            columns.append(self.likelihood._assembly.centres.whitened(self.pulls))
            columns.append(np.array([value / sigma for value, sigma in self._priors.values()]))
        return np.concatenate(columns)

    def log_density(self, drawn: Drawn) -> Array:
        """Return the logarithm of the density of data at the point, but for a constant of each, shape (n,).

        Parameters
        ----------
        drawn : Drawn
            Data that were drawn here, or at other points in the same manner.
        """
        total = np.zeros(len(drawn))
        for experiment in self._experiments:
            counts, expected = drawn.data[:, self.slices[experiment.name]], self.expected[experiment.name]
            uncertainty = experiment.statistic.data.arrays[1]
            if uncertainty is not None:
                total -= 0.5 * (((counts - expected) / uncertainty) ** 2).sum(axis=1)
                continue
            expected = np.maximum(expected, experiment.floor)
            seen = expected > 0
            total += counts[:, seen] @ np.log(expected[seen]) - expected.sum()
            # what cannot be observed has no density
            total[counts[:, ~seen].any(axis=1)] = -np.inf
        if drawn.centres is not None:
            total += self.likelihood._assembly.centres.log_density(self.pulls, drawn.centres)
        for name, (value, sigma) in self._priors.items():
            total -= 0.5 * ((drawn.priors[name] - value) / sigma) ** 2
        return total

    def _block(self, number: int) -> Drawn:
        sequence = np.random.SeedSequence(self.seed, spawn_key=(*self.key, number))
        generator = np.random.Generator(np.random.Philox(sequence))
        data = [self._counts(e, generator) for e in self._experiments]
        centres, priors = None, {}
        if self.fluctuated:
            centres = self.likelihood._assembly.centres.draw(self.pulls, generator, BLOCK)
            for name, (value, sigma) in self._priors.items():
                priors[name] = value + sigma * generator.standard_normal(BLOCK)
        return Drawn(np.concatenate(data, axis=1), centres, priors)

    def _counts(self, experiment: Any, generator: np.random.Generator) -> Array:
        expected, uncertainty = self.expected[experiment.name], experiment.statistic.data.arrays[1]
        shape = BLOCK, expected.size
        if uncertainty is None:
            # where walls keep an expectation at 0 rounding may leave less
            return generator.poisson(np.maximum(expected, experiment.floor), shape).astype(float)
        found: Array = expected + uncertainty * generator.standard_normal(shape)
        return found
