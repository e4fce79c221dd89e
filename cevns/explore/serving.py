"""The server: the loopback address alone, checked hosts and origins, and bounds on what a request may cost."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bokeh.application import Application
from bokeh.application.handlers.handler import Handler
from bokeh.embed.bundle import bundle_for_objs_and_resources
from bokeh.embed.elements import html_page_for_render_items
from bokeh.embed.util import RenderItem
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.views.session_handler import SessionHandler
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.web import OutputTransform, RequestHandler

from cevns.errors import CevnsError, InputError
from cevns.explore.exports import KINDS, export
from cevns.explore.page.template import HEAD, TITLE
from cevns.explore.page.view import View
from cevns.explore.regions import question
from cevns.explore.runner import known
from cevns.explore.state import LONGEST_QUERY, THEMES, State
from cevns.explore.workers import Regions

if TYPE_CHECKING:
    from collections.abc import Callable

    from cevns.explore.sources import Source

__all__ = ["ADDRESS", "USUAL_PORT", "Served", "serve"]

ADDRESS = "127.0.0.1"
#: Where a view is looked for first.
USUAL_PORT = 5006
#: Views that are open at once, WebSockets, other connections, and files that are made or wait.
VIEWS, CONNECTIONS, REQUESTS, FILES = 24, 64, 200, 8
#: Seconds in which a request has to arrive.
ARRIVES = 30
#: Threads for files and for the first numbers of views.
THREADS = 4
#: Bytes of a message of a page, of the body and of the headers of a request.
LARGEST_MESSAGE, LARGEST_BODY, LARGEST_HEADERS = 200_000, 1000, 32_000
#: Milliseconds for which a view is kept without a page, and between two looks.
UNUSED, LOOK = 5000, 1000
#: Seconds for which a page waits for its first numbers; later ones come to the page that is there.
AT_ONCE = 0.4
#: All that may be asked for.
_PATHS = re.compile(r"/|/ws|/favicon\.ico|/static/js/bokeh[\w-]*(\.min)?\.js|/export/\w+\.\w+", re.ASCII)
#: As the server spells names of headers.
_PREFERS = "Sec-Ch-Prefers-Color-Scheme"


def _say(handler: RequestHandler, status: int, sentence: str) -> None:
    """Answer with a sentence."""
    handler.set_status(status)
    handler.set_header("Content-Type", "text/plain; charset=utf-8")
    handler.finish(f"{sentence}\n")


class _Refusal(RequestHandler):
    """A short answer that says why there is no other."""

    def initialize(self, status: int, sentence: str) -> None:
        self.refused = status, sentence

    def prepare(self) -> None:
        _say(self, *self.refused)

    # the handshake of a WebSocket is a GET as well
    def check_xsrf_cookie(self) -> None:
        """Nothing is changed by a refusal."""


class _Hint(RequestHandler):
    """What a browser gets that can say which theme it prefers and has not: it asks again and says it.

    One that does not ask again goes on to the light theme.
    """

    def get(self) -> None:
        """Answer with next to nothing, so that no view is made in vain."""
        address = f"/?{self.request.query}{'&' if self.request.query else ''}theme={THEMES[0]}"
        self.finish(f'<!DOCTYPE html><meta http-equiv="refresh" content="0;url={escape(address)}">')


class _Headers(OutputTransform):
    """What every answer says: where a page may fetch from, who may frame it, and to send what theme is preferred."""

    policy = (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; frame-ancestors 'self' http://localhost:* http://127.0.0.1:* vscode-webview:"
    )

    def __init__(self, request: Any) -> None:
        super().__init__(request)
        self._host = request.host

    def transform_first_chunk(self, status_code: int, headers: Any, chunk: bytes, finishing: bool) -> Any:
        headers["Content-Security-Policy"] = f"{self.policy}; connect-src 'self' ws://{self._host}"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Accept-CH"] = headers["Critical-CH"] = _PREFERS
        headers["Vary"] = _PREFERS
        headers.pop("Server", None)
        return status_code, headers, chunk


class _Bounded(HTTPServer):
    """A server that has no more connections than it may."""

    def initialize(self, *arguments: Any, **options: Any) -> None:
        super().initialize(*arguments, **options)
        self._open = 0

    def handle_stream(self, stream: Any, address: Any) -> None:
        if self._open >= REQUESTS:
            stream.close()
            return
        self._open += 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn: Any) -> None:
        # what has become a WebSocket is counted elsewhere
        self._open -= 1
        super().on_close(server_conn)


class _Guarded(BokehTornado):
    """A Bokeh server that answers nobody but pages of its own."""

    hosts: frozenset[str] = frozenset()
    #: Pages whose view is not there yet.
    making = 0

    def find_handler(self, request: Any, **options: Any) -> Any:
        refusal = self._refusal(request)
        if refusal is None:
            silent = "Sec-CH-UA" in request.headers and _PREFERS not in request.headers
            if request.path == "/" and silent and "theme" not in request.arguments:
                return self.get_handler_delegate(request, _Hint)
            if request.path == "/":
                context = {"application_context": self._applications["/"], "bokeh_websocket_path": "/ws"}
                return self.get_handler_delegate(request, _Page, context)
            return super().find_handler(request, **options)
        return self.get_handler_delegate(request, _Refusal, dict(zip(("status", "sentence"), refusal, strict=True)))

    def resources(self, absolute_url: str | bool | None = None) -> Any:
        """Return the scripts of a page: no tables, mathematics or shaders, which it has not."""
        found = super().resources(absolute_url)
        found.components = ["bokeh", "bokeh-widgets"]
        return found

    def _refusal(self, request: Any) -> tuple[int, str] | None:
        """Return why a request is not answered; None if it is."""
        # a name that leads to this machine is not this server's: somebody else's page may have it
        if request.host.lower() not in self.hosts:
            return 403, "this host is not served"
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in self.hosts}:
            return 403, "pages of other origins are not served"
        site, into = (request.headers.get(f"Sec-Fetch-{name}", "") for name in ("Site", "Dest"))
        if site == "cross-site" and into not in ("document", "iframe"):
            return 403, "pages of other origins are not served"
        if request.method not in ("GET", "HEAD"):
            return 405, "only GET is answered"
        if not _PATHS.fullmatch(request.path):
            return 404, "there is nothing here"
        if len(request.query) > LONGEST_QUERY:
            return 414, f"the address is too long: at most {LONGEST_QUERY} characters are read"
        if request.path != "/ws" and any(name.lower().startswith("bokeh-") for name in request.arguments):
            return 400, "sessions are not chosen by an address"
        if request.path == "/ws":
            return (503, "too many connections") if len(self._clients) >= CONNECTIONS else None
        open_views = sum(len(list(context.sessions)) for context in self._applications.values())
        if request.path == "/" and open_views + self.making >= VIEWS:
            return 503, f"{VIEWS} views are open: close one, and wait a few seconds"
        return None


class _Page(SessionHandler):
    """A page of which the head is sent at once: the browser reads its scripts while the view is made."""

    application: _Guarded

    async def get(self) -> None:
        """Answer with the page."""
        # a browser may go on to another page before it has this one
        with contextlib.suppress(StreamClosedError):
            self.application.making += 1
            try:
                scripts, _ = bundle_for_objs_and_resources(None, self.application.resources())
                self.set_header("Content-Type", "text/html; charset=utf-8")
                self.write(HEAD.render(title=TITLE, scripts=scripts))
                await self.flush()
                session = await self.get_session()
            finally:
                self.application.making -= 1
            document = session.document
            item = RenderItem(token=session.token, roots=document.roots, use_for_title=True)
            options = {"template": document.template, "template_variables": document.template_variables}
            await self.finish(html_page_for_render_items(("", ""), {}, [item], TITLE, **options))


class _Views(Handler):
    """Makes the documents of views."""

    def __init__(self, source: Source, regions: Regions, start: State, pool: Any) -> None:
        super().__init__()
        self._source, self._regions, self._start, self._pool = source, regions, start, pool
        self._made: dict[str, View] = {}

    async def on_session_created(self, session_context: Any) -> None:
        """Make the view, with its numbers if that is quick: a page that is sent with them is drawn once."""
        state, problem = self._asked(session_context.request)
        prefers = session_context.request.headers.get(_PREFERS, "").strip('"')
        theme = state.theme or (prefers if prefers in THEMES else THEMES[0])
        loop, found = asyncio.get_running_loop(), None
        with contextlib.suppress(Exception):
            call = loop.run_in_executor(self._pool, known, self._source, self._regions, state)
            found = await asyncio.wait_for(call, AT_ONCE)
        make = functools.partial(View, self._source, self._regions, state, theme, problem, found)
        # meanwhile scripts can be sent
        self._made[session_context.id] = await loop.run_in_executor(None, make)

    def _asked(self, request: Any) -> tuple[State, str]:
        pairs = [(key, value) for key, values in request.arguments.items() for value in values]
        try:
            state, problem = State.of_query(urlencode(pairs)), ""
        except CevnsError as error:
            state, problem = self._start, str(error)
        filled = {
            "experiments": state.experiments or self._start.experiments,
            "model": state.model or self._start.model,
        }
        if not pairs:
            state = self._start
        return state.replace(**filled), problem

    def modify_document(self, doc: Any) -> None:
        """Fill the document of a new session."""
        self._made.pop(doc.session_context.id).show(doc)


class _Export(RequestHandler):
    """A panel as a file."""

    def initialize(self, make: Callable[..., bytes], pool: Any, waiting: Any) -> None:
        self._make, self._pool, self._waiting = make, pool, waiting

    async def get(self, panel: str, kind: str) -> None:
        """Answer with the file, or with a sentence."""
        if not self._waiting.acquire(blocking=False):
            _say(self, 503, "too many files are being made: try again")
            return
        try:
            state = State.of_query(self.request.query)
            call = functools.partial(self._make, state, panel, kind)
            content = await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except CevnsError as error:
            _say(self, 400, str(error))
            return
        except Exception as error:
            _say(self, 500, f"unexpected {type(error).__name__}: {error} (a bug)")
            return
        finally:
            self._waiting.release()
        self.set_header("Content-Type", KINDS[kind])
        self.set_header("Content-Disposition", f'attachment; filename="{panel}.{kind}"')
        self.finish(content)


class Served:
    """A server that runs in the loop of the calling thread, once it is started.

    Parameters
    ----------
    source : Source
        Data sets and interactions.
    start : State
        What is shown where an address says nothing.
    port : int or None
        Of the loopback address; 0 for any that is free, None for the usual one, or any if that is taken.

    Raises
    ------
    InputError
        If the port is taken.
    """

    def __init__(self, source: Source, start: State, port: int | None = None) -> None:
        self._source, self._start = source, start
        self.regions = Regions()
        bound = _bound(port)
        self.port: int = bound.getsockname()[1]
        hosts = frozenset(f"{name}:{self.port}" for name in (ADDRESS, "localhost"))
        self._pool = ThreadPoolExecutor(THREADS)
        make = functools.partial(export, source, self.regions)
        shared = {"make": make, "pool": self._pool, "waiting": threading.BoundedSemaphore(FILES)}
        application = _Guarded(
            Application(_Views(source, self.regions, start, self._pool)),
            extra_websocket_origins=list(hosts),
            extra_patterns=[(r"/export/(\w+)\.(\w+)", _Export, shared)],
            use_index=False,
            websocket_max_message_size_bytes=LARGEST_MESSAGE,
            unused_session_lifetime_milliseconds=UNUSED,
            check_unused_sessions_milliseconds=LOOK,
            include_headers=[_PREFERS],
            include_cookies=[],
            transforms=[_Headers],
            # who is refused is told so; in a notebook it would stand below the cell
            log_function=lambda _: None,
        )
        application.hosts = hosts
        self._http = _Bounded(
            application,
            max_body_size=LARGEST_BODY,
            max_header_size=LARGEST_HEADERS,
            idle_connection_timeout=ARRIVES,
            body_timeout=ARRIVES,
        )
        self._http.add_sockets([bound])
        self._server = BaseServer(IOLoop.current(), application, self._http)
        self._server.start()
        threading.Thread(target=self._prepare, daemon=True).start()

    @property
    def address(self) -> str:
        """Where the view is."""
        query = self._start.query()
        return f"http://{ADDRESS}:{self.port}/?{query}"

    def _prepare(self) -> None:
        """Compute what is shown first, while the browser starts."""
        with contextlib.suppress(Exception):
            found = known(self._source, self.regions, self._start)
            # the first of its kind takes twice as long as others
            View(self._source, self.regions, self._start, THEMES[0], "", found)
            of = found.point.setting
            asked = question(of)
            if asked is not None:
                for _ in self.regions.answers(of, asked, lambda: False):
                    pass

    def close(self) -> None:
        """End it, with the processes that compute."""
        self.regions.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        # sessions that end while their pages are open have nobody to tell
        with contextlib.suppress(Exception):
            self._server.stop(wait=False)


def _bound(port: int | None) -> socket.socket:
    if port is None:
        with contextlib.suppress(InputError):
            return _bound(USUAL_PORT)
    found = socket.socket()
    try:
        if os.name == "posix":
            # or a port stays taken for minutes after the last page of it
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((ADDRESS, port or 0))
        found.listen()
    except OSError as error:
        found.close()
        raise InputError(f"port {port} of {ADDRESS} cannot be used: {error.strerror}; choose another") from None
    found.setblocking(False)
    return found


def serve(source: Source, start: State, port: int | None, began: Callable[[str], None]) -> None:
    """Serve a view until the program is interrupted.

    Parameters
    ----------
    source, start, port
        As of `Served`.
    began : callable
        Is told the address once it is served.
    """

    async def run() -> None:
        served = Served(source, start, port)
        try:
            began(served.address)
            await asyncio.Event().wait()
        finally:
            served.close()

    asyncio.run(run())
