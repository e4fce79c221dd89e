"""The state of a view, and its query string: all that an address says, and nothing else."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from cevns import checks
from cevns.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LONGEST_QUERY", "THEMES", "State"]

THEMES = ("light", "dark")
#: Characters and entries of the longest query string that is read, and of a name in it.
LONGEST_QUERY, MOST_ENTRIES, LONGEST_NAME = 8000, 200, 100
#: Keys that are no parameters; a parameter of such a name is written with `_VALUE` before it.
_OWN = ("data", "model", "cl", "x", "y", "nuisances", "pull", "others", "theme")
_VALUE = "value."


@dataclass(frozen=True)
class State:
    """What is shown.

    Parameters
    ----------
    experiments : tuple of str
        Names of the data sets.
    model : str
        Name of the interaction.
    values : mapping of str to float
        Parameters that have a value, by name; others have their defaults.
    cl : float
        Confidence level of the region.
    x, y : str
        Parameters of the plane; empty for those that come first.
    pulls : mapping of (str, str) to float, or None
        Nuisances that are moved by hand: of an experiment, empty for what several share, and name. None where all are
        profiled.
    others : bool
        Whether limits of other experiments are shown.
    theme : str
        ``"light"`` or ``"dark"``; empty for what the browser prefers.

    Examples
    --------
    >>> state = State(("coherent-csi-2017",), "b-l", {"mass": 50.0, "coupling": 1e-4})
    >>> state.query()
    'data=coherent-csi-2017&model=b-l&mass=50.0&coupling=0.0001'
    >>> State.of_query(state.query()) == state
    True
    """

    experiments: tuple[str, ...] = ()
    model: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    cl: float = 0.90
    x: str = ""
    y: str = ""
    pulls: Mapping[tuple[str, str], float] | None = None
    others: bool = True
    theme: str = ""

    def replace(self, **changes: Any) -> State:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def with_value(self, name: str, value: float | None) -> State:
        """Return a copy in which a parameter has another value, or none."""
        kept = {key: old for key, old in self.values.items() if key != name or value is not None}
        return self.replace(values=kept if value is None else {**kept, name: value})

    def query(self) -> str:
        """Return the query string, numbers with all their digits."""
        pairs: list[tuple[str, str]] = [("data", name) for name in self.experiments]
        pairs += [("model", self.model)] if self.model else []
        pairs += [(f"{_VALUE}{name}" if name in _OWN else name, repr(value)) for name, value in self.values.items()]
        pairs += [("cl", repr(self.cl))] if self.cl != 0.90 else []
        pairs += [(axis, name) for axis, name in (("x", self.x), ("y", self.y)) if name]
        if self.pulls is not None:
            pairs.append(("nuisances", "by-hand"))
            pairs += [("pull", f"{of}:{name}:{value!r}") for (of, name), value in self.pulls.items()]
        pairs += [] if self.others else [("others", "no")]
        pairs += [("theme", self.theme)] if self.theme else []
        return urlencode(pairs)

    @classmethod
    def of_query(cls, text: str) -> State:
        """Return the state that a query string says; what it does not say has its default.

        Raises
        ------
        InputError
            If it is too long, a key comes twice that may not, or a value is none that is allowed.
        """
        if len(text) > LONGEST_QUERY:
            raise InputError(f"the address has {len(text)} characters: at most {LONGEST_QUERY} are read")
        try:
            pairs = parse_qsl(text.removeprefix("?"), keep_blank_values=True, max_num_fields=MOST_ENTRIES)
        except ValueError:
            raise InputError(f"the address has more than {MOST_ENTRIES} entries") from None
        if any(len(part) > LONGEST_NAME or not part.isprintable() for pair in pairs for part in pair):
            raise InputError(f"the address has an entry that is no line of at most {LONGEST_NAME} characters")
        found: dict[str, Any] = {"values": {}}
        experiments: list[str] = []
        pulls: dict[tuple[str, str], float] = {}
        for key, value in pairs:
            if key == "data":
                experiments.append(value)
            elif key == "pull":
                *named, number = value.rsplit(":", 1)
                of, colon, name = "".join(named).partition(":")
                if not colon:
                    raise InputError(f"pull = {value!r} is not allowed: it must be EXPERIMENT:NAME:VALUE")
                pulls[of, name] = _number(f"pull of {name}", number)
            elif key in _OWN:
                if key in found:
                    raise InputError(f"the address gives {key} twice: give it once")
                found[key] = value
            else:
                name = key.removeprefix(_VALUE)
                if name in found["values"]:
                    raise InputError(f"the address gives {name} twice: give it once")
                found["values"][name] = _number(name, value)
        if "cl" in found:
            found["cl"] = checks.confidence_level(_number("cl", found["cl"]))
        if "others" in found:
            found["others"] = checks.known("others", found["others"], ("yes", "no")) == "yes"
        if "theme" in found:
            checks.known("theme", found["theme"], THEMES)
        by_hand = checks.known("nuisances", found.pop("nuisances", "profiled"), ("profiled", "by-hand")) == "by-hand"
        if pulls and not by_hand:
            raise InputError("the address moves a nuisance, but they are profiled: add nuisances=by-hand")
        return cls(tuple(dict.fromkeys(experiments)), pulls=pulls if by_hand else None, **found)


def _number(name: str, text: str) -> float:
    value: float = checks.real(name, checks.number(name, text))
    return value
