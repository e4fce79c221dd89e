"""Putting folders of shards together, whatever task they are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cevns import checks
from cevns.errors import DataError
from cevns.files import checked_path
from cevns.work.folders import DamagedError, Folder, differences, same

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cevns import _types

__all__ = ["Summary", "merge"]


@dataclass(frozen=True)
class Summary:
    """What a folder of shards holds.

    Parameters
    ----------
    folder : path
        The folder.
    kind : str
        Of the task.
    shards : int
        How many there are in all.
    missing : tuple of int
        Those that are not there.
    remarks : tuple of str
        What was found on the way, in plain sentences.

    Examples
    --------
    >>> from pathlib import Path
    >>> Summary(Path("toys"), "toys", shards=20, missing=(3, 7)).missing
    (3, 7)
    """

    folder: Path
    kind: str
    shards: int
    missing: tuple[int, ...]
    remarks: tuple[str, ...] = ()


def merge(folders: Iterable[_types.Path], into: _types.Path, progress: _types.Progress | None = None) -> Summary:
    """Put the shards of folders into one.

    Parameters
    ----------
    folders : sequence of path
        Of `run`, on the same inputs; which shards are in which does not matter, nor that some are in several.
    into : path
        Folder that is made unless it is there; it may be one of them.
    progress : callable, optional
        Called as ``progress(done, total)`` after each folder.

    Returns
    -------
    Summary
        With the shards that are missing.

    Raises
    ------
    DataError
        If a folder holds work on other inputs, or two of them hold different results of a shard. What was copied
        before that stays.

    Examples
    --------
    >>> import tempfile
    >>> from cevns.work import Task, load, run
    >>> task = Task("squares", lambda shard: {"x": shard**2}, shards=4)
    >>> folders = [tempfile.mkdtemp() for _ in range(3)]
    >>> parts = [run(task, folders[k], shards=(k + 1, 2)) for k in (0, 1)]
    >>> merge(folders[:2], folders[2]).missing
    ()
    >>> load(folders[2])["x"].tolist()
    [0, 1, 4, 9]
    """
    paths = [checked_path(path, "folder") for path in checks.sequence("folders", folders)]
    if not paths:
        raise DataError("folders is empty: give at least one")
    progress = checks.function("progress", progress) or (lambda done, total: None)
    sources = [Folder.opened(path) for path in paths]
    for source in sources[1:]:
        if source.fingerprint != sources[0].fingerprint:
            raise DataError(
                f"{source.path} holds work on other inputs than {sources[0].path}: "
                f"{differences(sources[0].about, source.about)}; merge those that go together"
            )
    target = Folder.made(into, sources[0].about)
    remarks = _cleaned(target)
    for done, source in enumerate(sources):
        progress(done, len(sources))
        for shard in sorted(source.present()):
            try:
                _take(source, shard, target)
            except DamagedError as error:
                remarks.append(f"{source.file(shard)} is damaged ({error}), and was left out")
    progress(len(sources), len(sources))
    missing = tuple(sorted(set(range(target.shards)) - target.present()))
    return Summary(target.path, target.kind, target.shards, missing, tuple(remarks))


def _cleaned(target: Folder) -> list[str]:
    """Remove what is damaged of a folder, and return what was."""
    remarks = []
    for shard in sorted(target.present()):
        try:
            target.content(shard)
        except DamagedError as error:
            target.remove(shard)
            remarks.append(f"{target.file(shard)} was damaged ({error}), and is removed")
    return remarks


def _take(source: Folder, shard: int, target: Folder) -> None:
    arrays = source.get(shard)
    if target.has(shard):
        if not same(target.get(shard), arrays):
            raise DataError(
                f"shard {shard} in {source.path} is not what it is in {target.path}: they cannot both be right; "
                "compute it anew on one machine, and merge without the folder that is wrong"
            )
        return
    target.copy(shard, source.content(shard))
