"""Running a task: what is there is read, what is missing is computed, and the result does not tell which was which."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import CevnsError, DataError, WorkError
from cevns.work.executors import MOST_WORKERS, completed
from cevns.work.folders import DamagedError, Folder
from cevns.work.parts import chosen, spans
from cevns.work.tasks import Merged, Task, joined
from cevns.work.workers import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

    from cevns import _types

__all__ = ["load", "run"]


class Memory:
    """Shards that are kept nowhere else."""

    def __init__(self) -> None:
        self._found: dict[int, dict[str, np.ndarray]] = {}

    def present(self) -> set[int]:
        """Return the shards that are there."""
        return set(self._found)

    def has(self, shard: int) -> bool:
        """Return whether a shard is there."""
        return shard in self._found

    def put(self, shard: int, arrays: dict[str, np.ndarray]) -> str:
        """Keep a shard; there is nothing to remark."""
        self._found[shard] = arrays
        return ""

    def get(self, shard: int) -> dict[str, np.ndarray]:
        """Return a shard."""
        return self._found[shard]


def run(
    task: Task,
    folder: _types.Path | None = None,
    executor: Any = None,
    workers: int = 1,
    shards: str | tuple[int, int] | None = None,
    progress: _types.Progress | None = None,
) -> Merged:
    """Return the arrays of a task, computing the shards that are missing.

    The result is the same bit for bit whoever computes the shards, in whatever order and after however many restarts.

    Parameters
    ----------
    task : Task
        What to compute.
    folder : path, optional
        Where shards are kept, each as soon as it is done; what is there already is not computed again. Several
        processes, of several machines, may work on one at the same time. Without it nothing is kept.
    executor : object, optional
        Who computes: anything with ``submit`` (a pool of `concurrent.futures`, joblib's loky, a client of Dask) or
        ``map`` (a pool of `multiprocessing`). It is left as it is, for further use.
    workers : int
        Processes to start for the purpose, 1 for none but this one. A script that asks for more must guard its calls,
        ``if __name__ == "__main__":``, because new processes import it. With an executor that does not tell, how many
        workers to assume.
    shards : str or (int, int), optional
        A part, ``"3/100"`` or ``(3, 100)``: every hundredth shard from the third on. Jobs with all parts do all.
    progress : callable, optional
        Called as ``progress(done, total)`` at the beginning and after each shard.

    Returns
    -------
    Merged
        Arrays of all shards, or of those of the part, in the order of shards.

    Raises
    ------
    InputError
        If an argument is not allowed, or the task cannot be sent to workers.
    DataError
        If the folder holds work on other inputs, or cannot be read or written.
    WorkError
        If a shard raises an error, or a worker dies. What is done is kept in the folder.
    KeyboardInterrupt
        After Ctrl-C, saying what is kept.

    Examples
    --------
    >>> from cevns.work import generator
    >>> def draw(shard, seed):
    ...     return {"x": generator(seed, shard).normal(size=2)}
    >>> task = Task("draws", draw, {"seed": 1}, shards=3)
    >>> whole = run(task)
    >>> whole["x"].shape
    (6,)
    >>> run(task, shards="2/3")["x"].tolist() == whole["x"][2:4].tolist()
    True
    """
    checks.instance("task", task, Task)
    number = checks.whole("workers", workers, low=1, high=MOST_WORKERS)
    progress = checks.function("progress", progress) or (lambda done, total: None)
    wanted = chosen(task.shards, shards)
    store: Folder | Memory = Memory() if folder is None else Folder.of(folder, task)
    remarks: list[str] = []
    for _ in range(3):
        _compute_missing(task, store, wanted, executor, number, progress, remarks)
        try:
            arrays, damaged = _read(store, wanted)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted; {_kept(store, wanted)}") from None
        if not damaged:
            missing = tuple(sorted(set(range(task.shards)).difference(wanted)))
            return Merged(arrays, task.shards, missing, tuple(dict.fromkeys(remarks)))
        assert isinstance(store, Folder)
        remarks += _removed(store, damaged)
    raise DataError(f"{folder} does not keep what is written: shards are damaged again and again; choose another disk")


def load(folder: _types.Path) -> Merged:
    """Return the arrays of all shards that a folder holds, whatever task they are of.

    Parameters
    ----------
    folder : path
        Of `run` or `merge`.

    Returns
    -------
    Merged
        With the shards that are missing or damaged.

    Raises
    ------
    DataError
        If it is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> from cevns.work import Task
    >>> folder = tempfile.mkdtemp()
    >>> half = run(Task("squares", lambda shard: {"x": shard**2}, shards=6), folder, shards="1/2")
    >>> load(folder)["x"].tolist(), load(folder).missing
    ([0, 4, 16], (1, 3, 5))
    """
    store = Folder.opened(folder)
    arrays, damaged = _read(store, sorted(store.present()))
    present = store.present().difference(damaged)
    remarks = [f"shard {shard} is damaged: {reason}" for shard, reason in damaged.items()]
    missing = tuple(sorted(set(range(store.shards)) - present))
    return Merged(arrays, store.shards, missing, tuple(remarks))


def _compute_missing(
    task: Task, store: Any, wanted: Sequence[int], executor: Any, number: int, progress: Any, remarks: list[str]
) -> None:
    present = store.present()
    missing = [shard for shard in wanted if shard not in present]
    done, total = len(wanted) - len(missing), len(wanted)
    progress(done, total)
    if not missing:
        return

    def rest() -> Iterator[int]:
        nonlocal done
        if isinstance(store, Folder):
            # in no order, so that others that work on the folder seldom take the same one at the same time
            random.Random().shuffle(missing)
        for shard in missing:
            if store.has(shard):
                done += 1
            else:
                yield shard

    outcomes = completed(task, rest(), executor, min(number, len(missing)))
    try:
        for shard, outcome in outcomes:
            if isinstance(outcome, Failure):
                raise _failed(shard, outcome, _kept(store, wanted))
            remark = store.put(shard, outcome)
            remarks += [remark] if remark else []
            done += 1
            progress(done, total)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {_kept(store, wanted)}") from None
    except CevnsError:
        raise
    except Exception as error:
        if not hasattr(error, "shards"):
            raise
        raise _lost(error, executor is None, _kept(store, wanted)) from error
    finally:
        # ends what is under way
        outcomes.close()  # type: ignore[attr-defined]


def _failed(shard: int, failure: Failure, kept: str) -> WorkError:
    error = WorkError(f"shard {shard} failed, {failure.text}; {kept}")
    error.shards = (shard,)
    error.__cause__ = failure.error
    error.add_note(failure.trace)
    return error


def _lost(error: Exception, own: bool, kept: str) -> WorkError:
    """Return the error for an executor that broke down."""
    under_way: tuple[int, ...] = error.shards  # type: ignore[attr-defined]
    which = f"shard{'s' if len(under_way) > 1 else ''} {spans(under_way)}"
    name = type(error).__name__
    guard = "; a script needs its calls below if __name__ == '__main__':" if own else ""
    text = " ".join(str(error).split())[:200]
    lost = WorkError(
        f"a worker died, or could not be reached, with {which} under way ({name}: {text}); {kept}; where memory was "
        f"short, give fewer workers{guard}"
    )
    lost.shards = under_way
    return lost


def _kept(store: Folder | Memory, wanted: Sequence[int]) -> str:
    """Return what is kept, and how to go on."""
    if isinstance(store, Memory):
        return "nothing is kept without a folder"
    count = len(store.present().intersection(wanted))
    return f"{count} of {len(wanted)} shards are kept in {store.path}, and the same call or command goes on from there"


def _read(store: Any, wanted: Sequence[int]) -> tuple[dict[str, np.ndarray], dict[int, str]]:
    """Return the joined arrays of shards, without those that are damaged, and what is wrong with these."""
    damaged: dict[int, str] = {}

    def found() -> Iterator[tuple[int, Mapping[str, np.ndarray]]]:
        for shard in wanted:
            try:
                yield shard, store.get(shard)
            except DamagedError as error:
                damaged[shard] = str(error)

    return joined(found()), damaged


def _removed(store: Folder, damaged: Mapping[int, str]) -> list[str]:
    remarks = []
    for shard, reason in damaged.items():
        store.remove(shard)
        remarks.append(f"{store.file(shard)} was damaged ({reason}), and is computed anew")
    return remarks
