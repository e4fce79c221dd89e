"""Other data in the place of those of an engine: toys.

Counts know no data: rates, folds, and the polynomials of v in `gaussian.pyx` are computed once for a line and serve all
toys. Of each toy there are data times the projector, the sum of their squares, and with them u. Nothing that a search
leaves in a row is seen by the next one, so that what is found of a toy does not depend on others.

Where constraints were measured anew, pulls are centred elsewhere: that of the signal's factor and of eta in the
term, that of a background by a shift of the data; nuisances that are profiled together have a vector of centres, and
what is shared moves the centres of all that it belongs to.

Whether chi2 is convex in eta depends on the data, of which `convexity.pyx` samples those of the engine alone. So each
toy is sampled by itself, on the very lines on which it is searched and just as densely; where it proves not to be
convex all of eta is searched. A single point proves it for itself.
"""

from libc.math cimport INFINITY, fabs, fmax, fmin, sqrt
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from cevns.kernels.components cimport poisson_row_t
from cevns.kernels.convexity cimport convex_at, last_step, take_kinks
from cevns.kernels.descents cimport joint_row_t
from cevns.kernels.gaussian cimport (
    ALONE, TABLE, build_piece, build_rest, forget, polynomial_size, rough, rows_size)
from cevns.kernels.glances cimport convex_at_a_glance, glance_size, glance_t, place_glance, start_glance
from cevns.kernels.pieces cimport MAX_ORDER
from cevns.kernels.polynomials cimport dot, find_piece
from cevns.kernels.quenching cimport LARGEST_BASE, USUAL_LOOKS
from cevns.kernels.sums cimport joint_row, open_sum, start_sum

# the last Newton step in eta, relative to that of the engine's data, of toys that are not sampled
cdef double SMALLER_STEP = 0.5

cdef enum:
    MOST_PLACES = 256  # on a line, beside those of bins


# --- memory ----------------------------------------------------------------------------------------------------------

cdef Py_ssize_t data_size(const sum_t *s) noexcept nogil:
    """Counts of all terms, the Gaussian ones first."""
    cdef Py_ssize_t i, out = 0
    for i in range(s.n):
        out += s.terms[i].bins
    for i in range(s.joint.n if s.joint != NULL else 0):
        out += s.joint.terms[i].bins
    return out


cdef Py_ssize_t centres_size(const sum_t *s) noexcept nogil:
    """Centres of pulls: signal, eta and backgrounds of Gaussian terms, then shared, joint ones, and priors."""
    cdef Py_ssize_t i, out = s.shared + s.priors + 1
    for i in range(s.n):
        out += 2 + s.terms[i].backgrounds
    return out + (s.joint.pulls if s.joint != NULL else 0)


cdef bint open_toys(toys_t *toys, const sum_t *engine, Py_ssize_t count) noexcept nogil:
    """Allocate all that toys need, which `close_toys` frees; False if there is no memory."""
    cdef Py_ssize_t i, k, numbers = 0, numbers_shared = 1, pieces = 1
    cdef Py_ssize_t joined = engine.joint.n if engine.joint != NULL else 0
    cdef double *memory
    memset(toys, 0, sizeof(toys_t))
    toys.engine, toys.count = engine, count
    for i in range(engine.n):
        numbers += engine.terms[i].bins + engine.terms[i].backgrounds + 4 * engine.terms[i].pieces
        numbers_shared += 4 * engine.terms[i].bins + MOST_PLACES
        numbers_shared += glance_size(engine.terms[i], 4 * engine.terms[i].bins + MOST_PLACES)
        pieces = max(pieces, engine.terms[i].pieces)
    for i in range(joined):
        numbers += engine.joint.terms[i].bins + 3 * engine.joint.terms[i].energy
    numbers += (engine.joint.pulls if joined else 0) + 4 * engine.shared + 3 * engine.priors + 1
    toys.terms = <term_t *> malloc((count * engine.n + 1) * sizeof(term_t))
    toys.widest = <widest_t *> malloc((count * engine.n + 1) * sizeof(widest_t))
    toys.joints = <joint_t *> malloc(count * sizeof(joint_t))
    toys.others = <poisson_t *> malloc((count * joined + 1) * sizeof(poisson_t))
    toys.other_terms = <const poisson_t **> malloc((count * joined + 1) * sizeof(poisson_t *))
    toys.offsets = <double *> malloc(count * numbers * sizeof(double))
    toys.present = <const term_t **> malloc((engine.n + 1) * sizeof(term_t *))
    toys.places = <double **> malloc((engine.n + 1) * sizeof(double *))
    toys.glances = <glance_t *> malloc((engine.n + 1) * sizeof(glance_t))
    toys.memory = <double *> malloc(numbers_shared * sizeof(double))
    toys.sample.falls = <double *> calloc(4 * pieces, sizeof(double))
    if (toys.terms == NULL or toys.widest == NULL or toys.joints == NULL or toys.others == NULL or toys.present == NULL
            or toys.other_terms == NULL or toys.offsets == NULL or toys.places == NULL or toys.glances == NULL
            or toys.memory == NULL
            or toys.sample.falls == NULL):
        return False
    toys.sample.slopes = toys.sample.falls + 2 * pieces
    toys.priors = toys.offsets + count * engine.shared
    toys.means = toys.priors + count * 3 * engine.priors
    memory = toys.means + count
    for k in range(count):
        for i in range(engine.n):
            toys.terms[k * engine.n + i] = engine.terms[i][0]
            toys.terms[k * engine.n + i].searched = engine.terms[i].order > 1
            toys.terms[k * engine.n + i].kinked = False
            toys.terms[k * engine.n + i].data = memory
            memory += engine.terms[i].bins
            toys.terms[k * engine.n + i].data_shifts = memory
            memory += engine.terms[i].backgrounds
            toys.terms[k * engine.n + i].needs = memory
            toys.widest[k * engine.n + i].needs = memory + 2 * engine.terms[i].pieces
            memory += 4 * engine.terms[i].pieces
        for i in range(joined):
            toys.others[k * joined + i] = engine.joint.terms[i][0]
            toys.others[k * joined + i].observed = memory
            memory += engine.joint.terms[i].bins
            toys.others[k * joined + i].energy_data = memory
            memcpy(memory, engine.joint.terms[i].energy_data, 3 * engine.joint.terms[i].energy * sizeof(double))
            memory += 3 * engine.joint.terms[i].energy
            toys.other_terms[k * joined + i] = toys.others + k * joined + i
        if joined:
            toys.joints[k] = engine.joint[0]
            toys.joints[k].terms = toys.other_terms + k * joined
            toys.joints[k].centre = memory
            memory += engine.joint.pulls
    memory = toys.memory
    for i in range(engine.n):
        toys.places[i] = memory
        memory += 4 * engine.terms[i].bins + MOST_PLACES
        place_glance(engine.terms[i], toys.glances + i, 4 * engine.terms[i].bins + MOST_PLACES, memory)
        memory += glance_size(engine.terms[i], 4 * engine.terms[i].bins + MOST_PLACES)
    # rows have room for searches in all of eta, whatever was found of the engine's data
    toys.s = engine[0]
    toys.s.terms = toys.present
    for i in range(engine.n):
        toys.present[i] = toys.terms + i
    toys.s.size = rows_size(toys.present, engine.n)
    toys.rows = open_sum(&toys.s)
    return toys.rows != NULL


cdef void close_toys(toys_t *toys) noexcept nogil:
    free(toys.terms)
    free(toys.widest)
    free(toys.joints)
    free(toys.others)
    free(<void *> toys.other_terms)
    free(toys.offsets)
    free(<void *> toys.present)
    free(toys.places)
    free(toys.glances)
    free(toys.memory)
    free(toys.sample.falls)
    free(toys.rows)


# --- the data of a toy -----------------------------------------------------------------------------------------------

cdef void fill_toy(toys_t *toys, const reference_t *references, Py_ssize_t toy, const double *data,
                   const double *centres) noexcept nogil:
    """Put counts, and centres of pulls unless NULL, in the place of those of the engine."""
    cdef const sum_t *s = toys.engine
    cdef const double *shared = centres
    cdef const double *joint
    cdef term_t *t
    cdef Py_ssize_t i, k, joined = s.joint.n if s.joint != NULL else 0
    cdef double *offsets = toys.offsets + toy * s.shared
    cdef double *priors = toys.priors + toy * 3 * s.priors
    cdef double *moved
    for i in range(s.n if centres != NULL else 0):
        shared += 2 + s.terms[i].backgrounds
    for k in range(s.shared):
        offsets[k] = 0.0 if centres == NULL else shared[k]
    for i in range(s.n):
        t = toys.terms + toy * s.n + i
        fill_term(t, references + i, data, centres)
        t.centre = 1.0 if centres == NULL else 1.0 + centres[0]
        for k in range(s.shared):
            t.centre += s.members[i * s.shared + k] * offsets[k]
        t.eta_centre = 1.0 if centres == NULL else 1.0 + centres[1]
        t.lift = t.pull * t.centre
        t.base += t.pull * t.centre * t.centre
        t.precise = rough(t.base, t.pull, references[i].squares)
        data += t.bins
        if centres != NULL:
            centres += 2 + t.backgrounds
    joint = NULL if centres == NULL else shared + s.shared
    for i in range(joined):
        fill_poisson(toys.others + toy * joined + i, data)
        data += s.joint.terms[i].bins
    if joined:
        moved = <double *> toys.joints[toy].centre
        for k in range(s.joint.pulls):
            moved[k] = s.joint.centre[k] + (0.0 if joint == NULL else joint[k])
        if joint != NULL:
            joint += s.joint.pulls
    for k in range(s.priors):
        memcpy(priors + 3 * k, s.prior + 3 * k, 3 * sizeof(double))
        if joint != NULL:
            priors[3 * k + 1] += joint[k]
    toys.means[toy] = s.line_mean if joint == NULL else s.line_mean + joint[s.priors]


cdef void fill_term(term_t *t, const reference_t *reference, const double *counts,
                    const double *centres) noexcept nogil:
    """P y, the backgrounds' pulls for the data alone, and y'Py, as of `cevns.likelihoods.gaussian`."""
    cdef double *y = <double *> t.data
    cdef Py_ssize_t i, k
    for i in range(t.bins):
        y[i] = (counts[i] - reference.total[i]) / reference.sigma[i]
    for k in range(t.backgrounds if centres != NULL else 0):
        for i in range(t.bins):
            y[i] -= centres[2 + k] * reference.scaled[k * t.bins + i]
    t.base = project(t, reference.scaled, y, <double *> t.data_shifts)


cdef double project(const term_t *t, const double *scaled, double *y, double *shifts) noexcept nogil:
    """Put P y in the place of y, fill the backgrounds' pulls, and return y'Py."""
    cdef double h, base = 0.0
    cdef Py_ssize_t i, j, k
    for j in range(t.backgrounds):
        shifts[j] = 0.0
    for k in range(t.backgrounds):
        h = dot(t.modes + k * t.bins, y, t.bins)
        for j in range(t.backgrounds):
            shifts[j] += t.to_shifts[j * t.backgrounds + k] * h
    for k in range(t.backgrounds):
        for i in range(t.bins):
            y[i] -= shifts[k] * scaled[k * t.bins + i]
        base += shifts[k] * shifts[k]
    return base + dot(y, y, t.bins)


cdef void fill_poisson(poisson_t *p, const double *counts) noexcept nogil:
    """The counts, and their sums by energy, as of `PoissonTerm`."""
    cdef double *observed = <double *> p.observed
    cdef double *sums = <double *> p.energy_data
    cdef Py_ssize_t e, r
    for e in range(p.bins):
        observed[e] = counts[e]
    for e in range(p.energy):
        sums[e] = 0.0
        for r in range(p.rest):
            sums[e] += counts[e * p.rest + r]
        if p.weights == NULL:
            sums[2 * p.energy + e] = fmax(sums[e], 1.0)


# --- lines -----------------------------------------------------------------------------------------------------------

cdef void start_line(toys_t *toys, const double *values, int points, int samples) noexcept nogil:
    """Go to a point of all parameters but the line's, and compute all that toys share there.

    `samples` says how densely the line is sampled by `certify_toy`; 0 for a point, where nobody asks.
    """
    cdef Py_ssize_t i, piece, places, n = toys.engine.n
    cdef const term_t *t
    start_sum(toys.engine, toys.rows, values, points)
    for i in range(n):
        t = toys.engine.terms[i]
        for piece in range(t.pieces):
            build_piece(t, toys.rows + i, piece)
            if t.order > 1 and points != ALONE:
                build_rest(t, toys.rows + i, piece)
        if t.order > 1:
            toys.glances[i].places = 0
        if t.order > 1 and not t.searched and samples:
            places = sample_line(t, toys.rows + i, samples, toys.places[i])
            start_glance(t, toys.rows + i, toys.glances + i, toys.places[i], places)


cdef Py_ssize_t sample_line(const term_t *t, const row_t *row, int samples, double *out) noexcept nogil:
    """Values of y from no effect to where nothing else is left, and where counts turn around; return how many."""
    cdef Py_ssize_t i, k, count = 1
    cdef const double *f = row.counts.bc + 2 * t.bins * (
        find_piece(t.eta_edges, t.pieces, 1.0, -1) * t.order + t.order // 2)
    cdef double largest_b = 0.0, largest_c = 0.0, low, high, y
    cdef bint both_signs = (t.counts.line >= 0 and t.counts.line_power % 2 == 1
                            and t.counts.low[t.counts.line] < t.counts.origins[t.counts.line])
    out[0] = 0.0
    for k in range(t.bins):
        largest_b = fmax(largest_b, fabs(f[k]))
        largest_c = fmax(largest_c, f[t.bins + k])
    if largest_c > 0.0:
        low = sqrt(1e-3 / largest_c)
        high = fmax(1e5 / sqrt(largest_c), 1e4 * largest_b / largest_c)
    elif largest_b > 0.0:
        low, high = 1e-3 / largest_b, 1e8 / largest_b
    else:
        return count
    for i in range(samples):
        y = low * (high / low) ** (i / (samples - 1.0))
        out[count] = y
        count += 1
        if both_signs and largest_c > 0.0:
            out[count] = -y
            count += 1
    for k in range(t.bins):
        # counts turn around, and are the standard model's again: destructive interference
        if f[t.bins + k] > 1e-12 * largest_c and (both_signs or f[k] < 0.0):
            y = -f[k] / f[t.bins + k]
            out[count], out[count + 1] = 0.5 * y, y
            count += 2
    return count


cdef void take_toy(toys_t *toys, Py_ssize_t toy) noexcept nogil:
    """Let a toy be the present one."""
    cdef Py_ssize_t i, n = toys.engine.n
    for i in range(n):
        toys.present[i] = toys.terms + toy * n + i
    if toys.engine.joint != NULL:
        toys.s.joint = toys.joints + toy
    toys.s.offsets = toys.offsets + toy * toys.engine.shared
    toys.s.prior = toys.priors + toy * 3 * toys.engine.priors
    toys.s.line_mean = toys.means[toy]


cdef void renew(toys_t *toys) noexcept nogil:
    """Let rows at a line have the data of the present toy, and no trace of another one."""
    cdef Py_ssize_t i
    cdef joint_row_t *joint
    for i in range(toys.engine.n):
        renew_row(toys.present[i], toys.rows + i)
    if toys.engine.joint == NULL:
        return
    joint = joint_row(&toys.s, toys.rows)
    joint.known = False
    for i in range(toys.engine.joint.n):
        forget_poisson(joint.rows + i)


cdef inline void forget_poisson(poisson_row_t *row) noexcept nogil:
    row.height, row.settled = 0.0, False


cdef void renew_row(const term_t *t, row_t *row) noexcept nogil:
    """Go on with other data: u anew of all pieces, which `start_line` has built, and no trace of the last data."""
    cdef double values[3 * MAX_ORDER]
    cdef double *out
    cdef const double *a
    cdef const double *b
    cdef Py_ssize_t piece, i, j, k, m, n = t.bins, parts = 1 if row.counts.alone else 3
    cdef double total, ub, uc
    forget(t, row)
    for piece in range(t.pieces):
        row.counts.built[piece] &= ~TABLE
        out = row.polynomials + piece * polynomial_size(t)
        for m in range(t.order):
            a = row.counts.a + (piece * t.order + m) * n
            total = ub = uc = 0.0
            if parts == 1:
                for i in range(n):
                    total += t.data[i] * a[i]
            else:
                b = row.counts.bc + 2 * (piece * t.order + m) * n
                for i in range(n):
                    total += t.data[i] * a[i]
                    ub += t.data[i] * b[i]
                    uc += t.data[i] * b[n + i]
            values[3 * m], values[3 * m + 1], values[3 * m + 2] = total, ub, uc
        if t.order == 1:
            for j in range(parts):
                out[j] = values[j]
            continue
        for k in range(t.order):
            for j in range(parts):
                total = 0.0
                for m in range(t.order):
                    total += t.to_powers[k * t.order + m] * values[3 * m + j]
                out[8 * k + j] = total

# --- whether chi2 of a toy is convex in eta --------------------------------------------------------------------------

cdef void certify_toy(toys_t *toys, Py_ssize_t toy) noexcept nogil:
    """Find out how the terms of a toy, which is the present one, are minimised in eta on the line of the rows."""
    cdef Py_ssize_t i, k, n = toys.engine.n
    cdef const double *y
    cdef term_t *t
    cdef bint convex
    for i in range(n):
        t = toys.terms + toy * n + i
        if t.order == 1:
            continue
        y, convex = toys.places[i], toys.glances[i].places > 0 and t.base <= LARGEST_BASE
        if convex and not toys.engine.terms[i].kinked and convex_at_a_glance(t, toys.rows + i, toys.glances + i, y):
            t.searched, t.kinked, t.eta_step = False, False, SMALLER_STEP * toys.engine.terms[i].eta_step
            continue
        toys.sample.second = toys.sample.bend = 0.0
        toys.sample.kinked = False
        memset(toys.sample.falls, 0, 2 * t.pieces * sizeof(double))
        for k in range(toys.glances[i].places if convex else 0):
            if not convex_at(t, toys.rows + i, y[k], &toys.sample):
                convex = False
                break
        for k in range(t.pieces if toys.sample.kinked else 0):
            # where counts vanish three looks do not tell all of a piece
            convex = convex and t.first_looks[k + 1] - t.first_looks[k] <= USUAL_LOOKS
        t.searched, t.kinked = not convex, False
        if convex:
            t.eta_step = last_step(&toys.sample)
            take_kinks(t, &toys.sample)


cdef void widen_toy(toys_t *toys, Py_ssize_t toy, bint first) noexcept nogil:
    """Note what was found on a line, so that `settle_toy` knows what holds on all of them, and between."""
    cdef Py_ssize_t i, k, n = toys.engine.n
    cdef const term_t *t
    cdef widest_t *widest
    for i in range(n):
        t = toys.terms + toy * n + i
        widest = toys.widest + toy * n + i
        if first:
            widest.eta_step, widest.kinked, widest.searched = INFINITY, False, False
            memset(widest.needs, 0, 2 * t.pieces * sizeof(double))
        widest.searched |= t.searched
        widest.kinked |= t.kinked
        widest.eta_step = fmin(widest.eta_step, t.eta_step)
        for k in range(2 * t.pieces if t.kinked else 0):
            widest.needs[k] = fmax(widest.needs[k], t.needs[k])


cdef void settle_toy(toys_t *toys, Py_ssize_t toy) noexcept nogil:
    """Let what was found on all lines hold for those to come."""
    cdef Py_ssize_t i, n = toys.engine.n
    cdef term_t *t
    cdef const widest_t *widest
    for i in range(n):
        t = toys.terms + toy * n + i
        widest = toys.widest + toy * n + i
        t.searched, t.kinked, t.eta_step = widest.searched, widest.kinked, widest.eta_step
        memcpy(t.needs, widest.needs, 2 * t.pieces * sizeof(double))
