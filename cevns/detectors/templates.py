"""Responses that are known as templates: what recoils of given energies leave in the bins."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cevns import checks
from cevns.arrays import Brief
from cevns.binning import Axis, Binning
from cevns.detectors.base import DetectorResponse, flat
from cevns.errors import DataError, InputError
from cevns.files import checked_path, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cevns._types import Array, Path, Values

__all__ = ["TemplateResponse", "read_templates"]

#: By how much the shares of one recoil may add up to more than 1, for rounding in files.
EXCESS = 1e-9
#: Bytes of the largest arrays that are read, however small they are in their archive.
LARGEST_ARCHIVE = 2**28
#: Names of the arrays of an archive.
_ARRAYS = ("recoil_kev", "templates")


@dataclass(frozen=True, repr=False)
class TemplateResponse(DetectorResponse, Brief):
    """Response from templates, mono-energetic recoils or a migration matrix, in bins of any axes.

    A template is the expected share of recoils of one energy in each bin, efficiency included. There is no quenching
    factor, and so no scale of it: `quenching_sigma` has to be 0.

    Parameters
    ----------
    recoil_kev : array_like, shape (n,)
        Ascending recoil energies [keV]: of the templates, or edges of bins of true recoil energy.
    templates : array_like, shape (n,) or (n - 1,) and then (bins,) or that of the binning
        Shares, 0 or more, those of one energy adding up to 1 at most; the last axis runs fastest.
    bins_of : Axis or Binning
        Bins of what is observed.
    kind : {"points", "steps"}, optional
        Straight lines between n templates, or the same share in each of n - 1 bins of recoil energy; told by the
        lengths unless given.
    beyond : {"constant", "zero"}
        What holds above the last recoil energy; below the first nothing is observed.

    Attributes
    ----------
    axis : Axis
        The bins; by number if there are several axes.
    edges : tuple of float
        Its edges.
    unit : str
        Its unit.

    Raises
    ------
    InputError
        If shares are negative, not finite or add up to more than 1 for one energy, or shapes do not fit.

    Examples
    --------
    >>> light = Axis("light", [2, 4, 8], "PE")
    >>> response = TemplateResponse([0.5, 1.0, 4.0], [[0.0, 0.0], [0.2, 0.0], [0.3, 0.5]], light)
    >>> response.shares(np.array([0.4, 0.75, 4.0])).round(3).tolist()
    [[0.0, 0.1, 0.3], [0.0, 0.0, 0.5]]
    """

    moves: ClassVar[tuple[str, ...]] = ("templates",)

    recoil_kev: Values
    templates: Values
    bins_of: Axis | Binning
    kind: str | None = None
    beyond: str = "constant"
    axis: Axis = field(init=False, repr=False, compare=False)
    edges: Values = field(init=False, repr=False, compare=False)
    unit: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks.instance("bins_of", self.bins_of, (Axis, Binning))
        binning = Binning((self.bins_of,)) if isinstance(self.bins_of, Axis) else self.bins_of
        recoil = checks.ascending("recoil_kev", self.recoil_kev, unit="keV", low=0, high=1e12, least=2)
        templates = checks.array("templates", self.templates, low=0)
        if templates.shape[1:] not in ((binning.bins,), binning.shape):
            raise InputError(
                f"templates has shape {templates.shape}: behind the energies there must be ({binning.bins},), the "
                f"number of bins, or {binning.shape}, that of the axes"
            )
        rows = {"steps": recoil.size - 1, "points": recoil.size}
        if self.kind is None and len(templates) in rows.values():
            checks.put(self, kind="points" if len(templates) == recoil.size else "steps")
        allowed = f"{rows['steps']} for steps or {rows['points']} for points"
        if self.kind is not None:
            allowed = f"{rows[checks.known('kind of templates', self.kind, rows)]} for kind = {self.kind!r}"
        if len(templates) != rows.get(str(self.kind)):
            raise InputError(
                f"templates has {len(templates)} rows for {recoil.size} recoil energies: there must be {allowed}"
            )
        templates = templates.reshape(len(templates), -1)
        sums = templates.sum(axis=1)
        if sums.max() > 1 + EXCESS:
            i = int(sums.argmax())
            raise InputError(
                f"templates[{i}] adds up to {sums[i]:.10g}: shares of recoils of one energy add up to 1 at most; "
                "divide counts by the number of recoils that were simulated"
            )
        if not sums.any():
            raise InputError("templates are 0 everywhere: no recoil can be observed")
        checks.known("beyond", self.beyond, ("constant", "zero"))
        axis = flat(binning)
        checks.put(self, bins_of=binning, recoil_kev=tuple(recoil.tolist()))
        checks.put(self, templates=tuple(tuple(row) for row in templates.tolist()))
        checks.put(self, axis=axis, edges=axis.edges, unit=axis.unit)

    @property
    def binning(self) -> Binning:
        """Bins of what is observed."""
        found: Any = self.bins_of
        return found  # type: ignore[no-any-return]

    @cached_property
    def _table(self) -> Array:
        return np.array(self.templates)

    @property
    def elementary(self) -> TemplateResponse:
        """The response that gives each template a bin of its own, whose counts the templates multiply."""
        axis = Axis("template", np.arange(len(self.templates) + 1.0))
        return TemplateResponse(self.recoil_kev, np.eye(len(self.templates)), axis, self.kind, self.beyond)

    @property
    def _seen(self) -> tuple[int, int]:
        """First and last row that is not 0."""
        rows = np.flatnonzero(self._table.any(axis=1))
        return int(rows[0]), int(rows[-1])

    def recoil_range(self, etas: Iterable[float] = (1.0,)) -> tuple[float, float]:
        """Return the lowest and highest recoil [keV] that can be observed in any bin."""
        first, last = self._seen
        if self.kind == "points":
            first, last = max(first - 1, 0), last + 1
        else:
            last += 1
        ends_at_zero = last < len(self.recoil_kev) - (self.kind == "steps")
        if ends_at_zero or self.beyond == "zero":
            return self.recoil_kev[first], self.recoil_kev[min(last, len(self.recoil_kev) - 1)]
        return self.recoil_kev[first], np.inf

    @property
    def rise(self) -> float:
        """Power of small recoils in which the acceptance vanishes, infinite below a threshold that is sharp."""
        if self.recoil_range()[0] > 0:
            return np.inf
        return 1.0 if self.kind == "points" and not self._table[0].any() else 0.0

    def cuts(self, low: float, high: float, etas: Array) -> Array:
        """Return recoil energies [keV] between which acceptance is a straight line; see `DetectorResponse`."""
        recoil = np.array(self.recoil_kev)
        return np.broadcast_to(recoil, (etas.size, recoil.size))

    def shares(self, recoil_kev: Array, etas: Any = 1.0) -> Array:
        """Return the probability to accept recoils in each bin, shape (bins, k); see `DetectorResponse`."""
        recoil, table = np.ravel(recoil_kev), self._table
        ends = np.array(self.recoil_kev)
        i = np.clip(np.searchsorted(ends, recoil, side="right") - 1, 0, ends.size - 2)
        if self.kind == "steps":
            found = table[i]
        else:
            share = np.clip((recoil - ends[i]) / (ends[i + 1] - ends[i]), 0.0, 1.0)[:, None]
            found = (1 - share) * table[i] + share * table[i + 1]
        hidden = recoil < ends[0]
        if self.beyond == "zero":
            hidden |= recoil > ends[-1]
        found[hidden] = 0.0
        return found.T


def read_templates(
    path: Path, bins_of: Axis | Binning, *, kind: str | None = None, beyond: str = "constant"
) -> TemplateResponse:
    """Return the response whose templates a file holds.

    Parameters
    ----------
    path : str or path
        An archive of NumPy (``.npz``) with the arrays ``recoil_kev`` and ``templates``, or a text file with one row for
        each template: its recoil energy [keV], or the low and the high edge of its bin of recoil energies, and the
        shares of the bins.
    bins_of, kind, beyond
        As of `TemplateResponse`.

    Raises
    ------
    DataError
        If the file cannot be read, has other columns, or the title of energies says another unit than keV.
    InputError
        If the templates are refused.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "templates.csv"
    >>> _ = path.write_text("0.5, 0.0, 0.0\\n1.0, 0.2, 0.1\\n")
    >>> read_templates(path, Axis("light", [2, 4, 8], "PE")).kind
    'points'
    """
    path = checked_path(path)
    if path.suffix == ".npz":
        recoil, templates = _from_archive(path)
        return TemplateResponse(recoil, templates, bins_of, kind, beyond)
    checks.instance("bins_of", bins_of, (Axis, Binning))
    recoil, templates, lines = _from_text(path, bins_of.bins)
    try:
        return TemplateResponse(recoil, templates, bins_of, kind, beyond)
    except InputError as error:
        if error.at is None:
            raise
        index, _ = error.at
        edges = len(recoil) - len(templates) + 1
        if str(error).startswith("templates"):
            row, column = divmod(index, templates.shape[1])
            column += edges
        else:
            # the last edge is the high one of the last row
            row, column = min(index, len(lines) - 1), index - min(index, len(lines) - 1)
        raise InputError(f"{path}, line {lines[row]}, column {column + 1}: {error}") from error


def _from_archive(path: Any) -> tuple[Array, Array]:
    # formats that hardly anybody reads, and which take long to import
    import zipfile

    from cevns.tables import LARGEST_TABLE

    content = io.BytesIO(read_bytes(path, most=LARGEST_TABLE))
    try:
        with zipfile.ZipFile(content) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size > LARGEST_ARCHIVE:
            raise DataError(f"{path} holds {size} bytes of arrays, at most {LARGEST_ARCHIVE} are read")
        with np.load(content, allow_pickle=False) as archive:
            if missing := [name for name in _ARRAYS if name not in archive.files]:
                raise DataError(
                    f"{path} has no array {missing[0]!r}: save {' and '.join(_ARRAYS)} with numpy.savez; there are "
                    f"{', '.join(archive.files) or 'none'}"
                )
            recoil, templates = (archive[name] for name in _ARRAYS)
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(f"{path} is no archive of arrays of numbers: {error}; save it with numpy.savez") from error
    return recoil, templates


def _from_text(path: Any, bins: int) -> tuple[Array, Array, list[int]]:
    from cevns.tables import Table, contradiction, join_bins

    table = Table.read(path)
    if table.width not in (bins + 1, bins + 2):
        raise DataError(
            f"{path} has {table.width} columns, but there are {bins} bins: there must be {bins + 1}, a recoil energy "
            f"and the shares, or {bins + 2}, two edges and the shares"
        )
    for i in range(table.width - bins if table.titles else 0):
        said = contradiction("recoil_kev", table.titles[i])
        if said:
            raise DataError(
                f"{path}: column {i + 1} holds recoil energies in keV, but its title says {said}; convert it, or "
                "correct the title"
            )
    columns = [table.values(i) for i in range(table.width)]
    length = max(map(len, columns))
    columns = [table.values(i, length) for i in range(table.width)]
    if table.width == bins + 1:
        return columns[0], np.stack(columns[1:], axis=1), table.lines
    places = [f"{path}, line {line}" for line in table.lines]
    return join_bins(columns[0], columns[1], places), np.stack(columns[2:], axis=1), table.lines
