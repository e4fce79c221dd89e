"""The compiled kernels: mathematics on plain arrays, which know nothing of the rest but its errors."""

import importlib
import importlib.machinery
import os

from cevns.errors import kernels_broken, kernels_not_built

#: Each is a source of its name; they import each other, so that none works without all.
_MODULES = (
    "backwards",
    "components",
    "cones",
    "convexity",
    "counts",
    "descents",
    "engine",
    "entrances",
    "floors",
    "fluxes",
    "form_factors",
    "functions",
    "gaussian",
    "glances",
    "gradients",
    "joint",
    "kinematics",
    "kinks",
    "likelihood",
    "looks",
    "loops",
    "losses",
    "masses",
    "minima",
    "pieces",
    "points",
    "poisson",
    "quenching",
    "recoils",
    "refits",
    "search",
    "sizes",
    "spreads",
    "sums",
    "toys",
    "valleys",
    "walls",
    "weights",
)

#: What all of them share, which Cython writes.
_SHARED = "memoryviews"

# Python itself would say no more than that there is no such module
_files = frozenset(os.listdir(__path__[0]))
for _module in (*_MODULES, _SHARED):
    if not any(f"{_module}{suffix}" in _files for suffix in importlib.machinery.EXTENSION_SUFFIXES):
        raise kernels_not_built(f"{__name__}.{_module}")

# all at once, so that one that is broken is told as that by whatever needs any
for _module in (*_MODULES, _SHARED):
    try:
        importlib.import_module(f"{__name__}.{_module}")
    except ImportError as error:
        _folder, _file = os.path.split(error.path or "")
        if _folder != __path__[0]:
            raise
        # maybe one that it needs
        raise kernels_broken(f"{__name__}.{_file.partition('.')[0]}", error.msg) from error
