"""Where no other minimum is along what deforms components, for other Cython code; `cones.pyx` has the mathematics."""

from cevns.kernels.components cimport poisson_t
from cevns.kernels.descents cimport joint_row_t, joint_t

cdef Py_ssize_t deformed_by(const poisson_t *p, Py_ssize_t pull) noexcept nogil
cdef bint deforms(const joint_t *j, Py_ssize_t pull) noexcept nogil
cdef void fix_deforming(const poisson_t *p, char *fixed) noexcept nogil
cdef bint free_beside(const poisson_t *p, Py_ssize_t pull, const char *mask, char *freed) noexcept nogil
cdef bint bounded(const joint_t *j, const char *freed) noexcept nogil
cdef double least_without(const joint_t *j, joint_row_t *row, double y, const char *mask, const char *freed,
                          double least, joint_t *part, double *memory, char *ended) noexcept nogil
cdef double lone_reach(const joint_t *j, joint_row_t *row, const char *mask, const char *freed,
                       double far) noexcept nogil
cdef void find_scaling(const joint_t *j, const char *mask, const char *deforming, char *out) noexcept nogil
cdef bint is_lone(const joint_t *j, joint_row_t *row, double y, const char *mask, const char *freed, double least,
                  double *far) noexcept nogil
cdef bint is_near(const joint_t *j, joint_row_t *row, double y, const char *mask, const char *freed,
                  double least) noexcept nogil
