"""Writing files so that a reader never sees half of one."""

import contextlib
import os
from pathlib import Path

from cevns.errors import DataError

__all__ = ["atomic_path", "write_text"]


@contextlib.contextmanager
def atomic_path(path):
    """Yield a temporary path beside `path` that replaces it when the block ends without an error.

    The temporary name keeps the suffix, since Matplotlib and NumPy choose the format by it.

    Raises
    ------
    DataError
        If the folder does not exist or cannot be written.

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
    path = Path(path)
    temporary = path.parent / f".{path.stem}-{os.urandom(8).hex()}{path.suffix}"
    try:
        # not mkstemp, which makes private files: so the umask applies, and nobody need ask for it, which would set it
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, text):
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
