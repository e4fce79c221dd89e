"""One limit of an experiment, as a region in the plane of mediator mass and coupling."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import below
from cevns.constants import ELEMENTARY_CHARGE, MUON_MASS
from cevns.errors import InputError
from cevns.inference.levels import delta_chi2
from cevns.interactions import Interaction, known_interactions
from cevns.parameters import common_shape
from cevns.plotting.pictures import Pictured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from cevns._types import Array, ArrayLike, Model


__all__ = ["DARK_PHOTON", "KINDS", "Bound"]

#: Kinds of regions and the columns of their segments.
KINDS = {
    "lower": ("mass", "coupling_lower"),
    "region": ("mass", "coupling_lower", "coupling_upper"),
    "contour": ("mass", "coupling_contour"),
    "band": ("mass", "coupling_lower", "coupling_upper"),
}
#: Name of the model whose coupling is the kinetic mixing epsilon.
DARK_PHOTON = "dark-photon"
#: Branching ratio of a B-L boson to e+ e- below the dimuon threshold: one electron and three neutrinos of one helicity.
ELECTRON_BRANCHING = 1 / (1 + 3 / 2)


@dataclass(frozen=True, eq=False)
class Bound(Pictured):
    """A limit, or a region that data favour, in the plane of mediator mass and coupling.

    Parameters
    ----------
    name : str
        Short name, as in the registry.
    label : str
        Name for figures (Matplotlib's mathtext).
    model : str or Interaction
        Model in which the coupling is expressed: a name of `cevns.interactions`, ``"dark-photon"`` for kinetic mixing,
        or your own model, of which the name is kept.
    kind : {"lower", "region", "contour", "band"}
        ``"lower"``: excluded from a coupling upwards. ``"region"``: excluded between two couplings. ``"contour"``:
        excluded inside a closed outline. ``"band"``: favoured, not excluded, between two couplings.
    segments : sequence of tuples of array_like
        One tuple for each connected piece: masses [MeV] and couplings, (mass, lower), (mass, lower, upper) or, for a
        contour, (mass, coupling) point by point. Nothing is excluded between two segments.
    reference : str
        What to cite.
    confidence_level : float, optional
        None where the source does not state it.
    figure : str
        Figure of arXiv:2008.05022 in which it belongs; empty for none.
    origin : str
        Where the numbers come from.
    note : str
        Doubts.
    search : {"", "prompt", "displaced"}
        For a kinetic mixing: how the decay to e+ e- was looked for, which decides on its conversion.
    approximate : bool
        Whether it is a recast or a conversion that neglects something; draw it dashed.

    Raises
    ------
    UnknownNameError
        If there is no such `kind` or `search`.
    InputError
        If a name, level or segment is not what it should be, or there are no segments.

    Examples
    --------
    >>> limit = Bound("mine", "mine", "b-l", "lower", [([1.0, 10.0], [1e-4, 1e-3])], confidence_level=0.90)
    >>> limit.excludes([2.0, 2.0, 20.0], [1e-4, 1e-3, 1.0])
    array([False,  True, False])
    >>> for mass, low, high in limit.outlines(top=1.0):
    ...     print(mass, low, high)
    [ 1. 10.] [0.0001 0.001 ] [1. 1.]
    >>> f"{limit.rescaled(0.95).lowest(10.0):.3e}"
    '1.092e-03'
    """

    name: str
    label: str
    model: Any
    kind: str
    segments: tuple[Any, ...]
    reference: str = ""
    confidence_level: float | None = None
    figure: str = ""
    origin: str = ""
    note: str = ""
    search: str = ""
    approximate: bool = False

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        for field in ("label", "reference", "figure", "origin", "note"):
            checks.words(field, getattr(self, field))
        checks.instance("approximate", self.approximate, bool)
        checks.put(self, model=_checked_model(self.model))
        checks.known("kind", self.kind, KINDS)
        checks.known("search", self.search, ("", "prompt", "displaced"))
        if self.confidence_level is not None:
            object.__setattr__(self, "confidence_level", checks.confidence_level(self.confidence_level))
        where = f"segments of bound {checks.shown(self.name)}"
        found = checks.sequence(where, self.segments, hint="it holds a tuple of columns for each connected piece")
        segments = tuple(self._checked(i, segment) for i, segment in enumerate(found))
        if not segments:
            raise InputError(f"{where} is empty: give at least one")
        object.__setattr__(self, "segments", segments)

    def __repr__(self) -> str:
        low, high = self.mass_range
        return f"<Bound {self.model}/{self.name} ({self.kind}), {low:g} to {high:g} MeV>"

    def _checked(self, i: int, segment: Any) -> tuple[Array, ...]:
        columns = KINDS[self.kind]
        where = f"segment {i} of bound {checks.shown(self.name)}"
        segment = checks.sequence(where, segment, hint=f"it holds the columns {', '.join(columns)}")
        if len(segment) != len(columns):
            raise InputError(f"{where} has {len(segment)} columns: kind {self.kind!r} needs {', '.join(columns)}")
        mass = checks.array(f"mass of {where}", segment[0], unit="MeV", above=0, ndim=1)
        least = 3 if self.kind == "contour" else 2
        if mass.size < least:
            raise InputError(f"{where} has {mass.size} point(s): kind {self.kind!r} needs at least {least}")
        if self.kind != "contour":
            mass = checks.ascending(f"mass of {where}", mass, repeated=", or say kind='contour' for a closed outline")
        out = [mass.copy()]
        for name, values in zip(columns[1:], segment[1:], strict=True):
            # a favoured band that holds the standard model starts at 0
            limits: dict[str, Any] = {"low": 0} if self.kind == "band" else {"above": 0}
            out.append(checks.array(f"{name} of {where}", values, ndim=1, length=mass.size, **limits).copy())
        if len(out) == 3 and (out[1] > out[2]).any():
            j = int(np.argmax(out[1] > out[2]))
            raise InputError(f"{where}: coupling_lower exceeds coupling_upper at {mass[j]:g} MeV; swap the columns")
        for column in out:
            column.flags.writeable = False
        return tuple(out)

    @property
    def coupling(self) -> str:
        """What the coupling is, in words."""
        return "kinetic mixing epsilon" if self.model == DARK_PHOTON else f"gauge coupling g of {self.model}"

    @property
    def mass_range(self) -> tuple[float, float]:
        """Lowest and highest mass [MeV]."""
        return min(s[0].min() for s in self.segments), max(s[0].max() for s in self.segments)

    def contains(self, mass: ArrayLike, coupling: ArrayLike) -> Any:
        """Return whether points lie in the region; straight lines between points in log(mass) and log(coupling).

        Parameters
        ----------
        mass, coupling : array_like
            [MeV, dimensionless]; they broadcast.

        Returns
        -------
        ndarray of bool, or bool
            False outside every segment.

        Examples
        --------
        >>> from cevns.bounds import get_bound
        >>> babar = get_bound("b-l", "babar-2014")
        >>> bool(babar.contains(300.0, 1e-2))
        True
        """
        x, y = _logarithm("mass", mass), _logarithm("coupling", coupling)
        common_shape({"mass": x, "coupling": y})
        x, y = np.broadcast_arrays(x, y)
        inside = np.zeros(x.shape, dtype=bool)
        for segment in self.segments:
            if self.kind == "contour":
                met, crossing = _crossings(segment, x)
                inside |= (met & (crossing > y)).sum(axis=0) % 2 == 1
            else:
                covered, (low, *high) = _interpolated(segment, x)
                inside |= covered & (y >= low) & (y <= high[0] if high else True)
        return inside if inside.ndim else bool(inside)

    def excludes(self, mass: ArrayLike, coupling: ArrayLike) -> Any:
        """Return whether points are excluded; parameters as in `contains`.

        Raises
        ------
        InputError
            If the region is favoured, not excluded; use `contains`.

        Examples
        --------
        >>> from cevns.bounds import get_bound
        >>> babar = get_bound("b-l", "babar-2014")
        >>> babar.excludes(300.0, [1e-5, 1e-2])
        array([False,  True])
        """
        if self.kind == "band":
            raise InputError(
                f"bound {checks.shown(self.name)} is a band that data favour, it excludes nothing; use contains"
            )
        return self.contains(mass, coupling)

    def lowest(self, mass: ArrayLike) -> Any:
        """Return the lowest coupling of the region at each mass [MeV]; infinite where there is none.

        Examples
        --------
        >>> from cevns.bounds import get_bound
        >>> babar = get_bound("b-l", "babar-2014")
        >>> f"{babar.lowest(300.0):.2e}"  # at 300 MeV
        '3.41e-04'
        """
        x = _logarithm("mass", mass)
        lowest = np.full(x.shape, np.inf)
        for segment in self.segments:
            if self.kind == "contour":
                met, crossing = _crossings(segment, x)
                here = np.where(met, crossing, np.inf).min(axis=0)
            else:
                covered, curves = _interpolated(segment, x)
                here = np.where(covered, curves[0], np.inf)
            lowest = np.minimum(lowest, here)
        lowest = np.exp(lowest)
        return lowest if lowest.ndim else float(lowest)

    def outlines(self, top: float) -> list[tuple[Array, ...]]:
        """Return what to draw.

        Parameters
        ----------
        top : float
            Coupling up to which regions without an upper end are filled.

        Returns
        -------
        list of tuples of ndarray
            One for each segment: (mass, low, high) to fill between, or for a contour (mass, coupling), a closed polygon
            whose last point is the first. `low` is 0 for a band that holds the standard model.

        Raises
        ------
        InputError
            If `top` is not positive.
        """
        top = checks.real("top", top, above=0)
        out: list[tuple[Array, ...]] = []
        for mass, *curves in self.segments:
            if self.kind == "contour":
                out.append((np.append(mass, mass[0]), np.append(curves[0], curves[0][0])))
            else:
                high = curves[1] if len(curves) == 2 else np.maximum(top, curves[0])
                out.append((mass, curves[0], high))
        return out

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the limit; options of `cevns.plotting.plot_bound`."""
        from cevns.bounds.drawing import plot_bound

        return plot_bound(self, ax=ax, **options)

    def scaled(self, factor: float) -> Bound:
        """Return a copy with all couplings multiplied by a number above 0.

        Raises
        ------
        InputError
            If `factor` is not positive.
        """
        factor = checks.real("factor", factor, above=0)
        # couplings that become infinite are refused when the copy is made
        with np.errstate(over="ignore"):
            segments = tuple((mass, *(factor * curve for curve in curves)) for mass, *curves in self.segments)
        return dataclasses.replace(self, segments=segments)

    def rescaled(self, confidence_level: float, *, power: float = 2.0) -> Bound:
        """Return the limit at another confidence level, in the Gaussian approximation.

        A search that sees no signal limits the rate to z sigma with P(|x| < z) equal to the confidence level: so does a
        Bayesian limit with a flat prior on rates that are not negative, and CL_s. With the rate growing like
        g^power the coupling scales as (z_new / z_old)^(1/power): from 90 % to 95 %, (1.960 / 1.645)^(1/2) = 1.092. The
        one-sided quantiles 1.645 and 1.282 would give 1.133.

        Parameters
        ----------
        confidence_level : float
            The new one.
        power : float
            Of the coupling in the rate: 2 for production and prompt decay.

        Raises
        ------
        InputError
            If the published level is not known, or the limit does not follow from one rate: a closed region or a band.

        Examples
        --------
        >>> from cevns.bounds import get_bound
        >>> bound = get_bound("lmu-ltau", "babar-4mu-2016")
        >>> f"{bound.rescaled(0.95).lowest(1000.0) / bound.lowest(1000.0):.3f}"
        '1.092'
        """
        level = checks.confidence_level(confidence_level)
        power = checks.real("power", power, above=0)
        if self.kind == "band":
            raise InputError(
                f"bound {checks.shown(self.name)} is a band: compute it at the new level instead of rescaling it"
            )
        if self.kind != "lower":
            raise InputError(
                f"bound {checks.shown(self.name)} cannot be rescaled: the edges of a closed region come from the "
                "decay length as "
                "well, not from a rate that is a power of the coupling"
            )
        if self.confidence_level is None:
            raise InputError(
                f"bound {checks.shown(self.name)} cannot be rescaled: its source does not state a confidence level"
            )
        if level == self.confidence_level:
            return self
        new, old = (delta_chi2(c, dof=1) for c in (level, self.confidence_level))
        if not (new > 0 and old > 0):
            raise InputError(
                f"bound {checks.shown(self.name)} cannot be rescaled: a confidence level is too close to 0"
            )
        # an infinite one is refused by `scaled`
        with np.errstate(over="ignore"):
            factor = float(np.float64(new / old) ** (0.5 / power))
        before, after = below(100 * self.confidence_level, 100, 2), below(level, 1, 3)
        note = f"rescaled from {before}% to {after} C.L.: coupling times {factor:.3f} (Gaussian)"
        return dataclasses.replace(
            self.scaled(factor), confidence_level=level, note=_joined(self.note, note), approximate=True
        )

    def converted_to(self, model: Model) -> Bound:
        """Return the limit for another model, where that is possible without redoing the analysis.

        Kinetic mixing to B-L below the dimuon threshold, for bosons from neutral pions: their production is equal for
        g = epsilon e. A prompt search counts decays to e+ e-, whose branching ratio falls from 1 to 0.40, hence
        g = epsilon e / sqrt(0.40) = 1.58 epsilon e. For a displaced decay g = epsilon e holds at the lower edge, where
        the branching ratio and the shorter life cancel, and is taken for the whole outline; the upper edge is then too
        high, by up to 1.58. Production by eta mesons, which differs, is neglected.

        Parameters
        ----------
        model : str or Interaction
            The wanted model.

        Raises
        ------
        InputError
            Where no such conversion is valid, with the reason.

        Examples
        --------
        >>> from cevns.bounds import get_bound
        >>> f"{get_bound('dark-photon', 'phenix-2014').converted_to('b-l').lowest(50.0):.2e}"
        '7.97e-04'
        """
        name = model.name if isinstance(model, Interaction) else model
        if name == self.model:
            return self
        own, model, wanted = map(checks.shown, (self.name, self.model, name))
        refusal = f"bound {own} of model {model} cannot be converted to {wanted}: "
        if self.model != DARK_PHOTON:
            raise InputError(
                refusal + "production, branching ratios and decay length differ between gauge couplings and do not "
                "scale by one number; only kinetic mixing converts, to 'b-l'"
            )
        if name != "b-l":
            raise InputError(
                refusal + "quarks and electrons carry charges in other proportions than the electromagnetic ones, so "
                "that production and decays do not scale by one number; kinetic mixing converts to 'b-l' only"
            )
        if not self.search:
            raise InputError(
                refusal + "it does not say how decays were looked for; make it with search='prompt' or 'displaced'"
            )
        if self.search == "prompt":
            if self.mass_range[1] > 2 * MUON_MASS:
                raise InputError(
                    refusal + f"it reaches {self.mass_range[1]:g} MeV, and the branching ratio of 0.40 to e+ e- holds "
                    f"below the dimuon threshold of {2 * MUON_MASS:.1f} MeV only"
                )
            factor = ELEMENTARY_CHARGE / math.sqrt(ELECTRON_BRANCHING)
            note = "g = 1.58 epsilon e (prompt; production by eta mesons neglected)"
        else:
            factor = ELEMENTARY_CHARGE
            note = "g = epsilon e: good at the lower edge only, as the B-L boson lives shorter; upper edge too high"
        return dataclasses.replace(
            self.scaled(factor), model=name, search="", note=_joined(self.note, note), approximate=True
        )


class _OwnName(str):
    """The name of a model that is not built in, so that copies of a bound need not be given the model again."""

    __slots__ = ()


def _checked_model(model: Model) -> str:
    if isinstance(model, Interaction):
        return model.name if model.name in known_interactions() else _OwnName(model.name)
    if isinstance(model, _OwnName):
        return model
    name: str = checks.known(
        "model", model, (*known_interactions(), DARK_PHOTON), "Give a model of your own as an Interaction"
    )
    return name


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _logarithm(name: str, values: ArrayLike) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(checks.array(name, values, low=0))


def _interpolated(segment: Sequence[Array], x: Array) -> tuple[np.ndarray, list[Array]]:
    """Return which x = log(mass) a segment covers, and the logarithms of its curves there."""
    mass, *curves = segment
    nodes = np.log(mass)
    # a band's 0 becomes a coupling below every other
    logs = [np.log(np.maximum(curve, 1e-300)) for curve in curves]
    return (x >= nodes[0]) & (x <= nodes[-1]), [np.interp(x, nodes, log) for log in logs]


def _crossings(segment: Sequence[Array], x: Array) -> tuple[np.ndarray, Array]:
    """Return, for each side of a closed outline, whether it crosses x = log(mass), and at which log(g)."""
    u, v = np.log(segment[0]), np.log(segment[1])
    shape = (-1,) + (1,) * x.ndim
    u0, v0 = u.reshape(shape), v.reshape(shape)
    u1, v1 = np.roll(u, -1).reshape(shape), np.roll(v, -1).reshape(shape)
    met = (u0 <= x) != (u1 <= x)
    width = np.where(u1 == u0, 1.0, u1 - u0)
    fraction = np.where(met, (np.where(np.isfinite(x), x, 0.0) - u0) / width, 0.0)
    return met, v0 + fraction * (v1 - v0)
