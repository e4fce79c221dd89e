"""Valleys of chi2 in a plane, for other Cython code; `valleys.pyx` explains how they are followed."""

from cevns.kernels.gaussian cimport row_t
from cevns.kernels.sums cimport sum_t
from cevns.kernels.toys cimport toys_t

cdef enum:
    WELLS = 4  # of a line that are kept for each toy


cdef struct plane_t:
    # the other parameter's column, whether it is searched in its logarithm, its ends, and memory of searches
    Py_ssize_t across, lines, room
    bint logarithmic, two_sided
    double low, high
    double *seeds


cdef struct place_t:
    # a point of the plane: on the axis of the other parameter, in units along the line, and as it is; and chi2
    double x, z, y, chi2


cdef double value_at(const plane_t *p, double x) noexcept nogil
cdef double unit_of(const sum_t *s, row_t *rows) noexcept nogil
cdef void fill_wells(toys_t *toys, const plane_t *p, double x, double unit, double others, place_t *out) noexcept nogil
cdef void plane_minimum(toys_t *toys, const plane_t *p, const place_t *lines, double *values,
                        place_t *out) noexcept nogil
