"""Messages that name what they are about and what to do, of likelihoods and of files; and data in any shape."""

import numpy as np
import pytest
from test_cli import ARGON, assert_refused

import cevns
from cevns.errors import InputError, UnknownNameError
from cevns.files import checked_path
from cevns.likelihoods import Nuisance


def test_where_nothing_is_known_there_is_a_remedy(argon):
    with pytest.raises(
        UnknownNameError, match=r"coupling of 'sm' 'coupling'; there is none\. Take chi2, or fit, inter"
    ):
        argon.limit("sm", parameter="coupling")
    with pytest.raises(UnknownNameError, match=r"'a'; there is none\. They are of nuisances that may be shared"):
        argon.replace(correlations={("a", "b"): 0.5})
    with pytest.raises(UnknownNameError, match=r"'b'; known: a\. They are of nuisances that may be shared"):
        argon.replace(nuisances=[Nuisance("a", 0.1)], correlations={("a", "b"): 0.5})


def test_data_of_a_sum_name_their_experiment(both, argon):
    with pytest.raises(InputError, match=r"data of 'coherent-argon-2020': observed must .* 12"):
        both.with_data({ARGON: [1, 2]})
    with pytest.raises(InputError, match=r"uncertainty must be a mapping of the names"):
        both.with_data({ARGON: argon.observed}, uncertainty=argon.uncertainty)
    with pytest.raises(InputError, match=r"uncertainty is of 'coherent-csi-2017', which observed leaves out"):
        both.with_data({ARGON: argon.observed}, {"coherent-csi-2017": [1.0]})
    with pytest.raises(UnknownNameError, match="unknown experiment 'argon'"):
        both.with_data({}, {"argon": [1.0]})


def test_data_of_a_sum_have_uncertainties(both, argon):
    counts, sigma = np.array(argon.observed) + 1, 2 * np.array(argon.uncertainty)
    found = both.with_data({ARGON: counts}, uncertainty={ARGON: sigma})
    expected = both.experiments[0].chi2("sm") + argon.with_data(counts, sigma).chi2("sm")
    assert found.chi2("sm") == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("made", [np.array, list, np.ndarray.tolist], ids=["array", "rows", "lists"])
def test_data_have_the_shape_of_the_axes(made):
    csi_core = cevns.load("coherent-csi-2021", systematics="core")
    shape = csi_core.signal.binning.shape
    counts = np.array(csi_core.observed) + 1
    assert csi_core.with_data(made(counts.reshape(shape))) == csi_core.with_data(counts)
    with pytest.raises(InputError, match="observed"):
        csi_core.with_data(made(counts.reshape(shape[::-1])))


def test_uncertainties_have_the_shape_of_the_axes():
    e = cevns.load("coherent-csi-2021", systematics="core")
    sigma = np.sqrt(np.array(e.observed) + 1)
    gaussian = e.replace(uncertainty=sigma, floor=0.0)
    shape = e.signal.binning.shape
    found = gaussian.with_data(np.reshape(e.observed, shape), (2 * sigma).reshape(shape))
    assert found == gaussian.with_data(e.observed, 2 * sigma)


def test_a_sum_takes_the_same_call_for_every_model_as_its_parts(both):
    found = both.asimov("sm", mass=0, coupling=None)
    assert found == both.asimov("sm")
    with pytest.raises(InputError, match="mass is given, but interaction 'sm' has none"):
        both.asimov("sm", mass=1.0)


@pytest.mark.parametrize("path", ["a" * 256, "\u00e9" * 128 + "/b", "a/" * 2048], ids=["name", "folder", "path"])
def test_paths_that_are_too_long_are_refused_with_a_remedy(run, path):
    assert checked_path("a" * 255 + "/" + "b" * 255).name == "b" * 255
    with pytest.raises(InputError, match="is too long: names have at most 255 bytes, a path 4095; shorten it"):
        checked_path(path)
    assert_refused(run("chi2", "--config", path, "--model", "sm"), "shorten it")
    assert_refused(run("limit", ARGON, "--model", "sm", "-o", f"{path}.csv"), "shorten it")
