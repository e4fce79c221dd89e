"""The frozen table of the data sets beyond the paper is the oracle's, and their readers give the files it reads."""

import doctest
import importlib
import json

import numpy as np
import oracle_data_sets as oracle
import pytest

from cevns import reference
from cevns.errors import DataError
from cevns.experiments.coherent_argon_2020_3d import release as argon_3d
from cevns.experiments.coherent_csi_2021 import release as csi_2021
from cevns.experiments.coherent_ge_2024 import release as germanium
from cevns.experiments.xenonnt_8b_2026 import release as xenonnt

TABLE = json.loads(oracle.FROZEN.read_text(encoding="ascii"))


def same(found, frozen):
    """Compare two trees of numbers: chi2 to 1e-7, counts to 1e-10 of the largest."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key == "chi2":
                values = value if isinstance(value, dict) else {"": value}
                expected = frozen[key] if isinstance(value, dict) else {"": frozen[key]}
                assert values == {k: pytest.approx(expected[k], rel=1e-9, abs=1e-7) for k in values}
            else:
                same(value, frozen[key])
    else:
        np.testing.assert_allclose(found, frozen, rtol=0, atol=1e-10 * np.max(frozen))


@pytest.mark.parametrize("name", oracle.POINTS)
@pytest.mark.parametrize("data_set", ["coherent-csi-2021", "coherent-argon-2020-3d", "coherent-ge-2024"])
def test_frozen_points(name, data_set):
    options = {"full": name == "sm"} if data_set == "coherent-csi-2021" else {}
    same(oracle.DATA_SETS[data_set](name, **options), TABLE["points"][name][data_set])


def test_frozen_point_of_xenon():
    same(oracle.xenon("sm"), TABLE["points"]["sm"]["xenonnt-8b-2026"])


@pytest.mark.long
@pytest.mark.parametrize("name", oracle.POINTS)
def test_frozen_points_that_take_long(name):
    same(oracle.csi(name), TABLE["points"][name]["coherent-csi-2021"])
    same(oracle.xenon(name), TABLE["points"][name]["xenonnt-8b-2026"])


def test_parameters_of_the_table():
    assert TABLE["shifts"] == oracle.SHIFTS
    found = {name: (point["interaction"], point["parameters"]) for name, point in TABLE["points"].items()}
    assert found == oracle.POINTS


# --- readers


def test_files_of_csi():
    theirs, edges = reference.load_csi_2021(), (reference.csi_2021.PE, reference.csi_2021.TIME)
    assert np.array_equal(csi_2021.counts("C", *edges), theirs.observed)
    assert np.array_equal(csi_2021.counts("AC", *edges), theirs.anticoincidence)
    assert np.array_equal(csi_2021.efficiency_coefficients(), theirs.efficiency)
    assert np.array_equal(csi_2021.light_coefficients(), theirs.light)
    for name, total in (("brn", 18.45), ("nin", 5.62)):
        pe, share, time, number = csi_2021.neutrons(name)
        assert pe.tolist() == list(range(251))
        np.testing.assert_allclose(time, np.arange(-25, 626) / 100, atol=1e-15)
        inside = (time[:-1] > -0.001) & (time[1:] < 6.001)
        assert number[inside].sum() / share.sum() == pytest.approx(total, abs=0.005)


def test_files_of_argon():
    theirs = reference.load_argon_3d()
    assert np.array_equal(argon_3d.observed(), theirs.observed)
    for name, template in theirs.templates.items():
        assert np.array_equal(argon_3d.template(name), template)
    for name, shapes in theirs.excursions.items():
        np.testing.assert_allclose(argon_3d.excursions(name), shapes, rtol=1e-14)


def test_rows_in_another_order_are_refused(tmp_path, monkeypatch):
    rows = argon_3d.TEMPLATES["SS"].read_text(encoding="ascii").splitlines()
    (tmp_path / "rows.txt").write_text("\n".join(rows[::-1]) + "\n", encoding="ascii")
    monkeypatch.setitem(argon_3d.TEMPLATES, "SS", tmp_path / "rows.txt")
    with pytest.raises(DataError, match=r"rows\.txt: rows are not the bins"):
        argon_3d.template("SS")


@pytest.mark.parametrize("name", xenonnt.RUNS)
def test_files_of_xenon(name):
    ours, theirs = xenonnt.run(name), reference.load_xenonnt()[name]
    assert np.array_equal(ours.observed, theirs.observed)
    assert np.array_equal(ours.accidental, theirs.accidental)
    np.testing.assert_allclose(ours.electronic + ours.neutron, theirs.other, rtol=1e-14)
    assert np.array_equal(ours.energies, theirs.energies)
    assert np.array_equal(ours.response, theirs.efficiency)
    edges = xenonnt.edges(name)
    assert all(np.all(np.diff(e) > 0) and len(e) == 4 for e in edges.values())
    assert np.prod([len(e) - 1 for e in edges.values()]) == len(ours.observed)


def test_numbers_of_germanium():
    assert germanium.numbers() == reference.load_germanium()


@pytest.mark.parametrize(
    "module",
    [
        *(f"cevns.reference.{name}" for name in ("argon_3d", "csi_2021", "germanium", "poisson", "xenonnt")),
        *(m.__name__ for m in (argon_3d, csi_2021, germanium, xenonnt)),
    ],
)
def test_examples(module):
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0 < found.attempted
