"""Where the nuisances go at one point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.arrays import Value
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cevns.tabular import Table

__all__ = ["Pulls"]


@dataclass(frozen=True, eq=False, repr=False)
class Pulls(Value):
    """chi2 at one point with the nuisances that minimise it.

    Attributes
    ----------
    chi2 : float
        Sum over the experiments, and the penalties of shared nuisances and of priors.
    experiments : dict
        For each experiment's name: ``chi2`` and ``pulls``, a dict. A normalisation's pull is its relative shift, so
        that (1 + pull) multiplies the counts (alpha_c and beta_c of eq. 4.1, eta - 1 of eq. 4.2); ``quenching`` is eta
        - 1. Those in `shared` that it has are there, too, but their penalties are not in its ``chi2``.
    at_edge : tuple of str
        Experiments of which a nuisance lies at an end of its range, as the quenching scale at five standard deviations
        from 1 or 0.25: the minimum may lie beyond, and the data and the prediction hardly belong together.
    shared : dict
        Pulls of nuisances by name that several experiments may have: all but normalisations of one experiment's own
        signal and backgrounds, and its ``quenching``. Their penalties are in `chi2` alone.
    priors : dict
        Pulls of parameters that have a prior, by name, in units of its standard deviation; their squares are in `chi2`
        alone.
    remarks : tuple of str
        What has to be said beside the numbers: a sentence for each nuisance at an end of its range.
    widths : dict
        For each experiment's name the standard deviations of its nuisances, shared ones too, by name and in the units
        of their pulls; infinite for what is free.

    Examples
    --------
    >>> import cevns
    >>> pulls = cevns.load("coherent-argon-2020").pulls("sm")
    >>> {name: round(pull, 3) for name, pull in pulls.experiments["coherent-argon-2020"]["pulls"].items()}
    {'signal': 0.046, 'PBRN': -0.117, 'LBRN': -0.076}
    >>> print(pulls)
    coherent-argon-2020, chi2 8.85725
    of                   pull    shift       width
    coherent-argon-2020  signal  0.0460541   0.134
    coherent-argon-2020  PBRN    -0.117128   0.32
    coherent-argon-2020  LBRN    -0.0763905  1
    """

    chi2: float
    experiments: dict[str, dict[str, Any]]
    at_edge: tuple[str, ...] = ()
    shared: dict[str, float] = field(default_factory=dict)
    priors: dict[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    widths: dict[str, dict[str, float]] = field(default_factory=dict)

    def __repr__(self) -> str:
        from cevns.tabular import chi2_text

        count = sum(len(part["pulls"]) for part in self.experiments.values()) + len(self.shared) + len(self.priors)
        edges = f", at an edge: {', '.join(self.at_edge)}" if self.at_edge else ""
        return f"<Pulls: {' + '.join(self.experiments)}, chi2 {chi2_text(self.chi2)}, {count} pulls{edges}>"

    def __str__(self) -> str:
        head, *remarks = self._said
        return "\n".join([head, str(self.table()), *remarks])

    def _repr_html_(self) -> str:
        from cevns.tabular import html

        table = self.table()
        return html(table.heads, table, "; ".join(self._said))

    @property
    def _said(self) -> list[str]:
        from cevns.tabular import chi2_text

        return [f"{' + '.join(self.experiments)}, chi2 {chi2_text(self.chi2)}", *self.remarks]

    def table(self) -> Table:
        """Return a row for each pull: of what it is, its name, its shift, and its standard deviation, if it is known.

        Examples
        --------
        >>> import cevns
        >>> table = cevns.load("coherent-argon-2020").pulls("sm").table()
        >>> table["pull"], table["width"][0]
        (['signal', 'PBRN', 'LBRN'], 0.134)
        """
        from cevns.tabular import Column, Table

        every = {pull: width for own in self.widths.values() for pull, width in own.items()}
        rows = [
            (name, pull, value, self.widths.get(name, {}).get(pull))
            for name, part in self.experiments.items()
            for pull, value in part["pulls"].items()
            if pull not in self.shared
        ]
        rows += [("shared", pull, value, every.get(pull)) for pull, value in self.shared.items()]
        # in units of their own standard deviations
        rows += [("priors", pull, value, 1.0) for pull, value in self.priors.items()]
        columns = zip(*rows, strict=True) if rows else ((),) * 4
        names = ("of", "pull", "shift", "width")
        return Table(tuple(Column(n, "", list(c)) for n, c in zip(names, columns, strict=True)), keys=2)

    def of(self, experiment: str, nuisances: Iterable[str] | None = None) -> dict[str, float]:
        """Return the pulls of an experiment by name, its own and those that it shares.

        Parameters
        ----------
        experiment : str
            Name of the experiment.
        nuisances : iterable of str, optional
            Names of all its nuisances; without them, those of others that its likelihood shares are returned, too.

        Raises
        ------
        UnknownNameError
            If the experiment is none of these.
        InputError
            If it has other nuisances than that of this name of which the pulls are.
        """
        checks.known("experiment of the pulls", experiment, self.experiments)
        own: dict[str, float] = self.experiments[experiment]["pulls"]
        found = self.shared | own
        if nuisances is None:
            return found
        known = dict.fromkeys(nuisances)
        if strange := [*(n for n in own if n not in known), *(n for n in known if n not in found)]:
            has = "has no" if strange[0] in own else "has a"
            raise InputError(
                f"pulls are of another {checks.shown(experiment)} than this, which {has} nuisance "
                f"{checks.shown(strange[0])}: give those of this experiment, or of a likelihood that it is part of"
            )
        return {name: found[name] for name in known}
