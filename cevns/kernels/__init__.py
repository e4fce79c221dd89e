"""The compiled kernels: mathematics on plain arrays, which know nothing of the rest but its errors."""

import importlib.machinery
import os

from cevns.errors import kernels_not_built

# Python itself would say no more than that there is no such module
if not any(os.path.exists(f"{__path__[0]}/counts{suffix}") for suffix in importlib.machinery.EXTENSION_SUFFIXES):
    raise kernels_not_built(__name__)
