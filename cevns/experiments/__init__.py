"""Experiments: data sets with flux, target, response and uncertainties, beside the files that they read."""

from cevns.experiments.base import Background, Experiment
from cevns.experiments.registry import known_experiments, load

__all__ = ["Background", "Experiment", "known_experiments", "load"]
