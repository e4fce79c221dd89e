"""Limits as text files."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import DataError, InputError
from cevns.inference import headers
from cevns.inference.archives import ARCHIVE_MARK, LIMIT_MARK
from cevns.inference.fits import BestFit
from cevns.inference.headers import HeaderError
from cevns.inference.levels import delta_chi2
from cevns.inference.limits import Limit
from cevns.models.vector import LARGEST_MASS

if TYPE_CHECKING:
    from cevns import _types

__all__ = ["is_limit", "load_limit", "save_limit"]

_FORMAT = 1
_MARK = LIMIT_MARK.decode()
_COLUMNS = ("mass_MeV", "excluded_from", "excluded_to")
#: Largest file [bytes] that is read: a hundred thousand masses with a dozen intervals.
LARGEST_FILE = 100_000_000


def save_limit(limit: Limit, path: _types.Path) -> None:
    """Write a `Limit`; see `Limit.save`."""
    from cevns import __version__
    from cevns.files import checked_path, write_text
    from cevns.pictures import figures_hint

    path = checked_path(path)
    if path.suffix != ".csv":
        raise InputError(f"path {path} must end in .csv; {figures_hint('limit')}")
    if limit.mass is not None and len(set(limit.mass.tolist())) < limit.mass.size:
        raise InputError("a mass comes more than once in the limit, which a file cannot tell apart: compute it once")
    limit = limit.ascending()
    fit = limit.best_fit
    about = {
        "format": _FORMAT,
        "cevns": __version__,
        "model": limit.model,
        "experiments": list(limit.experiments),
        "labels": list(limit.labels),
        "cl": limit.cl,
        "dof": limit.dof,
        "delta_chi2": limit.delta_chi2,
        "chi2_min": limit.chi2_min,
        "best_fit": {
            "chi2": fit.chi2,
            "mass": fit.mass,
            "coupling": None if np.isnan(fit.coupling) else fit.coupling,
            "at_edge": fit.at_edge,
        },
        "units": {"mass": "MeV", "coupling": "dimensionless"},
    }
    text = io.StringIO()
    text.write(f"{_MARK}{json.dumps(about)}\n")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for mass, intervals in zip([None] if limit.mass is None else limit.mass.tolist(), limit.excluded, strict=True):
        for low, high in intervals.tolist() or [("", "")]:
            table.writerow(("" if mass is None else repr(mass), low, high))
    write_text(path, text.getvalue())


def is_limit(path: _types.Path) -> bool:
    """Return whether a file begins as those of `Limit.save` do."""
    from cevns.files import read_bytes

    return read_bytes(path, most=LARGEST_FILE).removeprefix(b"\xef\xbb\xbf").startswith(_MARK.encode())


def load_limit(path: _types.Path) -> Limit:
    """Read a `Limit`; see `Limit.load`."""
    from cevns.files import read_bytes

    content = read_bytes(path, most=LARGEST_FILE)
    if content.startswith(ARCHIVE_MARK):
        raise DataError(f"{path} is no limit, but may be a scan: read it with cevns.inference.Scan.load")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}") from error
    if not lines or not lines[0].startswith(_MARK):
        raise DataError(f"{path} is not a limit written by cevns; write one with Limit.save or `cevns limit -o`")
    try:
        about = headers.checked(json.loads(lines[0].removeprefix(_MARK), parse_constant=_no_constant), _FORMAT)
        mass, excluded = _intervals(lines[1:])
        return _limit(about, mass, excluded)
    except (HeaderError, InputError, ValueError, csv.Error, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}; compute it anew, or undo what was changed in it") from error


def _limit(about, mass, excluded):
    """Return the limit of a header, intervals and masses, which must agree."""
    model, mediated = about["model"], mass is not None
    headers.check_mediator(model, mediated)
    if mediated:
        headers.check_couplings(np.concatenate([np.zeros(0), *map(np.ravel, excluded)]))
    number = ((int, float), "number")
    cl = checks.confidence_level(headers.entry(about, "cl", *number))
    dof = checks.whole("dof", headers.entry(about, "dof", int, "whole number"), low=1)
    level = checks.real("delta_chi2", headers.entry(about, "delta_chi2", *number))
    expected = delta_chi2(cl, dof)
    # other versions of SciPy may differ in the last digits
    if not math.isclose(level, expected, rel_tol=1e-6, abs_tol=1e-300):
        raise HeaderError(f"its delta_chi2 {level:.6g} is not that of cl {cl:g} and dof {dof}, which is {expected:.6g}")
    fit = _best_fit(headers.entry(about, "best_fit", dict, "JSON object"), mediated)
    chi2_min = checks.real("chi2_min", headers.entry(about, "chi2_min", *number))
    if chi2_min != fit.chi2:
        raise HeaderError(f"its chi2_min {chi2_min:g} is not the chi2 of its best_fit, {fit.chi2:g}")
    return Limit(
        model=model,
        experiments=tuple(about["experiments"]),
        labels=tuple(about["labels"]),
        cl=cl,
        dof=dof,
        delta_chi2=level,
        chi2_min=chi2_min,
        best_fit=fit,
        mass=mass,
        excluded=excluded,
    )


def _best_fit(about, mediated):
    """Return the best fit of a header, or the reference that stands for one: a chi2 without mass and coupling."""
    chi2 = checks.real("chi2 of the best_fit", headers.entry(about, "chi2", (int, float), "number"))
    mass = headers.entry(about, "mass", (int, float, type(None)), "number or null")
    coupling = headers.entry(about, "coupling", (int, float, type(None)), "number or null")
    at_edge = headers.entry(about, "at_edge", bool, "true or false")
    if mass is not None:
        mass = checks.real("mass of the best_fit", mass, low=0, high=LARGEST_MASS)
    if coupling is not None:
        coupling = checks.real("coupling of the best_fit", coupling)
        # a number that was given to count from may be below every chi2
        headers.check_chi2("chi2 of the best_fit", chi2)
    if mediated:
        headers.check_couplings(np.array([coupling or 0.0]))
        if mass is None and coupling is not None:
            raise HeaderError("its best_fit has a coupling of a mediator, but no mass")
    elif mass is not None:
        raise HeaderError("its best_fit has a mass, but it is a limit without masses")
    return BestFit(chi2, mass, np.nan if coupling is None else coupling, at_edge)


def _no_constant(name):
    raise HeaderError(f"{name} is no number")


def _intervals(lines):
    """Return the masses, None if there are none, and the excluded intervals at each."""
    head, *rows = list(csv.reader(lines)) or [()]
    if tuple(head) != _COLUMNS:
        raise HeaderError(f"its columns are not {', '.join(_COLUMNS)}")
    wrong = next((i for i, row in enumerate(rows, start=3) if len(row) != len(_COLUMNS)), None)
    if wrong:
        raise HeaderError(f"line {wrong} has not {len(_COLUMNS)} cells")
    masses, excluded = [], []
    for mass, group in itertools.groupby(rows, key=lambda row: row[0]):
        cells = [row[1:] for row in group]
        intervals = [(_number(low), _number(high)) for low, high in cells if low or high]
        if len(intervals) < len(cells) != 1:
            raise HeaderError(f"mass {mass or 'none'} comes more than once, or has an interval without ends")
        ends = np.array(intervals, dtype=float).reshape(-1, 2)
        # not that a difference is positive, which between infinities is no number; nor the opposite, true of nan
        if not (ends.ravel()[:-1] < ends.ravel()[1:]).all():
            raise HeaderError(f"the intervals at mass {mass or 'none'} do not ascend")
        masses.append(mass)
        excluded.append(ends)
    if masses == [""]:
        return None, tuple(excluded)
    if not masses:
        raise HeaderError("it has no masses")
    return checks.ascending("mass", list(map(_number, masses)), low=0, high=LARGEST_MASS), tuple(excluded)


def _number(text):
    return checks.number("a cell", text)
