"""Form factors against mpmath, with a tolerance that follows the conditioning of each point."""

import ctypes
import itertools

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns import constants
from cevns.errors import InputError, UnknownNameError
from cevns.kernels import form_factors
from cevns.nuclei.form_factors import (
    FormFactor,
    get_form_factor,
    helm,
    klein_nystrand,
    known_form_factors,
    symmetrized_fermi,
)

HBAR_C = constants.HBAR_C
EPSILON = np.finfo(float).eps

UFUNCS = {"helm": helm, "klein-nystrand": klein_nystrand, "symmetrized-fermi": symmetrized_fermi}
THICKNESS = {"helm": 0.9, "klein-nystrand": 0.7, "symmetrized-fermi": 0.5233}


def exact_helm(q, rms_radius, s):
    k = q / mp.mpf(HBAR_C)
    x = k * mp.sqrt(mp.mpf(5) / 3 * (rms_radius**2 - 3 * s**2))
    return 3 * (mp.sin(x) - x * mp.cos(x)) / x**3 * mp.exp(-((k * s) ** 2) / 2)


def exact_klein_nystrand(q, rms_radius, a):
    k = q / mp.mpf(HBAR_C)
    x = k * mp.sqrt(mp.mpf(5) / 3 * (rms_radius**2 - 6 * a**2))
    return 3 * (mp.sin(x) - x * mp.cos(x)) / x**3 / (1 + (k * a) ** 2)


def exact_symmetrized_fermi(q, rms_radius, a):
    k = q / mp.mpf(HBAR_C)
    x = k * mp.sqrt(mp.mpf(5) / 3 * (rms_radius**2 - mp.mpf(7) / 5 * (mp.pi * a) ** 2))
    y = mp.pi * k * a
    return 3 / (x * (x**2 + y**2)) * y / mp.sinh(y) * (y * mp.sin(x) / mp.tanh(y) - x * mp.cos(x))


EXACT = {"helm": exact_helm, "klein-nystrand": exact_klein_nystrand, "symmetrized-fermi": exact_symmetrized_fermi}


def exact_with_conditioning(name, q, rms_radius, thickness):
    """Return F and the sum of |argument x dF/dargument|, which one rounding of each argument may cost."""
    with mp.workdps(60):
        point = [mp.mpf(v) for v in (q, rms_radius, thickness)]
        value = EXACT[name](*point)
        cost = abs(value)
        for i, argument in enumerate(point):
            step = argument * mp.mpf(10) ** -12
            shifted = [v + step * (i == j) for j, v in enumerate(point)]
            cost += abs(argument * (EXACT[name](*shifted) - value) / step)
        return float(value), float(cost)


def error_in_roundings(name, q, rms_radius, thickness=None):
    thickness = THICKNESS[name] if thickness is None else thickness
    value, cost = exact_with_conditioning(name, q, rms_radius, thickness)
    return abs(UFUNCS[name](q, rms_radius, thickness) - value) / (EPSILON * cost)


def seams(name, rms_radius):
    """Momentum transfers on both sides of every change of formula."""
    a = THICKNESS[name]
    reduction = {"helm": 3 * a**2, "klein-nystrand": 6 * a**2, "symmetrized-fermi": 1.4 * (np.pi * a) ** 2}[name]
    radius = np.sqrt(5 / 3 * (rms_radius**2 - reduction))
    at = [4.0 / radius]  # sphere
    if name == "helm":
        at += [37.0 / a]  # exponential
    if name == "symmetrized-fermi":
        at += [1e-4 / radius, 0.7 / (np.pi * a), 1e-9 / (np.pi * a)]  # sinc, coth, damping
    return [HBAR_C * k * (1 + shift) for k in at for shift in (-1e-2, -1e-9, 0.0, 1e-9, 1e-2)]


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("rms_radius", [3.448, 5.01])
def test_seams_between_series_and_closed_forms(name, rms_radius):
    errors = [error_in_roundings(name, q, rms_radius) for q in seams(name, rms_radius)]
    assert max(errors) < 6


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("q", [1e-12, 1e-6, 1e-3, 0.1, 1.0, 10.0, 60.0, 120.0, 250.0, 700.0])
def test_matches_mpmath_over_all_momentum_transfers(name, q):
    assert error_in_roundings(name, q, 4.94) < 6


@pytest.mark.parametrize("name", UFUNCS)
@given(q=st.floats(1e-3, 400), rms_radius=st.floats(2.5, 8))
def test_matches_mpmath_anywhere(name, q, rms_radius):
    assert error_in_roundings(name, q, rms_radius) < 6


@pytest.mark.parametrize("name", UFUNCS)
def test_fourteen_digits_before_the_first_zero(name):
    for q in np.linspace(1.0, 3.5 * HBAR_C / 4.94, 15):
        value, _ = exact_with_conditioning(name, q, 4.94, THICKNESS[name])
        assert abs(UFUNCS[name](q, 4.94, THICKNESS[name]) - value) <= 1e-14 * abs(value)


@pytest.mark.parametrize("name", UFUNCS)
def test_is_exactly_one_at_zero_momentum_transfer(name):
    assert UFUNCS[name](0.0, 4.94, THICKNESS[name]) == 1.0
    assert UFUNCS[name](1e-200, 4.94, THICKNESS[name]) == 1.0


@pytest.mark.parametrize("name", UFUNCS)
def test_tends_to_zero_at_huge_momentum_transfer(name):
    values = UFUNCS[name](np.array([1e4, 1e8, 1e60, 1e90]), 4.94, THICKNESS[name])
    assert np.abs(values).max() < 1e-3
    assert np.abs(values[-1]) < 1e-160


@pytest.mark.parametrize("name", UFUNCS)
def test_rms_radius_is_the_slope_at_zero(name):
    rms_radius = 4.94

    def slope(q):
        return 6 * (1 - UFUNCS[name](q, rms_radius, THICKNESS[name])) / (q / HBAR_C) ** 2

    q = 0.05 * HBAR_C / rms_radius
    extrapolated = (4 * slope(q / 2) - slope(q)) / 3
    assert np.sqrt(extrapolated) == pytest.approx(rms_radius, rel=1e-6)


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(UFUNCS, 2)])
def test_parameterisations_agree_at_low_q_without_being_the_same(first, second):
    q = np.linspace(0.5, 2, 20) * HBAR_C / 4.94
    ratio = UFUNCS[first](q, 4.94, THICKNESS[first]) / UFUNCS[second](q, 4.94, THICKNESS[second])
    assert 1e-4 < np.abs(ratio - 1).max() < 0.01


@pytest.mark.parametrize("name", UFUNCS)
def test_broadcasts(name):
    q, radius = np.linspace(0, 100, 5)[:, None], np.array([3.4, 4.7, 5.0])
    values = UFUNCS[name](q, radius, THICKNESS[name])
    assert values.shape == (5, 3)
    assert values[3, 1] == UFUNCS[name](75.0, 4.7, THICKNESS[name])


@pytest.mark.parametrize("name", UFUNCS)
def test_has_a_float32_loop(name):
    q = np.linspace(0, 200, 101, dtype=np.float32)
    values = UFUNCS[name](q, np.float32(4.94), np.float32(THICKNESS[name]))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, UFUNCS[name](q.astype(float), 4.94, THICKNESS[name]), atol=1e-6)


@pytest.mark.parametrize("name", UFUNCS)
def test_accepts_read_only_strided_and_empty_input(name):
    q = np.linspace(0, 100, 10)
    q.flags.writeable = False
    values = UFUNCS[name](q, 4.94, THICKNESS[name])
    np.testing.assert_array_equal(UFUNCS[name](q[::-2], 4.94, THICKNESS[name]), values[::-2])
    assert UFUNCS[name](q[:0], 4.94, THICKNESS[name]).shape == (0,)


@pytest.mark.parametrize("name", UFUNCS)
def test_every_loop_gives_the_same_bits(name):
    """Contiguous, strided, in place and one by one; a block with a zero of the sphere in it among blocks without."""
    q = np.concatenate([np.linspace(0, 100, 700), np.linspace(100, 600, 101), np.linspace(0, 10, 300)])
    at_once = UFUNCS[name](q, 4.94, THICKNESS[name])
    one_by_one = np.array([UFUNCS[name](x, 4.94, THICKNESS[name]) for x in q])
    np.testing.assert_array_equal(at_once, one_by_one)
    np.testing.assert_array_equal(UFUNCS[name](np.repeat(q, 2)[::2], 4.94, THICKNESS[name]), at_once)
    np.testing.assert_array_equal(UFUNCS[name](q, np.full(q.size, 4.94), THICKNESS[name]), at_once)
    np.testing.assert_array_equal(UFUNCS[name](q, 4.94, np.full(q.size, THICKNESS[name])), at_once)
    in_place = q.copy()
    UFUNCS[name](in_place, 4.94, THICKNESS[name], out=in_place)
    np.testing.assert_array_equal(in_place, at_once)
    overlapping = np.concatenate([q, [0.0]])
    UFUNCS[name](overlapping[:-1], 4.94, THICKNESS[name], out=overlapping[1:])
    np.testing.assert_array_equal(overlapping[1:], at_once)


@pytest.mark.parametrize("name", UFUNCS)
def test_without_a_skin_it_is_a_sphere(name):
    x = np.array([0.5, 2.0, 3.9, 4.1, 7.0])
    sphere = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    q = x * HBAR_C / np.sqrt(5 / 3) / 4.94
    np.testing.assert_allclose(UFUNCS[name](q, 4.94, 0.0), sphere, atol=1e-14)


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_finds_one_bad_value_in_a_long_array(name, bad):
    for size, place in ((1000, 999), (256, 0), (300, 257)):
        q = np.linspace(0, 100, size)
        q[place] = bad
        with pytest.raises(InputError, match="q = "):
            UFUNCS[name](q, 4.94, THICKNESS[name])


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("q", [-1.0, -1e-300, np.nan, np.inf])
def test_refuses_momentum_transfers(name, q):
    with pytest.raises(InputError, match=r"q = .* MeV is not allowed"):
        UFUNCS[name](np.array([10.0, q]), 4.94, THICKNESS[name])


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("helm", np.sqrt(3) * 0.9),
        ("klein-nystrand", np.sqrt(6) * 0.7),
        ("symmetrized-fermi", np.sqrt(1.4) * np.pi * 0.5233),
    ],
)
def test_refuses_radii_below_the_limit(name, limit):
    with pytest.raises(InputError, match=rf"rms_radius .* at least {limit:.4g} fm"):
        UFUNCS[name](10.0, limit * (1 - 1e-6), THICKNESS[name])
    assert np.isfinite(UFUNCS[name](10.0, limit * (1 + 1e-6), THICKNESS[name]))


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("radius", [np.nan, np.inf, -5.0, 0.0])
def test_refuses_radii_that_are_none(name, radius):
    with pytest.raises(InputError, match="rms_radius"):
        UFUNCS[name](10.0, radius, THICKNESS[name])


def test_kernels_use_the_same_hbar_c():
    capsule = form_factors.__pyx_capi__["HBAR_C"]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    assert ctypes.c_double.from_address(pointer(capsule, b"double const ")).value == constants.HBAR_C


def test_the_point_is_coherent_at_any_momentum_transfer():
    point = FormFactor("point")
    assert (point.thickness, point.least_radius) == (0.0, 0.0)
    q = np.array([0.0, 1e-3, 50.0, 700.0, 1e6])
    np.testing.assert_array_equal(point(q[:, None], [0.5, 4.94]), np.ones((5, 2)))
    for refused in ((-1.0, 4.94), (np.nan, 4.94), (10.0, 0.0), (10.0, np.nan)):
        with pytest.raises(InputError):
            point(*refused)
    with pytest.raises(InputError, match="thickness"):
        FormFactor("point", 0.9)


@pytest.mark.parametrize("name", UFUNCS)
def test_named_form_factor_is_its_ufunc_with_the_usual_thickness(name):
    form_factor = get_form_factor(name)
    assert form_factor.reference
    assert hash(form_factor) == hash(FormFactor(name))
    assert form_factor.thickness == pytest.approx(THICKNESS[name], abs=2e-4)
    assert form_factor(60, 4.94) == UFUNCS[name](60.0, 4.94, form_factor.thickness)


def test_every_form_factor_is_tested_here():
    assert set(known_form_factors()) == {*UFUNCS, "point"}


def test_form_factor_takes_another_thickness():
    assert FormFactor("helm", 1.0)(60.0, 4.94) == helm(60.0, 4.94, 1.0) != helm(60.0, 4.94, 0.9)
    assert get_form_factor(form_factor := FormFactor("helm", 1.0)) is form_factor


def test_form_factor_refuses_bad_choices():
    with pytest.raises(UnknownNameError, match="Did you mean 'helm'"):
        FormFactor("hellm")
    with pytest.raises(InputError, match="thickness"):
        FormFactor("helm", -0.1)
    with pytest.raises(InputError, match="rms_radius"):
        FormFactor("helm")(10.0, 1.5)


# --- at the limit of the radius, and where formulas change

SURFACE = {"helm": 3.0, "klein-nystrand": 6.0, "symmetrized-fermi": 1.4 * np.pi**2}


@pytest.mark.parametrize("name", UFUNCS)
def test_a_radius_at_its_limit_is_refused_or_finite(name):
    """The check and the root must round alike: between them lies the root of a negative number."""
    accepted = 0
    for thickness in np.linspace(0.3, 1.5, 200):
        limit = np.sqrt(SURFACE[name] * thickness**2)
        for radius in (np.nextafter(limit, 0), limit, np.nextafter(limit, 9)):
            for q in (50.0, np.full(300, 50.0), np.array([50.0, 60.0])[::2]):
                try:
                    value = UFUNCS[name](q, radius, thickness)
                except InputError:
                    continue
                accepted += 1
                assert np.isfinite(value).all()
    assert accepted > 300


@pytest.mark.parametrize("excess", [0.0, 1e-12, 1e-9, 1e-6, 1e-3])
def test_helm_of_nearly_all_surface_at_huge_momentum_transfers(excess):
    """Beyond q s = 37 the fast exponential ends, although the sphere's argument is small."""
    s = 0.9
    radius = np.sqrt(3.0 * s**2) * (1 + excess) + 1e-15
    q = HBAR_C / s * np.array([10.0, 30.0, 36.9, 36.99999, 37.0, 37.1, 37.5, 38.0, 40.0, 60.0, 1e3, 1e4])
    one_by_one = np.array([helm(x, radius, s) for x in q])
    for array in (q, np.repeat(q, 300)):
        np.testing.assert_array_equal(helm(array, radius, s), np.repeat(one_by_one, array.size // q.size))
    for value, x in zip(one_by_one, q, strict=True):
        assert 0 <= abs(value) <= np.exp(-0.5 * (x * s / HBAR_C) ** 2) * (1 + 1e-12)
    expected, cost = exact_with_conditioning("helm", q[1], radius, s)
    assert abs(one_by_one[1] - expected) < 6 * EPSILON * cost


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("size", [1, 7, 256, 700])
def test_arrays_are_their_values_around_the_change_of_formula(name, size):
    """Whole blocks on one side of x = 4, and blocks across it."""
    a, rms_radius = THICKNESS[name], 4.94
    radius = np.sqrt(5 / 3 * (rms_radius**2 - SURFACE[name] * a**2))
    for low, high in (
        (3.9, 3.99),
        (3.999, 3.9999995),
        (3.9999995, 4.0),
        (4.0, 4.0000005),
        (4.0000005, 4.2),
        (3.9, 4.2),
    ):
        q = HBAR_C * np.linspace(low, high, size + 1)[1:] / radius
        expected = [UFUNCS[name](x, rms_radius, a) for x in q]
        np.testing.assert_array_equal(UFUNCS[name](q, rms_radius, a), expected)


@pytest.mark.parametrize("rms_radius", [3.0, 5.0])
def test_helm_to_a_few_roundings_wherever_the_exponential_is_hardest(rms_radius):
    """Halfway between powers of two the exponential's polynomial needs its last coefficient."""
    q = np.concatenate([np.linspace(150, 350, 81), np.linspace(250, 260, 11)])
    values = helm(q, rms_radius, 0.9)
    for x, value in zip(q, values, strict=True):
        expected, cost = exact_with_conditioning("helm", x, rms_radius, 0.9)
        assert abs(value - expected) <= 4 * EPSILON * cost
