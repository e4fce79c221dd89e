"""Seeded mutations of all that a user can hand in: configurations, tables, curves, result files, command lines.

Case number i of a kind depends on the seed, the kind and i alone, so that one command replays it:
``python -m tests.fuzz --kind table --seed 1 --case 17``. docs/fuzzing.md says what counts as a fault.
"""

from .judge import KINDS, Fault, play

__all__ = ["KINDS", "Fault", "play"]
