"""Regions by toys at every point: the construction of Feldman and Cousins (Phys. Rev. D 57 (1998) 3873)."""

from cevns.inference.feldman_cousins.making import feldman_cousins
from cevns.inference.feldman_cousins.result import FeldmanCousins

__all__ = ["FeldmanCousins", "feldman_cousins"]
