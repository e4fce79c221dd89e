"""chi2's polynomials tabulated in the mass of a mediator, for other Cython code; `masses.pyx` explains them."""

from cevns.kernels.gaussian cimport GaussianTerm, mass_point_t, term_t


# a term's table, which it gets if it can have one
cdef int tabulate(GaussianTerm term) except -1
# whether a point comes from a term's table, and the point of its mass there
cdef bint start_mass(const term_t *t, mass_point_t *point, const double *values) noexcept nogil
# derivatives of the polynomials in the variable of the interval; returns that of the variable in the mass
cdef double mass_slopes(const term_t *t, const mass_point_t *point, Py_ssize_t piece, double mass,
                        double *out) noexcept nogil
# the polynomials of a piece; NULL if there is no memory
cdef const double* mass_polynomials(const term_t *t, mass_point_t *point, Py_ssize_t piece, bint rest) noexcept nogil
