"""Whether chi2 of a toy is convex in the quenching scale, at a glance; for other Cython code."""

from cevns.kernels.gaussian cimport row_t, term_t


cdef struct glance_t:
    # how many places there are, and room for; of each the derivatives of v and 1 / (v + k) at three looks of each piece
    # (place, 3, look, piece)
    Py_ssize_t places, room
    double *fixed
    # of a toy: u and two derivatives at the looks, as polynomials in y (power, 3, look, piece); slopes at both ends
    # (2, piece)
    double *moving
    double *slopes


cdef Py_ssize_t glance_size(const term_t *t, Py_ssize_t room) noexcept nogil
cdef void place_glance(const term_t *t, glance_t *glance, Py_ssize_t room, double *memory) noexcept nogil
cdef void start_glance(const term_t *t, const row_t *row, glance_t *glance, const double *y,
                       Py_ssize_t n) noexcept nogil
cdef bint convex_at_a_glance(const term_t *t, const row_t *row, glance_t *glance, const double *y) noexcept nogil
