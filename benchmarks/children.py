"""Python processes that import the same `cevns` as this one."""

import os
from pathlib import Path

import cevns

__all__ = ["environment"]


def environment():
    """Return the environment of a child process, which keeps its bytecode, as that of installed packages is kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(Path(cevns.__file__).parents[1])}
