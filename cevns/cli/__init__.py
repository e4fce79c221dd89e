"""The command line, ``cevns COMMAND ...``.

No module here imports NumPy, SciPy or Matplotlib before a command needs them, so that ``--help`` and errors come
at once.
"""

from __future__ import annotations

import contextlib
import os
import sys

from cevns.errors import CevnsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cevns.cli.output import Result

__all__ = ["main"]

_BROKEN_PIPE, _INTERRUPTED = 128 + 13, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process unless given.

    Returns
    -------
    int
        0 on success, 1 if a reproduced figure of merit is not met or merged folders lack shards, 2 after an error,
        which is one line on stderr, or one for each problem of a file that is validated, 130 after an interrupt, 141 if
        the reader of stdout went away.

    Examples
    --------
    >>> main(["chi2", "coherent-argon-2020", "--model", "sm"])
    chi2 8.85725  sm
    <BLANKLINE>
    experiment           chi2     pull    relative shift
    coherent-argon-2020  8.85725  signal  0.0460541
                                  PBRN    -0.117128
                                  LBRN    -0.0763905
    0
    """
    from cevns.cli.parser import parse

    args = None
    try:
        args = parse(sys.argv[1:] if argv is None else argv)
        result: Result = args.run(args)
        _write(result.rendered(as_json=args.json))
        return result.code
    except SystemExit as done:
        # argparse leaves this way after --help and --version
        return int(done.code or 0)
    except KeyboardInterrupt as interrupt:
        return _fail(str(interrupt) or "interrupted", _INTERRUPTED)
    except BrokenPipeError:
        _abandon_stdout()
        return _BROKEN_PIPE
    except CevnsError as error:
        return _fail(error, in_lines=getattr(args, "in_lines", False))
    except OSError as error:
        _abandon_stdout()
        return _fail(error)
    except MemoryError as error:
        return _fail(f"not enough memory: {error or 'ask for fewer points'}")
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        return _fail(f"unexpected {type(error).__name__}: {error} (a bug; python -X dev -m cevns shows where)")


def _write(text: str) -> None:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    # names in a user's files may hold characters that the terminal cannot show
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def _fail(message: object, code: int = 2, *, in_lines: bool = False) -> int:
    text = str(message)
    if not in_lines:
        text = " ".join(text.split())
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print("cevns: error:", text, file=sys.stderr)
    return code


def _abandon_stdout() -> None:
    """Send what is still buffered for stdout nowhere, or the interpreter complains about it on its way out."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
        return
    with contextlib.suppress(AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
