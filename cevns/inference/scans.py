"""chi2 on a grid of masses and couplings, saved and loaded as one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import ByValue
from cevns.errors import DataError, InputError
from cevns.models import get_model
from cevns.pictures import Pictured
from cevns.threads import share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns import _types
    from cevns.likelihoods import Likelihood

__all__ = ["Scan", "scan"]

_FORMAT = 1


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

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the excluded regions; see `cevns.plotting.plot_scan`."""
        from cevns.plotting import plot_scan

        return plot_scan(self, ax=ax, **options)

    def save(self, path: _types.Path) -> None:
        """Write the scan to an ``.npz`` file, whole or not at all.

        Raises
        ------
        DataError
            If the file cannot be written.
        """
        import json

        from cevns import __version__
        from cevns.files import atomic_path

        path = Path(path)
        if path.suffix != ".npz":
            raise InputError(f"path {path} must end in .npz")
        about = {
            "format": _FORMAT,
            "cevns": __version__,
            "model": self.model,
            "label": self.label,
            "experiments": list(self.experiments),
            "labels": list(self.labels),
            "units": {"mass": "MeV"},
        }
        with atomic_path(path) as temporary:
            np.savez(
                temporary, mass=self.mass, coupling=self.coupling, chi2=self.chi2, about=np.array(json.dumps(about))
            )

    @classmethod
    def load(cls, path: _types.Path) -> Scan:
        """Read a scan that `save` wrote.

        Raises
        ------
        DataError
            If the file cannot be read or is not such a scan.
        """
        import json

        try:
            with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                mass, coupling, chi2 = (np.asarray(file[name], dtype=float) for name in ("mass", "coupling", "chi2"))
            if about["format"] != _FORMAT:
                raise DataError(f"{path} has format {about['format']}; this version of cevns reads format {_FORMAT}")
            if chi2.shape != (mass.size, coupling.size) or not np.isfinite(chi2).all():
                raise DataError(f"{path} does not hold one finite chi2 for each mass and coupling")
            names = tuple(about["experiments"]), tuple(about["labels"])
            return cls(about["model"], about["label"], *names, mass, coupling, chi2)
        except DataError:
            raise
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from error
        except Exception as error:
            raise DataError(
                f"{path} is not a scan written by cevns; write one with Scan.save or `cevns scan`"
            ) from error


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
        raise InputError(f"model {model.name!r} has no mediator mass to scan; use chi2() with an array of couplings")
    mass = checks.ascending("mass", model.check_mass(mass, likelihood.smallest_mass), unit="MeV")
    coupling = checks.ascending("coupling", model.check_coupling(coupling))
    engine = likelihood.engine(model)
    mass_squared, y = np.square(mass), model.strength(coupling)
    chi2 = np.empty((mass.size, coupling.size))
    share(lambda part: engine.grid(mass_squared[part], y, chi2[part]), mass.size, chi2.size, num_threads, progress)
    names, labels = (tuple(getattr(e, field) for e in likelihood.experiments) for field in ("name", "label"))
    return Scan(model.name, model.label, names, labels, mass, coupling, chi2)
