"""``{summary} PAPER FIGURE ...``: the numbers of a paper beside ours, computed when the site is built.

The rows are those that ``cevns reproduce`` writes, of all figures of a paper or of those that are named.
"""

from site_cells import markdown
from site_tables import TableDirective
from sphinx.util import logging

from cevns.figures.registry import paper

logger = logging.getLogger(__name__)


def _text(value):
    if isinstance(value, (list, tuple)):
        nested = value and isinstance(value[0], (list, tuple))
        return (" or " if nested else " to ").join(map(_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _published(row):
    value = getattr(row, "published", None)
    return "" if value is None else f"{_text(value)} ({row.standing})"


class Summary(TableDirective):
    """The rows of a paper."""

    optional_arguments = 12

    def text(self):
        """Return a table, with notes below."""
        name, *figures = self.arguments
        kind = paper(name)
        rows = kind.rows(kind.make_analysis(), figures or None)
        for row in rows:
            if not row.met:
                logger.warning("%s: %s is not met", name, row.quantity, location=self.get_location())
        beside = any(_published(row) for row in rows)
        notes = list(dict.fromkeys(row.note for row in rows if row.note))
        lines = []
        for row in rows:
            mark = f" ({notes.index(row.note) + 1})" if row.note else ""
            published = [_published(row)] if beside else []
            lines.append((row.quantity + mark, _text(row.expected), _text(row.computed), *published, row.criterion))
        head = "quantity", "expected", "here", *(["published"] if beside else []), "criterion"
        told = "\n".join(f"{i}. {note}" for i, note in enumerate(notes, start=1))
        return f"{markdown(head, lines)}\n\n{told}"


def setup(app):
    """Register the directive."""
    app.add_directive("summary", Summary)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
