"""What stands in for NumPy's own: rules of quadrature and Legendre polynomials."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest

from cevns.arrays import Polynomial, Value, equal, gauss_legendre, legendre, product


@pytest.mark.parametrize("order", [1, 2, 5, 6, 12, 24, 64])
def test_gauss_legendre_rules_integrate_polynomials(order):
    nodes, weights = gauss_legendre(order)
    assert nodes.tolist() == sorted(-nodes)
    for power in {0, order, 2 * order - 2, 2 * order - 1}:
        exact = Fraction(2, power + 1) if power % 2 == 0 else 0
        assert weights @ nodes**power == pytest.approx(float(exact), rel=1e-13, abs=1e-15), power


def test_gauss_legendre_rules_are_those_of_numpy():
    # whose weights have lost a digit or two at the ends
    for order in range(1, 40):
        for found, expected in zip(gauss_legendre(order), np.polynomial.legendre.leggauss(order), strict=True):
            np.testing.assert_allclose(found, expected, rtol=2e-12, atol=1e-16)


@pytest.mark.parametrize("count", [1, 2, 13])
def test_legendre_polynomials_are_those_of_numpy(count):
    x = np.linspace(-1.0, 1.5, 12).reshape(3, 4)
    expected = np.moveaxis(np.polynomial.legendre.legvander(x, count - 1), -1, 0)
    np.testing.assert_allclose(legendre(x, count), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("degree", [1, 3, 7, 12])
def test_polynomials_of_least_squares_are_those_of_numpy(degree):
    x = np.geomspace(1.0, 50.0, 40)
    y = np.log(x) * np.cos(x / 20)
    at = np.linspace(0.5, 55.0, 12).reshape(3, 4)
    found, expected = Polynomial(x, y, degree)(at), np.polynomial.Chebyshev.fit(x, y, degree)(at)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert [float(Polynomial(x, y, degree)(value)) for value in at.flat] == found.ravel().tolist()


@pytest.mark.parametrize("shape", [(3, 7, 5), (12, 900, 400), (2, 400_000, 3), (0, 3, 4), (2, 0, 4)])
def test_products_by_blocks_are_products(shape):
    """No block is shared among threads of a BLAS library, but for single columns that are longer."""
    m, n, k = shape
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(m, n)), rng.normal(size=(n, k))
    np.testing.assert_allclose(product(a, b), a @ b, rtol=0, atol=1e-12 * max(n, 1))


def test_values_are_equal_hashed_and_shown_as_dataclasses_are():
    fields = [
        ("name", str),
        ("numbers", tuple),
        ("note", str, dataclasses.field(default="", compare=False, repr=False)),
    ]
    plain = dataclasses.make_dataclass("Thing", fields, frozen=True)
    ours = dataclasses.make_dataclass("Thing", fields, bases=(Value,), frozen=True, eq=False, repr=False)
    given = [("a", (1.0, 2)), ("a", (1, 2.0)), ("a", (1.0, 3)), ("b", ()), ("b", (), "noted")]
    for one in given:
        assert repr(ours(*one)) == repr(plain(*one))
        for other in given:
            assert (ours(*one) == ours(*other)) is (plain(*one) == plain(*other))
            assert len({ours(*one), ours(*other)}) == len({plain(*one), plain(*other)})
    assert ours("a", ()) != plain("a", ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        ours("a", ()).name = "b"
    with pytest.raises(TypeError, match="unhashable"):
        hash(ours("a", []))


@pytest.mark.parametrize("values", [(), (float("nan"),), (np.zeros(2),)])
def test_values_of_one_field_or_none_are_equal_as_dataclasses_are(values):
    fields = [("x", object)] * len(values)
    plain = dataclasses.make_dataclass("Thing", fields, frozen=True)
    ours = dataclasses.make_dataclass("Thing", fields, bases=(Value,), frozen=True, eq=False, repr=False)
    assert ours(*values) == ours(*values)
    assert plain(*values) == plain(*values)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        (1.0, math.nan, False),
        ((math.nan, 2.0), (math.nan, 2.0), True),
    ],
)
def test_what_is_no_number_is_equal_to_itself(a, b, same):
    assert equal(a, b) is same
