"""chi2 at single points, for other Cython code."""

from cevns.kernels.gaussian cimport row_t
from cevns.kernels.sums cimport sum_t


cdef double point_chi2(const sum_t *s, const double *values) noexcept nogil
cdef double point_priors(const sum_t *s, const double *values) noexcept nogil
cdef void point_rows(const sum_t *s, row_t *rows, const double *values, Py_ssize_t n, Py_ssize_t width, double *y,
                     bint *lost, double *out) noexcept nogil
