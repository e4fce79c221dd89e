"""Inputs that are numbers, but mean nothing: fractions, ranges, nuclei, targets, detectors and models."""

import decimal
import math

import numpy as np
import pytest

import cevns
from cevns import Background, Experiment, fluxes, nuclei, predictions
from cevns.detectors import (
    BirksQuenching,
    Efficiency,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    PolynomialQuenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import InputError, UnknownNameError
from cevns.interactions import NonStandardInteractions, VectorMediator
from cevns.nuclei import Nucleus, Target
from cevns.nuclei.form_factors import FormFactor

# --- fractions and ranges


@pytest.mark.parametrize("sigma", [2.5, 5.1, 12.0, 30.0, 100])
def test_per_cent_for_a_fraction_is_refused(csi, sigma):
    with pytest.raises(InputError, match=r"signal_sigma = .*fraction, 0\.12 for 12 %"):
        csi.replace(signal_sigma=sigma)
    with pytest.raises(InputError, match=r"sigma of background 'n' = .*fraction, 0\.05 for 5 %"):
        Background("n", [1.0], sigma)
    with pytest.raises(InputError, match=r"quenching_sigma = .*fraction, 0\.05 for 5 %"):
        csi.replace(quenching_sigma=sigma)


@pytest.mark.parametrize("sigma", [1e-200, 1e-12, -0.1, math.nan, math.inf])
def test_uncertainties_that_mean_nothing_are_refused(csi, sigma):
    for field in ("signal_sigma", "quenching_sigma"):
        with pytest.raises(InputError, match=field):
            csi.replace(**{field: sigma})
    with pytest.raises(InputError, match="sigma of background"):
        Background("n", [1.0], sigma)


@pytest.mark.parametrize("sigma", [1e-6, 0.5, 1.0, 2.0])
def test_fractions_up_to_two_are_taken(csi, sigma):
    assert csi.replace(signal_sigma=sigma).signal_sigma == sigma
    assert Background("n", [1.0], sigma).sigma == sigma


FAR_OUT = {
    "distance": (
        lambda: fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=1e-308),
        "distance",
    ),
    "far away": (
        lambda: fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=1e200),
        "distance",
    ),
    "protons": (lambda: fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e300, distance=20), "protons"),
    "fluence": (lambda: fluxes.monochromatic(30, fluence=1e300, flavour="e"), "fluence"),
    "flux": (
        lambda: fluxes.pion_decay_at_rest(neutrinos_per_proton=1, protons=1e49, distance=0.01),
        "fluence of flavour",
    ),
    "density": (lambda: fluxes.tabulated([1, 2], {"e": [1e300, 1]}), r"densities\['e'\]"),
    "energy": (lambda: fluxes.monochromatic(1e300, fluence=1, flavour="e"), "energy"),
    "tiny energy": (lambda: fluxes.tabulated([1e-300, 1], {"e": [1, 1]}), "energy"),
    "radius": (lambda: Nucleus("Ar-40", 18, 22, 37215.5, 3448.0, 3.5), "proton_radius = 3448.0 .*20 fm"),
    "neutron radius": (lambda: Nucleus("Ar-40", 18, 22, 37215.5, 3.4, 34480), "neutron_radius"),
    "thickness": (lambda: FormFactor("helm", 1e100), "thickness"),
    "charge": (lambda: VectorMediator("x", quarks=(1e75, 0), leptons={"e": 1}), "Q'_u"),
    "lepton charge": (lambda: VectorMediator("x", quarks=(1, 0), leptons={"e": 1e75}), "leptons"),
    "epsilon": (lambda: NonStandardInteractions(up={"e": 1e80}), r"up\['e'\]"),
    "edges": (lambda: Response(PolynomialQuenching((0.1,)), [1.0, 1e300]), "edges"),
    "light yield": (lambda: Response(PolynomialQuenching((0.1,)), [1.0, 2.0], light_yield=1e308), "light_yield"),
    "quenching": (lambda: PolynomialQuenching((1e200,)), "coefficients"),
    "mass": (lambda: Target.of({"Ar-40": 1}, molar_mass=39.96, mass=1e300), "mass"),
}


@pytest.mark.parametrize(("call", "message"), FAR_OUT.values(), ids=FAR_OUT)
def test_values_far_out_are_refused_by_name(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_uncertainties_and_counts_far_out_are_refused(csi):
    with pytest.raises(InputError, match="uncertainty contains 1e-300"):
        csi.replace(uncertainty=np.full(12, 1e-300))
    with pytest.raises(InputError, match=r"observed contains 1e\+300"):
        csi.replace(observed=np.full(12, 1e300))


def test_the_largest_couplings_stay_finite(both):
    charged = VectorMediator("x", quarks=(1e6, 1e6), leptons={"e": 1e6, "mu": 1e6})
    assert np.isfinite(both.chi2(charged, [0.0, 10.0, 1e15], 1e10)).all()
    assert np.isfinite(both.chi2(NonStandardInteractions(up={"e": 1e6}), coupling=[-1e10, 1e10])).all()


def test_names_that_no_file_could_hold_are_refused(csi):
    for name in ("a\0b", "a\rb", "a\tb", "a\x85b", "a\ud800"):
        with pytest.raises(InputError, match="files and figures can hold"):
            csi.replace(name=name)
        with pytest.raises(InputError, match="files and figures can hold"):
            csi.replace(label=name)
        with pytest.raises(InputError, match="files and figures can hold"):
            Background(name, [1.0], 0.1)


def test_data_have_a_number_for_each_bin(csi):
    for field, values in (("observed", np.zeros((2, 12))), ("uncertainty", np.ones((1, 12)))):
        rows = len(values)
        expected = (
            rf"{field} must have one number for each of 12 bins, in a row of \S+ \(12\), got shape \({rows}, 12\)"
        )
        with pytest.raises(InputError, match=expected):
            csi.replace(**{field: values})
    with pytest.raises(InputError, match="observed must have one number for each of 12 bins"):
        csi.with_data(np.zeros((12, 1)))


def test_data_in_several_axes_name_the_shape_that_is_wanted():
    timed = cevns.load("coherent-csi-2021", systematics="core")
    charge, time = timed.signal.binning.axes
    rows, columns = timed.signal.binning.shape
    axes = rf"{charge.name} \({rows}\), {time.name} \({columns}\)"
    wanted = rf"in a row or in the shape \({rows}, {columns}\) of its axes, {axes}"
    for wrong in (np.zeros((columns, rows)), np.zeros(rows), np.zeros((rows, columns, 1)), [[1.0, 2.0], [3.0, 4.0]]):
        shape = ", ".join(map(str, np.shape(wrong)))
        with pytest.raises(InputError, match=rf"observed must have one number .* {wanted}, got shape \({shape}"):
            timed.with_data(wrong)


# --- nuclei and targets


@pytest.mark.parametrize(
    ("neutrons", "mass", "message"),
    [
        (74, 73.921, "neutrons is the number N of neutrons, not the mass number A = 74"),
        (42, 73.921 * 931.494, "atomic_mass_u looks like a mass in MeV"),
        (42, 73.921 * 0.931494, "atomic_mass_u looks like a mass in GeV"),
        (40, 73.921, "within 1 %"),
    ],
)
def test_an_atomic_mass_fits_its_nucleons(neutrons, mass, message):
    with pytest.raises(InputError, match=message):
        Nucleus.from_atomic_mass("Ge-74", 32, neutrons, mass, 4.0, 4.1)


@pytest.mark.parametrize(
    ("neutrons", "mass", "message"),
    [
        (78, 123.8, "the mass looks like one in GeV: give MeV"),
        (78, 132.9, "the mass looks like one in u: use Nucleus.from_atomic_mass"),
        (133, 123800.0, "not the mass number A = 133"),
    ],
)
def test_a_mass_fits_its_nucleons(neutrons, mass, message):
    with pytest.raises(InputError, match=message):
        Nucleus("Cs-133", 55, neutrons, mass, 4.8, 5.0)


def test_the_lightest_and_the_heaviest_nuclei_fit():
    for name, z, n, mass in (("H-1", 1, 0, 1.00782503), ("H-3", 1, 2, 3.01604928), ("U-238", 92, 146, 238.0507883)):
        assert Nucleus.from_atomic_mass(name, z, n, mass, 5.0, 5.0).atomic_mass_u == pytest.approx(mass, rel=1e-12)


GE_74 = Nucleus.from_atomic_mass("Ge-74", 32, 42, 73.921177761, 4.07, 4.1)
GE_72 = Nucleus.from_atomic_mass("Ge-72", 32, 40, 71.922075826, 4.05, 4.08)


@pytest.mark.parametrize(
    ("composition", "molar_mass"),
    [
        ({"Cs-133": 1, "I-127": 1}, 259.8),
        ({"Ar-40": 1}, 39.948),
        ({"Si-28": 1}, 28.085),
        ({GE_74: 1}, 72.63),
        ({GE_74: 0.55, GE_72: 0.45}, 73.0),
        ({"Si-28": 3}, 84.26),
        ({"Cs-133": 1}, 149.56568),
    ],
)
def test_targets_that_fit_their_nuclei(composition, molar_mass):
    assert Target.of(composition, molar_mass=molar_mass, mass=1.0).molar_mass == molar_mass


@pytest.mark.parametrize(
    ("composition", "molar_mass", "message"),
    [
        ({"Ar-40": 1}, 131.29, "molar_mass = 131.29 g/mol does not fit the composition 1 Ar-40, which has 39.962"),
        ({"Cs-133": 0.5115, "I-127": 0.4885}, 259.8, "not mass fractions"),
        ({GE_74: 55, GE_72: 45}, 73.0, "fractions that sum to 1, not in per cent"),
        ({"I-127": 1}, 259.8, "left_out"),
    ],
)
def test_targets_that_do_not_fit_their_nuclei(composition, molar_mass, message):
    with pytest.raises(InputError, match=message):
        Target.of(composition, molar_mass=molar_mass, mass=1.0)


def test_nuclei_can_be_left_out_of_a_target_if_it_is_said():
    iodine = Target.of({"I-127": 1}, molar_mass=149.89, mass=1.0, left_out=22.99)
    assert iodine.numbers == Target.of({"I-127": 1}, molar_mass=149.89, mass=1.0, left_out=23.0).numbers
    with pytest.raises(InputError, match="left_out"):
        Target.of({"I-127": 1}, molar_mass=149.89, mass=1.0, left_out=-1)


def test_an_unknown_nucleus_says_how_to_make_one():
    with pytest.raises(UnknownNameError, match=r"unknown nucleus 'Ge-75'.*Nucleus\.from_atomic_mass\(name, protons"):
        nuclei.nucleus("Ge-75")


# --- detectors


def test_the_kind_of_an_efficiency_decides_and_the_lengths_must_agree():
    assert Efficiency([3, 5, 8], [0.2, 0.6], kind="steps") == Efficiency([3, 5, 8], [0.2, 0.6])
    assert Efficiency([3, 5, 8], [0.2, 0.6, 0.8], kind="points")(4.0) == pytest.approx(0.4)
    assert Efficiency([3, 5, 8], [0.2, 0.6, 0.8]).kind == "points"
    with pytest.raises(InputError, match=r"2 entries, .*each interval.*'steps'; got 3 for 3 edges"):
        Efficiency([3, 5, 8], [0.2, 0.6, 0.8], kind="steps")
    with pytest.raises(InputError, match=r"3 entries, .*each point.*'points'; got 2 for 3 points"):
        Efficiency([3, 5, 8], [0.2, 0.6], kind="points")
    with pytest.raises(UnknownNameError, match="kind of efficiency 'lines'"):
        Efficiency([3, 5, 8], [0.2, 0.6], kind="lines")


def test_refusals_of_quenching_tables():
    with pytest.raises(InputError, match=r"recoil_kev contains -1.0"):
        TabulatedQuenching([-1.0, 5.0], [0.1, 0.2])
    for degree in (0, 1.5, True, 31):
        with pytest.raises(InputError, match="degree"):
            BirksQuenching(10.0, 3e-3, [1.0, 2.0, 3.0], [1.0, 1.1, 1.2], degree=degree)
    with pytest.raises(InputError, match="at least 4"):
        BirksQuenching(10.0, 3e-3, [1.0, 2.0, 3.0], [1.0, 1.1, 1.2], degree=3)


def test_checked_values_are_what_is_kept():
    """A value of another type would make equal objects unequal, or not hashable."""
    for make in (
        lambda one: LinearQuenching(one, one, one),
        lambda one: GaussianResolution(one),
        lambda one: PolynomialQuenching((one,), maximum=one),
        lambda one: Response(PolynomialQuenching((0.1,)), [0, one], light_yield=one),
        lambda one: LindhardQuenching(18, 40, one),
    ):
        assert hash(make(np.array(1.0))) == hash(make(1.0))
        assert make(decimal.Decimal(1)) == make(1.0)


def test_labels_default_to_names(argon):
    plain = Experiment("mine", argon.flux, argon.target, argon.response, argon.observed, argon.uncertainty, 0.1)
    assert plain.label == "mine"
    assert VectorMediator("x", quarks=(1, 1), leptons={"e": 1}).label == "x"


# --- models


@pytest.mark.parametrize("name", ["emu", "e-mu", "mu_tau", "etau", "TauE"])
def test_a_flavour_has_no_closest_match(name):
    for call in (
        lambda: NonStandardInteractions(up={name: 0.1}),
        lambda: fluxes.monochromatic(30.0, fluence=1.0, flavour=name),
    ):
        with pytest.raises(UnknownNameError) as error:
            call()
        assert "Did you mean" not in str(error.value)
        assert "known: e, mu, tau; " in str(error.value)
    with pytest.raises(UnknownNameError, match=r"unknown lepton flavour 'muon'; known: e, mu, tau; neutrinos and anti"):
        NonStandardInteractions(up={"muon": 0.1})


@pytest.mark.parametrize("model", cevns.known_interactions())
def test_every_model_takes_a_flux_of_tau_neutrinos(argon, model):
    taus = argon.replace(flux=fluxes.monochromatic(30.0, fluence=1e14, flavour="tau"))
    own = cevns.get_interaction(model).own_names
    point = {name: value for name, value in (("mass", 10.0), ("coupling", 1e-4)) if name in own}
    assert taus.predict(model, **point).signal.sum() > 0
    assert np.isfinite(taus.chi2(model, **point))


def test_the_coupling_of_tau_neutrinos_differs_by_the_charge_radius_of_the_lepton():
    couplings = dict(cevns.get_interaction("sm").weak.proton)
    assert couplings["tau"] == 0.0275
    step = 2 * cevns.constants.FINE_STRUCTURE / (3 * math.pi)
    shift = step * math.log(cevns.constants.TAU_MASS / cevns.constants.MUON_MASS)
    assert couplings["mu"] - couplings["tau"] == pytest.approx(shift, abs=1e-4)


CONTACT = NonStandardInteractions(up={"e": 1.0})
NOT_TAKEN = {
    "chi2, both": lambda d: d.chi2("sm", mass=10, coupling=1e-5),
    "chi2, floats": lambda d: d.chi2("sm", 10.0, 1e-5),
    "chi2, mass": lambda d: d.chi2("sm", mass=10.0),
    "chi2, coupling": lambda d: d.chi2("sm", coupling=[1e-5]),
    "chi2 of a contact model": lambda d: d.chi2(CONTACT, 10.0, 0.1),
    "pulls": lambda d: d.pulls("sm", 10.0),
    "pulls of a contact model": lambda d: d.pulls(CONTACT, 10.0, 0.1),
    "predict": lambda d: d.predict("sm", 10.0),
    "limit": lambda d: d.limit(CONTACT, 10.0),
    "best fit": lambda d: d.best_fit(CONTACT, mass=10.0),
    "range of a contact model": lambda d: d.best_fit(CONTACT, mass_range=(1, 10)),
    "range beside a mass": lambda d: d.best_fit("b-l", mass=5.0, mass_range=(1, 10)),
    "range beside a reference": lambda d: d.limit("b-l", 10.0, reference=1.0, mass_range=(1, 10)),
}


@pytest.mark.parametrize("call", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_arguments_that_nothing_depends_on_are_refused(both, call):
    with pytest.raises(InputError, match="is given, but"):
        call(both)


def test_recoil_spectra_refuse_what_a_model_does_not_take(argon):
    with pytest.raises(InputError, match="mass is given, but"):
        predictions.recoil_spectrum("sm", argon.flux, argon.target, [5.0], mass=10.0)


def test_none_and_zero_stand_for_no_interaction(both):
    assert both.chi2("sm", 0.0, 0.0) == both.chi2("sm", None, 0) == both.chi2("sm")


# --- quenching scales


@pytest.mark.parametrize("eta", [0.3, 0.9, 1.05, 2.0])
def test_predictions_take_any_quenching_scale(argon, csi, eta):
    """A scale is a light yield, whether or not the experiment has such a nuisance."""
    for experiment in (argon, csi):
        response = experiment.response
        scaled = Response(
            response.quenching, response.edges, response.unit, eta * response.light_yield, response.efficiency
        )
        expected = experiment.replace(response=scaled, quenching_sigma=0).predict("universal", 20.0, 1e-4).signal
        found = experiment.predict("universal", 20.0, 1e-4, eta=eta).signal
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8 * expected.max())


def test_a_quenching_scale_out_of_range_names_the_range(argon):
    with pytest.raises(
        InputError, match=r"eta = 20 is not allowed: it must be finite and at least 0\.1 and at most 10"
    ):
        argon.predict("sm", eta=20)


def test_tridents_refuse_negative_couplings():
    with pytest.raises(InputError, match=r"coupling = -1\.0 is not allowed: it must be finite and at least 0"):
        cevns.bounds.trident_ratio(2e4, -1.0)


@pytest.mark.parametrize("reference", ["low", [1.0, 2.0], math.nan, math.inf, True])
def test_references_of_limits_that_are_refused(argon, reference):
    with pytest.raises(InputError, match="reference"):
        argon.limit("b-l", 10.0, reference=reference)
