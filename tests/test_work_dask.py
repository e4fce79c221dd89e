"""A real Dask cluster of two worker processes on this machine, one of which is killed on the way."""

import os
import signal
import sys

import pytest
import work_tasks
from work_tasks import draws

from cevns.cli.work import executor
from cevns.errors import InputError, MissingDependencyError, WorkError
from cevns.work import Task, run
from cevns.work.folders import same


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("distributed")
    from distributed import LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**options, silence_logs=50) as cluster:
        yield cluster


def test_a_cluster_finds_what_one_process_does_although_a_worker_is_killed(cluster, tmp_path, both):
    inputs = {"likelihood": both, "interaction": "b-l", "mass": 10.0, "seed": 5}
    task = Task("chi2", work_tasks.of_likelihood, inputs, 40)
    with executor(None, cluster.scheduler_address) as client:
        workers = client.run(os.getpid)
        assert len(workers) == 2

        def progress(done, total):
            if done == 5 and workers:
                os.kill(workers.pop(min(workers)), signal.SIGKILL)

        found = run(task, tmp_path / "folder", executor=client, progress=progress)
    assert len(workers) == 1
    assert same(found, run(task))


def test_a_task_is_sent_to_a_cluster_once(cluster, monkeypatch):
    sent = []
    with executor(None, cluster.scheduler_address) as client:
        submit = client.submit

        def watched(function, *arguments, **options):
            sent.append(arguments)
            return submit(function, *arguments, **options)

        monkeypatch.setattr(client, "submit", watched)
        assert same(run(draws(), executor=client), run(draws()))
    assert len(sent) == 13
    assert [type(arguments[0]).__name__ for arguments in sent] == ["Packed"] + ["Future"] * 12


def test_functions_of_no_module_reach_a_cluster(cluster):
    """As those that are typed into a notebook."""
    with executor(None, cluster.scheduler_address) as client:
        found = run(Task("squares", lambda shard: {"x": shard**2}, shards=5), executor=client)
    assert found["x"].tolist() == [0, 1, 4, 9, 16]


def test_an_asynchronous_client_is_refused():
    pytest.importorskip("distributed")

    class Client:
        """What is asked of one."""

        __module__ = "distributed.client"
        asynchronous = True
        submit = nthreads = print

    with pytest.raises(InputError, match="asynchronous client"):
        run(draws(), executor=Client())


def test_the_error_of_a_shard_comes_back(cluster):
    with (
        executor(None, cluster.scheduler_address) as client,
        pytest.raises(WorkError, match=r"shard 3 failed, InputError: mass is below 0"),
    ):
        run(Task("failing", work_tasks.failing, {"at": 3}, 5), executor=client)


def test_a_shard_that_kills_workers_is_told(cluster, tmp_path):
    task = Task("dying", work_tasks.dying, {"at": 9, "log": str(tmp_path / "log" / "note")}, 12)
    cluster.scheduler.allowed_failures = 0
    message = r"a worker died.* under way \(KilledWorker.* of 12 shards are kept in .*; where memory was short"
    with executor(None, cluster.scheduler_address) as client, pytest.raises(WorkError, match=message) as caught:
        run(task, tmp_path / "folder", executor=client)
    assert 9 in caught.value.shards
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "note").touch()
    assert same(run(task, tmp_path / "folder"), run(draws()))


def test_a_scheduler_that_is_not_there_is_told(monkeypatch):
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    with dask.config.set({"distributed.comm.timeouts.connect": "0.2s"}):
        for address in ("tcp://127.0.0.1:9", "nonsense://a", "none.json"):
            with pytest.raises(WorkError, match=f"no Dask scheduler answers at {address}"), executor(None, address):
                pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(MissingDependencyError, match=r"pip install 'cevns\[cluster\]'"),
        executor(None, "tcp://127.0.0.1:9"),
    ):
        pass
