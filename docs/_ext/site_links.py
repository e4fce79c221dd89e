"""Texts of the repository that are pages of the site, links to them, and names in docstrings.

``<!-- include: CHANGELOG.md -->`` stands for that file of the repository; of a pattern's files each is a section.
"""

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath

from pygments.lexers.special import TextLexer
from sphinx.domains.python import PyXRefRole

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


def setup(app):
    """Register all of it."""
    app.connect("source-read", read)
    app.connect("missing-reference", leave)
    app.add_role("soft", SoftRole())
    app.add_lexer("csv", TextLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
