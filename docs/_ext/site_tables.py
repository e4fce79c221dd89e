"""Tables that directives make, from rows of Markdown."""

from sphinx.util.docutils import SphinxDirective


def cell(text):
    """Return text for a cell: in one line, and without what would end it."""
    return " ".join(str(text).split()).replace("|", "\\|")


def markdown(head, rows):
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


class TableDirective(SphinxDirective):
    """Base of directives that write Markdown."""

    required_arguments = 1

    def text(self):
        """Return what stands in the place of the directive."""
        raise NotImplementedError

    def run(self):
        """Return the nodes of that text."""
        return self.parse_text_to_nodes(self.text(), allow_section_headings=True)
