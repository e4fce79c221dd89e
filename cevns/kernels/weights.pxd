"""The response of a detector, for other Cython code."""


cdef class Weights:
    cdef readonly object values, pairs, pointers, firsts
    cdef readonly Py_ssize_t cols
