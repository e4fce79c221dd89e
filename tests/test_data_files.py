"""The data files are the ones that their checksums and provenance describe."""

import hashlib
from pathlib import Path

import pytest

import cevns

PACKAGE = Path(cevns.__file__).parent
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
