"""Minima and level crossings along a line, for other Cython code; `search.pyx` explains how they are found."""

from cevns.kernels.gaussian cimport row_t
from cevns.kernels.sums cimport sum_t

cdef enum:
    MAX_CROSSINGS = 256


cdef struct well_t:
    # a minimum along the line
    double y, chi2


cdef Py_ssize_t most_seeds(const sum_t *s) noexcept nogil
cdef double chi2_at(const sum_t *s, row_t *rows, double y) noexcept nogil
cdef double turning_point(const sum_t *s, row_t *rows, double left, double right, double sign,
                          double *at) noexcept nogil
cdef double row_minimum(const sum_t *s, row_t *rows, bint two_sided, double *seeds, double *values,
                        double *at) noexcept nogil
cdef Py_ssize_t row_wells(const sum_t *s, row_t *rows, bint two_sided, double *seeds, double *values, well_t *wells,
                          Py_ssize_t room) noexcept nogil
cdef Py_ssize_t row_crossings(const sum_t *s, row_t *rows, bint two_sided, double level, double *seeds,
                              double *values, double *out, char *above_first) noexcept nogil
