"""Folders of shards: a manifest, and one file for each shard, which is whole or not there.

The manifest, ``manifest.json``, says of what inputs the shards are. A shard is an archive of arrays, ``.npz``, which
`numpy.load` reads; its last 64 bytes, a comment of the archive, are the SHA-256 of all before, and it has the
fingerprint of its inputs once more. So a manifest that was lost is written anew, and a shard of other inputs is never
taken for one of these.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import DataError
from cevns.files import atomic_path, checked_path, make_folder, read_bytes, sweep, write_text
from cevns.work.tasks import FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cevns import _types
    from cevns.work.tasks import Task

__all__ = ["DamagedError", "Folder"]

#: Bytes of the longest shard and of the longest manifest that are read.
LARGEST_SHARD, LARGEST_MANIFEST = 2**31, 10_000_000
#: Shards of one folder: file systems, and looks for what killed writers left, are slow where there are many.
_TOGETHER = 1000
_NAME = re.compile(r"(\d{7,8})\.npz")
_DIGEST = 64


class DamagedError(Exception):
    """Carries what is wrong with the file of a shard."""


class Folder:
    """Shards of one task in a folder.

    Parameters
    ----------
    path : path
        The folder, which exists.
    about : dict
        What its manifest holds.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path, self.about = path, about
        self.fingerprint: str = about["fingerprint"]
        self.shards: int = about["shards"]
        self.kind: str = about["kind"]

    def __repr__(self) -> str:
        return f"<Folder {self.path}: {self.shards} shards of {self.kind}>"

    # --- manifests ---------------------------------------------------------------------------------------------------

    @classmethod
    def of(cls, path: _types.Path, task: Task) -> Folder:
        """Return the folder of a task, which is made unless it is there.

        Raises
        ------
        DataError
            If it is the folder of other inputs, or cannot be read or written.
        """
        about = {
            "format": FORMAT,
            "kind": task.kind,
            "shards": task.shards,
            "fingerprint": task.fingerprint,
            "numpy": np.__version__,
            "inputs": task.described,
        }
        return cls.made(path, about)

    @classmethod
    def made(cls, path: _types.Path, about: Mapping[str, Any]) -> Folder:
        """Return the folder with a manifest, which is written unless it is there."""
        path = make_folder(path)
        manifest = path / "manifest.json"
        if not manifest.exists():
            write_text(manifest, json.dumps(about, indent=1) + "\n")
        # what is there now: another process may have come first
        found = cls.opened(path)
        if found.fingerprint != about["fingerprint"]:
            raise DataError(
                f"{path} holds work on other inputs: {differences(found.about, about)}; choose another folder, or "
                "give the same inputs again"
            )
        sweep(path)
        for folder in found._folders():
            sweep(folder)
        return found

    @classmethod
    def opened(cls, path: _types.Path) -> Folder:
        """Return a folder that is there.

        Raises
        ------
        DataError
            If it has no manifest, or a damaged one, or one of another format.
        """
        path = checked_path(path, "folder")
        manifest = path / "manifest.json"
        if path.is_dir() and not manifest.exists():
            raise DataError(f"{path} has no manifest.json: it is no folder of shards")
        content = read_bytes(manifest, most=LARGEST_MANIFEST)
        try:
            about = json.loads(content)
            kinds = {"format": int, "kind": str, "shards": int, "fingerprint": str, "inputs": dict}
            whole = isinstance(about, dict) and all(type(about.get(name)) is kind for name, kind in kinds.items())
        except (ValueError, RecursionError):
            whole = False
        if not whole:
            raise DataError(
                f"{manifest} is damaged; remove it: with the same inputs it is written anew, and shards are kept"
            )
        if about["format"] != FORMAT:
            raise DataError(
                f"{path} has format {about['format']}, this version of cevns reads {FORMAT}: go on with the version "
                "that began, or choose another folder"
            )
        return cls(path, about)

    # --- shards ------------------------------------------------------------------------------------------------------

    def file(self, shard: int) -> Path:
        """Return the path of a shard."""
        return self.path / f"{shard // _TOGETHER:04d}" / f"{shard:07d}.npz"

    def has(self, shard: int) -> bool:
        """Return whether there is a file of a shard."""
        return self.file(shard).exists()

    def present(self) -> set[int]:
        """Return the shards of which there are files."""
        try:
            found = {int(name[1]) for f in self._folders() for p in f.iterdir() if (name := _NAME.fullmatch(p.name))}
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror or error}") from error
        return {shard for shard in found if shard < self.shards}

    def _folders(self) -> Iterator[Path]:
        return (p for p in sorted(self.path.iterdir()) if re.fullmatch(r"\d{4,5}", p.name) and p.is_dir())

    def put(self, shard: int, arrays: Mapping[str, np.ndarray]) -> str:
        """Write a shard, unless another process did; return what there is to remark about it."""
        if self.has(shard):
            try:
                if same(self.get(shard), arrays):
                    return ""
                return (
                    f"shard {shard} was computed twice, with different results, of which the first is kept: its "
                    "function is not the same everywhere"
                )
            except DamagedError:
                pass
        self.copy(shard, self._packed(shard, arrays))
        return ""

    def copy(self, shard: int, content: bytes) -> None:
        """Write a shard that is packed."""
        file = self.file(shard)
        if len(content) > LARGEST_SHARD:
            raise DataError(f"cannot write {file}: it would be longer than {LARGEST_SHARD:,} bytes; make more shards")
        make_folder(file.parent)
        with atomic_path(file) as temporary:
            temporary.write_bytes(content)

    def get(self, shard: int) -> dict[str, np.ndarray]:
        """Return a shard.

        Raises
        ------
        DamagedError
            If the file is not what was written.
        DataError
            If it cannot be read, or is of other inputs.
        """
        return self._unpacked(shard, self.content(shard))

    def content(self, shard: int) -> bytes:
        """Return a shard as it is packed, checked by its digest."""
        content = read_bytes(self.file(shard), most=LARGEST_SHARD)
        body, digest = content[:-_DIGEST], content[-_DIGEST:]
        if hashlib.sha256(body).hexdigest().encode() != digest:
            raise DamagedError("its SHA-256 is not that with which it was written")
        return content

    def remove(self, shard: int) -> None:
        """Remove a damaged shard."""
        try:
            self.file(shard).unlink(missing_ok=True)
        except OSError as error:
            raise DataError(f"cannot remove {self.file(shard)}, which is damaged: {error.strerror or error}") from error

    def _packed(self, shard: int, arrays: Mapping[str, np.ndarray]) -> bytes:
        stream = io.BytesIO()
        about = json.dumps({"format": FORMAT, "fingerprint": self.fingerprint, "shard": shard})
        members: dict[str, Any] = {**arrays, "about": np.array(about)}
        np.savez(stream, **members)
        with zipfile.ZipFile(stream, "a") as archive:
            archive.comment = b"0" * _DIGEST
        body = stream.getvalue()[:-_DIGEST]
        return body + hashlib.sha256(body).hexdigest().encode()

    def _unpacked(self, shard: int, content: bytes) -> dict[str, np.ndarray]:
        # whoever wrote it wrote it whole, and pickles are refused
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = json.loads(str(arrays.pop("about")))
        if about["fingerprint"] != self.fingerprint or about["shard"] != shard:
            raise DataError(
                f"{self.file(shard)} is shard {about['shard']} of other inputs ({about['fingerprint'][:12]}) than "
                f"{self.path / 'manifest.json'} says ({self.fingerprint[:12]}); move it away"
            )
        return arrays


def same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    """Return whether arrays are the same bit for bit."""

    def bits(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        return {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in arrays.items()}

    return bits(one) == bits(other)


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """Return in what two manifests differ, as people can read it."""
    old, new = there["inputs"], here["inputs"]
    found = []
    for name in dict.fromkeys([*new, *old]):
        if old.get(name) != new.get(name):
            values = [_value(inputs.get(name)) for inputs in (old, new)]
            told = f" ({values[0]} there, {values[1]} here)" if all(values) else ""
            found.append(f"{name}{told}" if name in old and name in new else f"{name} (not in both)")
    more = f" and {len(found) - 8} more" if len(found) > 8 else ""
    return f"they differ in {', '.join(found[:8])}{more}" if found else "the same parts in another order"


def _value(described: Any) -> str:
    return "" if not isinstance(described, str) or described.startswith("sha256:") else checks.shown(described)[1:-1]
