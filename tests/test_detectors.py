"""Quenching, efficiency, resolution and bins."""

import itertools
import pickle

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cevns.detectors import (
    BirksQuenching,
    Efficiency,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    PoissonResolution,
    PolynomialQuenching,
    Quenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import InputError, UnknownNameError
from cevns.experiments import Experiment, coherent_csi_2017
from cevns.fluxes import monochromatic
from cevns.nuclei import Target

QUENCHINGS = {
    "birks": coherent_csi_2017.chicago_3,
    "constant": lambda: PolynomialQuenching((0.0878,)),
    "polynomial": coherent_csi_2017.polynomial_2021,
    "linear": lambda: LinearQuenching(0.246, 7.8e-4, 125.0),
    "lindhard": lambda: LindhardQuenching(protons=14, nucleons=28),
    "table": lambda: TabulatedQuenching([1.0, 10.0, 40.0, 100.0], [0.2, 0.22, 0.3, 0.28]),
}


@pytest.fixture(params=QUENCHINGS.values(), ids=QUENCHINGS)
def quenching(request):
    return request.param()


def recoils(quenching):
    return np.geomspace(0.05, min(quenching.maximum, 200.0), 400)


# --- contract of every quenching factor


def test_signal_is_factor_times_recoil(quenching):
    t = recoils(quenching)
    np.testing.assert_allclose(quenching.signal(t), quenching.factor(t) * t, rtol=1e-15)


def test_signal_grows(quenching):
    assert (np.diff(quenching.signal(recoils(quenching))) > 0).all()


def test_factor_is_a_fraction(quenching):
    factor = quenching.factor(recoils(quenching))
    assert (factor > 0).all()
    assert (factor < 1).all()


def test_recoil_inverts_signal(quenching):
    t = recoils(quenching)
    np.testing.assert_allclose(quenching.recoil(quenching.signal(t)), t, rtol=1e-12)


def test_rounding_does_not_lose_the_end_of_a_curve():
    for quenching in (coherent_csi_2017.chicago_3(), coherent_csi_2017.polynomial_2021()):
        end = quenching.signal(quenching.maximum)
        found = quenching.recoil(end * (1 + np.array([-4, -1, 0, 1, 4]) * 2.0**-52))
        np.testing.assert_allclose(found, quenching.maximum, rtol=1e-13)
        assert quenching.recoil(end * (1 + 1e-13)) == np.inf


def test_recoil_is_infinite_where_no_recoil_gives_the_signal(quenching):
    assert quenching.recoil(1e9) == np.inf
    np.testing.assert_array_equal(np.isinf(quenching.recoil([0.01, 1e9])), [False, True])


def test_recoil_of_no_signal_is_none(quenching):
    assert 0 <= quenching.recoil(0.0) < 1e-10


def test_quenchings_are_values(quenching):
    copy = pickle.loads(pickle.dumps(quenching))
    assert copy == quenching
    assert hash(copy) == hash(quenching)


def test_factor_keeps_the_shape(quenching):
    assert np.shape(quenching.factor(np.ones((2, 3)))) == (2, 3)
    assert np.shape(quenching.recoil(np.full((2, 3), 0.5))) == (2, 3)


def test_kinks_are_where_the_slope_jumps():
    quenching = LinearQuenching(0.2, 1e-3, 50.0)
    assert quenching.kinks == (50.0,)
    assert quenching.factor(50.0) == quenching.factor(300.0) == pytest.approx(0.25)
    assert quenching.factor(49.0) == pytest.approx(0.249)


# --- each law


@pytest.mark.parametrize(("recoil", "factor"), [(5, 0.062), (10, 0.078), (20, 0.089), (40, 0.087)])
def test_birks_law_gives_the_published_values(recoil, factor):
    assert coherent_csi_2017.chicago_3().factor(recoil) == pytest.approx(factor, abs=5e-4)


def test_birks_law_is_its_formula():
    t = np.geomspace(1, 100, 12)
    power = 50 * t**0.3
    quenching = BirksQuenching(12.97, 3.311e-3, t, power)
    at = np.array([2.0, 30.0])
    np.testing.assert_allclose(quenching.factor(at), (1 - np.exp(-at / 12.97)) / (3.311e-3 * 50 * at**0.3), rtol=1e-11)
    assert quenching.maximum == t[-1]


def test_birks_law_refuses_a_table_that_its_polynomial_misses():
    t = np.geomspace(1, 100, 30)
    with pytest.raises(InputError, match="degree = 2"):
        BirksQuenching(12.97, 3.311e-3, t, 50 + 30 * np.sin(t), degree=2)


def test_polynomial_of_the_2021_release():
    """E_ee = 0.0554628 x + 4.30681 x^2 - 111.707 x^3 + 840.384 x^4, x in MeV (arXiv:2110.07730)."""
    x = 0.02
    expected = 0.0554628 * x + 4.30681 * x**2 - 111.707 * x**3 + 840.384 * x**4
    assert coherent_csi_2017.polynomial_2021().signal(20.0) == pytest.approx(1e3 * expected, rel=1e-12)


@given(
    steps=st.lists(st.floats(0.5, 40), min_size=2, max_size=8),
    rises=st.lists(st.floats(1e-3, 5), min_size=8, max_size=8),
    at=st.floats(0.02, 0.98),
)
def test_any_growing_table_is_inverted(steps, rises, at):
    t = np.cumsum(steps)
    signal = np.cumsum(rises[: t.size])
    try:
        quenching = TabulatedQuenching(t, signal / t)
    except InputError:
        return  # linear in f_Q between growing rows may still fall
    point = t[0] + at * (t[-1] - t[0])
    x = quenching.signal(point)
    assert quenching.signal(quenching.recoil(x)) == pytest.approx(x, rel=1e-12)


@pytest.mark.parametrize(
    ("law", "arguments", "message"),
    [
        (PolynomialQuenching, {"coefficients": ()}, "coefficients"),
        (PolynomialQuenching, {"coefficients": (-0.1,)}, "coefficients"),
        (PolynomialQuenching, {"coefficients": (np.nan,)}, "coefficients"),
        (LinearQuenching, {"offset": 0.0}, "offset"),
        (LinearQuenching, {"slope": -1e-3}, "slope"),
        (LinearQuenching, {"constant_above": 0.0}, "constant_above"),
        (BirksQuenching, {"onset_kev": 0.0}, "onset_kev"),
        (BirksQuenching, {"birks": -1.0}, "birks"),
        (BirksQuenching, {"recoil_kev": [1.0, 2.0], "stopping_power": [1.0, 1.0]}, "at least 8"),
        (BirksQuenching, {"stopping_power": np.zeros(9)}, "stopping_power"),
        (TabulatedQuenching, {"factors": [0.2, 0.05]}, "f_Q"),
        (TabulatedQuenching, {"recoil_kev": [2.0, 1.0]}, "ascend"),
        (TabulatedQuenching, {"factors": [0.2]}, "length 2"),
        (LindhardQuenching, {"nucleons": 13}, "nucleons"),
    ],
)
def test_quenchings_that_are_refused(law, arguments, message):
    good = {
        PolynomialQuenching: {},
        LinearQuenching: {"offset": 0.2, "slope": 1e-3, "constant_above": 10.0},
        BirksQuenching: {"onset_kev": 1, "birks": 1, "recoil_kev": np.arange(1.0, 10), "stopping_power": np.ones(9)},
        TabulatedQuenching: {"recoil_kev": [1.0, 2.0], "factors": [0.2, 0.2]},
        LindhardQuenching: {"protons": 14, "nucleons": 28},
    }
    with pytest.raises(InputError, match=message):
        law(**good[law] | arguments)


def test_polynomial_that_turns_over_is_refused_or_cut():
    """The signal must grow up to `maximum`; 0.1 T - 1e-3 T^2 turns over at 50 keV."""
    with pytest.raises(InputError):
        PolynomialQuenching((0.1, -1e-3))
    assert PolynomialQuenching((0.1, -1e-3), maximum=40.0).recoil(5.0) == np.inf


# --- efficiency


def test_efficiency_steps_belong_to_the_bin_above_their_edge():
    efficiency = Efficiency([6.0, 7.0, 8.0], [0.1, 0.2])
    assert efficiency.steps
    np.testing.assert_array_equal(efficiency([5.999, 6.0, 6.999, 7.0, 8.0, 50.0]), [0, 0.1, 0.1, 0.2, 0.2, 0.2])


def test_efficiency_lines_interpolate_and_vanish_below_the_first_point():
    efficiency = Efficiency([1.0, 2.0, 4.0], [0.2, 0.4, 0.8])
    assert not efficiency.steps
    np.testing.assert_allclose(efficiency([0.999, 1.0, 1.5, 3.0, 4.0, 9.0]), [0, 0.2, 0.3, 0.6, 0.8, 0.8])


def test_efficiency_can_end():
    np.testing.assert_array_equal(Efficiency([1.0, 2.0], [0.2, 0.4], beyond="zero")([2.0, 2.001]), [0.4, 0.0])
    np.testing.assert_array_equal(Efficiency([1.0, 2.0], [0.4], beyond="zero")([1.999, 2.001]), [0.4, 0.0])


def test_perfect_efficiency():
    np.testing.assert_array_equal(Efficiency.perfect()([0.0, 0.5, 1.0, 1e9]), 1.0)


def test_argon_efficiency_is_zero_below_the_first_row(argon):
    efficiency = argon.response.efficiency
    first = efficiency.x[0]
    assert not efficiency.steps
    assert first > 0
    assert efficiency(np.nextafter(first, 0)) == 0
    assert efficiency(efficiency.x[-1]) == efficiency(500.0) == efficiency.values[-1] > 0.4


def test_csi_efficiency_is_that_of_the_release_at_bin_centres(csi):
    efficiency = csi.response.efficiency
    assert efficiency.steps
    for pe in (6.5, 10.5, 29.5):
        expected = 0.6655 / (1 + np.exp(-0.4942 * (pe - 10.8507)))
        np.testing.assert_allclose(efficiency([pe - 0.5, pe, pe + 0.499]), expected, rtol=1e-14)


def test_csi_efficiency_function_has_the_steps_of_its_comment():
    np.testing.assert_allclose(
        coherent_csi_2017.efficiency([4.9, 5.0, 6.0]) * (1 + np.exp(-0.4942 * (np.array([4.9, 5.0, 6.0]) - 10.8507))),
        [0, 0.5 * 0.6655, 0.6655],
        rtol=1e-14,
    )


@pytest.mark.parametrize(
    ("x", "values", "message"),
    [
        ([0.0], [], "at least 2"),
        ([1.0, 0.0], [0.5], "ascend"),
        ([0.0, 1.0], [1.5], "1.5"),
        ([0.0, 1.0], [-0.1], "-0.1"),
        ([0.0, 1.0, 2.0], [0.5], "steps or 3"),
        ([0.0, 1.0], [np.nan], "nan"),
    ],
)
def test_efficiencies_that_are_refused(x, values, message):
    with pytest.raises(InputError, match=message):
        Efficiency(x, values)


def test_efficiency_refuses_an_unknown_continuation():
    with pytest.raises(UnknownNameError, match="beyond 'nothing'"):
        Efficiency([0.0, 1.0], [0.5], beyond="nothing")


# --- response


def response(resolution=None, efficiency=None, edges=(5.0, 10.0, 20.0, 40.0)):
    options = {} if efficiency is None else {"efficiency": efficiency}
    return Response(LinearQuenching(0.2, 1e-3, 100.0), edges, resolution=resolution, light_yield=2.0, **options)


def test_observable_and_recoil_are_inverse():
    r = response()
    t = np.linspace(1, 150, 20)
    np.testing.assert_allclose(r.recoil(r.observable(t, 1.1), 1.1), t, rtol=1e-12)
    np.testing.assert_allclose(r.observable(t, 1.1), 1.1 * r.observable(t), rtol=1e-15)
    assert r.observable(10.0) == pytest.approx(2 * 0.21 * 10)


def test_bins_are_closed_below_and_open_above():
    accepted = response().acceptance([4.999, 5.0, 9.999, 10.0, 39.999, 40.0])
    np.testing.assert_array_equal(accepted, [[0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0]])


def test_acceptance_is_the_efficiency_without_resolution():
    efficiency = Efficiency([6.0, 12.0, 50.0], [0.0, 0.5, 1.0])
    x = np.linspace(5, 39.9, 50)
    np.testing.assert_allclose(response(efficiency=efficiency).acceptance(x).sum(axis=0), efficiency(x))


@pytest.mark.parametrize("resolution", [None, GaussianResolution(0.4), PoissonResolution()], ids=str)
def test_a_flat_efficiency_conserves_what_lands_inside(resolution):
    flat = Efficiency([0.0, 1.0], [0.7])
    x = np.linspace(80.0, 120.0, 9)
    r = response(resolution, flat, edges=(0.0, 60.0, 100.0, 103.0, 400.0))
    np.testing.assert_allclose(r.acceptance(x).sum(axis=0), 0.7, rtol=1e-12)


@pytest.mark.parametrize("resolution", [GaussianResolution(0.4), PoissonResolution()], ids=str)
def test_resolution_moves_events_between_bins_only(resolution):
    """Smeared and unsmeared acceptance have the same sum over bins, averaged over a flat spectrum well inside."""
    edges = np.arange(0.0, 401.0, 10.0)
    x = np.linspace(100, 250, 1501)
    smeared = response(resolution, edges=edges).acceptance(x)
    sharp = response(edges=edges).acceptance(x)
    np.testing.assert_allclose(smeared.sum(), sharp.sum(), rtol=1e-12)
    assert np.abs(smeared - sharp).max() > 0.3


def test_gaussian_share_is_the_normal_distribution():
    resolution, x = GaussianResolution(0.58), np.array([1.0, 7.0, 30.0])
    normal = stats.norm(x, 0.58 * np.sqrt(x))
    share = resolution.accepted(x, [5.0], [8.0], Efficiency.perfect())[0]
    np.testing.assert_allclose(share, normal.cdf(8) - normal.cdf(5), rtol=1e-13, atol=1e-15)


def test_poisson_share_is_the_poisson_distribution_of_whole_numbers():
    resolution, x = PoissonResolution(), np.array([0.5, 7.0, 30.0])
    for low, high in ((0, 3), (6, 8), (6.5, 8), (6, 7.5), (6.2, 6.8)):
        expected = sum(stats.poisson.pmf(n, x) for n in range(40) if low <= n < high)
        share = resolution.accepted(x, [low], [high], Efficiency.perfect())[0]
        np.testing.assert_allclose(share, expected, rtol=1e-12, atol=1e-16)


SLOPES = Efficiency([5.0, 12.0, 30.0], [0.2, 0.7, 0.9])


def test_gaussian_resolution_with_a_sloping_efficiency_is_its_integral():
    """Segments far wider than the resolution, against quadrature over the reconstructed observable."""
    x = np.array([1.0, 6.0, 11.9, 25.0, 60.0])
    got = response(GaussianResolution(0.58), SLOPES, edges=(3.0, 14.0, 100.0)).acceptance(x)
    observed = np.linspace(3.0, 100.0, 970001)
    observed = 0.5 * (observed[1:] + observed[:-1])
    for i, true in enumerate(x):
        density = stats.norm(true, 0.58 * np.sqrt(true)).pdf(observed) * SLOPES(observed) * 1e-4
        expected = [density[observed < 14].sum(), density[observed > 14].sum()]
        np.testing.assert_allclose(got[:, i], expected, rtol=1e-6, atol=1e-9)


def test_poisson_resolution_with_a_sloping_efficiency_is_its_sum():
    x, n = np.array([0.5, 6.0, 13.0, 40.0]), np.arange(3, 100)
    got = response(PoissonResolution(), SLOPES, edges=(3.0, 14.0, 100.0)).acceptance(x)
    terms = stats.poisson.pmf(n, x[:, None]) * SLOPES(n)
    expected = [terms[:, n < 14].sum(axis=1), terms[:, n >= 14].sum(axis=1)]
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-15)


def test_efficiency_acts_on_the_reconstructed_observable():
    """A step of the efficiency cuts what is observed, so a true value on it loses half."""
    step = Efficiency([20.0, 400.0], [1.0])
    accepted = response(GaussianResolution(0.1), step, edges=(0.0, 100.0)).acceptance([20.0])
    assert accepted[0, 0] == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("resolution", [GaussianResolution(0.58), PoissonResolution()], ids=str)
@pytest.mark.parametrize("low", [1.0, 6.0, 20.0])
def test_nothing_is_observed_from_outside_the_reach(resolution, low):
    below, above = resolution.reach(low, 40.0)
    assert below < low
    assert above > 40
    outside = np.array([0.999 * below, 1.001 * above])
    assert resolution.accepted(outside, [low], [40.0], Efficiency.perfect()).max() < 1e-15


def test_recoil_range_covers_every_bin_and_scale():
    r = response(efficiency=Efficiency([7.0, 50.0], [1.0]))
    low, high = r.recoil_range((0.9, 1.0, 1.1))
    assert r.observable(low, 1.1) == pytest.approx(7.0)
    assert r.observable(high, 0.9) == pytest.approx(40.0)


def test_steps_are_bin_edges_and_the_efficiency_rows_between_them():
    r = response(efficiency=Efficiency([1.0, 7.0, 12.0, 60.0], [0.1, 0.5, 1.0]))
    np.testing.assert_array_equal(r.steps, [5, 7, 10, 12, 20, 40])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": (5.0,)}, "edges must have at least 2"),
        ({"edges": (5.0, 4.0)}, "edges must ascend"),
        ({"edges": (-1.0, 4.0)}, "edges contains -1.0"),
        ({"light_yield": 0.0}, "light_yield"),
        ({"quenching": 0.0878}, "quenching must be a Quenching"),
        ({"efficiency": 0.9}, "efficiency"),
        ({"resolution": 0.58}, "resolution"),
    ],
)
def test_responses_that_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        Response(**{"quenching": PolynomialQuenching((0.1,)), "edges": (1.0, 2.0)} | change)


def test_gaussian_resolution_refuses():
    with pytest.raises(InputError, match=r"a = 0\.0"):
        GaussianResolution(0.0)


def test_a_quenching_of_ones_own_needs_only_a_factor():
    class Root(Quenching):
        def factor(self, recoil_kev):
            return 0.1 * np.sqrt(recoil_kev)

    assert Root().signal(4.0) == pytest.approx(0.8)
    assert Root().recoil(0.8) == pytest.approx(4.0, rel=1e-12)


@pytest.mark.parametrize("sigma", [1e-9, 1e-6])
def test_a_resolution_far_narrower_than_the_bins_costs_and_changes_nothing(sigma):
    # one cut for each width of it would be billions of them
    quenching = PolynomialQuenching((0.25,))
    options = {"edges": np.linspace(1.0, 20.0, 6), "efficiency": Efficiency([0.5, 4.3, 30.0], [0.0, 0.7, 1.0])}
    sharp = Response(quenching, **options)
    narrow = Response(quenching, **options, resolution=GaussianResolution(sigma))
    (cuts,) = narrow.cuts(*narrow.recoil_range(), np.ones(1))
    assert cuts.size < 50 * sharp.steps.size
    signals = []
    for response in (sharp, narrow):
        flux = monochromatic(50.0, fluence=1e14, flavour="mu")
        target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=100.0)
        ones = np.ones(5)
        experiment = Experiment("a", flux, target, response, ones, ones, signal_sigma=0.1)
        signals.append(experiment.predict("sm").signal)
    np.testing.assert_allclose(signals[1], signals[0], rtol=1e-7)


def test_light_yields_of_a_billion_photoelectrons_are_counted():
    response = Response(PolynomialQuenching((0.25,)), [1e9, 5e9], light_yield=1e9, resolution=PoissonResolution())
    sharp = Response(PolynomialQuenching((0.25,)), [1e9, 5e9], light_yield=1e9)
    ones = np.ones(1)
    flux = monochromatic(50.0, fluence=1e14, flavour="mu")
    target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=100.0)
    found = [
        Experiment("a", flux, target, r, ones, ones, signal_sigma=0.1).predict("sm").signal for r in (response, sharp)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


@pytest.mark.parametrize("sigma", [1.0, 1e3, 1e6])
def test_resolutions_far_wider_than_the_bins_keep_the_efficiency(sigma):
    # the closed form was a difference of nearly equal densities, and predicted negative counts
    x, ends, values = np.array([0.5, 3.0, 40.0]), np.array([0.3, 0.5, 2.1]), [0.0, 0.9, 0.8]
    resolution, efficiency = GaussianResolution(sigma), Efficiency(ends, values, kind="points")
    found = resolution.accepted(x, ends[:-1], ends[1:], efficiency)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for i, (low, high) in enumerate(itertools.pairwise(ends)):
        t = 0.5 * (low + high) + 0.5 * (high - low) * nodes
        density = stats.norm.pdf(t[:, None], x, resolution.width(x)) * efficiency(t)[:, None]
        np.testing.assert_allclose(found[i], 0.5 * (high - low) * weights @ density, rtol=1e-8, atol=1e-14)


def test_polynomials_of_hundreds_of_coefficients_are_refused():
    with pytest.raises(InputError, match="coefficients are 600, at most 31"):
        PolynomialQuenching([0.1, 1e-3, -1e-6] * 200, maximum=300.0)


def test_stopping_power_that_runs_away_below_its_table_is_refused():
    # f_Q = 1e43 at 1 eV, and with it no recoil above 2e-12 keV
    recoil, stopping = [1.0, 3.0, 10.0, 30.0, 100.0, 200.0], [500.0, 700.0, 900.0, 1100.0, 1300.0, 1500.0]
    with pytest.raises(InputError, match=r"degree = 5 makes the signal .* fall at .* keV, where it must grow"):
        BirksQuenching(0.5, 3e-3, recoil, stopping, degree=5)


@pytest.mark.parametrize("factors", [[0.0, 0.0, 0.1], [0.0, 0.1, 0.1]])
def test_quenching_that_begins_at_zero_is_inverted_without_a_warning(factors):
    quenching = TabulatedQuenching([1.0, 10.0, 100.0], factors)
    recoil = quenching.recoil([0.0, 0.5, 5.0, 1e9])
    assert recoil[0] == 0
    assert recoil[-1] == np.inf
    np.testing.assert_allclose(quenching.signal(recoil[1:3]), [0.5, 5.0], rtol=1e-12)


def test_upper_tails_of_a_resolution_keep_their_digits():
    """Probabilities beside 1 were once differences of numbers beside 1."""
    perfect = Efficiency([0.0, 1.0], [1.0])
    low, high = np.array([113.2]), np.array([139.6])
    gaussian = GaussianResolution(6.35).accepted(np.array([6.0]), low, high, perfect)[0, 0]
    sigma = mpmath.mpf("6.35") * mpmath.sqrt(6)
    expected = mpmath.ncdf(-(mpmath.mpf("113.2") - 6) / sigma) - mpmath.ncdf(-(mpmath.mpf("139.6") - 6) / sigma)
    assert gaussian == pytest.approx(float(expected), rel=1e-9)
    poisson = PoissonResolution().accepted(np.array([3.0]), np.array([26.0]), np.array([40.0]), perfect)[0, 0]
    expected = sum(mpmath.exp(-3) * mpmath.mpf(3) ** n / mpmath.factorial(n) for n in range(26, 40))
    assert poisson == pytest.approx(float(expected), rel=1e-11)


def test_lindhard_takes_the_mean_number_of_nucleons():
    germanium = LindhardQuenching(protons=32, nucleons=72.63)
    assert germanium.k == pytest.approx(0.133 * 32 ** (2 / 3) / 72.63**0.5)


@pytest.mark.parametrize(("points", "kind"), [([0.8, 0.6, 0.4], "points"), ([0.7, 0.3], "steps")])
@pytest.mark.parametrize("edges", [[0.0, 8.0, 20.0], [0.0, 10.0, 20.0], [10.0, 12.0]])
def test_quanta_at_the_last_point_of_an_efficiency_count(points, kind, edges):
    efficiency = Efficiency([0.0, 5.0, 10.0], points, beyond="zero", kind=kind)
    response = Response(PolynomialQuenching((1.0,)), edges, efficiency=efficiency, resolution=PoissonResolution())
    mean, n = np.array([3.0, 9.0, 15.0]), np.arange(60.0)
    each = stats.poisson.pmf(n[:, None], mean) * efficiency(n)[:, None]
    expected = [each[(n >= low) & (n < high)].sum(axis=0) for low, high in itertools.pairwise(edges)]
    np.testing.assert_allclose(response.acceptance(mean), expected, rtol=1e-12)
