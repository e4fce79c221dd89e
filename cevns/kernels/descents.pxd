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
    # whether any experiment has a floor, beside which chi2 may have several minima
    bint floors
    # the experiments without their floors
    const poisson_t **bare
    # nuisances along each of which all minima are looked for, and the places between which there is one at most:
    # those of nuisance i end before `look_end[i]`
    Py_ssize_t looks, most_places
    const Py_ssize_t *look_pull
    const Py_ssize_t *look_end
    const double *place


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
    # along such a nuisance: places, chi2 with all others profiled, its slope, and the gain that it may lack
    double *places
    double *heights
    double *slopes
    double *lacks
    # whether bounds say that no other minimum is lower
    bint lone
    # how many places in a row kinks have stopped descents at
    int stuck
    double y


cdef inline double held_by(const joint_t *j, Py_ssize_t pull) noexcept nogil:
    """Inverse variance of a nuisance, a little of it for those without a pull."""
    return j.precision[pull * j.pulls + pull] + 1e-3


cdef double rounding(bint walls) noexcept nogil
cdef double at_pulls(const joint_t *j, joint_row_t *row, double y, const double *x, bint curved, double *gradient,
                     double *hessian) noexcept nogil
cdef bint factorise(const double *matrix, const char *fixed, Py_ssize_t n, double least, double *out) noexcept nogil
cdef void solve(const double *factor, const char *fixed, const double *right, Py_ssize_t n, double *out) noexcept nogil
cdef void find_fixed(const joint_t *j, const joint_row_t *row, const char *held, char *fixed) noexcept nogil
cdef double find_step(const joint_t *j, joint_row_t *row, double y, const char *held, char *fixed) noexcept nogil
cdef void take_trial(const joint_t *j, joint_row_t *row) noexcept nogil
cdef bint scale_to(const joint_t *j, const poisson_t *p, Py_ssize_t component, double wanted, const char *held,
                   double *x) noexcept nogil
cdef double descend_within(const joint_t *j, joint_row_t *row, double y, const char *held,
                           double first) noexcept nogil
cdef double descend(const joint_t *j, joint_row_t *row, double y, const char *held, double least) noexcept nogil
cdef void begin_at(joint_row_t *row, const double *x, const double *held, Py_ssize_t n) noexcept nogil
cdef void keep_best(const joint_t *j, joint_row_t *row) noexcept nogil
cdef void leave_walls(const joint_t *j, joint_row_t *row) noexcept nogil
