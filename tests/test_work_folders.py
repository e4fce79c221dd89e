"""Folders of shards: they survive kills, interrupts, damage and company, and never mix inputs."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import work_tasks
from work_tasks import computed, draws

from cevns import files
from cevns.cli import main
from cevns.errors import DataError
from cevns.work import Task, load, merge, run
from cevns.work.folders import Folder, same

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def alone():
    """What one process finds."""
    return run(draws())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "folder"


def shards_of(folder):
    return sorted(folder.glob("*/[0-9]*.npz"))


# --- what a folder holds


def test_what_is_there_is_not_computed_again(folder, tmp_path, alone):
    log = tmp_path / "log"
    task = Task("logged", work_tasks.logged, {"log": str(log), "nap": 0.0}, 12)
    half = run(task, folder, shards="1/2")
    assert half.missing == (1, 3, 5, 7, 9, 11)
    told = []
    whole = run(task, folder, progress=lambda *numbers: told.append(numbers))
    assert told[0] == (6, 12)
    assert told[-1] == (12, 12)
    assert sorted(computed(log)[0]) == list(range(12))
    assert same(whole, alone)
    assert same(load(folder), alone)
    assert len(computed(log)[0]) == 12


def test_a_folder_says_what_it_holds(folder, argon):
    inputs = {"likelihood": argon, "interaction": "b-l", "mass": 10.0, "seed": 5}
    run(Task("chi2", work_tasks.of_likelihood, inputs, 2), folder)
    about = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (about["kind"], about["shards"], about["numpy"]) == ("chi2", 2, np.__version__)
    assert about["inputs"]["seed"] == "5"
    assert about["inputs"]["likelihood.name"] == "'coherent-argon-2020'"
    assert about["inputs"]["likelihood.observed"].startswith("sha256:")
    assert {"version of cevns", "version of NumPy"} <= about["inputs"].keys()
    # without this package too
    (first, _) = shards_of(folder)
    with np.load(first) as archive:
        assert archive["chi2"].shape == (5,)
        assert json.loads(str(archive["about"]))["fingerprint"] == about["fingerprint"]
    with zipfile.ZipFile(first) as archive:
        assert re.fullmatch(rb"[0-9a-f]{64}", archive.comment)


def test_a_lost_manifest_is_written_anew(folder, alone):
    run(draws(), folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(DataError, match=r"no manifest\.json: it is no folder of shards"):
        load(folder)
    run(draws(), folder, shards="1/12")
    assert same(load(folder), alone)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "kind": 3}', "\x00", "[" * 5000])
def test_a_damaged_manifest_is_refused(folder, text, alone):
    run(draws(), folder)
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    for call in (load, lambda path: run(draws(), path)):
        with pytest.raises(DataError, match=r"manifest\.json is damaged; remove it: with the same inputs"):
            call(folder)
    (folder / "manifest.json").unlink()
    assert same(run(draws(), folder), alone)


# --- other inputs


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (draws(seed=2), r"they differ in seed \(1 there, 2 here\); choose another folder"),
        (draws(13), r"they differ in shards \(12 there, 13 here\)"),
        (Task("toys", work_tasks.draw, {"seed": 1}, 12), r"they differ in kind \('draws' there, 'toys' here\)"),
        (Task("draws", work_tasks.draw, {"seed": 1, "mean": 2.0}, 12), r"they differ in mean \(not in both\)"),
        (Task("draws", work_tasks.failing, {"at": 20}, 12), r"at \(not in both\), function, seed \(not in both\)"),
    ],
)
def test_other_inputs_are_refused(folder, other, message):
    run(draws(), folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match=message):
        run(other, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_of_an_experiment_differs_is_named(folder, both):
    inputs = {"likelihood": both, "interaction": "b-l", "mass": 10.0, "seed": 5}
    run(Task("chi2", work_tasks.of_likelihood, inputs, 2), folder)
    csi, argon = both.experiments
    observed = np.array(argon.observed)
    observed[3] += 1e-9
    other = csi.replace(signal_sigma=0.2) + argon.with_data(observed)
    with pytest.raises(DataError) as caught:
        run(Task("chi2", work_tasks.of_likelihood, inputs | {"likelihood": other}, 2), folder)
    assert "likelihood.experiments.coherent-csi-2017.signal_sigma (0.112 there, 0.2 here)" in str(caught.value)
    assert "likelihood.experiments.coherent-argon-2020.observed" in str(caught.value)
    assert "flux" not in str(caught.value)


def test_other_versions_are_refused(folder, monkeypatch):
    run(draws(), folder)
    with monkeypatch.context() as patched:
        patched.setattr("cevns.__version__", "9.9.9")
        with pytest.raises(DataError, match=r"version of cevns \(.* there, '?9\.9\.9'? here\)"):
            run(draws(), folder)
    with monkeypatch.context() as patched:
        patched.setattr(np, "__version__", "9.9.9")
        with pytest.raises(DataError, match=r"version of NumPy \(.* there, '?9\.9'? here\)"):
            run(draws(), folder)
    about = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(about | {"format": 2}), encoding="utf-8")
    with pytest.raises(DataError, match="has format 2, this version of cevns reads 1: go on with the version"):
        run(draws(), folder)


def test_a_shard_of_other_inputs_is_never_taken(folder, tmp_path):
    run(draws(), folder)
    run(draws(seed=2), tmp_path / "other")
    shards_of(tmp_path / "other")[4].replace(shards_of(folder)[4])
    with pytest.raises(DataError, match=r"0000004\.npz is shard 4 of other inputs .*; move it away"):
        run(draws(), folder)
    shards_of(folder)[3].replace(shards_of(folder)[4])
    with pytest.raises(DataError, match=r"0000004\.npz is shard 3 of other inputs"):
        load(folder)


# --- damage


DAMAGES = {
    "flipped": lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "digest": lambda content: content[:-1] + (b"0" if content[-1:] != b"0" else b"1"),
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_shard_is_told_and_computed_anew(folder, damage, alone):
    run(draws(), folder)
    path = shards_of(folder)[5]
    path.write_bytes(damage(path.read_bytes()))
    found = load(folder)
    assert found.missing == (5,)
    assert "shard 5 is damaged: its SHA-256 is not" in found.remarks[0]
    found = run(draws(), folder)
    assert [f"{path} was damaged" in remark and "computed anew" in remark for remark in found.remarks] == [True]
    assert same(found, alone)
    assert run(draws(), folder).remarks == ()


def test_a_disk_that_keeps_nothing_is_told(folder, monkeypatch):
    packed = Folder._packed
    monkeypatch.setattr(Folder, "_packed", lambda *arguments: packed(*arguments)[:-1])
    with pytest.raises(DataError, match="does not keep what is written"):
        run(draws(2), folder)


def test_different_results_of_a_shard_are_told(folder, alone):
    """Of two processes that work on one folder, the second of which finds what the first has written meanwhile."""
    run(draws(), folder)
    store = Folder.of(folder, draws())
    arrays = store.get(3)
    assert store.put(3, arrays) == ""
    arrays["x"] = np.nextafter(arrays["x"], 9)
    assert "shard 3 was computed twice, with different results" in store.put(3, arrays)
    assert same(run(draws(), folder), alone)


# --- kills, interrupts, company


@pytest.fixture
def start():
    """Start a process that computes; what is left of it ends with the test."""
    started = []

    def start(*arguments):
        started.append(_started(*arguments))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


def _started(log, folder, shards, nap, workers=1, company=1):
    code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import work_tasks; work_tasks.main(*sys.argv[1:])"
    command = [sys.executable, "-P", "-c", code, *map(str, (log, folder, shards, nap, workers, company))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, **pipes, text=True, start_new_session=True)


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.01)


def lives(process):
    try:
        # what was killed and not waited for is a zombie
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes as Linux shows them")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment_it_goes_on(start, workers, folder, tmp_path):
    log = tmp_path / "log"
    first = start(log, folder, 60, 0.02, workers)
    wait_for(lambda: len(shards_of(folder)) >= 4)
    first.kill()
    first.communicate()
    wait_for(lambda: not any(map(lives, computed(log)[1])))
    before = computed(log)[0]
    kept = {int(path.stem) for path in shards_of(folder)}
    assert 4 <= len(kept) < 60
    # one is written, and others are under way or wait to be written
    assert len(before) - len(kept) <= 1 + 2 * workers
    # what a killed writer leaves
    stale = shards_of(folder)[0].parent / f".cevns-{files._machine()}-0123456789abcdef.npz"
    stale.write_bytes(b"half")
    task = Task("logged", work_tasks.logged, {"log": str(log), "nap": 0.02}, 60)
    found = run(task, folder)
    assert sorted(computed(log)[0][len(before) :]) == sorted(set(range(60)) - kept)
    assert same(found, run(draws(60)))
    assert list(folder.rglob(".cevns-*")) == []


def test_what_killed_writers_left_is_removed_even_if_nothing_is_missing(folder):
    run(draws(), folder)
    stale = [place / f".cevns-{files._machine()}-0123456789abcdef.npz" for place in (folder, folder / "0000")]
    for path in stale:
        path.touch()
    run(draws(), folder)
    assert [path for path in stale if path.exists()] == []


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts of other processes are of POSIX")
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_keeps_what_is_done_and_says_how_to_go_on(start, workers, folder, tmp_path):
    log = tmp_path / "log"
    process = start(log, folder, 200, 0.05, workers)
    wait_for(lambda: len(shards_of(folder)) >= 2)
    # as a terminal does, to all
    os.killpg(process.pid, signal.SIGINT)
    begin = time.monotonic()
    _, told = process.communicate(timeout=20)
    assert time.monotonic() - begin < 10
    count = len(shards_of(folder))
    assert f"interrupted; {count} of 200 shards are kept in {folder}, and the same call or command goes on" in told
    # of one process, and not of those that it started
    assert told.count("Traceback") == 1
    assert process.returncode == -signal.SIGINT
    wait_for(lambda: not any(map(lives, computed(log)[1])))


def test_from_the_command_line_an_interrupt_exits_with_130(folder, monkeypatch, capsys):
    def interrupted(shard):
        if shard == 3:
            raise KeyboardInterrupt
        return work_tasks.draw(shard, 1)

    monkeypatch.setattr("cevns.cli.work.merge", lambda args: run(Task("draws", interrupted, {}, 4), args.folder))
    assert main(["toys", "merge", "here", "-o", str(folder)]) == 130
    count = len(shards_of(folder))
    assert f"cevns: error: interrupted; {count} of 4 shards are kept in {folder}" in capsys.readouterr().err


def test_two_processes_may_work_on_one_folder(start, folder, tmp_path):
    log = tmp_path / "log"
    processes = [start(log, folder, 40, 0.02, 1, 2) for _ in range(2)]
    for process in processes:
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0
    shards, writers = computed(log)
    assert len(writers) == 2
    assert set(shards) == set(range(40))
    # each does a part, and few are done twice
    assert len(shards) < 60
    assert same(load(folder), run(draws(40)))


# --- parts and merging


def test_merged_parts_are_what_one_process_finds(tmp_path, alone):
    for k in (1, 2, 3):
        run(draws(), tmp_path / str(k), shards=(k, 3))
    found = merge([tmp_path / "1", tmp_path / "3"], tmp_path / "all")
    assert (found.kind, found.shards, found.missing, found.remarks) == ("draws", 12, (1, 4, 7, 10), ())
    # more than once is no harm, into one of them neither
    found = merge([tmp_path / str(k) for k in (1, 2, 2)], tmp_path / "all")
    assert found.missing == ()
    assert same(load(tmp_path / "all"), alone)
    assert merge([tmp_path / "1", tmp_path / "2"], tmp_path / "1").missing == (2, 5, 8, 11)


def test_folders_that_do_not_go_together_are_refused(tmp_path):
    run(draws(), tmp_path / "1")
    run(draws(seed=2), tmp_path / "2")
    with pytest.raises(DataError, match=r"on other inputs than .*: they differ in seed .*merge those that go together"):
        merge([tmp_path / "1", tmp_path / "2"], tmp_path / "all")
    assert not (tmp_path / "all").exists()
    with pytest.raises(DataError, match="holds work on other inputs"):
        merge([tmp_path / "1"], tmp_path / "2")
    with pytest.raises(DataError, match="folders is empty"):
        merge([], tmp_path / "all")


def test_contradictions_are_refused(tmp_path):
    for k in (1, 2):
        run(draws(), tmp_path / str(k))
    store = Folder.of(tmp_path / "2", draws())
    arrays = store.get(3)
    arrays["n"] = arrays["n"] + 1
    store.remove(3)
    store.put(3, arrays)
    with pytest.raises(DataError, match=r"shard 3 in .*2 is not what it is in .*: they cannot both be right"):
        merge([tmp_path / "1", tmp_path / "2"], tmp_path / "all")


def test_damaged_shards_are_left_out_of_a_merge(tmp_path, alone):
    for k in (1, 2):
        run(draws(), tmp_path / str(k))
    for path in (shards_of(tmp_path / "1")[5], *shards_of(tmp_path / "2")[5:7]):
        path.write_bytes(path.read_bytes()[:-9])
    found = merge([tmp_path / "1", tmp_path / "2"], tmp_path / "all")
    assert found.missing == (5,)
    assert len(found.remarks) == 3
    assert all("was left out" in remark for remark in found.remarks)
    found = merge([tmp_path / "1", tmp_path / "2"], tmp_path / "2")
    assert found.missing == (5,)
    assert "was damaged" in found.remarks[0]
    assert same(run(draws(), tmp_path / "all"), alone)


def test_the_command_merges_and_says_what_is_missing(tmp_path, capsys):
    for k in (1, 2, 3):
        run(draws(), tmp_path / str(k), shards=(k, 3))
    folders = [str(tmp_path / str(k)) for k in (1, 2, 3)]
    into = str(tmp_path / "all")
    assert main(["toys", "merge", *folders[:2], "-o", into]) == 1
    told = capsys.readouterr().out
    assert told.startswith(f"8 of 12 shards of draws are in {into}\nmissing: 2, 5, 8, 11; the command")
    assert main(["toys", "merge", *folders, "-o", into, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "folder": into,
        "kind": "draws",
        "shards": 12,
        "present": 12,
        "missing": [],
    }
    assert main(["toys", "merge", str(tmp_path / "none"), "-o", into]) == 2
    assert main(["toys", "merge", *folders]) == 2
    (tmp_path / "file").touch()
    assert main(["toys", "merge", *folders, "-o", str(tmp_path / "file")]) == 2
    assert "is no folder: give another name" in capsys.readouterr().err
