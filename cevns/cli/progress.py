"""Progress bars on terminals."""

from __future__ import annotations

import contextlib
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cevns._types import Progress

__all__ = ["progress_bar"]


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Progress | None]:
    """Yield ``progress(done, total, what="")``, which shows nothing unless stderr is a terminal and tqdm is installed.

    Long work is done in pieces wherever somebody watches, so that it can be interrupted between them.
    """
    bar = None
    if sys.stderr is not None and sys.stderr.isatty():
        with contextlib.suppress(ImportError):
            from tqdm import tqdm

            bar = tqdm(desc=title, file=sys.stderr, leave=False)
    if bar is None:
        yield lambda *_: None
        return

    def progress(done: int, total: int, what: str = "") -> None:
        bar.total, bar.n = total, done
        bar.set_description_str(what or title)

    with bar:
        yield progress
