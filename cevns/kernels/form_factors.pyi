import numpy as np

helm: np.ufunc
klein_nystrand: np.ufunc
symmetrized_fermi: np.ufunc
