"""Checks of user input: one place for every rule and its message."""

from cevns.checks.names import ALIKE, differ, flavour, known, optional_module
from cevns.checks.numbers import (
    LARGEST_SIGMA,
    SCALARS,
    SMALLEST_SIGMA,
    array,
    ascending,
    confidence_level,
    floats,
    number,
    real,
    relative,
    vanishes,
    whole,
    whole_number,
)
from cevns.checks.values import function, instance, pairs, put, sequence, shown, text, words

__all__ = [
    "ALIKE",
    "LARGEST_SIGMA",
    "SCALARS",
    "SMALLEST_SIGMA",
    "array",
    "ascending",
    "confidence_level",
    "differ",
    "flavour",
    "floats",
    "function",
    "instance",
    "known",
    "number",
    "optional_module",
    "pairs",
    "put",
    "real",
    "relative",
    "sequence",
    "shown",
    "text",
    "vanishes",
    "whole",
    "whole_number",
    "words",
]
