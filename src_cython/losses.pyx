"""Counts that are what is left of large parts that cancel, as amplitudes of two mediators do.

Polynomials in y lose their digits first, since chi2 has squares of them: where parts are a hundred times as large as
what is left, points are taken one by one, and a line is expanded about the place where counts are least. Counts
themselves keep four or five digits where parts are `LOST` times as large, both as these and as the uncertainties. Of
less nobody could say what chi2 is worth: it is NaN then, which callers tell in words.
"""

from libc.math cimport fabs, fmax, fmin
from libc.string cimport memcpy, memset

from cevns.kernels.components cimport poisson_line, poisson_t
from cevns.kernels.counts cimport FOLDED, counts_row_t, counts_t, fold_piece, kernel_t
from cevns.kernels.gaussian cimport forget, row_t, term_t
from cevns.kernels.polynomials cimport find_piece, quadratic
from cevns.kernels.sizes cimport LOST, kernel_size
from cevns.kernels.sums cimport joint_row, sum_t

from cevns.errors import InputError

# sums of which counts are what is left, in units of these, and in units of the uncertainties, from which on polynomials
# in y lose their digits: chi2 as many as the square of such a sum has
cdef double CANCELLED = 100.0
cdef double LARGE = 1e4


# --- at a point alone ------------------------------------------------------------------------------------------------

cdef bint lost_counts(const counts_t *c, const counts_row_t *row, double unit) noexcept nogil:
    """Whether counts have lost their digits at a point alone, of which some piece was folded.

    What is far below `unit` nobody sees.
    """
    cdef double y = fabs(row.y) if c.line >= 0 else 0.0, left = 0.0
    cdef Py_ssize_t i, piece
    if c.plain or not most_parts(c, row, y) > LOST * unit:
        return False
    for piece in range(c.pieces):
        if row.built[piece] & FOLDED:
            for i in range(c.bins):
                left += fabs(row.a[piece * c.order * c.bins + i])
            return parts(c, row, y) > LOST * fmax(left, unit)
    return False


cdef double most_parts(const counts_t *c, const counts_row_t *row, double y) noexcept nogil:
    """A bound on the size of all parts together, at the cost of few numbers."""
    cdef double total = quadratic(c.sizes, y), x, one
    cdef double powers[3]
    cdef Py_ssize_t i, k
    cdef const kernel_t *kernel
    cdef int f, _
    powers[0], powers[1], powers[2] = 1.0, y, y * y
    if not c.factors:
        for k in range(c.products):
            total += c.product[k].size * fabs(row.products[k]) * powers[c.product[k].line]
        return total
    for k in range(c.products):
        one = 0.0
        for i in range(c.product[k].first_share, c.product[k].last_share):
            kernel = c.kernel + c.shares[i].kernel
            x = fabs(c.shares[i].coefficient) * kernel.size
            for f in range(c.factors):
                for _ in range(kernel.powers[f]):
                    x *= row.largest[f]
            one += x
        total += one * fabs(row.products[k]) * powers[c.product[k].line]
    return total


cdef double parts(const counts_t *c, const counts_row_t *row, double y) noexcept nogil:
    """The size of all parts together."""
    cdef double total = quadratic(c.sizes, y), one
    cdef Py_ssize_t i, k, n
    cdef double powers[3]
    powers[0], powers[1], powers[2] = 1.0, y, y * y
    for k in range(c.kernels):
        one = 0.0
        for n in range(c.products):
            for i in range(c.product[n].first_share, c.product[n].last_share):
                if c.shares[i].kernel == k:
                    one += fabs(c.shares[i].coefficient * row.products[n]) * powers[c.product[n].line]
        if one > 0.0:
            total += one * kernel_size(c, k, row.factors)
    return total


cdef double seen_beside(const poisson_t *p) noexcept nogil:
    """Counts that are seen beside others: a whole one, or the backgrounds and what no parameter moves, if that is less.
    """
    cdef Py_ssize_t i
    cdef double total = 0.0
    for i in range(p.groups):
        total += p.counts[i].sizes[0]
    for i in range((p.components - 1) * p.bins):
        total += fabs(p.templates[i])
        if total >= 1.0:
            break
    return fmin(total, 1.0)


cdef bint lost_sum(const sum_t *s, row_t *rows) noexcept nogil:
    """Whether any counts have lost their digits at a point alone."""
    cdef Py_ssize_t i, g
    cdef const poisson_t *p
    cdef double unit
    for i in range(s.n):
        if lost_counts(s.terms[i].counts, &rows[i].counts, 1.0):
            return True
    for i in range(s.joint.n if s.joint != NULL else 0):
        p = s.joint.terms[i]
        unit = seen_beside(p)
        for g in range(p.groups):
            if lost_counts(p.counts[g], joint_row(s, rows).rows[i].counts + g, unit):
                return True
    return False


# --- along a line ----------------------------------------------------------------------------------------------------

cdef void sum_parts(const sum_t *s, row_t *rows, Py_ssize_t i, double *left, double *sums) noexcept nogil:
    """Fill in a, b and c of a term summed over its bins, and the same of absolute values, in units of uncertainties.

    Terms that are profiled together follow the others.
    """
    cdef const term_t *t
    cdef const poisson_t *p
    cdef const double *a
    cdef const double *b
    cdef Py_ssize_t k, n, piece
    if i < s.n:
        t = s.terms[i]
        n = t.bins
        piece = find_piece(t.eta_edges, t.pieces, 1.0, -1) if t.order > 1 else 0
        fold_piece(t.counts, &rows[i].counts, piece)
        b = rows[i].counts.bc + 2 * piece * t.order * n
        a = rows[i].counts.a + piece * t.order * n
    else:
        p = s.joint.terms[i - s.n]
        n = p.energy
        a = joint_row(s, rows).rows[i - s.n].work
        b = a + n
        poisson_line(p, joint_row(s, rows).rows + i - s.n, -1.0, <double *> a)
    for k in range(3):
        left[k] = sums[k] = 0.0
    for k in range(n):
        left[0] += a[k]
        left[1] += b[k]
        left[2] += b[n + k]
        sums[0] += fabs(a[k])
        sums[1] += fabs(b[k])
        sums[2] += fabs(b[n + k])


cdef inline Py_ssize_t terms_of(const sum_t *s) noexcept nogil:
    """How many terms there are, those that are profiled together among them."""
    return s.n + (s.joint.n if s.joint != NULL else 0)


cdef bint cancelled(const sum_t *s, row_t *rows, const double *y, Py_ssize_t m, bint *out) noexcept nogil:
    """Whether polynomials in y have lost their digits anywhere among m points of the line.

    Where they have goes into `out`, unless they have nowhere.
    """
    cdef Py_ssize_t i, j
    cdef double left[3]
    cdef double sums[3]
    cdef double least, large, unit
    cdef bint some = False, hidden
    for i in range(terms_of(s)):
        # counts of those that are profiled together are polynomials, but chi2 is not
        unit = 1.0 if i < s.n else seen_beside(s.joint.terms[i - s.n])
        least, large = CANCELLED if i < s.n else LOST, LARGE if i < s.n else LOST * unit
        sum_parts(s, rows, i, left, sums)
        hidden = not only_mediator(s, i) and parts_of(s, rows, i, farthest(y, m), True) > LOST * unit
        # squares of amplitudes that add cancel only where the sum of all is less than six times the first
        if not hidden and 6.0 * sums[0] <= large and sums[1] * sums[1] <= 4.001 * sums[0] * sums[2]:
            continue
        for j in range(m):
            if quadratic(sums, fabs(y[j])) > fmax(least * fabs(quadratic(left, y[j])), large) or (
                    # of parts that cancel wherever on the line nothing is left to be seen there
                    hidden and parts_of(s, rows, i, fabs(y[j]), True) > LOST * fmax(fabs(quadratic(left, y[j])), unit)):
                if not some:
                    memset(out, 0, m * sizeof(bint))
                out[j] = some = True
    return some


cdef inline bint only_mediator(const sum_t *s, Py_ssize_t i) noexcept nogil:
    """Whether nothing but one mediator moves a term's counts, so that parts cancel but for those of the line."""
    return s.terms[i].counts.plain if i < s.n else s.joint.terms[i - s.n].counts[0].plain


cdef inline double farthest(const double *y, Py_ssize_t m) noexcept nogil:
    cdef Py_ssize_t j
    cdef double out = 0.0
    for j in range(m):
        out = fmax(out, fabs(y[j]))
    return out


cdef double parts_of(const sum_t *s, row_t *rows, Py_ssize_t i, double y, bint bound) noexcept nogil:
    """The size of all parts of a term's counts, or a bound on it, which takes less time."""
    cdef double total = 0.0
    cdef Py_ssize_t g, groups = 1 if i < s.n else s.joint.terms[i - s.n].groups
    cdef const counts_t *c
    cdef const counts_row_t *row
    for g in range(groups):
        c = s.terms[i].counts if i < s.n else s.joint.terms[i - s.n].counts[g]
        row = &rows[i].counts if i < s.n else joint_row(s, rows).rows[i - s.n].counts + g
        total += most_parts(c, row, y) if bound else parts(c, row, y)
    return total


cdef double least_place(const sum_t *s, row_t *rows) noexcept nogil:
    """Where on the line the counts of all terms together are least."""
    cdef Py_ssize_t i
    cdef double linear = 0.0, square = 0.0
    cdef double left[3]
    cdef double sums[3]
    for i in range(terms_of(s) if s.line >= 0 else 0):
        sum_parts(s, rows, i, left, sums)
        linear += left[1]
        square += left[2]
    return fmin(fmax(-0.5 * linear / square, s.lowest), s.highest) if square > 0.0 else 0.0


cdef bint lost_at(const sum_t *s, row_t *rows, double y) noexcept nogil:
    """Whether any counts have lost their digits at a place on the line."""
    cdef Py_ssize_t i
    cdef double left[3]
    cdef double sums[3]
    cdef double whole, unit, far = fabs(y)
    for i in range(terms_of(s)):
        sum_parts(s, rows, i, left, sums)
        unit = 1.0 if i < s.n else seen_beside(s.joint.terms[i - s.n])
        whole = LOST * fmax(fabs(quadratic(left, y)), unit)
        if quadratic(sums, far) > whole:
            return True
        if not only_mediator(s, i) and parts_of(s, rows, i, far, True) > whole and (
                parts_of(s, rows, i, far, False) > whole):
            return True
    return False


cdef bint expand_sum(sum_t *s, row_t *rows) noexcept nogil:
    """Let y count from where the counts of all terms are least, if they are the small difference of large ones there.

    The range of y, and all that a search finds, count from there too. Returns False where counts have lost their
    digits there.
    """
    cdef Py_ssize_t i
    cdef double middle = least_place(s, rows)
    cdef bint lost
    if not cancelled(s, rows, &middle, 1, &lost):
        return True
    if lost_at(s, rows, middle):
        return False
    if middle == 0.0:
        return True
    s.middle = middle
    s.lowest -= middle
    s.highest -= middle
    for i in range(s.n):
        expand_row(s.terms[i].counts, &rows[i].counts, middle)
        forget(s.terms[i], rows + i)
    return True


cdef void expand_row(const counts_t *c, counts_row_t *row, double middle) noexcept nogil:
    """Expand the counts of a row elsewhere on its line, where less than their powers is left of large terms."""
    cdef Py_ssize_t i, node, piece, n = c.bins
    cdef double *a
    cdef double *b
    for piece in range(c.pieces):
        fold_piece(c, row, piece)
        # whatever else was made of them
        row.built[piece] = FOLDED
    if row.a != row.own_a:
        memcpy(row.own_a, row.a, c.pieces * c.order * n * sizeof(double))
    if row.bc != row.own_bc:
        memcpy(row.own_bc, row.bc, 2 * c.pieces * c.order * n * sizeof(double))
    row.a, row.bc = row.own_a, row.own_bc
    for node in range(c.pieces * c.order):
        a, b = row.own_a + node * n, row.own_bc + 2 * node * n
        for i in range(n):
            a[i] += middle * (b[i] + middle * b[n + i])
            b[i] += 2.0 * middle * b[n + i]


# --- in words --------------------------------------------------------------------------------------------------------

def digits_lost():
    """Return the error for counts that are what is left of large parts, as couplings cancel each other."""
    return InputError(
        f"counts are the difference of parts more than {LOST:.0e} times as large, which leaves them few digits, since "
        "couplings cancel each other: keep them smaller, or let one parameter stand for those that cancel")
