"""What cannot be a recoil, a quenching factor or a chi2 is refused with its remedy."""

import numpy as np
import pytest

from cevns.detectors import (
    BirksQuenching,
    LindhardQuenching,
    LinearQuenching,
    PolynomialQuenching,
    Quenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import InputError
from cevns.fluxes import monochromatic
from cevns.nuclei import Target
from cevns.plotting import plot_scan
from cevns.predictions import Signal

FACTORS = {
    "polynomial": PolynomialQuenching((0.2, 1e-3)),
    "linear": LinearQuenching(0.2, 1e-3, 50.0),
    "birks": BirksQuenching(13, 3e-3, [1, 10, 200], [1000, 1000, 1000], degree=1),
    "tabulated": TabulatedQuenching([1.0, 2.0], [0.1, 0.2]),
    "lindhard": LindhardQuenching(32, 73),
}
PER_CENT = {
    "constant": PolynomialQuenching((15.0,)),
    "table": TabulatedQuenching([1.0, 10.0, 50.0], [10.0, 20.0, 30.0]),
    "linear": LinearQuenching(15.0, 0.1, 50.0),
}


class Own(Quenching):
    def factor(self, recoil_kev):
        return 0.0 * np.asarray(recoil_kev, dtype=float) + 25.0


@pytest.mark.parametrize("wrong", [-1.0, [1.0, -1e-9]])
@pytest.mark.parametrize("quenching", FACTORS.values(), ids=FACTORS)
def test_negative_recoils_have_no_quenching_factor(quenching, wrong):
    for method in (quenching.factor, quenching.signal):
        with pytest.raises(InputError, match=r"recoil_kev contains -.*: every value must be at least 0 keV"):
            method(wrong)
    assert np.isfinite(quenching.factor(0.0))


@pytest.mark.parametrize(("unit", "light_yield"), [("keVee", 1.0), ("eVee", 1000.0), ("PE", 8.0), ("keV", 1.0)])
@pytest.mark.parametrize("quenching", [*PER_CENT.values(), Own()], ids=[*PER_CENT, "own"])
def test_per_cent_are_no_quenching_factor(quenching, unit, light_yield):
    edges = light_yield * np.array([5.0, 10.0, 20.0])
    with pytest.raises(InputError, match=r"^quenching: f_Q is .* give a fraction, 0\.15 for 15 %; .* is light_yield"):
        Response(quenching, edges, unit=unit, light_yield=light_yield)
    with pytest.raises(InputError, match=r"^quenching\['I'\]: f_Q is"):
        Response({"Na": PolynomialQuenching((0.2,)), "I": quenching}, edges, unit=unit, light_yield=light_yield)


def test_a_yield_of_what_is_no_energy_may_be_in_the_factor():
    assert Response(PolynomialQuenching((8.0,)), [5.0, 10.0], unit="PE").bins == 1


def test_no_quenching_is_a_factor_of_1():
    assert Response(PolynomialQuenching((1.0,)), [5.0, 10.0]).bins == 1


def test_a_factor_is_looked_at_where_recoils_are():
    flux, target = monochromatic(50.0, fluence=1e14, flavour="e"), Target.of("Ar-40", mass=1.0)
    # recoils end at 134 keV; a last bin may reach beyond, where a growing factor means nothing
    growing = PolynomialQuenching((0.2, 1e-3))
    assert Signal(flux, target, Response(growing, [1.0, 10.0, 1e4])).counts("sm").all()
    with pytest.raises(InputError, match=r"quenching: f_Q is 1\.\d+ at \d+"):
        Signal(flux, target, Response(PolynomialQuenching((0.2, 1e-2)), [1.0, 10.0, 1e4])).counts("sm")


@pytest.mark.parametrize("call", ["limit", "interval", "contour", "plot"])
def test_a_negative_reference_is_refused(argon, call):
    calls = {
        "limit": lambda: argon.limit("b-l", 10.0, reference=-3.0),
        "interval": lambda: argon.interval("b-l", "coupling", mass=10.0, reference=-3.0),
        "contour": lambda: argon.contour("sm", "sin2_theta_w", "rn_ar", reference=-3.0),
        "plot": lambda: plot_scan(argon.scan("b-l", [1.0, 10.0], [1e-5, 1e-4]), reference=-3.0),
    }
    with pytest.raises(InputError, match=r'reference = -3 is not allowed: .* likelihood\.chi2\("sm"\)'):
        calls[call]()
    assert argon.limit("b-l", 10.0, reference=-1e-9).chi2_min == -1e-9
