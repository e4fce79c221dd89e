"""Where chi2 is convex in the quenching scale, for other Cython code."""

from cevns.kernels.counts cimport counts_t
from cevns.kernels.gaussian cimport row_t, term_t


cdef struct sample_t:
    # the largest second derivative, and the largest half ratio of the third to it
    double second, bend
    # whether slopes fall between pieces; how far they fall from the end of each piece on, upwards and downwards in eta
    # (2, piece), and the slopes at both ends of each (2, piece)
    bint kinked
    double *falls
    double *slopes


cdef void take_kinks(term_t *t, const sample_t *sample) noexcept nogil
cdef double last_step(const sample_t *sample) noexcept nogil
cdef bint convex_at(const term_t *t, const row_t *row, double y, sample_t *sample) noexcept nogil
cdef void certify(term_t *t) noexcept nogil
cdef int samples(const counts_t *c) noexcept nogil
