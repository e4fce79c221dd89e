"""The view in a notebook, or beside a program that goes on: a server in a thread, and a frame that shows it."""

from __future__ import annotations

import asyncio
import threading
from html import escape
from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.errors import InputError
from cevns.explore.sources import Source
from cevns.interactions import Interaction
from cevns.likelihoods import Likelihood

if TYPE_CHECKING:
    from cevns._types import Model
    from cevns.explore.state import State

__all__ = ["Shown", "check_bokeh", "show"]

#: Seconds in which a server starts at most.
PATIENCE = 30.0


def check_bokeh() -> None:
    """Refuse to go on without Bokeh.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    checks.optional_module("bokeh.server.server", "the view")


class Shown:
    """A view that is served while the program goes on; a notebook shows it below the cell.

    Parameters
    ----------
    source : Source
        Data sets and interactions.
    start : State
        What is shown first.
    port : int or None
        As of `cevns.explore.show`.
    height : int
        Of the frame in a notebook, in pixels.

    Attributes
    ----------
    address : str
        Where it is, on this machine.

    Raises
    ------
    InputError
        If the port is taken, or the server does not start.

    Examples
    --------
    >>> from cevns.explore import show
    >>> show("coherent-argon-2020").close()
    """

    def __init__(self, source: Source, start: State, port: int | None = 0, height: int = 900) -> None:
        self._height, self.address = height, ""
        self._loop: Any = None
        self._failed: BaseException | None = None
        self._began, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(source, start, port), daemon=True)
        self._thread.start()
        self._began.wait(PATIENCE)
        if self._failed is not None:
            raise self._failed
        if not self.address:
            raise InputError(f"the view has not started within {PATIENCE:g} seconds")

    def _run(self, source: Source, start: State, port: int | None) -> None:
        from cevns.explore.serving import Served

        async def serve() -> None:
            try:
                served = Served(source, start, port)
            except Exception as error:
                self._failed = error
                self._began.set()
                return
            self._loop, self.address = asyncio.get_running_loop(), served.address
            self._began.set()
            try:
                await self._end.wait()
            finally:
                served.close()

        asyncio.run(serve())

    def close(self) -> None:
        """End the view."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(PATIENCE)

    def __repr__(self) -> str:
        return f"<Shown: {self.address.partition('?')[0]}>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{escape(self.address)}" width="100%" height="{self._height}" style="border: 0" '
            'title="cevns explore"></iframe>'
        )


def show(
    data: Likelihood | str | list[str] | tuple[str, ...] = (),
    model: Model = "",
    *,
    port: int | None = 0,
    height: int = 900,
    **values: float,
) -> Shown:
    """Show the view of a likelihood: in a notebook below the cell, elsewhere at the ``address`` of what is returned.

    Parameters
    ----------
    data : Likelihood, str or sequence of str
        Data sets: a likelihood, or names of those that are built in; those of arXiv:2008.05022 unless given.
    model : str or Interaction
        Interaction; B-L unless given.
    port : int or None
        Of the loopback address; any that is free unless given.
    height : int
        Of the frame in a notebook, in pixels.
    **values : float
        Parameters by name.

    Returns
    -------
    Shown

    Raises
    ------
    MissingDependencyError
        If Bokeh is not installed.
    CevnsError
        If a name or value is not allowed, or the port is taken.

    Examples
    --------
    >>> view = show("coherent-argon-2020", "b-l", mass=50.0, coupling=1e-4)
    >>> view.address.partition("?")[2]
    'data=coherent-argon-2020&model=b-l&mass=50.0&coupling=0.0001'
    >>> view.close()
    """
    from cevns.explore.numbers import setting

    check_bokeh()
    models = [model] if isinstance(model, Interaction) else []
    if isinstance(data, Likelihood):
        source = Source({e.name: e for e in data.experiments}, models, priors=data.priors)
        names: tuple[str, ...] = ()
    else:
        source = Source(models=models)
        names = (data,) if isinstance(data, str) else tuple(checks.sequence("data", data, str))
    start = source.start(names, model.name if isinstance(model, Interaction) else model)
    start = start.replace(values={name: checks.real(name, value) for name, value in values.items()})
    # refuses here what could only be told on the page
    setting(source, start)
    return Shown(source, start, port, checks.whole("height", height, low=100, high=10_000))
