"""Tasks: who computes their shards does not matter, errors say which, and results come in order."""

import math
import multiprocessing
import pickle
import random
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import work_tasks
from work_tasks import draws

from cevns.errors import CevnsError, InputError, WorkError
from cevns.work import Task, generator, part, pool, rows, run, spans, workers
from cevns.work.folders import same


@pytest.fixture(scope="module")
def alone():
    """What one process finds."""
    return run(draws())


# --- one process


def test_results_come_in_the_order_of_shards(alone):
    assert list(alone) == ["x", "n", "shard"]
    assert alone["shard"].tolist() == list(range(12))
    assert alone["x"].shape == (30, 2)
    assert np.array_equal(alone["x"][1:3], work_tasks.draw(1, 1)["x"])
    assert alone["n"].tolist() == [work_tasks.draw(i, 1)["n"] for i in range(12)]
    assert alone.missing == alone.remarks == ()
    assert repr(alone) == "<Merged: x, n, shard of 12 shards>"
    with pytest.raises(CevnsError, match="unknown array 'y'; known: n, shard, x"):
        alone["y"]


def test_random_numbers_are_those_of_seed_and_shard():
    found = [generator(*numbers).integers(2**62) for numbers in [(1,), (1, 0), (0, 1), (1, 0, 0), (2, 0), (1, 1)]]
    assert len(set(found)) == 6
    # these must not change, or no folder could go on
    assert generator(1, 3).integers(1000, size=4).tolist() == [823, 881, 989, 149]
    with pytest.raises(InputError, match="seed = -1"):
        generator(-1, 0)


def test_parts_make_the_whole(alone):
    parts = [run(draws(), shards=f"{k}/5") for k in range(1, 6)]
    assert [p["shard"].tolist() for p in parts] == [[0, 5, 10], [1, 6, 11], [2, 7], [3, 8], [4, 9]]
    assert len(parts[2].missing) == 10
    # more parts than shards leave some without work
    empty = run(draws(2), shards=(3, 3))
    assert (dict(empty), empty.missing) == ({}, (0, 1))


def test_progress_is_told():
    told = []
    run(draws(3), progress=lambda *numbers: told.append(numbers))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("text", ["3", "0/3", "4/3", "1/0", "a/3", "1/2/3", (1,), 3, ("1", None), "1.5/2"], ids=ascii)
def test_what_is_no_part_is_refused(text):
    with pytest.raises(InputError, match="part"):
        part(text)


def test_rows_are_cut_into_shards():
    for total, each in [(1, 1), (10, 3), (12, 3), (3, 12)]:
        found = [row for shard in range(math.ceil(total / each)) for row in rows(shard, total, each)]
        assert found == list(range(total))


def test_sets_of_shards_are_written_as_people_do():
    assert spans([]) == ""
    assert spans([0, 1, 2, 5, 7, 8]) == "0-2, 5, 7-8"
    assert spans(range(0, 40, 2)) == "0, 2, 4, 6, 8, 10, 12, 14, and 12 more"


# --- tasks


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": ""}, "kind"),
        ({"function": 3}, "function must be a function"),
        ({"inputs": [1]}, "inputs must be a mapping"),
        ({"inputs": {1: 2}}, "inputs must be a mapping"),
        ({"shards": 0}, "shards = 0"),
        ({"shards": 10**8}, "shards = 100000000"),
    ],
)
def test_what_is_no_task_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Task(**{"kind": "draws", "function": work_tasks.draw, "inputs": {}, "shards": 1} | changes)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "must return arrays by name, got None"),
        ({}, "must return arrays by name"),
        ({"x": "text"}, "'x' of type <U4"),
        ({"x": [None]}, "'x' of type object"),
        ({"about": 1}, "'about'"),
        ({"a/b": 1}, "'a/b'"),
    ],
)
def test_what_a_function_must_not_return_is_told(found, message):
    with pytest.raises(WorkError, match=rf"shard 0 failed, InputError: .*{message}"):
        run(Task("odd", lambda shard: found))


def test_shards_must_have_the_same_arrays():
    task = Task("odd", lambda shard: {"x": [[1.0] * (shard + 1)]}, shards=2)
    with pytest.raises(InputError, match=r"shard 1 has the arrays x \(<f8, 2\), shard 0 x \(<f8, 1\)"):
        run(task)


def test_a_task_travels_and_keeps_its_fingerprint(argon):
    inputs = {"likelihood": argon, "interaction": "b-l", "mass": 10.0, "seed": 1}
    task = Task("chi2", work_tasks.of_likelihood, inputs, 3)
    argon.chi2("b-l", mass=1.0, coupling=1e-5)
    assert pickle.loads(pickle.dumps(task)).fingerprint == task.fingerprint
    assert run(task)["chi2"].shape == (15,)
    others = [
        Task("chi", *(getattr(task, name) for name in ("function", "inputs", "shards"))),
        Task("chi2", work_tasks.of_likelihood, inputs, 4),
        Task("chi2", work_tasks.draw, inputs, 3),
        Task("chi2", work_tasks.of_likelihood, inputs | {"seed": 2}, 3),
        Task("chi2", work_tasks.of_likelihood, inputs | {"likelihood": argon.replace(signal_sigma=0.1)}, 3),
    ]
    assert len({task.fingerprint, *(other.fingerprint for other in others)}) == 6


# --- executors


class Backwards:
    """An executor that computes when enough waits for it, in an order of its own."""

    _max_workers = 3

    def __init__(self):
        self.waiting, self.most = [], 0

    def submit(self, function, *arguments):
        future = Future()
        self.waiting.append((future, function, arguments))
        self.most = max(self.most, len(self.waiting))
        if len(self.waiting) == 1:
            threading.Timer(0.02, self.work).start()
        return future

    def work(self):
        taken, self.waiting = self.waiting, []
        random.Random(3).shuffle(taken)
        for future, function, arguments in taken:
            if future.set_running_or_notify_cancel():
                future.set_result(function(*pickle.loads(pickle.dumps(arguments))))


def test_order_of_completion_does_not_matter_and_few_are_under_way(alone):
    executor = Backwards()
    found = run(draws(), executor=executor)
    assert same(found, alone)
    assert 1 < executor.most <= 6


class Mapping:
    """All that some executors have."""

    def map(self, function, values):
        return list(map(function, values))


@pytest.mark.parametrize("kind", ["threads", "processes", "workers", "map", "multiprocessing"])
def test_executors_find_what_one_process_does(kind, alone):
    context = multiprocessing.get_context("spawn")
    if kind == "threads":
        with ThreadPoolExecutor(2) as pool:
            found = run(draws(), executor=pool)
    elif kind == "processes":
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            found = run(draws(), executor=pool)
    elif kind == "workers":
        found = run(draws(), workers=2)
    elif kind == "map":
        found = run(draws(), executor=Mapping())
    else:
        with context.Pool(1) as pool:
            found = run(draws(), executor=pool)
            pool.close()
            pool.join()
    assert same(found, alone)


def test_a_pool_serves_several_tasks(alone):
    with pool(2) as executor:
        assert same(run(draws(), executor=executor), alone)
        assert same(run(draws(seed=2), executor=executor), run(draws(seed=2)))
    with pytest.raises(InputError, match="workers = 0"), pool(0):
        pass


def test_a_task_is_unpacked_once_in_a_process():
    """So that what it has computed and kept serves the next shard too."""
    packed = draws().packed()
    workers.compute_packed(packed, 0)
    kept = workers._TASKS.known(packed.token)
    workers.compute_packed(pickle.loads(pickle.dumps(packed)), 1)
    assert workers._TASKS.known(packed.token) is kept
    assert kept.fingerprint == draws().fingerprint


def test_what_is_no_executor_is_refused():
    with pytest.raises(InputError, match=r"executor must have submit\(function"):
        run(draws(), executor="tcp://here")
    with pytest.raises(InputError, match="workers = 0"):
        run(draws(), workers=0)
    with pytest.raises(InputError, match="task"):
        run("draws")


def test_a_task_that_cannot_be_sent_is_refused():
    with pytest.raises(InputError, match="cannot be sent to other processes"):
        run(Task("lambda", lambda shard: {"x": shard}, shards=2), executor=Backwards())


def test_other_versions_on_a_worker_are_refused(monkeypatch):
    packed = draws().packed()
    monkeypatch.setattr("cevns.__version__", "0.1.9")
    with pytest.raises(InputError, match=r"version of cevns is 0\.1\.9 on a worker and .* where the work is given out"):
        packed.unpacked()


# --- errors


@pytest.mark.parametrize("executor", [None, Mapping(), Backwards()], ids=["alone", "map", "submit"])
def test_the_error_of_a_shard_is_told_with_its_number(executor, tmp_path):
    task = Task("failing", work_tasks.failing, {"at": 7}, 9)
    message = r"shard 7 failed, InputError: mass is below 0; nothing is kept without a folder"
    with pytest.raises(WorkError, match=message) as caught:
        run(task, executor=executor)
    assert caught.value.shards == (7,)
    assert isinstance(caught.value.__cause__, InputError)
    assert "in failing" in caught.value.__notes__[0]
    with pytest.raises(WorkError, match=r"; \d of 9 shards are kept in .*folder, and the same call or command goes on"):
        run(task, tmp_path / "folder", executor=executor)


def test_errors_that_do_not_survive_the_way_are_told_as_text():
    with pytest.raises(WorkError, match="shard 0 failed, Odd: no good") as caught:
        run(Task("odd", work_tasks.oddly), executor=Backwards())
    assert caught.value.__cause__ is None


def test_a_worker_that_dies_is_told_and_work_goes_on(tmp_path):
    # a note in a folder that is not there: it dies every time
    task = Task("dying", work_tasks.dying, {"at": 9, "log": str(tmp_path / "log" / "note")}, 12)
    with pytest.raises(
        WorkError, match=r"a worker died.* under way \(BrokenProcessPool.* of 12 shards are kept"
    ) as caught:
        run(task, tmp_path / "folder", workers=2)
    assert 9 in caught.value.shards
    assert len(caught.value.shards) <= 4
    assert "__main__" in str(caught.value)
    # the machine is mended
    (tmp_path / "log").mkdir()
    Path(task.inputs["log"]).touch()
    assert same(run(task, tmp_path / "folder"), run(draws()))
