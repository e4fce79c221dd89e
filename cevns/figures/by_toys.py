"""Figures 3a, 4a and 5a of arXiv:2008.05022 by toys, as Feldman and Cousins do, beside those of Wilks' theorem."""

from __future__ import annotations

import numpy as np

from cevns.figures.analysis import LABELS, Analysis
from cevns.figures.panels import Curve, Panel
from cevns.interactions import get_interaction
from cevns.plotting import mass_coupling_axes, plot_feldman_cousins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

    from matplotlib.axes import Axes

    from cevns.inference import FeldmanCousins

__all__ = ["COLUMNS", "ByToys", "b_l", "lmu_ltau", "quick", "summary", "universal"]

COLUMNS = ("mass_MeV", "coupling", "delta_chi2", "critical", "error", "excluded")
#: Confidence level, and the seed of all toys.
LEVEL, SEED = 0.90, 2008
#: Masses [MeV] and couplings that are looked at, from which to which.
MASSES = (0.1, 1e4)
COUPLINGS = {"universal": (1e-5, 3e-2), "b-l": (1e-5, 3e-2), "lmu-ltau": (1e-4, 1.0)}


class ByToys(Analysis):
    """Regions by toys of the paper's data sets, computed when they are asked for and kept.

    Parameters
    ----------
    points : (int, int)
        Of the grid of masses and couplings.
    precision : float
        Of critical values near the boundary, relative to them.
    toys : int
        That are drawn first at each point which others need.

    Examples
    --------
    >>> analysis = quick()
    >>> analysis.region("lmu-ltau", "Ar").critical.shape
    (13, 31)
    """

    def __init__(self, points: tuple[int, int] = (41, 81), precision: float = 0.02, toys: int = 4096) -> None:
        super().__init__()
        self.points, self.precision, self.toys = points, precision, toys

    def region(self, model: str, data: str) -> FeldmanCousins:
        """Return the region of a model and a data set, `num_threads` processes drawing toys."""
        return self.keep(("toys", model, data), lambda: self._region(model, data))

    def _region(self, model: str, data: str) -> FeldmanCousins:
        masses, couplings = self.points
        grid = {"mass": np.geomspace(*MASSES, masses), "coupling": np.geomspace(*COUPLINGS[model], couplings)}
        own: Any = {"cl": LEVEL, "precision": self.precision, "toys": self.toys, "seed": SEED}
        return self.likelihoods[data].feldman_cousins(model, grid, workers=self.num_threads, **own)


def quick() -> ByToys:
    """Return an analysis with few points and toys, which takes seconds."""
    return ByToys((13, 31), 0.1, 256)


def summary(analysis: ByToys, figures: Container[str] | None = None) -> list[Any]:
    """Return no rows: the paper has limits of Wilks' theorem alone."""
    return []


def universal(analysis: ByToys) -> tuple[Panel, ...]:
    """Return the panels of the universal model, one for each data set."""
    return _panels("universal", analysis)


def b_l(analysis: ByToys) -> tuple[Panel, ...]:
    """Return the panels of the B-L model."""
    return _panels("b-l", analysis)


def lmu_ltau(analysis: ByToys) -> tuple[Panel, ...]:
    """Return the panels of the L_mu-L_tau model."""
    return _panels("lmu-ltau", analysis)


def _panels(model: str, analysis: ByToys) -> tuple[Panel, ...]:
    return tuple(
        _panel(f"{model}-{letter}", model, label, analysis) for letter, label in zip("abc", LABELS, strict=True)
    )


def _panel(name: str, model: str, data: str, analysis: ByToys) -> Panel:
    region = analysis.region(model, data)

    def draw(ax: Axes) -> None:
        mass_coupling_axes(ax, mass=MASSES, coupling=COUPLINGS[model])
        plot_feldman_cousins(region, ax, label="")
        handles = [ax.plot([], [], color=color, linestyle=line)[0] for color, line in (("black", "-"), ("0.45", "--"))]
        ax.legend(
            handles,
            ["by toys", "Wilks, 2 d.o.f."],
            loc="upper left",
            title=f"{data}, 90% C.L. excluded",
            alignment="left",
        )

    caption = (
        f"region of the {model} model that {data} excludes at 90 % C.L. by toys, with everything profiled, beside "
        f"that of Wilks' theorem (dashed); critical values near the boundary are known to {100 * region.reached:.1f} % "
        "of themselves, and strips that are narrower than the distance of points are not seen"
    )
    return Panel(name, get_interaction(model).label, caption, COLUMNS, (_curve(data, region),), draw)


def _curve(label: str, region: FeldmanCousins) -> Curve:
    about = f"{region.subject}, {region.toys} toys, seed {region.seed}; no critical value where no toys were needed"
    # without the p-values
    rows = tuple((*("" if cell is None else cell for cell in row[:5]), int(row[-1])) for row in region.table())
    return Curve(label, about, rows)
