"""Derivatives of counts in all parameters, for other Cython code; `backwards.pyx` explains the mathematics."""

from cevns.kernels.counts cimport counts_row_t, counts_t
from cevns.kernels.polynomials cimport power


cdef inline double line_slope(const counts_t *c, const double *values) noexcept nogil:
    """dy / d parameter on the line."""
    return c.line_power * power(values[c.line] - c.origins[c.line], c.line_power - 1)


# derivatives of sum_m basis_m sum_i residuals_i counts_i at consecutive nodes, for a row that is a point of the line
cdef bint counts_gradient(const counts_t *c, counts_row_t *row, Py_ssize_t first, const double *basis,
                          Py_ssize_t order, const double *residuals, const double *values,
                          double *gradient) noexcept nogil
