"""The oracle of XENONnT: numbers of boron-8 events, and an independent double integral."""

from functools import partial

import numpy as np
import pytest
from oracle_data_sets import spectrum

from cevns import reference
from cevns.errors import InputError
from cevns.reference import xenonnt

RUNS = ("sr0", "sr1", "sr2")


@pytest.fixture(scope="module")
def standard():
    """Return the events of the standard model by run."""
    return reference.events_xenonnt("sm", spectrum=spectrum())


def test_the_spectrum_has_unit_integral():
    E, phi = spectrum()
    assert np.trapezoid(phi, E) == pytest.approx(1, abs=1e-9)


def test_events_and_backgrounds(standard):
    runs = reference.load_xenonnt()
    assert [run.observed.sum() for run in runs.values()] == [9, 28, 25]
    background = [(run.accidental + run.other).sum() for run in runs.values()]
    assert sum(background[:2]) == pytest.approx(26.5, abs=0.05)
    assert sum(background) == pytest.approx(42.1, abs=0.05)
    # 9.32 in years of 365 days
    assert (standard["sr0"].sum() + standard["sr1"].sum()) * 365 / 365.25 == pytest.approx(9.32, abs=0.005)
    assert sum(s.sum() for s in standard.values()) == pytest.approx(16.6, abs=0.05)


@pytest.mark.parametrize(("runs", "significance"), [(RUNS[:2], 2.75), (RUNS, 3.4)])
def test_significance(runs, significance):
    """Published 2.73 for the first two."""
    free = reference.chi2_xenonnt("sm", spectrum=spectrum(), runs=runs, signal_sigma=np.inf)
    none = reference.chi2_xenonnt("sm", spectrum=spectrum(), runs=runs, scale=0.0)
    assert np.sqrt(none[0] - free[0]) == pytest.approx(significance, abs=0.03 if len(runs) == 3 else 0.005)


def test_unknown_runs():
    for runs in ((), ("sr3",)):
        with pytest.raises(InputError, match="sr0, sr1, sr2"):
            reference.chi2_xenonnt("sm", spectrum=spectrum(), runs=runs)


@pytest.mark.parametrize("name", ["vector", "scalar"])
def test_recoils_by_adaptive_quadrature(name):
    """A coarse table, which the double integral of the paper's part of the oracle can do."""
    sigma = {
        "vector": partial(reference.vector, charges="b-l", mass=2.0, g2=1e-10),
        "scalar": partial(reference.scalar, mass=2.0, g2=1e-10),
    }[name]
    (nucleus, *_), E, phi = reference.XENON[1], np.array([2.0, 9.0, 13.0, 16.0]), np.array([0.0, 3.0, 1.0, 0.0])
    nodes = np.array([0.5, 1.1, 2.0, 5.0])
    shares = {"e": 0.5, "tau": 0.25}
    many = np.linspace(0.0, 1.0, 600)
    table = np.union1d(np.interp(many, np.linspace(0, 1, 4), E), E)
    found = xenonnt.recoils_at_nodes((table, np.interp(table, E, phi)), sigma, shares, nucleus, nodes / 1000)

    def weighted(k):
        def hat(E, T, nucleus, flavour):
            one = np.zeros(len(nodes))
            one[k] = 1
            return np.interp(1000 * T, nodes, one) * sigma(E, T, nucleus, flavour)

        fluxes = {flavour: share * phi for flavour, share in shares.items()}
        return reference.double_integral(nodes, E, fluxes, nucleus, hat).sum()

    np.testing.assert_allclose(found, [weighted(k) for k in range(len(nodes))], rtol=1e-8)


def test_nodes_suffice(monkeypatch, standard):
    monkeypatch.setattr(xenonnt, "_NODES", np.polynomial.legendre.leggauss(4))
    more = reference.events_xenonnt("sm", spectrum=spectrum())
    for run, counts in standard.items():
        np.testing.assert_allclose(more[run], counts, rtol=1e-12)


def test_flavours(standard):
    """Taus and muons count nearly as electrons do in the standard model, and not at all with their charges alone."""
    electrons = reference.events_xenonnt("sm", spectrum=spectrum(), p_ee=1.0)
    for run in RUNS:
        np.testing.assert_allclose(electrons[run], standard[run], rtol=0.03)
        assert np.all(electrons[run] < standard[run])
    sigma = partial(reference.vector, charges="b-3ltau", mass=10.0, g2=1e-9)
    without = reference.events_xenonnt(sigma, spectrum=spectrum(), p_ee=1.0)
    np.testing.assert_allclose(without["sr1"], electrons["sr1"], rtol=1e-12)
