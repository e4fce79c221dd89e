"""Formulas and edges that larger tests pass over."""

import dataclasses
import math
import re

import numpy as np
import pytest
from scipy import integrate

from cevns import checks, fluxes
from cevns.bounds.bound import Bound
from cevns.bounds.connie import rate_ratio_coupling
from cevns.bounds.trident import trident_coupling_limit, trident_ratio
from cevns.detectors import (
    BirksQuenching,
    GaussianResolution,
    PoissonResolution,
    PolynomialQuenching,
    Quenching,
    Response,
    TabulatedQuenching,
)
from cevns.errors import InputError, UnknownNameError
from cevns.experiments import Background
from cevns.fluxes import antineutrinos_per_fission as fission
from cevns.interactions import Amplitude, Interaction, VectorMediator, mediated
from cevns.kernels.fluxes import Spectrum
from cevns.nuclei import Nucleus, Target, nucleus
from cevns.nuclei.elements import closest_isotope, protons_and_nucleons
from cevns.parameters import Parameter
from cevns.plotting.plane import percent
from cevns.predictions import recoil_events, recoil_spectrum


def no_threshold(argon, target, edges):
    flat = np.ones(len(edges) - 1)
    response = Response(PolynomialQuenching((0.2,)), edges)
    flux = fluxes.monochromatic(40.0, fluence=1e14, flavour="e")
    data = {"observed": flat, "uncertainty": flat, "backgrounds": ()}
    return argon.replace(name="no threshold", flux=flux, target=target, response=response, **data)


# --- the least mass of an experiment without a threshold


@pytest.mark.parametrize("composition", [{"Ar-40": 1}, {"Cs-133": 1, "I-127": 1}, {"I-127": 1, "Cs-133": 1}])
def test_smallest_mass_is_that_of_the_first_panel_on_the_heaviest_nucleus(argon, composition):
    target = Target.of(composition, molar_mass=39.96 if len(composition) == 1 else 259.8, mass=10.0)
    masses = [n.mass for n in target.nuclei]
    # the first panel ends at 1e-8 of the highest recoil, which the lightest nucleus has
    end = 2e3 * 40.0**2 / min(masses)
    found = no_threshold(argon, target, [0.0, 1.0, 1e3]).smallest_mass
    assert found == pytest.approx(math.sqrt(2e-3 * max(masses) * 1e-8 * end), rel=1e-12)
    # or of the highest recoil that is observed
    found = no_threshold(argon, target, [0.0, 0.02, 0.1]).smallest_mass
    assert found == pytest.approx(math.sqrt(2e-3 * max(masses) * 1e-8 * 0.5), rel=1e-9)


def test_smallest_mass_of_a_sum_is_that_of_its_least_sensitive_part(argon):
    target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=10.0)
    open_ended = no_threshold(argon, target, [0.0, 1.0, 1e3])
    assert argon.smallest_mass == 0.0
    assert (argon + open_ended).smallest_mass == (open_ended + argon).smallest_mass == open_ended.smallest_mass > 0


def quanta(argon, edges):
    """A detector that counts photoelectrons."""
    target = Target.of({"Ar-40": 1}, molar_mass=39.96, mass=10.0)
    data = no_threshold(argon, target, edges)
    response = data.response
    return data.replace(response=dataclasses.replace(response, resolution=PoissonResolution()))


def test_photons_are_refused_where_single_quanta_are_seen(argon):
    """One quantum has a probability like T, photons a rate like T^-2: their sum has no end."""
    for edges in ([1.0, 2.0, 9.0], [0.5, 3.0]):
        single = quanta(argon, edges)
        with pytest.raises(InputError, match="observed down to 0"):
            single.predict("millicharge", q_ee=1e-9)
        with pytest.raises(InputError, match="mass = 0"):
            single.predict("b-l", mass=0.0, coupling=1e-6)
        # 1 / T times T is finite
        assert np.isfinite(single.predict("magnetic-moment", mu_e=1e-9).signal).all()
    double = quanta(argon, [1.5, 3.0])
    assert double.smallest_mass == 0
    assert np.isfinite(double.predict("millicharge", q_ee=1e-9).signal).all()
    with pytest.raises(InputError, match="observed down to 0"):
        quanta(argon, [0.0, 3.0]).predict("magnetic-moment", mu_e=1e-9)


def test_mediators_of_the_least_mass_are_followed_where_single_quanta_are_seen(argon):
    single = quanta(argon, [1.0, 2.0])
    mass = single.smallest_mass
    assert 0 < mass < 1e-4
    recoil = np.geomspace(1e-26, 2e3 * 40.0**2 / single.target.nuclei[0].mass, 20001)
    rate = recoil_spectrum("b-l", single.flux, single.target, recoil, mass=mass, coupling=1e-7)
    seen = rate * 0.2 * recoil * np.exp(-0.2 * recoil) * recoil
    expected = integrate.trapezoid(seen, np.log(recoil))
    assert single.predict("b-l", mass=mass, coupling=1e-7).signal[0] == pytest.approx(expected, rel=1e-5)


# --- other limits


@pytest.mark.parametrize("charge", [-2.0, 0.5, 1.0, 3.0])
def test_tridents_go_with_the_square_of_the_charge(charge):
    model = mediated("muonic", proton={"mu": 1.0}, neutron={}, leptons={"mu": charge})
    mass, coupling = 3e4, 0.02
    standard, shift = 1 + 4 * 0.23122, 2 * (charge * coupling / mass) ** 2 / (math.sqrt(2) * 1.1663787e-11)
    expected = (1 + (standard + shift) ** 2) / (1 + standard**2)
    assert trident_ratio(mass, coupling, model=model) == pytest.approx(expected, rel=1e-12)
    limit = trident_coupling_limit(mass, model=model)
    assert limit == pytest.approx(trident_coupling_limit(mass) / abs(charge), rel=1e-12)
    assert trident_ratio(mass, limit, model=model) == pytest.approx(0.82 + 1.959964 * 0.28, rel=1e-6)


def test_tridents_refuse_a_negative_coupling():
    with pytest.raises(InputError, match="coupling"):
        trident_ratio(3e4, -0.02)
    with pytest.raises(InputError, match="coupling"):
        trident_ratio(3e4, [0.02, -1e-9])


@pytest.mark.parametrize("model", ["universal", "b-l"])
@pytest.mark.parametrize("mass", [0.01, 20.0, 3e3])
def test_the_coupling_of_a_rate_ratio_on_a_compound(model, mass):
    """Caesium and iodine have a rate each; the ratio is that of their sums."""
    target = Target.of({"Cs-133": 1, "I-127": 3}, molar_mass=132.9 + 3 * 126.9, mass=1.0)
    flux = fluxes.tabulated([1.0, 4.0, 9.0], {"e": [0.0, 1e12, 0.0]})
    quenching = PolynomialQuenching((0.1,))
    options = {"bin_kevee": (0.02, 0.1), "flux": flux, "target": target, "quenching": quenching}
    coupling = rate_ratio_coupling(model, mass, ratio=5.0, **options)
    standard = recoil_events("sm", flux, target, [0.2, 1.0])[0]
    assert recoil_events(model, flux, target, [0.2, 1.0], mass, coupling)[0] == pytest.approx(5 * standard, rel=1e-9)


def test_a_contour_is_two_dimensional():
    rows = np.array([[1.0, 2.0, 3.0], [1e-4, 1e-3, 1e-4]])
    with pytest.raises(InputError):
        Bound(name="x", label="x", model="b-l", kind="contour", segments=((rows, rows),), reference="x", origin="x")


# --- limits


def test_the_reference_of_a_limit_is_a_number_or_a_best_fit(both):
    fit = both.best_fit("b-l")
    by_fit = both.limit("b-l", [10.0, 300.0], reference=fit)
    by_number = both.limit("b-l", [10.0, 300.0], reference=fit.chi2)
    assert by_fit.best_fit == fit
    assert by_fit.chi2_min == by_number.chi2_min == by_number.best_fit.chi2 == fit.chi2
    for a, b in zip(by_fit.excluded, by_number.excluded, strict=True):
        np.testing.assert_array_equal(a, b)
    assert both.limit("b-l", 10.0, reference=fit.chi2 - 1.0).lowest[0] < by_fit.lowest[0]
    for bad in ("low", math.nan, math.inf, [1.0, 2.0]):
        with pytest.raises(InputError, match="reference"):
            both.limit("b-l", 10.0, reference=bad)


def test_a_mediator_that_reaches_nothing_is_excluded_altogether_or_not_at_all(argon):
    tauonic = VectorMediator("tauonic", quarks=(1.0, 1.0), leptons={"tau": 1.0})
    standard = argon.chi2("sm")
    fit = argon.best_fit(tauonic, mass=10.0)
    assert fit.chi2 == pytest.approx(standard, rel=1e-12)
    assert fit.coupling == 0.0
    allowed = argon.limit(tauonic, [1.0, 10.0])
    assert [e.shape for e in allowed.excluded] == [(0, 2)] * 2
    assert (allowed.lowest == np.inf).all()
    # the level lies far below what any coupling reaches
    excluded = argon.limit(tauonic, [1.0, 10.0], reference=0.0)
    for intervals in excluded.excluded:
        np.testing.assert_array_equal(intervals, [[0.0, np.inf]])
    assert (excluded.lowest == 0).all()


def test_a_level_below_every_coupling_excludes_all_of_them(both):
    curve = both.limit("b-l", 10.0, reference=0.0)
    np.testing.assert_array_equal(curve.excluded[0], [[0.0, np.inf]])


def test_the_edge_of_an_interval_is_not_excluded(both):
    curve = both.limit("universal", [200.0])
    intervals = curve.excluded[0]
    assert intervals.shape == (2, 2)
    for edge in intervals[np.isfinite(intervals)]:
        assert not curve.excludes(200.0, edge)
        inward, outward = edge * (1 + 1e-9), edge * (1 - 1e-9)
        assert curve.excludes(200.0, inward) != curve.excludes(200.0, outward)


# --- names and sizes


def test_labels_are_names_unless_given(argon):
    flat = {"observed": np.ones(12), "uncertainty": np.ones(12)}
    assert argon.replace(name="mine", label="", **flat).label == "mine"
    assert argon.replace(name="mine", label="Mine", **flat).label == "Mine"
    assert mediated("mine", proton={}, neutron={}).label == "mine"
    assert mediated("mine", proton={}, neutron={}, label="$x$").label == "$x$"
    curve = argon.replace(name="mine", label="", **flat).limit("b-l", 10.0)
    assert curve.labels == curve.experiments == ("mine",)


# --- refusals


def test_tables_of_quenching_start_at_recoils_that_exist():
    with pytest.raises(InputError, match="recoil_kev"):
        TabulatedQuenching([-1.0, 1.0, 2.0], [0.1, 0.1, 0.1])
    with pytest.raises(InputError, match="factors"):
        TabulatedQuenching([0.0, 1.0, 2.0], [0.1, -0.1, 0.1])
    assert TabulatedQuenching([0.0, 1.0], [0.1, 0.1]).factor(0.5) == pytest.approx(0.1)


@pytest.mark.parametrize("degree", [0, -1, 2.5, "two"])
def test_the_degree_of_a_stopping_power_is_a_positive_whole_number(degree):
    t = np.geomspace(0.1, 100, 20)
    with pytest.raises(InputError, match="degree"):
        BirksQuenching(10.0, 1e-3, t, 100 * t**0.3, degree=degree)
    assert BirksQuenching(10.0, 1e-3, t, 100 * t**0.3, degree=1).factor(1.0) == pytest.approx(
        -math.expm1(-0.1) / 0.1, rel=1e-12
    )


@pytest.mark.parametrize("degree", [1, 3, 7])
def test_a_stopping_power_needs_more_rows_than_its_degree(degree):
    t = np.geomspace(0.1, 100, degree + 1)
    assert BirksQuenching(10.0, 1e-3, t, 100 * t**0.3, degree=degree).maximum == pytest.approx(100)
    with pytest.raises(InputError, match="recoil_kev"):
        BirksQuenching(10.0, 1e-3, t[1:], 100 * t[1:] ** 0.3, degree=degree)


@pytest.mark.parametrize("field", ["observed", "uncertainty"])
def test_counts_have_one_dimension(argon, field):
    for bad in (np.ones((1, 12)), np.ones((12, 1)), np.ones((2, 12)), 1.0):
        with pytest.raises(InputError, match=field):
            argon.replace(**{field: bad})
    for bad in (np.ones((1, 12)), np.ones((12, 1)), np.ones((2, 6))):
        with pytest.raises(InputError, match="background 'x' has the shape"):
            argon.replace(backgrounds=[Background("x", bad, 0.1)])
    with pytest.raises(InputError, match="counts of background 'x' are one number"):
        Background("x", 1.0, 0.1)


def test_a_gaussian_resolution_has_a_width():
    for bad in (0.0, -0.1, math.nan):
        with pytest.raises(InputError, match="a = "):
            GaussianResolution(bad)


def test_the_built_in_nuclei_are_what_they_are_called():
    for name in ("Ar-40", "Cs-133", "I-127", "Si-28"):
        found = nucleus(name)
        assert found.protons + found.neutrons == int(name.split("-")[1])


# --- names


@pytest.mark.parametrize(
    ("name", "protons", "nucleons"),
    [("Ar40", 19, 40), ("Ar-40", 18, 39), ("40Ar", 19, 40), ("Ar_40", 20, 40), ("Ar", 19, 40), ("K-40", 18, 40)],
)
def test_a_nucleus_is_not_called_like_another(name, protons, nucleons):
    with pytest.raises(InputError, match=rf"nucleus '{name}' has protons = {protons} .* but its name says Z = "):
        Nucleus.from_atomic_mass(name, protons, nucleons - protons, 0.9991 * nucleons, 3.4, 3.5)


@pytest.mark.parametrize("name", ["Ar-40", "Ar40", "40Ar", "Ar", "mine", "X", "N", "V2", "Ar-nat", "argon"])
def test_a_nucleus_has_its_name_or_one_that_says_nothing(name):
    assert Nucleus.from_atomic_mass(name, 18, 22, 39.9623831237, 3.4, 3.5).name == name


def test_the_table_of_elements():
    for name, z in {"H-1": 1, "Ne-20": 10, "Ar-40": 18, "Ge-73": 32, "Xe": 54, "Pb-208": 82, "U-238": 92}.items():
        assert protons_and_nucleons(name)[0] == z
    assert protons_and_nucleons("Og-294") == (118, 294)


@pytest.mark.parametrize(
    ("name", "names", "meant"),
    [
        ("Ge-73", ["Ge-76", "Ar-40"], None),
        ("U233", ["Pu239", "U235"], None),
        ("I-129", ["I-127", "Si-28"], None),
        ("Xe-133", ["Cs-133"], None),
        ("ar40", ["Ar-40"], "Ar-40"),
        ("40Ar", ["Ar-40"], "Ar-40"),
        ("pu-239", ["Pu239", "Pu241"], "Pu239"),
        ("argon-40", ["Ar-40", "Ar-39"], "Ar-40"),
    ],
)
def test_another_isotope_is_not_what_was_meant(name, names, meant):
    assert closest_isotope(name, names) == meant


def test_another_number_is_not_what_was_meant():
    for name in ("coherent-csi-2020", "figure 7"):
        with pytest.raises(UnknownNameError) as refused:
            checks.known("data", name, ["coherent-csi-2017", "figure 1"])
        assert "Did you mean" not in str(refused.value)
        assert "coherent-csi-2017" in str(refused.value)
    for unknown in (lambda: nucleus("Ar-39"), lambda: fission({"U233": 1.0})):
        with pytest.raises(UnknownNameError) as refused:
            unknown()
        assert "Did you mean" not in str(refused.value)


LONG = "n" * 256


@pytest.mark.parametrize(
    "call",
    [
        lambda d: Background(LONG, np.ones(12), 30.0),
        lambda d: d.replace(backgrounds=[Background(LONG, np.ones(12), 0.1)] * 2),
        lambda d: d.replace(name=LONG) + d.replace(name=LONG),
        lambda d: Bound(LONG, "x", "b-l", "lower", []),
        lambda d: Nucleus(LONG, 1, 1, 1.0, 1.0, 1.0),
        lambda d: d.chi2(LONG),
        lambda d: d.chi2(mediated(LONG, proton={}, neutron={}), mass=1.0),
        lambda d: d.scan(mediated(LONG, proton={}, neutron={}), [1.0], [1.0]),
        lambda d: d.chi2("b-l", 10**400, 1e-5),
        lambda d: d.chi2("b-l", -(10**300), 1e-5),
        lambda d: d.chi2("b-l", [10**400], 1e-5),
        lambda d: d.bind("b-l")(10**300, 1e-5),
        lambda d: d.replace(signal_sigma=10**300),
        lambda d: d.replace(quenching_sigma=10**300),
        lambda d: d.limit("b-l", 10.0, cl=10**300),
        lambda d: Response(LONG, [1.0, 2.0]),
    ],
    ids=range(16),
)
def test_messages_show_long_names_and_numbers_in_short(argon, call):
    with pytest.raises((InputError, UnknownNameError)) as refused:
        call(argon)
    assert "n" * 61 not in str(refused.value)
    assert "0" * 61 not in str(refused.value)


def test_messages_show_no_addresses(argon):
    with pytest.raises(InputError, match=r"observed must be .*generator.*; make a list of it") as refused:
        argon.replace(observed=(count for count in argon.observed))
    assert "0x" not in str(refused.value)


# --- one rule for relative uncertainties


@pytest.mark.parametrize("field", ["signal_sigma", "quenching_sigma"])
def test_relative_uncertainties_follow_one_rule(argon, field):
    most = {"signal_sigma": 2.0, "quenching_sigma": 0.5}[field]
    for good in (1e-6, most):
        assert getattr(argon.replace(**{field: good}), field) == good
    for bad in (1.001 * most, 0.999e-6, -0.1, math.nan, math.inf, "x", None, True, [0.1]):
        with pytest.raises(InputError, match=field):
            argon.replace(**{field: bad})
    with pytest.raises(InputError, match=rf"must be .*at least 1e-06 and at most {most:g}; give a fraction"):
        argon.replace(**{field: 30.0})
    assert argon.replace(quenching_sigma=0).quenching_sigma == 0.0
    with pytest.raises(InputError, match="signal_sigma = 0 is not allowed"):
        argon.replace(signal_sigma=0)


# --- spectra and quenching factors of one's own


@pytest.mark.parametrize(
    "arguments",
    [([1, 2], [[1, 2]]), ("a", "b"), (None, None), ([1, 2], [[1], [2]]), ([[1, 2]], [[1, 2, 3, 4]]), ((), (), [1], [])],
    ids=range(6),
)
def test_spectra_whose_arrays_do_not_fit_are_refused(arguments):
    with pytest.raises(InputError):
        Spectrum(*arguments)


def own(**members):
    return type("Mine", (Quenching,), members)()


@pytest.mark.parametrize(
    ("quenching", "words"),
    [
        (own(), "Mine has no method factor"),
        (own(factor=lambda self, t: math.sqrt(t)), "raises TypeError for an array"),
        (own(factor=lambda self, t: 1 / 0), "raises ZeroDivisionError"),
        (own(factor=lambda self, t: np.full(np.shape(t), np.nan)), "is nan at"),
        (own(factor=lambda self, t: None), "factor of Mine must be an array"),
        (own(factor=lambda self, t: np.ones(3)), "returns the shape"),
        (own(factor=lambda self, t: 0.1 - 0.001 * t), "is -"),
        (own(factor=lambda self, t: 1 / (1 + (t / 10) ** 2)), "signal .* falls at 10"),
        (own(factor=lambda self, t: 0 * t), "above 0 somewhere"),
        (own(factor=lambda self, t: np.cumsum(t, axis=-1)), "depends on the shape|must be from 0"),
        (own(factor=lambda self, t: 0.1 + 0 * t, kinks="ab"), "kinks of Mine"),
        (own(factor=lambda self, t: 0.1 + 0 * t, maximum=-1.0), "maximum of Mine"),
        ("lindhard", "quenching must be a Quenching"),
    ],
    ids=range(13),
)
def test_quenching_factors_of_ones_own_are_looked_at(quenching, words):
    with pytest.raises(InputError, match=words):
        Response(quenching, [1.0, 2.0])


def test_quenching_factors_of_ones_own_may_end():
    falling = {"factor": lambda self, t: 1 / (1 + (t / 10) ** 2)}
    assert Response(own(**falling, maximum=9.0), [1.0, 2.0]).recoil(0.5) == pytest.approx(0.5013, abs=1e-4)
    assert Response(own(factor=lambda self, t: 0.1), [1.0, 2.0]).recoil(1.0) == pytest.approx(10.0)


# --- couplings to limit


def powers(*amplitudes):
    return Interaction(
        "powers",
        [Parameter("c", low=-10.0, high=10.0)],
        [Amplitude(flavours, 1.0, 1.0, {"c": power}) for flavours, power in amplitudes],
    )


def test_a_coupling_in_several_powers_is_no_missing_one(argon):
    several = powers((("e", "e"), 1), (("mu", "mu"), 2))
    words = "'powers' have different powers of c, so that counts are not quadratic in it.*: take interval, fit, contour"
    for call in (argon.limit, argon.best_fit, lambda model: argon.scan(model, [1.0], [1e-5])):
        with pytest.raises(InputError, match=words):
            call(several)
    assert len(argon.interval(several, "c").allowed) == 2
    # of what does not interfere the square counts, in which the rest is quadratic
    apart = powers((("e", "mu"), 1), (("mu", "mu"), 2))
    (limit,) = argon.limit(apart, dof=1).excluded
    np.testing.assert_allclose(limit[:, 0].max(), argon.interval(apart, "c").allowed[0, 1], rtol=1e-8)


def test_a_coupling_that_was_given_is_no_missing_one(argon):
    for call in (argon.limit, argon.best_fit):
        with pytest.raises(
            InputError, match=r"coupling = 1e-05 is given, but .* of interaction 'b-l' runs over it: leave"
        ):
            call("b-l", mass=10.0, coupling=1e-5)
        with pytest.raises(InputError, match="interaction 'sm' has no coupling to"):
            call("sm")


# --- levels


@pytest.mark.parametrize("cl", [1 - 1e-16, 1 - 1e-12, 0.9999999, 0.99995])
def test_levels_below_1_are_never_shown_as_1(argon, cl):
    curve = argon.limit("b-l", 10.0, cl=cl)
    found = argon.interval("sm", "rn_ar", cl=cl)
    for text in (repr(curve), curve._repr_html_(), repr(found), found._repr_html_()):
        (shown,) = re.findall(r"([\d.]+) C\.L\.", text)
        assert float(shown) == pytest.approx(cl, rel=1e-4)
        assert float(shown) < 1
    assert float(percent(cl).removesuffix("%")) < 100


# --- sums of squares


@pytest.mark.parametrize("name", ["csi", "argon"])
def test_no_chi2_is_negative(request, name):
    """Asimov data, where nothing but rounding is left of it."""
    data = request.getfixturevalue(name).asimov("sm")
    bound, couplings = data.bind("b-l"), np.concatenate([[0.0], np.geomspace(1e-12, 1e-7, 1500)])
    found = [
        data.chi2("sm"),
        data.pulls("sm").chi2,
        bound(10.0, 0.0),
        bound.gradient(10.0, 0.0)[0],
        data.chi2("b-l", 10.0, couplings).min(),
        data.chi2("b-l", np.geomspace(1.0, 100.0, 1500), 0.0).min(),
        data.scan("b-l", [1.0, 10.0], couplings).chi2.min(),
        data.best_fit("b-l").chi2,
        data.best_fit("b-l", mass=10.0).chi2,
        data.fit("sm", "sin2_theta_w").chi2,
        data.profile("sm", "sin2_theta_w", [0.23857, 0.24]).chi2.min(),
    ]
    assert all(0 <= chi2 < 1e-12 for chi2 in found), found
