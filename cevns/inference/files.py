"""Files of results: the header that all share, with a table (``.csv``), arrays (``.npz``) or nothing (``.json``)."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, TypeVar

from cevns import checks
from cevns.errors import CevnsError, DataError, InputError
from cevns.files import checked_path, open_regular, read_bytes, write_text
from cevns.inference import headers
from cevns.inference.archives import UNREADABLE, Archive, write_archive
from cevns.inference.headers import HeaderError
from cevns.inference.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

    from cevns import _types

__all__ = ["kind_of", "load", "save"]

AnyResult = TypeVar("AnyResult", bound=Result)

#: How files begin; after the mark of a table stand the kind and the header.
_TABLE_MARK, _ARCHIVE_MARK, _OBJECT_MARK = b"# cevns ", b"PK\3\4", b"{"
#: What some editors write before everything else.
_BYTE_ORDER = b"\xef\xbb\xbf"
#: Largest files [bytes] that are read: a hundred thousand masses with a dozen intervals; a fit.
LARGEST_TABLE, LARGEST_OBJECT = 100_000_000, 1_000_000


# --- writing ---------------------------------------------------------------------------------------------------------


def save(result: Result, path: _types.Path) -> None:
    """Write a result; see `Result.save`."""
    target = checked_path(path)
    if target.suffix != result.suffix:
        raise InputError(
            f"path {target} must end in {result.suffix}; a figure is drawn with {result.kind}.plot() and written with "
            "cevns.plotting.save(figure, path)"
        )
    more, body = result._content()
    about = headers.header(result) | more
    try:
        text = json.dumps(about, allow_nan=False, indent=None if body is not None else 1)
    except ValueError:
        raise InputError(f"the {result.kind} cannot be written: a number of it is not finite") from None
    if result.suffix == ".npz":
        write_archive(target, body, text)
    else:
        write_text(target, f"{text}\n" if body is None else f"# cevns {result.kind} {text}\n{body.csv()}")


# --- reading ---------------------------------------------------------------------------------------------------------


def kind_of(path: _types.Path) -> str:
    """Return the kind of result that a file of text says in its first line; empty where it says none."""
    mark, rest = _beginning(path)
    return rest.split(b" ")[0].decode("ascii", "replace") if mark == _TABLE_MARK else ""


def load(wanted: type[AnyResult], path: _types.Path) -> AnyResult:
    """Read a result; see `Result.load`."""
    mark, _ = _beginning(path)
    try:
        if mark == _TABLE_MARK:
            return _load_table(wanted, path)
        if mark == _OBJECT_MARK:
            about = json.loads(read_bytes(path, most=LARGEST_OBJECT), parse_constant=_no_constant)
            return _restored(wanted, path, ".json", about, "", lambda found: None)
        if mark == _ARCHIVE_MARK or wanted.suffix == ".npz":
            return _load_archive(wanted, path)
        reason = ""
    except DataError:
        raise
    except (HeaderError, InputError, ValueError, csv.Error, RecursionError) as error:
        reason = f": {error}" if str(error) else ""
    if mark == _TABLE_MARK:
        raise DataError(f"{path} is damaged{reason}; compute it anew, or undo what was changed in it")
    raise DataError(f"{path} is not a {wanted.kind} written by cevns{reason}; write one with {wanted.made_by}")


def _beginning(path: _types.Path) -> tuple[bytes, bytes]:
    """Return the mark with which a file begins, empty where it is of no kind, and a little of what follows."""
    with open_regular(path) as stream:
        try:
            start = (stream.read(64) or b"").removeprefix(_BYTE_ORDER)
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    mark = next((mark for mark in (_TABLE_MARK, _ARCHIVE_MARK, _OBJECT_MARK) if start.startswith(mark)), b"")
    return mark, start.removeprefix(mark)


def _load_table(wanted: type[AnyResult], path: _types.Path) -> AnyResult:
    content = read_bytes(path, most=LARGEST_TABLE)
    try:
        first, *lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}") from error
    kind, _, text = first.removeprefix(_TABLE_MARK.decode()).partition(" ")
    about = json.loads(text, parse_constant=_no_constant)
    return _restored(wanted, path, ".csv", about, kind, lambda found: list(csv.reader(lines)))


def _load_archive(wanted: type[AnyResult], path: _types.Path) -> AnyResult:
    with open_regular(path) as stream:
        try:
            archive = Archive(stream)
            about = archive.about
            # the first format wrote archives of scans alone
            first = isinstance(about, dict) and about.get("format") == headers.FIRST_FORMAT
            kind = "scan" if first else ""
            return _restored(wanted, path, ".npz", about, kind, lambda found: archive.arrays(found.arrays))
        except (CevnsError, HeaderError):
            raise
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from error
        except UNREADABLE:
            raise HeaderError("") from None


def _restored(
    wanted: type[AnyResult],
    path: _types.Path,
    ending: str,
    about: Mapping[str, Any],
    kind: str,
    body: Callable[[Any], Any],
) -> AnyResult:
    """Return the result of a header and a body, which is read once its kind is known."""
    about, kind = headers.checked(about, kind)
    found = next((found for found in Result.__subclasses__() if (found.kind, found.suffix) == (kind, ending)), None)
    if found is None:
        raise HeaderError(f"its kind is {checks.shown(kind)}, of which cevns writes no {ending} files")
    if not issubclass(found, wanted):
        raise DataError(f"{path} is no {wanted.kind}, but a {kind}: read it with cevns.inference.{found.__name__}.load")
    return found._restored(about, body(found))


def _no_constant(name: str) -> NoReturn:
    raise HeaderError(f"{name} is no number")
