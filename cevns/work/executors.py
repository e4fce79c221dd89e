"""Who computes shards: this process, a pool of its own, or any executor of others, with few shards under way at a time.

Every one of them is a function of shards that yields ``(shard, outcome)`` in the order of completion, an outcome being
arrays or a `Failure`.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.work import workers
from cevns.work.tasks import Packed
from cevns.work.workers import begin

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from cevns.work.tasks import Task

__all__ = ["completed", "pool"]

#: Shards under way for each worker: one that it computes, and one that waits.
EACH = 2
#: Seconds after which a cluster is asked again how many workers it has.
ASKED = 5.0
MOST_WORKERS = 4096

Outcomes = Iterator[tuple[int, Any]]


def completed(task: Task, shards: Iterable[int], executor: Any, number: int) -> Outcomes:
    """Yield shards with their outcomes as they are completed.

    Parameters
    ----------
    task : Task
        What to compute.
    shards : iterable of int
        Which; it is asked for the next one when there is somebody to compute it.
    executor : object or None
        Something with ``submit`` or ``map``; none for processes of one's own.
    number : int
        Workers: how many processes are started, or what to assume where an executor does not tell.
    """
    if executor is None:
        if number == 1:
            return ((shard, workers.compute(task, shard)) for shard in shards)
        return _in_processes(task, shards, number)
    if callable(getattr(executor, "submit", None)):
        if type(executor).__module__.partition(".")[0] == "distributed" and hasattr(executor, "nthreads"):
            return _on_dask(task, shards, executor)
        size = getattr(executor, "_max_workers", None)
        most = EACH * max(size if isinstance(size, int) else os.cpu_count() or 1, number)
        return _submitted(shards, functools.partial(executor.submit, *_call(task, executor)), lambda: most)
    if callable(getattr(executor, "map", None)):
        return _mapped(task, shards, executor, EACH * max(os.cpu_count() or 1, number))
    raise InputError(
        "executor must have submit(function, *arguments) or map(function, values), as the pools of concurrent.futures "
        f"and of joblib's loky and the clients of Dask do, got {checks.shown(executor)}"
    )


def _call(task: Task, executor: Any) -> tuple[Any, ...]:
    """Return what to call with a shard: threads share the task, to others it is sent."""
    from concurrent.futures import ThreadPoolExecutor

    if isinstance(executor, ThreadPoolExecutor):
        return workers.compute, task
    return workers.compute_packed, task.packed()


def _submitted(shards: Iterable[int], submit: Callable[[int], Any], most: Callable[[], int]) -> Outcomes:
    """Yield outcomes of futures, of which there are no more at a time than `most` says."""
    import queue

    done: queue.SimpleQueue[int] = queue.SimpleQueue()
    under_way: dict[int, Any] = {}
    rest = iter(shards)
    try:
        while True:
            for shard in itertools.islice(rest, max(0, most() - len(under_way))):
                under_way[shard] = future = submit(shard)
                future.add_done_callback(lambda _, shard=shard: done.put(shard))
            if not under_way:
                return
            shard = _next(done)
            # stays among those under way, of which errors tell, until it is known
            outcome = under_way[shard].result()
            del under_way[shard]
            yield shard, outcome
    except Exception as error:
        error.shards = tuple(sorted(under_way))  # type: ignore[attr-defined]
        raise
    finally:
        for future in under_way.values():
            future.cancel()


def _next(done: Any) -> int:
    """Return the next shard that is done; Windows sees an interrupt only between waits."""
    import queue

    while True:
        with contextlib.suppress(queue.Empty):
            shard: int = done.get(timeout=1.0)
            return shard


def _mapped(task: Task, shards: Iterable[int], executor: Any, most: int) -> Outcomes:
    """Yield outcomes of batches, each of which is done before the next one begins."""
    function = functools.partial(workers.compute_packed, task.packed())
    rest = iter(shards)
    while batch := list(itertools.islice(rest, most)):
        try:
            outcomes = list(executor.map(function, batch))
        except Exception as error:
            error.shards = tuple(batch)  # type: ignore[attr-defined]
            raise
        yield from zip(batch, outcomes, strict=True)


def _in_processes(task: Task, shards: Iterable[int], number: int) -> Outcomes:
    """Yield outcomes from processes that are started for the purpose, and end with it."""
    packed = task.packed()
    with pool(number) as executor:
        yield from _submitted(
            shards, lambda shard: executor.submit(workers.compute_packed, packed, shard), lambda: EACH * number
        )


@contextlib.contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield an executor with processes of this machine, for several tasks one after the other.

    They leave an interrupt to this process, and end with it, be it killed.

    Parameters
    ----------
    workers : int
        How many; each is started when there is something to do for it.

    Raises
    ------
    InputError
        If `workers` is no number of processes.

    Examples
    --------
    >>> with pool(2) as executor:
    ...     pass  # run(task, executor=executor), and more of it
    """
    # not forked: threads and locks of this process do not survive that
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    number = checks.whole("workers", workers, low=1, high=MOST_WORKERS)
    executor = ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"), initializer=begin)
    try:
        yield executor
    except BaseException:
        _end(executor)
        raise
    executor.shutdown()


def _end(executor: ProcessPoolExecutor) -> None:
    """End a pool without waiting for what it computes."""
    processes = list((getattr(executor, "_processes", None) or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(5.0)


def _on_dask(task: Task, shards: Iterable[int], client: Any) -> Outcomes:
    """Yield outcomes from a cluster, to which the task is sent once.

    As the result of a call, not scattered: what a dead worker held is then made anew on another one, and there need not
    be a worker yet.
    """
    import cloudpickle

    if getattr(client, "asynchronous", False):
        raise InputError("executor is an asynchronous client, which returns what is not done: give another one")
    packed = task.packed(cloudpickle)
    sent = client.submit(workers.same, packed, pure=False, key=_key(packed, "task"))
    asked = [-ASKED, 0]

    def most() -> int:
        now = time.monotonic()
        if now - asked[0] > ASKED:
            asked[:] = now, sum(client.nthreads().values())
        # some more than there are workers, so that a cluster that adapts itself sees that it may grow
        return EACH * int(asked[1]) + EACH

    def submit(shard: int) -> Any:
        return client.submit(workers.compute_packed, sent, shard, pure=False, key=_key(packed, f"shard-{shard}"))

    yield from _submitted(shards, submit, most)


def _key(packed: Packed, name: str) -> str:
    """Return a key of a call, of which there is no other: a cluster would return what it has under the key."""
    return f"cevns-{packed.token[:12]}-{name}-{os.urandom(4).hex()}"
