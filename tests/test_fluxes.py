"""Neutrino spectra: moments against quadrature, whatever the kind of flux."""

import itertools
import pickle

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from cevns import fluxes
from cevns.constants import MUON_MASS, PION_MASS
from cevns.errors import InputError, UnknownNameError
from cevns.kernels.fluxes import Spectrum

ETA = 0.08 * 17.6e22 / (4 * np.pi * 1930.0**2)
END = MUON_MASS / 2
LINE = (PION_MASS**2 - MUON_MASS**2) / (2 * PION_MASS)


def pion_decay():
    return fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=17.6e22, distance=19.3)


def lines():
    return fluxes.monochromatic(29.8, fluence=2e12, flavour="mu") + fluxes.monochromatic(
        0.862, fluence=5e12, flavour="e"
    )


def linear_table():
    return fluxes.tabulated([0.5, 2.0, 3.0, 8.0], {"e": [1e10, 4e10, 3e10, 0.0], "mu": [0.0, 0.0, 2e10, 5e9]})


def histogram():
    return fluxes.tabulated([0.5, 2.0, 3.0, 8.0], {"e": [1e10, 4e10, 3e9]}, histogram=True)


def mixture():
    return linear_table() + lines() + histogram()


FLUXES = {f.__name__: f for f in (pion_decay, lines, linear_table, histogram, mixture)}


@pytest.fixture(params=FLUXES.values(), ids=FLUXES)
def flux(request):
    return request.param()


def by_quadrature(flux, flavour, e_min, k):
    """I_k(E_min) from `density`, with the lines that `density` leaves out."""
    edges = np.union1d(flux.break_energies, e_min)
    edges = edges[edges >= e_min]
    total = sum(
        integrate.quad(lambda e: flux.density(flavour, e) * e**-k, a, b, epsabs=0, epsrel=1e-12)[0]
        for a, b in itertools.pairwise(edges)
        if flux.density(flavour, (a + b) / 2) > 0
    )
    for name, s in flux.spectra:
        if name == flavour:
            total += sum(w * e**-k for e, w in zip(s.line_energies, s.line_weights, strict=True) if e > e_min)
    return total


# --- contract of every flux


@pytest.mark.parametrize("k", [0, 1, 2])
def test_moments_match_quadrature(flux, k):
    for flavour in flux.flavours:
        for e_min in (0.3, 0.9, 2.5, 7.0, 25.0):
            expected = by_quadrature(flux, flavour, e_min, k)
            assert flux.moment(flavour, e_min, k) == pytest.approx(expected, rel=1e-11, abs=0)


def test_kinematic_moment_is_made_of_the_moments(flux):
    e_min = np.linspace(0.1, 1.1 * flux.maximum_energy, 57)
    for flavour in flux.flavours:
        expected = flux.moment(flavour, e_min) - e_min**2 * flux.moment(flavour, e_min, 2)
        scale = flux.moment(flavour, 0.0)
        np.testing.assert_allclose(flux.kinematic_moment(flavour, e_min), expected, rtol=0, atol=1e-14 * scale)
        assert flux.kinematic_moment(flavour, 0.0) == scale


def test_moments_fall_with_the_lower_energy_to_zero_at_the_end(flux):
    e_min = np.linspace(0.1, flux.maximum_energy, 401)
    for flavour in flux.flavours:
        for k in (0, 1, 2):
            values = flux.moment(flavour, e_min, k)
            assert (np.diff(values) <= 1e-14 * values[0]).all()
            assert values[-1] == 0
        assert (flux.kinematic_moment(flavour, e_min) >= 0).all()


def test_nothing_above_the_maximum_energy(flux):
    above = np.nextafter(flux.maximum_energy, np.inf) * np.array([1, 1.01, 1e3, 1e10])
    for flavour in flux.flavours:
        assert not flux.density(flavour, above).any()
        assert not flux.moment(flavour, above).any()
        assert not flux.kinematic_moment(flavour, above).any()


def test_fluxes_add(flux):
    other = pion_decay()
    total = flux + other
    for flavour in total.flavours:
        for k in (0, 2):
            expected = flux.moment(flavour, 1.5, k) + other.moment(flavour, 1.5, k)
            assert total.moment(flavour, 1.5, k) == pytest.approx(expected, rel=1e-15)
    assert flux.name in total.name
    with pytest.raises(TypeError):
        flux + 1


def test_shapes_follow_the_energy(flux):
    flavour = flux.flavours[0]
    grid = np.linspace(0.5, 5, 6).reshape(2, 3)
    values = flux.moment(flavour, grid, 2)
    assert values.shape == (2, 3)
    assert values[1, 2] == flux.moment(flavour, 5.0, 2)
    assert isinstance(flux.moment(flavour, 1.0), float)
    assert flux.density(flavour, np.zeros((0, 2))).shape == (0, 2)


def test_pickles(flux):
    copy = pickle.loads(pickle.dumps(flux))
    e_min = np.linspace(0.1, 60, 50)
    for flavour in flux.flavours:
        np.testing.assert_array_equal(copy.moment(flavour, e_min, 2), flux.moment(flavour, e_min, 2))


def test_a_flavour_that_is_not_there_counts_nothing(flux):
    assert "tau" not in flux.flavours
    assert flux.moment("tau", 0.0) == 0


def test_sharp_energies_are_break_energies(flux):
    assert set(flux.sharp_energies) <= set(flux.break_energies)
    assert flux.maximum_energy in flux.sharp_energies


@pytest.mark.parametrize("method", ["density", "moment", "kinematic_moment"])
def test_refuses_energies_and_flavours(flux, method):
    with pytest.raises(InputError, match=r"energy contains -1\.0"):
        getattr(flux, method)("e", [1.0, -1.0])
    with pytest.raises(InputError, match="energy contains nan"):
        getattr(flux, method)("e", np.nan)
    with pytest.raises(UnknownNameError, match="known: e, mu, tau"):
        getattr(flux, method)("muon", 1.0)


@pytest.mark.parametrize("k", [-1, 3, 1.0, True])
def test_refuses_moments_that_are_not_computed(flux, k):
    with pytest.raises(InputError, match="k"):
        flux.moment("e", 1.0, k)


# --- pion decay at rest


def test_pion_decay_is_normalised_to_one_neutrino_of_each_kind():
    flux = pion_decay()
    assert flux.flavours == ("e", "mu")
    assert flux.moment("e", 0.0) == pytest.approx(ETA, rel=1e-14)
    assert flux.moment("mu", 0.0) == pytest.approx(2 * ETA, rel=1e-14)


def test_pion_decay_spectra_end_where_they_should():
    flux = pion_decay()
    assert flux.maximum_energy == END
    np.testing.assert_allclose(flux.break_energies, [LINE, END], rtol=1e-15)
    assert pytest.approx(29.79, abs=0.005) == LINE
    inside, outside = np.nextafter([END, END], [0, 100])
    assert flux.density("mu", inside) == pytest.approx(64 * ETA * END**2 / MUON_MASS**3 / 4, rel=1e-14)
    assert flux.density("mu", outside) == 0
    # the electron neutrinos' density vanishes at the end by itself
    assert flux.density("e", inside) < 1e-13 * flux.density("e", END / 2)


def test_pion_decay_mean_energies():
    """<E> = 7/20 m_mu for the muon antineutrinos and 3/10 m_mu for the electron neutrinos of muon decay."""
    flux = pion_decay()

    def mean(flavour):
        return integrate.quad(lambda e: e * flux.density(flavour, e), 0, END, epsabs=0, epsrel=1e-12)[0] / ETA

    assert mean("e") == pytest.approx(0.3 * MUON_MASS, rel=1e-12)
    assert mean("mu") == pytest.approx(0.35 * MUON_MASS, rel=1e-12)


def test_the_line_counts_below_its_energy_only():
    flux = pion_decay()
    step = flux.moment("mu", np.nextafter(LINE, 0)) - flux.moment("mu", LINE)
    assert step == pytest.approx(ETA, rel=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"neutrinos_per_proton": 0.0},
        {"neutrinos_per_proton": -0.1},
        {"protons": np.inf},
        {"distance": 0.0},
        {"distance": "far"},
        {"distance": np.nan},
    ],
    ids=str,
)
def test_pion_decay_refuses(change):
    with pytest.raises(InputError, match=next(iter(change))):
        fluxes.pion_decay_at_rest(**{"neutrinos_per_proton": 0.08, "protons": 1e23, "distance": 20.0} | change)


# --- tables

tables = st.lists(st.tuples(st.floats(0.05, 3.0), st.floats(0, 10)), min_size=2, max_size=9)


def exact_table_moment(energy, phi, e_min, k):
    """Moment of a piecewise linear table in 40 digits."""
    with mp.workdps(40):
        total = mp.mpf(0)
        for a, b, fa, fb in zip(energy[:-1], energy[1:], phi[:-1], phi[1:], strict=True):
            a, b, fa, fb = (mp.mpf(float(v)) for v in (a, b, fa, fb))
            slope = (fb - fa) / (b - a)
            constant, low = fa - slope * a, max(a, mp.mpf(float(e_min)))
            if low >= b:
                continue
            powers = {0: b - low, 1: (b**2 - low**2) / 2, -1: mp.log(b / low), -2: 1 / low - 1 / b}
            total += constant * powers[-k] + slope * powers[1 - k]
        return float(total)


@given(rows=tables, fraction=st.floats(0, 1), k=st.sampled_from([0, 1, 2]))
def test_linear_tables_are_exact(rows, fraction, k):
    energy = 0.2 + np.cumsum([step for step, _ in rows])
    phi = np.array([value for _, value in rows])
    e_min = energy[0] + fraction * (energy[-1] - energy[0])
    flux = fluxes.tabulated(energy, {"e": phi})
    # differences of neighbouring rows carry the roundings of phi times E / step
    scale = 10 * energy[-1] * e_min**-k * energy[-1] / min(step for step, _ in rows)
    assert flux.moment("e", e_min, k) == pytest.approx(exact_table_moment(energy, phi, e_min, k), abs=4e-15 * scale)


@given(rows=tables, k=st.sampled_from([0, 1, 2]))
def test_histograms_are_exact(rows, k):
    edges = 0.2 + np.concatenate([[0], np.cumsum([step for step, _ in rows])])
    phi = np.array([value for _, value in rows])
    flux = fluxes.tabulated(edges, {"mu": phi}, histogram=True)
    widths = {0: np.diff(edges), 1: np.log(edges[1:] / edges[:-1]), 2: 1 / edges[:-1] - 1 / edges[1:]}
    assert flux.moment("mu", edges[0], k) == pytest.approx((phi * widths[k]).sum(), rel=1e-12, abs=1e-300)


def test_linear_table_passes_through_its_rows():
    flux = linear_table()
    np.testing.assert_allclose(flux.density("e", [0.5, 2.0, 2.5, 3.0]), [1e10, 4e10, 3.5e10, 3e10], rtol=1e-14)
    assert flux.density("e", 0.4999) == 0


def test_histogram_is_constant_in_bins_and_belongs_to_the_upper_one_at_an_edge():
    np.testing.assert_array_equal(histogram().density("e", [0.5, 1.99, 2.0, 7.9, 8.0]), [1e10, 1e10, 4e10, 3e9, 0])


def test_moments_from_zero_energy_are_infinite_or_finite_never_nan():
    falling = fluxes.tabulated([0.0, 1.0, 2.0], {"e": [1.0, 0.5, 0.0]})
    assert falling.moment("e", 0.0, 0) == pytest.approx(1.0)
    assert falling.moment("e", 0.0, 1) == np.inf
    assert falling.moment("e", 0.0, 2) == np.inf
    rising = fluxes.tabulated([0.0, 1.0], {"e": [0.0, 2.0]})
    assert rising.moment("e", 0.0, 1) == pytest.approx(2.0)
    assert rising.moment("e", 0.0, 2) == np.inf


def test_kinematic_moment_is_continuous_at_zero_energy():
    flux = fluxes.tabulated([0.0, 1.0, 2.0], {"e": [1.0, 0.5, 0.0]})
    tiny = np.array([0.0, 1e-300, 1e-150, 1e-12])
    np.testing.assert_allclose(flux.kinematic_moment("e", tiny), 1.0, rtol=1e-10)


@pytest.mark.parametrize(
    ("energy", "densities", "message"),
    [
        ([1.0, 1.0], {"e": [1.0, 1.0]}, "ascend strictly"),
        ([2.0, 1.0], {"e": [1.0, 1.0]}, "ascend strictly"),
        ([-1.0, 1.0], {"e": [1.0, 1.0]}, "energy contains -1.0"),
        ([1.0], {"e": [1.0]}, "at least 2"),
        ([1.0, 2.0], {"e": [1.0, -1.0]}, "contains -1.0"),
        ([1.0, 2.0], {"e": [1.0, np.nan]}, "contains nan"),
        ([1.0, 2.0], {"e": [1.0]}, "length 2"),
        ([1.0, 2.0], {"e": [[1.0, 2.0]]}, "1 dimension"),
        ([1.0, 2.0], {}, "at least one flavour"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], r"densities must be a mapping, got \[1\.0, 2\.0, 3\.0\]"),
    ],
)
def test_tables_that_are_refused(energy, densities, message):
    with pytest.raises(InputError, match=message):
        fluxes.tabulated(energy, densities)


def test_unknown_flavours_are_refused():
    with pytest.raises(UnknownNameError, match="neutrino flavour 'nue'"):
        fluxes.tabulated([1.0, 2.0], {"nue": [1.0, 1.0]})
    with pytest.raises(UnknownNameError, match="neutrino flavour"):
        fluxes.monochromatic(1.0, fluence=1.0, flavour="x")


@pytest.mark.parametrize(("energy", "fluence"), [(0, 1.0), (-1, 1.0), (np.inf, 1.0), (1.0, 0.0), (1.0, np.nan)])
def test_monochromatic_refuses(energy, fluence):
    with pytest.raises(InputError, match=r"energy|fluence"):
        fluxes.monochromatic(energy, fluence=fluence, flavour="e")


def test_flux_refuses_what_is_no_spectrum():
    with pytest.raises(InputError, match="empty"):
        fluxes.Flux("none", ())
    with pytest.raises(InputError, match="Spectrum"):
        fluxes.Flux("none", (("e", [1.0, 2.0]),))
    with pytest.raises(InputError, match=r"spectra\[0\] must be a pair of \(flavour, Spectrum\), got 1"):
        fluxes.Flux("none", (1, 2))
    with pytest.raises(InputError, match="name must be a non-empty string, got 5"):
        fluxes.Flux(5, linear_table().spectra)


# --- the kernel class


def test_spectrum_is_a_cubic_with_lines():
    spectrum = Spectrum([1.0, 2.0, 4.0], [[1, 2, 3, 4], [0, 0, 0, 1]], [3.0], [10.0])
    energy, out = np.array([1.5, 3.0]), np.empty(2)
    spectrum.density(energy, out)
    np.testing.assert_allclose(out, [1 + 3 + 6.75 + 13.5, 27.0], rtol=1e-15)
    for k in (0, 1, 2):
        spectrum.moment(np.array([1.5]), k, out)
        first = integrate.quad(lambda e, k=k: (1 + 2 * e + 3 * e**2 + 4 * e**3) * e**-k, 1.5, 2, epsabs=0)[0]
        second = integrate.quad(lambda e, k=k: e ** (3 - k), 2, 4, epsabs=0)[0]
        assert out[0] == pytest.approx(first + second + 10 * 3.0**-k, rel=1e-13)


def test_spectrum_pickles_and_is_read_only():
    spectrum = Spectrum([1.0, 2.0], [[1, 2, 3, 4]], [3.0], [10.0])
    copy = pickle.loads(pickle.dumps(spectrum))
    for field in ("breaks", "coefficients", "line_energies", "line_weights"):
        np.testing.assert_array_equal(getattr(copy, field), getattr(spectrum, field))
        with pytest.raises(ValueError, match="read-only"):
            getattr(spectrum, field)[0] = 0.0


def test_spectrum_takes_a_copy_of_its_input():
    breaks = np.array([1.0, 2.0])
    spectrum = Spectrum(breaks, [[1, 0, 0, 0]])
    breaks[1] = 100.0
    out = np.empty(1)
    spectrum.moment(np.array([1.0]), 0, out)
    assert out[0] == 1.0


def test_spectrum_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="do not fit together"):
        Spectrum([1.0, 2.0, 3.0], [[1, 0, 0, 0]])
    with pytest.raises(ValueError, match="do not fit together"):
        Spectrum([], [], [1.0], [])
    with pytest.raises(ValueError, match="moment 3"):
        Spectrum([1.0, 2.0], [[1, 0, 0, 0]]).moment(np.array([1.0]), 3, np.empty(1))


def test_a_repeated_energy_of_a_table_may_be_a_line_or_a_jump():
    with pytest.raises(InputError, match="drop the repeated one, take the line out and add a monochromatic flux"):
        fluxes.tabulated([1.0, 2.0, 2.0, 3.0], {"e": [0.0, 1.0, 1.0, 0.0]})


@pytest.mark.parametrize("order", ["C", "F"])
def test_spectrum_does_not_depend_on_the_order_in_memory(order):
    """Coefficients that were transposed were once read from memory that was free again."""
    coefficients = np.arange(1.0, 1201).reshape(300, 4)
    spectrum = Spectrum(np.arange(301.0), np.array(coefficients, order=order))
    # something else takes the place of whatever was freed
    _ = [np.full(1200, -1.0) for _ in range(20)]
    energy, out = np.arange(300) + 0.5, np.empty(300)
    spectrum.density(energy, out)
    np.testing.assert_allclose(out, (coefficients * energy[:, np.newaxis] ** np.arange(4)).sum(axis=1), rtol=1e-14)


@pytest.mark.parametrize("call", ["density", "moment", "kinematic_moment"])
def test_spectrum_refuses_misaligned_arrays(call):
    spectrum = Spectrum([1.0, 2.0], [[1, 0, 0, 0]])
    misaligned = np.zeros(25, dtype=np.uint8)[1:].view(float)
    order = (0,) if call == "moment" else ()
    for energy, out in [(misaligned, np.empty(3)), (np.ones(3), misaligned)]:
        with pytest.raises(ValueError, match=r"not aligned.*np\.require"):
            getattr(spectrum, call)(energy, *order, out)


def test_fluxes_take_misaligned_arrays(flux):
    energy = np.zeros(25, dtype=np.uint8)[1:].view(float)
    energy[:] = [10.0, 20.0, 30.0]
    assert not energy.flags.aligned
    flavour = flux.flavours[0]
    np.testing.assert_array_equal(flux.density(flavour, energy), flux.density(flavour, energy.tolist()))


def test_per_cent_of_neutrinos_per_proton_are_refused():
    with pytest.raises(InputError, match="neutrinos_per_proton = 9"):
        fluxes.pion_decay_at_rest(neutrinos_per_proton=9, protons=1e23, distance=20)
