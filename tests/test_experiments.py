"""The two COHERENT data sets and their registry."""

from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.detectors import PolynomialQuenching
from cevns.errors import InputError, UnknownNameError
from cevns.experiments import coherent_argon_2020, coherent_csi_2017
from cevns.nuclei.form_factors import FormFactor
from cevns.tables import read_table

ARGON = Path(coherent_argon_2020.__file__).parent


@pytest.fixture(params=cevns.known_experiments())
def experiment(request):
    return cevns.load(request.param)


# --- contract of every experiment in the registry


def test_has_metadata(experiment):
    assert experiment.name in cevns.known_experiments()
    assert experiment.label
    assert experiment.description
    assert all(reference.startswith(("arXiv:", "doi:")) for reference in experiment.references)


def test_arrays_fit_the_bins(experiment):
    prediction = experiment.predict("sm")
    bins = len(experiment.observed)
    if len(prediction.axes) == 1:
        assert prediction.bin_edges.shape == (bins + 1,)
        assert prediction.bin_unit == experiment.response.unit
    else:
        for name in ("bin_edges", "bin_unit"):
            with pytest.raises(InputError, match=r"has the axes (energy|run), .*take \.axes"):
                getattr(prediction, name)
    uncertainty = [] if prediction.uncertainty is None else [prediction.uncertainty]
    for values in (prediction.signal, prediction.observed, *uncertainty, *prediction.backgrounds.values()):
        assert values.shape == (bins,)
        assert np.isfinite(values).all()
    assert (prediction.signal >= 0).all()


def test_prediction_follows_the_shape_of_mass_and_coupling(experiment):
    signal = experiment.predict("b-l", np.array([1.0, 100.0])[:, None], np.array([0.0, 1e-5, 1e-4])).signal
    bins = len(experiment.observed)
    assert signal.shape == (2, 3, bins)
    np.testing.assert_allclose(signal[1, 2], experiment.predict("b-l", 100.0, 1e-4).signal, rtol=1e-14)
    assert experiment.predict("b-l", 10.0, np.array([1e-5])).signal.shape == (1, bins)
    assert experiment.predict("sm").signal.shape == (bins,)


def test_predictor_is_predict(experiment):
    predictor = experiment.predictor("universal")
    for mass, coupling in ((0.0, 0.0), (10.0, 3e-5), (1e4, 1e-2)):
        np.testing.assert_array_equal(predictor(mass, coupling), experiment.predict("universal", mass, coupling).signal)
    with pytest.raises(InputError, match="mass"):
        predictor(-1.0, 1e-5)
    with pytest.raises(InputError, match="coupling"):
        predictor(1.0, float("nan"))


def test_a_prediction_does_not_hand_out_the_experiments_own_arrays(experiment):
    first = experiment.predict("sm")
    total = first.signal.sum()
    uncertainty = [] if first.uncertainty is None else [first.uncertainty]
    edges = [first.projection(i).bin_edges for i in range(len(first.axes))]
    for values in (first.signal, first.observed, *uncertainty, *edges, *first.backgrounds.values()):
        values[:] = -1
    second = experiment.predict("sm")
    assert second.uncertainty is None or (second.uncertainty > 0).all()
    assert (second.observed >= min(experiment.observed)).all()
    assert second.signal.sum() == total
    assert all((counts >= 0).all() for counts in second.backgrounds.values())


def test_predictors_do_not_hand_out_what_they_keep(experiment):
    predictor = experiment.predictor("sm")
    total = predictor().sum()
    predictor()[:] = -1
    assert predictor().sum() == total > 0


@pytest.mark.parametrize("name", ["coherent-csi-2017", "coherent-argon-2020"])
def test_standard_model_events_of_the_paper(name):
    experiment = cevns.load(name)
    assert experiment.response.bins == 12
    assert experiment.predict("sm").signal.sum() == pytest.approx(131.4, abs=0.05)


# --- the data as the papers describe them


def test_csi_data(csi):
    """Sums over 6-30 PE before 6 us: 547 coincidence and 405 anticoincidence counts."""
    observed, variance = np.array(csi.observed), np.square(csi.uncertainty)
    assert (observed + variance).sum() / 2 == pytest.approx(547)
    assert (variance - observed).sum() / 2 == pytest.approx(405)
    np.testing.assert_array_equal(csi.response.edges, np.arange(6, 31, 2))
    assert csi.quenching_sigma == 0.051
    assert csi.signal_sigma == 0.112
    (neutrons,) = csi.backgrounds
    assert neutrons.sigma == 0.25
    assert 5 < sum(neutrons.counts) < 10


def test_argon_data(argon):
    prompt, late = argon.backgrounds
    assert (prompt.name, late.name) == ("PBRN", "LBRN")
    assert (prompt.sigma, late.sigma) == (0.32, 1.0)
    assert sum(prompt.counts) == pytest.approx(497, abs=0.01)
    assert sum(late.counts) == pytest.approx(33, abs=0.01)
    np.testing.assert_array_equal(argon.response.edges, np.arange(0, 121, 10))
    assert argon.signal_sigma == 0.134
    assert argon.quenching_sigma == 0


def test_argon_uncertainty_has_the_shape_of_the_neutrons_in_it(argon):
    """Eqs. 4.3 and 4.4: sqrt(0.058^2 / 12) of the neutrons in quadrature."""
    table = read_table(ARGON / "energydata1d.txt")
    neutrons = sum(np.array(b.counts) for b in argon.backgrounds)
    added = np.sqrt(np.square(argon.uncertainty) - table[:, 2] ** 2)
    np.testing.assert_allclose(added, 0.058 / np.sqrt(12) * neutrons, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(argon.observed, table[:, 1])


def test_argon_signal_is_near_that_of_the_release(argon):
    """128 +- 17 events; its own spectrum has the same shape to a few per cent of the total in every bin."""
    energy, _, _, counts = read_table(ARGON / "cevnspdf.txt").T
    released = np.histogram(energy, argon.response.edges, weights=counts)[0]
    assert released.sum() == pytest.approx(128, abs=1)
    signal = argon.predict("sm").signal
    assert np.abs(signal / signal.sum() - released / released.sum()).max() < 0.05


# --- options


def test_quenching_and_form_factor_may_be_ones_own():
    constant = cevns.load("coherent-csi-2017", quenching=PolynomialQuenching((0.0878,)))
    named = cevns.load("coherent-csi-2017", quenching="constant")
    assert constant.predict("sm").signal.tolist() == named.predict("sm").signal.tolist()
    thick = cevns.load("coherent-argon-2020", form_factor=FormFactor("helm", 1.2))
    assert thick.predict("sm").signal.sum() != cevns.load("coherent-argon-2020").predict("sm").signal.sum()


def test_ratio_of_the_csi_rates_of_two_quenchings():
    """The Chicago-3 quenching gives 0.80 of the rate of the constant factor (138 of 173 in the literature)."""
    chicago, constant = (
        cevns.load("coherent-csi-2017", quenching=q).predict("sm").signal.sum() for q in ("chicago-3", "constant")
    )
    assert chicago / constant == pytest.approx(0.80, abs=0.005)


def test_every_quenching_of_csi_loads():
    loaded = [cevns.load("coherent-csi-2017", quenching=q) for q in coherent_csi_2017.QUENCHINGS]
    totals = [experiment.predict("sm").signal.sum() for experiment in loaded]
    assert len(set(totals)) == 3
    assert all(100 < total < 200 for total in totals)


def test_unknown_names_have_the_closest_match():
    with pytest.raises(UnknownNameError, match="Did you mean 'coherent-csi-20"):
        cevns.load("coherent-csi")
    with pytest.raises(UnknownNameError, match=r"CsI quenching.*Did you mean 'chicago-3'"):
        cevns.load("coherent-csi-2017", quenching="chicago3")
    with pytest.raises(UnknownNameError, match="argon quenching"):
        cevns.load("coherent-argon-2020", quenching="chicago-3")
    with pytest.raises(UnknownNameError, match="form factor"):
        cevns.load("coherent-argon-2020", form_factor="gauss")


def test_bad_arguments_of_load():
    with pytest.raises(InputError, match="unknown option 'quench'"):
        cevns.load("coherent-csi-2017", quench="constant")
    with pytest.raises(UnknownNameError, match="None"):
        cevns.load(None)


def test_each_call_makes_an_equal_but_own_experiment():
    first, second = (cevns.load("coherent-argon-2020") for _ in range(2))
    assert first is not second
    assert first.observed == second.observed
    assert set(coherent_argon_2020.QUENCHINGS) == {"release"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("coherent-csi-2017", "coherent-csi-2021"),
        ("coherent-csi-2021", "coherent-csi-2017"),
        ("coherent-argon-2020", "coherent-argon-2020-3d"),
    ],
)
def test_the_same_events_are_not_counted_twice(one, other):
    with pytest.raises(InputError, match=rf"{one} and {other} hold the same events"):
        cevns.load(one) + cevns.load(other)


def test_electrons_that_photons_hit_are_missed_in_data_sets_too(csi, argon):
    (remark,) = csi.interval("millicharge", "q_mumu").remarks
    assert "electrons of coherent-csi-2017 are left out" in remark
    assert len((csi + argon).omissions("millicharge")) == 2
    assert csi.omissions("b-l") == csi.omissions("magnetic-moment") == csi.omissions("charge-radius") == ()
    assert csi.replace(electrons="shells").omissions("millicharge") == ()
    assert csi.replace(name="mine").omissions("magnetic-moment") != ()


def test_slips_of_an_experiment_are_refused(argon):
    with pytest.raises(UnknownNameError, match="Did you mean 'signal_sigma'"):
        argon.replace(sigal_sigma=0.1)
    with pytest.raises(InputError, match=r"floor = 0\.001 is of Poisson data"):
        argon.replace(floor=1e-3)
