"""Responses as packed rows: what they refuse, and that they integrate what polynomials through nodes carry."""

import pickle

import numpy as np
import pytest

from cevns.arrays import gauss_legendre, lagrange
from cevns.kernels.weights import Weights, dot_rows, fold_intervals
from cevns.predictions.folding import pack


@pytest.mark.parametrize(
    "arguments",
    [([1.0], [0, 2], [0], 3), ([1.0], [0, 1], [3], 3), ([1.0], [1, 1], [0], 3), ([1.0], [0, 1], [0, 0], 3),
     ([1.0, 1.0], [0, 2, 1], [0, 0], 3), ([1.0], [0, 1], [-1], 3)],
)  # fmt: skip
def test_weights_refuse_rows_that_leave_their_matrix(arguments):
    with pytest.raises(ValueError, match="fit together"):
        Weights(*map(np.array, arguments[:3]), arguments[3])


def test_packed_weights_are_their_matrices():
    matrices = np.array([[[0.0, 1.0, 2.0, 0.0], [0.0] * 4], [[3.0, 0.0, 0.0, 4.0], [0.0, 0.0, 0.0, 5.0]]])
    rates = np.array([1.0, 10.0, 100.0, 1000.0])
    weights = pack(matrices)
    for copy in (weights, pickle.loads(pickle.dumps(weights))):
        np.testing.assert_array_equal(copy.dot(np.array([rates, 2 * rates]))[1], 2 * (matrices @ rates).ravel())
    with pytest.raises(ValueError, match="4 rates"):
        weights.dot(np.ones((1, 3)))


@pytest.mark.parametrize(
    ("firsts", "pointers", "text"),
    [([0, 0], [0, 1], "one pointer more"), ([2], [0, 2], "column 2 of 3"), ([-1], [0, 1], "column -1"),
     ([0], [0, 3], "from 0 to 3 of 2"), ([0], [1, 0], "from 1 to 0"), ([0], [-1, 1], "from -1 to 1")],
)  # fmt: skip
def test_products_of_rows_that_are_not_there_are_refused(firsts, pointers, text):
    with pytest.raises(ValueError, match=text):
        dot_rows(np.array(firsts), np.array(pointers), np.ones(2), np.ones((1, 3)))


EDGES = np.array([1.0, 3.0, 4.0])


def test_folded_intervals_are_the_integrals_of_what_polynomials_carry():
    """Two panels of five nodes; in row 0 an interval in each, in row 1 nothing, in row 2 two in the last panel."""
    nodes, weights = gauss_legendre(5)
    recoil = np.concatenate([2.0 + nodes, 3.5 + 0.5 * nodes])
    rows, panels = np.array([0, 0, 2, 2]), np.array([0, 1, 1, 1])
    ends = np.array([[1.5, 3.0], [3.0, 3.25], [3.25, 3.5], [3.75, 4.0]])
    accepted = np.array([[1.0], [0.5], [2.0], [3.0]])
    x, w = gauss_legendre(7)
    half = 0.5 * np.diff(ends)
    inside = ends.mean(axis=1, keepdims=True) + half * x
    for given, share in ((ends, accepted), (inside, accepted * half * w)):
        folded = fold_intervals(EDGES, lagrange(nodes, weights), 3, rows, panels, given, share)
        assert [part.tolist() for part in folded[:2]] == [[0, 0, 5], [0, 10, 10, 15]]
        for power in range(5):
            integrals = accepted[:, 0] * (np.diff(ends ** (power + 1))[:, 0] / (power + 1))
            expected = np.bincount(rows, integrals, minlength=3)
            np.testing.assert_allclose(dot_rows(*folded, recoil[None] ** power)[0], expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("rows", "panels", "text"),
    [([0, 3], [0, 0], "row 3"), ([-1, 0], [0, 0], "row -1"), ([0, 0], [0, 2], "panel 2"), ([0, 0], [-1, 0], "panel -1"),
     ([1, 0], [0, 0], "interval 1"), ([0, 0], [1, 0], "interval 1"), ([0], [0, 0], "fit together")],
)  # fmt: skip
def test_intervals_that_are_nowhere_or_out_of_order_are_refused(rows, panels, text):
    with pytest.raises(ValueError, match=text):
        fold_intervals(EDGES, np.eye(5), 3, np.array(rows), np.array(panels), np.ones((2, 2)), np.ones((2, 1)))


@pytest.mark.parametrize(
    ("nodes", "recoils", "accepted"),
    [((5, 5), (1, 2), (2, 1)), ((5, 5), (2, 2), (1, 1)), ((5, 5), (2, 3), (2, 1)), ((5, 4), (2, 2), (2, 1)),
     ((33, 33), (2, 2), (2, 1)), ((1, 1), (2, 2), (2, 1))],
)  # fmt: skip
def test_intervals_of_other_shapes_are_refused(nodes, recoils, accepted):
    zeros = np.zeros(2, dtype=np.intp)
    with pytest.raises(ValueError, match="fit together"):
        fold_intervals(EDGES, np.ones(nodes), 3, zeros, zeros, np.ones(recoils), np.ones(accepted))
