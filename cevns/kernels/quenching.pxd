"""chi2 with the quenching scale profiled, for other Cython code; `quenching.pyx` explains the mathematics."""

from cevns.kernels.gaussian cimport row_t, term_t
from cevns.kernels.masses cimport mass_point_t


cdef enum:
    USUAL_LOOKS = 7  # of a piece in which counts do not vanish


# share of the penalty's curvature that has to be left for chi2 to count as convex in eta
cdef const double CONVEX_MARGIN = 0.02
# squared data above which polynomials in eta no longer find the best eta well enough
cdef const double LARGEST_BASE = 1e6


cdef double mass_chi2(const term_t *t, mass_point_t *point, double y, row_t *row) noexcept nogil
cdef double row_chi2(const term_t *t, row_t *row, double y) noexcept nogil
cdef void term_line(const term_t *t, row_t *row, const double *y, Py_ssize_t m, double *out) noexcept nogil
cdef double convex_chi2(const term_t *t, row_t *row, double y) noexcept nogil
