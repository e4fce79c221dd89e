"""Derivatives of chi2 in all parameters, all nuisances profiled.

At the minimum over the nuisances chi2 does not change with them, so that its derivative is that with all of them fixed
(envelope theorem); at an end of the range of eta, where eta stays, too. With the counts n at the best eta, the signal's
best factor s and the residuals r = P (y - s n),

    d chi2 / d theta = -2 s sum_i r_i dn_i / d theta.

`backwards.pyx` leads from the residuals to the parameters.

In a table of a mediator's mass, chi2 is ``const - (u + k)^2 / (v + k)``, whose derivative is that of u and v,
polynomials in y, times Chebyshev polynomials in the mass.
"""

from libc.math cimport INFINITY, NAN
from libc.stdlib cimport free
from libc.string cimport memset

from cevns.kernels.backwards cimport counts_gradient, line_slope
from cevns.kernels.counts cimport counts_t, line_value
from cevns.kernels.gaussian cimport (
    ALONE, MOST_NUMBERS, direct_chi2, mass_point_t, open_rows, row_t, start_row, term_t)
from cevns.kernels.joint cimport joint_gradient
from cevns.kernels.losses cimport lost_counts, lost_sum
from cevns.kernels.masses cimport mass_polynomials, mass_slopes, start_mass
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.points cimport point_priors
from cevns.kernels.polynomials cimport lagrange, quadratic, quartic, to_piece
from cevns.kernels.quenching cimport mass_chi2, row_chi2
from cevns.kernels.sums cimport (
    MAX_SHARED, centred, joint_row, open_sum, shared_chi2, start_sum, sum_chi2, sum_t)


cdef double sum_gradient(const sum_t *s, const double *values, double *gradient) noexcept nogil:
    cdef row_t *rows = NULL
    cdef row_t row
    cdef mass_point_t point
    cdef term_t term
    cdef double best[MAX_SHARED]
    cdef double value, total = 0.0
    cdef Py_ssize_t i, k, n = s.counts.parameters
    memset(gradient, 0, n * sizeof(double))
    if s.shared or s.joint != NULL:
        rows = open_sum(s)
        total = NAN
        if rows != NULL:
            start_sum(s, rows, values, ALONE)
            total = shared_chi2(s, rows, 0.0, best) if s.shared else sum_chi2(s, rows, 0.0)
            if lost_sum(s, rows):
                total = NAN
            for i in range(s.n):
                centred(s, i, best, &term)
                # the last sum may have been around another centre
                rows[i].summed_piece = -1
                if not add_gradient(&term, rows + i, values, gradient):
                    total = NAN
            if s.joint != NULL and not joint_gradient(s.joint, joint_row(s, rows), values, gradient):
                total = NAN
    for i in range(s.n if not s.shared and s.joint == NULL else 0):
        value = NAN
        if start_mass(s.terms[i], &point, values):
            value = mass_chi2(s.terms[i], &point, line_value(s.terms[i].counts, values), &row)
            if value == value:
                add_mass_gradient(s.terms[i], &point, row.eta, row.piece, values, gradient)
        if value != value:
            if rows == NULL:
                rows = open_rows(s.terms, s.n, s.size, 0)
                if rows == NULL:
                    total = NAN
                    break
            start_row(s.terms[i], rows + i, values, ALONE)
            value = row_chi2(s.terms[i], rows + i, 0.0)
            if lost_counts(s.terms[i].counts, &rows[i].counts, 1.0) or not add_gradient(
                    s.terms[i], rows + i, values, gradient):
                value = NAN
        total += value
    if not total < INFINITY:
        # no memory, or no expectations that data could come from
        for k in range(n):
            gradient[k] = NAN
    free(rows)
    add_priors(s, values, gradient)
    return total + point_priors(s, values)


cdef void add_priors(const sum_t *s, const double *values, double *gradient) noexcept nogil:
    cdef const double *prior = s.prior
    cdef Py_ssize_t _
    for _ in range(s.priors):
        gradient[<int> prior[0]] += 2.0 * prior[2] * (values[<int> prior[0]] - prior[1])
        prior += 3
    if s.line_weight:
        gradient[s.line] += 2.0 * s.line_weight * (values[s.line] - s.line_origin - s.line_mean)


# --- from the counts themselves --------------------------------------------------------------------------------------

cdef bint add_gradient(const term_t *t, row_t *row, const double *values, double *gradient) noexcept nogil:
    """Add the derivatives of one term at a row's point and best eta; False if there is no memory."""
    cdef double basis[MAX_ORDER]
    cdef double *residuals = row.scratch + t.bins
    cdef Py_ssize_t i
    if row.summed_piece != max(row.piece, 0) or row.summed_eta != row.eta:
        direct_chi2(t, row, 0.0, row.eta, max(row.piece, 0), NULL, NULL)
    lagrange(t.to_powers, t.order, t.eta_edges, max(row.piece, 0), row.eta, basis, NULL)
    for i in range(t.bins):
        residuals[i] *= -2.0 * row.factor
    return counts_gradient(
        t.counts, &row.counts, max(row.piece, 0) * t.order, basis, t.order, residuals, values, gradient)


# --- from a table of a mediator's mass -------------------------------------------------------------------------------

cdef void add_mass_gradient(const term_t *t, mass_point_t *point, double eta, Py_ssize_t piece, const double *values,
                            double *gradient) noexcept nogil:
    """Add the derivatives in the mass and the coupling of a term at a point of its table and its best eta."""
    cdef const counts_t *c = t.counts
    cdef const double *p = mass_polynomials(t, point, piece, t.order > 1)
    cdef double slopes[MOST_NUMBERS]
    cdef double here[4]
    cdef double moved[4]
    cdef double mass = values[point.table.parameter], y = line_value(c, values) * point.scale, r, along
    cdef double across = mass_slopes(t, point, piece, mass, slopes)
    at_eta(t, p, piece, eta, y, here)
    at_eta(t, slopes, piece, eta, y, moved)
    r = (here[0] + t.lift) / (here[2] + t.pull)
    along = -r * (2.0 * here[1] - r * here[3])
    gradient[c.line] += along * point.scale * line_slope(c, values)
    # y comes in units that know the mass
    gradient[point.table.parameter] += -r * (2.0 * moved[0] - r * moved[2]) * across - along * y * point.table.power * (
        2.0 * mass / (mass * mass + point.table.middle))


cdef void at_eta(const term_t *t, const double *p, Py_ssize_t piece, double eta, double y, double *out) noexcept nogil:
    """u, v and their derivatives in y from a piece's polynomials: u, u', v, v'."""
    cdef double x = 0.0, d = 1.0, u = 0.0, u1 = 0.0, v = 0.0, v1 = 0.0, r = 0.0, r1 = 0.0
    cdef const double *k
    cdef Py_ssize_t i
    if t.order > 1:
        x = to_piece(t.eta_edges, piece, eta)
    for i in range(t.order - 1, -1, -1):
        k = p + 8 * i
        u = u * x + quadratic(k, y)
        u1 = u1 * x + (k[1] + 2.0 * y * k[2])
        v = v * x + quartic(k + 3, y)
        v1 = v1 * x + quartic_slope(k + 3, y)
    for i in range(t.order - 2, -1, -1):
        k = p + 8 * t.order + 5 * i
        r = r * x + quartic(k, y)
        r1 = r1 * x + quartic_slope(k, y)
    if t.order > 1:
        for i in range(t.order):
            d *= x - t.points[i]
    out[0], out[1], out[2], out[3] = u, u1, v + d * r, v1 + d * r1


cdef inline double quartic_slope(const double *k, double y) noexcept nogil:
    return k[1] + y * (2.0 * k[2] + y * (3.0 * k[3] + y * (4.0 * k[4])))
