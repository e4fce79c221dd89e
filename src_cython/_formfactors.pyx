"""Nuclear form factors as NumPy ufuncs (Helm 1956; Klein & Nystrand, hep-ph/9902259; Piekarewicz et al., arXiv:1604.07799).

Arguments: momentum transfer q [MeV], rms radius [fm], thickness parameter [fm]; float32 or float64, broadcast. An
argument out of range raises `cevns.errors.InputError`. The scalar formulas are in ``_formfactors.pxd``.
"""

cimport cython
from cpython.exc cimport PyErr_Occurred, PyErr_SetObject

from cevns.errors import InputError

ctypedef fused real:
    float
    double


cdef void refuse(str name, double q, double radius, double thickness, double limit) noexcept with gil:
    # the error is set, not raised: a fused function cannot declare an exception value, and NumPy looks for a set error
    # after every inner loop
    if PyErr_Occurred():
        return
    if not 0.0 <= q < 1e300:
        message = f"q = {q} MeV is not allowed in {name}: it must be finite and at least 0 MeV"
    else:
        message = (f"rms_radius = {radius} fm is not allowed in {name}: with a thickness of {thickness} fm it must be "
                   f"finite and at least {limit:.4g} fm")
    PyErr_SetObject(InputError, message)


cdef inline bint invalid(double q, double radius, double thickness, double limit_squared) noexcept nogil:
    # written so that NaN counts as invalid
    return not (0.0 <= q < 1e300 and 0.0 <= thickness < 1e150 and 0.0 < radius < 1e150
                and radius * radius >= limit_squared)


@cython.ufunc
cdef real helm(real q, real rms_radius, real s) noexcept nogil:
    """Helm form factor F(q); rms_radius and skin thickness s [fm] (0.9 in the paper), R^2 >= 3 s^2."""
    if invalid(q, rms_radius, s, 3.0 * s * s):
        refuse("helm", q, rms_radius, s, (3.0 ** 0.5) * s)
    return <real> helm_c(q, helm_radius(rms_radius, s), s)


@cython.ufunc
cdef real klein_nystrand(real q, real rms_radius, real a) noexcept nogil:
    """Klein-Nystrand form factor F(q); rms_radius and Yukawa range a [fm] (0.7 as a rule), R^2 >= 6 a^2."""
    if invalid(q, rms_radius, a, 6.0 * a * a):
        refuse("klein_nystrand", q, rms_radius, a, (6.0 ** 0.5) * a)
    return <real> klein_nystrand_c(q, klein_nystrand_radius(rms_radius, a), a)


@cython.ufunc
cdef real symmetrized_fermi(real q, real rms_radius, real a) noexcept nogil:
    """Symmetrized Fermi form factor F(q); rms_radius and diffuseness a [fm] (0.523 as a rule), R^2 >= 7/5 (pi a)^2."""
    if invalid(q, rms_radius, a, 1.4 * (PI * a) * (PI * a)):
        refuse("symmetrized_fermi", q, rms_radius, a, (1.4 ** 0.5) * PI * a)
    return <real> symmetrized_fermi_c(q, fermi_radius(rms_radius, a), a)
