"""Toys on workers of Dask, and a plane by Feldman and Cousins in two processes."""

import numpy as np
import pytest

from cevns.inference.ensembles.ensemble import CHUNK, of_shard
from cevns.inference.ensembles.making import ensemble_of
from cevns.work import Task, run
from cevns.work.folders import same

POINT = {"mass": 30.0, "coupling": 5e-5}


@pytest.mark.parametrize(("version", "workers"), [("cevns", 1), ("threads", 2)])
def test_toys_on_workers(version, workers, measure, both, quick):
    distributed = pytest.importorskip("distributed")
    ensemble = ensemble_of(both, "b-l", "coupling" if quick else ["mass", "coupling"], **POINT)
    shards = 2 if quick else 24
    task = Task("toys", of_shard, {"ensemble": ensemble, "total": shards * CHUNK}, shards=shards)
    options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        # once without being timed: what a worker imports, and folds for its first toys, it keeps
        first = run(task, executor=client)
        found = measure(
            "toys on Dask workers", version, lambda: run(task, executor=client), calls=shards * CHUNK, rounds=3
        )
    assert same(found, first)


def test_plane_by_feldman_and_cousins(measure, both, quick):
    n = 6 if quick else 30
    grid = {"mass": np.geomspace(1, 1000, n), "coupling": np.geomspace(1e-6, 1e-2, n)}
    found = measure(
        "Feldman-Cousins plane",
        "cevns",
        lambda: both.feldman_cousins("b-l", grid, precision=0.3 if quick else 0.01, workers=1 if quick else 2),
        rounds=1,
    )
    assert quick or found.reached <= 0.01
