"""What users hand in: numbers that would lose their meaning, values out of range, arguments that nothing takes."""

import array
import collections
import datetime
import decimal
import fractions

import numpy as np
import pytest

from cevns import Background, checks, fluxes, predictions
from cevns.detectors import (
    Efficiency,
    GaussianResolution,
    LindhardQuenching,
    LinearQuenching,
    PolynomialQuenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import InputError
from cevns.interactions import NonStandardInteractions, VectorMediator, WeakCouplings
from cevns.nuclei import Nucleus, Target, nucleus
from cevns.nuclei.form_factors import FormFactor


class Quantity:
    """A number with a unit that converts itself to a float, as those of several packages do."""

    def __init__(self, value, attribute="unit"):
        self.value = value
        setattr(self, attribute, "GeV")

    def __float__(self):
        return float(self.value)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.value, dtype=dtype)


class UnitArray(np.ndarray):
    """An array with a unit, of which NumPy would keep the array alone."""

    unit = "GeV"


class Wrapped:
    """An object whose array is not a plain one, with a type of numbers as arrays have it."""

    def __init__(self, inside):
        self.inside, self.dtype = inside, np.dtype(float)

    def __array__(self, dtype=None, copy=None):
        if self.inside is None:
            raise RuntimeError("needs no_grad")
        return self.inside


def misaligned(values):
    """Return doubles at odd addresses, as a packed binary file holds them."""
    raw = np.empty(8 * len(values) + 1, dtype=np.uint8)[1:]
    out = raw.view(np.float64)
    out[:] = values
    assert not out.flags.aligned
    return out


NUMBERS = {
    "float": 2.0,
    "int": 2,
    "int8": np.int8(2),
    "uint64": np.uint64(2),
    "half": np.float16(2),
    "long double": np.longdouble(2),
    "no axes": np.array(2.0),
    "whole number without axes": np.array(2),
    "object without axes": np.array(fractions.Fraction(4, 2), dtype=object),
    "decimal": decimal.Decimal("2.0"),
    "fraction": fractions.Fraction(4, 2),
}
ARRAYS = {
    "list": [2, 4.0],
    "tuple": (2, decimal.Decimal(4)),
    "range": range(2, 5, 2),
    "deque": collections.deque([2, 4]),
    "standard library": array.array("f", [2, 4]),
    "unsigned": np.array([2, 4], dtype=np.uint64),
    "half": np.array([2, 4], dtype=np.float16),
    "long double": np.array([2, 4], dtype=np.longdouble),
    "other byte order": np.array([2.0, 4.0], dtype=np.dtype(float).newbyteorder()),
    "every second": np.array([2.0, 0.0, 4.0])[::2],
    "backwards": np.array([4.0, 2.0])[::-1],
    "misaligned": misaligned([2.0, 4.0]),
    "arrays in a list": [np.array(2.0), np.float32(4)],
    "objects": np.array([2, fractions.Fraction(4)], dtype=object),
    "object with an array": Wrapped(np.array([2.0, 4.0])),
    "view": memoryview(np.array([2.0, 4.0])),
    "view of small integers": memoryview(np.array([2, 4], dtype=np.int8)),
}
MASK = np.ma.array([2.0, 999.0], mask=[False, True])
NOT_NUMBERS = {
    "unit": Quantity(2.0),
    "units": Quantity(2.0, "units"),
    "dimensionality": Quantity(2.0, "dimensionality"),
    "array with a unit": np.array(2.0).view(UnitArray),
    "masked": np.ma.masked,
    "complex": 2 + 0j,
    "complex128": np.complex128(2),
    "bool": True,
    "bool_": np.bool_(1),
    "text": "10",
    "bytes": b"10",
    "datetime64": np.datetime64("2020-01-01"),
    "timedelta64": np.timedelta64(2, "s"),
    "date": datetime.date(2020, 1, 1),
    "timedelta": datetime.timedelta(seconds=2),
    "None": None,
    "object": object(),
    "too large": 10**400,
    "too long to be written": 10**5000,
}
NOT_ARRAYS = {
    "set": {2.0},
    "mapping": {2.0: 1},
    "generator": (x for x in [2.0]),
    "masked array": MASK,
    "array with units": np.array([2.0]).view(UnitArray),
    "wrapped array": Quantity(np.array([2.0, 3.0])),
    "complex array": np.array([2.0 + 0j]),
    "complex objects": np.array([2 + 0j], dtype=object),
    "bytes": bytearray(b"ab"),
    "texts": np.array(["10"]),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "flags": np.array([True]),
    "records": np.zeros(1, dtype="f8,f8"),
    "ragged": [[2.0], [2.0, 3.0]],
    "object with a masked array": Wrapped(MASK),
    "objects with masked arrays": [Wrapped(MASK), Wrapped(MASK)],
    "object with a unit inside": Wrapped(np.array([2.0]).view(UnitArray)),
    "object with a mask inside an object": Wrapped(np.array([MASK, 1.0], dtype=object)),
    "object that raises": Wrapped(None),
    "view of bytes": memoryview(b"ab"),
    "view of characters": memoryview(b"ab").cast("c"),
    "view of complex numbers": memoryview(np.array([2j])),
    "view of texts": memoryview(np.array([b"1"])),
    "view of flags": memoryview(np.array([True])),
    "iterator": iter([2.0]),
    "values of a mapping": {1: 2.0}.values(),
}


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
def test_every_kind_of_number_is_taken(value):
    assert type(checks.real("x", value)) is float
    assert checks.real("x", value) == 2.0
    assert checks.array("x", [value, 1.0]).tolist() == [2.0, 1.0]


@pytest.mark.parametrize("values", ARRAYS.values(), ids=ARRAYS)
def test_every_kind_of_array_is_taken_and_made_fit_for_the_kernels(values):
    out = checks.array("x", values)
    assert out.tolist() == [2.0, 4.0]
    assert type(out) is np.ndarray
    assert out.flags.aligned
    assert out.flags.c_contiguous
    assert out.dtype == float
    assert out.dtype.isnative


@pytest.mark.parametrize("value", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_what_is_no_plain_number_is_refused_alone_and_inside(value):
    with pytest.raises(InputError, match=r"^x "):
        checks.real("x", value)
    for values in ([value], (1.0, value), [[1.0, value]]):
        with pytest.raises(InputError, match=r"^x "):
            checks.array("x", values)
    if not isinstance(value, (np.ndarray, type(np.ma.masked))):
        held = np.empty(1, dtype=object)
        held[0] = value
        with pytest.raises(InputError, match=r"^x "):
            checks.array("x", held)


@pytest.mark.parametrize("values", NOT_ARRAYS.values(), ids=NOT_ARRAYS)
def test_what_is_no_plain_array_is_refused(values):
    with pytest.raises(InputError, match=r"^x "):
        checks.array("x", values)
    if not isinstance(values, collections.abc.Iterator):
        with pytest.raises(InputError, match=r"^x "):
            checks.array("x", [values])


def test_messages_say_what_is_lost():
    with pytest.raises(InputError, match=r"x carries a unit \('GeV'\), which would be lost: give plain numbers in MeV"):
        checks.real("x", Quantity(2.0), unit="MeV")
    with pytest.raises(InputError, match="x is masked"):
        checks.array("x", MASK)
    with pytest.raises(InputError, match="x must be one number, not complex"):
        checks.real("x", np.complex128(1))
    endless = []
    endless.append(endless)
    with pytest.raises(InputError, match="x must be an array of numbers"):
        checks.array("x", endless)


def test_a_column_without_a_unit_is_a_plain_array():
    class Column(np.ndarray):
        unit = None

    assert checks.array("x", np.array([2.0]).view(Column)).tolist() == [2.0]


@pytest.mark.parametrize(
    "wrong",
    [Quantity(2.0), np.ma.masked, True, "2", 2j, [MASK], np.datetime64("2020-01-01")],
    # not `repr`: an address would name the test anew in each process
    ids=["quantity", "masked", "bool", "text", "complex", "list", "date"],
)
def test_every_entry_refuses_what_would_lose_its_meaning(both, argon, wrong):
    """One call of every kind that takes numbers: whatever is added later goes through the same checks."""
    flux = fluxes.monochromatic(30.0, fluence=1e14, flavour="mu")
    quenching = PolynomialQuenching((0.2,))
    response = Response(quenching, [1.0, 5.0])
    calls = [
        lambda: both.chi2("b-l", wrong, 1e-5),
        lambda: both.chi2("b-l", 10.0, wrong),
        lambda: both.pulls("b-l", wrong, 1e-5),
        lambda: both.predict("b-l", wrong, 1e-5),
        lambda: both.limit("b-l", wrong),
        lambda: both.limit("b-l", 1.0, cl=wrong),
        lambda: both.limit("b-l", 1.0, reference=wrong),
        lambda: both.best_fit("b-l", mass=wrong),
        lambda: both.scan("b-l", [wrong], [1e-5]),
        lambda: argon.predict("sm", eta=wrong),
        lambda: predictions.recoil_spectrum("sm", flux, argon.target, wrong),
        lambda: predictions.recoil_events("sm", flux, argon.target, [1.0, wrong]),
        lambda: flux.density("mu", wrong),
        lambda: flux.moment("mu", wrong),
        lambda: fluxes.tabulated([1.0, 2.0], {"e": [1.0, wrong]}),
        lambda: fluxes.monochromatic(wrong, fluence=1.0, flavour="e"),
        lambda: FormFactor("helm")(wrong, 4.0),
        lambda: FormFactor("helm", wrong),
        lambda: quenching.factor(wrong),
        lambda: TabulatedQuenching([1.0, 2.0], [0.1, 0.2]).factor(wrong),
        lambda: LinearQuenching(0.1, 0.0, 10.0).signal(wrong),
        lambda: LindhardQuenching(18, 40).factor(wrong),
        lambda: Efficiency([0.0, 1.0], [0.5])(wrong),
        lambda: response.observable(wrong),
        lambda: response.recoil(wrong),
        lambda: response.acceptance(wrong),
        lambda: GaussianResolution(wrong),
        lambda: Nucleus("Ar-40", 18, 22, wrong, 3.4, 3.5),
        lambda: Target.of({"Ar-40": wrong}, molar_mass=40, mass=1),
        lambda: argon.replace(observed=[wrong] * 12),
        lambda: argon.replace(signal_sigma=wrong),
        lambda: Background("b", [wrong], 0.1),
        lambda: VectorMediator("x", quarks=(wrong, 0), leptons={}),
        lambda: NonStandardInteractions(up={"e": wrong}),
        lambda: WeakCouplings({"e": wrong}, -0.5, ""),
    ]
    for call in calls:
        with pytest.raises(InputError):
            call()


def test_quantities_of_astropy_are_refused(argon):
    units = pytest.importorskip("astropy.units")
    with pytest.raises(InputError, match="carries a unit"):
        argon.chi2("universal", 0.01 * units.GeV, 1e-4)
    with pytest.raises(InputError, match="carries a unit"):
        argon.chi2("universal", [10.0, 0.01 * units.GeV], 1e-4)
    with pytest.raises(InputError, match="carries a unit"):
        argon.limit("universal", [1, 2] * units.MeV)


def test_quantities_of_pint_are_refused(argon):
    registry = pytest.importorskip("pint").UnitRegistry()
    for value in (registry.Quantity(0.01, "GeV"), registry.Quantity(np.array([1.0, 2.0]), "MeV")):
        with pytest.raises(InputError, match="carries a unit"):
            argon.chi2("universal", value, 1e-4)


@pytest.mark.parametrize("masses", ARRAYS.values(), ids=ARRAYS)
def test_results_do_not_depend_on_how_an_array_lies_in_memory(both, masses):
    plain = [2.0, 4.0]
    assert (both.chi2("b-l", masses, 1e-4) == both.chi2("b-l", plain, 1e-4)).all()
    one, other = (both.predict("b-l", m, 1e-4)["coherent-argon-2020"].signal for m in (masses, plain))
    assert (one == other).all()
    flux = both.experiments[0].flux
    assert (flux.moment("e", masses) == flux.moment("e", plain)).all()
    assert (FormFactor("helm")(masses, 4.0) == FormFactor("helm")(plain, 4.0)).all()


def test_the_compiled_spectra_refuse_misaligned_arrays(argon):
    _, spectrum = argon.flux.spectra[0]
    with pytest.raises(ValueError, match="aligned"):
        spectrum.density(misaligned([1.0, 2.0]), np.empty(2))
    with pytest.raises(ValueError, match="aligned"):
        spectrum.moment(np.empty(2), 0, misaligned([1.0, 2.0]))
    with pytest.raises(ValueError, match="aligned"):
        spectrum.kinematic_moment(misaligned([1.0, 2.0]), np.empty(2))


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_predictions_of_nothing_have_a_shape(argon, shape):
    found = argon.predict("b-l", np.empty(shape), 1e-5)
    assert found.signal.shape == found.total.shape == (*shape, 12)


@pytest.mark.parametrize(
    "value", [np.void(b"abcd"), np.timedelta64(10, "s"), np.datetime64("2020-01-01"), np.array([1.0, 2.0])]
)
@pytest.mark.parametrize(
    "call",
    [
        lambda argon, value: argon.draws("sm", nuisances=value),
        lambda argon, value: argon.draws("sm", pulls=value),
        lambda argon, value: argon.draws("sm", seed=value),
        lambda argon, value: argon.toys("b-l", value, free=["coupling"], mass=10.0),
        lambda argon, value: argon.limit("b-l", mass=[10.0], dof=value),
        lambda argon, value: argon.limit("b-l", mass=[10.0], num_threads=value),
        lambda argon, value: argon.bind("b-l", free=value),
        lambda argon, value: argon.bind("b-l", priors=value),
        lambda argon, value: LindhardQuenching(value, 40.0),
        lambda argon, value: nucleus(value),
        lambda argon, value: fluxes.PulseTiming(0.5, 0.1, value, latest=value),
    ],
    ids=range(11),
)
def test_numbers_of_numpy_that_mean_something_else_are_refused(argon, call, value):
    with pytest.raises(InputError):
        call(argon, value)


def test_names_of_free_parameters_may_be_an_array(argon):
    given = np.array(["mass", "coupling"])
    assert argon.bind("b-l", free=given) is argon.bind("b-l", free=("mass", "coupling"))


def test_counts_of_no_points_have_no_rows(argon):
    made = argon.replace(arrival=None, uncertainty=None)
    assert made.predict("b-l", mass=[], coupling=1e-5).signal.shape == (0, len(argon.observed))
