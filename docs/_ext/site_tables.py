"""Base of directives that write tables in Markdown."""

from sphinx.util.docutils import SphinxDirective


class TableDirective(SphinxDirective):
    """Base of directives that write Markdown."""

    required_arguments = 1

    def text(self):
        """Return what stands in the place of the directive."""
        raise NotImplementedError

    def run(self):
        """Return the nodes of that text."""
        return self.parse_text_to_nodes(self.text(), allow_section_headings=True)
