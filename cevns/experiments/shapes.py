"""What deforms the signal and the backgrounds of an experiment."""

from __future__ import annotations

from typing import Any

from cevns import checks
from cevns.likelihoods import Deformation

__all__ = ["checked_shapes"]


def checked_shapes(given: Any) -> Any:
    """Return what deforms signal and backgrounds."""
    if given == ():
        return given
    from cevns.detectors import ResponseShape, TimeOffset

    return checks.sequence("shapes", given, (Deformation, ResponseShape, TimeOffset))
