"""Nuclear form factors: the ufuncs and the choice of one with its parameter.

All three describe the loss of coherence for |q| R > 1 and agree at the per-cent level in CEvNS (section 2 of
arXiv:2008.05022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cevns import checks
from cevns._formfactors import helm, klein_nystrand, symmetrized_fermi

__all__ = ["FormFactor", "get_form_factor", "helm", "klein_nystrand", "known_form_factors", "symmetrized_fermi"]


@dataclass(frozen=True)
class FormFactor:
    """A form-factor parameterisation with its thickness parameter.

    Parameters
    ----------
    name : str
        ``"helm"``, ``"klein-nystrand"`` or ``"symmetrized-fermi"``.
    thickness : float, optional
        Skin thickness s, Yukawa range a or diffuseness a [fm]; the literature's value unless given.

    Examples
    --------
    >>> import numpy as np
    >>> FormFactor("helm")(np.array([0.0, 50.0]), 4.94).round(6)
    array([1.      , 0.763656])
    """

    name: str
    thickness: float | None = None

    def __post_init__(self):
        checks.known("form factor", self.name, _KINDS)
        default = _KINDS[self.name][1]
        if self.thickness is None:
            thickness = default
        else:
            # no thickness above the largest radius leaves a radius allowed
            thickness = checks.real("thickness", self.thickness, unit="fm", low=0, high=20)
        object.__setattr__(self, "thickness", thickness)

    def __call__(self, q, rms_radius):
        """Return F(q) for momentum transfers `q` [MeV] and rms radii [fm], broadcast.

        Raises
        ------
        InputError
            If `q` is negative or not finite, or a radius is below the parameterisation's limit.
        """
        q, rms_radius = checks.floats("q", q, unit="MeV"), checks.floats("rms_radius", rms_radius, unit="fm")
        return _KINDS[self.name][0](q, rms_radius, self.thickness)

    @property
    def code(self) -> int:
        """Number of the parameterisation in the compiled kernels."""
        return list(_KINDS).index(self.name)

    @property
    def reference(self) -> str:
        """Where the parameterisation comes from."""
        return _KINDS[self.name][2]


# order as in the kernels: see form_factor_c in _rates.pxd
_KINDS = {
    "helm": (helm, 0.9, "Helm, Phys. Rev. 104 (1956) 1466; s = 0.9 fm"),
    "klein-nystrand": (klein_nystrand, 0.7, "Klein and Nystrand, hep-ph/9902259; a = 0.7 fm"),
    # t = 2.30 fm, a = t / (4 ln 3)
    "symmetrized-fermi": (
        symmetrized_fermi,
        2.30 / (4 * np.log(3)),
        "Piekarewicz et al., arXiv:1604.07799; t = 2.30 fm",
    ),
}


def known_form_factors() -> tuple[str, ...]:
    """Return the names of the form factors."""
    return tuple(_KINDS)


def get_form_factor(form_factor: FormFactor | str) -> FormFactor:
    """Return a `FormFactor` for a name; a `FormFactor` is returned as it is."""
    return form_factor if isinstance(form_factor, FormFactor) else FormFactor(form_factor)
