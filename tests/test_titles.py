"""Titles of columns that contradict what a column is chosen for are refused; those that say nothing are not."""

import gc
import importlib
import pkgutil

import pytest
from configs import QUENCHING, RESPONSE, own

import cevns.config
from cevns.binning import Axis
from cevns.config.readers import Section
from cevns.detectors.templates import read_templates
from cevns.errors import CevnsError, DataError
from cevns.tables import contradiction

FLUX = "e_per_cm2_per_mev"

CONTRADICTING = [
    ("energy_mev", "E [keV]", "keV"),
    ("energy_mev", "t [us]", "us"),
    ("energy_mev", "flux [1/cm2/MeV]", "1/cm2/MeV"),
    ("energy_mev", "log10(E/MeV)", "a logarithm"),
    ("energy_mev", "E / GeV", "GeV"),
    ("recoil_kev", "low [eV]", "eV"),
    ("recoil_kev", "E [keVee]", "keVee"),
    (FLUX, "flux [1/cm2/s/MeV]", "1/cm2/s/MeV"),
    (FLUX, "phi [cm^-2 s^-1 MeV^-1]", "1/cm2/s/MeV"),
    (FLUX, "phi [cm⁻² s⁻¹ MeV⁻¹]", "1/cm2/s/MeV"),
    (FLUX, "[1/cm2/keV]", "1/cm2/keV"),
    (FLUX, "[1/m2/MeV]", "1/m2/MeV"),
    (FLUX, "flux [1/cm2]", "1/cm2"),
    (FLUX, "flux_per_day", "1/day"),
    (FLUX, "log10(phi)", "a logarithm"),
    (FLUX, "phi (x1e10)", "a multiple, x1e10"),
    (FLUX, "phi [10^10 cm-2 MeV-1]", "a multiple, 10^10"),
    (FLUX, "E [MeV]", "MeV"),
    (f"{FLUX}_per_s", "phi [1/cm2/MeV]", "1/cm2/MeV"),
    ("low_us", "t0 [ns]", "ns"),
    ("low_us", "time_ns", "ns"),
    ("low_us", "t / s", "s"),
    ("low_us", "E [keV]", "keV"),
    ("observable", "E [eV]", "eV"),
    ("observable", "E [keVnr]", "keVnr"),
    ("sigma", "sigma/E [%]", "per cent"),
    ("sigma", "sigma/E", "relative"),
    ("values", "efficiency [%]", "per cent"),
    ("values", "E [keV]", "keV"),
    ("counts", "counts / day", "1/day"),
]
SAYING_NOTHING = [
    ("energy_mev", "E"),
    ("energy_mev", "E [MeV]"),
    ("energy_mev", "E/MeV"),
    ("energy_mev", "MeV or GeV"),
    ("recoil_kev", "T [keVnr]"),
    (FLUX, "phi"),
    (FLUX, "phi(nu_mu)"),
    (FLUX, "phi [1/cm2/MeV]"),
    (FLUX, "phi [cm^-2 MeV^-1]"),
    (f"{FLUX}_per_s", "phi [cm-2 s-1 MeV-1]"),
    ("low_us", "t_min"),
    ("low_us", "t0 (µs)"),
    ("low_us", "t / us"),
    ("values", "p [1/us]"),
    ("values", "acceptance, 90 % C.L."),
    ("values", "catalog"),
    ("observable", "E [keV]"),
    ("observable", "x10"),
    ("sigma", "sigma_s [keVee]"),
    ("sigma", "sigma/keV"),
    ("counts", "counts (2019)"),
]


@pytest.mark.parametrize(("key", "title", "said"), CONTRADICTING)
def test_what_contradicts_is_seen(key, title, said):
    assert contradiction(key, title, "keVee") == said


@pytest.mark.parametrize(("key", "title"), SAYING_NOTHING)
def test_what_says_nothing_or_the_same_is_left(key, title):
    assert contradiction(key, title, "keVee") is None


def test_no_key_contradicts_itself():
    for module in pkgutil.iter_modules(cevns.config.__path__):
        importlib.import_module(f"cevns.config.{module.name}")
    keys = {key for found in gc.get_objects() if isinstance(found, Section) for key in found.columns}
    assert len(keys) > 20
    for key in keys:
        assert contradiction(key, key, "keVee") is None


def test_the_unit_of_observables_is_that_of_the_response():
    assert contradiction("observable", "E [eV]", "eVee") is None
    assert contradiction("observable", "E [keV]", "PE") == "keV"
    # of what has no unit nothing is known
    assert contradiction("observable", "E [eV]") is None


@pytest.mark.parametrize("flux", ["phi [1/cm2/s/MeV]", "phi_per_day", "log10(phi)"])
def test_a_configuration_names_the_column_and_the_remedy(load, flux):
    text = f'[experiment.flux]\nkind = "tabulated"\nfile = "flux.csv"\ncolumns = {{energy_mev = 1, {FLUX} = 2}}\n'
    load(own(flux=text), flux="E;phi\n10;0\n20;2e12\n40;0\n")
    with pytest.raises(CevnsError, match=rf"column 2 is chosen for {FLUX}, but its title says .*; convert it"):
        load(own(flux=text), flux=f"E;{flux}\n10;0\n20;2e12\n40;0\n")


@pytest.mark.parametrize(
    ("title", "unit", "right"), [("E [keVee]", "", True), ("E [eV]", "", False), ("n [keV]", "PE", False)]
)
def test_tables_of_a_response_are_in_its_unit(load, title, unit, right):
    units = f'unit = "{unit}"\nlight_yield_per_kevee = 1.0\n' if unit else ""
    table = (
        '[experiment.response.efficiency]\nkind = "points"\nfile = "eff.csv"\ncolumns = {observable = 1, values = 2}\n'
    )
    text = own(response=RESPONSE + units + QUENCHING + table)
    eff = f"{title};accepted\n0;0.1\n100;0.9\n"
    if right:
        load(text, eff=eff)
        return
    with pytest.raises(CevnsError, match=r"column 1 is chosen for observable in \w+, but its title says"):
        load(text, eff=eff)


@pytest.mark.parametrize("titles", ["low [eV],high [eV],b1,b2", "E_low (MeV),E_high (MeV),b1,b2"])
def test_recoil_energies_of_templates_are_in_kev(tmp_path, titles):
    path = tmp_path / "templates.csv"
    rows = "0,1,0.1,0\n1,2,0.1,0.2\n"
    path.write_text(f"{titles}\n{rows}")
    with pytest.raises(DataError, match="column 1 holds recoil energies in keV, but its title says"):
        read_templates(path, Axis("light", [2, 4, 8], "PE"))
    path.write_text(f"low [keVnr],high [keVnr],b1,b2\n{rows}")
    read_templates(path, Axis("light", [2, 4, 8], "PE"))
