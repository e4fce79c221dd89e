"""The oracle of germanium, and the exposure with which it gives the published prediction."""

import numpy as np
import pytest
from scipy import optimize

from cevns import reference


def test_prediction():
    """Published 35.1 +- 3.6, for an exposure of protons of 1.00 GeV; with 1.10 GeV 31.9: see PROVENANCE.md."""
    found = reference.events_germanium("sm")
    data = reference.load_germanium()
    assert found == pytest.approx(35.05, abs=0.01)
    assert found == pytest.approx(data["predicted"], abs=0.1)
    assert data["exposure"] == pytest.approx(10.22 * 3.6e12 / 1.602176634e-10, rel=1e-4)
    assert reference.events_germanium("sm", timed=False) == pytest.approx(35.87, abs=0.01)
    assert reference.events_germanium("sm", form_factor="point") == pytest.approx(47.20, abs=0.01)
    assert found * 2.09e23 / data["exposure"] == pytest.approx(31.90, abs=0.01)
    shares = reference.time_shares()
    assert {c: round(s, 3) for c, s in shares.items()} == {"nue": 0.968, "numu": 1.0, "numubar": 0.968}


@pytest.mark.parametrize("point", [("sm",), ("b-l", 0.1, 1e-5), ("lmu-ltau", 10.0, 1e-3)])
def test_adaptive_quadrature(point):
    assert reference.events_germanium(*point, method="quad") == pytest.approx(
        reference.events_germanium(*point), rel=1e-11, abs=0
    )


def test_natural_composition():
    for molar_mass, fractions in (reference.GERMANIUM, reference.XENON):
        assert sum(fractions.values()) == pytest.approx(1, abs=1e-9)
        nucleons = sum(f * (n.Z + n.N) for n, f in fractions.items())
        assert molar_mass == pytest.approx(nucleons, rel=2e-3)
    assert (round(reference.GERMANIUM[0], 2), round(reference.XENON[0], 2)) == (72.63, 131.29)
    (ge74,) = (n for n in reference.GERMANIUM[1] if n.N == 42)
    assert (round(ge74.R_p, 4), round(ge74.R_n, 3)) == (4.0014, 4.093)


def test_chi2_is_least():
    N = reference.events_germanium("universal", 10.0, 3e-5)
    chi2, found = reference.chi2_germanium("universal", 10.0, 3e-5)
    least = optimize.minimize_scalar(lambda a: ((21.0 - (1 + a) * N) / 7.8) ** 2 + (a / 0.103) ** 2)
    assert chi2 == pytest.approx(least.fun, abs=1e-12)
    assert found["signal"] == pytest.approx(least.x, abs=1e-6)
    assert chi2 == pytest.approx((21.0 - N) ** 2 / (7.8**2 + (0.103 * N) ** 2), abs=1e-12)
    assert np.isfinite(reference.chi2_germanium("universal", 10.0, 1.0)[0])
