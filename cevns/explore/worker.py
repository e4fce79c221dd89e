"""A process that answers questions about regions: it can be ended in the midst of one, which a thread cannot."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["serve"]

#: By how much a region gives way to the page, and threads at most.
NICE, THREADS = 5, 4


def _listen(asked: BinaryIO, questions: queue.SimpleQueue[Any]) -> None:
    """Pass questions on; whoever asked may be gone in the midst of one, and then nobody waits for its answer."""
    with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            questions.put(pickle.load(asked))
    os._exit(0)


def serve(asked: BinaryIO, told: BinaryIO) -> None:
    """Answer until whoever asks has ended.

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

    questions: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked, questions), daemon=True).start()
    # what is unpickled again has none of the functions that it has compiled
    known: dict[bytes, Any] = {}
    while True:
        packed, question, fit = questions.get()
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
