"""Experiments with nuisances of their own and shared ones, for other Cython code; `joint.pyx` has the mathematics."""

from cevns.kernels.components cimport poisson_row_t, poisson_t

cdef enum:
    MAX_PULLS = 64  # nuisances of all experiments together


cdef struct joint_t:
    Py_ssize_t n, pulls, starts
    const poisson_t **terms
    # nuisances: inverse covariance, ranges, and where to start from (start, nuisance)
    const double *precision
    const double *low
    const double *high
    const double *start
    # whether chi2 is convex in them, so that there is one minimum
    bint convex


cdef struct joint_row_t:
    # all experiments at one point of all parameters but the line's
    poisson_row_t *rows
    # the last minimum, and whether there is one for the present point
    double *best
    bint known
    # numbers of a descent: gradient, matrix, factor, step, trial, its gradient and matrix
    double *x
    double *gradient
    double *hessian
    double *factor
    double *step
    double *trial
    double *new_gradient
    double *new_hessian
    double y


cdef Py_ssize_t joint_size(const joint_t *j) noexcept nogil
cdef void place_joint(const joint_t *j, joint_row_t *row, double *memory) noexcept nogil
cdef void start_joint(const joint_t *j, joint_row_t *row, const double *values, bint alone) noexcept nogil
cdef double joint_chi2(const joint_t *j, joint_row_t *row, double y, const double *held, double *slope,
                       double *curvature) noexcept nogil
cdef double left_over(const poisson_t *p, const poisson_row_t *row, const double *x) noexcept nogil
cdef bint joint_gradient(const joint_t *j, joint_row_t *row, const double *values, double *gradient) noexcept nogil


cdef class Joint:
    cdef joint_t j
    cdef readonly tuple terms
    cdef tuple arguments, owned
    cdef const poisson_t **all_terms
