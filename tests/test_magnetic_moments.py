"""One-loop magnetic moments, measured bands and neutrino tridents."""

import math

import mpmath
import numpy as np
import pytest

from cevns.bounds import (
    ELECTRON_ANOMALY,
    MUON_ANOMALY,
    MagneticMomentBand,
    coupling_for_shift,
    get_bound,
    loop_function,
    magnetic_moment_shift,
    trident_coupling_limit,
    trident_ratio,
)
from cevns.constants import ELECTRON_MASS, MUON_MASS
from cevns.errors import InputError, UnknownNameError
from cevns.inference import TWO_SIGMA
from cevns.interactions import VectorMediator, get_interaction


def exact_loop(ratio):
    """The Feynman-parameter integral by mpmath, cut where its integrand turns."""
    with mpmath.workdps(30):
        r2 = mpmath.mpf(ratio) ** 2
        cuts = [0.0, 0.5, 1.0]
        if ratio:
            cuts += [float(ratio) / 2, float(ratio), 10 * float(ratio)]
            cuts += [1 - f / float(ratio) ** 2 for f in (0.1, 1, 10, 100, 1e4)]
        cuts = sorted({c for c in cuts if 0 <= c <= 1})
        return mpmath.quad(lambda x: x**2 * (1 - x) / (x**2 + (1 - x) * r2) if 0 < x < 1 else mpmath.mpf(0), cuts)


@pytest.mark.parametrize("ratio", [0.0, 1e-6, 1e-3, 0.1, 0.7, 1.0, 2.0, 3.0, 30.0, 1e3], ids=str)
def test_loop_function_against_mpmath(ratio):
    assert loop_function(ratio) == pytest.approx(float(exact_loop(ratio)), rel=1e-12)


def closed_form(ratio):
    """The same by partial fractions for M > 2 m, with digits enough to survive its cancellations."""
    with mpmath.workdps(80):
        r2 = mpmath.mpf(ratio) ** 2
        half = r2 * mpmath.sqrt(1 - 4 / r2) / 2
        value = mpmath.mpf(1) / 2 - r2
        for x, other in ((r2 / 2 + half, r2 / 2 - half), (r2 / 2 - half, r2 / 2 + half)):
            value += x**2 * (1 - x) / (x - other) * mpmath.log((x - 1) / x)
        return value


@pytest.mark.parametrize("ratio", [2.5, 10.0, 1e4, 1e8], ids=str)
def test_loop_function_against_the_closed_form(ratio):
    assert loop_function(ratio) == pytest.approx(float(closed_form(ratio)), rel=1e-12)


@pytest.mark.parametrize(("flavour", "lepton"), [("e", ELECTRON_MASS), ("mu", MUON_MASS)], ids=["e", "mu"])
def test_limits_of_light_and_heavy_mediators(flavour, lepton):
    light = magnetic_moment_shift(1e-6 * lepton, 1e-3, flavour=flavour)
    heavy = magnetic_moment_shift(1e6 * lepton, 1e-3, flavour=flavour)
    assert light == pytest.approx(1e-6 / (8 * math.pi**2), rel=1e-5)
    assert heavy == pytest.approx(1e-6 / (12 * math.pi**2 * 1e12), rel=1e-9)


def test_shift_falls_with_mass_everywhere():
    shift = magnetic_moment_shift(np.geomspace(1e-6, 1e12, 400), 1.0)
    assert np.all(np.diff(shift) < 0)


def test_masses_and_couplings_broadcast():
    mass, coupling = np.array([[1.0], [100.0]]), np.array([1e-4, 2e-4, 5e-4])
    table = magnetic_moment_shift(mass, coupling)
    assert table.shape == (2, 3)
    assert table[1, 2] == magnetic_moment_shift(100.0, 5e-4)


def test_coupling_for_shift_inverts():
    mass = np.array([0.0, 1.0, 300.0, 1e6])
    coupling = coupling_for_shift(mass, 2e-9, model="lmu-ltau")
    assert magnetic_moment_shift(mass, coupling, model="lmu-ltau") == pytest.approx(np.full(4, 2e-9), rel=1e-13)


def test_charge_divides_the_coupling():
    triple = VectorMediator("B-3L_mu", quarks=(1 / 3, 1 / 3), leptons={"mu": -3})
    assert coupling_for_shift(10.0, 1e-9, model=triple) == pytest.approx(coupling_for_shift(10.0, 1e-9) / 3)


class TestBands:
    def test_muon_band_at_light_and_heavy_masses(self):
        low, high = MUON_ANOMALY.band([1e-3, 1e6], model="universal", confidence_level=TWO_SIGMA)
        shifts = np.array([279e-11 - 2 * 76e-11, 279e-11 + 2 * 76e-11])
        assert [low[0], high[0]] == pytest.approx(np.sqrt(8 * math.pi**2 * shifts), rel=1e-4)
        assert [low[1], high[1]] == pytest.approx(np.sqrt(12 * math.pi**2 * shifts) * 1e6 / MUON_MASS, rel=1e-4)

    def test_band_narrows_with_the_confidence_level(self):
        wide = MUON_ANOMALY.band(10.0, model="b-l", confidence_level=TWO_SIGMA)
        narrow = MUON_ANOMALY.band(10.0, model="b-l", confidence_level=0.90)
        assert wide[0] < narrow[0] < narrow[1] < wide[1]

    def test_band_that_holds_zero_starts_at_zero(self):
        low, high = MUON_ANOMALY.band([1.0, 10.0], model="universal", confidence_level=0.9999)
        assert low.tolist() == [0.0, 0.0]
        assert np.all(high > 0)

    def test_negative_band_is_refused(self):
        with pytest.raises(InputError, match=r"is negative.*use limit"):
            ELECTRON_ANOMALY.band(10.0, model="b-l", confidence_level=0.90)

    def test_model_without_the_lepton_is_refused(self):
        with pytest.raises(InputError, match="does not couple to the lepton 'e'"):
            ELECTRON_ANOMALY.limit(10.0, model="lmu-ltau", confidence_level=0.90)
        with pytest.raises(InputError, match="no charge for the charged lepton"):
            MUON_ANOMALY.limit(10.0, model="sm", confidence_level=0.90)

    def test_limit_of_a_positive_value_is_the_end_of_the_band(self):
        band = MUON_ANOMALY.band(5.0, model="b-l", confidence_level=0.90)
        assert MUON_ANOMALY.limit(5.0, model="b-l", confidence_level=0.90) == pytest.approx(band[1], rel=1e-14)

    def test_limit_of_a_negative_value_rises_chi2_by_z_squared(self):
        shift = ELECTRON_ANOMALY.largest_shift(0.90)
        rise = ((-87e-14 - shift) ** 2 - (87e-14) ** 2) / (36e-14) ** 2
        assert shift > 0
        assert rise == pytest.approx(2.7055, abs=1e-4)

    def test_experimental_value_is_a_parameter(self):
        final = MagneticMomentBand("mu", 251e-11, 59e-11)
        assert final.largest_shift(TWO_SIGMA) == pytest.approx(369e-11)

    def test_bounds_carry_level_kind_and_model(self):
        band = get_bound("lmu-ltau", "g-2-mu")
        assert (band.kind, band.model, band.figure) == ("band", "lmu-ltau", "5b")
        assert band.confidence_level == pytest.approx(0.9545, abs=1e-4)
        centre = coupling_for_shift(30.0, 279e-11)
        assert band.contains(30.0, centre)
        assert not band.contains(30.0, [0.3 * centre, 3 * centre]).any()
        with pytest.raises(InputError, match="excludes nothing"):
            band.excludes(30.0, centre)

    @pytest.mark.parametrize("options", [{"flavour": "muon"}, {"sigma": 0.0}, {"value": math.nan}], ids=str)
    def test_bad_measurements(self, options):
        with pytest.raises((InputError, UnknownNameError)):
            MagneticMomentBand(**{"flavour": "mu", "value": 1e-9, "sigma": 1e-10, **options})

    def test_bad_level_is_explained(self):
        with pytest.raises(InputError, match=r"0\.90 for 90 %"):
            MUON_ANOMALY.largest_shift(90)


class TestTrident:
    def test_no_coupling_leaves_the_standard_model(self):
        assert trident_ratio(2e4, 0.0) == 1.0

    def test_limit_is_where_the_ratio_meets_the_measurement(self):
        limit = trident_coupling_limit(3e4, confidence_level=0.95)
        assert trident_ratio(3e4, limit) == pytest.approx(0.82 + 1.959964 * 0.28, rel=1e-6)

    def test_agrees_with_the_published_curve_above_10_gev(self):
        mass = np.geomspace(1.02e4, 5.2e4, 30)
        ratio = get_bound("lmu-ltau", "ccfr-trident").lowest(mass) / trident_coupling_limit(mass)
        assert ratio == pytest.approx(np.ones(30), abs=0.04)
        assert ratio.mean() == pytest.approx(1, abs=0.02)

    def test_light_mediators_are_refused(self):
        with pytest.raises(InputError, match="use the published curve"):
            trident_coupling_limit([1e3, 1e5])

    def test_measurement_is_a_parameter(self):
        assert trident_coupling_limit(1e4, measured=(1.0, 0.1)) < trident_coupling_limit(1e4)
        with pytest.raises(InputError, match="excludes every coupling"):
            trident_coupling_limit(1e4, measured=(0.5, 0.1))

    def test_muon_charge_enters_squared(self):
        neutral = get_interaction("lmu-ltau").replace(leptons={"mu": 2, "tau": -2})
        assert trident_coupling_limit(1e4, model=neutral) == pytest.approx(trident_coupling_limit(1e4) / 2)


@pytest.mark.parametrize("point", [(1e300, 1e-3), (1.0, 1e200), (1e16, 1e-3), (1.0, 1e11)])
def test_points_that_no_mediator_may_have_are_refused(point):
    with pytest.raises(InputError, match=r"(mass|coupling) = .* is not allowed"):
        magnetic_moment_shift(*point)
