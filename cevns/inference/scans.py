"""chi2 on a grid of masses and couplings, saved and loaded as one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cevns import checks
from cevns.arrays import span
from cevns.errors import InputError
from cevns.inference import headers
from cevns.inference.headers import HeaderError
from cevns.inference.lines import Line
from cevns.inference.results import Result
from cevns.parameters import LARGEST_COUPLING, LARGEST_MASS
from cevns.tabular import Column, Table, html
from cevns.threads import share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from cevns import _types
    from cevns._types import Array
    from cevns.likelihoods import Likelihood

__all__ = ["Scan", "scan"]

#: What is accepted of the axes.
_LARGEST = {"mass": LARGEST_MASS, "coupling": LARGEST_COUPLING}


@dataclass(frozen=True, eq=False, repr=False)
class Scan(Result):
    """chi2 on a grid.

    Attributes
    ----------
    mass : ndarray, shape (m,)
        Mediator masses [MeV].
    coupling : ndarray, shape (n,)
        Couplings.
    chi2 : ndarray, shape (m, n)
        chi2 with all nuisances profiled.
    model, label, experiments, labels, parameters
        As of every `Result`.

    Examples
    --------
    >>> import cevns
    >>> scan = cevns.load("coherent-argon-2020").scan("b-l", [1.0, 10.0], [1e-5, 1e-4, 1e-3])
    >>> scan.chi2.shape
    (2, 3)
    """

    mass: Array
    coupling: Array
    chi2: Array

    kind: ClassVar[str] = "scan"
    suffix: ClassVar[str] = ".npz"
    made_by: ClassVar[str] = "Scan.save or `cevns scan`"
    #: Arrays of its files, and their dimensions.
    arrays: ClassVar[dict[str, int]] = {"mass": 1, "coupling": 1, "chi2": 2}

    @property
    def delta_chi2(self) -> _types.Array:
        """chi2 above its minimum on the grid, shape (m, n)."""
        above: Array = self.chi2 - self.chi2.min()
        return above

    def table(self) -> Table:
        """Return a row for each point of the grid, mass by mass."""
        rows, columns = self.chi2.shape
        mass, coupling = self.parameters
        return Table(
            (
                Column(mass.name, mass.unit, np.repeat(self.mass, columns)),
                Column(coupling.name, coupling.unit, np.tile(self.coupling, rows)),
                Column("chi2", "", self.chi2.ravel()),
            ),
            keys=2,
        )

    def to_xarray(self) -> Any:
        """Return chi2 over the grid as an xarray Dataset with the two parameters as coordinates.

        Raises
        ------
        MissingDependencyError
            If xarray is not installed.
        """
        from cevns.exchange import result_dataset

        return result_dataset(self, (self.mass, self.coupling), {"chi2": self.chi2})

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the excluded regions; options are those of `cevns.plotting.plot_scan`, ``cl`` and ``dof`` among them.

        Strips that are narrower than the distance of grid points come out as beads: `limit` and `contour` are exact.
        """
        from cevns.inference.drawing import plot_scan

        return plot_scan(self, ax=ax, **options)

    def _facts(self) -> str:
        axes = zip(self.parameters, (self.mass, self.coupling), strict=True)
        return " x ".join(span(p.name, values, p.unit) for p, values in axes)

    def _repr_html_(self) -> str:
        # of a grid the axes are enough, and where chi2 is least
        i, j = divmod(int(self.chi2.argmin()), self.coupling.size)
        axes = zip(self.parameters, (self.mass, self.coupling), (i, j), strict=True)
        rows = [
            (Column(p.name, p.unit, ()).head, values.size, values[0], values[-1], values[k]) for p, values, k in axes
        ]
        rows.append(("chi2", self.chi2.size, self.chi2.min(), self.chi2.max(), self.chi2[i, j]))
        return html(("", "values", "least", "largest", "at the least chi2"), rows, self.subject)

    # --- files -------------------------------------------------------------------------------------------------------

    def _content(self) -> tuple[dict[str, Any], Any]:
        for name in _LARGEST:
            checks.ascending(name, getattr(self, name))
        return {}, {name: np.asarray(getattr(self, name), dtype=float) for name in self.arrays}

    @classmethod
    def _restored(cls, about: Mapping[str, Any], body: Any) -> Self:
        fields = headers.fields(about, True)
        if body["chi2"].shape != (body["mass"].size, body["coupling"].size):
            raise HeaderError("it does not hold one chi2 for each mass and coupling")
        for parameter, (name, largest) in zip(fields["parameters"], _LARGEST.items(), strict=True):
            if not (np.diff(body[name]) > 0).all():
                raise HeaderError(f"{name} does not ascend")
            headers.check_range(parameter, body[name], largest)
        headers.check_chi2("chi2", body["chi2"])
        return cls(**body, **fields)


def scan(
    likelihood: Likelihood,
    interaction: _types.Model,
    mass: _types.ArrayLike | None = None,
    coupling: _types.ArrayLike | None = None,
    *,
    num_threads: int = 1,
    progress: _types.Progress | None = None,
    **fixed: float,
) -> Scan:
    """Return chi2 on a grid of masses and couplings.

    Parameters
    ----------
    likelihood : Likelihood
        What is scanned.
    interaction : str or Interaction
        Interaction with a mediator.
    mass : array_like, shape (m,)
        Ascending mediator masses [MeV].
    coupling : array_like, shape (n,)
        Ascending couplings.
    num_threads : int
        Threads over the masses; the result does not depend on them.
    progress : callable, optional
        Called as ``progress(done, total)`` with the number of masses that are ready.
    **fixed : float
        Values of other parameters.

    Returns
    -------
    Scan

    Raises
    ------
    InputError
        If an axis is missing or empty, does not ascend or is out of range, or the model has no mediator.

    Examples
    --------
    >>> import cevns
    >>> import numpy as np
    >>> argon = cevns.load("coherent-argon-2020")
    >>> argon.scan("b-l", np.geomspace(1, 100, 5), np.geomspace(1e-5, 1e-3, 7)).chi2.shape
    (5, 7)
    """
    line = Line(likelihood, interaction, "scan", fixed)
    if line.other is None:
        raise InputError(
            f"interaction {checks.shown(line.name)} has no mediator mass to scan; use chi2() with an array of couplings"
        )
    mass = checks.ascending("mass", line.other_values(mass), unit="MeV")
    coupling = checks.ascending("coupling", line.parameter.values(coupling))
    rows, y = line.rows(mass), line.to_y(coupling)
    chi2 = np.empty((mass.size, coupling.size))
    share(lambda part: line.engine.grid(rows[part], y, chi2[part]), mass.size, chi2.size, num_threads, progress)
    i, j = divmod(int(chi2.argmin()), coupling.size)
    about = line.about_best(float(mass[i]), float(coupling[j])) | {"parameters": (line.other, line.parameter)}
    return Scan(mass, coupling, chi2, **about)
