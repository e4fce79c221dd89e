"""Experiments with nuisances of their own and shared ones, for other Cython code; `joint.pyx` has the mathematics."""

from cevns.kernels.components cimport poisson_t
from cevns.kernels.descents cimport joint_row_t, joint_t

cdef Py_ssize_t joint_size(const joint_t *j) noexcept nogil
cdef void place_joint(const joint_t *j, joint_row_t *row, double *memory) noexcept nogil
cdef void start_joint(const joint_t *j, joint_row_t *row, const double *values, bint alone) noexcept nogil
cdef double joint_chi2(const joint_t *j, joint_row_t *row, double y, const double *held, double *slope,
                       double *curvature) noexcept nogil
cdef bint joint_gradient(const joint_t *j, joint_row_t *row, const double *values, double *gradient) noexcept nogil


cdef class Joint:
    cdef joint_t j
    cdef readonly tuple terms
    cdef tuple arguments, owned
    cdef const poisson_t **all_terms
    cdef poisson_t *bare
