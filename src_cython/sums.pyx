"""chi2 of all experiments together, with nuisances that several of them share.

A shared nuisance a, with a pull of its own, moves the centre of the signal's factor in each term that it belongs to,
``s_0 = 1 + sum a``. Terms know their least chi2 for any centre, and its derivative, ``2 k (s_0 - s)`` with the best
factor s, so that the least sum over all shared nuisances is found by quasi-Newton steps in these few numbers.

Terms whose nuisances are profiled together, such as those of Poisson data, are one more such term: what they share with
a Gaussian one is held while they are, and its pull is among theirs, since it may be correlated with others of them.

The least chi2 for a centre is that of the lowest of several wells in eta, so that their sum has wells of its own. Where
to begin tells one term after the other. With eta of all others fixed, their chi2 is p (s_0 - u/v)^2, p = k v / (k + v),
and all that they and the pulls know of this term's centre is a mean and a variance. With these in the place of its own
centre and pull it finds its best well itself, exactly so if it is alone.
"""

from libc.math cimport INFINITY, NAN, copysign, fabs

from cevns.kernels.descents cimport MAX_PULLS, joint_row_t
from cevns.kernels.gaussian cimport ALONE, direct_chi2, open_rows, row_t, start_rows, term_t
from cevns.kernels.joint cimport joint_chi2, joint_size, place_joint, start_joint
from cevns.kernels.quenching cimport row_chi2, term_line

# what the last step in the shared nuisances may leave of chi2, relative to 1 + chi2
cdef double ACCURACY = 1e-14
# by how little eta of all terms moves when wells are found, and how often they are looked for
cdef double SETTLED = 1e-6

cdef enum:
    SWEEPS = 12
    NEAR = 512  # points that all terms take one after the other, as many as stay near the processor


cdef row_t* open_sum(const sum_t *s) noexcept nogil:
    """Allocate the rows of all terms in one block; NULL if there is no memory."""
    cdef row_t *rows
    if s.joint == NULL:
        return open_rows(s.terms, s.n, s.size, 0)
    rows = open_rows(s.terms, s.n, s.size, sizeof(joint_row_t) + joint_size(s.joint) * sizeof(double))
    if rows != NULL:
        place_joint(s.joint, joint_row(s, rows), <double *> (joint_row(s, rows) + 1))
    return rows


cdef void start_sum(const sum_t *s, row_t *rows, const double *values, int points) noexcept nogil:
    """Compute the rates of all terms at the parameters' values."""
    start_rows(s.terms, rows, s.n, values, points)
    if s.joint != NULL:
        start_joint(s.joint, joint_row(s, rows), values, points == ALONE)


cdef inline double beside(const sum_t *s, row_t *rows, double y) noexcept nogil:
    """chi2 of the terms that are profiled together, nothing of them being held."""
    if s.joint == NULL:
        return 0.0
    return joint_chi2(s.joint, joint_row(s, rows), y + s.middle, NULL, NULL, NULL)


cdef double sum_chi2(const sum_t *s, row_t *rows, double y) noexcept nogil:
    """chi2 at a point of the line; leaves each term's best eta in its row."""
    cdef Py_ssize_t i
    cdef double total = 0.0
    if s.shared:
        return shared_chi2(s, rows, y, NULL)
    for i in range(s.n):
        total += row_chi2(s.terms[i], rows + i, y)
    return total + beside(s, rows, y)


cdef void line_chi2(const sum_t *s, row_t *rows, const double *y, Py_ssize_t m, double *out) noexcept nogil:
    """chi2 at m points of the line; ascending ones are the fastest."""
    cdef Py_ssize_t i, j, n
    if s.shared:
        for j in range(m):
            out[j] = shared_chi2(s, rows, y[j], NULL)
        return
    while m > 0:
        n = min(m, NEAR)
        for j in range(n):
            out[j] = 0.0
        for i in range(s.n):
            term_line(s.terms[i], rows + i, y, n, out)
        for j in range(n if s.joint != NULL else 0):
            out[j] += beside(s, rows, y[j])
        y += n
        out += n
        m -= n


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
    cdef double value = y + s.middle
    if s.line_weight == 0.0:
        return 0.0
    if s.line_power > 1:
        value = copysign(fabs(value) ** (1.0 / s.line_power), value)
    return s.line_weight * (value - s.line_mean) * (value - s.line_mean)


cdef double shared_chi2(const sum_t *s, row_t *rows, double y, double *best) noexcept nogil:
    """Least chi2 over the shared nuisances, of which the values go into `best` unless it is NULL."""
    cdef double a[MAX_SHARED]
    cdef double found[MAX_SHARED]
    cdef double value, least = INFINITY
    cdef Py_ssize_t k
    # with one term in eta its best well is the best of all, with several the wells of one change those of others
    cdef int start, starts = 4 if scaled(s) + (s.joint != NULL) > 1 else 1
    for start in range(starts):
        if start == 0:
            settle(s, rows, y, a)
        else:
            for k in range(s.shared):
                a[k] = (0.0 if start == 1 else (2.0 if start == 2 else -2.0)) * s.sigma[k]
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
    cdef double total = 0.0, gradient, second, pull
    cdef Py_ssize_t i, k, j
    for k in range(s.shared):
        pull = 1.0 / (s.sigma[k] * s.sigma[k]) if s.joined[k] < 0 else 0.0
        total += pull * a[k] * a[k]
        if slope != NULL:
            slope[k] = 2.0 * pull * a[k]
            for j in range(s.shared):
                curvature[k * MAX_SHARED + j] = 2.0 * pull if k == j else 0.0
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
    return total + together(s, rows, y, a, slope, curvature)


cdef double together(const sum_t *s, row_t *rows, double y, const double *a, double *slope,
                     double *curvature) noexcept nogil:
    """chi2 of the terms that are profiled together, with the shared nuisances held; adds derivatives unless NULL."""
    cdef double held[MAX_PULLS]
    cdef double first[MAX_PULLS]
    cdef double second[MAX_PULLS * MAX_PULLS]
    cdef double value
    cdef Py_ssize_t j, k, n
    if s.joint == NULL:
        return 0.0
    n = s.joint.pulls
    for k in range(n):
        held[k] = NAN
    for k in range(s.shared):
        if s.joined[k] >= 0:
            held[s.joined[k]] = (a[k] if s.offsets == NULL else a[k] + s.offsets[k]) / s.sigma[k]
    if slope == NULL:
        return joint_chi2(s.joint, joint_row(s, rows), y + s.middle, held, NULL, NULL)
    value = joint_chi2(s.joint, joint_row(s, rows), y + s.middle, held, first, second)
    for k in range(s.shared if value < INFINITY else 0):
        if s.joined[k] < 0:
            continue
        slope[k] += first[s.joined[k]] / s.sigma[k]
        for j in range(s.shared):
            if s.joined[j] >= 0:
                curvature[k * MAX_SHARED + j] += second[s.joined[k] * n + s.joined[j]] / (s.sigma[k] * s.sigma[j])
    return value


cdef void centred(const sum_t *s, Py_ssize_t i, const double *a, term_t *out) noexcept nogil:
    """A term whose signal is centred where the shared nuisances are."""
    cdef Py_ssize_t k
    out[0] = s.terms[i][0]
    for k in range(s.shared):
        out.centre += s.members[i * s.shared + k] * a[k]
    out.lift = out.pull * out.centre
    out.base += out.pull * (out.centre * out.centre - 1.0)


cdef void settle(const sum_t *s, row_t *rows, double y, double *a) noexcept nogil:
    """Fill `a` with shared nuisances from which each term's best well, as far as the others know, is the nearest."""
    cdef term_t term
    cdef double matrix[MAX_SHARED * MAX_SHARED]
    cdef double right[MAX_SHARED]
    cdef double way[MAX_SHARED]
    cdef double variance, eta, moved
    cdef Py_ssize_t i, k
    cdef int sweep
    # those without eta are what they are, whatever the others know
    for sweep in range(SWEEPS + 1):
        moved = 0.0
        for i in range(s.n):
            if (s.terms[i].order == 1) != (sweep == 0):
                continue
            known(s, rows, i, sweep < 2, matrix, right)
            solve(matrix, right, s.shared, a)
            solve(matrix, s.members + i * s.shared, s.shared, way)
            centred(s, i, a, &term)
            variance = 1.0 / term.pull
            for k in range(s.shared):
                variance += s.members[i * s.shared + k] * way[k]
            term.base += (1.0 / variance - term.pull) * term.centre * term.centre
            term.pull = 1.0 / variance
            term.lift = term.pull * term.centre
            eta = rows[i].eta
            row_chi2(&term, rows + i, y)
            direct_chi2(&term, rows + i, y, rows[i].eta, max(rows[i].piece, 0), NULL, NULL)
            rows[i].signal = rows[i].factor * (rows[i].weight + term.pull) - term.lift
            moved = max(moved, fabs(rows[i].eta - eta))
        if sweep and (moved < SETTLED or scaled(s) < 2):
            break
    known(s, rows, -1, False, matrix, right)
    solve(matrix, right, s.shared, a)


cdef inline int scaled(const sum_t *s) noexcept nogil:
    """How many terms have a quenching scale."""
    cdef Py_ssize_t i
    cdef int out = 0
    for i in range(s.n):
        out += s.terms[i].order > 1
    return out


cdef void known(const sum_t *s, const row_t *rows, Py_ssize_t apart, bint first, double *matrix,
                double *right) noexcept nogil:
    """What all terms but one and the pulls know of the shared nuisances: inverse covariance, and that times the mean.

    At first a term without a quenching scale knows nothing of others, and one that has it nothing of those after it.
    """
    cdef Py_ssize_t i, j, k
    cdef double pull, u, v
    for k in range(s.shared):
        right[k] = 0.0
        for j in range(s.shared):
            matrix[k * MAX_SHARED + j] = 1.0 / (s.sigma[k] * s.sigma[k]) if k == j else 0.0
    for i in range(s.n):
        if i == apart or (first and (s.terms[apart].order == 1 or (s.terms[i].order > 1 and i > apart))):
            continue
        pull, u, v = s.terms[i].pull, rows[i].signal, rows[i].weight
        for k in range(s.shared):
            right[k] += s.members[i * s.shared + k] * pull / (pull + v) * (u - v)
            for j in range(s.shared):
                matrix[k * MAX_SHARED + j] += (
                    s.members[i * s.shared + k] * s.members[i * s.shared + j] * pull * v / (pull + v))


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
