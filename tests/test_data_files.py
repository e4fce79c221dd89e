"""The data files are the ones that their checksums and provenance describe."""

import hashlib
import importlib.util
import tomllib
from pathlib import Path

import pytest

import cevns

PACKAGE, ROOT = Path(cevns.__file__).parent, Path(__file__).parents[1]
FOLDERS = sorted(path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("SHA256SUMS"))
DATA_SUFFIXES = {".csv", ".dat", ".txt", ".yaml"}


def checksums(folder):
    lines = (PACKAGE / folder / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def files_below(folder):
    code_or_text = {".py", ".pyc", ".md"}
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in code_or_text)
    return {path.relative_to(folder).as_posix() for path in found} - {"SHA256SUMS"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_listed_files_match_their_checksums(folder):
    expected = checksums(folder)
    assert expected
    found = {name: hashlib.sha256((PACKAGE / folder / name).read_bytes()).hexdigest() for name in expected}
    assert found == expected


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_unlisted(folder):
    assert files_below(PACKAGE / folder) == set(checksums(folder))


@pytest.mark.parametrize("folder", FOLDERS)
def test_provenance_names_every_file_of_its_folder(folder):
    text = (PACKAGE / folder / "PROVENANCE.md").read_text(encoding="utf-8")
    assert [name for name in checksums(folder) if "/" not in name and f"`{name}`" not in text] == []


def test_every_data_file_of_the_package_has_a_checksum():
    listed = {f"{folder}/{name}" for folder in FOLDERS for name in checksums(folder)}
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.suffix in DATA_SUFFIXES}
    assert found == listed


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("build_data_files", ROOT / "docs" / "build_data_files.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_files_with_licences_and_checksums_is_current(script):
    assert script.folders() == FOLDERS
    page = (ROOT / "docs" / "data-files.md").read_text(encoding="utf-8")
    assert page == script.page(), "run docs/build_data_files.py"
    for folder in FOLDERS:
        section = page.partition(f"\n## cevns/{folder}\n")[2].partition("\n## ")[0]
        assert all(f"| `{name}` | `{digest}` |" in section for name, digest in checksums(folder).items())
    assert "CC-BY-4.0" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_licences_of_data_are_those_of_the_package(script):
    """With their texts, where they ask for it; `none stated` is said of the others."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    licences = {folder: script.licence(folder) for folder in FOLDERS}
    assert set(project["license"].split(" AND ")) == {"BSD-3-Clause", *licences.values()} - {"none stated"}
    texts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cevns").rglob("LICENSE*")}
    assert {"LICENSE", *texts} == set(project["license-files"])
    asking = {folder for folder, licence in licences.items() if licence not in ("BSD-3-Clause", "none stated")}
    assert {text.removeprefix("cevns/").rpartition("/")[0] for text in texts} == asking
