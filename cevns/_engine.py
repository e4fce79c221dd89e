"""In the place of the compiled module where there is none: Python finds a built one first."""

from cevns.errors import kernels_not_built

raise kernels_not_built(__name__)
