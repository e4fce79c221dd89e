"""Experiments: data sets with flux, target, response and uncertainties, beside the files that they read."""

from cevns.experiments.experiment import Experiment
from cevns.experiments.registry import known_experiments, known_options, load
from cevns.likelihoods import Background

__all__ = ["Background", "Experiment", "known_experiments", "known_options", "load"]
