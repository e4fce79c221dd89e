"""The server of the live view answers pages of its own alone, in short, whatever it is sent."""

import asyncio
import contextlib
import http.client
import json
import logging
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

import cevns
from cevns.cli import main
from cevns.errors import MissingDependencyError
from cevns.explore.showing import check_bokeh

from .explored import Explored

pytest.importorskip("bokeh")


@pytest.fixture(scope="module")
def server():
    found = Explored()
    yield found
    assert found.end() in (0, -signal.SIGTERM)
    assert not [line for line in found.said if "Traceback" in line or "Error" in line], found.said


def ask(server, path="/", method="GET", body=None, **headers):
    """Return status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=body, headers=named)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_the_page_fetches_from_nowhere_else(server):
    status, headers, content = ask(server)
    assert status == 200
    text = content.decode()
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources
    assert all(source.startswith("/static/js/bokeh") for source in sources)
    assert not re.findall(r"@import|@font-face|url\(", text)
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Host": "evil.example"}, 403),
        ("/", {"Host": "127.0.0.1"}, 403),
        ("/", {"Host": "evil.example:80"}, 403),
        ("/ws", {"Host": "evil.example", "Upgrade": "websocket", "Connection": "Upgrade"}, 403),
        ("/", {"Origin": "http://evil.example"}, 403),
        ("/", {"Origin": "null"}, 403),
        ("/export/pulls.csv", {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "image"}, 403),
        ("/static/js/../../../../etc/passwd", {}, 404),
        ("/static/js/..%2f..%2f..%2fetc%2fpasswd", {}, 404),
        ("/static/js/bokeh.min.js/../../x", {}, 404),
        ("/static/%00", {}, 404),
        ("//etc/passwd", {}, 404),
        ("/metadata", {}, 404),
        ("/autoload.js", {}, 404),
        ("/export/plane.exe", {}, 400),
        ("/export/cellar.csv", {}, 400),
        ("/export/pulls.csv?mass=ten", {}, 400),
        ("/export/pulls.csv?model=nope&data=coherent-argon-2020", {}, 400),
        ("/export/plane.csv?data=coherent-argon-2020&model=lmu-ltau&cl=0.123", {}, 400),
        ("/?bokeh-session-id=abc", {}, 400),
        ("/?bokeh-token=abc", {}, 400),
        ("/?" + "a" * 9000, {}, 414),
    ],
)
def test_what_is_refused_is_refused_in_a_line(server, path, headers, status):
    found, _, content = ask(server, path, **headers)
    assert found == status
    assert len(content) < 700
    assert b"Traceback" not in content
    assert content.count(b"\n") <= 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"])
def test_only_get_is_answered(server, method):
    assert ask(server, method=method)[0] == 405


def test_a_huge_body_is_not_read(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 10000000000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 10000)
        assert len(connection.recv(10_000)) < 1000
    assert ask(server)[0] == 200


@pytest.mark.parametrize(("prefers", "paper"), [("light", b"#f4f5f7"), ("dark", b"#14171b"), ("pink", b"#f4f5f7")])
def test_the_theme_is_the_one_that_is_preferred(server, prefers, paper):
    content = ask(server, Sec_CH_Prefers_Color_Scheme=f'"{prefers}"')[2]
    assert b"--paper: " + paper in content
    assert b"--paper: #14171b" in ask(server, "/?theme=dark", Sec_CH_Prefers_Color_Scheme=f'"{prefers}"')[2]
    # a browser that can tell what it prefers is asked first
    assert b"http-equiv" in ask(server, Sec_CH_UA="Chromium")[2]


def test_a_file_has_the_numbers_of_the_library(server):
    query = "data=coherent-argon-2020&model=b-l&mass=50&coupling=0.0001"
    status, headers, content = ask(server, f"/export/pulls.csv?{query}")
    assert status == 200
    assert headers["Content-Disposition"] == 'attachment; filename="pulls.csv"'
    argon = cevns.load("coherent-argon-2020")
    assert content.decode() == argon.pulls("b-l", mass=50.0, coupling=1e-4).table().csv()


def test_what_an_address_says_wrong_stands_on_the_page_as_text(server):
    assert ask(server, "/?model=%3Cscript%3Ealert(1)%3C/script%3E")[0] == 200
    assert b"<script>alert" not in ask(server, "/?model=%3Cscript%3Ealert(1)%3C/script%3E")[2]


def test_a_crowd_of_views_is_refused_and_goes_away(monkeypatch):
    from cevns.explore import serving

    monkeypatch.setattr(serving, "VIEWS", 1)
    monkeypatch.setattr(serving, "UNUSED", 500)
    shown = cevns.explore.show("coherent-argon-2020", "sm")
    answers = []
    until = time.monotonic() + 30
    while time.monotonic() < until and answers[-2:] != [503, 200]:
        connection = http.client.HTTPConnection("127.0.0.1", int(re.search(r":(\d+)/", shown.address)[1]), timeout=20)
        connection.request("GET", "/")
        answers.append(connection.getresponse().status)
        connection.close()
    shown.close()
    assert answers[:2] == [200, 503]
    assert answers[-1] == 200


def test_connections_are_bounded_and_do_not_stay(monkeypatch):
    from cevns.explore import serving

    monkeypatch.setattr(serving, "REQUESTS", 3)
    monkeypatch.setattr(serving, "ARRIVES", 2)
    shown = cevns.explore.show("coherent-argon-2020", "sm")
    port = int(re.search(r":(\d+)/", shown.address)[1])
    half = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(4)]
    for connection in half[:3]:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127")
    with contextlib.suppress(ConnectionError):
        assert half[3].recv(100) == b""
    # requests that do not arrive are given up
    assert [connection.recv(100) for connection in half[:3]] == [b""] * 3
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()
    for connection in half:
        connection.close()
    shown.close()


def test_random_requests(server):
    draw = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz/.%?&=:-0123456789"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(1000):
        path = "/" + "".join(draw.choices(letters, k=draw.randrange(1, 60)))
        connection.request("GET", path if path[1] != "?" else f"/x{path}")
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status in (400, 403, 404), path
        assert len(content) < 700
    connection.close()
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
            raw.sendall(draw.randbytes(draw.randrange(1, 200)) + b"\r\n\r\n")
    assert ask(server)[0] == 200


def test_random_messages(server):
    """Over the WebSocket of a page: words, JSON that is none of the protocol, and moves of what there is not."""
    websocket = pytest.importorskip("tornado.websocket")
    from tornado.httpclient import HTTPRequest

    draw = random.Random(2)

    async def connect(origin):
        page = ask(server, "/?data=coherent-argon-2020&model=b-l")[2].decode()
        token = re.search(r'"token":"([^"]*)"', page)[1]
        options = {"headers": {"Origin": origin}, "validate_cert": False}
        request = HTTPRequest(f"ws://127.0.0.1:{server.port}/ws", **options)
        return await websocket.websocket_connect(request, subprotocols=["bokeh", token])

    def event():
        kinds = ("ModelChanged", "RootRemoved", "MessageSent", "TitleChanged", "ColumnDataChanged", "nonsense")
        model = {"id": f"p{draw.randrange(1000, 1400)}"}
        new = draw.choice([None, -1, 1e400, "x" * 50, [], {}, [[1]], {"type": "number", "value": "nan"}, [99, -5]])
        attribute = draw.choice(["value", "active", "children", "text", "tags", "data", "start", "options", "name"])
        return {"kind": draw.choice(kinds), "model": model, "attr": attribute, "new": new, "hint": None}

    async def one(how):
        connection = await connect(f"http://127.0.0.1:{server.port}")
        await connection.read_message()
        for _ in range(100):
            if how == "protocol":
                kind = draw.choice(["PATCH-DOC", "PULL-DOC-REQ", "PUSH-DOC", "SERVER-INFO-REQ", "ERROR", "nonsense"])
                parts = [{"msgid": "1", "msgtype": kind}, {}, {"events": [event()], "references": []}]
                messages = [json.dumps(part) for part in parts]
            elif how == "json":
                messages = [json.dumps(draw.choice([1, [], {}, "x", {"msgtype": 3}]))]
            else:
                messages = ["".join(map(chr, draw.choices(range(32, 1000), k=draw.randrange(100))))]
            try:
                for message in messages:
                    await connection.write_message(message)
            except websocket.WebSocketClosedError:
                break
        connection.close()
        # until the other side has closed too
        while await connection.read_message() is not None:
            pass

    async def everything():
        for k in range(24):
            await asyncio.wait_for(one(("protocol", "json", "text")[k % 3]), 30)
            if k == 12:
                # views that nobody looks at go after a few seconds
                await asyncio.sleep(6.5)
        with pytest.raises(Exception, match="403"):
            await connect("http://evil.example")

    asyncio.run(everything())
    assert ask(server)[0] == 200


def test_a_port_that_is_taken_is_a_sentence(server, capsys):
    assert main(["explore", "--no-browser", "--port", str(server.port)]) == 2
    assert f"port {server.port} of 127.0.0.1 cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["coherent-csi-2017", "coherent-csi-2021"], "same events"),
        (["nope"], "data set"),
        (["--model", "nope"], "interaction"),
        (["--port", "70000"], "port"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence(arguments, said, capsys):
    assert main(["explore", "--no-browser", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN, reason="in the background of a shell interrupts are ignored"
)
def test_an_interrupt_ends_it():
    found = Explored("--json")
    found.process.send_signal(signal.SIGINT)
    assert found.process.wait(20) == 0
    found.process.stdout.close()
    assert json.loads(found.said[-1])["address"].startswith(found.base)


def test_without_bokeh_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh.server.server", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cevns\[explore\]'"):
        check_bokeh()


@pytest.mark.parametrize("model", ["b-l", "sm"])
def test_nothing_is_said_beside_the_page(model, caplog):
    """It would stand below the cell of a notebook, in red."""
    shown = cevns.explore.show("coherent-argon-2020", model)
    port = int(re.search(r":(\d+)/", shown.address)[1])
    for path in ("/", "/nowhere", "/export/plane.exe"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()
    # and somebody who does not wait for a page
    with socket.create_connection(("127.0.0.1", port), timeout=20) as gone:
        gone.sendall(f"GET /?theme=light HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        gone.recv(10)
        # without a word
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(1.5)
    shown.close()
    assert [text for *_, level, text in caplog.record_tuples if level >= logging.WARNING] == []


def test_a_message_chooses_no_data_that_there_are_not():
    from cevns.explore.page.controls import Choice
    from cevns.explore.sources import Source

    source, states = Source(), []
    choice = Choice(source, lambda change: states.append(change(source.start())))
    choice.data.active = [-5, 1, 99]
    assert states[-1].experiments == source.experiments[1:2]


NOTEBOOK = """
import json, sys
import nbclient, nbformat

cells = [
    "import cevns\\nview = cevns.explore.show('coherent-argon-2020', mass=50, coupling=1e-4)\\nview",
    "import urllib.request as r\\npage = r.urlopen(view.address).read().decode()\\n'data-root-id' in page",
    "view.close()",
]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
json.dump([[output.get("data", output) for output in cell.outputs] for cell in notebook.cells], sys.stdout)
"""


def test_a_notebook_is_executed(tmp_path):
    pytest.importorskip("ipykernel")
    pytest.importorskip("nbclient")
    command = [sys.executable, "-c", NOTEBOOK]
    done = subprocess.run(command, cwd=tmp_path, timeout=120, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (shown,), (sent,), closed = json.loads(done.stdout)
    assert shown["text/html"].startswith('<iframe src="http://127.0.0.1:')
    assert sent["text/plain"] == "True"
    assert closed == []


def test_what_is_computed_first_is_shown_first():
    """Of callbacks that come before its session is there, Bokeh keeps no order."""
    from bokeh.document import Document

    from cevns.explore.page.view import View
    from cevns.explore.sources import Source
    from cevns.explore.workers import Regions

    waiting = []

    class Held(Document):
        def add_next_tick_callback(self, callback):
            waiting.append(callback)

    source, regions = Source(), Regions(1)
    view = View(source, regions, source.start(["coherent-argon-2020"], "b-l"), "light")
    view.show(Held())
    until = time.monotonic() + 60
    while time.monotonic() < until and not any(kind == "region" and what.complete for kind, _, what in view._posted):
        time.sleep(0.01)
    for callback in reversed(waiting):
        callback()
    view._runner.end()
    regions.close()
    assert "is excluded at" in view.numbers.text
    assert "being computed" not in view.numbers.text


def test_a_notebook_shows_a_frame():
    both = cevns.load("coherent-argon-2020")
    shown = cevns.explore.show(both, "b-l", mass=50.0)
    port = int(re.search(r":(\d+)/", shown.address)[1])
    assert f'<iframe src="http://127.0.0.1:{port}/?data=coherent-argon-2020&amp;' in shown._repr_html_()
    assert "mass=50.0" in shown.address
    assert repr(shown) == f"<Shown: http://127.0.0.1:{port}/>"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()
    shown.close()
    with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
