"""The C-level interface of the kernels, which compiled code of others is built against, changes only knowingly.

`frozen/kernel_headers.txt` lists the declarations of cevns/kernels/*.pxd and the symbols that the modules export. After
a change that is meant, write it anew with ``python tests/test_kernel_headers.py``, read the difference, and say in the
changelog what users of the headers must do.
"""

import difflib
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEADERS = sorted((ROOT / "cevns" / "kernels").glob("*.pxd"))
FROZEN = Path(__file__).parent / "frozen" / "kernel_headers.txt"


def declarations(text):
    """Return what a header declares, each on one line: no documentation, no comments, no bodies, no private names."""
    text = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    text = re.sub(r"#.*", "", text)
    # one line for each declaration
    while (joined := re.sub(r"(\([^()]*?)\s*\n\s*([^()]*)", r"\1 \2", text)) != text:
        text = joined
    found, holder = [], ""
    for line in filter(str.strip, text.splitlines()):
        inner, words = line.startswith(" "), " ".join(line.split()).replace("( ", "(")
        if not inner:
            holder = ""
            if not re.match(r"(cdef|cpdef|ctypedef)\b", words):
                continue
            if re.match(r"(cdef (extern|struct|enum|class|union)|ctypedef struct)\b", words):
                holder = words.removesuffix(":")
            words = words.removesuffix(":")
            # of a constant its type and name
            found.append(words if "(" in words or holder else words.partition(" = ")[0])
        elif holder:
            found.append(f"{holder}: {words}")
    # members count whatever their names are: they decide the layout
    return [line for line in found if not re.match(r"cdef [^:]*[\s*]_\w+\(", line)]


def exported(name):
    """Return the C functions that a compiled module exports, with their signatures."""
    try:
        module = importlib.import_module(f"cevns.kernels.{name}")
    except ModuleNotFoundError:
        # nothing but inline functions
        return []
    signatures = {name: repr(c).split('"')[1] for name, c in getattr(module, "__pyx_capi__", {}).items()}
    return [f"exports {name}: {text}" for name, text in sorted(signatures.items()) if "(" in text]


def interface():
    lines = []
    for path in HEADERS:
        lines += [f"[{path.stem}]", *declarations(path.read_text(encoding="utf-8")), *exported(path.stem), ""]
    return lines


def test_declarations_and_symbols_are_the_frozen_ones():
    frozen = FROZEN.read_text(encoding="utf-8").splitlines()
    changed = list(difflib.unified_diff(frozen, interface(), "frozen", "now", lineterm="", n=0))
    assert changed == [], "\n".join(changed)


def test_every_function_of_a_header_is_there_for_others():
    """Either its body stands in the header, or the module exports it."""
    for path in HEADERS:
        functions = [d for d in declarations(path.read_text(encoding="utf-8")) if re.match(r"cdef [^:]*\(", d)]
        apart = {re.search(r"(\w+)\(", d)[1] for d in functions if not d.startswith(("cdef inline", "cdef class"))}
        assert apart == {line.split()[1].removesuffix(":") for line in exported(path.stem)}, path.name


HEADER = '''"""cdef int documentation(int n)"""

from libc.math cimport sqrt

cdef enum:
    MOST = 8  # a comment


cdef struct row_t:
    # a comment
    double *values
    int _private


cdef inline double twice(const double *x,
                         int n) noexcept nogil:
    """Documentation."""
    cdef double local = 2.0
    return local * x[n]


cdef double once(int n) except? -1 nogil  # a comment
cdef void _hidden(int n)


cdef class Row(Base):
    cdef readonly tuple names
    cdef int read(self, tuple args) except -1
'''


def test_declarations_are_read():
    assert declarations(HEADER) == [
        "cdef enum",
        "cdef enum: MOST = 8",
        "cdef struct row_t",
        "cdef struct row_t: double *values",
        "cdef struct row_t: int _private",
        "cdef inline double twice(const double *x, int n) noexcept nogil",
        "cdef double once(int n) except? -1 nogil",
        "cdef class Row(Base)",
        "cdef class Row(Base): cdef readonly tuple names",
        "cdef class Row(Base): cdef int read(self, tuple args) except -1",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int n) noexcept", "long n) noexcept"),
        ("noexcept nogil", "nogil"),
        ("except? -1", "except -1"),
        ("double *values", "const double *values"),
        ("MOST = 8", "MOST = 9"),
        ("readonly tuple", "readonly list"),
        ("Row(Base)", "Row"),
        ("cdef double once(int n) except? -1 nogil", ""),
    ],
)
def test_changes_of_a_header_are_seen(old, new):
    assert old in HEADER
    assert declarations(HEADER.replace(old, new)) != declarations(HEADER)


@pytest.mark.parametrize(
    ("old", "new"), [("local", "other"), ("a comment", "a remark"), ("_hidden(int", "_hidden(long")]
)
def test_what_a_header_keeps_to_itself_may_change(old, new):
    assert declarations(HEADER.replace(old, new)) == declarations(HEADER)


if __name__ == "__main__":
    FROZEN.write_text("\n".join(interface()) + "\n", encoding="utf-8")
    sys.exit(f"wrote {FROZEN.relative_to(ROOT)}")
