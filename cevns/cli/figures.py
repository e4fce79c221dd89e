"""The command that redraws the figures of papers."""

from __future__ import annotations

import re

from cevns.cli.output import Result
from cevns.cli.progress import progress_bar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

__all__ = ["known", "reproduce"]


def known() -> str:
    """Return the papers, each with its figures, for the help."""
    from cevns.figures import known_figures, known_papers

    lines = [f"  {paper + ':':16} {', '.join(known_figures(paper))}" for paper in known_papers()]
    return "\n".join(["papers and their figures:", *lines])


def reproduce(args: Namespace) -> Result:
    """Figures, their data, and the summary of the paper's numbers beside ours."""
    from cevns.figures import reproduce as draw
    from cevns.figures.summary import format_table

    paper: dict[str, Any] = {}
    # what looks like an arXiv number is the paper's, unless another name comes before it
    if args.figures and (
        number := re.fullmatch(r"(?:arxiv:)?(\d{4}\.\d+|today|feldman-cousins)", args.figures[0], re.IGNORECASE)
    ):
        paper, args.figures = {"paper": number[1].lower()}, args.figures[1:]
    with progress_bar("reproduce") as progress:
        done = draw(args.figures or None, args.output, progress, num_threads=args.threads, quick=args.quick, **paper)
    missed = sum(not row["met"] for row in done["summary"])
    files = "\n".join([*(path for paths in done["figures"].values() for path in paths), done["file"]])
    count, some = len(done["summary"]), f", of figure {', '.join(done['figures'])} alone" if args.figures else ""
    verdict = f"{count - missed} of {count} met{some}" if count else f"no number of the paper is compared{some}"
    shown = f"{format_table(done['summary'])}\n\n" if count else ""
    return Result(done, f"{shown}{files}\n\n{verdict}", 1 if missed else 0)
