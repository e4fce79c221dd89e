"""Work in shards that any machine may compute: the same bit for bit on one core, on a cluster, and after a restart."""

from cevns.work.executors import pool
from cevns.work.fingerprints import described, fingerprint
from cevns.work.merging import Summary, merge
from cevns.work.parts import part, rows, spans
from cevns.work.running import load, run
from cevns.work.tasks import Merged, Task, generator

__all__ = [
    "Merged",
    "Summary",
    "Task",
    "described",
    "fingerprint",
    "generator",
    "load",
    "merge",
    "part",
    "pool",
    "rows",
    "run",
    "spans",
]
