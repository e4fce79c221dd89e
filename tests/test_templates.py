"""Responses from templates: mono-energetic recoils and migration matrices."""

import pickle

import numpy as np
import pytest

import cevns
from cevns.binning import Axis, Binning
from cevns.detectors import PolynomialQuenching, Response, TemplateResponse, read_templates
from cevns.errors import DataError, InputError, UnknownNameError
from cevns.fluxes import pion_decay_at_rest
from cevns.nuclei import Target
from cevns.predictions import Signal, recoil_spectrum

FLUX = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0)
TARGET = Target.of("Xe", mass=20.0)
LIGHT, TIME = Axis("light", [2, 4, 8], "PE"), Axis("time", [0, 1, 3, 6], "us")
RECOIL = [0.5, 2.0, 6.0, 25.0]
POINTS = np.array([[0.0, 0.0], [0.3, 0.1], [0.2, 0.7], [0.1, 0.85]])


def expected(response, model="sm", *values):
    """Return counts as the sum over the middles of many narrow bins of recoil energy."""
    edges = np.unique(np.concatenate([np.linspace(0.5, 60.0, 200_001), response.recoil_kev]))
    t = 0.5 * (edges[1:] + edges[:-1])
    return response.shares(t) @ (recoil_spectrum(model, FLUX, TARGET, t, *values) * np.diff(edges))


@pytest.mark.parametrize("beyond", ["constant", "zero"])
@pytest.mark.parametrize("kind", ["points", "steps"])
def test_counts_are_integrals_over_recoils(kind, beyond):
    templates = POINTS if kind == "points" else POINTS[1:]
    response = TemplateResponse(RECOIL, templates, LIGHT, beyond=beyond)
    assert response.kind == kind
    signal = Signal(FLUX, TARGET, response)
    np.testing.assert_allclose(signal.counts("sm"), expected(response), rtol=1e-6)
    found = signal.counts("b-l", mass=10.0, coupling=5e-5)
    np.testing.assert_allclose(found, expected(response, "b-l", 10.0, 5e-5), rtol=1e-6)


def test_templates_are_straight_lines_between_energies_and_nothing_below_the_first():
    response = TemplateResponse(RECOIL, POINTS, LIGHT)
    shares = response.shares(np.array([0.499, 0.5, 1.25, 2.0, 4.0, 25.0, 100.0]))
    np.testing.assert_allclose(shares[0], [0, 0, 0.15, 0.3, 0.25, 0.1, 0.1], rtol=1e-14)
    response = TemplateResponse(RECOIL, np.minimum(POINTS + 0.05, 0.8) * [0.5, 1.0], LIGHT, beyond="zero")
    np.testing.assert_allclose(response.shares(np.array([0.499, 0.5, 25.0, 25.1]))[1], [0, 0.05, 0.8, 0], rtol=1e-14)


def test_rows_of_a_migration_matrix_are_bins_closed_below():
    response = TemplateResponse(RECOIL, POINTS[1:], LIGHT, beyond="zero")
    shares = response.shares(np.array([0.4, 0.5, 1.999, 2.0, 24.9, 26.0]))
    np.testing.assert_array_equal(shares[0], [0, 0.3, 0.3, 0.2, 0.1, 0])


def test_recoils_end_where_templates_do():
    assert TemplateResponse(RECOIL, POINTS, LIGHT).recoil_range() == (0.5, np.inf)
    assert TemplateResponse(RECOIL, POINTS, LIGHT, beyond="zero").recoil_range() == (0.5, 25.0)
    some = np.where(np.arange(4)[:, None] == 2, POINTS, 0.0)
    assert TemplateResponse(RECOIL, some, LIGHT).recoil_range() == (2.0, 25.0)
    some = np.where(np.arange(4)[:, None] == 1, POINTS, 0.0)
    assert TemplateResponse(RECOIL, some, LIGHT).recoil_range() == (0.5, 6.0)
    assert TemplateResponse(RECOIL, some[1:], LIGHT).recoil_range() == (0.5, 2.0)
    assert TemplateResponse(RECOIL, some[:3], LIGHT).recoil_range() == (2.0, 6.0)


def test_bins_of_several_axes_are_flat():
    shares = np.linspace(0.01, 0.2, 24).reshape(4, 2, 3)
    shares /= shares.sum(axis=(1, 2), keepdims=True)
    response = TemplateResponse(RECOIL, shares, Binning([LIGHT, TIME]))
    assert response == TemplateResponse(RECOIL, shares.reshape(4, 6), Binning([LIGHT, TIME]))
    assert response.bins == 6
    assert response.edges == tuple(range(7))
    assert response.binning.shape == (2, 3)
    np.testing.assert_allclose(response.shares(np.array([6.0]))[:, 0], shares[2].ravel())
    copy = pickle.loads(pickle.dumps(response))
    assert copy == response
    np.testing.assert_array_equal(copy.shares(np.array([3.0])), response.shares(np.array([3.0])))


def test_templates_made_of_a_response_are_that_response():
    nominal = Response(PolynomialQuenching((0.15,)), [0.5, 1.0, 2.0, 5.0])
    edges = np.unique(np.concatenate([[0.0], nominal.recoil(nominal.edges)]))
    middle = 0.5 * (edges[1:] + edges[:-1])
    migration = TemplateResponse(edges, nominal.shares(middle).T, nominal.axis, beyond="zero")
    assert migration.edges == nominal.edges
    found, expected = (
        Signal(FLUX, TARGET, r).counts("universal", mass=8.0, coupling=4e-5) for r in (migration, nominal)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_an_experiment_of_templates_has_limits():
    response = TemplateResponse(RECOIL, POINTS, LIGHT)
    experiment = cevns.Experiment("xenon", FLUX, TARGET, response, np.ones(2), np.ones(2), signal_sigma=0.1)
    experiment = experiment.asimov("sm")
    assert "2 bins from 2 to 8 PE" in repr(experiment)
    assert "light" in response.axis.label
    assert experiment.chi2("sm") < 1e-12
    assert 1e-6 < experiment.limit("b-l", mass=[10.0]).lowest < 1e-2


def test_there_is_no_quenching_scale():
    response = TemplateResponse(RECOIL, POINTS, LIGHT)
    with pytest.raises(InputError, match=r"quenching_sigma = 0.05 .* TemplateResponse has no quenching factor"):
        Signal(FLUX, TARGET, response, quenching_sigma=0.05)
    signal = Signal(FLUX, TARGET, response)
    with pytest.raises(InputError, match=r"eta = 1.1 .* it must be 1"):
        signal.counts("sm", eta=1.1)
    signal.counts("sm", eta=1.0)


def test_electrons_are_refused():
    with pytest.raises(InputError, match="TemplateResponse knows nuclear recoils alone"):
        Signal(FLUX, TARGET, TemplateResponse(RECOIL, POINTS, LIGHT), electrons="free")


def test_templates_from_zero_recoil_diverge_for_massless_mediators():
    from_zero = [0.0, *RECOIL[1:]]
    assert Signal(FLUX, TARGET, TemplateResponse(from_zero, POINTS + 0.01, LIGHT)).smallest_mass > 0
    assert Signal(FLUX, TARGET, TemplateResponse(from_zero, POINTS, LIGHT)).smallest_mass > 0
    assert Signal(FLUX, TARGET, TemplateResponse(RECOIL, POINTS + 0.01, LIGHT)).smallest_mass == 0


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"templates": -POINTS}, InputError, "templates contains"),
        ({"templates": POINTS * np.nan}, InputError, "templates contains nan"),
        ({"templates": 2 * POINTS}, InputError, r"templates\[3\] adds up to 1.9"),
        ({"templates": 0 * POINTS}, InputError, "0 everywhere"),
        ({"templates": POINTS[:2]}, InputError, "2 rows for 4 recoil energies: there must be 3 for steps or 4"),
        ({"templates": POINTS[1:], "kind": "points"}, InputError, "3 rows .* there must be 4 for kind = 'points'"),
        ({"templates": POINTS[:, :1]}, InputError, r"shape \(4, 1\): .* \(2,\)"),
        ({"templates": POINTS[:, 0]}, InputError, r"shape \(4,\)"),
        ({"templates": 0.5}, InputError, r"shape \(\)"),
        ({"recoil_kev": [0.5, 0.4, 6.0, 25.0]}, InputError, "recoil_kev must ascend"),
        ({"recoil_kev": [-0.5, 0.4, 6.0, 25.0]}, InputError, "recoil_kev contains -0.5"),
        ({"bins_of": [2, 4, 8]}, InputError, "bins_of must be an Axis or a Binning"),
        ({"kind": "lines"}, UnknownNameError, "kind of templates 'lines'"),
        ({"beyond": "nothing"}, UnknownNameError, "beyond 'nothing'"),
    ],
)
def test_templates_that_are_refused(change, error, message):
    with pytest.raises(error, match=message):
        TemplateResponse(**{"recoil_kev": RECOIL, "templates": POINTS, "bins_of": LIGHT} | change)


def test_sums_may_be_off_by_rounding():
    TemplateResponse([1.0, 2.0], [[0.5, 0.5 + 5e-10], [0.1, 0.2]], LIGHT)
    with pytest.raises(InputError, match="divide counts by the number of recoils"):
        TemplateResponse([1.0, 2.0], [[0.5, 0.5 + 2e-9], [0.1, 0.2]], LIGHT)


# --- files


def test_files_are_read(tmp_path):
    response = TemplateResponse(RECOIL, POINTS, LIGHT)
    np.savez(tmp_path / "points.npz", recoil_kev=RECOIL, templates=POINTS)
    assert read_templates(tmp_path / "points.npz", LIGHT) == response
    np.savetxt(tmp_path / "points.csv", np.column_stack([RECOIL, POINTS]), delimiter=",")
    assert read_templates(tmp_path / "points.csv", LIGHT) == response
    steps = TemplateResponse(RECOIL, POINTS[1:], LIGHT, beyond="zero")
    np.savetxt(tmp_path / "steps.txt", np.column_stack([RECOIL[:-1], RECOIL[1:], POINTS[1:]]))
    assert read_templates(tmp_path / "steps.txt", LIGHT, beyond="zero") == steps


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.npz", None, "cannot read"),
        ("broken.npz", b"PK no archive", "is no archive of arrays"),
        ("text.npz", b"", "is no archive of arrays"),
        ("wide.csv", b"1,0.1\n2,0.2\n", "has 2 columns, but there are 2 bins: there must be 3"),
        ("letters.csv", b"1,0.1,x\n2,0.2,0.3\n", "letters.csv"),
        ("apart.csv", b"1,2,0.1,0.2\n3,4,0.2,0.3\n", "line 2"),
    ],
)
def test_files_that_are_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_templates(tmp_path / name, LIGHT)


def test_archives_that_would_fill_the_memory_are_refused(tmp_path):
    np.savez_compressed(tmp_path / "zeros.npz", recoil_kev=RECOIL, templates=np.zeros((34, 2**20)))
    with pytest.raises(DataError, match=r"bytes of arrays, at most 268435456 are read"):
        read_templates(tmp_path / "zeros.npz", LIGHT)


def test_archives_without_the_arrays_or_with_objects_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", recoil_kev=RECOIL, matrix=POINTS)
    with pytest.raises(DataError, match=r"no array 'templates'.*there are recoil_kev, matrix"):
        read_templates(tmp_path / "other.npz", LIGHT)
    np.savez(tmp_path / "objects.npz", recoil_kev=RECOIL, templates=np.array([{}, {}], dtype=object))
    with pytest.raises(DataError, match="no archive of arrays of numbers"):
        read_templates(tmp_path / "objects.npz", LIGHT)
