"""How an experiment differs from the one that it was loaded as, in short texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns import checks
from cevns.parameters import bound_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "checked_changes",
    "differences",
    "of_expected",
    "of_other_data",
    "replaced",
    "text_of",
    "with_changes",
]

Changes = tuple[tuple[str, str], ...]

#: What is said of counts that are not those that were released.
OTHER_DATA = ("observed", "other data")
#: Fields that no number depends on, and those that go with another one.
_WITHOUT_EFFECT = frozenset({"name", "label", "description", "references", "expected", "changes"})
_OF_DATA = frozenset({"observed", "uncertainty"})


def checked_changes(given: Any) -> Changes:
    """Return pairs of what is changed and the text about it."""
    found = [(name, text) for name, text in checks.pairs("changes", given, "(name, text)")]
    for name, text in found:
        checks.text("name in changes", name)
        checks.text("text in changes", text)
    return tuple(found)


def with_changes(before: Changes, *more: tuple[str, str]) -> Changes:
    """Return changes with more of them, each of which takes the place of an earlier one of its name.

    Examples
    --------
    >>> with_changes((("floor", "floor = 1"),), ("floor", "floor = 2"), ("flux", "other flux"))
    (('floor', 'floor = 2'), ('flux', 'other flux'))
    """
    return tuple({**dict(before), **dict(more)}.items())


def of_expected(before: Changes, model: str, values: Mapping[str, Any]) -> Changes:
    """Return changes with counts that an interaction predicts at values of its parameters.

    Examples
    --------
    >>> of_expected((), "sm", {}), of_expected((), "b-l", {"mass": 10.0})
    ((('observed', 'expected data'),), (('observed', 'expected data of b-l with mass=10'),))
    """
    given = {name: value for name, value in values.items() if value is not None}
    of = "" if model == "sm" and not given else f" of {bound_name(model, given)}"
    return with_changes(before, ("observed", f"expected data{of}"))


def of_other_data(before: Changes) -> Changes:
    """Return changes with counts that are not those that were released."""
    return with_changes(before, OTHER_DATA)


def differences(changes: Changes, expected: bool) -> tuple[str, ...]:
    """Return the texts of changes, and that data are expected where that is not among them."""
    found = dict(changes)
    if expected and found.get("observed", OTHER_DATA[1]) == OTHER_DATA[1]:
        found["observed"] = "expected data"
    return tuple(found.values())


def replaced(before: Any, given: Mapping[str, Any], after: Any) -> Changes:
    """Return changes with fields that were given anew, as far as they are others than before.

    Parameters
    ----------
    before, after : Experiment
        The experiment, and the one with the fields.
    given : mapping
        Their values as they were given.
    """
    found = []
    for name, value in given.items():
        if name not in _WITHOUT_EFFECT and getattr(before, name) != getattr(after, name):
            found.append(OTHER_DATA if name in _OF_DATA else (name, text_of(name, value)))
    return with_changes(before.changes, *found)


def text_of(name: str, value: Any) -> str:
    """Return what is said of an option or a field: its value if that is short, or that it is another one.

    Examples
    --------
    >>> text_of("quenching", "constant"), text_of("runs", ("sr0", "sr2")), text_of("flux", object())
    ('quenching = constant', 'runs = sr0 + sr2', 'other flux')
    """
    if isinstance(value, str):
        return f"{name} = {value}"
    if isinstance(value, (bool, int, float)) or type(value) in checks.SCALARS:
        return f"{name} = {value:g}"
    if isinstance(value, (tuple, list)) and value and all(isinstance(part, str) for part in value):
        return f"{name} = {' + '.join(value)}"
    return f"other {name.replace('_', ' ')}" if value is not None else f"no {name.replace('_', ' ')}"
