"""The response of a detector, for other Cython code."""


cdef class Weights:
    cdef readonly object values, pointers, firsts
    cdef object twice
    cdef readonly Py_ssize_t cols
