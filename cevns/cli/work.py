"""What commands have in common that work in shards: who computes them, where they are kept, how folders merge."""

from __future__ import annotations

import contextlib

from cevns.cli.output import Result
from cevns.cli.progress import progress_bar
from cevns.errors import InputError, WorkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator
    from typing import Any

    from cevns.work import Merged, Task

__all__ = ["compute", "executor", "merge"]


def compute(task: Task, args: Namespace) -> Merged:
    """Return the arrays of a task, computed as ``--workers``, ``--scheduler``, ``--shard`` and the folder say.

    Parameters
    ----------
    task : Task
        What to compute.
    args : Namespace
        Of a command with the options of `cevns.cli.options.add_work`.
    """
    from cevns.work import run

    if args.shard is not None and args.folder is None:
        raise InputError("--shard needs a folder, in which the shards of this part are kept, to be merged later")
    with executor(args.workers, args.scheduler) as chosen, progress_bar(task.kind, lines=True) as progress:
        return run(task, args.folder, chosen, args.workers or 1, args.shard, progress)


@contextlib.contextmanager
def executor(workers: int | None, scheduler: str | None) -> Iterator[Any]:
    """Yield what computes shards, for one task or several: processes, a client of a cluster, or None for this process.

    Parameters
    ----------
    workers : int or None
        Processes of this machine.
    scheduler : str or None
        Of a Dask cluster: its address, such as ``tcp://host:8786``, or the file that ``dask scheduler
        --scheduler-file`` wrote (.json).

    Raises
    ------
    InputError
        If both are given.
    MissingDependencyError
        If Dask's distributed is not installed.
    WorkError
        If no scheduler answers.
    """
    if scheduler is not None and workers is not None:
        raise InputError("--workers starts processes here, --scheduler uses those of a cluster: give one of them")
    if scheduler is None:
        if (workers or 1) == 1:
            yield None
            return
        from cevns.work import pool

        with pool(workers or 1) as processes:
            yield processes
        return
    from cevns import checks
    from cevns.files import open_regular

    distributed = checks.optional_module("distributed", "--scheduler")
    where = {"scheduler_file": scheduler} if scheduler.endswith(".json") else {"address": scheduler}
    try:
        # for a file that is not there it would wait for ever
        if "scheduler_file" in where:
            open_regular(scheduler).close()
        client = distributed.Client(**where, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WorkError(
            f"no Dask scheduler answers at {scheduler} ({' '.join(str(error).split())[:200]}): start one with `dask "
            "scheduler`, and give the address that it tells"
        ) from error
    with client:
        yield client


def merge(args: Namespace) -> Result:
    """Folders of shards, put together."""
    from cevns.work import merge as merged
    from cevns.work import spans

    with progress_bar("merge", lines=True) as progress:
        found = merged(args.folders, args.folder, progress)
    present = found.shards - len(found.missing)
    data: dict[str, Any] = {
        "folder": str(found.folder),
        "kind": found.kind,
        "shards": found.shards,
        "present": present,
        "missing": found.missing,
    }
    if found.remarks:
        data["warnings"] = found.remarks
    lines = [f"{present} of {found.shards} shards of {found.kind} are in {found.folder}"]
    lines += [f"warning: {remark}" for remark in found.remarks]
    if found.missing:
        lines.append(
            f"missing: {spans(found.missing)}; the command that made the others computes them with {found.folder} as "
            "its folder"
        )
    return Result(data, "\n".join(lines), int(bool(found.missing)))
