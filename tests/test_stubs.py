"""The stubs of the kernels say what is compiled: every name, method and parameter, and nothing else."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERNELS = sorted(path.stem for path in (ROOT / "src_cython").glob("*.pyx"))
#: Methods that a stub lists although every object has something of the name.
LISTED = {"__call__", "__signature__"}


def parameters(signature):
    """Return names and kinds of parameters, and whether they have defaults."""
    return [(p.kind.name, p.name, p.default is not p.empty) for p in signature.parameters.values() if p.name != "self"]


def stubbed(source):
    """Return what a stub holds: for functions their parameters, for classes their members, else None."""

    def of(node):
        if isinstance(node, ast.FunctionDef):
            if any(ast.unparse(d) == "property" for d in node.decorator_list):
                return None
            a, required = node.args, len(node.args.args) - len(node.args.defaults)
            found = [("POSITIONAL_OR_KEYWORD", x.arg, i >= required) for i, x in enumerate(a.args)]
            found += [("VAR_POSITIONAL", a.vararg.arg, False)] if a.vararg else []
            keywords = zip(a.kwonlyargs, a.kw_defaults, strict=True)
            found += [("KEYWORD_ONLY", x.arg, default is not None) for x, default in keywords]
            found += [("VAR_KEYWORD", a.kwarg.arg, False)] if a.kwarg else []
            return [p for p in found if p[1] != "self"]
        if isinstance(node, ast.ClassDef):
            return {n.name: of(n) for n in node.body if isinstance(n, ast.FunctionDef)}
        return None

    nodes = {
        n.target.id if isinstance(n, ast.AnnAssign) else getattr(n, "name", "_"): n for n in ast.parse(source).body
    }
    return {name: of(node) for name, node in nodes.items() if not name.startswith("_")}


def compiled(module):
    """Return the same of a compiled module."""

    def initial(cls):
        # extension types have no signature but in the first line of their documentation
        arguments = re.match(rf"{cls.__name__}\((.*)\)$", cls.__doc__.partition("\n")[0])[1]
        return parameters(inspect.signature(eval(f"lambda {arguments.replace('...', '*args')}: 0")))

    def member(cls, name, value):
        if inspect.isgetsetdescriptor(value) or inspect.ismemberdescriptor(value) or isinstance(value, property):
            return None
        if name == "__call__":
            arguments = value.__doc__.partition("\n")[0].partition("(")[2].removesuffix(")")
            return parameters(inspect.signature(eval(f"lambda {arguments}: 0")))
        return parameters(inspect.signature(value))

    found = {}
    for name, value in vars(module).items():
        if isinstance(value, dict) and not name.startswith("_"):
            found[name] = None
        if name.startswith("_") or not callable(value):
            continue
        if type(value).__name__ == "ufunc":
            found[name] = None
        elif getattr(value, "__module__", None) != module.__name__:
            continue
        elif isinstance(value, type):
            members = {k: v for k, v in vars(value).items() if not k.startswith("_") or k in LISTED}
            found[name] = {k: member(value, k, v) for k, v in members.items()} | {"__init__": initial(value)}
        else:
            found[name] = parameters(inspect.signature(value))
    return found


@pytest.mark.parametrize("name", KERNELS)
def test_stubs_and_kernels_agree(name):
    stub = ROOT / "cevns" / "kernels" / f"{name}.pyi"
    found = compiled(importlib.import_module(f"cevns.kernels.{name}"))
    # what Python sees nothing of needs no stub
    assert stub.exists() == bool(found)
    if found:
        assert stubbed(stub.read_text(encoding="utf-8")) == found


def test_there_is_no_stub_without_a_kernel():
    assert {path.stem for path in (ROOT / "cevns").rglob("*.pyi")} <= {*KERNELS}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("level: float,", ""),
        ("level: float,", "height: float,"),
        ("        joint: Joint | None = None,\n", ""),
        ("def line(self)", "def ray(self)"),
        ("    @property\n    def line(", "    def line("),
        ("def crossings_limit() -> int: ...", ""),
        ("def crossings_limit()", "def crossings_limit(n: int)"),
        ("class Engine:", "class Motor:"),
    ],
)
def test_a_stub_that_says_something_else_is_found(old, new):
    text = (ROOT / "cevns" / "kernels" / "engine.pyi").read_text(encoding="utf-8")
    assert old in text
    assert stubbed(text.replace(old, new)) != compiled(importlib.import_module("cevns.kernels.engine"))
