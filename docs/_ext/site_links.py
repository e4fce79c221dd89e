"""Texts of the repository that are pages of the site, links to them and to papers, and names in docstrings.

``<!-- include: CHANGELOG.md -->`` stands for that file of the repository; of a pattern's files each is a section.
"""

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.domains.python import PyXRefRole
from sphinx.transforms.post_transforms import SphinxPostTransform

ROOT = Path(__file__).parents[2]
#: Files outside of the site's folder, and the pages that show them.
PAGES = {
    "CHANGELOG.md": "docs/project/changelog.md",
    "CONTRIBUTING.md": "docs/project/contributing.md",
    "README.md": "docs/index.md",
}
PROVENANCE = "docs/reference/provenance.md"
_INCLUDE = re.compile(r"^<!-- include: (\S+) -->$", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
_PAPER = re.compile(r"(arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,9}/[\w./-]*\w)")
#: Where no link is made: in links, headings, and code.
_CLOSED = (nodes.reference, nodes.title, nodes.literal, nodes.literal_block, nodes.FixedTextElement)
_HEADING = re.compile(r"^(#+ )", re.MULTILINE)


def _page(path, fragment):
    """Return the page and the place on it of a file of the repository; the file itself where it has none."""
    if path.endswith("/PROVENANCE.md"):
        return PROVENANCE, f"#{_anchor(path)}"
    return PAGES.get(path, path), fragment or ""


def _anchor(path):
    return dirname(path).replace("/", "-").replace("_", "-")


def _led(text, written_in, shown_in):
    """Return a text of one folder with links that lead on from another."""

    def replaced(match):
        page, fragment = _page(normpath(f"{written_in}/{match[1]}"), match[2])
        return f"]({relpath(page, shown_in)}{fragment})"

    return _LINK.sub(replaced, text)


def read(app, docname, source):
    """Put files in the places of their names, and let links lead to pages of the site."""
    folder = dirname(f"docs/{docname}")
    source[0] = _led(source[0], folder, folder)

    def included(match):
        paths = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(match[1]))
        texts = []
        for path in paths:
            app.env.note_dependency(str(ROOT / path), docname=docname)
            text = _led((ROOT / path).read_text(encoding="utf-8"), dirname(path) or ".", folder)
            texts.append(f"({_anchor(path)})=\n" + _HEADING.sub(r"#\1", text) if "*" in match[1] else text)
        return "\n\n".join(texts)

    source[0] = _INCLUDE.sub(included, source[0])


class SoftRole(PyXRefRole):
    """A name in single backticks: a link if it has an entry, code if it has none."""

    def process_link(self, env, refnode, has_explicit_title, title, target):
        """Mark the reference."""
        found = super().process_link(env, refnode, has_explicit_title, title, target)
        refnode["soft"] = refnode["refspecific"] = True
        return found


def leave(app, env, node, contnode):
    """Return marked references without a target as they are written."""
    return contnode if node.get("soft") else None


class Papers(SphinxPostTransform):
    """Numbers of papers become links."""

    default_priority = 700

    def run(self, **kwargs):
        """Divide the texts that hold some."""
        for text in list(self.document.findall(nodes.Text)):
            parts = _PAPER.split(text)
            if len(parts) > 1 and not any(isinstance(node, _CLOSED) for node in _above(text)):
                made = [nodes.Text(part) if i % 2 == 0 else _paper(part) for i, part in enumerate(parts) if part]
                text.parent.replace(text, made)


def _above(node):
    while node.parent is not None:
        node = node.parent
        yield node


def _paper(number):
    kind, _, name = number.partition(":")
    address = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}[kind] + name
    return nodes.reference("", number, internal=False, refuri=address)


def setup(app):
    """Register all of it."""
    app.connect("source-read", read)
    app.connect("missing-reference", leave)
    app.add_role("soft", SoftRole())
    app.add_post_transform(Papers)
    app.add_lexer("csv", TextLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
