"""chi2 of all experiments together, with nuisances that several of them share.

A shared nuisance a, with a pull of its own, moves the centre of the signal's factor in each term that it belongs to,
``s_0 = 1 + sum a``. Terms know their least chi2 for any centre, and its derivative, ``2 k (s_0 - s)`` with the best
factor s, so that the least sum over all shared nuisances is found by quasi-Newton steps in these few numbers.
"""

from libc.math cimport INFINITY, copysign, fabs

from cevns.kernels.gaussian cimport direct_chi2, row_t, term_t
from cevns.kernels.quenching cimport row_chi2, term_line

# what the last step in the shared nuisances may leave of chi2, relative to 1 + chi2
cdef double ACCURACY = 1e-14


cdef double sum_chi2(const sum_t *s, row_t *rows, double y) noexcept nogil:
    """chi2 at a point of the line; leaves each term's best eta in its row."""
    cdef Py_ssize_t i
    cdef double total = 0.0
    if s.shared:
        return shared_chi2(s, rows, y, NULL)
    for i in range(s.n):
        total += row_chi2(s.terms[i], rows + i, y)
    return total


cdef void line_chi2(const sum_t *s, row_t *rows, const double *y, Py_ssize_t m, double *out) noexcept nogil:
    """chi2 at m points of the line; ascending ones are the fastest."""
    cdef Py_ssize_t i, j
    if s.shared:
        for j in range(m):
            out[j] = shared_chi2(s, rows, y[j], NULL)
        return
    for j in range(m):
        out[j] = 0.0
    for i in range(s.n):
        term_line(s.terms[i], rows + i, y, m, out)


cdef double prior_chi2(const sum_t *s, const double *values) noexcept nogil:
    """Pulls of all parameters that have priors, but for the line's."""
    cdef const double *prior = s.prior
    cdef double total = s.constant
    cdef Py_ssize_t _
    for _ in range(s.priors):
        total += (values[<int> prior[0]] - prior[1]) * (values[<int> prior[0]] - prior[1]) * prior[2]
        prior += 3
    return total


cdef double line_prior(const sum_t *s, double y) noexcept nogil:
    """Pull of the line's parameter, which has one sign where its power is even."""
    cdef double value = y
    if s.line_weight == 0.0:
        return 0.0
    if s.line_power > 1:
        value = copysign(fabs(y) ** (1.0 / s.line_power), y)
    return s.line_weight * (value - s.line_mean) * (value - s.line_mean)


cdef double shared_chi2(const sum_t *s, row_t *rows, double y, double *best) noexcept nogil:
    """Least chi2 over the shared nuisances, of which the values go into `best` unless it is NULL."""
    cdef double a[MAX_SHARED]
    cdef double found[MAX_SHARED]
    cdef double value, least = INFINITY
    cdef Py_ssize_t k
    cdef int start, starts = 1
    for k in range(s.n):
        if s.terms[k].order > 1 and (s.terms[k].searched or s.terms[k].kinked):
            # several wells in eta may lead to several in these
            starts = 3
    for start in range(starts):
        for k in range(s.shared):
            a[k] = (0.0 if start == 0 else (2.0 if start == 1 else -2.0)) * s.sigma[k]
        value = descend(s, rows, y, a)
        if value < least:
            least = value
            for k in range(s.shared):
                found[k] = a[k]
    if starts > 1 or best != NULL:
        # rows are left as they are at the least value
        least = at_centres(s, rows, y, found, NULL, NULL)
    if best != NULL:
        for k in range(s.shared):
            best[k] = found[k]
    return least


cdef double at_centres(const sum_t *s, row_t *rows, double y, const double *a, double *slope,
                       double *curvature) noexcept nogil:
    """chi2 at values of the shared nuisances; its derivatives, and the second ones with eta fixed, unless NULL."""
    cdef term_t term
    cdef double total = 0.0, gradient, second
    cdef Py_ssize_t i, k, j
    for k in range(s.shared):
        total += (a[k] / s.sigma[k]) * (a[k] / s.sigma[k])
        if slope != NULL:
            slope[k] = 2.0 * a[k] / (s.sigma[k] * s.sigma[k])
            for j in range(s.shared):
                curvature[k * MAX_SHARED + j] = 2.0 / (s.sigma[k] * s.sigma[k]) if k == j else 0.0
    for i in range(s.n):
        centred(s, i, a, &term)
        row_chi2(&term, rows + i, y)
        total += direct_chi2(&term, rows + i, y, rows[i].eta, max(rows[i].piece, 0), NULL, NULL)
        if slope == NULL:
            continue
        gradient = 2.0 * term.pull * (term.centre - rows[i].factor)
        second = 2.0 * term.pull * rows[i].weight / (rows[i].weight + term.pull)
        for k in range(s.shared):
            slope[k] += s.members[i * s.shared + k] * gradient
            for j in range(s.shared):
                curvature[k * MAX_SHARED + j] += s.members[i * s.shared + k] * s.members[i * s.shared + j] * second
    return total


cdef void centred(const sum_t *s, Py_ssize_t i, const double *a, term_t *out) noexcept nogil:
    """A term whose signal is centred where the shared nuisances are."""
    cdef Py_ssize_t k
    out[0] = s.terms[i][0]
    for k in range(s.shared):
        out.centre += s.members[i * s.shared + k] * a[k]
    out.lift = out.pull * out.centre
    out.base += out.pull * (out.centre * out.centre - 1.0)


cdef double descend(const sum_t *s, row_t *rows, double y, double *a) noexcept nogil:
    """Go to the minimum in the shared nuisances from where `a` is, and return chi2 there.

    The curvature with eta fixed is the least step's; what eta adds to it is learnt from the slopes (BFGS).
    """
    cdef double slope[MAX_SHARED]
    cdef double last[MAX_SHARED]
    cdef double step[MAX_SHARED]
    cdef double curvature[MAX_SHARED * MAX_SHARED]
    cdef double unused[MAX_SHARED * MAX_SHARED]
    cdef double value, new, decrement, along, bend
    cdef double product[MAX_SHARED]
    cdef double trial[MAX_SHARED]
    cdef Py_ssize_t k, j, n = s.shared
    cdef int _halving, _
    value = at_centres(s, rows, y, a, slope, curvature)
    for _ in range(100):
        solve(curvature, slope, n, step)
        decrement = 0.0
        for k in range(n):
            decrement += slope[k] * step[k]
        if not decrement > ACCURACY * (1.0 + value):
            break
        for k in range(n):
            last[k] = slope[k]
        for _halving in range(30):
            for k in range(n):
                trial[k] = a[k] - step[k]
            new = at_centres(s, rows, y, trial, slope, unused)
            # a step that gains nothing is too long, or rounding is all that is left
            if new <= value:
                break
            for k in range(n):
                step[k] *= 0.5
        else:
            break
        along = bend = 0.0
        for k in range(n):
            product[k] = 0.0
            for j in range(n):
                product[k] += curvature[k * MAX_SHARED + j] * step[j]
            a[k] = trial[k]
            along += (last[k] - slope[k]) * step[k]
            bend += step[k] * product[k]
        if value - new <= 1e-15 * (1.0 + value):
            value = new
            break
        value = new
        if along > 1e-3 * bend:
            for k in range(n):
                for j in range(n):
                    curvature[k * MAX_SHARED + j] += (
                        (last[k] - slope[k]) * (last[j] - slope[j]) / along - product[k] * product[j] / bend)
    return value


cdef void solve(const double *matrix, const double *vector, Py_ssize_t n, double *out) noexcept nogil:
    """Solve a small positive definite system by elimination."""
    cdef double m[MAX_SHARED * MAX_SHARED]
    cdef double factor
    cdef Py_ssize_t i, j, k
    for i in range(n):
        out[i] = vector[i]
        for j in range(n):
            m[i * MAX_SHARED + j] = matrix[i * MAX_SHARED + j]
    for i in range(n):
        for j in range(i + 1, n):
            factor = m[j * MAX_SHARED + i] / m[i * MAX_SHARED + i]
            for k in range(i, n):
                m[j * MAX_SHARED + k] -= factor * m[i * MAX_SHARED + k]
            out[j] -= factor * out[i]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            out[i] -= m[i * MAX_SHARED + j] * out[j]
        out[i] /= m[i * MAX_SHARED + i]
