"""The sum of all experiments, as functions of rows of numbers: points, grids, minima and exact crossings of a level."""

from libc.math cimport INFINITY, NAN
from libc.stdlib cimport free, malloc

from cevns.kernels.convexity cimport certify as certify_term
from cevns.kernels.convexity cimport samples
from cevns.kernels.counts cimport Counts
from cevns.kernels.gaussian cimport ALONE, MANY, GaussianTerm, direct_chi2, row_t, rows_size, term_t
from cevns.kernels.joint cimport Joint
from cevns.kernels.losses cimport expand_sum, lost_sum
from cevns.kernels.masses cimport tabulate
from cevns.kernels.pieces cimport own, whole_address
from cevns.kernels.points cimport point_priors, point_rows
from cevns.kernels.poisson cimport PoissonTerm, poisson_chi2
from cevns.kernels.polynomials cimport power
from cevns.kernels.search cimport MAX_CROSSINGS, most_seeds, row_crossings, row_minimum
from cevns.kernels.sums cimport (
    MAX_SHARED, centred, joint_row, line_chi2, line_prior, open_sum, prior_chi2, shared_chi2, start_sum, sum_chi2,
    sum_t)

import numpy as np

from cevns.errors import ConvergenceError, InputError
from cevns.kernels.losses import digits_lost

cdef enum:
    TRIALS = 64  # single points before it pays to know whether terms are convex, of a few samples
    FEW_SAMPLES = 11

# how far from their origins, in their units, parameters are where it is asked whether any explain the data
SIZES = (1e-3, 1.0, 1e3)


cdef class Engine:
    """Engine(terms, shared=(), priors=(), joint=None)

    Sum of the chi2 of several terms, which are functions of the same parameters. Every method may run in several
    threads at once.

    Points come as rows of values, one for each parameter; along the line that the counts run along, as values of y.

    Parameters
    ----------
    terms : sequence of GaussianTerm
        One for each experiment that profiles its own nuisances.
    shared : sequence of (float, sequence of int, int)
        Nuisances that scale the signals of several terms: the relative uncertainty, which terms, and which nuisance of
        `joint` it is, or -1.
    priors : sequence of (int, float, float)
        Index, mean and standard deviation of parameters that have a prior; of those that are fixed, -1, the value, and
        what it adds to chi2.
    joint : Joint, optional
        Experiments whose nuisances are profiled together. Shared ones have no precision there.
    """

    def __cinit__(self, terms, shared=(), priors=(), Joint joint=None):
        cdef Py_ssize_t i, k
        cdef GaussianTerm term
        cdef PoissonTerm other
        cdef Counts first
        cdef double[:, ::1] members
        self.terms = tuple(terms)
        self.s.n = len(self.terms)
        self.s.terms = <const term_t **> malloc(self.s.n * sizeof(term_t *))
        if self.s.terms == NULL:
            raise MemoryError
        self.joint = joint
        if not self.s.n and (joint is None or not joint.j.n):
            raise InputError("terms is empty: give one at least, or joint ones")
        every = []
        for other in joint.terms if joint is not None else ():
            every.extend(other.counts)
        for i in range(self.s.n):
            if not isinstance(self.terms[i], GaussianTerm):
                raise InputError(f"terms must hold GaussianTerm objects, got {self.terms[i]!r}")
            term = self.terms[i]
            every.append(term.counts)
            tabulate(term)
            self.s.terms[i] = &term.t
            # each sample costs what some dozen points save
            self.trials = max(self.trials, TRIALS * max(samples(term.t.counts) - FEW_SAMPLES, 1))
        first = every[0]
        for counts in every:
            if (counts.parameters, counts.line, counts.line_power) != (first.parameters, first.line, first.line_power):
                raise InputError(
                    f"terms are functions of different parameters, {[p.name for p in counts.parameters]} and "
                    f"{[p.name for p in first.parameters]}: bind all to the same")
        self.counts, self.s.counts = first, &first.c
        self.s.joint = NULL if joint is None else &joint.j
        self.parameters = first.c.parameters
        self.line, self.line_power = first.c.line, first.c.line_power
        self.s.lowest, self.s.highest = -INFINITY, INFINITY
        self.s.line, self.s.line_power, self.s.line_origin, self.s.middle = self.line, self.line_power, 0.0, 0.0
        if self.line >= 0:
            low = first.c.low[self.line] - first.c.origins[self.line]
            high = first.c.high[self.line] - first.c.origins[self.line]
            ends = sorted([power(low, self.line_power), power(high, self.line_power)])
            if self.line_power % 2 == 0 and low < 0 < high:
                ends[0] = 0.0
            self.s.lowest, self.s.highest = ends
            self.s.line_origin = first.c.origins[self.line]
        self.shared = tuple([(float(sigma), tuple(where), int(joined)) for sigma, where, joined in shared])
        self.s.shared = len(self.shared)
        if self.s.shared > MAX_SHARED:
            raise InputError(
                f"{self.s.shared} nuisances are shared, at most {MAX_SHARED} can be: leave some out")
        members = np.zeros((self.s.n, self.s.shared))
        for k, (_, where, _) in enumerate(self.shared):
            for i in where:
                members[i, k] = 1.0
        owned = []
        self.s.sigma = own(owned, np.array([sigma for sigma, _, _ in self.shared]))
        joined = np.array([place for _, _, place in self.shared], dtype=np.intp)
        owned.append(joined)
        self.s.joined = whole_address(joined)
        self.s.members = own(owned, members)
        self.s.offsets = NULL
        self.take_priors(priors, owned)
        self.owned = tuple(owned)
        self.seeds = most_seeds(&self.s)
        self.calls, self.s.size = 0, rows_size(self.s.terms, self.s.n)

    def __dealloc__(self):
        free(self.s.terms)

    def __repr__(self):
        joint = 0 if self.joint is None else self.joint.j.n
        return f"<Engine of {self.s.n + joint} terms in {', '.join([p.name for p in self.counts.parameters])}>"

    def __reduce__(self):
        return Engine, (self.terms, self.shared, self.priors, self.joint)

    cdef take_priors(self, priors, list owned):
        """Put the priors where points and the line find them."""
        self.priors = tuple([(int(i), float(mean), float(sigma)) for i, mean, sigma in priors])
        self.s.constant = sum([sigma for i, _, sigma in self.priors if i < 0], 0.0)
        rest = [(i, mean, sigma ** -2.0) for i, mean, sigma in self.priors if i >= 0 and i != self.line]
        self.s.priors = len(rest)
        self.s.prior = own(owned, np.array(rest, dtype=float).reshape(-1, 3))
        self.s.line_mean = self.s.line_weight = 0.0
        for i, mean, sigma in self.priors:
            if i >= 0 and i == self.line:
                self.s.line_mean, self.s.line_weight = mean - self.s.line_origin, sigma ** -2.0

    cdef one_valued(self):
        """Refuse to go along the line where the prior of its parameter has two values."""
        if self.s.line_weight and self.line_power % 2 == 0 and self.s.counts.low[self.line] < self.s.line_origin:
            name = self.counts.parameters[self.line].name
            raise InputError(
                f"{name} has both signs, of which chi2 knows the even power {self.line_power} alone, but its prior "
                "knows both: give it a range of one sign, or take fit, interval or contour")

    cdef refuse_at(self, double value, const double *values):
        """Refuse a value of chi2 that is none, at one point."""
        cdef row_t *rows = open_sum(&self.s)
        cdef bint lost
        if rows == NULL:
            raise MemoryError
        start_sum(&self.s, rows, values, ALONE)
        sum_chi2(&self.s, rows, 0.0)
        lost = lost_sum(&self.s, rows)
        free(rows)
        if lost:
            raise digits_lost()
        self.refuse(value)

    def refuse(self, double value, const double[::1] values=None):
        """Refuse a value of chi2 that is none.

        Parameters
        ----------
        value : float
            It.
        values : array, shape (parameters,), optional
            Where it was found.

        Raises
        ------
        InputError
            If nothing is expected where something is observed, or counts are the small difference of large parts.
        ConvergenceError
            If no minimum over the nuisances was found.
        """
        if values is not None and values.shape[0]:
            self.refuse_at(value, &values[0])
        if value != value and self.joint is None:
            raise MemoryError
        if value != value:
            raise ConvergenceError(
                f"the least chi2 over {self.joint.j.pulls} nuisances was not found, from {self.joint.j.starts} places; "
                "keep parameters to where the signal is less far beyond the data, or " + (
                    "give free nuisances a pull: components that cancel but for rounding leave no digits"
                    if self.joint.j.convex else "narrow the deformations of the experiment"))
        if value == INFINITY:
            raise InputError(
                "chi2 is infinite: in some bin with data, signal and backgrounds together are 0 or less, whatever the "
                "nuisances; give it a background, or a floor, or leave the bin out")

    cdef certify(self):
        """Find out, once, how terms are minimised in eta; who comes meanwhile goes on as before, or finds the same."""
        cdef GaussianTerm term
        # shared nuisances move a term's centre, and widen its pull, of which the certificate knows nothing
        for term in self.terms if not self.s.shared else ():
            certify_term(&term.t)
        self.calls, self.s.size = -1, rows_size(self.s.terms, self.s.n)

    cdef int count(self) except -1:
        """Note one more point, of which many pay for a look at how terms are minimised in eta."""
        if self.calls >= 0:
            self.calls += 1
            if self.calls > self.trials:
                self.certify()
        return 0

    def prepare(self):
        """Find out how terms are minimised in eta, which pays before many points, and return the engine."""
        if self.calls >= 0:
            self.certify()
        return self

    cdef row_t* rows(self, const double[:, ::1] values) except NULL:
        cdef row_t *rows
        if values.shape[1] != self.parameters:
            raise InputError(f"values need {self.parameters} columns, got {values.shape[1]}: give each parameter one")
        self.prepare()
        rows = open_sum(&self.s)
        if rows == NULL:
            raise MemoryError
        return rows

    def profile(self, const double[::1] values not None):
        """Return chi2, the best eta, the signal's factor and the backgrounds' pulls of each term at one point.

        Returns
        -------
        terms : list of (float, float, float, ndarray)
            The pulls are in units of their sigmas.
        shared : list of float
            Values of the shared nuisances, of which no term's chi2 has the pull; nor has it those of parameters.
        joint : list of float, ndarray
            chi2 of each joint term, without the pulls, and all joint nuisances from where their pulls are centred.
        """
        cdef Py_ssize_t i, size = 0, place = 0, n = self.s.joint.pulls if self.s.joint != NULL else 0
        cdef double[::1] pulls
        cdef double value, y = 0.0, none = 0.0
        cdef double best[MAX_SHARED]
        cdef term_t centred_term
        cdef double[::1] shifts
        cdef double *pull = &none
        cdef const double *at = &values[0] if values.shape[0] else &none
        if values.shape[0] != self.parameters:
            raise InputError(f"{self.parameters} values are needed, got {values.shape[0]}: give each parameter one")
        self.count()
        cdef row_t *rows = open_sum(&self.s)
        if rows == NULL:
            raise MemoryError
        out, joint = [], []
        # views take longer than what they are for, and most sums have nothing joint
        pulled = np.zeros(n)
        if n:
            pulls = pulled
            pull = &pulls[0]
        for i in range(self.s.n):
            size += 1 + self.s.terms[i].backgrounds
        found = np.empty(size)
        shifts = found
        try:
            start_sum(&self.s, rows, at, ALONE)
            value = shared_chi2(&self.s, rows, y, best) if self.s.shared else sum_chi2(&self.s, rows, y)
            if lost_sum(&self.s, rows):
                raise digits_lost()
            if not value < INFINITY:
                self.refuse(value)
            for i in range(n):
                pull[i] = joint_row(&self.s, rows).best[i]
            for i in range(self.s.joint.n if self.s.joint != NULL else 0):
                joint.append(poisson_chi2(
                    self.s.joint.terms[i], joint_row(&self.s, rows).rows + i, y, pull, True, False, n, NULL, NULL))
            for i in range(n):
                pull[i] -= self.s.joint.centre[i]
            for i in range(self.s.n):
                centred(&self.s, i, best, &centred_term)
                value = direct_chi2(
                    &centred_term, rows + i, y, rows[i].eta, max(rows[i].piece, 0), NULL, &shifts[place])
                size = place + 1 + self.s.terms[i].backgrounds
                out.append((value, rows[i].eta, shifts[place], found[place + 1:size]))
                place = size
        finally:
            free(rows)
        return out, [best[i] for i in range(self.s.shared)], (joint, pulled)

    def penalty(self, const double[::1] values not None):
        """Return what the priors of parameters add to chi2 at one point."""
        cdef double none = 0.0
        if values.shape[0] != self.parameters:
            raise InputError(f"{self.parameters} values are needed, got {values.shape[0]}: give each parameter one")
        return point_priors(&self.s, &values[0] if values.shape[0] else &none)

    def points(self, const double[:, ::1] values not None, double[::1] out not None):
        """Write chi2 of points, shape (n, parameters), into `out`; those that differ in the line alone share work.

        They do not where the polynomials in y that they would share lose their digits.
        """
        self.write(values, out)
        self.check_possible(out, min(values.shape[0], out.shape[0]))

    cdef write(self, const double[:, ::1] values, double[::1] out):
        cdef Py_ssize_t n = min(values.shape[0], out.shape[0])
        cdef double none = 0.0
        cdef double *y = <double *> malloc((n + 1) * sizeof(double))
        cdef bint *lost = <bint *> malloc((n + 1) * sizeof(bint))
        cdef row_t *rows
        try:
            if y == NULL or lost == NULL:
                raise MemoryError
            rows = self.rows(values)
            with nogil:
                if n:
                    point_rows(&self.s, rows, &values[0, 0] if self.parameters else &none, n, self.parameters, y, lost,
                               &out[0])
            free(rows)
        finally:
            free(y)
            free(lost)

    def grid(self, const double[:, ::1] values not None, const double[::1] y not None, double[:, ::1] out not None):
        """Write chi2 on a grid of points and values of y into `out`, shape (points, values)."""
        cdef Py_ssize_t i, j, n = min(values.shape[0], out.shape[0]), m = min(y.shape[0], out.shape[1])
        cdef double others
        cdef sum_t s
        cdef bint lost = False
        self.one_valued()
        cdef row_t *rows = self.rows(values)
        cdef double *moved = <double *> malloc((m + 1) * sizeof(double))
        with nogil:
            if m and moved != NULL:
                for i in range(n):
                    s = self.s
                    start_sum(&s, rows, &values[i, 0], MANY)
                    lost |= not expand_sum(&s, rows)
                    for j in range(m):
                        moved[j] = y[j] - s.middle
                    line_chi2(&s, rows, moved, m, &out[i, 0])
                    others = prior_chi2(&s, &values[i, 0])
                    for j in range(m if others != 0.0 or s.line_weight != 0.0 else 0):
                        out[i, j] += others + line_prior(&s, moved[j])
            free(rows)
            free(moved)
        if moved == NULL:
            raise MemoryError
        if lost:
            raise digits_lost()

    def minima(self, const double[:, ::1] values not None, bint two_sided, double[::1] out not None,
               double[::1] at not None):
        """Write the least chi2 along the line through each point into `out` and its y into `at`.

        It is NaN where counts lose their digits on the line.
        """
        cdef Py_ssize_t i, n = min(values.shape[0], out.shape[0], at.shape[0])
        cdef sum_t s
        cdef bint lost = False
        self.one_valued()
        cdef row_t *rows = self.rows(values)
        cdef double *seeds = <double *> malloc(2 * self.seeds * sizeof(double))
        with nogil:
            if seeds != NULL:
                for i in range(n):
                    s = self.s
                    start_sum(&s, rows, &values[i, 0], MANY)
                    if not expand_sum(&s, rows):
                        out[i], at[i], lost = NAN, 0.0, True
                        continue
                    out[i] = row_minimum(&s, rows, two_sided, seeds, seeds + self.seeds, &at[i])
                    out[i] += prior_chi2(&s, &values[i, 0])
                    at[i] += s.middle
            free(rows)
            free(seeds)
        if seeds == NULL:
            raise MemoryError
        for i in range(n if not lost else 0):
            if out[i] != out[i]:
                self.refuse(out[i])
        self.check_possible(out, n)

    cdef check_possible(self, const double[::1] found, Py_ssize_t n):
        """Refuse data that nothing explains, if chi2 was found to be infinite at all points of some.

        Where it is finite elsewhere, what searches may go on from there. Counts are analytic in all parameters: those
        that vanish at points that nothing distinguishes vanish everywhere.
        """
        cdef Py_ssize_t i
        cdef double[::1] chi2
        for i in range(n):
            if not found[i] == INFINITY:
                return
        if not n:
            return
        anywhere = np.array([
            [min(max(p.origin + size * (1.0 + 0.1 * i), p.low), p.high)
             for i, p in enumerate(self.counts.parameters)] for size in SIZES])
        chi2 = np.empty(len(anywhere))
        self.write(anywhere, chi2)
        for i in range(len(anywhere)):
            if not chi2[i] == INFINITY:
                return
        self.refuse(INFINITY)

    def crossings(self, const double[:, ::1] values not None, bint two_sided, double level,
                  double[:, ::1] out not None, Py_ssize_t[::1] counts not None, char[::1] above not None):
        """Find every y at which chi2 crosses `level`, on the line through each point.

        Parameters
        ----------
        values : array, shape (m, parameters)
            Points.
        two_sided : bool
            Whether y may be negative.
        level : float
            Absolute chi2.
        out : array, shape (m, `crossings_limit()`)
            Ascending crossings.
        counts : array of intp, shape (m,)
            How many there are; -1 where they are more than `crossings_limit()`.
        above : array of int8, shape (m,)
            Whether chi2 lies above the level before the first one.
        """
        cdef Py_ssize_t i, k, n = min(values.shape[0], out.shape[0], counts.shape[0], above.shape[0])
        cdef sum_t s
        cdef row_t *rows
        cdef double *seeds
        cdef bint lost = False
        if out.shape[1] < MAX_CROSSINGS:
            raise InputError(f"out has {out.shape[1]} columns, but needs {MAX_CROSSINGS}: see crossings_limit()")
        self.one_valued()
        rows = self.rows(values)
        seeds = <double *> malloc(2 * self.seeds * sizeof(double))
        with nogil:
            if seeds != NULL:
                for i in range(n):
                    s = self.s
                    start_sum(&s, rows, &values[i, 0], MANY)
                    lost |= not expand_sum(&s, rows)
                    counts[i] = row_crossings(
                        &s, rows, two_sided, level - prior_chi2(&s, &values[i, 0]), seeds, seeds + self.seeds,
                        &out[i, 0], &above[i])
                    for k in range(counts[i]):
                        out[i, k] += s.middle
            free(rows)
            free(seeds)
        if seeds == NULL:
            raise MemoryError
        if lost:
            raise digits_lost()
        for i in range(n):
            if counts[i] == -2:
                self.refuse(NAN)


def crossings_limit():
    """Return the most level crossings that `Engine.crossings` stores for a line."""
    return MAX_CROSSINGS
