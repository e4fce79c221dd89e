"""Exact relations of the physics: how counts and chi2 depend on coupling, mass and flux."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns import fluxes, predictions
from cevns.interactions import NonStandardInteractions, get_interaction, mediated

MEDIATORS = ("universal", "b-l", "lmu-ltau")
mediators = st.sampled_from(MEDIATORS)
masses = st.floats(-3, 5).map(lambda x: 10.0**x)
couplings = st.floats(-8, 0).map(lambda x: 10.0**x)


@given(model=mediators, mass=masses, coupling=couplings)
def test_counts_are_never_negative(csi, argon, model, mass, coupling):
    for experiment in (csi, argon):
        signal = experiment.predict(model, mass, coupling).signal
        assert np.isfinite(signal).all()
        assert (signal >= 0).all()


@given(model=mediators, mass=masses, y=st.floats(-14, -2).map(lambda x: 10.0**x))
def test_counts_are_quadratic_in_the_coupling_squared(csi, argon, model, mass, y):
    """Any four equidistant values of g^2 have no third difference."""
    for experiment in (csi, argon):
        at = experiment.predict(model, mass, np.sqrt(y * np.arange(4))).signal
        third = at[3] - 3 * at[2] + 3 * at[1] - at[0]
        assert (np.abs(third) <= 1e-12 * np.abs(at).max(axis=0)).all()
        second = at[2] - 2 * at[1] + at[0]
        assert (second >= -1e-12 * np.abs(at).max(axis=0)).all()


@given(scale=st.floats(-2, 2), coupling=st.floats(-3, 3))
def test_contact_counts_are_quadratic_in_the_coupling(argon, scale, coupling):
    model = NonStandardInteractions(up={"e": scale, "mu": -0.3}, down={"e": 0.2})
    at = argon.predict(model, coupling=coupling * np.arange(4)).signal
    third = at[3] - 3 * at[2] + 3 * at[1] - at[0]
    assert (np.abs(third) <= 1e-12 * np.abs(at).max(axis=0)).all()


@given(model=mediators, ratio=st.floats(-7, -5).map(lambda x: 10.0**x), factor=st.floats(1, 100))
def test_heavy_mediators_depend_on_coupling_over_mass_only(both, model, ratio, factor):
    chi2 = both.chi2(model, 1e5 * np.array([1.0, factor]), ratio * 1e5 * np.array([1.0, factor]))
    assert chi2[0] == pytest.approx(chi2[1], rel=1e-3)


@given(model=mediators, mass=st.floats(-6, -2).map(lambda x: 10.0**x), coupling=couplings)
def test_light_mediators_do_not_depend_on_their_mass(both, model, mass, coupling):
    assert both.chi2(model, mass, coupling) == pytest.approx(both.chi2(model, 0.0, coupling), rel=1e-5)


@given(scale=st.floats(0.01, 100), model=mediators)
def test_counts_are_proportional_to_flux_and_target(argon, scale, model):
    flux = fluxes.pion_decay_at_rest(neutrinos_per_proton=0.09, protons=13.7e22 * scale, distance=27.5)
    expected = scale * argon.predict(model, 10.0, 5e-5).signal
    found = argon.replace(flux=flux).predict(model, 10.0, 5e-5).signal
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    heavier = type(argon.target)(argon.target.components, argon.target.molar_mass, argon.target.mass * scale)
    np.testing.assert_allclose(argon.replace(target=heavier).predict(model, 10.0, 5e-5).signal, expected, rtol=1e-12)


def test_counts_of_added_fluxes_add(argon):
    one = fluxes.monochromatic(35.0, fluence=1e14, flavour="e")
    two = fluxes.monochromatic(45.0, fluence=2e14, flavour="mu")
    total = argon.replace(flux=one + two).predict("universal", 5.0, 5e-5).signal
    parts = [argon.replace(flux=f).predict("universal", 5.0, 5e-5).signal for f in (one, two)]
    np.testing.assert_allclose(total, parts[0] + parts[1], rtol=1e-9, atol=1e-12)


@given(model=mediators, mass=masses, coupling=couplings)
def test_all_couplings_may_change_sign_together(argon, model, mass, coupling):
    """Antineutrinos have the cross section of neutrinos."""
    model = get_interaction(model)
    weak = model.weak
    flipped = mediated(
        "flipped",
        proton={a.flavours[0]: -a.proton for a in model.amplitudes},
        neutron={a.flavours[0]: -a.neutron for a in model.amplitudes},
        weak=type(weak)(tuple((f, -g) for f, g in weak.proton), -weak.neutron, weak.source),
    )
    np.testing.assert_allclose(
        argon.predict(flipped, mass, coupling).signal, argon.predict(model, mass, coupling).signal, rtol=1e-12
    )


@given(mass=masses, coupling=couplings)
def test_a_mediator_that_couples_to_nothing_in_the_beam_changes_nothing(csi, mass, coupling):
    tauonic = mediated("tauonic", proton={"tau": 1.0}, neutron={"tau": 1.0})
    assert csi.chi2(tauonic, mass, coupling) == pytest.approx(csi.chi2("sm"), rel=1e-12)


@given(scale=st.floats(0.1, 10), mass=masses, coupling=couplings)
def test_only_the_product_of_charges_and_coupling_squared_counts(csi, scale, mass, coupling):
    once = mediated("once", proton={"e": 0.5, "mu": -1.0}, neutron={"mu": 2.0})
    scaled = mediated("scaled", proton={"e": 0.5 * scale, "mu": -scale}, neutron={"mu": 2.0 * scale})
    expected = csi.predict(once, mass, coupling * np.sqrt(scale)).signal
    np.testing.assert_allclose(csi.predict(scaled, mass, coupling).signal, expected, rtol=1e-11)


@given(edges=st.lists(st.floats(0.1, 150), min_size=3, max_size=6, unique=True), mass=masses, coupling=couplings)
def test_recoil_events_add_over_bins(argon, edges, mass, coupling):
    edges = sorted(edges)
    fine = predictions.recoil_events("b-l", argon.flux, argon.target, edges, mass, coupling)
    coarse = predictions.recoil_events("b-l", argon.flux, argon.target, [edges[0], edges[-1]], mass, coupling)
    assert fine.sum() == pytest.approx(coarse[0], rel=1e-9, abs=1e-9 * fine.max())
