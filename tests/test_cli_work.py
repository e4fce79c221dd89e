"""What commands have in common that work in shards: their options, and progress in the logs of batch systems."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from work_tasks import draws

from cevns.cli import work
from cevns.cli.options import add_work
from cevns.cli.parser import _Parser
from cevns.cli.progress import Lines, duration, progress_bar
from cevns.errors import InputError
from cevns.work import load, run
from cevns.work.folders import same


def parsed(*words, folder=()):
    parser = _Parser(prog="cevns toys")
    add_work(parser, *folder)
    return parser.parse_args(words)


def test_options_say_what_is_computed_and_where(tmp_path):
    found = work.compute(draws(), parsed())
    assert same(found, run(draws()))
    for k in (1, 2):
        work.compute(draws(), parsed("--shard", f"{k}/2", "--folder", str(tmp_path / "all")))
    assert same(load(tmp_path / "all"), found)
    assert same(work.compute(draws(), parsed("--workers", "2")), found)
    assert parsed("-o", "here", folder=("-o", "--output")).folder.name == "here"
    assert (parsed().seed, parsed("--seed", "7").seed) == (1, 7)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shard", "2/3"], "--shard needs a folder"),
        (["--scheduler", "tcp://here:1", "--workers", "2"], "give one of them"),
        (["--shard", "4/3", "--folder", "x"], "argument --shard: part = 4 is not allowed"),
        (["--workers", "0"], "argument --workers: workers = 0"),
        (["--workers", "two"], "argument --workers"),
        (["--seed", "-1"], "argument --seed: seed = -1"),
        (["--folder", __file__], "argument --folder: .* is no folder"),
    ],
)
def test_options_that_cannot_be_are_refused(words, message):
    with pytest.raises(InputError, match=message):
        work.compute(draws(), parsed(*words))


def test_a_scheduler_computes(monkeypatch):
    seen = []

    class Client(ThreadPoolExecutor):
        """As much of Dask's as is needed."""

        def __init__(self, **options):
            seen.append(options)
            super().__init__(2)

    monkeypatch.setitem(sys.modules, "distributed", type(sys)("distributed"))
    monkeypatch.setattr("distributed.Client", Client, raising=False)
    assert same(work.compute(draws(), parsed("--scheduler", "tcp://here:1")), run(draws()))
    assert seen == [{"address": "tcp://here:1", "set_as_default": False}]


# --- progress


def test_logs_tell_rate_and_time_left(monkeypatch, capsys):
    clock = iter([0.0, 10.0, 40.0, 50.0, 75.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    lines = Lines("toys")
    # twenty were there before
    for done in (20, 24, 40, 42, 50):
        lines(done, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "toys: 40 of 1000, 0.5 a second, 32 min left",
        "toys: 50 of 1000, 0.4 a second, 40 min left",
    ]
    assert [duration(s) for s in (0, 99.4, 100, 3570, 86400)] == ["0 s", "99 s", "2 min", "1 h 0 min", "24 h 0 min"]


def test_nothing_done_has_no_rate(monkeypatch, capsys):
    clock = iter([0.0, 31.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    lines = Lines("toys")
    lines(3, 10)
    lines(3, 10)
    assert capsys.readouterr().err == "toys: 3 of 10\n"


def test_lines_are_for_those_who_ask(capsys):
    with progress_bar("toys", lines=True) as progress:
        assert isinstance(progress, Lines)
    with progress_bar("scan") as progress:
        assert progress(1, 2) is None
    assert capsys.readouterr().err == ""


def test_bars_on_terminals_know_what_was_done_before(monkeypatch):
    tqdm = pytest.importorskip("tqdm")
    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, **options):
            super().__init__(**options | {"file": io.StringIO()})
            bars.append(self)

    monkeypatch.setattr("tqdm.tqdm", Bar)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress_bar("toys", lines=True) as progress:
        progress(20, 100)
        progress(30, 100)
        (bar,) = bars
        assert (bar.initial, bar.n, bar.total) == (20, 30, 100)
