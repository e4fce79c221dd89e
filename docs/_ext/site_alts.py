"""Figures of cells have texts for those who do not see them: ``:alt: TEXT`` at the top of the cell."""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)


class Alternatives(SphinxPostTransform):
    """Put the texts of cells to their figures, and name figures that have none."""

    default_priority = 20

    def run(self, **kwargs):
        """Look at every image."""
        for image in self.document.findall(nodes.image):
            text = image.get("alt") or _of_cell(image)
            if text:
                image["alt"] = text
            else:
                logger.warning("a figure has no text: give its cell an :alt:", location=image)


def _of_cell(image):
    node = image.parent
    while node is not None:
        if text := node.get("cell_metadata", {}).get("alt"):
            return text
        node = node.parent
    return ""


def setup(app):
    """Register it, after the outputs of cells are chosen."""
    app.add_post_transform(Alternatives)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
