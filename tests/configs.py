"""Parts of configuration files, in which tests replace others."""

KNOWN = 'schema = 1\n[[experiment]]\nname = "coherent-argon-2020"\n'

FLUX = """[experiment.flux]
kind = "pion-decay-at-rest"
neutrinos_per_proton = 0.09
protons = 13.7e22
distance_m = 27.5
"""
TARGET = """[experiment.target]
composition = {Ar-40 = 1}
molar_mass_g_per_mol = 39.96
mass_kg = 24
"""
QUENCHING = 'quenching = {kind = "constant", factor = 0.25}\n'
RESPONSE = "[experiment.response]\nedges = [5, 10, 20]\n"
DATA = "[experiment.data]\nobserved = [40, 30]\nuncertainty = [8, 7]\n"
OWN = 'schema = 1\n[[experiment]]\nname = "mine"\nsignal_sigma = 0.1\n'


def own(*, head="", flux=FLUX, target=TARGET, response=RESPONSE + QUENCHING, data=DATA, tail=""):
    """An experiment of one's own in which parts can be replaced."""
    return OWN + head + flux + target + response + data + tail


def only(config):
    """Return the one experiment of a configuration."""
    (experiment,) = config.likelihood.experiments
    return experiment
