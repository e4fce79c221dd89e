"""Fits of other data than those of an engine, for other Cython code."""

from cevns.kernels.engine cimport Engine
from cevns.kernels.toys cimport reference_t, toys_t


cdef class Refits:
    cdef readonly Engine engine
    cdef reference_t *references
    # how densely lines are sampled
    cdef int samples
    cdef readonly object lines
    cdef const double[:, ::1] values
    cdef tuple arguments, owned
    cdef open(self, toys_t *toys, const double[:, ::1] data, const double[:, ::1] centres)
    cdef refuse(self, const double[:, ::1] found)
