"""Reading and writing files: nothing but ordinary files of a reasonable size, and never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
import zlib
from pathlib import Path

from cevns.errors import DataError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from cevns import _types

try:
    import fcntl
except ImportError:  # not on Windows, where nothing tells whether a writer still lives
    fcntl = None  # type: ignore[assignment]

__all__ = ["atomic_path", "checked_path", "make_folder", "open_regular", "read_bytes", "sweep", "write_text"]

#: Temporary files of another machine, whose locks this one may not see, are left alone for so long [s].
_DAY = 86400.0
_TEMPORARY = re.compile(r"\.cevns-([0-9a-f]{8})-[0-9a-f]{16}(\..*)?")
#: Bytes of a file's name, and of all of a path.
_LONGEST_NAME, _LONGEST_PATH = 255, 4095
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def checked_path(path: _types.Path, name: str = "path") -> Path:
    """Return a `Path` that the operating system can take.

    Raises
    ------
    InputError
        If `path` is not one, is too long, or holds a NUL character or half of a surrogate pair.

    Examples
    --------
    >>> checked_path("a/b.txt").name
    'b.txt'
    >>> checked_path("a\\0b")
    Traceback (most recent call last):
    cevns.errors.InputError: path 'a\\x00b' holds a NUL character, which no file name can; remove it
    """
    try:
        text = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise InputError(f"{name} must be a string or a path, got a {type(path).__name__}")
    if "\0" in text:
        raise InputError(f"{name} {text!r} holds a NUL character, which no file name can; remove it")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise InputError(
            f"{name} {text!r} holds {text[error.start]!a}, which the file names of this system cannot; rename the file"
        ) from None
    found = Path(text)
    # beyond these no system tells what a path is of
    if len(os.fsencode(text)) > _LONGEST_PATH or any(len(os.fsencode(part)) > _LONGEST_NAME for part in found.parts):
        raise InputError(
            f"{name} {text[:40]!r}... is too long: names have at most {_LONGEST_NAME} bytes, a path {_LONGEST_PATH}; "
            "shorten it"
        )
    return found


def open_regular(path: _types.Path) -> BinaryIO:
    """Return a stream of the bytes of an ordinary file; a folder, a pipe, a socket or a device is never opened.

    Raises
    ------
    InputError
        If `path` cannot be a path.
    DataError
        If there is no such file, it cannot be opened, or it is not an ordinary file.
    """
    path = checked_path(path)
    # a pipe that takes the file's place after the first look would otherwise block
    flags = os.O_RDONLY | sum(getattr(os, f, 0) for f in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))
    try:
        # before opening, since opening a device may act on it
        _refuse_special(os.stat(path), f"cannot read {path}")
        descriptor = os.open(path, flags)
        try:
            _refuse_special(os.fstat(descriptor), f"cannot read {path}")
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise DataError(f"cannot read {path}: {_reason(error)}") from error


def read_bytes(path: _types.Path, *, most: int) -> bytes:
    """Return the content of an ordinary file.

    Parameters
    ----------
    path : str or path
        The file.
    most : int
        Bytes that it may have; of a longer one no more than that is read.

    Raises
    ------
    InputError, DataError
        As `open_regular`, and if the file is too long.
    """
    with open_regular(path) as stream:
        try:
            # the size first: a long file is refused unread; what has no size, as in /proc, is cut off
            size = os.fstat(stream.fileno()).st_size
            content = b"" if size > most else stream.read(most + 1) or b""
        except OSError as error:
            raise DataError(f"cannot read {path}: {_reason(error)}") from error
    if max(size, len(content)) > most:
        raise DataError(f"cannot read {path}: it is longer than {most:,} bytes; give a smaller file")
    return content


@contextlib.contextmanager
def atomic_path(path: _types.Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it when the block ends without an error.

    The temporary name keeps the suffix, since Matplotlib and NumPy choose the format by it. A symbolic link stays, and
    what it leads to is replaced; an existing file keeps its permissions. Content and name are on the disk before the
    block is left. Temporary files that killed processes left in the folder are removed.

    Raises
    ------
    InputError
        If `path` cannot be a path.
    DataError
        If the folder does not exist or cannot be written, the file is write-protected or no ordinary file, or the disk
        is full. Nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("done")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']
    """
    path = checked_path(path)
    problem = f"cannot write {path}"
    try:
        target, before = _target(path, problem)
        sweep(target.parent)
        temporary, descriptor = _temporary(target.parent, path.suffix, before)
    except OSError as error:
        raise DataError(f"{problem}: {_reason(error)}") from error
    try:
        yield temporary
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise DataError(f"{problem}: {_reason(error)}") from error
    except Exception as error:
        # writers of formats that close what they could not write hide the disk's error behind one of their own
        cause = _disk_error(error)
        if cause is None:
            raise
        raise DataError(f"{problem}: {_reason(cause)}") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if descriptor is not None:
            os.close(descriptor)


def write_text(path: _types.Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def make_folder(path: _types.Path) -> Path:
    """Return `path` as a folder, which is made with those above it unless it exists.

    Raises
    ------
    InputError
        If `path` cannot be a path.
    DataError
        If the folder cannot be made.
    """
    path = checked_path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {path}: {_reason(error)}") from error
    return path


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _refuse_special(status: os.stat_result, problem: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "no ordinary file")
        raise DataError(f"{problem}: it is {kind}; give an ordinary file")


def _target(path: Path, problem: str) -> tuple[Path, os.stat_result | None]:
    """Return the file that is to be replaced, at the end of all links, and its status, None if there is none yet."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        status = None
    if status is not None:
        _refuse_special(status, problem)
    target = Path(os.path.realpath(path))
    if status is not None:
        # a link of /proc may lead to what no longer has the name that it shows
        status = os.stat(target)
        _refuse_special(status, problem)
        if not os.access(target, os.W_OK):
            if hasattr(os, "statvfs") and os.statvfs(target).f_flag & os.ST_RDONLY:
                raise PermissionError(errno.EROFS, "the file system can only be read")
            raise PermissionError(errno.EACCES, "the file is write-protected")
    return target, status


def _temporary(folder: Path, suffix: str, before: os.stat_result | None) -> tuple[Path, int]:
    """Return a new, empty file with the permissions that it shall have, and its locked descriptor."""
    suffix = suffix if len(os.fsencode(suffix)) <= 32 else ""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
    while True:
        temporary = folder / f".cevns-{_machine()}-{os.urandom(8).hex()}{suffix}"
        # the umask applies to a new file; nobody need ask for it, which would set it
        mode = 0o666 if before is None else stat.S_IMODE(before.st_mode) & 0o777
        descriptor = os.open(temporary, flags, mode)
        try:
            _lock(descriptor)
            # another process may have swept the file before it was locked
            if os.fstat(descriptor).st_nlink:
                if before is not None:
                    _take_over(descriptor, before)
                if fcntl is not None:
                    return temporary, descriptor
                # Windows renames no open file
                os.close(descriptor)
                return temporary, None
        except BlockingIOError:
            pass
        except BaseException:
            os.close(descriptor)
            os.unlink(temporary)
            raise
        os.close(descriptor)


def _take_over(descriptor: int, before: os.stat_result) -> None:
    """Give the file the owner and the permissions of the one that it replaces."""
    if not hasattr(os, "fchmod"):
        return
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & 0o777)


def _lock(descriptor: int) -> bool:
    """Lock a file until its descriptor is closed, be it by the end of the process.

    Raises
    ------
    BlockingIOError
        If another descriptor holds the lock.
    """
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            # a file system without locks, where nothing is swept either
            return False
    return fcntl is not None


def _machine() -> str:
    """Return a short mark of this machine: locks of another one may be unseen here."""
    import platform

    return f"{zlib.crc32(platform.node().encode('utf-8', 'replace')):08x}"


def sweep(folder: Path) -> None:
    """Remove the temporary files of writers that no longer live, told by the lock that a living one holds."""
    if fcntl is None:
        return
    here = _machine()
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _TEMPORARY.fullmatch(entry.name)
            if found:
                with contextlib.suppress(OSError):
                    if found[1] == here or time.time() - entry.stat(follow_symlinks=False).st_mtime > _DAY:
                        _remove_unless_locked(entry.path)


def _remove_unless_locked(path: str) -> None:
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        return
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if _lock(descriptor):
            os.unlink(path)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Bring a new name to the disk; some file systems cannot."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _disk_error(error: BaseException | None) -> OSError | None:
    """Return the error of the operating system in the handling of which another one was raised."""
    seen = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None
