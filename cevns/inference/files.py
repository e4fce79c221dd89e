"""Limits as text files."""

from __future__ import annotations

import csv
import io
import itertools
import json
from typing import TYPE_CHECKING

import numpy as np

from cevns import checks
from cevns.errors import DataError, InputError
from cevns.inference.archives import ARCHIVE_MARK, LIMIT_MARK
from cevns.inference.fits import BestFit
from cevns.inference.limits import Limit

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
        about = json.loads(lines[0].removeprefix(_MARK), parse_constant=_no_constant)
        if about["format"] != _FORMAT:
            raise DataError(f"{path} has another format than {_FORMAT}, which this version of cevns reads")
        mass, excluded = _intervals(lines[1:])
        fit = about["best_fit"]
        experiments = _texts("experiments", about["experiments"])
        return Limit(
            model=checks.text("model", about["model"]),
            experiments=experiments,
            labels=_texts("labels", about["labels"], len(experiments)),
            cl=checks.confidence_level(about["cl"]),
            dof=checks.whole("dof", about["dof"], low=1),
            delta_chi2=checks.real("delta_chi2", about["delta_chi2"], low=0),
            chi2_min=checks.real("chi2_min", about["chi2_min"]),
            best_fit=BestFit(
                checks.real("chi2 of the best fit", fit["chi2"]),
                None if fit["mass"] is None else checks.real("mass of the best fit", fit["mass"], low=0),
                np.nan if fit["coupling"] is None else checks.real("coupling of the best fit", fit["coupling"]),
                checks.instance("at_edge", fit["at_edge"], bool),
            ),
            mass=mass,
            excluded=excluded,
        )
    except DataError:
        raise
    except KeyError as error:
        raise DataError(f"{path} is damaged: it has no {error}") from error
    except (InputError, ValueError, TypeError, csv.Error, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}") from error


def _no_constant(name):
    raise ValueError(f"{name} is no number")


def _texts(name, values, length=None):
    found = checks.sequence(name, checks.instance(name, values, list), str)
    if not found or len(found) != (length or len(found)):
        raise ValueError(f"there are {len(found)} {name}: one for each experiment is needed")
    return tuple(checks.words(name, value) for value in found)


def _intervals(lines):
    """Return the masses, None if there are none, and the excluded intervals at each."""
    head, *rows = list(csv.reader(lines)) or [()]
    if tuple(head) != _COLUMNS:
        raise ValueError(f"its columns are not {', '.join(_COLUMNS)}")
    if any(len(row) != len(_COLUMNS) for row in rows):
        raise ValueError(f"a row has not {len(_COLUMNS)} cells")
    masses, excluded = [], []
    for mass, group in itertools.groupby(rows, key=lambda row: row[0]):
        intervals = [(_number(low), _number(high)) for _, low, high in group if low or high]
        ends = np.array(intervals, dtype=float).reshape(-1, 2)
        # not that a difference is positive, which between infinities is no number; nor the opposite, true of nan
        if not (ends.ravel()[:-1] < ends.ravel()[1:]).all():
            raise ValueError(f"the intervals at mass {mass or 'none'} do not ascend")
        masses.append(mass)
        excluded.append(ends)
    if masses == [""]:
        return None, tuple(excluded)
    mass = checks.array("mass", [_number(text) for text in masses], low=0, ndim=1)
    if not mass.size or len(set(mass.tolist())) < mass.size:
        raise ValueError("it has no masses, or one comes more than once")
    return mass, tuple(excluded)


def _number(text):
    # float() takes more than is ever written: digits of other scripts, and groups with _ between them
    if not text.isascii() or "_" in text:
        raise ValueError(f"{text!a} is no number")
    return float(text)
