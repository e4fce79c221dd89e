"""Docstrings are plain text with names in backticks: what would be markup in them is escaped."""

import re

#: Code, in one backtick or two, which stays as it is.
_CODE = re.compile(r"(``.+?``|`[^`]+`)")
#: What begins or ends emphasis, a substitution or a reference.
_MARKUP = re.compile(r"[*|]|(?<=\w)_(?!\w)")


def escape(app, what, name, obj, options, lines):
    """Escape the lines of a docstring, but for its examples."""
    example = False
    for i, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if not example:
            parts = _CODE.split(line)
            parts[::2] = (_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2])
            lines[i] = "".join(parts)


def setup(app):
    """Register it before numpydoc, which reads what it leaves."""
    app.connect("autodoc-process-docstring", escape, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
