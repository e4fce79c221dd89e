"""What a likelihood does with its chi2, as methods; each is a function of `cevns.inference`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import ArrayLike, Model, Progress
    from cevns.inference import Contour, Estimate, Fit, Interval, Limit, Posterior, Profile, Scan

__all__ = ["Inference"]


class Inference:
    """Base of a likelihood."""

    def fit(
        self: Any,
        interaction: Model,
        free: Sequence[str] | str,
        *,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Estimate:
        """Return the best fit in some parameters, with all minima and intervals; see `cevns.inference.fit`."""
        from cevns.inference import fit

        return fit(self, interaction, free, bounds=bounds, priors=priors, num_threads=num_threads, **fixed)

    def interval(
        self: Any,
        interaction: Model,
        name: str,
        *,
        cl: float = 0.90,
        profiled: Sequence[str] | str = (),
        reference: Any = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Interval:
        """Return the allowed intervals of one parameter, others profiled; see `cevns.inference.interval`."""
        from cevns.inference import interval

        options: dict[str, Any] = {"cl": cl, "profiled": profiled, "reference": reference}
        options |= {"bounds": bounds, "priors": priors, "num_threads": num_threads}
        return interval(self, interaction, name, **options, **fixed)

    def profile(
        self: Any,
        interaction: Model,
        name: str,
        values: ArrayLike,
        *,
        profiled: Sequence[str] | str = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Profile:
        """Return the least chi2 at values of one parameter, others profiled; see `cevns.inference.profile`."""
        from cevns.inference import profile

        options: dict[str, Any] = {"profiled": profiled, "bounds": bounds, "priors": priors}
        return profile(self, interaction, name, values, num_threads=num_threads, **options, **fixed)

    def contour(
        self: Any,
        interaction: Model,
        x: str,
        y: str,
        *,
        cl: float | Sequence[float] = (0.90,),
        profiled: Sequence[str] | str = (),
        reference: Any = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Contour:
        """Return closed curves in the plane of two parameters, others profiled; see `cevns.inference.contour`."""
        from cevns.inference import contour

        options: dict[str, Any] = {"cl": cl, "profiled": profiled, "reference": reference}
        options |= {"bounds": bounds, "priors": priors, "num_threads": num_threads}
        return contour(self, interaction, x, y, **options, **fixed)

    def posterior(
        self: Any,
        interaction: Model,
        free: Sequence[str] | str,
        *,
        logarithmic: Sequence[str] | str = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        **fixed: Any,
    ) -> Posterior:
        """Return the density of some parameters for samplers; see `cevns.inference.posterior`."""
        from cevns.inference import posterior

        options: dict[str, Any] = {"logarithmic": logarithmic, "bounds": bounds, "priors": priors}
        return posterior(self, interaction, free, **options, **fixed)

    def best_fit(
        self: Any,
        interaction: Model,
        *,
        mass: float | None = None,
        mass_range: tuple[float, float] | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Fit:
        """Return the best fit over the plane of mass and coupling; see `cevns.inference.best_fit`."""
        from cevns.inference import best_fit

        return best_fit(self, interaction, mass=mass, mass_range=mass_range, num_threads=num_threads, **fixed)

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
        **fixed: Any,
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
        return limit(self, interaction, mass, **options, **fixed)

    def scan(
        self: Any,
        interaction: Model,
        mass: ArrayLike,
        coupling: ArrayLike,
        *,
        num_threads: int = 1,
        progress: Progress | None = None,
        **fixed: Any,
    ) -> Scan:
        """Return chi2 on a grid; see `cevns.inference.scan`."""
        from cevns.inference import scan

        return scan(self, interaction, mass, coupling, num_threads=num_threads, progress=progress, **fixed)
