"""Parameters: ranges, units and defaults, and the checks of their values; which of them a function takes."""

import math
import pickle

import numpy as np
import pytest

from cevns.errors import InputError, UnknownNameError
from cevns.interactions import NonStandardInteractions
from cevns.parameters import (
    LARGEST_COUPLING,
    LARGEST_MASS,
    Parameter,
    broadcast,
    choose,
    chosen,
    common_shape,
    coupling,
    mass,
    needed,
)

ANGLE = Parameter("sin2_theta_w", default=0.25, low=0.0, high=1.0, origin=0.25)


# --- one parameter


def test_a_parameter_is_a_value():
    assert mass() == mass()
    assert hash(mass()) == hash(mass())
    assert pickle.loads(pickle.dumps(mass())) == mass()
    assert mass("m_s") != mass()
    with pytest.raises(AttributeError):
        mass().low = -1.0
    assert coupling().replace(default=0.0).number(None) == 0.0


def test_labels_have_units():
    assert mass().axis_label == "$M_{Z'}$ [MeV]"
    assert coupling().axis_label == "$g_{Z'}$"
    assert Parameter("rn_cs", "fm").axis_label == "rn cs [fm]"


def test_numbers_become_floats():
    for value in (10, 10.0, np.float64(10), np.float32(10), np.array(10)):
        found = mass().number(value)
        assert (type(found), found) == (float, 10.0)
    assert ANGLE.number(None) == 0.25
    assert (mass().number(0), mass().number(LARGEST_MASS)) == (0.0, LARGEST_MASS)
    assert (coupling().number(0.0), coupling().number(LARGEST_COUPLING)) == (0.0, LARGEST_COUPLING)


@pytest.mark.parametrize(
    "bad", [-1.0, math.nan, math.inf, 1e16, 10**400, "heavy", b"1", True, [1.0], [], np.ones(1), 1j, None, object()]
)
@pytest.mark.parametrize("parameter", [mass(), coupling()], ids=["mass", "coupling"])
def test_what_is_no_number_is_refused(parameter, bad):
    with pytest.raises(InputError, match=f"^{parameter.name} "):
        parameter.number(bad)


@pytest.mark.parametrize(
    "bad", [-1.0, math.nan, [1.0, -1.0], [1.0, 1e16], "heavy", ["a"], 1j, np.array([1j]), [[1], [1, 2]], None, {1.0}]
)
def test_what_are_no_values_is_refused(bad):
    with pytest.raises(InputError, match=r"^mass "):
        mass().values(bad)


def test_messages_name_value_range_and_unit():
    with pytest.raises(InputError, match=r"^mass = -1 is not allowed: it must be finite and at least 0 MeV"):
        mass().number(-1)
    with pytest.raises(InputError, match=r"^mass is missing: give a number in MeV$"):
        mass().number(None)
    with pytest.raises(InputError, match=r"^coupling is missing: give a number$"):
        coupling().number(None)
    with pytest.raises(InputError, match=r"^sin2_theta_w = 1.5 is not allowed: .*at most 1"):
        ANGLE.number(1.5)


def test_values_keep_their_shape():
    assert mass().values(3) == 3.0
    for shape in ((0,), (1,), (2, 3), ()):
        assert np.shape(mass().values(np.full(shape, 2))) == shape
    np.testing.assert_array_equal(ANGLE.values(None), 0.25)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "name of a parameter"),
        ({"name": 3}, "name of a parameter"),
        ({"name": "rn cs"}, r"name of a parameter = 'rn cs' is not allowed: it must be usable as a keyword"),
        ({"name": "g", "unit": 3}, "unit must be a string"),
        ({"name": "g", "scale": "lin"}, "unknown scale 'lin'.*Did you mean 'linear'"),
    ],
)
def test_parameters_that_are_refused(fields, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        Parameter(**fields)


# --- many at once


def test_broadcast_values_are_rows():
    shape, rows = broadcast([mass(), coupling(), ANGLE], {"coupling": [0.1, 0.2, 0.3], "mass": [[1.0], [2.0]]})
    assert shape == (2, 3)
    np.testing.assert_array_equal(rows[:, 0], [1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(rows[:, 1], [0.1, 0.2, 0.3] * 2)
    np.testing.assert_array_equal(rows[:, 2], 0.25)
    assert rows.flags.c_contiguous
    assert broadcast([], {})[1].shape == (1, 0)
    assert broadcast([mass()], {"mass": []})[1].shape == (0, 1)
    shape, rows = broadcast([mass()], {"mass": 3})
    assert (shape, rows.tolist()) == ((), [[3.0]])


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(InputError, match=r"^mass of shape \(3,\) and coupling of shape \(2,\) do not broadcast"):
        common_shape({"mass": np.ones(3), "g": 1.0, "coupling": np.ones(2)})
    with pytest.raises(InputError, match="coupling is missing"):
        broadcast([mass(), coupling()], {"mass": 1.0})


def test_functions_take_their_own_parameters_then_those_asked_for():
    known = (mass(), coupling(), ANGLE, Parameter("rn_ar", "fm", default=3.5))
    own = ["mass", "coupling"]

    def names(free=(), **fixed):
        return [p.name for p in choose(known, own, free, fixed)]

    assert names() == own
    assert names(mass=1.0) == ["coupling"]
    assert names(["rn_ar"]) == ["mass", "coupling", "rn_ar"]
    assert names(["rn_ar", "sin2_theta_w"], coupling=1.0) == ["mass", "rn_ar", "sin2_theta_w"]
    assert names(["mass", "rn_ar"]) == ["mass", "coupling", "rn_ar"]
    with pytest.raises(InputError, match=r"rn_ar cannot be free and have the value 3.0: leave one out"):
        names(["rn_ar"], rn_ar=3.0)
    with pytest.raises(UnknownNameError, match=r"unknown parameter 'rn_at'.*Did you mean 'rn_ar'"):
        names(["rn_at"])
    with pytest.raises(UnknownNameError, match="unknown parameter 'radius'"):
        names(radius=3.0)


def test_names_and_values_are_checked_before_they_are_kept():
    known = (mass(), ANGLE)
    assert chosen(known, ["mass"], {"sin2_theta_w": np.float32(0.5)}) == (("mass",), {"sin2_theta_w": 0.5})
    assert chosen(known, "mass", {}) == (("mass",), {})
    for free, fixed, message in (
        (3, {}, "free must be a sequence"),
        ([3], {}, r"free\[0\] must be a string"),
        (["m"], {}, "unknown parameter 'm'"),
        ([], {"sin2_theta_w": [0.2, 0.3]}, "sin2_theta_w must be one number"),
        ([], {"sin2_theta_w": math.nan}, "sin2_theta_w = nan is not allowed"),
        ([], {"g": 1.0}, "unknown parameter 'g'"),
    ):
        with pytest.raises((InputError, UnknownNameError), match=message):
            chosen(known, free, fixed)


def test_zero_and_none_stand_for_what_an_interaction_does_not_have():
    assert needed({"mass": 0, "coupling": None, "rn_ar": 3.0}, [], "sm") == {"rn_ar": 3.0}
    assert needed({"mass": [0.0, 0.0]}, [], "sm") == {}
    assert needed({"mass": 0, "coupling": 0}, ["mass", "coupling"], "b-l") == {"mass": 0, "coupling": 0}
    with pytest.raises(InputError, match=r"^coupling is given, but interaction 'sm' has none: leave it out$"):
        needed({"coupling": 1e-5}, [], "sm")
    with pytest.raises(InputError, match=r"^mass is given, but"):
        needed({"mass": [0.0, 1.0]}, ["coupling"], "nsi")


@pytest.mark.parametrize("call", ["chi2", "pulls", "predict"])
def test_calls_with_superfluous_zeros_serve_every_interaction(both, call):
    nsi = NonStandardInteractions(up={"e": 0.2})

    def ask(*arguments, **named):
        found = getattr(both, call)(*arguments, **named)
        if call == "predict":
            return [prediction.signal.tolist() for prediction in found.values()]
        return found

    for arguments in ((0.0, 0.0), (0, 0), (None, None), (0.0, None), (np.zeros(()), 0)):
        assert ask("sm", *arguments) == ask("sm")
    for arguments in ((0.0, 0.3), (0, 0.3), (None, 0.3)):
        assert ask(nsi, *arguments) == ask(nsi, coupling=0.3)
    for arguments, word in ((("sm", 10.0), "mass"), (("sm", None, 1e-4), "coupling"), ((nsi, 10.0, 0.3), "mass")):
        with pytest.raises(InputError, match=f"^{word} is given, but interaction '(sm|nsi)' has none: leave it out"):
            ask(*arguments)
    with pytest.raises((UnknownNameError, InputError), match=r"unknown parameter 'rn_xe'; known: .*rn_cs"):
        ask("sm", rn_xe=5.0)
