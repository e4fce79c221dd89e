"""The response of a detector as packed rows, from rates at the recoil nodes to counts."""

import numpy as np

from cevns.errors import InputError


cdef class Weights:
    """Weights(values, pointers, firsts, cols)

    Packed response matrices; `cevns.predictions.folding.pack` makes them, and all interactions share them.

    Parameters
    ----------
    values : ndarray
        Rows without their zeros at both ends, one after another.
    pointers : ndarray of intp, shape (rows + 1,)
        Where each row starts in `values`.
    firsts : ndarray of intp, shape (rows,)
        Column of each row's first value.
    cols : int
        Number of columns.
    """

    def __cinit__(self, values, pointers, firsts, Py_ssize_t cols):
        self.values = np.ascontiguousarray(np.append(values, 0.0))
        self.pairs = np.repeat(self.values, 2)
        self.pointers = np.ascontiguousarray(pointers, dtype=np.intp)
        self.firsts = np.ascontiguousarray(firsts, dtype=np.intp)
        self.cols = cols
        lengths = np.diff(self.pointers)
        if self.pointers.size != self.firsts.size + 1 or self.pointers[0] != 0 or (lengths < 0).any() or (
                lengths.sum() != self.values.size - 1) or (self.firsts < 0).any() or (
                    self.firsts + lengths > cols).any():
            raise InputError(
                f"{self.values.size - 1} values, {self.pointers.size} pointers, {self.firsts.size} firsts and {cols} "
                "columns do not fit together: give one pointer more than firsts, ascending from 0 to the number of "
                "values, and rows inside the columns")

    def __repr__(self):
        return f"<Weights of {self.firsts.size} rows and {self.cols} columns>"

    def __reduce__(self):
        return Weights, (self.values[:self.values.size - 1], self.pointers, self.firsts, self.cols)

    def scaled(self, factors):
        """Return a copy whose rows are multiplied by factors that repeat, one for each bin."""
        lengths = np.diff(self.pointers)
        each = np.repeat(np.tile(factors, lengths.size // len(factors)), lengths)
        return Weights(self.values[:self.values.size - 1] * each, self.pointers, self.firsts, self.cols)

    def dot(self, const double[:, ::1] rates not None):
        """Return the counts of all rows, shape (k, rows), for k sets of rates at the nodes, shape (k, cols)."""
        cdef const double[::1] values = self.values
        cdef const Py_ssize_t[::1] pointers = self.pointers, firsts = self.firsts
        cdef Py_ssize_t i, j, k, n = firsts.shape[0], sets = rates.shape[0]
        cdef double total
        if rates.shape[1] != self.cols:
            raise InputError(f"{self.cols} rates are needed, got {rates.shape[1]}: give one for each column")
        out = np.empty((sets, n))
        cdef double[:, ::1] counts = out
        with nogil:
            for i in range(n):
                for k in range(sets):
                    total = 0.0
                    for j in range(pointers[i + 1] - pointers[i]):
                        total += values[pointers[i] + j] * rates[k, firsts[i] + j]
                    counts[k, i] = total
        return out


def add_line(const double[:, ::1] numbers not None, const double[:, ::1] folded not None,
             double[:, ::1] constant not None, double[:, :, ::1] linear not None):
    """Add folded channels times their numbers of y^0, y^1 and y^2 to a, and to b and c.

    Parameters
    ----------
    numbers : ndarray, shape (3, channels)
    folded : ndarray, shape (channels, rows x bins)
    constant : ndarray, shape (rows, bins)
    linear : ndarray, shape (rows, 2, bins)
    """
    cdef Py_ssize_t k, rows = constant.shape[0], bins = constant.shape[1]
    if numbers.shape[0] != 3 or numbers.shape[1] != folded.shape[0] or folded.shape[1] != rows * bins or (
            linear.shape[0] != rows or linear.shape[1] != 2 or linear.shape[2] != bins):
        raise InputError(
            f"numbers of {numbers.shape[1]} channels, {folded.shape[0]} folded channels and counts in {rows} rows of "
            f"{bins} bins do not fit together: give three numbers for each channel, and all of its counts")
    if rows * bins == 0 or folded.shape[0] == 0:
        return
    with nogil:
        # a stands in one piece
        add_channels(numbers[0], folded, &constant[0, 0], 1, rows * bins, 0)
        for k in range(2):
            add_channels(numbers[1 + k], folded, &linear[0, k, 0], rows, bins, 2 * bins)


cdef void add_channels(const double[::1] numbers, const double[:, ::1] folded, double *out, Py_ssize_t rows,
                       Py_ssize_t bins, Py_ssize_t stride) noexcept nogil:
    """Add channels times their numbers to rows that are `stride` apart, those that count three at a time."""
    cdef Py_ssize_t i, k, row, found = 0
    cdef double x[3]
    cdef const double *counts[3]
    cdef const double *first
    cdef const double *second
    cdef const double *third
    cdef double *sums
    for k in range(numbers.shape[0]):
        if numbers[k] != 0.0:
            x[found], counts[found] = numbers[k], &folded[k, 0]
            found += 1
        if found < 3 and k < numbers.shape[0] - 1 or not found:
            continue
        for i in range(found, 3):
            x[i], counts[i] = 0.0, counts[0]
        for row in range(rows):
            sums = out + row * stride
            first, second, third = counts[0] + row * bins, counts[1] + row * bins, counts[2] + row * bins
            for i in range(bins):
                sums[i] = sums[i] + x[0] * first[i] + x[1] * second[i] + x[2] * third[i]
        found = 0
