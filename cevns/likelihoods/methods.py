"""What a likelihood does with its chi2, as methods; each is a function of `cevns.inference`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import Array, ArrayLike, Model, Progress
    from cevns.inference import Contour, Estimate, Fit, Fraction, Interval, Limit, Posterior, Profile, Scan, Toys
    from cevns.likelihoods.draws import Drawn, Draws
    from cevns.likelihoods.pulls import Pulls

__all__ = ["Inference"]


def _likelihood(inference: Inference) -> Any:
    """Return what the methods are of: the one class that has them is a likelihood."""
    return inference


class Inference:
    """Base of a likelihood."""

    def fit(
        self,
        interaction: Model,
        free: Sequence[str] | str,
        *,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Estimate:
        """Return the best fit in some parameters, with all minima and intervals.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        free : str or sequence of str
            Names of the parameters that are fitted.
        bounds, priors : mapping of str to (float, float), optional
            Of parameters by name: ranges in which they are searched; means and standard deviations.
        num_threads : int
            Threads over many points.
        **fixed : float
            Values of other parameters by name, for example ``mass=10.0``; the rest have their defaults.

        Returns
        -------
        Estimate

        See Also
        --------
        cevns.inference.fit : The same with errors, notes and an example.
        """
        from cevns.inference import fit

        return fit(_likelihood(self), interaction, free, bounds=bounds, priors=priors, num_threads=num_threads, **fixed)

    def interval(
        self,
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
        """Return the allowed intervals of one parameter, for one degree of freedom.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        name : str
            The parameter.
        cl : float
            Confidence level.
        profiled : str or sequence of str
            Parameters over which chi2 is minimised at each value.
        reference : float or fit, optional
            The chi2 from which the level counts, or a fit that has it; the least one unless given.
        bounds, priors, num_threads, **fixed
            As of `fit`.

        Returns
        -------
        Interval

        See Also
        --------
        cevns.inference.interval : The same with errors and an example.
        """
        from cevns.inference import interval

        options: dict[str, Any] = {"cl": cl, "profiled": profiled, "reference": reference}
        options |= {"bounds": bounds, "priors": priors, "num_threads": num_threads}
        return interval(_likelihood(self), interaction, name, **options, **fixed)

    def profile(
        self,
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
        """Return the least chi2 at values of one parameter.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        name : str
            The parameter.
        values : array_like, shape (m,)
            Its values, ascending.
        profiled : str or sequence of str
            Parameters over which chi2 is minimised at each value.
        bounds, priors, num_threads, **fixed
            As of `fit`.

        Returns
        -------
        Profile

        See Also
        --------
        cevns.inference.profile : The same with errors and an example.
        """
        from cevns.inference import profile

        options: dict[str, Any] = {"profiled": profiled, "bounds": bounds, "priors": priors}
        return profile(_likelihood(self), interaction, name, values, num_threads=num_threads, **options, **fixed)

    def contour(
        self,
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
        """Return the closed curves around what is allowed in the plane of two parameters, for two degrees of freedom.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        x, y : str
            The parameters of the plane.
        cl : float or sequence of float
            Confidence levels.
        profiled : str or sequence of str
            Parameters over which chi2 is minimised at each point.
        reference : float or fit, optional
            The chi2 from which levels count, or a fit that has it; the least one unless given.
        bounds, priors, num_threads, **fixed
            As of `fit`.

        Returns
        -------
        Contour

        See Also
        --------
        cevns.inference.contour : The same with errors and an example.
        """
        from cevns.inference import contour

        options: dict[str, Any] = {"cl": cl, "profiled": profiled, "reference": reference}
        options |= {"bounds": bounds, "priors": priors, "num_threads": num_threads}
        return contour(_likelihood(self), interaction, x, y, **options, **fixed)

    def posterior(
        self,
        interaction: Model,
        free: Sequence[str] | str,
        *,
        logarithmic: Sequence[str] | str = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        priors: Mapping[str, tuple[float, float]] | None = None,
        **fixed: Any,
    ) -> Posterior:
        """Return the density of some parameters, with its gradient, for samplers.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        free : str or sequence of str
            Names of the parameters.
        logarithmic : str or sequence of str
            Those of them whose prior is flat in the logarithm.
        bounds, priors, **fixed
            As of `fit`.

        Returns
        -------
        Posterior

        See Also
        --------
        cevns.inference.posterior : The same with errors and an example.
        """
        from cevns.inference import posterior

        options: dict[str, Any] = {"logarithmic": logarithmic, "bounds": bounds, "priors": priors}
        return posterior(_likelihood(self), interaction, free, **options, **fixed)

    def best_fit(
        self,
        interaction: Model,
        *,
        mass: float | None = None,
        mass_range: tuple[float, float] | None = None,
        parameter: str | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Fit:
        """Return the best fit in the coupling and, unless it is given, the mass.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        mass : float, optional
            Of the mediator [MeV].
        mass_range : (float, float), optional
            Masses that are searched [MeV].
        parameter : str, optional
            Which coupling, if the interaction has several; the others have their defaults unless they are given.
        num_threads : int
            Threads over masses.
        **fixed : float
            Values of other parameters by name.

        Returns
        -------
        Fit

        See Also
        --------
        cevns.inference.best_fit : The same with errors and an example.
        """
        from cevns.inference import best_fit

        options: dict[str, Any] = {"mass_range": mass_range, "parameter": parameter, "num_threads": num_threads}
        return best_fit(_likelihood(self), interaction, mass=mass, **options, **fixed)

    def limit(
        self,
        interaction: Model,
        mass: ArrayLike | None = None,
        *,
        cl: float = 0.90,
        dof: int | None = None,
        reference: Fit | float | None = None,
        mass_range: tuple[float, float] | None = None,
        parameter: str | None = None,
        num_threads: int = 1,
        **fixed: Any,
    ) -> Limit:
        """Return the exact excluded intervals of the coupling at each mass.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        mass : array_like, optional
            Masses of the mediator [MeV]; none for an interaction without one.
        cl : float
            Confidence level.
        dof : int, optional
            Its degrees of freedom; 2 with a mass and 1 without unless given.
        reference : float or Fit, optional
            The chi2 from which the level counts, or a fit that has it; the least one in the plane unless given.
        mass_range : (float, float), optional
            Masses that are searched for the least chi2 [MeV].
        parameter : str, optional
            Which coupling, if the interaction has several; the others have their defaults unless they are given.
        num_threads : int
            Threads over masses.
        **fixed : float
            Values of other parameters by name.

        Returns
        -------
        Limit

        See Also
        --------
        cevns.inference.limit : The same with errors and an example.
        """
        from cevns.inference import limit

        options: dict[str, Any] = {
            "cl": cl,
            "dof": dof,
            "reference": reference,
            "mass_range": mass_range,
            "parameter": parameter,
            "num_threads": num_threads,
        }
        return limit(_likelihood(self), interaction, mass, **options, **fixed)

    def scan(
        self,
        interaction: Model,
        mass: ArrayLike | None = None,
        coupling: ArrayLike | None = None,
        *,
        num_threads: int = 1,
        progress: Progress | None = None,
        **fixed: Any,
    ) -> Scan:
        """Return chi2 on a grid of masses and couplings.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        mass, coupling : array_like
            The grid; masses in MeV.
        num_threads : int
            Threads over masses.
        progress : callable, optional
            Called as ``progress(done, total)``.
        **fixed : float
            Values of other parameters by name.

        Returns
        -------
        Scan

        See Also
        --------
        cevns.inference.scan : The same with errors and an example.
        """
        from cevns.inference import scan

        return scan(_likelihood(self), interaction, mass, coupling, num_threads=num_threads, progress=progress, **fixed)

    def draws(
        self,
        interaction: Model,
        *,
        nuisances: str = "fluctuated",
        pulls: Pulls | str = "best fit",
        seed: int = 0,
        key: Sequence[int] = (),
        **values: Any,
    ) -> Draws:
        """Return what draws data at a point; see `cevns.likelihoods.draws.Draws`."""
        from cevns.likelihoods.draws import Draws

        of: dict[str, Any] = {"nuisances": nuisances, "pulls": pulls, "seed": seed, "key": key}
        return Draws(_likelihood(self), interaction, values, **of)

    @property
    def observation(self) -> Drawn:
        """What was observed, as one row of data such as those that `draws` draws."""
        from cevns.likelihoods.draws import observed

        return observed(_likelihood(self))

    @property
    def data_scales(self) -> list[tuple[Array, Array, Array]]:
        """What leads from counts to the data of kernels; see `GaussianStatistic.reference`."""
        found: list[tuple[Array, Array, Array]] = _likelihood(self)._assembly.data_scales
        return found

    def toys(
        self,
        interaction: Model,
        n: int,
        *,
        free: Sequence[str] | str,
        profiled: Sequence[str] | str = (),
        nuisances: str = "fluctuated",
        pulls: Pulls | str = "best fit",
        seed: int = 0,
        num_threads: int = 1,
        **values: Any,
    ) -> Toys:
        """Return fits of toys that are drawn at a point.

        Parameters
        ----------
        interaction : str or Interaction
            A model by its name, or one of your own.
        n : int
            How many toys.
        free : str or sequence of str
            Parameters that are asked about.
        profiled : str or sequence of str
            Parameters over which chi2 is minimised besides.
        nuisances : str
            ``"fixed"`` or ``"fluctuated"``: whether constraints are measured anew, too.
        pulls : Pulls or str
            Values of nuisances: ``"best fit"`` to the observed data at the point, ``"central"``, or others.
        seed : int
            Of the stream from which toys are drawn.
        num_threads : int
            Threads over toys.
        **values : float
            The point by name; ``bounds``, ``lines``, ``progress`` and, for work in shards, ``folder``, ``executor`` and
            ``workers`` are options, too.

        Returns
        -------
        Toys

        See Also
        --------
        cevns.inference.toys : The same with all options, errors and an example.
        """
        from cevns.inference import toys

        options: dict[str, Any] = {"free": free, "profiled": profiled, "nuisances": nuisances, "pulls": pulls}
        return toys(_likelihood(self), interaction, n, seed=seed, num_threads=num_threads, **options, **values)

    def goodness(self, interaction: Model, n: int, *, free: Sequence[str] | str, **options: Any) -> Toys:
        """Return toys that are drawn at the best fit of the observed data, with the p-value of the fit.

        Parameters
        ----------
        interaction, n, free, **options
            As of `toys`; the best fit takes the place of the point.

        Returns
        -------
        Toys

        See Also
        --------
        cevns.inference.goodness : The same with errors and an example.
        """
        from cevns.inference import goodness

        return goodness(_likelihood(self), interaction, n, free=free, **options)

    def coverage(
        self,
        interaction: Model,
        n: int,
        *,
        free: Sequence[str] | str,
        cl: float = 0.90,
        dof: int | None = None,
        **options: Any,
    ) -> Fraction:
        """Return the share of toys whose asymptotic region holds the point from which they are drawn.

        Parameters
        ----------
        interaction, n, free
            As of `toys`.
        cl : float
            Confidence level of the regions.
        dof : int, optional
            Their degrees of freedom; the number of parameters unless given.
        **options
            As of `toys`; the point among them.

        Returns
        -------
        Fraction

        See Also
        --------
        cevns.inference.coverage : The same with errors and an example.
        """
        from cevns.inference import coverage

        return coverage(_likelihood(self), interaction, n, free=free, cl=cl, dof=dof, **options)
