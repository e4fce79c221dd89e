"""What every public name promises in its docstring: what it does, and an example, which `test_kernels.py` runs."""

import ast
import importlib
import inspect
import pkgutil
import textwrap

import pytest

import cevns
from cevns import Likelihood, inference

#: Packages whose `__all__` is public: all but compiled modules, and what is typed at a prompt.
PACKAGES = [
    "cevns",
    *(f"cevns.{m.name}" for m in pkgutil.iter_modules(cevns.__path__) if m.ispkg and m.name not in ("kernels", "cli")),
]
#: What functions return, and the function whose example shows it.
RETURNED = {
    "Contour": "contour",
    "Estimate": "fit",
    "ExpectedRegion": "expected_region",
    "FeldmanCousins": "feldman_cousins",
    "Fraction": "toys",
    "Interval": "interval",
    "Limit": "limit",
    "Sensitivity": "sensitivity",
    "Toys": "toys",
}
#: What has no example, and why.
WITHOUT = {
    "Result": "a base class, whose subclasses are what functions return",
    "chi2_xenonnt": "minimises for seconds; `events_xenonnt` shows how the spectrum is given",
    "plot_feldman_cousins": "draws toys, which take seconds; docs/toys.md has the picture's command",
}
#: Methods of likelihoods that inference asks for, and nobody else.
INTERNAL = {"engine"}
#: What refuses input and does not list it, and why.
UNLISTED = {
    "Experiment": "its parameters say what they take, and refusals name them",
    "Likelihood": "refuses data that overlap, in a sentence that says so",
    "Signal": "its parameters say what they take, and refusals name them",
    "Timing": "a protocol, which refuses what is none of it",
}
#: Calls of `checks` that refuse nothing.
HARMLESS = {"put", "shown", "vanishes"}


def public():
    """Return functions and classes by name, errors left out: what they are is all that there is to say."""
    found = {}
    for package in map(importlib.import_module, PACKAGES):
        for name in package.__all__:
            thing = getattr(package, name)
            if callable(thing) and not (isinstance(thing, type) and issubclass(thing, BaseException)):
                found[name] = thing
    return found


PUBLIC = public()


def own_doc(thing):
    return inspect.cleandoc(thing.__doc__ or "")


def refuses(function):
    """Whether an error is raised in a function's own lines, or asked for of `checks`."""
    nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))))
    raised = [ast.unparse(n.exc) for n in nodes if isinstance(n, ast.Raise) and n.exc is not None]
    called = [ast.unparse(n.func).partition(".") for n in nodes if isinstance(n, ast.Call)]
    checked = any(module == "checks" and name not in HARMLESS for module, _, name in called)
    return checked or any("NotImplementedError" not in error for error in raised)


def test_the_lists_are_of_what_is_public():
    assert RETURNED.keys() | WITHOUT.keys() <= PUBLIC.keys()
    assert {name for name in [*RETURNED, *WITHOUT] if ">>> " in own_doc(PUBLIC[name])} == set()
    assert {name for name in RETURNED.values() if ">>> " not in own_doc(getattr(inference, name))} == set()


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_it_says_what_it_does_with_an_example(name):
    doc = own_doc(PUBLIC[name])
    assert doc.partition("\n")[0].rstrip(":").strip()
    if name not in RETURNED and name not in WITHOUT:
        assert ">>> " in doc.partition("Examples\n--------\n")[2], "say so in RETURNED or WITHOUT"


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - UNLISTED.keys()))
def test_it_lists_the_errors_of_its_own_lines(name):
    thing = PUBLIC[name]
    if isinstance(thing, type):
        written = [vars(thing).get(method) for method in ("__init__", "__post_init__")]
        # dataclasses have an __init__ without a source
        functions = [f for f in written if inspect.isfunction(f) and f.__code__.co_filename != "<string>"]
    else:
        functions = [inspect.unwrap(thing)] if inspect.isfunction(thing) else []
    if any(map(refuses, functions)):
        doc = own_doc(thing)
        assert "Raises\n------\n" in doc or "rrors as" in doc


@pytest.mark.parametrize("name", sorted(n for n in dir(Likelihood) if not n.startswith("_")))
def test_what_a_likelihood_can_do_has_an_example(name):
    """Its own, or that of the function that it says is the same, if it is one that is asked for with arguments."""
    method = inspect.getattr_static(Likelihood, name)
    doc = own_doc(method)
    if inspect.isfunction(method) and "Parameters\n-------" in doc and name not in INTERNAL:
        assert ">>> " in doc or f"cevns.inference.{name} : " in doc
