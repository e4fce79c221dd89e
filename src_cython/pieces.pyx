"""The range of the quenching scale eta in pieces, inside which counts are polynomials."""

cimport numpy as np

import numpy as np

from cevns.errors import InputError

np.import_array()

# looks at eta in a piece, on its own axis; graded towards its ends where counts vanish inside
LOOKS = np.concatenate([[-1.0], np.cos(np.pi * (np.arange(4.5, -0.5, -1.0)) / 5), [1.0]])
STEEP_LOOKS = np.sort(np.concatenate([LOOKS, *((1 - 2.0 * 0.3**k) * np.array([-1, 1]) for k in range(3, 14))]))


cdef class Pieces:
    """Pieces(edges, points, steep)

    Range of the quenching scale eta in pieces, inside which counts are polynomials.

    Parameters
    ----------
    edges : ndarray, shape (pieces + 1,)
        Ascending.
    points : ndarray, shape (order,)
        Nodes of a piece on its own axis from -1 to 1.
    steep : ndarray of bool, shape (pieces,)
        Where counts nearly vanish inside a piece, which then is looked at more closely near its ends.
    """

    def __cinit__(self, edges, points, steep):
        cdef pieces_t *p = &self.c
        self.edges, self.points, self.steep = edges, points, steep
        p.order, p.pieces = len(points), len(edges) - 1
        if not 1 < p.order <= MAX_ORDER or len(steep) != p.pieces:
            raise InputError(
                f"{p.pieces} pieces with {p.order} nodes and {len(steep)} marks are not allowed: give each 2 to "
                f"{MAX_ORDER} nodes, and one mark")
        # where a polynomial through the nodes is wrong, midway between them
        between = np.cos(np.pi * (np.arange(p.order - 1) + 0.5) / (p.order - 1))
        own_values = np.prod(between[:, None] - points, axis=1)
        looks = [STEEP_LOOKS if s else LOOKS for s in steep]
        half = 0.5 * np.diff(edges)
        middle = edges[1:] - half
        etas = np.concatenate([m + h * x for m, h, x in zip(middle, half, looks, strict=True)])
        firsts = np.cumsum([0, *map(len, looks)], dtype=np.intp)
        distance = np.maximum(np.abs(middle - 1.0) - half, 0.0)
        nearest = np.ascontiguousarray(np.argsort(distance, kind="stable"), dtype=np.intp)
        owned = [firsts, nearest]
        p.edges, p.points, p.between = own(owned, edges), own(owned, points), own(owned, between)
        to_powers = np.linalg.inv(np.vander(points, increasing=True))
        p.to_powers = own(owned, to_powers)
        p.basis = own(owned, np.vander(between, p.order, increasing=True) @ to_powers)
        p.to_rest = own(owned, np.linalg.inv(np.vander(between, increasing=True)) / own_values)
        p.looks, p.look_etas = etas.size, own(owned, etas)
        p.first_looks, p.nearest_pieces = whole_address(firsts), whole_address(nearest)
        self.owned = tuple(owned)

    def __repr__(self):
        return f"<Pieces of eta: {self.c.pieces}>"

    def __reduce__(self):
        return Pieces, (self.edges, self.points, self.steep)


cdef const double* own(list owned, values):
    """Address of a contiguous copy, or of the array itself, which `owned` keeps alive."""
    cdef const double[::1] view
    if type(values) is np.ndarray and np.PyArray_TYPE(values) == np.NPY_DOUBLE and np.PyArray_ISCARRAY_RO(values):
        # needs no look through the buffer protocol
        owned.append(values)
        return <const double *> np.PyArray_DATA(values) if np.PyArray_SIZE(values) else NULL
    array = np.ascontiguousarray(values, dtype=float).ravel()
    owned.append(array)
    view = array
    return &view[0] if view.shape[0] else NULL


cdef const Py_ssize_t* whole_address(const Py_ssize_t[::1] view):
    return &view[0] if view.shape[0] else NULL


cdef const int* int_address(const int[::1] view):
    return &view[0] if view.shape[0] else NULL
