"""COHERENT argon (CENNS-10), analysis A of the release of 2020 in energy, F90 and time (arXiv:2006.12659)."""
