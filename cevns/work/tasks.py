"""Tasks: work in shards, each of which is a function of its number and of inputs that have fingerprints."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import checks
from cevns.errors import InputError
from cevns.work.fingerprints import described, fingerprint

if TYPE_CHECKING:
    from typing import Self

__all__ = ["LARGEST", "Merged", "Task", "generator", "joined", "versions"]

#: Version of what folders hold; another one is refused.
FORMAT = 1
#: Most shards of a task.
LARGEST = 10_000_000
LARGEST_SEED = 2**64 - 1


def versions() -> dict[str, str]:
    """Return the versions on which the last bit of a result may depend; NumPy keeps its streams within a minor one."""
    from cevns import __version__

    return {"version of cevns": __version__, "version of NumPy": ".".join(np.__version__.split(".")[:2])}


def generator(seed: int, *numbers: int) -> np.random.Generator:
    """Return random numbers of a seed and of what they are for, independent of those for anything else.

    Parameters
    ----------
    seed : int
        From 0 to 2^64 - 1.
    *numbers : int
        The shard, and maybe more.

    Raises
    ------
    InputError
        If `seed` is no whole number from 0 on.

    Examples
    --------
    >>> generator(1, 3).integers(100, size=4).tolist() == generator(1, 3).integers(100, size=4).tolist()
    True
    """
    seed = checks.whole("seed", seed, low=0, high=LARGEST_SEED)
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(seed, spawn_key=numbers)))


@dataclass(frozen=True)
class Task:
    """Work in shards that anybody may compute, anywhere and in any order, with the same result.

    Parameters
    ----------
    kind : str
        What it is, for people: ``"toys"``.
    function : callable
        ``function(shard, **inputs)`` returns arrays by name, the same for every shard but for the length of their first
        axis, along which they are joined. A function of a module, which workers can import; its result depends on
        nothing but its arguments, and its random numbers are those of `generator`.
    inputs : mapping of str to object
        All that the result depends on, a seed included; see `fingerprint` for what they may hold. A process has the
        same objects for all of its shards, so that what these compute once and keep serves all.
    shards : int
        How many there are, from 1 to ten million: it follows from the inputs alone, never from the number of workers. A
        second to a minute of work each is good: no more than that is lost, and starting one costs nothing.

    Raises
    ------
    InputError
        If the function cannot be called, inputs are no mapping of names, or shards are out of range.

    Examples
    --------
    >>> from cevns.work import run
    >>> def draw(shard, seed, mean):
    ...     return {"counts": generator(seed, shard).poisson(mean, size=1000)}
    >>> task = Task("draws", draw, {"seed": 1, "mean": 3.5}, shards=8)
    >>> run(task)["counts"].shape
    (8000,)
    """

    kind: str
    function: Callable[..., Mapping[str, Any]]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    shards: int = 1

    def __post_init__(self) -> None:
        checks.text("kind", self.kind)
        if not callable(self.function):
            raise InputError(
                f"function must be a function of a shard and the inputs, got {checks.shown(self.function)}"
            )
        if not isinstance(self.inputs, Mapping) or not all(isinstance(name, str) for name in self.inputs):
            raise InputError(f"inputs must be a mapping of names to values, got {checks.shown(self.inputs)}")
        shards = checks.whole("shards", self.shards, low=1, high=LARGEST)
        checks.put(self, inputs=dict(self.inputs), shards=shards)

    def __repr__(self) -> str:
        return f"<Task {self.kind}: {self.shards} shards of {', '.join(self.inputs) or 'nothing'}>"

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        # without the fingerprint, which another version may make otherwise
        return type(self), (self.kind, self.function, self.inputs, self.shards)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that the result depends on: inputs, function, number of shards, versions of the code."""
        return fingerprint((FORMAT, self.kind, self.function, self.inputs, self.shards, versions()))

    @cached_property
    def described(self) -> dict[str, str]:
        """The same in parts with names, by which people can tell what differs."""
        own = {"kind": self.kind, "function": self.function, "shards": self.shards}
        return described(self.inputs) | described(own) | versions()

    def compute(self, shard: int) -> dict[str, np.ndarray]:
        """Return the arrays of one shard.

        Raises
        ------
        InputError
            If the function returns anything but arrays of numbers or truths by name.
        """
        found = self.function(shard, **self.inputs)
        if not isinstance(found, Mapping) or not found or not all(isinstance(name, str) for name in found):
            raise InputError(f"the function must return arrays by name, got {checks.shown(found)}")
        arrays = {name: np.ascontiguousarray(values) for name, values in found.items()}
        for name, values in arrays.items():
            if values.dtype.kind not in "biufc" or name == "about" or not name.isidentifier():
                raise InputError(
                    f"the function returned {name!r} of type {values.dtype}: arrays must be of numbers or truths, and "
                    "their names identifiers other than 'about'"
                )
        return arrays

    def packed(self, pickler: Any = pickle) -> Packed:
        """Return the task as bytes for other processes.

        Raises
        ------
        InputError
            If it cannot be pickled.
        """
        try:
            return Packed(self.fingerprint, pickler.dumps(self), versions())
        except Exception as error:
            raise InputError(
                f"the task cannot be sent to other processes, {type(error).__name__}: {error}; its function must stand "
                "at the top of a module, and its inputs must be such as pickle takes"
            ) from error


@dataclass(frozen=True)
class Packed:
    """A task on its way to other processes.

    Parameters
    ----------
    token : str
        Fingerprint of the task.
    content : bytes
        The pickled task.
    versions : dict of str to str
        Those of who sent it.
    """

    token: str
    content: bytes = field(repr=False)
    versions: dict[str, str]

    def unpacked(self) -> Task:
        """Return the task.

        Raises
        ------
        InputError
            If other versions run here than where the task comes from: results might differ.
        """
        for name, version in self.versions.items():
            if versions()[name] != version:
                raise InputError(
                    f"the {name} is {versions()[name]} on a worker and {version} where the work is given out: install "
                    "the same on both"
                )
        task: Task = pickle.loads(self.content)
        return task


@dataclass(frozen=True, eq=False)
class Merged(Mapping[str, Any]):
    """Arrays of all shards, joined in the order of the shards; a mapping of names to arrays.

    Parameters
    ----------
    arrays : dict of str to ndarray
        By name.
    shards : int
        How many shards there are in all.
    missing : tuple of int
        Those that are not among the arrays.
    remarks : tuple of str
        What happened on the way, in plain sentences.

    Examples
    --------
    >>> import numpy as np
    >>> Merged({"chi2": np.zeros(4)}, shards=3, missing=(2,))
    <Merged: chi2 of 3 shards, 1 missing>
    """

    arrays: dict[str, np.ndarray]
    shards: int
    missing: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[checks.known("array", name, self.arrays)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def __repr__(self) -> str:
        rest = f", {len(self.missing)} missing" if self.missing else ""
        return f"<Merged: {', '.join(self.arrays) or 'no arrays'} of {self.shards} shards{rest}>"


def joined(found: Iterable[tuple[int, Mapping[str, np.ndarray]]]) -> dict[str, np.ndarray]:
    """Return arrays of shards end to end; numbers make one row each.

    Raises
    ------
    InputError
        If shards have different arrays.
    """
    rows: dict[str, list[np.ndarray]] = {}
    first: tuple[int, dict[str, Any]] | None = None
    for shard, arrays in found:
        whole = {name: np.atleast_1d(values) for name, values in arrays.items()}
        form = {name: (values.dtype.str, values.shape[1:]) for name, values in whole.items()}
        if first is None:
            first = shard, form
            rows = {name: [] for name in form}
        elif form != first[1]:
            raise InputError(
                f"shard {shard} has the arrays {_shown(form)}, shard {first[0]} {_shown(first[1])}: all must have the "
                "same names, types, and lengths of axes but the first"
            )
        for name, values in whole.items():
            rows[name].append(values)
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def _shown(form: Mapping[str, tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} ({kind}{''.join(f', {n}' for n in shape)})" for name, (kind, shape) in form.items())
