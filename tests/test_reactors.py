"""The reactor flux and what only it needs: Lindhard quenching and silicon."""

import numpy as np
import pytest

from cevns.detectors import LindhardQuenching
from cevns.errors import CevnsError, InputError, UnknownNameError
from cevns.fluxes import TYPICAL_FISSION_FRACTIONS, antineutrinos_per_fission, fission_rate, reactor_antineutrinos
from cevns.nuclei import Target
from cevns.predictions import recoil_events


def flux(**changes):
    return reactor_antineutrinos(**{"thermal_power": 3.0, "distance": 20.0, "exposure": 2.0, **changes})


def test_typical_core_emits_six_to_seven_and_a_half_antineutrinos_per_fission():
    assert 6.0 < antineutrinos_per_fission() < 7.5
    # about two of them are above the threshold of inverse beta decay
    assert 1.7 < antineutrinos_per_fission(low=1.806) < 2.1


def test_yields_above_2_mev_order_as_the_isotopes_do():
    above = [antineutrinos_per_fission({name: 1}, low=2.0) for name in ("Pu239", "Pu241", "U235", "U238")]
    assert np.all(np.diff(above) > 0)


def test_jump_at_2_mev_is_a_few_per_cent():
    below, above = flux().density("e", [2.0 - 1e-9, 2.0])
    assert below / above == pytest.approx(1.036, abs=0.002)


def test_isotope_tables_are_met_at_their_rows():
    # U235 of arXiv:1106.0687 at 2, 4 and 7.75 MeV, scaled by fissions per cm^2
    only = flux(fission_fractions={"U235": 1})
    fissions = fission_rate(3.0, {"U235": 1}) * 2 * 86400 / (4 * np.pi * 2000.0**2)
    assert only.density("e", [2.0, 4.0, 7.75]) / fissions == pytest.approx([1.3166, 0.29357, 0.00296984], rel=1e-6)


def test_fractions_weigh_the_isotopes_linearly():
    half = {"U235": 0.5, "Pu239": 0.5}
    mean = np.mean([antineutrinos_per_fission({name: 1}, low=3.0) for name in half])
    # the logarithm is interpolated after adding, so rows agree exactly and what lies between nearly
    assert antineutrinos_per_fission(half, low=3.0) == pytest.approx(mean, rel=1e-4)


def test_fluence_scales_with_power_exposure_and_distance():
    once = flux().moment("e", 0.0)
    assert flux(thermal_power=6.0, exposure=1.0, distance=10.0).moment("e", 0.0) == pytest.approx(4 * once, rel=1e-12)


def test_fission_rate_of_one_gigawatt():
    # 1 GW over 205.6 MeV
    assert fission_rate(1.0) == pytest.approx(1e9 / (205.6 * 1.602176634e-13), rel=2e-3)
    assert fission_rate(1.0, {"U235": 1}, {"U235": 200.0}) == pytest.approx(1e9 / (200 * 1.602176634e-13))


def test_flux_may_go_on_as_it_falls_between_7_and_8_mev():
    longer = flux(highest=11.0)
    assert longer.maximum_energy == 11.0
    np.testing.assert_array_equal(longer.density("e", [1.0, 5.0, 7.9]), flux().density("e", [1.0, 5.0, 7.9]))
    seven, eight, nine, ten = longer.density("e", [7.0, 8.0, 9.0, 10.0])
    assert [eight / seven, nine / eight, ten / nine] == pytest.approx([eight / seven] * 3, rel=1e-9)
    # 1e-4 of all antineutrinos, but more than a fifth of the recoils above half of the largest
    assert longer.moment("e", 8.0) / longer.moment("e", 0.0) == pytest.approx(1.1e-4, rel=0.05)
    germanium = Target.of("Ge", mass=1.0)
    more, less = (recoil_events("sm", f, germanium, [0.983, 5.0])[0] for f in (longer, flux()))
    assert more / less == pytest.approx(1.228, abs=0.005)


def test_flux_ends_at_8_mev_and_has_one_flavour():
    assert flux().maximum_energy == 8.0
    assert flux().flavours == ("e",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"thermal_power": 0}, "thermal_power = 0"),
        ({"distance": -1}, "distance = -1"),
        ({"exposure": float("nan")}, "exposure = nan"),
        ({"highest": 7.5}, "highest = 7.5.*at least 8 MeV"),
        ({"fission_fractions": {"U235": 0.5}}, "sum to 0.5"),
        ({"fission_fractions": {"U235": 1.5, "Pu239": -0.5}}, "1.5"),
        ({"fission_fractions": {}}, "sum to 0"),
        ({"energy_per_fission": {"U235": 202.0}}, "no entry for 'U238'"),
    ],
    ids=["power", "distance", "exposure", "highest", "sum", "negative", "empty", "energy"],
)
def test_bad_parameters_are_named(changes, message):
    with pytest.raises(InputError, match=message):
        flux(**changes)


def test_unknown_isotope_gets_the_closest_name():
    with pytest.raises(UnknownNameError, match="Did you mean 'Pu239'"):
        flux(fission_fractions={"pu-239": 1.0})


def test_isotopes_of_fission_are_found_by_their_usual_names():
    assert flux(fission_fractions={"239Pu": 0.4, "U-235": 0.6}).moment("e", 0.0) == pytest.approx(
        flux(fission_fractions={"Pu239": 0.4, "U235": 0.6}).moment("e", 0.0), rel=1e-14
    )
    with pytest.raises(InputError, match="comes twice"):
        flux(fission_fractions={"239Pu": 0.4, "Pu239": 0.6})


def test_default_fractions_sum_to_one():
    assert sum(TYPICAL_FISSION_FRACTIONS.values()) == pytest.approx(1, abs=1e-12)


class TestLindhardQuenching:
    silicon = LindhardQuenching(protons=14, nucleons=28)

    def test_formula(self):
        z, a, t = 14, 28, 5.0
        eps = 11.5 * t / z ** (7 / 3)
        k = 0.133 * z ** (2 / 3) / a**0.5
        g = 3 * eps**0.15 + 0.7 * eps**0.6 + eps
        assert self.silicon.factor(t) == pytest.approx(k * g / (1 + k * g), rel=1e-14)

    def test_silicon_yield_near_10_kev(self):
        # Lindhard's silicon yield is close to 0.3 at 10 keV
        assert self.silicon.factor(10.0) == pytest.approx(0.30, abs=0.01)

    def test_recoil_inverts_signal(self):
        recoil = np.array([0.1, 1.0, 30.0])
        assert self.silicon.recoil(self.silicon.signal(recoil)) == pytest.approx(recoil, rel=1e-12)

    def test_no_recoil_gives_no_signal(self):
        assert self.silicon.signal(0.0) == 0.0

    def test_k_is_a_parameter(self):
        assert LindhardQuenching(14, 28, k=0.11).factor(1.0) < self.silicon.factor(1.0)

    @pytest.mark.parametrize("arguments", [(0, 28), (14, 13), (14, 28, 0.0), (14.5, 28)], ids=str)
    def test_bad_parameters(self, arguments):
        with pytest.raises(CevnsError):
            LindhardQuenching(*arguments)


def test_silicon_at_angra_has_the_rate_that_the_literature_gives():
    # of order ten events per kg, day and keV at 1 keV recoil energy 30 m from a 4 GW core
    silicon = Target.of({"Si-28": 1}, molar_mass=28.085, mass=1.0)
    angra = reactor_antineutrinos(thermal_power=3.95, distance=30, exposure=1)
    events = recoil_events("sm", angra, silicon, [0.9, 1.1])[0] / 0.2
    assert 3 < events < 30


def test_a_power_in_megawatts_is_refused():
    with pytest.raises(InputError, match=r"thermal_power = 3900 .*3\.9 for 3900 MW"):
        reactor_antineutrinos(thermal_power=3900, distance=30, exposure=1)
