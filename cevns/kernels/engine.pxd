"""The sum of all experiments, for other Cython code."""

from cevns.kernels.counts cimport Counts
from cevns.kernels.gaussian cimport row_t
from cevns.kernels.joint cimport Joint
from cevns.kernels.sums cimport sum_t


cdef class Engine:
    cdef readonly tuple terms
    cdef readonly Joint joint
    cdef readonly Counts counts
    cdef sum_t s
    cdef tuple arguments, owned
    cdef readonly tuple shared, priors
    cdef Py_ssize_t seeds, parameters
    cdef readonly int line, line_power
    cdef int calls, trials
    cdef certify(self)
    cdef int count(self) except -1
    cdef take_priors(self, priors, list owned)
    cdef one_valued(self)
    cdef refuse_at(self, double value, const double *values)
    cdef row_t* rows(self, const double[:, ::1] values) except NULL
    cdef write(self, const double[:, ::1] values, double[::1] out)
    cdef check_possible(self, const double[::1] found, Py_ssize_t n)
