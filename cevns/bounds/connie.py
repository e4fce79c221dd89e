"""Recast of the CONNIE limit: how much a mediator may add to the reactor's CEvNS rate in silicon.

CONNIE has not published its curve as numbers. What it states is that in its lowest energy bin, near 0.1 keVee, the
rate is below about 40 times that of the standard model at 95 % C.L. with Lindhard quenching (arXiv:1906.02200,
arXiv:1910.04951). The coupling at which the standard model and a mediator together give 41 times the standard model's
rate is the recast.

Doubts: the edges of the bin, 75 to 275 eVee, could not be checked against the paper; the efficiency in the bin and the
energy resolution are left out. With other plausible bins, from 50-180 eVee to 100-300 eVee, the coupling at low masses
changes by -15 % to +11 %. The reactor's power, the distance, the exposure and the mass cancel in the ratio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks, parameters
from cevns.bounds.bound import Bound
from cevns.detectors import LindhardQuenching, Response
from cevns.errors import InputError
from cevns.fluxes import reactor_antineutrinos
from cevns.interactions import get_interaction
from cevns.kernels.functions import Predictor
from cevns.nuclei import Target
from cevns.predictions import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cevns._types import ArrayLike, Model
    from cevns.detectors import Quenching
    from cevns.fluxes import Flux
    from cevns.nuclei.form_factors import FormFactor


__all__ = ["connie_bound", "rate_ratio_coupling"]

#: Limit on rate / standard-model rate at 95 % C.L., and the bin [keVee] for which it holds.
CONNIE_RATIO = 41.0
CONNIE_BIN_KEVEE = (0.075, 0.275)


def rate_ratio_coupling(
    model: Model,
    mass: ArrayLike,
    *,
    ratio: float,
    bin_kevee: Sequence[float],
    flux: Flux,
    target: Target,
    quenching: Quenching | Mapping[str, Quenching],
    form_factor: FormFactor | str = "helm",
) -> Any:
    """Return the coupling at which the rate in one bin is `ratio` times that of the standard model.

    Counts are a + b y + c y^2 in y = g^2, and for a ratio above 1 exactly one root is positive: no search is needed.

    Parameters
    ----------
    model : str or Interaction
        With a mediator.
    mass : array_like
        Mediator masses [MeV], any shape.
    ratio : float
        Rate with the mediator over rate without, above 1.
    bin_kevee : (float, float)
        Edges of the bin [keVee], the lower one above 0.
    flux : Flux
        Neutrinos; their number cancels.
    target : Target
        Nuclei; the mass cancels.
    quenching : Quenching, or mapping of str to Quenching
        f_Q(T), for all nuclei or for each.
    form_factor : FormFactor or str
        Nuclear form factor.

    Returns
    -------
    ndarray or float
        g, in the shape of `mass`.

    Raises
    ------
    InputError
        If the model has no mediator, or one that does not reach the flavours of the flux, or a value is out of range.

    Examples
    --------
    >>> from cevns.detectors import LindhardQuenching
    >>> from cevns.fluxes import monochromatic
    >>> flux = monochromatic(4.0, fluence=1e14, flavour="e")
    >>> source = {"flux": flux, "target": Target.of("Si", mass=1.0), "quenching": LindhardQuenching(14, 28)}
    >>> g = rate_ratio_coupling("universal", [1.0, 10.0], ratio=40, bin_kevee=(0.075, 0.275), **source)
    >>> [f"{coupling:.2e}" for coupling in g]
    ['1.76e-05', '3.57e-05']
    """
    model = get_interaction(model)
    mass = np.asarray(parameters.mass().values(mass))
    ratio = checks.real("ratio", ratio, above=1)
    edges = checks.ascending("bin_kevee", bin_kevee, unit="keVee", above=0, least=2)
    signal = Signal(flux, target, Response(quenching, tuple(edges)), form_factor)
    predictor = signal.predictor(model)
    if not isinstance(predictor, Predictor) or len(predictor.parameters) != 2 or predictor.counts.line != 1:
        raise InputError(
            f"interaction {checks.shown(model.name)} is not one of a mediator, with a mass and a coupling to solve for"
        )
    rows = np.stack([mass.ravel(), np.zeros(mass.size)], axis=1)
    a, b, c = predictor.coefficients(rows).sum(axis=2).T.reshape(3, *mass.shape)
    if not (b.any() or c.any()):
        raise InputError(
            f"interaction {checks.shown(model.name)} does not reach the flavours of {flux.name} "
            f"({', '.join(flux.flavours)}): no limit follows"
        )
    # counts divided by those of the standard model, so that numbers stay of order one
    linear, square = b / a, c / a
    root = np.sqrt(linear**2 + 4 * square * (ratio - 1))
    # the form that does not cancel, for either sign of the interference
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(linear > 0, 2 * (ratio - 1) / (root + np.abs(linear)), (root + np.abs(linear)) / (2 * square))
    out = y ** (1 / predictor.counts.line_power)
    return out if mass.ndim else float(out)


def connie_bound(
    model: Model = "universal",
    *,
    mass: ArrayLike | None = None,
    ratio: float = CONNIE_RATIO,
    bin_kevee: Sequence[float] = CONNIE_BIN_KEVEE,
    confidence_level: float = 0.95,
    flux: Flux | None = None,
    quenching: Quenching | Mapping[str, Quenching] | None = None,
    **fields: Any,
) -> Bound:
    """Return the recast CONNIE limit.

    Parameters
    ----------
    model : str or Interaction
        With a mediator that couples to electron neutrinos.
    mass : array_like, optional
        Ascending mediator masses [MeV]; 0.01 MeV to 10 GeV unless given.
    ratio, bin_kevee, confidence_level
        What CONNIE measured; see the module's doubts.
    flux : Flux, optional
        The Angra 2 reactor with 3.95 GW at 30 m unless given; the number of neutrinos cancels.
    quenching : Quenching or mapping, optional
        Lindhard's for silicon unless given.
    **fields
        Further fields of `Bound`.

    Returns
    -------
    Bound
        Of kind ``"lower"``, marked as approximate.

    Raises
    ------
    InputError
        As `rate_ratio_coupling`.

    Examples
    --------
    >>> f"{connie_bound().lowest(0.1):.1e}"
    '1.7e-05'
    """
    mass = np.geomspace(1e-2, 1e4, 301) if mass is None else checks.ascending("mass", mass, unit="MeV", above=0)
    if flux is None:
        flux = reactor_antineutrinos(thermal_power=3.95, distance=30, exposure=1, name="Angra 2")
    silicon = Target.of({"Si-28": 1}, molar_mass=28.085, mass=1.0)
    coupling = rate_ratio_coupling(
        model,
        mass,
        ratio=ratio,
        bin_kevee=bin_kevee,
        flux=flux,
        target=silicon,
        quenching=LindhardQuenching(protons=14, nucleons=28) if quenching is None else quenching,
    )
    defaults = {
        "name": "connie",
        "label": "CONNIE (recast)",
        "reference": "arXiv:1910.04951",
        "origin": f"recast: rate in {bin_kevee[0]:g}-{bin_kevee[1]:g} keVee at {ratio:g} times the standard model's",
        "note": "not CONNIE's own curve; the bin edges could not be checked, efficiency and resolution are left out",
        "approximate": True,
    }
    return Bound(
        model=get_interaction(model),
        kind="lower",
        segments=((mass, coupling),),
        confidence_level=confidence_level,
        **{**defaults, **fields},
    )
