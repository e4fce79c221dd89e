"""Progress bars on terminals."""

import contextlib
import sys

__all__ = ["progress_bar"]


@contextlib.contextmanager
def progress_bar(title):
    """Yield ``progress(done, total, what="")``, or None unless stderr is a terminal and tqdm is installed."""
    bar = None
    if sys.stderr is not None and sys.stderr.isatty():
        with contextlib.suppress(ImportError):
            from tqdm import tqdm

            bar = tqdm(desc=title, file=sys.stderr, leave=False)
    if bar is None:
        yield None
        return

    def progress(done, total, what=""):
        bar.total = total
        bar.set_description_str(what or title, refresh=False)
        bar.update(done - bar.n)

    with bar:
        yield progress
