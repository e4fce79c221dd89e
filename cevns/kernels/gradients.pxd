"""Derivatives of chi2 in all parameters, for other Cython code; `gradients.pyx` explains the mathematics."""

from cevns.kernels.sums cimport sum_t


# chi2 at a point and its derivatives; NaN, and derivatives that are NaN, if there is no memory
cdef double sum_gradient(const sum_t *s, const double *values, double *gradient) noexcept nogil
