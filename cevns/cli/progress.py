"""Progress of long commands: a bar on terminals, now and then a line elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cevns._types import Progress

__all__ = ["progress_bar"]

#: Seconds between lines.
EVERY = 30.0


@contextlib.contextmanager
def progress_bar(title: str, *, lines: bool = False) -> Iterator[Progress | None]:
    """Yield ``progress(done, total, what="")``, which shows a bar if stderr is a terminal and tqdm is installed.

    Otherwise it shows nothing, or with `lines` how far the work is, how fast, and how much time is left, every half
    minute, for the logs of batch systems.

    Long work is done in pieces wherever somebody watches, so that it can be interrupted between them.
    """
    bar = None
    if sys.stderr is not None and sys.stderr.isatty():
        with contextlib.suppress(ImportError):
            from tqdm import tqdm

            bar = tqdm(desc=title, file=sys.stderr, leave=False)
    if bar is None:
        yield Lines(title) if lines and sys.stderr is not None else lambda *_: None
        return
    begun = False

    def progress(done: int, total: int, what: str = "") -> None:
        nonlocal begun
        if not begun:
            # what was done before has no part in the rate
            begun, bar.initial = True, done
        bar.total, bar.n = total, done
        bar.set_description_str(what or title)

    with bar:
        yield progress


class Lines:
    """Progress as lines on stderr, the first of which comes after a while.

    Parameters
    ----------
    title : str
        How lines begin.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._begin: tuple[float, int] | None = None
        self._last = 0.0

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """Show how far the work is, if it is time to."""
        now = time.monotonic()
        if self._begin is None:
            # what was done before has no part in the rate
            self._begin, self._last = (now, done), now
        if now - self._last < EVERY:
            return
        self._last = now
        rate = (done - self._begin[1]) / (now - self._begin[0])
        left = f", {rate:.3g} a second, {duration((total - done) / rate)} left" if rate > 0 else ""
        print(f"{what or self._title}: {done} of {total}{left}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> duration(50), duration(3000), duration(40000)
    ('50 s', '50 min', '11 h 7 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
