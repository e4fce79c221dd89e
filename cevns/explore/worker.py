"""A process that answers questions about regions: it can be ended in the midst of one, which a thread cannot."""

from __future__ import annotations

import os
import pickle
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["serve"]

#: By how much a region gives way to the page, and threads at most.
NICE, THREADS = 5, 4


def serve(asked: BinaryIO, told: BinaryIO) -> None:
    """Answer until there are no more questions.

    Parameters
    ----------
    asked : binary file
        Pickled questions: bytes of a likelihood and an interaction, `Question`, and the best fit or None.
    told : binary file
        Pickled answers: pairs of ``"region"``, ``"error"`` or ``"end"``, and what belongs to it.
    """
    from cevns.errors import CevnsError
    from cevns.explore.regions import answer

    def tell(kind: str, what: Any = None) -> None:
        pickle.dump((kind, what), told)
        told.flush()

    # what is unpickled again has none of the functions that it has compiled
    known: dict[bytes, Any] = {}
    while True:
        try:
            packed, question, fit = pickle.load(asked)
        except EOFError:
            return
        try:
            if packed not in known:
                known = {packed: pickle.loads(packed)}
            likelihood, model = known[packed]
            for region in answer(likelihood, model, question, fit, min(os.cpu_count() or 1, THREADS)):
                tell("region", region)
            tell("end")
        except CevnsError as error:
            tell("error", str(error))
        except Exception as error:
            tell("error", f"unexpected {type(error).__name__}: {error} (a bug)")


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(NICE)
    # whatever is printed must not get between the answers
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
