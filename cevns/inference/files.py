"""Limits as text files."""

from __future__ import annotations

import csv
import io
import itertools
import json
from typing import TYPE_CHECKING

import numpy as np

from cevns.errors import DataError, InputError
from cevns.inference.archives import ARCHIVE_MARK, LIMIT_MARK
from cevns.inference.fits import BestFit
from cevns.inference.limits import Limit

if TYPE_CHECKING:
    from cevns import _types

__all__ = ["load_limit", "save_limit"]

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
        about = json.loads(lines[0].removeprefix(_MARK))
        if about["format"] != _FORMAT:
            raise DataError(f"{path} has format {about['format']}; this version of cevns reads format {_FORMAT}")
        head, *rows = csv.reader(lines[1:])
        if tuple(head) != _COLUMNS:
            raise ValueError(f"its columns are not {', '.join(_COLUMNS)}")
        masses, excluded = [], []
        for mass, group in itertools.groupby(rows, key=lambda row: row[0]):
            intervals = [(float(low), float(high)) for _, low, high in group if low or high]
            ends = np.array(intervals, dtype=float).reshape(-1, 2)
            if np.isnan(ends).any() or (np.diff(ends.ravel()) <= 0).any():
                raise ValueError(f"the intervals at mass {mass or 'none'} do not ascend")
            masses.append(mass)
            excluded.append(ends)
        fit = about["best_fit"]
        coupling = np.nan if fit["coupling"] is None else float(fit["coupling"])
        mass = None if masses == [""] else np.array(list(map(float, masses)))
        if mass is not None and not (np.isfinite(mass).all() and (mass >= 0).all() and mass.size):
            raise ValueError("its masses are not finite and at least 0")
        return Limit(
            model=str(about["model"]),
            experiments=tuple(map(str, about["experiments"])),
            labels=tuple(map(str, about["labels"])),
            cl=float(about["cl"]),
            dof=int(about["dof"]),
            delta_chi2=float(about["delta_chi2"]),
            chi2_min=float(about["chi2_min"]),
            best_fit=BestFit(
                float(fit["chi2"]), None if fit["mass"] is None else float(fit["mass"]), coupling, bool(fit["at_edge"])
            ),
            mass=mass,
            excluded=tuple(excluded),
        )
    except DataError:
        raise
    except (ValueError, KeyError, TypeError, csv.Error, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}") from error
