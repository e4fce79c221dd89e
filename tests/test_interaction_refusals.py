"""Interactions: what cannot be meant, names that arguments have, many mediators and sums."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
from test_interactions import LEPTONS

import cevns
from cevns import interactions
from cevns.bounds.magnetic_moments import magnetic_moment_shift
from cevns.errors import CevnsError, InputError
from cevns.interactions import (
    Amplitude,
    Interaction,
    NonStandardInteractions,
    VectorMediator,
    cross_section,
    get_interaction,
)
from cevns.interactions.structure import RESERVED
from cevns.nuclei import Nucleus, Target
from cevns.parameters import Parameter, coupling, mass
from cevns.predictions import recoil_events, recoil_spectrum

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
    several = {name: [value, 2 * value] if name.startswith("m") else value for name, value in point.items()}
    for call, values in ((argon.chi2, several), (argon.signal.counts, several), (argon.bind, {"free": list(point)})):
        with pytest.raises(InputError, match=r"masses of 5 mediators, m0, m1, m2, m3, m4, .* at most 4 .* fix others"):
            call(model, **values)
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
        argon.signal.counts(model, rn_ar=[3.5, 3.6], **{name: [value, value] for name, value in point.items()})
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
        argon.bind(model)
    assert argon.chi2(model) == pytest.approx(argon.chi2("sm"), rel=1e-12)
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
