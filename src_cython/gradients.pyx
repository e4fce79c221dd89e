"""Derivatives of chi2 in all parameters, all nuisances profiled.

At the minimum over the nuisances chi2 does not change with them, so that its derivative is that with all of them fixed
(envelope theorem); at an end of the range of eta, where eta stays, too. With the counts n at the best eta, the signal's
best factor s and the residuals r = P (y - s n),

    d chi2 / d theta = -2 s sum_i r_i dn_i / d theta.

Backwards through the fold, so that the cost does not grow with the number of parameters: the response brings the
residuals to the recoil nodes, where each kernel, propagator and form factor meets them once, and the chain rule leads
from the polynomials of the kernels to the couplings.

In a table of a mediator's mass, chi2 is ``const - (u + k)^2 / (v + k)``, whose derivative is that of u and v,
polynomials in y, times Chebyshev polynomials in the mass.
"""

from libc.math cimport NAN
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from cevns.kernels.counts cimport counts_t, fill_factors, fill_strengths, line_value, product_t
from cevns.kernels.form_factors cimport form_factor_slopes_c
from cevns.kernels.gaussian cimport (
    ALONE, MOST_NUMBERS, direct_chi2, mass_point_t, open_rows, row_t, start_row, term_t)
from cevns.kernels.masses cimport mass_polynomials, mass_slopes, start_mass
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.points cimport point_priors
from cevns.kernels.polynomials cimport dot, lagrange, power, quadratic, quartic, to_piece
from cevns.kernels.quenching cimport mass_chi2, row_chi2
from cevns.kernels.sums cimport MAX_SHARED, centred, shared_chi2, sum_t


cdef double sum_gradient(const sum_t *s, const double *values, double *gradient) noexcept nogil:
    cdef row_t *rows = NULL
    cdef row_t row
    cdef mass_point_t point
    cdef term_t term
    cdef double best[MAX_SHARED]
    cdef double value, total = 0.0
    cdef Py_ssize_t i, k, n = s.terms[0].counts.parameters
    memset(gradient, 0, n * sizeof(double))
    if s.shared:
        rows = open_rows(s.terms, s.n, s.size)
        if rows != NULL:
            for i in range(s.n):
                start_row(s.terms[i], rows + i, values, ALONE)
            total = shared_chi2(s, rows, 0.0, best)
            for i in range(s.n):
                centred(s, i, best, &term)
                # the last sum may have been around another centre
                rows[i].summed_piece = -1
                if not add_gradient(&term, rows + i, values, gradient):
                    total = NAN
    for i in range(s.n if not s.shared else 0):
        value = NAN
        if start_mass(s.terms[i], &point, values):
            value = mass_chi2(s.terms[i], &point, line_value(s.terms[i].counts, values), &row)
            if value == value:
                add_mass_gradient(s.terms[i], &point, row.eta, row.piece, values, gradient)
        if value != value:
            if rows == NULL:
                rows = open_rows(s.terms, s.n, s.size)
                if rows == NULL:
                    total = NAN
                    break
            start_row(s.terms[i], rows + i, values, ALONE)
            value = row_chi2(s.terms[i], rows + i, 0.0)
            if not add_gradient(s.terms[i], rows + i, values, gradient):
                value = NAN
        total += value
    if total != total or (rows == NULL and s.shared):
        total = NAN
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


cdef inline double line_slope(const counts_t *c, const double *values) noexcept nogil:
    """dy / d parameter on the line."""
    return c.line_power * power(values[c.line] - c.origins[c.line], c.line_power - 1)


# --- from the counts themselves --------------------------------------------------------------------------------------

cdef bint add_gradient(const term_t *t, row_t *row, const double *values, double *gradient) noexcept nogil:
    """Add the derivatives of one term at a row's point and best eta; False if there is no memory."""
    cdef const counts_t *c = t.counts
    cdef double basis[MAX_ORDER]
    cdef double *residuals = row.scratch + t.bins
    cdef Py_ssize_t i, j, k, m, n = t.bins, first = max(row.piece, 0) * t.order
    cdef Py_ssize_t rates = c.cols * (1 + 2 * c.nuclei) if c.rated else 0
    cdef double *back = <double *> malloc((rates + c.kernels + t.order * n) * sizeof(double))
    cdef double *kernels = back + rates
    cdef double *weighted = kernels + c.kernels
    cdef double y = row.counts.y, along = 0.0
    cdef const double *b
    if back == NULL:
        return False
    if row.summed_piece != max(row.piece, 0) or row.summed_eta != row.eta:
        direct_chi2(t, row, 0.0, row.eta, max(row.piece, 0), NULL, NULL)
    lagrange(t.to_powers, t.order, t.eta_edges, max(row.piece, 0), row.eta, basis, NULL)
    # of the counts at all nodes of the piece
    for m in range(t.order):
        for i in range(n):
            weighted[m * n + i] = -2.0 * row.factor * basis[m] * residuals[i]
    for m in range(t.order if c.line >= 0 else 0):
        b = c.linear + 2 * (first + m) * n
        along += dot(weighted + m * n, b, n) + 2.0 * y * dot(weighted + m * n, b + n, n)
    if c.kernels:
        if c.plain:
            fill_factors(c, &row.counts, values)
            fill_strengths(c, &row.counts, values)
        if c.rated:
            memset(back, 0, rates * sizeof(double))
            for i in range(t.order * n):
                k = first * n + i
                for j in range(c.pointers[k + 1] - c.pointers[k]):
                    back[c.firsts[k] + j] += weighted[i] * c.weights[c.pointers[k] + j]
        for k in range(c.kernels):
            if c.kernel[k].counts != NULL:
                kernels[k] = dot(weighted, c.kernel[k].counts + first * n, t.order * n)
            else:
                kernels[k] = kernel_gradient(t, row, k, back, values, gradient)
            along += kernels[k] * (row.counts.strengths[3 * k + 1] + 2.0 * y * row.counts.strengths[3 * k + 2])
        add_couplings(c, kernels, y, values, gradient)
        if c.rated:
            add_radii(c, back + c.cols * (1 + c.nuclei), back, values, gradient)
    if c.line >= 0:
        gradient[c.line] += along * line_slope(c, values)
    free(back)
    return True


cdef double kernel_gradient(const term_t *t, row_t *row, Py_ssize_t k, double *back, const double *values,
                            double *gradient) noexcept nogil:
    """Derivative in the number that multiplies a kernel of rates; adds those in masses, and in F_N at each node."""
    cdef const counts_t *c = t.counts
    cdef Py_ssize_t j, n, size = c.nuclei * c.cols
    cdef double strength = quadratic(row.counts.strengths + 3 * k, row.counts.y), total = 0.0
    cdef double *product = back + c.cols
    cdef double *radial = product + size
    cdef const double *rates = c.kernel[k].rates
    cdef int f, parameter, exponent
    for n in range(c.nuclei):
        for j in range(c.cols):
            product[n * c.cols + j] = back[j] * rates[n * c.cols + j]
    for f in range(c.factors):
        if not c.factor[f].form_factor:
            times_factor(row.counts.factors + f * size, size, c.kernel[k].powers[f], product)
    for f in range(c.factors):
        exponent = c.kernel[k].powers[f]
        if c.factor[f].form_factor and exponent:
            # without one power of F_N, which may be 0
            times_factor(row.counts.factors + f * size, size, exponent - 1, product)
            for j in range(size):
                radial[j] += strength * exponent * product[j]
            times_factor(row.counts.factors + f * size, size, 1, product)
    for j in range(size):
        total += product[j]
    for f in range(c.factors):
        if not c.factor[f].form_factor and c.kernel[k].powers[f]:
            # d ln p / dm = -2 m p
            parameter = c.factor[f].parameter
            gradient[parameter] -= 2.0 * values[parameter] * strength * c.kernel[k].powers[f] * dot(
                product, row.counts.factors + f * size, size)
    return total


cdef void add_radii(const counts_t *c, const double *radial, double *work, const double *values,
                    double *gradient) noexcept nogil:
    """Add the derivatives in radii, from those in F_N at each node."""
    cdef Py_ssize_t n
    cdef int parameter
    for n in range(c.nuclei if c.radii != NULL else 0):
        parameter = c.radii[n]
        if parameter < 0:
            continue
        form_factor_slopes_c(c.form_factor, c.q + n * c.cols, values[parameter], c.thickness, work, c.cols)
        gradient[parameter] += dot(radial + n * c.cols, work, c.cols)


cdef inline void times_factor(const double *factor, Py_ssize_t n, int exponent, double *out) noexcept nogil:
    cdef Py_ssize_t j
    cdef int _
    for _ in range(exponent):
        for j in range(n):
            out[j] *= factor[j]


cdef void add_couplings(const counts_t *c, const double *kernels, double y, const double *values,
                        double *gradient) noexcept nogil:
    """Add the derivatives in all couplings but the line's, from those in the kernels' numbers."""
    cdef Py_ssize_t i, j, k
    cdef const product_t *product
    cdef double slope, x
    for k in range(c.products):
        product = c.product + k
        if product.first == product.last:
            continue
        slope = 0.0
        for i in range(product.first_share, product.last_share):
            slope += c.shares[i].coefficient * kernels[c.shares[i].kernel]
        slope *= power(y, product.line)
        for i in range(product.first, product.last):
            x = slope
            for j in range(product.first, product.last):
                if j != i:
                    x *= values[c.members[j]] - c.origins[c.members[j]]
            gradient[c.members[i]] += x


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
