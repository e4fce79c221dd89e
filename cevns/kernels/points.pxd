"""chi2 at a single point, for other Cython code."""

from cevns.kernels.sums cimport sum_t


cdef double point_chi2(const sum_t *s, const double *values) noexcept nogil
cdef double point_priors(const sum_t *s, const double *values) noexcept nogil
