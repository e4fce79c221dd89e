"""Regions from other processes: kept when they are known, given up when something newer is asked."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from cevns.errors import CevnsError, ConvergenceError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cevns.explore.numbers import Setting
    from cevns.explore.regions import Question, Region
    from cevns.inference import Fit

__all__ = ["Regions"]

#: Processes at most, regions that are kept, and seconds after which an answer is given up.
PROCESSES, KEPT, LONGEST = 2, 200, 600.0
#: Seconds between two looks at whether something newer was asked.
LOOK = 0.02


class _Worker:
    """A process, and a thread that reads its answers."""

    def __init__(self) -> None:
        # the package of this process, wherever that found it
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "cevns.explore.worker"]
        # of its own group, as an interrupt at the terminal is for this process to handle
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        self.ended = False
        self.answers: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream: Any = self.process.stdout
        with contextlib.suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
            while True:
                self.answers.put(pickle.load(stream))
        # before its process is known to have ended, which takes a moment more
        self.ended = True
        self.answers.put(("error", "the process that computes regions has ended"))

    def ask(self, packed: bytes, question: Question, fit: Fit | None) -> None:
        stream: Any = self.process.stdin
        with contextlib.suppress(OSError):
            pickle.dump((packed, question, fit), stream)
            stream.flush()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            # what was not yet sent to it cannot be
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]


class Regions:
    """The regions of all views of a server.

    Parameters
    ----------
    processes : int
        How many are computed at once.
    """

    def __init__(self, processes: int = PROCESSES) -> None:
        self._free: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._slots = threading.BoundedSemaphore(processes)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Region] = OrderedDict()
        self._fits: OrderedDict[tuple[Any, ...], Fit] = OrderedDict()
        self._closed = False

    def known(self, of: Setting, question: Question) -> Region | None:
        """Return a region that was computed before, whole, or None."""
        with self._lock:
            return self._kept.get(_key(of, question))

    def fit(self, of: Setting, question: Question) -> Fit | None:
        """Return the best fit from which the level of a limit counts, or None if it is not known yet."""
        with self._lock:
            return self._fits.get(_key(of, question.of_fit))

    def answers(self, of: Setting, question: Question, overtaken: Callable[[], bool]) -> Iterator[Region]:
        """Yield a region, coarse ones first; nothing more once it is overtaken.

        Parameters
        ----------
        of : Setting
            Whose region.
        question : Question
            What is asked of it.
        overtaken : callable
            Returns whether something newer was asked.

        Raises
        ------
        CevnsError
            If there is no answer, with the reason.
        """
        found = self.known(of, question)
        if found is not None:
            yield found
            return
        while not self._slots.acquire(timeout=LOOK):
            if overtaken():
                return
        try:
            yield from self._computed(of, question, self.fit(of, question), overtaken)
        finally:
            self._slots.release()

    def _computed(
        self, of: Setting, question: Question, fit: Fit | None, overtaken: Callable[[], bool]
    ) -> Iterator[Region]:
        try:
            packed = pickle.dumps((of.likelihood, of.model))
        except Exception:
            raise InputError(
                "the region is not computed: data or interaction hold what cannot be sent to another process"
            ) from None
        worker = self._take()
        until, done = time.monotonic() + LONGEST, False
        worker.ask(packed, question, fit)
        try:
            while not overtaken() and not self._closed:
                if time.monotonic() > until:
                    raise ConvergenceError(f"the region is given up after {LONGEST / 60:.0f} minutes")
                try:
                    kind, what = worker.answers.get(timeout=LOOK)
                except queue.Empty:
                    continue
                if kind != "region":
                    done = not worker.ended
                    if kind == "error":
                        raise CevnsError(what)
                    return
                self._keep(of, what)
                yield what
        finally:
            # one that was overtaken still computes what nobody waits for
            self._give_back(worker, alive=done)

    def _keep(self, of: Setting, region: Region) -> None:
        with self._lock:
            if region.complete:
                self._kept[_key(of, region.question)] = region
            if region.fit is not None:
                self._fits[_key(of, region.question.of_fit)] = region.fit
            for store in (self._kept, self._fits):
                while len(store) > KEPT:
                    store.popitem(last=False)

    def _take(self) -> _Worker:
        with self._lock:
            while self._free:
                worker = self._free.pop()
                if not worker.ended:
                    return worker
                self._all.discard(worker)
            worker = _Worker()
            self._all.add(worker)
            return worker

    def _give_back(self, worker: _Worker, *, alive: bool) -> None:
        with self._lock:
            if alive and not self._closed:
                self._free.append(worker)
                return
            self._all.discard(worker)
        worker.end()

    def close(self) -> None:
        """End all processes."""
        self._closed = True
        with self._lock:
            workers, self._all, self._free = list(self._all), set(), []
        for worker in workers:
            worker.end()


def _key(of: Setting, question: Question) -> tuple[Any, ...]:
    """Return what tells regions apart: likelihoods are the same object for the same data."""
    return id(of.likelihood), question
