"""What a likelihood expects of other data than those observed, as methods; each is a function of `cevns.inference`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import ArrayLike, Model
    from cevns.inference import ExpectedRegion, FeldmanCousins, Sensitivity

__all__ = ["Expectations"]


def _likelihood(expectations: Expectations) -> Any:
    """Return what the methods are of: the one class that has them is a likelihood."""
    return expectations


class Expectations:
    """Base of a likelihood, beside `Inference`."""

    def sensitivity(
        self,
        interaction: Model,
        mass: ArrayLike | None = None,
        *,
        cl: float = 0.90,
        dof: int | None = None,
        bands: str = "asimov",
        toys: int = 1000,
        nuisances: str = "fluctuated",
        seed: int = 0,
        exposure: ArrayLike | None = None,
        threshold: ArrayLike | None = None,
        mass_range: tuple[float, float] | None = None,
        parameter: str | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Sensitivity:
        """Return the limit that is expected if there is nothing new, its median and bands.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        mass : array_like, optional
            Masses of the mediator [MeV]; one with exposures or thresholds.
        cl, dof : float, int, optional
            Confidence level and its degrees of freedom.
        bands : {"asimov", "toys", "none"}
            How the bands are found.
        toys : int
            How many, for bands of toys.
        nuisances : {"fluctuated", "fixed"}
            Whether constraints of nuisances are measured anew for each toy.
        seed : int
            Of the toys.
        exposure, threshold : array_like, optional
            Along which the limit is computed; see `Experiment.scaled` and `Experiment.above`.
        mass_range : (float, float), optional
            Masses that are searched for the least chi2 [MeV].
        parameter : str, optional
            Which coupling, if the interaction has several.
        num_threads : int
            Threads over masses.
        **fixed : float
            Values of other parameters by name.

        Returns
        -------
        Sensitivity

        See Also
        --------
        cevns.inference.sensitivity : The same with errors and an example.
        """
        from cevns.inference import sensitivity

        options: dict[str, Any] = {"cl": cl, "dof": dof, "bands": bands, "exposure": exposure, "threshold": threshold}
        options |= {"mass_range": mass_range, "parameter": parameter, "num_threads": num_threads}
        options |= {"toys": toys, "nuisances": nuisances, "seed": seed}
        return sensitivity(_likelihood(self), interaction, mass, **options, **fixed)

    def expected_interval(
        self,
        interaction: Model,
        name: str,
        *,
        cl: float = 0.90,
        profiled: Sequence[str] | str = (),
        bands: str = "asimov",
        toys: int = 1000,
        nuisances: str = "fluctuated",
        seed: int = 0,
        truth: Mapping[str, float] | None = None,
        **options: Any,
    ) -> Sensitivity:
        """Return the interval of one parameter that is expected to be allowed, its median and bands, others profiled.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        name : str
            Parameter.
        cl : float
            Confidence level.
        profiled : sequence of str
            Parameters over which chi2 is minimised at each value.
        bands : {"asimov", "toys", "none"}
            How the bands are found.
        toys : int
            How many, for bands of toys.
        nuisances : {"fluctuated", "fixed"}
            Whether constraints of nuisances are measured anew for each toy.
        seed : int
            Of the toys.
        truth : mapping of str to float, optional
            True values; those of the standard model unless given.
        **options
            As of `cevns.inference.expected_interval`; values of other parameters among them.

        Returns
        -------
        Sensitivity

        See Also
        --------
        cevns.inference.expected_interval : The same with errors and an example.
        """
        from cevns.inference import expected_interval

        own: dict[str, Any] = {"bands": bands, "toys": toys, "nuisances": nuisances, "seed": seed, "truth": truth}
        return expected_interval(_likelihood(self), interaction, name, cl=cl, profiled=profiled, **own, **options)

    def expected_region(
        self,
        interaction: Model,
        grid: Mapping[str, ArrayLike],
        *,
        cl: float = 0.90,
        profiled: Sequence[str] | str = (),
        bands: str = "asimov",
        toys: int = 1000,
        nuisances: str = "fluctuated",
        seed: int = 0,
        truth: Mapping[str, float] | None = None,
        **options: Any,
    ) -> ExpectedRegion:
        """Return which values of one or two parameters data are expected to exclude, and what share of data would.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        grid : mapping of str to array_like
            Ascending values of one or two parameters.
        cl : float
            Confidence level at which data exclude.
        profiled : sequence of str
            Parameters over which chi2 is minimised at each point.
        bands : {"asimov", "toys"}
            How the share is found.
        toys : int
            How many.
        nuisances : {"fluctuated", "fixed"}
            Whether constraints of nuisances are measured anew for each toy.
        seed : int
            Of the toys.
        truth : mapping of str to float, optional
            True values; those of the standard model unless given.
        **options
            As of `cevns.inference.expected_region`; values of other parameters among them.

        Returns
        -------
        ExpectedRegion

        See Also
        --------
        cevns.inference.expected_region : The same with errors and an example.
        """
        from cevns.inference import expected_region

        own: dict[str, Any] = {"bands": bands, "toys": toys, "nuisances": nuisances, "seed": seed, "truth": truth}
        return expected_region(_likelihood(self), interaction, grid, cl=cl, profiled=profiled, **own, **options)

    def significance(self, interaction: Model, *, dof: int = 1, **values: Any) -> Any:
        """Return with how many standard deviations an interaction is expected to be seen.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        dof : int
            Degrees of freedom: 1 if but the coupling is not known, 2 with the mass.
        **values : array_like
            The interaction's parameters, and others; they broadcast.

        Returns
        -------
        float or ndarray

        See Also
        --------
        cevns.inference.significance : The same with errors and an example.
        """
        from cevns.inference import significance

        return significance(_likelihood(self), interaction, dof=dof, **values)

    def feldman_cousins(
        self,
        interaction: Model,
        grid: Mapping[str, ArrayLike],
        *,
        cl: float = 0.90,
        precision: float = 0.05,
        nuisances: str = "fluctuated",
        seed: int = 0,
        workers: int = 1,
        **options: Any,
    ) -> FeldmanCousins:
        """Return the region of one or two parameters whose coverage is that of its level, by toys.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        grid : mapping of str to array_like
            Ascending values of one or two parameters.
        cl : float
            Confidence level.
        precision : float
            Statistical error of critical values near the boundary, relative to them.
        nuisances : {"fluctuated", "fixed"}
            Whether constraints of nuisances are measured anew for each toy.
        seed : int
            Of all toys.
        workers : int
            Processes.
        **options
            As of `cevns.inference.feldman_cousins`; values of other parameters among them.

        Returns
        -------
        FeldmanCousins

        See Also
        --------
        cevns.inference.feldman_cousins : The same with errors and an example.
        """
        from cevns.inference import feldman_cousins

        own: dict[str, Any] = {"cl": cl, "precision": precision, "nuisances": nuisances, "seed": seed}
        return feldman_cousins(_likelihood(self), interaction, grid, workers=workers, **own, **options)
