"""chi2 on a grid of masses and couplings, saved and loaded as one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import ByValue, span
from cevns.errors import InputError
from cevns.files import checked_path
from cevns.models import get_model
from cevns.pictures import Pictured, figures_hint
from cevns.threads import share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns import _types
    from cevns.likelihoods import Likelihood

__all__ = ["Scan", "scan"]


@dataclass(frozen=True, eq=False)
class Scan(ByValue, Pictured):
    """chi2 on a grid.

    Attributes
    ----------
    model, label : str
        Name of the model, and its name in figures.
    experiments, labels : tuple of str
        Names of the experiments, and their names in figures.
    mass : ndarray, shape (m,)
        Mediator masses [MeV].
    coupling : ndarray, shape (n,)
        Couplings.
    chi2 : ndarray, shape (m, n)
        chi2 with all nuisances profiled.
    """

    model: str
    label: str
    experiments: tuple
    labels: tuple
    mass: np.ndarray
    coupling: np.ndarray
    chi2: np.ndarray

    @property
    def delta_chi2(self) -> _types.Array:
        """chi2 above its minimum on the grid, shape (m, n)."""
        return self.chi2 - self.chi2.min()

    def __repr__(self):
        axes = f"{span('mass', self.mass, 'MeV')} x {span('coupling', self.coupling)}"
        return f"<Scan: {self.model}, {' + '.join(self.experiments)}, {axes}>"

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the excluded regions; see `cevns.plotting.plot_scan`."""
        from cevns.plotting import plot_scan

        return plot_scan(self, ax=ax, **options)

    def save(self, path: _types.Path) -> None:
        """Write the scan to an ``.npz`` file, whole or not at all.

        Raises
        ------
        InputError
            If `path` is no path or does not end in ``.npz``.
        DataError
            If the file cannot be written, or would be longer than 2 GiB.
        """
        from cevns import __version__
        from cevns.inference.archives import write_scan

        path = checked_path(path)
        if path.suffix != ".npz":
            raise InputError(f"path {path} must end in .npz; {figures_hint('scan')}")
        about = {
            "cevns": __version__,
            "model": self.model,
            "label": self.label,
            "experiments": list(self.experiments),
            "labels": list(self.labels),
            "units": {"mass": "MeV"},
        }
        arrays = {name: np.asarray(getattr(self, name), dtype=float) for name in ("mass", "coupling", "chi2")}
        write_scan(path, arrays, about)

    @classmethod
    def load(cls, path: _types.Path) -> Scan:
        """Read a scan that `save` wrote.

        Names, sizes, types and shapes are checked before an array is read.

        Raises
        ------
        InputError
            If `path` is no path.
        DataError
            If the file cannot be read or is not such a scan.
        """
        from cevns.inference.archives import read_scan

        arrays, about = read_scan(path)
        return cls(
            about["model"], about["label"], tuple(about["experiments"]), tuple(about["labels"]), *arrays.values()
        )


def scan(
    likelihood: Likelihood,
    model: _types.Model,
    mass: _types.ArrayLike,
    coupling: _types.ArrayLike,
    *,
    num_threads: int = 1,
    progress: _types.Progress | None = None,
) -> Scan:
    """Return chi2 on a grid of masses and couplings.

    Parameters
    ----------
    likelihood : Likelihood
        What is scanned.
    model : str or VectorModel
        Interaction with a mediator.
    mass : array_like, shape (m,)
        Ascending mediator masses [MeV].
    coupling : array_like, shape (n,)
        Ascending couplings.
    num_threads : int
        Threads over the masses; the result does not depend on them.
    progress : callable, optional
        Called as ``progress(done, total)`` with the number of masses that are ready.

    Returns
    -------
    Scan

    Raises
    ------
    InputError
        If an axis is empty, does not ascend or is out of range, or the model has no mediator.

    Examples
    --------
    >>> import cevns
    >>> import numpy as np
    >>> argon = cevns.load("coherent-argon-2020")
    >>> argon.scan("b-l", np.geomspace(1, 100, 5), np.geomspace(1e-5, 1e-3, 7)).chi2.shape
    (5, 7)
    """
    from cevns.likelihoods import Likelihood

    checks.instance("likelihood", likelihood, Likelihood, "an Experiment has one as .likelihood")
    model = get_model(model)
    if not model.has_mass:
        raise InputError(
            f"model {checks.shown(model.name)} has no mediator mass to scan; use chi2() with an array of couplings"
        )
    mass = checks.ascending("mass", model.check_mass(mass, likelihood.smallest_mass), unit="MeV")
    coupling = checks.ascending("coupling", model.check_coupling(coupling))
    engine = likelihood.engine(model)
    mass_squared, y = np.square(mass), model.strength(coupling)
    chi2 = np.empty((mass.size, coupling.size))
    share(lambda part: engine.grid(mass_squared[part], y, chi2[part]), mass.size, chi2.size, num_threads, progress)
    names, labels = (tuple(getattr(e, field) for e in likelihood.experiments) for field in ("name", "label"))
    return Scan(model.name, model.label, names, labels, mass, coupling, chi2)
