"""Archives of arrays: uncompressed ``.npz`` files, checked before any of their arrays is read."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import struct
import zipfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cevns.errors import DataError
from cevns.files import atomic_path
from cevns.inference.headers import HeaderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zipfile import ZipFile, ZipInfo

    from cevns import _types
    from cevns._types import Array

__all__ = ["LARGEST_ARCHIVE", "UNREADABLE", "Archive", "write_archive"]

#: Bytes of the longest file that is written and read.
LARGEST_ARCHIVE = 2**31
#: What zipfile, NumPy and json raise of a wrong file, in words that mean little to who gave it.
UNREADABLE = (ValueError, KeyError, EOFError, RecursionError, NotImplementedError, struct.error, zipfile.BadZipFile)
_LONGEST_ABOUT, _PIECE = 2**20, 2**20
#: Most arrays of an archive, the text about them included.
_MOST_MEMBERS = 16
# what NumPy writes before an array of float64 or before one text, and nothing else
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>[\x00-\xff]{2})"
    rb"\{'descr': (?P<kind>[ -~]{1,100}?), 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(?:\d{1,12}, ?)*(?:\d{1,12})?)\), \} *\n"
)
# signature, number of entries and size of the directory, offset, length of a comment
_END = struct.Struct("<4s4xHHLLH")


def write_archive(path: _types.Path, arrays: Mapping[str, Array], about: str) -> None:
    """Write arrays of float64 and a text about them, whole or not at all.

    Raises
    ------
    DataError
        If the file cannot be written, or would be too long to be read again.
    """
    if sum(array.nbytes for array in arrays.values()) + _LONGEST_ABOUT > LARGEST_ARCHIVE:
        raise DataError(f"cannot write {path}: it would have more than {LARGEST_ARCHIVE:,} bytes; divide its grid")
    # not into the file, whose archive older versions of NumPy do not close if the disk is full; and not by getbuffer(),
    # on which the garbage collector of Python before 3.12.2 crashes (gh-111049)
    content = io.BytesIO()
    members: dict[str, Any] = {**arrays, "about": np.array(about)}
    np.savez(content, **members)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getvalue())


class Archive:
    """An open archive.

    Parameters
    ----------
    stream : file
        Of bytes; an ordinary file.

    Attributes
    ----------
    about : object
        What the text about the arrays says in JSON.

    Raises
    ------
    HeaderError
        If the file is not one that `write_archive` wrote; others of `UNREADABLE` where it is no archive at all.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        size = os.fstat(stream.fileno()).st_size
        if size > LARGEST_ARCHIVE:
            raise HeaderError(f"it is longer than {LARGEST_ARCHIVE:,} bytes")
        _check_end(stream, size)
        self._archive = zipfile.ZipFile(stream)
        members = self._archive.infolist()
        self._members = {member.filename: member for member in members}
        # a compressed member may be a thousand times as long as the file
        if any(m.compress_type != zipfile.ZIP_STORED or m.compress_size != m.file_size for m in members):
            raise HeaderError("it is compressed")
        if sum(member.file_size for member in members) > size:
            raise HeaderError("its arrays are longer than the file")
        if "about.npy" not in self._members or len(self._members) < len(members):
            raise HeaderError("it must hold one about.npy, and each array once")
        self.about = _about(self._archive, self._members["about.npy"])

    def arrays(self, dimensions: Mapping[str, int]) -> dict[str, Array]:
        """Return arrays of float64, by name, that have certain numbers of dimensions.

        Raises
        ------
        HeaderError
            If the archive holds anything else, or an array is not finite everywhere.
        """
        expected = {"about.npy", *(f"{name}.npy" for name in dimensions)}
        if self._members.keys() != expected:
            raise HeaderError(f"it must hold {', '.join(sorted(expected))} and nothing else")
        arrays = {
            name: _array(self._archive, self._members[f"{name}.npy"], name, ndim) for name, ndim in dimensions.items()
        }
        for name, values in arrays.items():
            if not np.isfinite(values).all():
                raise HeaderError(f"{name} is not finite everywhere")
        return arrays


def _check_end(stream: Any, size: int) -> None:
    """Look at the number of members before zipfile reads all their names."""
    stream.seek(max(0, size - _END.size))
    end = stream.read(_END.size)
    if len(end) < _END.size:
        raise HeaderError("it is too short")
    signature, here, entries, directory, _, comment = _END.unpack(end)
    if signature != b"PK\5\6" or comment or here != entries or entries > _MOST_MEMBERS or directory > 10_000:
        raise HeaderError("it is no archive of arrays")
    stream.seek(0)


@contextlib.contextmanager
def _opened(archive: ZipFile, member: ZipInfo) -> Iterator[tuple[Any, ...]]:
    """Yield shape, type and order of an array, and a stream of its bytes, of which there are as many as is returned.

    NumPy's own reader takes headers of other make, which it tokenizes and evaluates: it warns of some, and raises what
    is no error of a file for others.
    """
    with archive.open(member) as stream:
        begin = stream.read(10)
        found = _HEADER.fullmatch(begin + stream.read(int.from_bytes(begin[8:], "little")))
        if not found:
            raise HeaderError(f"{member.filename} has a header that cevns does not write")
        shape = tuple(int(n) for n in found["shape"].split(b",") if n.strip())
        yield (
            shape,
            found["kind"].decode().strip("'"),
            found["fortran"] == b"True",
            stream,
            member.file_size - len(found[0]),
        )


def _array(archive: ZipFile, member: ZipInfo, name: str, ndim: int) -> Array:
    with _opened(archive, member) as (shape, kind, fortran, stream, length):
        if kind not in ("<f8", ">f8"):
            raise HeaderError(f"{name} has the type {kind}, not float64")
        if len(shape) != ndim or 0 in shape:
            raise HeaderError(f"{name} has the shape {shape}")
        if 8 * math.prod(shape) != length:
            raise HeaderError(f"{name} has not the length that its shape {shape} says")
        values = np.empty(length // 8, dtype=kind)
        into = memoryview(values.data).cast("B")
        # in pieces, since a stream of zipfile makes a copy of each
        for first in range(0, length, _PIECE):
            if not stream.readinto(into[first : first + _PIECE]):
                raise HeaderError(f"{name} ends early")
        stream.read(1)
        return np.ascontiguousarray(values.reshape(shape, order="F" if fortran else "C"), dtype=float)


def _about(archive: ZipFile, member: ZipInfo) -> dict[str, Any]:
    """Return what the file says of its arrays."""
    if member.file_size > _LONGEST_ABOUT:
        raise HeaderError("the text about it is too long")
    with _opened(archive, member) as (shape, kind, _, stream, length):
        if shape != () or kind not in (f"<U{length // 4}", f">U{length // 4}") or length % 4:
            raise HeaderError("the text about it is no text")
        text = stream.read().decode("utf-32-le" if kind[0] == "<" else "utf-32-be")
    about: dict[str, Any] = json.loads(text)
    return about
