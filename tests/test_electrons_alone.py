"""Detectors that see electrons and no nucleus: what nuclei add is 0, and only what sees neither is refused."""

import numpy as np
import pytest

from cevns import Experiment
from cevns.detectors import PolynomialQuenching, Response
from cevns.errors import InputError
from cevns.fluxes import solar_neutrinos
from cevns.nuclei import Target

EDGES = [1.0, 10.0, 30.0, 100.0]


def xenon(**fields):
    """Return a tonne of xenon in solar neutrinos, whose nuclei recoil with some eV."""
    usual = {
        "name": "xenon",
        "flux": solar_neutrinos("pp", exposure=365.0),
        "target": Target.of("Xe", mass=1000.0),
        "response": Response(PolynomialQuenching((0.15,)), EDGES),
        "observed": [25.0, 55.0, 160.0],
        "uncertainty": [5.0, 7.0, 13.0],
        "signal_sigma": 0.1,
        "electrons": "shells",
    }
    return Experiment(**(usual | fields))


@pytest.mark.parametrize("sigma", [0.0, 0.1])
def test_electrons_are_counted_where_no_nucleus_is_seen(sigma):
    found = xenon(quenching_sigma=sigma)
    # bins that begin where nuclei recoil, above which the same electrons are counted
    seen = xenon(
        response=Response(PolynomialQuenching((0.15,)), [1e-5, *EDGES]), observed=[9.0] * 4, uncertainty=[5.0] * 4
    )
    for model, values in (
        ("sm", {}),
        ("b-l", {"mass": 1.0, "coupling": 1e-6}),
        ("magnetic-moment", {"mu_e": 1e-10}),
        ("sterile-dipole", {"mass": 0.1, "mu_e": 1e-10}),
    ):
        prediction = found.predict(model, **values)
        assert not prediction.signal.any()
        np.testing.assert_allclose(prediction.electrons, seen.predict(model, **values).electrons[1:], rtol=1e-9)
        moved = prediction.electrons - np.array(found.observed)
        variance = np.diag(np.square(found.uncertainty)) + 0.01 * np.outer(prediction.electrons, prediction.electrons)
        assert found.chi2(model, **values) == pytest.approx(moved @ np.linalg.solve(variance, moved), rel=1e-9)


def test_what_electrons_do_not_feel_has_no_effect_there():
    found = xenon()
    assert found.unseen("scalar") == ("mass", "coupling")
    assert found.unseen("b-l") == ()
    assert found.smallest_mass == 0.0
    assert found.limit("b-l", mass=[1.0]).excluded[0].size == 2


def test_poisson_data_of_electrons_alone():
    found = xenon(uncertainty=None)
    expected = found.predict("sm")
    assert found.replace(observed=expected.electrons).chi2("sm") == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("electrons", [None, "shells"])
def test_what_sees_neither_is_refused(electrons):
    blind = xenon(electrons=electrons, response=Response(PolynomialQuenching((0.15,)), [1e3, 2e3, 3e3, 4e3]))
    with pytest.raises(InputError, match="no recoil can be observed"):
        blind.predict("sm")
