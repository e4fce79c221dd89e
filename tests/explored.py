"""The live view as a program of its own, for tests and benchmarks."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time


class Explored:
    """``cevns explore`` in a process, on a free port.

    Attributes
    ----------
    base : str
        Its address, without a query.
    said : list of str
        Lines that it has printed.
    """

    def __init__(self, *arguments):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-P", "-m", "cevns", "explore", "--no-browser", "--port", str(self.port), *arguments]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.process = subprocess.Popen(command, **options)
        self.said, self.base = [], f"http://127.0.0.1:{self.port}/"
        threading.Thread(target=self._listen, daemon=True).start()
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            if any("Ctrl-C" in line for line in self.said):
                return
            time.sleep(0.02)
        raise AssertionError(self.said)

    def _listen(self):
        with contextlib.suppress(ValueError):
            self.said.extend(iter(self.process.stdout.readline, ""))

    def end(self):
        """End it, and return the exit code."""
        self.process.terminate()
        code = self.process.wait(20)
        self.process.stdout.close()
        return code


def chromium():
    """Return the path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
