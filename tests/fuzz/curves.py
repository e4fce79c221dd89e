"""Curves of limits: valid ones in all dialects, and mutations of their values, options and bytes."""

import numpy as np

from cevns.bounds import load_bound
from cevns.errors import CevnsError

from .messages import check_error
from .mutations import Fault, bytes_like, finite, number, text
from .tables import written

__all__ = ["play"]

_OPTIONS = {
    "model": ("b-l", "universal", "lmu-ltau", "dark-photon", "sm", "x"),
    "mass_unit": ("eV", "keV", "MeV", "GeV", "TeV", "mev", ""),
    "coupling": ("g", "g^2", "epsilon", "epsilon^2", "G"),
    "kind": (None, "lower", "region", "contour", "band", "x"),
    "columns": (None, None, None, (1, 2), (2, 1), (1, 2, 3), (1,), (1, 1), (0, 1), ("a", "b"), (9, 1)),
    "confidence_level": (None, 0.9, 0.95, 1 - 1e-16, 1e-300, 0, 1, 90.0),
    "search": ("", "prompt", "displaced"),
}


def play(rng, folder):
    """Load one curve and use it."""
    rows = rng.choice([1, 2, 3, 5, 20])
    kind = rng.choice(["lower", "region", "contour", "band"])
    masses = sorted(10.0 ** rng.uniform(-2, 4) for _ in range(rows))
    low = [10.0 ** rng.uniform(-8, -1) for _ in masses]
    columns = [masses, low] + ([[x * rng.uniform(1, 100) for x in low]] if kind in ("region", "band") else [])
    values = [list(row) for row in zip(*columns, strict=True)]
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        i, j = rng.randrange(rows), rng.randrange(len(columns))
        try:
            values[i][j] = float(number(rng, values[i][j]))
        except OverflowError:
            values[i][j] = 1e308
    content, _ = written(rng, values)
    content = bytes_like(rng, content, rng.choice([0, 0, 0, 1, 2, 10]))
    path = folder / "curve.txt"
    path.write_bytes(content)
    options = {"model": "b-l", "mass_unit": "MeV", "coupling": "g", "kind": kind}
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        name = rng.choice(list(_OPTIONS))
        options[name] = rng.choice(_OPTIONS[name]) if rng.random() < 0.9 else text(rng, str(options.get(name)))
    bound = load_bound(path, **options)
    _used(bound, rng)
    return "accepted"


def _used(bound, rng):
    for segment in bound.segments:
        finite("segment", *segment)
        if (segment[0] <= 0).any() or any((curve < 0).any() for curve in segment[1:]):
            raise Fault(f"segment {segment}")
    low, high = bound.mass_range
    mass = np.array([low, high, np.sqrt(low) * np.sqrt(high), 0.0, low / 2, 1e300])
    lowest = bound.lowest(mass)
    finite("lowest", lowest, infinite=True)
    coupling = np.array([0.0, 1e-300, 1e-5, 1.0, 1e300])
    inside = bound.contains(mass[:, None], coupling)
    if inside[3].any() or (inside[:, 0].any() and bound.kind != "band"):
        raise Fault(f"{bound} contains a point without mass or coupling")
    for outline in bound.outlines(top=1.0):
        finite("outline", *outline)
    repr(bound)
    for use in (
        lambda: bound.converted_to("b-l"),
        lambda: bound.rescaled(0.95),
        lambda: bound.rescaled(1 - 1e-12, power=rng.choice([1, 2, 4])),
        lambda: bound.scaled(float(abs(number(rng)))),
    ):
        try:
            made = use()
        except (CevnsError, OverflowError) as error:
            if isinstance(error, CevnsError):
                check_error(error)
            continue
        for segment in made.segments:
            finite("segment", *segment)
