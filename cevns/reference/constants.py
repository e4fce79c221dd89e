"""Constants, and the look-up of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cevns.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

G_F = 1.1663787e-11  # MeV^-2; CODATA 2022
HBAR_C = 197.3269804  # MeV fm; CODATA 2022
M_MU = 105.6583755  # MeV; CODATA 2022
M_PI = 139.57039  # MeV; PDG 2024
M_TAU = 1776.86  # MeV; PDG 2022
M_E = 0.51099895069  # MeV; CODATA 2022
M_U = 931.49410372  # MeV; CODATA 2022
ALPHA = 1 / 137.035999  # CODATA 2022, rounded
N_A = 6.02214076e23  # 1/mol; exact in the SI
CM2 = (HBAR_C * 1e-13) ** 2  # one MeV^-2 in cm^2


def pick(kind: str, table: Mapping[str, Any], name: str) -> Any:
    if name not in table:
        raise UnknownNameError(f"unknown {kind} {name!r}; known: {', '.join(sorted(table))}")
    return table[name]
