"""The command that shows a likelihood in a browser."""

from __future__ import annotations

import sys

from cevns.cli.output import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["explore"]


def explore(args: Namespace) -> Result:
    """Serve the view until it is interrupted."""
    from cevns.explore.showing import check_bokeh
    from cevns.explore.sources import Source

    source = Source.of_config(args.config) if args.config else Source()
    start = source.start(args.experiments, args.model or "")
    check_bokeh()
    from cevns.explore.serving import serve

    _quiet()
    found = ""

    def began(address: str) -> None:
        nonlocal found
        found = address
        print(f"{address}\nCtrl-C ends it", file=sys.stderr, flush=True)
        if not args.no_browser:
            import webbrowser

            webbrowser.open(address)

    try:
        serve(source, start, args.port, began)
    except KeyboardInterrupt:
        if not found:
            raise
    return Result({"address": found}, "ended")


def _quiet() -> None:
    """Let the packages below say nothing of requests: what matters to whoever looks stands on the page."""
    import logging

    if sys.flags.dev_mode:
        return
    for name in ("bokeh", "tornado", "tornado.access", "tornado.application", "tornado.general"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
