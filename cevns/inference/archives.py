"""The file of a scan: an uncompressed ``.npz`` archive, checked before any of its arrays is read."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import DataError, InputError
from cevns.files import atomic_path, open_regular
from cevns.inference import headers
from cevns.inference.headers import HeaderError
from cevns.models.vector import LARGEST_MASS

if TYPE_CHECKING:
    from cevns import _types
    from cevns._types import Array

__all__ = ["ARCHIVE_MARK", "LARGEST_SCAN", "LIMIT_MARK", "read_scan", "write_scan"]

#: How the files of scans and of limits begin, by which one that is taken for the other is told.
ARCHIVE_MARK, LIMIT_MARK = b"PK\3\4", b"# cevns limit "

#: Bytes of the longest file that is written and read.
LARGEST_SCAN = 2**31
_FORMAT = 1
_LONGEST_ABOUT, _PIECE = 2**20, 2**20
#: Dimensions of the arrays.
_ARRAYS = {"mass": 1, "coupling": 1, "chi2": 2}
_MEMBERS = {f"{name}.npy" for name in (*_ARRAYS, "about")}
# what NumPy writes before an array of float64 or before one text, and nothing else
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>[\x00-\xff]{2})"
    rb"\{'descr': (?P<kind>[ -~]{1,100}?), 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(?:\d{1,12}, ?)*(?:\d{1,12})?)\), \} *\n"
)
# signature, number of entries and size of the directory, offset, length of a comment
_END = struct.Struct("<4s4xHHLLH")


def write_scan(path: _types.Path, arrays: dict[str, Array], about: dict[str, Any]) -> None:
    """Write arrays of float64 and what `about` says of them, whole or not at all.

    Raises
    ------
    DataError
        If the file cannot be written, or would be too long to be read again.
    """
    if sum(array.nbytes for array in arrays.values()) + _LONGEST_ABOUT > LARGEST_SCAN:
        raise DataError(f"cannot write {path}: the scan has more than {LARGEST_SCAN:,} bytes; divide its grid")
    text = json.dumps({"format": _FORMAT, **about})
    # not into the file, whose archive older versions of NumPy do not close if the disk is full; and not by getbuffer(),
    # on which the garbage collector of Python before 3.12.2 crashes (gh-111049)
    content = io.BytesIO()
    np.savez(content, **arrays, about=np.array(text))
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getvalue())


def read_scan(path: _types.Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays ``mass``, ``coupling`` and ``chi2`` and what the file says of them.

    Raises
    ------
    InputError
        If `path` cannot be a path.
    DataError
        If the file cannot be read or is not one that `write_scan` wrote.
    """
    with open_regular(path) as stream:
        try:
            if stream.read(len(LIMIT_MARK)) == LIMIT_MARK:
                raise DataError(f"{path} is no scan, but a limit: read it with cevns.inference.Limit.load")
            return _read(stream)
        except DataError:
            raise
        except (HeaderError, InputError) as error:
            reason = f": {error}"
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, KeyError, EOFError, RecursionError, NotImplementedError, struct.error, zipfile.BadZipFile):
            # from zipfile, NumPy and json, whose words mean little to who gave a wrong file
            reason = ""
    raise DataError(f"{path} is not a scan written by cevns{reason}; write one with Scan.save or `cevns scan`")


def _read(stream):
    size = os.fstat(stream.fileno()).st_size
    if size > LARGEST_SCAN:
        raise HeaderError(f"it is longer than {LARGEST_SCAN:,} bytes")
    _check_end(stream, size)
    with zipfile.ZipFile(stream) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if members.keys() != _MEMBERS:
            raise HeaderError(f"it must hold {', '.join(sorted(_MEMBERS))} and nothing else")
        # a compressed member may be a thousand times as long as the file
        if any(m.compress_type != zipfile.ZIP_STORED or m.compress_size != m.file_size for m in members.values()):
            raise HeaderError("it is compressed")
        if sum(member.file_size for member in members.values()) > size:
            raise HeaderError("its arrays are longer than the file")
        about = _about(archive, members["about.npy"])
        arrays = {name: _array(archive, members[f"{name}.npy"], name, ndim) for name, ndim in _ARRAYS.items()}
    _check(arrays)
    headers.check_mediator(about["model"], has_mass=True)
    return arrays, about


def _check_end(stream, size):
    """Look at the number of members before zipfile reads all their names."""
    stream.seek(max(0, size - _END.size))
    end = stream.read(_END.size)
    if len(end) < _END.size:
        raise HeaderError("it is too short")
    signature, here, entries, directory, _, comment = _END.unpack(end)
    if signature != b"PK\5\6" or comment or here != entries or entries != len(_MEMBERS) or directory > 10_000:
        raise HeaderError(f"it is no archive of {len(_MEMBERS)} arrays")
    stream.seek(0)


@contextlib.contextmanager
def _opened(archive, member):
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


def _array(archive, member, name, ndim):
    with _opened(archive, member) as (shape, kind, fortran, stream, length):
        if kind not in ("<f8", ">f8"):
            raise HeaderError(f"{name} has the type {kind}, not float64")
        if len(shape) != ndim or 0 in shape:
            raise HeaderError(f"{name} has the shape {shape}")
        if 8 * math.prod(shape) != length:
            raise HeaderError(f"{name} has not the length that its shape {shape} says")
        values = np.empty(length // 8, dtype=kind)
        into = memoryview(values).cast("B")
        # in pieces, since a stream of zipfile makes a copy of each
        for first in range(0, length, _PIECE):
            if not stream.readinto(into[first : first + _PIECE]):
                raise HeaderError(f"{name} ends early")
        stream.read(1)
        return np.ascontiguousarray(values.reshape(shape, order="F" if fortran else "C"), dtype=float)


def _about(archive, member):
    """Return what the file says of its arrays."""
    if member.file_size > _LONGEST_ABOUT:
        raise HeaderError("the text about it is too long")
    with _opened(archive, member) as (shape, kind, _, stream, length):
        if shape != () or kind not in (f"<U{length // 4}", f">U{length // 4}") or length % 4:
            raise HeaderError("the text about it is no text")
        text = stream.read().decode("utf-32-le" if kind[0] == "<" else "utf-32-be")
    about = headers.checked(json.loads(text), _FORMAT)
    if not isinstance(about.get("label"), str):
        raise HeaderError("its label is no text")
    checks.words("label", about["label"])
    return about


def _check(arrays):
    mass, coupling, chi2 = arrays.values()
    if chi2.shape != (mass.size, coupling.size):
        raise HeaderError("it does not hold one chi2 for each mass and coupling")
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise HeaderError(f"{name} is not finite everywhere")
    for name, values in (("mass", mass), ("coupling", coupling)):
        if not (np.diff(values) > 0).all():
            raise HeaderError(f"{name} does not ascend")
    if mass[0] < 0 or mass[-1] > LARGEST_MASS:
        raise HeaderError(f"a mass is negative or above {LARGEST_MASS:g} MeV")
    headers.check_couplings(coupling)
    headers.check_chi2("chi2", chi2)
