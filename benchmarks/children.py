"""Python processes that import the same `cevns` as this one."""

import os
from pathlib import Path

import cevns

__all__ = ["environment"]


def environment():
    """Return the environment of a child process."""
    return os.environ | {"PYTHONPATH": str(Path(cevns.__file__).parents[1])}
