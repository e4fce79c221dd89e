"""Fits of many data vectors, toys, to one model: the least chi2 along lines, in planes of two parameters, and points.

Lines come outside and toys inside, so that what is no matter of data is computed once for each line; see `toys.pyx`.
On each line the search is that of `Engine.minima`, from the same places with the same steps; planes are in
`valleys.pyx`.
"""

from libc.math cimport INFINITY, log
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from cevns.kernels.counts cimport MAX_PARAMETERS
from cevns.kernels.engine cimport Engine
from cevns.kernels.gaussian cimport ALONE, MANY, GaussianTerm
from cevns.kernels.losses cimport cancelled, least_place, lost_sum
from cevns.kernels.pieces cimport own
from cevns.kernels.points cimport point_priors
from cevns.kernels.search cimport row_minimum
from cevns.kernels.sums cimport prior_chi2, sum_chi2
from cevns.kernels.toys cimport (
    centres_size, certify_toy, close_toys, data_size, fill_toy, open_toys, reference_t, renew, settle_toy, start_line,
    take_toy, toys_t, widen_toy)
from cevns.kernels.valleys cimport WELLS, fill_wells, place_t, plane_minimum, plane_t, unit_of, value_at

import numpy as np

from cevns.errors import InputError
from cevns.kernels.losses import digits_lost

cdef enum:
    SAMPLES = 33  # values along a line at which a toy is sampled, and along each of many
    FEWER_SAMPLES = 17
    MANY_LINES = 8

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
        cdef bint lost = False
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
                    if lost_sum(toys.engine, toys.rows):
                        lost = True
        finally:
            close_toys(&toys)
        if lost:
            raise digits_lost()
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
        cdef double middle
        cdef bint lost = False, there
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
                    middle = least_place(toys.engine, toys.rows)
                    # toys go along the polynomials alone
                    lost |= cancelled(toys.engine, toys.rows, &middle, 1, &there)
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
        if lost:
            raise digits_lost()
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
            lines = <place_t *> malloc(n * m * WELLS * sizeof(place_t))
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
                        fill_wells(&toys, &plane, found.x, found.z, prior_chi2(&toys.s, &values[i, 0]),
                                   lines + (k * m + i) * WELLS)
                memcpy(here, &values[0, 0], self.engine.parameters * sizeof(double))
                for k in range(n):
                    take_toy(&toys, k)
                    settle_toy(&toys, k)
                    plane_minimum(&toys, &plane, lines + k * m * WELLS, here, &found)
                    out[k, 0], out[k, 1], out[k, 2] = found.chi2, value_at(&plane, found.x), found.y
        finally:
            free(plane.seeds)
            free(lines)
            close_toys(&toys)
        for k in range(n):
            if not out[k, 0] < INFINITY:
                self.engine.refuse(out[k, 0])
