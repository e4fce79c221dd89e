"""Tables in Markdown, from rows."""

import re


def cell(text):
    """Return text for a cell: in one line, and without what would end it."""
    return re.sub("[ \n]+", " ", str(text)).strip().replace("|", "\\|")


def markdown(head, rows):
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)
