"""Pieces of the quenching scale, for other Cython code."""

cdef enum:
    MAX_ORDER = 8  # nodes of eta in a piece


cdef struct pieces_t:
    # range of eta: edges of its pieces; a piece's nodes on its own axis, and the way from values there to powers;
    # points between them, the nodes' Lagrange polynomials there (point, node), and the way from squares there to what
    # the nodes leave of these
    Py_ssize_t pieces, order
    const double *edges
    const double *points
    const double *to_powers
    const double *between
    const double *basis
    const double *to_rest
    # where to look first: piece p has looks first_looks[p] to first_looks[p + 1], in ascending order; and the pieces,
    # those nearest to 1 first
    Py_ssize_t looks
    const double *look_etas
    const Py_ssize_t *first_looks
    const Py_ssize_t *nearest_pieces


cdef class Pieces:
    cdef pieces_t c
    cdef readonly object edges, points, steep
    cdef tuple owned


# address of a contiguous copy of an array, or of the array itself, which `owned` keeps alive
cdef const double* own(list owned, values)
cdef const Py_ssize_t* whole_address(const Py_ssize_t[::1] view)
cdef const int* int_address(const int[::1] view)
