"""XENONnT, solar boron-8 neutrinos, release of 2026 (doi:10.5281/zenodo.20576156)."""
