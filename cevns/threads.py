"""Sharing rows of work among threads.

Kernels release the GIL, so Python's own threads do. They wait asleep, where OpenMP's spin: beside another busy process
a spinning wait takes the core from the thread that it waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns import checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from cevns._types import Progress


__all__ = ["share"]

#: Points of chi2 below which starting threads could cost more than it saves (about 2 ms of work).
LEAST_WORK = 3e4
#: Parts for each thread, so that a slow thread leaves the others enough to do.
PARTS = 8
LARGEST = 256


def checked(num_threads: object) -> int:
    """Return a number of threads, refusing anything but a whole number from 1 to 256."""
    return checks.whole("num_threads", num_threads, low=1, high=LARGEST)


def share(
    function: Callable[[slice], object], rows: int, work: float, num_threads: int, progress: Progress | None = None
) -> None:
    """Call ``function(slice)`` for slices that cover `rows`, on one thread or more.

    Parameters
    ----------
    function : callable
        Takes a slice and writes its own part of the result; releases the GIL in between.
    rows : int
        How many rows there are.
    work : float
        Points of chi2 in all; little work stays on one thread.
    num_threads : int
        Most threads to use; fewer where the system does not let as many start.
    progress : callable, optional
        Called as ``progress(done, rows)``, about a hundred times.
    """
    num_threads, progress = checked(num_threads), checks.function("progress", progress)
    num_threads = min(num_threads, rows) if work >= LEAST_WORK else 1
    if num_threads == 1 and not progress:
        function(slice(0, rows))
        return
    parts = max(1 if num_threads == 1 else PARTS * num_threads, 100 if progress else 1)
    step = max(rows // parts, 1)
    slices = [slice(start, min(start + step, rows)) for start in range(0, rows, step)]
    if num_threads == 1:
        _run(map(function, slices), slices, progress)
        return
    # imported here, because a single thread should not wait for it
    from concurrent.futures import ThreadPoolExecutor

    while num_threads > 1:
        try:
            with ThreadPoolExecutor(num_threads) as pool:
                results = pool.map(function, slices)
                _run(results, slices, progress)
            return
        except RuntimeError as error:
            # the system's limit; what was done already is done again, with the same result
            if "start new thread" not in str(error):
                raise
            num_threads //= 2
    _run(map(function, slices), slices, progress)


def _run(results: Iterable[Any], slices: Sequence[slice], progress: Progress | None) -> None:
    # taking the results starts the work of a map, and raises what a thread raised
    for part, _ in zip(slices, results, strict=True):
        if progress:
            progress(part.stop, slices[-1].stop)
