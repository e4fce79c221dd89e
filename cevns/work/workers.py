"""What stands in the processes that compute shards."""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cevns.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns.work.tasks import Packed, Task

__all__ = ["Failure", "begin", "compute", "compute_packed", "same"]

#: Tasks that came to this process, so that what they have computed and kept serves the next shard too.
_TASKS = Kept(2)


@dataclass(frozen=True)
class Failure:
    """The error of a shard, on its way to where the work is given out: not every exception survives such a way.

    Parameters
    ----------
    text : str
        Its class and message.
    trace : str
        Where it was raised.
    error : Exception, optional
        Itself, if it survives.
    """

    text: str
    trace: str
    error: Exception | None


def compute(task: Task, shard: int) -> Any:
    """Return the arrays of a shard, or its failure."""
    return _tried(lambda: task.compute(shard))


def compute_packed(packed: Packed, shard: int) -> Any:
    """Return the arrays of a shard of a task that comes along, or its failure."""
    return _tried(lambda: _TASKS.get(packed.token, packed.unpacked).compute(shard))


def same(packed: Packed) -> Packed:
    """Return a task that is kept on a worker."""
    return packed


def begin() -> None:
    """Prepare a process of a pool."""
    import signal

    # the terminal tells all processes of an interrupt: who gave the work out decides what becomes of this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, be it killed: pools do not notice."""
    import multiprocessing
    import multiprocessing.connection
    import os
    import threading

    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _tried(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        text, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
        try:
            survives = type(pickle.loads(pickle.dumps(error))) is type(error)
        except Exception:
            survives = False
        return Failure(text, trace, error if survives else None)
