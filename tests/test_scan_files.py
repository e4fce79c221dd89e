"""Files of scans: they come back, or are refused with the reason."""

import contextlib
import io
import json
import os
import zipfile

import numpy as np
import pytest
from test_files import a_scan, scan_of

from cevns.errors import DataError
from cevns.inference import Scan
from cevns.inference.archives import LARGEST_ARCHIVE

# --- scans

ABOUT = {"format": 1, "model": "b-l", "label": "L", "experiments": ["a"], "labels": ["A"]}
MASS, COUPLING = {"name": "mass", "unit": "MeV", "low": 0.0}, {"name": "coupling", "unit": "", "low": 0.0}
NOW = {**ABOUT, "format": 2, "kind": "scan", "parameters": [MASS, COUPLING]}


def archive(path, about=ABOUT, *, compressed=False, without=(), **changes):
    arrays = {"mass": np.array([1.0, 2.0]), "coupling": np.array([1e-5, 1e-4, 1e-3]), "chi2": np.zeros((2, 3))}
    arrays |= {"about": np.array(json.dumps(about)), **changes}
    (np.savez_compressed if compressed else np.savez)(path, **{k: v for k, v in arrays.items() if k not in without})
    return path


def test_a_scan_comes_back(tmp_path):
    before = a_scan()
    before.save(tmp_path / "scan.npz")
    after = Scan.load(tmp_path / "scan.npz")
    assert (after.model, after.label, after.experiments, after.labels) == ("b-l", "$B-L$", ("a",), ("A",))
    for name in ("mass", "coupling", "chi2"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    big_end = {"chi2": np.asfortranarray(before.chi2.astype(">f8")), "coupling": before.coupling, "mass": before.mass}
    np.testing.assert_array_equal(Scan.load(archive(tmp_path / "b.npz", **big_end)).chi2, before.chi2)
    # a link is followed, and keeps its suffix
    (tmp_path / "link.npz").symlink_to("target")
    before.save(tmp_path / "link.npz")
    assert Scan.load(tmp_path / "target").chi2.shape == before.chi2.shape


BAD_SCANS = {
    "descending masses": ({"mass": np.array([2.0, 1.0])}, "mass does not ascend"),
    "repeated couplings": ({"coupling": np.array([1.0, 1.0, 2.0])}, "coupling does not ascend"),
    "negative mass": ({"mass": np.array([-1.0, 1.0])}, "a mass is -1, below the 0 MeV"),
    "dates": ({"mass": np.array(["2020-01-01", "2020-01-02"], dtype="M8[D]")}, r"mass has the type <M8\[D\]"),
    "texts": ({"mass": np.array(["1", "2"])}, "mass has the type <U1"),
    "complex": ({"chi2": np.zeros((2, 3), dtype=complex)}, "chi2 has the type <c16"),
    "whole numbers": ({"mass": np.array([1, 2])}, "mass has the type <i8"),
    "half precision": ({"mass": np.array([1, 2], dtype="f2")}, "mass has the type <f2"),
    "objects": ({"mass": np.array([1.0, None], dtype=object)}, r"mass has the type \|O"),
    "records": ({"mass": np.zeros(2, dtype=[("a", float)])}, "mass has the type"),
    "nan": ({"chi2": np.full((2, 3), np.nan)}, "chi2 is not finite"),
    "infinite mass": ({"mass": np.array([1.0, np.inf])}, "mass is not finite"),
    "other shape": ({"chi2": np.zeros((3, 2))}, "one chi2 for each"),
    "flat": ({"chi2": np.zeros(6)}, r"chi2 has the shape \(6,\)"),
    "empty": ({"mass": np.zeros(0), "chi2": np.zeros((0, 3))}, "shape"),
    "compressed": ({"compressed": True}, "compressed"),
    "a thousand times as long": ({"compressed": True, "chi2": np.zeros((1000, 1000))}, "compressed"),
    "no masses": ({"without": ("mass",)}, "must hold about.npy"),
    "more": ({"extra": np.zeros(2)}, "must hold about.npy"),
    "many": ({f"a{i}": np.zeros(1) for i in range(20)}, "no archive of arrays"),
    "no text": ({"without": ("about",)}, "must hold one about.npy"),
    "other names": ({"without": ("mass",), "masses": np.zeros(2)}, "must hold about.npy"),
    "later format": ({"about": {**ABOUT, "format": 3}}, "format 3, this version of cevns reads formats 1 and 2"),
    "format as text": ({"about": {**ABOUT, "format": "1"}}, "no number of a format"),
    "format as flag": ({"about": {**ABOUT, "format": True}}, "no number of a format"),
    "model as number": ({"about": {**ABOUT, "model": 1}}, "model is no text"),
    "no label": ({"about": {k: v for k, v in ABOUT.items() if k != "label"}}, "label is no text"),
    "experiments as text": ({"about": {**ABOUT, "experiments": "a"}}, "experiments is no list"),
    "labels as numbers": ({"about": {**ABOUT, "labels": [1]}}, "labels is no list"),
    "labels missing": ({"about": {**ABOUT, "labels": []}}, "one label for each"),
    "list": ({"about": [1]}, "no JSON object"),
    "an experiment twice": ({"about": {**ABOUT, "experiments": ["a", "a"], "labels": ["A", "B"]}}, "more than once"),
    "no name": ({"about": {**ABOUT, "experiments": [""]}}, "non-empty"),
    "nul in a name": ({"about": {**ABOUT, "experiments": ["a\0"]}}, "text that files and figures can hold"),
    "half a character": ({"about": {**ABOUT, "label": "\ud800"}}, "text that files and figures can hold"),
    "no model": ({"about": {**ABOUT, "model": ""}}, "model must be a non-empty"),
    "another kind": ({"about": {**NOW, "kind": "limit"}}, r"kind is 'limit', of which cevns writes no \.npz files"),
    "no kind": ({"about": {**ABOUT, "format": 2}}, "kind is no text, but null"),
    "no parameters": ({"about": {**NOW, "parameters": []}}, "has no coupling"),
    "one parameter": ({"about": {**NOW, "parameters": [COUPLING]}}, "has masses, but its only parameter is coupling"),
    "swapped": ({"about": {**NOW, "parameters": [COUPLING, MASS]}}, "the coupling comes last"),
    "outside": ({"about": {**NOW, "parameters": [MASS, {**COUPLING, "high": 1e-4}]}}, "0.001, above the 0.0001"),
    "no label now": ({"about": {**NOW, "label": 1}}, "label is no text"),
    "units": ({"about": {**ABOUT, "units": {"mass": "GeV"}}}, "units are .*GeV.* are needed"),
    "units as a number": ({"about": {**ABOUT, "units": 3}}, "units are 3"),
    "null": ({"about": {**ABOUT, "model": None}}, "no text, but null"),
    "negative coupling": ({"coupling": np.array([-1e-5, 1e-4, 1e-3])}, "a coupling is -1e-05, below the 0"),
    "negative chi2": ({"chi2": np.full((2, 3), -1.0)}, "chi2 is negative, -1"),
    "heavy": ({"mass": np.array([1.0, 1e200])}, r"above the 1e\+15 MeV"),
}


@pytest.mark.parametrize(("changes", "words"), BAD_SCANS.values(), ids=list(BAD_SCANS))
def test_what_is_no_scan_is_refused_with_the_reason(tmp_path, changes, words):
    with pytest.raises(DataError, match=rf"scan\.npz is not a scan written by cevns: .*{words}"):
        Scan.load(archive(tmp_path / "scan.npz", **changes))


def test_metadata_of_other_kinds_is_refused(tmp_path):
    for text in (np.array(b"{}"), np.array(["{}"]), np.array(1.0), np.array("not json"), np.array("[" * 100_000)):
        path = archive(tmp_path / "scan.npz", without=("about",))
        with zipfile.ZipFile(path, "a") as file, file.open("about.npy", "w") as stream:
            np.lib.format.write_array(stream, text)
        with pytest.raises(DataError, match=r"scan\.npz is not a scan"):
            Scan.load(path)
        path.unlink()


def npy(shape, kind="<f8", content=b""):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"shape": shape, "fortran_order": False, "descr": kind})
    return stream.getvalue() + content


@pytest.mark.parametrize("shape", [(10**6, 10**6), (2, 4), (-2, -3), (10**30, 10**30)])
def test_headers_that_say_more_than_there_is_are_refused_unread(tmp_path, shape, monkeypatch):
    path = archive(tmp_path / "scan.npz", without=("chi2",))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("chi2.npy", npy(shape, content=bytes(48)))
    with pytest.raises(DataError, match=r"scan\.npz is not a scan"):
        Scan.load(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), }",  # NumPy warns of it
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), ",  # the tokenizer finds no end
        "{'descr': '<f8', 'fortran_order': False, 'shape': \"\"\"",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "(" * 50,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (True, 2,), }",
        "{'descr': '<f8', 'fortran_order': 1, 'shape': (2,), }",
    ],
)
def test_headers_of_other_make_are_refused_without_a_warning(tmp_path, header):
    path = archive(tmp_path / "scan.npz", without=("mass",))
    text = header.encode().ljust(117) + b"\n"
    with zipfile.ZipFile(path, "a") as file:
        content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + np.arange(1.0, 3.0).tobytes()
        file.writestr("mass.npy", content)
    with pytest.raises(DataError, match=r"scan\.npz is not a scan .*: mass\.npy has a header"):
        Scan.load(path)


def test_the_order_of_the_bytes_and_of_the_indices_is_kept(tmp_path):
    chi2 = np.arange(6.0).reshape(2, 3)
    for kind, values in (("<f8", chi2), (">f8", chi2), ("<f8", np.asfortranarray(chi2))):
        found = Scan.load(archive(tmp_path / "scan.npz", chi2=values.astype(kind))).chi2
        np.testing.assert_array_equal(found, chi2)
        assert found.flags.c_contiguous
        assert found.flags.writeable
        assert found.dtype.isnative


def test_files_cut_short_or_changed_are_refused(tmp_path):
    path = tmp_path / "scan.npz"
    whole = archive(path).read_bytes()
    rng = np.random.default_rng(7)
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(DataError, match=r"scan\.npz"):
            Scan.load(path)
    for _ in range(300):
        changed = bytearray(whole)
        for i in rng.integers(0, len(whole), 3):
            changed[i] = rng.integers(0, 256)
        path.write_bytes(changed)
        # some of the bytes mean nothing
        with contextlib.suppress(DataError):
            assert Scan.load(path).chi2.shape == (2, 3)


def test_a_scan_that_could_not_be_read_again_is_not_written(tmp_path):
    rows = LARGEST_ARCHIVE // 8000 + 1
    huge = np.broadcast_to(np.zeros(1000), (rows, 1000))
    scan = scan_of(np.arange(float(rows)), np.arange(1000.0), huge)
    with pytest.raises(DataError, match="divide its grid"):
        scan.save(tmp_path / "scan.npz")
    assert os.listdir(tmp_path) == []


def test_chi2_below_zero_by_rounding_comes_back(tmp_path):
    chi2 = np.array([[-2e-14, 1.0, 2.0], [1.0, 2.0, 40.0]])
    assert Scan.load(archive(tmp_path / "scan.npz", chi2=chi2)).chi2[0, 0] == -2e-14
