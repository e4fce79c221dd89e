"""Signals and their data: neutron radii and the weak mixing angle as parameters, other data, and Asimov's."""

import dataclasses
import itertools
import pickle

import numpy as np
import pytest

import cevns
from cevns.errors import CevnsError, InputError, UnknownNameError
from cevns.interactions import WeakCouplings, get_interaction
from cevns.nuclei import Nucleus, Target
from cevns.nuclei.elements import element, joined
from cevns.predictions import Signal
from cevns.predictions.folds import Folds

POINTS = [("sm", {}), ("b-l", {"mass": 20.0, "coupling": 8e-5}), ("universal", {"mass": 0.0, "coupling": 1e-5})]
IDS = ["sm", "b-l", "universal"]


def with_radii(experiment, **radii):
    """Rebuild an experiment with other neutron radii, by element."""
    components = {}
    for nucleus, count in experiment.target.components:
        symbol = nucleus.name.partition("-")[0].lower()
        components[dataclasses.replace(nucleus, neutron_radius=radii[symbol]) if symbol in radii else nucleus] = count
    target = experiment.target
    return experiment.replace(target=Target.of(components, molar_mass=target.molar_mass, mass=target.mass))


@pytest.fixture(scope="module")
def rebuilt(csi, argon):
    return {
        "rn_ar": (argon, with_radii(argon, ar=3.3), 3.3),
        "rn_cs": (csi, with_radii(csi, cs=5.3), 5.3),
        "rn_i": (csi, with_radii(csi, i=4.5), 4.5),
        "rn_csi": (csi, with_radii(csi, cs=5.5, i=5.5), 5.5),
    }


# --- radii


@pytest.mark.parametrize("name", ["rn_ar", "rn_cs", "rn_i", "rn_csi"])
@pytest.mark.parametrize(("interaction", "point"), POINTS, ids=IDS)
def test_a_radius_is_that_of_a_rebuilt_experiment(rebuilt, name, interaction, point):
    """Fixed, free and in an array, in counts and in chi2."""
    experiment, other, radius = rebuilt[name]
    counts, chi2 = other.predict(interaction, **point).signal, other.chi2(interaction, **point)
    assert chi2 != pytest.approx(experiment.chi2(interaction, **point), rel=1e-4)
    for found in (
        experiment.predict(interaction, **point, **{name: radius}).signal,
        experiment.predict(interaction, **point, **{name: [4.9, radius]}).signal[1],
        experiment.signal.counts(interaction, **point, **{name: radius}),
        experiment.predictor(interaction, **{name: radius})(**point),
        experiment.predictor(interaction, free=[name])(**point, **{name: radius}),
        experiment.predictor(interaction, **point, free=[name])(radius),
    ):
        np.testing.assert_allclose(found, counts, rtol=1e-10, atol=1e-12)
    for found in (
        experiment.chi2(interaction, **point, **{name: radius}),
        experiment.chi2(interaction, **point, **{name: [4.9, radius]})[1],
        experiment.pulls(interaction, **point, **{name: radius}).chi2,
        experiment.bind(interaction, **{name: radius})(**point),
        experiment.bind(interaction, free=[name])(**point, **{name: radius}),
        experiment.bind(interaction, **point, free=name)(radius),
    ):
        assert found == pytest.approx(chi2, rel=1e-8)


def test_the_range_of_eta_knows_the_radius(csi):
    other = with_radii(csi, cs=5.4, i=5.4)
    for eta in (0.85, 1.0, 1.1, 3.0):
        found = csi.predict("sm", rn_csi=5.4, eta=eta).signal
        np.testing.assert_allclose(found, other.predict("sm", eta=eta).signal, rtol=1e-9)
    assert csi.pulls("sm", rn_csi=5.4).experiments[csi.name]["pulls"] == pytest.approx(
        other.pulls("sm").experiments[csi.name]["pulls"], rel=1e-6
    )


@pytest.mark.parametrize("form_factor", ["klein-nystrand", "symmetrized-fermi"])
def test_radii_of_every_form_factor(argon, form_factor):
    own = argon.replace(form_factor=form_factor)
    expected = with_radii(own, ar=3.4)
    np.testing.assert_allclose(own.predict("sm", rn_ar=3.4).signal, expected.predict("sm").signal, rtol=1e-10)
    assert own.bind("sm", free=["rn_ar"])(3.4) == pytest.approx(expected.chi2("sm"), rel=1e-9)


def test_the_default_radius_changes_nothing(csi, argon):
    assert argon.chi2("sm", rn_ar=3.55) == pytest.approx(argon.chi2("sm"), rel=1e-12)
    assert csi.chi2("sm", rn_cs=5.01, rn_i=4.94) == pytest.approx(csi.chi2("sm"), rel=1e-12)
    np.testing.assert_allclose(csi.predict("sm", rn_cs=5.01).signal, csi.predict("sm").signal, rtol=1e-12)


def test_a_radius_in_common_is_both(csi):
    for point in ({}, {"sin2_theta_w": 0.25}):
        apart = csi.chi2("sm", rn_cs=5.2, rn_i=5.2, **point)
        assert csi.chi2("sm", rn_csi=5.2, **point) == pytest.approx(apart, rel=1e-12)
    function = csi.bind("sm", free=["rn_cs", "rn_i"])
    assert function.names == ("rn_cs", "rn_i")
    assert function(5.2, 5.2) == pytest.approx(csi.bind("sm", free=["rn_csi"])(5.2), rel=1e-12)
    assert function(5.3, 4.7) == pytest.approx(with_radii(csi, cs=5.3, i=4.7).chi2("sm"), rel=1e-9)
    assert csi.bind("sm", free=["rn_i"], rn_cs=5.3)(4.7) == pytest.approx(function(5.3, 4.7), rel=1e-12)


ELEMENTS = tuple(element(protons) for protons in range(1, 123))


def test_no_two_lists_of_elements_have_one_name():
    found = {}
    some = [e for e in ELEMENTS if set(e.lower()) <= set("cosihfnb")]
    lists = itertools.chain(
        itertools.permutations(ELEMENTS, 1), itertools.permutations(ELEMENTS, 2), itertools.permutations(some, 3)
    )
    for symbols in lists:
        assert found.setdefault(joined(symbols), symbols) == symbols
    assert [joined(e.split()) for e in ("Cs I", "Na I", "Ca W O", "Ar")] == ["csi", "nai", "cawo", "ar"]


def radii_of(experiment, composition):
    """The same experiment with another target, and its parameters that are radii."""
    other = experiment.replace(name=str(composition), target=Target.of(composition, mass=1.0))
    return other, [p.name for p in other.parameters("sm") if p.name.startswith("rn_")]


@pytest.mark.parametrize(
    ("composition", "names"),
    [
        ("CO2", ["rn_c", "rn_o", "rn_c_o"]),
        ("CS2", ["rn_c", "rn_s", "rn_c_s"]),
        ("CF4", ["rn_c", "rn_f", "rn_c_f"]),
        ({"C": 1, "Si": 1}, ["rn_c", "rn_si", "rn_c_si"]),
        ({"C": 1, "S": 1, "I": 1}, ["rn_c", "rn_s", "rn_i", "rn_c_s_i"]),
        ({"C": 1, "O": 1, "Co": 1}, ["rn_c", "rn_o", "rn_co", "rn_c_o_co"]),
        ("CaWO4", ["rn_ca", "rn_w", "rn_o", "rn_cawo"]),
        ("Co", ["rn_co"]),
    ],
)
def test_a_radius_is_named_after_its_elements(argon, composition, names):
    assert radii_of(argon, composition)[1] == names


def test_one_name_is_one_radius_in_all_signals(argon, csi):
    oxide, _ = radii_of(argon, "CO2")
    cobalt, _ = radii_of(argon, "Co")
    both = oxide + cobalt
    assert both.chi2("sm", rn_co=4.0) == pytest.approx(oxide.chi2("sm") + cobalt.chi2("sm", rn_co=4.0), rel=1e-12)
    assert both.chi2("sm", rn_c_o=2.6) == pytest.approx(oxide.chi2("sm", rn_c_o=2.6) + cobalt.chi2("sm"), rel=1e-12)
    carbide, _ = radii_of(argon, {"C": 1, "Si": 1})
    found = (carbide + csi).chi2("sm", rn_csi=5.5)
    assert found == pytest.approx(carbide.chi2("sm") + csi.chi2("sm", rn_csi=5.5), rel=1e-12)


def test_arrays_of_radii_broadcast(csi):
    radii, angles = np.linspace(4.5, 6.0, 4), np.array([[0.22], [0.24]])
    found = csi.chi2("sm", rn_csi=radii, sin2_theta_w=angles)
    assert found.shape == (2, 4)
    expected = [[csi.chi2("sm", rn_csi=float(r), sin2_theta_w=float(s)) for r in radii] for s in angles[:, 0]]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    signal = csi.predict("b-l", [[1.0], [30.0]], 5e-5, rn_cs=radii).signal
    assert signal.shape == (2, 4, 12)
    np.testing.assert_allclose(signal[1, 2], csi.predict("b-l", 30.0, 5e-5, rn_cs=radii[2]).signal, rtol=1e-12)


def test_radii_of_a_sum_are_those_of_its_parts(csi, argon, both):
    names = [p.name for p in both.parameters("sm")]
    assert names == ["sin2_theta_w", "rn_cs", "rn_i", "rn_csi", "rn_ar"]
    found = both.chi2("sm", rn_csi=5.5, rn_ar=3.3, sin2_theta_w=0.23)
    expected = csi.chi2("sm", rn_csi=5.5, sin2_theta_w=0.23) + argon.chi2("sm", rn_ar=3.3, sin2_theta_w=0.23)
    assert found == pytest.approx(expected, rel=1e-12)
    function = both.bind("b-l", free=["rn_ar", "rn_csi"], sin2_theta_w=0.23)
    assert function.names == ("mass", "coupling", "rn_ar", "rn_csi")
    expected = csi.chi2("b-l", 10.0, 5e-5, rn_csi=5.5, sin2_theta_w=0.23) + argon.chi2(
        "b-l", 10.0, 5e-5, rn_ar=3.3, sin2_theta_w=0.23
    )
    assert function(10.0, 5e-5, 3.3, 5.5) == pytest.approx(expected, rel=1e-12)


def test_one_element_of_two_isotopes_has_one_radius(argon):
    """Whose default is that of each, so that there is none in common."""
    first, second = argon.target.nuclei[0], Nucleus.from_atomic_mass("Ar-36", 18, 18, 35.967545, 3.39, 3.4)
    target = Target.of({first: 0.7, second: 0.3}, molar_mass=38.76, mass=24.0)
    mixed = argon.replace(target=target)
    (radius,) = (p for p in mixed.parameters("sm") if p.name.startswith("rn_"))
    assert (radius.name, radius.default) == ("rn_ar", None)
    np.testing.assert_allclose(
        mixed.predict("sm", rn_ar=3.6).signal, with_radii(mixed, ar=3.6).predict("sm").signal, rtol=1e-10
    )
    with pytest.raises(InputError, match="rn_ar is missing: give a number in fm"):
        mixed.bind("sm", free=["rn_ar"])()
    assert mixed.chi2("sm") > 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rn_cs": 1.0}, r"rn_cs = 1.0 is not allowed: it must be finite and at least 1.55\d* fm and at most 20 fm"),
        ({"rn_cs": 21.0}, "rn_cs = 21.0 is not allowed"),
        ({"rn_cs": np.nan}, "rn_cs = nan"),
        ({"rn_cs": "wide"}, "rn_cs must be"),
        ({"rn_cs": [5.0, -1.0]}, "rn_cs contains -1.0"),
        ({"rn_ar": 3.5}, "unknown parameter 'rn_ar'; known: .*rn_cs.*"),
        (
            {"rn_cs": 5.0, "rn_csi": 5.0},
            "rn_csi sets the radius of Cs-133, which another parameter sets",
        ),
        ({"rn_csi": 5.0, "rn_i": 5.0}, "rn_csi sets the radius of I-127"),
    ],
)
def test_radii_that_are_refused(csi, values, message):
    for call in (csi.chi2, csi.predict, csi.signal.counts):
        with pytest.raises(CevnsError, match=message):
            call("sm", **values)


def test_functions_whose_parameters_are_refused(csi):
    for kind in (csi.bind, csi.predictor):
        with pytest.raises(InputError, match=r"rn_cs cannot be free and have the value 5.0"):
            kind("sm", free=["rn_cs"], rn_cs=5.0)
        with pytest.raises(InputError, match="rn_csi sets the radius of Cs-133"):
            kind("sm", free=["rn_cs", "rn_csi"])
        with pytest.raises(InputError, match="rn_cs must be one number"):
            kind("sm", rn_cs=[5.0])
        with pytest.raises(UnknownNameError, match=r"unknown parameter 'rn_sc'.*Did you mean 'rn_cs'"):
            kind("sm", free=["rn_sc"])
        with pytest.raises(InputError, match=r"rn_cs = 1.0"):
            kind("sm", free=["rn_cs"])(1.0)
        assert kind("sm", rn_cs=np.array(5.0)) is kind("sm", rn_cs=5)


# --- the weak mixing angle


@pytest.mark.parametrize(("interaction", "point"), POINTS, ids=IDS)
def test_the_weak_mixing_angle_is_another_proton_coupling(both, interaction, point):
    weak = get_interaction("sm").weak
    moved = WeakCouplings({f: g - 2 * 0.01 for f, g in weak.proton}, weak.neutron, "moved")
    other = get_interaction(interaction).replace(weak=moved)
    expected = both.chi2(other, **point)
    for found in (
        both.chi2(interaction, **point, sin2_theta_w=weak.sin2_theta_w + 0.01),
        both.bind(interaction, sin2_theta_w=weak.sin2_theta_w + 0.01)(**point),
        both.bind(interaction, free=["sin2_theta_w"])(**point, sin2_theta_w=weak.sin2_theta_w + 0.01),
        both.chi2(interaction, **point, sin2_theta_w=[0.2, weak.sin2_theta_w + 0.01])[1],
    ):
        assert found == pytest.approx(expected, rel=1e-9)
    assert both.chi2(interaction, **point, sin2_theta_w=weak.sin2_theta_w) == pytest.approx(
        both.chi2(interaction, **point), rel=1e-12
    )


def test_a_function_of_the_weak_mixing_angle_alone(argon):
    function = argon.bind("sm", free=["sin2_theta_w"])
    angles = np.linspace(0.0, 1.0, 7)
    np.testing.assert_allclose([function(float(s)) for s in angles], argon.chi2("sm", sin2_theta_w=angles), rtol=1e-12)
    counts = argon.predict("sm", sin2_theta_w=angles).signal
    # counts are quadratic in it
    assert np.abs(np.diff(counts, 3, axis=0)).max() < 1e-11 * counts.max()


# --- other data


@pytest.fixture(params=["csi", "argon"])
def experiment(request):
    return request.getfixturevalue(request.param)


def test_other_data_are_a_rebuilt_experiment(experiment):
    observed = 1.2 * np.array(experiment.observed) + 3.0
    wider = 1.3 * np.array(experiment.uncertainty)
    for given in ((observed,), (observed, wider)):
        other = experiment.with_data(*given)
        named = dict(zip(("observed", "uncertainty"), given, strict=False))
        same = dataclasses.replace(experiment, **named)
        assert other == same == experiment.replace(**named)
        assert hash(other) == hash(same)
        assert other.observed == tuple(observed.tolist())
        for interaction, point in POINTS:
            assert other.chi2(interaction, **point) == pytest.approx(same.chi2(interaction, **point), rel=1e-9)
            assert other.pulls(interaction, **point).chi2 == pytest.approx(other.chi2(interaction, **point), rel=1e-9)
        assert other.best_fit("b-l", mass=10.0).chi2 == pytest.approx(same.best_fit("b-l", mass=10.0).chi2, rel=1e-9)
        np.testing.assert_array_equal(other.predict("sm").observed, observed)
    assert experiment.chi2("sm") == cevns.load(experiment.name).chi2("sm")


def test_other_data_share_what_they_do_not_change(experiment, monkeypatch):
    experiment.chi2("sm")
    monkeypatch.setattr(Folds, "_pieces", lambda *_: pytest.fail("folded again"))
    other = experiment.with_data(1.1 * np.array(experiment.observed))
    assert other.signal is experiment.signal
    assert other.chi2("b-l", 10.0, 5e-5) > 0


def test_data_that_are_replaced_alone_share_as_much(experiment, monkeypatch):
    experiment.chi2("sm")
    monkeypatch.setattr(Folds, "_pieces", lambda *_: pytest.fail("folded again"))
    observed = 1.1 * np.array(experiment.observed)
    other = experiment.replace(observed=observed)
    assert other.signal is experiment.signal
    assert other.chi2("b-l", 10.0, 5e-5) == experiment.with_data(observed).chi2("b-l", 10.0, 5e-5)
    wider = experiment.replace(observed=observed, uncertainty=2 * np.array(experiment.uncertainty))
    assert wider.signal is experiment.signal
    assert not experiment.asimov("sm").replace(observed=observed).expected
    monkeypatch.undo()
    # other fields make another signal, or another statistic
    assert experiment.replace(observed=observed, quenching_sigma=0.1).quenching_sigma == 0.1
    poisson = experiment.replace(observed=np.abs(observed).round(), uncertainty=None)
    assert poisson.uncertainty is None
    assert poisson.together


def test_data_in_the_shape_of_the_axes_are_replaced(monkeypatch):
    data = cevns.load("coherent-csi-2021")
    shape = data.signal.binning.shape
    assert len(shape) == 2
    observed = np.array(data.observed).reshape(shape) + 1.0
    other = data.replace(observed=observed)
    assert other.signal is data.signal
    assert other.observed == tuple(observed.ravel().tolist())
    with pytest.raises(InputError, match="observed must have"):
        data.replace(observed=observed.T)


def test_other_data_add_and_pickle(csi, argon):
    toy = argon.with_data(np.array(argon.observed) + 1.0)
    total = csi + toy
    assert total.chi2("sm") == pytest.approx(csi.chi2("sm") + toy.chi2("sm"), rel=1e-12)
    copy = pickle.loads(pickle.dumps(toy))
    assert copy == toy
    assert copy.chi2("sm") == pytest.approx(toy.chi2("sm"), rel=1e-12)
    assert toy.replace(name="toy").observed == toy.observed


@pytest.mark.parametrize(
    ("observed", "uncertainty", "message"),
    [
        (np.ones(11), None, "observed has 11 entries|observed .*11"),
        (np.full(12, np.nan), None, "observed contains nan"),
        (np.full(12, 1e31), None, "observed contains 1e.31"),
        ("many", None, "observed must"),
        (np.ones((1, 12)), None, "observed must"),
        (np.ones(12), np.ones(11), "uncertainty .*11"),
        (np.ones(12), np.zeros(12), "uncertainty contains 0.0"),
        (np.ones(12), np.full(12, 1e-9), "less than 1e-08 of its counts or of a background"),
        (np.full(12, 1e12), None, "less than 1e-08 of its counts"),
    ],
)
def test_data_that_are_refused(argon, observed, uncertainty, message):
    with pytest.raises(InputError, match=message):
        argon.with_data(observed, uncertainty)


@pytest.mark.parametrize(
    ("interaction", "values"), [*POINTS, ("sm", {"sin2_theta_w": 0.3}), ("b-l", {"mass": 5.0, "coupling": 1e-4})]
)
def test_asimov_data_are_what_an_interaction_predicts(experiment, interaction, values):
    data = experiment.asimov(interaction, **values)
    np.testing.assert_allclose(data.observed, experiment.predict(interaction, **values).total, rtol=1e-12)
    assert data.uncertainty == experiment.uncertainty
    assert data.chi2(interaction, **values) == pytest.approx(0.0, abs=1e-8)
    pulls = data.pulls(interaction, **values).experiments[data.name]["pulls"]
    assert all(pull == pytest.approx(0.0, abs=1e-6) for pull in pulls.values())
    if interaction == "b-l":
        assert data.best_fit("b-l", mass=values["mass"]).coupling == pytest.approx(values["coupling"], rel=1e-3)
    # not the object that it came from
    assert experiment.chi2(interaction, **values) > 1e-3


def test_asimov_data_of_a_radius(argon):
    data = argon.asimov(rn_ar=3.2)
    assert data.chi2("sm", rn_ar=3.2) == pytest.approx(0.0, abs=1e-9)
    assert data.chi2("sm") > 1e-4
    with pytest.raises(CevnsError, match="unknown parameter 'rn_xe'"):
        argon.asimov(rn_xe=3.2)
    with pytest.raises(CevnsError, match="mass is missing"):
        argon.asimov("b-l")


# --- a signal alone


def test_a_signal_knows_no_data(argon):
    signal = Signal(argon.flux, argon.target, argon.response)
    np.testing.assert_allclose(signal.counts("sm"), argon.predict("sm").signal, rtol=1e-13)
    assert signal == argon.signal
    assert pickle.loads(pickle.dumps(signal)) == signal
    assert signal.counts("b-l", mass=[[1.0], [2.0]], coupling=np.ones(3)).shape == (2, 3, 12)
    for wrong, message in (
        (("flux", argon.target, argon.response), "flux must be a Flux"),
        ((argon.flux, "Ar-40", argon.response), "target must be a Target"),
        ((argon.flux, argon.target, None), "response must be a Response"),
        ((argon.flux, argon.target, argon.response, "helmet"), "helm"),
        ((argon.flux, argon.target, argon.response, "helm", 0.7), "quenching_sigma = 0.7"),
    ):
        with pytest.raises(CevnsError, match=message):
            Signal(*wrong)


def test_a_form_factor_without_a_radius_has_no_radius_to_set():
    point = cevns.load("coherent-csi-2017", form_factor="point")
    assert [p.name for p in point.parameters("sm")] == ["sin2_theta_w"]
    with pytest.raises(UnknownNameError, match="rn_csi"):
        point.chi2("sm", rn_csi=5.0)


@pytest.mark.parametrize("systematics", [None, "core"])
def test_other_data_take_what_is_bound_over(csi, systematics):
    """Functions of other data have the parameters and priors of those before, and their own chi2."""
    before = csi if systematics is None else cevns.load("coherent-csi-2021", systematics=systematics)
    point = {"mass": 10.0, "coupling": 5e-5}
    interaction = cevns.get_interaction("b-l")
    interaction = interaction.replace(
        parameters=[p.replace(prior=(4e-5, 1e-5)) if p.name == "coupling" else p for p in interaction.parameters]
    )
    bound = before.bind(interaction, free=["mass", "coupling", "sin2_theta_w"])
    counts = np.array(before.observed)[::-1]
    after, anew = before.with_data(counts), dataclasses.replace(before, observed=tuple(counts.tolist()))
    found = after.bind(interaction, free=["mass", "coupling", "sin2_theta_w"])
    assert found.parameters is bound.parameters
    assert (found.names, found.engine.priors) == (bound.names, bound.engine.priors)
    other = anew.bind(interaction, free=["mass", "coupling", "sin2_theta_w"])
    assert found(10.0, 5e-5, 0.24) == pytest.approx(other(10.0, 5e-5, 0.24), rel=1e-12)
    assert found(10.0, 5e-5, 0.24) != bound(10.0, 5e-5, 0.24)
    assert after.chi2(interaction, **point) == pytest.approx(anew.chi2(interaction, **point), rel=1e-12)
    assert before.with_data(before.observed).chi2(interaction, **point) == before.chi2(interaction, **point)
