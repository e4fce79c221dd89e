"""Files: only ordinary ones of a reasonable size are read, and what is written is whole or not there."""

import contextlib
import errno
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest

from cevns import files
from cevns.bounds import load_bound
from cevns.errors import DataError, InputError
from cevns.files import atomic_path, checked_path, make_folder, open_regular, read_bytes, write_text
from cevns.inference import Scan
from cevns.parameters import coupling, mass
from cevns.tables import read_table

# --- paths

BAD_PATHS = ["a\0b", "a\ud800b", b"a", 3, None]


@pytest.mark.parametrize("path", BAD_PATHS, ids=ascii)
def test_what_is_no_path_is_an_input_error(path):
    def bound(path):
        return load_bound(path, model="b-l", mass_unit="MeV", coupling="g")

    for call in (checked_path, open_regular, make_folder, read_table, Scan.load, bound):
        with pytest.raises(InputError, match="path"):
            call(path)
    with pytest.raises(InputError, match="path"):
        write_text(path, "")


def test_names_that_are_not_utf8_are_names(tmp_path):
    path = tmp_path / os.fsdecode(b"\xe9.txt")
    try:
        write_text(path, "1 2\n")
    except DataError:
        pytest.skip("this file system takes UTF-8 names only")
    assert read_table(path).tolist() == [[1, 2]]


# --- reading


def special_files(folder):
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)
        server.bind("socket")
        os.chdir(here)
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("/dev/zero")
    return {"fifo": "pipe", "socket": "socket", "folder": "folder", "link": "device", "/dev/null": "device"}


def test_nothing_but_an_ordinary_file_is_opened(tmp_path, monkeypatch):
    found = special_files(tmp_path)
    opened = []
    monkeypatch.setattr(os, "open", lambda *args, **kwargs: opened.append(args))
    for name, kind in found.items():
        for call in (open_regular, read_table, Scan.load):
            with pytest.raises(DataError, match=rf"cannot read .*: it is a .*{kind}"):
                call(tmp_path / name)
    assert opened == []


def test_a_pipe_that_takes_the_place_of_a_file_does_not_block(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_text("")
    first_look = os.stat(tmp_path / "file")
    monkeypatch.setattr(os, "stat", lambda path: first_look)
    with pytest.raises(DataError, match="pipe"):
        open_regular(tmp_path / "fifo")


def test_a_long_file_is_refused_unread(tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as stream:
        stream.truncate(2**40)
    for call in (read_table, Scan.load, lambda p: read_bytes(p, most=10)):
        with pytest.raises(DataError, match="longer than"):
            call(path)
    path.write_bytes(b"1234567890")
    assert read_bytes(path, most=10) == b"1234567890"
    with pytest.raises(DataError, match="longer than 9 bytes; give a smaller file"):
        read_bytes(path, most=9)


# --- writing


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "target.txt"
    target.write_text("old")
    (tmp_path / "link.txt").symlink_to(target)
    (tmp_path / "second.txt").symlink_to("link.txt")
    write_text(tmp_path / "second.txt", "new")
    assert (tmp_path / "second.txt").is_symlink()
    assert (tmp_path / "link.txt").is_symlink()
    assert target.read_text() == "new"
    assert os.listdir(tmp_path / "elsewhere") == ["target.txt"]

    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere" / "new.txt")
    write_text(tmp_path / "dangling", "made")
    assert (tmp_path / "elsewhere" / "new.txt").read_text() == "made"
    assert (tmp_path / "dangling").is_symlink()

    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(DataError, match=r"cannot write .*loop"):
        write_text(tmp_path / "loop", "")
    assert (tmp_path / "loop").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_mode_of_a_file_is_kept(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    with atomic_path(path) as temporary:
        # nobody may read before the end what nobody may read after it
        assert stat.S_IMODE(temporary.stat().st_mode) == mode
        temporary.write_text("new")
    assert (stat.S_IMODE(path.stat().st_mode), path.read_text()) == (mode, "new")


def test_the_umask_applies_to_a_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_what_is_no_ordinary_file_is_not_replaced(tmp_path):
    before = {name: kind for name, kind in special_files(tmp_path).items() if not name.startswith("/")}
    for name, kind in before.items():
        with pytest.raises(DataError, match=rf"cannot write .*: it is a .*{kind}"):
            write_text(tmp_path / name, "")
    assert stat.S_ISFIFO(os.stat(tmp_path / "fifo").st_mode)
    assert sorted(os.listdir(tmp_path)) == sorted(before)


def test_a_write_protected_file_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    # root may write everything
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DataError, match="write-protected"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="not told there")
def test_a_file_system_that_can_only_be_read_is_not_called_write_protected(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    kept = os.statvfs(path)
    found = types.SimpleNamespace(f_flag=kept.f_flag | os.ST_RDONLY)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(os, "statvfs", lambda path: found)
    with pytest.raises(DataError, match=r"cannot write .*a\.txt: the file system can only be read$"):
        write_text(path, "new")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_takes_no_file_is_said_in_a_sentence(tmp_path, monkeypatch, code):
    opening = os.open

    def refuse(path, flags, *args, **kwargs):
        if flags & os.O_CREAT:
            raise OSError(code, os.strerror(code), path)
        return opening(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DataError, match=rf"^cannot write .*a\.txt: {os.strerror(code)}$"):
        write_text(tmp_path / "a.txt", "")


@pytest.mark.parametrize("name", ["x" * 255, "x" * 234 + ".txt", "." + "y" * 254, "\u00b5" * 127, "a." + "z" * 253])
def test_names_as_long_as_may_be(tmp_path, name):
    write_text(tmp_path / name, "text")
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "text"


def test_names_that_are_too_long(tmp_path):
    with pytest.raises(InputError, match=r"is too long: names have at most 255 bytes.*shorten it"):
        write_text(tmp_path / ("x" * 256), "")
    # what is written beside it for the while is named otherwise
    write_text(tmp_path / ("x" * 255), "")
    os.unlink(tmp_path / ("x" * 255))
    assert os.listdir(tmp_path) == []


def test_content_and_name_reach_the_disk_before_the_end(tmp_path, monkeypatch):
    synced, replaced = [], []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(os.fstat(fd).st_mode), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda *paths: (replaced.append(len(synced)), replace(*paths)))
    write_text(tmp_path / "a.txt", "text")
    assert [stat.S_ISDIR(mode) for mode in synced] == [False, True]
    assert replaced == [1]


@contextlib.contextmanager
def full_disk():
    """A limit on the length of files, which fails as a full disk does; not for long, or the tests' own report fails."""
    before, action = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, action)


def scan_of(*arrays):
    names = {"model": "b-l", "label": "$B-L$", "experiments": ("a",), "labels": ("A",)}
    return Scan(*arrays, **names, parameters=(mass(), coupling()))


def a_scan(masses=3, couplings=4):
    chi2 = np.add.outer(np.arange(masses, dtype=float), np.arange(couplings))
    return scan_of(np.arange(1.0, masses + 1), np.arange(1.0, couplings + 1), chi2)


def test_a_full_disk_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with full_disk(), pytest.raises(DataError, match=rf"^cannot write .*a\.txt: {os.strerror(errno.EFBIG)}$"):
        write_text(path, "x" * 10_000)
    assert path.read_text() == "old"
    with full_disk(), pytest.raises(DataError, match=r"cannot write .*scan\.npz"):
        a_scan(100, 100).save(tmp_path / "scan.npz")
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_figure_on_a_full_disk(tmp_path, suffix):
    pytest.importorskip("matplotlib")
    from cevns.plotting import new_figure, save

    figure = new_figure()
    figure.add_subplot().plot(np.random.default_rng(1).random(1000))
    with full_disk(), pytest.raises(DataError, match=r"cannot write .*figure"):
        save(figure, tmp_path / f"figure.{suffix}")
    assert os.listdir(tmp_path) == []


def test_an_error_in_the_handling_of_a_disk_error_does_not_hide_it(tmp_path):
    def fail(first):
        with atomic_path(tmp_path / "a.txt"):
            try:
                raise first
            finally:
                raise ValueError("cannot close")

    with pytest.raises(DataError, match="No space left"):
        fail(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(ValueError, match="cannot close"):
        fail(KeyError("x"))
    assert os.listdir(tmp_path) == []


WRITER = """
import sys, time
from cevns.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
"""


def start_writer(path):
    command = [sys.executable, "-c", WRITER, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return process


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    process = start_writer(path)
    try:
        # that of a living writer stays
        write_text(tmp_path / "b.txt", "")
        (left,) = set(os.listdir(tmp_path)) - {"a.txt", "b.txt"}
        process.kill()
        process.communicate()
        assert path.read_text() == "old"
        assert (tmp_path / left).read_text() == "half"
        # names that only look alike, and those of another machine, whose locks may not be seen here
        others = [".cevns-notes.txt", ".cevns-00000000-0123456789abcdef.txt"]
        for name in others:
            (tmp_path / name).write_text("")
        write_text(tmp_path / "b.txt", "")
        assert sorted(os.listdir(tmp_path)) == sorted([*others, "a.txt", "b.txt"])
        # unless they are old
        os.utime(tmp_path / others[1], (time.time() - 2e5, time.time() - 2e5))
        write_text(tmp_path / "b.txt", "")
        assert sorted(os.listdir(tmp_path)) == sorted([others[0], "a.txt", "b.txt"])
    finally:
        process.kill()
        process.communicate()


def test_a_writer_that_is_killed_at_any_time_leaves_old_or_new(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("0" * 100_000)
    loop = "import sys\nfrom cevns.files import write_text\nprint('ready', flush=True)\n"
    loop += "for i in range(10**9): write_text(sys.argv[1], str(i % 10) * 100_000)\n"
    for delay in (0.0, 0.01, 0.03):
        process = subprocess.Popen([sys.executable, "-c", loop, str(path)], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        process.communicate()
        text = path.read_text()
        assert len(text) == 100_000
        assert len(set(text)) == 1
    write_text(path, "end")
    assert os.listdir(tmp_path) == ["a.txt"]


def test_the_last_of_several_writers_wins_whole(tmp_path):
    path = tmp_path / "a.txt"

    def write(letter):
        for _ in range(20):
            write_text(path, letter * 50_000)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = path.read_text()
    assert len(text) == 50_000
    assert len(set(text)) == 1
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_temporary_file_that_is_swept_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    lock, swept = files._lock, []

    def slow_lock(descriptor):
        if not swept:
            (name,) = os.listdir(tmp_path)
            swept.append(name)
            os.unlink(tmp_path / name)
        return lock(descriptor)

    monkeypatch.setattr(files, "_lock", slow_lock)
    with atomic_path(tmp_path / "a.txt") as temporary:
        assert temporary.name != swept[0]
        temporary.write_text("text")
    assert os.listdir(tmp_path) == ["a.txt"]
