"""Interactions: the registry's contract, the amplitudes of section 3 of arXiv:2008.05022, and what they add up to."""

import copy
import dataclasses
import math
import pickle

import numpy as np
import pytest

import cevns
from cevns import constants, interactions
from cevns.errors import InputError, UnknownNameError
from cevns.interactions import (
    RADIATIVE_COUPLINGS,
    TREE_LEVEL_COUPLINGS,
    Amplitude,
    Interaction,
    NonStandardInteractions,
    VectorMediator,
    WeakCouplings,
    contact,
    get_interaction,
    known_interactions,
    mediated,
    monomials,
)
from cevns.parameters import Parameter, coupling, mass

LEPTONS = {"e": 1, "mu": 1, "tau": 1}


def charges(interaction, flavour):
    """Return what one amplitude of a flavour multiplies for protons and neutrons; zeros if there is none."""
    found = [(a.proton, a.neutron) for a in interaction.amplitudes if a.flavours == (flavour, flavour)]
    return found[0] if found else (0.0, 0.0)


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


@dataclasses.dataclass(frozen=True)
class Noted(Interaction):
    note: str = "of a user"


def test_kinds_of_interactions_of_ones_own_are_copied_as_they_are(argon):
    mine = Noted("mine", (coupling("g", default=1.0),), [Amplitude(("e", "e"), 0.1, 0.1, {"g": 1})], note="mine")
    for other in (pickle.loads(pickle.dumps(mine)), copy.copy(mine), copy.deepcopy(mine)):
        assert type(other) is Noted
        assert other == mine
        assert argon.chi2(other) == argon.chi2(mine)


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
