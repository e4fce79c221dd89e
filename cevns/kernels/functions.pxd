"""Fast functions of an interaction's parameters, for other Cython code."""

from cevns.kernels.counts cimport MAX_PARAMETERS, Counts


cdef struct ranges_t:
    Py_ssize_t n
    double low[MAX_PARAMETERS]
    double high[MAX_PARAMETERS]


cdef inline bint inside(const ranges_t *ranges, const double *values) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(ranges.n):
        # written so that NaN is outside
        if not ranges.low[i] <= values[i] <= ranges.high[i]:
            return False
    return True


cdef class Function:
    cdef readonly tuple parameters, names
    cdef readonly str subject
    cdef ranges_t ranges
    cdef int read(self, tuple args, dict named, double *values) except -1


cdef class Predictor(Function):
    cdef readonly Counts counts
    cdef int write(self, const double *values, double *out, bint apart) except -1 nogil
    cdef const double[:, ::1] points(self, values)
