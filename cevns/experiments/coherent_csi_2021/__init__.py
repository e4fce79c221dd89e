"""COHERENT CsI[Na], the full exposure in energy and arrival time (arXiv:2110.07730)."""
