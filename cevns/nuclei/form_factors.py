"""Nuclear form factors: the ufuncs and the choice of one with its parameter.

Those of extended nuclei describe the loss of coherence for |q| R > 1 and agree at the per-cent level in CEvNS (section
2 of arXiv:2008.05022). That of a point is 1: what the loss of coherence is measured against.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.arrays import Value
from cevns.kernels.form_factors import helm, klein_nystrand, symmetrized_fermi

if TYPE_CHECKING:
    from cevns._types import Array, ArrayLike

__all__ = ["FormFactor", "get_form_factor", "helm", "klein_nystrand", "known_form_factors", "symmetrized_fermi"]


@dataclass(frozen=True, eq=False, repr=False)
class FormFactor(Value):
    """A form-factor parameterisation with its thickness parameter.

    Parameters
    ----------
    name : str
        ``"helm"``, ``"klein-nystrand"``, ``"symmetrized-fermi"`` or ``"point"``.
    thickness : float, optional
        Skin thickness s, Yukawa range a or diffuseness a [fm]; the literature's value unless given. A point has none.

    Raises
    ------
    UnknownNameError
        If there is no such parameterisation.
    InputError
        If the thickness is out of range, or not 0 for a point.

    Examples
    --------
    >>> import numpy as np
    >>> FormFactor("helm")(np.array([0.0, 50.0]), 4.94).round(6)
    array([1.      , 0.763656])
    """

    name: str
    thickness: float = None  # type: ignore[assignment]  # a number once it is made

    def __post_init__(self) -> None:
        checks.known("form factor", self.name, _KINDS)
        default = _KINDS[self.name][1]
        if self.thickness is None:
            thickness = default
        else:
            # no thickness above the largest radius leaves a radius allowed
            high = 20 if _SURFACES[self.name] else 0
            thickness = checks.real("thickness", self.thickness, unit="fm", low=0, high=high)
        object.__setattr__(self, "thickness", thickness)

    def __call__(self, q: ArrayLike, rms_radius: ArrayLike) -> Array:
        """Return F(q) for momentum transfers `q` [MeV] and rms radii [fm], broadcast.

        Raises
        ------
        InputError
            If `q` is negative or not finite, or a radius is below the parameterisation's limit.
        """
        q, rms_radius = checks.floats("q", q, unit="MeV"), checks.floats("rms_radius", rms_radius, unit="fm")
        found: Array = _KINDS[self.name][0](q, rms_radius, self.thickness)
        return found

    @property
    def has_radius(self) -> bool:
        """Whether it depends on the radius."""
        return self.name != "point"

    @property
    def least_radius(self) -> float:
        """Smallest rms radius [fm] that the parameterisation can have: that of its surface alone."""
        # a hair above, so that no rounding brings the root of a negative number
        return math.sqrt(_SURFACES[self.name]) * self.thickness * (1 + 1e-12)

    @property
    def code(self) -> int:
        """Number of the parameterisation in the compiled kernels."""
        return list(_KINDS).index(self.name)

    @property
    def reference(self) -> str:
        """Where the parameterisation comes from."""
        return _KINDS[self.name][2]


def _point(q: ArrayLike, rms_radius: ArrayLike, thickness: float) -> Array:
    # what a sphere refuses is refused here too
    return np.ones_like(helm(q, rms_radius, thickness))


# order as in the kernels: see form_factor_c in kernels/form_factors.pxd
_KINDS: dict[str, tuple[Any, float, str]] = {
    "helm": (helm, 0.9, "Helm, Phys. Rev. 104 (1956) 1466; s = 0.9 fm"),
    "klein-nystrand": (klein_nystrand, 0.7, "Klein and Nystrand, hep-ph/9902259; a = 0.7 fm"),
    # t = 2.30 fm, a = t / (4 ln 3)
    "symmetrized-fermi": (
        symmetrized_fermi,
        2.30 / (4 * np.log(3)),
        "Piekarewicz et al., arXiv:1604.07799; t = 2.30 fm",
    ),
    "point": (_point, 0.0, "F = 1: full coherence, whatever the radius"),
}


# share of R^2 that the surface has, over the squared thickness
_SURFACES = {"helm": 3.0, "klein-nystrand": 6.0, "symmetrized-fermi": 1.4 * math.pi**2, "point": 0.0}


def known_form_factors() -> tuple[str, ...]:
    """Return the names of the form factors.

    Examples
    --------
    >>> known_form_factors()
    ('helm', 'klein-nystrand', 'symmetrized-fermi', 'point')
    """
    return tuple(_KINDS)


def get_form_factor(form_factor: FormFactor | str) -> FormFactor:
    """Return a `FormFactor` for a name; a `FormFactor` is returned as it is.

    Raises
    ------
    UnknownNameError
        If there is no form factor of that name.

    Examples
    --------
    >>> get_form_factor("klein-nystrand").name
    'klein-nystrand'
    """
    return form_factor if isinstance(form_factor, FormFactor) else FormFactor(form_factor)
