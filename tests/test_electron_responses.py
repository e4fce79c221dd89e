"""Electrons: responses, atoms, fluxes that say which neutrinos they hold, and chi2."""

import dataclasses
import itertools
import pickle

import numpy as np
import pytest
from test_electrons import PIONS, PSEUDOSCALAR, SCALAR, near

import cevns
from cevns import reference
from cevns.detectors import Efficiency, ElectronResponse, GaussianResolution, PolynomialQuenching, Response
from cevns.errors import InputError, UnknownNameError
from cevns.fluxes import Component, monochromatic, reactor_antineutrinos, tabulated
from cevns.interactions import (
    Amplitude,
    Interaction,
    PseudoscalarMediator,
    ScalarMediator,
    VectorMediator,
    electron_cross_section,
    get_interaction,
    mediated,
)
from cevns.nuclei import Target
from cevns.nuclei.atoms import SHELLS, shells
from cevns.nuclei.elements import SYMBOLS
from cevns.parameters import Parameter, coupling, mass
from cevns.predictions import Signal, nsi_quadratic_form, recoil_events

# --- responses and atoms


def test_shells_hold_all_electrons():
    for symbol, found in SHELLS.items():
        assert sum(n for n, _ in found) == 1 + SYMBOLS.index(symbol)
        energies = [energy for _, energy in found]
        assert all(a > 0.98 * b for a, b in itertools.pairwise(energies))
    for symbol, expected in reference.SHELLS.items():
        assert shells(symbol) == expected


def test_electrons_take_part_from_their_binding_energy_on(bound_csi, free_csi):
    ratio = (
        bound_csi.predict("millicharge", q_mumu=1e-8).electrons / free_csi.predict("millicharge", q_mumu=1e-8).electrons
    )
    # the M shells of Cs and I end at 1.21 keV, which is 16.2 PE
    assert (ratio < 1).all()
    assert ratio[-1] == pytest.approx((55 - 10 + 53 - 10) / 108, rel=1e-3)


def test_unknown_atoms_need_a_choice():
    target, response = Target.of("W", mass=1.0), Response(PolynomialQuenching((0.2,)), [1.0, 2.0])
    with pytest.raises(InputError, match=r"electrons of W are not built in.*electrons='free'"):
        Signal(PIONS, target, response, electrons="shells")
    free = Signal(PIONS, target, response, electrons="free").of("electrons").counts("sm")
    own = ElectronResponse(shells={"W": [(2, 69.5), (72, 0.1)]})
    near(Signal(PIONS, target, response, electrons=own).of("electrons").counts("sm"), free * 72 / 74)
    with pytest.raises(InputError, match="hold 3 electrons: there must be 74"):
        Signal(PIONS, target, response, electrons=ElectronResponse(shells={"W": [(3, 1.0)]}))


def test_own_response_in_the_same_bins(csi):
    """A light yield of its own moves the bins, an efficiency multiplies them, whatever those of nuclear recoils are."""
    half = Efficiency((0.0, 1.0), (0.5,), kind="steps")
    plain = csi.replace(electrons=ElectronResponse(efficiency=Efficiency((0.0, 1.0), (1.0,), kind="steps")))
    weaker = csi.replace(electrons=ElectronResponse(efficiency=half))
    values = {"q_mumu": 1e-9}
    near(weaker.predict("millicharge", **values).electrons, 0.5 * plain.predict("millicharge", **values).electrons)
    brighter = csi.replace(electrons=ElectronResponse("free", light_yield=26.696, efficiency=half))
    coarse = np.array(csi.response.edges) / 2
    other = dataclasses.replace(csi.response, edges=coarse)
    same = Signal(csi.flux, csi.target, other, electrons=ElectronResponse("free", efficiency=half))
    near(brighter.predict("millicharge", **values).electrons, same.of("electrons").counts("millicharge", **values))


def test_a_resolution_smears_electrons(free_csi):
    smeared = free_csi.replace(electrons=ElectronResponse("free", resolution=GaussianResolution(0.2)))
    values = {"q_mumu": 1e-9}
    one, two = (e.predict("millicharge", **values).electrons for e in (free_csi, smeared))
    assert not np.allclose(one, two, rtol=1e-4)
    assert two.sum() == pytest.approx(one.sum(), rel=0.05)


@pytest.mark.parametrize("wrong", ["bound", 3, True, ["shells"]])
def test_what_is_no_response_is_refused(csi, wrong):
    with pytest.raises((InputError, UnknownNameError), match="electrons"):
        csi.replace(electrons=wrong)


def test_responses_are_checked():
    for message, options in (
        ("unknown binding", {"binding": "loose"}),
        ("light_yield", {"light_yield": 0.0}),
        ("asks for free electrons", {"binding": "free", "shells": {"Ar": [(18, 0.0)]}}),
        ("more than once", {"shells": [("Ar", [(18, 0.0)]), ("Ar", [(18, 0.0)])]}),
        ("binding energy in", {"shells": {"Ar": [(18, -1.0)]}}),
        ("number of electrons in", {"shells": {"Ar": [(0.5, 1.0)]}}),
        ("efficiency", {"efficiency": 0.5}),
        ("resolution", {"resolution": 0.5}),
    ):
        with pytest.raises((InputError, UnknownNameError), match=message):
            ElectronResponse(**options)
    made = ElectronResponse(shells={"Ar": [(18, 0.5)]}, light_yield=2.0)
    assert pickle.loads(pickle.dumps(made)) == made
    assert hash(made) != hash(ElectronResponse())


def test_free_electrons_down_to_zero_refuse_light_mediators(bound_argon):
    """Bound ones begin at the least binding energy, and no pole is there."""
    perfect = ElectronResponse("free", efficiency=Efficiency.perfect())
    down = bound_argon.replace(electrons=perfect)
    assert down.smallest_mass > 0
    for interaction, values in (("millicharge", {"q_mumu": 1e-9}), ("b-l", {"mass": 0.0, "coupling": 1e-6})):
        with pytest.raises(InputError, match=r"observed down to 0|mass"):
            down.predict(interaction, **values)
    assert bound_argon.replace(electrons=ElectronResponse(efficiency=Efficiency.perfect())).smallest_mass == 0
    assert down.predict("b-l", mass=1.0, coupling=1e-6).electrons.sum() > 0


# --- fluxes that say which neutrinos they hold


def test_fluxes_that_do_not_say_are_refused(csi):
    unsaid = monochromatic(30.0, fluence=1e14, flavour="mu")
    assert unsaid.antineutrinos == (None,)
    with pytest.raises(
        InputError, match=r"does not say whether its component 'monochromatic' of flavour 'mu'.*antineut"
    ):
        csi.replace(flux=PIONS + unsaid, electrons="free")
    assert csi.replace(flux=unsaid).predict("sm").electrons is None


def test_fluxes_say_which_neutrinos_they_hold():
    assert PIONS.antineutrinos == (False, True, False)
    assert reactor_antineutrinos(thermal_power=1.0, distance=10.0, exposure=1.0).antineutrinos == (True, True)
    said = tabulated([1.0, 2.0], {"e": [1.0, 1.0], "mu": [1.0, 2.0]}, antineutrino={"e": True})
    assert said.antineutrinos == (True, None)
    assert (said + PIONS).antineutrinos == (True, None, False, True, False)
    assert monochromatic(1.0, fluence=1.0, flavour="e", antineutrino=True) != monochromatic(
        1.0, fluence=1.0, flavour="e", antineutrino=False
    )
    with pytest.raises(InputError, match="antineutrino"):
        monochromatic(1.0, fluence=1.0, flavour="e", antineutrino="yes")
    with pytest.raises(UnknownNameError, match="flavour in antineutrino"):
        tabulated([1.0, 2.0], {"e": [1.0, 1.0]}, antineutrino={"mu": True})
    spectrum = PIONS.components[0].spectrum
    assert Component("e", spectrum, "nu_e").antineutrino is None


def test_hydrogen_that_is_left_out_has_electrons():
    response = Response(PolynomialQuenching((0.2,)), [1.0, 2.0])
    with pytest.raises(InputError, match="electrons of which nothing is known"):
        Signal(PIONS, Target.of("CH", mass=1.0), response, electrons="free")
    Signal(PIONS, Target.of("CH", mass=1.0), response)


# --- statistics


def test_chi2_includes_them(bound_csi, csi):
    values = {"q_mumu": 1e-9}
    assert bound_csi.chi2("millicharge", **values) > csi.chi2("millicharge", **values) + 1
    found = bound_csi.asimov("millicharge", **values)
    assert found.chi2("millicharge", **values) == pytest.approx(0, abs=1e-9)
    assert csi.with_data(found.observed).chi2("millicharge", **values) > 1


def test_the_quenching_scale_does_not_touch_them(bound_csi):
    for eta in (0.3, 0.9, 1.1, 2.0):
        one, two = (bound_csi.predict("millicharge", q_mumu=1e-9, eta=e) for e in (1.0, eta))
        np.testing.assert_array_equal(one.electrons, two.electrons)
        assert not np.allclose(one.signal, two.signal)


@pytest.mark.parametrize(
    ("interaction", "values"),
    [
        ("sm", {"rn_csi": 5.0}),
        ("universal", {"mass": 0.3, "coupling": 1e-5, "rn_cs": 5.0}),
        ("le-lmu", {"mass": 0.3, "coupling": 1e-5}),
        ("millicharge", {"q_mumu": 1e-9, "q_emu": 1e-10, "sin2_theta_w": 0.25}),
        ("magnetic-moment", {"mu_mu": 1e-9, "rn_i": 5.0}),
        ("sterile-dipole", {"mass": 2.0, "mu_mu": 1e-9}),
        (SCALAR, {"mass": 0.3, "coupling": 1e-5}),
    ],
)
def test_chi2_is_that_of_the_counts(bound_csi, interaction, values):
    """Minimum over the quenching scale of a chi2 that is written out, whatever way the kernels go."""
    fixed = bound_csi.replace(quenching_sigma=0.0)
    (background,) = bound_csi.backgrounds
    y = np.array(bound_csi.observed) - background.counts
    covariance = np.diag(np.square(bound_csi.uncertainty)) + background.sigma**2 * np.outer(
        background.counts, background.counts
    )

    def by_hand(counts):
        total = covariance + bound_csi.signal_sigma**2 * np.outer(counts, counts)
        return float((y - counts) @ np.linalg.solve(total, y - counts))

    expected = by_hand(fixed.signal.counts(interaction, **values))
    # as pulls, a covariance of signal uncertainties is the same as a profile over them
    assert fixed.chi2(interaction, **values) == pytest.approx(expected, rel=1e-9)
    profile = bound_csi.pulls(interaction, **values)
    eta = 1 + profile.experiments[bound_csi.name]["pulls"]["quenching"]
    at = by_hand(bound_csi.signal.counts(interaction, eta=eta, **values)) + ((eta - 1) / bound_csi.quenching_sigma) ** 2
    assert profile.chi2 == pytest.approx(at, rel=1e-7)
    own = {n: v for n, v in values.items() if n in cevns.get_interaction(interaction).own_names}
    rest = {n: v for n, v in values.items() if n not in own}
    function = bound_csi.bind(interaction, free=tuple(rest))
    assert function(**values) == pytest.approx(profile.chi2, rel=1e-10)


def test_counts_are_polynomials_of_the_coupling(bound_csi):
    """Third differences in g^2 vanish, with electrons as without."""
    g2 = np.arange(5) * 1e-12
    counts = bound_csi.predict("b-3le", mass=0.1, coupling=np.sqrt(g2)).neutrinos
    assert np.abs(np.diff(counts, 3, axis=0)).max() < 1e-12 * counts.max()


def test_quadratic_form_of_quarks_holds_them(bound_csi):
    names, form = nsi_quadratic_form(bound_csi)
    assert names[0] == "1"
    near(form[:, 0, 0], bound_csi.predict("sm").neutrinos, 1e-13)


def test_predictions_show_them_apart(bound_csi):
    found = bound_csi.predict("millicharge", q_mumu=1e-9)
    assert "electrons 240.7" in repr(found)
    assert "electrons" in found._repr_html_()
    many = bound_csi.predict("millicharge", q_mumu=[1e-9, 2e-9])
    assert many.electrons.shape == (2, 12)
    assert "and electrons" in repr(many)
    assert "electrons" not in repr(cevns.load("coherent-argon-2020").predict("sm"))
    copy = pickle.loads(pickle.dumps(bound_csi))
    assert copy == bound_csi
    np.testing.assert_array_equal(copy.predict("sm").electrons, bound_csi.predict("sm").electrons)


def test_charges_that_say_half_are_refused(bound_csi, csi):
    half = mediated("half", proton={"e": 1.0, "mu": 1.0}, neutron={}, leptons={"e": 1.0, "mu": 1.0})
    assert csi.chi2(half, mass=10.0, coupling=1e-5) > 0
    with pytest.raises(InputError, match="has the charge 1 of electrons, but no amplitude of neutrinos with them"):
        bound_csi.chi2(half, mass=10.0, coupling=1e-5)
    with pytest.raises(InputError, match="no amplitude of neutrinos with them"):
        electron_cross_section(half, 30.0, "e", 1.0, antineutrino=False, mass=10.0, coupling=1e-5)
    said = half.replace(leptons=())
    point = {"mass": 10.0, "coupling": 1e-5}
    assert bound_csi.chi2(said, **point) == pytest.approx(csi.chi2(said, **point), rel=1e-6)


def test_experiments_say_that_they_count_electrons(bound_csi, free_csi, csi):
    assert [e.__repr__().count(" electrons") for e in (csi, bound_csi, free_csi)] == [0, 1, 1]
    assert "bound electrons" in repr(bound_csi)
    assert "free electrons" in repr(free_csi)


def test_parts_of_a_signal(bound_csi, csi):
    nuclei, electrons = bound_csi.signal.of("nuclei"), bound_csi.signal.of("electrons")
    assert nuclei.targets == ("nuclei",)
    assert electrons.folds is bound_csi.signal.folds
    assert pickle.loads(pickle.dumps(electrons)) == electrons != bound_csi.signal
    with pytest.raises(UnknownNameError, match="unknown part 'electrons'"):
        csi.signal.of("electrons")


def test_interactions_carry_charges_of_electrons():
    vector = VectorMediator("mine", quarks=(0, 0), leptons={"e": 2, "mu": -3})
    assert [a.electron for a in vector.amplitudes] == [4, -6]
    free = [a.electron for a in cevns.get_interaction("b-3lmu").amplitudes]
    assert not any(free)
    assert ScalarMediator().amplitudes[0].electron == 0
    names = (mass(), coupling())
    axial = Interaction("axial", names, [Amplitude(("e", "e"), 0, 0, {"coupling": 2}, "mass", electron_axial=1.0)])
    energy, kev = 30.0, 500.0
    one, two = (
        electron_cross_section(axial, energy, "e", kev, antineutrino=a, mass=1.0, coupling=1e-5) for a in (False, True)
    )
    assert one > 1.01 * two
    with pytest.raises(InputError, match="no amplitude of 'idle' depends"):
        Interaction("idle", (Parameter("g"),), [])


def test_a_pseudoscalar_is_of_electrons_alone(csi, bound_csi, bound_argon):
    """Nuclei alone do not see it, which is said, with the remedy, wherever it is asked of them."""
    point = {"mass": 0.1, "coupling": 1e-3}
    np.testing.assert_array_equal(bound_csi.predict(PSEUDOSCALAR, **point).signal, csi.predict("sm").signal)
    added = [e.predict(PSEUDOSCALAR, **point).electrons - e.predict("sm").electrons for e in (bound_csi, bound_argon)]
    assert all((some > 0).all() for some in added)
    assert (bound_csi + bound_argon).chi2(PSEUDOSCALAR, **point) != (bound_csi + bound_argon).chi2("sm")
    both = PSEUDOSCALAR + get_interaction("b-l").renamed(mass="mass_2", coupling="g_2")
    for ask in (
        lambda: csi.predict(PSEUDOSCALAR, **point),
        lambda: csi.chi2(PSEUDOSCALAR, **point),
        lambda: csi.bind(PSEUDOSCALAR),
        lambda: csi.limit(PSEUDOSCALAR, mass=[1.0]),
        lambda: csi.fit(PSEUDOSCALAR, free=["coupling"], mass=1.0),
        lambda: csi.signal.counts(PSEUDOSCALAR, **point),
        lambda: (csi + bound_argon).chi2(PSEUDOSCALAR, **point),
        lambda: csi.chi2(both, **point, mass_2=1.0, g_2=0.0),
    ):
        with pytest.raises(InputError, match=r"spins.*replace\(electrons='shells'\).*configuration file"):
            ask()
    with pytest.raises(InputError, match=r"spins.*electron_cross_section"):
        PSEUDOSCALAR.cross_section(30.0, "Ar-40", "e", 10.0, **point)
    with pytest.raises(InputError, match=r"spins.*ElectronResponse"):
        recoil_events(PSEUDOSCALAR, PIONS, csi.signal.target, [0.0, 1.0], **point)
    with pytest.raises(InputError, match=r"PseudoscalarMediator\(\), for experiments with electrons"):
        get_interaction("pseudoscalar")


def test_numbers_of_a_pseudoscalar():
    """None of nuclei, and no massive neutral lepton that leaves."""
    with pytest.raises(InputError, match=r"proton and neutron must be 0.*spins.*give electron alone"):
        Amplitude(("e", "e"), 1.0, 0.0, kinematics="pseudoscalar")
    with pytest.raises(InputError, match="final_mass"):
        Amplitude(("e", "e"), 0.0, 0.0, kinematics="pseudoscalar", final_mass=1.0, electron=1.0)
    with pytest.raises(InputError, match="electron = inf"):
        PseudoscalarMediator(electron=np.inf)
    # without couplings nothing is left
    for build, nothing in (
        (PseudoscalarMediator, {"electron": 0.0}),
        (PseudoscalarMediator, {"neutrinos": {}}),
        (ScalarMediator, {"neutrinos": {}}),
        (ScalarMediator, {"proton": 0.0, "neutron": 0.0}),
    ):
        with pytest.raises(InputError, match="is that of a mediator that couples to nothing"):
            build(**nothing)


def test_nothing_of_a_scalar_and_a_pseudoscalar_interferes(bound_csi):
    """Of electrons without a spin the currents have no product, so that rates add, whatever their signs are."""
    scalar = ScalarMediator(proton=0.0, neutron=0.0, electron=1.0)
    point = {"mass": 0.1, "coupling": 1e-3}
    parts = [bound_csi.predict(model, **point).electrons for model in (scalar, PseudoscalarMediator())]
    together = bound_csi.predict(scalar + PseudoscalarMediator(), **point).electrons
    np.testing.assert_allclose(together, sum(parts) - bound_csi.predict("sm").electrons, rtol=1e-12)
