"""Parameters: ranges, units and defaults, and the checks of their values; which of them a function takes."""

import math
import pickle

import numpy as np
import pytest

from cevns.errors import InputError, UnknownNameError
from cevns.interactions import NonStandardInteractions, cross_section, get_interaction
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
from cevns.plotting import checked_label
from cevns.predictions import recoil_events, recoil_spectrum
from cevns.units import typeset

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


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("MeV", "MeV"),
        ("mu_B", r"$\mu_B$"),
        ("1e-9 mu_B", r"$10^{-9}$ $\mu_B$"),
        ("1e-32 cm2", "$10^{-32}$ cm$^2$"),
        ("2.5e+06 m^-2", r"$2.5 \times 10^6$ m$^{-2}$"),
        ("1/keVee", r"1/keV$_\mathrm{ee}$"),
        ("events/keVnr", r"events/keV$_\mathrm{nr}$"),
        ("GeV-2", "GeV$^{-2}$"),
        ("e", "$e$"),
        ("PE", "PE"),
        # of what is not known, and of mathematics, nothing is touched
        ("cm2_of_mine", "cm2_of_mine"),
        ("smu_B", "smu_B"),
        ("10 m", "10 m"),
        ("$10^{-32}$ cm2", "$10^{-32}$ cm2"),
    ],
)
def test_units_are_typeset(unit, shown):
    assert typeset(unit) == shown
    assert checked_label(Parameter("x", unit, "$x$").axis_label) == f"$x$ [{shown}]"


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
        ({"name": "g", "unit": "a\nb"}, r"unit of g = 'a\\nb' is not allowed: it must be one line of text"),
        ({"name": "g", "scale": "lin"}, "unknown scale 'lin'.*Did you mean 'linear'"),
        ({"name": "g", "scale": ["log"]}, r"unknown scale \['log'\]"),
        ({"name": "lambda"}, "name of a parameter = 'lambda' is not allowed: it must be usable as a keyword"),
        ({"name": "\ufb01"}, "is not allowed: it must be usable as a keyword"),
        ({"name": "g", "label": None}, "label must be a string, got None"),
        ({"name": "g", "label": b"g"}, "label must be a string"),
        ({"name": "g", "low": True}, "low of g must be one number, got True"),
        ({"name": "g", "low": "0"}, "low of g must be one number, got '0'"),
        ({"name": "g", "high": [1.0]}, "high of g must be one number"),
        ({"name": "g", "high": 10**400}, "high of g must be one number up to"),
        ({"name": "g", "low": math.nan}, "low of g = nan is not allowed"),
        ({"name": "g", "low": math.inf}, "range of g is not allowed"),
        ({"name": "g", "default": True}, "g must be one number, got True"),
        ({"name": "g", "default": [1.0]}, "g must be one number"),
        ({"name": "g", "origin": None}, "origin of g must be one number, got None"),
        ({"name": "g", "origin": "0"}, "origin of g must be one number, got '0'"),
        ({"name": "g", "origin": True}, "origin of g must be one number, got True"),
        ({"name": "g", "origin": [0.0]}, "origin of g must be one number"),
        ({"name": "g", "origin": 1j}, "origin of g must be one number"),
        ({"name": "g", "origin": math.nan}, "origin of g = nan is not allowed: it must be finite"),
        ({"name": "g", "origin": -math.inf}, "origin of g = -inf is not allowed: it must be finite"),
        ({"name": "g", "prior": (0.0, math.nan)}, "prior of g contains nan"),
        ({"name": "g", "prior": "ab"}, "prior of g must be an array of numbers"),
    ],
)
def test_parameters_that_are_refused(fields, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        Parameter(**fields)


def test_numbers_of_a_parameter_are_floats_whatever_was_given():
    given = Parameter("g", low=np.int64(-2), high=np.float32(4), default=np.array(1), origin=np.int8(1), prior=[0, 1])
    assert given == Parameter("g", low=-2.0, high=4.0, default=1.0, origin=1.0, prior=(0.0, 1.0))
    values = [given.low, given.high, given.default, given.origin, *given.prior]
    assert [type(value) for value in values] == 6 * [float]
    assert Parameter("g", low=np.float32(-math.inf)).low == -math.inf
    assert Parameter("\u03b5").name == "\u03b5"


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
    with pytest.raises(InputError, match="mass has 64 axes, more than NumPy broadcasts at once"):
        common_shape({"mass": np.ones((1,) * 64), "coupling": 1.0})
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
    assert names(["mass", "rn_ar"]) == ["coupling", "mass", "rn_ar"]
    assert names(["rn_ar", "coupling", "mass"]) == ["rn_ar", "coupling", "mass"]


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
        (["masss"], {}, "unknown parameter 'masss'.*Did you mean 'mass'"),
        (["mass"], {"mass": 3.0}, "mass cannot be free and have the value 3.0: leave one out"),
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


@pytest.mark.parametrize(
    "call",
    [
        lambda argon, *given, **named: argon.asimov(*given, **named).observed,
        lambda argon, *given, **named: argon.bind(*given, **named)(),
        lambda argon, *given, **named: argon.predictor(*given, **named)().tolist(),
        lambda argon, *given, **named: argon.signal.predictor(*given, **named)().tolist(),
        lambda argon, *given, **named: argon.signal.counts(*given, **named).tolist(),
        lambda argon, *given, **named: cross_section(given[0], 30.0, "Ar-40", "mu", **named),
        lambda argon, *given, **named: get_interaction(given[0]).cross_section(30.0, "Ar-40", "mu", 5.0, **named),
        lambda argon, *given, **named: recoil_spectrum(given[0], argon.flux, argon.target, [5.0], **named).tolist(),
        lambda argon, *given, **named: recoil_events(given[0], argon.flux, argon.target, [5.0, 9.0], **named).tolist(),
    ],
    ids=["asimov", "bind", "predictor", "signal.predictor", "counts", "total", "differential", "spectrum", "events"],
)
def test_whatever_takes_parameters_by_name_takes_superfluous_zeros(argon, call):
    nsi = NonStandardInteractions(up={"e": 0.2})
    for named in ({"mass": 0}, {"mass": 0.0, "coupling": 0}, {"coupling": None}, {"mass": None, "coupling": None}):
        assert call(argon, "sm", **named) == call(argon, "sm")
    assert call(argon, nsi, mass=0, coupling=0.3) == call(argon, nsi, coupling=0.3)
    for model, name in (("sm", "mass"), ("sm", "coupling"), (nsi, "mass")):
        with pytest.raises(InputError, match=f"^{name} is given, but interaction '(sm|nsi)' has none: leave it out"):
            call(argon, model, **{"coupling": 0.3} if model is nsi else {}, **{name: 1e-3})


def test_a_parameter_without_a_value_is_not_fixed(argon):
    for make in (argon.bind, argon.predictor):
        with pytest.raises(InputError, match="mass is missing"):
            make("b-l", mass=None)


def test_asimov_data_are_of_one_point(argon):
    with pytest.raises(InputError, match=r"asimov takes one value of each parameter, got values of shape \(2,\)"):
        argon.asimov("b-l", mass=[10.0, 20.0], coupling=1e-5)
    with pytest.raises(InputError, match=r"asimov takes one value of each parameter, got values of shape \(2,\)"):
        argon.asimov("sm", rn_ar=[3.3, 3.4])
