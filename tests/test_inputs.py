"""What users hand in: numbers that would lose their meaning, values out of range, arguments that nothing takes."""

import array
import collections
import datetime
import decimal
import fractions
import math

import numpy as np
import pytest

import cevns
from cevns import Background, Experiment, checks, fluxes, nuclei, predictions
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
from cevns.interactions import NonStandardInteractions, VectorMediator, WeakCouplings
from cevns.nuclei import Nucleus, Target
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
    for name in ("a\0b", "a\ud800"):
        with pytest.raises(InputError, match="written to a file"):
            csi.replace(name=name)
        with pytest.raises(InputError, match="written to a file"):
            csi.replace(label=name)
        with pytest.raises(InputError, match="written to a file"):
            Background(name, [1.0], 0.1)


def test_data_have_one_dimension(csi):
    with pytest.raises(InputError, match=r"observed must have 1 dimension\(s\), got shape \(2, 12\)"):
        csi.replace(observed=np.zeros((2, 12)))
    with pytest.raises(InputError, match=r"uncertainty must have 1 dimension"):
        csi.replace(uncertainty=np.ones((1, 12)))


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
    with pytest.raises(InputError, match=r"coupling contains -1\.0: every value must be finite and at least 0"):
        cevns.bounds.trident_ratio(2e4, -1.0)


@pytest.mark.parametrize("reference", ["low", [1.0, 2.0], math.nan, math.inf, True])
def test_references_of_limits_that_are_refused(argon, reference):
    with pytest.raises(InputError, match="reference"):
        argon.limit("b-l", 10.0, reference=reference)
