"""Likelihoods: counts beside data, with every nuisance profiled.

Eqs. 4.1 and 4.2 of arXiv:2008.05022 are in `gaussian`, their sum over experiments in `likelihood`.
"""

from cevns.likelihoods.data import Background, Data
from cevns.likelihoods.likelihood import Evaluator, Likelihood
from cevns.likelihoods.nuisances import Deformation, Nuisance
from cevns.likelihoods.pulls import Pulls

__all__ = ["Background", "Data", "Deformation", "Evaluator", "Likelihood", "Nuisance", "Pulls"]
