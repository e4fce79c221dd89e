"""What every experiment in the registry promises."""

import hashlib
import importlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from canonical import VALUES

import cevns
from cevns.experiments import registry

MODELS = {name: {p: VALUES[p] for p in cevns.get_interaction(name).own_names} for name in cevns.known_interactions()}


@pytest.fixture(params=cevns.known_experiments(), scope="module")
def experiment(request):
    return cevns.load(request.param)


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


def test_users_find_and_cite_it(experiment, run):
    assert experiment.label
    assert experiment.description
    assert experiment.references
    assert all(reference.startswith("arXiv:") for reference in experiment.references)
    _, out, _ = run("list")
    (line,) = (line for line in out.splitlines() if line.startswith(f"{experiment.name} "))
    assert experiment.description in line
    _, out, _ = run("cite", experiment.name)
    assert [r for r in experiment.references if r not in out] == []


def test_equal_by_value_and_pickles(experiment):
    for copy in (pickle.loads(pickle.dumps(experiment)), cevns.load(experiment.name), experiment.replace()):
        assert copy == experiment
        assert hash(copy) == hash(experiment)
        assert copy.chi2("sm") == experiment.chi2("sm")
    assert experiment.replace(signal_sigma=0.5) != experiment


def test_predictions_are_not_negative(experiment, model):
    for factor in (0.0, 0.1, 1.0, 3.0, 100.0):
        own = cevns.get_interaction(model).parameters
        point = {p.name: VALUES[p.name] * (1 if p.unit == "MeV" else factor) for p in own}
        prediction = experiment.predict(model, **point)
        for counts in (prediction.signal, prediction.total, *prediction.backgrounds.values()):
            assert counts.shape == (experiment.response.bins,)
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


def test_other_data_make_the_same_experiment_as_a_new_one(experiment):
    same = experiment.with_data(experiment.observed, experiment.uncertainty)
    assert same == experiment
    counts, sigma = np.array(experiment.observed) + 3.0, 1.5 * np.array(experiment.uncertainty)
    other, anew = experiment.with_data(counts, sigma), experiment.replace(observed=counts, uncertainty=sigma)
    assert other == anew
    assert hash(other) == hash(anew)
    assert other != experiment
    for model, point in MODELS.items():
        assert other.chi2(model, **point) == pytest.approx(anew.chi2(model, **point), rel=1e-10)
    # and the first one keeps its own
    assert experiment.chi2("sm") == pytest.approx(cevns.load(experiment.name).chi2("sm"), rel=1e-12)


def test_pulls_give_chi2(experiment, model):
    """Counts with the pulls applied, and the pulls themselves, add up to the chi2 that was profiled."""
    point = MODELS[model]
    profile = experiment.pulls(model, **point)
    assert profile.chi2 == pytest.approx(experiment.chi2(model, **point), rel=1e-12)
    pulls = profile.experiments[experiment.name]["pulls"]
    sigmas = {"signal": experiment.signal_sigma} | {b.name: b.sigma for b in experiment.backgrounds}
    if experiment.quenching_sigma:
        sigmas["quenching"] = experiment.quenching_sigma
    assert pulls.keys() == sigmas.keys()
    total = (1 + pulls["signal"]) * experiment.predict(model, **point, eta=1 + pulls.get("quenching", 0.0)).signal
    for background in experiment.backgrounds:
        total = total + (1 + pulls[background.name]) * np.array(background.counts)
    residuals = (np.array(experiment.observed) - total) / np.array(experiment.uncertainty)
    penalty = sum((pulls[name] / sigma) ** 2 for name, sigma in sigmas.items())
    assert residuals @ residuals + penalty == pytest.approx(profile.chi2, rel=1e-6)


def test_shows_itself(experiment):
    assert "\n" not in repr(experiment)
    assert experiment.name in repr(experiment)
    assert experiment._repr_html_().startswith("<table>")
