"""Interactions: the registry's contract, the amplitudes of section 3 of arXiv:2008.05022, and what they add up to."""

import importlib
import inspect
import itertools
import math
import pickle
import pkgutil

import numpy as np
import pytest
from canonical import VALUES
from oracle_interactions import SIGMAS

import cevns
from cevns import constants, interactions, reference
from cevns.bounds.magnetic_moments import magnetic_moment_shift
from cevns.errors import CevnsError, InputError, UnknownNameError
from cevns.interactions import (
    RADIATIVE_COUPLINGS,
    TREE_LEVEL_COUPLINGS,
    Amplitude,
    Interaction,
    NonStandardInteractions,
    VectorMediator,
    WeakCouplings,
    contact,
    cross_section,
    get_interaction,
    known_interactions,
    mediated,
    monomials,
)
from cevns.interactions.structure import RESERVED
from cevns.nuclei import Nucleus, Target
from cevns.parameters import Parameter, coupling, mass
from cevns.predictions import recoil_events, recoil_spectrum

LEPTONS = {"e": 1, "mu": 1, "tau": 1}


def charges(interaction, flavour):
    """Return what one amplitude of a flavour multiplies for protons and neutrons; zeros if there is none."""
    found = [(a.proton, a.neutron) for a in interaction.amplitudes if a.flavours == (flavour, flavour)]
    return found[0] if found else (0.0, 0.0)


@pytest.fixture(params=known_interactions())
def model(request):
    return get_interaction(request.param)


# --- contract of every model in the registry


def test_names_are_those_of_the_registry(model):
    assert model.name in known_interactions()
    assert get_interaction(model) is model


def test_has_metadata(model):
    assert "arXiv:" in model.reference
    assert model.label
    assert model.description


def test_is_a_value(model):
    again = get_interaction(model.name)
    assert again == model
    assert hash(again) == hash(model)
    assert pickle.loads(pickle.dumps(model)) == model
    assert {model: 1}[again] == 1


def test_couplings_are_finite_for_the_flavours_of_the_beam(model):
    for flavour in ("e", "mu"):
        assert np.isfinite([*charges(model, flavour), *model.weak.of(flavour)]).all()


def test_amplitudes_have_parameters_of_their_own(model):
    assert all(isinstance(p, Parameter) for p in model.parameters)
    masses = {m for a in model.amplitudes for m in (a.mediator, a.final_mass) if isinstance(m, str)}
    assert {name for a in model.amplitudes for name, _ in a.couplings} | masses == set(model.own_names)
    assert [p.name for p in model.all_parameters] == [*model.own_names, "sin2_theta_w"]


def test_replace_changes_a_copy(model):
    tree = model.replace(weak=TREE_LEVEL_COUPLINGS)
    assert tree.weak.of("e") == (0.0229, -0.5)
    assert model.weak is RADIATIVE_COUPLINGS
    assert tree != model
    assert tree.amplitudes == model.amplitudes


def test_is_immutable(model):
    with pytest.raises(AttributeError):
        model.name = "other"


def test_parameters_are_asked_for_only_where_they_matter(argon, model):
    point = {p.name: 1.0 for p in model.parameters}
    signal = argon.predict(model, **point).signal
    np.testing.assert_array_equal(argon.predict(model, **{"mass": None, "coupling": None} | point).signal, signal)
    for p in model.parameters:
        if p.default is None:
            unit = f" in {p.unit}" if p.unit else ""
            with pytest.raises(InputError, match=f"{p.name} is missing: give a number{unit}"):
                argon.predict(model, **{name: value for name, value in point.items() if name != p.name})


# --- the models of the paper


def test_standard_model_couplings():
    """Eqs. 2.2-2.4."""
    weak = get_interaction("sm").weak
    assert weak.of("e") == (0.0401, -0.5094)
    assert weak.of("mu") == (0.0318, -0.5094)
    assert get_interaction("sm").amplitudes == ()


def test_tree_level_proton_coupling_is_that_of_the_weak_angle():
    assert TREE_LEVEL_COUPLINGS.of("tau")[0] == pytest.approx(0.5 - 2 * 0.23855, abs=1e-12)


@pytest.mark.parametrize(("name", "expected"), [("universal", (3.0, 3.0)), ("b-l", (-1.0, -1.0)), ("sm", (0.0, 0.0))])
@pytest.mark.parametrize("flavour", ["e", "mu"])
def test_nucleon_couplings(name, expected, flavour):
    assert charges(get_interaction(name), flavour) == pytest.approx(expected, abs=1e-15)


def test_lmu_minus_ltau_couples_to_muon_neutrinos_and_protons_by_a_loop():
    model = get_interaction("lmu-ltau")
    loop = -constants.FINE_STRUCTURE / (3 * math.pi) * math.log(constants.TAU_MASS**2 / constants.MUON_MASS**2)
    assert charges(model, "mu") == pytest.approx((loop, 0.0), rel=1e-14)
    assert loop == pytest.approx(-4.37e-3, abs=5e-6)
    assert charges(model, "e") == charges(model, "tau") == (0.0, 0.0)
    assert (model.lepton_charge("mu"), model.lepton_charge("tau")) == (1.0, -1.0)


@pytest.mark.parametrize("flavour", ["e", "mu", "tau"])
def test_vector_mediator_charges(flavour):
    """kp = Q'_l (2 Q'_u + Q'_d) and kn = Q'_l (Q'_u + 2 Q'_d), eq. 3.3."""
    numbers = {"e": 0.5, "mu": -2.0, "tau": 3.0}
    model = VectorMediator("own", quarks=(0.2, -0.7), leptons=numbers)
    assert charges(model, flavour) == pytest.approx(
        (numbers[flavour] * (2 * 0.2 - 0.7), numbers[flavour] * (0.2 - 2 * 0.7)), rel=1e-14
    )
    assert model.lepton_charge(flavour) == numbers[flavour]
    assert model.own_names == ("mass", "coupling")
    assert {(a.couplings, a.mediator) for a in model.amplitudes} == {((("coupling", 2),), "mass")}


def test_vector_mediator_makes_the_built_in_ones():
    leptons = {"e": 1, "mu": 1, "tau": 1}
    universal = VectorMediator("universal", quarks=(1, 1), leptons=leptons)
    assert charges(universal, "e") == charges(get_interaction("universal"), "e")
    b_minus_l = VectorMediator("b-l", quarks=(1 / 3, 1 / 3), leptons=dict.fromkeys(leptons, -1))
    assert charges(b_minus_l, "mu") == pytest.approx(charges(get_interaction("b-l"), "mu"), rel=1e-15)


def test_non_standard_interactions():
    """Eq. 3.2: proton 2 eps_u + eps_d, neutron eps_u + 2 eps_d."""
    model = NonStandardInteractions(up={"e": 0.3, "mu": -0.1}, down={"e": 0.05})
    assert charges(model, "e") == pytest.approx((0.65, 0.4))
    assert charges(model, "mu") == pytest.approx((-0.2, -0.1))
    assert charges(model, "tau") == (0.0, 0.0)
    assert {(a.couplings, a.mediator) for a in model.amplitudes} == {((("coupling", 1),), None)}
    (scale,) = model.parameters
    assert (scale.number(None), scale.number(-2.0)) == (1.0, -2.0)


def test_what_couples_to_nothing_has_no_parameters():
    for nothing in (
        mediated("x", proton={}, neutron={"e": 0.0}),
        contact("x", proton={"mu": 0.0}, neutron={}),
        NonStandardInteractions(),
    ):
        assert nothing.parameters == nothing.amplitudes == ()


# --- refusals


@pytest.mark.parametrize(
    ("name", "closest"), [("universal-z", "universal"), ("B-L", "b-l"), ("lmu_ltau", "lmu-ltau"), ("SM", "sm")]
)
def test_unknown_models_name_the_closest(name, closest):
    with pytest.raises(UnknownNameError, match=f"unknown interaction '{name}'.*Did you mean '{closest}'"):
        get_interaction(name)


def test_error_text_is_not_quoted_as_a_key():
    with pytest.raises(KeyError) as error:
        get_interaction("nothing like it")
    assert str(error.value).startswith("unknown interaction")
    assert "Did you mean" not in str(error.value)


@pytest.mark.parametrize("model", [None, 3, Interaction])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(
        InputError, match=r"interaction must be a string or an Interaction, got .*; names: sm, universal, b-l"
    ):
        get_interaction(model)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (mediated, {"name": "", "proton": {}, "neutron": {}}, "name"),
        (mediated, {"name": "x", "proton": {"e": np.nan}, "neutron": {}}, "proton"),
        (mediated, {"name": "x", "proton": {}, "neutron": {"e": "one"}}, "neutron"),
        (VectorMediator, {"name": "x", "quarks": 1, "leptons": {}}, "quarks"),
        (VectorMediator, {"name": "x", "quarks": (1, 1, 1), "leptons": {}}, "quarks"),
        (VectorMediator, {"name": "x", "quarks": (np.inf, 1), "leptons": {}}, "Q'_u"),
        (NonStandardInteractions, {"up": {"e": np.nan}}, "up"),
        (NonStandardInteractions, {"up": 0.1}, "up must be a mapping, got 0.1; give numbers by flavour"),
        (mediated, {"name": "x", "proton": (1, 2), "neutron": {}}, "proton must be a mapping"),
        (mediated, {"name": "x", "proton": (("e", 1, 2),), "neutron": {}}, r"proton\[0\] must be a pair"),
        (VectorMediator, {"name": "x", "quarks": (1, 1), "leptons": (0, -3, 0)}, "leptons must be a mapping.*flavour"),
        (VectorMediator, {"name": "x", "quarks": {"u": 1, "d": 2}, "leptons": {}}, "two charges"),
        (VectorMediator, {"name": "x", "quarks": {1, 2}, "leptons": {}}, "two charges"),
        (NonStandardInteractions, {"down": 0.0}, "down must be a mapping"),
        (WeakCouplings, {"proton": 0.04, "neutron": -0.5, "source": ""}, "proton"),
        (WeakCouplings, {"proton": {}, "neutron": None, "source": ""}, "neutron must be one number"),
    ],
)
def test_models_that_are_refused(make, arguments, message):
    with pytest.raises(InputError, match=message):
        make(**arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weak": None}, "weak must be a WeakCouplings, got None"),
        ({"label": ["x"]}, r"label must be a string, got \['x'\]"),
        ({"description": 5}, "description must be a string"),
        ({"parameters": "mass"}, "parameters must be a sequence, got 'mass'"),
        ({"parameters": ["mass"]}, r"parameters\[0\] must be a Parameter, got 'mass'"),
        ({"parameters": (mass(), coupling(), mass())}, "same name: mass, coupling, mass"),
        ({"parameters": (mass(),)}, "an amplitude of 'b-l' has 'coupling', which is not among its parameters"),
        ({"parameters": (coupling(),)}, "an amplitude of 'b-l' has 'mass', which is not among its parameters"),
        (
            {"amplitudes": [Amplitude(("e", "e"), 1.0, 1e13)]},
            "has the number 1[0.]*, which is not allowed",
        ),
    ],
)
def test_changes_that_are_refused(change, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        get_interaction("b-l").replace(**change)


def test_weak_couplings_from_a_mapping():
    weak = WeakCouplings({"e": 0.04}, -0.5, "own")
    assert weak.of("e") == (0.04, -0.5)
    assert weak == WeakCouplings((("e", 0.04),), -0.5, "own")
    assert get_interaction("sm").replace(weak=weak) != get_interaction("sm")


def test_unknown_flavours_are_refused():
    with pytest.raises(UnknownNameError, match="lepton flavour 'muon'"):
        mediated("x", proton={"muon": 1}, neutron={})


def test_missing_charges_are_refused():
    with pytest.raises(InputError, match="no charge for the charged lepton 'tau'"):
        mediated("x", proton={}, neutron={}, leptons={"e": 1}).lepton_charge("tau")
    with pytest.raises(InputError, match="no standard-model proton coupling for flavour 'tau'"):
        WeakCouplings({"e": 0.04, "mu": 0.03}, -0.5, "no tau").of("tau")


def test_public_names_of_the_package():
    assert set(interactions.__all__) <= set(dir(interactions))


# --- what amplitudes add up to


POINT = {"mass": 20.0, "coupling": 5e-5}


@pytest.mark.parametrize("name", ["universal", "b-l", "lmu-ltau"])
def test_counts_are_quadratic_in_the_square_of_the_coupling(csi, name):
    """The third differences in g^2 vanish; those in g do not."""
    for space, vanish in ((lambda x: x**0.5, True), (lambda x: x, False)):
        # the loop of L_mu - L_tau is small
        g = (2e-2 if name == "lmu-ltau" else 2e-4) * space(np.arange(5) / 4)
        counts = csi.predict(name, 20.0, g).signal
        third = np.diff(counts, 3, axis=0)
        assert (np.abs(third).max() < 1e-11 * counts.max()) == vanish
        assert np.abs(np.diff(counts, 2, axis=0)).max() > 1e-3 * counts.max()


def test_contact_counts_are_quadratic_in_the_coupling(csi):
    counts = csi.predict(NonStandardInteractions(up={"e": 0.3, "mu": -0.1}), coupling=np.linspace(-2, 3, 6)).signal
    assert np.abs(np.diff(counts, 3, axis=0)).max() < 1e-11 * counts.max()


def test_monomials_are_squares_of_sums():
    """Amplitudes of one change of flavour interfere, those of different changes do not."""
    parts = [
        Amplitude(("e", "e"), 1.0, 2.0),
        Amplitude(("e", "e"), 3.0, -1.0, (("g", 1),)),
        Amplitude(("e", "mu"), 0.5j, 0.25, (("g", 1),)),
        Amplitude(("mu", "mu"), 7.0, 7.0),
    ]
    found = {m.couplings: m.coefficients.tolist() for m in monomials(parts, ["e"])}
    assert found == {
        (): [1.0, 4.0, 4.0],
        (("g", 1),): [6.0, 10.0, -4.0],
        (("g", 2),): [9.25, -6.0, 1.0625],
    }


@pytest.mark.parametrize("name", ["csi", "argon"])
def test_no_coupling_is_the_standard_model_to_the_last_bit(request, name):
    experiment = request.getfixturevalue(name)
    standard, chi2 = experiment.predict("sm").signal, experiment.chi2("sm")
    nsi = NonStandardInteractions(up={"e": 0.1})
    both = get_interaction("b-l") + get_interaction("lmu-ltau").renamed(mass="heavy", coupling="g")
    for found in (
        *(experiment.predict(n, 10.0, 0.0).signal for n in ("universal", "b-l", "lmu-ltau")),
        experiment.predict(nsi, coupling=0.0).signal,
        experiment.predict(both, 10.0, 0.0, heavy=100.0, g=0.0).signal,
    ):
        np.testing.assert_array_equal(found, standard)
    for found in (
        *(experiment.chi2(n, 10.0, 0.0) for n in ("universal", "b-l", "lmu-ltau")),
        experiment.chi2(nsi, coupling=0.0),
        experiment.chi2(both, 10.0, 0.0, heavy=100.0, g=0.0),
    ):
        assert found == pytest.approx(chi2, rel=1e-13)


def test_the_universal_interaction_is_the_sum_of_its_parts(csi):
    """Of its flavours and of its nucleons: equal names are one parameter."""
    flavours = ("e", "mu", "tau")
    parts = [mediated(f"{f} protons", proton={f: 3.0}, neutron={}) for f in flavours]
    parts += [mediated(f"{f} neutrons", proton={}, neutron={f: 3.0}) for f in flavours]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    assert total.own_names == ("mass", "coupling")
    assert total.name == "e protons + mu protons + tau protons + e neutrons + mu neutrons + tau neutrons"
    expected = csi.predict("universal", 20.0, [1e-5, 1e-4]).signal
    np.testing.assert_allclose(csi.predict(total, 20.0, [1e-5, 1e-4]).signal, expected, rtol=1e-12)
    assert csi.chi2(total, **POINT) == pytest.approx(csi.chi2("universal", **POINT), rel=1e-12)
    assert total.cross_section(30.0, "Ar-40", "mu", 10.0, **POINT) == pytest.approx(
        get_interaction("universal").cross_section(30.0, "Ar-40", "mu", 10.0, **POINT), rel=1e-14
    )


def test_interactions_of_different_parameters_interfere(argon):
    """One amplitude is the standard model plus both: the mixed term is what is missing of the sum."""
    first = get_interaction("b-l")
    second = get_interaction("universal").renamed(mass="heavy", coupling="g")
    total = first + second
    assert total.own_names == ("mass", "coupling", "heavy", "g")
    assert total.label == f"{first.label} + {second.label}"
    alone = argon.predict(first, 20.0, 1e-4).signal
    np.testing.assert_allclose(argon.predict(total, 20.0, 1e-4, heavy=50.0, g=0.0).signal, alone, rtol=1e-13)
    np.testing.assert_allclose(
        argon.predict(total, 20.0, 0.0, heavy=50.0, g=2e-4).signal,
        argon.predict("universal", 50.0, 2e-4).signal,
        rtol=1e-13,
    )
    # with equal masses, couplings g^2 (-1) + g'^2 3 act as one universal mediator
    mixed = argon.predict(total, 20.0, 1e-4, heavy=20.0, g=2e-4).signal
    as_one = argon.predict("universal", 20.0, math.sqrt((2e-4) ** 2 - 1e-8 / 3)).signal
    np.testing.assert_allclose(mixed, as_one, rtol=1e-12)
    bound = argon.bind(total)
    assert bound(20.0, 1e-4, 20.0, 2e-4) == pytest.approx(argon.bind("universal")(20.0, math.sqrt(4e-8 - 1e-8 / 3)))
    # what is given by place is not taken for the first parameters of the sum
    reordered = second.renamed(heavy="m2") + first
    assert reordered.own_names == ("m2", "g", "mass", "coupling")
    assert argon.chi2(reordered, 20.0, 1e-4, m2=50.0, g=2e-4) == pytest.approx(
        argon.chi2(total, 20.0, 1e-4, heavy=50.0, g=2e-4), rel=1e-12
    )


def test_sums_that_are_refused():
    first = get_interaction("b-l")
    with pytest.raises(InputError, match=r"'b-l' and 'nsi' both have a parameter 'coupling'.*renamed"):
        first + NonStandardInteractions(up={"e": 1.0})
    with pytest.raises(InputError, match=r"different weak couplings: replace\(weak=...\) one"):
        first + get_interaction("universal").replace(weak=TREE_LEVEL_COUPLINGS)
    with pytest.raises(TypeError):
        first + "universal"


def test_renamed_interactions_are_the_same(csi):
    heavy = get_interaction("b-l").renamed(mass="m_s", coupling="g_s")
    assert heavy.own_names == ("m_s", "g_s")
    assert get_interaction("b-l").own_names == ("mass", "coupling")
    assert csi.chi2(heavy, m_s=20.0, g_s=5e-5) == pytest.approx(csi.chi2("b-l", **POINT), rel=1e-13)
    assert csi.best_fit(heavy, mass=20.0).chi2 == pytest.approx(csi.best_fit("b-l", mass=20.0).chi2, rel=1e-12)
    with pytest.raises(UnknownNameError, match="unknown parameter 'cupling'; known: coupling, mass"):
        get_interaction("b-l").renamed(cupling="g")
    with pytest.raises(InputError, match="same name: mass, mass"):
        get_interaction("b-l").renamed(coupling="mass")
    with pytest.raises(InputError, match="mass is given, but interaction 'b-l' has none"):
        csi.chi2(heavy, mass=20.0, m_s=20.0, g_s=5e-5)


def test_renamed_parameters_have_labels_of_their_own():
    light, heavy = get_interaction("b-l"), get_interaction("universal").renamed(mass="mass_2", coupling="g_2")
    labels = [p.label for p in (light + heavy).parameters]
    assert labels == ["$M_{Z'}$", "$g_{Z'}$", "mass 2", "$g_{2}$"]
    # what keeps its name keeps its label
    assert [p.label for p in light.renamed(coupling="g", mass="mass").parameters] == ["$M_{Z'}$", "$g$"]


def test_axes_call_renamed_parameters_by_their_new_names(argon):
    total = get_interaction("b-l") + get_interaction("universal").renamed(mass="mass_2", coupling="g_2")
    found = argon.contour(total, x="coupling", y="g_2", mass=10.0, mass_2=100.0, bounds={"g_2": (0.0, 1e-3)})
    ax = found.plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$g_{Z'}$", "$g_{2}$")


def test_a_sum_with_common_names_is_two_exchanges_with_one_mass_and_one_coupling(argon):
    """Amplitudes add up, 3 x of one and -x of the other, and not charges, which would leave leptons without any."""
    universal, b_l = get_interaction("universal"), get_interaction("b-l")
    total = universal + b_l
    assert total.own_names == ("mass", "coupling")
    one = mediated("p = n = 2", proton=dict.fromkeys(LEPTONS, 2.0), neutron=dict.fromkeys(LEPTONS, 2.0))
    two = universal + b_l.renamed(mass="mass_2", coupling="g_2")
    point = {"mass": 10.0, "coupling": 5e-5}
    expected = argon.predict(total, **point).signal
    np.testing.assert_allclose(argon.predict(one, **point).signal, expected, rtol=1e-12)
    np.testing.assert_allclose(argon.predict(two, mass_2=10.0, g_2=5e-5, **point).signal, expected, rtol=1e-12)
    added = VectorMediator("4/3", quarks=(4 / 3, 4 / 3), leptons=dict.fromkeys(LEPTONS, 0.0))
    assert added.own_names == ()
    assert expected.sum() < 0.5 * argon.predict("sm").signal.sum()


def test_a_heavy_mediator_is_a_contact_interaction(csi):
    """g^2 / (sqrt(2) G_F m^2) scales the charges where q^2 is nothing beside m^2."""
    interaction, mass = get_interaction("universal"), 1e9
    g = 50.0
    scale = g**2 / (math.sqrt(2) * constants.FERMI_CONSTANT * mass**2)
    point = contact("heavy", proton=dict.fromkeys(LEPTONS, 3.0), neutron=dict.fromkeys(LEPTONS, 3.0))
    for found, expected in (
        (csi.predict(interaction, mass, 1e5 * g).signal, csi.predict(point, coupling=1e10 * scale).signal),
        (
            interaction.cross_section(30.0, "Xe-132", "e", 5.0, mass=mass, coupling=g),
            point.cross_section(30.0, "Xe-132", "e", 5.0, coupling=scale),
        ),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_exponents_are_those_of_the_monomials_of_every_neutrino():
    first = get_interaction("universal") + get_interaction("b-l").renamed(coupling="g")
    product = Interaction(
        "product", (coupling("g"), coupling("h")), [Amplitude(("e", "mu"), 1, 1, (("g", 1), ("h", 2)))]
    )
    for interaction in (*map(get_interaction, known_interactions()), first, product):
        found = {}
        for monomial in interaction.monomials(("e", "mu", "tau")):
            for name, power in monomial.couplings:
                found.setdefault(name, set()).add(power)
        assert {name: set(powers) for name, powers in interaction.exponents.items()} == found
    # numbers that vanish keep their place
    faint = mediated("faint", proton={"tau": 1e-300}, neutron={})
    assert set(faint.exponents["coupling"]) == {2, 4}


def test_interactions_that_differ_in_numbers_alone_have_one_structure(argon):
    first, second = (NonStandardInteractions(up={"e": number}) for number in (0.1, 0.3))
    other = NonStandardInteractions(up={"mu": 0.1})
    assert first.structure is second.structure
    assert first.structure is not other.structure
    assert len({argon.chi2(interaction) for interaction in (first, second, other)}) == 3
    # what was learned of others changes nothing: neither numbers that vanish nor those that are complex
    for proton in (0.0, 1e-70, 0.2, 0.2j):
        amplitudes = [Amplitude(pair, proton, 0.1, {"g": 1}) for pair in (("e", "mu"), ("mu", "e"))]
        found = Interaction("found", (coupling("g", default=1.0),), amplitudes).monomials(("e", "mu"))[-1]
        size = abs(proton) ** 2 if abs(proton) > 1e-60 else 0.0
        crossed = 2 * proton.real * 0.1 if size else 0.0
        np.testing.assert_allclose(found.coefficients, np.repeat([size, crossed, 0.01], 2), rtol=1e-12)


def test_the_line_of_an_interaction_is_the_same_for_every_flux(argon):
    """Electron neutrinos know nothing of L_mu - L_tau; the sum with data that do is searched all the same."""
    reactor = argon.replace(
        name="reactor", flux=cevns.fluxes.monochromatic(40.0, fluence=1e14, flavour="e"), backgrounds=()
    )
    fit = reactor.best_fit("lmu-ltau", mass=10.0)
    assert fit.chi2 == pytest.approx(reactor.chi2("sm"), rel=1e-12)
    assert reactor.limit("lmu-ltau", 10.0).excluded[0].size == 0
    total = argon + reactor
    assert total.chi2("lmu-ltau", 10.0, 1e-3) == pytest.approx(
        argon.chi2("lmu-ltau", 10.0, 1e-3) + reactor.chi2("sm"), rel=1e-12
    )
    assert total.best_fit("lmu-ltau", mass=10.0).coupling == pytest.approx(
        argon.best_fit("lmu-ltau", mass=10.0).coupling, rel=1e-6
    )


# --- against the oracle


def oracle_of(name, **changes):
    """Return the oracle's couplings for a weak mixing angle that is changed by some amount, as a contact addition."""
    found = reference.model(name)
    return found | {key: {f: v + changes.get(key, 0.0) for f, v in found[key].items()} for key in ("kp", "kn")}


@pytest.mark.parametrize("form_factor", ["helm", "klein-nystrand", "symmetrized-fermi"])
@pytest.mark.parametrize("name", known_interactions())
@pytest.mark.parametrize("flavour", ["e", "mu"])
def test_differential_cross_sections_are_those_of_the_oracle(name, flavour, form_factor):
    energy = np.array([5.0, 20.0, 29.8, 50.0])[:, None]
    recoil = np.geomspace(1e-3, 140.0, 40)
    point = {n: VALUES[n] for n in get_interaction(name).own_names}
    sigma = SIGMAS[name](**point)
    for theirs, ours in ((reference.CS133, "Cs-133"), (reference.I127, "I-127"), (reference.AR40, "Ar-40")):
        found = cross_section(name, energy, ours, flavour, recoil, form_factor=form_factor, **point)
        expected = 1e-3 * sigma(energy, 1e-3 * recoil, theirs, flavour, form_factor=form_factor)
        assert found.shape == (4, 40)
        np.testing.assert_array_equal(found == 0, expected == 0)
        # where the mediator cancels the weak amplitude, its square keeps the digits of what is cancelled
        scale = 1e-3 * reference.cross_section(energy, 1e-3 * recoil, theirs, flavour, reference.model("sm"))
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * scale.max())


@pytest.mark.parametrize("change", [-0.02, 0.005])
@pytest.mark.parametrize("name", ["sm", "universal"])
def test_the_weak_mixing_angle_against_the_oracle(name, change):
    """It moves g_V^p by minus twice itself."""
    point = {} if name == "sm" else {"mass": 12.0, "coupling": 2e-4}
    value = 0.23857 + change
    recoil = np.geomspace(0.1, 40.0, 20)
    found = cross_section(name, 40.0, "Ar-40", "mu", recoil, sin2_theta_w=value, **point)
    moved = get_interaction(name).replace(
        weak=WeakCouplings({"mu": reference.GVP["mu"] - 2 * change}, reference.GVN, "moved")
    )
    np.testing.assert_allclose(found, moved.cross_section(40.0, "Ar-40", "mu", recoil, **point), rtol=1e-12)
    if name == "sm":
        # a contact addition to g_V^p is the same for the oracle
        expected = reference.cross_section(40.0, 1e-3 * recoil, reference.AR40, "mu", oracle_of("sm", kp=-2 * change))
        np.testing.assert_allclose(found, 1e-3 * expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["csi", "argon"])
def test_counts_at_another_weak_mixing_angle_are_those_of_the_oracle(request, name):
    experiment = request.getfixturevalue(name)
    change = 0.01
    events = {"csi": reference.events_csi, "argon": reference.events_argon}[name]
    expected = events(oracle_of("sm", kp=-2 * change), method="fixed")
    found = experiment.predict("sm", sin2_theta_w=0.23857 + change).signal
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert abs(found.sum() / experiment.predict("sm").signal.sum() - 1) > 1e-3
    up, down = {"e": -2 * change * 2 / 3, "mu": -2 * change * 2 / 3}, {"e": 2 * change / 3, "mu": 2 * change / 3}
    np.testing.assert_allclose(found, experiment.predict(NonStandardInteractions(up=up, down=down)).signal, rtol=1e-12)


@pytest.mark.parametrize("radius", [3.2, 4.1])
def test_cross_sections_at_another_neutron_radius_are_those_of_the_oracle(radius):
    theirs = reference.AR40._replace(R_n=radius)
    ours = Nucleus("argon", 18, 22, theirs.mass, theirs.R_p, radius)
    recoil = np.geomspace(0.1, 40.0, 20)
    expected = 1e-3 * reference.cross_section(40.0, 1e-3 * recoil, theirs, "e", reference.model("sm"))
    np.testing.assert_allclose(cross_section("sm", 40.0, ours, "e", recoil), expected, rtol=1e-11)


@pytest.mark.parametrize(("name", "m"), [("sm", None), ("b-l", 0.01), ("b-l", 30.0), ("universal", 1e4)])
def test_total_cross_sections_are_integrals(name, m):
    from scipy import integrate

    point = {} if m is None else {"mass": m, "coupling": 1e-4}
    for energy in (1.0, 30.0):
        end = 2 * energy**2 / reference.AR40.mass

        def density(log, energy=energy):
            t = math.exp(log)
            return t * float(reference.cross_section(energy, t, reference.AR40, "e", reference.model(name), **point))

        pieces = np.linspace(math.log(1e-16 * end), math.log(end), 20)
        expected = sum(integrate.quad(density, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in itertools.pairwise(pieces))
        assert cross_section(name, energy, "Ar-40", "e", **point) == pytest.approx(expected, rel=1e-8)


def test_cross_sections_of_many_energies():
    found = cross_section("sm", [[10.0], [30.0]], "Ar-40", "mu")
    assert found.shape == (2, 1)
    assert found[1, 0] == cross_section("sm", 30.0, "Ar-40", "mu")
    assert isinstance(cross_section("sm", 30.0, "Ar-40", "mu", 1.0), float)


def test_a_change_of_flavour_adds_to_the_rate(argon):
    """Amplitudes that change the flavour do not interfere with the weak one, and final flavours are summed over."""
    changing = Interaction("changing", (coupling("eps", low=-1e3),), [Amplitude(("e", "tau"), 0.3, 0.6, (("eps", 1),))])
    for sign in (-1.0, 1.0):
        more = argon.predict(changing, eps=sign).signal - argon.predict("sm").signal
        assert (more >= 0).all()
        assert more.sum() > 10
        four = argon.predict(changing, eps=2 * sign).signal - argon.predict("sm").signal
        np.testing.assert_allclose(four, 4 * more, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "values", "message"),
    [
        (("b-l", 0.0, "Ar-40", "e"), POINT, "energy contains 0.0"),
        (("b-l", 30.0, "Ar-40", "x"), POINT, "unknown neutrino flavour 'x'"),
        (("b-l", 30.0, "Ar-41", "e"), POINT, "Ar-41"),
        (("b-l", 30.0, "Ar-40", "e", 0.0), POINT, "recoil_kev contains 0.0"),
        (("b-l", 30.0, "Ar-40", "e"), {"mass": 1.0}, "coupling is missing"),
        (("b-l", 30.0, "Ar-40", "e"), POINT | {"g": 1.0}, "unknown parameter 'g'"),
        (("b-l", 30.0, "Ar-40", "e"), POINT | {"mass": 0.0}, "massless mediator diverges: give recoil_kev"),
        (("sm", 30.0, "Ar-40", "e"), {"sin2_theta_w": 1.5}, "sin2_theta_w = 1.5 is not allowed"),
    ],
)
def test_cross_sections_that_are_refused(arguments, values, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        cross_section(*arguments, **values)


# --- what cannot be meant


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("e", "x"), 1.0, 1.0), "unknown neutrino flavour 'x'"),
        (("e", 1.0, 1.0), "flavours must be a sequence, got 'e'"),
        ((("e",), 1.0, 1.0), "flavours must be two"),
        ((("e", "e"), "1", 1.0), "proton of an amplitude must be"),
        ((("e", "e"), 1.0, np.inf), "neutron of an amplitude = inf is not allowed"),
        ((("e", "e"), 1.0, 1.0, ("x", 2)), r"couplings\[0\] must be a pair"),
        ((("e", "e"), 1.0, 1.0, (("x", -1),)), "power of x = -1 is not allowed"),
        ((("e", "e"), 1.0, 1.0, (("x", 0.5),)), "power of x must be a whole number"),
        ((("e", "e"), 1.0, 1.0, (("x", 0),)), "power of x = 0 is not allowed"),
        (
            (("e", "e"), 1.0, 1.0, (), None, "axial"),
            "unknown kinematics 'axial'; known: magnetic, pseudoscalar, scalar",
        ),
        ((("e", "e"), 1.0, 1.0, (), None, "tensor", "m"), "tensor know none"),
        ((("e", "e"), 1.0, 1.0, (), -1.0), r"mediator = -1\.0 is not allowed"),
        ((("e", "e"), 1.0, 1.0, (), None, "vector", 1e16), "final_mass = 1e"),
        ((("e", "e"), 1.0, 1.0, (), None, "vector", None, {"mu": 1}), "loop must be"),
    ],
)
def test_amplitudes_that_cannot_be_meant_are_refused(arguments, message):
    with pytest.raises(CevnsError, match=message):
        Amplitude(*arguments)


def test_spellings_of_one_amplitude():
    one = Amplitude(("e", "e"), 1.0, 1.0, (("x", 2),))
    assert Amplitude(["e", "e"], 1.0, 1.0, {"x": 2}) == one
    assert Amplitude(("e", "e"), 1.0, 1.0, (("x", 1), ["x", 1])) == one


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((mass(), coupling()), "no amplitude of 'mine' depends on its parameter 'mass'"),
        ((coupling(), Parameter("sin2_theta_w")), "'sin2_theta_w', which is taken"),
        ((coupling(), Parameter("rn_ar")), "'rn_ar', which is taken"),
        ((coupling(), Parameter("eta")), "'eta', which is taken"),
        ((coupling(unit="fm"),), "a parameter that is called 'coupling' must be a pure number"),
    ],
)
def test_parameters_that_cannot_be_meant_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        Interaction("mine", parameters, [Amplitude(("mu", "mu"), 0.0, 1.0, (("coupling", 2),))])


def test_fits_and_limits_stay_in_the_range_of_the_parameter():
    argon = cevns.load("coherent-argon-2020")

    def within(low, high, flavours=("e", "e")):
        amplitude = Amplitude(flavours, 1.0, 1.0, (("k", 1),))
        return Interaction("mine", [Parameter("k", default=0.0, low=low, high=high)], [amplitude])

    free, bound = argon.best_fit(within(-10.0, 10.0)), argon.best_fit(within(-0.05, 0.05))
    assert abs(free.coupling) > 0.05
    assert abs(bound.coupling) <= 0.05
    line = argon.chi2(within(-0.05, 0.05), k=np.linspace(-0.05, 0.05, 501))
    assert bound.chi2 == pytest.approx(line.min(), abs=1e-6)
    wide, narrow = (
        argon.limit(within(low, high), reference=free.chi2).excluded[0] for low, high in ((-10, 10), (-1, 1))
    )
    # what goes on to the end of a range is open there
    expected = np.array([i for i in wide if i[0] < 1 and i[1] > -1])
    expected[expected <= -1], expected[expected >= 1] = -np.inf, np.inf
    np.testing.assert_allclose(narrow, expected, rtol=1e-9)
    # only the square counts: both signs are excluded alike
    both = argon.limit(within(-10.0, 10.0, ("e", "mu"))).excluded[0]
    assert both.shape == (2, 2)
    np.testing.assert_allclose(both, -both[::-1, ::-1])
    assert both[0, 0] == -np.inf
    # the standard model excluded: one interval around it
    many = argon.replace(observed=[3 * n for n in argon.observed])
    excluded = many.limit(within(-10.0, 10.0, ("e", "mu"))).excluded[0]
    assert ((excluded[:, 0] < 0) & (excluded[:, 1] > 0)).sum() == 1


def test_a_signature_of_parameters_with_and_without_defaults():
    import inspect

    function = cevns.load("coherent-csi-2017").bind("b-l", free=["sin2_theta_w", "rn_csi"])
    assert list(inspect.signature(function).parameters) == ["mass", "coupling", "sin2_theta_w", "rn_csi"]


def test_odd_powers_keep_their_sign():
    argon = cevns.load("coherent-argon-2020")
    amplitudes = [Amplitude(("e", "e"), 0.3, 0.2, {"k": 3}), Amplitude(("mu", "e"), 0.1, 1.0, {"k": 3})]
    mine = Interaction("mine", [Parameter("k", default=0.0, low=-10.0, high=10.0)], amplitudes)
    curve = argon.limit(mine)
    level = curve.chi2_min + curve.delta_chi2
    line = np.linspace(-3.0, 3.0, 1201)
    inside = ((curve.excluded[0][:, :1] < line) & (line < curve.excluded[0][:, 1:])).any(axis=0)
    np.testing.assert_array_equal(inside, argon.chi2(mine, k=line) > level)
    assert np.isfinite(argon.best_fit(mine).coupling)


def test_two_couplings_are_no_mass_and_coupling():
    amplitudes = [Amplitude(("e", "e"), 0.1, 0.2, {"a": 1}), Amplitude(("mu", "mu"), 0.1, 0.2, {"b": 1})]
    mine = Interaction("mine", [Parameter(n, default=0.0, low=-10.0, high=10.0) for n in "ab"], amplitudes)
    argon = cevns.load("coherent-argon-2020")
    for ask in (argon.best_fit, argon.limit):
        with pytest.raises(InputError, match=r"has the couplings a, b, which all are free.* for example b=0"):
            ask(mine)
        assert ask(mine, b=0)


def test_a_mass_that_is_a_coupling_too_is_no_line():
    amplitudes = [Amplitude((f, f), 1e-3, 0.0, {"g": 1, "m": 1}, "m") for f in ("e", "mu")]
    mine = Interaction("mine", [coupling("g"), mass("m")], amplitudes)
    argon = cevns.load("coherent-argon-2020")
    masses = np.array([1.0, 20.0, 50.0])
    together = argon.chi2(mine, m=masses, g=3e-4)
    np.testing.assert_allclose(together, [argon.chi2(mine, m=float(m), g=3e-4) for m in masses], rtol=1e-12)
    assert np.ptp(together) > 1


def test_total_cross_sections_of_very_light_mediators_go_like_the_inverse_square_of_the_mass():
    sigma = [
        interactions.get_interaction("b-l").cross_section(30.0, "Ar-40", "e", mass=m, coupling=1e-6)
        for m in (1e-9, 1e-11)
    ]
    assert sigma[1] / sigma[0] == pytest.approx(1e4, rel=1e-6)


def test_radii_that_differ_between_experiments_have_no_default_in_common():
    argon = cevns.load("coherent-argon-2020")
    other = argon.replace(
        name="other",
        target=Target.of({Nucleus("Ar-40", 18, 22, argon.target.nuclei[0].mass, 3.448, 3.9): 1}, mass=24.0),
    )
    for both in (argon + other, other + argon):
        with pytest.raises(InputError, match="rn_ar is missing"):
            both.bind("sm", free=["rn_ar"])()
        assert both.chi2("sm") == pytest.approx(argon.chi2("sm") + other.chi2("sm"), abs=1e-9)


def test_interactions_have_a_sum():
    one, two = (interactions.get_interaction("b-l").renamed(mass=f"m{i}", coupling=f"g{i}") for i in (1, 2))
    assert sum([one, two]) == one + two


# --- names that arguments have


def takers():
    """Return the functions and methods of the package that take any names, and the name of what takes them."""
    found = {}
    for info in pkgutil.walk_packages(cevns.__path__, "cevns."):
        # these take no parameters of an interaction
        if info.name.split(".")[1] in ("kernels", "reference", "checks", "config", "cli", "figures", "__main__"):
            continue
        module = importlib.import_module(info.name)
        for thing in vars(module).values():
            if getattr(thing, "__module__", None) != module.__name__:
                continue
            for function in vars(thing).values() if inspect.isclass(thing) else [thing]:
                function = getattr(function, "__func__", function)
                if inspect.isfunction(function) and not function.__name__.startswith("_"):
                    parameters = inspect.signature(function).parameters.values()
                    kinds = {p.kind: p.name for p in parameters}
                    if inspect.Parameter.VAR_KEYWORD in kinds:
                        found[f"{module.__name__}.{function.__qualname__}"] = (
                            kinds[inspect.Parameter.VAR_KEYWORD],
                            {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)},
                        )
    return found


def test_no_parameter_has_the_name_of_an_argument_beside_it():
    """What takes parameters by name is told by what it calls them, which is nothing else anywhere."""
    found = takers()
    assert {name for name, _ in found.values()} <= {
        *("values", "fixed", "priors", "fields", "options", "changes", "names"),
    }
    by_name = {key: arguments for key, (name, arguments) in found.items() if name in ("values", "fixed", "priors")}
    assert {key.rpartition(".")[2] for key in by_name} >= {
        *("chi2", "at", "pulls", "predict", "bind", "asimov", "predictor", "counts"),
        *("cross_section", "recoil_spectrum", "recoil_events"),
    }
    # mass and coupling are arguments that are parameters; a parameter x may be an axis of a contour, and Python itself
    # refuses a second x
    assert set.union(*by_name.values()) - {"mass", "coupling", "x", "y"} == RESERVED


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_names_of_arguments_are_refused(name):
    message = f"called '{name}', which is taken: by an argument of functions that take .*; choose another name"
    with pytest.raises(InputError, match=message):
        Interaction("mine", (Parameter(name),), [Amplitude(("e", "e"), 1.0, 1.0, ((name, 1),))])
    with pytest.raises(InputError, match=message):
        get_interaction("b-l").renamed(coupling=name)


# --- many mediators


def many(n):
    """A sum of n mediators, and a point."""
    parts = [get_interaction("universal").renamed(mass=f"m{i}", coupling=f"g{i}") for i in range(n)]
    return sum(parts), {f"m{i}": 10.0 + i for i in range(n)} | {f"g{i}": 1e-5 * (1 + i) for i in range(n)}


def test_many_free_mediators_are_refused_with_the_remedy(argon):
    model, point = many(5)
    for call in (argon.chi2, argon.predict, argon.pulls, argon.signal.counts, argon.asimov):
        with pytest.raises(InputError, match=r"masses of 5 mediators, m0, m1, m2, m3, m4, .* at most 4 .* fix others"):
            call(model, **point)
    last = {name: point.pop(name) for name in ("m0", "g0")}
    bound = argon.bind(model, **last)
    counts = argon.predictor(model, **last)(**point)
    assert bound(**point) == pytest.approx(argon.with_data(argon.observed).bind(model, **point)(**last), rel=1e-9)
    parts = many(5)[0].amplitudes
    assert len(parts) == 15
    # as one interaction of the fixed numbers
    np.testing.assert_allclose(counts, argon.predictor(model, **point)(**last), rtol=1e-9)
    model, point = many(4)
    assert argon.chi2(model, **point) > 0
    with pytest.raises(InputError, match="masses of 4 mediators, m0, m1, m2, m3, and neutron radii are free at once"):
        argon.chi2(model, rn_ar=3.5, **point)
    with pytest.raises(InputError, match="4 mediators"):
        argon.bind(model, free=["rn_ar"])
    assert argon.bind(model, free=["rn_ar"], m0=point.pop("m0"))(**point, rn_ar=3.5) > 0


def test_many_mediators_without_a_detector(argon):
    model, point = many(9)
    for call, values in ((recoil_spectrum, [5.0]), (recoil_events, [5.0, 9.0])):
        with pytest.raises(InputError, match=r"9 mediators contribute at once, at most 8 can: .* coupling 0"):
            call(model, argon.flux, argon.target, values, **point)
        fewer = call(model, argon.flux, argon.target, values, **(point | {"g8": 0.0}))
        model8, point8 = many(8)
        np.testing.assert_allclose(fewer, call(model8, argon.flux, argon.target, values, **point8), rtol=1e-12)


def test_many_parameters_are_refused_with_the_remedy(argon):
    names = [f"x{i}" for i in range(25)]
    amplitudes = [Amplitude(("e", "e"), 1e-3, 1e-3, ((name, 1),)) for name in names]
    model = Interaction("many", [Parameter(name, default=0.0) for name in names], amplitudes)
    with pytest.raises(InputError, match=r"25 parameters are free at once, at most 24 can be: fix others"):
        argon.chi2(model)
    assert argon.bind(model, x3=0.0)() == pytest.approx(argon.chi2("sm"), rel=1e-12)


# --- cross sections at the ends of numbers


def test_shapes_of_a_cross_section_broadcast_or_are_named():
    with pytest.raises(InputError, match=r"energy of shape \(3,\) and recoil_kev of shape \(2,\) do not broadcast"):
        cross_section("sm", [1.0, 2.0, 3.0], "Ar-40", "mu", [1.0, 2.0])
    assert cross_section("sm", [[10.0], [20.0], [30.0]], "Ar-40", "mu", [1.0, 2.0]).shape == (3, 2)
    assert cross_section("sm", [], "Ar-40", "mu", []).shape == cross_section("sm", [], "Ar-40", "mu").shape == (0,)


@pytest.mark.parametrize("model", ["sm", "b-l"])
def test_cross_sections_of_tiny_energies(model):
    point = {} if model == "sm" else {"mass": 10.0, "coupling": 1e-4}
    for energy in (5e-324, 1e-300, 1e-200, 1e-162):
        assert cross_section(model, energy, "Ar-40", "mu", **point) == 0
        for recoil in (1e-323, 1e-310, 1e-5, 1.0, 1e300):
            assert cross_section(model, energy, "Ar-40", "mu", recoil, **point) == 0
    # sigma rises as E^2
    two = cross_section(model, [1e-100, 1e-8], "Ar-40", "mu", **point)
    assert two[0] / two[1] == pytest.approx(1e-184, rel=1e-9)


def test_cross_sections_of_huge_and_tiny_recoils():
    assert cross_section("sm", [30.0, 1e6], "Ar-40", "mu", 1e308).tolist() == [0, 0]
    flat = cross_section("sm", 30.0, "Ar-40", "mu", [1e-323, 1e-300, 1e-9])
    np.testing.assert_allclose(flat, flat[2], rtol=1e-9)
    with pytest.raises(InputError, match=r"recoil_kev = 1e-310 is beyond numbers"):
        cross_section("b-l", 30.0, "Ar-40", "mu", [1.0, 1e-310], mass=0.0, coupling=1e-3)


def test_spectra_and_events_at_the_ends_of_numbers(argon):
    source = argon.flux, argon.target
    massless = {"mass": 0.0, "coupling": 1e-4}
    np.testing.assert_array_equal(recoil_spectrum("sm", *source, [1e4, 1e155, 1e308]), 0.0)
    np.testing.assert_array_equal(recoil_spectrum("b-l", *source, [1e308], **massless), 0.0)
    flat = recoil_spectrum("sm", *source, [1e-323, 1e-300, 1e-9])
    np.testing.assert_allclose(flat, flat[2], rtol=1e-6)
    with pytest.raises(InputError, match=r"the spectrum at recoil_kev = 1e-310 is beyond numbers"):
        recoil_spectrum("b-l", *source, [1.0, 1e-310], **massless)
    whole = recoil_events("sm", *source, [0.0, 1.0, 1e3])
    np.testing.assert_allclose(recoil_events("sm", *source, [1e-310, 1.0, 1e308]), whole, rtol=1e-12)
    assert recoil_events("sm", *source, [1e3, 1e155, 1e308]).tolist() == [0, 0]
    tiny = recoil_events("sm", *source, [0.0, 1e-300])
    np.testing.assert_allclose(tiny, 1e-300 * flat[1], rtol=1e-9)
    with pytest.raises(InputError, match=r"edges_kev starts at 1e-310, where the events are beyond numbers"):
        recoil_events("b-l", *source, [1e-310, 1.0], **massless)


def test_a_mediator_without_a_coupling_contributes_nothing():
    expected = cross_section("sm", 30.0, "Ar-40", "mu")
    assert cross_section("b-l", 30.0, "Ar-40", "mu", mass=0.0, coupling=0.0) == expected
    assert cross_section("b-l", 30.0, "Ar-40", "mu", 1e-320, mass=0.0, coupling=0.0) > 0
    assert cross_section("lmu-ltau", 30.0, "Ar-40", "e", mass=0.0, coupling=1.0) == cross_section(
        "sm", 30.0, "Ar-40", "e"
    )
    two = get_interaction("b-l") + get_interaction("universal").renamed(mass="m2", coupling="g2")
    one = cross_section("b-l", 30.0, "Ar-40", "mu", mass=10.0, coupling=1e-4)
    assert cross_section(two, 30.0, "Ar-40", "mu", mass=10.0, coupling=1e-4, m2=0.0, g2=0.0) == pytest.approx(one)
    for small in (1e-4, 1e-200):
        with pytest.raises(InputError, match="massless mediator diverges"):
            cross_section("b-l", 30.0, "Ar-40", "mu", mass=0.0, coupling=small)


def test_total_cross_sections_of_very_light_mediators():
    """sigma is g^4 / m^2 as long as the integral follows; below, it is refused."""
    sizes = [cross_section("b-l", 30.0, "Ar-40", "mu", mass=m, coupling=1.0) * m**2 for m in (1e-10, 1e-20, 1e-28)]
    np.testing.assert_allclose(sizes, sizes[0], rtol=1e-9)
    for m in (1e-30, 1e-33, 1e-200):
        with pytest.raises(InputError, match=r"too light for a total cross section: give recoil_kev, or at least"):
            cross_section("b-l", 30.0, "Ar-40", "mu", mass=m, coupling=1.0)


# --- what a sum keeps


def test_a_sum_keeps_what_is_said_of_its_parts():
    one = VectorMediator("one", quarks=(1, 1), leptons={"e": 1}, description="first", reference="arXiv:1")
    two = VectorMediator("two", quarks=(1, 1), leptons={"mu": 2, "e": 1}, description="second", reference="arXiv:2")
    total = one + two
    assert (total.description, total.reference) == ("first; second", "arXiv:1; arXiv:2")
    assert dict(total.leptons) == {"e": 1.0, "mu": 2.0}
    assert (one + one.replace(name="again")).reference == "arXiv:1"
    sm = get_interaction("sm").replace(description="", reference="")
    assert ((one + sm).leptons, (sm + one).leptons) == (one.leptons, one.leptons)
    assert (one + sm).description == "first"
    nsi = NonStandardInteractions(up={"e": 0.1}).renamed(coupling="eps")
    assert magnetic_moment_shift(1.0, 1e-3, model=two + nsi) == magnetic_moment_shift(1.0, 1e-3, model=two)
    assert magnetic_moment_shift(1.0, 1e-3, model=nsi + two) == magnetic_moment_shift(1.0, 1e-3, model=two)


def test_several_mediators_have_no_charge_in_common(argon):
    """Their shifts add up, each with its own mass and coupling, which no single charge can say."""
    one = VectorMediator("one", quarks=(1, 1), leptons=LEPTONS)
    other = one.renamed(mass="m2", coupling="g2")
    shared = one.renamed(coupling="g2")
    for total in (one + other, one + shared, (one + other) + get_interaction("sm"), sum([one, other])):
        assert total.leptons == ()
        with pytest.raises(InputError, match="has several mediators, whose charges for the charged lepton 'mu'"):
            total.lepton_charge("mu")
    assert argon.chi2(one + other, 10.0, 1e-5, m2=20.0, g2=1e-5) > 0
    assert (one + other).replace(leptons={"mu": 2}).lepton_charge("mu") == 2


# --- names and units that files of results understand


def test_masses_are_in_mev():
    """A mass in another unit would be taken for one in MeV."""
    amplitudes = [Amplitude(("e", "e"), 1.0, 1.0, (("g", 2),), "m")]
    with pytest.raises(InputError, match="m is the mass of a mediator, whose unit must be MeV, got 'GeV': convert it"):
        Interaction("mine", [Parameter("m", "GeV"), Parameter("g")], amplitudes)
    assert Interaction("mine", [Parameter("m"), Parameter("g")], amplitudes).parameters[0].unit == "MeV"


def test_mass_and_coupling_are_what_they_are_called(argon, tmp_path):
    with pytest.raises(InputError, match="a parameter that is called 'mass' must be the mass of a mediator"):
        Interaction("mine", [Parameter("mass")], [Amplitude(("e", "e"), 1.0, 1.0, (("mass", 1),))])
    with pytest.raises(InputError, match="a parameter that is called 'coupling' must be a pure number"):
        get_interaction("b-l").renamed(mass="coupling", coupling="g")
    swapped = get_interaction("b-l").renamed(mass="m", coupling="g").renamed(m="mass", g="coupling")
    curve = argon.limit(swapped, 10.0)
    curve.save(tmp_path / "limit.csv")
    assert type(curve).load(tmp_path / "limit.csv") == curve


def test_the_weak_angle_is_no_mass():
    with pytest.raises(InputError, match="has the mediator 'sin2_theta_w', which is no mass"):
        Interaction("mine", [Parameter("g")], [Amplitude(("e", "e"), 1.0, 1.0, (("g", 2),), "sin2_theta_w")])
