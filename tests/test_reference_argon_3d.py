"""The oracle of argon in three dimensions: the numbers of the release and of its publication."""

import numpy as np
import pytest
from scipy import optimize

from cevns import reference
from cevns.reference import argon_3d

CHI2 = reference.chi2_argon_3d


@pytest.fixture(scope="module")
def free():
    """Return the fit with a free signal."""
    return CHI2("sm", signal_sigma=np.inf)


def test_totals_of_the_files():
    data = reference.load_argon_3d()
    assert data.observed.sum() == 3752
    totals = {name: round(float(template.sum()), 3) for name, template in data.templates.items()}
    assert totals == {"signal": 128, "PBRN": 497, "LBRN": 33, "SS": 3152}
    assert all(t.sum() == pytest.approx(data.templates[argon_3d.EXCURSIONS[n][0]].sum()) for n, ts in
               data.excursions.items() for t in ts)  # fmt: skip


def test_the_signal_is_the_same_at_every_time():
    signal = reference.load_argon_3d().templates["signal"]
    outer = signal.sum(axis=2)[:, :, None] * signal.sum(axis=(0, 1)) / signal.sum()
    np.testing.assert_allclose(signal, outer, atol=1e-5)


def test_ratio_in_bins_of_energy():
    ratio = reference.signal_ratio("lmu-ltau", 10.0, 1e-3)
    assert ratio[6:].tolist() == [1.0] * 6
    assert np.all(ratio[:6] > 1)
    counts = reference.events_argon_3d("lmu-ltau", 10.0, 1e-3)
    expected = ratio * reference.load_argon_3d().templates["signal"].sum(axis=(1, 2))
    np.testing.assert_allclose(counts.sum(axis=(1, 2)), expected, rtol=1e-13)
    adaptive = reference.signal_ratio("b-l", 20.0, 1e-4, method="quad")
    np.testing.assert_allclose(reference.signal_ratio("b-l", 20.0, 1e-4), adaptive, rtol=1e-10)


def test_free_signal(free):
    """Published 159 +- 43 events, 553 +- 34, 10 +- 11, 3131 +- 23, and 3.9 standard deviations."""
    chi2, found = free
    totals = {name: template.sum() for name, template in reference.load_argon_3d().templates.items()}
    fitted = {name: (1 + found[name]) * totals[name] for name in totals}
    expected = {"signal": 160.2, "PBRN": 552.1, "LBRN": 10.5, "SS": 3131.4}
    assert fitted == {name: pytest.approx(value, abs=0.06) for name, value in expected.items()}
    none = CHI2("sm", scale=0.0)[0]
    assert np.sqrt(none - chi2) == pytest.approx(3.88, abs=0.005)


def test_error_of_the_free_signal(free):
    best = 1 + free[1]["signal"]

    def above(factor):
        return CHI2("sm", scale=factor, signal_sigma=1e-9)[0] - free[0] - 1

    up, down = (optimize.brentq(above, *ends, xtol=1e-6) - best for ends in ((best, 3.0), (0.2, best)))
    assert (128 * up, 128 * down) == pytest.approx((42.9, -42.2), abs=0.06)


@pytest.mark.parametrize(
    ("excursion", "events", "chi2"),
    [
        (("F90", 0), 1, None),
        (("F90", 1), -12, None),
        (("signal-time", 0), -5, None),
        (("PBRN-energy", 0), 7, None),
        (("PBRN-energy", 1), -11, None),
        (("PBRN-time", 0), 30, 50),
        (("PBRN-time", 1), 13, 8),
        (("PBRN-width", 0), 5, -39),
    ],
)
def test_excursions(excursion, events, chi2, free):
    found = CHI2("sm", signal_sigma=np.inf, excursion=excursion)
    assert found[1]["counts"] - free[1]["counts"] == pytest.approx(events, abs=0.6)
    if chi2 is not None:
        assert found[0] - free[0] == pytest.approx(chi2, abs=0.5)


def test_morphing(free):
    """Shapes with pulls of unit width between the same excursions lower chi2, and the significance changes little."""
    for name, low in (("F90", 0.05), ("PBRN-time", 6.0), ("PBRN-width", 37.0)):
        chi2, found = CHI2("sm", signal_sigma=np.inf, morphed=(name,))
        none = CHI2("sm", scale=0.0, morphed=(name,))[0]
        assert low < free[0] - chi2
        assert np.sqrt(none - chi2) == pytest.approx(3.9, abs=0.1)
        assert abs(found[name]) < 1


def test_pulls_of_the_standard_model():
    chi2, found = CHI2("sm")
    assert pytest.approx(0.134, abs=1e-5) == argon_3d.SIGNAL_SIGMA
    assert chi2 > CHI2("sm", signal_sigma=np.inf)[0]
    assert 0 < found["signal"] < argon_3d.SIGNAL_SIGMA
