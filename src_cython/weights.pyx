"""The response of a detector as packed rows, from rates at the recoil nodes to counts."""

import numpy as np


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
            raise ValueError("values, pointers, firsts and cols do not fit together")

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
            raise ValueError(f"{self.cols} rates are needed, got {rates.shape[1]}")
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
    cdef Py_ssize_t i, k, row, rows = constant.shape[0], bins = constant.shape[1]
    cdef double a, b, c
    cdef const double *counts
    cdef double *still
    cdef double *moving
    if numbers.shape[0] != 3 or numbers.shape[1] != folded.shape[0] or folded.shape[1] != rows * bins or (
            linear.shape[0] != rows or linear.shape[1] != 2 or linear.shape[2] != bins):
        raise ValueError("numbers, folded channels and counts do not fit together")
    if rows * bins == 0:
        return
    with nogil:
        for k in range(folded.shape[0]):
            a, b, c = numbers[0, k], numbers[1, k], numbers[2, k]
            for row in range(rows):
                counts, still, moving = &folded[k, row * bins], &constant[row, 0], &linear[row, 0, 0]
                if a != 0.0:
                    for i in range(bins):
                        still[i] += a * counts[i]
                if b != 0.0:
                    for i in range(bins):
                        moving[i] += b * counts[i]
                if c != 0.0:
                    for i in range(bins):
                        moving[bins + i] += c * counts[i]
