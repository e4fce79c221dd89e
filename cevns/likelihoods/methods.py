"""What a likelihood does with its chi2, as methods; each is a function of `cevns.inference`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cevns._types import ArrayLike, Model, Progress
    from cevns.inference import Fit, Limit, Scan

__all__ = ["Inference"]


class Inference:
    """Base of a likelihood."""

    def best_fit(
        self: Any,
        interaction: Model,
        *,
        mass: float | None = None,
        mass_range: tuple[float, float] | None = None,
        num_threads: int = 1,
    ) -> Fit:
        """Return the best fit over the plane of mass and coupling; see `cevns.inference.best_fit`."""
        from cevns.inference import best_fit

        return best_fit(self, interaction, mass=mass, mass_range=mass_range, num_threads=num_threads)

    def limit(
        self: Any,
        interaction: Model,
        mass: ArrayLike | None = None,
        *,
        cl: float = 0.90,
        dof: int | None = None,
        reference: Fit | float | None = None,
        mass_range: tuple[float, float] | None = None,
        num_threads: int = 1,
    ) -> Limit:
        """Return exact excluded intervals of the coupling at each mass; see `cevns.inference.limit`."""
        from cevns.inference import limit

        options: dict[str, Any] = {
            "cl": cl,
            "dof": dof,
            "reference": reference,
            "mass_range": mass_range,
            "num_threads": num_threads,
        }
        return limit(self, interaction, mass, **options)

    def scan(
        self: Any,
        interaction: Model,
        mass: ArrayLike,
        coupling: ArrayLike,
        *,
        num_threads: int = 1,
        progress: Progress | None = None,
    ) -> Scan:
        """Return chi2 on a grid; see `cevns.inference.scan`."""
        from cevns.inference import scan

        return scan(self, interaction, mass, coupling, num_threads=num_threads, progress=progress)
