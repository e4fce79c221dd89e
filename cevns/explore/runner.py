"""Threads that compute what a view shows: the newest state alone, so that the page never waits."""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from cevns.errors import CevnsError
from cevns.explore.numbers import line, point, setting
from cevns.explore.regions import at_mass, question

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns.explore.numbers import Line, Point, Setting
    from cevns.explore.regions import Question, Region
    from cevns.explore.sources import Source
    from cevns.explore.state import State
    from cevns.explore.workers import Regions
    from cevns.inference import Limit

__all__ = ["Known", "Lines", "Runner", "known"]


#: Seconds between the numbers at a point and the lines through it.
PAUSE = 0.03
#: Seconds after which what is known of the lines is told.
SLOW = 0.5


class Lines(NamedTuple):
    """What is known along lines through a point.

    Parameters
    ----------
    lines : dict of str to Line
        chi2 along the parameters of the plane, by name; what is not known yet is missing.
    limit : Limit or None
        What is excluded at the very mass of the point.
    """

    lines: dict[str, Line]
    limit: Limit | None


class Known(NamedTuple):
    """What is known of a state at once.

    Parameters
    ----------
    point : Point
        The numbers there.
    lines : Lines
        Along lines through it.
    region : Region or None
        If it has been computed before.
    """

    point: Point
    lines: Lines
    region: Region | None


def known(source: Source, regions: Regions, state: State) -> Known:
    """Return what a state shows, with the region if there is no need to wait for it.

    Parameters
    ----------
    source : Source
        Data sets and interactions.
    regions : Regions
        Of all views.
    state : State
        Of one.

    Raises
    ------
    CevnsError
        If it is none.
    """
    of = setting(source, state)
    at = point(of)
    lines = {name: list(line(of, name))[-1] for name in of.through}
    asked = question(of)
    region = None if asked is None else regions.known(of, asked)
    return Known(at, Lines(lines, _limit(of, regions)), region)


def _limit(of: Setting, regions: Regions) -> Limit | None:
    """Return what is excluded at the mass of a point, if the best fit is known."""
    asked = question(of)
    fit = None if asked is None else regions.fit(of, asked)
    return None if asked is None or fit is None else at_mass(of, asked, fit)


class Runner:
    """Computes the numbers of one view.

    Parameters
    ----------
    source : Source
        Data sets and interactions.
    regions : Regions
        Of all views.
    post : callable
        Takes what is computed, from threads of this runner: the kind, ``"point"``, ``"lines"``, ``"region"`` or
        ``"error"``, the number of the state that it belongs to, and the thing itself, None for no region.
    """

    def __init__(self, source: Source, regions: Regions, post: Callable[[str, int, Any], None]) -> None:
        self._source, self._regions, self._post = source, regions, post
        self._news = threading.Condition()
        self._state: State | None = None
        self._number, self._done, self._again = 0, 0, False
        # whose region is asked for, and whose was begun last
        self._of: Setting | None = None
        self._mapped: Setting | None = None
        self._asked: Question | None = None
        self._ended = False
        for target in (self._compute, self._map):
            threading.Thread(target=target, daemon=True).start()

    def ask(self, state: State) -> int:
        """Ask for the numbers of a state, in the place of those of all before; return the number of the state."""
        with self._news:
            self._state = state
            self._number += 1
            self._news.notify_all()
            return self._number

    def end(self) -> None:
        """End the threads."""
        with self._news:
            self._ended = True
            self._news.notify_all()

    # --- the point, and lines through it -----------------------------------------------------------------------------

    def _compute(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._ended or self._again or self._number > self._done)
                if self._ended or self._state is None:
                    return
                state, self._done, self._again = self._state, self._number, False
            self._guarded(self._done, functools.partial(self._numbers, state, self._done))

    def _stale(self, number: int) -> bool:
        return self._ended or self._number != number

    def _numbers(self, state: State, number: int) -> None:
        of = setting(self._source, state)
        asked = question(of)
        self._post("point", number, point(of))
        with self._news:
            if asked != self._asked or self._of is None or self._of.likelihood is not of.likelihood:
                self._of, self._asked = of, asked
                self._news.notify_all()
        with self._news:
            # first the page has what it waits for, and then whoever moves a slider on is not kept
            if self._news.wait_for(lambda: self._stale(number), timeout=PAUSE):
                return
        limit, told = _limit(of, self._regions), time.monotonic()
        lines: dict[str, Line] = {}
        # along the mass it may take longer
        for name in reversed(of.through):
            for found in line(of, name):
                if self._stale(number):
                    return
                lines[name] = found
                if time.monotonic() > told + SLOW:
                    told = time.monotonic()
                    self._post("lines", number, Lines(dict(lines), limit))
        self._post("lines", number, Lines(lines, limit))

    # --- the region --------------------------------------------------------------------------------------------------

    def _map(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._ended or self._mapped is not self._of)
                if self._ended or self._of is None:
                    return
                of = self._mapped = self._of
                asked, number = self._asked, self._number
            self._guarded(number, functools.partial(self._regioned, of, asked, number))

    def _regioned(self, of: Setting, asked: Question | None, number: int) -> None:
        if asked is None:
            self._post("region", number, None)
            return
        limited = False
        for region in self._regions.answers(
            of, asked, lambda: self._ended or self._asked != asked or self._of is not of
        ):
            self._post("region", number, region)
            if region.fit is not None and not limited:
                # now the mass of the point can have its own limit
                limited = True
                with self._news:
                    self._again = True
                    self._news.notify_all()

    def _guarded(self, number: int, call: Callable[[], None]) -> None:
        try:
            call()
        except CevnsError as error:
            self._post("error", number, str(error))
        except Exception as error:
            self._post("error", number, f"unexpected {type(error).__name__}: {error} (a bug)")
