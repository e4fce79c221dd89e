"""Nuisances of all experiments, and steps in them, for other Cython code; `descents.pyx` has the mathematics."""

from cevns.kernels.components cimport MAX_PULLS, poisson_row_t, poisson_t

cdef struct joint_t:
    Py_ssize_t n, pulls, starts
    const poisson_t **terms
    # nuisances: inverse covariance, where their pulls are centred, ranges, and where to start from (start, nuisance)
    const double *precision
    const double *root  # R of the inverse covariance R'R
    const double *centre
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


cdef double rounding(bint walls) noexcept nogil
cdef double at_pulls(const joint_t *j, joint_row_t *row, double y, const double *x, bint curved, double *gradient,
                     double *hessian) noexcept nogil
cdef bint factorise(const double *matrix, const char *fixed, Py_ssize_t n, double least, double *out) noexcept nogil
cdef void solve(const double *factor, const char *fixed, const double *right, Py_ssize_t n, double *out) noexcept nogil
cdef void find_fixed(const joint_t *j, const joint_row_t *row, const char *held, char *fixed) noexcept nogil
cdef double find_step(const joint_t *j, joint_row_t *row, double y, const char *held, char *fixed) noexcept nogil
cdef void take_trial(const joint_t *j, joint_row_t *row) noexcept nogil
cdef double descend_within(const joint_t *j, joint_row_t *row, double y, const char *held) noexcept nogil
