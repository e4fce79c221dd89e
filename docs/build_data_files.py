"""Write docs/data-files.md from checksums and provenances, so that the page cannot disagree with the files."""

import re
from pathlib import Path

import cevns
from cevns.files import write_text

PACKAGE = Path(cevns.__file__).parent

TEXT = """<!-- docs/build_data_files.py writes this page -->
# Files of data

All files of data that a wheel holds, with the licence and the checksums of each folder. The code of cevns is under
BSD-3-Clause; data are their authors', and *none stated* says that no licence came with the files: they are numbers of
publications, or data that were released for independent analyses, shipped as they are. Sources, changes and doubts are
in the provenance of each folder.
{folders}"""

FOLDER = """
## cevns/{folder}

Licence: **{licence}**. [Provenance](../cevns/{folder}/PROVENANCE.md).

| file | SHA-256 |
|---|---|
{rows}
"""


def licence(folder: str) -> str:
    """Return the licence that a provenance names, its line that begins like that."""
    text = (PACKAGE / folder / "PROVENANCE.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^Licence: ([\w.-]+(?: stated)?)[,.;: ]", text, flags=re.MULTILINE)
    return found


def checksums(folder: str) -> dict[str, str]:
    """Return the checksum of each file."""
    lines = (PACKAGE / folder / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def folders() -> list[str]:
    """Return the folders that hold data, below that of the package."""
    return sorted(path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("SHA256SUMS"))


def page() -> str:
    """Return the page."""
    parts = []
    for folder in folders():
        rows = "\n".join(f"| `{name}` | `{digest}` |" for name, digest in checksums(folder).items())
        parts.append(FOLDER.format(folder=folder, licence=licence(folder), rows=rows))
    return TEXT.format(folders="".join(parts))


if __name__ == "__main__":
    write_text(Path(__file__).with_name("data-files.md"), page())
