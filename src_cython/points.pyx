"""chi2 at a single point: each term from its table, or from a row of its own."""

from libc.math cimport NAN
from libc.stdlib cimport free

from cevns.kernels.counts cimport line_value
from cevns.kernels.gaussian cimport ALONE, mass_point_t, open_rows, row_t, start_row
from cevns.kernels.masses cimport start_mass
from cevns.kernels.quenching cimport mass_chi2, row_chi2
from cevns.kernels.sums cimport open_sum, prior_chi2, start_sum, sum_chi2, sum_t


cdef double point_chi2(const sum_t *s, const double *values) noexcept nogil:
    """chi2 at one point; NaN if there is no memory."""
    cdef row_t *rows = NULL
    cdef mass_point_t point
    cdef row_t row
    cdef double value, total = 0.0
    cdef Py_ssize_t i
    if s.shared or s.joint != NULL:
        rows = open_sum(s)
        if rows == NULL:
            return NAN
        start_sum(s, rows, values, ALONE)
        total = sum_chi2(s, rows, 0.0)
    for i in range(s.n if rows == NULL else 0):
        value = NAN
        if start_mass(s.terms[i], &point, values):
            value = mass_chi2(s.terms[i], &point, line_value(s.terms[i].counts, values), &row)
        if value != value:
            if rows == NULL:
                rows = open_rows(s.terms, s.n, s.size, 0)
                if rows == NULL:
                    return NAN
            start_row(s.terms[i], rows + i, values, ALONE)
            value = row_chi2(s.terms[i], rows + i, 0.0)
        total += value
    free(rows)
    return total + point_priors(s, values)


cdef double point_priors(const sum_t *s, const double *values) noexcept nogil:
    """Pulls of all parameters that have priors, at one point."""
    cdef double shift, total = prior_chi2(s, values)
    if s.line_weight:
        # the value itself, whose sign a power may lose
        shift = values[s.line] - s.line_origin - s.line_mean
        total += s.line_weight * shift * shift
    return total
