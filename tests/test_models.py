"""Models: the registry's contract and the couplings of section 3 of arXiv:2008.05022."""

import math
import pickle

import numpy as np
import pytest

from cevns import constants, models
from cevns.errors import InputError, UnknownNameError
from cevns.models import (
    RADIATIVE_COUPLINGS,
    TREE_LEVEL_COUPLINGS,
    NonStandardInteractions,
    VectorMediator,
    VectorModel,
    WeakCouplings,
    get_model,
    known_models,
)


@pytest.fixture(params=known_models())
def model(request):
    return get_model(request.param)


# --- contract of every model in the registry


def test_names_are_those_of_the_registry(model):
    assert model.name in known_models()
    assert get_model(model) is model


def test_has_metadata(model):
    assert "arXiv:" in model.reference
    assert model.label
    assert model.description


def test_is_a_value(model):
    again = get_model(model.name)
    assert again == model
    assert hash(again) == hash(model)
    assert pickle.loads(pickle.dumps(model)) == model
    assert {model: 1}[again] == 1


def test_couplings_are_finite_for_the_flavours_of_the_beam(model):
    for flavour in ("e", "mu"):
        assert np.isfinite([*model.couplings(flavour), *model.weak.of(flavour)]).all()


def test_replace_changes_a_copy(model):
    tree = model.replace(weak=TREE_LEVEL_COUPLINGS)
    assert tree.weak.of("e") == (0.0229, -0.5)
    assert model.weak is RADIATIVE_COUPLINGS
    assert tree != model
    assert tree.couplings("mu") == model.couplings("mu")


def test_is_immutable(model):
    with pytest.raises(AttributeError):
        model.name = "other"


def test_mass_is_asked_for_only_where_it_matters(model):
    if model.name == "sm":
        assert not model.has_mass
        assert model.check_mass(None) == 0.0
        assert model.check_coupling(None) == 0.0
    else:
        assert model.has_mass
        with pytest.raises(InputError, match="mass is missing"):
            model.check_mass(None)
        with pytest.raises(InputError, match="coupling is missing"):
            model.check_coupling(None)


@pytest.mark.parametrize(
    "bad", [-1.0, np.nan, np.inf, 1e16, "heavy", None, [1.0, -1.0], 1j, np.array([1j]), [[1], [1, 2]]]
)
def test_refuses_masses_and_couplings(bad):
    model = get_model("universal")
    with pytest.raises(InputError, match="mass"):
        model.check_mass(bad)
    with pytest.raises(InputError, match="coupling"):
        model.check_coupling(bad)


# --- the models of the paper


def test_standard_model_couplings():
    """Eqs. 2.2-2.4."""
    weak = get_model("sm").weak
    assert weak.of("e") == (0.0401, -0.5094)
    assert weak.of("mu") == (0.0318, -0.5094)
    assert get_model("sm").couplings("e") == (0.0, 0.0)


def test_tree_level_proton_coupling_is_that_of_the_weak_angle():
    assert TREE_LEVEL_COUPLINGS.of("tau")[0] == pytest.approx(0.5 - 2 * 0.23855, abs=1e-12)


@pytest.mark.parametrize(("name", "expected"), [("universal", (3.0, 3.0)), ("b-l", (-1.0, -1.0)), ("sm", (0.0, 0.0))])
@pytest.mark.parametrize("flavour", ["e", "mu"])
def test_nucleon_couplings(name, expected, flavour):
    assert get_model(name).couplings(flavour) == pytest.approx(expected, abs=1e-15)


def test_lmu_minus_ltau_couples_to_muon_neutrinos_and_protons_by_a_loop():
    model = get_model("lmu-ltau")
    loop = -constants.FINE_STRUCTURE / (3 * math.pi) * math.log(constants.TAU_MASS**2 / constants.MUON_MASS**2)
    assert model.couplings("mu") == pytest.approx((loop, 0.0), rel=1e-14)
    assert loop == pytest.approx(-4.37e-3, abs=5e-6)
    assert model.couplings("e") == model.couplings("tau") == (0.0, 0.0)
    assert (model.lepton_charge("mu"), model.lepton_charge("tau")) == (1.0, -1.0)


@pytest.mark.parametrize("flavour", ["e", "mu", "tau"])
def test_vector_mediator_charges(flavour):
    """kp = Q'_l (2 Q'_u + Q'_d) and kn = Q'_l (Q'_u + 2 Q'_d), eq. 3.3."""
    charges = {"e": 0.5, "mu": -2.0, "tau": 3.0}
    model = VectorMediator("own", quarks=(0.2, -0.7), leptons=charges)
    assert model.couplings(flavour) == pytest.approx(
        (charges[flavour] * (2 * 0.2 - 0.7), charges[flavour] * (0.2 - 2 * 0.7)), rel=1e-14
    )
    assert model.lepton_charge(flavour) == charges[flavour]
    assert model.has_mass


def test_vector_mediator_makes_the_built_in_ones():
    leptons = {"e": 1, "mu": 1, "tau": 1}
    universal = VectorMediator("universal", quarks=(1, 1), leptons=leptons)
    assert universal.couplings("e") == get_model("universal").couplings("e")
    assert VectorMediator("b-l", quarks=(1 / 3, 1 / 3), leptons=dict.fromkeys(leptons, -1)).couplings("mu") == (
        pytest.approx(get_model("b-l").couplings("mu"), rel=1e-15)
    )


def test_non_standard_interactions():
    """Eq. 3.2: proton 2 eps_u + eps_d, neutron eps_u + 2 eps_d."""
    model = NonStandardInteractions(up={"e": 0.3, "mu": -0.1}, down={"e": 0.05})
    assert model.couplings("e") == pytest.approx((0.65, 0.4))
    assert model.couplings("mu") == pytest.approx((-0.2, -0.1))
    assert model.couplings("tau") == (0.0, 0.0)
    assert not model.has_mass
    assert model.check_coupling(None) == 1.0
    assert model.check_coupling(-2.0) == -2.0
    assert model.strength(-2.0) == -2.0


def test_strength_of_a_mediator_is_the_square_of_its_coupling():
    assert get_model("b-l").strength(3e-3) == pytest.approx(9e-6)


# --- refusals


@pytest.mark.parametrize(
    ("name", "closest"), [("universal-z", "universal"), ("B-L", "b-l"), ("lmu_ltau", "lmu-ltau"), ("SM", "sm")]
)
def test_unknown_models_name_the_closest(name, closest):
    with pytest.raises(UnknownNameError, match=f"unknown model '{name}'.*Did you mean '{closest}'"):
        get_model(name)


def test_error_text_is_not_quoted_as_a_key():
    with pytest.raises(KeyError) as error:
        get_model("nothing like it")
    assert str(error.value).startswith("unknown model")
    assert "Did you mean" not in str(error.value)


@pytest.mark.parametrize("model", [None, 3, VectorModel])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(InputError, match=r"model must be a string or a VectorModel, got .*; names: sm, universal, b-l"):
        get_model(model)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (VectorModel, {"name": "", "proton": {}, "neutron": {}}, "name"),
        (VectorModel, {"name": "x", "proton": {"e": np.nan}, "neutron": {}}, "proton"),
        (VectorModel, {"name": "x", "proton": {}, "neutron": {"e": "one"}}, "neutron"),
        (VectorMediator, {"name": "x", "quarks": 1, "leptons": {}}, "quarks"),
        (VectorMediator, {"name": "x", "quarks": (1, 1, 1), "leptons": {}}, "quarks"),
        (VectorMediator, {"name": "x", "quarks": (np.inf, 1), "leptons": {}}, "Q'_u"),
        (NonStandardInteractions, {"up": {"e": np.nan}}, "up"),
        (NonStandardInteractions, {"up": 0.1}, "up must be a mapping, got 0.1; give numbers by flavour"),
        (VectorModel, {"name": "x", "proton": (1, 2), "neutron": {}}, "proton must be a mapping"),
        (VectorModel, {"name": "x", "proton": (("e", 1, 2),), "neutron": {}}, r"proton\[0\] must be a pair"),
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
        ({"mediated": "no"}, "mediated must be True or False, got 'no'"),
    ],
)
def test_changes_that_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        get_model("b-l").replace(**change)


def test_weak_couplings_from_a_mapping():
    weak = WeakCouplings({"e": 0.04}, -0.5, "own")
    assert weak.of("e") == (0.04, -0.5)
    assert weak == WeakCouplings((("e", 0.04),), -0.5, "own")
    assert hash(get_model("sm").replace(weak=weak)) != hash(get_model("sm"))


@pytest.mark.parametrize("check", ["check_mass", "check_coupling"])
@pytest.mark.parametrize("value", [[1.0, 2.0], np.array([1.0]), []])
def test_single_values(check, value):
    check = getattr(get_model("b-l"), check)
    assert check(3, single=True) == 3.0
    assert check(value).shape == np.shape(value)
    with pytest.raises(InputError, match="must be one number"):
        check(value, single=True)


def test_unknown_flavours_are_refused():
    with pytest.raises(UnknownNameError, match="lepton flavour 'muon'"):
        VectorModel("x", proton={"muon": 1}, neutron={})


def test_missing_charges_are_refused():
    with pytest.raises(InputError, match="no charge for the charged lepton 'tau'"):
        VectorModel("x", proton={}, neutron={}, leptons={"e": 1}).lepton_charge("tau")
    with pytest.raises(InputError, match="no standard-model proton coupling for flavour 'tau'"):
        WeakCouplings({"e": 0.04, "mu": 0.03}, -0.5, "no tau").of("tau")


def test_public_names_of_the_package():
    assert set(models.__all__) <= set(dir(models))
