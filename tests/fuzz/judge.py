"""What a case may do: succeed with finite numbers, or be refused in one sentence."""

import contextlib
import functools
import importlib
import io
import random
import signal
import threading
import time
import traceback
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from cevns.errors import CevnsError

from . import commands, configs, curves, results, tables
from .messages import check_message
from .mutations import Fault

__all__ = ["KINDS", "LONGEST", "play"]

KINDS = {
    "config": configs.play,
    "table": tables.play,
    "curve": curves.play,
    "result": results.play,
    "command": commands.play,
}
#: Seconds after which a case counts as one that hangs; of a configuration many questions are asked.
LONGEST = dict.fromkeys(KINDS, 5.0) | {"config": 60.0}
# what slow imports and caches cost belongs to no case
_WARM = ("cevns.plotting", "cevns.config", "scipy.stats", "matplotlib.backends.backend_agg")


def play(kind, seed, index, folder=None):
    """Play one case.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    seed, index : int
        Which case.
    folder : Path, optional
        An empty folder that keeps its files; a temporary one unless given.

    Returns
    -------
    str
        "accepted" or "refused".

    Raises
    ------
    Fault
        If something happened that must not happen.
    """
    warm()
    if folder is not None:
        return _judged(kind, seed, index, Path(folder))
    with TemporaryDirectory(prefix="fuzz-") as made:
        return _judged(kind, seed, index, Path(made))


@functools.cache
def warm():
    """Import what cases need, and draw once: fonts are looked for, and styles read, by the first figure."""
    for name in _WARM:
        importlib.import_module(name)
    from cevns.plotting import file_figure

    ax = file_figure().add_subplot(xscale="log", title="$M_{Z'}$")
    ax.figure.savefig(io.BytesIO())


def _judged(kind, seed, index, folder):
    # the text, unlike a tuple, seeds alike in every process
    rng = random.Random(f"{seed}:{kind}:{index}")
    begin = time.perf_counter()
    try:
        with warnings.catch_warnings(), _watch(2 * LONGEST[kind]):
            warnings.simplefilter("error")
            # what other packages warn each other of, as in pyproject.toml
            warnings.filterwarnings(
                "ignore", category=DeprecationWarning, module=r"(matplotlib|pyparsing|dateutil)(\.|$)"
            )
            outcome = KINDS[kind](rng, folder)
    except Fault:
        raise
    except CevnsError as error:
        check_message(str(error))
        outcome = "refused"
    except Exception as error:
        raise Fault("".join(traceback.format_exception(error)[-6:])) from error
    elapsed = time.perf_counter() - begin
    if elapsed > LONGEST[kind]:
        raise Fault(f"took {elapsed:.1f} s")
    left = [path.name for path in folder.rglob(".cevns-*")]
    if left:
        raise Fault(f"temporary files are left: {left}")
    return outcome


@contextlib.contextmanager
def _watch(seconds):
    """Interrupt what takes too long, where the system can."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_):
        raise Fault(f"took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
