"""What every experiment in the registry promises."""

import dataclasses
import hashlib
import importlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from canonical import VALUES
from loaded import load

import cevns
from cevns.errors import InputError, UnknownNameError
from cevns.experiments import registry
from cevns.reference.poisson import baker_cousins

MODELS = {name: {p: VALUES[p] for p in cevns.get_interaction(name).own_names} for name in cevns.known_interactions()}


#: Options with which an experiment is folded in a fraction of the time: what makes new ones for each interaction takes
#: those, and the whole experiment for `WHOLE` alone, which are folded together.
LESS = {"coherent-csi-2021": {"systematics": "core"}}
WHOLE = ("sm", "b-l", "nsi")


@pytest.fixture(params=cevns.known_experiments(), scope="module")
def experiment(request):
    return load(request.param)


@pytest.fixture(scope="module")
def parts(experiment):
    """The experiment with some interactions, and what is left of it with its `LESS` options with all."""
    if experiment.name not in LESS:
        return [(experiment, MODELS)]
    return [(experiment, {m: MODELS[m] for m in WHOLE}), (load(experiment.name, **LESS[experiment.name]), MODELS)]


@pytest.fixture(scope="module")
def fresh(experiment):
    """The same once more, which has computed nothing but what tests ask of it."""
    return cevns.load(experiment.name)


@pytest.fixture(scope="module")
def profile(experiment):
    return experiment.pulls("sm")


@pytest.fixture
def loaded(monkeypatch):
    """Commands take what is loaded already."""
    monkeypatch.setattr(cevns.experiments, "load", load)


@pytest.fixture(params=MODELS)
def model(request):
    return request.param


def folder(experiment):
    module = importlib.import_module(registry._MODULES[experiment.name])
    return Path(module.__file__).parent


def test_its_data_say_where_they_come_from(experiment):
    """`test_data_files.py` checks every checksum of the package; here, that the experiment has some."""
    provenance = (folder(experiment) / "PROVENANCE.md").read_text(encoding="utf-8")
    lines = (folder(experiment) / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    assert lines
    for line in lines:
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((folder(experiment) / name).read_bytes()).hexdigest() == digest
        assert f"`{name}`" in provenance


def test_users_find_and_cite_it(experiment, run, loaded):
    assert experiment.label
    assert experiment.description
    assert experiment.references
    assert all(reference.startswith(("arXiv:", "doi:")) for reference in experiment.references)
    _, out, _ = run("list")
    (line,) = (line for line in out.splitlines() if line.startswith(f"{experiment.name} "))
    assert experiment.description in line
    assert str(experiment.signal.binning) in line
    for option in registry.known_options(experiment.name):
        assert option in line
    _, out, _ = run("cite", experiment.name)
    assert [r for r in experiment.references if r not in out] == []


def test_equal_by_value_and_pickles(experiment, parts, fresh):
    for whole, _ in parts:
        loaded = fresh if whole is experiment else cevns.load(whole.name, **LESS[whole.name])
        for copy in (pickle.loads(pickle.dumps(whole)), loaded, whole.replace()):
            assert copy == whole
            assert hash(copy) == hash(whole)
            if copy is fresh or whole is parts[-1][0]:
                assert copy.chi2("sm") == whole.chi2("sm")
        assert whole.replace(signal_sigma=0.5) != whole


def test_predictions_are_not_negative(experiment, model):
    for factor in (0.0, 0.1, 1.0, 3.0, 100.0):
        own = cevns.get_interaction(model).parameters
        point = {p.name: VALUES[p.name] * (1 if p.unit == "MeV" else factor) for p in own}
        prediction = experiment.predict(model, **point)
        for counts in (prediction.signal, prediction.total, *prediction.backgrounds.values()):
            assert counts.shape == (len(experiment.observed),)
            assert (counts >= 0).all()


def test_expected_data_fit_exactly(experiment, model):
    point = MODELS[model]
    asimov = experiment.asimov(model, **point)
    np.testing.assert_allclose(asimov.observed, experiment.predict(model, **point).total, rtol=1e-15)
    found = asimov.pulls(model, **point)
    assert abs(found.chi2) < 1e-9
    assert all(abs(pull) < 1e-6 for pull in found.experiments[experiment.name]["pulls"].values())
    other, others = ("sm", {}) if point else ("b-l", MODELS["b-l"])
    if not np.array_equal(experiment.predict(other, **others).signal, experiment.predict(model, **point).signal):
        # neutrinos of a reactor, for one, do not see L_mu - L_tau
        assert asimov.chi2(other, **others) > 0


def test_other_data_make_the_same_experiment_as_a_new_one(experiment, parts, fresh):
    for whole, models in parts:
        same = whole.with_data(whole.observed, whole.uncertainty)
        assert same == whole
        counts = np.array(whole.observed) + 3.0
        sigma = None if whole.uncertainty is None else 1.5 * np.array(whole.uncertainty)
        other, anew = whole.with_data(counts, sigma), whole.replace(observed=counts, uncertainty=sigma)
        assert other == anew
        assert hash(other) == hash(anew)
        assert other != whole
        for model, point in models.items():
            assert other.chi2(model, **point) == pytest.approx(anew.chi2(model, **point), rel=1e-10)
    # and the first one keeps its own
    assert experiment.chi2("sm") == pytest.approx(fresh.chi2("sm"), rel=1e-12)


def sigmas(experiment):
    """Return the standard deviations of all nuisances as the experiment declares them."""
    found = {"signal": experiment.signal_sigma, "quenching": experiment.quenching_sigma}
    found |= {part.name: part.sigma for part in (*experiment.backgrounds, *experiment.nuisances)}
    found |= {shape.name: getattr(shape, "sigma", 1.0) for shape in experiment.shapes}
    return {name: sigma for name, sigma in found.items() if sigma}


def against_data(experiment, expected):
    """Return what expected counts add to chi2, without a pull."""
    if experiment.uncertainty is None:
        return baker_cousins(experiment.observed, expected, max(experiment.floor, 1e-300))
    return float((((expected - experiment.observed) / experiment.uncertainty) ** 2).sum())


def test_pulls_give_chi2(experiment, model):
    """Counts with the pulls applied, and the pulls themselves, add up to the chi2 that was profiled."""
    point = MODELS[model]
    profile = experiment.pulls(model, **point)
    assert profile.chi2 == pytest.approx(experiment.chi2(model, **point), rel=1e-9)
    pulls, expected = profile.of(experiment.name), sigmas(experiment)
    assert pulls.keys() == expected.keys() == experiment.statistic.pull_units.keys()
    fitted = experiment.predict(model, **point, pulls=profile)
    assert fitted.pulls == pulls
    penalty = sum((pulls[name] / sigma) ** 2 for name, sigma in expected.items())
    assert against_data(experiment, fitted.total) + penalty == pytest.approx(profile.chi2, rel=1e-6)


def test_pulls_of_0_are_the_prediction(experiment, profile):
    none = dict.fromkeys(profile.experiments[experiment.name]["pulls"], 0.0)
    still = dataclasses.replace(
        profile, experiments={experiment.name: {"chi2": 0.0, "pulls": none}}, shared=dict.fromkeys(profile.shared, 0.0)
    )
    plain, unmoved = experiment.predict("sm"), experiment.predict("sm", pulls=still)
    np.testing.assert_allclose(unmoved.signal, plain.signal, rtol=1e-12)
    for name, counts in plain.backgrounds.items():
        np.testing.assert_array_equal(unmoved.backgrounds[name], counts)
    with pytest.raises(InputError, match="leave eta out"):
        experiment.predict("sm", pulls=profile, eta=1.1)


def test_counts_add_up(experiment, model, profile):
    for pulls in (None, profile):
        found = experiment.predict(model, **MODELS[model], pulls=pulls)
        assert list(found.components) == [name for name, _ in experiment.flux.by_component()]
        np.testing.assert_allclose(sum(found.components.values()), found.neutrinos, rtol=1e-12)
        totals = found.totals
        assert totals["total"] == pytest.approx(found.total.sum(), rel=1e-12)
        parts = totals["signal"] + totals.get("electrons", 0.0) + sum(totals["backgrounds"].values())
        assert totals["total"] == pytest.approx(parts, rel=1e-12)
        assert sum(totals["components"].values()) == pytest.approx(totals["signal"], rel=1e-12)
        assert totals["observed"] == pytest.approx(sum(experiment.observed), rel=1e-12)


def test_projections_add_up_what_they_leave_out(experiment):
    found = experiment.predict("b-l", mass=10.0, coupling=[1e-5, 1e-4])
    assert found.axes == experiment.signal.binning.axes
    shape = tuple(axis.bins for axis in found.axes)
    assert found.binning.shaped(found.signal).shape == (2, *shape)
    for i, axis in enumerate(found.axes):
        one = found.projection(axis.name)
        assert one == found.projection(i)
        assert one.axes == (axis,)
        np.testing.assert_array_equal(one.bin_edges, axis.edges)
        assert one.bin_unit == axis.unit
        for whole, part in (
            (found.signal, one.signal),
            (found.observed, one.observed),
            *((counts, one.backgrounds[name]) for name, counts in found.backgrounds.items()),
            *((counts, one.components[name]) for name, counts in found.components.items()),
        ):
            others = tuple(k - len(shape) for k in range(len(shape)) if k != i)
            summed = whole.reshape(*whole.shape[:-1], *shape).sum(axis=others)
            np.testing.assert_allclose(part, summed, rtol=1e-12)
        if found.uncertainty is None:
            assert one.uncertainty is None
        else:
            assert (one.uncertainty**2).sum() == pytest.approx((found.uncertainty**2).sum(), rel=1e-12)
    with pytest.raises(UnknownNameError, match="axis"):
        found.projection("mass")
    with pytest.raises(InputError, match="axis"):
        found.projection(len(found.axes))


def test_the_command_gives_what_the_library_gives(experiment, run, run_json, loaded, profile):
    shape = tuple(axis.bins for axis in experiment.signal.binning.axes)
    for options, pulls in ((), None), (("--fitted",), profile):
        found = run_json("predict", experiment.name, "--model", "sm", *options)
        expected = experiment.predict("sm", pulls=pulls)
        axes = [(axis["name"], axis["unit"], tuple(axis["edges"])) for axis in found["axes"]]
        assert axes == [(axis.name, axis.unit, axis.edges) for axis in expected.axes]
        pairs = [(found[name], getattr(expected, name)) for name in ("signal", "observed")]
        for name in ("backgrounds", "components"):
            assert found[name].keys() == getattr(expected, name).keys()
            pairs += [(found[name][part], counts) for part, counts in getattr(expected, name).items()]
        for values, counts in pairs:
            assert np.shape(values) == shape
            np.testing.assert_allclose(np.ravel(values), counts, rtol=1e-12)
        assert found["totals"] == expected.totals
        assert (found["uncertainty"] is None) == (experiment.uncertainty is None)
        assert found.get("pulls") == expected.pulls
    judged = run_json("chi2", experiment.name, "--model", "sm")
    assert judged["chi2"] == profile.chi2
    assert judged["experiments"] == profile.experiments
    assert judged["shared"] == profile.shared
    assert judged["at_edge"] == list(profile.at_edge)
    assert judged["units"] == experiment.statistic.pull_units
    # people get sums and projections, and not every bin
    _, out, _ = run("predict", experiment.name, "--model", "sm")
    assert len(out.splitlines()) < 10 + sum(shape) + 4 * len(shape) + len(expected.totals["backgrounds"])


def test_shows_itself(experiment):
    assert "\n" not in repr(experiment)
    assert experiment.name in repr(experiment)
    assert experiment._repr_html_().startswith("<table>")
    found = experiment.predict("sm")
    assert "\n" not in repr(found)
    for thing in (experiment, found, experiment.predict("b-l", 1.0, [0.0, 1e-5])):
        assert thing._repr_html_().count("<tr>") < 60
    assert f"{found.totals['signal']:.4g}" in repr(found)
    assert len(found.table()) == sum(axis.bins for axis in found.axes)
    assert found._repr_png_().startswith(b"\x89PNG")
