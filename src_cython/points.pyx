"""chi2 at single points: each term from its table, or from a row of its own, which neighbours on the line may share."""

from libc.math cimport NAN
from libc.stdlib cimport free

from cevns.kernels.counts cimport line_value
from cevns.kernels.gaussian cimport ALONE, MANY, mass_point_t, open_rows, row_t, start_row
from cevns.kernels.losses cimport cancelled, lost_counts, lost_sum
from cevns.kernels.masses cimport start_mass
from cevns.kernels.polynomials cimport power
from cevns.kernels.quenching cimport mass_chi2, row_chi2
from cevns.kernels.sums cimport line_chi2, open_sum, prior_chi2, start_sum, sum_chi2, sum_t


cdef double point_chi2(const sum_t *s, const double *values) noexcept nogil:
    """chi2 at one point; NaN where no minimum was found, counts have lost their digits, or there is no memory."""
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
        if lost_sum(s, rows):
            total = NAN
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
            if lost_counts(s.terms[i].counts, &rows[i].counts, 1.0):
                value = NAN
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


cdef void point_rows(const sum_t *s, row_t *rows, const double *values, Py_ssize_t n, Py_ssize_t width, double *y,
                     bint *lost, double *out) noexcept nogil:
    """chi2 of n points, at least one; those that differ in the line alone share work, unless they would lose digits.

    `y` and `lost` have room for a number of each.
    """
    cdef Py_ssize_t i = 0, k, run
    cdef const double *point
    cdef bint some, judged = s.priors > 0 or s.line_weight != 0.0 or s.constant != 0.0
    while i < n:
        point = values + i * width
        run = along_line(s, point, n - i, width, y)
        lost[0] = some = run == 1
        if not some:
            start_sum(s, rows, point, MANY)
            some = cancelled(s, rows, y, run, lost)
            line_chi2(s, rows, y, run, out + i)
        for k in range(run if some else 0):
            if lost[k]:
                y[0] = 0.0
                start_sum(s, rows, point + k * width, ALONE)
                line_chi2(s, rows, y, 1, out + i + k)
                if lost_sum(s, rows):
                    out[i + k] = NAN
        for k in range(run if judged else 0):
            out[i + k] += point_priors(s, point + k * width)
        i += run


cdef Py_ssize_t along_line(
        const sum_t *s, const double *first, Py_ssize_t n, Py_ssize_t width, double *y) noexcept nogil:
    """How many of n points, at least one, differ from the first along the line alone; where they are goes into `y`."""
    cdef Py_ssize_t i, k, known = 1, seen = 1
    cdef double x, origin = s.line_origin
    # one column after the other, in loops that are short, but never far beyond the first point that differs
    while known == seen < n:
        seen = min(n, 2 * seen + 8)
        i = seen
        for k in range(width):
            if k != s.line:
                i = same(first + k, known, i, width)
        known = i
    for i in range(known):
        y[i] = 0.0
    for i in range(known if s.line >= 0 else 0):
        x = first[i * width + s.line] - origin
        y[i] = x * x if s.line_power == 2 else power(x, s.line_power)
    return known


cdef inline Py_ssize_t same(const double *x, Py_ssize_t start, Py_ssize_t end, Py_ssize_t stride) noexcept nogil:
    """The first from start on whose value is not that of the first of all, or the end."""
    while start < end and x[start * stride] == x[0]:
        start += 1
    return start
