"""What all results have in common: a model, data and parameters; they print, save, load, tabulate and plot."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from cevns.arrays import ByValue
from cevns.inference.assumptions import shown, typeset_prior
from cevns.plotting.pictures import Pictured
from cevns.tabular import html, without_rounding
from cevns.units import plain, symbol, typeset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from cevns import _types
    from cevns.parameters import Parameter
    from cevns.tabular import Table

__all__ = ["Result"]

#: Most names of profiled parameters, and of fixed ones, that a line has room for.
NAMED = 4


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Result(ByValue, Pictured, abc.ABC):
    """Base of what inference returns. Results are equal if all that they hold is.

    Attributes
    ----------
    model, label : str
        Name of the interaction, and its name in figures.
    experiments, labels : tuple of str
        Names of the experiments, and their names in figures.
    parameters : tuple of Parameter
        That the result is about, with their units and ranges: a mass, if there is one, and the coupling.
    fixed : dict
        Values of other parameters that were given, by name.
    fixed_parameters : tuple of Parameter
        Those parameters, with their units and defaults; none of a file of an earlier version.
    remarks : tuple of str
        What a reader has to know beside the numbers: a minimum at the end of a range, one that is as deep, a direction
        in which chi2 does not change.
    assumptions : tuple of str
        What is not as it is unless something else is asked for: options and replaced fields of experiments, data that
        are expectations, priors, weak couplings. What is said of one of several experiments begins with its name.
    symbols : dict
        How other parameters that were profiled are called in figures, by name; none of a file of an earlier version.
    """

    model: str
    label: str
    experiments: tuple[str, ...]
    labels: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    fixed: dict[str, float] = field(default_factory=dict)
    fixed_parameters: tuple[Parameter, ...] = ()
    remarks: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    symbols: dict[str, str] = field(default_factory=dict)

    #: What files and messages call it, and how its files end.
    kind: ClassVar[str] = "result"
    suffix: ClassVar[str] = ""
    #: How a file of it is made, for messages.
    made_by: ClassVar[str] = "the method save of a result"

    @property
    def data(self) -> str:
        """Names of the experiments in one text."""
        return " + ".join(self.experiments)

    @property
    def title(self) -> str:
        """The model, the experiments and the `settings` as legends name them."""
        symbols = {p.name: p.label for p in (*self.fixed_parameters, *self.parameters)} | self.symbols
        assumed = [
            typeset_prior(text, symbols) or typeset(plain(text))
            for text in shown(self.assumptions, self.experiments, self.labels)
        ]
        settings = self._settings(assumed, lambda name: symbols.get(name) or symbol(name), typeset)
        return f"{self.label}: {' + '.join(self.labels)}{self._in_brackets(settings)}"

    @property
    def settings(self) -> str:
        """Which parameters have values other than their defaults, which were profiled, and the `assumptions`.

        It is empty if there are none.

        Examples
        --------
        >>> import cevns
        >>> csi = cevns.load("coherent-csi-2017")
        >>> csi.interval("b-l", "coupling", mass=50, profiled="rn_csi").settings
        'mass = 50 MeV; profiled: rn_csi'
        >>> cevns.load("coherent-csi-2017", form_factor="point").asimov().limit("b-l", mass=50).settings
        'form_factor = point, expected data'
        """
        return self._settings(self.assumptions)

    def _settings(
        self, assumed: Sequence[str], called: Callable[[str], str] = str, unit: Callable[[str], str] = str
    ) -> str:
        """Return `settings` with names and units as they are asked for."""
        known = {p.name: p for p in self.fixed_parameters}
        values = []
        for name, value in self.fixed.items():
            p = known.get(name)
            if p is None or p.default != value:
                values.append(f"{called(name)} = {value:.6g}{f' {unit(p.unit)}' if p is not None and p.unit else ''}")
        others = _few([called(name) for name in self._others], "profiled: ")
        return "; ".join(filter(None, (_few(values), others, _few(assumed))))

    @property
    def _others(self) -> Iterable[str]:
        """Names of the parameters that were profiled, beside those that the result is about."""
        return ()

    @property
    def subject(self) -> str:
        """The model, the experiments and the `settings` in plain text."""
        return f"{self.model}, {self.data}{self._in_brackets(self.settings)}"

    @staticmethod
    def _in_brackets(text: str) -> str:
        return f" ({text})" if text else ""

    @abc.abstractmethod
    def table(self) -> Table:
        """Return the numbers as a table: named columns with units, rows of plain numbers."""

    @abc.abstractmethod
    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the result on Matplotlib axes, new ones unless given, and return them."""

    def save(self, path: _types.Path) -> None:
        """Write the result to a file, whole or not at all: ``.csv`` for limits, ``.npz`` for scans, ``.json`` for fits.

        Every file says the model, the experiments and the parameters with their units. A limit is written in the order
        of its masses, a line for each excluded interval; both ends are empty for a mass at which nothing is excluded.

        Raises
        ------
        InputError
            If `path` is no path or ends otherwise, a limit has a mass more than once, or an axis of a scan does not
            ascend.
        DataError
            If the file cannot be written, or would be too long to be read again.

        Examples
        --------
        >>> import tempfile
        >>> import cevns
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "limit.csv"
        >>> limit = cevns.load("coherent-argon-2020").limit("b-l", [10.0])
        >>> limit.save(path)
        >>> type(limit).load(path).mass
        array([10.])
        """
        from cevns.inference.files import save

        save(self, path)

    @classmethod
    def load(cls, path: _types.Path) -> Self:
        """Read a result that `save` wrote, this version's or an earlier one's.

        Called on `Result` itself it takes a result of any kind.

        Raises
        ------
        InputError
            If `path` is no path.
        DataError
            If the file cannot be read, holds a result of another kind, or contradicts itself: level and degrees of
            freedom, parameters and columns, ranges and numbers, minimum and best fit.
        """
        from cevns.inference.files import load

        return load(cls, path)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.subject}, {self._facts()}>"

    def _repr_html_(self) -> str:
        table = self.table()
        return html(table.heads, without_rounding(table), self._caption())

    def _caption(self) -> str:
        return f"{self.subject}, {self._facts()}"

    @abc.abstractmethod
    def _facts(self) -> str:
        """Return the rest of the line that shows the result."""

    @abc.abstractmethod
    def _content(self) -> tuple[dict[str, Any], Any]:
        """Return what the header of a file says beside what all results say, and the body: arrays, a table or None."""

    @classmethod
    @abc.abstractmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        """Return the result of a checked header and a body.

        Raises
        ------
        HeaderError, InputError
            If they contradict each other or themselves.
        """


def _few(texts: Sequence[str], before: str = "") -> str:
    """Return texts in one line, as many as there is room for."""
    more = [f"... {len(texts) - NAMED} more"] if len(texts) > NAMED else []
    return f"{before}{', '.join([*texts[:NAMED], *more])}" if texts else ""
