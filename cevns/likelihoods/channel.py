"""What a likelihood needs of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from cevns.kernels.counts import Counts
    from cevns.likelihoods.nuisances import Nuisance
    from cevns.parameters import Parameter

__all__ = ["Channel", "Predicts"]


class Predicts(Protocol):
    """A source of counts, such as `cevns.predictions.Signal`."""

    @property
    def smallest_mass(self) -> float: ...

    @property
    def radii(self) -> Mapping[str, tuple[str, ...]]: ...

    @property
    def eta_range(self) -> tuple[float, float]: ...

    def describe(self, interaction: Any) -> tuple[str, str]: ...

    def structure(self, interaction: Any) -> Hashable: ...

    def assumptions(self, interaction: Any) -> tuple[str, ...]: ...

    def mediators(self, interaction: Any) -> frozenset[str]: ...

    def propagators(self, interaction: Any) -> Mapping[str, tuple[str, int]]: ...

    def refolded(self, interaction: Any) -> frozenset[str]: ...

    def heaviest(self, interaction: Any) -> dict[str, tuple[float, ...]]: ...

    def own_parameters(self, interaction: Any) -> tuple[str, ...]: ...

    def parameters(self, interaction: Any) -> tuple[Parameter, ...]: ...

    def profiled(
        self,
        interaction: Any,
        parameters: tuple[Parameter, ...],
        fixed: Mapping[str, float],
        precision: float,
        units: tuple[float, ...] | None,
    ) -> Counts: ...


class Channel(Protocol):
    """Counts beside data, such as `cevns.experiments.Experiment`."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def signal(self) -> Predicts: ...

    @property
    def nuisances(self) -> tuple[Nuisance, ...]: ...

    @property
    def correlations(self) -> Any: ...

    @property
    def statistic(self) -> Any: ...

    @property
    def together(self) -> bool: ...

    @property
    def summary(self) -> tuple[object, ...]: ...
