"""Fits of many data vectors, toys, to one model: the least chi2 along lines, in planes of two parameters, and points.

Lines come outside and toys inside, so that what is no matter of data is computed once for each line; see `toys.pyx`.
On each line the search is that of `Engine.minima`, from the same places with the same steps.

In a plane of the line and another parameter, such as a mass, lines at given values of that are searched first, the
same for all toys. Next to the lowest of them, valley by valley, the other parameter goes on by Brent's method, the line
being searched nearby alone; and on the line where that ends, all of it is searched again.
"""

from libc.math cimport INFINITY, exp, fabs, fmax, fmin, log, sqrt
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from cevns.kernels.components cimport poisson_line
from cevns.kernels.counts cimport MAX_PARAMETERS, fold_piece
from cevns.kernels.engine cimport Engine
from cevns.kernels.gaussian cimport ALONE, MANY, GaussianTerm, row_t
from cevns.kernels.pieces cimport own
from cevns.kernels.points cimport point_priors
from cevns.kernels.polynomials cimport find_piece
from cevns.kernels.search cimport chi2_at, row_minimum, turning_point
from cevns.kernels.sums cimport joint_row, prior_chi2, start_sum, sum_chi2, sum_t
from cevns.kernels.toys cimport (
    centres_size, certify_toy, close_toys, data_size, fill_toy, open_toys, reference_t, renew, settle_toy,
    start_line, take_toy, toys_t, widen_toy)

import numpy as np

from cevns.errors import InputError

cdef enum:
    SAMPLES = 33  # values along a line at which a toy is sampled, and along each of many
    FEWER_SAMPLES = 17
    MANY_LINES = 8
    MOST_STEPS = 60  # of the other parameter in a valley
    ROUNDS = 3  # how often a line where a valley ends may lead to another valley

# step along the line, relative, with which a search nearby begins
cdef double NEARBY = 0.01
# how much lower than its neighbours' rise lets expect a valley may be
cdef double DEEPER = 3.0
# relative to 1 + chi2: what a closer look at a valley may gain after the last one, and differences that are rounding
cdef double LAST_GAIN = 1e-9
cdef double ROUGH = 1e-11
# the last step of the other parameter, relative to the distance between lines
cdef double LAST_STEP = 1e-4


cdef struct plane_t:
    # the other parameter's column, whether it is searched in its logarithm, its ends, and memory of searches
    Py_ssize_t across, lines, room
    bint logarithmic, two_sided
    double low, high
    double *seeds


cdef struct place_t:
    # a point of the plane: on the axis of the other parameter, in units along the line, and as it is; and chi2
    double x, z, y, chi2


# --- nearby on a line ------------------------------------------------------------------------------------------------

cdef double unit_of(const sum_t *s, row_t *rows) noexcept nogil:
    """What y is multiplied by so that it says how much is seen: then valleys hardly move from line to line."""
    cdef double b = 0.0, c = 0.0
    cdef const double *f
    cdef double *line
    cdef Py_ssize_t i, k, n, piece
    for i in range(s.n):
        n = s.terms[i].bins
        piece = find_piece(s.terms[i].eta_edges, s.terms[i].pieces, 1.0, -1) if s.terms[i].order > 1 else 0
        fold_piece(s.terms[i].counts, &rows[i].counts, piece)
        f = rows[i].counts.bc + 2 * n * (piece * s.terms[i].order + s.terms[i].order // 2)
        for k in range(n):
            b, c = fmax(b, fabs(f[k])), fmax(c, f[n + k])
    for i in range(s.joint.n if s.joint != NULL else 0):
        n = s.joint.terms[i].energy
        line = joint_row(s, rows).rows[i].work
        poisson_line(s.joint.terms[i], joint_row(s, rows).rows + i, -1.0, line)
        for k in range(n):
            b, c = fmax(b, fabs(line[n + k])), fmax(c, line[2 * n + k])
    return sqrt(c) if c > 0.0 else (b if b > 0.0 else 1.0)


cdef double nearby(const sum_t *s, row_t *rows, double y, bint two_sided, double *at) noexcept nogil:
    """The next minimum along the line from y downhill, and where it is."""
    cdef double low = s.lowest, high = s.highest, step = NEARBY * fabs(y), left, right, here, before, after
    cdef int _
    if not two_sided:
        low = fmax(low, 0.0)
    y = fmin(fmax(y, low), high)
    at[0] = y
    here = chi2_at(s, rows, y)
    if step == 0.0:
        return here
    left, right = fmax(y - step, low), fmin(y + step, high)
    before, after = chi2_at(s, rows, left), chi2_at(s, rows, right)
    for _ in range(MOST_STEPS):
        step *= 2.0
        if before < here and before <= after:
            right, after, y, here = y, here, left, before
            left = fmax(y - step, low)
            before = chi2_at(s, rows, left) if left < y else INFINITY
        elif after < here:
            left, before, y, here = y, here, right, after
            right = fmin(y + step, high)
            after = chi2_at(s, rows, right) if right > y else INFINITY
        else:
            break
    at[0] = y
    if not (left < right and here <= before and here <= after):
        return here
    before = turning_point(s, rows, left, right, 1.0, &y)
    if before < here:
        at[0] = y
        return before
    return here


# --- valleys of a plane ----------------------------------------------------------------------------------------------

cdef inline double value_at(const plane_t *p, double x) noexcept nogil:
    """The other parameter at a place of its axis; its ends to the last bit."""
    return fmin(fmax(exp(x) if p.logarithmic else x, p.low), p.high)


cdef void start_at(toys_t *toys, const plane_t *p, double x, double *values) noexcept nogil:
    """Go to the line at a place of the other parameter's axis."""
    values[p.across] = value_at(p, x)
    start_sum(&toys.s, toys.rows, values, MANY)


cdef void look(toys_t *toys, const plane_t *p, double x, double z, double *values, place_t *out) noexcept nogil:
    """The minimum nearby on the line at a place of the axis."""
    cdef double unit
    start_at(toys, p, x, values)
    unit = unit_of(toys.engine, toys.rows) if z != 0.0 else 1.0
    out.chi2 = nearby(&toys.s, toys.rows, z / unit, p.two_sided, &out.y) + prior_chi2(&toys.s, values)
    out.x, out.z = x, out.y * unit


cdef void go_down(toys_t *toys, const plane_t *p, const place_t *before, const place_t *lowest, const place_t *after,
                  double *values, place_t *best) noexcept nogil:
    """Follow a valley from the lowest of three neighbouring places (Brent's method); at an end two of them are one."""
    cdef double left = before.x, right = after.x, width = right - left, tolerance = LAST_STEP * width
    cdef double golden = 0.3819660112501051, middle, d = 0.0, e = width, a, b, c
    cdef place_t x = lowest[0], w = before[0], v = after[0], u
    cdef int _
    best[0] = x
    if before.x == x.x or after.x == x.x:
        # an end that is as low as its neighbourhood
        look(toys, p, x.x + (tolerance if before.x == x.x else -tolerance), x.z, values, &u)
        if not u.chi2 < x.chi2 - ROUGH * (1.0 + fabs(x.chi2)):
            return
        if before.x == x.x:
            w = x
        else:
            v = x
        x = u
    if w.chi2 > v.chi2:
        w, v = v, w
    for _ in range(MOST_STEPS):
        middle = 0.5 * (left + right)
        if fabs(x.x - middle) <= 2.0 * tolerance - 0.5 * (right - left):
            break
        a = b = c = 0.0
        if fabs(e) > tolerance:
            c = (x.x - w.x) * (x.chi2 - v.chi2)
            b = (x.x - v.x) * (x.chi2 - w.chi2)
            a = (x.x - v.x) * b - (x.x - w.x) * c
            b = 2.0 * (b - c)
            if b > 0.0:
                a = -a
            else:
                b = -b
            c = e
            e = d
        if fabs(a) < fabs(0.5 * b * c) and a > b * (left - x.x) and a < b * (right - x.x):
            d = a / b
        else:
            e = right - x.x if x.x < middle else left - x.x
            d = golden * e
        look(toys, p, x.x + (d if fabs(d) >= tolerance else (tolerance if d > 0.0 else -tolerance)), x.z, values, &u)
        if u.chi2 <= x.chi2:
            if u.x < x.x:
                right = x.x
            else:
                left = x.x
            v, w, x = w, x, u
        else:
            if u.x < x.x:
                left = u.x
            else:
                right = u.x
            if u.chi2 <= w.chi2 or w.x == x.x:
                v, w = w, u
            elif u.chi2 <= v.chi2 or v.x == x.x or v.x == w.x:
                v = u
        if v.chi2 - x.chi2 <= LAST_GAIN * (1.0 + fabs(x.chi2)):
            # three places are the same to rounding
            break
    if x.chi2 < best.chi2:
        best[0] = x


cdef double rise(const place_t *lines, Py_ssize_t n, Py_ssize_t i) noexcept nogil:
    return fmax(lines[max(i - 1, 0)].chi2, lines[min(i + 1, n - 1)].chi2) - lines[i].chi2


cdef void plane_minimum(toys_t *toys, const plane_t *p, place_t *lines, double *values, place_t *out) noexcept nogil:
    """The least chi2 of the present toy, from the minima on all lines."""
    cdef Py_ssize_t i, k, best = 0, n = p.lines
    cdef place_t found, before, after
    cdef double unit, step, y = 0.0
    cdef int _
    for i in range(n):
        if lines[i].chi2 != lines[i].chi2:
            out[0] = lines[i]
            return
        if lines[i].chi2 < lines[best].chi2:
            best = i
    out[0] = lines[best]
    for k in range(n):
        # the lowest valley first
        i = (best + k) % n
        if (i > 0 and lines[i - 1].chi2 < lines[i].chi2) or (i < n - 1 and lines[i + 1].chi2 < lines[i].chi2):
            continue
        if rise(lines, n, i) <= ROUGH * (1.0 + fabs(lines[i].chi2)):
            continue
        if lines[i].chi2 - DEEPER * rise(lines, n, i) < out.chi2:
            go_down(toys, p, lines + max(i - 1, 0), lines + i, lines + min(i + 1, n - 1), values, &found)
            if found.chi2 < out.chi2:
                out[0] = found
    for _ in range(ROUNDS):
        # another valley may be lower on this very line
        start_at(toys, p, out.x, values)
        unit = unit_of(toys.engine, toys.rows)
        found.chi2 = row_minimum(&toys.s, toys.rows, p.two_sided, p.seeds, p.seeds + p.room, &y)
        found.chi2 += prior_chi2(&toys.s, values)
        if not found.chi2 < out.chi2 - LAST_GAIN * (1.0 + fabs(out.chi2)):
            break
        found.x, found.y, found.z = out.x, y, y * unit
        out[0] = found
        step = (lines[n - 1].x - lines[0].x) / (n - 1)
        look(toys, p, fmax(out.x - step, lines[0].x), out.z, values, &before)
        look(toys, p, fmin(out.x + step, lines[n - 1].x), out.z, values, &after)
        if out.chi2 <= before.chi2 and out.chi2 <= after.chi2:
            go_down(toys, p, &before, &found, &after, values, out)


cdef inline toys_t no_toys() noexcept nogil:
    cdef toys_t toys
    memset(&toys, 0, sizeof(toys_t))
    return toys


cdef class Refits:
    """Refits(engine, references, lines)

    Fits of other data than those of an engine. Every method may run in several threads at once, and what it finds of a
    toy does not depend on the others.

    Data come as rows, one for each toy: counts of the Gaussian terms, one after the other, then of the joint ones.
    Centres of pulls that were measured anew come likewise, `centres_size` for each toy: of each Gaussian term the
    relative shifts of its signal and of eta, then of backgrounds in units of their sigmas; of shared nuisances; of
    joint ones, in their own units; and by how much the means of priors move, the line's last.

    Parameters
    ----------
    engine : Engine
        Of any data.
    references : sequence of (ndarray, ndarray, ndarray)
        For each Gaussian term: the sum of its backgrounds and standard deviations, shape (bins,), and backgrounds by
        one sigma of their normalisations in units of these, shape (backgrounds, bins).
    lines : ndarray, shape (m, parameters)
        A point of each line that is searched; none for an engine without a line. For `planes`, ascending values of the
        other parameter, from end to end.
    """

    def __cinit__(self, Engine engine not None, references, lines):
        cdef Py_ssize_t i, m = len(lines)
        cdef GaussianTerm term
        self.engine, self.arguments = engine, (engine, references, lines)
        self.lines = np.array(lines, dtype=float, ndmin=2)
        self.lines.setflags(write=False)
        self.values = self.lines
        self.references = <reference_t *> malloc((engine.s.n + 1) * sizeof(reference_t))
        if self.references == NULL:
            raise MemoryError
        if len(references) != engine.s.n:
            raise InputError(
                f"references of {len(references)} terms are given, the engine has {engine.s.n} Gaussian ones: give one "
                "for each")
        owned = []
        for i, (total, sigma, scaled) in enumerate(references):
            term = engine.terms[i]
            n = term.t.bins
            if (total.shape, sigma.shape, scaled.shape) != ((n,), (n,), (term.t.backgrounds, n)):
                raise InputError(
                    f"references have the shapes {total.shape}, {sigma.shape} and {scaled.shape}, but term {i} has {n} "
                    f"bins and {term.t.backgrounds} backgrounds: give one value for each")
            self.references[i].total, self.references[i].sigma = own(owned, total), own(owned, sigma)
            self.references[i].scaled, self.references[i].squares = own(owned, scaled), term.squares
        self.owned = tuple(owned)
        engine.prepare()
        if m and (engine.line < 0 or self.values.shape[1] != engine.parameters):
            raise InputError(
                f"lines need {engine.parameters} columns and a parameter to run along, got {self.values.shape[1]} and "
                f"parameter {engine.line}: give each parameter one, and no lines where there is none")
        if m:
            engine.one_valued()
        self.samples = SAMPLES if m < MANY_LINES else FEWER_SAMPLES

    def __dealloc__(self):
        free(self.references)

    def __repr__(self):
        return f"<Refits of {self.engine!r}>"

    def __reduce__(self):
        return Refits, self.arguments

    @property
    def data_size(self):
        """Counts of a toy."""
        return data_size(&self.engine.s)

    @property
    def centres_size(self):
        """Centres of pulls of a toy."""
        return centres_size(&self.engine.s)

    cdef open(self, toys_t *toys, const double[:, ::1] data, const double[:, ::1] centres):
        """Get toys ready, which `close_toys` frees whatever happens."""
        cdef Py_ssize_t i, width = data_size(&self.engine.s), pulls = centres_size(&self.engine.s)
        if data.shape[1] != width:
            raise InputError(f"data need {width} columns, got {data.shape[1]}: give the counts of every bin")
        if centres is not None and (centres.shape[0] != data.shape[0] or centres.shape[1] != pulls):
            raise InputError(
                f"centres have the shape {centres.shape[0]} x {centres.shape[1]}, but need {data.shape[0]} x {pulls}")
        if not open_toys(toys, &self.engine.s, data.shape[0]):
            raise MemoryError
        with nogil:
            for i in range(data.shape[0]):
                fill_toy(toys, self.references, i, &data[i, 0], &centres[i, 0] if centres is not None else NULL)

    cdef refuse(self, const double[:, ::1] found):
        cdef Py_ssize_t i, k
        for i in range(found.shape[0]):
            for k in range(found.shape[1]):
                if not found[i, k] < INFINITY:
                    self.engine.refuse(found[i, k])

    def points(self, const double[:, ::1] values not None, const double[:, ::1] data not None, centres,
               double[:, ::1] out not None):
        """Write chi2 of each toy at each point, shape (toys, points), into `out`; infinite ones too.

        Raises
        ------
        ConvergenceError
            If no minimum over the nuisances was found.
        """
        cdef toys_t toys = no_toys()
        cdef Py_ssize_t i, k, m = min(values.shape[0], out.shape[1]), n = min(data.shape[0], out.shape[0])
        cdef double none = 0.0
        cdef const double *at
        if values.shape[1] != self.engine.parameters:
            raise InputError(
                f"values need {self.engine.parameters} columns, got {values.shape[1]}: give each parameter one")
        if not n or not m:
            return
        try:
            self.open(&toys, data, centres)
            with nogil:
                for i in range(m):
                    at = &values[i, 0] if self.engine.parameters else &none
                    start_line(&toys, at, ALONE, 0)
                    for k in range(n):
                        take_toy(&toys, k)
                        renew(&toys)
                        out[k, i] = sum_chi2(&toys.s, toys.rows, 0.0) + point_priors(&toys.s, at)
        finally:
            close_toys(&toys)
        for k in range(n):
            for i in range(m):
                if out[k, i] != out[k, i]:
                    self.engine.refuse(out[k, i])

    def minima(self, bint two_sided, const double[:, ::1] data not None, centres, double[:, ::1] out not None,
               double[:, ::1] at not None):
        """Write the least chi2 of each toy along each line into `out`, and its y into `at`, shape (toys, lines).

        Raises
        ------
        ConvergenceError
            If no minimum over the nuisances was found.
        """
        cdef toys_t toys = no_toys()
        cdef Py_ssize_t i, k, n = min(data.shape[0], out.shape[0]), m = min(len(self.lines), out.shape[1], at.shape[1])
        cdef const double[:, ::1] values = self.values
        cdef double *seeds = NULL
        if not n or not m:
            return
        try:
            self.open(&toys, data, centres)
            seeds = <double *> malloc(2 * self.engine.seeds * sizeof(double))
            if seeds == NULL:
                raise MemoryError
            with nogil:
                for i in range(m):
                    start_line(&toys, &values[i, 0], MANY, self.samples)
                    for k in range(n):
                        take_toy(&toys, k)
                        renew(&toys)
                        certify_toy(&toys, k)
                        out[k, i] = row_minimum(
                            &toys.s, toys.rows, two_sided, seeds, seeds + self.engine.seeds, &at[k, i])
                        out[k, i] += prior_chi2(&toys.s, &values[i, 0])
        finally:
            free(seeds)
            close_toys(&toys)
        self.refuse(out)

    def planes(self, Py_ssize_t across, bint logarithmic, bint two_sided, const double[:, ::1] data not None, centres,
               double[:, ::1] out not None):
        """Write the least chi2 of each toy over a plane, and where it is, into `out`: chi2, the other parameter, and y.

        Parameters
        ----------
        across : int
            Which parameter that is.
        logarithmic : bool
            Whether it is searched in its logarithm.
        two_sided : bool
            Whether y may be negative.
        data, centres
            As of all methods.
        out : array, shape (toys, 3)

        Raises
        ------
        ConvergenceError
            If no minimum over the nuisances was found.
        """
        cdef toys_t toys = no_toys()
        cdef plane_t plane
        cdef Py_ssize_t i, k, m = len(self.lines), n = min(data.shape[0], out.shape[0])
        cdef const double[:, ::1] values = self.values
        cdef double here[MAX_PARAMETERS]
        cdef place_t *lines = NULL
        cdef place_t found
        if not n:
            return
        if m < 3 or not 0 <= across < self.engine.parameters or across == self.engine.line or out.shape[1] != 3:
            raise InputError(
                f"{m} lines across parameter {across} and {out.shape[1]} columns do not fit: it takes three lines, "
                "across another parameter than the line's, and three columns")
        plane.across, plane.lines, plane.logarithmic, plane.two_sided = across, m, logarithmic, two_sided
        plane.low, plane.high, plane.room = values[0, across], values[m - 1, across], self.engine.seeds
        plane.seeds = NULL
        try:
            self.open(&toys, data, centres)
            plane.seeds = <double *> malloc(2 * plane.room * sizeof(double))
            lines = <place_t *> malloc(n * m * sizeof(place_t))
            if plane.seeds == NULL or lines == NULL:
                raise MemoryError
            with nogil:
                for i in range(m):
                    start_line(&toys, &values[i, 0], MANY, self.samples)
                    found.x = log(values[i, across]) if logarithmic else values[i, across]
                    found.z = unit_of(toys.engine, toys.rows)
                    for k in range(n):
                        take_toy(&toys, k)
                        renew(&toys)
                        certify_toy(&toys, k)
                        widen_toy(&toys, k, i == 0)
                        lines[k * m + i].chi2 = prior_chi2(&toys.s, &values[i, 0]) + row_minimum(
                            &toys.s, toys.rows, two_sided, plane.seeds, plane.seeds + plane.room, &lines[k * m + i].y)
                        lines[k * m + i].x, lines[k * m + i].z = found.x, lines[k * m + i].y * found.z
                memcpy(here, &values[0, 0], self.engine.parameters * sizeof(double))
                for k in range(n):
                    take_toy(&toys, k)
                    settle_toy(&toys, k)
                    plane_minimum(&toys, &plane, lines + k * m, here, &found)
                    out[k, 0], out[k, 1], out[k, 2] = found.chi2, value_at(&plane, found.x), found.y
        finally:
            free(plane.seeds)
            free(lines)
            close_toys(&toys)
        for k in range(n):
            if not out[k, 0] < INFINITY:
                self.engine.refuse(out[k, 0])
