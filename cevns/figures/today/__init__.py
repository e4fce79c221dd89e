"""Today's data on the questions of arXiv:2008.05022: Poisson likelihoods in energy, time and pulse shape, together."""
