"""Results and counts in the forms of other packages, and data from histograms."""

import tarfile

import numpy as np
import pytest

import cevns
from cevns.errors import InputError, MissingDependencyError, UnknownNameError
from cevns.exchange import hepdata
from cevns.tabular import Column, Table

TABLE = Table((Column("mass", "MeV", [1.0]), Column("chi2", "", [2.0])))


@pytest.fixture(scope="module")
def flat():
    return cevns.load("coherent-argon-2020")


@pytest.fixture(scope="module")
def timed():
    return cevns.load("coherent-csi-2021", systematics="core")


@pytest.fixture(scope="module")
def limit(flat):
    return flat.limit("universal", mass=[10.0, 300.0])


def test_a_frame_has_the_rows_of_its_table(limit):
    pytest.importorskip("pandas")
    made = limit.table().to_pandas()
    assert list(made.itertuples(index=False, name=None)) == list(limit.table())
    assert made.attrs["units"] == {"mass": "MeV", "excluded_from": "", "excluded_to": ""}


def test_a_table_is_written_whole(limit, tmp_path):
    limit.table().save(tmp_path / "limit.csv")
    head, *rows = (tmp_path / "limit.csv").read_text(encoding="utf-8").splitlines()
    assert head == "mass_MeV,excluded_from,excluded_to"
    assert [tuple(map(float, row.split(","))) for row in rows] == list(limit.table())
    with pytest.raises(InputError, match=r"ends in \.csv"):
        limit.table().save(tmp_path / "limit.txt")


def test_a_grid_has_its_coordinates(flat):
    pytest.importorskip("xarray")
    scan = flat.scan("b-l", mass=[1.0, 10.0], coupling=[1e-5, 1e-4, 1e-3])
    made = scan.to_xarray()
    assert made.chi2.dims == ("mass", "coupling")
    assert float(made.chi2.sel(mass=10.0, coupling=1e-4)) == scan.chi2[1, 1]
    assert made.mass.attrs["units"] == "MeV"
    assert made.attrs == {"model": "b-l", "experiments": ["coherent-argon-2020"], "settings": ""}
    assert flat.scan("b-l", mass=[1.0, 2.0], coupling=[1e-5, 1e-4], rn_ar=3.3).to_xarray().attrs["rn_ar"] == 3.3


def test_regions_have_the_coordinates_of_their_grids(flat):
    pytest.importorskip("xarray")
    couplings = np.linspace(1e-5, 1e-4, 4)
    plane = flat.feldman_cousins(
        "b-l", {"mass": [1.0, 10.0], "coupling": couplings}, precision=1.0, toys=256, most=2000
    )
    made = plane.to_xarray()
    assert made.critical.dims == ("mass", "coupling")
    assert float(made.delta_chi2.sel(mass=10.0, coupling=couplings[2])) == plane.delta_chi2[1, 2]
    line = flat.expected_region("b-l", {"coupling": couplings}, mass=10.0)
    made = line.to_xarray()
    np.testing.assert_array_equal(made.excluded.values, line.excluded[:, 0])
    assert made.excluded.dims == ("coupling",)
    about = {
        "model": "b-l",
        "experiments": ["coherent-argon-2020"],
        "settings": "mass = 10 MeV",
        "cl": 0.9,
        "mass": 10.0,
    }
    assert made.attrs == about


def test_counts_over_all_axes(timed):
    pytest.importorskip("xarray")
    found = timed.predict("sm")
    made = found.to_xarray()
    assert made.signal.dims == ("energy", "time")
    np.testing.assert_array_equal(made.total.values, found.binning.shaped(found.total))
    np.testing.assert_array_equal(made.attrs["time_edges"], found.axes[1].edges)
    with pytest.raises(InputError, match="predict one point"):
        timed.predict("b-l", mass=10.0, coupling=[1e-5, 1e-4]).to_xarray()


def test_a_histogram_comes_back_as_data(timed, flat):
    pytest.importorskip("hist")
    for experiment in (timed, flat, cevns.load("xenonnt-8b-2026")):
        found = experiment.predict("sm")
        seen = found.to_hist("observed")
        assert [axis.label for axis in seen.axes] == [axis.label for axis in found.axes]
        np.testing.assert_array_equal(np.ravel(seen.values()), found.observed)
        assert experiment.with_data(seen).chi2("sm") == experiment.chi2("sm")
        assert experiment.replace(observed=seen).chi2("sm") == experiment.chi2("sm")
        expected = experiment.with_data(found.to_hist())
        assert expected.chi2("sm") == pytest.approx(0.0, abs=1e-9)
    errors = flat.predict("sm").to_hist("observed").variances()
    np.testing.assert_allclose(np.sqrt(errors), flat.uncertainty, rtol=1e-14)
    with pytest.raises(UnknownNameError, match="unknown counts 'noise'; known: LBRN, PBRN, observed"):
        flat.predict("sm").to_hist("noise")
    with pytest.raises(InputError, match="several points"):
        flat.predict("b-l", mass=10.0, coupling=[1e-5, 1e-4]).to_hist()


def test_histograms_of_other_axes_are_refused(timed, flat):
    hist = pytest.importorskip("hist")
    with pytest.raises(InputError, match="a histogram of 1 axes"):
        timed.with_data(flat.predict("sm").to_hist())
    other = hist.Hist(hist.axis.Regular(12, 0, 60))
    with pytest.raises(InputError, match="whose axis 0 is not "):
        flat.replace(observed=other)


def test_a_submission_is_one_file_that_the_validator_takes(limit, flat, timed, tmp_path):
    pytest.importorskip("hepdata_lib")
    yaml = pytest.importorskip("yaml")
    scan = flat.scan("b-l", mass=[1.0, 10.0], coupling=[1e-5, 1e-4, 1e-3])
    contour = flat.contour("sm", "sin2_theta_w", "rn_ar")
    toys = flat.feldman_cousins("b-l", {"coupling": np.linspace(0, 1e-4, 4)}, mass=10.0, precision=0.5, toys=64)
    tables = {
        "toys": toys,
        "limit": limit,
        "grid": scan,
        "counts": flat.predict("sm"),
        "times": timed.predict("sm"),
        "plane": contour,
    }
    said = {"locations": {"limit": "Figure 2"}, "descriptions": {"grid": "chi2 of B-L"}}
    hepdata(tmp_path / "all.tar.gz", tables, comment="argon", **said)
    assert [file.name for file in tmp_path.iterdir()] == ["all.tar.gz"]
    with tarfile.open(tmp_path / "all.tar.gz") as archive:
        head, *entries = yaml.safe_load_all(archive.extractfile("submission.yaml").read())
        bodies = {e["name"]: yaml.safe_load(archive.extractfile(e["data_file"]).read()) for e in entries}
    assert head["comment"] == "argon"
    assert list(bodies) == list(tables)
    independent = {name: [v["header"]["name"] for v in body["independent_variables"]] for name, body in bodies.items()}
    assert independent == {
        "toys": ["coupling"],
        "limit": ["mass"],
        "grid": ["mass", "coupling"],
        "counts": ["bin"],
        "times": ["axis", "bin"],
        "plane": ["cl", "curve", "sin2_theta_w"],
    }
    ends = bodies["counts"]["independent_variables"][0]["values"][0]
    assert (ends["low"], ends["high"]) == flat.response.edges[:2]
    chi2 = [cell["value"] for cell in bodies["grid"]["dependent_variables"][0]["values"]]
    np.testing.assert_allclose(np.array(chi2, dtype=float), scan.chi2.ravel(), rtol=1e-11)
    entry = {e["name"]: e for e in entries}
    assert {name: e["location"] for name, e in entry.items()} == dict.fromkeys(tables, "") | {"limit": "Figure 2"}
    assert entry["grid"]["description"] == "chi2 of B-L"
    assert entry["limit"]["description"] == repr(limit).strip("<>")
    qualifiers = {
        name: {q["name"]: q["value"] for q in body["dependent_variables"][0].get("qualifiers", [])}
        for name, body in bodies.items()
    }
    argon = {"Experiments": "coherent-argon-2020"}
    level = {"Confidence level": "0.9", "Degrees of freedom": "2"}
    assert qualifiers["limit"] == {"Model": "universal", **argon, **level}
    assert qualifiers["grid"] == {"Model": "b-l", **argon}
    assert qualifiers["toys"].items() >= {"Model": "b-l", **argon, "Confidence level": "0.9"}.items()
    assert "mass = 10 MeV" in qualifiers["toys"]["Settings"]
    assert qualifiers["counts"].items() >= argon.items()
    # its levels are a column
    assert qualifiers["plane"] == {"Model": "sm", **argon}


@pytest.mark.parametrize("field", ["locations", "descriptions"])
def test_texts_of_a_submission_are_of_its_tables(tmp_path, field):
    for given, message in (
        ({"b": "Figure 2"}, "unknown table 'b'; known: a"),
        ({"a": 3}, f"{field} of 'a'"),
        (3, field),
    ):
        with pytest.raises((InputError, UnknownNameError), match=message):
            hepdata(tmp_path / "a.tar.gz", {"a": TABLE}, **{field: given})


@pytest.mark.parametrize(
    ("name", "tables", "message"),
    [
        ("a.zip", {"a": None}, r"ends in \.tar\.gz"),
        ("a.tar.gz", {}, "1 to 1000 tables, got 0"),
        ("a.tar.gz", {"a": 3}, "table 'a' is 3: give a Table"),
        ("a.tar.gz", {"../../a": 3}, r"a table cannot be called '../../a'"),
        ("a.tar.gz", {"a b": TABLE, "A_b": TABLE}, "names of tables"),
        ("a.tar.gz", None, "tables must be a mapping"),
    ],
)
def test_what_is_no_submission_is_refused(tmp_path, name, tables, message):
    with pytest.raises(InputError, match=message):
        hepdata(tmp_path / name, tables)
    assert not list(tmp_path.iterdir())


def test_what_is_missing_is_named(limit, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cevns\[exchange\]'"):
        limit.table().to_pandas()


@pytest.mark.parametrize("labels", [["SR1", "SR0"], ["a", "b"]])
def test_categories_of_a_histogram_are_known_by_their_names(labels):
    hist = pytest.importorskip("hist")
    xenon = cevns.load("xenonnt-8b-2026")
    good = xenon.predict("sm").to_hist("observed")
    other = hist.Hist(hist.axis.StrCategory(labels), *good.axes[1:], storage=hist.storage.Double())
    with pytest.raises(InputError, match="whose axis 0 is not run"):
        xenon.with_data(other)


def test_means_are_no_counts(flat):
    hist = pytest.importorskip("hist")
    axis = hist.axis.Variable(list(flat.response.edges))
    with pytest.raises(InputError, match="of means, not of counts"):
        flat.with_data(hist.Hist(axis, storage=hist.storage.Mean()))
