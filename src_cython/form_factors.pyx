"""Nuclear form factors as NumPy ufuncs (Helm 1956; Klein & Nystrand, hep-ph/9902259; Piekarewicz et al.,
arXiv:1604.07799).

Arguments: momentum transfer q [MeV], rms radius [fm], thickness parameter [fm]; float32 or float64, broadcast. An
argument out of range raises `cevns.errors.InputError`. The scalar formulas are in ``form_factors.pxd``.
"""

cimport cython
cimport numpy as np
from cpython.exc cimport PyErr_Occurred, PyErr_SetObject

from libc.math cimport fmax, fmin

from cevns.errors import InputError

np.import_array()
np.import_ufunc()

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
cdef real klein_nystrand(real q, real rms_radius, real a) noexcept nogil:
    """Klein-Nystrand form factor F(q); rms_radius and Yukawa range a [fm] (0.7 as a rule), R^2 >= 6 a^2."""
    if invalid(q, rms_radius, a, klein_nystrand_surface(a)):
        refuse("klein_nystrand", q, rms_radius, a, (6.0 ** 0.5) * a)
    return <real> klein_nystrand_c(q, klein_nystrand_radius(rms_radius, a), a)


@cython.ufunc
cdef real symmetrized_fermi(real q, real rms_radius, real a) noexcept nogil:
    """Symmetrized Fermi form factor F(q); rms_radius and diffuseness a [fm] (0.523 as a rule), R^2 >= 7/5 (pi a)^2."""
    if invalid(q, rms_radius, a, fermi_surface(a)):
        refuse("symmetrized_fermi", q, rms_radius, a, (1.4 ** 0.5) * PI * a)
    return <real> symmetrized_fermi_c(q, fermi_radius(rms_radius, a), a)


# --- helm, whose inner loop is our own: NumPy's generic one cannot use vector instructions ---------------------------

cdef extern from *:
    """
    /* Wider vectors are chosen when the module is loaded. The arithmetic is the same in every variant (no contraction,
       no reassociation), so the results are too. */
    #if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
    #define CEVNS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
    #else
    #define CEVNS_CLONES
    #endif

    CEVNS_CLONES
    static void cevns_helm_block(const double *q, double per_hbar_c, double radius, double s, double *out, ptrdiff_t n)
    {
        for (ptrdiff_t i = 0; i < n; i++)
            out[i] = cevns_helm_small(q[i] * per_hbar_c, radius, s);
    }

    CEVNS_CLONES
    static void cevns_helm_slopes(const double *q, double per_hbar_c, double radius, double s, double outer,
                                  double *out, ptrdiff_t n)
    {
        for (ptrdiff_t i = 0; i < n; i++) {
            double k = q[i] * per_hbar_c, x = k * radius, y = k * s;
            out[i] = outer * k * k * cevns_sphere_small_slope(x * x) * cevns_exp(-0.5 * y * y);
        }
    }

    CEVNS_CLONES
    static int cevns_all_between(const double *q, double top, ptrdiff_t n)
    {
        int outside = 0;
        for (ptrdiff_t i = 0; i < n; i++)
            outside |= !(q[i] >= 0.0) | !(q[i] < top);
        return !outside;
    }
    """
    void cevns_helm_block(const double *q, double per_hbar_c, double radius, double s, double *out, Py_ssize_t n) nogil
    void cevns_helm_slopes(const double *q, double per_hbar_c, double radius, double s, double outer, double *out,
                           Py_ssize_t n) nogil
    bint cevns_all_between(const double *q, double top, Py_ssize_t n) nogil


cdef inline double helm_top(double radius, double s) noexcept nogil:
    """q [MeV] up to which `cevns_helm_small` holds, with room for rounding."""
    return fmin(3.999999 / fmax(radius, 1e-300), 36.99999 / fmax(s, 1e-300)) * HBAR_C


cdef void form_factors_c(int form_factor, const double *q, double rms_radius, double thickness, double *out,
                         Py_ssize_t n) noexcept nogil:
    cdef double length = length_c(form_factor, rms_radius, thickness)
    cdef Py_ssize_t i
    if form_factor == 0 and cevns_all_between(q, helm_top(length, thickness), n):
        cevns_helm_block(q, PER_HBAR_C, length, thickness, out, n)
        return
    for i in range(n):
        out[i] = form_factor_c(form_factor, q[i], length, thickness)


cdef void form_factor_slopes_c(int form_factor, const double *q, double rms_radius, double thickness, double *out,
                               Py_ssize_t n) noexcept nogil:
    cdef double length = length_c(form_factor, rms_radius, thickness)
    cdef Py_ssize_t i
    if form_factor == 0 and cevns_all_between(q, helm_top(length, thickness), n):
        cevns_helm_slopes(q, PER_HBAR_C, length, thickness, 5.0 / 3.0 * rms_radius, out, n)
        return
    for i in range(n):
        out[i] = form_factor_slope_c(form_factor, q[i], rms_radius, length, thickness)


cdef double helm_checked(double q, double rms_radius, double s) noexcept nogil:
    if invalid(q, rms_radius, s, helm_surface(s)):
        refuse("helm", q, rms_radius, s, (3.0 ** 0.5) * s)
    return helm_c(q, helm_radius(rms_radius, s), s)


cdef void helm_doubles(char **args, const np.npy_intp *dimensions, const np.npy_intp *steps, void *data) noexcept nogil:
    cdef np.npy_intp i = 0, n = dimensions[0], block
    cdef double radius, s, top
    cdef const double *q
    cdef double *out
    if steps[0] == sizeof(double) and steps[3] == sizeof(double) and steps[1] == 0 and steps[2] == 0 and n > 0 and not (
            invalid(0.0, (<double *> args[1])[0], (<double *> args[2])[0], helm_surface((<double *> args[2])[0]))):
        s = (<double *> args[2])[0]
        radius = helm_radius((<double *> args[1])[0], s)
        top = helm_top(radius, s)
        q, out = <const double *> args[0], <double *> args[3]
        while i < n:
            block = n - i if n - i < 256 else 256
            if cevns_all_between(q + i, top, block):
                cevns_helm_block(q + i, PER_HBAR_C, radius, s, out + i, block)
            else:
                for j in range(i, i + block):
                    out[j] = helm_checked(q[j], (<double *> args[1])[0], s)
            i += block
        return
    for i in range(n):
        (<double *> (args[3] + i * steps[3]))[0] = helm_checked(
            (<double *> (args[0] + i * steps[0]))[0], (<double *> (args[1] + i * steps[1]))[0],
            (<double *> (args[2] + i * steps[2]))[0])


cdef void helm_floats(char **args, const np.npy_intp *dimensions, const np.npy_intp *steps, void *data) noexcept nogil:
    cdef np.npy_intp i
    for i in range(dimensions[0]):
        (<float *> (args[3] + i * steps[3]))[0] = <float> helm_checked(
            (<float *> (args[0] + i * steps[0]))[0], (<float *> (args[1] + i * steps[1]))[0],
            (<float *> (args[2] + i * steps[2]))[0])


# NumPy keeps pointers to these for the life of the ufunc
cdef np.PyUFuncGenericFunction helm_loops[2]
cdef void *helm_data[2]
cdef char helm_types[8]
helm_loops[0], helm_loops[1] = helm_floats, helm_doubles
helm_data[0], helm_data[1] = NULL, NULL
for i in range(4):
    helm_types[i], helm_types[4 + i] = np.NPY_FLOAT, np.NPY_DOUBLE

helm = np.PyUFunc_FromFuncAndData(
    helm_loops, helm_data, helm_types, 2, 3, 1, np.PyUFunc_None, "helm",
    "Helm form factor F(q); rms_radius and skin thickness s [fm] (0.9 in the paper), R^2 >= 3 s^2.", 0)
