"""Toys: data drawn from a point and fitted as the observed ones are, for p-values, goodness of fit and coverage."""

from cevns.inference.ensembles.making import coverage, goodness, toys
from cevns.inference.ensembles.result import Fraction, Toys

__all__ = ["Fraction", "Toys", "coverage", "goodness", "toys"]
