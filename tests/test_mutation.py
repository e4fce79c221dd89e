"""The mutation run: what it changes, and the tests that have to notice."""

from pathlib import Path

import mutation
import pytest

import cevns


def test_every_room_with_numbers_is_mutated():
    sources = mutation.sources()
    assert {
        "cevns/binning.py",
        "cevns/detectors/response.py",
        "src_cython/poisson.pyx",
        "cevns/kernels/recoils.pxd",
    } <= {*sources}
    assert not any(source.startswith(("cevns/plotting", "cevns/cli")) for source in sources)
    assert {path.parent.name for path in (mutation.ROOT / "cevns").glob("*/*.py")} >= mutation.ROOMS.keys() - {""}


def test_every_source_has_tests():
    for source in mutation.sources():
        tests = mutation.tests_of(source)
        assert len(tests) == len({*tests}) > 10, source
        assert [test for test in tests if not (mutation.ROOT / test).exists()] == [], source


@pytest.mark.skipif(Path(cevns.__file__).parents[1] != mutation.ROOT, reason="the package is installed elsewhere")
def test_kernels_are_found():
    """Without them a mutant of a kernel would stay in the copy."""
    built = {path.name.partition(".")[0] for path in mutation.ROOT.glob(mutation.KERNELS)}
    assert built >= {path.stem for path in mutation.ROOT.glob("src_cython/*.pyx")}


def test_changes_are_of_operators_names_and_numbers(monkeypatch, tmp_path):
    monkeypatch.setattr(mutation, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text('"""a + b"""\nimport math\nx = -1.5 * (y + 2)  # 1 + 1\n', encoding="utf-8")
    text, found = mutation.mutants("a.py")
    lines = {mutation._changed(text, change)[1].strip().partition("  #")[0] for change in found}
    assert lines == {
        *("x = -1.5 / (y + 2)", "x = -1.5 * (y - 2)", "x = -1.5 * (y + 3)", "x = -1.5 * (y + 1)"),
        *("x = -1.6500000000000001 * (y + 2)", "x = -0.75 * (y + 2)"),
    }
