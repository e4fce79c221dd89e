"""Longer exposures and higher thresholds of a planned experiment."""

import numpy as np
import pytest

import cevns
from cevns.binning import Axis
from cevns.config import load_config
from cevns.detectors import Arrival, Distribution, PolynomialQuenching, Response, ResponseShape, TemplateResponse
from cevns.errors import InputError
from cevns.experiments import Experiment
from cevns.fluxes import PulseTiming, pion_decay_at_rest
from cevns.likelihoods import Background, Deformation
from cevns.nuclei import Target

PROMPT = PulseTiming(0.4673, 0.1475, [0.0312])
FLUX = pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=20.0, timing=PROMPT)
NAMES = ["coherent-csi-2017", "coherent-argon-2020", "coherent-csi-2021", "coherent-argon-2020-3d"]


@pytest.mark.parametrize("name", cevns.known_experiments())
def test_everything_that_is_expected_grows_with_the_exposure(name):
    experiment = cevns.load(name)
    more = experiment.scaled(4.0)
    np.testing.assert_allclose(more.predict("sm").total, 4 * experiment.predict("sm").total, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(more.observed, 4 * np.array(experiment.observed))
    assert more.expected
    if experiment.uncertainty is not None:
        np.testing.assert_allclose(more.uncertainty, 2 * np.array(experiment.uncertainty))
    assert more.signal_sigma == experiment.signal_sigma
    assert more.scaled(0.25).predict("sm").total == pytest.approx(experiment.predict("sm").total, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_bins_above_a_threshold_are_what_they_were(name):
    experiment = cevns.load(name)
    axis = experiment.signal.binning.axes[0]
    cut = experiment.above(axis.edges[2])
    before = experiment.predict("b-l", mass=20.0, coupling=1e-4)
    after = cut.predict("b-l", mass=20.0, coupling=1e-4)
    np.testing.assert_allclose(after.total, before.total.reshape(axis.bins, -1)[2:].ravel(), rtol=1e-9, atol=1e-12)
    assert cut.observed == tuple(np.array(experiment.observed).reshape(axis.bins, -1)[2:].ravel())
    assert cut.signal.binning.axes[0].edges == axis.edges[2:]
    assert cut.expected == experiment.expected
    assert experiment.above(axis.edges[0]) is experiment


def deformed(kept):
    """An experiment in energy and time with everything that has bins, of which some of energy are kept."""
    edges = np.array([2.0, 5.0, 8.0, 12.0])
    first = len(edges) - 1 - kept
    energy, rest = edges[first:], kept * 2
    response = Response(PolynomialQuenching((0.25,)), energy)
    counts = np.arange(1.0, 7.0)[-rest:]
    late = np.array([3.0, 1, 4, 2, 5, 3])[-rest:]
    return Experiment(
        "planned",
        FLUX,
        Target.of("Ar", mass=100.0),
        response,
        counts,
        backgrounds=[Background("flat", counts, 0.1)],
        signal_sigma=0.1,
        arrival=Arrival([0.0, 1.0, 6.0]),
        shapes=[
            ResponseShape("quenching", PolynomialQuenching((0.27,)), PolynomialQuenching((0.23,))),
            Deformation("late", "flat", late),
        ],
    )


def test_what_deforms_is_cut_and_grows_too():
    cut, expected = deformed(3).above(5.0), deformed(2)
    assert cut == expected
    assert cut.chi2("sm") == pytest.approx(expected.chi2("sm"), rel=1e-12)
    late = deformed(2).scaled(3.0).shapes[1]
    np.testing.assert_allclose(late.up, 3 * np.array(deformed(2).shapes[1].up))


def test_templates_and_distributions_are_cut():
    whole = TemplateResponse([1.0, 50.0], [[0.1, 0.0, 0.0], [0.3, 0.2, 0.1]], Axis("light", [0, 5, 10, 15], "PE"))
    shares, early = np.array([[0.5, 0.5], [0.4, 0.6], [0.3, 0.7]]), np.array([[0.6, 0.4], [0.5, 0.5], [0.2, 0.8]])
    experiment = Experiment(
        "planned",
        pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=20.0),
        Target.of("Ar", mass=100.0),
        whole,
        np.ones(6),
        signal_sigma=0.1,
        distribution=Distribution([Axis("pulse", [0.0, 1.0, 2.0], "")], shares),
        shapes=[Deformation("early", "signal", early)],
    )
    cut = experiment.above(5.0)
    np.testing.assert_allclose(cut.predict("sm").total, experiment.predict("sm").total[2:], rtol=1e-12)
    np.testing.assert_allclose(cut.shapes[0].up, early[1:].ravel())
    # of the signal they are shares, which know no exposure
    assert experiment.scaled(3.0).shapes == experiment.shapes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.scaled(0.0), "exposure = 0.0 is not allowed"),
        (lambda e: e.scaled(-1.0), "exposure = -1.0 is not allowed"),
        (lambda e: e.above(15.0), "threshold = 15 keVee lies inside a bin of .*: take an edge, such as 0, 10, 20"),
        (lambda e: e.above(120.0), "leaves no bin of coherent-argon-2020"),
        (lambda e: e.above(float("nan")), "threshold = nan is not allowed"),
    ],
)
def test_what_cannot_be_planned_is_refused(argon, change, message):
    with pytest.raises(InputError, match=message):
        change(argon)


def test_expected_counts_of_a_file_are_called_so(tmp_path):
    """Not other data: there are none that they could be other than."""
    text = """
schema = 1
[[experiment]]
name = "plan"
signal_sigma = 0.05
[experiment.flux]
kind = "reactor"
thermal_power_gw = 3.0
distance_m = 25.0
exposure_days = 365.25
[experiment.target]
composition = "Ge"
mass_kg = 1.0
[experiment.response]
edges = [0.2, 0.25, 0.3]
quenching = {kind = "lindhard", protons = 32, nucleons = 72.63, k = 0.16}
[experiment.data]
observed = "asimov"
"""
    for number, more in enumerate(["", 'uncertainty = "counting"\n']):
        path = tmp_path / f"{number}.toml"
        path.write_text(text + more, encoding="utf-8")
        (plan,) = load_config(path).likelihood.experiments
        assert plan.expected
        assert plan.differs == ("expected data",)
