"""Checks of input, the errors that they raise, and files that are written whole or not at all."""

import ast
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from cevns import checks, errors
from cevns.errors import (
    CevnsError,
    ConvergenceError,
    DataError,
    InputError,
    MissingDependencyError,
    UnknownNameError,
)
from cevns.files import atomic_path, write_text
from cevns.kernels import functions

# --- errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (InputError, ValueError),
        (UnknownNameError, KeyError),
        (DataError, ValueError),
        (MissingDependencyError, ImportError),
        (ConvergenceError, RuntimeError),
    ],
)
def test_errors_are_of_one_root_and_refine_a_builtin(error, builtin):
    assert issubclass(error, CevnsError)
    assert issubclass(error, builtin)
    assert str(error("what to do")) == "what to do"


def test_every_error_is_listed():
    found = {n for n, e in vars(errors).items() if isinstance(e, type) and issubclass(e, CevnsError)}
    assert found == set(errors.__all__)


#: Errors that are raised by name and are none of ours, and why; kernels raise a MemoryError besides.
OTHERS = {
    "AttributeError": "what Python asks of a module's __getattr__",
    "KeyboardInterrupt": "the user's, with what is kept",
    "PermissionError": "caught where it is raised, as those of the system are",
    "HeaderError": "caught where files are read, which know the path",
    "DamagedError": "caught where files are read, which know the path",
    "ValueError": "caught where configurations are read, and an objective's that no user sees",
}


def raised(path):
    """Return the names of what a module raises, but for errors in variables."""
    nodes = [n.exc for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Raise)]
    return {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def test_what_leaves_the_library_is_an_error_of_its_own():
    found = set().union(*(raised(path) for path in Path(errors.__file__).parent.rglob("*.py")))
    # errors in the making, which are functions
    functions = {name for name in found if name.strip("_")[0].islower()}
    assert found - functions - set(errors.__all__) == OTHERS.keys()


# --- checks


def test_real_returns_a_float():
    assert checks.real("x", 3) == 3.0
    assert isinstance(checks.real("x", np.int64(3)), float)
    assert checks.real("x", 0.0, low=0) == 0.0


def test_kernels_take_the_numbers_of_numpy_that_checks_take():
    assert functions.SCALARS == checks.SCALARS


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        (-1, {"low": 0, "unit": "MeV"}, "x = -1 is not allowed: it must be finite and at least 0 MeV"),
        (0, {"above": 0}, "greater than 0"),
        (3, {"low": 0, "high": 2}, "at least 0 and at most 2"),
        (np.nan, {}, "x = nan is not allowed: it must be finite"),
        (np.inf, {}, "x = inf"),
        (10**400, {}, "one number"),
        ("a", {}, "one number, got 'a'"),
        (None, {}, "one number, got None"),
        ([1.0, 2.0], {}, "one number"),
        (1j, {}, "one number"),
        (np.complex128(1), {}, "one number"),
        (np.array([1.0]), {}, "one number"),
    ],
)
def test_real_refuses(value, limits, message):
    with pytest.raises(InputError, match=message):
        checks.real("x", value, **limits)


def test_instance():
    assert checks.instance("x", 3, int) == 3
    assert checks.instance("x", None, (int, type(None))) is None


@pytest.mark.parametrize(
    ("kind", "hint", "message"),
    [
        (str, "", "^x must be a string, got 3$"),
        (np.ndarray, "", "x must be a ndarray, got 3"),
        (OSError, "", "x must be an OSError, got 3"),
        ((str, bytes), "see y", "^x must be a string or a bytes, got 3; see y$"),
        ((str, Mapping, type(None)), "", "x must be a string, a mapping or None"),
    ],
)
def test_instance_refuses(kind, hint, message):
    with pytest.raises(InputError, match=message):
        checks.instance("x", 3, kind, hint)


def test_messages_stay_short():
    with pytest.raises(InputError) as error:
        checks.instance("x", list(range(1000)), str)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize("value", ["", None, 5, ["x"]])
def test_text_refuses(value):
    assert checks.text("name", "x") == "x"
    with pytest.raises(InputError, match="name must be a non-empty string"):
        checks.text("name", value)


def test_sequence_and_pairs():
    assert checks.sequence("x", (n for n in (1, 2)), int) == (1, 2)
    assert checks.pairs("x", [["a", 1], ("b", 2)], "things") == (("a", 1), ("b", 2))


@pytest.mark.parametrize(
    ("values", "message"), [(5, "x must be a sequence, got 5"), ("ab", "sequence"), ((1, "b"), r"x\[1\] must be a int")]
)
def test_sequence_refuses(values, message):
    with pytest.raises(InputError, match=message):
        checks.sequence("x", values, int)


@pytest.mark.parametrize("values", [5, (1, 2), ("ab",), ((1,),), ((1, 2, 3),), ({1, 2},)])
def test_pairs_refuse(values):
    with pytest.raises(InputError, match=r"pairs? of \(name, number\)"):
        checks.pairs("x", values, "(name, number)")


def test_array_returns_contiguous_floats():
    out = checks.array("x", np.arange(10)[::2])
    assert out.dtype == float
    assert out.flags.c_contiguous
    assert checks.array("x", 3.0).shape == ()
    assert checks.array("x", [[1, 2]]).shape == (1, 2)


@pytest.mark.parametrize(
    ("values", "limits", "message"),
    [
        ([1.0, np.nan], {}, "x contains nan"),
        ([1.0, np.inf], {}, "x contains inf"),
        ([1.0, -2.0], {"low": 0}, "x contains -2.0: every value must be finite and at least 0"),
        ([1.0, 0.0], {"above": 0}, "x contains 0.0"),
        ([1.0, 9.0], {"high": 5}, "x contains 9.0"),
        ([1.0], {"ndim": 2}, r"2 dimension.* shape \(1,\)"),
        ([1.0], {"length": 2}, r"length 2, got shape \(1,\)"),
        (1.0, {"length": 2}, "length 2"),
        (["a"], {}, "array of numbers"),
        ([[1.0], [1.0, 2.0]], {}, "array of numbers"),
        ([1.0 + 1j], {}, "array of numbers|complex"),
        (np.array([1.0 + 1j]), {}, "complex"),
    ],
)
def test_array_refuses(values, limits, message):
    with pytest.raises(InputError, match=message):
        checks.array("x", values, **limits)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least 2"),
        ([1.0], "at least 2"),
        ([1.0, 1.0], "value 1 is 1 and the next is 1"),
        ([1.0, 3.0, 2.0], "value 2 is 3 and the next is 2; sort it"),
    ],
)
def test_ascending_refuses(values, message):
    with pytest.raises(InputError, match=message):
        checks.ascending("x", values, least=2)


def test_ascending_of_a_given_length():
    assert checks.ascending("x", (1, 2), length=2).tolist() == [1, 2]
    with pytest.raises(InputError, match=r"length 2, got shape \(3,\)"):
        checks.ascending("x", (1, 2, 3), length=2)


DATES = [
    *(np.timedelta64(10, "s"), np.timedelta64("NaT", "s"), np.datetime64("2020-01-01")),
    *(np.void(b"abcd"), np.str_("10")),
]


@pytest.mark.parametrize("value", [1.0, "1", True, None, np.float64(2), *DATES, np.array(DATES[0])])
def test_whole_refuses_what_is_no_whole_number(value):
    with pytest.raises(InputError, match="whole number"):
        checks.whole("n", value)


def test_whole():
    assert checks.whole("n", np.int32(4)) == 4
    with pytest.raises(InputError, match="n = -1 is not allowed: it must be at least 0"):
        checks.whole("n", -1)
    with pytest.raises(InputError, match="from 0 to 2"):
        checks.whole("n", 3, high=2)


@pytest.mark.parametrize("level", [0, 1, -0.1, 2, np.nan, "90%"])
def test_confidence_level_refuses(level):
    with pytest.raises(InputError, match="confidence level"):
        checks.confidence_level(level)


def test_confidence_level_explains_per_cent():
    with pytest.raises(InputError, match=r"0\.90 for 90 %"):
        checks.confidence_level(90)
    assert checks.confidence_level(0.9) == 0.9


def test_known_names():
    assert checks.known("fruit", "pear", ["apple", "pear"]) == "pear"
    with pytest.raises(UnknownNameError, match=r"unknown fruit 'paer'; known: apple, pear\. Did you mean 'pear'"):
        checks.known("fruit", "paer", ["pear", "apple"])
    with pytest.raises(UnknownNameError, match="unknown fruit 3"):
        checks.known("fruit", 3, ["pear"])


def test_missing_optional_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(MissingDependencyError, match=r"a bar needs tqdm.*pip install 'cevns\[progress\]'"):
        checks.optional_module("tqdm", "a bar")


# --- files


def test_atomic_path_replaces_the_file_at_the_end(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".csv"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("existing", [False, True])
def test_atomic_path_leaves_nothing_behind_after_an_error(tmp_path, existing):
    path = tmp_path / "a.csv"
    if existing:
        path.write_text("old")

    def fail():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert os.listdir(tmp_path) == (["a.csv"] if existing else [])
    assert not existing or path.read_text() == "old"


@pytest.fixture
def umask():
    """Set the umask for one test."""
    change = os.umask
    before = change(0o022)
    yield change
    change(before)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077])
def test_written_files_have_ordinary_permissions(tmp_path, monkeypatch, umask, mask):
    umask(mask)
    # it is the whole process's, so that another thread's files would get what is set here for a moment
    monkeypatch.delattr(os, "umask")
    write_text(tmp_path / "ours.txt", "µ")
    (tmp_path / "ordinary.txt").write_text("x")
    ours, ordinary = (stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("ours.txt", "ordinary.txt"))
    assert ours == ordinary
    assert (tmp_path / "ours.txt").read_text(encoding="utf-8") == "µ"


def test_atomic_path_names_the_file_it_cannot_write(tmp_path):
    def write(path):
        with atomic_path(path) as temporary:
            temporary.write_text("x")

    with pytest.raises(DataError, match=r"cannot write .*missing"):
        write(tmp_path / "missing" / "a.txt")
    with pytest.raises(DataError, match="cannot write"):
        write(tmp_path)
